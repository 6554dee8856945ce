"""Data sharing in the console: what the pages say, to whom, and at what cost."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from linli.domains.cases import commands as do
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import settings_of, still_waiting
from linli.domains.trace.queries import events_of
from linli.testing.departments import Departments, departments, sandbox_server  # noqa: F401
from linli.testing.story import INSTANT, Story, filled
from linli.testing.world import PASSWORD, person_id

pytestmark = pytest.mark.django_db
FACE = "ga-identity"


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def send(client, url, **given):
    return client.post(url, {"once": str(uuid4()), **given})


def shared_case(world) -> Story:
    """A case whose materials came from departments."""
    story = Story(world, item=INSTANT)
    form = filled(story.standard)
    story.receive(form=form | {f.name: person_id(0) for f in story.standard.form if f.type == "id-number"})
    now = datetime.now(UTC)
    do.ask_departments(case_id=story.case_id, user_id=world.users["clerk"], now=now)
    exchange.fetch(question_ids=still_waiting(story.case_id), now=now)
    do.take_in_shared(case_id=story.case_id, now=now)
    return story


def connected(departments) -> None:  # noqa: F811
    departments.connect(datetime.now(UTC))


@pytest.mark.parametrize(
    ("who", "ledger", "faces", "settings"),
    [
        ("manager", 200, 200, 403), ("leader", 200, 200, 403), ("auditor", 200, 200, 403), ("administrator", 403, 200, 200),
        ("clerk", 403, 403, 403), ("reviewer-1", 403, 403, 403), ("editor", 403, 403, 403),
    ],
)  # fmt: skip
def test_each_post_opens_what_it_may(world, who, ledger, faces, settings):
    client = enter(who)
    assert client.get(reverse("exchange:saved")).status_code == ledger
    assert client.get(reverse("exchange:faces")).status_code == faces
    assert client.get(reverse("exchange:face", args=[FACE])).status_code == faces
    assert client.get(reverse("exchange:settings", args=[FACE])).status_code == settings
    for name in ("off", "again", "fault"):
        if settings == 403:
            assert send(client, reverse(f"exchange:{name}", args=[FACE]), fault="down").status_code == 403
    if ledger == 403:
        assert send(client, reverse("exchange:export", args=["csv"])).status_code == 403


@pytest.mark.parametrize(
    ("who", "status"), [("manager", 200), ("auditor", 200), ("administrator", 403), ("clerk", 403), ("reviewer-1", 403)]
)
def test_who_asked_what_is_for_those_who_supervise(world, who, status):
    client = enter(who)
    assert client.get(reverse("exchange:asked")).status_code == status
    sent = send(client, reverse("exchange:asked_person"), number=person_id(0))
    assert sent.status_code == (302 if status == 200 else 403)
    assert send(client, reverse("exchange:asked_export", args=["csv"])).status_code == status


def test_who_asked_which_department_for_what_for_which_case_on_which_ground(world, departments: Departments):  # noqa: F811
    connected(departments)
    story = shared_case(world)
    client, address = enter("manager"), reverse("exchange:asked")
    page = client.get(address)
    line = page.context["lines"][0]
    said = page.content.decode()
    for text in (story.case.number, "工作人员00", line.row.owner, line.row.purpose, line.row.legal_basis, line.row.material_name):
        assert text in said
    assert person_id(0) not in said
    whole = len(page.context["lines"])
    month = f"{datetime.now(UTC):%Y-%m}"
    for given, found in [
        ({"case": story.case.number}, whole), ({"case": "nothing"}, 0), ({"month": month}, whole), ({"month": "2001-01"}, 0),
        ({"owner": line.row.owner}, sum(n.row.owner == line.row.owner for n in page.context["lines"])), ({"about": "xyz"}, whole),
    ]:  # fmt: skip
        assert len(client.get(address, given).context["lines"]) == found, given
    assert story.case.number not in enter("manager-elsewhere").get(address).content.decode()


def test_what_was_asked_about_somebody_is_found_without_their_number_in_an_address(world, departments: Departments):  # noqa: F811
    connected(departments)
    shared_case(world)
    client = enter("manager")
    found = send(client, reverse("exchange:asked_person"), number=f" {person_id(0)[:6]} {person_id(0)[6:]}")
    assert person_id(0) not in found.url
    assert len(client.get(found.url).context["lines"]) >= 1
    nobody = send(client, reverse("exchange:asked_person"), number=person_id(7))
    assert len(client.get(nobody.url).context["lines"]) == 0
    looked = list(events_of(world.users["manager"], acts=["exchange.looked_up"]))
    assert len(looked) == 2
    assert person_id(0) not in str([e.data for e in looked])


def test_the_questions_are_taken_along_as_they_are_listed(world, departments: Departments):  # noqa: F811
    connected(departments)
    story = shared_case(world)
    client = enter("manager")
    book = load_workbook(BytesIO(send(client, reverse("exchange:asked_export", args=["xlsx"]), case=story.case.number).content))
    rows = list(book.active.values)
    assert len(rows) == 1 + len(client.get(reverse("exchange:asked"), {"case": story.case.number}).context["lines"])
    assert {row[3] for row in rows[1:]} == {story.case.number}
    assert "《" in rows[1][9]
    noted = list(events_of(world.users["manager"], acts=["exchange.exported"]))
    assert [(e.data["ledger"], e.data["rows"]) for e in noted] == [("asked", len(rows) - 1)]
    assert send(client, reverse("exchange:asked_export", args=["pdf"])).status_code == 404


def test_an_interface_that_nobody_knows_is_not_found(world):
    client = enter("administrator")
    for name in ("face", "settings"):
        assert client.get(reverse(f"exchange:{name}", args=["no-such-thing"])).status_code == 404


def test_the_ledger_counts_what_nobody_was_asked_for(world, departments: Departments):  # noqa: F811
    connected(departments)
    story = shared_case(world)
    page = enter("manager").get(reverse("exchange:saved"))
    said = page.content.decode()
    assert story.case.number in said
    assert page.context["totals"].materials >= 1
    assert page.context["totals"].trips <= page.context["totals"].materials
    assert person_id(0) not in said


def test_another_hall_s_manager_sees_none_of_it(world, departments: Departments):  # noqa: F811
    connected(departments)
    story = shared_case(world)
    other = enter("manager-elsewhere")
    assert story.case.number not in other.get(reverse("exchange:saved")).content.decode()
    assert other.get(reverse("exchange:saved")).context["totals"].materials == 0
    for face in ("ga-identity", "rs-card", "rs-employment"):
        assert story.case.number not in other.get(reverse("exchange:face", args=[face])).content.decode()
    assert story.case.number not in b"".join(send(other, reverse("exchange:export", args=["csv"])).streaming_content).decode()


def test_filters_narrow_the_ledger_and_what_is_unknown_is_left_out(world, departments: Departments):  # noqa: F811
    connected(departments)
    shared_case(world)
    client = enter("manager")
    whole = client.get(reverse("exchange:saved")).context["totals"].materials
    assert client.get(reverse("exchange:saved"), {"item": "nothing"}).context["totals"].materials == 0
    assert client.get(reverse("exchange:saved"), {"month": "2001-01"}).context["totals"].materials == 0
    assert client.get(reverse("exchange:saved"), {"month": "then", "owner": "谁"}).context["totals"].materials == whole
    month = f"{datetime.now(UTC):%Y-%m}"
    assert client.get(reverse("exchange:saved"), {"item": INSTANT, "month": month}).context["totals"].materials == whole


def test_the_export_is_the_list_and_leaves_a_trace(world, departments: Departments):  # noqa: F811
    connected(departments)
    story = shared_case(world)
    client = enter("manager")
    book = load_workbook(BytesIO(send(client, reverse("exchange:export", args=["xlsx"]), item=INSTANT).content))
    rows = list(book.active.values)
    assert len(rows) > 1
    assert story.case.number in {row[4] for row in rows}
    lined = b"".join(send(client, reverse("exchange:export", args=["csv"])).streaming_content).decode()
    assert lined.count("\n") == len(rows)
    noted = list(events_of(world.users["manager"], acts=["exchange.exported"]))
    assert [e.data["rows"] for e in noted] == [len(rows) - 1] * 2
    assert send(client, reverse("exchange:export", args=["pdf"])).status_code == 404


def test_an_interface_shows_who_asked_what_for_which_case_on_which_ground(world, departments: Departments):  # noqa: F811
    connected(departments)
    story = shared_case(world)
    asked = {q["interface"] for q in _questions(story)}
    page = enter("manager").get(reverse("exchange:face", args=[asked.pop()])).content.decode()
    assert story.case.number in page
    assert "工作人员00" in page
    assert "《" in page
    assert person_id(0) not in page


def _questions(story):
    from linli.domains.exchange.queries import Question

    return Question.objects.filter(subject_id=story.case_id).values("interface")


def test_lists_cost_the_same_however_long(world, departments: Departments):  # noqa: F811
    connected(departments)
    client = enter("manager")
    shared_case(world)
    addresses = [
        reverse("exchange:saved"),
        reverse("exchange:asked"),
        reverse("exchange:faces"),
        reverse("exchange:face", args=["rs-card"]),
        reverse("exchange:face", args=[FACE]),
    ]
    few = [_cost(client, a) for a in addresses]
    for _ in range(4):
        shared_case(world)
    assert [_cost(client, a) for a in addresses] == few


def _cost(client, address) -> int:
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_health_tells_a_source_that_is_down_and_what_it_costs(world, departments: Departments):  # noqa: F811
    departments.connect(datetime.now(UTC), timeout_ms=300)
    departments.fault("down")
    for _ in range(6):
        shared_case(world)
    page = enter("administrator").get(reverse("exchange:faces"))
    states = {h.interface.code: (h.state, h.owed) for h, *_rest in page.context["rows"]}
    assert ("down", 6) in states.values()
    assert page.context["owed"] >= 6


def test_an_administrator_connects_changes_and_stops_an_interface(world):
    client = enter("administrator")
    url = reverse("exchange:settings", args=[FACE])
    wrong = send(client, url, base_url="share.example", app_id="hrss", secret="x" * 20)
    assert wrong.status_code == 422
    assert "share.example" in wrong.content.decode()
    assert "x" * 20 not in wrong.content.decode()
    assert send(client, url, base_url="https://share.example", app_id="hrss", secret="x" * 20, timeout_ms="900").status_code == 302
    row = settings_of([FACE])[FACE]
    assert (row.base_url, row.timeout_ms, row.sandbox, row.secret.open()) == ("https://share.example", 900, False, "x" * 20)
    assert "x" * 20 not in client.get(url).content.decode()
    assert send(client, reverse("exchange:again", args=[FACE])).status_code == 302
    assert send(client, reverse("exchange:off", args=[FACE])).status_code == 302
    assert not settings_of([FACE])[FACE].enabled


def fault_shown(page) -> str:
    """The fault that the page shows as set."""
    select = re.search(r'<select[^>]*name="fault".*?</select>', page.content.decode(), re.S)
    assert select
    return re.findall(r'<option value="([^"]*)"\s+selected', select[0])[0]


def test_a_sandbox_that_does_not_answer_is_said_to_be_silent(world, departments: Departments):  # noqa: F811
    departments.connect(datetime.now(UTC), FACE, url="http://127.0.0.1:9")
    page = enter("administrator").get(reverse("exchange:face", args=[FACE]))
    assert page.status_code == 200
    assert "沙箱没有应答" in page.content.decode()


def test_faults_are_offered_for_a_sandbox_only(world, departments: Departments):  # noqa: F811
    client = enter("administrator")
    page = reverse("exchange:face", args=[FACE])
    departments.connect(datetime.now(UTC), FACE)
    assert "设置故障" in client.get(page).content.decode()
    assert send(client, reverse("exchange:fault", args=[FACE]), fault="down").status_code == 302
    assert departments.fault("none", "nothing")["faults"] == {FACE: "down"}
    assert fault_shown(client.get(page)) == "down"
    departments.fault("stale", FACE)  # by the command line, or by the sandbox's own start
    assert fault_shown(client.get(page)) == "stale"
    departments.mend()
    assert fault_shown(client.get(page)) == "none"
    wrong = send(client, reverse("exchange:fault", args=[FACE]), fault="explode")
    assert wrong.status_code == 404
    assert "没有“explode”这种故障" in wrong.content.decode()
    send(client, reverse("exchange:settings", args=[FACE]), base_url="https://share.example", app_id="hrss", secret="x" * 20)
    assert "设置故障" not in client.get(page).content.decode()
    assert send(client, reverse("exchange:fault", args=[FACE]), fault="down").status_code == 409
