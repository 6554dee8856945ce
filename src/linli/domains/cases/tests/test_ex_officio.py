"""Cases that the bureau begins by itself: what they say, who had a hand in them, and that they end once."""

from __future__ import annotations

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.errors import ApplicantWrong, SamePerson
from linli.domains.cases.models import Case, Decision, Step
from linli.domains.cases.permissions import waiting_cases
from linli.domains.catalog.queries import package_standards
from linli.domains.documents.queries import documents_of
from linli.domains.notices.queries import messages_about
from linli.domains.trace.queries import timeline, verify_chain
from linli.kernel.actors import system
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing.story import at

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 10:00")
# One decision, one review, two reviews: each plan that an item may have.
ITEMS = {len(s.plan.stages): s.code for s in package_standards() if "person" in s.applicant_kinds and s.handled_in == "linli"}
PAPER = {
    "benefit": "示例补贴", "period": "2026年3月", "amount": "400.00", "conditions": ["正在领取失业保险金"], "legal_basis": ["《社会保险法》第四十八条"],
    "paid_to": "发放到登记的账户",
}  # fmt: skip


def opened(world, item="unemployed-medical-premium", party=None, by=None, second="leader", employer=False):
    hands = {n: do.Hand(world.users[n], world.orgs["bureau"]) for n in ("editor", "leader")}
    return do.open_ex_officio(
        item_code=item, applicant=do.Applicant(party or world.people["applicant"], employer), region="770121", started=hands["editor"],
        decided=hands[second], facts="比对符合", reasons="公示期满", legal_basis="《社会保险法》第四十八条", paper=PAPER,
        by=by or system(do.EX_OFFICIO), now=NOW,
    )  # fmt: skip


@pytest.mark.parametrize("item", ITEMS.values())
def test_it_begins_decided_with_two_hands_and_is_sealed_delivered_and_closed_by_the_system(world, item):
    case_id = opened(world, item)
    case = Case.objects.get(pk=case_id)
    assert (case.state, case.approved, case.channel) == ("approved", True, "automatic") and case.number
    steps = {s.ordinal: s for s in Step.objects.filter(case=case)}
    assert steps[0].user_id == world.users["editor"] and steps[0].kind == "accept"
    last = steps[max(steps)]
    assert (last.kind, last.user_id) == ("decide", world.users["leader"])
    assert all(s.user_id is None and s.automatic for n, s in steps.items() if 0 < n < max(steps))
    decision = Decision.objects.get(case=case)
    assert (decision.decided_by_id, decision.facts) == (world.users["leader"], "比对符合")
    assert {(c.kind, c.outcome) for c in case.clocks.all()} == {("promised", "met"), ("delivery", "running")}
    # Nobody takes it to issue meanwhile.
    issuer = world.actor("issuer")
    assert case not in waiting_cases(issuer)
    with pytest.raises(NotFound):
        do.prepare_result(case_id=case_id, by=issuer, now=NOW)
    assert do.finish_ex_officio(case_id=case_id, now=NOW)
    assert not do.finish_ex_officio(case_id=case_id, now=NOW)
    do.close_case(case_id=case_id, now=NOW)
    case.refresh_from_db()
    assert case.state == "closed" and {d.kind.value for d in documents_of(case_id)} == {
        "benefit_notice",
        "delivery_receipt",
        "case_cover",
    }
    assert [e.act for e in timeline(case_id) if not e.act.startswith("documents.")] == [
        "cases.started", "cases.started_ex_officio", "cases.approved", "cases.result_composed", "cases.issued", "cases.delivered",
        "cases.closed",
    ]  # fmt: skip
    assert verify_chain(case_id).ok


def test_its_acts_are_not_told_one_by_one(world):
    from procrastinate.contrib.django.models import ProcrastinateJob

    case_id = opened(world)
    do.finish_ex_officio(case_id=case_id, now=NOW)
    assert not ProcrastinateJob.objects.filter(task_name="cases.tell", args__chain_id=str(case_id)).exists()
    assert not messages_about(case_id).exists()
    assert ProcrastinateJob.objects.filter(task_name="cases.finish_ex_officio", args__case_id=str(case_id)).count() == 1


def test_it_takes_two_hands_a_known_party_of_the_right_kind_and_the_right(world):
    with pytest.raises(SamePerson):
        opened(world, second="editor")
    with pytest.raises(NotFound):
        opened(world, party=uuid7())
    with pytest.raises(ApplicantWrong):
        opened(world, party=world.people["employer"], employer=True)
    with pytest.raises(NotAllowed):
        opened(world, by=world.actor("leader"))
    assert not Case.objects.exists()
