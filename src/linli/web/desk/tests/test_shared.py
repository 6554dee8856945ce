"""What other departments said, on the desks: names and numbers masked, whole for a purpose, and what they filled in."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client

from linli.domains.cases import commands as do
from linli.domains.cases.queries import counter_sheet
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import still_waiting
from linli.domains.trace.queries import timeline
from linli.testing.departments import Departments, departments, sandbox_server  # noqa: F401
from linli.testing.story import Story, filled
from linli.testing.world import PASSWORD, person_id

pytestmark = pytest.mark.django_db
ITEM = "flexible-social-subsidy"
NAME = "赵示例"
NAMES = ("name", "applicant", "worker_name")


def now():
    return datetime.now(UTC)


def signed_in(username: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": username, "password": PASSWORD}).status_code == 302
    return client


@pytest.fixture
def story(world, departments: Departments):  # noqa: F811
    """A draft at the counter whose materials and one field came from departments."""
    departments.connect(now())
    told = Story(world, item=ITEM)
    by = world.actor("clerk", on=now().date())
    told.case_id = do.open_draft(item_code=ITEM, applicant=told.applicant, by=by, now=now())
    do.ask_departments(case_id=told.case_id, now=now())
    exchange.fetch(question_ids=still_waiting(told.case_id), now=now())
    do.take_in_shared(case_id=told.case_id, now=now())
    return told


def sheet(story):
    return counter_sheet(story.case_id, by=story.world.actor("clerk", on=now().date()), now=now())


def masked_name(story) -> tuple[str, str]:
    """Material and field of a name that is masked."""
    return next((code, line.name) for code, s in sheet(story).shared.items() for line in s.lines if line.value == "赵**")


def test_names_in_answers_are_masked_and_shown_for_a_purpose_that_is_recorded(story):
    material, name = masked_name(story)
    client, address = signed_in("clerk"), f"/desk/cases/{story.case_id}"
    page = client.get(address).content.decode()
    receipts = "".join(part.split("</details>")[0] for part in page.split("查看回执")[1:])
    assert "赵**" in receipts
    assert NAME not in receipts
    look = f"{address}/look?field={material}.{name}"
    assert client.post(look, {"purpose": "curiosity", "once": str(uuid4())}).status_code == 404
    fragment = client.post(look, {"purpose": "handle_case", "once": str(uuid4())}, headers={"HX-Request": "true"}).content.decode()
    assert NAME in fragment
    assert 'data-conceal="赵**"' in fragment
    assert NAME in client.post(look, {"purpose": "contact", "once": str(uuid4())}).content.decode()
    looks = [e for e in timeline(story.applicant.id) if e.act == "people.shown_whole"]
    assert [e.data["purpose"] for e in looks] == ["handle_case", "contact"]
    assert all(str(story.case_id) == str(e.data["case"]) for e in looks)


@pytest.mark.parametrize("field", ["nothing", "nothing.name", ".", "{material}.status", "{material}.nothing"])
def test_what_is_not_masked_or_not_there_is_not_found(story, field):
    material, _name = masked_name(story)
    look = f"/desk/cases/{story.case_id}/look?field={field.format(material=material)}"
    assert signed_in("clerk").post(look, {"purpose": "handle_case"}).status_code == 404


@pytest.mark.parametrize(("who", "status"), [("elsewhere", 404), ("reviewer-1", 403), ("manager", 403)])
def test_nobody_else_looks(story, who, status):
    material, name = masked_name(story)
    look = f"/desk/cases/{story.case_id}/look?field={material}.{name}"
    assert signed_in(who).post(look, {"purpose": "handle_case"}).status_code == status
    assert not [e for e in timeline(story.applicant.id) if e.act == "people.shown_whole"]


def test_the_page_says_from_whom_a_field_was_filled_in_and_the_clerk_may_change_it(story):
    client, address = signed_in("clerk"), f"/desk/cases/{story.case_id}"
    kept = sheet(story)
    digest = next(s.digest for s in kept.shared.values() if "bank_name" in s.fills)
    page = client.get(address).content.decode()
    assert f"来自社会保障卡合作银行，回执 {digest[:8]}" in page
    arrived = client.get(f"{address}/arrived", headers={"HX-Request": "true"}).content.decode()
    assert f'data-fill="id_f_bank_name" data-value="{kept.form["bank_name"]}"' in arrived
    version = client.get(address).context["version"]
    client.post(
        f"{address}/save", {"f_bank_name": "另一家银行", "version": version, "once": str(uuid4())}, headers={"HX-Request": "true"}
    )
    assert sheet(story).form["bank_name"] == "另一家银行"
    assert "来自社会保障卡合作银行" not in client.get(address).content.decode()


def test_the_reviewer_sees_names_masked_too_and_looks_for_a_purpose(world, departments: Departments):  # noqa: F811
    departments.connect(now())
    told = Story(world, item="startup-social-subsidy", day=now().date().isoformat())
    form = told.standard.form
    whose = {f.name: person_id(0) for f in form if f.type == "id-number"} | {f.name: NAME for f in form if f.name in NAMES}
    told.receive(form=filled(told.standard) | whose)
    do.fetch_shared(case_id=told.case_id, by=told.who("clerk"), now=now())
    told.accept()
    step = told.open_step()
    client = signed_in(next(n for n, u in world.users.items() if u == step.user_id))
    material, name = masked_name(told)
    assert 'id="shared-' in client.get(f"/desk/review/{step.pk}").content.decode()
    answer = client.post(f"/desk/review/{step.pk}/whole?field={material}.{name}", {"purpose": "handle_case", "once": str(uuid4())})
    assert NAME in answer.content.decode()
    other = f"/desk/review/{step.pk}/whole?field={material}.nothing"
    assert client.post(other, {"purpose": "handle_case", "once": str(uuid4())}).status_code == 404
    assert [e for e in timeline(told.applicant.id) if e.act == "people.shown_whole"]
