"""Materials that arrive by themselves: what a case tells the sources, and what their answers make of its materials."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from linli.domains.cases.form import check_form
from linli.domains.cases.grounds import MaterialState, Received
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case, CaseMaterial
from linli.domains.catalog.queries import Standard, known_facts
from linli.domains.exchange.queries import Interface, Shared, any_connected, covering
from linli.domains.people.queries import employer_facts, person_facts
from linli.kernel.actors import Actor
from linli.kernel.errors import Invalid
from linli.kernel.jobs import defer

# What is known of everybody before a form is filled in.
_OF_PERSON, _OF_EMPLOYER = frozenset({"name", "id_number"}), frozenset({"org_name", "credit_code"})
OPEN_TO_SOURCES = (MaterialState.WILL_VERIFY, MaterialState.OWED)
FILLABLE = (State.DRAFT, State.SUBMITTED)
_BEFORE_ACCEPTANCE = (State.DRAFT, State.SUBMITTED, State.CORRECTION_REQUESTED)


def want_shared(case: Case, standard: Standard, *, by: Actor) -> None:
    """Have the sources asked as soon as what is being done is committed; nothing to do where none is connected."""
    if any(m.from_departments for m in standard.materials) and any_connected():
        defer("cases.ask_departments", case_id=str(case.pk), user_id=str(by.user_id) if by.user_id else None)


def unaskable(standard: Standard) -> list[tuple[str, str]]:
    """Materials of a standard that the bureau says it gets itself, and about which no interface can be asked: the form does not say
    of whom; by the kind of applicant. Such a material would be owed for ever: the form must ask for a number, or the applicant for it.
    """
    found = []
    for kind in standard.applicant_kinds:
        places = {f.name for f in standard.typed if f.required} | (_OF_EMPLOYER if kind == "employer" else _OF_PERSON)
        for m in standard.materials:
            if m.from_departments and not any(_can_ask(face, places) for face in covering(m.name, m.issued_by)):
                found.append((m.name, str(kind)))
    return found


def _can_ask(face: Interface, places: Collection[str]) -> bool:
    return all(any(fact in places for fact in field.takes) for field in face.request if field.required)


def facts_of(case: Case, standard: Standard) -> dict[str, str]:
    """What a query may be made of: the form as far as it is filled, and what is known of the applicant.

    A field of the form that is empty stays in as such where nothing is known to fill it with: it is about somebody who has yet
    to be named, and the applicant's own number must not stand in.
    """
    known = employer_facts(case.applicant_id) if case.applicant_is_employer else person_facts(case.applicant_id)
    means = known_facts(standard, employer=case.applicant_is_employer)
    form: dict[str, Any] = case.form.open_json()
    facts = dict(known)
    for field in standard.typed:
        said = form.get(field.name)
        facts[field.name] = str(said) if isinstance(said, str | int) and said else known.get(means.get(field.name, ""), "")
    return facts


def settle(row: CaseMaterial, shared: Shared | None, case: Case) -> bool:
    """What an answer makes of a material; whether it changed. What the applicant handed in themselves is never touched."""
    if shared is not None and shared.usable and row.state in OPEN_TO_SOURCES:
        row.state, row.received, row.settled_at = MaterialState.HAVE, Received.SHARED, shared.at
        return True
    if row.received == Received.SHARED and (shared is None or not shared.usable):  # asked anew since, about somebody else
        before = case.state in _BEFORE_ACCEPTANCE
        row.state, row.received = MaterialState.WILL_VERIFY if before else MaterialState.OWED, ""
        row.settled_at = None
        return True
    return False


# -- what an answer says in the form ---------------------------------------------------------------------------------------


def fill(
    row: CaseMaterial,
    shared: Shared | None,
    form: dict[str, Any],
    standard: Standard,
    *,
    before: Mapping[UUID, Mapping[str, str]],
    today: date,
) -> bool:
    """Let an answer say in empty fields of a form what it knows, once; whether it was looked at now.

    A field in which something stands is left alone, but for what an earlier answer put there that no longer counts: that was said
    of somebody else. ``before`` holds what answers said by question. What was emptied since stays empty.
    """
    usable = shared is not None and shared.usable and row.received == Received.SHARED
    source = shared.question_id if usable and shared else None
    if source == row.filled_from:
        return False
    earlier = before.get(row.filled_from, {}) if row.filled_from else {}
    for name in row.filled:
        if name in form and form[name] == _taken(standard, name, earlier.get(name), today):
            del form[name]
    row.filled, row.filled_from = [], source
    for name, value in (shared.fills if usable and shared else {}).items():
        taken = _taken(standard, name, value, today)
        if taken is not None and form.get(name) in (None, "", []):
            form[name] = taken
            row.filled.append(name)
    return True


def _taken(standard: Standard, name: str, value: str | None, today: date) -> Any:
    """A value as the form would keep it; None where the form has no such field or does not take it."""
    try:
        return check_form(tuple(f for f in standard.form if f.name == name), {name: value}, today=today, complete=False).get(name)
    except Invalid:
        return None


@dataclass(frozen=True, slots=True)
class Filling:
    """Who said what stands in a field: the source, and the digest of the receipt."""

    source: str
    receipt: str


def fillings(
    rows: Iterable[CaseMaterial], shared: Mapping[str, Shared], form: Mapping[str, Any], standard: Standard, *, today: date
) -> dict[str, Filling]:
    """Which fields of a form still say what a source said of them, so that a page can tell from whom it has them."""
    found: dict[str, Filling] = {}
    for row in rows:
        answer = shared.get(row.code)
        if answer is None or not row.filled or answer.question_id != row.filled_from:
            continue
        for name in row.filled:
            if name in form and form[name] == _taken(standard, name, answer.fills.get(name), today):
                found[name] = Filling(answer.source, answer.digest)
    return found
