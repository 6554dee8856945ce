"""A form that an employer fills in about somebody: what is known of the employer stands in its own fields and no other."""

from __future__ import annotations

import pytest

from linli.domains.cases.queries import prefill
from linli.domains.catalog.queries import in_force
from linli.domains.people.queries import employer_facts
from linli.testing.online import TODAY

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("item", ["employee-enrolment", "special-trade-early-retirement", "archive-custody", "normal-retirement"])
def test_the_name_of_an_employee_is_never_the_employers(world, item):
    facts = employer_facts(world.people["employer"]) | {"bank_account": "6222000000000000", "phone": "01000000000"}
    standard = in_force(item, region="770121", on=TODAY).standard
    known = prefill(standard, facts, employer=True, today=TODAY)
    assert {"name", "id_number"} & {f.name for f in standard.form} and not {"name", "id_number", "phone", "bank_account"} & set(
        known
    )
    if any(f.name == "org_name" for f in standard.form):
        assert known["org_name"] == facts["org_name"]
