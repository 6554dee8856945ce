"""Is this paper real, and does it still stand? By the code printed on it, or by the file itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST, require_safe

from linli.domains.cases.queries import provisional_standing
from linli.domains.documents.queries import (
    CODE_LENGTH,
    PaperKind,
    PdfVerdict,
    State,
    Verified,
    code_like,
    verification_url,
    verify,
    verify_pdf,
)
from linli.kernel.text import Message, msg
from linli.web.access import public
from linli.web.http import Request, client_address
from linli.web.throttle import Throttle
from linli.web.ui.forms import Form

# A hall full of people shares one address, so only codes that do not exist are counted; checking a file costs the
# processor a moment, so every file is.
WRONG_CODES = Throttle(30, timedelta(minutes=10))
FILES = Throttle(20, timedelta(minutes=10))
_MOST_BYTES = 20_000_000

Tone = Literal["done", "soon", "bad"]


class FileForm(Form):
    """The file somebody brought."""

    file = forms.FileField(label=_lazy("要核对的 PDF"))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > _MOST_BYTES:
            raise forms.ValidationError(_("这个文件超过 20 MB，我局出具的文书没有这么大。请选择原来的 PDF 文件。"))
        return file


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer in one sentence, and what it means."""

    tone: Tone
    title: Message
    meaning: Message


_RESULTS = (PaperKind.DECISION, PaperKind.RESULT_CERTIFICATE)


def _standing(d: Verified, request: Request) -> Answer:
    if d.state is State.REVOKED:
        why = msg("已于 %(day)s 作废，不能再使用。", day=d.revoked_on)
        return Answer("bad", msg("这份文书已作废"), why)
    if d.state is State.SUPERSEDED:
        return Answer("bad", msg("这份文书已被新文书替换"), msg("请以%(number)s为准。", number=d.superseded_by))
    if d.state is State.COMPOSED:
        return Answer("bad", msg("这份文书还没有用印"), msg("没有用印的文书没有效力，请等正式送达。"))
    if d.expired(request.today):
        return Answer("soon", msg("这份文书是真的，但已过有效期"), msg("有效期到 %(day)s 为止。", day=d.valid_to))
    result = provisional_standing(d.subject_id) if d.kind in _RESULTS and d.subject_id else None
    if result and not result.checked:
        return Answer(
            "soon",
            msg("这份文书是真的，结果暂行"),
            msg("结果凭申请人的书面承诺先行作出，最迟于 %(day)s 核查；核查不符的，依法撤销。", day=result.until),
        )
    return Answer("done", msg("这份文书是真的，现在有效"), msg("由%(issuer)s出具，没有作废，没有被替换。", issuer=d.issuer))


# -- by code --------------------------------------------------------------------------------------------------------------


@public
@require_safe
def form(request: Request) -> HttpResponse:
    """Where a code is typed or a file chosen; a typed code leads to the address of its document."""
    typed = request.GET.get("code", "").strip()[:64]
    if typed:
        return redirect("verify:document", code=typed.replace("/", "-"))
    return render(request, "portal/verify/form.html", {"form": FileForm()})


@public
@require_safe
def document(request: Request, code: str) -> HttpResponse:
    """What whoever holds a paper may learn of it (the address in its QR code)."""
    address = client_address(request)
    wait = WRONG_CODES.wait(address, request.now)
    if wait:
        return _wait(request, wait)
    found = verify(code)
    if found is None:
        WRONG_CODES.count(address, request.now)
        context: dict[str, Any] = {"typed": code[:64], "like": code_like(code), "length": CODE_LENGTH, "form": FileForm()}
        return _quiet(render(request, "portal/verify/unknown.html", context, status=404))
    context = {
        "d": found,
        "answer": _standing(found, request),
        "address": verification_url(found.code.replace("-", "")),
        "form": FileForm(),
    }
    return _quiet(render(request, "portal/verify/document.html", context))


def _wait(request: Request, wait: timedelta) -> HttpResponse:
    minutes = math.ceil(wait / timedelta(minutes=1))
    response = render(request, "portal/verify/wait.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return _quiet(response)


def _quiet(response: HttpResponse) -> HttpResponse:
    """Whether a document stands is asked anew each time, and no search engine keeps the answer."""
    response["Cache-Control"], response["X-Robots-Tag"] = "no-store", "noindex"
    return response


# -- by file --------------------------------------------------------------------------------------------------------------


@public
@require_POST
def file(request: Request) -> HttpResponse:
    """Whether a PDF is the very document, unaltered, and whether that stands. The file is looked at and not kept."""
    address = client_address(request)
    wait = FILES.wait(address, request.now)
    if wait:
        return _wait(request, wait)
    given = FileForm(request.POST, request.FILES)
    if not given.is_valid():
        return _quiet(render(request, "portal/verify/form.html", {"form": given}, status=422))
    FILES.count(address, request.now)
    upload = given.cleaned_data["file"]
    verdict = verify_pdf(upload.read(), now=request.now)
    context = {
        "d": verdict.document,
        "answer": _of_file(verdict, request),
        "verdict": verdict,
        "name": upload.name,
        "form": FileForm(),
    }
    return _quiet(render(request, "portal/verify/file.html", context))


def _of_file(verdict: PdfVerdict, request: Request) -> Answer:
    """A file is the document only if not one byte differs; a signature alone does not make it that."""
    signature = verdict.signature
    if verdict.document is not None and signature.intact and signature.trusted:
        standing = _standing(verdict.document, request)
        return Answer(standing.tone, standing.title, msg("这个文件就是原件，一个字也没有改动。%(more)s", more=standing.meaning))
    if not signature.signer:
        return Answer(
            "bad", msg("这个文件没有我局的电子签名"),
            msg("可能是扫描件、截图、另存的文件，或者不是我局出具的。请改用收到的原文件，或者按文书上的核验码核验。"),
        )  # fmt: skip
    if not signature.intact or not signature.whole_file:
        return Answer(
            "bad", msg("这个文件被改动过"), msg("签名以后内容有变化，不要相信上面写的。请按文书上的核验码看原件是怎么写的。")
        )
    if not signature.trusted:
        signer = msg("签名写的是“%(name)s”，但不是我局的证书。", name=signature.signer)
        return Answer("bad", msg("签名不是我局的"), signer)
    return Answer("bad", msg("我局没有登记过这个文件"), msg("签名的证书对得上，但登记簿里没有它。请拨打服务电话核实，先不要使用。"))
