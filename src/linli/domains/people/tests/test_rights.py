"""What somebody may do about what is known of them."""

from dataclasses import replace
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from linli.domains.org.queries import bureau_for
from linli.domains.people import commands as do
from linli.domains.people import errors
from linli.domains.people.models import Objection, Person
from linli.domains.people.queries import (
    ConsentPurpose,
    ObjectionState,
    consents,
    has_consented,
    my_looks,
    my_objection,
    my_objections,
    objection,
    objections,
    person_facts,
)
from linli.domains.people.tests.test_mandates import resident
from linli.kernel.errors import LinliError, NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing.record import events_on
from linli.testing.story import at

NOW = at("2026-03-02 10:00")
ACCOUNT = {"bank_name": "示例银行", "bank_account": "6299021234567890126", "education": "本科"}
KEEP = ConsentPurpose.KEEP_ACCOUNT
pytestmark = pytest.mark.django_db


def wrong(by, **more):
    told = {"about": "address", "label": "地址", "source": "本局", "text": "我早就搬到示例路8号了。", "now": NOW}
    return do.object_to(**(told | more), by=by)


def test_an_account_is_kept_from_the_portal_only_with_consent_and_gone_when_it_is_taken_back(world):
    me = resident(world)
    learn = lambda by: do.learn(party_id=me.resident_id, is_employer=False, facts=ACCOUNT, by=by, now=NOW)  # noqa: E731
    learn(me)
    assert "bank_account" not in person_facts(me.resident_id) and person_facts(me.resident_id)["education"] == "本科"
    do.give_consent(purpose=KEEP, by=me, now=NOW)
    do.give_consent(purpose=KEEP, by=me, now=NOW)
    assert has_consented(me.resident_id, KEEP) and consents(by=me).count() == 1
    learn(me)
    assert person_facts(me.resident_id)["bank_account"] == ACCOUNT["bank_account"]
    do.withdraw_consent(purpose=KEEP, by=me, now=NOW)
    assert "bank_account" not in person_facts(me.resident_id) and person_facts(me.resident_id)["education"] == "本科"
    assert events_on(me.resident_id)[-1] == (
        "people.consent_withdrawn", {"purpose": "keep-account", "forgotten": ["bank_account", "bank_name"]},
    )  # fmt: skip
    for by in (me, world.actor("clerk")):  # nobody keeps it again behind their back
        learn(by)
        assert "bank_account" not in person_facts(me.resident_id)


def test_ones_own_number_is_shown_whole_and_that_is_recorded(world):
    me = resident(world)
    facts = person_facts(me.resident_id)
    assert do.show_own(field="id_number", by=me, now=NOW).value == facts["id_number"]
    assert events_on(me.resident_id)[-1] == ("people.own_shown", {"field": "id_number"})
    assert do.copy_own(by=me, now=NOW)["address"] == facts["address"]
    for field in ("profile", "name", "pk", "bank_account"):
        with pytest.raises(NotFound):
            do.show_own(field=field, by=me, now=NOW)
    with pytest.raises(NotAllowed):
        do.show_own(field="phone", by=world.actor("clerk"), now=NOW)


def test_one_sees_who_looked_and_not_who_looked_at_others(world):
    me, other = resident(world), resident(world, "agent")
    do.view_person(person_id=me.resident_id, by=world.actor("clerk"), now=NOW)
    assert [e.act for e in my_looks(by=me)] == ["people.viewed"] and not my_looks(by=other).exists()


def test_an_objection_has_an_owner_a_day_and_an_answer(world):
    me, key = resident(world), uuid7()
    raised = wrong(me, key=key)
    assert wrong(me, key=key) == raised
    row = my_objection(raised, by=me)
    assert row.owner_id == world.orgs["county"] and row.due_on == date(2026, 3, 23) and row.state == "open"
    answers = world.actor("manager-elsewhere")
    assert [o.pk for o in objections(by=answers)] == [raised]
    do.answer_objection(objection_id=raised, outcome=ObjectionState.PASSED, answer="已转公安机关核实。", by=answers, now=NOW)
    assert my_objection(raised, by=me).due_on == date(2026, 3, 23) and not ObjectionState(my_objection(raised, by=me).state).is_over
    with pytest.raises(errors.CorrectionMissing):  # nobody says that it is corrected when it is not
        do.answer_objection(objection_id=raised, outcome=ObjectionState.CORRECTED, answer="已更正。", by=answers, now=NOW)
    do.answer_objection(
        objection_id=raised, outcome=ObjectionState.CORRECTED, answer="已更正。", correction="示例路8号", by=answers, now=NOW
    )
    assert person_facts(me.resident_id)["address"] == "示例路8号"
    assert ("people.corrected", {"fields": ["address"]}) in events_on(me.resident_id)
    assert my_objection(raised, by=me).answer.open() == "已更正。"
    for act in (
        lambda: do.answer_objection(objection_id=raised, outcome=ObjectionState.REFUSED, answer="x", by=answers, now=NOW),
        lambda: do.withdraw_objection(objection_id=raised, by=me, now=NOW),
    ):
        with pytest.raises(errors.ObjectionOver):
            act()
    assert [a for a, _ in events_on(me.resident_id) if "object" in a] == [
        "people.objected", "people.objection_passed", "people.objection_answered",
    ]  # fmt: skip


def test_who_sees_and_answers_it(world):
    me, other = resident(world), resident(world, "agent")
    raised = wrong(me)
    assert not my_objections(by=other).exists()
    with pytest.raises(NotFound):
        my_objection(raised, by=other)
    with pytest.raises(NotFound):
        do.withdraw_objection(objection_id=raised, by=other, now=NOW)
    with pytest.raises(NotFound):  # the manager of a hall of another bureau
        objection(raised, by=world.actor("manager"))
    with pytest.raises(NotFound):
        do.answer_objection(objection_id=raised, outcome=ObjectionState.CORRECTED, answer="x", by=world.actor("manager"), now=NOW)
    for who in ("clerk", "reviewer-1", "auditor"):
        with pytest.raises(NotAllowed):
            objections(by=world.actor(who))
    with pytest.raises(errors.AnswerEmpty):
        do.answer_objection(
            objection_id=raised, outcome=ObjectionState.REFUSED, answer=" ", by=world.actor("manager-elsewhere"), now=NOW
        )
    with pytest.raises(errors.ObjectionEmpty):
        wrong(me, text=" ")
    do.withdraw_objection(objection_id=raised, by=me, now=NOW)


def test_the_words_of_an_objection_lie_sealed(world):
    raised = wrong(resident(world))
    row = Objection.objects.get(pk=raised)
    assert "示例路" not in str(row.text) and row.text.open().startswith("我早就")
    with pytest.raises(IntegrityError), transaction.atomic():
        Objection.objects.filter(pk=raised).update(state="corrected")


@pytest.mark.parametrize(
    ("region", "body"),
    [("770121", "county"), ("770121100201", "county"), ("7701", "bureau"), ("77", "bureau"), ("110101", "bureau")],
)
def test_the_nearest_bureau_answers(world, region, body):
    assert bureau_for(region, on=NOW.date()) == world.orgs[body]


def test_a_person_nobody_verified_has_their_own_rights_only(world):
    code = do.ask_code(phone="10000000055", address=None, now=NOW)
    proof = do.sign_in_by_phone(phone="10000000055", code=code, device="d", address=None, now=NOW).proof
    facts = person_facts(world.people["applicant"])
    who = {"name": facts["name"], "id_number": facts["id_number"], "region": "77"}
    from linli.domains.people.queries import resident_actor

    said = resident_actor(do.bind_by_phone(proof=proof, **who, device="d", address=None, now=NOW).user_id, device="d")
    assert "address" not in do.copy_own(by=said, now=NOW)
    do.view_person(person_id=world.people["applicant"], by=world.actor("clerk"), now=NOW)
    assert not my_looks(by=said).exists()
    assert not Person.objects.get(pk=said.resident_id).verified


@pytest.mark.parametrize(
    ("about", "wrong_", "right", "kept"),
    [
        ("phone", "123", "10000000077", "10000000077"), ("birth_date", "1988年", "1988-02-29", "1988-02-29"), ("gender", "未知", "女", "女"),
        ("education", "", "大学本科", "大学本科"), ("bank_account", " ", "6222000000000001", "6222000000000001"),
    ],
)  # fmt: skip
def test_what_is_found_wrong_is_put_right_with_the_answer(world, about, wrong_, right, kept):
    me, answers = resident(world), world.actor("manager-elsewhere")
    raised = do.object_to(about=about, label=about, source="本局", text="不对", by=me, now=NOW)
    said = {"objection_id": raised, "outcome": ObjectionState.CORRECTED, "answer": "已更正。", "by": answers, "now": NOW}
    with pytest.raises(LinliError) as refused:
        do.answer_objection(**said, correction=wrong_)
    assert refused.value.field == "correction" and my_objection(raised, by=me).state == "open"
    do.answer_objection(**said, correction=right)
    assert person_facts(me.resident_id)[about] == kept


@pytest.mark.parametrize("about", ["name", "id_number", "id_type"])
def test_by_what_others_know_somebody_is_not_changed_by_an_answer(world, about):
    me, answers = resident(world), world.actor("manager-elsewhere")
    before = person_facts(me.resident_id)
    raised = do.object_to(about=about, label=about, source="本局", text="不对", by=me, now=NOW)
    do.answer_objection(
        objection_id=raised, outcome=ObjectionState.CORRECTED, answer="请带证件到窗口。", correction="别的", by=answers, now=NOW
    )
    assert person_facts(me.resident_id) == before


def test_what_concerned_somebody_before_they_were_recognised_is_still_theirs(world):
    me, known = resident(world), Person.objects.get(pk=world.people["applicant"])
    said = Person.objects.create(
        name=known.name, id_type=known.id_type, id_number=known.id_number.open(), id_index=known.id_index, region="770121",
        verified=False, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    early = wrong(replace(me, resident_id=said.pk))
    do.view_person(person_id=said.pk, by=world.actor("clerk"), now=NOW)
    assert not my_objections(by=me).exists() and not my_looks(by=me).exists()
    Person.objects.filter(pk=said.pk).update(same_as=known.pk)
    assert my_objection(early, by=me).person_id == said.pk and my_looks(by=me).count() == 1
    do.withdraw_objection(objection_id=early, by=me, now=NOW)
