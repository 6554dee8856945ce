"""Looking into the record from a test."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connection


def acts_on(subject: UUID) -> list[str]:
    """The acts in the chain of a subject, in order."""
    return [act for act, _ in events_on(subject)]


def events_on(subject: UUID) -> list[tuple[str, dict[str, Any]]]:
    """The acts in the chain of a subject with what was noted, in order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT act, data::text FROM trace_event WHERE chain_id = %s ORDER BY seq", [subject])
        return [(act, json.loads(data)) for act, data in cursor.fetchall()]
