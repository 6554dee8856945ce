"""The record for the auditor: its published roots, checking all of it, and who looked at whose."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.domains.accounts.queries import names
from linli.domains.org.queries import org_names
from linli.domains.people.commands import audit_looks
from linli.domains.people.queries import Purpose, looks, person_card
from linli.domains.trace.commands import ask_verification
from linli.domains.trace.queries import Verification, roots, verification, verifications
from linli.kernel.errors import LinliError, NotAllowed
from linli.kernel.text import Message, noop
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column

_STAMPS = {"tsa": noop("RFC 3161 时间戳机构"), "local": noop("本机签名")}
_LOOKS = {
    "people.viewed": noop("调取资料填表"), "people.shown_whole": noop("查看完整号码"), "people.looked_up": noop("按证件号码查找"),
    "people.looks_audited": noop("审计查询"),
}  # fmt: skip
_FIELDS = {"id_number": noop("证件号码"), "phone": noop("电话"), "address": noop("地址")}


@requires("trace.verify")
@require_GET
def roots_page(request: StaffRequest) -> HttpResponse:
    """Published roots, newest first, and the newest checking of the whole record."""
    page = page_of(roots(), request, by="-number", size=20)
    rows = [(r, bytes(r.hash).hex(), _(_STAMPS[r.stamped_by])) for r in page.rows]
    columns = [
        Column(_("序号"), number=True), Column(_("日期")), Column(_("新增的链"), number=True), Column(_("根摘要（SM3）")),
        Column(_("时间戳")),
    ]  # fmt: skip
    newest = verifications(by=request.actor).first()
    context = {
        "page": page, "rows": rows, "columns": columns, "newest": newest, "faults": _faults(newest),
        "only_local": bool(rows) and all(r.stamped_by == "local" for r in page.rows),
    }  # fmt: skip
    return render(request, "console/bureau/record.html", context)


@requires("trace.verify")
@require_POST
def verify(request: StaffRequest) -> HttpResponse:
    """Have the whole record checked."""
    key: dict[str, Any] = {"key": once_key(request)}
    ask_verification(by=request.actor, now=request.now, **key)
    return redirect("bureau:record")


@requires("trace.verify")
@require_GET
def progress(request: StaffRequest, verification_id: UUID) -> HttpResponse:
    """How far a checking has come, or what it found."""
    found = verification(verification_id, by=request.actor)
    if not request.htmx:
        return redirect("bureau:record")
    return render(request, "console/bureau/_verification.html", {"newest": found, "faults": _faults(found)})


def _faults(found: Verification | None) -> list[tuple[Message, str]]:
    """What does not hold, and where."""
    listed = []
    for fault in (found.found or {}).get("faults", []) if found else []:
        where = _("第 %(n)s 号根") % {"n": fault["root"]} if fault["root"] is not None else ""
        if fault["chain"]:
            where = _("链 %(chain)s 第 %(seq)s 位") % fault
        listed.append((Message(fault["what"], fault["values"]), where))
    return listed


class LooksForm(Form):
    """Whose record, and what for."""

    kinds = {"number": "id-number"}

    number = forms.CharField(label=_lazy("证件号码"), max_length=32)
    reason = forms.CharField(label=_lazy("为什么要查"), max_length=200, help_text=_lazy("会写入这个人的留痕，本人可以看到。"))


@requires("trace.verify")
@sensitive_post_parameters("number")
@require_http_methods(["GET", "POST"])
def find_looks(request: StaffRequest) -> HttpResponse:
    """Ask for a person by the whole number of a document, with the purpose."""
    form = LooksForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        once_key(request)
        try:
            found = audit_looks(**form.cleaned_data, by=request.actor, now=request.now)
        except NotAllowed:
            raise
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            return redirect("bureau:looks", found)
    page = {
        "title": _("谁看过谁的资料"), "button": _("查询"), "icon": "search", "back": reverse("bureau:record"), "back_words": _("留痕"),
        "lead": _("按证件号码查一个人的资料被谁、什么时候、为什么看过。"),
    }  # fmt: skip
    return render(request, "console/bureau/form.html", {"form": form, **page}, status=status)


@requires("trace.verify")
@require_GET
def looks_at(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Every look at one person's record."""
    page = page_of(looks(person_id, by=request.actor), request, by="-seq", size=30)
    card = person_card(person_id)
    who, orgs = names(e.user_id for e in page.rows), org_names(e.hall_id or e.org_id for e in page.rows)
    purposes = {p.value: p.label for p in Purpose}
    rows = []
    for e in page.rows:
        purpose, place = str(e.data.get("purpose") or ""), e.hall_id or e.org_id
        rows.append(
            (
                e, who.get(e.user_id, "") if e.user_id else _("系统自动"), orgs.get(place, "") if place else "", _(_LOOKS[e.act]),
                _(_FIELDS.get(e.data.get("field", ""), "")) if e.data.get("field") else "", _(purposes.get(purpose, purpose)) if purpose else "",
            )
        )  # fmt: skip
    columns = [Column(_("时间")), Column(_("谁")), Column(_("单位")), Column(_("看了什么")), Column(_("目的"))]
    return render(request, "console/bureau/looks.html", {"card": card, "page": page, "rows": rows, "columns": columns})
