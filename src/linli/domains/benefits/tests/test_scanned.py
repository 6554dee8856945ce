"""Officers and auditors at a finished scan: names, reasons, exports, and whole scans reckoned again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.domains.benefits import commands, queries
from linli.domains.benefits.models import FACTS, Run
from linli.domains.benefits.queries import AuditState
from linli.domains.benefits.queries import results as run_queries
from linli.domains.benefits.tasks import perform_audit, perform_run
from linli.domains.benefits.tests.test_runs import NOW, ON, SUBJECTS, fill, officer, scan
from linli.domains.people.commands import register_person
from linli.domains.people.queries import Gender, IdType, Purpose
from linli.domains.trace.queries import events_of, timeline
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.rosters import someone
from linli.testing.world import BUILDER, COUNTY, person_id

__all__ = ["officer"]
CODE = "na-elderly-allowance"


@pytest.fixture
def auditor(world, committed_db):
    return replace(world.actor("auditor"), region="")


def known(world, who="applicant"):
    """A person of the register of whom facts are known."""
    FACTS["person"].objects.filter(pk=UUID(int=3)).update(subject_id=world.people[who])
    return world.people[who]


def test_one_subject_is_told_with_the_reasons_of_the_frozen_facts(world, officer):
    fill(number=60)
    run = scan(officer)
    FACTS["person"].objects.update(birth=None)
    told = 0
    for subject in SUBJECTS:
        for row in FACTS[subject].objects.all()[:15]:
            seen = queries.subject_in_run(run.pk, row.pk, by=officer)
            again = queries.rerun(run.pk, row.pk, by=replace(world.actor("auditor"), region=""))
            assert [(f.policy.code, f.state, f.fen) for f in seen.policies] == [(a.policy, a.state, a.fen) for a in again.policies]
            for found in seen.policies:
                if found.outcome:
                    assert (found.outcome.state, found.outcome.amount) == (found.state, found.fen)
                    told += 1
            assert {f.name: v for f, v in seen.facts if v is not None} == again.facts
    assert told > 200


def test_a_rule_that_was_changed_since_gives_no_reasons_of_today(officer, monkeypatch):
    fill(number=5)
    run = scan(officer)
    for group in run.figures:
        group["rules"] = dict.fromkeys(group["rules"], "of another time")
    Run.objects.filter(pk=run.pk).update(figures=run.figures)
    seen = queries.subject_in_run(run.pk, UUID(int=2), by=officer)
    assert all(f.outcome is None for f in seen.policies) and any(f.state for f in seen.policies)


def test_a_look_at_somebody_in_a_run_stands_in_their_record_once_a_day(world, officer):
    fill(number=10)
    person = known(world)
    run = scan(officer)
    for _ in range(3):
        assert commands.open_in_run(run_id=run.pk, subject_id=person, by=officer, now=NOW).subject == "person"
    assert [e.data for e in events_of(person, acts=("people.viewed",)).filter(user_id=officer.user_id)] == [
        {"benefit_run": str(run.pk)}
    ]
    with pytest.raises(NotFound):
        commands.open_in_run(run_id=run.pk, subject_id=uuid4(), by=officer, now=NOW)
    with pytest.raises(NotAllowed):
        commands.open_in_run(run_id=run.pk, subject_id=person, by=world.actor("clerk"), now=NOW)
    hire = FACTS["hire"].objects.all()[0]
    FACTS["hire"].objects.filter(pk=hire.pk).update(person_id=person)
    assert queries.person_behind("hire", hire.pk) == person


def test_people_are_found_by_how_their_name_begins(world, officer):
    fill(number=30)
    person = known(world)
    for n in range(3):
        other = register_person(
            name=f"赵相近{n}", id_type=IdType.CITIZEN, id_number=someone(900 + n), gender=Gender.MALE, phone="", address="", region=COUNTY,
            by=BUILDER, now=NOW,
        )  # fmt: skip
        FACTS["person"].objects.filter(pk=UUID(int=10 + n)).update(subject_id=other)
    everybody = list(FACTS["person"].objects.all())
    for row in everybody:
        FACTS["person"].objects.filter(pk=row.pk).update(
            birth=date(1940, 1, 1),
            local_household=True,
            elderly_allowance_paid=False,
            death_sources=0,
            life_strong_on=ON,
            told=None,
        )
    run = scan(officer)
    named = queries.subjects_named("person", "赵示例")
    assert named == queries.Named([person], False) and queries.subjects_named("person", " ").ids == []
    assert set(queries.subjects_named("person", "赵").ids) >= {person}
    assert queries.subjects_named("employer", "没有这家") == queries.Named([], False)
    every = [line for part in queries.whole_list(run.pk, CODE, None, by=officer, size=7) for line in part]
    assert len(every) == run.counts[CODE]["entitled"]
    some = [every[0].subject_id, uuid4()]
    lines = queries.entitled(run.pk, CODE, by=officer, among=some)
    assert ([li.subject_id for li in lines.rows], lines.total) == (some[:1], 1)
    who = queries.who_are("person", [person, some[1]])
    assert who[person].party.name == "赵示例" and who[some[1]].party is None


def test_the_sums_of_what_changed_add_up(officer):
    fill(number=80)
    scan(officer)
    FACTS["person"].objects.filter(pk__lt=UUID(int=40)).update(local_household=None, told=None)
    run = scan(officer)
    for code, counted in run.counts.items():
        sums = counted["sums"]
        assert sum(now for now, _ in sums.values()) == counted["fen"], code
        assert sum(before for _, before in sums.values()) == counted["before_fen"]
        assert sums.get("joined", [0, 0])[1] == sums.get("left", [0, 0])[0] == 0


def test_a_list_taken_along_is_recorded_and_whole_numbers_need_a_purpose(world, officer, auditor):
    fill(number=10)
    run = scan(officer)
    commands.export_list(run_id=run.pk, policy=CODE, kind="joined", lines=9, by=officer, now=NOW)
    commands.export_list(run_id=run.pk, policy=CODE, kind="joined", lines=9, purpose=Purpose.LAWFUL_REQUEST, by=officer, now=NOW)
    told = [e.data for e in timeline(run.pk) if e.act == "benefits.list_exported"]
    assert [d.get("purpose") for d in told] == [None, "lawful_request"] and told[0]["lines"] == 9
    ask = {"run_id": run.pk, "policy": CODE, "kind": "joined", "now": NOW}
    with pytest.raises(commands.TooManyWhole):
        commands.export_list(**ask, lines=5000, purpose=Purpose.CONTACT, by=officer)
    with pytest.raises(NotAllowed):
        commands.export_list(**ask, lines=5, purpose=Purpose.CONTACT, by=auditor)
    for name in ("payments", "clerk"):
        with pytest.raises(NotAllowed):
            commands.export_list(**ask, lines=5, by=world.actor(name))
    people = [world.people["applicant"], world.people["neighbour"], uuid4()]
    with pytest.raises(commands.PurposeMissing):
        commands.whole_numbers(person_ids=people, purpose=None, by=officer, now=NOW)
    shown = commands.whole_numbers(person_ids=people, purpose=Purpose.CONTACT, by=officer, now=NOW)
    assert shown[people[0]] == person_id(0) and set(shown) == set(people[:2])
    assert all(events_of(p, acts=("people.shown_whole",)).filter(data__purpose="contact").count() == 1 for p in people[:2])


def test_only_what_failed_is_repeated(world, officer, monkeypatch):
    fill(number=10)
    run_id = commands.start_run(on=ON, region="", by=officer, now=NOW)
    commands.fail_run(run_id=run_id, why="磁盘满了", by=officer, now=NOW)
    with pytest.raises(NotAllowed):
        commands.repeat_run(run_id=run_id, by=world.actor("auditor"), now=NOW)
    with pytest.raises(NotFound):
        commands.repeat_run(run_id=run_id, by=world.actor("benefits-elsewhere"), now=NOW)
    commands.repeat_run(run_id=run_id, by=officer, now=NOW)
    assert (queries.run(run_id, by=officer).state, queries.run(run_id, by=officer).error) == ("waiting", "")
    perform_run(str(run_id))
    assert queries.run(run_id, by=officer).state == "done"
    with pytest.raises(commands.NotFailed):
        commands.repeat_run(run_id=run_id, by=officer, now=NOW)


def audit(run, auditor, size=0, seed="s"):
    audit_id = commands.ask_audit(run_id=run.pk, size=size, seed=seed, by=auditor, now=NOW)
    perform_audit(str(run.pk), str(audit_id))
    found = queries.audits_of(run.pk, by=auditor)[0]
    assert found.id == audit_id
    return found


def forge(run, name, sql):
    """Replace a file of a run by another one and make all digests fit, as somebody who may write everything could."""
    from linli.domains.benefits.snapshots import digest

    file = run_queries.folder_of(run.pk) / name
    with run_queries.scans.engine(file.parent, threads=1) as engine:
        engine.execute(f"COPY (SELECT * REPLACE ({sql}) FROM read_parquet('{file}')) TO '{file}.new' (FORMAT parquet)")
    file.with_name(f"{name}.new").replace(file)
    return digest(file)


def test_a_whole_run_and_a_sample_of_it_come_out_alike(officer, auditor):
    fill(number=120)
    run = scan(officer)
    whole = audit(run, auditor)
    assert (whole.state, whole.checked, whole.wrong) == (AuditState.SAME, dict.fromkeys(SUBJECTS, 120), 0)
    some = audit(run, auditor, size=15, seed="root 7")
    assert (some.state, some.total, some.seed) == (AuditState.SAME, 45, "root 7")
    assert not list(run_queries.folder_of(run.pk).parent.glob("audit-*"))
    perform_audit(str(run.pk), str(some.id))  # replayed by the queue
    assert sum(e.act == "benefits.audit_done" for e in timeline(run.pk)) == 2


def test_how_far_an_audit_is_is_told_while_it_goes_on(officer, auditor, monkeypatch):
    fill(number=30)
    run, seen = scan(officer), []
    compare = run_queries.scans.held_against

    def looked_at(*given):
        seen.append(queries.audits_of(run.pk, by=auditor)[0].progress)
        return compare(*given)

    monkeypatch.setattr(run_queries.scans, "held_against", looked_at)
    whole = audit(run, auditor)
    # Of three kinds of subject with thirty each the last third of the first, of the second and of the third.
    assert seen == [(60, 270), (150, 270), (240, 270)] and whole.progress is None


def test_the_same_seed_draws_the_same_subjects(officer, tmp_path):
    fill(number=50, places=("7701",))
    run = scan(officer)
    facts = run_queries.file_of(run.pk, "facts", "person")

    def drawn(seed, out):
        with run_queries.scans.engine(tmp_path, threads=1) as engine:
            run_queries.scans.draw(engine, facts, seed, 10, tmp_path / out)
            return {r[0] for r in engine.execute(f"SELECT subject_id FROM read_parquet('{tmp_path / out}')").fetchall()}

    assert drawn("a'; b", "1") == drawn("a'; b", "2") != drawn("c", "3")


def test_an_answer_that_was_forged_with_its_digests_is_found_by_reckoning_again(officer, auditor, monkeypatch):
    fill(number=30, places=("7701",))
    run = scan(officer)
    name, column = "verdict_person.parquet", "na_elderly_allowance__met"
    run_queries.folder_of(run.pk).joinpath(name).chmod(0o644)
    victim = str(UUID(int=4))
    forged = forge(run, name, f"CASE WHEN subject_id = '{victim}' THEN {column} + 1 ELSE {column} END AS {column}")
    Run.objects.filter(pk=run.pk).update(digests=run.digests | {name: forged})
    found = audit(run, auditor)
    assert found.state is AuditState.FAILED and name in found.why, "the trace still tells the digest of then"
    monkeypatch.setattr("linli.domains.benefits.queries.audits.as_recorded", lambda found: None)  # as if the trace were forged too
    found = audit(Run.objects.get(pk=run.pk), auditor)
    assert (found.state, found.wrong, found.named) == (AuditState.DIFFERS, 1, [(UUID(victim), CODE)])


def test_every_sealed_file_is_held_against_the_trace_also_one_that_is_not_reckoned_with(officer, auditor):
    fill(number=30, places=("7701",))
    run = scan(officer)
    for name in run.digests:
        file = run_queries.folder_of(run.pk) / name
        whole = file.read_bytes()
        file.chmod(0o644)
        file.write_bytes(whole + b" ")
        found = audit(run, auditor)
        assert found.state is AuditState.FAILED and name in found.why
        file.write_bytes(whole)
    assert audit(run, auditor).state is AuditState.SAME


def test_who_may_have_a_run_reckoned_again(world, officer, auditor):
    fill(number=5)
    run_id = commands.start_run(on=ON, region="", by=officer, now=NOW)
    with pytest.raises(queries.RunNotDone):
        commands.ask_audit(run_id=run_id, size=0, seed="", by=auditor, now=NOW)
    perform_run(str(run_id))
    for name in ("benefits", "payments", "clerk"):
        with pytest.raises(NotAllowed):
            commands.ask_audit(run_id=run_id, size=0, seed="", by=world.actor(name), now=NOW)
        with pytest.raises(NotAllowed):
            queries.audits_of(run_id, by=world.actor(name))
    with pytest.raises(commands.SampleWrong):
        commands.ask_audit(run_id=run_id, size=-1, seed="", by=auditor, now=NOW)
    with pytest.raises(commands.SeedMissing):
        commands.ask_audit(run_id=run_id, size=5, seed=" ", by=auditor, now=NOW)
    first = commands.ask_audit(run_id=run_id, size=0, seed="", by=auditor, now=NOW, key=UUID(int=5))
    assert commands.ask_audit(run_id=run_id, size=0, seed="", by=auditor, now=NOW, key=UUID(int=5)) == first
    assert [a.state for a in queries.audits_of(run_id, by=auditor)] == [AuditState.RUNNING]


def test_the_pages_of_a_list_cost_the_same_for_few_and_many(officer):
    fill(number=20)
    few = scan(officer)
    fill_more = [FACTS["hire"](subject_id=uuid4(), region="7701", person_id=uuid4(), employer_id=uuid4()) for _ in range(50)]
    FACTS["hire"].objects.bulk_create(fill_more)
    with CaptureQueriesContext(connection) as one:
        queries.who_are("hire", [fill_more[0].pk])
    with CaptureQueriesContext(connection) as many:
        queries.who_are("hire", [h.pk for h in fill_more])
    assert len(one) == len(many) == 3 and few.state == "done"
