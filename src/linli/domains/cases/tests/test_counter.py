"""What a clerk does with one press: several commands as one, all or nothing, once for each key."""

from __future__ import annotations

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.errors import ApplicantWrong, CaseChanged, CommitmentNotAllowed, MaterialsMissing
from linli.domains.cases.models import Case, CaseMaterial
from linli.domains.cases.queries import (
    CounterAct,
    State,
    cases_of,
    counter_acts,
    counter_paper,
    counter_sheet,
    items_here,
    known_fields,
)
from linli.domains.catalog.queries import package_standards
from linli.domains.documents.queries import get_document
from linli.domains.people.queries import person_facts
from linli.domains.trace.queries import timeline
from linli.kernel.errors import Invalid, NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing.story import INSTANT, PERMIT, Story, at, filled

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 10:00")


@pytest.fixture
def story(world):
    return Story(world)


def draft(story, item=INSTANT, by="clerk", **more):
    story.item = item
    story.case_id = do.open_draft(item_code=item, applicant=story.applicant, by=story.who(by), now=NOW, **more)
    return story.case_id


def common(story, **more):
    return {"case_id": story.case_id, "version": story.case.version, "by": story.who("clerk"), "now": NOW} | more


def test_a_draft_begins_with_what_is_known_and_the_looking_is_recorded(story):
    draft(story)
    sheet = counter_sheet(story.case_id, by=story.who("clerk"), now=NOW)
    assert sheet.form["name"] == "赵示例" and {"name", "id_number", "phone"} <= known_fields(sheet)
    seen = timeline(story.world.people["applicant"])[-1]
    assert seen.act == "people.viewed" and seen.data["case"] == str(story.case_id)


def test_the_same_key_begins_one_case(story):
    key = uuid7()
    assert draft(story, key=key) == draft(story, key=key) and Case.objects.count() == 1


def test_accepting_a_draft_receives_it_and_remembers_what_was_told(story):
    draft(story)
    values = counter_sheet(story.case_id, by=story.who("clerk"), now=NOW).form | filled(story.standard, education="大学本科")
    do.accept_at_counter(values=values, **common(story))
    assert story.case.number and story.case.accepted_at
    assert person_facts(story.world.people["applicant"])["education"] == "大学本科"


def test_what_is_refused_leaves_nothing_behind(story):
    draft(story, PERMIT)
    before = story.case
    with pytest.raises(MaterialsMissing):
        do.accept_at_counter(values=filled(story.standard), **common(story))
    with pytest.raises(Invalid) as caught:
        do.accept_at_counter(values=filled(story.standard, handler_phone="12") | {"org_name": ""}, **common(story))
    assert {e.field for e in caught.value.errors} == {"handler_phone", "org_name"}
    assert (story.case.state, story.case.version, story.case.number) == (State.DRAFT, before.version, None)


def test_a_page_that_is_behind_changes_nothing(story):
    draft(story)
    behind = common(story)
    do.save_form(values=filled(story.standard), **common(story))
    for act in (do.receive_draft, do.accept_at_counter):
        with pytest.raises(CaseChanged):
            act(values=filled(story.standard), **behind)
    with pytest.raises(CaseChanged):
        do.notify_missing(missing=[do.Missing("name", "写错了", is_field=True)], **behind)


def test_a_form_saved_twice_is_noted_once(story):
    draft(story)
    values = filled(story.standard)
    assert do.save_form(values=values, **common(story)) == do.save_form(values=values, **common(story))
    assert [e.act for e in timeline(story.case_id)].count("cases.form_saved") == 2  # with the prefilling


def test_a_notice_is_sealed_by_whoever_prints_it_and_only_at_its_counter(story):
    draft(story, PERMIT)
    do.receive_draft(values=filled(story.standard), **common(story))
    notice = do.notify_missing(missing=[do.Missing("m01", "请加盖公章")], **common(story))
    with pytest.raises(NotFound):
        do.make_ready_to_print(case_id=story.case_id, document_id=notice, by=story.who("elsewhere"), now=NOW)
    for _ in range(2):
        do.make_ready_to_print(case_id=story.case_id, document_id=notice, by=story.who("clerk"), now=NOW)
    assert get_document(notice).state == "sealed"
    with pytest.raises(NotFound):
        counter_paper(draft(Story(story.world)), notice, by=story.who("clerk"))


def test_what_a_counter_offers_follows_state_place_and_post(story):
    def acts(name):
        return counter_acts(story.case, by=story.who(name))

    draft(story, PERMIT)
    assert acts("clerk") == {CounterAct.FILL, CounterAct.RECEIVE, CounterAct.ACCEPT, CounterAct.NOTIFY, CounterAct.WITHDRAW}
    do.receive_draft(values=filled(story.standard), **common(story))
    assert acts("clerk") == {CounterAct.FILL, CounterAct.ACCEPT, CounterAct.NOTIFY, CounterAct.WITHDRAW}
    do.notify_missing(missing=[do.Missing("m01", "请加盖公章")], **common(story))
    assert acts("clerk") == {CounterAct.FILL, CounterAct.RECEIVE_BACK, CounterAct.ACCEPT, CounterAct.WITHDRAW}
    assert acts("manager") == set()
    draft(story, PERMIT, by="village")
    assert acts("village") == {CounterAct.FILL, CounterAct.RECEIVE, CounterAct.WITHDRAW}


def test_lists_at_the_counter_are_those_of_the_counter(story, world):
    draft(story)
    person, today = world.people["applicant"], NOW.date()
    assert list(cases_of(person, by=story.who("clerk"))) == [story.case]
    assert not cases_of(person, by=story.who("elsewhere")).exists()
    assert items_here("lwpq", by=story.who("clerk"), on=today).filter(item_id=PERMIT).exists()
    assert not items_here("lwpq", by=story.who("reviewer-1"), on=today).exists()


def test_a_village_cannot_accept_or_notify(story):
    draft(story, PERMIT, by="village")
    mine = common(story, by=story.who("village"))
    with pytest.raises(NotAllowed):
        do.accept_at_counter(values=filled(story.standard), **mine)
    with pytest.raises(NotAllowed):
        do.notify_missing(missing=[do.Missing("m01", "请加盖公章")], **mine)
    assert story.case.state == State.DRAFT


def test_an_item_is_begun_only_for_whom_it_is(story):
    wrong = do.Applicant(story.world.people["applicant"])
    assert story.standard.applicant_kinds == ("employer",)
    for begin in (do.open_draft, do.start_case):
        with pytest.raises(ApplicantWrong) as refused:
            begin(item_code=PERMIT, applicant=wrong, by=story.who("clerk"), now=NOW)
        assert (refused.value.field, str(refused.value.message)) == ("applicant", f"“{story.standard.name}”不面向个人办理。")
    assert not Case.objects.exists()


def test_only_what_the_standard_says_can_be_promised_instead_of_brought(story):
    asked = next(m for m in story.standard.materials if not m.from_departments and not m.may_be_committed)
    draft(story, PERMIT)
    with pytest.raises(CommitmentNotAllowed):
        do.hand_in(case_id=story.case_id, material=do.Handed(asked.code, do.Received.COMMITTED), by=story.who("clerk"), now=NOW)
    offering = next(s for s in package_standards() if s.handled_in == "linli" and any(m.may_be_committed for m in s.materials))
    material = next(m for m in offering.materials if m.may_be_committed)
    draft(story, offering.code)
    do.hand_in(case_id=story.case_id, material=do.Handed(material.code, do.Received.COMMITTED), by=story.who("clerk"), now=NOW)
    row = CaseMaterial.objects.get(case=story.case_id, code=material.code)
    assert (row.state, row.received) == ("have", "committed")
