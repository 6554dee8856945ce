"""A promise in place of a material, at the counter: told, signed on the screen or on paper, and what was promised to come later."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from io import BytesIO
from typing import BinaryIO, cast
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases import commands as do
from linli.domains.cases.commands import Handed, Promise, Received
from linli.domains.cases.queries import CounterSheet, Terms, commitment_notice, counter_sheet, promise_print
from linli.domains.documents.commands import StoredFileRef, store_file
from linli.kernel.errors import LinliError
from linli.web.access import requires
from linli.web.files import send_pdf
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui import toasts
from linli.web.ui.fields import Option
from linli.web.ui.forms import Form

_DRAWN = "data:image/png;base64,"


class PromiseForm(Form):
    """The signature, drawn on the screen or on the printed sheet."""

    kinds = {"signature": "signature", "photo": "camera"}
    signature = forms.CharField(label=_lazy("申请人签名"), required=False, widget=forms.HiddenInput)
    signature_instead = forms.CharField(required=False, widget=forms.HiddenInput)
    sheet = forms.FileField(label=_lazy("签字件的扫描件"), required=False)
    photo = forms.FileField(label=_lazy("给签字件拍照"), required=False)

    def clean(self) -> None:
        drawn = self.cleaned_data.get("signature", "")
        brought = self.cleaned_data.get("sheet") or self.cleaned_data.get("photo")
        if not drawn and not brought and self.cleaned_data.get("signature_instead") != "paper":
            self.add_error("signature", _("请申请人签名；也可以打印出来在纸上签字，再选“已在打印的承诺书上签字”。"))
        elif drawn and not drawn.startswith(_DRAWN):
            self.add_error("signature", _("签名没有保存下来，请重写。"))


def _asked(request: StaffRequest, case_id: UUID, code: str) -> tuple[CounterSheet, Promise, Terms]:
    sheet = counter_sheet(case_id, by=request.actor, now=request.now)
    promise = Promise.PENDING if request.GET.get("later") else Promise.COMMITMENT
    return sheet, promise, commitment_notice(sheet.case, code, promise=promise, on=request.today)


@requires("cases.receive")
@require_http_methods(["GET", "HEAD", "POST"])
def promise(request: StaffRequest, case_id: UUID, code: str) -> HttpResponse:
    """Tell, and have signed. Where nothing may be promised the page says why."""
    sheet, kind, terms = _asked(request, case_id, code)
    form = PromiseForm(request.POST, request.FILES) if request.method == "POST" else PromiseForm()
    if request.method == "POST" and form.is_valid():
        try:
            signature = _kept(form.cleaned_data["signature"], request)
            do.commit_to(
                case_id=case_id, code=code, promise=kind, signature=signature, sheet=_sheets(request), by=request.actor,
                now=request.now, **keyed(request),
            )  # fmt: skip
        except LinliError as error:
            form.add_problem(error)
        else:
            toasts.done(request, _("已登记承诺。"))
            return redirect(f"{reverse('counter:case', args=[case_id])}#m-{code}")
    context = {
        "sheet": sheet, "case": sheet.case, "terms": terms, "form": form, "later": kind is Promise.PENDING, "code": code,
        "on_paper": [Option("paper", _("已在打印的承诺书上签字，纸质件存卷"))],
    }  # fmt: skip
    return render(request, "desk/counter/promise.html", context, status=422 if form.problems else 200)


def _sheets(request: StaffRequest) -> tuple[tuple[StoredFileRef, str], ...]:
    """The signed sheet as it was scanned or photographed, a page or several."""
    refs = [
        store_file(content=cast("BinaryIO", f), declared_name=f.name or "", by=request.actor, now=request.now)
        for name in ("sheet", "photo")
        for f in request.FILES.getlist(name)
    ]
    return tuple((ref, _("承诺书签字件：%(name)s") % {"name": ref.name}) for ref in refs)


@requires("cases.receive")
@require_POST
def keep_sheet(request: StaffRequest, case_id: UUID, code: str) -> HttpResponse:
    """The signed sheet comes to the case afterwards."""
    counter_sheet(case_id, by=request.actor, now=request.now)
    try:
        sheets = _sheets(request)
        if sheets:
            do.keep_sheet(case_id=case_id, code=code, sheet=sheets, by=request.actor, now=request.now, **keyed(request))
            toasts.done(request, _("签字件已存卷。"))
        else:
            toasts.warn(request, _("请先选择签字件的扫描件，或者拍照。"))
    except LinliError as error:
        if error.kind.value == "not_found":
            raise
        toasts.warn(request, str(error.message))
    return redirect(f"{reverse('counter:case', args=[case_id])}#m-{code}")


def _kept(drawn: str, request: StaffRequest) -> StoredFileRef | None:
    if not drawn:
        return None
    try:
        content = b64decode(drawn.removeprefix(_DRAWN), validate=True)
    except Error:
        content = b""
    return store_file(content=BytesIO(content), declared_name="signature.png", by=request.actor, now=request.now)


@requires("cases.receive")
@require_safe
def printed(request: StaffRequest, case_id: UUID, code: str) -> HttpResponse:
    """The notice and the promise to be signed by hand."""
    sheet, kind, terms = _asked(request, case_id, code)
    return send_pdf(promise_print(sheet.case, terms, by=request.actor, on=request.today), _(kind.label))


@requires("cases.receive")
@require_POST
def bring(request: StaffRequest, case_id: UUID, code: str) -> HttpResponse:
    """What was promised has come in, on paper or as a file."""
    uploaded = request.FILES.get("file")
    files: tuple[tuple[StoredFileRef, str], ...] = ()
    try:
        if uploaded:
            ref = store_file(content=uploaded, declared_name=uploaded.name or "", by=request.actor, now=request.now)  # type: ignore[arg-type]
            files = ((ref, ref.name),)
        handed = Handed(code, Received.UPLOADED if files else Received.PAPER, files)
        do.bring_pending(case_id=case_id, material=handed, by=request.actor, now=request.now, **keyed(request))
        toasts.done(request, _("已登记补交。"))
    except LinliError as error:
        if error.kind.value == "not_found":
            raise
        toasts.warn(request, str(error.message))
    return redirect("counter:case", case_id)


__all__ = ["bring", "keep_sheet", "printed", "promise"]
