"""A resident's own pages: one question a page, submitted once, and nobody else's by any address."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, State
from linli.domains.catalog.queries import get_standard
from linli.testing.browser import sign_in_resident
from linli.testing.story import filled, picture
from linli.web.itemform import PREFIX

pytestmark = pytest.mark.django_db
CLAIM = "flexible-social-subsidy"
UPLOAD = "gap-payment"


@pytest.fixture
def me(client, world):
    """The applicant, signed in."""
    sign_in_resident(client, world, "applicant")
    return client


@pytest.fixture
def stranger(world):
    """Another resident, signed in."""
    other = Client()
    sign_in_resident(other, world, "neighbour")
    return other


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def key():
    return {"once": str(uuid4())}


def begun(client, item=CLAIM):
    answer = client.post(reverse("apply:start", args=[item]), key())
    assert answer.status_code == 303, text(answer)
    return Case.objects.latest("started_at")


def answers_of(case, names):
    standard = get_standard(case.standard_id)
    values = filled(standard)
    data = {}
    for f in standard.form:
        if f.name in names and f.name in values:
            if isinstance(values[f.name], list):
                data |= {f"{PREFIX}{f.name}-{n}-line": line for n, line in enumerate(values[f.name])}
            else:
                data[PREFIX + f.name] = "true" if values[f.name] is True else values[f.name]
    return data


def may_commit(case, code):
    return get_standard(case.standard_id).material(code).may_be_committed


def walk(client, case, *, commit=True):
    """Go through every page as somebody would, answering what is asked; returns the addresses seen."""
    url, seen = reverse("apply:resume", args=[case.pk]), []
    while True:
        page = client.get(url, follow=True)
        here = page.redirect_chain[-1][0] if page.redirect_chain else url
        assert page.status_code == 200 and here not in seen, (here, seen)
        seen.append(here)
        if here.endswith("/review"):
            return seen
        context = page.context
        kind, data = context["page"].kind, key()
        if kind == "fields":
            data |= answers_of(case, context["page"].fields)
        elif kind == "question":
            data["applies"] = "yes" if may_commit(case, context["page"].line.code) or not commit else "no"
        elif kind == "material" and context["m"].open:
            if commit and context["commit_url"]:
                commitment = reverse("apply:commit", args=[case.pk, context["m"].code])
                answer = client.post(commitment, key() | {"agree": "true", "name": "赵示例"})
            else:
                photo = SimpleUploadedFile("证明.png", picture(here).read(), "image/png")
                answer = client.post(here, key() | {"photo": photo})
                assert answer.url == here
                answer = client.post(here, key())
            assert answer.status_code == 303, text(answer)
            url = answer.url
            continue
        answer = client.post(here, data)
        assert answer.status_code == 303, text(answer)
        url = answer.url


def submitted(client, item=CLAIM):
    case = begun(client, item)
    walk(client, case)
    answer = client.post(reverse("apply:submit", args=[case.pk]), key() | {"agree": "true"})
    assert answer.status_code == 303, text(answer)
    case.refresh_from_db()
    return case


def test_from_the_guide_to_the_receipt(me):
    guide = text(me.get(f"/guides/{CLAIM}"))
    assert reverse("apply:start", args=[CLAIM]) in guide
    assert "申请表就在网上填" in text(me.get(reverse("apply:start", args=[CLAIM])))
    case = submitted(me)
    assert case.state == State.SUBMITTED
    receipt = text(me.get(reverse("apply:receipt", args=[case.pk])))
    assert case.number in receipt and "清溪县政务服务大厅" in receipt and "工作日" in receipt
    mine = text(me.get(reverse("apply:mine")))
    assert case.number in mine and "已提交" in mine
    assert "已提交" in text(me.get(reverse("apply:case", args=[case.pk])))


def test_a_photograph_is_taken_in_shown_and_taken_off(me):
    case = begun(me, UPLOAD)
    seen = walk(me, case, commit=False)
    assert any("/p/give-" in url for url in seen)
    page = next(url for url in seen if "/p/give-" in url)
    files = me.get(page).context["m"].files
    assert len(files) == 1
    picture_of = me.get(reverse("apply:file", args=[case.pk, files[0].id]))
    assert picture_of.status_code == 200 and b"".join(picture_of.streaming_content).startswith(b"\x89PNG")
    again = me.post(page, key() | {"photo": SimpleUploadedFile("x.png", picture(page).read(), "image/png")})
    assert again.status_code == 303 and len(me.get(page).context["m"].files) == 1  # the same picture is there already
    me.post(reverse("apply:take_off", args=[case.pk, files[0].id]), key())
    assert not me.get(page).context["m"].files


@pytest.mark.parametrize(
    "name,content",
    [
        ("x.png", b"MZ\x90\x00" * 50),
        ("../../etc/passwd.png", b"x"),
        ("x.pdf", b"%PDF-1.4 broken"),
        ("x.html", b"<script>1</script>"),
    ],
)
def test_a_hostile_upload_is_refused_with_a_sentence(me, name, content):
    case = begun(me, UPLOAD)
    page = next(url for url in walk(me, case, commit=False) if "/p/give-" in url)
    answer = me.post(page, key() | {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 422 and len(me.get(page).context["m"].files) == 1


def test_every_address_of_somebody_elses_case_is_not_there(me, stranger):
    case = submitted(me)
    draft = begun(me)
    code = "m03"
    for pk in (case.pk, draft.pk):
        file_id = uuid4()
        for name, args in [
            ("resume", [pk]), ("review", [pk]), ("page", [pk, "known"]), ("commit", [pk, code]), ("case", [pk]), ("receipt", [pk]),
            ("withdraw", [pk]), ("code", [pk]), ("code_qr", [pk]), ("case_qr", [pk]), ("paper", [pk, uuid4()]), ("file", [pk, file_id]),
        ]:  # fmt: skip
            assert stranger.get(reverse(f"apply:{name}", args=args)).status_code == 404, name
        for name, args in [
            ("submit", [pk]), ("page", [pk, "form-1"]), ("save", [pk, "form-1"]), ("commit", [pk, code]), ("take_back", [pk, code]),
            ("withdraw", [pk]), ("collect", [pk]), ("code", [pk]), ("take_off", [pk, file_id]),
        ]:  # fmt: skip
            assert stranger.post(reverse(f"apply:{name}", args=args), key() | {"agree": "true"}).status_code == 404, name
    assert "您还没有办过事" in text(stranger.get(reverse("apply:mine")))


def test_staff_and_strangers_are_led_elsewhere(client, world, me):
    case = begun(me)
    nobody = Client().get(reverse("apply:case", args=[case.pk]))
    assert nobody.status_code == 302 and "next=" in nobody.url
    assert Client().post(reverse("apply:submit", args=[case.pk]), key()).status_code == 401


def test_what_is_missing_or_wrong_is_said_at_the_field_and_what_was_typed_stays(me):
    case = begun(me)
    plan = [url for url in walk(me, case) if "/p/form-" in url]
    fields = me.get(plan[0]).context["page"].fields
    answer = me.post(plan[0], key() | {PREFIX + name: "" for name in fields})
    assert answer.status_code == 422 and "还没有填写" in text(answer) and "需要修改" in text(answer)
    known = reverse("apply:page", args=[case.pk, "known"])
    answer = me.post(f"{known}?edit=1", key() | answers_of(case, me.get(known).context["page"].fields) | {f"{PREFIX}phone": "123"})
    assert answer.status_code == 422 and 'value="123"' in text(answer)


def test_typing_is_saved_by_itself_as_far_as_it_is_right(me):
    case = begun(me)
    url = next(u for u in walk(me, case) if "/p/form-" in u)
    names = me.get(url).context["page"].fields
    sheet_before = Case.objects.get(pk=case.pk).form.open_json()
    answer = me.post(url + "/save", answers_of(case, names) | {PREFIX + names[0]: "x" * 3000}, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "已保存" in text(answer) and "还没有存上" in text(answer)
    assert Case.objects.get(pk=case.pk).form.open_json()[names[0]] == sheet_before[names[0]]


def test_submitting_twice_going_back_and_reloading_change_nothing(me):
    case, once = begun(me), key()
    walk(me, case)
    url, data = reverse("apply:submit", args=[case.pk]), once | {"agree": "true"}
    assert me.post(url, key()).status_code == 422  # the box is not ticked
    first, second, third = me.post(url, data), me.post(url, data), me.post(url, key() | {"agree": "true"})
    assert {first.url, second.url, third.url} == {reverse("apply:receipt", args=[case.pk])}
    for name in ("review", "resume"):
        assert me.get(reverse(f"apply:{name}", args=[case.pk])).url == reverse("apply:case", args=[case.pk])
    assert me.post(reverse("apply:page", args=[case.pk, "form-1"]), key()).status_code == 303
    assert Case.objects.count() == 1
    with_script = me.post(url, key() | {"agree": "true"}, headers={"Linli-Keep": "1"})
    assert with_script.status_code == 204 and with_script["Linli-To"] == first.url


def test_nothing_is_submitted_that_is_not_whole(me):
    case = begun(me)
    answer = me.post(reverse("apply:submit", args=[case.pk]), key() | {"agree": "true"})
    assert answer.status_code == 422 and "还没有填写" in text(answer)
    case.refresh_from_db()
    assert case.state == State.DRAFT


def test_a_correction_shows_only_what_is_asked_for(me, world):
    case = submitted(me)
    clerk = world.actor("elsewhere", on=timezone.localdate())
    missing = [do.Missing("m03", "签名看不清"), do.Missing("phone", "号码打不通", is_field=True)]
    do.request_correction(case_id=case.pk, missing=missing, by=clerk, now=timezone.now())
    page = text(me.get(reverse("apply:case", args=[case.pk])))
    assert "待您补正" in page and "签名看不清" in page and "现在补正" in page
    first = me.get(reverse("apply:resume", args=[case.pk]), follow=True)
    assert first.context["page"].fields == ("phone",)
    answer = me.post(first.redirect_chain[-1][0], key() | {f"{PREFIX}phone": "10000000007"})
    give = me.get(answer.url)
    assert give.context["m"].asked == "签名看不清"
    photo = SimpleUploadedFile("签名.png", picture("new").read(), "image/png")
    assert me.post(answer.url, key() | {"photo": photo}).status_code == 303
    me.post(reverse("apply:submit", args=[case.pk]), key() | {"agree": "true"})
    case.refresh_from_db()
    assert case.state == State.SUBMITTED and case.form.open_json()["phone"] == "10000000007"


def test_taking_back_asks_first(me):
    case = submitted(me)
    url = reverse("apply:withdraw", args=[case.pk])
    assert "不能恢复" in text(me.get(url))
    me.post(url, key() | {"reason": "不办了"})
    case.refresh_from_db()
    assert case.state == State.WITHDRAWN and "已撤回" in text(me.get(reverse("apply:case", args=[case.pk])))


def test_a_code_leads_to_the_counter_and_back(me, world):
    case = begun(me)
    url = reverse("apply:code", args=[case.pk])
    assert "取接着办码" in text(me.get(url)) and me.get(reverse("apply:code_qr", args=[case.pk])).status_code == 404
    me.post(url, key())
    shown = re.search(r"接着办码 (\d{8})", text(me.get(url)))[1]
    assert me.get(reverse("apply:code_qr", args=[case.pk])).status_code == 200
    clerk, now = world.actor("village", on=timezone.localdate()), timezone.now()
    do.take_over(code=shown, by=clerk, now=now)
    assert "正在窗口办理" in text(me.get(reverse("apply:case", args=[case.pk])))
    back = do.make_hand_over(case_id=case.pk, by=clerk, now=now)
    wrong = me.post(reverse("apply:take_over"), key() | {"code": "00000000"})
    assert wrong.status_code == 422 and "没有找到" in text(wrong)
    assert me.post(reverse("apply:take_over"), key() | {"code": back}).url == reverse("apply:resume", args=[case.pk])


def test_the_list_costs_the_same_for_one_case_and_for_many(me, world):
    def cost():
        with CaptureQueriesContext(connection) as seen:
            assert me.get(reverse("apply:mine")).status_code == 200
        return len(seen)

    submitted(me)
    few = cost()
    for item in ("job-seeker-registration", "card-replacement-lost", "normal-retirement", "resident-pension-enrolment"):
        begun(me, item)
    assert cost() <= few + 1


def test_another_language_and_large_print(me):
    case = begun(me)
    me.cookies["django_language"] = "en"
    me.cookies["linli_print"] = "large"
    assert me.get(reverse("apply:page", args=[case.pk, "known"])).status_code == 200


def test_what_the_form_asks_to_be_attached_has_a_page_with_a_camera(me):
    case = begun(me, "card-replacement-lost")
    page = reverse("apply:page", args=[case.pk, "give-photo"])
    shown = text(me.get(page))
    assert "电子照片" in shown and 'capture="environment"' in shown and 'type="file"' in shown
    for name, content in [("x.png", b"MZ\x90\x00" * 50), ("x.html", b"<script>1</script>"), ("x.pdf", b"%PDF-1.4 broken")]:
        answer = me.post(page, key() | {"photo": SimpleUploadedFile(name, content)})
        assert answer.status_code == 422 and not me.get(page).context["m"].files, name
    assert me.post(page, key()).status_code == 422  # it cannot be left out
    early = me.post(reverse("apply:submit", args=[case.pk]), key() | {"agree": "true"})
    assert early.status_code == 422 and "“电子照片”还没有上传。" in text(early)
    seen = walk(me, case)
    assert page in seen and not any("photo" in p.context.get("page").fields for p in map(me.get, seen[:-1]) if p.context)
    assert me.post(reverse("apply:submit", args=[case.pk]), key() | {"agree": "true"}).status_code == 303
    case.refresh_from_db()
    assert case.state == State.SUBMITTED and "电子照片" in text(me.get(reverse("apply:case", args=[case.pk])))


def test_why_a_material_cannot_be_promised_and_what_to_do_instead(me, stranger):
    case = begun(me, "card-replacement-exchange")
    given, page = reverse("apply:commit", args=[case.pk, "m01"]), reverse("apply:page", args=[case.pk, "give-m01"])
    said = text(me.get(given))
    assert "没有把它列为可以承诺的材料。" in said and page in said
    assert me.post(given, key() | {"agree": "true", "name": "赵示例"}).status_code == 200
    assert me.get(page).context["m"].open  # nothing was promised
    fetched = text(me.get(reverse("apply:commit", args=[case.pk, "m02"])))
    assert "核验，不用您提供" in fetched and "不用管它" in fetched
    assert me.get(reverse("apply:commit", args=[case.pk, "m99"])).status_code == 404
    assert stranger.get(given).status_code == 404
