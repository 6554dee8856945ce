"""What am I due, signed in: for oneself, for those one may read for, and for the employers one acts for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from linli.domains.benefits.commands import open_due
from linli.domains.benefits.queries import (
    Due,
    Fact,
    Given,
    Group,
    Reader,
    Roster,
    Source,
    Standing,
    book_in_force,
    due_to,
    given_now,
    hire_lines,
    hires_in,
    once_said,
    rosters_due,
    sources_in,
    vocabulary,
    whose,
)
from linli.domains.catalog.queries import published
from linli.domains.people.queries import region_of
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg, noop
from linli.web.access import PORTAL, requires
from linli.web.http import StaffRequest
from linli.web.portal.due.asked import field_of, read_words
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Tab

MOST_FIELDS = 8
GROUPS = {Group.COUNTS: noop("计入的"), Group.NEAR: noop("只差一项的"), Group.REST: noop("其他")}


@dataclass(frozen=True, slots=True)
class Telling:
    """A policy as it is told: how often it gives, which figures it rests on and how sure they are, whether its item is offered in the
    place, and whether it is being given for this period already."""

    due: Due
    how_often: Message
    sources: tuple[Source, ...]
    cautions: tuple[Message, ...]
    offered: bool
    given: Given | None = None


def tellings(
    dues: Sequence[Due], *, region: str, request: Any, given: Mapping[str, Given] | None = None
) -> dict[str, list[Telling]]:
    """The policies by where they stand; those over apart from the others."""
    items = {d.policy.item for d in dues if d.policy.item}
    offered = set(published(region=region, on=request.today).filter(item_id__in=items).values_list("item_id", flat=True))
    book = book_in_force()
    found: dict[str, list[Telling]] = {name: [] for name in (*Standing, "over")}
    for due in dues:
        sources = sources_in(due.outcome.figures, book) if due.outcome else ()
        cautions = {str(s.caution): s.caution for s in sources if s.caution}
        telling = Telling(
            due,
            once_said(due.policy),
            sources,
            tuple(cautions.values()),
            due.policy.item in offered,
            (given or {}).get(due.policy.code),
        )
        found[due.standing.value if due.running else "over"].append(telling)
    return found


@requires(PORTAL)
@require_http_methods(["GET", "HEAD", "POST"])
def due(request: StaffRequest, party_id: UUID | None = None) -> HttpResponse:
    """Every policy for somebody. What a reader says fills gaps for this once: it is posted, answered, and kept nowhere."""
    me = request.actor.resident_id
    assert me
    reader = open_due(party_id=party_id or me, by=request.actor, now=request.now)
    region = region_of(reader.party.id, is_employer=reader.party.is_employer)
    facts = vocabulary()["employer" if reader.party.is_employer else "person"].values()
    told, wrong = read_words(facts, request.POST, on=request.today)
    known = due_to(reader, on=request.today)
    dues = due_to(reader, on=request.today, told=told) if told else known
    asked = _askable(known)
    fields = [field_of(f, request.POST.get(f.name, ""), wrong.get(f.name, "")) for f in asked]
    context = {
        "reader": reader, "mine": reader.party.id == me, "fields": fields, "asked": asked,
        "groups": tellings(dues, region=region, request=request, given=given_now(reader, by=request.actor, on=request.today)),
        "told": bool(told), "problems": [(f.id, f.error) for f in fields if f.error], "tabs": _tabs(request, reader),
        "rosters": rosters_due(reader, on=request.today), "here": request.path,
    }  # fmt: skip
    return render(request, "portal/due/own.html", context, status=422 if wrong else 200)


def _askable(dues: Sequence[Due]) -> list[Fact]:
    """The missing facts that somebody can tell themselves, those that most policies wait for first."""
    waits: dict[Fact, int] = {}
    for one in dues:
        if one.running and one.outcome:
            for fact in one.outcome.missing:
                if fact.question:
                    waits[fact] = waits.get(fact, 0) + 1
    return sorted(waits, key=lambda f: -waits[f])[:MOST_FIELDS]


def _tabs(request: StaffRequest, reader: Reader) -> list[Tab]:
    """Whose page it is, where there is a choice."""
    readers = whose(by=request.actor, on=request.today)
    if len(readers) == 1:
        return []
    me = request.actor.resident_id
    return [
        Tab(
            _("我自己") if r.party.id == me else r.party.name,
            reverse("due:own") if r.party.id == me else reverse("due:of", args=[r.party.id]),
            current=r.party.id == reader.party.id,
        )
        for r in readers
    ]


@requires(PORTAL)
@require_safe
def roster(request: StaffRequest, party_id: UUID, policy: str) -> HttpResponse:
    """The people behind what an employer is due under a policy: who counts, and who misses one condition, and which."""
    reader = open_due(party_id=party_id, by=request.actor, now=request.now)
    found = next(iter(rosters_due(reader, on=request.today, policy=policy)), None)
    if found is None or not policy:
        raise NotFound(what=msg("这份名单"))
    group = _group(request.GET.get("group", ""), found)
    page = page_of(hires_in(found, group), request, by="subject_id")
    context = {
        "reader": reader, "roster": found, "group": group, "page": page, "lines": hire_lines(page.rows, found, on=request.today),
        "tabs": [Tab(_(GROUPS[g]), f"?group={g}", current=g is group, count=len(found.ids[g])) for g in Group],
        "columns": [Column(_("姓名")), Column(_("金额（元）") if group is Group.COUNTS else _("没有达到的条件"), number=group is Group.COUNTS)],
    }  # fmt: skip
    return render(request, "portal/due/roster.html", context)


def _group(typed: str, found: Roster) -> Group:
    """The group that was asked for, otherwise the first that holds anybody."""
    if typed in set(Group):
        return Group(typed)
    return next((g for g in Group if found.ids[g]), Group.COUNTS)
