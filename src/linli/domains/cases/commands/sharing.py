"""Asking other departments for what a case needs, and taking in what they answer. Nobody waits for it but who wants to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from linli.domains.cases import sharing
from linli.domains.cases.grounds import Received
from linli.domains.cases.lifecycle import FINAL
from linli.domains.cases.models import Case, CaseMaterial
from linli.domains.cases.moves import lock, subject
from linli.domains.cases.permissions import RECEIVE, at_counter
from linli.domains.catalog.queries import get_standard
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import (
    Shared,
    any_connected,
    fills_of,
    never_asked,
    shared_of,
    still_waiting,
    subjects_waiting,
    whole_line,
)
from linli.domains.people.commands import employer_subject, person_subject
from linli.domains.people.queries import Purpose, is_verified
from linli.domains.trace.commands import Act, record, record_all
from linli.kernel.actors import Actor, Channel, system
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.jobs import defer_many
from linli.kernel.text import msg

PATIENCE = 3.0  # seconds a clerk waits who asked for it


def ask_departments(*, case_id: UUID, user_id: UUID | None = None, attended: bool = False, now: datetime) -> list[UUID]:
    """Ask for every material of a case that others hold and that has not come in; returns the new questions. Safe to repeat.

    Of an applicant who only says who they are nothing is asked until a clerk has accepted the case, or is there (``attended``).
    """
    case = Case.objects.filter(pk=case_id).first()
    if case is None or case.state in FINAL:
        return []
    if not (attended or case.accepted_at or case.applicant_is_employer or is_verified(case.applicant_id)):
        return []
    standard = get_standard(case.standard_id)
    lacking = Q(state__in=sharing.OPEN_TO_SOURCES) | Q(received=Received.SHARED)  # a shared one is looked at again: facts change
    codes = set(CaseMaterial.objects.filter(lacking, case=case).values_list("code", flat=True))
    wanted = [exchange.Wanted(m.code, m.name, m.issued_by) for m in standard.materials if m.from_departments and m.code in codes]
    if not wanted:
        return []
    about = exchange.About(case.pk, case.item_code, case.region, case.org_id, case.hall_id, case.applicant_id)
    by = Actor(user_id=user_id, org_id=case.org_id, hall_id=case.hall_id, channel=Channel(case.channel))
    return exchange.ask(about=about, wanted=wanted, facts=sharing.facts_of(case, standard), by=by, now=now)


@transaction.atomic
def take_in_shared(*, case_id: UUID, now: datetime) -> list[str]:
    """Turn what the sources answered into materials the case has; returns their codes. Safe to repeat.

    The version of the case stays: somebody who is typing, or deciding, is not told that the case has changed under their hands.
    """
    case = lock(case_id)
    if case is None or case.state in FINAL:
        return []
    shared, listed = shared_of(case_id), list(CaseMaterial.objects.filter(case=case).order_by("code"))
    changed = [row for row in listed if sharing.settle(row, shared.get(row.code), case)]
    # What a department says is for the applicant and the bureau: another system reads the form of the cases it brings.
    fillable = case.state in sharing.FILLABLE and case.client_id is None
    filled = _fill_in(case, listed, shared, now) if fillable else {}
    acts = []
    for row in changed:
        row.save(update_fields=["state", "received", "settled_at"])
        found = shared.get(row.code)
        if row.received and found:
            noted = {"material": row.code, "source": found.source, "receipt": found.question_id, "answer": found.digest}
            acts.append(Act("cases.material_arrived", noted))
        else:
            acts.append(Act("cases.material_outdated", {"material": row.code}))
    acts += [Act("cases.form_filled", {"material": code, "fields": fields}) for code, fields in filled.items()]
    if acts:
        record_all(acts, subject=subject(case_id), by=system(device="exchange"), at=now)
    return [row.code for row in changed]


def _fill_in(case: Case, listed: Sequence[CaseMaterial], shared: Mapping[str, Shared], now: datetime) -> dict[str, list[str]]:
    """Let what was answered stand in empty fields of the form; returns which fields by material. The version stays, as above."""
    if not any(row.filled_from or row.received == Received.SHARED for row in listed):
        return {}
    form, standard = case.form.open_json(), get_standard(case.standard_id)
    kept, before = dict(form), fills_of(row.filled_from for row in listed if row.filled_from)
    looked_at = [
        row for row in listed if sharing.fill(row, shared.get(row.code), form, standard, before=before, today=local_date(now))
    ]
    for row in looked_at:
        row.save(update_fields=["filled", "filled_from"])
    if form != kept:
        case.form = form
        case.save(update_fields=["form"])
    return {row.code: sorted(row.filled) for row in looked_at if row.filled}


def fetch_shared(*, case_id: UUID, by: Actor, now: datetime) -> list[str]:
    """Ask right now, at the counter, and wait a moment for the answers; returns the materials that came in.

    What does not come in time goes on being asked for by itself.
    """
    by.must(RECEIVE)
    case = Case.objects.filter(pk=case_id).first()
    if case is None or not at_counter(by, case):
        raise NotFound(what=msg("这件办件"))
    ask_departments(case_id=case_id, user_id=by.user_id, attended=True, now=now)
    exchange.fetch(question_ids=still_waiting(case_id), now=now, deadline=PATIENCE)
    exchange.fetch(
        question_ids=still_waiting(case_id), now=now, deadline=PATIENCE, due_only=True
    )  # the next source, if one had no record
    return take_in_shared(case_id=case_id, now=now)


@transaction.atomic  # not `once`, which would keep the answer
def show_shared(*, case_id: UUID, field: str, purpose: Purpose, by: Actor, now: datetime) -> str:
    """Show what another department said, where it is masked, whole at the counter, for a stated purpose; the applicant can see that
    it was looked at. ``field`` is the material's code and the field of the answer, ``material.field``. Raises :class:`NotFound`.
    """
    by.must(RECEIVE)
    case = Case.objects.filter(pk=case_id).first()
    if case is None or not at_counter(by, case):
        raise NotFound(what=msg("这件办件"))
    return look_at_shared(case, field, purpose=purpose, by=by, now=now)


def look_at_shared(case: Case, field: str, *, purpose: Purpose, by: Actor, now: datetime) -> str:
    """The same for whoever is known to have the case in hand."""
    material, _dot, name = field.partition(".")
    shared = shared_of(case.pk).get(material)
    found = whole_line(shared.question_id, name) if shared else None
    if found is None:
        raise NotFound(what=msg("该字段"))
    line, value = found
    whose = employer_subject(case.applicant_id) if case.applicant_is_employer else person_subject(case.applicant_id)
    record("people.shown_whole", subject=whose, by=by, at=now, field=line.label, purpose=purpose, case=case.pk)
    return value


_AT_ONCE = 500


def mind_sources(*, now: datetime) -> int:
    """Ask for open cases that were never asked for (their sources were connected later), and stop asking for those that are over.

    Returns how many cases will be asked for.
    """
    if not any_connected():
        return 0
    waiting = subjects_waiting()
    over = Case.objects.filter(pk__in=waiting, state__in=FINAL).values_list("pk", flat=True)
    for case_id in over:
        exchange.withdraw(subject_id=case_id, by=system(device="exchange"), now=now)
    found = 0
    lacking = CaseMaterial.objects.filter(state__in=sharing.OPEN_TO_SOURCES).exclude(case__state__in=FINAL)
    last = UUID(int=0)
    while ids := list(lacking.filter(case_id__gt=last).order_by("case_id").values_list("case_id", flat=True).distinct()[:_AT_ONCE]):
        last = ids[-1]
        never = never_asked(ids)
        calls: list[Mapping[str, Any]] = [{"case_id": str(i), "user_id": None} for i in never]
        if calls:
            defer_many("cases.ask_departments", calls)
        found += len(never)
    return found


__all__ = ["ask_departments", "fetch_shared", "look_at_shared", "mind_sources", "show_shared", "take_in_shared"]
