"""Changing a figure: written by one officer, tried on cases and on the population, agreed to by another, and then in the book.

Publications come one after the other under one lock, so that the cases are run on the book that the figure becomes part of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max

from linli.domains.benefits.asking import AnswerWrong
from linli.domains.benefits.changing import ChangeState, readers
from linli.domains.benefits.commands.runs import run_subject
from linli.domains.benefits.definitions import LASTING, last_days, policy_of
from linli.domains.benefits.due import NONE
from linli.domains.benefits.exact import plain
from linli.domains.benefits.facts import Fact
from linli.domains.benefits.models import FigureChange, PolicyCase, Run
from linli.domains.benefits.parameters import Figures, Parameter
from linli.domains.benefits.permissions import AGREE, POLICY, change_for, may_set
from linli.domains.benefits.queries.book import book_in_force, book_with, figure_of, last_publication
from linli.domains.benefits.queries.results import FACTS, file_of
from linli.domains.benefits.queries.trials import run_all, target_of
from linli.domains.benefits.runs import RunState, shortest, within
from linli.domains.benefits.shapes import parts, read
from linli.domains.benefits.values import Field, ValueWrong
from linli.domains.documents.commands import StoredFileRef, hold_files
from linli.domains.org.queries import region_names
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import Invalid, Kind, LinliError, NotFound
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer
from linli.kernel.text import Message, msg, noop

_PUBLISHING = 4713  # the lock under which figures are published
_TITLE, _NUMBER, _NOTE, _LABEL = 200, 100, 2000, 100  # characters
_EARLIEST, _AHEAD = date(1949, 10, 1), 20  # what lies before, or so many years ahead, is a slip in the year


class FigureNotThere(LinliError):
    """No parameter has this name, or it is words and not figures."""

    code = "benefits.parameter_unknown"
    template = noop("没有可以修改的参数“%(name)s”。")
    remedy = noop("请从参数目录里选；条款类的内容由系统维护人员修改。")


class PlaceNotYours(LinliError):
    """A figure is set for a place that the officer does not serve, or that there is none of."""

    code = "benefits.place_not_yours"
    template = noop("您的岗位不能设定这个地区的数。")
    remedy = noop("请选本单位所在地区或者下级地区；上级定的数由上级修改。")


class LaterThere(LinliError):
    """A later figure of the same place is in the book already."""

    code = "benefits.later_there"
    kind = Kind.CONFLICT
    template = noop("这个地区已经有从 %(later)s 起的数，新的数不能从更早的 %(since)s 起。")
    remedy = noop("请填 %(later)s 或以后的日期；填同一天就替换那个数。")


class EndsBefore(LinliError):
    """The last day of a figure, or of a policy, comes before the first."""

    code = "benefits.ends_before"
    template = noop("最后一天不能早于 %(since)s。")
    remedy = noop("请改“从哪天起”，或者改最后一天。")


class FiguresOver(LinliError):
    """A policy is to be prolonged beyond the last day of figures that it reckons with."""

    code = "benefits.figures_over"
    kind = Kind.CONFLICT
    template = noop("政策“%(policy)s”用的参数也到期了：%(names)s。")
    remedy = noop("请先把这些参数延长或者改成新数，公布以后再延长政策。")


class TextMissing(LinliError):
    """Something that must be written was left empty or is too long."""

    code = "benefits.text_missing"
    template = noop("“%(label)s”没有填好。")
    remedy = noop("%(why)s。")


class NotYourDraft(LinliError):
    """A draft is changed or proposed by somebody who did not write it."""

    code = "benefits.not_your_draft"
    kind = Kind.NOT_ALLOWED
    template = noop("这项修改是别人提出的。")
    remedy = noop("请由提出人修改；需要不同的数，请另提一项。")


class OwnProposal(LinliError):
    """Somebody decides on what they proposed."""

    code = "benefits.own_proposal"
    kind = Kind.NOT_ALLOWED
    template = noop("自己提出的修改不能自己复核。")
    remedy = noop("请由另一位复核员办理。")


class ChangeMoved(LinliError):
    """A change is not in the state in which this can be done."""

    code = "benefits.change_moved"
    kind = Kind.CONFLICT
    template = noop("这项修改现在是“%(state)s”，不能这样办。")
    remedy = noop("请刷新页面，按现在的状态办理。")


class FigureMoved(LinliError):
    """Another figure of the same name was published after the officer opened the page: what they agree to is not what they read."""

    code = "benefits.figure_moved"
    kind = Kind.CONFLICT
    template = noop("您打开这一页以后，“%(name)s”又公布了别的修改，对照已经变了。")
    remedy = noop("请按现在的对照重新看一遍，再决定。")


class CasesFail(LinliError):
    """A test case does not pass with the proposed figures."""

    code = "benefits.cases_fail"
    kind = Kind.CONFLICT
    template = noop("按新数，有 %(count)s 个用例没有通过：%(names)s。")
    remedy = noop("请退回提出人，改正数或者用例后再公布。")


class NothingToCompare(LinliError):
    """No policy that looks at everybody reads the figure on its first day."""

    code = "benefits.nothing_to_compare"
    kind = Kind.CONFLICT
    template = noop("到 %(on)s，没有在执行的政策用这个参数，没有可测算的人群。")
    remedy = noop("它只用在计算器或者流程里，请用测试用例核对。")


def change_subject(change_id: UUID) -> Subject:
    return Subject("benefit_figure", change_id)


def policy_case_subject(case_id: UUID) -> Subject:
    return Subject("benefit_case", case_id)


@dataclass(frozen=True, slots=True)
class Ground:
    """The law or notice that sets a figure: its title, its number if it has one, its date; the sheet itself if there is a scan."""

    title: str
    number: str
    on: date | None
    scan: StoredFileRef | None = None


# -- written -------------------------------------------------------------------------------------------------------------


@once
def draft_change(
    *, name: str, region: str, typed: Mapping[str, Any], since: date | None, until: date | None = None, ground: Ground, note: str,
    by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Write down a figure for a place from a day on, to a last day if it has one. Raises :class:`Invalid` with an error for every field
    that is wrong."""
    by.must(POLICY)
    fields = _checked(name, region, typed, (since, until), ground, note, by, local_date(now))
    row = FigureChange.objects.create(id=uuid7(), name=name, proposed_by_id=by.person_id, written_at=now, **fields)
    record(
        "benefits.figure_drafted", subject=change_subject(row.pk), by=by, at=now, new=True, name=name, region=row.region,
        value=row.value, since=row.since, until=row.until,
    )  # fmt: skip
    return row.pk


@once
def edit_change(
    *,
    change_id: UUID,
    region: str,
    typed: Mapping[str, Any],
    since: date | None,
    until: date | None = None,
    ground: Ground,
    note: str,
    by: Actor,
    now: datetime,
) -> None:
    """Change a draft, or what was sent back, which is a draft again. Without a new scan the old one stays."""
    row = _own(change_id, by)
    fields = _checked(row.name, region, typed, (since, until), ground, note, by, local_date(now))
    if ground.scan is None:
        fields |= {"scan_id": row.scan_id, "scan_name": row.scan_name}
    FigureChange.objects.filter(pk=row.pk).update(
        **fields, written_at=now, state=ChangeState.DRAFT, decided_by_id=None, decided_at=None, proposed_at=None, reason=""
    )
    record(
        "benefits.figure_changed", subject=change_subject(row.pk), by=by, at=now, region=fields["region"], value=fields["value"],
        since=fields["since"], until=fields["until"],
    )  # fmt: skip


def _own(change_id: UUID, by: Actor) -> FigureChange:
    row = change_for(change_id, by, POLICY, lock=True)
    if row.proposed_by_id != by.user_id:
        raise NotYourDraft
    if not ChangeState(row.state).open:
        raise ChangeMoved(state=msg(ChangeState(row.state).label))
    return row


def _checked(
    name: str, region: str, typed: Mapping[str, Any], days: tuple[date | None, date | None], ground: Ground, note: str, by: Actor, today: date,
) -> dict[str, Any]:  # fmt: skip
    """All that a change says, as it is kept. Raises :class:`Invalid`."""
    book, (since, until) = book_in_force(), days
    parameter = book.get(name)
    if parameter is None or not parts(parameter):
        raise FigureNotThere(field="name", name=name)
    latest = date(today.year + _AHEAD, 12, 31)
    wrong: list[LinliError] = []
    place = region and shortest(region).ljust(6, "0")
    if not may_set(place, by) or len(place) > 6 or (place and not region_names([shortest(place)])):
        wrong.append(PlaceNotYours(field="region"))
    value = None
    try:
        value = read(parameter, typed)
    except Invalid as error:
        wrong += error.errors
    if since is None:
        wrong.append(TextMissing(field="since", label=msg("从哪天起"), why=msg("请填日期，例如 2026-03-01")))
    elif not _EARLIEST <= since <= latest:
        # A figure of a mistyped year would keep every other one of its place out for as long: nothing goes before a later one.
        why = msg("请核对年份，最早 %(first)s，最晚 %(last)s", first=_EARLIEST.isoformat(), last=latest.isoformat())
        wrong.append(_missing("since", msg("从哪天起"), why))
    elif later := _later(parameter, place, since):
        wrong.append(LaterThere(field="since", later=later.isoformat(), since=since.isoformat()))
    prolongs = name in last_days()
    if since and prolongs and isinstance(value, date) and value < since:
        wrong.append(EndsBefore(field="value", since=since.isoformat()))
    if since and until and not prolongs and until < since:
        wrong.append(EndsBefore(field="until", since=since.isoformat()))
    texts = {"source_title": ground.title.strip(), "source_number": ground.number.strip(), "note": note.strip()}
    if not 0 < len(texts["source_title"]) <= _TITLE:
        wrong.append(_missing("source_title", msg("依据的文件名称"), msg("请写法律或文件的全称，最多 %(most)s 字", most=_TITLE)))
    if len(texts["source_number"]) > _NUMBER:
        wrong.append(_missing("source_number", msg("文号或条款"), msg("最多 %(most)s 字", most=_NUMBER)))
    if ground.on is None:
        wrong.append(_missing("source_date", msg("文件日期"), msg("请填文件公布的日期，例如 2026-03-01")))
    elif not _EARLIEST <= ground.on <= today:
        why = msg("请核对年份，最早 %(first)s，最晚 %(last)s", first=_EARLIEST.isoformat(), last=today.isoformat())
        wrong.append(_missing("source_date", msg("文件日期"), why))
    if len(texts["note"]) > _NOTE:
        wrong.append(_missing("note", msg("说明"), msg("最多 %(most)s 字", most=_NOTE)))
    if wrong:
        raise Invalid(wrong)
    scan = ground.scan
    if scan:
        hold_files([scan.id])
    return {
        "region": place, "value": plain(value), "since": since, "until": None if prolongs else until, "source_date": ground.on, **texts,
        "scan_id": scan.id if scan else None, "scan_name": scan.name[:_TITLE] if scan else "",
    }  # fmt: skip


def _missing(field: str, label: Message, why: Message) -> TextMissing:
    return TextMissing(field=field, label=label, why=why)


def _later(parameter: Parameter, region: str, since: date) -> date | None:
    """The first day of a later figure of the same place."""
    return max((f.since for f in parameter.figures if f.region == region and f.since > since), default=None)


# -- proposed and decided ------------------------------------------------------------------------------------------------


@once
def propose_change(*, change_id: UUID, by: Actor, now: datetime) -> None:
    """Hand a figure to the second officer; it does not change any more until they decide."""
    row = _own(change_id, by)
    _still_last(row)
    _figures_there(row, local_date(now))
    FigureChange.objects.filter(pk=row.pk).update(
        state=ChangeState.PROPOSED, proposed_at=now, decided_by_id=None, decided_at=None, reason=""
    )
    record("benefits.figure_proposed", subject=change_subject(row.pk), by=by, at=now)


def _still_last(row: FigureChange) -> None:
    if later := _later(book_in_force()[row.name], row.region, row.since):
        raise LaterThere(later=later.isoformat(), since=row.since.isoformat())


def _figures_there(row: FigureChange, today: date) -> None:
    """Nobody prolongs a policy that then could not be reckoned: the figures that it reads must hold too. It may end at any time."""
    if row.name not in last_days():
        return
    policy, book = policy_of(row.name.removeprefix(LASTING)), book_in_force()
    figures = Figures(max(row.since, today), row.region, book)
    last = policy.last_day(figures)
    if last is None or figure_of(row).value <= last:  # it is to end, or to end sooner
        return
    over = [book[n].label for n in readers(book, figures.on).policies[policy.code] if n != row.name and _over(book[n], figures)]
    if over:
        raise FiguresOver(policy=policy.name, names="、".join(over))


def _over(parameter: Parameter, figures: Figures) -> bool:
    """Whether a figure held once at a place and does not any more; one that a place below sets is none of this one's."""
    began = any(f.since <= figures.on and within(figures.region, f.region) for f in parameter.figures)
    return began and not figures.has(parameter.name)


@once
def withdraw_change(*, change_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Give up a figure that is not published."""
    row = change_for(change_id, by, POLICY, lock=True)
    if row.state in (ChangeState.PUBLISHED, ChangeState.WITHDRAWN):
        raise ChangeMoved(state=msg(ChangeState(row.state).label))
    reason = _reason(reason)
    FigureChange.objects.filter(pk=row.pk).update(
        state=ChangeState.WITHDRAWN, decided_by_id=by.person_id, decided_at=now, reason=reason
    )
    record("benefits.figure_withdrawn", subject=change_subject(row.pk), by=by, at=now, reason=reason)


@once
def refuse_change(*, change_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Send a figure back to who proposed it, with the reason."""
    row = _proposed(change_id, by)
    reason = _reason(reason)
    FigureChange.objects.filter(pk=row.pk).update(
        state=ChangeState.REFUSED, decided_by_id=by.person_id, decided_at=now, reason=reason
    )
    record("benefits.figure_refused", subject=change_subject(row.pk), by=by, at=now, reason=reason)


@once
def agree_to_change(*, change_id: UUID, by: Actor, now: datetime, seen: int | None = None) -> int:
    """Agree and publish: from here on everything reckons with the figure. Gives its number in the book.

    ``seen`` is the last publication of this figure that the officer's page knew of; raises :class:`FigureMoved` when there is another since.
    Every case is run on the book as it would be at this moment; raises :class:`CasesFail` when one does not pass.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PUBLISHING])
    row = _proposed(change_id, by)
    if seen is not None and seen != last_publication(row.name):
        raise FigureMoved(name=book_in_force()[row.name].label)
    _still_last(row)
    _figures_there(row, local_date(now))
    failing = [t.label for t in run_all(book_with(row), today=local_date(now)) if not t.outcome.passed]
    if failing:
        raise CasesFail(count=len(failing), names="、".join(failing[:5]))
    number = (FigureChange.objects.aggregate(last=Max("published_no"))["last"] or 0) + 1
    FigureChange.objects.filter(pk=row.pk).update(
        state=ChangeState.PUBLISHED, decided_by_id=by.person_id, decided_at=now, published_no=number
    )
    record(
        "benefits.figure_published", subject=change_subject(row.pk), by=by, at=now, number=number, name=row.name, region=row.region,
        value=row.value, since=row.since, until=row.until,
    )  # fmt: skip
    return number


def _proposed(change_id: UUID, by: Actor) -> FigureChange:
    row = change_for(change_id, by, AGREE, lock=True)
    if row.state != ChangeState.PROPOSED:
        raise ChangeMoved(state=msg(ChangeState(row.state).label))
    if row.proposed_by_id == by.user_id:
        raise OwnProposal
    return row


def _reason(text: str) -> str:
    if not 0 < len(text.strip()) <= _NOTE:
        raise _missing("reason", msg("理由"), msg("请写清理由，最多 %(most)s 字", most=_NOTE))
    return text.strip()


# -- what would be -------------------------------------------------------------------------------------------------------


@once
def ask_what_if(*, change_id: UUID, fresh: bool, by: Actor, now: datetime) -> UUID:
    """Have it reckoned who would gain and lose by a figure: on the facts of the last scan of the place, or on fresh ones.

    Raises :class:`NothingToCompare` where no policy reads it.
    """
    change = change_for(change_id, by, POLICY, AGREE)
    if ChangeState(change.state) in (ChangeState.PUBLISHED, ChangeState.WITHDRAWN):
        raise ChangeMoved(state=msg(ChangeState(change.state).label))
    on = max(change.since, local_date(now))
    book = book_with(change)
    figures = Figures(on, change.region, book)
    policies = [code for code in readers(book, on).policies_reading(change.name) if policy_of(code).runs(figures)]
    if not policies:
        raise NothingToCompare(on=on.isoformat())
    scan = None if fresh else _last_scan(change.region, policies, by)
    run = Run.objects.create(
        id=uuid7(), change=change, facts_of=scan, on=on, region=scan.region if scan else shortest(change.region), policies=policies,
        asked_by_id=by.user_id, asked_at=now,
    )  # fmt: skip
    record(
        "benefits.run_asked", subject=run_subject(run.pk), by=by, at=now, new=True, on=on, region=run.region, policies=policies,
        change=change.pk, facts_of=run.facts_of_id,
    )  # fmt: skip
    record("benefits.figure_weighed", subject=change_subject(change.pk), by=by, at=now, run=run.pk)
    defer("benefits.perform_run", run_id=str(run.pk))
    return run.pk


def _last_scan(region: str, policies: list[str], by: Actor) -> Run | None:
    """The last finished scan of which the actor may know, that holds the facts of a place."""
    needed = {file_of(uuid7(), FACTS, policy_of(code).subject).name for code in policies}
    done = Run.objects.filter(state=RunState.DONE, change=None, region__startswith=shortest(by.region)).order_by("-asked_at", "-id")
    return next((run for run in done[:50] if within(region, run.region) and needed <= run.digests.keys()), None)


# -- cases of officers ---------------------------------------------------------------------------------------------------


@once
def add_policy_case(
    *, target: str, label: str, region: str, on: date | None, given: Mapping[str, str], expected: Mapping[str, str], basis: str,
    by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Keep a case: what is known, and what a policy or a formula must say of it. Raises :class:`Invalid`."""
    by.must(POLICY)
    today = local_date(now)
    about = target_of(target, book_in_force(), on=on or today)
    wrong: list[LinliError] = []
    if not 0 < len(label.strip()) <= _LABEL:
        wrong.append(_missing("label", msg("用例名称"), msg("请写明这个用例核对什么，最多 %(most)s 字", most=_LABEL)))
    if on is None:
        wrong.append(_missing("on", msg("算到哪天"), msg("请填日期，例如 2026-03-01")))
    if len(basis) > _TITLE:
        wrong.append(_missing("basis", msg("依据"), msg("最多 %(most)s 字", most=_TITLE)))
    if region and not region_names([shortest(region)]):
        wrong.append(PlaceNotYours(field="region"))
    told = {f.name: _read(f, about.facts.get(f.name), f"given.{f.name}", given.get(f.name, ""), wrong) for f in about.takes}
    wanted = {f.name: _read(f, None, f"expected.{f.name}", expected.get(f.name, ""), wrong) for f in about.gives}
    for f in about.takes:
        if (
            told[f.name] is None
            and f.required
            and f.default is None
            and not about.facts
            and not any(e.field == f"given.{f.name}" for e in wrong)
        ):
            wrong.append(AnswerWrong(field=f"given.{f.name}", label=msg(f.label or f.name), why=f.kind.asks))
    if not wrong and all(value is None for value in wanted.values()):
        first = about.gives[0]
        wrong.append(
            AnswerWrong(field=f"expected.{first.name}", label=msg(first.label or first.name), why=msg("请至少填一项应有的结果"))
        )
    if wrong or on is None:
        raise Invalid(wrong)
    row = PolicyCase.objects.create(
        id=uuid7(), target=target, label=label.strip(), region=region and shortest(region).ljust(6, "0"), on=on, basis=basis.strip(),
        given=_kept(about.takes, told), expected=_kept(about.gives, wanted), added_by_id=by.person_id, added_at=now,
    )  # fmt: skip
    record(
        "benefits.case_added", subject=policy_case_subject(row.pk), by=by, at=now, new=True, target=target, on=on, region=row.region,
        given=row.given, expected=row.expected,
    )  # fmt: skip
    return row.pk


def _read(field: Field, fact: Fact | None, name: str, text: str, wrong: list[LinliError]) -> Any:
    """What was typed for one field, as the engine keeps it; None where nothing was."""
    text = str(text).strip()
    if not text:
        return None
    try:
        if fact and fact.none and text == NONE:
            return fact.absent
        if field.kind.type == "boolean":
            return {"yes": True, "no": False}[text]
        value = field.kind.read(text, label=name)
        return fact.checked(value) if fact else value
    except (KeyError, ValueWrong) as error:
        why = error.params["why"] if isinstance(error, ValueWrong) else field.kind.asks
        wrong.append(AnswerWrong(field=name, label=msg(field.label or field.name), why=why))
        return None


def _kept(fields: tuple[Field, ...], values: Mapping[str, Any]) -> Any:
    """Values as people write them, so that a later release reads them alike."""
    return plain({f.name: f.kind.plain(values[f.name]) for f in fields if values[f.name] is not None})


@once
def retire_policy_case(*, case_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Give up a case: it is not run any more, and says why."""
    by.must(POLICY)
    row = PolicyCase.objects.select_for_update().filter(pk=case_id, retired_at=None).first()
    if row is None or not may_set(row.region, by):
        raise NotFound(what=msg("这个用例"))
    reason = _reason(reason)[:_TITLE]
    PolicyCase.objects.filter(pk=case_id).update(retired_at=now, retired_by_id=by.person_id, retired_reason=reason)
    record("benefits.case_retired", subject=policy_case_subject(case_id), by=by, at=now, reason=reason)
