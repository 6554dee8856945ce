"""What is known of a person: ciphertext in the tables, masked on screens, whole only for a purpose that is recorded."""

from datetime import date

import pytest
from django.db import connection

from linli.domains.people import commands as do
from linli.domains.people.models import Employer, Person
from linli.domains.people.queries import (
    Gender,
    IdType,
    Purpose,
    employer_facts,
    find_employers,
    parties,
    person_card,
    person_facts,
)
from linli.kernel.actors import Actor, system
from linli.kernel.crypto import CannotDecrypt
from linli.kernel.errors import LinliError, NotAllowed, NotFound
from linli.kernel.identifiers import credit_code_with_checks, id_number_with_check
from linli.kernel.ids import uuid7
from linli.testing.concurrency import at_once
from linli.testing.record import events_on
from linli.testing.story import at
from linli.testing.world import COUNTY

NOW = at("2026-03-02 10:00")
NUMBER = id_number_with_check("77012119880229123")
PHONE, ACCOUNT, ADDRESS = "10000000077", "6299021234567890126", "临江镇十里铺47号院"
EXTENSION_B = "\U00020b9f"  # 𠮟, beyond the sixteen bits that careless code counts in


@pytest.fixture
def clerk(world) -> Actor:
    return world.actor("clerk")


def register(by, name="王" + EXTENSION_B, number=NUMBER, **more):
    return do.register_person(
        name=name, id_type=more.pop("id_type", IdType.CITIZEN), id_number=number, phone=PHONE, address=ADDRESS, region=COUNTY, by=by,
        now=NOW, **more,
    )  # fmt: skip


def every_value(pk):
    """Everything any column of any table says in a row that names this person, as the database would print or dump it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t WHERE t::text LIKE %s', [f"%{pk}%"])
            for (row,) in cursor.fetchall():
                yield table, row


@pytest.mark.django_db
def test_no_column_of_any_table_holds_a_number_phone_address_or_account(clerk):
    pk = register(clerk)
    do.learn(party_id=pk, is_employer=False, facts={"bank_account": ACCOUNT, "education": "大学本科"}, by=clerk, now=NOW)
    do.view_full(person_id=pk, field="id_number", purpose=Purpose.VERIFY_IDENTITY, by=clerk, now=NOW)
    do.find_person(number=NUMBER, by=clerk, now=NOW)
    do.update_person(person_id=pk, changes={"phone": "10000000078"}, by=clerk, now=NOW)
    rows = list(every_value(pk))
    assert {"people_person", "trace_event"} <= {table for table, _ in rows}
    for secret in (NUMBER, NUMBER[:-1], PHONE, "10000000078", ACCOUNT, ADDRESS, "大学本科"):
        # As text, and as the bytes a bytea column would print in hexadecimal.
        for form in (secret, secret.encode().hex()):
            assert [table for table, row in rows if form in row] == [], secret
    # The birth date stands open for counting ages; it is not the number.
    assert person_facts(pk)["id_number"] == NUMBER and person_facts(pk)["bank_account"] == ACCOUNT


@pytest.mark.django_db
def test_the_same_number_twice_gives_other_ciphertext_and_a_row_moved_does_not_open(clerk):
    one = Person.objects.get(pk=register(clerk))
    first = one.id_number.cipher
    one.id_number = NUMBER
    one.save()
    one.refresh_from_db()
    assert one.id_number.cipher != first and one.id_number.open() == NUMBER
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_person SET phone = id_number WHERE id = %s", [one.pk])
    one.refresh_from_db()
    with pytest.raises(CannotDecrypt):
        one.phone.open()  # bound to its column: a number put where the phone is shown stays shut


@pytest.mark.django_db
def test_a_card_and_a_list_are_masked(clerk):
    pk = register(clerk)
    card = person_card(pk)
    assert card.name == "王" + EXTENSION_B
    assert NUMBER not in card.id_number and card.id_number.count("*") >= 8 and len(card.id_number) == 18
    assert PHONE not in card.phone and card.phone.count("*") >= 4
    assert parties([pk])[pk].number == card.id_number
    assert NUMBER not in repr(Person.objects.get(pk=pk).__dict__)


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", Purpose)
def test_a_whole_number_is_shown_for_a_purpose_and_the_look_is_recorded(clerk, purpose):
    pk, case = register(clerk), uuid7()
    before = len(events_on(pk))
    shown = do.view_full(person_id=pk, field="id_number", purpose=purpose, case=case, by=clerk, now=NOW)
    assert shown.value == NUMBER and 0 < shown.seconds <= 60
    act, noted = events_on(pk)[-1]
    assert len(events_on(pk)) == before + 1
    assert act == "people.shown_whole"
    assert noted == {"field": "id_number", "purpose": purpose.value, "case": str(case)}


@pytest.mark.django_db
def test_who_serves_nobody_sees_nothing(world):
    person, employer = world.people["applicant"], world.people["employer"]
    before = events_on(person) + events_on(employer)
    for who in ("issuer", "editor", "administrator", "security"):
        by = world.actor(who)
        for look in (
            lambda by=by: do.view_full(person_id=person, field="id_number", purpose=Purpose.CONTACT, by=by, now=NOW),
            lambda by=by: do.view_person(person_id=person, by=by, now=NOW),
            lambda by=by: do.view_employer(employer_id=employer, by=by, now=NOW),
            lambda by=by: do.find_person(number=NUMBER, by=by, now=NOW),
            lambda by=by: do.update_person(person_id=person, changes={"name": "x"}, by=by, now=NOW),
            lambda by=by: register(by),
        ):
            with pytest.raises(NotAllowed):
                look()
    assert events_on(person) + events_on(employer) == before


@pytest.mark.django_db
def test_a_field_that_is_not_to_be_shown_is_not_there(clerk):
    pk = register(clerk)
    for field in ("profile", "id_index", "name", "pk"):
        with pytest.raises(NotFound):
            do.view_full(person_id=pk, field=field, purpose=Purpose.CONTACT, by=clerk, now=NOW)


@pytest.mark.django_db
def test_a_search_by_the_whole_number_is_a_look_and_a_miss_is_none(clerk):
    pk = register(clerk)
    assert do.find_person(number=f" {NUMBER[:6]} {NUMBER[6:].lower()} ", by=clerk, now=NOW) == pk
    assert events_on(pk)[-1][0] == "people.looked_up"
    assert do.find_person(number=id_number_with_check("77012119880229125"), by=clerk, now=NOW) is None


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["王" + EXTENSION_B, "\U00030edd\U00030edd面", "㛃璟", "阿卜杜热合曼·买买提依明", "李·O’Neil 2世"])
def test_any_name_that_a_certificate_may_bear_comes_back_as_it_was(clerk, name):
    pk = register(clerk, name)
    assert person_card(pk).name == person_facts(pk)["name"] == name
    assert register(clerk, f"  {name} ") == pk


@pytest.mark.django_db
def test_one_person_for_one_document_and_another_name_is_said(clerk):
    pk = register(clerk)
    assert register(clerk) == pk
    with pytest.raises(do.NameDiffers) as refused:
        register(clerk, "别的名字")
    assert "王" + EXTENSION_B in str(refused.value.message) and refused.value.field == "name"
    other = register(clerk, id_type=IdType.HMT_RESIDENCE)
    assert other != pk  # the same digits on another kind of certificate
    assert [act for act, _ in events_on(pk)] == ["people.registered"]


@pytest.mark.django_db
def test_a_wrong_number_names_its_field_and_leaves_nothing(clerk):
    count = Person.objects.count()
    for number in (NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1"), NUMBER[:-1], "", "77012119880231123X"):
        with pytest.raises(LinliError) as refused:
            register(clerk, number=number)
        assert refused.value.field == "id_number"
    assert Person.objects.count() == count


@pytest.mark.django_db
def test_birth_date_comes_from_the_number_and_gender_never_does(clerk):
    person = Person.objects.get(pk=register(clerk))
    assert person.birth_date == date(1988, 2, 29) and person.gender == Gender.UNKNOWN


@pytest.mark.django_db
def test_a_correction_says_what_changed_and_not_to_what(clerk):
    pk = register(clerk)
    do.update_person(person_id=pk, changes={"phone": "10000000078", "name": "王新名"}, by=clerk, now=NOW)
    assert events_on(pk)[-1] == ("people.corrected", {"fields": ["name", "phone"]})
    assert person_facts(pk)["phone"] == "10000000078"


@pytest.mark.django_db
def test_only_facts_of_the_vocabulary_are_remembered(clerk):
    pk = register(clerk)
    do.learn(party_id=pk, is_employer=False, facts={"education": "硕士", "id_number": "x", "religion": "y"}, by=clerk, now=NOW)
    facts = person_facts(pk)
    assert facts["education"] == "硕士" and facts["id_number"] == NUMBER and "religion" not in facts


@pytest.mark.django_db
def test_an_employer_is_found_by_part_of_its_name_by_initials_and_by_code(world, clerk):
    code = credit_code_with_checks("9177012198765432")
    pk = do.register_employer(name="清溪县竹编工坊有限公司", credit_code=code, phone=PHONE, region=COUNTY, by=clerk, now=NOW)
    for text in ("竹编", "清溪县竹编工坊", "zbgf", code, code.lower()):
        assert [e.pk for e in find_employers(text)] == [pk], text
    assert not find_employers("").exists() and not find_employers("不存在的单位").exists()
    assert do.register_employer(name="又写一遍", credit_code=code, region=COUNTY, by=clerk, now=NOW) == pk
    assert employer_facts(pk)["org_name"] == "清溪县竹编工坊有限公司"
    with connection.cursor() as cursor:
        cursor.execute("SELECT e::text FROM people_employer e WHERE id = %s", [pk])
        row = cursor.fetchone()[0]
    assert PHONE not in row and PHONE.encode().hex() not in row


def test_one_row_however_many_windows_register_somebody(committed_db, world):
    by = world.actor("clerk")
    found = at_once([lambda: register(by)] * 30 + [lambda: register(by, id_type=IdType.HMT_RESIDENCE)] * 10)
    assert not [f for f in found if isinstance(f, Exception)]
    assert len(set(found)) == 2
    for pk in set(found):
        assert [act for act, _ in events_on(pk)] == ["people.registered"]


def test_one_row_however_many_windows_register_an_employer(committed_db, world):
    by, code = system("people.register"), credit_code_with_checks("9177012198765432")
    found = at_once([lambda: do.register_employer(name="同一家", credit_code=code, region=COUNTY, by=by, now=NOW)] * 20)
    assert len(set(found)) == 1 and Employer.objects.filter(credit_code=code).count() == 1
