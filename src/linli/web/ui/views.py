"""Views that belong to no face: the switches on every page, the palette, the page without network, and the gallery."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.i18n import set_language

from linli.kernel.search import initials
from linli.kernel.text import noop
from linli.web import navigation, palette
from linli.web.access import next_url, public, signed_in
from linli.web.http import Request, StaffRequest
from linli.web.middleware import PRINT_COOKIE
from linli.web.ui import gallery as exhibits

_YEAR = 365 * 24 * 3600


@public
@require_POST
def display(request: Request) -> HttpResponse:
    """Switch large print on or off; kept in a cookie of this device."""
    response = redirect(next_url(request, "/"))
    if request.POST.get("size") == "large":
        response.set_cookie(PRINT_COOKIE, "large", max_age=_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    else:
        response.delete_cookie(PRINT_COOKIE)
    return response


@public
@require_POST
def language(request: Request) -> HttpResponseBase:
    """Switch the language; kept in a cookie of this device."""
    return set_language(request)


@public
@require_GET
def offline(request: Request) -> HttpResponse:
    """What a service worker shows when there is no network."""
    return render(request, "ui/offline.html")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def palette_results(request: StaffRequest) -> HttpResponse:
    """What the palette finds: pages by name, and whatever the faces can find. It asks by POST, so that the number of
    somebody's document stands in no address and no log."""
    text = (request.POST if request.method == "POST" else request.GET).get("q", "").strip()
    groups: dict[str, list[palette.Hit]] = palette.search(request, text) if text else {}
    found = []
    for face in navigation.WORKING_FACES:
        for entry in navigation.entries_for(face, request.actor):
            name = _(entry.label)
            if text.lower() in name.lower() or text.upper() in initials(name):
                found.append((entry, name))
    waits = navigation.waiting((e for e, _name in found), request.actor)
    places = [
        palette.Hit(
            "", name, e.url, _("%(number)s 件等您办") % {"number": navigation.many(waits[e])} if waits.get(e) else "", icon=e.icon
        )
        for e, name in found
    ]
    if places:
        groups[_(noop("页面"))] = places
    return render(request, "ui/_palette_results.html", {"groups": groups, "query": text})


def _gallery(request: Request) -> HttpResponse:
    """Every component in every state, in the weight of any face (``?face=desk``)."""
    face = request.GET.get("face", "portal")
    base = f"ui/{face if face in ('portal', 'desk', 'console') else 'portal'}_base.html"
    return render(
        request, "ui/gallery.html", {"base": base, "face": face, "exhibits": exhibits.exhibits(), **exhibits.sample(request)}
    )


# The gallery is for whoever builds pages: open on a developer's machine, otherwise for staff.
gallery = public(_gallery) if settings.DEBUG else signed_in(_gallery)
