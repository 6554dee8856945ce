"""``linli api``: the interface for other systems."""

from __future__ import annotations

import click

from linli.cli.boot import plainly


@click.group()
def api() -> None:
    """The interface for other systems."""


@api.command()
@plainly
def schema() -> None:
    """Print the OpenAPI 3.1 document of the interface; it needs no database.

    \b
    Example:
      linli api schema > linli-openapi.json
    """
    import os

    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    django.setup()
    call_command("api_schema")
