"""The client in docs/integrators.md, run as it stands there against a running Linli; and the printed document."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from linli.api.tests.conftest import admit
from linli.testing.browser import live  # noqa: F401
from linli.testing.world import person_id

PAGE = Path(__file__).parents[4] / "docs/integrators.md"


def program():
    """The one block of Python on the page."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 1
    return blocks[0]


def test_it_has_about_twenty_lines():
    assert len([line for line in program().splitlines() if line.strip()]) <= 21


@pytest.mark.slow
@pytest.mark.parametrize("number", [person_id(5), "770121197006060000"], ids=["good", "wrong"])
def test_the_client_on_the_page_works_as_it_stands(world, live, number):  # noqa: F811
    environment = os.environ | {"BUREAU_URL": live.url, "BUREAU_KEY": admit(world).key, "ID_NUMBER": number}
    done = subprocess.run([sys.executable, "-c", program()], env=environment, capture_output=True, text=True, timeout=60)
    if number == person_id(5):
        assert done.returncode == 0, done.stderr
        assert "asks for [" in done.stdout and "李**" in done.stdout and number not in done.stdout
    else:
        assert done.returncode == 1 and done.stderr.startswith("identifiers.id_number"), done.stderr


def test_the_command_prints_the_document(capsys):
    call_command("api_schema")
    document = json.loads(capsys.readouterr().out)
    assert document["openapi"].startswith("3.1.") and "/api/v1/cases" in document["paths"]
    optional = [p for p in document["paths"]["/api/v1/items"]["get"]["parameters"] if p["required"]]
    assert optional == []
