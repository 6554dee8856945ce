"""A ledger to take along: a list as CSV, sent as it is read, or as a workbook."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from urllib.parse import quote

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from openpyxl import Workbook

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = ("csv", "xlsx")


def known(form: str) -> None:
    """Raises ``Http404`` for a form that there is none of."""
    if form not in FORMS:
        raise Http404


def as_file(form: str, name: str, title: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> HttpResponseBase:
    """The answer. What a spreadsheet would take for a formula is text."""
    safe = (["'" + c if c[:1] in ("=", "+", "-", "@", "\t", "\r") else c for c in line] for line in lines)
    response: HttpResponseBase
    if form == "csv":
        response = StreamingHttpResponse(_csv(head, safe), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(_xlsx(title, head, safe), content_type=_XLSX)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.{form}"
    return response


class _Echo:
    """A file that gives back what is written to it, so that lines can be sent as they come."""

    def write(self, text: str) -> str:
        return text


def _csv(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # without it spreadsheets take the Chinese for something else
    yield writer.writerow(head)
    for line in lines:
        yield writer.writerow(line)


def _xlsx(title: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(head)
    for line in lines:
        sheet.append(line)
    out = BytesIO()
    book.save(out)
    return out.getvalue()
