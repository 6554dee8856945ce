"""The bureau's own affairs in the console: what the pages do, for whom, and at what cost."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from linli.domains.accounts.commands import sign_in
from linli.domains.accounts.queries import SignIn, User, user_by_name
from linli.domains.org.commands import record_absence
from linli.domains.org.queries import CalendarNotice, Organisation, authorities_of, forget_calendars, get_org, posts_held, tree
from linli.domains.people.commands import view_person
from linli.domains.trace.commands import run_verification, seal_heads
from linli.domains.trace.queries import Verification
from linli.kernel.calendar import local_date
from linli.testing.story import Story
from linli.testing.world import PASSWORD, person_id

pytestmark = pytest.mark.django_db
NEXT = timezone.now().year + 1
NOTICE = f"一、元旦：{NEXT}年1月1日至3日放假，共3天。\n二、春节：2月1日至20日放假。"


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def send(client, url, **given):
    return client.post(url, {"once": str(uuid4()), **given})


def addresses(world):
    """Every address of this part with one post that may open it."""
    member, org, day = world.users["clerk"], world.orgs["hall"], "2026-03-02"
    return {
        "administrator": [
            reverse("bureau:calendar"), reverse("bureau:load_notice"), reverse("bureau:orgs"), reverse("bureau:add_org"),
            reverse("bureau:edit_org", args=[org]), reverse("bureau:org", args=[org]), reverse("bureau:staff"),
            reverse("bureau:add_staff"), reverse("bureau:member", args=[member]),
            reverse("bureau:absences", args=[member]),
            reverse("bureau:appoint", args=[member]), reverse("bureau:end_posting", args=[member, world.postings["clerk"]]),
        ],
        "security": [
            reverse("bureau:grant", args=[world.orgs["bureau"]]), reverse("bureau:withdraw", args=[world.orgs["bureau"]]),
            reverse("bureau:sessions"),
        ],
        "auditor": [
            reverse("bureau:draws"), reverse("bureau:draw_day", args=[day]), reverse("bureau:replay", args=[day]),
            reverse("bureau:draw_file", args=[day]), reverse("bureau:record"), reverse("bureau:find_looks"),
            reverse("bureau:looks", args=[world.people["applicant"]]),
        ],
    }  # fmt: skip


def test_every_address_opens_for_its_post_and_no_other(world):
    pages = addresses(world)
    clients = {name: enter(name) for name in (*pages, "clerk", "manager")}
    both = {reverse("bureau:orgs"), reverse("bureau:org", args=[world.orgs["hall"]])}  # whoever authorises sees organisations too
    for owner, urls in pages.items():
        for url in urls:
            assert clients[owner].get(url).status_code == 200, (owner, url)
            for name, client in clients.items():
                if name != owner and not (url in both and name == "security"):
                    assert client.get(url).status_code == 403, (name, url)


@pytest.mark.parametrize(("who", "name"), [("administrator", "orgs"), ("security", "orgs"), ("auditor", "record")])
def test_one_begins_at_what_ones_post_is_for(world, who, name):
    assert enter(who).get("/begin", follow=True).request["PATH_INFO"] == reverse(f"bureau:{name}")


def faces(client, url):
    """The switch in the top bar: names and addresses, and which is current."""
    bar = re.search(r'<nav class="l-faces".*?</nav>', client.get(url).content.decode(), re.S)
    return re.findall(r'href="(.*?)"( aria-current)?.*?>(\w+)</a>', bar[0]) if bar else []


def test_who_works_on_desk_and_console_switches_between_them(world):
    for who in ("leader", "auditor", "manager"):
        client = enter(who)
        (desk, here, one), (console, there, other) = faces(client, reverse("supervise:board"))
        assert (one, bool(here), other, bool(there)) == ("工作台", True, "管理台", False)
        assert client.get(desk).status_code == client.get(console).status_code == 200
        assert [bool(current) for _, current, _ in faces(client, console)] == [False, True]
    assert faces(enter("clerk"), reverse("counter:today")) == faces(enter("administrator"), reverse("bureau:orgs")) == []


# -- the calendar --------------------------------------------------------------------------------------------------------


def test_a_notice_is_shown_before_it_counts_and_loaded_once(world):
    client, given = enter("administrator"), {"year": NEXT, "region": "", "source": "示例通知", "text": NOTICE}
    before = client.get(reverse("bureau:calendar"), {"year": NEXT})
    assert not before.context["announced"] and "暂定" in before.content.decode()
    preview = send(client, reverse("bureau:load_notice"), **given)
    changed = {d for d, _becomes in preview.context["preview"]["changes"]}
    assert preview.status_code == 200, preview.content.decode()
    assert changed and [d for d in changed if d.weekday() > 4] == []
    assert not CalendarNotice.objects.filter(year=NEXT).exists()
    for _ in range(2):
        assert send(client, reverse("bureau:load_notice"), **given, load="yes").status_code == 302
    assert CalendarNotice.objects.filter(year=NEXT).count() == 1
    forget_calendars()  # which happens on commit, and a test's transaction never does
    after = client.get(reverse("bureau:calendar"), {"year": NEXT})
    assert after.context["announced"] and after.context["working"] == before.context["working"] - len(changed)


@pytest.mark.parametrize("asked", ["", "x", "20266", "\u00b2\u2070\u00b2\u2076"])
def test_a_year_that_is_none_shows_this_one(world, asked):
    assert enter("administrator").get(reverse("bureau:calendar"), {"year": asked}).status_code == 200


@pytest.mark.parametrize(("text", "says"), [("元旦放假", "没有日期"), ("1月4日放假；1月4日上班", "既列为放假又列为上班")])
def test_a_notice_that_cannot_be_read_comes_back_as_it_was_typed(world, text, says):
    answer = send(enter("administrator"), reverse("bureau:load_notice"), year=NEXT, region="", source="示例通知", text=text)
    assert answer.status_code == 422 and text in answer.content.decode() and says in answer.content.decode()


# -- organisations and staff ---------------------------------------------------------------------------------------------


def test_an_organisation_is_added_below_another(world):
    client = enter("administrator")
    given = {
        "parent": str(world.orgs["county"]), "kind": "town", "name": "临江镇便民服务中心", "short_name": "临江镇", "code": "town",
        "region": "770121100", "valid_from": "2026-01-01",
    }  # fmt: skip
    assert send(client, reverse("bureau:add_org"), **given).status_code == 302
    assert tree().get(code="town").parent_id == world.orgs["county"]
    again = send(client, reverse("bureau:add_org"), **given)
    assert again.status_code == 409 and "已被使用" in again.content.decode()


def typed(client, url, **changed):
    """What the page would send: all that stands in its form, with something typed over."""
    page = client.get(url)
    form, seen = page.context["form"], re.search(r'name="seen" value="(\w+)"', page.content.decode())
    return {name: form[name].value() for name in form.fields} | {"seen": seen[1]} | changed


def test_a_new_address_is_public_at_once(world):
    client, url = enter("administrator"), reverse("bureau:edit_org", args=[world.orgs["hall"]])
    given = typed(client, url, address="云岭市新路8号", opening_hours="周六延时服务 9:00—12:00")
    assert send(client, url, **given).status_code == 302
    said = Client().get("/halls?region=7701").content.decode()
    assert "云岭市新路8号" in said and "周六延时服务" in said and "云岭市示例路2号" not in said


def test_what_cannot_be_kept_comes_back_with_the_sentence_at_its_field(world):
    client, url = enter("administrator"), reverse("bureau:edit_org", args=[world.orgs["bureau"]])
    answer = send(client, url, **typed(client, url, short_name="", credit_code="9177", court="某法院"))
    assert answer.status_code == 422 and list(answer.context["form"].errors) == ["short_name"]
    answer = send(client, url, **typed(client, url, credit_code="9177", court="某法院"))
    assert answer.status_code == 422 and "应为 18 位" in str(answer.context["form"].errors["credit_code"])
    assert "某法院" in answer.content.decode() and get_org(world.orgs["bureau"]).court == "云岭市人民法院"


def test_a_colleagues_change_is_shown_before_it_is_overwritten(world):
    mine, theirs = enter("administrator"), enter("administrator")
    url = reverse("bureau:edit_org", args=[world.orgs["hall"]])
    open_form = typed(mine, url, phone="0000-1111111")
    assert send(theirs, url, **typed(theirs, url, phone="0000-2222222")).status_code == 302
    answer = send(mine, url, **open_form)
    text = answer.content.decode()
    assert answer.status_code == 409 and "现在登记的是：0000-2222222" in text and "0000-1111111" in text
    again = re.search(r'name="seen" value="(\w+)"', text)[1]
    assert send(mine, url, **open_form | {"seen": again}).status_code == 302
    assert get_org(world.orgs["hall"]).phone == "0000-1111111"


def test_authority_is_given_and_ended_under_a_document(world):
    client, org = enter("security"), world.orgs["village"]
    item = Story(world).item
    given = {
        "item_code": item,
        "powers": ["accept"],
        "region": "770121100201",
        "document": "示例文件1号",
        "valid_from": "2026-01-01",
    }
    assert send(client, reverse("bureau:grant", args=[org]), **given).status_code == 302
    today = local_date(timezone.now())
    assert authorities_of(org, on=today).filter(item_code=item, power="accept", document="示例文件1号").exists()
    assert send(client, reverse("bureau:grant", args=[org]), **given).status_code == 409
    ended = {"item_code": item, "powers": ["accept"], "last_day": today - timedelta(days=1), "document": "示例文件2号"}
    assert send(client, reverse("bureau:withdraw", args=[org]), **ended).status_code == 302
    assert not authorities_of(org, on=today).filter(item_code=item, power="accept").exists()


def newcomer(world, **changed):
    given = {
        "name": "李新人", "username": "xinren", "employee_number": "N001", "id_number": "", "post": "reviewer",
        "org": str(world.orgs["division"]), "hall": str(world.orgs["hall"]), "valid_from": "2026-01-01",
    }  # fmt: skip
    return given | changed


def test_somebody_new_signs_in_with_the_password_shown_once_and_must_change_it(world):
    client = enter("administrator")
    shown = send(client, reverse("bureau:add_staff"), **newcomer(world))
    assert shown["Cache-Control"] == "no-store"
    password = re.search(r'id="first-password">([^<]+)<', shown.content.decode())[1]
    new = Client()
    assert new.post("/login", {"username": "xinren", "password": password}).status_code == 302
    assert new.get("/account").headers["Location"].startswith("/account/password")
    again = send(client, reverse("bureau:add_staff"), **newcomer(world))
    assert again.status_code == 409 and "已被使用" in again.content.decode() and password not in again.content.decode()
    assert User.objects.filter(username="xinren").count() == 1


def test_an_incompatible_post_is_refused_in_words(world):
    clerk = world.users["clerk"]
    answer = send(enter("administrator"), reverse("bureau:appoint", args=[clerk]), **newcomer(world))
    assert answer.status_code == 409 and "不相容" in answer.content.decode()
    assert len(posts_held([clerk], on=local_date(timezone.now()))[clerk]) == 1


def test_a_post_ends_and_an_account_rests(world):
    client, clerk = enter("administrator"), world.users["clerk"]
    yesterday = local_date(timezone.now()) - timedelta(days=1)
    ended = send(client, reverse("bureau:end_posting", args=[clerk, world.postings["clerk"]]), last_day=yesterday)
    assert ended.status_code == 302 and posts_held([clerk], on=local_date(timezone.now())) == {}
    send(client, reverse("bureau:active", args=[clerk]), active="no")
    assert Client().post("/login", {"username": "clerk", "password": PASSWORD}).status_code == 422
    send(client, reverse("bureau:active", args=[clerk]), active="yes")
    User.objects.filter(pk=clerk).update(locked_until=timezone.now() + timedelta(minutes=30))
    assert "已锁定" in client.get(reverse("bureau:member", args=[clerk])).content.decode()
    send(client, reverse("bureau:unlock", args=[clerk]))
    assert Client().post("/login", {"username": "clerk", "password": PASSWORD}).status_code == 302
    shown = send(client, reverse("bureau:reset_password", args=[clerk])).content.decode()
    assert "初始密码" in shown and Client().post("/login", {"username": "clerk", "password": PASSWORD}).status_code == 422


@pytest.mark.parametrize(("who", "url"), [("administrator", "bureau"), ("reviewer-1", "account")])
def test_an_absence_is_recorded_once_listed_and_cancelled(world, who, url):
    client, member, today = enter(who), world.users["reviewer-1"], local_date(timezone.now())
    page = reverse(f"{url}:absences", args=[member] if url == "bureau" else [])
    given = {"first": today + timedelta(days=3), "last": today + timedelta(days=5), "reason": "年休假"}
    wrong = send(client, page, **given | {"last": today})
    assert wrong.status_code == 422 and list(wrong.context["form"].errors) == ["last"] and "年休假" in wrong.content.decode()
    for once in [str(uuid4())] * 2:
        assert client.post(page, {"once": once, **given}).status_code == 302
    assert send(client, page, **given).status_code == 409
    ((absence, _tone, word, act),) = client.get(page).context["rows"]
    assert (absence.user_id, word, act) == (member, "未开始", "取消")
    cancel = reverse(f"{url}:cancel_absence", args=[member, absence.pk] if url == "bureau" else [absence.pk])
    assert cancel in client.get(page).content.decode()
    assert send(enter("reviewer-2"), cancel).status_code == (403 if url == "bureau" else 404)
    assert send(enter("reviewer-2"), reverse("account:cancel_absence", args=[absence.pk])).status_code == 404
    assert send(client, cancel).status_code == 302 and client.get(page).context["rows"] == []


def test_the_security_administrator_ends_a_session(world):
    theirs, client = enter("clerk"), enter("security")
    session = SignIn.objects.get(user=user_by_name("clerk"), ended_at=None)
    assert "工作人员00" in client.get(reverse("bureau:sessions")).content.decode()
    assert send(client, reverse("bureau:end_session", args=[session.pk])).status_code == 302
    assert theirs.get("/account").status_code == 302
    assert send(enter("administrator"), reverse("bureau:end_session", args=[session.pk])).status_code == 403


# -- draws and record ----------------------------------------------------------------------------------------------------


def test_a_day_of_draws_is_shown_repeated_and_taken_along(world):
    story = Story(world)
    story.receive()
    story.accept()
    client = enter("auditor")
    day = client.get(reverse("bureau:draw_day", args=["2026-03-02"]))
    assert story.case.number in day.content.decode() and [r[2].same for r in day.context["rows"]] == [True]
    assert "1 次全部一致" in client.get(reverse("bureau:replay", args=["2026-03-02"])).content.decode()
    lines = [
        json.loads(line) for line in client.get(reverse("bureau:draw_file", args=["2026-03-02"])).content.decode().splitlines()
    ]
    assert [line["what"] for line in lines] == ["committed"], "the seed is not out yet"
    assert client.get(reverse("bureau:draw_day", args=["2020-01-01"])).status_code == 404
    assert client.get("/console/draws/2026-02-30").status_code == 404


def test_the_record_is_checked_on_demand(world):
    client = enter("auditor")
    for _ in range(2):
        assert send(client, reverse("bureau:verify_record")).status_code == 302
    asked = Verification.objects.get()
    url = reverse("bureau:verification", args=[asked.pk])
    assert "正在核验" in client.get(url, headers={"HX-Request": "true"}).content.decode()
    run_verification(verification_id=asked.pk, now=timezone.now())
    assert "核验通过" in client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "核验通过" in client.get(reverse("bureau:record")).content.decode()


def test_who_looked_at_whose_record_is_found_by_number_and_purpose(world):
    view_person(person_id=world.people["applicant"], by=world.actor("clerk"), now=timezone.now())
    client = enter("auditor")
    missing = send(client, reverse("bureau:find_looks"), number=person_id(0), reason="")
    assert missing.status_code == 422
    nobody = send(client, reverse("bureau:find_looks"), number=person_id(8), reason="信访核查")
    assert nobody.status_code == 404 and "没有找到" in nobody.content.decode()
    found = send(client, reverse("bureau:find_looks"), number=person_id(0), reason="信访核查")
    assert person_id(0) not in found["Location"]
    text = client.get(found["Location"]).content.decode()
    assert "工作人员00" in text and "调取资料填表" in text and "信访核查" in text and person_id(0) not in text


def test_lists_cost_the_same_however_long_they_are(world):
    admin, auditor, security = enter("administrator"), enter("auditor"), enter("security")

    def costs():
        pages = [
            (admin, reverse("bureau:orgs")), (admin, reverse("bureau:staff")), (admin, reverse("bureau:calendar")),
            (admin, reverse("bureau:member", args=[world.users["clerk"]])),
            (admin, reverse("bureau:absences", args=[world.users["clerk"]])), (security, reverse("bureau:sessions")),
            (auditor, reverse("bureau:draws")), (auditor, reverse("bureau:draw_day", args=["2026-03-02"])),
            (auditor, reverse("bureau:record")), (auditor, reverse("bureau:looks", args=[world.people["applicant"]])),
        ]  # fmt: skip
        found = {}
        for client, url in pages:
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            found[url] = len(queries)
        return found

    def more(n, start):
        for k in range(start, start + n):
            story = Story(world)
            story.receive(time=f"10:{k:02d}")
            story.accept(time=f"11:{k:02d}")
            view_person(person_id=world.people["applicant"], by=world.actor("clerk"), now=timezone.now())
            sign_in(username=f"reviewer-{1 + k % 4}", password=PASSWORD, now=timezone.now())
            seal_heads(now=timezone.now())
            away = date(2026, 6, 1 + k)
            record_absence(
                user_id=world.users["clerk"], first=away, last=away, reason="培训", by=world.actor("clerk"), now=timezone.now()
            )
            Organisation.objects.create(
                code=f"o{k}", name=f"机构{k}", short_name=f"机构{k}", kind="hall", parent_id=world.orgs["bureau"], body_id=world.orgs["bureau"],
                path=f"/{world.orgs['bureau']}/{uuid4()}/", region_id="7701", valid_from=date(2026, 1, 1),
            )  # fmt: skip

    more(1, 0)
    few = costs()
    more(3, 1)
    assert costs() == few


def test_many_looks_are_shown_page_by_page(world):
    for _ in range(35):
        view_person(person_id=world.people["applicant"], by=world.actor("clerk"), now=timezone.now())
    client, url = enter("auditor"), reverse("bureau:looks", args=[world.people["applicant"]])
    first = client.get(url)
    second = client.get(url + first.context["page"].after)
    assert len(first.context["rows"]) == 30 and len(second.context["rows"]) >= 5
    assert {r[0].seq for r in first.context["rows"]}.isdisjoint(r[0].seq for r in second.context["rows"])
