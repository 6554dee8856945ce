"""What a reviewer has at hand: lists, the next case, the form masked, looks that are recorded, stepping aside, the decision's words."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.domains.cases import commands as do
from linli.domains.cases.errors import CaseChanged, GroundsMissing, Interested, LinksOpen, MoveNotPossible, NotYourStep
from linli.domains.cases.queries import Decision, Pile, my_pile, pile_counts, preview_decision, review_sheet
from linli.domains.org.queries import recusals_of
from linli.domains.people.queries import Purpose
from linli.domains.trace.queries import timeline
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.text import Message
from linli.testing.story import Story, at, filled
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
PERSONAL = "startup-social-subsidy"  # for a person, with a first review, a second one and a decision


@pytest.fixture
def story(world):
    told = Story(world)
    told.receive()
    told.accept()
    return told


def suspend(story: Story) -> None:
    do.suspend_case(
        case_id=story.case.pk, ground=do.PauseGround.APPRAISAL, reason="需鉴定", until=date(2026, 3, 20), by=story.who("manager"),
        now=at("2026-03-02 15:00"),
    )  # fmt: skip


def test_a_case_lies_in_exactly_one_list(story):
    step, by = story.open_step(), story.holder()

    def where():
        return [pile for pile in Pile if my_pile(pile, by=by).filter(pk=step.pk).exists()]

    assert where() == [Pile.OPEN] and pile_counts(by=by) == {Pile.OPEN: 1, Pile.SUSPENDED: 0}
    suspend(story)
    assert where() == [Pile.SUSPENDED] and pile_counts(by=by) == {Pile.OPEN: 0, Pile.SUSPENDED: 1}
    do.resume_case(case_id=story.case.pk, reason="已鉴定", by=story.who("manager"), now=at("2026-03-03 09:00"))
    do.give_opinion(step_id=step.pk, approve=True, opinion="", links_done=story.links(step), by=by, now=at("2026-03-03 10:00"))
    assert where() == [Pile.DONE]
    with pytest.raises(NotAllowed):
        my_pile(Pile.DONE, by=story.who("clerk"))


def test_nobody_judges_a_case_that_is_suspended(story):
    step, by = story.open_step(), story.holder()
    suspend(story)
    with pytest.raises(MoveNotPossible):
        do.give_opinion(step_id=step.pk, approve=True, opinion="", links_done=story.links(step), by=by, now=at("2026-03-02 16:00"))


def test_what_waits_for_an_answer_is_not_the_next_case(story, world):
    step, by = story.open_step(), story.holder()
    do.ask(
        step_id=step.pk, what="suspend", ground="appraisal", reason="需鉴定", until=date(2026, 3, 20), by=by,
        now=at("2026-03-02 11:00"),
    )  # fmt: skip
    assert do.next_step(by=by, now=at("2026-03-02 11:00")) is None
    ask = story.case.asks.get()
    do.settle_ask(ask_id=ask.pk, grant=False, answer="不需要", by=story.who("manager"), now=at("2026-03-02 12:00"))
    assert do.next_step(by=by, now=at("2026-03-02 12:00")) == step.pk


def test_who_is_connected_steps_aside_and_is_not_drawn_for_them_again(story, world):
    step, by = story.open_step(), story.holder()
    do.recuse(step_id=step.pk, reason="与法定代表人是亲属", version=story.case.version, by=by, now=at("2026-03-02 11:00"))
    assert list(recusals_of(by.user_id).values_list("party_id", flat=True)) == [world.people["employer"]]
    judged = {"step_id": step.pk, "approve": True, "links_done": story.links(step), "by": by, "now": at("2026-03-02 11:05")}
    with pytest.raises(Interested):
        do.give_opinion(opinion="同意", **judged)
    ask = story.case.asks.get()
    do.settle_ask(ask_id=ask.pk, grant=True, answer="", by=story.who("manager"), now=at("2026-03-02 12:00"))
    assert story.open_step().user_id != by.user_id
    with pytest.raises(NotYourStep):
        do.give_opinion(opinion="同意", **judged)
    again = Story(world)
    again.receive(time="13:00")
    again.accept(time="13:05")
    assert again.open_step().draw.excluded[str(by.user_id)] == "recused"


def test_a_request_that_is_refused_gives_the_case_back(story):
    step, by = story.open_step(), story.holder()
    do.recuse(step_id=step.pk, reason="曾是同事", by=by, now=at("2026-03-02 11:00"))
    ask = story.case.asks.get()
    do.settle_ask(ask_id=ask.pk, grant=False, answer="不属于应当回避的关系", by=story.who("manager"), now=at("2026-03-02 12:00"))
    do.give_opinion(
        step_id=step.pk, approve=True, opinion="", links_done=story.links(step), by=by, now=at("2026-03-02 13:00")
    )  # fmt: skip


def test_numbers_in_the_form_are_masked_and_every_whole_look_is_recorded(world):
    story = Story(world, PERSONAL)
    number = person_id(0)
    field = next(f.name for f in story.standard.form if f.type == "id-number")
    story.receive(form=filled(story.standard) | {field: number})
    story.accept()
    step, by = story.open_step(), story.holder()
    sheet = review_sheet(step.pk, by=by, now=at("2026-03-02 11:00"))
    answer = next(a for a in sheet.answers if a.name == field)
    assert answer.masked and number not in "".join("".join(a.lines) for a in sheet.answers)
    look = {"step_id": step.pk, "purpose": Purpose.HANDLE_CASE, "now": at("2026-03-02 11:00")}
    assert do.show_whole(field=field, by=by, **look) == number
    assert do.show_whole(field="applicant", by=by, **look) == number
    looks = [e for e in timeline(world.people["applicant"]) if e.act == "people.shown_whole"]
    assert [(e.user_id, e.data["purpose"]) for e in looks] == [(by.user_id, "handle_case")] * 2
    with pytest.raises(NotFound):
        do.show_whole(field="name", by=by, **look)
    other = next(n for n in ("reviewer-1", "reviewer-2", "reviewer-3") if world.users[n] != by.user_id)
    with pytest.raises(NotYourStep):
        do.show_whole(field="applicant", by=story.who(other), **look)


def test_a_decision_is_written_as_it_was_shown(story):
    while (step := story.open_step()).kind != "decide":
        common = {"step_id": step.pk, "links_done": story.links(step), "by": story.holder(step), "now": at("2026-03-02 14:00")}
        do.give_opinion(approve=True, opinion="", **common)
    by = story.holder()
    with pytest.raises(LinksOpen):
        preview_decision(step.pk, approve=True, by=by)
    done = {"links_done": story.links(step), "by": by}
    with pytest.raises(GroundsMissing) as missing:
        preview_decision(step.pk, approve=False, facts="经查", **done)
    assert missing.value.field == "reasons"
    shown = preview_decision(step.pk, approve=False, facts=" 经查 ", reasons="不符合", **done)
    assert "行政复议" in shown.remedies and str(Message(shown.legal_basis))
    do.decide_case(
        step_id=step.pk, approve=False, grounds=do.Grounds(facts=" 经查 ", reasons="不符合"), links_done=story.links(step), by=by,
        now=at("2026-03-02 15:00"),
    )  # fmt: skip
    kept = Decision.objects.get(case=story.case)
    assert (kept.facts, kept.reasons, kept.legal_basis, kept.remedies) == (
        shown.facts, shown.reasons, shown.legal_basis, shown.remedies,
    )  # fmt: skip
    with pytest.raises(NotFound):
        preview_decision(step.pk, approve=True, by=story.who("reviewer-1"))


def test_settling_a_material_gives_the_version_to_go_on_with(world):
    story = Story(world, PERSONAL)
    story.receive()
    story.accept()
    owed = story.case.materials.filter(state="owed").values_list("code", flat=True).first()
    if owed is None:
        pytest.fail("the item of this test has no material that a department holds; choose another")
    step, by, before = story.open_step(), story.holder(), story.case.version
    settle = {
        "step_id": step.pk,
        "code": owed,
        "verified": True,
        "note": "市场监管局，电话",
        "by": by,
        "now": at("2026-03-02 11:00"),
    }
    now_is = do.settle_material(version=before, **settle)
    assert now_is == story.case.version == before + 1
    with pytest.raises(CaseChanged):
        do.settle_material(version=before, **settle)


def test_a_longer_list_costs_no_more(story, world):
    by = story.holder()

    def cost():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            [s.case.item_code for s in my_pile(Pile.OPEN, by=by)]
        return len(asked)

    few = cost()
    for n in range(60):  # the draw is a lot: go on until it has fallen on them often enough
        more = Story(world)
        more.receive(time=f"11:{n:02d}")
        more.accept(time=f"12:{n:02d}")
        if my_pile(Pile.OPEN, by=by).count() >= 3:
            break
    assert my_pile(Pile.OPEN, by=by).count() >= 3 and cost() == few
