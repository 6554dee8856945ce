"""Joint matters: parts are ordinary cases of their departments, begun once, each when what it waits for is there."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.cases import commands as do
from linli.domains.cases.errors import JointOpen, NotAskedFor, NothingChosen, OtherPartyMissing, StillToDo
from linli.domains.cases.form import check_form
from linli.domains.cases.joint import Outcome, Standing, promise, settle
from linli.domains.cases.models import Case, CaseMaterial, Joint, JointPart, MaterialFile
from linli.domains.cases.queries import bundles_here, joint_sheet, joints_here, joints_own, joints_supervised
from linli.domains.catalog.queries import How, get_standard, joined_from, package_bundles, package_standards, partner_standards
from linli.domains.documents.commands import store_file
from linli.domains.trace.queries import timeline
from linli.kernel.actors import Actor, Channel
from linli.kernel.errors import Invalid, NotAllowed, NotFound
from linli.kernel.ids import uuid7
from linli.testing.concurrency import at_once
from linli.testing.joint import OPENING, STARTUP, JointStory
from linli.testing.story import Story, filled, picture
from linli.testing.truth import check_everything

REGISTRATION, TAX, SEAL, INSURANCE = (
    "enterprise-registration",
    "tax-confirmation",
    "seal-filing",
    "enterprise-social-insurance-registration",
)

# -- the pure part ---------------------------------------------------------------------------------------------------------------

CODES = [f"p{n}" for n in range(7)]


@st.composite
def matters(draw):
    """Parts that wait only for earlier ones, so that there is no ring, and what some of them came to."""
    parts = {}
    for n, code in enumerate(CODES):
        groups = draw(st.lists(st.lists(st.sampled_from(CODES[:n]), min_size=1, max_size=2), max_size=2)) if n else []
        parts[code] = groups
    known = draw(st.dictionaries(st.sampled_from(CODES), st.sampled_from(list(Outcome))))
    return parts, known


@given(matters())
def test_a_part_can_begin_exactly_when_each_paper_it_needs_has_been_given(matter):
    parts, known = matter
    stands = settle(parts, known)
    assert set(stands) == set(parts) - set(known)
    for code, standing in stands.items():
        given_all = all(any(known.get(p) is Outcome.GIVEN for p in group) for group in parts[code])
        assert (standing is Standing.READY) is given_all
        if standing is Standing.BLOCKED:
            assert any(
                all(known.get(p) is Outcome.FAILED or stands.get(p) is Standing.BLOCKED for p in group) for group in parts[code]
            )


@given(matters(), st.lists(st.integers(0, 30), min_size=7, max_size=7))
def test_the_promise_is_the_latest_end_and_its_chain_leads_there(matter, lengths):
    parts, _ = matter
    begins, days = date(2026, 3, 2), dict(zip(CODES, lengths, strict=True))
    found = promise(parts.items(), begins=begins, ends=lambda code, start: start + timedelta(days=days[code]), known={})
    assert found.day == found.chain[-1].ends
    start = begins
    for leg in found.chain:
        assert leg.starts == start and leg.ends == start + timedelta(days=days[leg.code])
        start = leg.ends
    assert found.day >= begins + timedelta(days=max(lengths))
    assert found.day <= begins + timedelta(days=sum(lengths))


STANDARDS = {s.code: s for s in (*package_standards(), *partner_standards())}


@st.composite
def some_members(draw):
    bundle = draw(st.sampled_from(list(package_bundles())))
    chosen = draw(st.lists(st.sampled_from([m.code for m in bundle.members]), min_size=1, unique=True))
    return joined_from(bundle, STANDARDS, chosen=chosen)


@settings(deadline=None, max_examples=60)
@given(some_members())
def test_answers_to_the_joint_form_are_answers_every_member_accepts(joined):
    like = joined.members[0].model_copy(update={"form": joined.form.fields})
    attached = {f.name for f in (*joined.form.fields, *(f for m in joined.members for f in m.form)) if f.type == "file"}
    clean = check_form(joined.form.fields, filled(like), today=date(2026, 3, 2), attached=attached)
    for standard in joined.members:
        mine = joined.form.of_member(standard, clean)
        assert set(check_form(standard.form, mine, today=date(2026, 3, 2), attached=attached)) == set(mine)


# -- through the commands ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def city(partners):
    return partners


@pytest.fixture
def story(city):
    return JointStory(city)


def run_jobs(story):
    """What the jobs of this transaction do, in their order: the acts a joint matter subscribes to."""
    for job in ProcrastinateJob.objects.filter(task_name="cases.hand_on", status="todo").order_by("id"):
        do.hand_on(case_id=job.args["chain_id"], now=story.now("15:30"))


@pytest.mark.django_db
class TestTheWay:
    def test_a_counter_begins_what_it_may_take_in_part_of(self, story):
        codes = {b.bundle.code for b in bundles_here(by=story.who("clerk"), on=story.now().date())}
        assert OPENING in codes and "bundle-newborn" in codes and len(codes) == 21
        assert {b.bundle.code for b in bundles_here("企业开办", by=story.who("clerk"), on=story.now().date())} == {OPENING}
        assert OPENING in {b.bundle.code for b in bundles_here("qykb", by=story.who("clerk"), on=story.now().date())}
        assert bundles_here(by=story.who("reviewer-1"), on=story.now().date()) == []

    def test_one_form_and_one_list_begin_with_what_is_known(self, story):
        story.start()
        sheet = joint_sheet(story.joint_id, by=story.who("clerk"), now=story.now())
        assert sheet.form["org_name"] == "云岭示例服务有限公司" and sheet.is_draft and sheet.fillable
        assert len(sheet.questions) == 5 and all(q.wanted is None for q in sheet.questions)

    def test_submitting_makes_cases_of_those_that_need_not_wait_and_of_no_others(self, story):
        number = story.begun(SEAL, "bank-account-booking")
        first = story.part(REGISTRATION)
        assert first.case.state == "submitted" and first.case.org_id == story.world.orgs["market"]
        assert first.case.origin_id == story.world.orgs["hall"] and first.case.joint_id == story.joint_id
        assert number.startswith("L") and story.joint.promised_on > story.joint.submitted_at.date()
        assert {p.item_code for p in JointPart.objects.filter(joint_id=story.joint_id).exclude(case=None)} == {REGISTRATION}
        assert story.part(SEAL).waits_for == [[REGISTRATION]]
        assert story.submit() == number  # again: the same answer, nothing new
        assert Case.objects.filter(joint_id=story.joint_id).count() == 1
        assert next(e.act for e in timeline(story.joint_id)) == "cases.joint_started"

    def test_a_part_gets_its_form_and_papers_from_the_one_form_and_list(self, story):
        story.begun(SEAL)
        case = story.case(REGISTRATION)
        assert case.form.open_json()["org_name"] == "云岭示例服务有限公司"
        states = {m.name: (m.state, m.received) for m in CaseMaterial.objects.filter(case=case)}
        assert states["企业登记申请材料"] == ("have", "paper")

    def test_what_a_part_produces_is_handed_to_whoever_waits_with_the_sealed_paper(self, story):
        story.begun(SEAL)
        story.decide(REGISTRATION)
        run_jobs(story)
        seal = story.case(SEAL)
        licence = CaseMaterial.objects.get(case=seal, code=story.produced(SEAL)[0])
        assert (licence.state, licence.received) == ("have", "verified") and "企业设立登记" in licence.note
        assert MaterialFile.objects.filter(material=licence, content_type="application/pdf").count() == 1
        assert {p.item_code for p in JointPart.objects.filter(joint_id=story.joint_id, chosen=True, case=None)} == set()
        insurance = story.case(INSURANCE)
        assert insurance.hall_id == story.world.orgs["hall"] and insurance.state == "submitted"
        before = Case.objects.count()
        run_jobs(story)
        assert Case.objects.count() == before

    def test_every_part_runs_whole_with_its_own_clock_draw_people_and_chain(self, story):
        story.begun(SEAL)
        story.decide(REGISTRATION)
        run_jobs(story)
        for code, office in ((SEAL, "partners"), (TAX, "partners"), (INSURANCE, "hall")):
            story.decide(code, office=office)
        sheet = joint_sheet(story.joint_id, by=story.who("clerk"), now=story.now("16:30"))
        assert sheet.is_over and sheet.given == len(sheet.wanted) == 4
        assert len(sheet.papers) == 8 and all(d.sealed_at for d in sheet.papers)  # a decision and a result of each
        for part in sheet.wanted:
            acts = [e.act for e in timeline(part.case_id)]
            assert {"cases.joined", "cases.submitted", "cases.accepted", "cases.drawn", "cases.approved", "cases.issued"} <= set(
                acts
            )
        check_everything()

    def test_one_part_rejected_does_not_lose_the_others_and_what_waited_is_told(self, story):
        story.begun(SEAL, "employee-enrolment")
        story.decide(REGISTRATION, approve=False)
        run_jobs(story)
        sheet = joint_sheet(story.joint_id, by=story.who("clerk"), now=story.now("16:00"))
        by_code = {p.code: p for p in sheet.parts}
        assert by_code["employee-enrolment"].state is not None and not by_code["employee-enrolment"].is_over
        assert by_code[SEAL].standing is Standing.BLOCKED and by_code[SEAL].missing == ("企业设立登记",)
        assert by_code["housing-fund-registration"].standing is Standing.LEFT_OUT
        case_id = do.bring_otherwise(joint_id=story.joint_id, code=SEAL, by=story.who("clerk"), now=story.now("16:05"))
        assert do.bring_otherwise(joint_id=story.joint_id, code=SEAL, by=story.who("clerk"), now=story.now("16:06")) == case_id
        licence = CaseMaterial.objects.get(case_id=case_id, code=story.produced(SEAL)[0])
        assert licence.state == "will_verify"  # departments hold it: nobody is asked for it
        assert not joint_sheet(story.joint_id, by=story.who("clerk"), now=story.now("16:10")).is_over

    def test_the_promise_follows_the_longest_chain_and_says_so(self, story):
        story.begun(SEAL)
        sheet = joint_sheet(story.joint_id, by=story.who("clerk"), now=story.now())
        said = str(sheet.why)
        assert sheet.promise.day == story.joint.promised_on
        assert next(leg.code for leg in sheet.promise.chain) == REGISTRATION and len(sheet.promise.chain) == 2
        assert "企业设立登记" in said and story.joint.promised_on.isoformat() in said

    def test_withdrawing_one_part_leaves_the_others(self, story):
        story.begun(SEAL, "employee-enrolment")
        do.withdraw_part(
            joint_id=story.joint_id, code="employee-enrolment", reason="不办了", by=story.who("clerk"), now=story.now("11:00")
        )
        assert story.case("employee-enrolment").state == "withdrawn" and story.case(REGISTRATION).state == "submitted"

    def test_withdrawing_all_begins_nothing_that_waited(self, story):
        story.begun(SEAL)
        do.withdraw_joint(joint_id=story.joint_id, reason="不开了", by=story.who("clerk"), now=story.now("11:00"))
        run_jobs(story)
        assert set(Case.objects.filter(joint_id=story.joint_id).values_list("state", flat=True)) == {"withdrawn"}
        assert joint_sheet(story.joint_id, by=story.who("clerk"), now=story.now("12:00")).is_over
        with pytest.raises(JointOpen):
            do.withdraw_joint(joint_id=story.joint_id, by=story.who("clerk"), now=story.now("12:00"))

    def test_a_part_of_the_own_counter_is_accepted_at_once(self, city):
        story = JointStory(city, STARTUP)
        story.begun("flexible-worker-enrolment", "employment-certificate", "one-off-startup-subsidy")
        assert story.case("employment-certificate").state == "in_review"
        assert story.case("business-registration-individual").state == "submitted"
        assert story.part("one-off-startup-subsidy").case is None
        story.decide("business-registration-individual")
        run_jobs(story)
        assert story.case("one-off-startup-subsidy").state == "submitted"  # nobody stood at the counter then
        assert story.case("one-off-startup-subsidy").channel == "hall"


@pytest.mark.django_db
class TestWhatIsRefused:
    def test_questions_and_papers_left_open_are_named(self, story):
        story.start()
        with pytest.raises(StillToDo, match="公章刻制备案"):
            story.submit()
        story.choose(SEAL)
        with pytest.raises(Invalid) as found:
            story.submit()
        assert {e.field for e in found.value.errors} >= {"scope", "reg_address"}
        story.fill()
        sheet = joint_sheet(story.joint_id, by=story.who("clerk"), now=story.now())
        paper = next(m.code for m in sheet.chosen.asked)
        do.hand_in_joint(joint_id=story.joint_id, material=do.Handed(paper), by=story.who("clerk"), now=story.now())
        with pytest.raises(StillToDo, match="企业登记申请材料"):
            story.submit()
        assert story.joint.number is None and not Case.objects.filter(joint_id=story.joint_id).exists()

    def test_nothing_is_asked_that_departments_hold_or_a_part_produces(self, story):
        story.start()
        story.choose(SEAL)
        sheet = joint_sheet(story.joint_id, by=story.who("clerk"), now=story.now())
        for line in sheet.chosen.materials:
            if line.how in (How.DEPARTMENTS, How.RESULT, How.JOINT_FORM):
                with pytest.raises(NotAskedFor):
                    do.hand_in_joint(
                        joint_id=story.joint_id,
                        material=do.Handed(line.code, do.Received.PAPER),
                        by=story.who("clerk"),
                        now=story.now(),
                    )

    def test_a_matter_with_nothing_chosen_or_nobody_to_apply_is_not_submitted(self, city):
        story = JointStory(city, "bundle-social-card")
        story.start()
        story.choose()
        with pytest.raises(NothingChosen):
            story.submit()
        story = JointStory(city, "bundle-graduate-employment")
        story.start()
        story.choose("employee-enrolment")
        story.fill()
        with pytest.raises(OtherPartyMissing, match="职工参保登记"):
            story.submit()
        do.name_other(joint_id=story.joint_id, party_id=city.people["employer"], by=story.who("clerk"), now=story.now())
        story.submit()
        case = story.case("employee-enrolment")
        assert (
            case.applicant_is_employer
            and case.applicant_id == city.people["employer"]
            and case.agent_id == city.people["applicant"]
        )

    def test_a_value_that_is_wrong_is_named_and_nothing_is_lost(self, story):
        story.start()
        story.choose()
        typed = story.fill()
        with pytest.raises(Invalid) as found:
            story.submit(values=typed | {"legal_person_id": "77010119900101001X"})
        assert [e.field for e in found.value.errors] == ["legal_person_id"]
        assert story.joint.number is None


# -- who sees what ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestPermissions:
    def test_who_has_a_part_sees_the_matter_and_nobody_else(self, story):
        story.begun(SEAL)
        sees = [n for n in story.world.users if _may_see(story, n)]
        assert sorted(sees) == [
            "auditor", "clerk", "issuer", "leader", "manager", "market-clerk", "market-issuer", "second-clerk", "second-issuer",
        ]  # fmt: skip
        # The other department sees the picture, but opens only its own part and reads none of the others' papers.
        sheet = joint_sheet(story.joint_id, by=story.who("market-clerk"), now=story.now())
        assert [p.code for p in sheet.parts if p.case_id] == [REGISTRATION] and not sheet.may_work
        for act in (do.withdraw_joint, do.submit_joint):
            with pytest.raises(NotFound):
                act(joint_id=story.joint_id, by=story.who("market-clerk"), now=story.now())
            with pytest.raises(NotFound):
                act(joint_id=story.joint_id, by=story.who("elsewhere"), now=story.now())
        with pytest.raises(NotAllowed):
            do.start_joint(
                bundle_code=OPENING,
                applicant=do.Applicant(story.world.people["employer"], is_employer=True),
                by=story.who("reviewer-1"),
                now=story.now(),
            )

    def test_a_resident_begins_and_follows_their_own_and_no_other(self, city):
        me, other = _resident(city, "applicant"), _resident(city, "neighbour")
        story = JointStory(city, STARTUP)
        story.joint_id = do.start_joint(
            bundle_code=STARTUP, applicant=do.Applicant(city.people["applicant"]), by=me, now=story.now()
        )
        sheet = joint_sheet(story.joint_id, by=me, now=story.now())
        assert sheet.fillable and sheet.form["name"] == "赵示例"
        with pytest.raises(NotFound):
            joint_sheet(story.joint_id, by=other, now=story.now())
        with pytest.raises(NotFound):  # a draft on the own phone is nobody else's
            joint_sheet(story.joint_id, by=story.who("clerk"), now=story.now())
        with pytest.raises(NotFound):
            do.start_joint(bundle_code=STARTUP, applicant=do.Applicant(city.people["applicant"]), by=other, now=story.now())
        for part in JointPart.objects.filter(joint_id=story.joint_id, chosen=None):
            do.choose_part(
                joint_id=story.joint_id,
                code=part.item_code,
                wanted=part.item_code == "employment-certificate",
                by=me,
                now=story.now(),
            )
        sheet = joint_sheet(story.joint_id, by=me, now=story.now())
        like = sheet.chosen.members[0].model_copy(update={"form": sheet.fields})
        do.save_joint(joint_id=story.joint_id, values=filled(like) | sheet.form, by=me, now=story.now())
        for line in sheet.still_asked:
            ref = store_file(content=picture(line.code), declared_name="p.png", by=me, now=story.now())
            handed = do.Handed(line.code, do.Received.UPLOADED, ((ref, "p.png"),))
            do.hand_in_joint(joint_id=story.joint_id, material=handed, by=me, now=story.now())
        do.submit_joint(joint_id=story.joint_id, by=me, now=story.now("10:10"))
        case = story.case("employment-certificate")
        assert case.channel == "online" and case.state == "submitted"  # accepted by a person at the counter, not by its applicant
        assert [j.pk for j in joints_own(by=me, on=story.now().date())] == [story.joint_id]
        assert list(joints_own(by=other, on=story.now().date())) == []

    def test_lists_take_as_many_queries_for_many_as_for_few(self, story):
        story.begun(SEAL)
        with CaptureQueriesContext(
            connection,
        ) as few:
            list(joints_here(by=story.who("clerk")))
        for _ in range(3):
            JointStory(story.world).begun()
        with CaptureQueriesContext(connection) as many:
            found = list(joints_here(by=story.who("clerk")))
        assert len(found) == 4 and len(many) == len(few)
        assert found[-1].parts_wanted == 4 and found[-1].parts_given == 0
        assert len(list(joints_supervised(by=story.who("manager")))) == 4 and not list(joints_here(by=story.who("elsewhere")))


def _may_see(story, name):
    try:
        joint_sheet(story.joint_id, by=story.who(name), now=story.now())
    except NotFound:
        return False
    return True


def _resident(city, name):
    return Actor(
        user_id=uuid7(),
        resident_id=city.people[name],
        channel=Channel.ONLINE,
        permissions=frozenset({"portal.use"}),
        region="770121",
        name=name,
    )


# -- at the same moment ------------------------------------------------------------------------------------------------------------------


def test_two_results_at_once_begin_the_waiting_part_exactly_once(partners, committed_db):
    city = partners
    story = JointStory(city, "bundle-after-death")
    story.begun("death-certificate-natural", "death-certificate-other", "cremation-certificate", "driving-licence-cancellation")
    for code in ("death-certificate-natural", "death-certificate-other"):
        story.decide(code, office="partners", issue=False)
    waiting = story.part("cremation-certificate")
    assert waiting.waits_for == [["death-certificate-natural", "death-certificate-other"]]

    def result(code):
        def job():
            case = story.case(code)
            Story(city, item=code, day=story.day, case_id=case.pk).issue(issuer="partners-issuer")
            return do.hand_on(case_id=case.pk, now=story.now("15:30"))

        return job

    done = at_once([result("death-certificate-natural"), result("death-certificate-other")] * 1)
    assert not [d for d in done if isinstance(d, Exception)], done
    more = at_once([lambda: do.hand_on(case_id=story.case("death-certificate-natural").pk, now=story.now("15:31"))] * 4)
    assert more == [[]] * 4
    begun = JointPart.objects.filter(joint_id=story.joint_id, item_code="cremation-certificate").exclude(case=None)
    assert begun.count() == 1
    assert Case.objects.filter(joint_id=story.joint_id, item_code="cremation-certificate").count() == 1
    check_everything()


def test_submitting_many_times_at_once_makes_each_case_once(partners, committed_db):
    story = JointStory(partners)
    story.start()
    story.choose(SEAL, "employee-enrolment")
    story.fill()
    numbers = at_once([story.submit] * 6)
    assert len(set(map(str, numbers))) == 1, numbers
    assert Case.objects.filter(joint_id=story.joint_id).count() == 2
    assert Joint.objects.get(pk=story.joint_id).number == numbers[0]
    assert get_standard(story.part(TAX).standard_id).name
