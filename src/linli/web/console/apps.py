from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

PARTS = ("catalog", "bureau", "exchange", "notices", "archive", "certification", "policies", "runs", "grants")


class ConsoleConfig(AppConfig):
    name = "linli.web.console"
    label = "console"

    def ready(self) -> None:
        """Each part says what it puts into the navigation and the palette."""
        for part in PARTS:
            import_module(f"{self.name}.{part}.menu")
