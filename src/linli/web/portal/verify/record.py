"""The record as files that anybody may copy, keep, and check without asking the bureau."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from linli.domains.cases.queries import draw_days, proof_of, published_draws
from linli.domains.trace.commands import public_folder
from linli.domains.trace.queries import recent_roots
from linli.kernel.crypto import sm3
from linli.kernel.errors import LinliError
from linli.kernel.text import noop
from linli.web.access import public, requires
from linli.web.errors import status_of
from linli.web.http import Request, StaffRequest


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the record: where it lies, what sort it is and what it is for. ``room`` holds scripts that ship with us."""

    name: str
    content_type: str
    purpose: str
    room: str = ""

    @property
    def source(self) -> Path | Traversable:
        return resources.files(self.room) / "data" / self.name if self.room else public_folder() / self.name


_FILES = {
    f.name: f
    for f in (
        Kept("roots.jsonl", "application/jsonl; charset=utf-8", noop("每天一行：当天全部办事记录的指纹，盖有时间戳")),
        Kept("linli-root.pem", "application/x-pem-file", noop("验证时间戳用的证书")),
        Kept("draws.jsonl", "application/jsonl; charset=utf-8", noop("每天的抽签种子：事前公布指纹，事后公布种子和每一次抽签")),
        Kept("verify_case.py", "text/x-python; charset=utf-8", noop("检查一件办件的记录有没有被改过"), "linli.domains.trace"),
        Kept("verify_draws.py", "text/x-python; charset=utf-8", noop("把公布的每一次抽签重算一遍"), "linli.domains.cases"),
    )
}
_DAYS_SHOWN = 14


@public
@require_safe
def page(request: Request) -> HttpResponse:
    """What is published, in plain words, and how to check it."""
    return _page(request)


def _page(request: Request, *, number: str = "", error: LinliError | None = None) -> HttpResponse:
    files = [(kept, kept.source.is_file()) for kept in _FILES.values()]
    days = [d for d in draw_days(limit=60) if d.day < request.today + timedelta(days=2)][:_DAYS_SHOWN]
    context = {
        "files": files, "days": days, "roots": recent_roots(limit=1), "number": number, "error": error,
        "may_prove": bool(request.actor and request.actor.can("trace.read")),
    }  # fmt: skip
    return render(request, "portal/verify/record.html", context, status=status_of(error) if error else 200)


@public
@require_safe
def public_file(request: Request, name: str) -> HttpResponseBase:
    """One file of the record as it lies there."""
    kept = _FILES.get(name)
    if kept is None or not kept.source.is_file():
        raise Http404
    if not isinstance(kept.source, Path):  # inside an archive
        content = kept.source.read_bytes()
        return _sent(request, lambda: HttpResponse(content), sm3(content).hex(), name, kept.content_type)
    found, path = kept.source.stat(), kept.source  # these files grow for years, so they are not read to be named
    return _sent(
        request, lambda: FileResponse(path.open("rb")), f"{found.st_size:x}-{found.st_mtime_ns:x}", name, kept.content_type
    )


@public
@require_safe
def draws(request: Request, day: str) -> HttpResponseBase:
    """The commitment of one day and, once it is over, its seed with every draw."""
    try:
        lines = published_draws(date.fromisoformat(day))
    except ValueError:
        lines = []
    if not lines:
        raise Http404
    content = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines).encode()
    return _sent(
        request, lambda: HttpResponse(content), sm3(content).hex(), f"draws-{day}.jsonl", "application/jsonl; charset=utf-8"
    )


def _sent(request: Request, make: Callable[[], HttpResponseBase], state: str, name: str, content_type: str) -> HttpResponseBase:
    """A file to keep; whoever fetches it every day is told when nothing is new."""
    known = get_conditional_response(request, etag=f'"{state}"')
    response = known if known is not None and known.status_code == 304 else make()
    response["Content-Type"] = content_type
    response["ETag"], response["Cache-Control"] = f'"{state}"', "public, no-cache"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@requires("trace.read")
@require_safe
def proof(request: StaffRequest) -> HttpResponseBase:
    """The proof of a case, to hand to its owner or to an auditor: what happened and when, never who acted."""
    number = request.GET.get("number", "").strip()[:40]
    try:
        content = proof_of(number, by=request.actor)
    except LinliError as error:
        return _page(request, number=number, error=error)
    response = HttpResponse(json.dumps(content, ensure_ascii=False, indent=1), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, "proof.json") or "attachment"
    return response
