"""``linli keys``: the keys that fields, papers and files are encrypted with."""

from __future__ import annotations

import os

import click

from linli.cli.boot import plainly


@click.group()
def keys() -> None:
    """The key ring: what it holds, and a new key for what is written from now on."""


@keys.command("list")
@plainly
def list_keys() -> None:
    """List the keys by number, never their secrets.

    \b
    Example:
      linli keys list
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    from django.conf import settings

    ring = settings.LINLI_KEYRING
    for number, key in sorted(ring.keys.items()):
        use = "encrypts what is new" if number == ring.active else "reads what it once encrypted"
        click.echo(f"{number:3d}  {key.suite.name:12}  made {key.made_at or 'at an unknown time'}  {use}")


@keys.command()
@plainly
def rotate() -> None:
    """Add a key; everything written after the next start is encrypted with it.

    Running processes can read what it encrypts at once and begin to write with it when they are started again. Older keys stay
    in the ring, since what they encrypted is not rewritten. Copy the key ring to its two keeping places afterwards.

    \b
    Example:
      linli keys rotate
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    from django.conf import settings

    ring, path = settings.LINLI_KEYRING, settings.LINLI_KEYRING_FILE
    key = ring.rotate(settings.LINLI_CRYPTO_SUITE)
    ring.save(path)
    click.echo(f"key {key.number} ({key.suite.name}) is in use from the next start; now copy {path} to where it is kept")
