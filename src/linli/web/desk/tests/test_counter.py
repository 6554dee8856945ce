"""The counter over HTTP: what each page refuses, keeps and does once. Journeys by keyboard: tests/browser/test_counter_*."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, State
from linli.domains.people.queries import CONTEXT, person_by_index
from linli.domains.trace.queries import timeline
from linli.domains.voice.queries import Demand
from linli.kernel.fields import blind
from linli.kernel.ids import uuid7
from linli.testing.story import INSTANT, PERMIT, Story, at, filled, picture
from linli.testing.world import PASSWORD, person_id

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 10:00")


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    """Every request comes on a Monday morning for which the world has its seed."""
    monkeypatch.setattr("linli.web.middleware.timezone.now", lambda: NOW)


@pytest.fixture
def enter():
    def as_(name):
        client = Client()
        assert client.post("/login", {"username": name, "password": PASSWORD})["Location"] == "/begin"
        return client

    return as_


@pytest.fixture
def clerk(enter):
    return enter("clerk")


@pytest.fixture
def story(world):
    return Story(world)


def draft(story, item=PERMIT, who="employer"):
    applicant = do.Applicant(story.world.people[who], is_employer=who == "employer")
    story.item = item
    story.case_id = do.open_draft(item_code=item, applicant=applicant, by=story.who("clerk"), now=NOW)
    return story.case_id


def typed(story, **more):
    """What the page of a case posts when everything is filled in."""
    post = {"once": str(uuid7()), "version": str(story.case.version)}
    for name, value in filled(story.standard).items():
        if isinstance(value, list):
            post |= {f"f_{name}-{n}-line": line for n, line in enumerate(value)}
        else:
            post[f"f_{name}"] = "true" if value == "是" and name == "commitment" else str(value)
    return post | more


def hand_in_all(story):
    for handed in story.handed():
        do.hand_in(case_id=story.case_id, material=handed, by=story.who("clerk"), now=NOW)


def text_of(answer):
    return answer.content.decode()


# -- who may come here -----------------------------------------------------------------------------------------------------

PAGES = ["/desk/today", "/desk/find", f"/desk/items/{PERMIT}", "/desk/people/new", "/desk/employers/new", "/desk/matters"]


@pytest.mark.parametrize("name", ["reviewer-1", "approver-1", "issuer", "manager", "editor", "administrator", "auditor"])
def test_other_posts_do_not_work_at_the_counter(enter, name):
    client = enter(name)
    assert {client.get(path).status_code for path in PAGES} == {403}


def test_a_clerk_of_another_hall_gets_nothing_of_a_case(enter, clerk, story):
    story.receive()
    notice = story.accept()
    do.make_ready_to_print(case_id=story.case_id, document_id=notice, by=story.who("clerk"), now=NOW)
    second = Story(story.world)
    draft(second)
    do.hand_in(
        case_id=second.case_id, by=story.who("clerk"), now=NOW,
        material=do.Handed("m01", files=((story.signature(), "scan.png"),)),
    )  # fmt: skip
    file_id = re.search(rf"/desk/cases/{second.case_id}/files/([0-9a-f-]+)", text_of(clerk.get(f"/desk/cases/{second.case_id}")))[1]
    own = [
        f"/desk/cases/{story.case_id}", f"/desk/cases/{second.case_id}", f"/desk/cases/{second.case_id}/correction",
        f"/desk/cases/{second.case_id}/files/{file_id}", f"/desk/cases/{story.case_id}/papers/{notice}.pdf",
    ]  # fmt: skip
    assert [clerk.get(path).status_code for path in own] == [200] * len(own)
    stranger = enter("elsewhere")
    assert [stranger.get(path).status_code for path in own] == [404] * len(own)
    number = story.case.number
    assert number not in text_of(stranger.get("/desk/today")) and number not in text_of(stranger.get("/palette", {"q": number}))
    assert number in text_of(clerk.get("/palette", {"q": number[-6:]}))
    assert number not in text_of(stranger.get("/palette", {"q": number[-6:]}))
    employer = f"/desk/employers/{story.world.people['employer']}"
    assert number in text_of(clerk.get(employer)) and number not in text_of(stranger.get(employer))
    for act in ("save", "receive", "accept", "back", "withdraw", "materials/m01", f"files/{file_id}/remove"):
        answer = stranger.post(f"/desk/cases/{second.case_id}/{act}", {"once": str(uuid7()), "version": "1"})
        assert answer.status_code == 404, act
    assert second.case.state == State.DRAFT


def test_a_paper_opens_only_under_its_own_case(clerk, story):
    story.receive()
    notice = story.accept()
    other = Story(story.world)
    other.receive()
    assert clerk.get(f"/desk/cases/{other.case_id}/papers/{notice}.pdf").status_code == 404


def test_the_village_receives_and_hands_on_but_cannot_accept(enter, story):
    client = enter("village")
    answer = client.post("/desk/start", {"once": str(uuid7()), "item": PERMIT, "employer": str(story.world.people["employer"])})
    story.case_id = answer["Location"].rsplit("/", 1)[1]
    page = text_of(client.get(answer["Location"]))
    assert "收件并转交" in page and "/accept" not in page and "告知补正<" not in page
    assert client.post(f"/desk/cases/{story.case_id}/accept", typed(story)).status_code == 403
    assert client.get(f"/desk/cases/{story.case_id}/correction").status_code == 403
    assert client.post(f"/desk/cases/{story.case_id}/receive", typed(story)).status_code == 302
    assert story.case.state == State.SUBMITTED and story.case.hall_id == story.world.orgs["other-hall"]
    assert story.case.number in text_of(client.get("/desk/today"))
    assert story.case.number in text_of(enter("elsewhere").get("/desk/today"))  # the county's hall accepts for the village


def test_nobody_at_the_counter_is_offered_a_way_to_turn_somebody_away(clerk, story):
    draft(story)
    pages = [f"/desk/cases/{story.case_id}", f"/desk/items/{PERMIT}", "/desk/today", f"/desk/cases/{story.case_id}/correction"]
    assert not any("不予受理" in text_of(clerk.get(path)) for path in pages)


# -- finding somebody ------------------------------------------------------------------------------------------------------


def post_find(client, text):
    return client.post("/desk/find", {"q": text, "once": str(uuid7())})


def test_a_card_leads_straight_to_its_owner_and_stands_in_no_address(clerk, world):
    answer = post_find(clerk, person_id(0))
    assert answer["Location"] == f"/desk/people/{world.people['applicant']}"
    unknown = post_find(clerk, person_id(8))
    assert unknown["Location"].startswith("/desk/people/new?typed=") and person_id(8) not in unknown["Location"]
    assert f'value="{person_id(8)}"' in text_of(clerk.get(unknown["Location"]))


def test_a_wrong_check_digit_is_named(clerk):
    wrong = person_id(0)[:17] + ("0" if person_id(0)[17] != "0" else "1")
    answer = post_find(clerk, wrong)
    assert "校验码" in text_of(answer) and wrong in text_of(answer)
    form = {"id_type": "citizen", "id_number": wrong, "name": "李示例", "once": str(uuid7())}
    answer = clerk.post("/desk/people/new", form)
    assert answer.status_code == 422 and "校验码" in text_of(answer) and 'value="李示例"' in text_of(answer)


def test_initials_find_items_and_employers(clerk, world):
    assert "劳务派遣经营许可" in text_of(clerk.get("/desk/find", {"q": "lwpqjyxk"}))
    assert "云岭示例服务有限公司" in text_of(clerk.get("/palette", {"q": "ylslfw"}))


def test_registering_twice_makes_one_person_and_goes_on_to_the_item(clerk):
    form = {"id_type": "citizen", "id_number": person_id(8), "name": "李示例", "once": str(uuid7())}
    first = clerk.post(f"/desk/people/new?item={INSTANT}", form)
    assert first["Location"].startswith("/desk/cases/") and Case.objects.count() == 1
    again = clerk.post("/desk/people/new", form)
    assert again["Location"] == f"/desk/people/{person_by_index(blind(person_id(8), context=CONTEXT))}"


def test_opening_a_record_and_seeing_a_whole_number_are_noted(clerk, world):
    person = world.people["applicant"]
    page = text_of(clerk.get(f"/desk/people/{person}"))
    assert person_id(0) not in page and person_id(0)[:6] + "********" in page
    whole = f"/desk/people/{person}/whole/id_number"
    assert clerk.post(whole, {"purpose": "curiosity"}).status_code == 404
    assert person_id(0) in text_of(clerk.post(whole, {"purpose": "verify_identity"}))
    assert [e.act for e in timeline(person)][-2:] == ["people.viewed", "people.shown_whole"]


def test_somebody_acting_for_another_shows_a_document_of_their_own(clerk, world):
    page = f"/desk/people/{world.people['applicant']}"
    known = clerk.post(f"{page}/agent", {"number": person_id(2), "once": str(uuid7())})
    assert known["Location"] == f"{page}?agent={world.people['agent']}" and "钱代办" in text_of(clerk.get(known["Location"]))
    started = clerk.post(
        "/desk/start",
        {"once": str(uuid7()), "item": INSTANT, "person": str(world.people["applicant"]), "agent": str(world.people["agent"])},
    )
    case = Case.objects.get()
    assert case.agent_id == world.people["agent"] and "钱代办" in text_of(clerk.get(started["Location"]))
    unknown = clerk.post(f"{page}/agent", {"number": person_id(8), "once": str(uuid7())})
    form = {"id_type": "citizen", "id_number": person_id(8), "name": "李示例", "once": str(uuid7())}
    back = clerk.post(unknown["Location"], form)
    assert back["Location"].startswith(f"{page}?agent=") and "李示例" in text_of(clerk.get(back["Location"]))


def test_a_draft_that_lies_there_is_offered_before_another_is_begun(clerk, world):
    first = clerk.post(f"/desk/items/{INSTANT}", {"number": person_id(0), "once": str(uuid7())})
    again = clerk.post(f"/desk/items/{INSTANT}", {"number": person_id(0), "once": str(uuid7())})
    page = text_of(clerk.get(again["Location"]))
    assert Case.objects.count() == 1 and first["Location"] in page and "另办一件" in page


def test_an_item_for_employers_asks_for_the_employer(clerk, world):
    answer = clerk.post(f"/desk/items/{PERMIT}", {"number": person_id(0), "once": str(uuid7())})
    assert answer.status_code == 422 and "由单位申请" in text_of(answer)


# -- taking in -------------------------------------------------------------------------------------------------------------


def test_a_double_click_begins_one_case(clerk, story):
    post = {"once": str(uuid7()), "item": INSTANT, "person": str(story.world.people["applicant"])}
    first, second = clerk.post("/desk/start", post), clerk.post("/desk/start", post)
    assert first["Location"] == second["Location"] and Case.objects.count() == 1


def test_what_is_known_is_filled_in_and_masked(clerk, story):
    draft(story, INSTANT, "applicant")
    page = text_of(clerk.get(f"/desk/cases/{story.case_id}"))
    assert 'value="赵示例"' in page and person_id(0) not in page and "已自动填入" in page
    assert person_id(0) == story.case.form.open_json()["id_number"]


def test_a_masked_number_left_alone_is_kept_and_another_is_taken(clerk, story):
    draft(story, INSTANT, "applicant")
    masked = person_id(0)[:6] + "********" + person_id(0)[-4:]
    post = typed(story, f_id_number=masked, f_phone="10000000005")
    assert clerk.post(f"/desk/cases/{story.case_id}/save", post, headers={"HX-Request": "true"}).status_code == 200
    form = story.case.form.open_json()
    assert form["id_number"] == person_id(0) and form["phone"] == "10000000005"


def test_saving_by_itself_keeps_what_is_right_and_names_what_is_not(clerk, story):
    draft(story, INSTANT, "applicant")
    post = typed(story, f_phone="123", f_intent_post="钳工")
    answer = clerk.post(f"/desk/cases/{story.case_id}/save", post, headers={"HX-Request": "true"})
    form = story.case.form.open_json()
    assert "联系电话" in text_of(answer) and form["intent_post"] == "钳工" and form["phone"] != "123"
    assert f'value="{story.case.version}-' in text_of(answer)


def test_accepting_receives_accepts_and_prints_a_sealed_notice_once(clerk, story):
    draft(story)
    hand_in_all(story)
    post = typed(story)
    first = clerk.post(f"/desk/cases/{story.case_id}/accept", post)
    again = clerk.post(f"/desk/cases/{story.case_id}/accept", post)
    assert first.status_code == again.status_code == 302 and story.case.state == State.IN_REVIEW
    page = text_of(clerk.get(f"/desk/cases/{story.case_id}"))
    paper = re.search(r"/desk/cases/[0-9a-f-]+/papers/[0-9a-f-]+\.pdf", page)[0]
    pdf = clerk.get(paper)
    assert (
        pdf["Content-Type"] == "application/pdf"
        and pdf["Content-Disposition"].startswith("inline")
        and b"/ByteRange" in pdf.content
    )
    assert pdf.content == clerk.get(paper).content and pdf["Cache-Control"] == "no-store"


def test_what_is_missing_stops_acceptance_and_nothing_happens_by_half(clerk, story):
    draft(story)
    answer = clerk.post(f"/desk/cases/{story.case_id}/accept", typed(story, f_legal_person="吴示例"))
    assert answer.status_code == 422 and "还缺" in text_of(answer) and 'value="吴示例"' in text_of(answer)
    assert story.case.state == State.DRAFT and story.case.number is None


def test_a_wrong_field_is_named_where_it_stands(clerk, story):
    draft(story)
    answer = clerk.post(f"/desk/cases/{story.case_id}/accept", typed(story, f_handler_phone="123", f_org_name=""))
    text = text_of(answer)
    assert (
        answer.status_code == 422
        and 'href="#id_f_handler_phone"' in text
        and 'value="123"' in text
        and "单位名称”还没有填写" in text
    )


def test_two_clerks_on_one_case_lose_nothing(enter, clerk, story):
    draft(story)
    mine = typed(story, f_legal_person="我填的")
    other = enter("second-clerk")
    theirs = typed(story, f_legal_person="同事填的")
    assert other.post(f"/desk/cases/{story.case_id}/save", theirs).status_code == 302
    answer = clerk.post(f"/desk/cases/{story.case_id}/receive", mine)
    text = text_of(answer)
    assert answer.status_code == 422 and 'value="我填的"' in text and "同事保存的是：同事填的" in text
    assert story.case.state == State.DRAFT and story.case.form.open_json()["legal_person"] == "同事填的"
    hand_in_all(story)
    assert other.post(f"/desk/cases/{story.case_id}/accept", typed(story)).status_code == 302
    late = clerk.post(f"/desk/cases/{story.case_id}/accept", mine)
    assert late.status_code == 409 and "我填的" in text_of(late) and "没有保存的内容" in text_of(late)


def test_a_file_comes_in_is_shown_and_comes_back_after_removal(clerk, story):
    draft(story)
    url = f"/desk/cases/{story.case_id}/materials/m01"
    photo = SimpleUploadedFile("照片 1.png", picture().read(), content_type="image/png")
    page = text_of(
        clerk.post(
            url, {"once": str(uuid7()), "how": "photographed", "version": "2", "file": photo}, headers={"HX-Request": "true"}
        )
    )
    assert "照片 1.png" in page and "窗口拍照" in page
    file_url = re.search(r"/desk/cases/[0-9a-f-]+/files/[0-9a-f-]+", page)[0]
    shown = clerk.get(file_url)
    assert shown["Content-Type"] == "image/png" and shown["Content-Disposition"].startswith("inline")
    assert b"".join(shown.streaming_content) == picture().read()
    assert clerk.get(file_url + "?download")["Content-Disposition"].startswith("attachment")
    removed = clerk.post(f"{file_url}/remove", {"once": str(uuid7())}, headers={"HX-Request": "true"})
    assert "请提供" in text_of(removed) and f"{file_url}/restore" in text_of(removed)
    assert clerk.post(f"{file_url}/restore", {"once": str(uuid7())}).status_code == 302
    assert "照片 1.png" in text_of(clerk.get(f"/desk/cases/{story.case_id}"))


def test_a_file_that_is_none_is_refused_with_what_to_do(clerk, story):
    draft(story)
    bad = SimpleUploadedFile("x.png", b"MZ not a picture", content_type="image/png")
    url = f"/desk/cases/{story.case_id}/materials/m01"
    answer = clerk.post(url, {"once": str(uuid7()), "how": "uploaded", "file": bad}, headers={"HX-Request": "true"})
    assert 'role="alert"' in text_of(answer) and "请提供" in text_of(answer)


def test_materials_may_come_in_while_the_form_is_typed_but_another_form_may_not(enter, clerk, story):
    draft(story)
    address = f"/desk/cases/{story.case_id}"
    shown = re.search(r'name="version" value="([^"]+)"', text_of(clerk.get(address)))[1]
    for how in ("paper", "back"):
        assert clerk.post(f"{address}/materials/m01", {"once": str(uuid7()), "how": how}).status_code == 302
    htmx = {"HX-Request": "true"}
    saved = clerk.post(f"{address}/save", typed(story, version=shown, f_legal_person="我填的"), headers=htmx)
    fresh = re.search(r'name="version" value="([^"]+)" id="case-version"', text_of(saved))[1]
    assert saved.status_code == 200 and fresh != shown
    assert (
        enter("second-clerk")
        .post(f"{address}/save", typed(story, version=fresh, f_legal_person="同事填的"), headers=htmx)
        .status_code
        == 200
    )
    assert clerk.post(f"{address}/save", typed(story, version=fresh, f_legal_person="又改了"), headers=htmx).status_code == 409
    # What the page saved by itself may arrive after the press that came next; the same answers are nobody's conflict.
    pressed = clerk.post(f"{address}/save", typed(story, version=fresh, f_legal_person="同事填的"))
    assert pressed.status_code == 302
    assert story.case.form.open_json()["legal_person"] == "同事填的"


# -- the correction --------------------------------------------------------------------------------------------------------


def test_a_correction_is_told_once_comes_back_and_is_accepted(clerk, story):
    draft(story)
    clerk.post(f"/desk/cases/{story.case_id}/save", typed(story))
    page = text_of(clerk.get(f"/desk/cases/{story.case_id}/correction"))
    assert "营业执照" not in page  # what another department holds is not asked for
    post = {"once": str(uuid7()), "version": str(story.case.version), "tick_m01": "1", "what_m01": "请加盖公章"}
    empty = clerk.post(
        f"/desk/cases/{story.case_id}/correction", post | {"what_m01": "", "tick_m03": "1", "what_m03": "缺审计报告"}
    )
    assert empty.status_code == 422 and 'href="#id_what_m01"' in text_of(empty) and "缺审计报告" in text_of(empty)
    assert story.case.state == State.DRAFT
    assert clerk.post(f"/desk/cases/{story.case_id}/correction", post | {"once": str(uuid7())}).status_code == 302
    assert story.case.state == State.CORRECTION_REQUESTED
    page = text_of(clerk.get(f"/desk/cases/{story.case_id}"))
    assert "请加盖公章" in page and "告知补正<" not in page
    still = clerk.post(f"/desk/cases/{story.case_id}/back", typed(story))
    assert still.status_code == 422 and "还缺" in text_of(still)
    hand_in_all(story)
    assert clerk.post(f"/desk/cases/{story.case_id}/accept", typed(story)).status_code == 302
    assert story.case.state == State.IN_REVIEW


def test_an_applicant_can_withdraw(clerk, story):
    story.receive()
    post = {"once": str(uuid7()), "reason": "先不办了"}
    assert clerk.post(f"/desk/cases/{story.case_id}/withdraw", post).status_code == 302
    assert story.case.state == State.WITHDRAWN and "已撤回" in text_of(clerk.get(f"/desk/cases/{story.case_id}"))


def test_an_item_of_another_system_says_so_and_is_not_accepted_here(clerk, story):
    story.item = "foreigner-work-permit"
    draft(story, story.item)
    page = text_of(clerk.get(f"/desk/cases/{story.case_id}"))
    assert "外国人来华工作管理服务系统" in page and f"/desk/cases/{story.case_id}/accept" not in page


def test_every_state_has_its_page_at_the_counter(clerk, story):
    story.receive()
    states = []

    def look():
        answer = clerk.get(f"/desk/cases/{story.case_id}")
        assert answer.status_code == 200 and "工作人员" not in text_of(answer).split('id="main"')[1]
        states.append(story.case.state)

    look()
    for step in (story.accept, story.review, story.issue, story.deliver, story.close):
        step()
        look()
    assert states == ["submitted", "in_review", "approved", "issued", "delivered", "closed"]


# -- demands ---------------------------------------------------------------------------------------------------------------


def test_a_demand_has_an_owner_a_date_and_a_sealed_receipt(clerk, enter, world):
    post = {"once": str(uuid7()), "summary": "工地拖欠工资三个月", "name": "周示例", "phone": "10000000007"}
    missing = clerk.post("/desk/demands/new", post | {"name": ""})
    assert missing.status_code == 422 and "工地拖欠工资三个月" in text_of(missing)
    first, again = clerk.post("/desk/demands/new", post), clerk.post("/desk/demands/new", post)
    assert first["Location"] == again["Location"] and Demand.objects.count() == 1
    page = text_of(clerk.get(first["Location"]))
    assert "云岭市人力资源和社会保障局" in page and "10000000007" not in page
    receipt = clerk.get(f"{first['Location']}/receipt.pdf")
    assert receipt["Content-Type"] == "application/pdf" and b"/ByteRange" in receipt.content
    stranger = enter("elsewhere")
    assert stranger.get(first["Location"]).status_code == 404
    assert stranger.get(f"{first['Location']}/receipt.pdf").status_code == 404
    assert Demand.objects.get().number not in text_of(stranger.get("/desk/demands"))


def test_the_leader_reads_every_demand_and_registers_none(clerk, enter):
    sent = [
        who.post("/desk/demands/new", {"once": str(uuid7()), "summary": "路灯不亮", "name": "周示例", "phone": "10000000007"})[
            "Location"
        ]
        for who in (clerk, enter("elsewhere"), enter("village"))
    ]
    leader = enter("leader")
    listed = text_of(leader.get("/desk/demands"))
    assert [url for url in sent if f'href="{url}"' in listed] == sent and "登记诉求" not in listed
    for url in sent:
        page = text_of(leader.get(url))
        assert "路灯不亮" in page and "10000000007" not in page and "receipt.pdf" not in page and "/desk/today" not in page
        assert leader.get(f"{url}/receipt.pdf").status_code == 403
    assert leader.get("/desk/demands/new").status_code == 403
    manager = enter("manager")
    assert "receipt.pdf" in text_of(manager.get(sent[0])) and manager.get(sent[1]).status_code == 404
    for who in ("reviewer-1", "issuer", "auditor", "administrator"):
        stranger = enter(who)
        assert stranger.get("/desk/demands").status_code == stranger.get(sent[0]).status_code == 403


# -- lists -----------------------------------------------------------------------------------------------------------------


def test_lists_cost_the_same_however_long(clerk, story, world):
    paths = ["/desk/today", f"/desk/employers/{world.people['employer']}", "/desk/demands", "/desk/find?q=ldbx", "/palette?q=ld"]

    def cost():
        counts = []
        for path in paths:
            clerk.get(path)
            with CaptureQueriesContext(connection) as queries:
                assert clerk.get(path).status_code == 200
            counts.append(len(queries))
        return counts

    demand = {"summary": "x", "name": "周示例"}
    draft(story)
    clerk.post("/desk/demands/new", demand | {"once": str(uuid7())})
    few = cost()
    for _ in range(6):
        draft(story)
        Story(world).receive()
        clerk.post("/desk/demands/new", demand | {"once": str(uuid7())})
    assert cost() == few


def test_the_list_is_narrowed_by_the_address(clerk, story):
    story.receive()
    received = story.case.number
    draft(story)
    assert received in text_of(clerk.get("/desk/today?state=submitted"))
    page = text_of(clerk.get("/desk/today?state=draft"))
    assert received not in page and "草稿" in page


def test_what_a_form_asks_to_be_attached_is_taken_in_beside_it(clerk, story):
    draft(story, item="card-replacement-lost", who="applicant")
    address = f"/desk/cases/{story.case_id}"
    page = text_of(clerk.get(address))
    shown = page.split('id="attachments"')[1].split('id="materials"')[0]
    assert "电子照片" in shown and 'id="photo-photo"' in shown and "<details" in shown and " open>" in shown
    assert 'name="f_photo"' not in page
    early = text_of(clerk.post(f"{address}/receive", typed(story, f_photo="见附件")))
    assert "“电子照片”还没有上传。" in early and 'href="#file-photo"' in early and story.case.state == State.DRAFT
    hostile = [("x.png", b"MZ not a picture"), ("x.pdf", b"%PDF-1.4 broken"), ("x.svg", b"<svg onload='1'/>"), ("x.png", b"")]
    for name, content in hostile:
        sent = {"once": str(uuid7()), "how": "uploaded", "file": SimpleUploadedFile(name, content)}
        answer = text_of(clerk.post(f"{address}/materials/photo", sent, headers={"HX-Request": "true"}))
        assert 'role="alert"' in answer and "移除" not in answer, name
    photo = SimpleUploadedFile("照片.png", picture().read(), content_type="image/png")
    sent = {"once": str(uuid7()), "how": "photographed", "file": photo}
    assert "照片.png" in text_of(clerk.post(f"{address}/materials/photo", sent, headers={"HX-Request": "true"}))
    assert clerk.post(f"{address}/receive", typed(story)).status_code == 302
    assert story.case.state == State.SUBMITTED and "照片.png" in text_of(clerk.get(address))
