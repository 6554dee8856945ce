"""Reading the yearly holiday notice as it is published: one sentence a holiday, days in Chinese or as dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from linli.domains.org.errors import NoticeFileWrong
from linli.kernel.calendar import YearNotice
from linli.kernel.text import msg

# "2027年1月1日", "1月1日", "2027-01-01", and after "至" also "3日" of the same month. A weekday in brackets may follow.
_DAY = (
    r"(?<!\d)(?:(?P<y{0}>\d{{4}})\s*[年-]\s*)?(?:(?P<m{0}>\d{{1,2}})\s*[月-]\s*)?(?P<d{0}>\d{{1,2}})(?!\d)"
    r"(?:\s*日)?(?:\s*[（(][^）)]*[）)])?"
)
_SPAN = re.compile(_DAY.format(1) + r"(?:\s*(?:至|到|~|～|—+)\s*" + _DAY.format(2) + r")?")
_SENTENCE = re.compile(r"[^。；;\n]+")
# What is said beside the dates: how many days, the ordinal of the holiday in the list.
_NOISE = re.compile(r"共?\s*\d+\s*天|^\s*[一二三四五六七八九十]+、|^\s*\d+[.、．](?!\d)")


def read_notice(text: str, *, year: int, source: str) -> YearNotice:
    """The days a notice closes and the weekend days it has worked; a sentence with 上班 tells of the latter.

    Raises :class:`NoticeFileWrong` for a sentence in which no day can be read, and
    :class:`~linli.kernel.calendar.NoticeWrong` if the notice contradicts itself.
    """
    closed: set[date] = set()
    worked: set[date] = set()
    for sentence in _SENTENCE.findall(text):
        bare = _NOISE.sub("", sentence)
        if not bare.strip():
            continue
        days = set(_days(bare, year))
        if not days:
            raise NoticeFileWrong(field="text", why=msg("“%(sentence)s”中没有日期", sentence=sentence.strip()[:40]))
        (worked if "上班" in bare else closed).update(days)
    if not closed:
        raise NoticeFileWrong(field="text", why=msg("没有放假日期"))
    return YearNotice(year, frozenset(closed), frozenset(worked), source)


def _days(sentence: str, year: int) -> Iterator[date]:
    """Every day named in one sentence; a day without a month is in the month named before it."""
    month = 0
    for found in _SPAN.finditer(sentence):
        try:
            month = int(found["m1"] or month)
            first = date(int(found["y1"] or year), month, int(found["d1"]))
            last = first
            if found["d2"]:
                month = int(found["m2"] or month)
                last = date(int(found["y2"] or first.year), month, int(found["d2"]))
        except ValueError:
            raise NoticeFileWrong(field="text", why=msg("“%(day)s”不是日期", day=found[0].strip())) from None
        if last < first or (last - first).days > 31:
            raise NoticeFileWrong(field="text", why=msg("“%(day)s”的起止日期不对", day=found[0].strip()))
        yield from (first + timedelta(days=n) for n in range((last - first).days + 1))
