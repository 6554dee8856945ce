"""Somebody for somebody else: a mandate opens what it names, for the items it names, while it stands, and nothing more."""

from __future__ import annotations

from datetime import date

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.models import Case
from linli.domains.cases.permissions import applies_for, collects_for, sees_own
from linli.domains.cases.queries import applicants_for, offer_online, own_cases, own_list, own_sheet
from linli.domains.people.commands import register_mandate, revoke_mandate
from linli.domains.people.queries import Ground, Scope
from linli.domains.trace.queries import timeline
from linli.kernel.errors import NotFound
from linli.testing.online import CLAIM, NOW, TODAY, fill, resident, started, submitted
from linli.testing.story import at

pytestmark = pytest.mark.django_db
FOR_FIRMS = "job-vacancy-release"


@pytest.fixture
def clerk(world):
    return world.actor("clerk", on=TODAY)


def mandate(world, clerk, *scopes, principal="applicant", agent="agent", items=(), employer=False):
    return register_mandate(
        principal_id=world.people[principal], is_employer=employer, agent_id=world.people[agent], scopes=scopes, items=items,
        last_day=date(2026, 6, 30), ground=Ground.COMPANY_CLERK if employer else Ground.WRITTEN, evidence="授权委托书原件", by=clerk, now=NOW,
    )  # fmt: skip


def begin_for(world, agent, item=CLAIM, principal="applicant", **more):
    return do.start_online(item_code=item, applicant_id=world.people[principal], by=agent, now=NOW, **more)


def test_an_agent_applies_and_the_principal_sees_who_looked(world, clerk):
    mandate(world, clerk, Scope.APPLY)
    agent, me = resident(world, "agent"), resident(world)
    assert [p.name for p in applicants_for(CLAIM, by=agent, on=TODAY)] == ["钱代办", "赵示例"]
    case_id = begin_for(world, agent)
    sheet = own_sheet(case_id, by=agent, now=NOW)
    assert sheet.form["name"] == "赵示例" and sheet.agent and sheet.agent.name == "钱代办" and not sheet.may_collect
    seen = [e for e in timeline(world.people["applicant"]) if e.act == "people.viewed"]
    assert seen[-1].user_id == agent.user_id and seen[-1].data["case"] == str(case_id)
    fill_as(agent, case_id)
    do.submit_online(case_id=case_id, by=agent, now=NOW)
    assert own_sheet(case_id, by=me, now=NOW).case.number  # whose case it is sees it too


def fill_as(agent, case_id):
    """As the applicant would, signing with one's own name."""
    for m in own_sheet(case_id, by=agent, now=NOW).materials:
        if m.is_question:
            do.answer_online(case_id=case_id, code=m.row.code, applies=False, by=agent, now=NOW)
    fill(agent, case_id, questions=False)


def test_a_mandate_to_apply_does_not_open_what_others_brought(world, clerk):
    own = submitted(resident(world))
    mandate(world, clerk, Scope.APPLY)
    agent = resident(world, "agent")
    mine = begin_for(world, agent, item="job-seeker-registration")
    assert [c.pk for c in own_list(by=agent, on=TODAY)] == [mine]
    with pytest.raises(NotFound):
        own_sheet(own, by=agent, now=NOW)
    with pytest.raises(NotFound):
        do.withdraw_online(case_id=own, by=agent, now=NOW)


def test_a_mandate_to_read_changes_nothing(world, clerk):
    own = submitted(resident(world))
    mandate(world, clerk, Scope.READ)
    agent = resident(world, "agent")
    sheet = own_sheet(own, by=agent, now=NOW)
    assert not (sheet.may_apply or sheet.may_collect or sheet.may_withdraw or sheet.may_hand_over)
    for act in (do.withdraw_online, do.submit_online, do.make_hand_over, do.collect_online):
        with pytest.raises(NotFound):
            act(case_id=own, by=agent, now=NOW)
    with pytest.raises(NotFound):
        begin_for(world, agent)


def test_a_mandate_for_some_items_is_for_these_and_ends_with_its_day_or_when_taken_back(world, clerk):
    me, agent = resident(world), resident(world, "agent")
    named, other = submitted(me), submitted(me, item="job-seeker-registration")
    given = mandate(world, clerk, Scope.APPLY, Scope.READ, items=[CLAIM])
    assert [c.pk for c in own_list(by=agent, on=TODAY)] == [named]
    with pytest.raises(NotFound):
        begin_for(world, agent, item="job-seeker-registration")
    assert not own_cases(agent, on=date(2026, 7, 1)).exists()
    with pytest.raises(NotFound):
        do.withdraw_online(case_id=named, by=agent, now=at("2026-07-01 09:00"))
    revoke_mandate(mandate_id=given, by=clerk, now=NOW)
    assert not own_cases(agent, on=TODAY).exists()
    assert other not in own_cases(agent, on=TODAY).values_list("pk", flat=True)


def test_a_clerk_of_an_employer_applies_in_its_name_where_it_stands(world, clerk):
    mandate(world, clerk, Scope.APPLY, principal="employer", employer=True)
    agent = resident(world, "agent")
    firm = applicants_for(FOR_FIRMS, by=agent, on=TODAY)[1]
    assert firm.is_employer and offer_online(FOR_FIRMS, firm, on=TODAY).why_not is None
    case_id = begin_for(world, agent, item=FOR_FIRMS, principal="employer", is_employer=True)
    case = Case.objects.get(pk=case_id)
    assert case.applicant_is_employer and case.hall_id == world.orgs["hall"] and case.agent_id == agent.resident_id


@pytest.mark.parametrize("scopes", [(), (Scope.READ,), (Scope.APPLY,), (Scope.COLLECT,), (Scope.READ, Scope.COLLECT), tuple(Scope)])
def test_list_and_predicates_say_the_same(world, clerk, scopes):
    me, agent = resident(world), resident(world, "agent")
    if scopes:
        mandate(world, clerk, *scopes)
    cases = [started(me, item="job-seeker-registration"), submitted(me)]
    if Scope.APPLY in scopes:
        cases.append(begin_for(world, agent, item="normal-retirement"))
    listed = set(own_cases(agent, on=TODAY).values_list("pk", flat=True))
    for case in Case.objects.filter(pk__in=cases):
        assert sees_own(agent, case, on=TODAY) is (case.pk in listed)
        for may in (applies_for, collects_for):
            assert not may(agent, case, on=TODAY) or sees_own(agent, case, on=TODAY)
