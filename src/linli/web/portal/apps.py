from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

PARTS = ("guide", "apply", "due", "verify", "messages", "me", "rosters", "certification", "benefits")


class PortalConfig(AppConfig):
    name = "linli.web.portal"
    label = "portal"

    def ready(self) -> None:
        """Each part says what it puts into the navigation and the palette."""
        for part in PARTS:
            import_module(f"{self.name}.{part}.menu")
