"""What docs/policies.md tells works as it stands there: its files are a bureau's folder, checked, asked of one person, scanned over many."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from linli.domains.benefits import commands, definitions, granting, own, parameters, projection, queries, scanning
from linli.domains.benefits.models import FACTS
from linli.domains.benefits.parameters import FigureWrong
from linli.domains.benefits.policies import RULES
from linli.domains.benefits.queries import book, results
from linli.kernel.actors import system

ROOT = Path(__file__).resolve().parents[5]
ON, CODE = date(2025, 11, 15), "heating-grant"
NOW = datetime(2025, 11, 15, 3, 0, tzinfo=UTC)
KEPT = (
    definitions.shipped_policies, definitions.last_days, parameters.shipped_parameters, projection.projection, granting._shipped,
    book._shipped, book._book,
)  # fmt: skip


def written(language):
    """The blocks of the document in a language, by what stands behind it."""
    return re.findall(rf"^```{language} ?(\S*)\n(.*?)^```$", (ROOT / "docs/policies.md").read_text("utf-8"), re.M | re.S)


@pytest.fixture
def folder(tmp_path):
    """The folder that somebody has who copied every file out of the document."""
    made = tmp_path / "policies"
    made.mkdir()
    for name, text in written("yaml") + written("python"):
        (made / name).write_text(text, "utf-8")
    return made


@pytest.fixture
def taken_in(folder):
    """This process as if it had been started with the folder."""
    before = dict(RULES)
    own.use(folder)
    for kept in KEPT:
        kept.cache_clear()
    yield folder
    own.use(None)
    RULES.clear()
    RULES.update(before)
    for kept in (*KEPT, scanning._anatomy):
        kept.cache_clear()


def check(folder):
    """``linli benefits check FOLDER``, as somebody types it."""
    return subprocess.run(
        [sys.executable, "-m", "linli.cli", "benefits", "check", folder.name],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_typed_says_what_the_document_shows(folder):
    ((_, shown),) = [block for block in written("console") if "benefits check" in block[1]]
    typed, expected = shown.splitlines()
    assert typed == f"$ linli benefits check {folder.name}"
    done = check(folder)
    assert (done.stdout.strip(), done.returncode) == (expected, 0), done.stderr


@pytest.mark.parametrize(
    ("file", "was", "becomes", "told"),
    [
        ("policies.yaml", "  every: year\n", "", "every"),
        ("policies.yaml", "    alive: 没有部门报告死亡\n", "", "alive"),
        ("policies.yaml", "heating-grant:", "na-elderly-allowance:", "na-elderly-allowance"),
        ("policies.yaml", "conditions:", "conditions: [", "policies.yaml"),
        ("granting.yaml", "heating-grant", "another", "granting.yaml"),
        ("parameters.yaml", "heating.age:", "elderly_allowance.bands:", "elderly_allowance.bands"),
        ("parameters.yaml", "heating.age:", "heating.years:", "heating.age"),
        ("heating.py", "p.local_household", "p.local_houshold", "local_houshold"),
        ("heating.py", "import ibis\n", "import ibis as\n", "heating.py"),
        ("heating.py", '"local": p.local_household', '"local": p.hardship.upper() == "X"', "Uppercase"),
        ("projection.yaml", "poor_disability", "rich", ""),
    ],
)
def test_a_folder_that_is_wrong_stops_the_start_and_says_what_is_wrong(folder, taken_in, file, was, becomes, told):
    text = (folder / file).read_text("utf-8")
    assert was in text
    (folder / file).write_text(text.replace(was, becomes, 1), "utf-8")
    RULES.pop(CODE, None)
    if not told:  # a word that a fact cannot have tells nothing, as with every register
        (register,) = [r for code, r in projection.projection().exchange.items() if code == "city-disabled-poor"]
        assert register.told("person", {"category": "困难残疾人家庭"}) == {}
        return
    with pytest.raises((definitions.PolicyWrong, own.OwnWrong, FigureWrong)) as wrong:
        definitions.check_own()
        granting.check_own()
    assert told in str(wrong.value)


def test_a_wrong_policy_is_told_on_the_command_line_without_a_traceback(folder):
    (folder / "heating.py").write_text("1 +", "utf-8")
    done = check(folder)
    assert done.returncode and "heating.py" in done.stderr and "Traceback" not in done.stderr


def test_its_cases_fail_when_a_limit_moves(folder):
    file = folder / "parameters.yaml"
    file.write_text(file.read_text("utf-8").replace("value: 70}", "value: 71}"), "utf-8")
    done = check(folder)
    assert (
        done.returncode == 1
        and "HEAT-1, seventy today FAILED state" in done.stdout
        and done.stdout.endswith("5 passed, 1 failed\n")
    )


def test_one_person_and_a_scan_of_the_population_of_the_document_say_the_same(taken_in, tmp_path, world, committed_db):
    """The commands of the last step, and everybody's answer held against the one that a page gives."""
    by = system("benefits.run", "benefits.view", "benefits.learn")
    commands.make_population(folder=tmp_path / "people", number=1500, seed=7701, on=ON, places=["770102", "770121"])
    commands.load_facts(folder=tmp_path / "people", by=by, now=NOW)
    run_id = commands.start_run(on=ON, region="7701", policies=[CODE], by=by, now=NOW)
    for step in (partial(commands.freeze_run, by=by, now=NOW), commands.scan_run, partial(commands.finish_run, by=by, now=NOW)):
        step(run_id=run_id)
    run, policy = queries.run(run_id, by=by), queries.policy_of(CODE)
    assert run.counts[CODE]["entitled"] > 0 and run.counts[CODE]["unknown"] > 0 and run.counts[CODE]["left_out"] == 0
    entitled = {line.subject_id: line.fen for line in queries.entitled(run_id, CODE, by=by, size=5000).rows}
    states = {}
    for row in FACTS["person"].objects.all():
        figures = parameters.Figures(ON, row.region)
        (outcome,) = scanning.assess([policy], queries.facts_of("person", row.pk, on=ON), figures)
        states[outcome.state] = states.get(outcome.state, 0) + 1
        assert entitled.get(row.pk) == outcome.amount
        assert {r.says for r in outcome.reasons} == set(policy.conditions.values())
    assert {state.value: number for state, number in states.items()} == {
        s: run.counts[CODE][s] for s in ("entitled", "not_entitled", "unknown")
    }
    assert results.rerun(run_id, next(iter(entitled)), by=system("benefits.audit")).same


# -- a new fact ------------------------------------------------------------------------------------------------------------------

_CHANGES = """
import json, sys
import django
django.setup()
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from linli.domains.benefits.definitions import facts_table
loader = MigrationLoader(None)
found = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(loader.graph)
made = [op.deconstruct()[2] for m in found.get("benefits", []) for op in m.operations]
print(json.dumps({
    "file": django.__file__ and apps.get_app_config("benefits").path, "conflicts": loader.detect_conflicts(),
    "added": [[a["model_name"], a["name"], a["field"].deconstruct()[1:]] for a in made],
    "asks": "district_heating" in facts_table("person").columns,
}))
"""


def changes_of(tree):
    """What Django finds in a copy of Linli that no migration says yet, as a process of its own finds it."""
    more = {"PYTHONPATH": str(tree), "DJANGO_SETTINGS_MODULE": "linli.config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", _CHANGES], env=os.environ | more, cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["file"].startswith(str(tree)) and not found["conflicts"]
    return found


def test_a_new_fact_is_the_line_and_the_migration_of_the_document(tmp_path, committed_db):
    source = Path(commands.__file__).parents[3]
    shutil.copytree(source, tmp_path / "linli", ignore=shutil.ignore_patterns("static", "locale", "tests", "__pycache__"))
    benefits = tmp_path / "linli/domains/benefits"
    ((file, line),), ((name, migration),) = written("yml"), written("py")
    facts = benefits / "data" / file
    text = facts.read_text("utf-8")
    facts.write_text(re.sub(r"^person:\n", lambda m: m[0] + line, text, flags=re.M), "utf-8")
    before = changes_of(tmp_path)
    assert before["asks"] and before["added"] == [
        ["personfacts", "district_heating", ["django.db.models.BooleanField", [], {"null": True}]]
    ]
    newest = max(f.stem for f in (benefits / "migrations").glob("0*.py"))
    told = re.sub(r'\("benefits", "\w+"\)', f'("benefits", "{newest}")', migration)
    (benefits / "migrations" / f"{int(newest[:4]) + 1:04d}_{name}").write_text(told, "utf-8")
    assert changes_of(tmp_path)["added"] == []
    # And it does so to the table, at once and without anything being written anew.
    known: dict[str, Any] = {}
    exec(migration, known)
    (operation,) = known["Migration"].operations
    state = MigrationLoader(None).project_state()
    after = state.clone()
    operation.state_forwards("benefits", after)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_filenode('benefits_person_facts')")
        node = cursor.fetchone()
        with connection.schema_editor() as editor:
            operation.database_forwards("benefits", editor, state, after)
        cursor.execute("SELECT pg_relation_filenode('benefits_person_facts'), count(district_heating) FROM benefits_person_facts")
        assert cursor.fetchone() == (*node, 0)
        transaction.set_rollback(True)
