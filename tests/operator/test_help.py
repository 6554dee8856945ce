"""Every command of ``linli`` explains itself with an example that could be typed."""

import shlex

import click
import pytest
from click.testing import CliRunner

from linli.cli import main


def commands(group, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield pytest.param((*path, name), command, id=" ".join((*path, name)))


ALL = list(commands(main))


def examples(text):
    """The lines after "Example:", up to the next blank one, that begin with the command."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.strip() == "Example:":
            break
    for line in lines:
        if not line.strip():
            return
        words = shlex.split(line)
        if "linli" in words:
            yield words[words.index("linli") + 1 :]


def test_every_promised_command_is_there():
    have = {" ".join(p.values[0]) for p in ALL}
    assert {
        "serve", "demo", "migrate", "backup", "restore", "catalog load", "catalog check", "catalog export", "catalog diff", "clock check",
        "trace verify", "draw replay", "keys list", "keys rotate", "doctor",
    } <= have  # fmt: skip


@pytest.mark.parametrize(("path", "command"), ALL)
def test_help_gives_an_example_that_the_command_itself_would_take(path, command):
    shown = CliRunner().invoke(main, [*path, "--help"])
    assert shown.exit_code == 0, shown.output
    assert shown.output.splitlines()[2].strip(), "a first line that says what it does"
    found = list(examples(shown.output))
    assert found, "add an Example: block"
    for words in found:
        assert tuple(words[: len(path)]) == path
        context = click.Context(command, info_name=path[-1])
        for parameter in command.params:
            if isinstance(parameter.type, click.Path):
                parameter.type.exists = False  # the example's files are not here
        command.make_parser(context).parse_args(list(words[len(path) :]))  # raises on an option or argument it does not know


@pytest.mark.parametrize(("path", "command"), ALL)
def test_an_option_that_does_not_exist_is_a_clear_error(path, command):
    shown = CliRunner().invoke(main, [*path, "--no-such-option"])
    assert shown.exit_code == 2 and "--no-such-option" in shown.output
