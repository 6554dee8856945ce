"""Where people and employers are paid, for rooms that pay many at once."""

import pytest

from linli.domains.people.commands import learn
from linli.domains.people.queries import BankAccount, bank_accounts
from linli.kernel.ids import uuid7
from linli.testing.story import at
from linli.testing.world import BUILDER

NOW = at("2026-03-02 10:00")
pytestmark = pytest.mark.django_db


def test_accounts_of_people_and_employers_come_together(world, django_assert_num_queries):
    person, employer, neighbour = (world.people[n] for n in ("applicant", "employer", "neighbour"))
    learn(
        party_id=person,
        is_employer=False,
        facts={"bank_name": "示例银行", "bank_account": "6299021234567890126"},
        by=BUILDER,
        now=NOW,
    )
    learn(
        party_id=employer, is_employer=True, facts={"bank_name": "示例农商行", "bank_account": "80001234567"}, by=BUILDER, now=NOW
    )
    with django_assert_num_queries(2):
        found = bank_accounts([person, employer, neighbour, uuid7()])
    assert found[person] == BankAccount("赵示例", "示例银行", "6299021234567890126")
    assert found[employer] == BankAccount("云岭示例服务有限公司", "示例农商行", "80001234567")
    assert found[neighbour].number == "" and len(found) == 3
