"""Before anything is filled in: what the matter needs, how long it takes, and for whom it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from linli.domains.cases import commands as do
from linli.domains.cases.commands import Applicant
from linli.domains.cases.queries import (
    JointOffer,
    Offer,
    State,
    applicants_for,
    joint_applicants,
    joints_own,
    offer_joint,
    offer_online,
    own_list,
)
from linli.domains.catalog.queries import application_papers
from linli.domains.org.queries import counters
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import joined, msg
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.portal.apply.keep import go
from linli.web.portal.guide import reading
from linli.web.ui.fields import Option

_Any = TypeVar("_Any", Offer, JointOffer)


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: StaffRequest, item: str) -> HttpResponse:
    """What is needed and how long it takes; then begin, for oneself or for somebody who asked for it."""
    offers = [offer_online(item, who, on=request.today) for who in applicants_for(item, by=request.actor, on=request.today)]
    if not any(o.found for o in offers):
        raise NotFound(what=msg("这个事项"))
    problem = ""
    if request.method == "POST":
        chosen = _chosen(request.POST.get("who", ""), offers)
        if chosen is None:
            problem = _("请选择为谁办理。")
        else:
            try:
                case_id = do.start_online(
                    item_code=item, applicant_id=chosen.applicant.id, is_employer=chosen.applicant.is_employer, by=request.actor,
                    now=request.now, **keyed(request),
                )  # fmt: skip
            except LinliError as error:
                problem = joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)
            else:
                return go(request, "apply:resume", case_id)
    return _page(request, item, offers, problem)


def _chosen(typed: str, offers: Sequence[_Any]) -> _Any | None:
    able = [o for o in offers if o.why_not is None]
    if not typed and len(able) == 1:
        return able[0]
    try:
        wanted = UUID(typed)
    except ValueError:
        return None
    return next((o for o in able if o.applicant.id == wanted), None)


def _who(request: StaffRequest, able: Sequence[Offer | JointOffer]) -> list[Option]:
    me = request.actor.resident_id
    return [
        Option(str(o.applicant.id), _("我自己") if o.applicant.id == me else o.applicant.name, o.applicant.number) for o in able
    ]


def _page(request: StaffRequest, item: str, offers: list[Offer], problem: str) -> HttpResponse:
    able = [o for o in offers if o.why_not is None]
    shown = (able or [o for o in offers if o.found])[0]
    assert shown.found
    s = shown.found.standard
    filled = application_papers(s)
    begun = own_list(by=request.actor, on=request.today).filter(item_code=item, state=State.DRAFT, channel="online").first()
    context = {
        "s": s, "able": able, "problem": problem, "begun": begun, "promised": s.times.promised,
        "why_not": shown.why_not if not able else None,
        "how_long": reading.how_long(s.times.promised) if s.times.promised else None,
        "asked": reading.materials_asked(s, without=filled),
        "verified": reading.materials_found(s), "form_is_paper": bool(filled),
        "who": _who(request, able), "wanted": request.GET.get("who", ""),
        "where": list(counters(region=shown.found.region or request.actor.region, on=request.today, item_code=item)[:3]) if not able else [],
    }  # fmt: skip
    return render(request, "portal/apply/start.html", context, status=422 if problem else 200)


# -- a joint matter ---------------------------------------------------------------------------------------------------------


@requires("portal.use")
@require_http_methods(["GET", "HEAD", "POST"])
def start_joint(request: StaffRequest, code: str) -> HttpResponse:
    """Begin several items at once, for oneself or for somebody who asked for it; a draft is gone on with."""
    offers = [offer_joint(code, who, on=request.today) for who in joint_applicants(by=request.actor, on=request.today)]
    if not any(o.whole for o in offers):
        raise NotFound(what=msg("这个一件事"))
    problem = ""
    if request.method == "POST":
        chosen = _chosen(request.POST.get("who", ""), offers)
        if chosen is None:
            problem = _("请选择为谁办理。")
        else:
            applicant = Applicant(chosen.applicant.id, chosen.applicant.is_employer)
            try:
                joint_id = do.start_joint(
                    bundle_code=code, applicant=applicant, by=request.actor, now=request.now, **keyed(request)
                )
            except LinliError as error:
                problem = joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)
            else:
                return go(request, "apply:joint_resume", joint_id)
    return _joint_page(request, offers, problem)


def _joint_page(request: StaffRequest, offers: list[JointOffer], problem: str) -> HttpResponse:
    able = [o for o in offers if o.why_not is None]
    shown = (able or [o for o in offers if o.whole])[0]
    assert shown.whole
    whole = shown.whole
    drafts = joints_own(by=request.actor, on=request.today).filter(submitted_at=None, withdrawn_at=None, channel="online")
    context = {
        "bundle": whole.bundle, "whole": whole, "unasked": sum(not m.asked for m in whole.materials), "able": able, "problem": problem,
        "begun": drafts.filter(bundle__code=whole.bundle.code).first(), "why_not": shown.why_not if not able else None,
        "who": _who(request, able),
    }  # fmt: skip
    return render(request, "portal/apply/joint_start.html", context, status=422 if problem else 200)
