"""Files that systems hand in before the case they are for: noted, and forgotten if they are never put into one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from linli.domains.cases.queries import files_in_use
from linli.domains.clients.errors import ScopeMissing
from linli.domains.clients.models import Upload
from linli.domains.clients.rules import Scope
from linli.domains.documents.commands import forget_file
from linli.domains.people.queries import papers_in_use
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
    files = {u.file_id for u in old}
    again = set(Upload.objects.filter(file_id__in=files, at__gte=before).values_list("file_id", flat=True))
    for file_id in files - again - files_in_use(files) - papers_in_use(files):
        forget_file(file_id)
    Upload.objects.filter(pk__in=[u.pk for u in old]).delete()
    return len(old)
