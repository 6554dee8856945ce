"""The resident's own way through a case: the same case and the same lifecycle as at a counter, and nobody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.errors import CodeUnknown, NotAskedFor, PromiseRefused, SignatureMissing, StillToDo
from linli.domains.cases.models import Case, HandOver
from linli.domains.cases.online import SIGNED_ONLINE
from linli.domains.cases.permissions import applies_for, sees_own
from linli.domains.cases.queries import (
    MaterialState,
    State,
    asked_fields,
    counter_cases,
    counter_sheet,
    counter_today,
    handed_over,
    offer_online,
    online_waiting,
    own_cases,
    own_list,
    own_paper,
    own_sheet,
    own_timeline,
    promises_of,
    receipt_code,
)
from linli.domains.catalog.queries import application_papers, package_standards
from linli.domains.documents.commands import store_file
from linli.domains.documents.queries import FileChanged, PaperKind, documents_of, open_file
from linli.domains.people.queries import party
from linli.domains.trace.queries import timeline
from linli.kernel.errors import Invalid, NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing.online import CLAIM, NOW, TODAY, fill, resident, started, submitted
from linli.testing.story import Story, at, filled, picture
from linli.testing.truth import check_everything
from linli.testing.world import COUNTY

pytestmark = pytest.mark.django_db


@pytest.fixture
def me(world):
    return resident(world)


@pytest.fixture
def story(world):
    """The county's people at work; its office takes in what is applied for online there."""
    return Story(world, item=CLAIM, region=COUNTY)


# -- a draft ------------------------------------------------------------------------------------------------------------------


def test_a_draft_begins_with_what_is_known_at_the_office_of_the_applicants_place(world, me):
    sheet = own_sheet(started(me), by=me, now=NOW)
    assert sheet.form["name"] == "赵示例" and {"name", "id_number"} <= sheet.known
    assert (sheet.case.hall_id, sheet.case.origin_id, sheet.case.channel) == (world.orgs["other-hall"], None, "online")
    assert sheet.fillable and sheet.agent is None


def test_beginning_twice_goes_on_with_what_was_begun(me):
    assert started(me) == started(me) == started(me, key=uuid7())
    assert Case.objects.count() == 1


def test_a_counter_sees_nothing_of_it_before_it_is_submitted(world, me, story):
    case_id = started(me)
    clerk = story.who("elsewhere")
    assert not counter_today(by=clerk, now=NOW).exists() and not counter_cases(clerk).exists()
    with pytest.raises(NotFound):
        do.save_form(case_id=case_id, values={}, by=clerk, now=NOW)
    fill(me, case_id)
    do.submit_online(case_id=case_id, by=me, now=NOW)
    assert list(online_waiting(by=clerk).values_list("pk", flat=True)) == [case_id] == [do.attend_next(by=clerk, now=NOW)]


@pytest.mark.parametrize("stranger", ["neighbour", "agent"])
def test_a_case_opens_to_nobody_else_by_any_id(world, me, stranger):
    case_id, other = submitted(me), resident(world, stranger)
    common = {"case_id": case_id, "by": other, "now": NOW}
    for act in (
        lambda: own_sheet(**common), lambda: do.save_online(values={}, **common), lambda: do.submit_online(**common),
        lambda: do.withdraw_online(**common), lambda: do.make_hand_over(**common), lambda: do.collect_online(**common),
        lambda: do.answer_online(code="m03", applies=True, **common), lambda: do.take_off_online(file_id=uuid7(), **common),
        lambda: do.correct_online(**common), lambda: do.take_back_online(code="m02", **common),
        lambda: do.read_own_paper(document_id=uuid7(), **common), lambda: own_timeline(case_id, by=other, on=TODAY),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            act()
    case = Case.objects.get(pk=case_id)
    assert (
        not own_list(by=other, on=TODAY).exists() and not sees_own(other, case, on=TODAY) and not applies_for(other, case, on=TODAY)
    )


def test_without_the_right_to_use_the_portal_nothing_opens(me):
    case_id, nobody = started(me), replace(me, permissions=frozenset())
    assert not own_cases(nobody, on=TODAY).exists()
    with pytest.raises(NotFound):
        do.save_online(case_id=case_id, values={}, by=nobody, now=NOW)
    with pytest.raises(NotAllowed):
        started(nobody)


def test_nobody_begins_for_somebody_who_did_not_let_them(world, me):
    with pytest.raises(NotFound):
        do.start_online(item_code=CLAIM, applicant_id=world.people["neighbour"], by=me, now=NOW)
    with pytest.raises(NotFound):
        do.start_online(item_code="employee-enrolment", applicant_id=world.people["employer"], is_employer=True, by=me, now=NOW)


def test_what_cannot_be_applied_for_online_says_why(world):
    me = party(world.people["applicant"], is_employer=False)
    whys = {s.code: offer_online(s.code, me, on=TODAY).why_not for s in package_standards()}
    assert whys[CLAIM] is None
    at_the_window = next(
        s.code for s in package_standards() if "person" in s.applicant_kinds and not {"online", "mobile"} & set(s.channels)
    )
    for_firms = next(s.code for s in package_standards() if s.applicant_kinds == ("employer",))
    assert "窗口" in str(whys[at_the_window]) and "用人单位" in str(whys[for_firms])
    assert offer_online("no-such-item", me, on=TODAY).found is None


# -- materials ----------------------------------------------------------------------------------------------------------------


def test_a_question_settles_whether_a_material_is_asked_for(me):
    case_id = started(me)
    look = lambda: {m.row.code: m for m in own_sheet(case_id, by=me, now=NOW).materials}  # noqa: E731
    assert look()["m03"].is_question and look()["m03"].open
    do.answer_online(case_id=case_id, code="m03", applies=False, by=me, now=NOW)
    assert look()["m03"].row.state == MaterialState.NOT_APPLICABLE and not look()["m03"].open
    do.answer_online(case_id=case_id, code="m03", applies=True, by=me, now=NOW)
    assert look()["m03"].row.state == MaterialState.COMMITTABLE and look()["m03"].open
    with pytest.raises(NotFound):
        do.answer_online(case_id=case_id, code="m02", applies=False, by=me, now=NOW)  # always needed


def test_what_departments_hold_is_never_taken_from_the_applicant(me):
    case_id = started(me)
    held = next(m.row.code for m in own_sheet(case_id, by=me, now=NOW).materials if m.wanted.from_departments)
    ref = store_file(content=picture(), declared_name="p.png", by=me, now=NOW)
    with pytest.raises(NotAskedFor):
        do.hand_in_online(case_id=case_id, material=do.Handed(held, do.Received.UPLOADED, ((ref, "p.png"),)), by=me, now=NOW)


def held_by_departments(me, case_id):
    return [m for m in own_sheet(case_id, by=me, now=NOW).materials if m.wanted.from_departments]


def test_a_commitment_keeps_the_words_and_wants_a_signature(me):
    case_id = started(me)
    with pytest.raises(SignatureMissing):
        do.commit_online(case_id=case_id, code="m03", signature=None, name="赵示", by=me, now=NOW)
    for code, why in (("m01", "没有把它列为可以承诺"), (next(m.row.code for m in held_by_departments(me, case_id)), "核验")):
        with pytest.raises(PromiseRefused, match=why):
            do.commit_online(case_id=case_id, code=code, signature=None, name="赵示例", by=me, now=NOW)
    signature = store_file(content=picture("s"), declared_name="signature.png", by=me, now=NOW)
    do.commit_online(case_id=case_id, code="m03", signature=signature, by=me, now=NOW)
    last = timeline(case_id)[-1]
    kept = promises_of(case_id)["m03"]
    assert last.data["received"] == "committed" and "承诺不实" in kept.notice["consequence"] and kept.signed == "drawn"
    assert last.data["files"] == [{"sm3": signature.digest, "name": "signature.png"}]
    do.take_back_online(case_id=case_id, code="m03", by=me, now=NOW)
    material = next(m for m in own_sheet(case_id, by=me, now=NOW).materials if m.row.code == "m03")
    assert material.row.state == MaterialState.COMMITTABLE and not material.files and material.open


def test_the_form_filled_in_online_is_the_application_form_and_is_not_asked_for_again(me):
    form = next(m for m in own_sheet(started(me), by=me, now=NOW).materials if m.row.code == "m01")
    assert (form.row.state, form.row.received, form.open) == ("have", "filled", False)
    for s in package_standards():
        papers = [s.material(code) for code in application_papers(s)]
        assert not any(p is None or p.from_departments or "审批" in p.name.split("(")[0] for p in papers), s.code


# -- submitting ---------------------------------------------------------------------------------------------------------------


def test_submitting_names_everything_that_is_still_to_do(me):
    case_id = started(me)
    with pytest.raises(Invalid):
        do.submit_online(case_id=case_id, by=me, now=NOW)
    sheet = own_sheet(case_id, by=me, now=NOW)
    wanted = set(asked_fields(sheet.standard))
    do.save_online(case_id=case_id, values={k: v for k, v in filled(sheet.standard).items() if k in wanted}, by=me, now=NOW)
    with pytest.raises(StillToDo) as refused:
        do.submit_online(case_id=case_id, by=me, now=NOW)
    assert "灵活就业说明" in str(refused.value.message) and Case.objects.get(pk=case_id).state == State.DRAFT


def test_what_is_submitted_is_a_case_like_any_other_and_goes_through_the_same_hands(world, me, story):
    case_id = submitted(me)
    case = Case.objects.get(pk=case_id)
    assert case.state == State.SUBMITTED and case.number
    form = case.form.open_json()
    assert all(form[f.name] == SIGNED_ONLINE for f in own_sheet(case_id, by=me, now=NOW).standard.form if f.type == "signature")
    clerk = story.who("elsewhere")
    sheet = counter_sheet(case_id, by=clerk, now=NOW)
    do.accept_at_counter(case_id=case_id, values=sheet.form, version=sheet.case.version, by=clerk, now=NOW)
    assert not online_waiting(by=clerk).exists()
    story.case_id = case_id
    story.review()
    seen = own_sheet(case_id, by=me, now=at("2026-03-02 14:30"))
    assert seen.decided is None and receipt_code(seen)
    story.issue()
    with pytest.raises(NotFound):  # a result is read once it is taken over
        result = next(d for d in documents_of(case_id) if d.kind == PaperKind.RESULT_CERTIFICATE)
        own_paper(case_id, result.id, by=me, on=TODAY)
    do.collect_online(case_id=case_id, by=me, now=at("2026-03-02 15:30"))
    do.collect_online(case_id=case_id, by=me, now=at("2026-03-02 15:31"))
    card = do.read_own_paper(case_id=case_id, document_id=result.id, by=me, now=at("2026-03-02 15:32"))
    assert card.sealed_at and timeline(case_id)[-1].act == "cases.paper_read"
    story.close()
    after = own_sheet(case_id, by=me, now=at("2026-03-03 10:00"))
    assert after.decided and after.decided.approved and after.delivery and after.delivery.method == "electronic"
    check_everything()


def test_the_timeline_never_says_who(me, story):
    case_id = submitted(me)
    clerk = story.who("elsewhere")
    do.accept_case(case_id=case_id, by=clerk, now=NOW)
    entries = own_timeline(case_id, by=me, on=TODAY)
    assert [e.act for e in entries][:2] == ["cases.submitted", "cases.accepted"]
    assert not any(e.user_id or e.posting_id or e.hall_id for e in entries)


def test_after_submitting_nothing_can_be_changed(me):
    case_id = submitted(me)
    for act in (
        lambda: do.save_online(case_id=case_id, values={}, by=me, now=NOW),
        lambda: do.answer_online(case_id=case_id, code="m03", applies=True, by=me, now=NOW),
        lambda: do.take_back_online(case_id=case_id, code="m02", by=me, now=NOW),
    ):
        with pytest.raises(NotFound):
            act()


def test_hostile_values_are_dropped_or_refused(me):
    case_id = started(me)
    with pytest.raises(NotAskedFor):
        do.save_online(case_id=case_id, values={"receipt_code": "1", "name": "x"}, by=me, now=NOW)
    with pytest.raises(Invalid):
        do.save_online(case_id=case_id, values={"name": "x" * 100_000}, by=me, now=NOW)
    do.save_online(case_id=case_id, values={"name": "<script>alert(1)</script>\0'; DROP TABLE cases_case; --"}, by=me, now=NOW)
    assert "\0" not in own_sheet(case_id, by=me, now=NOW).form["name"]


# -- correction, withdrawal ------------------------------------------------------------------------------------------------------


def test_a_correction_is_answered_with_what_was_asked_for_and_nothing_else(me, story):
    case_id = submitted(me)
    clerk = story.who("elsewhere")
    do.request_correction(
        case_id=case_id,
        missing=[do.Missing("m03", "签名看不清，请重新拍"), do.Missing("phone", "号码打不通", is_field=True)],
        by=clerk,
        now=NOW,
    )
    sheet = own_sheet(case_id, by=me, now=NOW)
    assert sheet.correctable and sheet.asked_fields == [("phone", "号码打不通")]
    with pytest.raises(NotAskedFor):
        do.save_online(case_id=case_id, values={"name": "别人"}, by=me, now=NOW)
    with pytest.raises(NotAskedFor):
        do.take_back_online(case_id=case_id, code="m01", by=me, now=NOW)
    do.save_online(case_id=case_id, values={"phone": "10000000008"}, by=me, now=NOW)
    ref = store_file(content=picture("again"), declared_name="p.png", by=me, now=NOW)
    do.hand_in_online(case_id=case_id, material=do.Handed("m03", do.Received.PHOTOGRAPHED, ((ref, "p.png"),)), by=me, now=NOW)
    do.correct_online(case_id=case_id, by=me, now=NOW)
    do.correct_online(case_id=case_id, by=me, now=NOW)
    assert Case.objects.get(pk=case_id).state == State.SUBMITTED
    assert [e.act for e in timeline(case_id)].count("cases.corrected") == 1
    assert list(online_waiting(by=clerk)) == [Case.objects.get(pk=case_id)]


def test_an_application_is_taken_back_once_until_it_is_decided(me, story):
    case_id = submitted(me)
    do.withdraw_online(case_id=case_id, reason="不办了", by=me, now=NOW)
    do.withdraw_online(case_id=case_id, by=me, now=NOW)
    assert own_sheet(case_id, by=me, now=NOW).is_over
    draft = started(me)
    do.withdraw_online(case_id=draft, by=me, now=NOW)
    assert [c.pk for c in own_list(by=me, on=TODAY)] == [case_id]


def test_a_draft_given_up_is_forgotten_and_an_application_taken_back_is_kept(me, django_capture_on_commit_callbacks):
    draft = started(me)
    ref = store_file(content=picture("draft"), declared_name="p.png", by=me, now=NOW)
    do.hand_in_online(case_id=draft, material=do.Handed("m03", do.Received.PHOTOGRAPHED, ((ref, "p.png"),)), by=me, now=NOW)
    assert Case.objects.get(pk=draft).form.open_json() and open_file(ref.id).read()
    with django_capture_on_commit_callbacks(execute=True):
        do.withdraw_online(case_id=draft, by=me, now=NOW)
    assert Case.objects.get(pk=draft).form.open_json() == {}
    with pytest.raises(FileChanged):
        open_file(ref.id).read()
    case_id = submitted(me)
    do.withdraw_online(case_id=case_id, by=me, now=NOW)
    assert Case.objects.get(pk=case_id).form.open_json()


# -- going on elsewhere -----------------------------------------------------------------------------------------------------------


def test_a_draft_goes_on_at_any_counter_with_its_code_once(world, me, story):
    case_id = started(me)
    code = do.make_hand_over(case_id=case_id, by=me, now=NOW)
    village = story.who("village")
    found = handed_over(code, by=village, now=NOW)
    assert found and found.case.pk == case_id
    assert do.take_over(code=f"{code[:4]} {code[4:]}", by=village, now=NOW) == case_id
    case = Case.objects.get(pk=case_id)
    assert (case.channel, case.origin_id, case.hall_id) == ("hall", world.orgs["village"], world.orgs["other-hall"])
    assert case in counter_cases(village) and own_sheet(case_id, by=me, now=NOW).at_counter
    with pytest.raises(CodeUnknown):
        do.take_over(code=code, by=village, now=NOW)
    with pytest.raises(NotFound):  # the clerk has it now
        do.save_online(case_id=case_id, values={}, by=me, now=NOW)
    back = do.make_hand_over(case_id=case_id, by=village, now=NOW)
    for wrong in (story.who("clerk"), resident(world, "neighbour")):
        with pytest.raises(CodeUnknown):
            do.take_over(code=back, by=wrong, now=NOW)
    assert do.take_over(code=back, by=me, now=NOW) == case_id and own_sheet(case_id, by=me, now=NOW).fillable
    assert case not in counter_cases(village)


def test_a_code_runs_out_and_a_new_one_replaces_the_last(me, story):
    case_id = started(me)
    first = do.make_hand_over(case_id=case_id, by=me, now=NOW)
    second = do.make_hand_over(case_id=case_id, by=me, now=NOW)
    clerk = story.who("elsewhere")
    for code, now in ((first, NOW), (second, at("2026-03-03 10:01"))):
        with pytest.raises(CodeUnknown):
            do.take_over(code=code, by=clerk, now=now)
    assert HandOver.objects.count() == 1 and handed_over(second, by=story.who("reviewer-1"), now=NOW) is None
