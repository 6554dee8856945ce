"""Materials that arrive by themselves: what a case tells the sources, and what their answers make of its materials."""

from __future__ import annotations

from typing import Any

from linli.domains.cases.grounds import MaterialState, Received
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case, CaseMaterial
from linli.domains.catalog.queries import Standard, known_facts
from linli.domains.exchange.queries import Shared, any_connected
from linli.domains.people.queries import employer_facts, person_facts
from linli.kernel.actors import Actor
from linli.kernel.jobs import defer

OPEN_TO_SOURCES = (MaterialState.WILL_VERIFY, MaterialState.OWED)
_BEFORE_ACCEPTANCE = (State.DRAFT, State.SUBMITTED, State.CORRECTION_REQUESTED)


def want_shared(case: Case, standard: Standard, *, by: Actor) -> None:
    """Have the sources asked as soon as what is being done is committed; nothing to do where none is connected."""
    if any(m.from_departments for m in standard.materials) and any_connected():
        defer("cases.ask_departments", case_id=str(case.pk), user_id=str(by.user_id) if by.user_id else None)


def facts_of(case: Case, standard: Standard) -> dict[str, str]:
    """What a query may be made of: the form as far as it is filled, and what is known of the applicant.

    A field of the form that is empty stays in as such where nothing is known to fill it with: it is about somebody who has yet
    to be named, and the applicant's own number must not stand in.
    """
    known = employer_facts(case.applicant_id) if case.applicant_is_employer else person_facts(case.applicant_id)
    means = known_facts(standard, employer=case.applicant_is_employer)
    form: dict[str, Any] = case.form.open_json()
    facts = dict(known)
    for field in standard.form:
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
