"""What a scan says of one policy: who joined, left and has another amount, what is missing, and one subject with every reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    MOST_FOUND,
    Change,
    How,
    Line,
    Lines,
    RunNotDone,
    RunState,
    State,
    Who,
    book_in_force,
    caution,
    differences,
    entitled,
    granting,
    policy_of,
    run,
    sources_in,
    subjects_named,
    unknown_subjects,
    unknowns,
    vocabulary,
    who_are,
    whole_list,
)
from linli.domains.org.queries import region_names
from linli.domains.people.queries import Purpose
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import joined, msg, noop
from linli.web.access import requires
from linli.web.console.exchange.files import as_file, known
from linli.web.console.runs.listing import place_name
from linli.web.console.runs.parts import KINDS, SIZE, STATE_TONES, number_of, page_by_number
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.parts import Column, Tab
from linli.web.ui.templatetags.linli_ui import fen

_SEE = "benefits.view"
ENTITLED, UNKNOWN = "entitled", "unknown"
TABS = {
    ENTITLED: noop("符合的"), Change.JOINED.value: noop("新增"), Change.LEFT.value: noop("退出"), Change.CHANGED.value: noop("金额变化"),
    UNKNOWN: noop("不能确定"),
}  # fmt: skip
PURPOSES = (Purpose.HANDLE_CASE, Purpose.CONTACT, Purpose.VERIFY_IDENTITY, Purpose.LAWFUL_REQUEST)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list with whom it is about."""

    line: Line
    who: Who
    place: str

    @property
    def more(self) -> int | None:
        """By how much the amount changed."""
        if self.line.fen is None or self.line.before_fen is None:
            return None
        return self.line.fen - self.line.before_fen


def _rows(subject: str, lines: Sequence[Line]) -> list[Row]:
    who, places = who_are(subject, [line.subject_id for line in lines]), region_names(line.region for line in lines)
    return [Row(line, who[line.subject_id], place_name(line.region, places)) for line in lines]


@requires(_SEE)
@require_safe
def policy_page(request: StaffRequest, run_id: UUID, policy: str) -> HttpResponse:
    """One policy of a scan: how many and how much, then one of its lists."""
    return _policy_page(request, run_id, policy, request.GET)


def _policy_page(
    request: StaffRequest, run_id: UUID, policy: str, asked: Mapping[str, str], error: LinliError | None = None
) -> HttpResponse:
    found, rule = run(run_id, by=request.actor), policy_of(policy)
    if policy not in found.policies:
        raise NotFound(what=msg("这项政策在这次比对中的结果"))
    if found.state != RunState.DONE:
        raise RunNotDone
    counts, shown = found.counts[policy], asked.get("list", "")
    shown = shown if shown in TABS else ENTITLED
    text = asked.get("q", "").strip()[:100]
    numbers: dict[str, int] = {
        **{kind.value: counts[kind] for kind in Change},
        ENTITLED: counts["entitled"],
        UNKNOWN: counts["unknown"],
    }
    context: dict[str, Any] = {
        "run": found, "policy": rule, "counts": counts, "shown": shown, "text": text, "place": _place(found.region),
        "kind": KINDS[rule.subject], "tabs": _tabs(shown, numbers, text), "may_export": shown != UNKNOWN and _may_take(request),
        "purposes": [(p.value, _(p.label)) for p in PURPOSES], "may_whole": request.actor.can("benefits.run") and rule.subject != "employer",
        "before": _before(found, policy, request), "sum": _sum(counts, shown), "most_whole": commands.MOST_WHOLE,
        "error": joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _) if error else "",
    }  # fmt: skip
    context |= _granted(request, rule.code, counts["entitled"])
    if shown == UNKNOWN:
        context["gaps"] = unknowns(run_id, policy, by=request.actor)
        context["columns"] = [Column(_("缺少的信息")), Column(_("由谁提供")), Column(_("怎样补上")), Column(_("涉及"), number=True)]
    else:
        named = subjects_named(rule.subject, text) if text else None
        lines = _lines(request, run_id, policy, shown, named.ids if named else None)
        context |= {
            "page": page_by_number(request, lines.rows, lines.total), "rows": _rows(rule.subject, lines.rows),
            "columns": _columns(rule.subject, shown), "most": MOST_FOUND if named and named.more else 0,
            "chips": [(_("名称：%(text)s") % {"text": text}, "?" + urlencode({"list": shown}))] if text else [],
        }  # fmt: skip
    return render(request, "console/runs/policy.html", context, status=status_of(error) if error else 200)


def _granted(request: StaffRequest, policy: str, entitled_: int) -> dict[str, Any]:
    """Whether a list can be made of this policy, or why it pays nobody by itself."""
    terms = granting(policy)
    if terms.how is How.NONE:
        return {"not_granted": terms.why}
    return {"may_make": bool(entitled_) and request.actor.can("benefits.run")}


def _place(region: str) -> str:
    return place_name(region, region_names([region]))


def _may_take(request: StaffRequest) -> bool:
    return request.actor.can("benefits.run") or request.actor.can("benefits.audit")


def _tabs(shown: str, numbers: Mapping[str, int], text: str) -> list[Tab]:
    more = {"q": text} if text else {}
    return [Tab(_(label), "?" + urlencode({"list": name, **more}), shown == name, numbers[name]) for name, label in TABS.items()]


def _sum(counts: Mapping[str, Any], shown: str) -> tuple[int, int]:
    """The money of a list, now and the time before."""
    sums = counts.get("sums", {})
    if shown == ENTITLED:
        return counts["fen"], counts["before_fen"]
    now, before = sums.get(shown, (0, 0))
    return now, before


def _before(found: Any, policy: str, request: StaffRequest) -> Any:
    """The scan that this one is compared with, if there was one that may be seen."""
    try:
        return run(UUID(found.before[policy]), by=request.actor)
    except (KeyError, LinliError):
        return None


def _lines(request: StaffRequest, run_id: UUID, policy: str, shown: str, among: list[UUID] | None) -> Lines:
    where: dict[str, Any] = {"by": request.actor, "offset": (number_of(request) - 1) * SIZE, "size": SIZE, "among": among}
    return entitled(run_id, policy, **where) if shown == ENTITLED else differences(run_id, policy, shown, **where)


def _columns(subject: str, shown: str) -> list[Column]:
    columns = [Column(_("名称"))]
    if subject == "hire":
        columns.append(Column(_("招用单位")))
    columns.append(Column(_("地方")))
    if shown != Change.LEFT:
        columns.append(Column(_("金额（元）"), number=True))
    if shown in (Change.LEFT, Change.CHANGED):
        columns.append(Column(_("上次（元）"), number=True))
    if shown == Change.CHANGED:
        columns.append(Column(_("相差（元）"), number=True))
    return [*columns, Column(_("同上次相比"))] if shown == ENTITLED else columns


@requires(_SEE)
@require_safe
def missing(request: StaffRequest, run_id: UUID, policy: str, fact: str) -> HttpResponse:
    """Of whom a policy cannot be told for want of one fact."""
    rule = policy_of(policy)
    if fact not in vocabulary()[rule.subject]:
        raise NotFound(what=msg("这项信息"))
    asked = vocabulary()[rule.subject][fact]
    offset = (number_of(request) - 1) * SIZE
    found, total = unknown_subjects(run_id, policy, fact, by=request.actor, offset=offset, size=SIZE)
    who, places = who_are(rule.subject, [i for i, _place in found]), region_names(place for _i, place in found)
    rows = [(i, who[i], place_name(place, places)) for i, place in found]
    columns = [Column(_("名称")), *([Column(_("招用单位"))] if rule.subject == "hire" else []), Column(_("地方"))]
    context = {
        "run": run(run_id, by=request.actor), "policy": rule, "fact": asked, "rows": rows, "columns": columns,
        "page": page_by_number(request, rows, total),
    }  # fmt: skip
    return render(request, "console/runs/missing.html", context)


# -- taken along -----------------------------------------------------------------------------------------------------------


@requires("benefits.run", "benefits.audit")
@require_POST
def export(request: StaffRequest, run_id: UUID, policy: str, form: str) -> HttpResponseBase:
    """One of the lists as a file; that it was taken along, and what for, is recorded. Whole numbers only for a purpose."""
    known(form)
    shown, said = request.POST.get("list", ""), request.POST.get("purpose", "")
    kind = Change(shown) if shown in list(Change) else None
    rule, found = policy_of(policy), run(run_id, by=request.actor)
    if policy not in found.policies:
        raise NotFound(what=msg("这项政策在这次比对中的结果"))
    if found.state != RunState.DONE:
        raise RunNotDone
    try:
        purpose = Purpose(said) if said else None
    except ValueError:
        raise NotFound(what=msg("这个用途")) from None
    number = found.counts[policy][kind or "entitled"]
    act: dict[str, Any] = {"by": request.actor, "now": request.now}
    try:
        commands.export_list(
            run_id=run_id, policy=policy, kind=kind or ENTITLED, lines=number, purpose=purpose, **act, **keyed(request)
        )  # fmt: skip
        lines = whole_list(run_id, policy, kind, by=request.actor)
        if purpose:
            pieces = list(lines)
            people = who_are(rule.subject, [line.subject_id for piece in pieces for line in piece])
            ids = {who.party.id for who in people.values() if who.party and not who.party.is_employer}
            numbers = commands.whole_numbers(person_ids=sorted(ids), purpose=purpose, **act)
            lines = iter(pieces)
        else:
            numbers = {}
    except LinliError as error:
        return _policy_page(request, run_id, policy, request.POST, error)
    name = f"{rule.name}-{_(TABS[kind or ENTITLED])}-{found.on:%Y%m%d}" if shown in TABS else f"{rule.name}-{found.on:%Y%m%d}"
    return as_file(
        form, name, _("名单"), _head(rule.subject, whole=bool(purpose)), _cells(rule.subject, lines, numbers, whole=bool(purpose))
    )


def _head(subject: str, *, whole: bool) -> list[str]:
    head = [_("名称")]
    if whole:
        head.append(_("证件号码"))
    if subject == "employer":
        head.append(_("统一社会信用代码"))
    if subject == "hire":
        head.append(_("招用单位"))
    return [*head, _("地方"), _("同上次相比"), _("金额（元）"), _("上次（元）")]


def _cells(subject: str, pieces: Iterable[Sequence[Line]], numbers: Mapping[UUID, str], *, whole: bool) -> Iterator[list[str]]:
    for piece in pieces:
        for row in _rows(subject, piece):
            party = row.who.party
            cells = [party.name if party else _("未登记")]
            if whole:
                cells.append(numbers.get(party.id, "") if party else "")
            if subject == "employer":
                cells.append(party.number if party else "")
            if subject == "hire":
                cells.append(row.who.employer.name if row.who.employer else "")
            yield [*cells, row.place, _(row.line.change.label), fen(row.line.fen), fen(row.line.before_fen)]


# -- one subject -----------------------------------------------------------------------------------------------------------


@requires(_SEE)
@require_safe
def subject(request: StaffRequest, run_id: UUID, subject_id: UUID) -> HttpResponse:
    """One person, employer or hire in a scan: each policy with its reasons, and what was known. The look is recorded."""
    seen = commands.open_in_run(run_id=run_id, subject_id=subject_id, by=request.actor, now=request.now)
    first = request.GET.get("policy", "")
    policies = sorted(seen.policies, key=lambda f: (f.policy.code != first, f.state != State.ENTITLED, f.state != State.UNKNOWN))
    book = book_in_force()
    cautions = {str(said): said for f in seen.figures().values() if (said := caution(f))}
    context = {
        "run": seen.run, "seen": seen, "who": who_are(seen.subject, [subject_id])[subject_id], "place": _place(seen.region),
        "policies": [
            (f, STATE_TONES[f.state] if f.state else "plain", sources_in(f.outcome.figures, book) if f.outcome else ()) for f in policies
        ],
        "kind": KINDS[seen.subject],
        "facts": [(fact, fact.said(value)) for fact, value in seen.facts if value is not None],
        "gaps": [fact for fact, value in seen.facts if value is None], "first": first if first in seen.run.policies else "",
        "fact_columns": [Column(_("信息")), Column(_("当时的值")), Column(_("来源"))],
        "cautions": cautions.values(), "may_audit": request.actor.can("benefits.audit"),
    }  # fmt: skip
    if context["first"]:
        context["back"] = reverse("runs:policy", args=[run_id, first])
    return render(request, "console/runs/subject.html", context)
