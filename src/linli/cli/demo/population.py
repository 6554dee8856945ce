"""Invented residents and employers with valid check digits; the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Any
from uuid import UUID

import yaml
from django.db import transaction

from linli.cli.demo.city import City
from linli.domains.people.commands import learn, register_employer, register_person
from linli.domains.people.queries import Gender, IdType
from linli.kernel.actors import Actor, system
from linli.kernel.identifiers import credit_code_with_checks, id_number_with_check

_BATCH = 100


@dataclass
class Population:
    persons: list[UUID] = field(default_factory=list)
    employers: list[UUID] = field(default_factory=list)
    names: dict[UUID, str] = field(default_factory=dict)
    numbers: dict[UUID, str] = field(default_factory=dict)


def populate(city: City, *, residents: int, employers: int, progress: Callable[[int, int], None], seed: int = 7701) -> Population:
    """Register residents and employers through the commands; some with what earlier forms told (bank account, schooling)."""
    dice = random.Random(seed)
    names: dict[str, Any] = yaml.safe_load((resources.files("linli.cli.demo") / "data/names.yaml").read_text("utf-8"))
    villages = [r for r in city.regions if len(r) == 12] + [r for r in city.regions if len(r) == 6] * 3
    by, now = system("people.register", device="linli demo"), datetime.now(UTC)
    found = Population()
    total = residents + employers
    # In batches: what is committed at once is written to disk at once.
    for first in range(0, residents, _BATCH):
        with transaction.atomic():
            for number in range(first, min(first + _BATCH, residents)):
                _resident(found, number, dice, names, villages, by, now)
        progress(min(first + _BATCH, residents), total)
    with transaction.atomic():
        for number in range(employers):
            _employer(found, number, dice, names, city, by, now)
    progress(total, total)
    return found


def _resident(
    found: Population, number: int, dice: random.Random, names: dict[str, Any], villages: list[str], by: Actor, now: datetime
) -> None:
    region = dice.choice(villages)
    name = names["rare"][number % len(names["rare"])] if number % 97 == 0 else _name(dice, names)
    gender = dice.choice([Gender.MALE, Gender.FEMALE])
    id_number = _id_number(dice, region, gender, number)
    person = register_person(
        name=name, id_type=IdType.CITIZEN, id_number=id_number, gender=gender,
        phone=f"1000{number:07d}", address=f"{dice.choice(names['streets'])}{dice.randint(1, 199)}号", region=region, by=by, now=now,
    )  # fmt: skip
    found.persons.append(person)
    found.names[person], found.numbers[person] = name, id_number
    if number % 3 == 0:
        facts = {
            "education": dice.choice(["初中", "高中（中专、技校）", "大学专科", "大学本科"]), "bank_name": "云岭农村商业银行",
            "bank_account": _card(dice), "household_place": "示例省云岭市",
        }  # fmt: skip
        learn(party_id=person, is_employer=False, facts=facts, by=by, now=now)


def _employer(
    found: Population, number: int, dice: random.Random, names: dict[str, Any], city: City, by: Actor, now: datetime
) -> None:
    region = dice.choice([r for r in city.regions if len(r) == 6])
    stem = f"云岭{dice.choice('宏鑫恒瑞嘉安盛达源泰')}{dice.choice('远通和成峰润华景')}"
    name = f"{stem}{dice.choice(names['trades'])}{dice.choice(names['forms'])}（{number + 1:03d}）"
    credit_code = credit_code_with_checks(f"91{region}{dice.randint(10**7, 10**8 - 1)}")
    employer = register_employer(
        name=name, credit_code=credit_code,
        legal_representative=_name(dice, names), phone=f"0770-{dice.randint(2_000_000, 8_999_999)}",
        address=f"{dice.choice(names['streets'])}{dice.randint(1, 199)}号", region=region, by=by, now=now,
    )  # fmt: skip
    facts = {
        "handler_name": _name(dice, names), "handler_phone": f"1001{number:07d}", "bank_name": "云岭农村商业银行", "bank_account": _card(dice),
    }  # fmt: skip
    learn(party_id=employer, is_employer=True, facts=facts, by=by, now=now)
    found.employers.append(employer)
    found.names[employer], found.numbers[employer] = name, credit_code


def _name(dice: random.Random, names: dict[str, Any]) -> str:
    given = dice.choice(names["given"]) + (dice.choice(names["given"]) if dice.random() < 0.65 else "")
    return dice.choice(names["family"]) + given


def _id_number(dice: random.Random, region: str, gender: Gender, number: int) -> str:
    born = date(1946, 1, 1) + timedelta(days=dice.randint(0, 60 * 365))
    # The sequence is odd for men and even for women, and different for people born in one place on one day.
    sequence = (number * 2 + (1 if gender is Gender.MALE else 0)) % 1000
    return id_number_with_check(f"{region[:6]}{born:%Y%m%d}{sequence:03d}")


def _card(dice: random.Random) -> str:
    """A card number that satisfies Luhn and belongs to no bank (the prefix is not assigned)."""
    from stdnum import luhn

    body = "6299" + "".join(str(dice.randint(0, 9)) for _ in range(14))
    return body + str(luhn.calc_check_digit(body))
