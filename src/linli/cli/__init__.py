"""The ``linli`` command: set up, run, back up, verify, measure."""

from __future__ import annotations

import importlib

import click

# Sub-commands are imported when they are asked for, so that ``linli --help`` is instant.
_COMMANDS = {
    "serve": "linli.cli.serve:serve",
    "demo": "linli.cli.demo:demo",
    "migrate": "linli.cli.database:migrate",
    "backup": "linli.cli.database:backup",
    "restore": "linli.cli.database:restore",
    "catalog": "linli.cli.catalog:catalog",
    "org": "linli.cli.org:org",
    "user": "linli.cli.org:user",
    "calendar": "linli.cli.org:calendar",
    "benefits": "linli.cli.benefits:benefits",
    "population": "linli.cli.population:population",
    "clock": "linli.cli.clock:clock",
    "trace": "linli.cli.trace:trace",
    "archive": "linli.cli.archive:archive",
    "draw": "linli.cli.draw:draw",
    "keys": "linli.cli.keys:keys",
    "doctor": "linli.cli.doctor:doctor",
    "sandbox": "linli.cli.sandbox:sandbox",
    "exchange": "linli.cli.exchange:exchange",
    "api": "linli.cli.api:api",
    "worker": "linli.cli.serve:worker",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, name = target.split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="linli")
def main() -> None:
    """Linli 邻里: the platform on which a human-resources-and-social-security bureau runs its service halls.

    Everything Linli keeps lies in the folder LINLI_DATA (default: .linli here). Start with:

    \b
      linli demo            a hall at work on the real catalogue, with invented people
      linli migrate         prepare the database of a real installation
      linli serve           run it
      linli doctor          what is wrong here, and how to mend it
    """
