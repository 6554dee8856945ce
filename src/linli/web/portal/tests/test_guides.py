"""What anybody may read: the home page, the list, a guide, its versions, its paper."""

import json
import re
from datetime import UTC, date, datetime
from io import BytesIO
from urllib.parse import unquote

import pypdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.domains.benefits.queries import worksheets
from linli.domains.catalog.commands import publish, save_draft, start_draft
from linli.domains.catalog.queries import in_force, published
from linli.testing.story import INSTANT, PERMIT
from linli.testing.world import CITY, COUNTY

pytestmark = pytest.mark.django_db
TODAY, NOW = date(2026, 3, 2), datetime(2026, 11, 20, 2, tzinfo=UTC)


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def queries(client, url):
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


@pytest.mark.parametrize("url", ["/", "/guides", f"/guides/{PERMIT}", f"/guides/{PERMIT}/form", "/halls", "/verify", "/record/"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("large", [False, True])
def test_everybody_may_read_it_in_both_languages_and_prints(client, world, url, language, large):
    client.cookies["django_language"] = language
    if large:
        client.cookies["linli_print"] = "large"
    answer = client.get(url)
    assert answer.status_code == 200
    assert f'lang="{"en" if language == "en" else "zh-Hans"}"' in text(answer)
    assert 'href="tel:0000-1230000"' in text(answer)


def test_the_home_page_costs_at_most_five_queries(client, world):
    assert queries(client, "/") <= 5


def test_the_list_pages_through_everything_in_force_once(client, world):
    seen, url = [], "/guides"
    while url:
        page = client.get(url).context["page"]
        seen += [row.item_id for row in page.rows]
        url = "/guides" + page.after if page.after else ""
    assert len(seen) == len(set(seen)) == published(region=CITY, on=TODAY).count()


@pytest.mark.parametrize(("typed", "found"), [("sybx", "失业保险"), ("失业", "失业"), ("职介", None), ("劳务派遣", "劳务派遣")])
def test_it_is_found_by_characters_and_by_pinyin_initials(client, world, typed, found):
    rows = client.get("/guides", {"q": typed}).context["page"].rows
    if found:
        assert rows
        assert any(found in row.name for row in rows[:5])


def test_a_search_pages_through_all_it_found_once(client, world):
    seen, url = [], "/guides?q=登记"
    while url:
        page = client.get(url).context["page"]
        seen += [row.item_id for row in page.rows]
        url = "/guides" + page.after if page.after else ""
    assert len(seen) == len(set(seen)) == page.count > 20


def test_filters_stand_in_the_address_and_can_be_taken_off(client, world):
    answer = client.get("/guides?who=employer&instant=true&topic=employment&q=登记")
    rows = answer.context["page"].rows
    assert rows
    assert all(row.instant and "employer" in row.applicant_kinds and row.domain == "employment" for row in rows)
    assert {unquote(url) for _, url in answer.context["chips"]} == {
        "?who=employer&instant=true&topic=employment", "?instant=true&topic=employment&q=登记", "?who=employer&instant=true&q=登记",
        "?who=employer&topic=employment&q=登记",
    }  # fmt: skip


def test_nothing_found_shows_the_way_out(client, world):
    said = text(client.get("/guides?q=zzzzqq"))
    assert "没有找到对得上的事项" in said
    assert "到任一窗口说一声" in said
    assert "打电话问 0000-1230000" in said


def test_the_number_of_queries_does_not_grow_with_the_list(client, world):
    client.get("/guides")  # what a process keeps is read once
    assert queries(client, "/guides?topic=archives") == queries(client, "/guides") <= 8
    assert queries(client, "/guides?q=档案") == queries(client, "/guides?q=登记")


def test_a_guide_costs_the_same_whatever_it_says(client, world):
    client.get(f"/guides/{PERMIT}")
    client.get(f"/guides/{INSTANT}")
    assert queries(client, f"/guides/{PERMIT}") == queries(client, f"/guides/{INSTANT}") <= 9


def test_a_guide_says_what_to_bring_and_what_not_how_long_and_where(client, world):
    standard = in_force(PERMIT, region=CITY, on=TODAY).standard
    answer = client.get(f"/guides/{PERMIT}")
    said = text(answer)
    assert "10 个工作日" in said
    assert "从受理的次日起算，周末和法定节假日不算。" in said
    assert "云岭市政务服务大厅" in said
    assert "云岭市人民政府申请行政复议" in said
    for basis in standard.legal_basis:
        assert basis.law in said
    asked = [m.name for m in answer.context["asked"]]
    assert sorted(asked) == sorted(m.name for m in standard.materials if not m.from_departments)
    assert {m.name for m in answer.context["verified"]} == {m.name for m in standard.materials if m.from_departments}
    assert "不用您带" in said


def test_every_guide_can_be_shown(client, world):
    """229 items, each with its own gaps."""
    for code in published(region=CITY, on=TODAY).values_list("item_id", flat=True):
        assert client.get(f"/guides/{code}").status_code == 200, code


def test_a_browser_asks_whether_its_copy_is_good(client, world):
    client.get(f"/guides/{PERMIT}")  # brings the cookie that the forms of the page depend on
    first = client.get(f"/guides/{PERMIT}")
    again = client.get(f"/guides/{PERMIT}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    client.cookies["django_language"] = "en"
    assert client.get(f"/guides/{PERMIT}", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_place_is_remembered(client, world):
    assert client.get("/").context["place"].code == "7701"
    assert client.get(f"/guides?region={COUNTY}").context["place"].code == COUNTY
    assert client.get("/").context["place"].code == COUNTY
    assert client.get("/?region=999999").context["place"].code == COUNTY


def test_old_versions_keep_their_address(client, world):
    editor, now = world.actor("editor", on=NOW.date()), NOW
    old = in_force(PERMIT, region=CITY, on=TODAY)
    draft = start_draft(item_code=PERMIT, region=CITY, by=editor, now=now)
    doc = old.standard.model_copy(update={"summary": "新的说明"}).dump()
    save_draft(draft_id=draft, doc=doc, revision=1, by=editor, now=now)
    publish(draft_id=draft, valid_from=NOW.date(), papers=old.standard.papers, by=editor, now=now)
    current = text(client.get(f"/guides/{PERMIT}"))
    assert "新的说明" in current
    assert "第 2 版" in current
    kept = text(client.get(f"/guides/{PERMIT}/{CITY}/1"))
    assert "这是以前的版本" in kept
    assert "新的说明" not in kept
    assert "这是以前的版本" not in text(client.get(f"/guides/{PERMIT}/{CITY}/2"))


def test_a_draft_is_nobodys_business(client, world):
    start_draft(item_code=PERMIT, region=CITY, by=world.actor("editor", on=NOW.date()), now=NOW)
    assert client.get(f"/guides/{PERMIT}/{CITY}/2").status_code == 404
    assert client.get(f"/guides/{PERMIT}/{CITY}/2.pdf").status_code == 404


def test_the_guide_on_paper_is_the_standard(client, world):
    answer = client.get(f"/guides/{PERMIT}.pdf")
    assert answer["Content-Type"] == "application/pdf"
    printed = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(answer.content)).pages)
    assert "劳务派遣经营许可" in printed
    assert "营业执照" in printed
    assert client.get(f"/guides/{PERMIT}.pdf", headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_the_standard_as_data(client, world):
    data = json.loads(client.get(f"/guides/{PERMIT}.json").content)
    assert data["standard"]["code"] == PERMIT
    assert client.get(data["address"].split("8000", 1)[-1]).status_code == 200


def test_an_unknown_item_helps_onward(client, world):
    answer = client.get("/guides/no-such-item")
    assert answer.status_code == 404
    assert "查找事项" in text(answer)


def test_the_sitemap_names_every_item(client, world):
    said = client.get("/sitemap.xml").content.decode()
    assert said.count("<url>") == published(region=CITY, on=TODAY).count() + 7 + len(worksheets())
    assert "Sitemap: " in client.get("/robots.txt").content.decode()
    assert client.get("/favicon.ico")["Location"].endswith("ui/mark.svg")


def test_halls_are_those_that_may_take_it_in_nearest_first(client, world):
    names = [h.name for h in client.get(f"/halls?item={PERMIT}&region={COUNTY}").context["page"].rows]
    assert set(names) == {"清溪县政务服务大厅", "云岭市政务服务大厅", "上湾村便民服务站"}
    where = client.get(f"/guides/{PERMIT}?region={COUNTY}").context["where"]
    assert [h.name for h in where] == ["清溪县政务服务大厅", "上湾村便民服务站", "云岭市政务服务大厅"]
