"""The counter's home: who comes next, what lies on the desk, and finding anything by what somebody types or a card reader reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.cases.queries import IN_HAND, Case, State, case_colour, counter_today, to_deliver
from linli.domains.catalog.queries import names_of
from linli.domains.people.commands import find_person
from linli.domains.people.queries import Party, parties
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import check_credit_code, check_id_number, compact
from linli.kernel.search import looks_like_number
from linli.kernel.text import joined, noop
from linli.web.access import requires
from linli.web.desk.counter import menu
from linli.web.desk.counter.links import link
from linli.web.http import StaffRequest
from linli.web.palette import Hit
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Tab

# What the list can be narrowed to, by its word in the address.
_VIEWS: dict[str, tuple[str, frozenset[State]]] = {
    "draft": (noop("收件中"), frozenset({State.DRAFT})),
    "submitted": (noop("待受理"), frozenset({State.SUBMITTED})),
    "correction": (noop("待补正"), frozenset({State.CORRECTION_REQUESTED})),
    "in-hand": (noop("在办"), IN_HAND | {State.APPROVED, State.REJECTED}),
    "ready": (noop("可领取"), frozenset({State.ISSUED})),
    "over": (noop("已办结"), frozenset({State.DELIVERED, State.CLOSED, State.WITHDRAWN, State.NOT_ACCEPTED})),
}
TONES = {
    State.DRAFT: "plain", State.SUBMITTED: "soon", State.CORRECTION_REQUESTED: "soon", State.ISSUED: "info", State.REJECTED: "info",
    State.DELIVERED: "done", State.CLOSED: "done", State.WITHDRAWN: "plain", State.NOT_ACCEPTED: "bad",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A case in a list at the counter."""

    case: Case
    applicant: Party
    item: str
    state: str
    tone: str
    colour: str


def rows_of(cases: list[Case], request: StaffRequest) -> list[Row]:
    """The cases of a list with names, in three queries however many."""
    who, names = parties(c.applicant_id for c in cases), names_of([c.item_code for c in cases])
    return [
        Row(
            c, who[c.applicant_id], names.get(c.item_code, c.item_code), _(State(c.state).label), TONES.get(State(c.state), "info"),
            case_colour(c, now=request.now).value,
        )
        for c in cases
    ]  # fmt: skip


def columns() -> list[Column]:
    """The columns of :class:`Row`."""
    return [Column(_("编号")), Column(_("申请人")), Column(_("事项")), Column(_("状态")), Column(_("承诺日期"))]


@requires("cases.receive")
@require_safe
def today(request: StaffRequest) -> HttpResponse:
    """Drafts and what came in today, by state; the field that a card reader types into has the focus."""
    cases = counter_today(by=request.actor, now=request.now)
    view = request.GET.get("state", "")
    shown = cases.filter(state__in=_VIEWS[view][1]) if view in _VIEWS else cases
    page = page_of(shown, request, by="-started_at")
    waiting = to_deliver(by=request.actor).count() if request.actor.can("cases.deliver") else 0
    return render(
        request, "desk/counter/today.html",
        {
            "page": page, "rows": rows_of(list(page.rows), request), "columns": columns(), "tabs": _tabs(cases, view),
            "view": view, "nothing": not page.rows, "waiting": waiting, "deliver_url": link("issue:deliver_list"),
        },
    )  # fmt: skip


def _tabs(cases: QuerySet[Case], view: str) -> list[Tab]:
    wanted: dict[str, Any] = {key: Count("pk", filter=Q(state__in=states)) for key, (_label, states) in _VIEWS.items()}
    counts = cases.order_by().aggregate(all=Count("pk"), **{k.replace("-", "_"): v for k, v in wanted.items()})
    here = reverse("counter:today")
    tabs = [Tab(_("全部"), here, view not in _VIEWS, counts["all"])]
    return tabs + [
        Tab(_(label), f"{here}?state={key}", view == key, counts[key.replace("-", "_")]) for key, (label, _states) in _VIEWS.items()
    ]


@requires("cases.receive")
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: StaffRequest) -> HttpResponse:
    """One field for everything. A number is posted, so that it stands in no address; when only one thing is found, it opens."""
    text = (request.POST if request.method == "POST" else request.GET).get("q", "").strip()
    if not text:
        return redirect("counter:today")
    groups: dict[str, list[Hit]] = {}
    for source in (menu.handed, menu.items, menu.people, menu.cases):
        for hit in source(request, text):
            groups.setdefault(hit.group, []).append(hit)
    hits = [hit for found in groups.values() for hit in found]
    problem = ""
    if request.method == "POST":
        other = None if hits else _by_other_document(text, request)
        if other or len(hits) == 1:
            return redirect(other or hits[0].url)
        if not looks_like_number(text):
            return redirect(f"{reverse('counter:find')}?{urlencode({'q': text})}")
        problem = _what_is_wrong(text, request) if not hits else ""
    return render(request, "desk/counter/find.html", {"groups": groups, "text": text, "problem": problem})


def _by_other_document(text: str, request: StaffRequest) -> str:
    """The page of a person by a passport or another document whose number looks like nothing in particular."""
    number = compact(text)
    if not (request.actor.can("people.register") and number.isascii() and number.isalnum() and 5 <= len(number) <= 30):
        return ""
    found = find_person(number=number, by=request.actor, now=request.now)
    return reverse("counter:person", args=[found]) if found else ""


def _what_is_wrong(text: str, request: StaffRequest) -> str:
    """Why a long number is none: which digit does not fit."""
    number = compact(text)
    try:
        if len(number) == 18 and number[:17].isdigit():
            check_id_number(number, today=request.today)
        elif len(number) == 18:
            check_credit_code(number)
    except LinliError as error:
        return joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)
    return ""
