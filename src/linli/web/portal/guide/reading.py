"""What a guide says in everyday words: how long, from when, what to bring, where the content comes from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from linli.domains.catalog.queries import Limit, Material, Required, Standard, Unit
from linli.kernel.calendar import DateOutOfRange, WorkingCalendar
from linli.kernel.text import Message, msg, noop

APPLICANTS = {"person": noop("个人"), "employer": noop("用人单位")}
CHANNELS = {
    "window": noop("窗口"), "online": noop("网上"), "mobile": noop("手机"), "self-service": noop("自助终端"), "agent": noop("帮代办"),
}  # fmt: skip


# -- time -----------------------------------------------------------------------------------------------------------------


def how_long(limit: Limit) -> Message:
    """A limit in short."""
    if limit.number == 0:
        return msg("当场办结")
    return {
        Unit.WORKDAY: msg("%(n)s 个工作日", n=limit.number), Unit.CALDAY: msg("%(n)s 天", n=limit.number),
        Unit.HOUR: msg("%(n)s 小时", n=limit.number), Unit.MONTH: msg("%(n)s 个月", n=limit.number),
    }[limit.unit]  # fmt: skip


def counted(limit: Limit, start: Message) -> Message:
    """How it is counted, in everyday words."""
    if limit.number == 0:
        return msg("来一次，当场就能办好。")
    return {
        Unit.WORKDAY: msg("从%(start)s次日起算，周末和法定节假日不算。", start=start),
        Unit.CALDAY: msg("从%(start)s次日起算，周末和节假日也算在内；最后一天是节假日的，顺延到上班后的第一天。", start=start),
        Unit.HOUR: msg("从%(start)s那一刻起算。", start=start),
        Unit.MONTH: msg("从%(start)s次日起算，到期满那个月的同一天为止。", start=start),
    }[limit.unit]


def for_instance(limit: Limit, today: date, calendar: WorkingCalendar) -> date | None:
    """The last day if it began today; None where days do not tell it or the holidays are not yet announced."""
    if limit.number == 0 or limit.unit not in (Unit.WORKDAY, Unit.CALDAY):
        return None
    try:
        if limit.unit is Unit.WORKDAY:
            end = calendar.add_working_days(today, limit.number)
        else:
            end = calendar.roll_forward(date.fromordinal(today.toordinal() + limit.number))
        return end if calendar.is_announced(end) else None
    except (DateOutOfRange, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One limit of an item as the guide shows it."""

    name: str
    length: Message
    how: Message
    basis: str


def limit_lines(s: Standard) -> Iterator[LimitLine]:
    """Every limit of an item with how it is counted and on what it rests."""
    accepted, received, decided = msg("受理的"), msg("收到申请的"), msg("作出决定的")
    times = s.times
    rows = [
        (noop("我们承诺办结"), times.promised, accepted),
        (noop("法律规定最长"), times.statutory, accepted),
        (noop("材料不齐时一次告知"), times.notice, received),
        (noop("结果送达"), times.delivery, decided),
    ]
    for name, limit, start in rows:
        if limit:
            yield LimitLine(name, how_long(limit), counted(limit, start), limit.basis)
    if times.extension:
        who = times.extension.approver
        how = msg("由%(who)s批准，并书面告诉您理由。", who=who) if who else msg("要经批准，并书面告诉您理由。")
        yield LimitLine(noop("确有必要时可延长一次"), how_long(times.extension), how, times.extension.basis)


# -- materials ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MaterialLine:
    """One material: its state in the checklist and what is to be said of it."""

    name: str
    state: str
    notes: tuple[Message, ...]
    said: str  # the standard's own words


def _line(m: Material) -> MaterialLine:
    notes = []
    if m.from_departments:
        notes.append(
            msg("由%(who)s提供，我们自己核验，不用您带。", who=m.issued_by) if m.issued_by else msg("我们自己核验，不用您带。")
        )
    else:
        notes.append(msg("%(form)s %(n)s 份", form=Message(m.form.label), n=m.copies) if m.copies else Message(m.form.label))
        if m.may_be_committed:
            notes.append(msg("一时拿不出的，可以当场书面承诺代替。"))
        if m.issued_by:
            notes.append(msg("由%(who)s出具", who=m.issued_by))
    if m.required is Required.NO:
        notes.append(msg("可以不交，不交也受理。"))
    elif m.required is Required.CONDITIONAL:
        notes.append(msg("只在这种情形需要：%(when)s", when=m.condition))
    state = "verified" if m.from_departments else "promise" if m.may_be_committed else "needed"
    return MaterialLine(m.name, state, tuple(notes), "；".join(t for t in (m.note, m.basis) if t))


def materials_asked(s: Standard, *, without: Collection[str] = ()) -> list[MaterialLine]:
    """What the applicant brings, what is always needed first; ``without`` those that need not be brought where this is shown."""
    asked = [m for m in s.materials if not m.from_departments and m.code not in without]
    return [_line(m) for m in sorted(asked, key=lambda m: m.required is not Required.YES)]


def materials_found(s: Standard) -> list[MaterialLine]:
    """What the bureau gets from other departments."""
    return [_line(m) for m in s.materials if m.from_departments]


# -- sources --------------------------------------------------------------------------------------------------------------

_LINK = re.compile(r"^(https?://[^\s()（）]+)\s*(?:[(（](.+)[)）])?$")
_PARTS = {
    "form_fields": noop("表单内容"), "back_office_steps": noop("经办流程"), "applicant_steps": noop("办理流程"), "materials": noop("申请材料"),
    "conditions": noop("办理条件"), "legal_basis": noop("设定依据"), "committed_limit_working_days": noop("承诺时限"),
    "statutory_limit_working_days": noop("法定时限"), "limit_note": noop("时限说明"), "instant": noop("是否当场办结"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceLine:
    """Where content was read, with its address where it has one."""

    text: str
    url: str = ""


def sources(s: Standard) -> list[SourceLine]:
    """The texts an item was compiled from, the ones with an address first."""
    found = []
    for source in s.provenance.sources:
        link = _LINK.match(source)
        if link:
            found.append(SourceLine(link[2] or link[1], link[1]))
        elif "/" in source or "《" in source or " " in source:
            found.append(SourceLine(source))
    return sorted(found, key=lambda line: not line.url)


def not_yet_sourced(s: Standard) -> list[str]:
    """Which parts were filled in from general rules and not read in a published text."""
    return [_PARTS[key] for key in s.provenance.knowledge if key in _PARTS]
