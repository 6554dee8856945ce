"""What issuers, counters and those who record acts of other systems are shown; a list never shows what its page would refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases import queries as ask
from linli.domains.cases.commands import ExternalAct as Act
from linli.domains.cases.errors import OnAnothersTable, ReasonMissing
from linli.domains.cases.queries import Colour, State
from linli.domains.documents.commands import revoke_document
from linli.domains.documents.queries import documents_of, verify
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.story import INSTANT, PERMIT, Story, at

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 15:00")
RENEWAL = "labour-dispatch-renewal"  # granted for three years
ELSEWHERE = "card-application"


def decided(world, item=PERMIT, time="10:00", **kw):
    story = Story(world, item=item)
    story.receive(time=time)
    story.accept()
    story.review(**kw)
    return story


def test_the_queue_holds_what_waits_longest_first_and_says_who_has_it(world):
    first, second = decided(world), decided(world, approve=False)
    issuer, other = first.who("issuer"), first.who("second-issuer")
    queue = list(ask.issue_queue(by=issuer))
    assert [c.pk for c in queue] == [first.case_id, second.case_id] and [c.holder_id for c in queue] == [None, None]
    do.prepare_result(case_id=first.case_id, by=issuer, now=NOW)
    assert ask.issue_queue(by=other)[0].holder_id == issuer.user_id
    assert ask.next_to_issue(by=other) == second.case_id
    assert ask.next_to_issue(by=issuer) == first.case_id
    assert not ask.issue_queue(by=issuer, now=NOW, shade=Colour.RED)
    assert ask.issue_queue(by=issuer, now=at("2026-04-20 10:00"), shade=Colour.RED).count() == 2
    for nobody in ("clerk", "elsewhere", "reviewer-1", "auditor"):
        assert not ask.issue_queue(by=first.who(nobody))


def test_the_sheet_tells_what_was_decided_and_not_by_whom(world):
    story = decided(world)
    issuer = story.who("issuer")
    before = ask.issue_sheet(story.case_id, by=issuer, now=NOW)
    assert (before.prepared, before.taken, before.own_decision, before.papers) == (False, False, False, [])
    assert before.power == "测试授权1号" and str(before.seal) == "云岭市人力资源和社会保障局业务专用章"
    do.prepare_result(case_id=story.case_id, by=issuer, now=NOW)
    mine = ask.issue_sheet(story.case_id, by=issuer, now=NOW)
    assert mine.prepared and [p.kind for p in mine.papers] == ["decision", "result_certificate"]
    assert ask.issue_sheet(story.case_id, by=story.who("second-issuer"), now=NOW).taken
    decider = story.case.decision.decided_by_id
    assert str(decider) not in repr(mine.decided)
    both = replace(issuer, user_id=decider)
    assert ask.issue_sheet(story.case_id, by=both, now=NOW).own_decision
    assert story.case_id not in {c.pk for c in ask.issue_queue(by=both)}
    for nobody in ("clerk", "elsewhere", "manager"):
        with pytest.raises(NotFound):
            ask.issue_sheet(story.case_id, by=story.who(nobody), now=NOW)


def test_a_counter_sees_the_result_once_it_is_sealed_and_another_hall_never(world):
    story = decided(world)
    do.prepare_result(case_id=story.case_id, by=story.who("issuer"), now=NOW)
    paper = documents_of(story.case_id)[-1].id
    assert ask.paper_for(paper, by=story.who("issuer")).case
    for name in ("clerk", "elsewhere", "reviewer-1"):
        with pytest.raises(NotFound):
            ask.paper_for(paper, by=story.who(name))
    with pytest.raises(NotFound):
        ask.handover_sheet(story.case_id, by=story.who("clerk"), now=NOW)
    do.issue_case(case_id=story.case_id, by=story.who("issuer"), now=NOW)
    assert ask.paper_for(paper, by=story.who("clerk")).case
    assert [c.pk for c in ask.to_deliver(by=story.who("clerk"))] == [story.case_id]
    sheet = ask.handover_sheet(story.case_id, by=story.who("clerk"), now=NOW)
    assert (len(sheet.papers), sheet.receipt, sheet.tries_left) == (2, None, 5)
    tail = story.case.number[-6:]
    assert [c.pk for c in ask.find_issued(tail, by=story.who("second-clerk"))] == [story.case_id]
    elsewhere = story.who("elsewhere")
    assert not ask.to_deliver(by=elsewhere) and not ask.find_issued(tail, by=elsewhere)
    for look in (
        lambda: ask.paper_for(paper, by=elsewhere),
        lambda: ask.handover_sheet(story.case_id, by=elsewhere, now=NOW),
    ):
        with pytest.raises(NotFound):
            look()


def test_whoever_reads_the_ledger_learns_what_a_paper_is_but_not_what_it_says(world):
    story = Story(world)
    story.whole()
    paper = next(d.id for d in documents_of(story.case_id) if d.kind == "result_certificate")
    colleague = ask.paper_for(paper, by=replace(story.who("second-issuer"), permissions=frozenset({"documents.seal"})))
    assert colleague.case is None and colleague.record.use and colleague.record.power == "测试授权1号"
    with pytest.raises(NotAllowed):
        ask.paper_for(paper, by=replace(story.who("second-issuer"), permissions=frozenset({"documents.seal"})), reading=True)
    assert ask.paper_for(paper, by=story.who("auditor"), reading=True).case
    revoke_document(document_id=paper, reason="内容有误", legal_basis="行政许可法第六十九条", by=story.who("leader"), now=NOW)
    assert ask.paper_for(paper, by=story.who("auditor")).record.revoked_basis == "行政许可法第六十九条"


def test_a_certificate_for_a_term_of_years_says_on_its_face_and_when_verified_until_when_it_stands(world):
    story = decided(world, item=RENEWAL)
    assert story.standard.result_validity == "3年"
    story.issue()
    paper = next(d for d in documents_of(story.case_id) if d.kind == "result_certificate")
    found = verify(paper.code)
    assert found.valid_to == date(2029, 3, 1)
    assert not found.expired(date(2029, 3, 1)) and found.expired(date(2029, 3, 2))


def test_what_was_done_elsewhere_waits_for_each_in_turn_and_never_for_one_who_had_a_hand_in_it(world):
    story = Story(world, item=ELSEWHERE)
    story.receive()

    def waits_for(*names):
        every = ("clerk", "elsewhere", "reviewer-1", "reviewer-2", "approver-1", "issuer", "auditor")
        found = {n for n in every if ask.external_waiting(by=story.who(n)).filter(pk=story.case_id).exists()}
        assert found == set(names)
        for n in found:
            assert ask.external_sheet(story.case_id, by=story.who(n)).may

    def record(act, name, **kw):
        do.record_external(case_id=story.case_id, act=act, by=story.who(name), now=NOW, **kw)

    waits_for("clerk")
    record(Act.ACCEPT, "clerk", external_number="SBK-1")
    waits_for("reviewer-1", "reviewer-2")
    record(Act.TAKE_OVER, "reviewer-1")
    waits_for("reviewer-2", "approver-1")
    own = ask.external_sheet(story.case_id, by=story.who("reviewer-1"))
    assert (own.next, own.may, own.own, own.number) == (Act.REVIEW, False, True, "")
    assert own.alias and [line.mine for line in own.lines] == [False, True, False, False]
    record(Act.REVIEW, "reviewer-2", approve=True)
    waits_for("issuer")
    record(Act.ISSUE, "issuer")
    waits_for()
    at_counter = ask.external_sheet(story.case_id, by=story.who("clerk"))
    assert at_counter.next is None and all(line.at for line in at_counter.lines) and at_counter.number == story.case.number
    for name in ("elsewhere", "reviewer-3", "auditor"):
        with pytest.raises(NotFound):
            ask.external_sheet(story.case_id, by=story.who(name))


def test_a_list_of_acts_waiting_asks_the_database_once(world, django_assert_num_queries):
    for _ in range(3):
        Story(world, item=ELSEWHERE).receive()
    by, issuer = Story(world).who("clerk"), Story(world).who("issuer")
    with django_assert_num_queries(1):
        assert len(ask.external_waiting(by=by)) == 3
    with django_assert_num_queries(1):
        assert not list(ask.external_waiting(by=issuer))
    assert all(c.state == State.SUBMITTED for c in ask.external_waiting(by=by))
    assert not ask.external_waiting(by=by).filter(item_code=INSTANT)


def test_a_result_whose_issuer_cannot_go_on_is_taken_over_with_its_papers(world):
    story = decided(world)
    first, second, boss = world.actor("issuer"), world.actor("second-issuer"), world.actor("manager")
    now = NOW
    papers = do.prepare_result(case_id=story.case_id, by=first, now=now)
    with pytest.raises(OnAnothersTable):
        do.prepare_result(case_id=story.case_id, by=second, now=now)
    with pytest.raises(NotAllowed):
        do.release_issue(case_id=story.case_id, reason="请假", by=second, now=now)
    with pytest.raises(ReasonMissing):
        do.release_issue(case_id=story.case_id, reason=" ", by=boss, now=now)
    with pytest.raises(NotFound):
        do.release_issue(case_id=story.case_id, reason="请假", by=world.actor("manager-elsewhere"), now=now)
    do.release_issue(case_id=story.case_id, reason="请假", by=boss, now=now)
    with pytest.raises(NotFound):
        do.release_issue(case_id=story.case_id, reason="请假", by=boss, now=now)
    assert do.prepare_result(case_id=story.case_id, by=second, now=now) == papers
    with pytest.raises(NotFound):
        do.issue_case(case_id=story.case_id, by=first, now=now)
    do.issue_case(case_id=story.case_id, by=second, now=now)
    assert story.case.state == "issued"
