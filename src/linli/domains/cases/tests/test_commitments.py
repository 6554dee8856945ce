"""Promises: what may be promised, what is told, checks on time, breaches with a hearing, repair, and materials that come later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import pairwise

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob
from pypdf import PdfReader

from linli.domains.cases import commands as do
from linli.domains.cases.deciding import decided as decided_as
from linli.domains.cases.errors import (
    CommitmentNotAllowed,
    CreditNoted,
    NotHeard,
    NotYourCheck,
    PendingOpen,
    PromiseRefused,
    PromisesOnce,
    ReasonMissing,
    ResultDoubted,
    SamePerson,
)
from linli.domains.cases.models import CaseMaterial, Commitment, MaterialFile
from linli.domains.cases.promising import NEXT, Promise, PromiseNotice, PromiseState, may_become, notice, revocation_basis, why_not
from linli.domains.cases.queries import (
    check_lines,
    check_sheet,
    commitment_notice,
    issue_sheet,
    on_shelf,
    own_checks,
    pending_clocks,
    promise_overview,
    provisional_standing,
    seen_promises,
    supervised_promises,
)
from linli.domains.catalog.commands import publish, save_draft, start_draft
from linli.domains.catalog.queries import ItemStandard, Material, forget_cached, package_standards
from linli.domains.documents.queries import current_templates, documents_of, get_document, pdf
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import still_waiting
from linli.domains.notices.queries import messages_about
from linli.domains.org.queries import calendar
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.departments import departments, sandbox_server  # noqa: F401
from linli.testing.story import PERMIT, Story, at, picture
from linli.testing.world import CITY, COUNTY

SKILL = "skill-evaluation-application"  # one material to commit to, whose result is then provisional
CODE, LATER = "m04", "m04"
SUBSIDY = "migrant-transport-subsidy"  # one material to commit to that a department can be asked about
ELSEWHERE = "professional-exam-registration"  # worked in another system, with one material to commit to
SYSTEM = system()
STANDARDS = package_standards()


# -- the rules ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("material", "promise", "instant", "says"),
    [
        ({"replaced_by": "data-share", "issued_by": "公安机关"}, Promise.COMMITMENT, False, "由我局向公安机关核验"),
        ({"replaced_by": "e-certificate"}, Promise.COMMITMENT, False, "由我局向有关部门核验"),
        ({}, Promise.COMMITMENT, False, "没有把它列为可以承诺"),
        ({"replaced_by": "credit-commitment"}, Promise.COMMITMENT, True, None),
        ({"replaced_by": "credit-commitment"}, Promise.PENDING, False, "没有把它列为可以容缺"),
        ({"pending_days": 5}, Promise.PENDING, False, None),
        ({"pending_days": 5}, Promise.PENDING, True, "即办件"),
        ({"pending_days": 5}, Promise.COMMITMENT, False, "没有把它列为可以承诺"),
    ],
)
def test_a_material_that_may_not_be_promised_is_refused_with_the_reason(material, promise, instant, says):
    why = why_not(Material(code="m01", name="某材料", **material), promise, instant=instant)
    assert (why is None) if says is None else (says in str(why))


def test_a_standard_cannot_ask_for_later_what_departments_hold_nor_be_provisional_without_a_commitment():
    for wrong in ({"replaced_by": "data-share", "pending_days": 5}, {"provisional": True}):
        with pytest.raises(ValueError, match="材料"):
            Material(code="m01", name="某材料", **wrong)


def test_every_material_of_the_catalogue_that_may_be_promised_has_a_notice_with_its_sources():
    seen = 0
    for standard in STANDARDS:
        for material in standard.materials:
            for promise in Promise:
                if why_not(material, promise, instant=standard.times.instant) is None:
                    told = notice(standard, material, promise, on=date(2026, 3, 2), days=60, months=12)
                    assert material.name in told.required and told.sources and not any("{" in line for line in told.lines)
                    assert PromiseNotice.of(told.dump()) == told
                    seen += 1
    assert seen > 20


@given(st.lists(st.sampled_from(list(PromiseState)), max_size=6))
def test_no_way_leads_from_untrue_to_kept_nor_out_of_what_is_settled(path):
    here = PromiseState.GIVEN
    been = [here]
    for to in path:
        if may_become(here, to):
            here = to
            been.append(here)
    assert not (PromiseState.BROKEN in been and PromiseState.KEPT in been)
    assert here is been[-1] and all(b in NEXT[a] for a, b in pairwise(been))


def test_a_permit_is_taken_back_by_the_law_of_permits_and_anything_else_by_what_was_told():
    on = date(2026, 3, 2)
    assert "行政许可法" in revocation_basis("行政许可", on=on) and "告知承诺书" in revocation_basis("公共服务", on=on)


def paper_of(story, kind):
    """What the newest paper of a kind says, as it is printed."""
    card = [d for d in documents_of(story.case_id) if d.kind.value == kind][-1]
    return "".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf(card.id))).pages).split())


def own_word(story):
    return decided_as(story.case)


def due_after(days):
    return calendar(COUNTY).add_working_days(date(2026, 3, 2), days)


# -- with a database ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def story(world, db):
    return Story(world, item=SKILL)


def signature(story):
    from linli.domains.documents.commands import store_file

    return store_file(content=picture("s"), declared_name="s.png", by=story.who("clerk"), now=at("2026-03-02 10:01"))


def committed(story, code=CODE, promise=Promise.COMMITMENT, handed=()):
    """Received with everything but one material, in whose place there is a promise."""
    story.receive(complete=False)
    for one in [h for h in story.handed() if h.code != code] + list(handed):
        do.hand_in(case_id=story.case_id, material=one, by=story.who("clerk"), now=at("2026-03-02 10:02"))
    do.commit_to(
        case_id=story.case_id,
        code=code,
        promise=promise,
        signature=signature(story),
        by=story.who("clerk"),
        now=at("2026-03-02 10:03"),
    )
    return Commitment.objects.get(case_id=story.case_id, code=code, standing="given")


def decided(story, **more):
    row = committed(story, **more)
    story.accept()
    story.review()
    row.refresh_from_db()
    return row


def owner(story, row, day="2026-03-10"):
    return story.who(next(n for n, u in story.world.users.items() if u == row.owner_id), day)


def doubted(story):
    row = decided(story)
    story.issue()
    document = do.find_breach(
        commitment_id=row.pk, facts="单位回函：入职不足五年。", by=owner(story, row), now=at("2026-03-10 09:00")
    )
    return row, document


def test_the_text_that_was_told_is_kept_with_the_signature_and_stays(story):
    row = committed(story)
    assert (row.signed, row.provisional, row.party_id) == ("drawn", True, story.world.people["applicant"])
    assert any("60 个工作日" in line for line in PromiseNotice.of(row.notice).lines)
    with pytest.raises(DatabaseError, match="what was promised stays"), transaction.atomic():
        Commitment.objects.filter(pk=row.pk).update(notice={})
    with pytest.raises(DatabaseError, match="what was promised stays"), transaction.atomic():
        Commitment.objects.filter(pk=row.pk).delete()


def test_bringing_the_material_after_all_ends_the_promise_and_a_new_one_takes_its_place(story):
    first = committed(story)
    do.hand_in(
        case_id=story.case_id, material=do.Handed(CODE, do.Received.PAPER), by=story.who("clerk"), now=at("2026-03-02 10:04")
    )
    first.refresh_from_db()
    assert first.standing == PromiseState.VOID
    do.commit_to(case_id=story.case_id, code=CODE, by=story.who("clerk"), now=at("2026-03-02 10:05"))
    assert [c.signed for c in Commitment.objects.filter(case_id=story.case_id, standing="given")] == ["paper"]


def test_what_the_standard_does_not_list_cannot_be_promised(story):
    story.receive(complete=False)
    other = next(m for m in story.standard.materials if m.from_departments)
    with pytest.raises(PromiseRefused, match="核验"):
        do.commit_to(case_id=story.case_id, code=other.code, by=story.who("clerk"), now=at("2026-03-02 10:03"))
    with pytest.raises(CommitmentNotAllowed):
        do.commit_to(case_id=story.case_id, code="m01", promise=Promise.PENDING, by=story.who("clerk"), now=at("2026-03-02 10:03"))
    said = commitment_notice(story.case, CODE, on=date(2026, 3, 2))
    assert said.notice and said.why_not is None
    assert commitment_notice(story.case, other.code, on=date(2026, 3, 2)).why_not


def test_the_decision_makes_a_check_with_an_owner_and_a_day_counted_in_working_days(story):
    row = decided(story)
    assert (row.standing, row.due_on) == (
        PromiseState.DUE,
        date(2026, 5, 28),
    )  # 60 working days after 2 March, Qingming and May left out
    hands = set(story.case.steps.values_list("user_id", flat=True))
    assert row.owner_id and row.owner_id not in hands
    assert [e.act for e in timeline(story.case_id)].count("cases.check_due") == 1
    line = check_lines(own_checks(owner(story, row)).select_related("case"), now=at("2026-03-03 09:00"))[0]
    assert (line.colour.value, line.applicant.name) == ("green", "赵示例")
    assert check_lines([row], now=at("2026-06-01 09:00"))[0].colour.value == "red"


def test_the_result_says_that_it_is_provisional_until_the_check_and_no_longer_after(story):
    row = decided(story)
    story.issue()
    certificate = documents_of(story.case_id)
    kinds = {d.kind.value for d in certificate}
    assert "commitment" in kinds and provisional_standing(story.case_id).until == row.due_on
    assert all(pdf(d.id).startswith(b"%PDF-") for d in certificate if d.kind.value in ("commitment", "decision"))
    do.confirm_kept(commitment_id=row.pk, finding="电话核实用人单位。", by=owner(story, row), now=at("2026-03-10 09:00"))
    assert provisional_standing(story.case_id).checked


def test_a_refusal_leaves_nothing_to_check(story):
    row = committed(story)
    story.accept()
    story.review(approve=False)
    row.refresh_from_db()
    assert row.standing == PromiseState.VOID and not supervised_promises(story.who("manager")).exists()


def test_only_the_owner_checks_and_says_how(story):
    row = decided(story)
    mine, other = owner(story, row), next(n for n in ("reviewer-1", "reviewer-2") if story.world.users[n] != row.owner_id)
    with pytest.raises(NotYourCheck):
        do.confirm_kept(commitment_id=row.pk, finding="x", by=story.who(other), now=at("2026-03-10 09:00"))
    with pytest.raises(NotAllowed):
        do.confirm_kept(commitment_id=row.pk, finding="x", by=story.who("clerk"), now=at("2026-03-10 09:00"))
    with pytest.raises(ReasonMissing):
        do.confirm_kept(commitment_id=row.pk, finding=" ", by=mine, now=at("2026-03-10 09:00"))
    do.confirm_kept(commitment_id=row.pk, finding="电话核实。", by=mine, now=at("2026-03-10 09:00"))
    with pytest.raises(NotYourCheck):
        do.confirm_kept(commitment_id=row.pk, finding="再来", by=mine, now=at("2026-03-10 09:00"))


def test_nobody_is_found_untrue_before_they_could_speak_nor_by_whoever_found_the_facts(story):
    row, document = doubted(story)
    assert "核告" in get_document(document).number
    leader, late = story.who("leader", "2026-03-11"), at("2026-03-11 09:00")
    with pytest.raises(NotHeard):
        do.conclude_breach(commitment_id=row.pk, upheld=True, reasons="属实", by=leader, now=late)
    with pytest.raises(NotAllowed):
        do.conclude_breach(commitment_id=row.pk, upheld=True, reasons="属实", by=owner(story, row), now=late)
    do.hear_applicant(commitment_id=row.pk, statement="记错了日期。", by=owner(story, row), now=late)
    assert "uphold" in check_sheet(row.pk, by=leader, now=late).acts
    decision = do.conclude_breach(commitment_id=row.pk, upheld=True, reasons="与事实不符。", by=leader, now=late)
    row.refresh_from_db()
    assert row.standing == PromiseState.BROKEN and row.breach.revoked and row.breach.noted_until == date(2027, 3, 11)
    states = {d.kind.value: d.state.value for d in documents_of(story.case_id)}
    assert (states["decision"], states["breach_decision"]) == ("revoked", "composed") and decision


def test_whoever_lets_the_day_pass_is_decided_on_without_a_statement(story):
    row, _ = doubted(story)
    do.conclude_breach(
        commitment_id=row.pk, upheld=True, reasons="属实", by=story.who("leader", "2026-03-18"), now=at("2026-03-18 09:00")
    )
    row.refresh_from_db()
    assert row.standing == PromiseState.BROKEN


def test_a_doubt_that_is_cleared_leaves_no_mark(story):
    row, _ = doubted(story)
    do.conclude_breach(
        commitment_id=row.pk, upheld=False, reasons="单位更正了记录。", by=story.who("leader"), now=at("2026-03-10 15:00")
    )
    row.refresh_from_db()
    assert row.standing == PromiseState.KEPT and row.breach.noted_until is None
    assert {d.state.value for d in documents_of(story.case_id) if d.kind.value == "decision"} == {"sealed"}


def test_who_broke_one_promise_gives_no_other_until_it_is_repaired(story):
    row, _ = doubted(story)
    do.conclude_breach(
        commitment_id=row.pk, upheld=True, reasons="属实", by=story.who("leader", "2026-03-18"), now=at("2026-03-18 09:00")
    )
    again = Story(story.world, item=SKILL, day="2026-03-19")
    again.receive(complete=False)
    common = {"case_id": again.case_id, "code": CODE, "by": again.who("clerk")}
    with pytest.raises(CreditNoted, match="2027-03-18"):
        do.commit_to(**common, now=at("2026-03-19 10:03"))
    do.repair_breach(
        commitment_id=row.pk, how="补交了工作年限证明。", by=story.who("leader", "2026-03-19"), now=at("2026-03-19 10:04")
    )
    do.commit_to(**common, now=at("2026-03-19 10:05"))
    with pytest.raises(NotYourCheck):
        do.repair_breach(commitment_id=row.pk, how="再来", by=story.who("leader", "2026-03-19"), now=at("2026-03-19 10:06"))


def test_no_result_is_sealed_while_facts_belie_it(story):
    row = decided(story)
    do.find_breach(commitment_id=row.pk, facts="不符。", by=owner(story, row), now=at("2026-03-10 09:00"))
    with pytest.raises(ResultDoubted):
        story.issue(day="2026-03-10")


def concluded(story, **more):
    """Granted, not yet issued, and then found to rest on something untrue."""
    row = decided(story)
    do.find_breach(commitment_id=row.pk, facts="单位回函：入职不足五年。", by=owner(story, row), now=at("2026-03-10 09:00"))
    do.conclude_breach(
        commitment_id=row.pk,
        upheld=True,
        reasons="与事实不符。",
        by=story.who("leader", "2026-03-18"),
        now=at("2026-03-18 09:00"),
        **more,
    )
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("composed", [False, True])
def test_a_grant_nobody_has_received_is_taken_back_and_refused_in_writing(story, composed):
    row = decided(story)
    if composed:
        do.prepare_result(case_id=story.case_id, by=story.who("issuer", "2026-03-03"), now=at("2026-03-03 09:00"))
    do.find_breach(commitment_id=row.pk, facts="单位回函：入职不足五年。", by=owner(story, row), now=at("2026-03-10 09:00"))
    with pytest.raises(ResultDoubted):  # while the applicant may still speak nothing is sealed
        story.issue(day="2026-03-10")
    do.conclude_breach(
        commitment_id=row.pk, upheld=True, reasons="与事实不符。", by=story.who("leader", "2026-03-18"), now=at("2026-03-18 09:00")
    )
    assert (story.case.state, story.case.approved) == ("rejected", False)
    sheet = issue_sheet(story.case_id, by=story.who("second-issuer", "2026-03-18"), now=at("2026-03-18 10:00"))
    assert not sheet.decided.approved and sheet.decided.remedies and not sheet.prepared and not sheet.taken and not sheet.papers
    assert "行政许可法" in sheet.decided.legal_basis or "告知承诺书" in sheet.decided.legal_basis
    story.issue(issuer="second-issuer", day="2026-03-18")
    story.deliver(day="2026-03-18")
    told = paper_of(story, "delivery_receipt")
    assert "不予" in told and "承诺不实处理决定书" in told and "准予职业" not in told.replace("不准予", ""), told
    states = [
        (d.kind.value, d.state.value) for d in documents_of(story.case_id) if d.kind.value in ("decision", "result_certificate")
    ]
    assert states.count(("decision", "sealed")) == 1 and ("result_certificate", "sealed") not in states
    assert own_word(story).approved is False
    assert not [e for e in timeline(story.case_id) if e.act == "cases.grant_taken_back"][1:]


def test_whoever_decided_on_the_breach_does_not_issue_the_refusal(story, world):
    row = concluded(story)
    issuer = replace(story.who("issuer", "2026-03-18"), user_id=row.breach.concluded_by_id)
    with pytest.raises(SamePerson):
        do.prepare_result(case_id=story.case_id, by=issuer, now=at("2026-03-18 10:00"))


def test_a_grant_that_is_let_stand_goes_on_to_its_owner(story):
    row = concluded(story, revoke=False)
    assert row.standing == PromiseState.BROKEN and not row.breach.revoked and story.case.state == "approved"
    story.issue(day="2026-03-18")
    assert story.case.state == "issued"


def test_a_result_revoked_before_it_was_collected_is_not_handed_over_but_the_decision_that_says_so(story):
    row, _ = doubted(story)
    do.conclude_breach(
        commitment_id=row.pk, upheld=True, reasons="属实", by=story.who("leader", "2026-03-18"), now=at("2026-03-18 09:00")
    )
    assert story.case.state == "issued"
    story.deliver(day="2026-03-18")
    told = paper_of(story, "delivery_receipt")
    assert "承诺不实处理决定书" in told and "准予职业" not in told, told


# -- provisional, then final ---------------------------------------------------------------------------------------------------------


def test_a_provisional_result_is_final_once_its_commitment_was_checked_and_its_owner_hears_of_it_once(story):
    row = decided(story)
    story.issue()
    before = provisional_standing(story.case_id)
    assert not before.checked and before.until == row.due_on
    assert "暂行" in paper_of(story, "decision")
    do.confirm_kept(commitment_id=row.pk, finding="电话核实用人单位。", by=owner(story, row), now=at("2026-03-10 09:00"))
    assert provisional_standing(story.case_id).checked
    jobs = list(ProcrastinateJob.objects.filter(task_name="cases.tell", args__chain_id=str(story.case_id)))
    for job in jobs + jobs:
        do.tell(case_id=story.case_id, seq=job.args["seq"], by=SYSTEM, now=at("2026-03-10 09:01"))
    kinds = [m.kind for m in messages_about(story.case_id)]
    assert kinds.count("case.result_final") == 1 and "case.breach_found" not in kinds


def test_a_provisional_result_whose_check_was_cleared_of_a_doubt_is_final_too(story):
    row, _ = doubted(story)
    do.conclude_breach(
        commitment_id=row.pk, upheld=False, reasons="单位更正了记录。", by=story.who("leader"), now=at("2026-03-10 15:00")
    )
    assert [e.act for e in timeline(story.case_id)].count("cases.result_final") == 1


def test_what_another_systems_department_decided_on_a_commitment_is_checked_afterwards_too(world, db):
    story = Story(world, item=ELSEWHERE)
    row = committed(story, code="m01")
    record = {"case_id": story.case_id, "now": at("2026-03-02 11:00")}
    do.record_external(act=do.ExternalAct.ACCEPT, external_number="KS-1", by=story.who("clerk"), **record)
    row.refresh_from_db()
    assert row.document_id, "the commitment is a paper of the case"
    do.record_external(act=do.ExternalAct.TAKE_OVER, by=story.who("reviewer-1"), **record)
    do.record_external(act=do.ExternalAct.REVIEW, approve=True, by=story.who("approver-1"), **record)
    row.refresh_from_db()
    hands = {world.users[n] for n in ("clerk", "reviewer-1", "approver-1")}
    assert (row.standing, row.due_on) == (PromiseState.DUE, due_after(60)) and row.owner_id not in hands | {None}
    do.find_breach(commitment_id=row.pk, facts="没有参加过考试。", by=owner(story, row), now=at("2026-03-10 09:00"))
    do.conclude_breach(
        commitment_id=row.pk, upheld=True, reasons="属实", by=story.who("leader", "2026-03-18"), now=at("2026-03-18 09:00")
    )
    assert story.case.state == "rejected"
    do.record_external(
        act=do.ExternalAct.ISSUE, case_id=story.case_id, by=story.who("issuer", "2026-03-18"), now=at("2026-03-18 10:00")
    )
    assert story.case.state == "issued"


# -- signed on paper -------------------------------------------------------------------------------------------------------------------


def test_a_sheet_signed_on_paper_is_kept_as_a_scan_at_once_or_later(story):
    row = committed(story)
    scan = signature(story)
    do.commit_to(case_id=story.case_id, code=CODE, sheet=((scan, "第1页.png"),), by=story.who("clerk"), now=at("2026-03-02 10:04"))
    again = Commitment.objects.get(case_id=story.case_id, standing="given")
    assert (again.pk != row.pk, again.signed, again.signature_file_id) == (True, "paper", None)
    story.accept()
    more = {"case_id": story.case_id, "by": story.who("clerk"), "now": at("2026-03-02 10:30")}
    do.keep_sheet(code=CODE, sheet=((scan, "第2页.png"),), **more)
    names = list(MaterialFile.objects.filter(material__case_id=story.case_id, material__code=CODE).values_list("name", flat=True))
    assert {"第1页.png", "第2页.png"} <= set(names)
    assert CaseMaterial.objects.get(case_id=story.case_id, code=CODE).received == "committed"
    with pytest.raises(NotFound):
        do.keep_sheet(code="m01", sheet=((scan, "x.png"),), **more)
    with pytest.raises(NotFound):
        do.keep_sheet(code=CODE, sheet=((scan, "x.png"),), **more | {"by": story.who("elsewhere")})


# -- materials that come later --------------------------------------------------------------------------------------------------------


@pytest.fixture
def permit(world, db):
    story = Story(world, item=PERMIT)
    committed(story, code=LATER, promise=Promise.PENDING)
    story.accept()
    return story


def test_a_case_is_accepted_without_a_minor_material_and_the_notice_says_until_when(permit):
    row = Commitment.objects.get(case_id=permit.case_id)
    assert (row.standing, row.due_on) == (PromiseState.DUE, date(2026, 3, 9))
    assert permit.case.state == "in_review"
    assert CaseMaterial.objects.get(case_id=permit.case_id, code=LATER).state == "pending"
    (clock,) = pending_clocks(permit.case, [row], now=at("2026-03-05 09:00"))
    assert (clock.due_on, clock.days_left, clock.colour.value) == (date(2026, 3, 9), 2, "green") and "5 个工作日" in str(
        clock.explanation[0]
    )
    (late,) = pending_clocks(permit.case, [row], now=at("2026-03-10 09:00"))
    assert (late.days_left, late.colour.value) == (-1, "red")


def test_it_is_not_granted_before_it_is_brought_and_then_it_is(permit):
    with pytest.raises(PendingOpen):
        permit.review()
    do.bring_pending(
        case_id=permit.case_id, material=do.Handed(LATER, do.Received.PAPER), by=permit.who("clerk"), now=at("2026-03-04 09:00")
    )
    permit.review(day="2026-03-04")
    assert Commitment.objects.get(case_id=permit.case_id).standing == PromiseState.KEPT and permit.case.state == "approved"


def test_who_promised_is_reminded_once_and_then_the_acceptance_is_taken_back(permit):
    for when, times in (("2026-03-03 01:00", 0), ("2026-03-06 01:00", 1), ("2026-03-06 02:00", 1), ("2026-03-09 01:00", 1)):
        do.remind_pending(by=SYSTEM, now=at(when))
        acts = [e.act for e in timeline(permit.case_id)]
        assert acts.count("cases.pending_reminded") == times
    assert do.lapse_pending(by=SYSTEM, now=at("2026-03-09 23:00")) == 0
    assert (
        do.lapse_pending(by=SYSTEM, now=at("2026-03-10 01:00")) == 1
        and do.lapse_pending(by=SYSTEM, now=at("2026-03-10 01:00")) == 0
    )
    assert permit.case.state == "withdrawn" and Commitment.objects.get(case_id=permit.case_id).standing == PromiseState.BROKEN


def test_what_was_left_out_once_is_not_left_out_again(world, db):
    story = Story(world, item=PERMIT)
    row = committed(story, code=LATER, promise=Promise.PENDING)
    do.commit_to(case_id=story.case_id, code=LATER, promise=Promise.PENDING, by=story.who("clerk"), now=at("2026-03-02 10:04"))
    row.refresh_from_db()
    assert row.standing == PromiseState.VOID  # said again while it is still a draft: the newer text counts
    Commitment.objects.filter(case_id=story.case_id, standing="given").update(standing="due", due_on=date(2026, 3, 9))
    with pytest.raises(PromisesOnce):
        do.commit_to(case_id=story.case_id, code=LATER, promise=Promise.PENDING, by=story.who("clerk"), now=at("2026-03-02 10:05"))


# -- who sees what ---------------------------------------------------------------------------------------------------------------------


def test_a_check_is_seen_by_its_owner_and_those_who_oversee_the_case_and_by_nobody_else(story):
    row = decided(story)
    for name in story.world.users:
        who = story.who(name)
        sees = name in ("manager", "leader", "auditor") or story.world.users[name] == row.owner_id
        assert seen_promises(who).filter(pk=row.pk).exists() == sees, name
        if not sees:
            with pytest.raises(NotFound):
                check_sheet(row.pk, by=who, now=at("2026-03-10 09:00"))


def test_the_overview_counts_in_one_query_and_lists_cost_no_more_for_more(story):
    decided(story)
    manager, now = story.who("manager"), at("2026-03-10 09:00")

    def look():
        return check_lines(on_shelf(supervised_promises(manager), "due").select_related("case"), now=now)

    with CaptureQueriesContext(connection) as few:
        assert len(look()) == 1
    for _ in range(3):
        decided(Story(story.world, item=SKILL))
    with CaptureQueriesContext(connection) as many:
        assert len(look()) == 4
    assert len(many) <= len(few)
    counts = promise_overview(by=manager, now=now)
    assert (counts.open, counts.late, counts.nobodys, counts.checked) == (4, 0, 0, 0)


def test_checks_are_shared_out_and_one_that_nobody_has_finds_an_owner(story):
    rows = [decided(Story(story.world, item=SKILL)) for _ in range(4)]
    assert len({r.owner_id for r in rows}) > 1
    Commitment.objects.filter(pk=rows[0].pk).update(owner_id=None)
    assert do.find_checkers(by=SYSTEM, now=at("2026-03-10 09:00")) == 1
    rows[0].refresh_from_db()
    assert rows[0].owner_id


# -- the department that holds the record is asked --------------------------------------------------------------------------------------


@pytest.fixture
def subsidy(world, db):
    """A version of an item whose result is given in advance on a commitment that a department can check."""
    by, when = system("catalog.edit", "catalog.publish"), at("2026-02-20 09:00")
    draft = start_draft(item_code=SUBSIDY, region=CITY, by=by, now=when)
    row = ItemStandard.objects.get(pk=draft)
    doc = row.doc | {"materials": [m | ({"provisional": True} if m["code"] == "m02" else {}) for m in row.doc["materials"]]}
    save_draft(draft_id=draft, doc=doc, revision=row.revision, by=by, now=when)
    publish(draft_id=draft, valid_from=date(2026, 3, 1), papers=current_templates(), by=by, now=when)
    forget_cached()
    yield Story(world, item=SUBSIDY)
    forget_cached()


def test_a_department_that_holds_the_record_settles_the_check_and_the_result_given_in_advance_is_final(subsidy, departments):  # noqa: F811
    """The whole way: told, signed, accepted, granted in advance, checked by data sharing within its days, final."""
    story = subsidy
    row = decided(story, code="m02")
    story.issue()
    assert row.provisional and any("暂行" in line for line in PromiseNotice.of(row.notice).lines)
    assert "暂行" in paper_of(story, "decision") and not provisional_standing(story.case_id).checked
    assert do.ask_for_check(commitment_id=row.pk, by=SYSTEM, now=datetime.now(UTC)) == 0  # nothing is connected: by hand
    departments.connect(datetime.now(UTC))
    now = datetime.now(UTC)
    assert (
        do.ask_for_check(commitment_id=row.pk, by=SYSTEM, now=now) == 1
        and do.ask_for_check(commitment_id=row.pk, by=SYSTEM, now=now) == 0
    )
    assert do.settle_answered(by=SYSTEM, now=now) == 0
    exchange.fetch(question_ids=still_waiting(story.case_id), now=datetime.now(UTC))
    shared = check_sheet(row.pk, by=owner(story, row), now=now).shared
    settled = do.settle_answered(by=SYSTEM, now=now)
    row.refresh_from_db()
    assert shared and settled == int(shared.usable)
    assert (row.standing, row.receipt_id) == (("kept", shared.question_id) if shared.usable else ("due", None))
    assert shared.usable
    assert provisional_standing(story.case_id).checked
    assert [e.act for e in timeline(story.case_id)].count("cases.result_final") == 1
