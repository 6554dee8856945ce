"""The reviewer's and approver's desk over HTTP: what it never shows, what it keeps, who may open it, what it costs."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Ask, Decision, MaterialFile, Step, alias_of
from linli.domains.documents.commands import store_file
from linli.domains.org.queries import org_names
from linli.domains.people.queries import person_card
from linli.domains.trace.queries import timeline
from linli.kernel.ids import uuid7
from linli.testing.story import Story, at, picture
from linli.testing.world import PASSWORD, STAFF
from linli.web.site import forget_site

pytestmark = pytest.mark.django_db
PERSONAL = "startup-social-subsidy"  # for a person; a review, a second one, a decision; a department holds one material
NOW = at("2026-03-03 10:00")


@pytest.fixture(autouse=True)
def _morning(monkeypatch):
    monkeypatch.setattr("linli.web.middleware.timezone.now", lambda: NOW)
    forget_site()
    yield
    forget_site()


def signed_in(username: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": username, "password": PASSWORD}).status_code == 302
    return client


def holder(story: Story, step: Step | None = None) -> str:
    step = step or story.open_step()
    return next(n for n, u in story.world.users.items() if u == step.user_id)


@pytest.fixture
def story(world):
    """A case from the hall of another county, with files whose names give their maker away."""
    told = Story(world, PERSONAL)
    told.receive(clerk="elsewhere")
    code = told.standard.materials[0].code
    by = told.who("elsewhere")
    refs = [
        (store_file(content=picture("a"), declared_name="x.png", by=by, now=NOW), "清溪县大厅3号窗口-工作人员13-收.png"),
        (store_file(content=picture("b"), declared_name="x.png", by=by, now=NOW), "elsewhere扫描件.png"),
    ]
    do.hand_in(
        case_id=told.case.pk, material=do.Handed(code, do.Received.PHOTOGRAPHED, tuple(refs), note="3号窗口工作人员13代拍"), by=by,
        now=at("2026-03-02 10:02"),
    )  # fmt: skip
    told.accept(clerk="elsewhere")
    return told


def address(step: Step, tail: str = "") -> str:
    return f"/desk/review/{step.pk}{tail}"


def judgement(story: Story, step: Step, **more: str) -> dict[str, str]:
    links = {f"link-{n}": "done" for n, _ in enumerate(story.standard.plan.stages[step.ordinal - 1].links)}
    return links | {"once": str(uuid7()), "version": str(story.case.version)} | more


def to_decision(story: Story) -> Step:
    while (step := story.open_step()).kind != "decide":
        do.give_opinion(
            step_id=step.pk, approve=True, opinion="同意", links_done=story.links(step), by=story.holder(step),
            now=at("2026-03-02 14:00"),
        )  # fmt: skip
    return step


# -- what it never shows -------------------------------------------------------------------------------------------------


def test_nothing_on_the_desk_tells_where_a_case_comes_from(story, world):
    case, clerk = story.case, next(n for n, (name, *_) in enumerate(STAFF) if name == "elsewhere")
    secrets = {
        "the number": case.number,
        "its tail": case.number[-6:],
        "the clerk": f"工作人员{clerk:02d}",
        "the clerk's account": "elsewhere",
        "the clerk's id": str(world.users["elsewhere"]),
        "the clerk's posting": str(world.postings["elsewhere"]),
        "the hall": "清溪县政务服务大厅",
        "the county": "清溪县人力资源和社会保障局",
        "the hall's id": str(world.orgs["other-hall"]),
        "the case": str(case.pk),
        "the window": "3号窗口",
        "the channel": "大厅窗口",
        "the whole ID number": person_number(case.applicant_id),
    }
    assert org_names([world.orgs["other-hall"]])[world.orgs["other-hall"]] == secrets["the hall"]
    judge = to_decision(story)
    seen = 0
    for step in Step.objects.filter(case=case, kind__in=["review", "second_review", "decide"]).order_by("ordinal"):
        client = signed_in(holder(story, step))
        file = MaterialFile.objects.filter(material__case=case).first()
        answers = [
            client.get("/desk/review"),
            client.get("/desk/review?show=done"),
            client.get(address(step)),
            client.get(address(step, f"/file/{file.pk}")),
            client.get(address(step, f"/file/{uuid7()}")),
            client.get(address(step, "/ask")),
            client.post(address(step, "/opinion"), judgement(story, step)),
            client.post(address(step, "/decision"), judgement(story, step, verdict="reject")),
            client.post(address(step, "/decision"), judgement(story, step, verdict="approve", facts="经查属实")),
            client.post(address(step, "/material"), judgement(story, step, settle="none|verified")),
        ]
        for answer in answers:
            shown = "" if answer.streaming else answer.content.decode()
            # The bar at the top names the reader's own place; only what is about the case may not.
            text = re.sub(r'<header class="l-bar">.*?</header>', "", shown, flags=re.S) + str(dict(answer.headers))
            for what, secret in secrets.items():
                assert secret not in text, f"{what} stands in {answer.request['PATH_INFO']}"
            seen += 1
    assert seen == 30 and judge.kind == "decide"


def person_number(person_id):
    from linli.domains.people.queries import person_facts

    assert person_card(person_id).id_number != person_facts(person_id)["id_number"]
    return person_facts(person_id)["id_number"]


def test_a_file_has_a_name_of_ours_and_is_not_kept_by_the_browser(story):
    step, client = story.open_step(), signed_in(holder(story))
    page = client.get(address(step)).content.decode()
    files = re.findall(rf'src="({re.escape(address(step))}/file/[^"]+)"', page)
    assert len(files) == 2 and "material-1-2.png" in page
    answer = client.get(files[1])
    assert answer["Content-Disposition"] == 'inline; filename="material-1-2.png"' and answer["Content-Type"] == "image/png"
    assert "no-store" in answer["Cache-Control"] and answer.getvalue().startswith(b"\x89PNG")


# -- who may open it -----------------------------------------------------------------------------------------------------


def test_another_reviewer_finds_nothing_and_a_clerk_is_told_why_not(story):
    step, own = story.open_step(), holder(story)
    file = MaterialFile.objects.filter(material__case=story.case).first()
    gets = ["", "/ask", f"/file/{file.pk}"]
    posts = ["/opinion", "/decision", "/material", "/whole", "/ask"]
    other = signed_in(next(n for n in ("reviewer-1", "reviewer-2") if n != own))
    clerk = signed_in("clerk")
    for client, status in ((other, 404), (clerk, 403)):
        for tail in gets:
            assert client.get(address(step, tail)).status_code == status, tail
        for tail in posts:
            sent = judgement(story, step, verdict="approve", what="redraw", reason="x", purpose="handle_case")
            assert client.post(address(step, tail), sent).status_code == status, tail
    assert clerk.get("/desk/review").status_code == clerk.get("/desk/review/next").status_code == 403
    assert alias_of(step) not in other.get("/desk/review").content.decode()
    step.refresh_from_db()
    assert step.state == "open" and not Ask.objects.exists()
    assert not [e for e in timeline(story.case.applicant_id) if e.act == "people.shown_whole"]


def test_a_form_without_its_key_does_nothing(story):
    step, client = story.open_step(), signed_in(holder(story))
    sent = judgement(story, step, verdict="approve")
    del sent["once"]
    assert client.post(address(step, "/opinion"), sent).status_code == 422
    assert story.open_step() == step


# -- opinions and decisions ----------------------------------------------------------------------------------------------


def test_an_opinion_passes_the_case_on_once_and_leads_to_the_next(story):
    step, client = story.open_step(), signed_in(holder(story))
    sent = judgement(story, step, verdict="approve", opinion="材料齐全")
    first, again = client.post(address(step, "/opinion"), sent), client.post(address(step, "/opinion"), sent)
    assert (first["Location"], again["Location"]) == ("/desk/review", "/desk/review")
    step.refresh_from_db()
    assert (step.state, step.proposal, step.opinion) == ("done", "approve", "材料齐全")
    following = story.open_step()
    assert following.kind == "second_review"
    assert "材料齐全" in signed_in(holder(story, following)).get(address(following)).content.decode()
    assert "材料齐全" in client.get(address(step)).content.decode()


def test_what_is_missing_is_said_at_its_place_and_what_was_typed_stays(story):
    step, client = story.open_step(), signed_in(holder(story))
    answer = client.post(address(step, "/opinion"), judgement(story, step, opinion="写了一半"))
    text = answer.content.decode()
    assert answer.status_code == 422 and "请选择同意或不同意" in text and "写了一半" in text
    sent = judgement(story, step, verdict="approve", opinion="写了一半")
    without = {k: v for k, v in sent.items() if not k.startswith("link-")} | {"why-0": ""}
    answer = client.post(address(step, "/opinion"), without)
    assert answer.status_code == 422 and 'id="id_links-error"' in answer.content.decode()
    answer = client.post(address(step, "/opinion"), without | {"why-0": "无需现场"})
    step.refresh_from_db()
    assert answer.status_code == 302 and step.links_done[0].endswith(":无需现场")


def test_a_case_that_changed_meanwhile_keeps_what_was_typed(story):
    step, client = story.open_step(), signed_in(holder(story))
    sent = judgement(story, step, verdict="reject", opinion="写了很久的意见")
    do.suspend_case(
        case_id=story.case.pk, ground=do.PauseGround.APPRAISAL, reason="需鉴定", until=date(2026, 3, 20), by=story.who("manager"),
        now=at("2026-03-03 09:00"),
    )  # fmt: skip
    answer = client.post(address(step, "/opinion"), sent)
    text = answer.content.decode()
    assert answer.status_code == 409 and "写了很久的意见" in text and "已被他人办理" in text and "本案已中止" in text
    assert 'value="reject" checked' in text and 'form="judge"' not in text.partition("l-desk-bar")[2]
    do.resume_case(case_id=story.case.pk, reason="已鉴定", by=story.who("manager"), now=at("2026-03-03 09:30"))
    answer = client.post(address(step, "/opinion"), sent)  # still from the old page
    assert answer.status_code == 409 and "写了很久的意见" in answer.content.decode()
    version = re.search(r'name="version" value="(\d+)"', answer.content.decode())[1]
    assert client.post(address(step, "/opinion"), sent | {"once": str(uuid7()), "version": version}).status_code == 302


def test_a_refusal_is_shown_word_for_word_before_it_is_made(story):
    step = to_decision(story)
    client = signed_in(holder(story, step))
    sent = judgement(story, step, verdict="reject", facts="经查，经营不满一年", reasons="")
    answer = client.post(address(step, "/decision"), sent)
    text = answer.content.decode()
    assert answer.status_code == 422 and "不予批准的，应当写明不予批准的理由" in text and "经查，经营不满一年" in text
    sent["reasons"] = "不符合申领条件"
    text = client.post(address(step, "/decision"), sent).content.decode()
    assert "不符合申领条件" in text and "行政复议" in text and not Decision.objects.exists()
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text.partition('id="confirm"')[2]))
    back = client.post(address(step, "/decision"), hidden | {"again": "yes"}).content.decode()
    assert "经查，经营不满一年" in back and 'value="reject" checked' in back and not Decision.objects.exists()
    for _ in range(2):  # a double click
        assert client.post(address(step, "/decision"), hidden | {"confirmed": "yes"}).status_code == 302
    kept = Decision.objects.get(case=story.case)
    assert not kept.approved and kept.reasons == "不符合申领条件" and "行政复议" in kept.remedies


# -- requests, numbers, materials ----------------------------------------------------------------------------------------


def test_a_suspension_is_asked_for_on_a_ground_of_the_law(story):
    step, client = story.open_step(), signed_in(holder(story))
    sent = judgement(story, step, what="suspend", ground="", until="2026-03-20", reason="需要专家评审")
    answer = client.post(address(step, "/ask"), sent)
    assert answer.status_code == 422 and "需要专家评审" in answer.content.decode() and not Ask.objects.exists()
    sent |= {"ground": "expert_review", "once": str(uuid7())}
    assert client.post(address(step, "/ask"), sent)["Location"] == address(step)
    assert client.post(address(step, "/ask"), sent)["Location"] == address(step)  # twice is once
    ask = Ask.objects.get()
    assert (ask.what, ask.ground, ask.until) == ("suspend", "expert_review", date(2026, 3, 20))
    assert "等待答复" in client.get(address(step)).content.decode()
    do.settle_ask(ask_id=ask.pk, grant=False, answer="材料已足够", by=story.who("manager-elsewhere"), now=at("2026-03-03 09:59"))
    text = client.get(address(step)).content.decode()
    assert "未同意" in text and "材料已足够" in text


def test_whoever_is_connected_steps_aside(story):
    step, client = story.open_step(), signed_in(holder(story))
    answer = client.post(address(step, "/ask"), judgement(story, step, what="redraw", reason="申请人是我的表弟"))
    assert answer["Location"] == "/desk/review"
    text = client.get(address(step)).content.decode()
    assert "您已申请回避" in text and 'name="verdict"' not in text
    answer = client.post(address(step, "/opinion"), judgement(story, step, verdict="approve"))
    assert answer.status_code == 403 and "您已申请回避本案" in answer.content.decode()


def test_a_whole_number_is_shown_for_a_purpose_and_the_look_is_recorded(story):
    step, client = story.open_step(), signed_in(holder(story))
    number = person_number(story.case.applicant_id)
    assert number not in client.get(address(step)).content.decode()
    url = address(step, "/whole?field=applicant")
    assert client.post(url, {"purpose": "curiosity"}).status_code == 404
    answer = client.post(url, {"purpose": "handle_case"}, headers={"HX-Request": "true"})
    assert number in answer.content.decode() and "data-conceal" in answer.content.decode()
    assert number in client.post(url, {"purpose": "handle_case"}).content.decode()
    looks = [e for e in timeline(story.case.applicant_id) if e.act == "people.shown_whole"]
    assert [(e.user_id, e.data["purpose"]) for e in looks] == [(story.world.users[holder(story)], "handle_case")] * 2


def test_settling_a_material_keeps_the_rest_of_the_page(story):
    step, client = story.open_step(), signed_in(holder(story))
    code = story.case.materials.filter(state="owed").order_by("code").first().code
    sent = judgement(story, step, settle=f"{code}|verified", opinion="写了一半") | {f"note-{code}": ""}
    answer = client.post(address(step, "/material"), sent)
    assert (
        answer.status_code == 422 and "写了一半" in answer.content.decode() and "请写明核验的部门和方式" in answer.content.decode()
    )
    sent[f"note-{code}"] = "市场监管局，企业信用信息公示系统"
    answer = client.post(address(step, "/material"), sent, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "<html" not in text and "企业信用信息公示系统" in text and "经部门核验" in text
    version, once = re.search(r'name="version" value="(\d+)"', text)[1], re.search(r'name="once" value="([^"]+)"', text)[1]
    assert int(version) == story.case.version and once != sent["once"]
    answer = client.post(address(step, "/opinion"), sent | {"verdict": "approve", "version": version, "once": once})
    assert answer.status_code == 302


# -- lists ---------------------------------------------------------------------------------------------------------------


def test_a_longer_list_costs_no_more(world):
    first = Story(world, PERSONAL)
    first.receive()
    first.accept()
    name = holder(first)
    client = signed_in(name)
    client.get("/desk/review")

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/desk/review").status_code == 200
        return len(asked)

    few, mine = cost(), Step.objects.filter(user_id=world.users[name], state="open")
    for n in range(60):  # the draw is a lot: go on until it has fallen on this reviewer often enough
        more = Story(world, PERSONAL)
        more.receive(time=f"11:{n:02d}")
        more.accept(time=f"12:{n:02d}")
        if mine.count() >= 4:
            break
    assert mine.count() >= 4 and cost() == few


def test_the_next_case_is_the_one_due_first_and_an_empty_desk_says_so(story):
    step, client = story.open_step(), signed_in(holder(story))
    assert client.get("/desk/review/next")["Location"] == address(step)
    idle = signed_in(next(n for n in ("reviewer-1", "reviewer-2") if n != holder(story)))
    assert idle.get("/desk/review/next")["Location"] == "/desk/review"
    assert "没有等您办理的办件" in idle.get("/desk/review").content.decode()


def test_the_palette_finds_own_cases_only(story):
    step = story.open_step()
    alias = alias_of(step)
    own, other = signed_in(holder(story)), signed_in("approver-1")
    assert alias in own.get("/palette", {"q": alias}).content.decode()
    assert alias not in other.get("/palette", {"q": alias}).content.decode()
