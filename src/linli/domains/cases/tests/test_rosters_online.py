"""Rosters of residents: for the employer whose mandate they hold, for the items it names, on the online track, and for nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.storage import storages
from openpyxl import load_workbook

from linli.domains.cases import commands as do
from linli.domains.cases.commands import rosters as making
from linli.domains.cases.errors import NotOnline, RosterNotOffered, RosterSeen
from linli.domains.cases.models import Case, CaseMaterial, MaterialFile, Roster, RosterRow
from linli.domains.cases.queries import (
    online_waiting,
    own_list,
    own_roster_offers,
    own_sheet,
    people_of,
    returned_sheet,
    roster_counts,
    roster_people,
    roster_results,
    roster_sheet,
    rosters,
)
from linli.domains.documents.queries import StoredFile
from linli.domains.people.commands import revoke_mandate
from linli.domains.people.queries import Scope
from linli.domains.trace.queries import timeline
from linli.kernel.errors import Invalid, LinliError, NotAllowed, NotFound
from linli.testing.online import NOW, TODAY, resident
from linli.testing.rosters import ENROL, LIST, PLANS, book, common_of, firm_mandate, person
from linli.testing.story import at, picture

pytestmark = pytest.mark.django_db
CARD = "graduate-real-name-registration"
FILING, BY_WINDOW = "contract-end-filing", "special-trade-early-retirement"
OUT = {"m03": "not_applicable"}


@pytest.fixture
def agent(world):
    """The employer's clerk, with a mandate to apply."""
    firm_mandate(world)
    return resident(world, "agent")


def hand(world, by, people, item=ENROL, **more):
    sheet = do.roster_file(book(PLANS[item], people), "名单.xlsx") if isinstance(people, list) else people
    values = {"common": common_of(world), "materials": OUT, "by": by, "now": NOW} | more
    return do.check_roster(item_code=item, employer_id=world.people["employer"], people=sheet, **values)


def some(n, first=0):
    return [person(PLANS[ENROL], k) for k in range(first, first + n)]


def made(roster_id, by, now=NOW):
    do.start_roster(roster_id=roster_id, by=by, now=now)
    while not do.run_roster(roster_id=roster_id, now=now):
        pass
    return roster_sheet(roster_id, by=by, on=TODAY)


def test_an_employers_roster_becomes_cases_of_the_employer_on_the_online_track(world, agent):
    roster_id = hand(world, agent, some(45))
    assert not Case.objects.exists() and Roster.objects.get().state == "ready"
    sheet = made(roster_id, agent)
    cases = list(Case.objects.all())
    assert (sheet.made, sheet.failed, len({c.number for c in cases})) == (45, 0, 45)
    firm, me = world.people["employer"], agent.resident_id
    assert {(c.applicant_id, c.applicant_is_employer, c.agent_id, c.channel, c.state) for c in cases} == {
        (firm, True, me, "online", "submitted")
    }
    assert {c.hall_id for c in cases} == {world.orgs["hall"]} and {c.client_id for c in cases} == {None}
    # What anybody would see who had applied one by one: the same materials, the same list, the same queue at the counter.
    one = own_sheet(cases[0].pk, by=agent, now=NOW)
    assert not [m.row.code for m in one.materials if m.open] and one.may_apply and one.may_withdraw
    assert own_list(by=agent, on=TODAY).count() == 45 == online_waiting(by=world.actor("clerk")).count()
    assert set(CaseMaterial.objects.filter(code="m01").values_list("received", flat=True)) == {"filled"}
    assert set(CaseMaterial.objects.filter(code="m03").values_list("state", "applies")) == {("not_applicable", False)}
    assert [(c.state, c.cases) for c in roster_counts(sheet)] == [("submitted", 45)]
    looked = [e for e in timeline(firm) if e.act == "people.viewed"]
    assert len(looked) == 1 and looked[0].user_id == agent.user_id and looked[0].data["roster"] == str(roster_id)


def test_one_table_stands_in_one_case_and_what_is_uploaded_once_is_in_every_case(world, agent):
    scan = do.roster_paper(picture("身份证"), "身份证.png")
    all_of = {m.code: [scan] for m in own_roster_offers(LIST, by=agent, on=TODAY)[0].materials}
    made(hand(world, agent, [person(PLANS[LIST], n) for n in range(30)], item=LIST, materials={}, papers=all_of), agent)
    assert Case.objects.count() == 1 and len(Case.objects.get().form.open_json()["employees"]) == 30
    paper = do.roster_paper(picture("社保"), "增员证明.png")
    made(hand(world, agent, some(3), materials={}, papers={"m03": [paper]}), agent)
    files = MaterialFile.objects.filter(material__code="m03")
    assert files.count() == 3 and files.values("file_id").distinct().count() == 1


def test_what_must_be_handed_in_is_asked_for_before_anything_is_checked(world, agent):
    with pytest.raises(Invalid) as refused:
        hand(world, agent, some(2), materials={})
    assert [e.field for e in refused.value.errors] == ["m03"] and not Roster.objects.exists()
    assert not StoredFile.objects.exists(), "what was refused is not kept"
    with pytest.raises(Invalid) as refused:
        hand(world, agent, some(2), materials={"m03": "paper"})  # nothing is on paper online
    assert [e.field for e in refused.value.errors] == ["m03"]


def test_a_mandate_opens_its_employer_and_its_items_and_nothing_more(world):
    me = resident(world, "agent")
    with pytest.raises(NotFound):
        hand(world, me, some(1))
    firm_mandate(world, Scope.APPLY, items=[FILING])
    with pytest.raises(NotFound):
        hand(world, me, some(1))
    assert own_roster_offers(ENROL, by=me, on=TODAY) == [] and len(own_roster_offers(FILING, by=me, on=TODAY)) == 1
    firm_mandate(world, Scope.READ, Scope.COLLECT, agent="neighbour")
    with pytest.raises(NotFound):
        hand(world, resident(world, "neighbour"), some(1))
    firm_mandate(world, Scope.APPLY)
    for item, error in ((CARD, LinliError), ("labour-dispatch-permit", RosterNotOffered), (BY_WINDOW, NotOnline)):
        with pytest.raises(error):
            do.check_roster(
                item_code=item, employer_id=world.people["employer"], people=[{}], common={}, materials={}, by=me, now=NOW
            )
        assert own_roster_offers(item, by=me, on=TODAY) == []
    with pytest.raises(NotFound):  # not for oneself: no person hands in rosters
        do.check_roster(item_code=ENROL, employer_id=me.resident_id, people=some(1), common={}, materials={}, by=me, now=NOW)
    with pytest.raises(NotAllowed):
        hand(world, replace(me, permissions=frozenset()), some(1))
    with pytest.raises(NotAllowed):
        hand(world, me, some(1), accept=True)
    assert not Roster.objects.exists()


def test_whoever_lost_the_mandate_sees_and_does_nothing_and_a_colleague_what_theirs_allows(world):
    mandate = firm_mandate(world)
    me, colleague = resident(world, "agent"), resident(world, "neighbour")
    roster_id = hand(world, me, some(2))

    def sees(who):
        return rosters(by=who, on=TODAY).filter(pk=roster_id).exists()

    assert sees(me) and not sees(colleague)
    firm_mandate(world, Scope.APPLY, agent="neighbour")
    assert not sees(colleague), "to apply is to see one's own"
    firm_mandate(world, Scope.READ, agent="applicant")
    reader = resident(world)
    assert sees(reader) and not roster_sheet(roster_id, by=reader, on=TODAY).may_act
    with pytest.raises(NotFound):
        do.start_roster(roster_id=roster_id, by=reader, now=NOW)
    firm_mandate(world, Scope.READ, Scope.APPLY, agent="neighbour")
    assert roster_sheet(roster_id, by=colleague, on=TODAY).may_act
    revoke_mandate(mandate_id=mandate, by=world.actor("clerk"), now=NOW)
    assert not sees(me)
    for act in (do.start_roster, do.cancel_roster):
        with pytest.raises(NotFound):
            act(roster_id=roster_id, by=me, now=NOW)
    with pytest.raises(NotFound):
        do.check_again(roster_id=roster_id, people=some(1), by=me, now=NOW)
    for query in (roster_sheet, roster_results):
        with pytest.raises(NotFound):
            query(roster_id, by=me, on=TODAY)
    for clerk in ("clerk", "elsewhere", "manager"):  # a counter sees the cases, not the list
        assert not rosters(by=world.actor(clerk), on=TODAY).exists()


def test_confirmed_within_the_mandate_all_of_it_is_made_although_the_mandate_ends_meanwhile(world, monkeypatch):
    monkeypatch.setattr(making, "BATCH", 2)
    mandate, me = firm_mandate(world), resident(world, "agent")
    roster_id = hand(world, me, some(5))
    do.start_roster(roster_id=roster_id, by=me, now=NOW)
    do.run_roster(roster_id=roster_id, now=NOW, batches=1)
    assert Case.objects.count() == 2
    revoke_mandate(mandate_id=mandate, by=world.actor("clerk"), now=NOW)
    while not do.run_roster(roster_id=roster_id, now=NOW):
        pass
    assert Case.objects.count() == 5 and not own_list(by=me, on=TODAY).exists()


def test_a_resident_is_not_told_what_the_register_says_of_others(world, agent):
    plan = PLANS[ENROL]
    from linli.testing.world import person_id

    guess = person(plan, 1) | {plan.number: person_id(0), plan.name: "不是这个人"}
    assert Roster.objects.get(pk=hand(world, agent, [guess])).state == "ready"


def test_mended_it_takes_the_place_of_the_one_that_was_wrong_with_all_else_as_it_was(world, agent):
    plan = PLANS[ENROL]
    wrong = some(3)
    wrong[1] |= {"hire_date": "三月一日"}
    paper = do.roster_paper(picture("社保"), "增员证明.png")
    first = hand(world, agent, wrong, materials={}, papers={"m03": [paper]})
    back = load_workbook(BytesIO(returned_sheet(first, by=agent, on=TODAY)))
    sheet = back["名单"]
    assert "雇" not in sheet.title and sheet.cell(3, len(plan.columns) + 1).value
    sheet.cell(3, 1 + [f.name for f in plan.columns].index("hire_date")).value = "2026-03-01"
    out = BytesIO()
    back.save(out)
    out.seek(0)
    second = do.check_again(roster_id=first, people=do.roster_file(out, "改好.xlsx"), by=agent, now=NOW)
    earlier, now = Roster.objects.get(pk=first), Roster.objects.get(pk=second)
    assert (earlier.state, earlier.sheet, earlier.file_id, earlier.files, now.state) == ("cancelled", None, None, None, "ready")
    assert now.common.open_json()["handler_name"] == "孙经办"
    made(second, agent)
    file = MaterialFile.objects.filter(material__code="m03").first()
    assert storages["default"].exists(StoredFile.objects.get(pk=file.file_id).path), (
        "carried over, not destroyed with the earlier one"
    )


def test_a_double_tap_and_a_lost_answer_change_nothing(world, agent):
    key, sheet = uuid4(), do.roster_file(book(PLANS[ENROL], some(4)), "名单.xlsx")
    first = hand(world, agent, sheet, key=key)
    again = do.roster_file(book(PLANS[ENROL], some(4)), "名单.xlsx")
    assert hand(world, agent, replace(again, content=sheet.content, digest=sheet.digest), key=key) == first
    with pytest.raises(RosterSeen):
        hand(world, agent, some(4), key=uuid4())
    for press in (uuid4(), uuid4()):
        for _ in range(2):
            do.start_roster(roster_id=first, by=agent, now=NOW, key=press)
    while not do.run_roster(roster_id=first, now=NOW):
        pass
    do.start_roster(roster_id=first, by=agent, now=NOW, key=uuid4())
    assert Roster.objects.count() == 1 and Case.objects.count() == 4


# -- rows without a workbook ---------------------------------------------------------------------------------------------------------------


def test_rows_by_name_are_checked_like_a_sheet(world, agent):
    plan = PLANS[ENROL]
    rows = some(3)
    rows[0] |= {"salary_of_boss": "1"}
    rows[2] |= {plan.number: rows[1][plan.number]}
    roster = Roster.objects.get(pk=hand(world, agent, tuple(rows)))
    assert (roster.state, roster.wrong, roster.file_id) == ("returned", 2, None)
    assert set(roster.sheet.open_json()["problems"]) == {"1", "3"}
    with pytest.raises(NotFound):
        returned_sheet(roster.pk, by=agent, on=TODAY)
    for nothing in ((), tuple({} for _ in range(5_001))):
        with pytest.raises(LinliError):
            hand(world, agent, nothing)


# -- forgotten ----------------------------------------------------------------------------------------------------------------------------


def kept(file_id):
    path = StoredFile.objects.get(pk=file_id).path
    return bool(path) and storages["default"].exists(path)


def test_workbook_rows_and_papers_are_forgotten_some_days_after_and_the_cases_stay(
    world, agent, settings, django_capture_on_commit_callbacks
):
    paper = do.roster_paper(picture("社保"), "增员证明.png")
    done = hand(world, agent, some(3), materials={}, papers={"m03": [paper]})
    made(done, agent)
    wrong = hand(world, agent, [person(PLANS[ENROL], 9, hire_date="?")])
    lying = hand(world, agent, some(2, first=50))
    files = {r.pk: r.file_id for r in Roster.objects.all()}
    settings.ENV = settings.ENV.model_copy(update={"roster_days": 10})
    with django_capture_on_commit_callbacks(execute=True):
        assert do.forget_rosters(now=NOW + timedelta(days=9)) == 0
    assert all(map(kept, files.values()))
    with django_capture_on_commit_callbacks(execute=True):
        assert do.forget_rosters(now=NOW + timedelta(days=11)) == 3
        assert do.forget_rosters(now=NOW + timedelta(days=11)) == 0
    assert not any(map(kept, files.values()))
    assert {r.pk: r.state for r in Roster.objects.all()} == {done: "done", wrong: "cancelled", lying: "cancelled"}
    for r in Roster.objects.all():
        assert (r.sheet, r.files, r.file_id, r.file_name, r.common.open_json()) == (None, None, None, "", {})
        assert r.forgotten_at and "name" not in r.actor
    people = RosterRow.objects.all()
    assert people.count() == 3 and all(
        p.case_id and not p.name and not bytes(p.number_index) and not p.values.open() for p in people
    )
    sheet = roster_sheet(done, by=agent, on=TODAY)
    listed = people_of(sheet, roster_people(sheet))
    assert [bool(p.case_number) for p in listed] == [True] * 3 and {(p.name, p.masked) for p in listed} == {("", "")}
    assert roster_results(done, by=agent, on=TODAY)
    paper_id = MaterialFile.objects.filter(material__code="m03").values_list("file_id", flat=True)[0]
    assert kept(paper_id), "it belongs to the cases now"
    acts = [e.act for e in timeline(done)]
    assert acts == ["cases.roster_checked", "cases.roster_started", "cases.roster_done", "cases.roster_forgotten"]


def test_given_up_it_is_forgotten_at_once_but_not_what_another_list_still_needs(world, agent, django_capture_on_commit_callbacks):
    wrong = do.roster_file(book(PLANS[ENROL], [person(PLANS[ENROL], 9, hire_date="?")]), "名单.xlsx")
    one, other = hand(world, agent, wrong), hand(world, agent, wrong)
    file_id = Roster.objects.get(pk=one).file_id
    assert file_id == Roster.objects.get(pk=other).file_id, "the same bytes are kept once"
    with django_capture_on_commit_callbacks(execute=True):
        do.cancel_roster(roster_id=one, by=agent, now=NOW)
        do.cancel_roster(roster_id=one, by=agent, now=NOW)
    assert kept(file_id)
    with django_capture_on_commit_callbacks(execute=True):
        do.cancel_roster(roster_id=other, by=agent, now=at("2026-03-02 11:00"))
    assert not kept(file_id)
