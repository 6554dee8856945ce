"""Rosters by the interface: looked up, handed in as rows or as a workbook, returned row by row, mended, submitted once, followed."""

from __future__ import annotations

from io import BytesIO
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from linli.api.tests.conftest import admit
from linli.api.tests.test_calls import problem
from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, rosters
from linli.domains.clients.queries import Scope
from linli.kernel.ids import uuid7
from linli.testing.rosters import ENROL, PLANS, book, common_of, person
from linli.testing.story import picture

pytestmark = pytest.mark.django_db
PLAN = PLANS[ENROL]


@pytest.fixture
def roster(world):
    """What is sent for some people."""

    def sent(people, **more):
        given = {"workbook": people} if isinstance(people, str) else {"rows": people}
        return {
            "item": ENROL, "employer": str(world.people["employer"]), "common": common_of(world),
            "materials": [{"code": "m03", "not_applicable": True}], **given, **more,
        }  # fmt: skip

    return sent


def some(n, first=0):
    return [person(PLAN, k) for k in range(first, first + n)]


def run(roster_id):
    while not do.run_roster(roster_id=roster_id, now=timezone.now()):
        pass


def test_rows_go_from_the_form_to_their_cases(caller, roster, world):
    form = caller.get(f"/items/{ENROL}/roster").json()
    assert [c["name"] for c in form["columns"]] == [f.name for f in PLAN.columns] and form["shape"] == "each_for_employer"
    assert {c["name"] for c in form["common"]} >= {"org_name", "uscc"}
    assert load_workbook(BytesIO(caller.get(f"/items/{ENROL}/roster.xlsx").content))["名单"]
    assert problem(caller.get("/items/labour-dispatch-permit/roster"), 404, "not_found")

    wrong = some(5)
    wrong[1] |= {"hire_date": "三月一日"}
    wrong[3] |= {PLAN.number: wrong[0][PLAN.number], "salary_of_boss": 1}
    told = problem(caller.post("/rosters", roster(wrong)), 422, "api.roster_returned")
    assert [(e["field"], e["row"]) for e in told["errors"]] == [("rows.2", 2), ("rows.4", 4)]
    assert "三月一日" in told["errors"][0]["detail"] and "与第 1 行是同一个人" in told["errors"][1]["detail"]
    assert "没有“salary_of_boss”这一列" in told["errors"][1]["detail"] and not Case.objects.exists()
    listed = caller.get(f"/rosters/{told['roster']}/problems?limit=1").json()
    assert (
        listed["items"][0]["row"] == 2
        and caller.get(f"/rosters/{told['roster']}/problems?cursor={listed['next']}").json()["next"] is None
    )
    assert caller.get(f"/rosters/{told['roster']}").json()["state"] == "returned"
    problem(caller.get(f"/rosters/{told['roster']}/returned.xlsx"), 404, "not_found")

    good = caller.post(f"/rosters/{told['roster']}/people", {"rows": some(5)})
    assert good.status_code == 201 and good.json()["state"] == "ready" and good.json()["rows"] == 5
    roster_id, key = good.json()["id"], str(uuid4())
    first, second = (caller.post(f"/rosters/{roster_id}/submission", once=key) for _ in range(2))
    assert first.status_code == second.status_code == 200 and first.json()["state"] == "running"
    run(roster_id)
    done = caller.get(f"/rosters/{roster_id}").json()
    assert (done["state"], done["made"], done["failed"], done["cases"]) == ("done", 5, 0, [{"state": "submitted", "cases": 5}])
    people = caller.get(f"/rosters/{roster_id}/people?limit=3").json()
    rest = caller.get(f"/rosters/{roster_id}/people?cursor={people['next']}").json()
    assert [p["row"] for p in people["items"] + rest["items"]] == [1, 2, 3, 4, 5] and rest["next"] is None
    one = people["items"][0]
    assert one["number"].count("*") and caller.get(f"/cases/{one['case']}").json()["number"] == one["case_number"]
    assert caller.get(f"/rosters/{roster_id}/people?state=closed").json()["items"] == []
    assert len(caller.get(f"/rosters/{roster_id}/people?state=submitted").json()["items"]) == 5
    assert Case.objects.count() == 5 and set(Case.objects.values_list("client_id", flat=True)) == {caller.client_id}


def test_a_workbook_comes_back_as_it_was_with_its_notes(caller, roster):
    wrong = some(4)
    wrong[2] |= {"hire_date": "三月一日"}
    token = caller.upload(book(PLAN, wrong), "新进职工.xlsx").json()["file"]
    told = problem(caller.post("/rosters", roster(token)), 422, "api.roster_returned")
    assert [e["row"] for e in told["errors"]] == [4]
    back = load_workbook(BytesIO(caller.get(f"/rosters/{told['roster']}/returned.xlsx").content))["名单"]
    assert "三月一日" in back.cell(4, back.max_column).value
    mended = caller.upload(book(PLAN, some(4)), "新进职工.xlsx").json()["file"]
    paper = caller.upload(picture(), "证明.png").json()["file"]
    materials = [{"code": "m03", "received": "uploaded", "files": [paper]}]
    good = caller.post("/rosters", roster(mended, materials=materials)).json()
    assert good["state"] == "ready"
    problem(caller.post("/rosters", roster(mended)), 409, "cases.roster_seen")
    assert caller.post(f"/rosters/{good['id']}/cancellation").json()["state"] == "cancelled"
    problem(caller.post(f"/rosters/{good['id']}/submission"), 409, "cases.roster_changed")
    problem(caller.post("/rosters", roster(paper)), 422, "cases.roster_unreadable")
    problem(caller.post("/rosters", roster("no-token")), 422, "api.upload_unknown")
    problem(caller.post("/rosters", roster(some(1), workbook=mended)), 422, "api.request_invalid")
    problem(caller.post("/rosters", roster(some(1), common={})), 422, "invalid")


def test_sent_again_under_its_key_it_is_the_same_roster(caller, roster):
    key = str(uuid4())
    first, again = (caller.post("/rosters", roster(some(3)), once=key) for _ in range(2))
    assert first.json() == again.json() and len(caller.get("/rosters").json()["items"]) == 1
    problem(caller.post("/rosters", roster(some(4)), once=key), 409, "trace.key_reused")
    returned = [
        problem(caller.post("/rosters", roster([{}]), once="k" * 9), 422, "api.roster_returned")["roster"] for _ in range(2)
    ]
    assert returned[0] == returned[1]


def test_no_other_system_and_no_other_scope_gets_at_it(world, caller, roster):
    roster_id = caller.post("/rosters", roster(some(2))).json()["id"]
    other = admit(world, "别的平台")
    for path in ("", "/people", "/problems", "/returned.xlsx"):
        problem(other.get(f"/rosters/{roster_id}{path}"), 404, "not_found")
    for path in ("/submission", "/cancellation"):
        problem(other.post(f"/rosters/{roster_id}{path}"), 404, "not_found")
    problem(other.post(f"/rosters/{roster_id}/people", {"rows": some(1)}), 404, "not_found")
    assert other.get("/rosters").json()["items"] == []
    looks = admit(world, "只看进度", scopes=(Scope.STATUS,))
    assert looks.get("/rosters").status_code == 200
    problem(looks.post("/rosters", roster(some(1))), 403, "clients.scope_missing")
    for clerk in ("clerk", "elsewhere"):  # the counter has the cases, not the list
        assert not rosters(by=world.actor(clerk), on=timezone.localdate()).exists()
    problem(caller.get(f"/rosters/{uuid7()}"), 404, "not_found")
    # Where only persons apply each person must be registered, which is a scope of its own.
    brings = admit(world, "只提交", scopes=(Scope.INTAKE,))
    body = roster(some(1)) | {"item": "graduate-real-name-registration"}
    problem(brings.post("/rosters", body), 403, "not_allowed")


def test_lists_cost_no_more_for_more(caller, roster):
    def asked(path):
        caller.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert caller.get(path).status_code == 200
        return len(queries)

    few = caller.post("/rosters", roster(some(1))).json()["id"]
    caller.post(f"/rosters/{few}/submission")
    run(few)
    first = asked("/rosters"), asked(f"/rosters/{few}/people?limit=100"), asked(f"/rosters/{few}")
    for n in range(1, 4):
        more = caller.post("/rosters", roster(some(20, first=30 * n))).json()["id"]
        caller.post(f"/rosters/{more}/submission")
        run(more)
    assert (asked("/rosters"), asked(f"/rosters/{more}/people?limit=100"), asked(f"/rosters/{more}")) == first
