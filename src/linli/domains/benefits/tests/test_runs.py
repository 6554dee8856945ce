"""Scans: the facts are frozen, everybody gets the answer that one person would get, and any answer can be reckoned again."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.domains.benefits import commands, queries
from linli.domains.benefits.commands import runs as run_commands
from linli.domains.benefits.facts import sources_of, vocabulary
from linli.domains.benefits.models import FACTS, Run, seen
from linli.domains.benefits.parameters import Figures, shipped_parameters
from linli.domains.benefits.queries import results as run_queries
from linli.domains.benefits.scanning import State, assess
from linli.domains.benefits.tasks import perform_run
from linli.domains.trace.queries import timeline
from linli.kernel.errors import NotAllowed, NotFound

NOW = datetime(2025, 6, 1, 3, 0, tzinfo=UTC)
ON = date(2025, 6, 1)
PLACES = ("770121", "770121100", "7701", "440000", "440300", "500000")
SUBJECTS = ("person", "employer", "hire")
BY = {"device": "test"}


def some_value(fact, dice):
    match fact.kind.type:
        case "boolean":
            return dice.random() < 0.5
        case "date":
            return ON - timedelta(dice.choice([30, 200, 500, 20_500, 22_500, 25_000, 30_000]))
        case "string":
            return dice.choice(fact.kind.options or ("初级(五级)", "中级(四级)"))
    return dice.choice([0, 1, 8, 12, 20, 300_000] if fact.kind.name == "money" else [0, 1, 2, 3, 12, 40, 180, 250])


def fill(number=400, seed=7, places=PLACES):
    """People, employers and hires with facts of all kinds, known, absent, unknown and stale."""
    dice = random.Random(seed)
    for kind, subject in enumerate(SUBJECTS):
        rows = []
        for n in range(number):
            row = FACTS[subject](subject_id=UUID(int=(kind << 96) + n), region=dice.choice(places))
            if subject == "hire":
                row.employer_id, row.person_id = UUID(int=1), UUID(int=2)
            for source in sources_of(subject):
                setattr(row, seen(source), ON - timedelta(dice.choice([0, 5, 20, 30, 50])) if dice.random() < 0.97 else None)
            for name, fact in vocabulary()[subject].items():
                if dice.random() < 0.9:
                    setattr(row, name, fact.absent if fact.none and dice.random() < 0.3 else some_value(fact, dice))
                if dice.random() < 0.05 and (heard := getattr(row, seen(fact.source.name))):
                    row.told = (row.told or {}) | {name: (heard - timedelta(dice.choice([1, 15, 300]))).isoformat()}
            rows.append(row)
        FACTS[subject].objects.bulk_create(rows)


@pytest.fixture
def officer(world, committed_db):
    return replace(world.actor("benefits"), region="")  # of the country: facts in several provinces


def scan(officer, **more):
    run_id = commands.start_run(on=ON, region="", by=officer, now=NOW, **more)
    perform_run(str(run_id))
    return queries.run(run_id, by=officer)


def test_everybody_gets_the_answer_that_one_person_would_get_with_the_figures_of_their_place(officer):
    fill()
    run = scan(officer)
    assert (run.state, run.error, run.done, run.total) == ("done", "", 2400, 2400)
    assert len({tuple(sorted(g["places"])) for g in run.figures if g["subject"] == "person"}) == 3
    states = set()
    with run_queries.scans.engine(run_queries.folder_of(run.pk)) as engine:
        for subject in SUBJECTS:
            verdict = run_queries.file_of(run.pk, "verdict", subject)
            for row in FACTS[subject].objects.all():
                found = run_queries.scans.row_of(engine, verdict, str(row.pk))
                facts = queries.facts_of(subject, row.pk, on=ON)
                for policy in (queries.policy_of(code) for code in run.policies):
                    if policy.subject != subject:
                        continue
                    met, still_open, fen = (found[run_queries.column(policy, part)] for part in ("met", "open", "fen"))
                    try:
                        outcome = assess([policy], facts, Figures(ON, row.region))[0]
                    except run_queries.scans.FigureMissing:
                        assert met is None
                        continue
                    assert (run_queries.state_of(policy, met, still_open), fen) == (outcome.state, outcome.amount)
                    states.add((policy.code, outcome.state))
    assert len(states) > 30


def test_counts_lists_and_gaps_say_what_the_verdict_says(officer):
    fill()
    run = scan(officer)
    for code in run.policies:
        policy, counted = queries.policy_of(code), run.counts[code]
        outcomes = {}
        for row in FACTS[policy.subject].objects.all():
            try:
                outcomes[row.pk] = assess([policy], queries.facts_of(policy.subject, row.pk, on=ON), Figures(ON, row.region))[0]
            except run_queries.scans.FigureMissing:
                continue
        having = {state: {i for i, o in outcomes.items() if o.state is state} for state in State}
        assert [counted[s.value] for s in State] == [len(having[s]) for s in State]
        assert counted["left_out"] == 400 - len(outcomes)
        assert counted["fen"] == sum(outcomes[i].amount or 0 for i in having[State.ENTITLED])
        lines = queries.entitled(run.pk, code, by=officer, size=1000)
        assert {(li.subject_id, li.fen) for li in lines.rows} == {(i, outcomes[i].amount) for i in having[State.ENTITLED]}
        for gap in queries.unknowns(run.pk, code, by=officer):
            lacking = {i for i in having[State.UNKNOWN] if gap.fact in outcomes[i].missing}
            ids, total = queries.unknown_subjects(run.pk, code, gap.fact.name, by=officer, size=1000)
            assert ({i for i, _ in ids}, total, gap.subjects) == (lacking, len(lacking), len(lacking))
        missed = {f.name for o in outcomes.values() for f in o.missing}
        assert {gap.fact.name for gap in queries.unknowns(run.pk, code, by=officer)} == missed


def test_a_scan_in_which_every_policy_lacks_its_figures_ends_and_says_which(officer):
    fill(number=30, places=("770121",))
    codes, before = ["na-elderly-allowance", "na-graduate-hire-subsidy"], date(2010, 1, 1)  # before any figure was set
    run_id = commands.start_run(on=before, region="", policies=codes, by=officer, now=NOW)
    perform_run(str(run_id))
    run = queries.run(run_id, by=officer)
    assert (run.state, run.error) == ("done", "")
    assert {
        code: (run.counts[code]["left_out"], run.counts[code]["entitled"], run.counts[code]["missing"]) for code in codes
    } == dict.fromkeys(codes, (30, 0, {}))
    left_out = {code: why for group in run.figures for code, why in group["left_out"].items()}
    assert set(left_out) == set(codes) and all(left_out.values())
    for code in codes:
        assert not queries.entitled(run_id, code, by=officer).rows and not queries.unknowns(run_id, code, by=officer)


def test_what_a_policy_means_is_worked_out_once_for_the_same_figures_and_anew_for_others():
    policy, book = queries.policy_of("na-elderly-allowance"), dict(shipped_parameters())
    version = run_queries.scans.rule_version
    first = version(policy, Figures(ON, "770121", book))
    kept = run_queries.scans._version.cache_info().hits
    alike = {name: replace(parameter) for name, parameter in book.items()}
    assert version(policy, Figures(ON, "770121", alike)) == first and run_queries.scans._version.cache_info().hits == kept + 1
    bands = book["elderly_allowance.bands"]
    (newest,) = (f for f in bands.figures if f is max(bands.figures, key=lambda f: f.since))
    more = {age: fen + 1 for age, fen in newest.value.items()}
    other = book | {bands.name: replace(bands, figures=(replace(newest, value=more),))}
    assert version(policy, Figures(ON, "770121", other)) != first
    rule = replace(policy.rule, build=lambda table, figures: replace(policy.rule.build(table, figures), amount=None))
    assert version(replace(policy, rule=rule), Figures(ON, "770121", book)) != first


def test_a_second_run_says_who_joined_left_and_has_another_amount(officer):
    fill(number=40, places=("7701",))
    code = "na-elderly-allowance"
    entitled = {
        "birth": date(1940, 1, 1),
        "local_household": True,
        "death_sources": 0,
        "life_strong_on": ON,
        "elderly_allowance_paid": False,
    }
    people = FACTS["person"].objects.order_by("pk")
    people.update(told=None, **{seen(s): ON for s in sources_of("person")})
    ids = list(people.values_list("pk", flat=True))
    people.update(**entitled)
    people.filter(pk=ids[0]).update(local_household=False)
    first = scan(officer, policies=[code])
    assert first.counts[code]["joined"] == 39 and first.before == {}
    people.filter(pk=ids[0]).update(local_household=True)
    people.filter(pk=ids[1]).update(elderly_allowance_paid=True)
    people.filter(pk=ids[2]).update(birth=date(1920, 1, 1))
    second = scan(officer, policies=[code])
    assert second.before == {code: str(first.pk)}

    def listed(kind, **more):
        return [line.subject_id for line in queries.differences(second.pk, code, kind, by=officer, **more).rows]

    assert (listed("joined"), listed("left"), listed("changed")) == ([ids[0]], [ids[1]], [ids[2]])
    assert listed("same", size=100) == ids[3:]
    assert listed("same", offset=35, size=5) == ids[38:]
    (changed,) = queries.differences(second.pk, code, "changed", by=officer).rows
    assert changed.fen > changed.before_fen > 0
    assert second.counts[code]["before_fen"] == first.counts[code]["fen"]


def test_lists_take_the_same_few_queries_however_long_they_are(officer):
    fill(number=30)
    small = scan(officer)
    fill_more = [FACTS["person"](subject_id=UUID(int=(9 << 96) + n), region="7701") for n in range(300)]
    FACTS["person"].objects.bulk_create(fill_more)
    large = scan(officer)

    def asked(run):
        with CaptureQueriesContext(
            connection,
        ) as found:
            queries.entitled(run.pk, "na-rate-reduction", by=officer)
            queries.differences(run.pk, "na-rate-reduction", "joined", by=officer)
            queries.unknowns(run.pk, "na-elderly-allowance", by=officer)
            list(queries.runs(by=officer))
        return len(found)

    assert asked(small) == asked(large) == 4


def test_a_past_answer_is_reckoned_again_alike_after_facts_and_figures_have_changed(world, officer, monkeypatch):
    fill(number=60)
    run = scan(officer)
    book = shipped_parameters()
    later = {
        name: replace(p, figures=tuple(replace(f, value=type(f.value)(7)) if isinstance(f.value, int) else f for f in p.figures))
        for name, p in book.items()
    }
    assert later != book
    monkeypatch.setattr(run_commands, "book_in_force", lambda: later)
    FACTS["person"].objects.update(**dict.fromkeys(vocabulary()["person"]))
    now = scan(officer)
    auditor = replace(world.actor("auditor"), region="")
    differ = 0
    for subject in SUBJECTS:
        for row in FACTS[subject].objects.all()[:10]:
            again = queries.rerun(run.pk, row.pk, by=auditor)
            assert again.same and not any(a.rule_changed for a in again.policies)
            assert all(a.outcome is None or (a.outcome.state, a.outcome.amount) == (a.state, a.fen) for a in again.policies)
            newer = queries.rerun(now.pk, row.pk, by=auditor)
            assert newer.same
            differ += [(a.state, a.fen) for a in newer.policies] != [(a.state, a.fen) for a in again.policies]
    assert differ >= 10  # at least everybody of whom nothing is known any more


def bytes_of(run_id):
    return {
        f.name: f.read_bytes()
        for f in run_queries.folder_of(run_id).iterdir()
        if f.name.startswith(("facts", "verdict", "changes"))
    }


@pytest.mark.parametrize("step", ["freeze", "evaluate", "compare", "count", "seal"])
def test_a_run_that_was_killed_at_any_step_ends_with_the_same_bytes(officer, monkeypatch, step):
    fill(number=100)
    whole = scan(officer)

    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    home = run_commands if step in ("freeze", "seal") else run_commands.scans
    with monkeypatch.context() as patch:
        patch.setattr(home, step, die)
        run_id = commands.start_run(on=ON, region="", by=officer, now=NOW)
        with pytest.raises(Killed):
            perform_run(str(run_id))
    if step in ("evaluate", "compare", "count"):  # the facts were frozen: what changes meanwhile is not part of this run
        FACTS["person"].objects.update(birth=None)
    Run.objects.filter(pk=run_id).update(before={})
    perform_run(str(run_id))
    assert queries.run(run_id, by=officer).state == "done"
    ended, wanted = bytes_of(run_id), bytes_of(whole.pk)
    if step in ("freeze", "seal"):  # frozen anew after the first run was done, and so compared with it
        ended, wanted = ({n: b for n, b in files.items() if not n.startswith("changes")} for files in (ended, wanted))
    assert ended == wanted
    perform_run(str(run_id))
    assert sum(e.act == "benefits.run_done" for e in timeline(run_id)) == 1


@pytest.mark.parametrize("name", ["facts_person.parquet", "verdict_person.parquet", "changes_person.parquet", "manifest.json"])
def test_a_file_of_a_run_cannot_be_changed_unnoticed(world, officer, name):
    fill(number=20)
    run = scan(officer)
    auditor = replace(world.actor("auditor"), region="")
    (person, *_) = FACTS["person"].objects.values_list("pk", flat=True)
    file = run_queries.folder_of(run.pk) / name
    assert file.stat().st_mode & 0o222 == 0
    whole = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    reading = {
        "changes_person.parquet": lambda: queries.entitled(run.pk, "na-elderly-allowance", by=officer),
    }.get(name, lambda: queries.rerun(run.pk, person, by=auditor))
    with pytest.raises(queries.SnapshotChanged, match=name):
        reading()
    file.write_bytes(whole)
    reading()
    file.unlink()
    with pytest.raises(queries.SnapshotChanged, match=name):
        reading()


def test_digests_that_were_changed_with_the_file_are_noticed_too(world, officer):
    fill(number=20)
    run = scan(officer)
    (person, *_) = FACTS["person"].objects.values_list("pk", flat=True)
    Run.objects.filter(pk=run.pk).update(digests=run.digests | {"facts_person.parquet": "00"})
    with pytest.raises(queries.SnapshotChanged):
        queries.rerun(run.pk, person, by=replace(world.actor("auditor"), region=""))


def test_who_may_scan_what(world, committed_db):
    fill(number=5)
    city, county = world.actor("benefits"), world.actor("benefits-elsewhere")
    with pytest.raises(NotAllowed):
        commands.start_run(on=ON, region="7701", by=county, now=NOW)
    for name in ("clerk", "payments", "policies", "auditor"):
        with pytest.raises(NotAllowed):
            commands.start_run(on=ON, region="7701", by=world.actor(name), now=NOW)
    mine = commands.start_run(on=ON, region="7701", by=city, now=NOW)
    theirs = commands.start_run(on=ON, region="770121", by=county, now=NOW)
    assert [r.pk for r in queries.runs(by=county)] == [theirs] and {r.pk for r in queries.runs(by=city)} == {mine, theirs}
    with pytest.raises(NotFound):
        queries.run(mine, by=county)
    with pytest.raises(NotAllowed):
        queries.run(mine, by=world.actor("clerk"))
    with pytest.raises(NotAllowed):
        queries.rerun(mine, mine, by=city)
    with pytest.raises(queries.RunNotDone):
        queries.entitled(mine, "na-elderly-allowance", by=city)
    perform_run(str(mine))
    found = queries.run(mine, by=city)
    expected = FACTS["person"].objects.filter(region__startswith="7701").count()
    counted = found.counts["na-elderly-allowance"]
    assert counted["entitled"] + counted["not_entitled"] + counted["unknown"] + counted["left_out"] == expected > 0
    with pytest.raises(commands.PolicyOver):
        commands.start_run(on=date(2026, 6, 1), region="7701", policies=["na-skill-upgrade"], by=city, now=NOW)


def test_only_one_run_comes_of_a_double_click(world, committed_db):
    key = UUID(int=77)
    first, second = (commands.start_run(on=ON, region="7701", by=world.actor("benefits"), now=NOW, key=key) for _ in range(2))
    assert first == second and Run.objects.count() == 1
