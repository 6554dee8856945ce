"""Facts: a column for each, taken in from whoever tells them, unknown again when nobody has told them for too long."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest

from linli.domains.benefits.commands import SourceWrong, learn
from linli.domains.benefits.facts import sources_of, vocabulary
from linli.domains.benefits.models import FACTS, seen
from linli.domains.benefits.parameters import Figures, read_parameters
from linli.domains.benefits.queries import ValueWrong, facts_of, hires_of
from linli.domains.benefits.runs import within
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.errors import NotAllowed
from linli.kernel.text import Message

TELLER = system("benefits.learn")
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
FRESH = vocabulary()["person"]["birth"].source.freshness


@pytest.mark.parametrize("fact", [f for facts in vocabulary().values() for f in facts.values()], ids=lambda f: f.name)
def test_every_fact_can_be_said_on_a_page(fact):
    value = {"boolean": True, "int64": 7, "date": DAY, "string": next(iter(fact.words), "x")}[fact.kind.type]
    assert isinstance(fact.said(value), str | Message) and isinstance(fact.said(None), Message)


def tell(world, source, on=DAY, **values):
    return learn(subject="person", subject_id=world.people["applicant"], source=source, values=values, on=on, by=TELLER, now=NOW)


def known(world, on=DAY):
    return facts_of("person", world.people["applicant"], on=on)


@pytest.mark.parametrize("subject", list(FACTS))
def test_there_is_a_column_for_every_fact_and_for_every_source(subject):
    kinds = {"boolean": "BooleanField", "date": "DateField", "string": "CharField", "int64": "BigIntegerField"}
    columns = {f.name: f for f in FACTS[subject]._meta.fields}
    own = {"subject_id", "region", "told", "employer_id", "person_id"}
    assert set(columns) - own == {*vocabulary()[subject], *(seen(s) for s in sources_of(subject))}
    for name, fact in vocabulary()[subject].items():
        assert type(columns[name]).__name__ == kinds[fact.kind.type] and columns[name].null


@pytest.mark.django_db
def test_what_was_told_is_known_until_it_is_stale(world):
    assert tell(world, "household", birth=date(1960, 5, 5), sex="female")
    assert not tell(world, "household", birth=date(1960, 5, 5), sex="female")
    assert known(world) == {"birth": date(1960, 5, 5), "sex": "female"}
    assert known(world, DAY + timedelta(FRESH))["sex"] == "female"
    assert known(world, DAY + timedelta(FRESH + 1)) == {}
    acts = [e for e in timeline(world.people["applicant"]) if e.act == "benefits.learned"]
    assert len(acts) == 1 and "1960" not in str(acts[0].data)


@pytest.mark.django_db
def test_news_of_one_fact_does_not_make_another_look_fresh(world):
    tell(world, "household", birth=date(1960, 5, 5), sex="female")
    tell(world, "household", on=DAY + timedelta(20), local_household=True)
    assert set(known(world, DAY + timedelta(FRESH))) == {"birth", "sex", "local_household"}
    assert known(world, DAY + timedelta(FRESH + 1)) == {"local_household": True}


@pytest.mark.django_db(transaction=False)
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_in_which_messages_come_does_not_matter(world, order):
    messages = [
        (DAY - timedelta(9), {"sex": "male", "birth": date(1950, 1, 1), "local_household": True}),
        (DAY - timedelta(5), {"sex": "female", "local_household": None}),
        (DAY, {"birth": date(1960, 5, 5)}),
    ]
    for place in order:
        on, values = messages[place]
        tell(world, "household", on=on, **values)
    assert known(world) == {"sex": "female", "birth": date(1960, 5, 5)}
    assert known(world, DAY + timedelta(FRESH)) == {"birth": date(1960, 5, 5)}


@pytest.mark.django_db
def test_a_source_tells_only_what_is_its_own_and_in_its_own_kind(world):
    with pytest.raises(SourceWrong):
        tell(world, "household", receiving_pension=True)
    for wrong in ("2", 2, datetime(2020, 1, 1)):
        with pytest.raises(ValueWrong):
            tell(world, "household", birth=wrong)
    with pytest.raises(ValueWrong):
        tell(world, "household", sex="x")
    with pytest.raises(ValueWrong):
        tell(world, "contributions", on_job_insured=1)
    with pytest.raises(NotAllowed):
        learn(subject="person", subject_id=world.people["applicant"], source="household", values={}, on=DAY, by=system(), now=NOW)
    assert known(world) == {}


@pytest.mark.django_db
def test_hires_of_an_employer_are_read_with_one_query_however_many(world, django_assert_num_queries):
    def hire():
        learn(
            subject="hire", subject_id=uuid4(), source="employment", values={"hired_on": DAY, "contract_months": 12}, on=DAY,
            employer_id=world.people["employer"], person_id=world.people["applicant"], by=TELLER, now=NOW,
        )  # fmt: skip

    hire()
    with django_assert_num_queries(1):
        assert len(hires_of(world.people["employer"], on=DAY)) == 1
    for _ in range(5):
        hire()
    with django_assert_num_queries(1):
        found = hires_of(world.people["employer"], on=DAY)
    assert [h.facts for h in found] == [{"hired_on": DAY, "contract_months": 12}] * 6
    assert [h.id for h in hires_of(world.people["employer"], on=DAY, after=found[3].id)] == [h.id for h in found[4:]]


def test_a_place_lies_in_the_one_above_it():
    assert within("770121100201", "7701") and within("770121", "770100") and within("7701", "") and within("7701", "7701")
    assert not within("7701", "770121") and not within("771021", "770100") and within("771021", "771000")


def test_a_village_has_the_figures_of_its_county_then_of_its_city():
    text = """
x: {label: x, values: [
  {from: 2020-01-01, region: "770121", source: s, tag: V, value: 1}, {from: 2020-01-01, region: "770100", source: s, tag: V, value: 2},
  {from: 2020-01-01, source: s, tag: V, value: 3}]}
"""
    book = read_parameters(text)
    places = {"770121100201": 1, "770121": 1, "770122100": 2, "7701": 2, "7702": 3, "": 3}
    assert {place: Figures(DAY, place, book)["x"] for place in places} == places
