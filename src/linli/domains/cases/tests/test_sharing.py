"""Materials arrive by themselves, and a source that is down costs the applicant nothing (``docs/architecture.md``, invariant 5)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.cases import commands as do
from linli.domains.cases.commands.intake import save_form, start_case
from linli.domains.cases.grounds import MaterialState, Received
from linli.domains.cases.models import Case, CaseMaterial
from linli.domains.cases.queries import counter_sheet, filled_fields
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import interfaces, still_waiting
from linli.domains.trace.queries import events_of
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.identifiers import credit_code_with_checks
from linli.testing.departments import MANAGER, Departments, departments, sandbox_server  # noqa: F401
from linli.testing.story import INSTANT, PERMIT, Story, at, filled
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
SHARED_OF_A_PERSON = "flexible-social-subsidy"


def now():
    return datetime.now(UTC)


def work_off(case_id):
    """What the worker does: ask, fetch what is due, take in."""
    do.ask_departments(case_id=case_id, now=now())
    exchange.fetch(question_ids=still_waiting(case_id), now=now())
    return do.take_in_shared(case_id=case_id, now=now())


def held_by_others(story: Story) -> list[str]:
    return [m.code for m in story.standard.materials if m.from_departments]


def rows(case_id) -> dict[str, CaseMaterial]:
    return {m.code: m for m in CaseMaterial.objects.filter(case_id=case_id)}


def draft(world) -> UUID:
    story = Story(world)
    return start_case(item_code=PERMIT, applicant=story.applicant, by=story.who("clerk"), now=at("2026-03-02 10:00"))


def test_a_draft_asks_as_soon_as_it_is_opened_where_something_is_connected(world, departments: Departments):  # noqa: F811
    draft(world)
    assert not ProcrastinateJob.objects.filter(task_name="cases.ask_departments").exists()
    departments.connect(now())
    case_id = draft(world)
    job = ProcrastinateJob.objects.get(task_name="cases.ask_departments")
    assert job.args == {"case_id": str(case_id), "user_id": str(world.users["clerk"])}


def test_a_material_arrives_by_itself_with_its_receipt(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    case_id, held = draft(world), held_by_others(Story(world))
    before = Case.objects.get(pk=case_id).version
    arrived = work_off(case_id)
    assert arrived
    assert set(arrived) <= set(held)
    for code in arrived:
        row = rows(case_id)[code]
        assert (row.state, row.received) == (MaterialState.HAVE, Received.SHARED)
    sheet = counter_sheet(case_id, by=world.actor("clerk"), now=now())
    assert sheet.shared[arrived[0]].digest
    assert sheet.case.version == before  # whoever is typing is not told that the case has changed
    noted = list(events_of(case_id, acts=["cases.material_arrived"]))
    assert {e.data["material"] for e in noted} == set(arrived)
    assert do.take_in_shared(case_id=case_id, now=now()) == []


def test_the_answers_of_a_case_start_taking_in_by_themselves(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    case_id = draft(world)
    do.ask_departments(case_id=case_id, now=now())
    exchange.fetch(question_ids=still_waiting(case_id), now=now())
    jobs = ProcrastinateJob.objects.filter(task_name="cases.take_in_shared")
    assert {j.args["chain_id"] for j in jobs} == {str(case_id)}


def test_a_clerk_may_ask_right_now_and_nobody_else_s_clerk(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    case_id = draft(world)
    with pytest.raises(NotFound):
        do.fetch_shared(case_id=case_id, by=world.actor("elsewhere"), now=now())
    with pytest.raises(LinliError):
        do.fetch_shared(case_id=case_id, by=world.actor("reviewer-1"), now=now())
    assert do.fetch_shared(case_id=case_id, by=world.actor("clerk"), now=now())


def test_of_somebody_who_only_says_who_they_are_nothing_is_asked_before_a_clerk_has_seen_them(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    story = Story(world, item=SHARED_OF_A_PERSON)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_person SET verified = false WHERE id = %s", [story.applicant.id])
    case_id = start_case(item_code=SHARED_OF_A_PERSON, applicant=story.applicant, by=story.who("clerk"), now=at("2026-03-02 10:00"))
    assert do.ask_departments(case_id=case_id, now=now()) == []
    assert do.fetch_shared(case_id=case_id, by=world.actor("clerk"), now=now())


def test_no_record_leaves_the_applicant_s_own_paper_to_be_taken(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    departments.fault("empty")
    story, case_id = Story(world), draft(world)
    assert work_off(case_id) == []
    while still_waiting(case_id):
        work_off(case_id)
    code = held_by_others(story)[0]
    sheet = counter_sheet(case_id, by=world.actor("clerk"), now=now())
    assert sheet.shared[code].needs_eyes
    do.hand_in(case_id=case_id, material=do.Handed(code, Received.PAPER), by=world.actor("clerk"), now=now())
    departments.mend()
    work_off(case_id)
    assert rows(case_id)[code].received == Received.PAPER


def subsidy(world) -> Story:
    """A draft whose bank the bureau does not know, but the bank does."""
    story = Story(world, item=SHARED_OF_A_PERSON)
    story.case_id = start_case(item_code=story.item, applicant=story.applicant, by=story.who("clerk"), now=at("2026-03-02 10:00"))
    return story


def said_by_sources(story: Story) -> dict[str, str]:
    sheet = counter_sheet(story.case_id, by=story.world.actor("clerk"), now=now())
    return {name: sheet.form[name] for name in filled_fields(sheet, today=now().date())}


def test_an_answer_fills_what_is_empty_once_and_tells_from_whom(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    story = subsidy(world)
    assert not story.case.form.open_json().get("bank_name")
    version = story.case.version
    work_off(story.case_id)
    sheet = counter_sheet(story.case_id, by=world.actor("clerk"), now=now())
    filling = filled_fields(sheet, today=now().date())["bank_name"]
    answer = next(s for s in sheet.shared.values() if s.digest == filling.receipt)
    assert (sheet.form["bank_name"], filling.source) == (answer.fills["bank_name"], answer.source)
    assert story.case.version == version  # a page that is being typed in is not refused for it
    noted = [e.data for e in events_of(story.case_id, acts=["cases.form_filled"])]
    assert any("bank_name" in d["fields"] for d in noted)
    assert answer.fills["bank_name"] not in str(noted)  # the trace says which fields, never what stands in them
    save_form(case_id=story.case_id, values=sheet.form | {"bank_name": ""}, by=story.who("clerk"), now=at("2026-03-02 10:01"))
    assert "bank_name" not in said_by_sources(story)
    work_off(story.case_id)
    assert not story.case.form.open_json().get("bank_name")  # what was emptied stays empty


def test_an_answer_never_overwrites_what_somebody_typed(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    story = subsidy(world)
    typed = story.case.form.open_json() | {"bank_name": "本人写的银行"}
    save_form(case_id=story.case_id, values=typed, by=story.who("clerk"), now=at("2026-03-02 10:01"))
    assert work_off(story.case_id)
    assert story.case.form.open_json()["bank_name"] == "本人写的银行"
    assert "bank_name" not in said_by_sources(story)


def test_what_was_filled_in_about_somebody_else_goes_and_what_was_changed_by_hand_stays(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    story, other = subsidy(world), subsidy(world)
    for s in (story, other):
        work_off(s.case_id)
    first = story.case.form.open_json()["bank_name"]
    whose = {f.name: person_id(1) for f in story.standard.form if f.type == "id-number"}
    save_form(case_id=story.case_id, values=story.case.form.open_json() | whose, by=story.who("clerk"), now=at("2026-03-02 10:02"))
    typed = {"bank_name": "本人写的银行"}
    save_form(
        case_id=other.case_id, values=other.case.form.open_json() | whose | typed, by=story.who("clerk"), now=at("2026-03-02 10:02")
    )
    departments.fault("down")
    for s in (story, other):
        work_off(s.case_id)
    assert story.case.form.open_json().get("bank_name") != first
    assert other.case.form.open_json()["bank_name"] == "本人写的银行"


def test_a_form_that_was_accepted_is_filled_by_nobody(world, departments: Departments):  # noqa: F811
    departments.connect(now(), timeout_ms=300)
    departments.fault("down")
    story = Story(world, item=SHARED_OF_A_PERSON)
    story.receive()
    story.accept()
    before = story.case.form.open_json()
    work_off(story.case_id)
    departments.mend()
    for face in interfaces():
        exchange.try_again(code=face.code, by=MANAGER, now=now())
    work_off(story.case_id)
    assert story.case.form.open_json() == before


def test_what_was_said_of_somebody_else_no_longer_counts(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    story = Story(world, item=INSTANT)
    case_id = start_case(item_code=INSTANT, applicant=story.applicant, by=story.who("clerk"), now=at("2026-03-02 10:00"))
    arrived = work_off(case_id)
    assert arrived
    field = next(f.name for f in story.standard.form if f.type == "id-number")
    save_form(case_id=case_id, values={field: person_id(1)}, by=story.who("clerk"), now=at("2026-03-02 10:01"))
    do.ask_departments(case_id=case_id, now=now())
    do.take_in_shared(case_id=case_id, now=now())
    assert any(rows(case_id)[code].state == MaterialState.WILL_VERIFY for code in arrived)
    exchange.fetch(question_ids=still_waiting(case_id), now=now())
    do.take_in_shared(case_id=case_id, now=now())


def test_what_is_owed_arrives_after_acceptance_without_a_word(world, departments: Departments):  # noqa: F811
    departments.connect(now(), timeout_ms=300)
    departments.fault("down")
    story = Story(world)
    story.receive(form=filled(story.standard) | {"uscc": credit_code_with_checks("9177010012345678")})
    work_off(story.case_id)
    story.accept()
    held = held_by_others(story)
    assert {rows(story.case_id)[c].state for c in held} == {MaterialState.OWED}
    departments.mend()
    later = now() + timedelta(minutes=20)
    while waiting := still_waiting(story.case_id):
        exchange.fetch(question_ids=waiting, now=later)
        later += timedelta(minutes=20)
    do.take_in_shared(case_id=story.case_id, now=later)
    assert MaterialState.HAVE in {rows(story.case_id)[c].state for c in held}
    assert not ProcrastinateJob.objects.filter(task_name__startswith="notices.").exists()


def test_a_case_that_is_over_is_no_longer_asked_for(world, departments: Departments):  # noqa: F811
    departments.connect(now(), timeout_ms=300)
    departments.fault("down")
    story = Story(world)
    story.whole()
    assert work_off(story.case_id) == []
    waiting = Story(world)
    waiting.receive()
    do.ask_departments(case_id=waiting.case_id, now=now())
    assert still_waiting(waiting.case_id)
    do.withdraw_case(case_id=waiting.case_id, by=waiting.who("clerk"), now=at("2026-03-02 12:00"))
    do.mind_sources(now=now())
    assert still_waiting(waiting.case_id) == []


def test_cases_that_were_there_before_their_sources_are_asked_for_later(world, departments: Departments):  # noqa: F811
    story = Story(world)
    story.receive()
    assert do.mind_sources(now=now()) == 0
    departments.connect(now())
    assert do.mind_sources(now=now()) >= 1
    assert ProcrastinateJob.objects.filter(task_name="cases.ask_departments", args__case_id=str(story.case_id)).count() == 1
    work_off(story.case_id)
    before = do.mind_sources(now=now())
    assert ProcrastinateJob.objects.filter(task_name="cases.ask_departments", args__case_id=str(story.case_id)).count() == 1
    assert before >= 0


def run_to_its_end(world, item: str) -> UUID:
    """A whole case of which the sources are asked at every turn; whatever they do, the applicant is asked for nothing more."""
    story = Story(world, item=item)
    story.receive()
    work_off(story.case_id)
    story.accept()
    work_off(story.case_id)
    with pytest.raises(LinliError):  # nobody may even try to ask for it (AskedForTooMuch, or the case has gone on)
        code = held_by_others(story)[0]
        do.request_correction(
            case_id=story.case_id, missing=[do.Missing(code, "请提供")], by=story.who("clerk"), now=at("2026-03-02 10:06")
        )
    story.review()
    story.issue()
    story.deliver()
    story.close()
    return story.case_id


@pytest.mark.parametrize("fault", ["down", "slow", "wrong", "forged", "stale", "empty", "duplicate"])
def test_with_every_source_down_at_once_a_case_runs_to_its_end(world, departments: Departments, fault):  # noqa: F811
    departments.connect(now(), timeout_ms=150)
    departments.fault(fault)
    case_id = run_to_its_end(world, PERMIT)
    assert Case.objects.get(pk=case_id).state == "closed"
    assert not rows(case_id).keys() & set(
        CaseMaterial.objects.filter(case_id=case_id, state__in=["provide", "committable"]).values_list("code", flat=True)
    )
