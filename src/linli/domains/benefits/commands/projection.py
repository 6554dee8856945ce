"""Filling the facts from what the bureau has: its register of people, answers of other departments, cases that were closed.

Each act is projected when it happens; every night everything is gone through again, so that nothing is lost for good and what the
bureau's own records go on saying stays fresh. Telling the same thing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from linli.domains.benefits.commands.facts import learn
from linli.domains.benefits.commands.feeds import tell_certified
from linli.domains.benefits.permissions import LEARN
from linli.domains.benefits.projection import Register, projection, still_told_on
from linli.domains.benefits.queries.certification import receiving_after
from linli.domains.cases.queries.outcomes import Ended, ended, ended_since
from linli.domains.exchange.queries import answered_since, told_for
from linli.domains.people.queries import recognised
from linli.domains.people.queries.register import registered, verified_after, whose_number
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import local_date
from linli.kernel.jobs import defer

_CHUNK = 500
_LOOK_BACK = timedelta(days=40)  # for answers whose act was missed; older ones would be stale
_BY = system(LEARN)
T = TypeVar("T")


def project_person(*, person_id: UUID, now: datetime) -> None:
    """What the register says of a person whose document was seen."""
    project_people(person_ids=[person_id], now=now)


def project_people(*, person_ids: list[UUID], now: datetime) -> None:
    """The same for several; the register is read with one query."""
    for person_id, record in registered(person_ids).items():
        _tell(projection().people, "person", person_id, record, on=local_date(now), now=now)


def project_answers(*, case_id: UUID, now: datetime) -> None:
    """What sources answered for a case, each about whom it is: often not the applicant."""
    for told in told_for(case_id):
        register = projection().exchange.get(told.interface)
        for subject in register.tells if register and told.number else ():
            about = whose_number(told.number, is_employer=subject == "employer")
            if register and about:
                _tell(register, subject, about, told.values, on=told.as_of, now=now)


def project_case(*, case_id: UUID, now: datetime) -> None:
    """What a closed case tells of its applicant."""
    if case := ended(case_id):
        _of_case(case, now)


def _of_case(case: Ended, now: datetime) -> None:
    register = projection().cases.get(case.item_code)
    subject = "employer" if case.is_employer else "person"
    about = case.applicant_id if case.is_employer else recognised(case.applicant_id)
    if register and (case.is_employer or registered([about])):
        _tell(register, subject, about, {}, on=still_told_on(local_date(case.decided_at), register.days, local_date(now)), now=now)


def _tell(
    register: Register, subject: str, about: UUID, record: Mapping[str, Any], *, on: date, now: datetime, by: Actor = _BY
) -> None:
    for source, values in register.told(subject, record).items():
        learn(subject=subject, subject_id=about, source=source, values=values, on=on, by=by, now=now)


# -- every night -----------------------------------------------------------------------------------------------------


def project_chunk(*, of: str, after: UUID | None, now: datetime) -> UUID | None:
    """Go through the next few of all people, receivers, answered cases or closed cases; the last of them, None at the end."""
    cases = projection().cases
    if of == "certified":
        ids = receiving_after(after, size=_CHUNK)
        tell_certified(ids, now=now)
        return _last(ids, lambda i: i)
    if of == "people":
        ids = verified_after(after, size=_CHUNK)
        project_people(person_ids=ids, now=now)
        return _last(ids, lambda i: i)
    if of == "answers":
        ids = answered_since(now - _LOOK_BACK, after=after, size=_CHUNK)
        for case_id in ids:
            project_answers(case_id=case_id, now=now)
        return _last(ids, lambda i: i)
    longest = timedelta(days=max((r.days for r in cases.values()), default=0))
    rows = ended_since(now - longest, items=list(cases), after=after, size=_CHUNK)
    for case in rows:
        _of_case(case, now)
    return _last(rows, lambda case: case.case_id)


def _last(rows: list[T], key: Callable[[T], UUID]) -> UUID | None:
    return key(rows[-1]) if len(rows) == _CHUNK else None


def project_on(*, of: str, after: UUID | None, now: datetime) -> None:
    """One chunk, and a job for the next."""
    if last := project_chunk(of=of, after=after, now=now):
        defer("benefits.project_all", of=of, after=str(last))


def project_everything() -> None:
    """Begin to go through all that may tell something."""
    for of in ("people", "certified", "answers", "cases"):
        defer("benefits.project_all", of=of, after=None)
