"""No window can turn anyone away: what is no item becomes a demand with an owner and a date, seen by those it concerns."""

from datetime import date
from io import BytesIO

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from linli.domains.documents.queries import pdf
from linli.domains.org.queries import calendar
from linli.domains.voice.commands import DemandIncomplete, Wish, register_demand
from linli.domains.voice.queries import Demand, demand_for, visible_demands
from linli.kernel.errors import LinliError, NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing.concurrency import at_once
from linli.testing.record import events_on
from linli.testing.story import at

NOW = at("2026-02-13 16:00")  # the Friday before the Spring Festival
WISH = Wish("村里的公交车晚上七点就没有了", "希望延长到九点")


def register(world, who="clerk", wish=WISH, **more):
    return register_demand(name=more.pop("name", "赵示例"), wish=wish, by=world.actor(who), now=more.pop("now", NOW), **more)


def seen(world, who):
    return set(visible_demands(world.actor(who)).values_list("pk", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "owner"), [("clerk", "bureau"), ("elsewhere", "county"), ("village", "county"), ("manager", "bureau")]
)
def test_whoever_registers_it_there_is_an_owner_and_a_date(world, settings, who, owner):
    demand = Demand.objects.get(pk=register(world, who))
    assert demand.owner_id == world.orgs[owner]
    due = calendar().add_working_days(date(2026, 2, 13), settings.ENV.demand_days)
    assert demand.due_on == due > date(2026, 2, 23)  # the holiday does not count
    assert demand.answered_at is None
    act, noted = events_on(demand.pk)[0]
    assert act == "voice.registered"
    assert (noted["number"], noted["owner"], noted["due"]) == (demand.number, str(world.orgs[owner]), due.isoformat())


@pytest.mark.django_db
def test_the_table_itself_refuses_a_demand_without_owner_or_date(world):
    pk = register(world)
    for column in ("owner_id", "due_on", "number"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE voice_demand SET {column} = NULL WHERE id = %s", [pk])


@pytest.mark.django_db
def test_what_somebody_said_is_ciphertext_in_the_table(world):
    pk = register(world, phone="10000000077")
    with connection.cursor() as cursor:
        cursor.execute("SELECT d::text FROM voice_demand d WHERE id = %s", [pk])
        row = cursor.fetchone()[0]
    for secret in (WISH.summary, WISH.wish, "10000000077"):
        assert secret not in row and secret.encode().hex() not in row
    demand = Demand.objects.get(pk=pk)
    assert (demand.summary.open(), demand.wish.open(), demand.phone.open()) == (WISH.summary, WISH.wish, "10000000077")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "field"), [({"name": "  "}, "name"), ({"wish": Wish(" ")}, "summary"), ({"phone": "12"}, "phone")]
)
def test_what_is_missing_is_named_and_nothing_is_kept(world, wrong, field):
    with pytest.raises(LinliError) as refused:
        register(world, **wrong)
    assert refused.value.field == field
    assert isinstance(refused.value, DemandIncomplete) or field == "phone"
    assert not Demand.objects.exists()


@pytest.mark.django_db
def test_only_posts_at_a_counter_or_above_it_register(world):
    for who in ("reviewer-1", "issuer", "auditor", "editor"):
        with pytest.raises(NotAllowed):
            register(world, who)
    assert not Demand.objects.exists()


@pytest.mark.django_db
def test_seen_by_the_counter_that_took_it_and_by_who_supervises_its_owner(world):
    here, county, village = register(world, "clerk"), register(world, "elsewhere"), register(world, "village")
    assert seen(world, "clerk") == seen(world, "second-clerk") == {here}
    assert seen(world, "elsewhere") == {county}
    assert seen(world, "village") == {village}
    assert seen(world, "manager") == {here}
    assert seen(world, "manager-elsewhere") == {county, village}
    assert seen(world, "leader") == {here, county, village}
    for who in ("reviewer-1", "approver-1", "issuer", "editor", "administrator", "security", "auditor"):
        assert seen(world, who) == set()


@pytest.mark.django_db
def test_who_answers_for_the_counter_reads_what_it_took_in_for_others(world):
    passed_on = register(world, "elsewhere", owner_id=world.orgs["bureau"])  # a county's counter, the city's to answer
    assert seen(world, "manager-elsewhere") == seen(world, "manager") == seen(world, "leader") == {passed_on}
    assert seen(world, "clerk") == seen(world, "village") == set()


@pytest.mark.django_db
def test_what_the_list_does_not_show_is_not_found(world):
    pk = register(world)
    assert demand_for(pk, by=world.actor("clerk")).pk == pk
    for who in ("elsewhere", "manager-elsewhere", "village", "reviewer-1"):
        with pytest.raises(NotFound) as refused:
            demand_for(pk, by=world.actor(who))
        with pytest.raises(NotFound) as unknown:
            demand_for(uuid7(), by=world.actor(who))
        assert str(refused.value) == str(unknown.value)  # nothing tells what is there from what is not


@pytest.mark.django_db
def test_the_person_gets_a_receipt_that_names_owner_and_date(world):
    demand = Demand.objects.get(pk=register(world))
    said = (
        "".join(page.extract_text() for page in PdfReader(BytesIO(pdf(demand.document_id))).pages)
        .replace(" ", "")
        .replace("\n", "")
    )
    assert demand.number in said
    assert "云岭市人力资源和社会保障局" in said
    assert f"{demand.due_on.year}年{demand.due_on.month}月{demand.due_on.day}日" in said


@pytest.mark.django_db
def test_a_long_list_costs_no_more_queries(world):
    def cost():
        with CaptureQueriesContext(connection) as asked:
            for demand in visible_demands(world.actor("manager"))[:20]:
                assert demand.owner.name
        return len(asked)

    register(world)
    few = cost()
    for n in range(8):
        register(world, name=f"某{n}")
    assert cost() == few


def test_numbers_and_keys_under_a_crowd(committed_db, world):
    """Every demand its own number without a gap; one key, one demand."""
    key = uuid7()
    jobs = [lambda n=n: register(world, name=f"某{n}", key=uuid7()) for n in range(20)] + [lambda: register(world, key=key)] * 20
    made = at_once(jobs)
    assert not [m for m in made if isinstance(m, Exception)]
    assert len(set(made)) == 21
    numbers = sorted(Demand.objects.values_list("number", flat=True))
    assert [int(n[-6:-1]) for n in numbers] == list(range(1, 22))
