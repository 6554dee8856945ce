"""Files that systems hand in before the case they are for: noted, and forgotten if they are never put into one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from linli.domains.clients.errors import ScopeMissing
from linli.domains.clients.models import Upload
from linli.domains.clients.rules import Scope
from linli.domains.documents.commands import forget_unused
from linli.kernel.actors import Actor
from linli.kernel.text import Message


def note_upload(*, file_id: UUID, by: Actor, now: datetime) -> None:
    """Note that a system handed a file in; handed in again it is kept longer."""
    if by.client_id is None or not by.can(Scope.INTAKE.permission):
        raise ScopeMissing(scope=Message(Scope.INTAKE.label))
    fresh = Upload(client_id=by.client_id, file_id=file_id, at=now)
    Upload.objects.bulk_create([fresh], update_conflicts=True, unique_fields=["file_id", "client"], update_fields=["at"])


@transaction.atomic
def forget_uploads(*, now: datetime, limit: int = 500) -> int:
    """Look at what was handed in long enough ago that no case can name it any more: what is in no case is destroyed. Returns how many
    were looked at. Safe to repeat.
    """
    before = now - timedelta(hours=settings.ENV.upload_hours)
    old = list(Upload.objects.select_for_update(skip_locked=True).filter(at__lt=before).order_by("at")[:limit])
    Upload.objects.filter(pk__in=[u.pk for u in old]).delete()
    forget_unused(u.file_id for u in old)
    return len(old)
