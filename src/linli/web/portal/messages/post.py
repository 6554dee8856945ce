"""The post office of a demonstration: what would have gone to telephones and mailboxes. A real installation has no such page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from linli.domains.notices.queries import letters, posted
from linli.web.access import public
from linli.web.http import Request
from linli.web.ui.paging import page_of


@public
@require_GET
def page(request: Request) -> HttpResponse:
    """What was sent, newest first; to one address if asked for."""
    address = request.GET.get("to", "").strip()[:200]
    shown = page_of(posted(address=address), request, by="-at", size=15)
    return render(request, "portal/messages/post.html", {"page": shown, "rows": letters(shown.rows), "to": address})
