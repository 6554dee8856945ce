"""What the pages of rosters share, at the counter and on the portal: the file that came, the workbooks that go, and what is wrong."""

from __future__ import annotations

from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from linli.domains.cases.commands import RosterFile, roster_file
from linli.domains.cases.queries import RosterState, roster_problems
from linli.kernel.errors import LinliError
from linli.kernel.text import joined, noop
from linli.web.http import StaffRequest
from linli.web.ui.fields import FieldSpec
from linli.web.ui.parts import Column

TONES = {
    RosterState.RETURNED: "soon", RosterState.READY: "info", RosterState.RUNNING: "info", RosterState.DONE: "done",
    RosterState.CANCELLED: "plain",
}  # fmt: skip
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHOWN = 100  # of the rows to mend; the returned sheet has them all


class FileMissing(LinliError):
    """The form came without the list."""

    code = "web.roster_missing"
    template = noop("请选择填好的名单。")


def uploaded(request: StaffRequest) -> RosterFile:
    """The list that came with a form. Raises :class:`FileMissing`, :class:`FileRefused`, :class:`RosterUnreadable`."""
    file = request.FILES.get("file")
    if file is None:
        raise FileMissing(field="file")
    return roster_file(cast("BinaryIO", file), file.name or "")


def about_file(error: LinliError) -> str:
    """The sentence for the field of the list, or nothing where something else is wrong."""
    if error.field != "file" and not error.code.startswith("documents."):
        return ""
    return joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)


def file_field(problem: str = "") -> FieldSpec:
    """Where the list is chosen."""
    return FieldSpec(
        name="file", label=_("填好的名单"), type="file", required=True, error=problem, extra={"accept": ".xlsx"},
        help=_("一人一行，最多 5000 人。有一行不对，整份都不会导入。"),
    )  # fmt: skip


def workbook(content: bytes, name: str) -> HttpResponse:
    """A workbook to download."""
    response = HttpResponse(content, content_type=_XLSX)
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.xlsx") or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def problems(roster_id: UUID, request: StaffRequest) -> dict[str, Any]:
    """What is wrong in a returned list, for ``desk/rosters/_problems.html``."""
    found = roster_problems(roster_id, by=request.actor, on=request.today)
    return {
        "wrong": found[:_SHOWN], "more": max(len(found) - _SHOWN, 0),
        "columns": [Column(_("行")), Column(_("姓名")), Column(_("要改什么"))],
    }  # fmt: skip
