"""What a clerk does with one press of a key: several commands as one, so that either all of it happens or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.domains.cases.commands.intake import (
    Applicant,
    Missing,
    accept_case,
    attached,
    receive_correction,
    remember_form,
    request_correction,
    save_form,
    start_case,
    submit_case,
)
from linli.domains.cases.commands.papers import seal_notice
from linli.domains.cases.form import check_form
from linli.domains.cases.lifecycle import State
from linli.domains.cases.permissions import ACCEPT
from linli.domains.cases.queries import case_for, counter_cases, counter_paper, prefill
from linli.domains.cases.queries.counter import fitting
from linli.domains.catalog.queries import get_standard
from linli.domains.documents.commands import NotInThisState
from linli.domains.people.commands import view_employer, view_person
from linli.domains.trace.commands import once
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date


@once
def open_draft(*, item_code: str, applicant: Applicant, region: str = "", by: Actor, now: datetime) -> UUID:
    """Open a draft and fill its form with what the bureau already knows of the applicant; the looking is recorded."""
    case_id = start_case(item_code=item_code, applicant=applicant, region=region, by=by, now=now)
    standard = get_standard(case_for(case_id, by=by, among=counter_cases(by)).standard_id)
    if applicant.is_employer:
        facts = view_employer(employer_id=applicant.id, by=by, now=now, case=case_id)
    else:
        facts = view_person(person_id=applicant.id, by=by, now=now, case=case_id)
    values = prefill(standard, facts, employer=applicant.is_employer, today=local_date(now))
    save_form(case_id=case_id, values=fitting(standard, values, local_date(now)), by=by, now=now)
    return case_id


@once
def receive_draft(*, case_id: UUID, values: Mapping[str, Any], version: int, by: Actor, now: datetime) -> str:
    """Keep the form as typed and receive the case; returns its number."""
    _check_whole(case_id, values, by, now)
    save_form(case_id=case_id, values=values, version=version, by=by, now=now)
    return submit_case(case_id=case_id, by=by, now=now)


@once
def accept_at_counter(*, case_id: UUID, values: Mapping[str, Any], version: int, by: Actor, now: datetime) -> UUID:
    """Keep the form as typed, receive the case or its correction if that is still to do, and accept it.

    What the form told that will be asked again is remembered. Returns the acceptance notice; raises what those raise.
    """
    by.must(ACCEPT)
    _check_whole(case_id, values, by, now)
    save_form(case_id=case_id, values=values, version=version, by=by, now=now)
    _bring_in(case_id, by, now)
    document = accept_case(case_id=case_id, by=by, now=now)
    remember_form(case_id=case_id, by=by, now=now)
    return document


def _check_whole(case_id: UUID, values: Mapping[str, Any], by: Actor, now: datetime) -> None:
    """Name everything that is wrong or missing in the form at once, and not first the one and then the other."""
    case = case_for(case_id, by=by, among=counter_cases(by))
    standard = get_standard(case.standard_id)
    check_form(standard.form, values, today=local_date(now), attached=attached(case, standard))


def _bring_in(case_id: UUID, by: Actor, now: datetime) -> None:
    match case_for(case_id, by=by, among=counter_cases(by)).state:
        case State.DRAFT:
            submit_case(case_id=case_id, by=by, now=now)
        case State.CORRECTION_REQUESTED:
            receive_correction(case_id=case_id, by=by, now=now)


@once
def notify_missing(*, case_id: UUID, missing: Sequence[Missing], version: int, by: Actor, now: datetime) -> UUID | None:
    """Receive the case if it is still a draft, and tell the applicant everything that is missing.

    Returns the notice, or None where the law has the case accepted by now (see ``request_correction``).
    """
    by.must(ACCEPT)
    if case_for(case_id, by=by, among=counter_cases(by)).state == State.DRAFT:
        submit_case(case_id=case_id, version=version, by=by, now=now)
        return request_correction(case_id=case_id, missing=missing, by=by, now=now)
    return request_correction(case_id=case_id, missing=missing, version=version, by=by, now=now)


@once
def receive_back(*, case_id: UUID, values: Mapping[str, Any], version: int, by: Actor, now: datetime) -> None:
    """Keep the form as corrected and note that everything the notice asked for has come in."""
    save_form(case_id=case_id, values=values, version=version, by=by, now=now)
    receive_correction(case_id=case_id, by=by, now=now)


def make_ready_to_print(*, case_id: UUID, document_id: UUID, by: Actor, now: datetime) -> None:
    """Seal a notice of a case at this counter that nobody has sealed yet: who waits for the paper does not wait for the job.

    The room vouches for the clerk as it does for the job: a notice is part of an act that was allowed.
    """
    counter_paper(case_id, document_id, by=by)
    with suppress(NotInThisState):  # the job was quicker
        seal_notice(document_id=document_id, by=replace(by, permissions=by.permissions | {"documents.seal"}), now=now)


__all__ = [
    "accept_at_counter", "make_ready_to_print", "notify_missing", "open_draft", "receive_back", "receive_draft",
]  # fmt: skip
