"""Joint matters for everybody: what there is, what one takes, and how one's own stands."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.domains.cases.queries import PartView, joint_sheet
from linli.domains.catalog.queries import CHOICES, bundle_in_force, bundles_in_force, joined_here
from linli.kernel.text import joined
from linli.web.access import public, requires
from linli.web.http import Request, StaffRequest
from linli.web.joint import gains_of, picture, task_list
from linli.web.portal.place import place_of


@public
@require_safe
def matters(request: Request) -> HttpResponse:
    """Every joint matter of the place."""
    place = place_of(request)
    found = bundles_in_force(region=place.code, on=request.today)
    return render(request, "portal/bundles/list.html", {"place": place, "bundles": found})


@public
@require_safe
def matter(request: Request, code: str) -> HttpResponse:
    """What one joint matter takes: who does what, what to bring once, what it saves, and what is asked first."""
    place = place_of(request)
    found = bundle_in_force(code, region=place.code, on=request.today)
    whole = joined_here(found, region=place.code, on=request.today)
    context = {
        "place": place, "bundle": found.bundle, "whole": whole, "flow": picture(whole) if whole.members else None,
        "gains": gains_of(whole) if whole.members else [], "kinds": [_(CHOICES["applicant_kinds"][k]) for k in found.bundle.applicant_kinds],
    }  # fmt: skip
    return render(request, "portal/bundles/item.html", context)


@requires("portal.use")
@require_safe
def progress(request: StaffRequest, joint_id: UUID) -> HttpResponse:
    """One's own joint matter: every part with its state, its office and its dates, and until when it all takes."""
    found = joint_sheet(joint_id, by=request.actor, now=request.now)
    context = {
        "sheet": found, "joint": found.joint, "tasks": task_list(found, link=_own), "why": joined([found.why], _), "over": found.is_over,
    }  # fmt: skip
    return render(request, "portal/bundles/progress.html", context)


def _own(part: PartView) -> str:
    return reverse("apply:case", args=[part.case_id])
