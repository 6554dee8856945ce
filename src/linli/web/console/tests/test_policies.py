"""The policy officer's console: who may open and do what, what the pages say, and what they cost."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from PIL import Image

from linli.domains.benefits import commands
from linli.domains.benefits.queries import changes, policy_sheet, shipped_policies
from linli.testing.world import PASSWORD

pytestmark = pytest.mark.django_db
BASE, ELDERLY, CLAIM = "resident_pension.base", "elderly_allowance.bands", "na-resident-pension-claim-reminder"
TYPED = {
    "value": "163", "region": "770100", "since": "2027-01-01", "source_title": "关于调整基础养老金的通知", "source_number": "示人社发〔2026〕1号",
    "source_date": "2026-11-01", "note": "",
}  # fmt: skip


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def send(client, url, **given):
    return client.post(url, {"once": str(uuid4()), **given})


def text(answer) -> str:
    return answer.content.decode()


def draft(world, who="policies", value="163", name=BASE, since=date(2027, 1, 1)):
    ground = commands.Ground("关于调整基础养老金的通知", "示人社发〔2026〕1号", date(2026, 11, 1))
    return commands.draft_change(
        name=name,
        region="770100",
        typed={"value": value},
        since=since,
        ground=ground,
        note="",
        by=world.actor(who),
        now=timezone.now(),
    )


@pytest.mark.parametrize(
    ("who", "see", "write", "decide"),
    [
        ("policies", 200, 200, 403), ("second-policies", 200, 403, 302), ("benefits", 200, 403, 403), ("auditor", 200, 403, 403),
        ("payments", 200, 403, 403), ("clerk", 403, 403, 403), ("reviewer-1", 403, 403, 403),
    ],
)  # fmt: skip
def test_each_post_opens_what_it_may(world, who, see, write, decide):
    change = draft(world)
    commands.propose_change(change_id=change, by=world.actor("policies"), now=timezone.now())
    client = enter(who)
    pages = [("list", []), ("figures", []), ("changes", []), ("one", [CLAIM]), ("figure", [BASE]), ("change", [change])]
    assert [client.get(reverse(f"policies:{name}", args=args)).status_code for name, args in pages] == [see] * len(pages)
    forms = [reverse("policies:new", args=[BASE]), reverse("policies:new_case", args=[CLAIM])]
    assert [client.get(url).status_code for url in forms] == [write, write]
    assert send(client, reverse("policies:new", args=[BASE]), **TYPED).status_code == (302 if write == 200 else 403)
    assert send(client, reverse("policies:act", args=[change, "agree"]), seen="0").status_code == decide
    if see == 200:
        assert client.get(reverse("policies:scan", args=[change])).status_code == 404
        assert client.get(reverse("policies:what_if", args=[uuid4()])).status_code == 404


def test_who_serves_another_place_sees_no_change_of_this_one(world):
    change = draft(world)
    below = enter("benefits-elsewhere")  # a county of this city, where the figure of the city counts
    assert below.get(reverse("policies:change", args=[change])).status_code == 200
    assert below.get(reverse("policies:edit", args=[change])).status_code == 403
    assert enter("second-policies").get(reverse("policies:edit", args=[change])).status_code == 403


def test_the_list_is_narrowed_by_the_address_and_names_what_is_over(world):
    client = enter("policies")
    page = text(client.get(reverse("policies:list")))
    assert all(p.name in page for p in shipped_policies().values())
    over = text(client.get(reverse("policies:list"), {"standing": "over", "subject": "employer"}))
    assert "稳岗返还" in over and "2025" in over and "高龄津贴" not in over
    assert "没有这样的政策" in text(client.get(reverse("policies:list"), {"q": "不存在"}))


def test_every_policy_and_every_parameter_has_a_page(world):
    client = enter("policies")
    for code, policy in shipped_policies().items():
        page = text(client.get(reverse("policies:one", args=[code])))
        assert policy.name in page and all(sentence in page for sentence in policy.conditions.values())
    assert client.get(reverse("policies:one", args=["na-no-such"])).status_code == 404
    from linli.domains.benefits.queries import parameter_sheets

    for sheet in parameter_sheets(by=world.actor("policies"), on=date(2026, 11, 22)):
        assert client.get(reverse("policies:figure", args=[sheet.name])).status_code == 200
        assert client.get(reverse("policies:new", args=[sheet.name])).status_code == (200 if sheet.changeable else 404)
    assert client.get(reverse("policies:figure", args=["no.such"])).status_code == 404


def test_what_was_typed_comes_back_with_what_is_wrong_with_it(world):
    client = enter("policies")
    url = reverse("policies:new", args=[BASE])
    answer = send(client, url, **{**TYPED, "value": "一百", "since": "", "source_title": ""})
    page = text(answer)
    assert answer.status_code == 422 and "一百" in page and "示人社发〔2026〕1号" in page
    assert 'id="id_value-error"' in page and 'id="id_since-error"' in page and 'id="id_source_title-error"' in page
    rows = {"value-0-key": "80", "value-0-only": "60", "value-1-key": "90", "value-1-only": "x"}
    bands = reverse("policies:new", args=[ELDERLY])
    page = text(send(client, bands, **{**TYPED, **rows}))
    assert 'value="x"' in page and "请填数字" in page
    more = send(client, bands, **{**TYPED, **rows, "add_row": "value"})
    assert more.status_code == 200 and 'name="value-2-key"' in text(more)
    assert not changes(by=world.actor("policies")).exists()


def test_a_scan_of_the_notice_is_kept_with_the_figure(world):
    client = enter("policies")
    picture = BytesIO()
    Image.new("RGB", (60, 60), "#ccc").save(picture, "PNG")
    file = SimpleUploadedFile("通知.png", picture.getvalue(), "image/png")
    assert send(client, reverse("policies:new", args=[BASE]), **TYPED, file=file).status_code == 302
    (row,) = changes(by=world.actor("policies"))
    page = text(client.get(reverse("policies:change", args=[row.pk])))
    assert "通知.png" in page
    answer = client.get(reverse("policies:scan", args=[row.pk]))
    assert answer.status_code == 200 and answer["Content-Type"] == "image/png"
    wrong = SimpleUploadedFile("通知.png", b"no picture", "image/png")
    answer = send(client, reverse("policies:edit", args=[row.pk]), **TYPED, file=wrong)
    assert answer.status_code == 422 and 'id="id_file-error"' in text(answer)
    assert send(client, reverse("policies:edit", args=[row.pk]), **{**TYPED, "value": "164"}).status_code == 302
    row.refresh_from_db()
    assert (row.value, row.scan_name) == (164, "通知.png")


def test_a_click_twice_is_one_change_and_one_publication(world):
    client, key = enter("policies"), str(uuid4())
    answers = [client.post(reverse("policies:new", args=[BASE]), {"once": key, **TYPED}) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    (row,) = changes(by=world.actor("policies"))
    assert send(client, reverse("policies:act", args=[row.pk, "propose"])).status_code == 302
    second, key = enter("second-policies"), str(uuid4())
    for _ in range(2):
        assert second.post(reverse("policies:act", args=[row.pk, "agree"]), {"once": key, "seen": "0"}).status_code == 302
    assert send(second, reverse("policies:act", args=[row.pk, "agree"])).status_code == 409
    assert "已公布" in text(second.get(reverse("policies:change", args=[row.pk])))
    assert "近 30 天公布的参数" in text(enter("benefits").get(reverse("policies:list")))


def test_who_agrees_on_a_page_that_is_out_of_date_is_shown_the_new_one_and_nothing_is_published(world):
    changes_, client = [draft(world), draft(world, value="173")], enter("second-policies")
    for change in changes_:
        commands.propose_change(change_id=change, by=world.actor("policies"), now=timezone.now())
    first, second = (reverse("policies:act", args=[change, "agree"]) for change in changes_)
    page = text(client.get(reverse("policies:change", args=[changes_[1]])))
    assert 'name="seen" value="0"' in page and "没有一个用例用到这个数" in page and "全部通过" not in page
    assert send(client, first, seen="0").status_code == 302
    for said in ("0", "", "x" * 9, "9" * 5000):
        answer = send(client, second, seen=said)
        assert answer.status_code == 409 and "又公布了别的修改" in text(answer) and 'name="seen" value="1"' in text(answer)
    assert send(client, second, seen="1").status_code == 302
    assert "这个数已经不用了" in text(client.get(reverse("policies:change", args=[changes_[0]])))


def test_nothing_is_sent_back_without_a_reason(world):
    change = draft(world)
    commands.propose_change(change_id=change, by=world.actor("policies"), now=timezone.now())
    client = enter("second-policies")
    answer = send(client, reverse("policies:act", args=[change, "refuse"]), reason=" ")
    assert answer.status_code == 400 or answer.status_code == 422
    assert "请写清理由" in text(answer)
    assert send(client, reverse("policies:act", args=[change, "refuse"]), reason="数抄错了").status_code == 302
    assert "数抄错了" in text(enter("policies").get(reverse("policies:change", args=[change])))


def test_a_case_is_written_run_and_given_up(world):
    client = enter("policies")
    url = reverse("policies:new_case", args=[CLAIM])
    case = {
        "label": "满 60 岁", "region": "770100", "on": "2026-11-22", "given.birth": "1960-01-01", "given.resident_paid_months": "180",
        "given.resident_account": "13900", "given.resident_transitional": "no", "given.receiving_pension": "no", "expected.state": "entitled",
        "expected.amount": "300",
    }  # fmt: skip
    answer = send(client, url, **{**case, "label": "", "given.birth": "1960"})
    assert answer.status_code == 422 and 'id="id_given.birth-error"' in text(answer) and 'id="id_label-error"' in text(answer)
    assert send(client, url, **case)["Location"] == reverse("policies:one", args=[CLAIM])
    page = text(client.get(reverse("policies:one", args=[CLAIM])))
    assert "没有通过" in page and "300" in page and "243.00" in page
    (trial,) = [t for t in policy_sheet(CLAIM, by=world.actor("policies"), on=date(2026, 11, 22)).trials if t.case]
    retire = reverse("policies:retire", args=[trial.case.pk])
    assert enter("second-policies").get(retire).status_code == 403
    assert client.get(retire).status_code == 200 and send(client, retire, reason="").status_code == 422
    elsewhere = "//example.org/"
    assert send(client, retire, reason="写错了", back=elsewhere)["Location"] == reverse("policies:one", args=[CLAIM])
    assert "写错了" in text(client.get(reverse("policies:one", args=[CLAIM]))) and client.get(retire).status_code == 404


def test_no_reckoning_without_somebody_to_reckon_for(world):
    change = draft(world, name="wage.minimum", value="2200")
    answer = send(enter("policies"), reverse("policies:ask", args=[change]))
    assert answer.status_code == 409 and "没有可测算的人群" in text(answer)


def test_a_reckoning_is_taken_along_without_anybody_named(world, settings, tmp_path):
    from linli.domains.benefits.queries import Effect, policy_of
    from linli.domains.benefits.queries.figures import PlaceEffect
    from linli.web.console.policies import weighing

    effect = Effect(policy_of(CLAIM), 3, 3, 600, 900, 0, 0, 2, 1, 4000, 100, 5, (PlaceEffect("=清溪县", 2, 1, 4000, 100),))
    change = draft(world)
    client = enter("policies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weighing, "effects", lambda run: [effect])
        run = commands.ask_what_if(change_id=change, fresh=True, by=world.actor("policies"), now=timezone.now())
        csv = b"".join(client.get(reverse("policies:export", args=[run, "csv"])).streaming_content).decode("utf-8-sig")
        book = load_workbook(BytesIO(client.get(reverse("policies:export", args=[run, "xlsx"])).content))
    assert csv.splitlines()[1] == "城乡居民养老保险到龄待遇主动领取,'=清溪县,2,1,40.00,1.00"
    assert [c.value for c in book.active[2]][1:] == ["'=清溪县", "2", "1", "40.00", "1.00"]
    assert client.get(reverse("policies:what_if", args=[run])).status_code == 200
    assert client.get(reverse("policies:export", args=[run, "csv"])).status_code == 409
    assert client.get(reverse("policies:export", args=[run, "exe"])).status_code == 404


def test_lists_cost_the_same_however_long(world):
    client = enter("policies")

    def asked(name, *args):
        url = reverse(f"policies:{name}", args=args)
        client.get(url)
        with CaptureQueriesContext(connection) as found:
            assert client.get(url).status_code == 200
        return len(found)

    first = draft(world, value="150")
    pages = [("list",), ("figures",), ("changes",), ("one", CLAIM), ("figure", BASE), ("change", first)]
    few = [asked(*page) for page in pages]
    for n in range(8):
        draft(world, value=str(151 + n))
        commands.add_policy_case(
            target=CLAIM, label=f"用例 {n}", region="770100", on=date(2026, 11, 22), given={"birth": "1990-01-01"},
            expected={"state": "not_entitled"}, basis="", by=world.actor("policies"), now=timezone.now(),
        )  # fmt: skip
    assert [asked(*page) for page in pages] == few
