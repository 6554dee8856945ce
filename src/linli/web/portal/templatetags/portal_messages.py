"""How many messages nobody has read yet, for the menu."""

from __future__ import annotations

from django import template

from linli.domains.notices.queries import unread
from linli.web.http import Request

register = template.Library()


@register.simple_tag
def unread_messages(request: Request) -> int:
    """Of the resident who is signed in; none for anybody else."""
    actor = getattr(request, "actor", None)
    return unread(by=actor, on=request.today) if actor and actor.resident_id else 0
