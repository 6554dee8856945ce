"""Somebody at the window: a code with which they start on their phone, and the mandates that rest on paper."""

from __future__ import annotations

from mimetypes import guess_extension
from typing import Any, BinaryIO, ClassVar, cast
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.catalog.queries import names_of
from linli.domains.documents.commands import store_file
from linli.domains.documents.queries import open_file
from linli.domains.people import commands as people
from linli.domains.people.queries import (
    FOR_EMPLOYERS,
    FOR_PERSONS,
    Assurance,
    Ground,
    Scope,
    account_of,
    lines,
    mandates_of,
    party,
    person_card,
    principal_of,
)
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg, noop
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.files import send_file
from linli.web.http import StaffRequest
from linli.web.itempick import looks_for_items, pick_items
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done

TONES = {"in-force": "done", "coming": "info", "ended": "plain", "revoked": "plain"}


@requires("people.register")
@require_safe
def person(request: StaffRequest, party_id: UUID) -> HttpResponse:
    """A person's sign-in and mandates."""
    account = account_of(party_id)
    more = {"card": person_card(party_id), "account": account, "assurance": Assurance(account.assurance) if account else None}
    return _page(request, party_id, is_employer=False, **more)


@requires("people.register")
@require_safe
def employer(request: StaffRequest, party_id: UUID) -> HttpResponse:
    """An employer's mandates."""
    return _page(request, party_id, is_employer=True)


def _page(request: StaffRequest, party_id: UUID, *, is_employer: bool, **more: Any) -> HttpResponse:
    page = page_of(mandates_of(party_id, by=request.actor), request, by="-registered_at", size=10)
    columns = [Column(_("委托人")), Column(_("受托人")), Column(_("可以做")), Column(_("到")), Column(_("依据")), Column(_("状态"))]
    context = {
        "party": party(party_id, is_employer=is_employer), "page": page, "columns": [*columns, Column(_("操作"), hidden=True)],
    }  # fmt: skip
    found = lines(page.rows, on=request.today)
    names = names_of([code for line in found for code in line.items])
    context["rows"] = [
        (line, TONES[line.state], line.state in ("in-force", "coming"), [names.get(code, code) for code in line.items]) for line in found
    ]  # fmt: skip
    context["nothing"] = not context["rows"]
    return render(request, "desk/residents/party.html", context | more)


@requires("people.register")
@require_POST
def start_code(request: StaffRequest, party_id: UUID) -> HttpResponse:
    """A code for somebody whose document was seen; shown once, to be printed or copied by hand."""
    if "seen" not in request.POST:
        raise NotFound(what=msg("对证件原件的核对"))
    code = people.issue_start_code(person_id=party_id, by=request.actor, now=request.now)
    response = render(request, "desk/residents/start_code.html", {"code": code, "card": person_card(party_id)})
    response["Cache-Control"] = "no-store"
    return response


# The papers that mostly stand behind a ground; the clerk changes the words where it was another one.
PAPERS = {False: noop("委托书原件和双方身份证原件"), True: noop("单位授权委托书原件和经办人身份证原件")}


class MandateForm(Form):
    """A mandate as the paper says it. What most of them say stands there already: number, name, day and Ctrl+Enter are enough."""

    kinds: ClassVar[dict[str, str]] = {"id_number": "id-number", "photo": "camera"}

    agent_name = forms.CharField(label=_lazy("受托人姓名"), max_length=100, widget=forms.TextInput({"autofocus": True}))
    id_number = forms.CharField(label=_lazy("受托人证件号码"), max_length=40, help_text=_lazy("受托人没有登记过的，先在窗口登记。"))
    last_day = forms.DateField(
        label=_lazy("最后一天"), widget=forms.DateInput, help_text=_lazy("最长三年；父母代未成年子女，到满 18 周岁前一天。")
    )
    scopes = forms.MultipleChoiceField(label=_lazy("可以做什么"), widget=forms.CheckboxSelectMultiple)
    ground = forms.ChoiceField(label=_lazy("依据"), widget=forms.RadioSelect)
    evidence = forms.CharField(
        label=_lazy("核对了哪份文书"), max_length=200, help_text=_lazy("例如：委托书原件及双方身份证；户口簿；律师事务所函。")
    )
    photo = forms.FileField(label=_lazy("委托书拍照"), required=False)
    file = forms.FileField(label=_lazy("或选择扫描件（PDF 或图片）"), required=False)

    def __init__(self, *args: Any, is_employer: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = FOR_EMPLOYERS if is_employer else FOR_PERSONS
        grounds = [(g.value, _(g.label)) for g in Ground if g in allowed and g is not Ground.ONLINE]
        self.fields["ground"].choices = grounds  # type: ignore[attr-defined]
        self.fields["scopes"].choices = [(s.value, _(s.label)) for s in Scope]  # type: ignore[attr-defined]
        self.fields["ground"].initial = Ground.COMPANY_CLERK.value if is_employer else Ground.WRITTEN.value
        self.fields["evidence"].initial = _(PAPERS[is_employer])
        self.fields["scopes"].initial = [Scope.APPLY.value, Scope.READ.value]


@requires("people.register")
@sensitive_post_parameters("id_number")
@require_http_methods(["GET", "POST"])
def person_mandate(request: StaffRequest, party_id: UUID) -> HttpResponse:
    """Register that somebody acts for a person."""
    return _mandate(request, party_id, is_employer=False)


@requires("people.register")
@sensitive_post_parameters("id_number")
@require_http_methods(["GET", "POST"])
def employer_mandate(request: StaffRequest, party_id: UUID) -> HttpResponse:
    """Register that somebody acts for an employer."""
    return _mandate(request, party_id, is_employer=True)


def _mandate(request: StaffRequest, party_id: UUID, *, is_employer: bool) -> HttpResponse:
    principal, sent = party(party_id, is_employer=is_employer), request.POST if request.method == "POST" else None
    kind = "employer" if is_employer else "person"
    pick = pick_items(sent, kind=kind, region=request.actor.region, on=request.today)
    if searching := sent is not None and looks_for_items(sent):  # only looking for items: what was typed is kept, nothing is judged
        kept = {name: sent.getlist(name) if name == "scopes" else sent.get(name, "") for name in MandateForm.base_fields}
        form = MandateForm(is_employer=is_employer, initial=kept)
    else:
        form = MandateForm(sent, request.FILES or None, is_employer=is_employer)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            _register(request, party_id, is_employer, form.cleaned_data, pick.chosen)
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("委托已登记，马上生效。"))
            return redirect("residents:employer" if is_employer else "residents:person", party_id)
    context = {"form": form, "party": principal, "pick": pick, "searching": searching}
    return render(request, "desk/residents/mandate.html", context, status=status)


@transaction.atomic
def _register(request: StaffRequest, party_id: UUID, is_employer: bool, data: dict[str, Any], items: list[str]) -> None:
    """The mandate with the picture of its paper, or neither."""
    agent, given = people.find_agent(name=data["agent_name"], id_number=data["id_number"]), data["photo"] or data["file"]
    kept = None
    if given:
        kept = store_file(content=cast("BinaryIO", given), declared_name=given.name, by=request.actor, now=request.now)
    people.register_mandate(
        principal_id=party_id, is_employer=is_employer, agent_id=agent, scopes=[Scope(s) for s in data["scopes"]], items=items,
        last_day=data["last_day"], ground=Ground(data["ground"]), evidence=data["evidence"], document_id=kept.id if kept else None,
        by=request.actor, now=request.now, **keyed(request),
    )  # fmt: skip


@requires("people.register")
@require_safe
def paper(request: StaffRequest, mandate_id: UUID) -> HttpResponseBase:
    """The picture of the signed paper; the principal sees that it was looked at."""
    file = open_file(people.read_paper(mandate_id=mandate_id, by=request.actor, now=request.now))
    return send_file(file, _("委托书") + (guess_extension(file.content_type) or ""))


@requires("people.register")
@require_POST
def revoke(request: StaffRequest, mandate_id: UUID) -> HttpResponse:
    """End one for a principal who is present."""
    people.revoke_mandate(mandate_id=mandate_id, by=request.actor, now=request.now, **keyed(request))
    done(request, _("委托已撤销，马上生效。"))
    principal = principal_of(mandate_id, by=request.actor)
    return redirect("residents:employer" if principal.is_employer else "residents:person", principal.id)
