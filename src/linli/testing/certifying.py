"""People who receive long-term benefits, for tests of certification."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from linli.domains.benefits.commands import enrol
from linli.kernel.actors import system

TELLER = system("benefits.learn")
VILLAGE = "770121100201"


def receive(
    *people: UUID, benefit: str = "pension", since: date = date(2020, 1, 1), region: str = VILLAGE, birth: date = date(1955, 1, 1)
) -> None:
    """Let the facts say that some people receive a benefit, as a register that was loaded whole does, and the nightly job enrol them."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO benefits_person_facts (subject_id, region, long_term_benefit, pension_since, birth) VALUES (%s, %s, %s, %s, %s)",
            [(person, region, benefit, since, birth) for person in people],
        )
    enrol(by=TELLER, now=timezone.now())


def receive_many(number: int, *, since: date, region: str = VILLAGE) -> None:
    """Receivers of whom the register of people knows nothing."""
    receive(*(uuid4() for _ in range(number)), benefit="resident_pension", since=since, region=region)
