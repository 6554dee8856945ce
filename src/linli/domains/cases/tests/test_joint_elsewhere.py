"""The draft of a joint matter: gone on with at a counter or on the phone by a code, forgotten when it lies too long, kept while needed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linli.domains.cases import commands as do
from linli.domains.cases.errors import CodeUnknown, JointOpen, NoAuthority, NotOnline, OtherPartyThere
from linli.domains.cases.models import Case, HandOver, Joint, JointPart
from linli.domains.cases.queries import (
    bundles_here,
    files_in_use,
    handed_over,
    joint_sheet,
    joints_here,
    joints_own,
    live_code,
    own_sheet,
)
from linli.domains.catalog.queries import Required
from linli.domains.documents.commands import store_file
from linli.domains.documents.queries import FileChanged, open_file
from linli.domains.people.commands import register_mandate
from linli.domains.people.queries import Ground, Scope
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.errors import NotFound
from linli.testing.joint import STARTUP, JointStory
from linli.testing.online import NOW, TODAY, resident, started
from linli.testing.story import picture

pytestmark = pytest.mark.django_db
RETIREMENT, AT_A_COUNTER = "bundle-retirement", "special-trade-early-retirement"
VETERAN, GRADUATE = "bundle-veteran", "bundle-graduate-employment"
LATER = timedelta(days=31)


@pytest.fixture
def city(partners):
    return partners


@pytest.fixture
def me(city):
    return resident(city)


@pytest.fixture
def clerk(city):
    return city.actor("clerk", on=TODAY)


def begun(by, bundle=STARTUP):
    return do.start_joint(bundle_code=bundle, applicant=do.Applicant(by.resident_id), by=by, now=NOW)


def photographed(by, joint_id, seed="a"):
    """One paper of the list, as a photograph; the id of its file."""
    line = next(m for m in joint_sheet(joint_id, by=by, now=NOW).chosen.asked if m.required is Required.YES)
    ref = store_file(content=picture(seed), declared_name="p.png", by=by, now=NOW)
    handed = do.Handed(line.code, do.Received.PHOTOGRAPHED, ((ref, "p.png"),))
    do.hand_in_joint(joint_id=joint_id, material=handed, by=by, now=NOW)
    return ref.id


def test_begun_on_the_phone_it_goes_on_at_any_counter_that_may_take_in_a_part_and_back(city, me, clerk):
    joint_id = begun(me, VETERAN)
    do.save_joint(joint_id=joint_id, values={"phone": "10000000007"}, by=me, now=NOW)
    file_id = photographed(me, joint_id)
    code = do.make_joint_hand_over(joint_id=joint_id, by=me, now=NOW)
    assert live_code(Joint.objects.get(pk=joint_id), to_counter=True, now=NOW).code == code
    found = handed_over(code, by=clerk, now=NOW)
    assert found.joint.pk == joint_id and found.case is None and found.applicant.name == "赵示例"
    assert not joints_here(by=clerk).filter(pk=joint_id).exists()  # only whose code it is
    with pytest.raises(CodeUnknown):
        do.take_over(code=code, by=me, now=NOW)
    assert do.take_over(code=f"{code[:4]} {code[4:]}", by=clerk, now=NOW) == joint_id
    sheet = joint_sheet(joint_id, by=clerk, now=NOW)
    assert sheet.fillable and sheet.form["phone"] == "10000000007"
    assert [f["id"] for said in sheet.joint.handed.values() for f in said["files"]] == [str(file_id)]
    assert sheet.joint.hall_id == city.orgs["hall"] and joints_here(by=clerk).filter(pk=joint_id).exists()
    with pytest.raises(CodeUnknown):
        do.take_over(code=code, by=clerk, now=NOW)
    with pytest.raises(NotFound):  # the counter has it now
        do.save_joint(joint_id=joint_id, values={}, by=me, now=NOW)
    assert joints_own(by=me, on=TODAY).filter(pk=joint_id).exists() and not joint_sheet(joint_id, by=me, now=NOW).fillable
    back = do.make_joint_hand_over(joint_id=joint_id, by=clerk, now=NOW)
    for wrong in (city.actor("elsewhere", on=TODAY), clerk, resident(city, "neighbour")):
        with pytest.raises(CodeUnknown):
            do.take_over(code=back, by=wrong, now=NOW)
    assert do.take_over(code=back, by=me, now=NOW) == joint_id
    assert joint_sheet(joint_id, by=me, now=NOW).fillable and not joints_here(by=clerk).filter(pk=joint_id).exists()
    acts = [(e.act, e.data.get("to")) for e in timeline(joint_id) if e.act.startswith("cases.hand")]
    assert acts == [
        ("cases.hand_over_made", "counter"), ("cases.handed_over", "counter"), ("cases.hand_over_made", "online"), ("cases.handed_over", "online"),
    ]  # fmt: skip


def test_what_was_begun_at_a_counter_is_submitted_from_the_phone_by_who_it_is_of(city, me):
    story = JointStory(city, STARTUP)
    story.start()
    story.choose("employment-certificate")
    story.fill()
    code = do.make_joint_hand_over(joint_id=story.joint_id, by=story.who("clerk"), now=NOW)
    do.take_over(code=code, by=me, now=NOW)
    number = do.submit_joint(joint_id=story.joint_id, by=me, now=NOW)
    assert number and {p.case.channel for p in story.joint.parts.exclude(case=None).select_related("case")} == {"online"}


def test_a_code_runs_out_is_replaced_and_leads_nowhere_once_the_draft_is_over(city, me, clerk):
    joint_id = begun(me)
    first = do.make_joint_hand_over(joint_id=joint_id, by=me, now=NOW)
    second = do.make_joint_hand_over(joint_id=joint_id, by=me, now=NOW)
    for code, now in ((first, NOW), (second, NOW + timedelta(hours=25))):
        with pytest.raises(CodeUnknown):
            do.take_over(code=code, by=clerk, now=now)
    assert HandOver.objects.count() == 1 and handed_over(second, by=city.actor("reviewer-1", on=TODAY), now=NOW) is None
    with pytest.raises(NotFound):
        do.make_joint_hand_over(joint_id=joint_id, by=clerk, now=NOW)  # nobody else's
    with pytest.raises(NotFound):
        do.make_joint_hand_over(joint_id=joint_id, by=resident(city, "neighbour"), now=NOW)
    do.withdraw_joint(joint_id=joint_id, by=me, now=NOW)
    with pytest.raises(CodeUnknown):
        do.take_over(code=second, by=clerk, now=NOW)
    with pytest.raises(JointOpen):
        do.make_joint_hand_over(joint_id=joint_id, by=me, now=NOW)


def test_a_counter_that_may_take_in_no_part_does_not_take_it_over(city, me):
    office = city.actor("market-clerk", on=TODAY)
    here = {b.bundle.code for b in bundles_here(by=office, on=TODAY)}
    joint_id = begun(me, VETERAN)
    assert here and VETERAN not in here
    code = do.make_joint_hand_over(joint_id=joint_id, by=me, now=NOW)
    with pytest.raises(NoAuthority):
        do.take_over(code=code, by=office, now=NOW)
    assert joint_sheet(joint_id, by=me, now=NOW).fillable and handed_over(code, by=city.actor("clerk", on=TODAY), now=NOW)


def test_what_takes_a_counter_is_asked_about_again_there_and_does_not_go_back_to_the_phone(city, me, clerk):
    register_mandate(
        principal_id=city.people["employer"], is_employer=True, agent_id=city.people["agent"], scopes=(Scope.APPLY, Scope.READ), items=(),
        last_day=TODAY.replace(month=6), ground=Ground.COMPANY_CLERK, evidence="授权委托书原件", by=clerk, now=NOW,
    )  # fmt: skip
    agent = resident(city, "agent")
    applicant = do.Applicant(city.people["employer"], is_employer=True)
    joint_id = do.start_joint(bundle_code=RETIREMENT, applicant=applicant, by=agent, now=NOW)

    def asked():
        return JointPart.objects.get(joint_id=joint_id, item_code=AT_A_COUNTER).chosen

    assert asked() is False
    do.take_over(code=do.make_joint_hand_over(joint_id=joint_id, by=agent, now=NOW), by=clerk, now=NOW)
    assert asked() is None
    do.choose_part(joint_id=joint_id, code=AT_A_COUNTER, wanted=True, by=clerk, now=NOW)
    with pytest.raises(NotOnline):
        do.make_joint_hand_over(joint_id=joint_id, by=clerk, now=NOW)
    do.choose_part(joint_id=joint_id, code=AT_A_COUNTER, wanted=False, by=clerk, now=NOW)
    code = do.make_joint_hand_over(joint_id=joint_id, by=clerk, now=NOW)
    do.choose_part(joint_id=joint_id, code=AT_A_COUNTER, wanted=True, by=clerk, now=NOW)  # after the code was made
    with pytest.raises(NotOnline):
        do.take_over(code=code, by=agent, now=NOW)
    assert asked() is True and joint_sheet(joint_id, by=clerk, now=NOW).fillable


def at_the_counter(me, clerk):
    return do.start_joint(bundle_code=GRADUATE, applicant=do.Applicant(me.resident_id), by=clerk, now=NOW)


def test_what_is_known_of_the_other_party_does_not_leave_the_counter_with_somebody_they_did_not_ask(city, me, clerk):
    joint_id = at_the_counter(me, clerk)
    do.name_other(joint_id=joint_id, party_id=city.people["employer"], by=clerk, now=NOW)
    code = do.make_joint_hand_over(joint_id=joint_id, by=clerk, now=NOW)
    with pytest.raises(OtherPartyThere):
        do.take_over(code=code, by=me, now=NOW)
    register_mandate(
        principal_id=city.people["employer"], is_employer=True, agent_id=me.resident_id, scopes=(Scope.APPLY,), items=(),
        last_day=TODAY.replace(month=6), ground=Ground.COMPANY_CLERK, evidence="授权委托书原件", by=clerk, now=NOW,
    )  # fmt: skip
    assert do.take_over(code=code, by=me, now=NOW) == joint_id


def test_a_draft_that_lies_too_long_lapses_with_those_of_cases_and_what_it_held_is_forgotten(
    me, clerk, django_capture_on_commit_callbacks
):
    mine, at_desk = begun(me, VETERAN), at_the_counter(me, clerk)
    shared, file_id = photographed(me, mine, "shared"), photographed(me, mine, "mine")
    case_id = started(me)
    sheet = own_sheet(case_id, by=me, now=NOW)
    code = next(m.row.code for m in sheet.materials if not m.wanted.from_departments and m.row.received != do.Received.FILLED)
    ref = store_file(content=picture("shared"), declared_name="p.png", by=me, now=NOW)
    assert ref.id == shared  # the same content is kept once
    handed = do.Handed(code, do.Received.PHOTOGRAPHED, ((ref, "p.png"),))
    do.hand_in_online(case_id=case_id, material=handed, by=me, now=NOW + LATER)
    Case.objects.filter(pk=case_id).update(started_at=NOW + LATER)
    assert files_in_use([shared, file_id]) == {shared, file_id}
    assert do.lapse_drafts(by=system(), now=NOW + timedelta(days=29)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert do.lapse_drafts(by=system(), now=NOW + LATER) == 2
    for pk in (mine, at_desk):
        joint = Joint.objects.get(pk=pk)
        assert joint.withdrawn_at and joint.form.open_json() == {} and joint.handed == {} and joint.number is None
        assert [e.act for e in timeline(pk)][-1] == "cases.joint_withdrawn"
    assert files_in_use([shared, file_id]) == {shared}
    assert open_file(shared).read()
    with pytest.raises(FileChanged):
        open_file(file_id).read()
    assert not joints_own(by=me, on=TODAY).exists()
    assert do.lapse_drafts(by=system(), now=NOW + LATER) == 0  # once
    again = begun(me, VETERAN)
    assert again != mine and photographed(me, again, "mine") == file_id and open_file(file_id).read()  # and it can be begun anew


def test_what_was_submitted_does_not_lapse_and_what_a_waiting_part_needs_is_kept(city):
    story = JointStory(city, STARTUP)
    story.start()
    story.choose("one-off-startup-subsidy")
    clerk = story.who("clerk")
    sheet = joint_sheet(story.joint_id, by=clerk, now=NOW)
    first = {item for item, waits in sheet.chosen.waits.items() if not waits}
    line = next(m for m in sheet.still_asked if not {item for item, _code in m.needed_by} & first)
    ref = store_file(content=picture("waits"), declared_name="p.png", by=clerk, now=NOW)
    handed = do.Handed(line.code, do.Received.UPLOADED, ((ref, "p.png"),))
    do.hand_in_joint(joint_id=story.joint_id, material=handed, by=clerk, now=NOW)
    story.fill()
    story.submit()
    assert files_in_use([ref.id]) == {ref.id}
    assert do.lapse_drafts(by=system(), now=NOW + LATER) == 0 and story.joint.form.open_json()
    do.withdraw_joint(joint_id=story.joint_id, by=clerk, now=NOW)
    assert files_in_use([ref.id]) == set() and story.joint.form.open_json()  # the parts that are cases were said out of it
