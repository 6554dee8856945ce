"""Pages by key, pictures of procedures, comparisons, words and figures."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.http import QueryDict
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from linli.domains.accounts.queries import users
from linli.domains.org.queries import OrgKind, regions
from linli.kernel.actors import system
from linli.kernel.errors import NotFound
from linli.kernel.ids import uuid7
from linli.kernel.text import msg
from linli.web.once import KeyMissing, once_key
from linli.web.site import site
from linli.web.ui.compare import Difference, Gain
from linli.web.ui.flow import FlowStep, draw
from linli.web.ui.paging import page_of
from linli.web.ui.templatetags import linli_ui as tags


def asking(address: str) -> SimpleNamespace:
    return SimpleNamespace(GET=QueryDict(address.lstrip("?")))


@pytest.fixture
def many_regions(db):
    model = regions().model
    model.objects.bulk_create(
        model(
            code=f"9{n:05d}", name=f"区{n % 3}", valid_from=date(2020, 1, 1 + n % 4),
            valid_to=date(2021, 1, 1 + n % 3) if n % 2 else None,
        )
        for n in range(23)
    )  # fmt: skip
    return model.objects.filter(code__startswith="9")


@pytest.mark.parametrize("by", ["valid_from", "-valid_from", "code", "-code", "valid_to", "-valid_to"])
def test_pages_follow_each_other_without_gap_or_repeat(many_regions, by):
    address, seen, pages = "?x=1", [], []
    while address:
        page = page_of(many_regions, asking(address), by=by, size=5)
        seen += [r.pk for r in page.rows]
        pages.append((address, [r.pk for r in page.rows]))
        address = page.after
        assert not address or "x=1" in address
    tie = "-pk" if by.startswith("-") else "pk"
    assert seen == [r.pk for r in many_regions.order_by(by, tie)]
    back = page_of(many_regions, asking(pages[-1][0]), by=by, size=5).before
    for _, rows in reversed(pages[:-1]):
        page = page_of(many_regions, asking(back), by=by, size=5)
        assert [r.pk for r in page.rows] == rows and page.after
        back = page.before
    assert back == ""


def test_moments_of_one_millisecond_are_told_apart(db):
    model = users(by=system("accounts.manage")).model
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for n in range(9):
        at = start + timedelta(microseconds=n)
        model.objects.create(username=f"u{n}", name="x", password="x", password_changed_at=at, created_at=at)
    rows, address, seen = model.objects.filter(created_at__lt=start + timedelta(seconds=1)), "?", []
    while address:
        page = page_of(rows, asking(address), by="-created_at", size=2)
        seen += [r.username for r in page.rows]
        address = page.after
    assert seen == [f"u{n}" for n in reversed(range(9))]


def test_an_address_made_for_another_order_begins_anew(many_regions):
    address = page_of(many_regions, asking("?"), by="code", size=5).after
    assert len(page_of(many_regions, asking(address), by="valid_from", size=5).rows) == 5


def test_a_page_counts_and_bears_with_a_broken_address(many_regions):
    page = page_of(many_regions, asking("?after=rubbish"), by="code", size=50)
    assert (page.count, page.more, len(page.rows), page.after) == (23, False, 23, "")


names = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=3, unique=True), min_size=n, max_size=n)
)


@given(names, st.booleans())
def test_any_procedure_can_be_drawn_without_boxes_over_each_other(graph, across):
    steps = [FlowStep(str(n), f"第{n}步", [str(m) for m in out]) for n, out in enumerate(graph)]
    flow = draw(steps, across=across)
    assert len(flow.boxes) == len(steps)
    assert len(flow.arrows) == sum(len(out) for out in graph)
    for a in flow.boxes:
        assert a.x >= 0 and a.x + a.width <= flow.width and a.y >= 0 and a.y + a.height <= flow.height
        assert not any(a is not b and abs(a.x - b.x) < a.width and abs(a.y - b.y) < a.height for b in flow.boxes)


def test_a_comparison_marks_what_changed_and_nothing_else():
    line = Difference("时限", "自受理之日起 20 个工作日内办结", "自受理之日起 8 个工作日内办结")
    assert line.before_marked == "自受理之日起 <del>20</del> 个工作日内办结"
    assert line.after_marked == "自受理之日起 <ins>8</ins> 个工作日内办结"
    assert not Difference("x", "同", "同").changed


def test_a_comparison_escapes():
    assert Difference("x", "<b>", "<i>").after_marked.count("<i>") == 0


@given(st.text(), st.text())
def test_taking_the_marks_away_gives_the_texts_back(before, after):
    line = Difference("x", before, after)
    assert _plain(line.before_marked) == before and _plain(line.after_marked) == after


def _plain(marked: str) -> str:
    return html.unescape(re.sub(r"</?(ins|del)>", "", marked))


@pytest.mark.parametrize(
    ("gain", "shown", "tone"),
    [
        (Gain("环节", 7, 4), "−3", "done"),
        (Gain("材料", 2, 3), "+1", "bad"),
        (Gain("费用", 0, 0), "±0", "plain"),
        (Gain("满意", 90, 95, less_is_better=False), "+5", "done"),
    ],
)
def test_a_gain_says_whether_it_is_one(gain, shown, tone):
    assert (gain.difference, gain.tone) == (shown, tone)


def test_dates_are_shown_in_shanghai_with_the_weekday():
    late = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
    assert tags.day(late) == "2026-11-22 (周日)" and tags.moment(late) == "2026-11-22 00:30"
    with override("en"):
        assert tags.day(date(2026, 11, 22)) == "2026-11-22 (Sun)"


def test_figures_have_thin_separators():
    assert tags.figure(1234567) == "1\u2009234\u2009567"
    assert tags.figure(Decimal("1234.5"), 2) == "1\u2009234.50" and tags.figure(None) == ""
    assert tags.yuan_filter(Decimal("12345.6")) == "12\u2009345.60"


def test_numbers_are_masked():
    assert tags.masked_id("11010519491231002X") == "110105********002X"
    assert tags.masked_phone("13800138000") == "138****8000"
    assert tags.masked_account("6217000010001234567") == "***************4567"


def test_messages_errors_and_labels_are_said():
    assert tags.said(msg("共 %(n)s 件", n=3)) == "共 3 件"
    assert tags.said(NotFound(what=msg("机构"))) == "没有找到机构。"
    assert tags.label(OrgKind.HALL) == OrgKind.HALL.label and tags.said(None) == ""


def test_data_in_the_page_cannot_close_its_block():
    assert "</script>alert" not in tags.json_block({"x": "</script>alert"}, "id")


def test_a_form_without_its_key_is_refused():
    key = uuid7()
    assert once_key(SimpleNamespace(POST={"once": str(key)})) == key
    for post in ({}, {"once": "x"}):
        with pytest.raises(KeyMissing):
            once_key(SimpleNamespace(POST=post))


def test_each_rendering_of_a_form_has_another_key():
    assert tags.once_key() != tags.once_key()


@pytest.mark.django_db
def test_the_name_of_the_bureau_is_read_from_the_organisation():
    assert (site().name, site().phone) == ("云岭市人力资源和社会保障局", "0000-1230000")
