"""What the documents point to is there: files, headings, commands, settings."""

import re
from pathlib import Path

import click
import pytest

from linli.cli import main
from linli.config.env import Env

HERE = Path(__file__).resolve().parent.parent
PAGES = [*HERE.glob("*.md"), *(HERE / "docs").rglob("*.md"), *(HERE / "bench").glob("*.md"), *(HERE / "src").rglob("README.md")]
by_path = pytest.mark.parametrize("page", [pytest.param(p, id=p.relative_to(HERE).as_posix()) for p in sorted(PAGES)])


def anchors(page):
    """The headings of a page as GitHub names them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}


@by_path
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        where, _, heading = (target[0] or target[1]).partition("#")
        if where.startswith(("http:", "https:")) or "://" in where:
            continue
        to = (page.parent / where).resolve() if where else page
        if not to.exists() or (heading and to.suffix == ".md" and heading not in anchors(to)):
            dead.append(target)
    assert dead == []


@by_path
def test_commands_exist(page):
    context = click.Context(main)
    unknown = []
    for words in re.findall(r"(?:^|`|\| )linli((?: [a-z]+)+)", page.read_text("utf-8"), re.M):
        first, *rest = words.split()
        command = main.get_command(context, first)
        if command is None or (rest and isinstance(command, click.Group) and command.get_command(context, rest[0]) is None):
            unknown.append(words)
    assert unknown == []


@by_path
def test_settings_exist(page):
    known = {str(f.validation_alias or f"LINLI_{n.upper()}") for n, f in Env.model_fields.items()}
    known |= {"LINLI_CHROMIUM", "LINLI_BENCH_DATA"}
    assert set(re.findall(r"\bLINLI_[A-Z_]+\b", page.read_text("utf-8"))) <= known


@by_path
def test_programs_and_sources_exist(page):
    """Paths of this repository that stand in code spans."""
    text = page.read_text("utf-8")
    missing = []
    for path in re.findall(r"`((?:script|src|docs|bench|tests)/[\w./-]+)`", text):
        if not (HERE / path).exists():
            missing.append(path)
    assert missing == []


def test_pictures_are_real_and_small():
    pictures = sorted((HERE / "docs" / "images").glob("*.png"))
    assert pictures
    assert [p.name for p in pictures if p.stat().st_size > 150_000 or p.read_bytes()[:8] != b"\x89PNG\r\n\x1a\n"] == []
