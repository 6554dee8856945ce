"""Certification through the doors: signs come in, the ladder is climbed, doubts are looked into, payment stops and goes on."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from uuid import UUID, uuid4

import duckdb
import pytest
from django.db import DatabaseError, connection, connections, transaction
from PIL import Image
from pypdf import PdfReader

from linli.domains.benefits import commands, queries
from linli.domains.benefits.certifying import Finding, LifeStanding, ReachOutcome, ReachWay, book
from linli.domains.benefits.models import (
    Certification,
    Evidence,
    EvidenceNews,
    FacePhoto,
    Inquiry,
    PersonFacts,
    Reach,
    Suspension,
    SuspensionProposal,
)
from linli.domains.cases.commands import finish_ex_officio
from linli.domains.cases.queries import Decision, Step
from linli.domains.documents.queries import PaperKind, documents_of, pdf
from linli.domains.notices.queries import messages_about
from linli.domains.people.commands import register_mandate
from linli.domains.people.queries import Ground, Scope
from linli.domains.trace.queries import timeline, verify_chain
from linli.kernel.actors import Actor, system
from linli.kernel.errors import NotAllowed, NotFound

DAY = date(2026, 3, 2)
TELLER = system("benefits.learn")
VILLAGE = "770121100201"


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


def receiver(world, who="applicant", *, benefit="pension", since=date(2020, 1, 1), birth=date(1955, 1, 1), region=VILLAGE, on=DAY):
    """Somebody who receives a benefit, as the nightly job finds them."""
    person = world.people[who] if isinstance(who, str) else who
    PersonFacts.objects.update_or_create(
        subject_id=person, defaults={"region": region, "long_term_benefit": benefit, "pension_since": since, "birth": birth}
    )
    assert commands.enrol(by=TELLER, now=at(on)) is None
    return Certification.objects.get(person_id=person, benefit=benefit)


def told(row, kind, day, source="health", record=None):
    return commands.Told(row.person_id, kind, source, record or str(uuid4()), day)


def take_in(row, kind, day, *, on=DAY, **more):
    return commands.take_in_signs(rows=[told(row, kind, day, **more)], by=TELLER, now=at(on))


def officer(world):
    return world.actor("certification")


def resident(world, who="applicant"):
    return Actor(user_id=uuid4(), permissions=frozenset({"portal.use"}), resident_id=world.people[who], device="test")


def acts(row):
    return [e.act for e in timeline(row.pk)]


def climb_to_the_end(world, row, *, outcome=ReachOutcome.NOT_FOUND):
    """Take every step on its day, and say of each that nobody was found; gives the day after the last."""
    row.refresh_from_db()
    by, day = officer(world), row.certified_until
    while row.next_on:
        day = row.next_on
        assert commands.climb(by=TELLER, now=at(day)) == 1
        for r in Reach.objects.filter(certification=row, outcome=""):
            commands.note_reach(reach_id=r.pk, outcome=outcome, by=by, now=at(day))
        row.refresh_from_db()
    return day


def suspended(world):
    """Somebody who was reached for in every way, and whose payment was then held back; with the day."""
    row = receiver(world)
    take_in(row, "hospital", date(2025, 3, 5))
    climb_to_the_end(world, row)
    day = row.certified_until + timedelta(93)
    stop(world, row, day)
    return row, day


def stop(world, row, day, why="多次联系不上"):
    """One officer proposes, another agrees."""
    commands.propose_suspension(certification_id=row.pk, reason=why, by=officer(world), now=at(day))
    return commands.agree_suspension(certification_id=row.pk, by=world.actor("second-policies"), now=at(day))


def is_suspended(row):
    return Suspension.objects.filter(certification=row, ended_on=None).exists()


# -- signs -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_first_cycle_begins_with_the_first_payment_and_each_sign_begins_another(world):
    row = receiver(world, since=date(2025, 9, 1))
    assert (row.certified_until, row.certified_by) == (date(2026, 8, 31), ["first_payment"])
    assert take_in(row, "hospital", date(2026, 1, 10)) == 1
    row.refresh_from_db()
    assert (row.certified_on, row.certified_until, row.certified_by) == (date(2026, 1, 10), date(2027, 1, 9), ["hospital"])
    assert take_in(row, "vaccination", date(2025, 12, 1)) == 1, "an older one changes nothing"
    row.refresh_from_db()
    assert row.certified_until == date(2027, 1, 9)
    assert acts(row) == ["benefits.certified"]


@pytest.mark.django_db
def test_a_record_told_twice_is_one_and_nobody_rewrites_or_removes_it(world):
    row = receiver(world)
    assert take_in(row, "hospital", date(2026, 1, 10), record="a") == 1
    assert take_in(row, "hospital", date(2026, 1, 10), record="a") == 0
    assert take_in(row, "travel", date(2026, 2, 10), record="a", source="travel") == 1, "another department's number"
    for sql in ("UPDATE benefits_evidence SET day = day + 1", "DELETE FROM benefits_evidence"):
        with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert {f.name for f in Evidence._meta.fields} == {
        "id",
        "person_id",
        "kind",
        "strong",
        "source",
        "record_id",
        "day",
        "heard_at",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"kind": "rumour"}, {"source": "rumour"}, {"day": DAY + timedelta(1)}, {"record_id": ""}])
def test_what_nobody_can_have_reported_is_refused_whole(world, wrong):
    row = receiver(world)
    good = told(row, "hospital", DAY)
    with pytest.raises(commands.SignWrong):
        commands.take_in_signs(rows=[good, replace(good, **{"record_id": "x"} | wrong)], by=TELLER, now=at(DAY))
    assert not Evidence.objects.exists()
    with pytest.raises(NotAllowed):
        commands.take_in_signs(rows=[good], by=officer(world), now=at(DAY))


@pytest.mark.django_db
def test_signs_that_came_by_copy_are_weighed_by_the_job(world, tmp_path):
    row = receiver(world)
    file = tmp_path / "evidence.parquet"
    duckdb.sql(
        f"""COPY (SELECT '{row.person_id}' AS person, 'hospital' AS kind, DATE '2026-02-01' AS "on", 'health' AS source, 'r1' AS record_id
            UNION ALL SELECT '{uuid4()}', 'tax', DATE '2026-02-01', 'tax', 'r2') TO '{file}' (FORMAT parquet)"""
    )
    assert commands.load_evidence(file=file, by=TELLER, now=at(DAY)) == 2
    assert commands.load_evidence(file=file, by=TELLER, now=at(DAY)) == 0, "the same file again"
    row.refresh_from_db()
    assert row.certified_by == ["first_payment"]
    assert commands.weigh_news(by=TELLER, now=at(DAY)) == 2
    assert commands.weigh_news(by=TELLER, now=at(DAY)) == 0
    row.refresh_from_db()
    assert row.certified_by == ["hospital"] and not EvidenceNews.objects.exists()


@pytest.mark.django_db
def test_who_receives_no_longer_is_left_alone_and_who_grows_old_is_visited_at_home(world):
    row = receiver(world, birth=date(1950, 3, 2))
    assert not row.frail
    PersonFacts.objects.update(birth=date(1946, 3, 2))
    commands.enrol(by=TELLER, now=at(DAY))
    row.refresh_from_db()
    assert row.frail
    PersonFacts.objects.update(long_term_benefit="")
    commands.enrol(by=TELLER, now=at(DAY))
    row.refresh_from_db()
    assert (row.over_on, row.next_on) == (DAY, None)
    assert commands.climb(by=TELLER, now=at(DAY)) == 0


# -- the ladder ------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_step_is_taken_once_on_its_day_and_the_message_goes_out_once(world):
    row = receiver(world)
    take_in(row, "hospital", date(2025, 6, 1))
    row.refresh_from_db()
    assert row.next_on == row.certified_until - timedelta(60)
    assert commands.climb(by=TELLER, now=at(row.next_on - timedelta(1))) == 0
    for _ in range(3):
        commands.climb(by=TELLER, now=at(row.next_on))
    assert list(Reach.objects.values_list("rung", "outcome")) == [("message", "sent")]
    assert [m.kind for m in messages_about(row.pk)] == ["benefits.remind"]
    row.refresh_from_db()
    commands.climb(by=TELLER, now=at(row.certified_until - timedelta(45)))
    assert set(Reach.objects.values_list("rung", "outcome")) == {("message", "sent"), ("again", "sent"), ("call", "")}


@pytest.mark.django_db
def test_who_was_enrolled_late_gets_one_message_and_not_four(world):
    row = receiver(world, since=date(2020, 1, 1))
    commands.climb(by=TELLER, now=at(DAY))
    outcomes = dict(Reach.objects.values_list("rung", "outcome"))
    assert outcomes == {
        "message": "passed-over", "again": "passed-over", "face": "passed-over", "call": "", "visit": "", "last": "sent",
    }  # fmt: skip
    assert messages_about(row.pk).count() == 1
    row.refresh_from_db()
    assert row.next_on is None


@pytest.mark.django_db
def test_who_is_certified_meanwhile_is_told_that_it_is_done_and_no_longer_visited(world):
    row = receiver(world)
    take_in(row, "hospital", date(2025, 6, 1))
    row.refresh_from_db()
    day = row.certified_until - timedelta(10)
    commands.climb(by=TELLER, now=at(day))
    village = world.actor("village")
    assert queries.visits(by=village).count() == 1
    take_in(row, "travel", day, on=day, source="travel")
    assert queries.visits(by=village).count() == 0
    assert [m.kind for m in messages_about(row.pk).order_by("made_at", "id")][-1] == "benefits.certified"


@pytest.mark.django_db
def test_a_cadre_who_saw_somebody_certifies_them_and_one_who_heard_of_a_death_raises_a_doubt(world):
    village = world.actor("village")
    for who, outcome, standing in (
        ("applicant", ReachOutcome.SEEN, LifeStanding.CERTIFIED), ("neighbour", ReachOutcome.DIED, LifeStanding.SUSPECTED),
    ):  # fmt: skip
        row = receiver(world, who)
        commands.climb(by=TELLER, now=at(DAY))
        reach = queries.visits(by=village).get(certification=row)
        commands.note_reach(reach_id=reach.pk, outcome=outcome, by=village, now=at(DAY))
        (line,) = queries.certification_lines([Certification.objects.get(pk=row.pk)], on=DAY)
        assert line.standing is standing
        with pytest.raises(commands.SaidAlready):
            commands.note_reach(reach_id=reach.pk, outcome=ReachOutcome.MOVED, by=officer(world), now=at(DAY))
    with pytest.raises(DatabaseError, match="said already"), transaction.atomic():
        Reach.objects.filter(outcome="seen").update(outcome="moved")


@pytest.mark.django_db
def test_who_may_do_what_and_where(world):
    row = receiver(world)
    commands.climb(by=TELLER, now=at(DAY))
    visit, call = Reach.objects.get(rung="visit"), Reach.objects.get(rung="call")
    village, clerk = world.actor("village"), world.actor("clerk")
    elsewhere = replace(officer(world), region="7702")
    for by in (village, clerk, world.actor("benefits")):
        with pytest.raises(NotAllowed):
            commands.confirm(certification_id=row.pk, by=by, now=at(DAY))
    with pytest.raises(NotAllowed):
        commands.note_reach(reach_id=visit.pk, outcome=ReachOutcome.SEEN, by=clerk, now=at(DAY))
    with pytest.raises(NotFound):
        commands.note_reach(reach_id=call.pk, outcome=ReachOutcome.SPOKEN, by=village, now=at(DAY))
    with pytest.raises(NotFound):
        commands.note_reach(reach_id=visit.pk, outcome=ReachOutcome.SEEN, by=replace(village, region="770121100202"), now=at(DAY))
    with pytest.raises(commands.OutcomeWrong):
        commands.note_reach(reach_id=visit.pk, outcome=ReachOutcome.SENT, by=village, now=at(DAY))
    for act in (queries.sheet, lambda i, by, on: commands.confirm(certification_id=i, by=by, now=at(on))):
        with pytest.raises(NotFound):
            act(row.pk, by=elsewhere, on=DAY)
    assert not queries.certifications(by=elsewhere, on=DAY).exists() and queries.overview(by=elsewhere, on=DAY).total == 0


# -- stopping and going on -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_nobody_is_suspended_before_everything_was_tried_and_the_warning_is_over(world):
    row = receiver(world)
    take_in(row, "hospital", date(2025, 3, 5))
    row.refresh_from_db()
    by = officer(world)

    def stop(day, why="多次联系不上"):
        return commands.propose_suspension(certification_id=row.pk, reason=why, by=by, now=at(day))

    with pytest.raises(commands.NotReached):
        stop(row.certified_until + timedelta(200))
    commands.climb(by=TELLER, now=at(row.certified_until - timedelta(45)))
    call = Reach.objects.get(rung="call")
    commands.note_reach(reach_id=call.pk, outcome=ReachOutcome.NOT_FOUND, by=by, now=at(row.certified_until - timedelta(40)))
    with pytest.raises(commands.StillCertified):
        stop(row.certified_until)
    with pytest.raises(commands.StepsOpen):
        stop(row.certified_until + timedelta(200))
    climb_to_the_end(world, row)
    with pytest.raises(commands.TooEarly):
        stop(row.certified_until + timedelta(92))
    with pytest.raises(commands.ReasonNeeded):
        stop(row.certified_until + timedelta(93), " ")
    stop(row.certified_until + timedelta(93))
    with pytest.raises(commands.ProposedAlready):
        stop(row.certified_until + timedelta(94))
    assert not Suspension.objects.exists() and acts(row)[-1] == "benefits.suspension_proposed"
    commands.agree_suspension(
        certification_id=row.pk, by=world.actor("second-policies"), now=at(row.certified_until + timedelta(95))
    )
    with pytest.raises(commands.SuspendedAlready):
        stop(row.certified_until + timedelta(96))
    assert acts(row)[-1] == "benefits.suspended" and is_suspended(row)


@pytest.mark.django_db
def test_the_database_itself_refuses_a_suspension_of_whom_nobody_reached_for(world):
    row = receiver(world)
    values = {"since": DAY, "reason": "x", "decided_at": at(DAY), "decided_by_id": uuid4()}
    with pytest.raises(DatabaseError, match="nobody reached out"), transaction.atomic():
        Suspension.objects.create(certification=row, **values)
    commands.climb(by=TELLER, now=at(DAY))
    with pytest.raises(DatabaseError, match="nobody reached out"), transaction.atomic():
        Suspension.objects.create(certification=row, **values)
    commands.note_reach(reach_id=Reach.objects.get(rung="call").pk, outcome=ReachOutcome.NOT_FOUND, by=officer(world), now=at(DAY))
    with pytest.raises(DatabaseError, match="certified, or in doubt"), transaction.atomic():
        Suspension.objects.create(certification=row, **values | {"since": row.certified_until})
    with pytest.raises(DatabaseError, match="two officers did not agree"), transaction.atomic():
        Suspension.objects.create(certification=row, **values)


@pytest.mark.django_db
def test_payment_goes_on_with_what_is_owed_as_soon_as_somebody_is_certified_in_any_way(world):
    row, day = suspended(world)
    later = day + timedelta(70)
    assert commands.witness(person_id=row.person_id, by=world.actor("clerk"), now=at(later)) > later
    held = Suspension.objects.get(certification=row)
    months = [f"{m // 12}-{m % 12 + 1:02d}" for m in held.owed]
    assert held.ended_on == later and months == ["2026-06", "2026-07"]
    assert acts(row)[-2:] == ["benefits.certified", "benefits.resumed"]
    assert not is_suspended(row)
    with pytest.raises(commands.NotSuspended):
        commands.resume(certification_id=row.pk, reason="错了", by=officer(world), now=at(later))


@pytest.mark.django_db
def test_a_sign_of_before_the_suspension_that_came_late_is_no_proof_of_today_but_an_officer_may_resume(world):
    row, day = suspended(world)
    take_in(row, "travel", day - timedelta(1), on=day, source="travel")
    assert Suspension.objects.get(certification=row).ended_on is None
    commands.resume(certification_id=row.pk, reason="认证记录迟到", by=officer(world), now=at(day))
    assert Suspension.objects.get(certification=row).ended_on == day


@pytest.mark.django_db
def test_a_sign_of_death_stops_nothing_until_somebody_has_looked_into_it(world):
    row = receiver(world)
    by = officer(world)
    take_in(row, "cremation", date(2026, 2, 1), source="civil")
    take_in(row, "deregistration", date(2026, 2, 1), source="police")
    row.refresh_from_db()
    assert (row.signal, row.next_on) == ("presumed-dead", None)
    assert not Suspension.objects.exists()

    def stop():
        return commands.propose_suspension(certification_id=row.pk, reason="已去世", by=by, now=at(DAY))

    with pytest.raises(commands.InquiryNeeded):
        stop()
    commands.open_inquiry(certification_id=row.pk, reason="两个部门报告去世", by=by, now=at(DAY))
    with pytest.raises(commands.InquiryOpen):
        commands.open_inquiry(certification_id=row.pk, reason="再查", by=by, now=at(DAY))
    with pytest.raises(commands.InquiryNeeded):
        stop()
    (visit,) = queries.visits(by=world.actor("village"))
    with pytest.raises(commands.ReasonNeeded):
        commands.conclude_inquiry(certification_id=row.pk, finding=Finding.DEAD, ground="", by=by, now=at(DAY))
    commands.conclude_inquiry(certification_id=row.pk, finding=Finding.DEAD, ground="家属提供死亡证明", by=by, now=at(DAY))
    with pytest.raises(commands.NotReached):
        stop()
    commands.note_reach(reach_id=visit.pk, outcome=ReachOutcome.DIED, by=world.actor("village"), now=at(DAY))
    stop()
    commands.agree_suspension(certification_id=row.pk, by=world.actor("second-policies"), now=at(DAY))
    assert acts(row)[-1] == "benefits.suspended"
    case = Inquiry.objects.get().case
    assert SuspensionProposal.objects.get().case == case, "the case of the inquiry goes on to the decision"
    assert not messages_about(row.pk) and not messages_about(case.pk), "nobody writes to the dead"
    assert finish_ex_officio(case_id=case.pk, by_hand=True, now=at(DAY))
    case.refresh_from_db()
    assert case.state == "issued", "it waits for those who come for it"
    assert "赵示例的近亲属" in paper_of(case.pk, PaperKind.PAYMENT_STOPPED)


@pytest.mark.django_db
def test_one_who_was_reported_dead_and_is_found_alive_is_cleared_and_paid(world):
    row = receiver(world)
    by = officer(world)
    take_in(row, "cremation", date(2026, 2, 1), source="civil")
    take_in(row, "hospital", date(2026, 2, 20))
    row.refresh_from_db()
    assert row.signal == "contradicted" and not Suspension.objects.exists()
    commands.open_inquiry(certification_id=row.pk, reason="记录矛盾", by=by, now=at(DAY))
    case = Inquiry.objects.get().case
    assert case.state == "in_review" and case.due_on and [c.kind for c in case.clocks.all()] == ["promised"]
    commands.conclude_inquiry(certification_id=row.pk, finding=Finding.ALIVE, ground="视频见到本人", by=by, now=at(DAY))
    case.refresh_from_db()
    assert case.state == "withdrawn" and verify_chain(case.pk).ok
    row.refresh_from_db()
    assert (row.signal, row.certified_on) == ("", DAY)
    take_in(row, "death_certificate", DAY, on=DAY + timedelta(1))
    row.refresh_from_db()
    assert row.signal == "suspected", "something new was heard"


# -- as a case --------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_suspension_is_a_case_of_two_hands_with_its_evidence_a_clock_and_a_sealed_paper_that_is_delivered(world):
    row, day = suspended(world)
    proposal = SuspensionProposal.objects.get()
    case = proposal.case
    assert (case.state, case.approved, case.applicant_id, case.channel) == ("rejected", False, row.person_id, "automatic")
    hands = {s.kind: s.user_id for s in Step.objects.filter(case=case, user_id__isnull=False)}
    assert hands == {"accept": world.users["certification"], "decide": world.users["second-policies"]}
    assert ("promised", "met") in {(c.kind, c.outcome) for c in case.clocks.all()}
    decision = Decision.objects.get(case=case)
    assert "第一次提醒（发消息），已发出" in decision.facts and "村（社区）走访（走访），没有找到人" in decision.facts
    assert decision.reasons == "多次联系不上" and "第二十六条" in decision.legal_basis and "行政复议" in decision.remedies
    assert finish_ex_officio(case_id=case.pk, now=at(day))
    case.refresh_from_db()
    assert case.state == "delivered" and verify_chain(case.pk).ok
    paper = paper_of(case.pk, PaperKind.PAYMENT_STOPPED)
    assert all(
        words in paper for words in ("赵示例", "企业职工基本养老金", "停发前最后提醒", "多次联系不上", "第二十六条", "拍一张照片")
    )
    assert "云岭市人民政府申请行政复议" in paper and "云岭市人民法院提起行政诉讼" in paper
    assert [m.kind for m in messages_about(case.pk)] == ["benefits.suspended"]


def paper_of(case_id, kind):
    """The words of a paper of a case."""
    (card,) = [d for d in documents_of(case_id) if d.kind == kind]
    reader = PdfReader(BytesIO(pdf(card.id)))
    return "".join("".join(page.extract_text() for page in reader.pages).split())


@pytest.mark.django_db
def test_whoever_proposed_or_looked_into_it_does_not_decide(world):
    row = receiver(world)
    take_in(row, "hospital", date(2025, 3, 5))
    climb_to_the_end(world, row)
    day = row.certified_until + timedelta(93)
    by, both = officer(world), replace(officer(world), permissions=officer(world).permissions | {"benefits.agree"})
    with pytest.raises(commands.NothingProposed):
        commands.agree_suspension(certification_id=row.pk, by=world.actor("second-policies"), now=at(day))
    commands.propose_suspension(certification_id=row.pk, reason="联系不上", by=by, now=at(day))
    with pytest.raises(NotAllowed):
        commands.agree_suspension(certification_id=row.pk, by=by, now=at(day))
    for act in (commands.agree_suspension, lambda **k: commands.refuse_suspension(reason="不行", **k)):
        with pytest.raises(commands.HadAHand):
            act(certification_id=row.pk, by=both, now=at(day))
        with pytest.raises(NotFound):
            act(certification_id=row.pk, by=replace(world.actor("second-policies"), region="7702"), now=at(day))
    with pytest.raises(DatabaseError, match="benefits_proposal_hands"), transaction.atomic():
        SuspensionProposal.objects.update(outcome="agreed", decided_at=at(day), decided_by_id=by.user_id)
    assert not Suspension.objects.exists()


@pytest.mark.django_db
def test_a_proposal_that_is_refused_takes_nothing_away_and_may_be_made_again(world):
    row = receiver(world)
    take_in(row, "hospital", date(2025, 3, 5))
    climb_to_the_end(world, row)
    day, second = row.certified_until + timedelta(93), world.actor("second-policies")
    commands.propose_suspension(certification_id=row.pk, reason="联系不上", by=officer(world), now=at(day))
    with pytest.raises(commands.ReasonNeeded):
        commands.refuse_suspension(certification_id=row.pk, reason=" ", by=second, now=at(day))
    commands.refuse_suspension(certification_id=row.pk, reason="请再走访一次", by=second, now=at(day))
    refused = SuspensionProposal.objects.get()
    assert (refused.outcome, refused.case.state) == ("refused", "withdrawn") and not is_suspended(row)
    with pytest.raises(DatabaseError, match="said already"), transaction.atomic():
        SuspensionProposal.objects.update(outcome="agreed")
    stop(world, row, day + timedelta(7))
    assert Suspension.objects.get().proposal.case != refused.case


@pytest.mark.django_db
def test_who_is_certified_before_the_second_officer_decides_is_not_suspended(world):
    row = receiver(world)
    take_in(row, "hospital", date(2025, 3, 5))
    climb_to_the_end(world, row)
    day = row.certified_until + timedelta(93)
    commands.propose_suspension(certification_id=row.pk, reason="联系不上", by=officer(world), now=at(day))
    commands.witness(person_id=row.person_id, by=world.actor("clerk"), now=at(day))
    proposal = SuspensionProposal.objects.get()
    assert (proposal.outcome, proposal.case.state) == ("lapsed", "withdrawn")
    with pytest.raises(commands.NothingProposed):
        commands.agree_suspension(certification_id=row.pk, by=world.actor("second-policies"), now=at(day))


@pytest.mark.django_db
def test_going_on_is_said_at_once_in_the_same_case_with_the_months_that_are_paid(world):
    row, day = suspended(world)
    case = SuspensionProposal.objects.get().case
    finish_ex_officio(case_id=case.pk, now=at(day))
    commands.witness(person_id=row.person_id, by=world.actor("clerk"), now=at(day + timedelta(70)))
    paper = paper_of(case.pk, PaperKind.PAYMENT_RESUMED)
    (decision,) = [d for d in documents_of(case.pk) if d.kind == PaperKind.PAYMENT_STOPPED]
    for words in ("您在窗口当面认证", decision.number, "2026年6月、2026年7月，共2个月", "行政复议"):
        assert words in paper
    assert [m.kind for m in messages_about(case.pk).order_by("made_at", "id")] == ["benefits.suspended", "benefits.resumed"]
    assert verify_chain(case.pk).ok


@pytest.mark.django_db
def test_of_whom_the_register_knows_nothing_no_case_begins(world):
    row = receiver(world, uuid4())
    with pytest.raises(commands.NotRegistered):
        commands.open_inquiry(certification_id=row.pk, reason="有线索", by=officer(world), now=at(DAY))
    assert not Inquiry.objects.exists()


@pytest.mark.django_db
def test_nobody_but_the_bureau_takes_such_a_case_back(world):
    from linli.domains.cases.commands import withdraw_case
    from linli.domains.cases.queries import own_sheet

    row = receiver(world)
    commands.open_inquiry(certification_id=row.pk, reason="有线索", by=officer(world), now=at(DAY))
    case = Inquiry.objects.get().case
    assert not own_sheet(case.pk, by=resident(world), now=at(DAY)).may_withdraw
    here = replace(world.actor("clerk"), org_id=case.org_id, hall_id=case.hall_id)
    with pytest.raises(NotFound):
        withdraw_case(case_id=case.pk, reason="不办了", by=here, now=at(DAY))
    case.refresh_from_db()
    assert case.state == "in_review"


# -- many at once ----------------------------------------------------------------------------------------------------------------


def at_once(*works):
    """Run all at the same moment, each on a connection of its own; what each gave or raised."""
    ready, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place, work):
        try:
            ready.wait()
            results[place] = work()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_suspension_and_a_certification_at_once_never_leave_a_certified_person_unpaid(world, committed_db):
    row = receiver(world)
    take_in(row, "hospital", date(2025, 3, 5))
    climb_to_the_end(world, row)
    day = row.certified_until + timedelta(93)
    by, clerk = world.actor("second-policies"), world.actor("clerk")
    commands.propose_suspension(certification_id=row.pk, reason="联系不上", by=officer(world), now=at(day))
    results = at_once(
        lambda: commands.agree_suspension(certification_id=row.pk, by=by, now=at(day)),
        lambda: commands.agree_suspension(certification_id=row.pk, by=replace(by), now=at(day)),
        lambda: commands.witness(person_id=row.person_id, by=clerk, now=at(day)),
    )
    assert isinstance(results[2], date), results
    refused = (commands.NothingProposed,)
    assert all(isinstance(r, (UUID, *refused)) for r in results[:2]), results
    row.refresh_from_db()
    assert row.certified_until > day
    assert not Suspension.objects.filter(ended_on=None).exists()
    assert Suspension.objects.count() <= 1 and not SuspensionProposal.objects.filter(outcome="").exists()


def test_several_workers_take_each_step_once(world, committed_db):
    rows = [receiver(world, who) for who in ("applicant", "neighbour", "agent")]
    at_once(*[lambda: commands.climb(limit=2, by=TELLER, now=at(DAY)) for _ in range(6)])
    commands.climb(by=TELLER, now=at(DAY))
    for row in rows:
        steps = list(Reach.objects.filter(certification=row).values_list("rung", flat=True))
        assert len(steps) == len(set(steps)) == 6
        assert messages_about(row.pk).count() == 1


def test_signs_that_arrive_at_once_are_all_weighed(world, committed_db):
    row = receiver(world)
    rows = [
        told(row, kind, DAY - timedelta(3), source)
        for kind, source in (("card_payment", "bank"), ("community_activity", "community"))
    ]
    at_once(*[lambda r=r: commands.take_in_signs(rows=[r], by=TELLER, now=at(DAY)) for r in rows for _ in range(3)])
    row.refresh_from_db()
    assert Evidence.objects.count() == 2 and row.certified_by == ["card_payment", "community_activity"]


# -- by oneself ------------------------------------------------------------------------------------------------------------------


def selfie():
    out = BytesIO()
    Image.new("RGB", (40, 40), "#446").save(out, "JPEG")
    out.seek(0)
    return out


def take_photo(world, who="applicant", by="applicant", now=None):
    return commands.take_photo(
        person_id=world.people[who], gesture="two", content=selfie(), name="me.jpg", by=resident(world, by), now=now or at(DAY)
    )


@pytest.mark.django_db
def test_a_photograph_that_matches_certifies_and_is_gone_afterwards(world):
    row = receiver(world)
    photo = take_photo(world)
    with pytest.raises(commands.PhotoWaits):
        take_photo(world)
    by = officer(world)
    data, kind = commands.picture(photo, by=by, now=at(DAY))
    assert kind == "image/jpeg" and data == selfie().read()
    with pytest.raises(NotFound):
        commands.picture(photo, by=replace(by, region="7702"), now=at(DAY))
    commands.compare_photo(photo_id=photo, matches=True, by=by, now=at(DAY))
    row.refresh_from_db()
    assert (row.certified_on, row.certified_by) == (DAY, ["face"])
    assert FacePhoto.objects.get().picture is None
    with pytest.raises(NotFound):
        commands.compare_photo(photo_id=photo, matches=False, by=by, now=at(DAY))


@pytest.mark.django_db
def test_a_photograph_that_does_not_match_certifies_nobody_and_another_may_follow(world):
    row = receiver(world)
    commands.compare_photo(photo_id=take_photo(world), matches=False, by=officer(world), now=at(DAY))
    row.refresh_from_db()
    assert row.certified_by == ["first_payment"]
    (mine,) = queries.my_certifications(by=resident(world), on=DAY)
    assert mine.photo_failed and not mine.photo_waits
    take_photo(world, now=at(DAY + timedelta(1)))


@pytest.mark.django_db
def test_a_relative_helps_under_a_mandate_and_a_stranger_sees_nothing(world):
    receiver(world)
    with pytest.raises(NotFound):
        take_photo(world, by="agent")
    assert queries.my_certifications(by=resident(world, "agent"), on=DAY) == []
    item = book().benefits["pension"].item
    register_mandate(
        principal_id=world.people["applicant"], is_employer=False, agent_id=world.people["agent"], scopes=[Scope.APPLY], items=[item],
        last_day=DAY + timedelta(30), ground=Ground.WRITTEN, evidence="委托书", by=world.actor("clerk"), now=at(DAY),
    )  # fmt: skip
    (seen,) = queries.my_certifications(by=resident(world, "agent"), on=DAY)
    assert not seen.own and seen.party.id == world.people["applicant"]
    take_photo(world, by="agent")


@pytest.mark.django_db
def test_who_lives_abroad_is_not_visited(world):
    row = receiver(world)
    commands.say_abroad(certification_id=row.pk, abroad=True, by=resident(world), now=at(DAY))
    commands.climb(by=TELLER, now=at(DAY))
    assert not Reach.objects.filter(way__in=[ReachWay.VISIT, ReachWay.HOME]).exists()
    with pytest.raises(NotFound):
        commands.say_abroad(certification_id=row.pk, abroad=False, by=resident(world, "neighbour"), now=at(DAY))


@pytest.mark.django_db
def test_what_somebody_reads_of_themselves_names_no_hospital_and_no_number(world):
    row = receiver(world)
    take_in(row, "hospital", date(2026, 2, 1), record="DEPT-9-778899")
    (mine,) = queries.my_certifications(by=resident(world), on=DAY)
    assert mine.told == (book().kinds["hospital"].told,) and "778899" not in repr(mine)


# -- lists and measuring ---------------------------------------------------------------------------------------------------------


def many(number):
    PersonFacts.objects.bulk_create(
        PersonFacts(subject_id=uuid4(), region=VILLAGE, long_term_benefit="resident_pension", pension_since=date(2025, 8, 1))
        for _ in range(number)
    )
    commands.enrol(by=TELLER, now=at(DAY))


@pytest.mark.django_db
def test_lists_and_counts_cost_the_same_for_few_and_for_many(world, django_assert_num_queries):
    by = officer(world)

    def look():
        rows = list(queries.certifications(by=by, on=DAY)[:50])
        return queries.certification_lines(rows, on=DAY), queries.overview(by=by, on=DAY), queries.by_town(by=by, on=DAY, soon=DAY)

    many(2)
    with django_assert_num_queries(11):
        lines, seen, towns = look()
    assert len(lines) == seen.total == towns[0].total == 2
    many(30)
    with django_assert_num_queries(11):
        lines, seen, towns = look()
    assert len(lines) == 32 and seen.standings[LifeStanding.CERTIFIED] == towns[0].certified == 32
    assert towns[0].name == "临江镇" and queries.due_by_month(by=by, on=DAY) == [(date(2026, 7, 1), 32)]


@pytest.mark.django_db
def test_how_often_it_was_right_is_measured_against_the_truth(world, tmp_path):
    alive, dead, wrongly, unseen = [receiver(world, uuid4()) for _ in range(4)]
    for row in (alive, dead, wrongly):
        take_in(row, "hospital", date(2026, 1, 1))
    for kind, source in (("cremation", "civil"), ("deregistration", "police")):
        take_in(wrongly, kind, date(2026, 2, 1), source=source)
    rows = " UNION ALL ".join(
        f"SELECT '{row.person_id}' AS person, {died}::DATE AS died_truth"
        for row, died in ((alive, "NULL"), (dead, "'2026-02-01'"), (wrongly, "NULL"), (unseen, "NULL"))
    )
    duckdb.sql(f"COPY ({rows}) TO '{tmp_path / 'truth.parquet'}' (FORMAT parquet)")
    found = commands.measure(truth=tmp_path / "truth.parquet", on=DAY, by=TELLER, now=at(DAY))
    assert (found.people, found.certified, found.certified_dead) == (4, 2, 1)
    assert (found.presumed_dead, found.presumed_dead_alive, found.dead) == (1, 1, 1)
    assert queries.newest_check().pk == found.pk


@pytest.mark.django_db
def test_an_invented_population_is_certified_whole_and_measured(world, tmp_path):
    """What `linli population` writes is understood to the last kind, and the measurement agrees with a count of its own."""
    commands.make_population(folder=tmp_path, number=3000, seed=3, on=DAY, places=["770121"])
    commands.load_facts(folder=tmp_path, by=TELLER, now=at(DAY))
    new = commands.load_evidence(file=tmp_path / "evidence.parquet", by=TELLER, now=at(DAY))
    assert [(new,)] == duckdb.sql(f"SELECT count(DISTINCT (source, record_id)) FROM '{tmp_path}/evidence.parquet'").fetchall()
    after = None
    while after := commands.enrol(after=after, limit=500, by=TELLER, now=at(DAY)):
        pass
    while commands.weigh_news(limit=500, by=TELLER, now=at(DAY)):
        pass
    found = commands.measure(truth=tmp_path / "truth.parquet", on=DAY, by=TELLER, now=at(DAY))
    dead = {
        UUID(row[0])
        for row in duckdb.sql(
            f"SELECT person FROM '{tmp_path}/truth.parquet' WHERE died_truth IS NOT NULL AND died_truth <= DATE '{DAY}'"
        ).fetchall()
    }
    certified = set(
        Certification.objects.filter(signal="", certified_until__gte=DAY, over_on=None).values_list("person_id", flat=True)
    )
    assert found.people == Certification.objects.count() > 300
    assert (found.certified, found.certified_dead) == (len(certified), len(certified & dead))
    assert found.certified > found.people // 2
