"""A paper by itself: what it is, whether it stands, its print, and how it is taken back."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST, require_safe

from linli.domains.accounts.queries import names
from linli.domains.cases.queries import paper_for
from linli.domains.catalog.queries import names_of
from linli.domains.documents import queries as documents
from linli.domains.documents.commands import revoke_document
from linli.domains.documents.queries import READ_LEDGER, State
from linli.domains.org.queries import org_names
from linli.kernel.errors import LinliError, NotFound
from linli.web.access import requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.toasts import done

SEES_PAPERS = ("cases.issue", "cases.deliver", "cases.supervise", *READ_LEDGER)


class RevokeForm(Form):
    reason = forms.CharField(
        label=lazy("作废原因"),
        max_length=500,
        widget=forms.Textarea,
        help_text=lazy("写明错在哪里、何时发现。查验页面只显示已作废、日期和依据，不显示原因。"),
    )
    legal_basis = forms.CharField(
        label=lazy("法律依据"),
        max_length=200,
        help_text=lazy("写到条款，例如：《中华人民共和国行政许可法》第六十九条第一款第二项。"),
    )


@requires(*SEES_PAPERS)
@require_safe
def document(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """What a paper is and what became of it; its print for whoever may see its case."""
    return _page(request, document_id, RevokeForm())


@requires(*SEES_PAPERS)
@require_safe
def pdf(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """The paper for printing: the sealed file, or a print that says it has no seal."""
    card = paper_for(document_id, by=request.actor, reading=True).record.card
    response = HttpResponse(documents.pdf(document_id), content_type="application/pdf")
    response["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(card.number)}.pdf"
    return response


@requires(*SEES_PAPERS)
@require_safe
def picture(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """The paper to look at where no PDF can be shown."""
    paper_for(document_id, by=request.actor, reading=True)
    return HttpResponse(documents.picture(document_id), content_type="image/png")


@requires("documents.revoke")
@require_POST
def revoke(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """Declare a paper void."""
    paper_for(document_id, by=request.actor)
    form = RevokeForm(request.POST)
    if form.is_valid():
        try:
            revoke_document(document_id=document_id, **form.cleaned_data, by=request.actor, now=request.now, **keyed(request))
        except NotFound:
            raise
        except LinliError as error:
            form.add_problem(error)
            return _page(request, document_id, form, status=status_of(error))
        done(request, _("已作废，查验页面即时显示。"))
        return redirect("issue:document", document_id)
    return _page(request, document_id, form, status=422)


def _page(request: StaffRequest, document_id: UUID, form: RevokeForm, *, status: int = 200) -> HttpResponse:
    access = paper_for(document_id, by=request.actor)
    record, use = access.record, access.record.use
    people = names([record.revoked_by, use.user_id if use else None])
    context = {
        "access": access, "record": record, "card": record.card, "case": access.case, "use": use, "form": form,
        "item": names_of([use.item_code]).get(use.item_code, "") if use else "",
        "used_by": people.get(use.user_id, "") if use and use.user_id else "",
        "used_at": org_names([use.org_id]).get(use.org_id, "") if use and use.org_id else "",
        "revoked_by": people.get(record.revoked_by, "") if record.revoked_by else "",
        "may_revoke": request.actor.can("documents.revoke") and record.card.state in (State.COMPOSED, State.SEALED),
        "reads_ledger": any(request.actor.can(p) for p in READ_LEDGER), "verify_url": documents.verification_url(record.card.code),
    }  # fmt: skip
    return render(request, "desk/issue/document.html", context, status=status)
