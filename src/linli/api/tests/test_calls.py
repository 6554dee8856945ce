"""A case by the interface from the first call to the sealed result, and who sees nothing of it."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.api import results
from linli.api.tests.conftest import SECURITY, admit
from linli.api.urls import api
from linli.domains.accounts.queries import User
from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, Step
from linli.domains.catalog.queries import Required
from linli.domains.clients.commands import revoke_client, rotate_key
from linli.domains.clients.queries import Scope, client_sheet
from linli.domains.trace.queries import timeline
from linli.testing.story import PERMIT, Story, filled, picture
from linli.testing.world import PASSWORD, person_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(world):
    return Story(world, item=PERMIT, day=timezone.localdate().isoformat())


def application(story, **more):
    return {
        "item": story.item,
        "applicant": {"kind": "employer", "id": str(story.world.people["employer"])},
        "form": filled(story.standard),
        **more,
    }


def wanted(story):
    """Codes of what the applicant is asked for."""
    return [m.code for m in story.standard.materials if not m.from_departments and m.required is Required.YES]


def problem(answer, status, code):
    assert answer.status_code == status, answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == code and told["status"] == status and told["detail"] and told["reference"] == answer["Linli-Reference"]
    return told


def test_a_case_goes_from_the_first_call_to_the_sealed_result(world, caller, story):
    party = caller.post("/employers/find", {"credit_code": "91770100123456788U"}).json()
    assert party == {
        "id": str(world.people["employer"]), "kind": "employer", "name": "云岭示例服务有限公司", "number": "91770100123456788U",
    }  # fmt: skip
    item = caller.get(f"/items/{story.item}").json()
    assert {m["code"] for m in item["standard"]["materials"]} >= set(wanted(story))
    token = caller.upload(picture(), "营业场所证明.png").json()["file"]
    first, *rest = wanted(story)
    sent = application(story, materials=[{"code": first, "received": "uploaded", "files": [token]}])
    receipt = caller.post("/cases", sent)
    assert receipt.status_code == 201
    case_id, number = receipt.json()["id"], receipt.json()["number"]
    shown = caller.get(f"/cases/{case_id}").json()
    assert (shown["number"], shown["state"], shown["words"]) == (number, "submitted", "已提交")
    assert next(m for m in shown["materials"] if m["code"] == first)["files"][0]["name"] == "营业场所证明.png"
    assert shown["promise"]["explanation"] and shown["office"]["name"] == "云岭市政务服务大厅"

    clerk, now = world.actor("clerk", on=timezone.localdate()), timezone.now()
    do.request_correction(case_id=UUID(case_id), missing=[do.Missing(rest[0], "缺少盖章")], by=clerk, now=now)
    told = caller.get(f"/cases/{case_id}").json()
    assert told["words"] == "待您补正" and told["correction"]["items"] == [{"code": rest[0], "what": "缺少盖章", "is_field": False}]
    problem(caller.post(f"/cases/{case_id}/correction", {}), 422, "cases.still_missing")
    handed = [{"code": c, "received": "paper"} for c in rest]
    assert caller.post(f"/cases/{case_id}/correction", {"materials": handed}).status_code == 200

    story.case_id = UUID(case_id)
    for m in story.standard.materials:
        if m.required is Required.CONDITIONAL and not m.from_departments:
            do.hand_in(case_id=story.case_id, material=do.Handed(m.code, not_applicable=True), by=clerk, now=now)
    do.accept_case(case_id=story.case_id, by=clerk, now=now)
    assert caller.get(f"/cases/{case_id}").json()["promise"]["kind"] == "promised"
    step = story.open_step()
    hidden = [str(step.user_id), User.objects.get(pk=step.user_id).name, str(clerk.user_id)]
    for path in (f"/cases/{case_id}", f"/cases/{case_id}/timeline", "/cases"):
        text = caller.get(path).content.decode()
        assert not [h for h in hidden if h in text], path
    story.review()
    undecided = caller.get(f"/cases/{case_id}").json()
    assert undecided["state"] == "decided" and undecided["approved"] is None
    assert caller.get(f"/cases/{case_id}/papers").json() == [] or all(
        p["kind"] not in ("decision", "result_certificate") for p in caller.get(f"/cases/{case_id}/papers").json()
    )
    story.issue()
    assert caller.get(f"/cases/{case_id}").json()["approved"] is True
    papers = caller.get(f"/cases/{case_id}/papers").json()
    result = papers[-1]
    file = caller.http.get(result["pdf"], headers={"Authorization": f"Bearer {caller.key}"})
    assert file.content.startswith(b"%PDF-1.7") and file["Content-Type"] == "application/pdf"
    stranger = Client()
    verdict = stranger.post("/api/v1/verify", {"file": io.BytesIO(file.content)}).json()
    assert verdict["genuine"] is True and verdict["paper"]["number"] == result["number"] and verdict["sm3"] == result["sm3"]
    changed = file.content[:-30] + b" " * 30
    assert stranger.post("/api/v1/verify", {"file": io.BytesIO(changed)}).json()["genuine"] is False
    code = result["verify"].rsplit("/", 1)[-1]
    assert stranger.get(f"/api/v1/verify/{code}").json()["stands"] is True
    types = [e["type"] for e in caller.get(f"/cases/{case_id}/timeline").json()]
    assert types == [
        "cases.submitted", "cases.correction_requested", "cases.corrected", "cases.accepted", "cases.sent_to_review", "cases.decided",
        "cases.issued",
    ]  # fmt: skip
    began = timeline(story.case_id)[0]
    assert (began.act, began.user_id, began.channel) == ("cases.started", caller.client_id, "online")


def test_what_may_not_be_committed_to_is_refused_with_the_reason_and_nothing_is_received(world, caller, story):
    held = next(m for m in story.standard.materials if m.from_departments)
    plain = next(m for m in story.standard.materials if not m.from_departments and not m.may_be_committed)
    for material, why in ((held, "核验"), (plain, "没有把它列为可以承诺的材料")):
        sent = application(story, materials=[{"code": material.code, "received": "committed"}])
        told = problem(caller.post("/cases", sent, **{"Accept-Language": "zh-CN"}), 422, "cases.promise_refused")
        assert material.name in told["detail"] and why in told["detail"], told
    assert not Case.objects.exists()


def test_what_a_system_did_stands_in_the_record_under_its_name(world, caller, story):
    from linli.domains.trace.queries import Event

    case_id = caller.post("/cases", application(story)).json()["id"]
    devices = set(Event.objects.filter(chain_id=case_id).values_list("device", "user_id"))
    assert devices == {("api: 省平台", caller.client_id)}


def test_of_the_cases_of_others_there_is_nothing_to_be_seen(world, caller, story):
    case_id = caller.post("/cases", application(story)).json()["id"]
    theirs = Story(world, item=PERMIT)
    theirs.receive()  # at the same counter, by a clerk
    colleague = admit(world, "另一平台")
    elsewhere = admit(world, "县平台", org="other-hall")
    for other in (colleague, elsewhere):
        assert other.get("/cases").json() == {"items": [], "next": None}
        for path in (f"/cases/{case_id}", f"/cases/{case_id}/timeline", f"/cases/{case_id}/papers"):
            problem(other.get(path), 404, "not_found")
        for act in ("supplements", "correction", "withdrawal"):
            problem(other.post(f"/cases/{case_id}/{act}"), 404, "not_found")
    for path in ("", "/timeline", "/papers"):
        problem(caller.get(f"/cases/{theirs.case_id}{path}"), 404, "not_found")
    for act in ("supplements", "correction", "withdrawal"):
        problem(caller.post(f"/cases/{theirs.case_id}/{act}"), 404, "not_found")
    assert [c["id"] for c in caller.get("/cases").json()["items"]] == [case_id]
    assert not Step.objects.filter(user_id=caller.client_id).exists()


PUBLIC = {"verify_code", "verify_file"}


def operations():
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                yield pytest.param(path, operation, id=f"{operation.methods[0]} {path}")


@pytest.mark.parametrize(("path", "operation"), list(operations()))
def test_every_address_asks_for_its_scope_and_no_other_will_do(world, path, operation):
    """The table of permissions: each operation with each scope alone, with none that is good, and without a key."""
    address = path
    for name in ("case_id", "paper_id", "webhook_id", "delivery_id"):
        address = address.replace(f"{{{name}}}", str(uuid4()))
    address = address.replace("{code}", PERMIT).replace("{region}", "7701").replace("{version}", "1")
    method = operation.methods[0].lower()
    stranger = getattr(Client(), method)(f"/api/v1{address}")
    if operation.view_func.__name__ in PUBLIC:
        assert stranger.status_code not in (401, 403) and not operation.auth_callbacks
        return
    problem(stranger, 401, "clients.key_not_known")
    assert stranger["WWW-Authenticate"].startswith("Bearer")
    needed = operation.auth_callbacks[0].scope
    for scope in Scope:
        answer = admit(world, f"只有{scope}", scopes=[scope]).ask(method, address, {} if method == "post" else None)
        if scope is needed:
            assert answer.status_code not in (401, 403), answer.content
        else:
            problem(answer, 403, "clients.scope_missing")


def test_a_key_is_good_until_it_ends_and_from_where_it_may_be_used(world):
    now = timezone.now()
    caller = admit(world, "按期", networks=["10.1.0.0/16", "127.0.0.1"])
    assert caller.get("/halls").status_code == 200
    fresh = rotate_key(
        client_id=caller.client_id, overlap=timedelta(hours=1), expires_at=now + timedelta(days=1), by=SECURITY, now=now
    )
    assert caller.get("/halls").status_code == 200  # both are good while one follows the other
    old, caller.key = caller.key, fresh
    assert caller.get("/halls").status_code == 200
    rotate_key(
        client_id=caller.client_id, overlap=timedelta(0), expires_at=now + timedelta(days=1), by=SECURITY, now=timezone.now()
    )
    problem(caller.get("/halls"), 401, "clients.key_not_known")
    caller.key = old
    problem(caller.get("/halls"), 401, "clients.key_not_known")
    sheet = client_sheet(caller.client_id, by=SECURITY)
    assert old not in str([(k.prefix, bytes(k.digest)) for k in sheet.keys])

    far = admit(world, "别处", networks=["10.1.0.0/16"])
    problem(far.get("/halls"), 403, "clients.address_refused")
    revoked = admit(world, "停用")
    revoke_client(client_id=revoked.client_id, by=SECURITY, now=now)
    problem(revoked.get("/halls"), 401, "clients.key_not_known")
    for key in ("", "x", "linli_aaaaaaaaaa_" + "A" * 43, fresh[:-1] + ("A" if fresh[-1] != "A" else "B"), "linli_\0"):
        problem(Client().get("/api/v1/halls", headers={"Authorization": f"Bearer {key}"}), 401, "clients.key_not_known")


def test_the_limit_of_a_minute_is_told_and_kept(world):
    caller = admit(world, "慢慢来", per_minute=3)
    answers = [caller.get("/halls") for _ in range(4)]
    if len({a["RateLimit"] for a in answers[:3]}) < 3:
        pytest.fail("what is left does not go down")
    assert [a.status_code for a in answers[:3]] == [200] * 3 and answers[0]["RateLimit-Policy"] == '"default";q=3;w=60'
    if answers[3].status_code == 200:  # a new minute began in between
        answers = [caller.get("/halls") for _ in range(4)]
    problem(answers[-1], 429, "clients.too_many_calls")
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60


def test_no_cookie_is_given_and_none_counts(world, caller):
    from linli.testing.world import PASSWORD

    answer = caller.get("/halls")
    assert not answer.cookies and "Cookie" not in answer.get("Vary", "")
    signed_in = Client()
    signed_in.post("/login", {"username": "clerk", "password": PASSWORD})
    problem(signed_in.get("/api/v1/cases"), 401, "clients.key_not_known")


def test_the_same_key_gives_the_same_answer_and_another_request_is_refused(world, caller, story):
    key, sent = "provincial-2026-0001", application(story)
    first, again = caller.post("/cases", sent, once=key), caller.post("/cases", sent, once=key)
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    problem(caller.post("/cases", application(story, region="770121"), once=key), 409, "trace.key_reused")
    other = admit(world, "另一平台")  # keys of one system mean nothing to another
    assert other.post("/cases", sent, once=key).json()["id"] != first.json()["id"]
    without = caller.http.post(
        "/api/v1/cases", "{}", content_type="application/json", headers={"Authorization": f"Bearer {caller.key}"}
    )
    assert [e for e in problem(without, 422, "api.request_invalid")["errors"] if e.get("field") == "Idempotency-Key"]


def test_wrong_fields_are_all_named_in_the_language_asked_for(caller, story):
    sent = application(story)
    name = next(f.name for f in story.standard.form if f.required)
    sent["form"] = {k: v for k, v in sent["form"].items() if k != name} | {"nothing_we_know": True}
    told = problem(caller.post("/cases", sent), 422, "invalid")
    assert [e["field"] for e in told["errors"]] == [name] and "还没有填写" in told["errors"][0]["detail"]
    assert caller.post("/cases", sent, **{"Accept-Language": "en"}).headers["Content-Language"] == "en"


def test_who_has_a_number_does_not_learn_whose_it_is(caller):
    sent = {"name": "别人", "id_number": person_id(0), "region": "770121"}
    told = problem(caller.post("/persons", sent), 422, "people.name_differs")
    assert "赵示例" not in str(told) and "赵**" in told["detail"]
    found = caller.post("/persons/find", {"id_number": person_id(0)}).json()
    assert found["name"] == "赵**" and person_id(0) not in str(found)
    assert caller.post("/persons", {"name": "赵示例", "id_number": person_id(0)}).json() == found


def test_a_list_costs_the_same_however_long_and_gives_nothing_twice(world, caller, story):
    def cost(path):
        with CaptureQueriesContext(connection) as seen:
            assert caller.get(path).status_code == 200
        return len(seen)

    ids = [caller.post("/cases", application(story)).json()["id"]]
    few = cost("/cases")
    ids += [caller.post("/cases", application(story)).json()["id"] for _ in range(6)]
    assert cost("/cases") == few
    got, cursor = [], ""
    while cursor is not None:
        page = caller.get(f"/cases?limit=3&cursor={cursor}").json()
        got, cursor = got + [c["id"] for c in page["items"]], page["next"]
    assert got == ids[::-1]
    for wrong in ("x", "WzFd", "bnVsbA", "W1sxXSwgMl0"):
        problem(caller.get(f"/cases?cursor={wrong}"), 422, "api.cursor_unreadable")
    items, cursor = [], ""
    while cursor is not None:
        page = caller.get(f"/items?limit=50&cursor={cursor}").json()
        items, cursor = items + [i["code"] for i in page["items"]], page["next"]
    assert len(items) == len(set(items)) > 200
    assert cost("/items?limit=5") == cost("/items?limit=100")


# -- hostile ------------------------------------------------------------------------------------------------------------------


def bomb():
    """A workbook of a few kilobytes that unfolds to hundreds of megabytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 300_000_000)
    out.seek(0)
    return out


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (lambda: io.BytesIO(b"MZ\x90\0" + b"\0" * 100), "凭证.png"),
        (lambda: io.BytesIO(b"<script>alert(1)</script>"), "页面.html"),
        (lambda: io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), "图.svg"),
        (lambda: io.BytesIO(b"#!/bin/sh\nrm -rf /"), "run.sh"),
        (
            lambda: io.BytesIO(b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\ntrailer<<>>\n%%EOF"),
            "a.pdf",
        ),
        (picture, "照片.png.exe"),
        (bomb, "名册.xlsx"),
        (lambda: io.BytesIO(b""), "空.png"),
    ],
    ids=["program", "page", "drawing", "script", "pdf-script", "name", "bomb", "empty"],
)
def test_a_hostile_file_is_refused_with_a_reason(caller, content, name):
    told = caller.upload(content(), name)
    assert told.status_code == 422 and told.json()["code"].startswith("documents."), told.content.decode()


def test_a_path_in_a_name_leads_nowhere(caller):
    answer = caller.upload(picture(), "../../etc/passwd.png")
    assert answer.status_code == 422 or answer.json()["name"] == "passwd.png"


def test_two_hundred_megabytes_are_refused_before_a_byte_is_read(world, caller):
    class Never(io.RawIOBase):
        def read(self, *args):
            raise AssertionError("the body was read")

    headers = {"HTTP_AUTHORIZATION": f"Bearer {caller.key}", "HTTP_IDEMPOTENCY_KEY": "much-too-large"}
    for kind in ("multipart/form-data; boundary=x", "application/json"):
        answer = caller.http.generic(
            "POST", "/api/v1/files", b"", content_type=kind, **headers, CONTENT_LENGTH="200000000", **{"wsgi.input": Never()}
        )  # fmt: skip
        problem(answer, 413, "api.body_too_large")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'"x"', b'{"item": NaN}', b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b"\xff\xfe", b"[" * 100_000, b'{"item":' + b"9" * 5000 + b"}"],
    ids=["cut", "list", "null", "text", "nan", "zero", "half", "bytes", "deep", "long"],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(caller, body):
    headers = {"Authorization": f"Bearer {caller.key}", "Idempotency-Key": "hostile-body"}
    answer = caller.http.post("/api/v1/cases", body, content_type="application/json", headers=headers)
    assert answer.status_code in (400, 422) and answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("value", [True, "x" * 2_001, "\x07", ["a"] * 501, {"a": 1}, 12, [["a"]], "1E999999", "9" * 400], ids=str)
def test_whatever_a_form_says_it_is_answered(caller, story, value):
    sent = application(story)
    for field in story.standard.form:
        answer = caller.post("/cases", sent | {"form": sent["form"] | {field.name: value}})
        assert answer.status_code in (201, 422), (field, answer.content.decode())


def test_the_day_that_counts_may_be_named(caller):
    assert caller.get(f"/items/{PERMIT}?on=2026-03-02").status_code == 200
    problem(caller.get(f"/items/{PERMIT}?on=2020-01-01"), 404, "catalog.item_unknown")
    for wrong in ("0", "2026-02-30", "1e9", "today"):
        problem(caller.get(f"/items/{PERMIT}?on={wrong}"), 422, "api.request_invalid")
    problem(caller.get("/items?of=2026-03-02"), 422, "api.request_invalid")


def test_an_upload_of_one_system_is_nothing_to_another(world, caller, story):
    token = caller.upload(picture(), "a.png").json()["file"]
    other = admit(world, "另一平台")
    sent = application(story, materials=[{"code": wanted(story)[0], "received": "uploaded", "files": [token]}])
    problem(other.post("/cases", sent), 422, "api.upload_unknown")
    problem(
        caller.post("/cases", application(story, materials=[{"code": "m01", "files": [token[:-2] + "xx"]}])),
        422,
        "api.upload_unknown",
    )


def test_guessing_codes_has_to_wait(db):
    results.WRONG_CODES.forget()
    stranger = Client()
    answers = [stranger.get("/api/v1/verify/ABCD-EFGH-JKMN") for _ in range(31)]
    results.WRONG_CODES.forget()
    problem(answers[0], 404, "not_found")
    problem(answers[-1], 429, "clients.too_many_calls")


def test_an_address_or_method_that_is_not_there_is_told_like_everything_else(caller):
    problem(caller.get("/nothing"), 404, "api.no_such_address")
    problem(caller.get("/items/%00"), 400, "api.body_unreadable")
    problem(caller.get("/halls", Host="evil.example"), 400, "api.body_unreadable")
    told = caller.ask("delete", "/cases")
    problem(told, 405, "api.method_not_allowed")
    assert told["Allow"]


def test_a_bug_is_told_with_its_reference_and_nothing_else(caller, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("secret inside")

    monkeypatch.setattr("linli.api.catalogue.counters", broken)
    told = problem(caller.get("/halls"), 500, "api.unexpected")
    assert "secret" not in str(told)


def test_withdrawing_ends_it(caller, story):
    case_id = caller.post("/cases", application(story)).json()["id"]
    assert caller.post(f"/cases/{case_id}/withdrawal", {"reason": "不办了"}).status_code == 200
    assert caller.get(f"/cases/{case_id}").json()["state"] == "withdrawn"
    problem(caller.post(f"/cases/{case_id}/withdrawal"), 409, "cases.move_not_possible")
    assert Case.objects.get(pk=case_id).client_id == caller.client_id


def test_a_submission_reads_nothing_that_its_receipt_does_not_tell(caller, story):
    caller.post("/cases", application(story))  # what is kept in the process is read
    with CaptureQueriesContext(connection) as queries:
        assert caller.post("/cases", application(story)).status_code == 201
    reads = [q["sql"] for q in queries if q["sql"].lstrip().startswith("SELECT") and " FROM " in q["sql"]]
    assert not [sql for sql in reads if any(t in sql for t in ("cases_clock", "cases_suspension", "cases_extension"))]


def test_the_reference_page_names_every_address_and_every_error(client, db):
    page = client.get("/api/reference")
    text = page.content.decode()
    assert page.status_code == 200 and "<c-" not in text and not re.search(r'(src|href)="(https?:)?//', text)
    for path, operation in (p.values for p in operations()):
        assert f"/api/v1{path}" in text and operation.view_func.__doc__.splitlines()[0] in text.replace("&#x27;", "'")
    assert "cases.still_missing" in text and "clients.key_not_known" in text


def test_a_supervisor_reads_which_system_brought_a_case(world, caller, story):
    from linli.testing.world import PASSWORD

    case_id = caller.post("/cases", application(story)).json()["id"]
    manager = Client()
    manager.post("/login", {"username": "manager", "password": PASSWORD})
    page = manager.get(f"/desk/all-cases/{case_id}", follow=True)
    assert page.status_code == 200 and "省平台" in page.content.decode()


def test_an_application_is_filled_in_step_by_step_and_submitted_later(world, caller, story):
    form = filled(story.standard)
    names = list(form)
    begun = caller.post("/drafts", {"item": story.item, "applicant": application(story)["applicant"]}, once="begin-the-draft")
    assert begun.status_code == 201
    draft = begun.json()["id"]
    assert caller.post(
        "/drafts", {"item": story.item, "applicant": application(story)["applicant"]}, once="begin-the-draft"
    ).json() == {"id": draft}
    assert caller.get(f"/cases/{draft}").json()["state"] == "draft"
    half = {name: form[name] for name in names[: len(names) // 2]}
    assert caller.patch(f"/drafts/{draft}", {"form": half}).status_code == 200
    told = problem(caller.post(f"/drafts/{draft}/submission"), 422, "invalid")
    assert {e["field"] for e in told["errors"]} == set(names) - set(half)
    wrong = {"form": {"uscc": "nonsense"}}
    problem(caller.patch(f"/drafts/{draft}", wrong), 422, "invalid")
    rest = {name: form[name] for name in names[len(names) // 2 :]}
    assert (
        caller.patch(f"/drafts/{draft}", {"form": rest, "materials": [{"code": wanted(story)[0], "received": "paper"}]}).status_code
        == 200
    )
    sent = caller.post(f"/drafts/{draft}/submission")
    assert sent.status_code == 201
    assert caller.post(f"/drafts/{draft}/submission").json() == sent.json()
    case = Case.objects.get(pk=draft)
    assert (case.number, case.state) == (sent.json()["number"], "submitted")
    assert set(case.form.open_json()) == set(names)
    problem(caller.patch(f"/drafts/{draft}", {"form": half}), 404, "not_found")


def test_an_answer_of_a_draft_may_be_taken_back(caller, story):
    draft = caller.post("/drafts", {"item": story.item, "applicant": application(story)["applicant"]}).json()["id"]
    name, value = next(iter(filled(story.standard).items()))
    caller.patch(f"/drafts/{draft}", {"form": {name: value}})
    assert name in Case.objects.get(pk=draft).form.open_json()
    caller.patch(f"/drafts/{draft}", {"form": {name: None}})
    assert name not in Case.objects.get(pk=draft).form.open_json()


def test_a_draft_is_its_system_s_alone(world, caller, story):
    draft = caller.post("/drafts", {"item": story.item, "applicant": application(story)["applicant"]}).json()["id"]
    stranger = admit(world, "别的平台")
    for answer in (
        stranger.patch(f"/drafts/{draft}", {"form": {}}),
        stranger.post(f"/drafts/{draft}/submission"),
        stranger.get(f"/cases/{draft}"),
    ):
        assert answer.status_code == 404
    clerk = Client()
    clerk.post("/login", {"username": "clerk", "password": PASSWORD})
    assert clerk.get(f"/desk/cases/{draft}").status_code == 404
    assert draft not in clerk.get("/desk/today").content.decode()


def test_a_webhook_s_secret_is_changed_with_an_overlap(caller):
    made = caller.post("/webhooks", {"url": "https://example.org/h", "acts": ["cases.accepted"]}).json()
    assert made["old_until"] is None
    changed = caller.post(f"/webhooks/{made['id']}/secret", {"overlap_hours": 2}).json()
    assert changed["secret"] != made["secret"]
    assert changed["old_until"]
    assert caller.get(f"/webhooks/{made['id']}").json() == changed
    problem(caller.post(f"/webhooks/{made['id']}/secret", {"overlap_hours": 721}), 422, "api.request_invalid")


def test_a_form_is_sent_with_the_files_it_asks_for(world, caller):
    story = Story(world, item="card-replacement-lost")
    who = {"kind": "person", "id": str(world.people["applicant"])}
    sent = {"item": story.item, "applicant": who, "form": filled(story.standard)}
    told = problem(caller.post("/cases", sent), 422, "invalid")
    assert [(e["field"], e["code"]) for e in told["errors"]] == [("photo", "cases.attachment_missing")]
    token = caller.upload(picture(), "照片.png").json()["file"]
    other = admit(world, "别的系统").upload(picture("2"), "b.png").json()["file"]
    for wrong in (other, token[:-3], "看附件"):
        told = problem(caller.post("/cases", sent | {"form": sent["form"] | {"photo": wrong}}), 422, "api.upload_unknown")
        assert told["field"] == "photo"
    case_id = caller.post("/cases", sent | {"form": sent["form"] | {"photo": token}}).json()["id"]
    row = next(m for m in caller.get(f"/cases/{case_id}").json()["materials"] if m["code"] == "photo")
    assert row["state"] == "have" and [f["name"] for f in row["files"]] == ["照片.png"]

    draft = caller.post("/drafts", {"item": story.item, "applicant": who}).json()["id"]
    fresh = caller.upload(picture("3"), "新照片.png").json()["file"]
    assert caller.patch(f"/drafts/{draft}", {"form": filled(story.standard) | {"photo": [fresh]}}).status_code == 200
    assert caller.patch(f"/drafts/{draft}", {"form": {"photo": None}}).status_code == 200
    problem(caller.post(f"/drafts/{draft}/submission"), 422, "invalid")
    assert caller.patch(f"/drafts/{draft}", {"form": {"photo": fresh}}).status_code == 200
    assert caller.post(f"/drafts/{draft}/submission").status_code == 201
