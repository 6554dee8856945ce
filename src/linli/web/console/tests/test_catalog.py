"""The catalogue in the console, page by page, without a browser."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from io import BytesIO
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from linli.domains.catalog.commands import publish, save_draft, start_draft
from linli.domains.catalog.queries import MainItem, drafts, get_row, get_standard, in_force, in_force_row, versions
from linli.domains.documents.queries import current_templates
from linli.kernel.calendar import local_date
from linli.kernel.ids import uuid7
from linli.testing.browser import make_login
from linli.testing.world import CITY, COUNTY, PASSWORD

pytestmark = pytest.mark.django_db
CODE = "labour-dispatch-permit"


def as_(login, *, password=PASSWORD):
    client = Client()
    client.post("/login", {"username": login, "password": password})
    return client


@pytest.fixture
def editor(world):
    return as_("editor")


@pytest.fixture
def county_editor(world):
    login = make_login("county-editor", "catalogue-publisher", name="县编辑", where="county")
    return as_(login.username, password=login.password)


def today():
    return local_date(timezone.now())


def begin(client, code=CODE, place=CITY):
    answer = client.post(reverse("catalog:start", args=[code]), {"place": place, "once": str(uuid7())})
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"].rsplit("/", 1)[-1]


def fields(page):
    """What a browser would send of the editor's form."""
    from html import unescape

    form = re.search(r'<form method="post"[^>]*id="editor".*?</form>', page, re.S)[0]
    sent = []
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and not ("checkbox" in tag and "checked" not in tag):
            sent.append((unescape(name[1]), unescape(value[1]) if value else ""))
    for name, inner in re.findall(r"<select[^>]*name=\"([^\"]*)\"[^>]*>(.*?)</select>", form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inner)
        sent.append((unescape(name), unescape(chosen[1]) if chosen else ""))
    for name, inner in re.findall(r"<textarea[^>]*name=\"([^\"]*)\"[^>]*>(.*?)</textarea>", form, re.S):
        sent.append((unescape(name), unescape(inner)))
    return sent


def sent(pairs, **changes):
    """The same with some values changed, as a form body."""
    changed = [(n, v) for n, v in pairs if n not in changes] + [(n, v) for n, v in changes.items() if v is not None]
    return urlencode(changed)


def post(client, url, body):
    return client.post(url, body, content_type="application/x-www-form-urlencoded")


def edit_url(draft, part):
    return reverse("catalog:edit", args=[draft]) + f"?part={part}"


def text(answer):
    return answer.content.decode()


# -- lists ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found", "missing"),
    [
        ("q=lwpq", "劳务派遣经营许可(设立)", "失业保险金申领"),
        ("q=labour-dispatch-permit", "劳务派遣经营许可(设立)", "失业保险金申领"),
        ("q=失业金", "失业保险金申领", "劳务派遣经营许可(设立)"),
        ("main=unemployment-benefit", "失业保险金申领", "劳务派遣经营许可(设立)"),
        ("q=失业保险金申领&handling=instant", "失业保险金申领", "没有符合条件的事项"),
        ("q=labour-dispatch-permit&handling=instant", "没有符合条件的事项", "劳务派遣经营许可(设立)</a>"),
        ("finding=proof_without_basis&q=死亡", "证明没有依据", "没有符合条件的事项"),
    ],
)
def test_items_are_found_and_filtered_by_the_address(editor, query, found, missing):
    page = text(editor.get(reverse("catalog:items") + "?" + query))
    table = page.partition("l-table-block")[2].partition('class="l-pages"')[0]
    assert found in table
    assert missing not in table


def test_the_list_turns_pages_in_every_order_and_costs_the_same(editor, django_assert_max_num_queries):
    url = reverse("catalog:items")
    editor.get(url)
    costs = []
    for query in ("", "?sort=-days", "?q=失业保险金申领", "?q=社会保险", "?finding=stops", f"?place={COUNTY}"):
        with django_assert_max_num_queries(40) as counted:
            editor.get(url + query)
        costs.append(len(counted))
    assert max(costs) - min(costs) <= 3, costs  # the search asks once more whether all that was typed is found
    for sort in ("", "days", "-days", "-findings", "from"):
        seen, address = [], f"?sort={sort}"
        while address:
            page = text(editor.get(url + address))
            seen += re.findall(r'href="/console/catalog/items/([a-z0-9-]+)\?place', page)
            after = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
            address = after[1].replace("&amp;", "&") if after else ""
        assert len(seen) == len(set(seen)) == 229, sort
    first = text(editor.get(url + "?q=社会保险"))
    after = re.search(r'href="(\?[^"]*after=[^"]*)"', first)[1].replace("&amp;", "&")
    assert editor.get(url + after).status_code == 200


def test_the_item_page_costs_the_same_with_many_versions(editor, world, django_assert_max_num_queries):
    url = reverse("catalog:item", args=[CODE])
    editor.get(url)
    with django_assert_max_num_queries(40) as few:
        editor.get(url)
    by = world.actor("editor")
    for n, place in enumerate([CITY, COUNTY, "770121100", CITY]):
        draft = start_draft(item_code=CODE, region=place, by=by, now=timezone.now())
        row = get_row(draft)
        save_draft(draft_id=draft, doc=row.doc | {"summary": f"第{n}次"}, revision=1, by=by, now=timezone.now())
        publish(draft_id=draft, valid_from=today(), papers=current_templates(), by=by, now=timezone.now())
    with django_assert_max_num_queries(40) as many:
        page = text(editor.get(url))
    assert len(many) <= len(few) + 1
    assert "第 3 版" in page
    assert "清溪县" in page


@pytest.mark.parametrize("name", ["drafts", "upcoming", "withdrawn", "drift", "compare", "import", "items"])
def test_every_list_opens_when_there_is_nothing_in_it(editor, name):
    answer = editor.get(reverse(f"catalog:{name}") + "?place=770121&q=没有这样的事项&main=none")
    assert answer.status_code == 200
    if name not in ("compare", "import"):
        assert 'class="l-empty"' in text(answer)


# -- who may --------------------------------------------------------------------------------------------------------------


def test_a_viewer_reads_but_changes_nothing_and_a_clerk_sees_nothing(world, editor):
    draft = begin(editor)
    auditor, clerk = as_("auditor"), as_("clerk")
    page = auditor.get(reverse("catalog:item", args=[CODE]))
    assert page.status_code == 200
    assert "编写新版本" not in text(page)
    assert "停办" not in text(page).partition("<h1>")[2].partition("cat-page")[0]
    assert auditor.get(reverse("catalog:version", args=[draft])).status_code == 200
    assert auditor.get(edit_url(draft, "times")).status_code == 403
    forms = [
        (reverse("catalog:start", args=[CODE]), {"place": CITY}), (edit_url(draft, "times"), {}), (reverse("catalog:findings", args=[draft]), {}),
        (reverse("catalog:publish", args=[draft]), {"valid_from": today()}), (reverse("catalog:discard", args=[draft]), {}),
        (reverse("catalog:withdraw", args=[CODE]), {"valid_from": today(), "reason": "x", "place": CITY}), (reverse("catalog:import"), {}),
    ]  # fmt: skip
    for url, data in forms:
        assert auditor.post(url, data | {"once": str(uuid7())}).status_code == 403, url
    for url in [reverse("catalog:items"), reverse("catalog:item", args=[CODE]), reverse("catalog:export", args=["xlsx"]), reverse("catalog:drift"),
                reverse("catalog:guide", args=[draft]), reverse("catalog:window_guide", args=[draft]), reverse("catalog:empty_table")]:  # fmt: skip
        assert clerk.get(url).status_code == 403, url
    assert get_row(draft).revision == 1


def test_a_county_editor_does_not_touch_the_citys_standard(editor, county_editor):
    draft = begin(editor)
    assert county_editor.get(edit_url(draft, "times")).status_code == 403
    assert (
        county_editor.post(
            reverse("catalog:start", args=["injury-determination"]), {"place": CITY, "once": str(uuid7())}
        ).status_code
        == 403
    )
    assert county_editor.get(reverse("catalog:publish", args=[draft])).status_code == 403
    assert county_editor.get(reverse("catalog:withdraw", args=[CODE]) + f"?place={CITY}").status_code == 403
    page = text(county_editor.get(reverse("catalog:item", args=[CODE]) + f"?place={COUNTY}"))
    assert "编写清溪县的本地值" in page
    assert begin(county_editor, place=COUNTY)


def test_an_editor_without_the_right_to_publish_is_told_so(world, editor):
    login = make_login("writer", "catalogue-editor", where="bureau")
    writer = as_(login.username, password=login.password)
    draft = begin(writer)
    assert "保存并准备发布" not in text(writer.get(edit_url(draft, "times")))
    assert writer.get(reverse("catalog:publish", args=[draft])).status_code == 403


# -- writing --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["names", "legal_basis", "materials", "applicant_steps", "links", "times", "form", "more", "yaml"])
@pytest.mark.parametrize("code", [CODE, "unemployment-benefit-claim", "injury-determination"])
def test_saving_what_was_not_changed_changes_nothing(editor, part, code):
    draft = begin(editor, code)
    url = edit_url(draft, part)
    before = get_row(draft).doc
    answer = post(editor, url, sent(fields(text(editor.get(url))), go=part))
    assert answer.status_code == 302, text(answer)
    assert get_row(draft).doc == before
    assert get_row(draft).revision == 1


def test_what_is_typed_is_saved_where_it_was_typed(editor):
    draft = begin(editor)
    url = edit_url(draft, "materials")
    form = fields(text(editor.get(url)))
    body = sent(form, **{"materials-0-name": "许可申请书", "materials-0-copies": "2", "materials-0-required": "conditional",
                         "materials-0-condition": "首次申请", "go": "links"})  # fmt: skip
    answer = post(editor, url, body)
    assert answer["Location"].endswith("?part=links")
    first, *others = get_row(draft).doc["materials"]
    assert (first["name"], first["copies"], first["required"], first["condition"]) == ("许可申请书", 2, "conditional", "首次申请")
    assert others == in_force(CODE, region=CITY, on=today()).standard.dump()["materials"][1:]


def test_rows_are_added_moved_and_taken_out_without_saving(editor):
    draft = begin(editor)
    url = edit_url(draft, "applicant_steps")
    start = fields(text(editor.get(url)))
    steps = [v for n, v in start if n.endswith("-text")]
    page = text(post(editor, url, sent(start, do="up:1")))
    assert [v for n, v in fields(page) if n.endswith("-text")] == [steps[1], steps[0], *steps[2:]]
    assert re.search(r'id="applicant_steps-0-down"[^>]*autofocus', page)
    page = text(post(editor, url, sent(fields(page), do="remove:0")))
    page = text(post(editor, url, sent(fields(page), do="add")))
    form = fields(page)
    assert [v for n, v in form if n.endswith("-text")] == [steps[0], *steps[2:], ""]
    assert get_row(draft).revision == 1
    last = [n for n, _v in form if n.endswith("-text")][-1]
    post(editor, url, sent(form, **{last: "领取结果"}))
    assert get_row(draft).doc["applicant_steps"] == [steps[0], *steps[2:], "领取结果"]


@pytest.mark.parametrize(
    ("part", "changes", "control", "sentence"),
    [
        ("names", {"name": ""}, "id_name", "子项名称：不能为空"),
        ("materials", {"materials-1-copies": "三"}, "id_materials-1-copies", "第 2 项材料的份数：应填整数"),
        ("materials", {"materials-1-required": "conditional"}, "id_materials-1-condition", "应写明情形"),
        ("links", {"links-0-name": ""}, "id_links-0-name", "第 1 项环节的环节：不能为空"),
        ("links", {"links-1-limit_number": "5000"}, "id_links-1-limit_number", "不能大于 3650"),
        ("times", {"times-promised-number": "很快"}, "id_times-promised-number", "承诺办结长度：应填整数"),
        ("form", {"form-0-name": "姓名"}, "id_form-0-name", "小写字母"),
        ("more", {"handled_in": "external", "external_system": ""}, "", "应写明系统名称"),
        ("yaml", {"yaml": "- {code: x}"}, "id_yaml", "不能为空"),
        ("yaml", {"yaml": "}"}, "id_yaml", "YAML"),
    ],
)
def test_a_mistake_is_said_at_its_control_and_nothing_typed_is_lost(editor, part, changes, control, sentence):
    draft = begin(editor)
    url = edit_url(draft, part)
    answer = post(editor, url, sent(fields(text(editor.get(url))), **changes))
    page = text(answer)
    assert answer.status_code == 422
    summary = re.search(r'<div class="l-errors".*?</div>', page, re.S)[0]
    assert sentence in summary
    if control:
        assert f'href="#{control}"' in summary
        assert re.search(rf'id="{control}-error".*?{sentence}', page, re.S)
    kept = dict(fields(page))
    assert all(kept[n].strip() == v for n, v in changes.items())
    assert get_row(draft).revision == 1


def test_the_check_speaks_while_one_types(editor):
    draft = begin(editor)
    url = edit_url(draft, "times")
    form = fields(text(editor.get(url)))
    look = reverse("catalog:findings", args=[draft]) + "?part=times"
    answer = text(post(editor, look, sent(form, **{"times-promised-number": "60"})))
    assert "承诺时限 60" in answer
    assert "须修改" in answer
    assert "还不能保存" in text(post(editor, look, sent(form, **{"times-promised-number": "x"})))
    assert "承诺时限" not in text(post(editor, look, sent(form, **{"times-promised-number": "5"})))
    assert get_row(draft).revision == 1


def test_a_draft_is_saved_by_itself_and_the_page_goes_on_with_it(editor):
    draft = begin(editor)
    url = edit_url(draft, "materials")
    saving = reverse("catalog:autosave", args=[draft]) + "?part=materials"
    form = fields(text(editor.get(url)))
    body = sent(form, **{"materials-0-name": "许可申请书"})
    said = text(post(editor, saving, body))
    revision = re.search(r'name="revision" value="(\d+)"', said)[1]
    assert "已保存" in said and int(revision) == get_row(draft).revision == 2
    assert get_row(draft).doc["materials"][0]["name"] == "许可申请书"
    text(post(editor, saving, sent(form, revision=revision, **{"materials-0-name": "许可申请书"})))
    assert get_row(draft).revision == 2, "nothing new, nothing saved"
    assert post(editor, url, body).status_code == 302, "saved by a press while the page was still saving by itself"
    other = text(post(editor, saving, sent(form, **{"materials-0-name": "别的"})))
    assert "您填写的都在本页" in other and "已保存" not in other
    wrong = text(post(editor, saving, sent(form, revision=revision, **{"materials-0-copies": "很多"})))
    assert "还没有保存" in wrong and "份数" in wrong and get_row(draft).revision == 2
    assert as_("clerk").post(saving).status_code == 403


def test_of_two_editors_the_second_is_told_and_loses_nothing(editor, world):
    login = make_login("second-editor", "catalogue-editor", where="bureau", name="第二编辑")
    second = as_(login.username, password=login.password)
    draft = begin(editor)
    names, more = edit_url(draft, "times"), edit_url(draft, "times")
    one, two = fields(text(editor.get(names))), fields(text(second.get(more)))
    assert post(editor, names, sent(one, **{"times-promised-number": "8"})).status_code == 302
    answer = post(second, more, sent(two, **{"times-promised-number": "6", "times-note": "由第二编辑写"}))
    page = text(answer)
    assert answer.status_code == 409
    assert "工作人员" in page and "修改" in page
    kept = dict(fields(page))
    assert (kept["times-promised-number"], kept["times-note"].strip()) == ("6", "由第二编辑写")
    assert "<ins>6</ins>" in page
    again = post(second, more, sent(fields(page), **{"times-promised-number": "7", "times-note": "由第二编辑写"}))
    assert again.status_code == 409
    seen = re.search(r'name="seen" value="(\d+)"|value="(\d+)"[^>]*name="seen"', page)
    done = post(second, more, sent(fields(page), seen=next(filter(None, seen.groups()))))
    assert done.status_code == 302
    times = get_row(draft).doc["times"]
    assert (times["promised"]["number"], times["note"]) == (6, "由第二编辑写")


def test_a_double_click_saves_once(editor):
    draft = begin(editor)
    url = edit_url(draft, "times")
    body = sent(fields(text(editor.get(url))), **{"times-promised-number": "8"})
    assert post(editor, url, body).status_code == 302
    assert post(editor, url, body).status_code == 302
    assert get_row(draft).revision == 2


def test_an_item_the_catalogue_does_not_have_begins_as_a_draft(editor, county_editor):
    url = reverse("catalog:add")
    assert url in text(editor.get(reverse("catalog:items")))
    main = MainItem.objects.first()
    form = {
        "place": CITY, "main_code": main.pk, "name": "新就业形态补贴", "code": "new-forms-grant", "kind": "公共服务",
        "applicant_kinds": ["person", "employer"], "once": str(uuid7()),
    }  # fmt: skip
    for changes, control, sentence in (
        ({"code": "新补贴"}, "code", "小写字母"),
        ({"code": CODE}, "code", "已用于事项"),
        ({"name": ""}, "name", "请填写事项名称"),
        ({"applicant_kinds": []}, "applicant_kinds", "请选择服务对象"),
    ):
        wrong = editor.post(url, form | changes | {"once": str(uuid7())})
        assert wrong.status_code == 422
        assert re.search(rf'id="id_{control}-error".*?{sentence}', text(wrong), re.S)
    made = [editor.post(url, form) for _n in range(2)]
    assert made[0].status_code == 302 and made[0].headers["Location"] == made[1].headers["Location"]
    draft = drafts().get(item_id="new-forms-grant")
    assert (draft.region, draft.name, draft.base_id) == (CITY, "新就业形态补贴", None)
    assert "改好后才能发布" in text(editor.get(reverse("catalog:publish", args=[draft.pk])))
    assert (
        county_editor.post(url, form | {"once": str(uuid7()), "code": "another"}).status_code == 422
    )  # the city is none of its places
    editor.post(reverse("catalog:discard", args=[draft.pk]), {"once": str(uuid7())})
    again = editor.post(url, form | {"name": "灵活就业新补贴", "once": str(uuid7())})
    assert again.status_code == 302
    assert drafts().get(item_id="new-forms-grant").item.name == "灵活就业新补贴"


# -- local values -----------------------------------------------------------------------------------------------------------


def test_a_county_sees_what_is_locked_and_changes_what_it_may(county_editor):
    draft = begin(county_editor, place=COUNTY)
    for part, why in (
        ("legal_basis", "不能修改"),
        ("names", "上级"),
        ("form", "不能修改"),
        ("materials", "不能增加"),
        ("times", "不能更长"),
    ):
        page = text(county_editor.get(edit_url(draft, part)))
        assert why in page, part
    assert "materials-add" not in text(county_editor.get(edit_url(draft, "materials")))
    url = edit_url(draft, "times")
    form = fields(text(county_editor.get(url)))
    assert dict(form)["times-statutory-number"] == "20"
    refused = post(county_editor, url, sent(form, **{"times-promised-number": "15"}))
    assert refused.status_code == 422
    assert "不能长于上级规定" in text(refused)
    tampered = sent(form, **{"times-statutory-number": "40", "times-promised-number": "5"})
    assert post(county_editor, url, tampered).status_code == 302
    times = get_row(draft).doc["times"]
    assert (times["statutory"]["number"], times["promised"]["number"]) == (20, 5)
    assert set(get_row(draft).overrides) == {"times"}
    basis = edit_url(draft, "legal_basis")
    assert (
        post(county_editor, basis, sent(fields(text(county_editor.get(basis))), **{"legal_basis-0-law": "县里的规定"})).status_code
        == 302
    )
    assert set(get_row(draft).overrides) == {"times"}
    links = edit_url(draft, "links")
    removed = text(post(county_editor, links, sent(fields(text(county_editor.get(links))), do="remove:3")))
    assert post(county_editor, links, sent(fields(removed))).status_code == 302
    published = county_editor.post(
        reverse("catalog:publish", args=[draft]), {"valid_from": today().isoformat(), "once": str(uuid7())}
    )
    assert published.status_code == 302
    page = text(county_editor.get(reverse("catalog:drift") + f"?place={COUNTY}"))
    assert "经办流程" in page and "办理时限" in page and "清溪县" in page


# -- publishing -------------------------------------------------------------------------------------------------------------


def test_a_broken_rule_stops_publication_and_a_date_is_never_past(editor):
    draft = begin(editor)
    url, go = edit_url(draft, "times"), reverse("catalog:publish", args=[draft])
    post(editor, url, sent(fields(text(editor.get(url))), **{"times-promised-number": "60"}))
    page = text(editor.get(go))
    assert "改好后才能发布" in page
    assert 'name="valid_from"' not in page
    refused = editor.post(go, {"valid_from": today().isoformat(), "once": str(uuid7())})
    assert refused.status_code == 422
    assert "不能发布" in text(refused)
    post(editor, url, sent(fields(text(editor.get(url))), **{"times-promised-number": "6"}))
    past = editor.post(go, {"valid_from": (today() - timedelta(days=1)).isoformat(), "once": str(uuid7())})
    assert past.status_code == 422
    assert re.search(r'id="id_valid_from-error".*?不能追溯', text(past), re.S)
    key, day = str(uuid7()), today() + timedelta(days=1)
    for _n in range(2):
        assert editor.post(go, {"valid_from": day.isoformat(), "once": key}).status_code == 302
    assert in_force(CODE, region=CITY, on=today()).standard.times.promised.number == 10
    new = in_force(CODE, region=CITY, on=day)
    assert (new.standard.times.promised.number, new.standard.papers) == (6, current_templates())
    assert "待生效" in text(editor.get(reverse("catalog:version", args=[draft])))


def test_a_draft_is_thrown_away_only_after_asking(editor):
    draft = begin(editor)
    assert "放弃草稿" in text(editor.get(reverse("catalog:discard", args=[draft])))
    assert get_row(draft)
    key = str(uuid7())
    for _n in range(2):
        assert editor.post(reverse("catalog:discard", args=[draft]), {"once": key}).status_code == 302
    assert not drafts().exists()


def test_an_item_ends_in_a_place_with_a_reason(editor):
    url = reverse("catalog:withdraw", args=[CODE])
    data = {"place": COUNTY, "valid_from": today().isoformat(), "once": str(uuid7())}
    missing = editor.post(url, data)
    assert missing.status_code == 422
    assert "请填写停办的原因" in text(missing)
    for _n in range(2):
        assert editor.post(url, data | {"reason": "划转市级办理"}).status_code == 302
    assert in_force_row(CODE, region=COUNTY, on=today()) is None
    assert in_force_row(CODE, region=CITY, on=today())
    assert versions(CODE).filter(region=COUNTY).count() == 1
    assert CODE in text(editor.get(reverse("catalog:withdrawn") + f"?place={COUNTY}"))
    assert editor.get(reverse("catalog:item", args=[CODE]) + f"?place={COUNTY}").status_code == 200


# -- comparing, printing ------------------------------------------------------------------------------------------------------


def test_two_versions_stand_side_by_side(editor, world):
    old = in_force(CODE, region=CITY, on=today())
    draft = begin(editor)
    by, doc = world.actor("editor"), get_row(draft).doc
    times = doc["times"] | {"promised": doc["times"]["promised"] | {"number": 4}}
    changed = doc | {"times": times, "materials": doc["materials"][1:], "links": doc["links"][:-1]}
    save_draft(draft_id=draft, doc=changed, revision=1, by=by, now=timezone.now())
    page = text(editor.get(reverse("catalog:compare") + f"?item={CODE}&before={old.id}&after={draft}"))
    gains = re.search(r'<ul class="l-gains".*?</ul>', page, re.S)[0]
    assert "−6 个工作日" in gains and "−1 个" in gains and "−1 份" in gains
    assert "<ins>4</ins>" in page
    assert "同一个版本" in text(editor.get(reverse("catalog:compare") + f"?item={CODE}&before={draft}&after={draft}"))
    assert editor.get(reverse("catalog:compare") + "?item=no-such-item&before=x").status_code == 200


@pytest.mark.parametrize("name", ["guide", "window_guide"])
def test_both_guides_are_printed_of_any_version(editor, name):
    for version in (in_force(CODE, region=CITY, on=today()).id, begin(editor)):
        answer = editor.get(reverse(f"catalog:{name}", args=[version]) + f"?place={COUNTY}")
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")


# -- files -----------------------------------------------------------------------------------------------------------------


def exported(client, query):
    answer = client.get(reverse("catalog:export", args=["xlsx"]) + "?" + query)
    return load_workbook(BytesIO(answer.content))


def uploaded(client, book, name="表.xlsx", place=CITY):
    out = BytesIO()
    book.save(out)
    out.seek(0)
    out.name = name
    return client.post(reverse("catalog:import"), {"file": out, "place": place})


def put(book, sheet, column, value, row=2):
    heads = [c.value for c in book[sheet][1]]
    book[sheet].cell(row, heads.index(column) + 1).value = value


def test_a_table_goes_out_and_comes_back_as_a_draft(editor):
    book = exported(editor, f"q={CODE}&place={CITY}")
    assert [r[2].value for r in book["事项"].iter_rows(min_row=2)] == [CODE]
    put(book, "事项", "到现场次数", 0)
    page = text(uploaded(editor, book))
    assert "有变化" in page and "导入 1 项为草稿" in page
    assert not drafts().exists()
    kept = dict(re.findall(r'name="(name|kept|place|once)" value="([^"]*)"', page.partition("confirmed")[0]))
    assert base64.b64decode(kept["kept"]).startswith(b"PK")
    for _n in range(2):
        assert editor.post(reverse("catalog:import"), kept | {"confirmed": "1"}).status_code == 302
    (draft,) = drafts()
    assert (draft.item_id, draft.doc["trips"], draft.revision) == (CODE, 0, 2)


def test_every_mistake_of_a_file_is_shown_and_nothing_is_taken(editor):
    book = exported(editor, f"q={CODE}&place={CITY}")
    put(book, "申请材料", "形式", "照片", 3)
    put(book, "经办流程", "职责", "看一看", 2)
    answer = uploaded(editor, book)
    page = text(answer)
    assert answer.status_code == 422
    rows = re.findall(r"<tr><td>(.*?)</td><td[^>]*>(.*?)</td><td>(.*?)</td>", page)
    assert rows == [("申请材料", "3", "形式"), ("经办流程", "2", "职责")]
    assert not drafts().exists()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.xlsx", b"nothing", "不是可读取的"), ("a.yaml", b"- {code: x}", "不能为空"), ("a.yaml", b"\xff\xfe", "UTF-8"), ("a.pdf", b"%PDF", "只能导入"),
        (None, b"", "请选择要导入的文件"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_said_to_be_so(editor, name, content, sentence):
    data = {"place": CITY}
    if name:
        file = BytesIO(content)
        file.name = name
        data["file"] = file
    answer = editor.post(reverse("catalog:import"), data)
    assert answer.status_code == 422
    assert sentence in text(answer)


def test_a_county_cannot_import_what_it_may_not_change(county_editor):
    book = exported(county_editor, f"q={CODE}&place={COUNTY}")
    put(book, "事项", "收费", "一百元")
    page = text(uploaded(county_editor, book, place=COUNTY))
    assert "不能导入" in page and "收费" in page
    assert "confirmed" not in page
    elsewhere = exported(county_editor, f"q={CODE}&place={CITY}")
    put(elsewhere, "事项", "到现场次数", 0)
    assert uploaded(county_editor, elsewhere, place=CITY).status_code == 403


def test_the_whole_catalogue_goes_out_as_yaml(editor):
    from linli.domains.catalog.commands import read_yaml

    answer = editor.get(reverse("catalog:export", args=["yaml"]) + f"?place={CITY}")
    back = read_yaml(text(answer))
    assert len(back) == 229
    assert back[0] == get_standard(in_force(back[0].code, region=CITY, on=today()).id)
