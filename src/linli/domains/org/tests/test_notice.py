"""Reading the holiday notice as it is published, and what it would change."""

from datetime import date

import pytest
from django.utils import timezone

from linli.domains.org.commands import NoticeFileWrong, load_notice, read_notice
from linli.domains.org.queries import changes_of
from linli.kernel.calendar import NoticeWrong

TEXT = """一、元旦：2027年1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（周五）至11日（周四）放假调休，共7天。1月31日（周日）、2月20日（周六）上班。
劳动节 2027-05-01 至 2027-05-05；2027-05-08 上班"""


def test_sentences_say_what_is_closed_and_what_is_worked():
    notice = read_notice(TEXT, year=2027, source="示例通知")
    assert sorted(notice.closed) == [
        *(date(2027, 1, n) for n in (1, 2, 3)), *(date(2027, 2, n) for n in range(5, 12)), *(date(2027, 5, n) for n in range(1, 6)),
    ]  # fmt: skip
    assert sorted(notice.worked) == [date(2027, 1, 31), date(2027, 2, 20), date(2027, 5, 8)]


def test_how_many_days_a_holiday_has_is_no_date():
    notice = read_notice(
        "元旦：1月1日（周五）放假1天，不调休。端午节：6月9日（周三）放假1天，不调休。", year=2027, source="示例通知"
    )
    assert sorted(notice.closed) == [date(2027, 1, 1), date(2027, 6, 9)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "没有放假日期"), ("元旦放假", "没有日期"), ("2月30日放假", "不是日期"), ("3日放假", "不是日期"),
        ("5月5日至5月1日放假", "起止日期不对"), ("1月31日（周日）上班", "没有放假日期"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(text, says):
    with pytest.raises(NoticeFileWrong, match=says):
        read_notice(text, year=2027, source="示例通知")


@pytest.mark.parametrize("text", ["2026年12月31日放假", "1月4日放假；1月4日上班", "1月1日放假；1月5日上班"])
def test_a_notice_that_contradicts_itself_is_refused(text):
    with pytest.raises(NoticeWrong):
        read_notice(text, year=2027, source="示例通知")


@pytest.mark.django_db
def test_the_changes_are_the_days_that_become_or_cease_to_be_working_days():
    notice = read_notice("1月1日至3日放假。1月9日上班。", year=2027, source="示例通知")
    assert changes_of(notice) == [date(2027, 1, 1), date(2027, 1, 9)]
    assert changes_of(notice, region="77") == [date(2027, 1, 1)], "a place only adds days off"


@pytest.mark.django_db
def test_loading_the_same_notice_again_changes_nothing(world):
    by, notice = world.actor("administrator"), read_notice("1月1日至3日放假。1月9日上班。", year=2027, source="示例通知")
    first = load_notice(notice=notice, by=by, now=timezone.now())
    assert load_notice(notice=notice, by=by, now=timezone.now()) == first
    other = read_notice("1月1日至3日放假。", year=2027, source="示例通知")
    assert load_notice(notice=other, by=by, now=timezone.now()) != first
