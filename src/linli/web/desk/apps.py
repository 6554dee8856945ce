from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

PARTS = ("counter", "joint", "review", "issue", "supervise", "residents", "checks", "rosters", "visits", "accounts")


class DeskConfig(AppConfig):
    name = "linli.web.desk"
    label = "desk"

    def ready(self) -> None:
        """Each part says what it puts into the navigation and the palette."""
        for part in PARTS:
            import_module(f"{self.name}.{part}.menu")
