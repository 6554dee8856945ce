"""A case from the first paper to the archive, and every way that leads off it, against the real database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from linli.domains.cases import commands as do
from linli.domains.cases.errors import (
    AskedForTooMuch,
    CaseChanged,
    CodeLocked,
    CodeWrong,
    CorrectionOnce,
    ExtendedBefore,
    ExtensionNotProvided,
    GroundUnknown,
    HandledElsewhere,
    LinksOpen,
    MaterialsMissing,
    MoveNotPossible,
    NoAuthority,
    NotYourStep,
    OpinionMissing,
    ProofMissing,
    ReasonMissing,
    SamePerson,
    StillMissing,
)
from linli.domains.cases.grounds import MaterialState
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case, CaseMaterial, ClockRow, Decision, Draw, Step
from linli.domains.cases.queries import counter_cases, replay_day
from linli.domains.documents.queries import documents_of
from linli.domains.trace.queries import timeline, verify_chain
from linli.kernel.actors import Actor, system
from linli.kernel.errors import Invalid, NotAllowed, NotFound
from linli.kernel.identifiers import parse_case_number
from linli.kernel.ids import uuid7
from linli.testing.story import INSTANT, PERMIT, Story, at, filled

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(world):
    return Story(world)


def clock(case_id, kind):
    return ClockRow.objects.filter(case_id=case_id, kind=kind).order_by("-start_at").first()


def acts(case_id):
    return [e.act for e in timeline(case_id)]


def test_a_permit_from_the_first_paper_to_the_archive(story):
    case_id = story.whole()
    case = story.case
    assert (case.state, case.approved) == (State.CLOSED, True)
    number = parse_case_number(case.number)
    assert (number.area, number.day, number.sequence) == ("770100", date(2026, 3, 2), 1)
    moves = [a for a in acts(case_id) if a.removeprefix("cases.") in set(State) | {"sent_to_review"}]
    assert moves == [f"cases.{m}" for m in ("submitted", "accepted", "sent_to_review", "approved", "issued", "delivered", "closed")]
    people = {s.kind: s.user_id for s in Step.objects.filter(case=case)}
    assert len({people[k] for k in ("accept", "review", "second_review", "decide")}) == 4
    assert people["decide"] != people["issue"]
    papers = {d.kind: d for d in documents_of(case_id)}
    assert set(papers) == {"acceptance_notice", "decision", "result_certificate", "delivery_receipt", "case_cover"}
    assert papers["decision"].state == papers["result_certificate"].state == "sealed"
    assert {c.kind: c.outcome for c in ClockRow.objects.filter(case=case)} == {
        "notice": "met", "promised": "met", "statutory": "met", "delivery": "met",
    }  # fmt: skip
    verdict = verify_chain(case_id)
    assert verdict.ok, verdict.faults
    assert (case.due_on, case.statutory_due_on) == (None, None)


def test_a_refusal_is_written_with_reasons_and_remedies_and_is_issued_too(story):
    story.whole(approve=False)
    decision = Decision.objects.get(case=story.case)
    assert (decision.approved, bool(decision.reasons)) == (False, True)
    assert "云岭市人民政府" in decision.remedies
    assert {d.kind for d in documents_of(story.case_id)} == {"acceptance_notice", "decision", "delivery_receipt", "case_cover"}
    assert story.case.approved is False


def test_a_refusal_without_reasons_is_refused(story):
    story.receive()
    story.accept()
    while (step := story.open_step()).kind != "decide":
        common = {"step_id": step.pk, "links_done": story.links(step), "by": story.holder(step), "now": at("2026-03-02 11:00")}
        do.give_opinion(approve=False, opinion="不符", **common)
    with pytest.raises(OpinionMissing):
        do.decide_case(
            step_id=step.pk, approve=False, grounds=do.Grounds(facts="事实"), links_done=story.links(step), by=story.holder(step),
            now=at("2026-03-02 11:00"),
        )  # fmt: skip
    assert story.case.state == State.IN_REVIEW


def test_an_instant_item_runs_through_in_one_visit_by_different_people(world):
    story = Story(world, item=INSTANT)
    story.whole()
    people = list(Step.objects.filter(case=story.case).exclude(kind="deliver").values_list("user_id", flat=True))
    assert len(people) == len(set(people)) == 3
    promised = clock(story.case_id, "promised")
    assert (promised.due_on, promised.outcome) == (date(2026, 3, 2), "met")


def test_the_clocks_carry_their_basis_and_dates(story):
    story.receive()
    assert clock(story.case_id, "notice").due_on == date(2026, 3, 9)
    assert story.case.due_on == date(2026, 3, 9)
    story.accept()
    promised, statutory = clock(story.case_id, "promised"), clock(story.case_id, "statutory")
    assert promised.due_on < statutory.due_on
    assert promised.basis
    assert story.case.due_on == promised.due_on
    assert story.case.statutory_due_on == statutory.due_on
    assert clock(story.case_id, "notice").outcome == "met"


# -- materials --------------------------------------------------------------------------------------------------------------------


def test_what_departments_hold_is_never_asked_for_and_becomes_owed(story):
    story.receive(complete=False)
    rows = {m.code: m for m in CaseMaterial.objects.filter(case=story.case)}
    shared = [m.code for m in story.standard.materials if m.from_departments]
    own = [m for m in story.standard.materials if not m.from_departments]
    assert shared
    assert all(rows[c].state == MaterialState.WILL_VERIFY for c in shared)
    with pytest.raises(AskedForTooMuch):
        do.request_correction(
            case_id=story.case_id, missing=[do.Missing(shared[0], "请提供")], by=story.who("clerk"), now=at("2026-03-03 09:00")
        )
    with pytest.raises(MaterialsMissing) as caught:
        story.accept()
    assert not any(story.standard.material(c).name in str(caught.value) for c in shared)
    for m in own:
        do.hand_in(
            case_id=story.case_id, material=do.Handed(m.code, do.Received.PAPER), by=story.who("clerk"), now=at("2026-03-02 10:10")
        )
    story.accept(time="10:20")
    assert all(m.state == MaterialState.OWED for m in CaseMaterial.objects.filter(case=story.case, code__in=shared))


def test_a_reviewer_settles_an_owed_material_by_hand_with_its_source(story):
    story.receive()
    story.accept()
    step = story.open_step()
    owed = CaseMaterial.objects.filter(case=story.case, state=MaterialState.OWED).first()
    kw = {"step_id": step.pk, "code": owed.code, "verified": True, "by": story.holder(step), "now": at("2026-03-02 11:00")}
    with pytest.raises(ReasonMissing):
        do.settle_material(note=" ", **kw)
    do.settle_material(note="电话向市场监管局核验，编号 8", **kw)
    owed.refresh_from_db()
    assert (owed.state, owed.received) == (MaterialState.HAVE, "verified")


def test_conditional_materials_must_be_settled_one_way_or_the_other(world):
    story = Story(world, item="normal-retirement")
    conditional = [m for m in story.standard.materials if m.required == "conditional" and not m.from_departments]
    assert conditional
    story.receive(complete=False)
    for m in story.standard.materials:
        if m.required == "yes" and not m.from_departments:
            do.hand_in(
                case_id=story.case_id,
                material=do.Handed(m.code, do.Received.SEEN),
                by=story.who("clerk"),
                now=at("2026-03-02 10:10"),
            )
    with pytest.raises(MaterialsMissing, match=conditional[0].name[:4]):
        story.accept()
    with pytest.raises(MaterialsMissing):
        required = next(m for m in story.standard.materials if m.required == "yes")
        do.hand_in(
            case_id=story.case_id,
            material=do.Handed(required.code, not_applicable=True),
            by=story.who("clerk"),
            now=at("2026-03-02 10:11"),
        )
    for m in conditional:
        do.hand_in(
            case_id=story.case_id,
            material=do.Handed(m.code, not_applicable=True),
            by=story.who("clerk"),
            now=at("2026-03-02 10:12"),
        )
    story.accept(time="10:20")


def test_files_are_added_removed_and_brought_back(story):
    story.receive(complete=False)
    ref = story.signature()
    code = next(m.code for m in story.standard.materials if not m.from_departments)
    do.hand_in(
        case_id=story.case_id, material=do.Handed(code, do.Received.PHOTOGRAPHED, files=((ref, "证.png"),)), by=story.who("clerk"),
        now=at("2026-03-02 10:10"),
    )  # fmt: skip
    row = CaseMaterial.objects.get(case=story.case, code=code)
    file = row.files.get()
    kw = {"case_id": story.case_id, "file_id": file.pk, "by": story.who("clerk"), "now": at("2026-03-02 10:11")}
    do.remove_file(**kw)
    row.refresh_from_db()
    assert row.state == MaterialState.PROVIDE
    do.restore_file(**kw)
    row.refresh_from_db()
    assert row.state == MaterialState.HAVE
    with pytest.raises(NotFound):
        do.remove_file(**(kw | {"by": story.who("elsewhere")}))


def test_a_draft_keeps_what_is_typed_and_says_what_is_wrong_with_it(story):
    who, now = story.who("clerk"), at("2026-03-02 09:00")
    case_id = do.start_case(item_code=PERMIT, applicant=story.applicant, by=who, now=now)
    do.save_form(case_id=case_id, values={"org_name": "甲公司"}, by=who, now=now)
    with pytest.raises(Invalid) as caught:
        do.submit_case(case_id=case_id, by=who, now=now)
    assert {e.field for e in caught.value.errors} == {f.name for f in story.standard.form if f.required} - {"org_name"}
    with pytest.raises(Invalid):
        do.save_form(case_id=case_id, values={"uscc": "123"}, by=who, now=now)
    do.save_form(case_id=case_id, values=filled(story.standard, org_name="甲公司"), by=who, now=now)
    number = do.submit_case(case_id=case_id, by=who, now=now)
    case = Case.objects.get(pk=case_id)
    assert (case.number, case.state) == (number, State.SUBMITTED)
    assert case.form.open_json()["org_name"] == "甲公司"
    assert "甲公司".encode() not in bytes(case.form.cipher)


# -- correction -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def corrected(story):
    """A case whose correction notice was given on the second day."""
    story.receive(complete=False)
    own = [m for m in story.standard.materials if not m.from_departments]
    missing = [do.Missing(m.code, "请补交") for m in own]
    document = do.request_correction(case_id=story.case_id, missing=missing, by=story.who("clerk"), now=at("2026-03-03 09:00"))
    assert document
    return story, own


def test_a_correction_in_time_restarts_everything_from_the_day_it_is_complete(corrected):
    story, own = corrected
    assert story.case.state == State.CORRECTION_REQUESTED
    by = story.who("clerk", "2026-03-10")
    with pytest.raises(StillMissing):
        do.receive_correction(case_id=story.case_id, by=by, now=at("2026-03-10 09:00"))
    for m in own:
        do.hand_in(case_id=story.case_id, material=do.Handed(m.code, do.Received.PAPER), by=by, now=at("2026-03-10 09:00"))
    do.receive_correction(case_id=story.case_id, by=by, now=at("2026-03-10 09:05"))
    story.accept(day="2026-03-10")
    assert clock(story.case_id, "promised").start == date(2026, 3, 10)
    assert clock(story.case_id, "correction").outcome == "met"
    assert not story.case.accepted_deemed


def test_a_correction_can_be_asked_for_only_once(corrected):
    story, own = corrected
    by = story.who("clerk", "2026-03-04")
    for m in own:
        do.hand_in(case_id=story.case_id, material=do.Handed(m.code, do.Received.PAPER), by=by, now=at("2026-03-04 09:00"))
    do.receive_correction(case_id=story.case_id, by=by, now=at("2026-03-04 09:05"))
    with pytest.raises(CorrectionOnce):
        do.request_correction(case_id=story.case_id, missing=[do.Missing(own[0].code, "还缺")], by=by, now=at("2026-03-04 10:00"))


def test_a_notice_given_too_late_accepts_the_case_as_of_its_receipt(story):
    story.receive(complete=False)
    code = next(m.code for m in story.standard.materials if not m.from_departments)
    given = do.request_correction(
        case_id=story.case_id, missing=[do.Missing(code, "请补交")], by=story.who("clerk", "2026-03-10"), now=at("2026-03-10 09:00")
    )
    assert given is None
    assert (story.case.state, story.case.accepted_deemed) == (State.IN_REVIEW, True)
    assert clock(story.case_id, "promised").start == date(2026, 3, 2)
    assert "cases.deemed_accepted" in acts(story.case_id)


def test_silence_accepts_by_itself_the_day_after(story):
    story.receive(complete=False)
    assert do.deem_accepted(by=system("cases.accept"), now=at("2026-03-09 23:00")) == 0
    assert do.deem_accepted(by=system("cases.accept"), now=at("2026-03-10 00:05")) == 1
    assert do.deem_accepted(by=system("cases.accept"), now=at("2026-03-10 00:06")) == 0
    assert story.case.accepted_deemed
    assert clock(story.case_id, "promised").start == date(2026, 3, 2)
    assert Step.objects.get(case=story.case, kind="accept").automatic


def test_where_the_law_does_not_say_so_silence_does_not_accept(world):
    story = Story(world, item="injury-determination")
    story.receive(complete=False)
    assert do.deem_accepted(by=system("cases.accept"), now=at("2026-04-10 00:05")) == 0


def test_corrections_that_never_come_end_the_application_after_the_day_named(corrected):
    story, _ = corrected
    until = clock(story.case_id, "correction").due_on
    assert until == date(2026, 3, 17)
    assert do.lapse_corrections(by=system(), now=at("2026-03-17 23:00")) == 0
    assert do.lapse_corrections(by=system(), now=at("2026-03-18 00:05")) == 1
    assert story.case.state == State.WITHDRAWN
    assert clock(story.case_id, "correction").outcome == "void"


# -- not accepted, withdrawn --------------------------------------------------------------------------------------------------------


def test_no_window_can_turn_anyone_away(story):
    story.receive()
    kw = {"case_id": story.case_id, "ground": do.RefusalGround.NOT_OURS, "reason": "属于医保部门", "now": at("2026-03-03 09:00")}
    with pytest.raises(NotAllowed):
        do.refuse_case(right_authority="云岭市医疗保障局", by=story.who("clerk"), **kw)
    with pytest.raises(ReasonMissing):
        do.refuse_case(by=story.who("manager"), **kw)
    do.refuse_case(right_authority="云岭市医疗保障局", by=story.who("manager"), **kw)
    assert story.case.state == State.NOT_ACCEPTED
    assert [d.kind for d in documents_of(story.case_id)] == ["non_acceptance"]
    assert clock(story.case_id, "notice").outcome == "void"


def test_withdrawal_frees_the_reviewer_and_voids_the_clocks(story):
    from linli.domains.cases.models import Load

    story.receive()
    story.accept()
    holder = story.open_step().user_id
    assert Load.objects.get(pk=holder).open == 1
    do.withdraw_case(case_id=story.case_id, reason="不办了", by=story.who("clerk"), now=at("2026-03-03 09:00"))
    assert Load.objects.get(pk=holder).open == 0
    assert {c.outcome for c in ClockRow.objects.filter(case=story.case)} == {"met", "void"}
    with pytest.raises(MoveNotPossible):
        do.withdraw_case(case_id=story.case_id, by=story.who("clerk"), now=at("2026-03-03 09:01"))


# -- suspension and extension -------------------------------------------------------------------------------------------------------


@pytest.fixture
def reviewing(story):
    story.receive()
    story.accept()
    return story


def test_a_suspension_leaves_its_days_out_and_is_told_in_writing(reviewing):
    story = reviewing
    before = clock(story.case_id, "promised").due_on
    do.suspend_case(
        case_id=story.case_id, ground=do.PauseGround.EXPERT_REVIEW, reason="需要专家评审", until=date(2026, 3, 20), by=story.who("manager"),
        now=at("2026-03-03 09:00"),
    )  # fmt: skip
    assert story.case.state == State.SUSPENDED
    assert clock(story.case_id, "promised").due_on is None
    assert clock(story.case_id, "delivery") is None
    assert do.next_step(by=story.holder(), now=at("2026-03-04 09:00")) is None
    do.resume_case(case_id=story.case_id, reason="评审结束", by=story.who("manager", "2026-03-10"), now=at("2026-03-10 09:00"))
    after = clock(story.case_id, "promised").due_on
    assert after == before + timedelta(days=8)  # 3 to 10 March: six working days and a weekend
    assert [d.kind for d in documents_of(story.case_id)][1:] == ["suspension_notice", "resumption_notice"]
    assert story.case.due_on == after


def test_a_suspension_needs_a_legal_ground_a_reason_and_a_day(reviewing):
    story = reviewing
    kw = {"case_id": story.case_id, "by": story.who("manager"), "now": at("2026-03-03 09:00")}
    with pytest.raises(GroundUnknown):
        do.suspend_case(ground="waiting_for_applicant", reason="x", until=date(2026, 3, 20), **kw)
    with pytest.raises(ReasonMissing):
        do.suspend_case(ground=do.PauseGround.HEARING, reason=" ", until=date(2026, 3, 20), **kw)
    with pytest.raises(Exception, match="日期"):
        do.suspend_case(ground=do.PauseGround.HEARING, reason="x", until=date(2026, 3, 3), **kw)
    with pytest.raises(NotAllowed):
        do.suspend_case(ground=do.PauseGround.HEARING, reason="x", until=date(2026, 3, 20), **(kw | {"by": story.who("clerk")}))
    with pytest.raises(NotFound):
        do.suspend_case(
            ground=do.PauseGround.HEARING, reason="x", until=date(2026, 3, 20), **(kw | {"by": story.who("manager-elsewhere")})
        )


def test_an_extension_counts_once_in_time_and_within_the_law(reviewing):
    story = reviewing
    day = clock(story.case_id, "statutory").due_on.isoformat()
    kw = {"case_id": story.case_id, "kind": do.ClockKind.STATUTORY, "reason": "案情复杂"}
    with pytest.raises(NotAllowed):
        do.extend_case(add=10, by=story.who("manager"), now=at("2026-03-03 09:00"), **kw)
    with pytest.raises(ExtensionNotProvided):
        do.extend_case(add=11, by=story.who("leader"), now=at("2026-03-03 09:00"), **kw)
    do.extend_case(add=10, by=story.who("leader", day), now=at(f"{day} 12:00"), **kw)
    assert clock(story.case_id, "statutory").due_on > date.fromisoformat(day)
    with pytest.raises(ExtendedBefore):
        do.extend_case(add=1, by=story.who("leader", day), now=at(f"{day} 13:00"), **kw)


def test_an_extension_after_the_due_date_is_refused(reviewing):
    story = reviewing
    day = (clock(story.case_id, "promised").due_on + timedelta(days=1)).isoformat()
    with pytest.raises(NotFound, match="到期"):
        do.extend_case(
            case_id=story.case_id,
            kind=do.ClockKind.PROMISED,
            add=2,
            reason="x",
            by=story.who("manager", day),
            now=at(f"{day} 09:00"),
        )


def test_the_promise_cannot_be_extended_past_the_law(reviewing):
    story = reviewing
    with pytest.raises(ExtensionNotProvided):
        do.extend_case(
            case_id=story.case_id,
            kind=do.ClockKind.PROMISED,
            add=40,
            reason="x",
            by=story.who("manager"),
            now=at("2026-03-03 09:00"),
        )


def test_a_reviewer_asks_and_the_supervisor_answers(reviewing):
    story = reviewing
    step = story.open_step()
    kw = {"step_id": step.pk, "what": "suspend", "reason": "等专家", "by": story.holder(step), "now": at("2026-03-03 09:00")}
    with pytest.raises(GroundUnknown):
        do.ask(ground="nothing", until=date(2026, 3, 20), **kw)
    asked = do.ask(ground="expert_review", until=date(2026, 3, 20), **kw)
    assert do.ask(ground="expert_review", until=date(2026, 3, 20), **kw) == asked
    with pytest.raises(NotFound):
        do.settle_ask(ask_id=asked, grant=True, answer="", by=story.who("manager-elsewhere"), now=at("2026-03-03 10:00"))
    with pytest.raises(ReasonMissing):
        do.settle_ask(ask_id=asked, grant=False, answer="", by=story.who("manager"), now=at("2026-03-03 10:00"))
    assert do.settle_ask(ask_id=asked, grant=True, answer="同意", by=story.who("manager"), now=at("2026-03-03 10:00"))
    assert story.case.state == State.SUSPENDED
    with pytest.raises(NotFound):
        do.settle_ask(ask_id=asked, grant=True, answer="", by=story.who("manager"), now=at("2026-03-03 10:01"))


# -- separation and the draw --------------------------------------------------------------------------------------------------------


def test_the_draw_leaves_out_whoever_must_not_have_it_and_can_be_repeated(world):
    from linli.domains.org.commands import declare_recusal, record_absence
    from linli.testing.world import BUILDER

    story = Story(world)
    now = at("2026-03-02 08:00")
    record_absence(
        user_id=world.users["reviewer-1"], first=date(2026, 3, 1), last=date(2026, 3, 2), reason="休假", by=BUILDER, now=now
    )
    declare_recusal(user_id=world.users["reviewer-2"], party_id=world.people["employer"], reason="亲属", by=BUILDER, now=now)
    for _ in range(6):
        story.receive()
        story.accept()
        drawn = Draw.objects.get(step=story.open_step())
        assert drawn.chosen in (world.users["reviewer-3"], world.users["reviewer-4"])
        assert drawn.excluded == {str(world.users["reviewer-1"]): "absent", str(world.users["reviewer-2"]): "recused"}
    replay = replay_day(date(2026, 3, 2))
    assert replay.ok
    assert len(replay.draws) == 6


def test_nobody_draws_a_case_of_their_own(world):
    from linli.domains.people.commands import register_person
    from linli.domains.people.queries import IdType
    from linli.testing.world import BUILDER, STAFF, staff_id

    number = next(n for n, s in enumerate(STAFF) if s[0] == "reviewer-1")
    me = register_person(
        name="本人", id_type=IdType.CITIZEN, id_number=staff_id(number), region="7701", by=BUILDER, now=at("2026-03-02 08:00")
    )
    story = Story(world, item=INSTANT)
    case = do.receive_case(
        item_code=INSTANT, applicant=do.Applicant(me), form=filled(story.standard), materials=story.handed(), by=story.who("clerk"),
        now=at("2026-03-02 09:00"),
    )  # fmt: skip
    story.case_id = case
    story.accept()
    assert Draw.objects.get(case_id=case).excluded == {str(world.users["reviewer-1"]): "own_case"}


def test_the_load_limit_is_kept_and_a_case_waits_until_somebody_is_free(world, settings):
    settings.ENV = settings.ENV.model_copy(update={"reviewer_load": 1})
    stories = []
    for _ in range(5):
        story = Story(world, item=INSTANT)
        story.receive()
        story.accept()
        stories.append(story)
    assert [s.case.state for s in stories] == [State.IN_REVIEW] * 4 + [State.ACCEPTED]
    assert Step.objects.filter(state="waiting").count() == 1
    assert do.draw_waiting(by=system(), now=at("2026-03-02 11:00")) == 0
    stories[0].review()
    assert do.draw_waiting(by=system(), now=at("2026-03-02 15:00")) == 1
    assert stories[4].case.state == State.IN_REVIEW


def test_redrawing_never_gives_it_back_to_the_same_person_and_nobody_chooses(world):
    story = Story(world)
    story.receive()
    story.accept()
    seen = [story.open_step().user_id]
    for _ in range(3):
        do.redraw_step(case_id=story.case_id, reason="请病假", by=story.who("manager"), now=at("2026-03-02 11:00"))
        seen.append(story.open_step().user_id)
    assert len(set(seen)) == 4
    do.redraw_step(case_id=story.case_id, reason="再换", by=story.who("manager"), now=at("2026-03-02 12:00"))
    assert Step.objects.filter(case=story.case, state="waiting").count() == 1
    assert replay_day(date(2026, 3, 2)).ok


def test_a_changed_draw_is_found_by_its_replay(reviewing, world):
    drawn = Draw.objects.get(case_id=reviewing.case_id)
    other = next(u for u in drawn.candidates if u != drawn.chosen)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE cases_draw DISABLE TRIGGER cases_draw_once")
        cursor.execute("UPDATE cases_draw SET chosen = %s WHERE step_id = %s", [other, drawn.pk])
    replay = replay_day(date(2026, 3, 2))
    assert not replay.ok
    assert "重算结果" in str(replay.draws[0].why)


def test_the_database_itself_keeps_persons_apart(reviewing, world):
    step = reviewing.open_step()
    accepted = Step.objects.get(case=reviewing.case, kind="accept")
    with pytest.raises(IntegrityError, match="one_hand"), transaction.atomic():
        Step.objects.filter(pk=step.pk).update(user_id=accepted.user_id)
    with pytest.raises(IntegrityError, match="cases_step_one"), transaction.atomic():
        Step.objects.create(
            case=reviewing.case, ordinal=step.ordinal, attempt=9, kind="review", name="x", state="open", user_id=uuid7()
        )
    reviewing.review()
    decided = Step.objects.get(case=reviewing.case, kind="decide")
    with pytest.raises(IntegrityError, match="own_issue"), transaction.atomic():
        Step.objects.create(case=reviewing.case, ordinal=50, kind="issue", name="x", state="open", user_id=decided.user_id)


def test_whoever_decided_cannot_issue(reviewing, world):
    reviewing.review()
    decider = reviewing.who(
        next(n for n, u in world.users.items() if u == Step.objects.get(case=reviewing.case, kind="decide").user_id)
    )
    both = Actor(
        **{f: getattr(decider, f) for f in decider.__dataclass_fields__}
        | {"permissions": frozenset({"cases.issue", "documents.seal"})}
    )
    with pytest.raises(SamePerson):
        do.prepare_result(case_id=reviewing.case_id, by=both, now=at("2026-03-02 15:00"))


def test_a_stage_is_only_its_holders(reviewing, world):
    step = reviewing.open_step()
    other = next(f"reviewer-{n}" for n in range(1, 5) if world.users[f"reviewer-{n}"] != step.user_id)
    kw = {"approve": True, "opinion": "x", "links_done": reviewing.links(step), "now": at("2026-03-02 11:00")}
    for who in (other, "clerk", "manager", "issuer"):
        with pytest.raises((NotYourStep, NotAllowed)):
            do.give_opinion(step_id=step.pk, by=reviewing.who(who), **kw)
    with pytest.raises(LinksOpen):
        do.give_opinion(step_id=step.pk, by=reviewing.holder(step), **(kw | {"links_done": []}))
    do.give_opinion(step_id=step.pk, by=reviewing.holder(step), **kw)
    with pytest.raises(NotYourStep):
        do.give_opinion(step_id=step.pk, by=reviewing.holder(step), **kw)


# -- what the database keeps true -----------------------------------------------------------------------------------------------------


def test_a_change_of_state_without_its_event_does_not_commit(reviewing):
    with pytest.raises(DatabaseError, match="without an event"), transaction.atomic():
        Case.objects.filter(pk=reviewing.case_id).update(state=State.SUSPENDED)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="not in the chain"), transaction.atomic():
        Case.objects.filter(pk=reviewing.case_id).update(state=State.SUSPENDED, trace_seq=99)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE cases_case SET number = '1'",
        "UPDATE cases_case SET state = 'in_review', closed_at = NULL",
        "DELETE FROM cases_case",
        "UPDATE cases_decision SET approved = false, reasons = 'x', remedies = 'x'",
        "DELETE FROM cases_delivery",
        "UPDATE cases_draw SET chosen = gen_random_uuid()",
        "UPDATE cases_drawday SET commitment = seed",
    ],
)
def test_what_is_fixed_stays_fixed(story, sql):
    story.whole()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_two_people_saving_one_case_do_not_overwrite_each_other(story):
    story.receive()
    version = story.case.version
    story.accept(version=version)
    with pytest.raises(CaseChanged):
        do.withdraw_case(case_id=story.case_id, version=version, by=story.who("second-clerk"), now=at("2026-03-02 10:06"))


# -- delivery -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def issued(story):
    story.receive()
    story.accept()
    story.review()
    story.issue()
    return story


def test_the_code_of_receipt_delivers_and_wrong_ones_are_counted(issued):
    by, now = issued.who("clerk"), at("2026-03-02 16:00")
    right = issued.case.receipt_code.open()
    wrong = "000000" if right != "000000" else "111111"
    with pytest.raises(CodeWrong):
        do.check_receipt_code(case_id=issued.case_id, code=wrong, by=by, now=now)
    do.check_receipt_code(case_id=issued.case_id, code=right, by=by, now=now)
    issued.deliver(proof=do.Proof(receipt_code=right))
    assert issued.case.state == State.DELIVERED
    assert acts(issued.case_id).count("cases.receipt_code_wrong") == 1


def test_after_some_wrong_codes_only_a_signature_will_do(issued):
    by, now = issued.who("clerk"), at("2026-03-02 16:00")
    right = issued.case.receipt_code.open()
    for _ in range(5):
        with pytest.raises(CodeWrong):
            do.check_receipt_code(case_id=issued.case_id, code="x", by=by, now=now)
    with pytest.raises(CodeLocked):
        do.check_receipt_code(case_id=issued.case_id, code=right, by=by, now=now)
    with pytest.raises(CodeLocked):
        issued.deliver(proof=do.Proof(receipt_code=right))
    issued.deliver()


@pytest.mark.parametrize(
    ("method", "proof"),
    [
        (do.DeliveryMethod.WINDOW, do.Proof()),
        (do.DeliveryMethod.POST, do.Proof()),
        (do.DeliveryMethod.POST, do.Proof(receipt_code="1")),
    ],
)
def test_nothing_is_delivered_without_proof(issued, method, proof):
    with pytest.raises(ProofMissing):
        do.deliver_case(
            case_id=issued.case_id,
            method=method,
            recipient="赵示例",
            proof=proof,
            by=issued.who("clerk"),
            now=at("2026-03-02 16:00"),
        )


def test_post_and_electronic_delivery_by_the_issuing_office(world):
    for method, proof in ((do.DeliveryMethod.POST, do.Proof(tracking_number="EX123")), (do.DeliveryMethod.ELECTRONIC, do.Proof())):
        story = Story(world)
        story.receive()
        story.accept()
        story.review()
        story.issue()
        story.deliver(clerk="issuer", method=method, proof=proof)
        assert story.case.state == State.DELIVERED


def test_a_late_decision_is_late_and_a_timely_one_is_not(world):
    early, late = Story(world), Story(world)
    for story, day in ((early, "2026-03-03"), (late, "2026-04-20")):
        story.receive()
        story.accept()
        story.review(day=day)
    assert clock(early.case_id, "promised").outcome == "met"
    assert clock(late.case_id, "promised").outcome == "late"
    assert clock(late.case_id, "statutory").outcome == "late"
    assert [e.data["on_time"] for e in timeline(late.case_id) if e.act == "cases.approved"] == [False]


# -- automatic and external ---------------------------------------------------------------------------------------------------------


def test_an_automatic_stage_is_decided_by_its_rule_or_handed_to_a_person(world):
    from linli.domains.catalog.queries import package_standards

    mine = [s for s in package_standards() if s.plan.automatic and s.handled_in == "linli"]
    automatic = next(s for s in mine if not any(m.from_departments for m in s.materials))
    story = Story(world, item=automatic.code)
    story.receive()
    story.accept()
    step = Step.objects.get(case=story.case, kind="decide")
    assert (step.automatic, step.user_id) == (True, None)
    assert do.decide_automatically(step_id=step.pk, now=at("2026-03-02 10:06"))
    assert not do.decide_automatically(step_id=step.pk, now=at("2026-03-02 10:07"))
    assert story.case.state == State.APPROVED
    assert Decision.objects.get(case=story.case).decided_by_id is None
    owing = next((s for s in mine if any(m.from_departments for m in s.materials)), None)
    assert owing, "the catalogue has an automatic item that needs a department's datum"
    story = Story(world, item=owing.code)
    story.receive()
    story.accept()
    step = Step.objects.get(case=story.case, kind="decide")
    assert not do.decide_automatically(step_id=step.pk, now=at("2026-03-02 10:06"))
    step.refresh_from_db()
    assert (step.automatic, step.state) == (False, "open")
    assert step.user_id


def test_acts_in_another_system_are_recorded_by_different_people(world):
    story = Story(world, item="card-application")
    story.receive()
    with pytest.raises(HandledElsewhere):
        story.accept()
    act = do.ExternalAct
    kw = {"case_id": story.case_id, "now": at("2026-03-02 11:00")}
    with pytest.raises(ReasonMissing):
        do.record_external(act=act.ACCEPT, by=story.who("clerk"), **kw)
    do.record_external(act=act.ACCEPT, external_number="SBK-1", by=story.who("clerk"), **kw)
    with pytest.raises(NotAllowed):
        do.record_external(act=act.TAKE_OVER, by=story.who("clerk"), **kw)
    do.record_external(act=act.TAKE_OVER, by=story.who("reviewer-1"), **kw)
    with pytest.raises(SamePerson):
        do.record_external(act=act.REVIEW, approve=True, by=story.who("reviewer-1"), **kw)
    do.record_external(act=act.REVIEW, approve=True, by=story.who("reviewer-2"), **kw)
    do.record_external(act=act.ISSUE, by=story.who("issuer"), **kw)
    assert (story.case.state, story.case.external_number) == (State.ISSUED, "SBK-1")
    story.deliver()
    assert verify_chain(story.case_id).ok


# -- authority ------------------------------------------------------------------------------------------------------------------------


def test_who_may_only_receive_hands_over_to_the_nearest_counter_that_accepts(world):
    story = Story(world, region="770121100201")
    by = story.who("village")
    story.case_id = do.receive_case(
        item_code=PERMIT,
        applicant=story.applicant,
        form=filled(story.standard),
        materials=story.handed(),
        by=by,
        now=at("2026-03-02 10:00"),
    )
    case = story.case
    assert (case.hall_id, case.origin_id) == (world.orgs["other-hall"], world.orgs["village"])
    bold = Actor(**{f: getattr(by, f) for f in by.__dataclass_fields__} | {"permissions": by.permissions | {"cases.accept"}})
    with pytest.raises(NoAuthority):
        do.accept_case(case_id=case.pk, by=bold, now=at("2026-03-02 10:05"))
    with pytest.raises(NotFound):
        story.accept(clerk="clerk")
    story.accept(clerk="elsewhere")
    assert story.case.state == State.IN_REVIEW
    assert story.case in counter_cases(by)


def test_a_county_takes_in_what_the_city_decides(world):
    story = Story(world, region=COUNTY_CODE)
    story.case_id = do.receive_case(
        item_code=PERMIT, applicant=story.applicant, form=filled(story.standard), materials=story.handed(), by=story.who("elsewhere"),
        now=at("2026-03-02 10:00"),
    )  # fmt: skip
    story.accept(clerk="elsewhere")
    case = story.case
    assert (case.number[:6], case.deciding_org_id, case.hall_id) == ("770121", world.orgs["bureau"], world.orgs["other-hall"])
    assert case.state == State.IN_REVIEW


COUNTY_CODE = "770121"
