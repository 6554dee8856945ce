"""Who may act for whom: never more than was given, never longer, and not a day after it was taken back."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from linli.domains.accounts.queries import User
from linli.domains.org.queries import Posting
from linli.domains.people import commands as do
from linli.domains.people import errors
from linli.domains.people.models import Account, Mandate, Person
from linli.domains.people.queries import (
    given_by,
    held_by,
    lines,
    mandate_for,
    may_act_for,
    of_employers,
    person_facts,
    powers,
    principals,
    resident_actor,
)
from linli.domains.people.rules import Ground, IdType, MandateState, Scope, comes_of_age, covers, mandate_state
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.identifiers import id_number_with_check
from linli.kernel.ids import uuid7
from linli.testing.record import events_on
from linli.testing.story import at

NOW = at("2026-03-02 10:00")
TODAY = date(2026, 3, 2)
ITEM, OTHER_ITEM = "one-item", "another-item"


def mandate(world, *, agent="agent", principal="applicant", employer=None, scopes=("apply",), items=(), days=(0, 30), **more):
    return Mandate.objects.create(
        principal_id=None if employer else world.people[principal], employer_id=world.people[employer] if employer else None,
        agent_id=world.people[agent], scopes=list(scopes), items=list(items), first_day=TODAY + timedelta(days=days[0]),
        last_day=TODAY + timedelta(days=days[1]), ground="written", evidence="委托书", registered_by_id=uuid7(), registered_at=NOW, **more,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given_", "scope", "item", "day", "may"),
    [
        ({}, "apply", None, 0, True),
        ({}, "read", None, 0, False),
        ({}, "collect", None, 0, False),
        ({}, "everything", None, 0, False),
        ({"scopes": ("read", "collect")}, "collect", None, 0, True),
        ({"scopes": ("read", "collect")}, "apply", None, 0, False),
        ({}, "apply", None, -1, False),
        ({}, "apply", None, 30, True),
        ({}, "apply", None, 31, False),
        ({"items": (ITEM,)}, "apply", ITEM, 0, True),
        ({"items": (ITEM,)}, "apply", OTHER_ITEM, 0, False),
        ({"items": (ITEM,)}, "apply", None, 0, False),
        ({}, "apply", ITEM, 0, True),
        ({"revoked_at": NOW, "revoked_by_id": uuid7()}, "apply", None, 0, False),
        ({"employer": "employer"}, "apply", None, 0, True),
        ({"employer": "employer"}, "read", None, 0, False),
    ],
)
def test_a_mandate_gives_what_it_says(world, given_, scope, item, day, may):
    mandate(world, **given_)
    me, them, on = world.people["agent"], world.people[given_.get("employer", "applicant")], TODAY + timedelta(days=day)
    assert may_act_for(me, them, scope=scope, on=on, item=item) is may
    assert [p.id for p in principals(me, scope=scope, on=on, item=item)] == ([them] if may else [])
    assert not may_act_for(them, me, scope=scope, on=on, item=item)  # and never the other way round
    assert not may_act_for(world.people["neighbour"], them, scope=scope, on=on, item=item)


@pytest.mark.django_db
def test_everybody_may_act_for_themselves_and_is_not_their_own_principal(world):
    me = world.people["applicant"]
    assert all(may_act_for(me, me, scope=s, on=TODAY) for s in Scope)
    assert principals(me, scope="apply", on=TODAY) == []


@pytest.mark.django_db
def test_two_mandates_together_give_no_third_thing(world):
    mandate(world, scopes=("read",))
    mandate(world, scopes=("apply",), items=(ITEM,))
    me, them = world.people["agent"], world.people["applicant"]
    assert may_act_for(me, them, scope="read", on=TODAY, item=OTHER_ITEM)
    assert not may_act_for(me, them, scope="apply", on=TODAY, item=OTHER_ITEM)
    assert {(p.party_id, p.items) for p in powers(me, scope="apply", on=TODAY)} == {(them, (ITEM,))}


@pytest.mark.django_db
def test_however_many_principals_the_questions_are_as_many(world, django_assert_num_queries):
    mandate(world)
    mandate(world, principal="neighbour")
    mandate(world, employer="employer")
    with django_assert_num_queries(3):
        assert len(principals(world.people["agent"], scope="apply", on=TODAY)) == 3


@given(
    scopes=st.sets(st.sampled_from(list(Scope)), min_size=1), items=st.sets(st.sampled_from(["a", "b", "c"])),
    scope=st.sampled_from([*Scope, "manage", ""]), item=st.sampled_from([None, "a", "b", "d"]),
)  # fmt: skip
def test_nothing_is_covered_that_was_not_named(scopes, items, scope, item):
    gives = covers(scopes=scopes, items=items, scope=scope, item=item)
    assert gives == (scope in scopes and (items == set() or item in items))
    if gives:  # taking anything away never gives more
        assert not covers(scopes=scopes - {scope}, items=items, scope=scope, item=item)
        assert not covers(scopes=scopes, items={"elsewhere"}, scope=scope, item=item)


@given(
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)), days=st.integers(0, 900), on=st.dates(date(2019, 1, 1), date(2034, 1, 1))
)
def test_a_mandate_counts_on_its_days_and_no_other(first, days, on):
    last = first + timedelta(days=days)
    assert (mandate_state(first_day=first, last_day=last, revoked=False, on=on) is MandateState.IN_FORCE) == (first <= on <= last)
    assert mandate_state(first_day=first, last_day=last, revoked=True, on=on) is MandateState.REVOKED


def test_who_is_born_on_a_leap_day_comes_of_age_on_the_first_of_march():
    assert comes_of_age(date(2008, 2, 29)) == date(2026, 3, 1)
    assert comes_of_age(date(2008, 3, 2)) == TODAY


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []}, {"scopes": ["everything"]}, {"ground": "because"}, {"evidence": ""}, {"ground": "online", "employer": True},
        {"last_day": TODAY - timedelta(days=1)}, {"revoked_at": NOW}, {"principal_id": None}, {"both": True}, {"self": True},
    ],
)  # fmt: skip
def test_the_database_refuses_a_mandate_that_makes_no_sense(world, wrong):
    row = mandate(world)
    if wrong.pop("employer", False):
        wrong |= {"employer_id": world.people["employer"], "principal_id": None}
    if wrong.pop("both", False):
        wrong |= {"employer_id": world.people["employer"]}
    if wrong.pop("self", False):
        wrong |= {"agent_id": world.people["applicant"]}
    with pytest.raises(IntegrityError), transaction.atomic():
        Mandate.objects.filter(pk=row.pk).update(**wrong)


@pytest.mark.django_db
def test_the_database_keeps_staff_and_residents_apart(world):
    clerk = world.users["clerk"]
    with pytest.raises(IntegrityError, match="people_account_resident"), transaction.atomic():
        Account.objects.create(
            user_id=clerk, person_id=world.people["agent"], assurance="identity", bound_by="counter", bound_at=NOW
        )
    with pytest.raises(IntegrityError, match="accounts_user_stays"), transaction.atomic():
        User.objects.filter(pk=clerk).update(is_resident=True)
    resident = User.objects.create(username="r", name="r", password="", password_changed_at=NOW, created_at=NOW, is_resident=True)
    with pytest.raises(IntegrityError, match="resident_keyless"), transaction.atomic():
        User.objects.filter(pk=resident.pk).update(password="argon2$")
    with pytest.raises(IntegrityError, match="org_posting_staff"), transaction.atomic():
        Posting.objects.create(
            user_id=resident.pk, post_id="window-clerk", org_id=world.orgs["hall"], hall_id=world.orgs["hall"], valid_from=TODAY
        )


@pytest.mark.django_db
def test_what_somebody_said_of_themselves_is_theirs_once_it_is_shown_who_they_are(world):
    known = Person.objects.get(pk=world.people["applicant"])
    said = Person.objects.create(
        name=known.name, id_type=known.id_type, id_number=known.id_number.open(), id_index=known.id_index, region="770121",
        verified=False, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    assert not may_act_for(known.pk, said.pk, scope="read", on=TODAY)
    Person.objects.filter(pk=said.pk).update(same_as=known.pk)
    assert may_act_for(known.pk, said.pk, scope="read", on=TODAY)
    assert not may_act_for(said.pk, known.pk, scope="read", on=TODAY)


# -- giving, registering, taking back ------------------------------------------------------------------------------------------


def resident(world, name="applicant"):
    from linli.domains.accounts.queries import SignIn
    from linli.testing.browser import resident_session

    return resident_actor(SignIn.objects.get(pk=resident_session(world, name)).user_id, device="test")


def give(world, by, *, to="agent", **more):
    facts = person_facts(world.people[to])
    told = {"agent_name": facts["name"], "agent_number": facts["id_number"], "scopes": [Scope.READ], "last_day": TODAY, "now": NOW}
    return do.give_mandate(**(told | more), by=by)


def register(world, *, principal="applicant", agent="agent", who="clerk", **more):
    told = {
        "principal_id": world.people[principal], "is_employer": principal == "employer", "agent_id": world.people[agent],
        "scopes": [Scope.APPLY], "last_day": TODAY, "ground": Ground.WRITTEN, "evidence": "委托书原件", "now": NOW,
    }  # fmt: skip
    return do.register_mandate(**(told | more), by=world.actor(who))


@pytest.mark.django_db
def test_given_online_it_counts_at_once_and_until_it_is_taken_back(world):
    me = resident(world)
    key = uuid7()
    given_id = give(world, me, key=key)
    assert give(world, me, key=key) == given_id and Mandate.objects.count() == 1  # pressed twice
    assert may_act_for(world.people["agent"], me.resident_id, scope="read", on=TODAY)
    act, noted = events_on(me.resident_id)[-1]
    assert act == "people.mandate_given" and noted["agent"] == str(world.people["agent"]) and noted["scopes"] == ["read"]
    do.revoke_mandate(mandate_id=given_id, by=me, now=NOW)
    do.revoke_mandate(mandate_id=given_id, by=me, now=NOW)
    assert not may_act_for(world.people["agent"], me.resident_id, scope="read", on=TODAY)
    assert [a for a, _ in events_on(me.resident_id)].count("people.mandate_revoked") == 1


@pytest.mark.django_db
def test_both_sides_see_it_and_may_end_it_and_nobody_else(world):
    me, agent, other = (resident(world, n) for n in ("applicant", "agent", "neighbour"))
    given_id = give(world, me)
    assert [m.pk for m in given_by(me)] == [m.pk for m in held_by(agent)] == [given_id]
    assert lines([Mandate.objects.get()], on=TODAY)[0].agent.id == agent.resident_id
    for one in (me, agent):
        assert mandate_for(given_id, by=one, on=TODAY).state is MandateState.IN_FORCE
    assert not given_by(other).exists() and not held_by(other).exists()
    with pytest.raises(NotFound):
        mandate_for(given_id, by=other, on=TODAY)
    with pytest.raises(NotFound):
        do.revoke_mandate(mandate_id=given_id, by=other, now=NOW)
    for who in ("reviewer-1", "auditor", "manager"):
        with pytest.raises(NotAllowed):
            do.revoke_mandate(mandate_id=given_id, by=world.actor(who), now=NOW)
    do.revoke_mandate(mandate_id=given_id, by=agent, now=NOW)
    assert mandate_for(given_id, by=me, on=TODAY).state is MandateState.REVOKED


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"agent_name": "别人"}, errors.AgentUnknown),
        ({"agent_number": "77012119880229123X"}, errors.AgentUnknown),
        ({"to": "applicant"}, errors.AgentIsPrincipal),
        ({"scopes": []}, errors.ScopeMissing),
        ({"last_day": TODAY - timedelta(days=1)}, errors.MandateDaysWrong),
        ({"last_day": date(2029, 3, 3)}, errors.MandateDaysWrong),
    ],
)
def test_what_cannot_be_given_is_said_and_leaves_nothing(world, more, error):
    with pytest.raises(error):
        give(world, resident(world), **more)
    assert not Mandate.objects.exists()


@pytest.mark.django_db
def test_who_has_only_said_who_they_are_gives_nothing_and_is_given_nothing(world):
    code = do.ask_code(phone="10000000055", address=None, now=NOW)
    proof = do.sign_in_by_phone(phone="10000000055", code=code, device="d", address=None, now=NOW).proof
    facts = person_facts(world.people["neighbour"])
    said = do.bind_by_phone(
        proof=proof, name=facts["name"], id_number=facts["id_number"], region="77", device="d", address=None, now=NOW
    )
    with pytest.raises(errors.NotVerified):
        give(world, resident_actor(said.user_id, device="d"))
    give(world, resident(world), to="neighbour")
    assert Mandate.objects.get().agent_id == world.people["neighbour"]  # and not whoever says so


@pytest.mark.django_db
def test_a_clerk_registers_what_rests_on_a_paper(world):
    register(world)
    register(world, principal="employer", ground=Ground.COMPANY_CLERK, last_day=date(2029, 3, 2))
    for wrong, error in (
        ({"evidence": "  "}, errors.EvidenceMissing),
        ({"ground": Ground.ONLINE}, errors.GroundUnfit),
        ({"ground": Ground.COMPANY_CLERK}, errors.GroundUnfit),
        ({"ground": Ground.PARENT}, errors.GroundUnfit),  # the applicant is of age
        ({"principal": "employer", "ground": Ground.GUARDIAN}, errors.GroundUnfit),
        ({"agent_id": uuid7()}, NotFound),
        ({"principal_id": uuid7()}, NotFound),
        ({"agent": "applicant"}, errors.AgentIsPrincipal),
    ):
        with pytest.raises(error):
            register(world, **wrong)
    for who in ("reviewer-1", "manager", "administrator"):
        with pytest.raises(NotAllowed):
            register(world, who=who)
    assert Mandate.objects.count() == 2


@pytest.mark.django_db
def test_a_parent_acts_until_the_child_comes_of_age(world):
    child = do.register_person(
        name="赵小小", id_type=IdType.CITIZEN, id_number=id_number_with_check("77012120100615123"), region="770121",
        by=world.actor("clerk"), now=NOW,
    )  # fmt: skip
    with pytest.raises(errors.MandateDaysWrong):
        register(world, principal_id=child, ground=Ground.PARENT, last_day=date(2028, 6, 15))
    register(world, principal_id=child, ground=Ground.PARENT, last_day=date(2028, 6, 14))
    assert may_act_for(world.people["agent"], child, scope="apply", on=date(2028, 6, 14))
    assert not may_act_for(world.people["agent"], child, scope="apply", on=date(2028, 6, 15))


@pytest.mark.django_db
def test_no_clerk_registers_a_mandate_for_themselves(world):
    from linli.testing.world import STAFF, staff_id

    number = next(n for n, row in enumerate(STAFF) if row[0] == "clerk")
    clerk = world.actor("clerk")
    own = do.register_person(name="工作人员", id_type=IdType.CITIZEN, id_number=staff_id(number), region="77", by=clerk, now=NOW)
    with pytest.raises(errors.AgentIsClerk):
        register(world, agent_id=own)
    register(world, agent_id=own, who="second-clerk")


# -- employers ------------------------------------------------------------------------------------------------------------------


def standing(world, agent, ground, **more):
    return register(world, principal="employer", agent=agent, ground=ground, **({"last_day": date(2026, 12, 31)} | more))


@pytest.mark.django_db
def test_who_stands_for_an_employer_sees_and_ends_what_others_hold_for_it(world):
    head, clerk, other = (resident(world, n) for n in ("applicant", "agent", "neighbour"))
    heads = standing(world, "applicant", Ground.LEGAL_REPRESENTATIVE)
    clerks = standing(world, "agent", Ground.COMPANY_CLERK)
    errand = standing(world, "neighbour", Ground.WRITTEN)
    for one in (head, clerk):
        assert {m.pk for m in of_employers(one, on=TODAY)} == {heads, clerks, errand}
        assert mandate_for(errand, by=one, on=TODAY).agent.name == person_facts(world.people["neighbour"])["name"]
    assert not of_employers(other, on=TODAY).exists()  # an errand shows nobody else's
    for hidden in (heads, clerks):
        with pytest.raises(NotFound):
            mandate_for(hidden, by=other, on=TODAY)
        with pytest.raises(NotFound):
            do.revoke_mandate(mandate_id=hidden, by=other, now=NOW)
    with pytest.raises(NotFound):  # the employer answers to its head, not to its clerk
        do.revoke_mandate(mandate_id=heads, by=clerk, now=NOW)
    do.revoke_mandate(mandate_id=errand, by=clerk, now=NOW)
    assert not may_act_for(other.resident_id, world.people["employer"], scope="apply", on=TODAY)
    do.revoke_mandate(mandate_id=clerks, by=head, now=NOW)
    assert not of_employers(clerk, on=TODAY).exists()
    act, noted = events_on(world.people["employer"])[-1]
    assert act == "people.mandate_revoked" and noted["agent"] == str(clerk.resident_id)


@pytest.mark.django_db
@pytest.mark.parametrize("less", [{"items": [ITEM]}, {"over": True}, {"revoked": True}])
def test_standing_for_an_employer_ends_with_the_mandate_and_is_never_for_some_items(world, less):
    clerk, day = resident(world, "agent"), date(2027, 1, 1) if less.pop("over", False) else TODAY
    revoked = less.pop("revoked", False)
    own, other = standing(world, "agent", Ground.COMPANY_CLERK, **less), standing(world, "neighbour", Ground.COMPANY_CLERK)
    if revoked:
        do.revoke_mandate(mandate_id=own, by=world.actor("clerk"), now=NOW)
    assert not of_employers(clerk, on=day).exists()
    with pytest.raises(NotFound):
        mandate_for(other, by=clerk, on=day)
    with pytest.raises(NotFound):
        do.revoke_mandate(mandate_id=other, by=clerk, now=at(f"{day} 10:00"))
    assert mandate_for(own, by=clerk, on=day).id == own  # one's own stays one's own


@pytest.mark.django_db
def test_an_employer_has_one_legal_representative(world):
    before, again = standing(world, "agent", Ground.LEGAL_REPRESENTATIVE), standing(world, "agent", Ground.LEGAL_REPRESENTATIVE)
    standing(world, "neighbour", Ground.LEGAL_REPRESENTATIVE)
    held = {m.pk: m.revoked_at for m in Mandate.objects.all()}
    assert held[before] == held[again] == NOW and sorted(v is None for v in held.values()) == [False, False, True]
    with pytest.raises(errors.GroundUnfit):
        register(world, ground=Ground.LEGAL_REPRESENTATIVE)  # a person has none


# -- the signed paper -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_picture_of_the_paper_is_for_its_sides_and_the_counter(world):
    me, agent, other = (resident(world, n) for n in ("applicant", "agent", "neighbour"))
    kept = uuid7()
    given_id = register(world, document_id=kept)
    assert all(do.read_paper(mandate_id=given_id, by=one, now=NOW) == kept for one in (me, agent, world.actor("second-clerk")))
    looked = [noted for act, noted in events_on(me.resident_id) if act == "people.paper_viewed"]
    assert looked == [{"mandate": str(given_id)}]  # the counter's look, and not one's own
    with pytest.raises(NotFound):
        do.read_paper(mandate_id=given_id, by=other, now=NOW)
    for who in ("reviewer-1", "issuer", "manager", "administrator"):
        with pytest.raises(NotAllowed):
            do.read_paper(mandate_id=given_id, by=world.actor(who), now=NOW)
    do.revoke_mandate(mandate_id=given_id, by=me, now=NOW)
    with pytest.raises(NotFound):
        do.read_paper(mandate_id=given_id, by=agent, now=NOW)
    assert do.read_paper(mandate_id=given_id, by=me, now=NOW) == kept


@pytest.mark.django_db
def test_the_principal_puts_the_paper_to_what_was_given_online_and_once(world):
    me, agent = resident(world), resident(world, "agent")
    given_id, kept = give(world, me), uuid7()
    with pytest.raises(NotFound):
        do.read_paper(mandate_id=given_id, by=me, now=NOW)
    with pytest.raises(NotFound):
        do.attach_paper(mandate_id=given_id, document_id=kept, by=agent, now=NOW)
    do.attach_paper(mandate_id=given_id, document_id=kept, by=me, now=NOW)
    assert lines([Mandate.objects.get()], on=TODAY)[0].has_paper
    with pytest.raises(errors.MandateOver):
        do.attach_paper(mandate_id=given_id, document_id=uuid7(), by=me, now=NOW)
    assert do.read_paper(mandate_id=given_id, by=agent, now=NOW) == kept
    do.revoke_mandate(mandate_id=given_id, by=me, now=NOW)
    later = give(world, me)
    do.revoke_mandate(mandate_id=later, by=me, now=NOW)
    with pytest.raises(errors.MandateOver):
        do.attach_paper(mandate_id=later, document_id=uuid7(), by=me, now=NOW)
