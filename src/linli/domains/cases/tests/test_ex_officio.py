"""Cases that the bureau begins by itself: what they say, who had a hand in them, and that they end once."""

from __future__ import annotations

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.errors import SamePerson
from linli.domains.cases.models import Case, Decision, Step
from linli.domains.cases.permissions import waiting_cases
from linli.domains.catalog.queries import package_standards
from linli.domains.documents.commands import PaperWrong
from linli.domains.documents.queries import PaperKind, documents_of, pdf, verify_pdf
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
    "benefit": "示例补贴", "period": "2026年3月", "conditions": ["正在领取失业保险金"], "legal_basis": ["《社会保险法》第四十八条"],
    "paid_to": "发放到登记的账户",
}  # fmt: skip


def many(world, parties, item="unemployed-medical-premium", by=None, second="leader", paper=PAPER):
    wanted = [
        do.Wanted(do.Applicant(p, employer), "770121", world.orgs["bureau"], {"amount": f"{n}00.00"})
        for n, (p, employer) in enumerate(parties, 4)
    ]
    verdict = do.Verdict(True, "比对符合", "公示期满", "《社会保险法》第四十八条", PaperKind.BENEFIT_NOTICE, paper)
    return do.open_ex_officio(
        item_code=item, wanted=wanted, started_by=world.users["editor"], decided_by=world.users[second], verdict=verdict,
        by=by or system(do.EX_OFFICIO), now=NOW,
    )  # fmt: skip


def opened(world, item="unemployed-medical-premium", **more):
    (case_id,) = many(world, [(world.people["applicant"], False)], item, **more)
    return case_id


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


def test_its_acts_are_not_told_one_by_one_and_a_job_seals_many(world):
    from procrastinate.contrib.django.models import ProcrastinateJob

    case_id = opened(world)
    do.finish_ex_officio(case_id=case_id, now=NOW)
    assert not ProcrastinateJob.objects.filter(task_name="cases.tell", args__chain_id=str(case_id)).exists()
    assert not messages_about(case_id).exists()
    (job,) = ProcrastinateJob.objects.filter(task_name="cases.finish_many")
    assert job.args == {"case_ids": [str(case_id)]} and job.priority < 0


def test_many_begin_at_once_and_who_cannot_have_a_case_keeps_nobody_else(world):
    people = [world.people[n] for n in ("applicant", "neighbour")]
    parties = [(people[0], False), (uuid7(), False), (world.people["employer"], True), (people[1], False)]
    made = many(world, parties)
    assert [type(c).__name__ for c in made] == ["UUID", "NotFound", "ApplicantWrong", "UUID"]
    cases = {c.pk: c for c in Case.objects.all()}
    assert [cases[i].applicant_id for i in (made[0], made[3])] == people and len(cases) == 2
    # Numbers have no gap for those without a case, nor have those of the papers.
    first, second = sorted(cases.values(), key=lambda c: c.number)
    assert int(second.number[-8:]) // 10 - int(first.number[-8:]) // 10 in (0, 1) and first.number != second.number
    papers = sorted(documents_of(c)[0].number for c in cases)
    assert len(set(papers)) == 2
    assert do.finish_many(case_ids=list(cases), now=NOW) == 2 and do.finish_many(case_ids=list(cases), now=NOW) == 0
    digests = set()
    for case_id in cases:
        notice, receipt = sorted(documents_of(case_id), key=lambda d: d.kind.value)
        assert (notice.kind, notice.state, receipt.kind) == (PaperKind.BENEFIT_NOTICE, "sealed", PaperKind.DELIVERY_RECEIPT)
        # Each paper is a file of its own, signed by itself.
        found = verify_pdf(pdf(notice.id), now=NOW)
        assert found.signature.intact and found.signature.trusted and found.signature.whole_file
        digests.add(notice.digest)
        assert verify_chain(case_id).ok and verify_chain(notice.id).ok and verify_chain(receipt.id).ok
        assert {(c.kind, c.outcome) for c in cases[case_id].clocks.all()} == {("promised", "met"), ("delivery", "met")}
    assert len(digests) == 2


def test_a_notice_that_cannot_be_written_makes_no_case_and_uses_no_number(world):
    with pytest.raises(PaperWrong):
        many(world, [(world.people["applicant"], False)] * 2, paper={k: v for k, v in PAPER.items() if k != "benefit"})


def test_it_takes_two_hands_a_known_party_of_the_right_kind_and_the_right(world):
    with pytest.raises(SamePerson):
        opened(world, second="editor")
    with pytest.raises(NotAllowed):
        opened(world, by=world.actor("leader"))
    assert not Case.objects.exists()
