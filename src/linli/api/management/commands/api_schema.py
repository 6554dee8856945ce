"""``linli api schema``: the document on standard output."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Print the OpenAPI document of the interface."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, the same text every time."""
        from linli.api.urls import api

        self.stdout.write(json.dumps(api.get_openapi_schema(), ensure_ascii=False, indent=2))
