"""The demonstration's residents and employers are known to registers: every policy in force has somebody of whom it can be told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from linli.cli.demo.extracts import feed
from linli.cli.demo.population import Population, _id_number
from linli.domains.benefits.models import FACTS, Certification, Evidence
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.queries import facts_of, newest_check, shipped_policies, vocabulary
from linli.domains.benefits.scanning import State, assess
from linli.domains.people.commands import register_employer, register_person
from linli.domains.people.queries import Gender, IdType
from linli.kernel.actors import system
from linli.kernel.calendar import local_date
from linli.kernel.identifiers import credit_code_with_checks

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_registers_tell_the_facts_of_the_demonstration_and_most_policies_can_be_told(world, tmp_path):
    import random

    dice, now, by, people = random.Random(1), datetime.now(UTC), system("people.register"), Population()
    for number in range(300):
        gender = dice.choice([Gender.MALE, Gender.FEMALE])
        id_number = _id_number(dice, "770121", gender, number)
        person = register_person(
            name=f"孙{number}", id_type=IdType.CITIZEN, id_number=id_number, gender=gender, region="770121", by=by, now=now
        )
        people.persons.append(person)
        people.numbers[person] = id_number
    for number in range(30):
        code = credit_code_with_checks(f"91770121{number + 10_000_000}")
        employer = register_employer(
            name=f"示例{number}", credit_code=code, legal_representative="孙示例", region="770121", by=by, now=now
        )
        people.employers.append(employer)
        people.numbers[employer] = code
    steps = []
    feed(people, tmp_path / "extracts", now=now, progress=lambda done, total: steps.append((done, total)))
    assert steps[-1][0] == steps[-1][1] and not (tmp_path / "extracts").exists()
    on = local_date(now)
    known, told = {}, {}
    for subject, model in FACTS.items():
        for row in model.objects.all():
            facts = facts_of(subject, row.pk, on=on)
            known.setdefault(subject, set()).update(facts)
            for policy in shipped_policies().values():
                if policy.subject == subject and policy.runs(Figures(on, "770121")):
                    (outcome,) = assess([policy], facts, Figures(on, "770121"))
                    told.setdefault(policy.code, set()).add(outcome.state)
    for subject, facts in vocabulary().items():
        assert known[subject] >= set(facts), set(facts) - known[subject]
    assert len(told) > 10 and all(states & {State.ENTITLED, State.NOT_ENTITLED} for states in told.values()), told
    assert Certification.objects.count() > 20 and Evidence.objects.count() > 100
    measured = newest_check()
    assert measured and measured.people == Certification.objects.count() and measured.certified > measured.certified_dead
