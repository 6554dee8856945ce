"""Applicants hear of each act they must know: exactly one message, whatever happens to the jobs that write them."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.cases import commands as do
from linli.domains.cases.commands.telling import OVERDUE, TELLS
from linli.domains.cases.lifecycle import Move
from linli.domains.cases.models import Case
from linli.domains.notices.queries import letters, message_views, messages_about, posted
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.calendar import day_said
from linli.kernel.ids import uuid7
from linli.testing.concurrency import at_once
from linli.testing.story import INSTANT, PERMIT, Story, at, filled

NOW = at("2026-03-02 17:00")


def told(case_id, now=NOW, times=1):
    """Run the jobs that are waiting, as the worker would, perhaps more than once."""
    jobs = list(ProcrastinateJob.objects.filter(task_name="cases.tell", args__chain_id=str(case_id)).order_by("id"))
    for _ in range(times):
        for job in jobs:
            do.tell(case_id=case_id, seq=job.args["seq"], by=system(), now=now)
    return jobs


def kinds(case_id):
    return [m.kind for m in messages_about(case_id)]


def views(case_id, **more):
    return {v.kind: v for v in message_views(messages_about(case_id), **more)}


@pytest.fixture
def story(world):
    return Story(world)


def suspended(world):
    s = Story(world)
    s.receive()
    s.accept()
    do.suspend_case(
        case_id=s.case_id, ground=next(iter(do.PauseGround)), reason="需要鉴定", until=date(2026, 3, 20), by=s.who("manager"),
        now=at("2026-03-02 15:00"),
    )  # fmt: skip
    return s


def corrected(world):
    s = Story(world)
    s.receive(complete=False)
    material = next(m for m in s.standard.materials if not m.from_departments)
    do.request_correction(
        case_id=s.case_id, missing=[do.Missing(material.code, "缺少签名页")], by=s.who("clerk"), now=at("2026-03-02 10:30")
    )
    return s


# -- what is said ----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_case_from_the_first_paper_to_the_archive(story):
    case_id = story.whole()
    told(case_id)
    assert kinds(case_id) == ["case.submitted", "case.accepted", "case.decided", "case.issued", "case.delivered"]
    said, number = views(case_id), Case.objects.get(pk=case_id).number
    assert all(number in v.text for v in said.values())
    assert said["case.issued"].text.count("云岭市政务服务大厅（云岭市示例路2号）") == 1
    assert "窗口领取" in said["case.delivered"].text
    assert all(v.signed == "云岭市人力资源和社会保障局" for v in said.values())


@pytest.mark.django_db
def test_the_promised_day_is_said_as_its_clock_explains_it(story):
    story.receive()
    story.accept()
    told(story.case_id)
    case = Case.objects.get(pk=story.case_id)
    text = views(story.case_id)["case.accepted"].text
    assert str(day_said(case.due_on)) in text and "个工作日" in text
    plain = views(story.case_id, plain=True)["case.accepted"].text
    assert str(day_said(case.due_on)) in plain and len(plain) < len(text)


@pytest.mark.django_db
def test_a_correction_lists_everything_and_its_arrival_is_confirmed(world):
    s = corrected(world)
    told(s.case_id)
    asked = views(s.case_id)["case.correction_requested"].text
    assert "缺少签名页" in asked
    (sms,) = [x for x in letters(posted()) if "补正" in x.content["text"]]
    assert "缺少签名页" not in sms.content["text"]  # what is wrong with somebody's papers is not for a lock screen


@pytest.mark.django_db
def test_suspended_resumed_extended(world):
    s = suspended(world)
    do.resume_case(case_id=s.case_id, reason="鉴定完成", by=s.who("manager"), now=at("2026-03-02 16:00"))
    do.extend_case(
        case_id=s.case_id, kind=do.ClockKind.PROMISED, add=1, reason="材料较多", by=s.who("manager"), now=at("2026-03-02 16:30")
    )
    told(s.case_id)
    assert kinds(s.case_id)[2:] == ["case.suspended", "case.resumed", "case.extended"]
    assert "2026-03-20" in views(s.case_id)["case.suspended"].text


@pytest.mark.django_db
def test_the_reasons_of_a_decision_never_go_by_sms(story):
    story.receive()
    story.accept()
    story.review(approve=False)
    story.issue()
    told(story.case_id)
    for letter in letters(posted()):
        assert "不符合规定条件" not in letter.content["text"] and "不予" not in letter.content["text"]


@pytest.mark.django_db
def test_a_draft_given_up_was_never_an_application(story):
    story.item = INSTANT
    story.case_id = do.open_draft(item_code=INSTANT, applicant=story.applicant, by=story.who("clerk"), now=at("2026-03-02 10:00"))
    do.withdraw_case(case_id=story.case_id, by=story.who("clerk"), now=at("2026-03-02 10:01"))
    told(story.case_id)
    assert kinds(story.case_id) == []


@pytest.mark.django_db
def test_whoever_acts_for_somebody_hears_of_it_too(world):
    s = Story(world, item=INSTANT)
    applicant = do.Applicant(world.people["applicant"], agent_id=world.people["agent"])
    s.case_id = do.receive_case(
        item_code=INSTANT, applicant=applicant, form=filled(s.standard),
        materials=s.handed(), by=s.who("clerk"), now=at("2026-03-02 10:00"),
    )  # fmt: skip
    told(s.case_id)
    assert {m.party_id for m in messages_about(s.case_id)} == {world.people["applicant"], world.people["agent"]}


# -- late ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_promise_that_was_not_kept_is_apologised_for_once(story):
    story.receive()
    story.accept()
    due = Case.objects.get(pk=story.case_id).due_on
    on_the_day = at(f"{due} 23:00")
    assert do.note_overdue(by=system(), now=on_the_day) == 0
    after = at(f"{due} 23:59").replace(hour=0) + (at("2026-01-02 00:00") - at("2026-01-01 00:00"))
    assert do.note_overdue(by=system(), now=after) == 1
    assert do.note_overdue(by=system(), now=after) == 0
    told(story.case_id, now=after)
    assert kinds(story.case_id)[-1] == "case.overdue"
    assert str(day_said(due)) in views(story.case_id)["case.overdue"].text
    assert "致歉" in views(story.case_id)["case.overdue"].title


# -- exactly one -----------------------------------------------------------------------------------------------------------------

_SILENT = {Move.SEND_TO_REVIEW, Move.CLOSE, Move.TAKE_BACK, Move.START}


def test_every_move_is_told_or_known_not_to_concern_the_applicant():
    """Sending to review is inside the house; closing only puts the file away after the delivery that was told; that a
    grant is taken back is told with the conclusion of the check."""
    assert {m.act for m in Move} - TELLS.keys() == {m.act for m in _SILENT}
    assert OVERDUE in TELLS and "cases.extended" in TELLS


def test_a_whole_day_has_exactly_one_message_for_each_act_however_often_and_at_once_the_jobs_run(world, committed_db):
    days = [suspended(world), corrected(world)]
    for approve in (True, False):
        days.append(Story(world, item=PERMIT if approve else INSTANT))
        days[-1].whole(approve=approve)
    withdrawn = Story(world)
    withdrawn.receive()
    do.withdraw_case(case_id=withdrawn.case_id, reason="另行办理", by=withdrawn.who("clerk"), now=at("2026-03-02 11:00"))
    days.append(withdrawn)
    jobs = [j for s in days for j in ProcrastinateJob.objects.filter(task_name="cases.tell", args__chain_id=str(s.case_id))]
    assert len(jobs) > 15

    def run(job):
        return lambda: do.tell(case_id=job.args["chain_id"], seq=job.args["seq"], by=system(), now=NOW)

    for _ in range(2):  # each job twice at the same moment, and all of it once more
        for job in jobs:
            assert not [r for r in at_once([run(job), run(job)]) if isinstance(r, Exception)]
    for s in days:
        acts = Counter(TELLS[e.act][0] for e in timeline(s.case_id) if e.act in TELLS)
        assert Counter(kinds(s.case_id)) == acts, s.case_id


@pytest.mark.django_db
def test_the_job_is_enqueued_with_the_act_or_not_at_all(story):
    from django.db import transaction

    class Broken(Exception):
        pass

    with pytest.raises(Broken), transaction.atomic():
        story.receive(key=uuid7())
        raise Broken
    assert not ProcrastinateJob.objects.filter(task_name="cases.tell").exists()
