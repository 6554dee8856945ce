"""Who acts for somebody, on each ground there is: what they may, what they may not, and what the principal sees of it."""

from __future__ import annotations

from datetime import date

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.queries import mandate_uses, own_list
from linli.domains.people.commands import give_mandate, register_mandate, revoke_mandate
from linli.domains.people.queries import Ground, Scope, person_facts
from linli.domains.trace.queries import timeline
from linli.kernel.errors import NotFound
from linli.testing.browser import resident_session
from linli.testing.online import CLAIM, NOW, TODAY, submitted
from linli.testing.story import at

pytestmark = pytest.mark.django_db
FOR_FIRMS, OTHER = "job-vacancy-release", "job-seeker-registration"


@pytest.fixture
def signed_in(world):
    """Actors whose accounts are there, as the record's user ids need them."""

    def make(name):
        from linli.domains.accounts.queries import SignIn
        from linli.domains.people.queries import resident_actor

        return resident_actor(SignIn.objects.get(pk=resident_session(world, name)).user_id, device="phone")

    return make


def mandate(world, ground, *scopes, agent="agent", principal="applicant", items=()):
    firm = principal == "employer"
    return register_mandate(
        principal_id=world.people[principal], is_employer=firm, agent_id=world.people[agent], scopes=scopes or tuple(Scope), items=items,
        last_day=date(2026, 6, 30), ground=ground, evidence="授权委托书原件", by=world.actor("clerk", on=TODAY), now=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ground", "principal", "item"),
    [
        (Ground.VILLAGE_AGENT, "applicant", CLAIM),
        (Ground.WRITTEN, "applicant", CLAIM),
        (Ground.LAWYER, "applicant", CLAIM),
        (Ground.COMPANY_CLERK, "employer", FOR_FIRMS),
    ],
    ids=["village agent", "neighbour", "lawyer", "company clerk"],
)
def test_each_of_them_does_what_was_given_and_no_more(world, signed_in, ground, principal, item):
    agent, other, whose = signed_in("agent"), signed_in("neighbour"), world.people[principal]
    firm = principal == "employer"
    given = mandate(world, ground, Scope.APPLY, principal=principal, items=[item])
    case_id = do.start_online(item_code=item, applicant_id=whose, is_employer=firm, by=agent, now=NOW)
    assert [c.pk for c in own_list(by=agent, on=TODAY)] == [case_id]
    do.note_agent_look(case_id=case_id, by=agent, now=at("2026-03-03 09:00"))
    do.note_agent_look(case_id=case_id, by=agent, now=at("2026-03-03 09:05"))
    looks = [e for e in timeline(whose) if e.act == "people.viewed"]
    assert [(e.user_id, e.data["case"]) for e in looks] == [(agent.user_id, str(case_id))] * 2  # once a day
    for wrong in ({"item_code": OTHER if not firm else CLAIM}, {"applicant_id": world.people["neighbour"]}):
        with pytest.raises(NotFound):
            do.start_online(**({"item_code": item, "applicant_id": whose, "is_employer": firm} | wrong), by=agent, now=NOW)
    with pytest.raises(NotFound):
        do.start_online(item_code=item, applicant_id=whose, is_employer=firm, by=other, now=NOW)
    with pytest.raises(NotFound):
        do.note_agent_look(case_id=case_id, by=other, now=NOW)
    revoke_mandate(mandate_id=given, by=agent, now=NOW)  # given up by who held it
    with pytest.raises(NotFound):
        do.withdraw_online(case_id=case_id, by=agent, now=NOW)
    assert not own_list(by=agent, on=TODAY)


def test_the_principal_sees_each_use_and_nothing_else(world, signed_in):
    me, agent = signed_in("applicant"), signed_in("agent")
    given = mandate(world, Ground.VILLAGE_AGENT)
    assert not mandate_uses(given, by=me, on=TODAY)
    own = do.start_online(item_code=CLAIM, applicant_id=agent.resident_id, by=agent, now=NOW)  # the agent's own affair
    mine = submitted(me, item=OTHER, now=at("2026-03-02 11:00"))  # and what the principal did alone
    case_id = do.start_online(item_code=CLAIM, applicant_id=me.resident_id, by=agent, now=at("2026-03-02 12:00"))
    do.note_agent_look(case_id=mine, by=agent, now=at("2026-03-02 12:30"))
    do.withdraw_online(case_id=case_id, by=agent, now=at("2026-03-02 13:00"))
    seen = list(mandate_uses(given, by=me, on=TODAY))
    assert seen[0].act == "cases.withdrawn" and {"cases.started", "people.viewed"} < {e.act for e in seen}
    assert {e.user_id for e in seen} == {agent.user_id} and own not in {e.chain_id for e in seen}
    assert {e.data["case"] for e in seen if e.act == "people.viewed"} == {str(mine), str(case_id)}
    assert [e.pk for e in mandate_uses(given, by=agent, on=TODAY)] == [e.pk for e in seen]
    with pytest.raises(NotFound):
        mandate_uses(given, by=signed_in("neighbour"), on=TODAY)


def test_uses_are_those_of_this_mandate_by_its_items_and_its_days(world, signed_in):
    me, agent = signed_in("applicant"), signed_in("agent")
    for_one = mandate(world, Ground.WRITTEN, Scope.APPLY, items=[CLAIM])
    for_other = mandate(world, Ground.LAWYER, Scope.APPLY, items=[OTHER])
    facts = person_facts(agent.resident_id)
    later = give_mandate(
        agent_name=facts["name"], agent_number=facts["id_number"], scopes=[Scope.APPLY], last_day=date(2026, 6, 30), by=me,
        now=at("2026-03-05 10:00"),
    )  # fmt: skip
    case_id = do.start_online(item_code=CLAIM, applicant_id=me.resident_id, by=agent, now=at("2026-03-02 12:00"))
    assert {e.chain_id for e in mandate_uses(for_one, by=me, on=TODAY)} == {case_id, me.resident_id}
    assert not mandate_uses(for_other, by=me, on=TODAY) and not mandate_uses(later, by=me, on=TODAY)
    revoke_mandate(mandate_id=for_one, by=me, now=at("2026-03-06 10:00"))
    do.withdraw_online(case_id=case_id, by=agent, now=at("2026-03-06 12:00"))
    assert "cases.withdrawn" not in {e.act for e in mandate_uses(for_one, by=me, on=TODAY)}
    assert "cases.withdrawn" in {e.act for e in mandate_uses(later, by=me, on=TODAY)}


def test_what_an_employers_clerk_did_its_head_sees(world, signed_in):
    head, clerk = signed_in("neighbour"), signed_in("agent")
    mandate(world, Ground.LEGAL_REPRESENTATIVE, agent="neighbour", principal="employer")
    given = mandate(world, Ground.COMPANY_CLERK, principal="employer")
    do.start_online(item_code=FOR_FIRMS, applicant_id=world.people["employer"], is_employer=True, by=clerk, now=NOW)
    assert "cases.started" in {e.act for e in mandate_uses(given, by=head, on=TODAY)}


def test_the_question_is_asked_as_often_for_many(world, signed_in, django_assert_num_queries):
    me, agent = signed_in("applicant"), signed_in("agent")
    given = mandate(world, Ground.VILLAGE_AGENT)
    for item in (CLAIM, OTHER, "normal-retirement"):
        do.start_online(item_code=item, applicant_id=me.resident_id, by=agent, now=NOW)
    with django_assert_num_queries(4):
        assert len(mandate_uses(given, by=me, on=TODAY)) >= 6
