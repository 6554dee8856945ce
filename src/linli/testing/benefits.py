"""What registers tell about the people of the invented city, as benefits ask for it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from linli.domains.benefits.commands import learn
from linli.domains.people.commands import register_person
from linli.domains.people.queries import Gender, IdType
from linli.kernel.actors import system
from linli.kernel.calendar import local_date
from linli.kernel.ids import uuid7
from linli.testing.rosters import someone
from linli.testing.world import BUILDER, COUNTY, World

TELLER = system("benefits.learn")


def tell(subject: str, subject_id: UUID, source: str, **values: Any) -> None:
    """A source says today what it knows of somebody."""
    now = timezone.now()
    more = {k: values.pop(k) for k in ("employer_id", "person_id") if k in values}
    learn(subject=subject, subject_id=subject_id, source=source, values=values, on=local_date(now), by=TELLER, now=now, **more)


def old(person_id: UUID, years: int = 85, **more: Any) -> None:
    """Somebody old who is alive, lives here and has no allowance yet."""
    today = local_date(timezone.now())
    tell("person", person_id, "household", birth=date(today.year - years, 1, 1), local_household=True)
    tell("person", person_id, "vital", death_sources=0, life_strong_on=today)
    tell("person", person_id, "civil", elderly_allowance_paid=False, **more)


def hire(world: World, n: int, **more: Any) -> None:
    """A graduate whom the employer took on and pays premiums for; ``more`` is what is different."""
    now = timezone.now()
    person = register_person(
        name=f"职工{n:03d}", id_type=IdType.CITIZEN, id_number=someone(n), gender=Gender.MALE, phone="", address="", region=COUNTY,
        by=BUILDER, now=now,
    )  # fmt: skip
    told: dict[str, dict[str, Any]] = {
        "employment": {"hire_kind": "graduate_this_year", "contract_months": 24}, "contributions": {"employer_premiums": 150_000},
        "benefits": {"subsidy_months": 0}, "business": {"size": "small"},
    }  # fmt: skip
    hire_id = uuid7()
    for source, values in told.items():
        mine = {name: more.get(name, value) for name, value in values.items()}
        tell("hire", hire_id, source, employer_id=world.people["employer"], person_id=person, **mine)
