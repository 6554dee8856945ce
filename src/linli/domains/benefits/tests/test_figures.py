"""Figures of officers: written, tried, agreed to by a second officer, and from then on what everything reckons with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from linli.domains.benefits import commands, own, queries, scans, snapshots
from linli.domains.benefits.exact import plain
from linli.domains.benefits.models import FACTS, FigureChange, PolicyCase, Run, seen
from linli.domains.benefits.parameters import Figures, shipped_parameters
from linli.domains.benefits.queries.book import book_in_force
from linli.domains.benefits.queries.results import folder_of
from linli.domains.benefits.scanning import State, assess
from linli.domains.benefits.shapes import like, parts, read, typed
from linli.domains.benefits.snapshots import SUBJECTS
from linli.domains.benefits.tasks import perform_run
from linli.domains.trace.queries import timeline
from linli.kernel.errors import Invalid, NotAllowed, NotFound
from linli.testing.concurrency import at_once

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ON = date(2026, 11, 22)
CITY, HERE = "770100", "770121100"
BASE, ELDERLY = "resident_pension.base", "elderly_allowance.bands"
GROUND = commands.Ground("示例市关于调整基础养老金的通知", "示人社发〔2026〕1号", date(2026, 11, 1))
CLAIM, ALLOWANCE = "na-resident-pension-claim-reminder", "na-elderly-allowance"


@pytest.fixture
def one(world, db):
    return world.actor("policies")


@pytest.fixture
def two(world, db):
    return world.actor("second-policies")


def draft(by, name=BASE, value="163", region=CITY, since=date(2026, 12, 1), ground=GROUND, **more):
    given = value if isinstance(value, dict) else {"value": value}
    return commands.draft_change(name=name, region=region, typed=given, since=since, ground=ground, note="", by=by, now=NOW, **more)


def publish(one, two, *args, **more):
    change = draft(one, *args, **more)
    commands.propose_change(change_id=change, by=one, now=NOW)
    commands.agree_to_change(change_id=change, by=two, now=NOW)
    return change


def case(by, target=CLAIM, expected=None, on=date(2026, 12, 1), region=CITY, **given):
    told = {
        "birth": "1960-01-01",
        "resident_paid_months": "180",
        "resident_account": "13900",
        "resident_transitional": "no",
        "receiving_pension": "no",
    }
    return commands.add_policy_case(
        target=target, label="满 60 岁，缴满 15 年", region=region, on=on, given=given or told,
        expected=expected or {"state": "entitled", "amount": "263"}, basis="", by=by, now=NOW,
    )  # fmt: skip


def wrong(call, **fields):
    with pytest.raises(Invalid) as caught:
        call()
    found = {e.field: e for e in caught.value.errors}
    assert set(found) == set(fields)
    for field, sentence in fields.items():
        assert sentence in str(found[field].message) + str(found[field].what_to_do)


# -- typed ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n, p in shipped_parameters().items() if parts(p)])
def test_what_is_typed_comes_back_as_the_figure_it_was(name):
    parameter = shipped_parameters()[name]
    for figure in parameter.figures:
        if type(figure.value) is type(like(parameter)):
            assert read(parameter, typed(parameter, like(parameter))) == like(parameter)


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(one):
    wrong(lambda: draft(one, value="abc"), value="请填数字")
    wrong(lambda: draft(one, value=""), value="不能空着")
    wrong(lambda: draft(one, value="163.005"), value="最多 2 位小数")
    wrong(lambda: draft(one, value="99999"), value="1 到 5000")
    wrong(
        lambda: draft(one, since=None, ground=commands.Ground(" ", "", None)),
        since="请填日期",
        source_title="全称",
        source_date="公布的日期",
    )
    wrong(lambda: draft(one, region="770200"), region="本单位所在地区")
    wrong(lambda: draft(one, region=""), region="上级定的数由上级修改")
    wrong(lambda: draft(one, region="770000"), region="本单位所在地区")
    # A slip in the year: nothing goes before a later figure, so one of 2206 would keep every other one out.
    for since in (date(226, 12, 1), date(2206, 12, 1)):
        wrong(lambda since=since: draft(one, since=since), since="最早 1949-10-01，最晚 2046-12-31")
    for on in (date(2026, 11, 23), date(202, 11, 1)):
        wrong(lambda on=on: draft(one, ground=replace(GROUND, on=on)), source_date="最晚 2026-11-22")
    assert not FigureChange.objects.exists()
    for name in ("no.such.figure", "unemployment.stops"):
        with pytest.raises(commands.FigureNotThere):
            draft(one, name=name)
    bands = {"value": [{"key": "80", "": "60"}, {"key": "80", "": "70"}]}
    wrong(lambda: draft(one, name=ELDERLY, value=bands), value="不能重复")
    wrong(lambda: draft(one, name=ELDERLY, value={"value": []}), value="1 到 60 行")
    assert not FigureChange.objects.exists()


def test_a_table_keeps_its_kind_and_may_get_more_rows(one):
    change = draft(
        one, name=ELDERLY, value={"value": [{"key": "100", "": "500"}, {"key": "80", "": "55.5"}, {"key": "70", "": "20"}]}
    )
    assert queries.change(change, by=one).value == plain({70: 20, 80: Decimal("55.5"), 100: 500})


# -- who and when --------------------------------------------------------------------------------------------------------


def test_only_the_posts_for_it_write_and_decide(world, one, two):
    for who in ("benefits", "second-policies", "clerk", "payments"):
        with pytest.raises(NotAllowed):
            draft(world.actor(who))
    change = draft(one)
    for who in ("policies", "benefits", "auditor"):
        with pytest.raises(NotAllowed):
            commands.agree_to_change(change_id=change, by=world.actor(who), now=NOW)
    with pytest.raises(commands.ChangeMoved):
        commands.agree_to_change(change_id=change, by=two, now=NOW)  # nobody proposed it yet
    other = replace(one, user_id=uuid4())
    with pytest.raises(commands.NotYourDraft):
        commands.propose_change(change_id=change, by=other, now=NOW)
    elsewhere = replace(two, region="770200")
    with pytest.raises(NotFound):
        queries.change(change, by=elsewhere)
    below = replace(two, region="770121")
    assert queries.change(change, by=below).pk == change, "a figure of the city counts in the county"
    commands.propose_change(change_id=change, by=one, now=NOW)
    with pytest.raises(NotAllowed):
        commands.agree_to_change(change_id=change, by=below, now=NOW)
    both = replace(one, permissions=one.permissions | two.permissions)
    with pytest.raises(commands.OwnProposal):
        commands.agree_to_change(change_id=change, by=both, now=NOW)
    commands.agree_to_change(change_id=change, by=two, now=NOW)
    acts = [(e.act, e.user_id) for e in timeline(change)]
    assert acts == [
        ("benefits.figure_drafted", one.user_id),
        ("benefits.figure_proposed", one.user_id),
        ("benefits.figure_published", two.user_id),
    ]


def test_the_database_itself_holds_two_officers_and_what_was_proposed(one, two):
    change = draft(one)

    def refused(**values):
        with pytest.raises(DatabaseError), transaction.atomic():
            FigureChange.objects.filter(pk=change).update(**values)

    decided = {"decided_at": NOW, "published_no": 1, "state": "published", "proposed_at": NOW}
    refused(decided_by_id=two.user_id, **decided)  # a draft is not published
    commands.propose_change(change_id=change, by=one, now=NOW)
    refused(decided_by_id=one.user_id, **decided)  # not by who proposed it
    refused(decided_by_id=None, **decided)
    refused(value=plain(999))
    refused(proposed_by_id=two.user_id)
    commands.agree_to_change(change_id=change, by=two, now=NOW)
    refused(value=plain(999))
    refused(state="withdrawn", published_no=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        FigureChange.objects.filter(pk=change).delete()
    kept = case(one)
    with pytest.raises(DatabaseError), transaction.atomic():
        PolicyCase.objects.filter(pk=kept).update(expected={})


def test_sent_back_it_can_be_mended_and_proposed_again(one, two):
    change = draft(one)
    commands.propose_change(change_id=change, by=one, now=NOW)
    with pytest.raises(commands.ChangeMoved):
        commands.edit_change(change_id=change, region=CITY, typed={"value": "1"}, since=ON, ground=GROUND, note="", by=one, now=NOW)
    commands.refuse_change(change_id=change, reason="数抄错了", by=two, now=NOW)
    again = {"region": CITY, "typed": {"value": "164"}, "since": date(2026, 12, 1), "ground": GROUND, "note": "", "now": NOW}
    commands.edit_change(change_id=change, by=one, **again)
    commands.propose_change(change_id=change, by=one, now=NOW)
    assert commands.agree_to_change(change_id=change, by=two, now=NOW) == 1
    assert Figures(date(2026, 12, 1), HERE, book_in_force())[BASE] == 164


# -- in the book ---------------------------------------------------------------------------------------------------------


def test_a_published_figure_holds_by_date_and_place_and_is_undone_by_another(one, two):
    publish(one, two)

    def now(on, region):
        return Figures(on, region, book_in_force())[BASE]

    assert [
        now(date(2026, 11, 30), HERE),
        now(date(2026, 12, 1), HERE),
        now(date(2026, 12, 1), "7702"),
        now(date(2026, 12, 1), ""),
    ] == [143, 163, 143, 143]
    publish(one, two, value="170.5", region="770121", since=date(2027, 1, 1))
    assert [now(date(2027, 1, 1), "770121100201"), now(date(2027, 1, 1), "770122")] == [Decimal("170.5"), 163]
    wrong(lambda: draft(one, value="150", since=date(2026, 11, 30)), since="已经有从 2026-12-01 起的数")
    publish(one, two, value="143")  # of the same day: it takes the place of the other
    assert now(date(2026, 12, 1), HERE) == 143
    (figure,) = [f for f in book_in_force()[BASE].figures if f.region == CITY]
    assert (figure.source, figure.tag) == ("示例市关于调整基础养老金的通知（示人社发〔2026〕1号，2026-11-01）", "V")
    assert Figures(date(2027, 2, 1), HERE, book_in_force())[BASE] == Decimal("170.5")


def test_two_drafts_of_one_figure_the_later_day_first(one, two):
    early, late = draft(one), draft(one, since=date(2027, 1, 1))
    for change in (early, late):
        commands.propose_change(change_id=change, by=one, now=NOW)
    commands.agree_to_change(change_id=late, by=two, now=NOW)
    with pytest.raises(commands.LaterThere):
        commands.agree_to_change(change_id=early, by=two, now=NOW)


def test_a_case_of_an_earlier_day_or_another_place_has_not_tried_the_new_figure(one):
    change = draft(one)  # from December in the city
    case(one, on=date(2026, 11, 30), expected={"state": "entitled", "amount": "243"})
    case(one, region="", expected={"state": "entitled", "amount": "243"})
    sheet = queries.change_sheet(change, by=one, today=ON)
    assert (sheet.failing, sum(t.case is not None for t in sheet.trials), sheet.reckoned) == ((), 2, 0)
    case(one)
    assert queries.change_sheet(change, by=one, today=ON).reckoned == 1


def test_who_agrees_agrees_to_what_they_read_and_not_to_what_was_published_meanwhile(one, two):
    first, second = draft(one, value="163"), draft(one, value="173")
    for change in (first, second):
        commands.propose_change(change_id=change, by=one, now=NOW)
    read_at_first = {c: queries.change_sheet(c, by=two, today=ON) for c in (first, second)}
    assert [s.differences[0].before for s in read_at_first.values()] == ["143", "143"]
    commands.agree_to_change(change_id=first, seen=read_at_first[first].published, by=two, now=NOW)
    with pytest.raises(commands.FigureMoved):
        commands.agree_to_change(change_id=second, seen=read_at_first[second].published, by=two, now=NOW)
    again = queries.change_sheet(second, by=two, today=ON)
    assert (again.row.state, again.differences[0].before) == ("proposed", "163")
    assert not queries.change_sheet(first, by=two, today=ON).replaced
    commands.agree_to_change(change_id=second, seen=again.published, by=two, now=NOW)
    assert queries.change_sheet(first, by=two, today=ON).replaced and not queries.change_sheet(second, by=two, today=ON).replaced


def test_a_reckoning_is_old_once_a_figure_was_published_that_its_policies_read(one, two):
    change = draft(one, name=ELDERLY, value={"value": [{"key": "70", "": "20"}]})
    assert queries.change_sheet(change, by=one, today=ON).moved_at == NOW
    later = NOW + timedelta(hours=1)
    for name, value in ((BASE, "163"), ("certification.cycle_months", "24")):
        other = draft(one, name=name, value=value)
        commands.propose_change(change_id=other, by=one, now=NOW)
        commands.agree_to_change(change_id=other, by=two, now=later)
        reads = name != BASE
        assert queries.moved_at(queries.change(change, by=one), ON) == (later if reads else NOW)


def test_a_case_that_fails_with_the_figure_keeps_it_from_being_published(one, two):
    kept = case(one)  # 13900 ÷ 139 ＋ 163
    change = draft(one, value="153")
    sheet = queries.change_sheet(change, by=one, today=ON)
    ((failing,), differs) = sheet.failing, sheet.failing[0].outcome.wrong
    assert failing.case.pk == kept and differs == {"amount": (263, Decimal("253.00"))}
    assert {t.outcome.topic for t in sheet.trials} == {CLAIM}
    commands.propose_change(change_id=change, by=one, now=NOW)
    with pytest.raises(commands.CasesFail) as said:
        commands.agree_to_change(change_id=change, by=two, now=NOW)
    assert "1 个用例没有通过：满 60 岁，缴满 15 年" in str(said.value)
    assert queries.change(change, by=one).state == "proposed"
    commands.retire_policy_case(case_id=kept, reason="写错了", by=one, now=NOW)
    case(one, expected={"state": "entitled", "amount": "253"})
    commands.agree_to_change(change_id=change, by=two, now=NOW)
    assert all(t.outcome.passed for t in queries.policy_sheet(CLAIM, by=one, on=ON).trials)


def test_the_cases_of_the_bureaus_own_folder_are_run_too(one, two, tmp_path, monkeypatch):
    facts = "{birth: 1960-01-01, resident_paid_months: 180, resident_account: 13900, resident_transitional: false, receiving_pension: false}"
    about = f"id: OWN-1, policy: {CLAIM}, day: 2026-12-01, region: '770100'"
    own_case = f"cases: [{{{about}, input: {facts}, expected: {{state: entitled, amount: 243}}}}]"
    (tmp_path / "cases.yaml").write_text(own_case, "utf-8")
    monkeypatch.setattr(own, "_folders", [tmp_path])
    with pytest.raises(commands.CasesFail) as said:
        publish(one, two)
    assert "OWN-1" in str(said.value)
    publish(one, two, region="770121")  # not where the case is


def test_cases_say_what_is_wrong_with_them_and_run_formulas_too(one):
    wrong(lambda: case(one, birth="1960"), **{"given.birth": "日期"})
    wrong(lambda: case(one, expected={"state": "maybe"}), **{"expected.state": "请从这些中选"})
    wrong(lambda: case(one, expected={"state": ""}), **{"expected.state": "至少填一项"})
    wrong(
        lambda: case(one, target="late_fee", expected={"late_fee": "1"}, owed="x"), **{"given.owed": "数字", "given.days": "数字"}
    )
    case(one, target="late_fee", expected={"late_fee": "5"}, owed="1000", days="10")
    case(one, expected={"state": "unknown"}, birth="1960-01-01")
    trials = [t for t in queries.policy_sheet(CLAIM, by=one, on=ON).trials if t.case]
    assert [t.outcome.passed for t in trials] == [True]


# -- all reckon with it --------------------------------------------------------------------------------------------------


def people(*accounts):
    rows = []
    for n, (account, place) in enumerate(accounts):
        row = FACTS["person"](
            subject_id=UUID(int=n + 1), region=place, birth=date(1960, 1, 1), resident_paid_months=180, resident_transitional=False,
            receiving_pension=False, resident_account=account,
        )  # fmt: skip
        for source in queries.vocabulary()["person"].values():
            setattr(row, seen(source.source.name), ON)
        rows.append(row)
    FACTS["person"].objects.bulk_create(rows)
    return rows


def scan(by, policies=(CLAIM,), on=ON):
    run = commands.start_run(on=on, region="7701", policies=list(policies), by=by, now=NOW)
    perform_run(str(run))
    return run


def test_a_past_run_is_reckoned_again_alike_after_a_figure_was_published(world, committed_db):
    people((100_000, HERE), (200_000, "770102001"))
    one, two, officer = (world.actor(who) for who in ("policies", "second-policies", "benefits"))
    before = scan(officer)
    publish(one, two, since=date(2026, 11, 1))
    after = scan(officer)
    auditor = world.actor("auditor")
    for run, base in ((before, 143), (after, 163)):
        again = queries.rerun(run, UUID(int=1), by=auditor)
        assert again.same and again.policies[0].fen_again == base * 100 + 719
        assert again.policies[0].outcome.figures[BASE].value == base
    assert queries.run(after, by=officer).counts[CLAIM]["changed"] == 2


@settings(max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.decimals(1, 5000, places=2),
    place=st.sampled_from([CITY, "770121"]),
    region=st.sampled_from([HERE, "7701", "770102", "770121100201"]),
)
def test_one_person_the_scan_and_the_calculator_see_the_same_figure(one, two, value, place, region):
    with transaction.atomic():
        publish(one, two, value=str(value), region=place, since=ON)
        book = book_in_force()
        figures = Figures(ON, region, book)
        facts = {
            "birth": date(1960, 1, 1), "resident_paid_months": 180, "resident_account": 139_00, "resident_transitional": False, "receiving_pension": False,
        }  # fmt: skip
        policy = queries.policy_of(CLAIM)
        (outcome,) = assess([policy], facts, figures)
        (due,) = [d for d in queries.due_by_word(facts, on=ON, region=region) if d.policy is policy]
        (group,) = scans.groups([region], [policy], ON, book)
        with scans.duckdb.connect() as engine:
            columns = ", ".join(f"{_sql(v)} AS {k}" for k, v in {"subject_id": "1", "region": region, **_all(facts)}.items())
            stages = scans.statement("person", [policy], group)
            (fen,) = engine.execute(
                f"SELECT {scans.column(policy, scans.FEN)} FROM (WITH facts_person AS (SELECT {columns}), {stages})"
            ).fetchone()
        expected = (value if region.startswith(place.rstrip("0")) else Decimal(143)) * 100 + 100
        assert outcome.amount == due.outcome.amount == fen == expected
        sheet = queries.worksheet("resident-pension")
        question = next(q for q in sheet.questions if q.figure == BASE)
        assert Decimal(question.filled(figures)[0]) * 100 + 100 == expected
        transaction.set_rollback(True)


def _all(facts):
    return {name: facts.get(name) for name in queries.vocabulary()["person"]}


def _sql(value):
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value)
        case date():
            return f"DATE '{value}'"
        case str():
            return f"'{value}'"
    return f"{value}::BIGINT"


# -- at the same moment --------------------------------------------------------------------------------------------------


def test_two_who_agree_at_once_publish_once(world, committed_db):
    one, two = world.actor("policies"), world.actor("second-policies")
    change = draft(one)
    commands.propose_change(change_id=change, by=one, now=NOW)
    found = at_once([lambda: commands.agree_to_change(change_id=change, by=two, now=NOW)] * 4)
    assert sorted(str(type(f).__name__) for f in found) == ["ChangeMoved"] * 3 + ["int"]
    assert [e.act for e in timeline(change)].count("benefits.figure_published") == 1


def test_figures_published_at_once_are_each_tried_on_the_book_with_the_others(world, committed_db):
    one, two = world.actor("policies"), world.actor("second-policies")
    # Somebody of 75 of whom nothing was heard for 13 months: either figure alone leaves them without, both together do not.
    commands.add_policy_case(
        target=ALLOWANCE, label="75 岁，13 个月没有生存记录", region=CITY, on=date(2026, 12, 1),
        given={
            "birth": "1951-01-01", "local_household": "yes", "death_sources": "0", "life_strong_on": "2025-10-15", "elderly_allowance_paid": "no",
        },
        expected={"state": "not_entitled"}, basis="", by=one, now=NOW,
    )  # fmt: skip
    younger = draft(one, name=ELDERLY, value={"value": [{"key": "70", "": "20"}]})
    longer = draft(one, name="certification.cycle_months", value="24")
    others = [draft(one, value=str(150 + n)) for n in range(2)]
    proposed = (younger, longer, *others)
    for change in proposed:
        commands.propose_change(change_id=change, by=one, now=NOW)
    found = at_once([lambda c=c: commands.agree_to_change(change_id=c, by=two, now=NOW) for c in proposed])
    assert sorted(f for f in found if isinstance(f, int)) == [1, 2, 3]
    assert [type(f) for f in found[:2] if not isinstance(f, int)] == [commands.CasesFail]


# -- what would be -------------------------------------------------------------------------------------------------------


def weigh(by, change, fresh=False):
    run = commands.ask_what_if(change_id=change, fresh=fresh, by=by, now=NOW)
    perform_run(str(run))
    return queries.what_if(run, by=by)


def test_what_if_says_who_gains_and_loses_by_place_and_leaves_no_other_mark(world, committed_db):
    rows = people((100_000, HERE), (200_000, "770102001"), (139_000, "770102002"))
    one, two, officer = (world.actor(who) for who in ("policies", "second-policies", "benefits"))
    base = scan(officer)
    FACTS["person"].objects.filter(pk=rows[2].pk).update(receiving_pension=True)
    change = draft(one)
    run = weigh(one, change)
    assert (run.state, run.error, run.facts_of_id, run.on) == ("done", "", base, date(2026, 12, 1))
    (effect,) = queries.effects(run)
    assert (effect.before, effect.after, effect.gainers, effect.losers, effect.more, effect.less) == (3, 3, 3, 0, 6000, 0)
    assert [(p.place, p.gainers, p.more) for p in effect.places] == [("770102", 2, 4000), ("清溪县", 1, 2000)]
    now = weigh(two, change, fresh=True)
    (effect,) = queries.effects(now)
    assert (now.facts_of_id, effect.before, effect.gainers) == (None, 2, 2)
    less = weigh(one, draft(one, value="100", region="770121"))
    (effect,) = queries.effects(less)
    assert (effect.gainers, effect.losers, effect.less) == (0, 1, 4300)
    years = {"value.age": "67", "value.years": "15", "value.divisor": "139"}
    (effect,) = queries.effects(weigh(one, draft(one, name="resident_pension.rule", value=years)))
    assert (effect.before, effect.after, effect.left, effect.losers) == (3, 0, 3, 3)
    # Nothing of it is a scan: not in the list, not opened as one, not what the next scan is compared with.
    assert [r.pk for r in queries.runs(by=officer)] == [base]
    with pytest.raises(NotFound):
        queries.run(run.pk, by=officer)
    assert queries.run(scan(officer), by=officer).before == {CLAIM: str(base)}
    with pytest.raises(NotFound):
        queries.what_if(run.pk, by=replace(one, region="770121"))


def test_facts_that_an_earlier_version_froze_are_shown_and_weighed_without_the_fact_it_did_not_have(
    world, committed_db, monkeypatch
):
    people((100_000, HERE), (200_000, "770102001"))
    one, officer = world.actor("policies"), world.actor("benefits")
    name, lacking = "facts_person.parquet", "job_hunting_paid"
    fewer = {kind: {n: fact for n, fact in facts.items() if n != lacking} for kind, facts in queries.vocabulary().items()}
    with monkeypatch.context() as earlier:
        earlier.setattr(snapshots, "vocabulary", lambda: fewer)
        for kept in (snapshots._columns, snapshots._frozen):
            earlier.setattr(snapshots, kept.__name__, kept.__wrapped__)
        base = scan(officer)
    file = folder_of(base) / name
    seen = queries.subject_in_run(base, UUID(int=1), by=officer)
    assert lacking not in {fact.name for fact, _ in seen.facts} and "birth" in {fact.name for fact, _ in seen.facts}
    assert [f.state for f in seen.policies] == [State.ENTITLED] == [f.outcome.state for f in seen.policies]
    assert queries.rerun(base, UUID(int=1), by=world.actor("auditor")).same
    weighed = weigh(one, draft(one))
    assert (weighed.state, weighed.error, weighed.facts_of_id) == ("done", "", base)
    (effect,) = queries.effects(weighed)
    assert (effect.before, effect.after, effect.gainers) == (2, 2, 2)
    with scans.engine(file.parent, threads=1) as engine:
        taken = scans.row_of(engine, folder_of(weighed.pk) / name, str(UUID(int=2)))
        told = scans.row_of(engine, file, str(UUID(int=2)))
    assert taken == {**told, lacking: None} and list(taken) != list(told)


def test_what_if_needs_a_policy_that_reads_the_figure_and_is_in_force(one):
    with pytest.raises(commands.NothingToCompare):
        commands.ask_what_if(change_id=draft(one, name="wage.minimum", value="2200"), fresh=False, by=one, now=NOW)
    rule = {f"value.levels.{k}": "1" for k in ("初级(五级)", "中级(四级)", "高级(三级)")}
    more = {f"value.{k}": "1" for k in ("least_months", "within_months", "times_a_year", "urgent_more")}
    with pytest.raises(commands.NothingToCompare):
        commands.ask_what_if(change_id=draft(one, name="skill.rule", value=rule | more), fresh=False, by=one, now=NOW)
    assert not Run.objects.exists()


# -- told ----------------------------------------------------------------------------------------------------------------


def test_who_reads_what_is_found_in_the_rules_themselves(one):
    sheets = {s.name: s for s in queries.parameter_sheets(by=one, on=ON)}
    assert [p.code for p in sheets[BASE].policies] == [CLAIM]
    assert [s.name for s in sheets[BASE].worksheets] == ["resident-pension"]
    assert [name for name, _ in sheets["contribution.late_fee"].formulas] == ["late_fee"]
    refund = queries.policy_sheet("na-job-stabilisation-refund", by=one, on=ON)
    assert "refund.raised_rates" in [s.name for s in refund.figures], "named, though today another one is read"
    lines = queries.policy_lines(by=one, on=ON)
    assert len(lines) == len(queries.shipped_policies()) and {line.policy.subject for line in lines} <= set(SUBJECTS)
    draft(one)
    assert sum(line.waiting for line in queries.policy_lines(by=one, on=ON)) == 0
    commands.propose_change(change_id=FigureChange.objects.get().pk, by=one, now=NOW)
    assert {line.policy.code for line in queries.policy_lines(by=one, on=ON) if line.waiting} == {CLAIM}


# -- last days -----------------------------------------------------------------------------------------------------------

REFUND = "na-rate-reduction"


def lasting(name):
    return f"until.{name}"


def at_place(on, region=HERE):
    return Figures(on, region, book_in_force())


def prolong_figures(one, two, policy):
    """Every figure of a policy that ran out goes on from the next day with the value that it had."""
    for sheet in queries.policy_sheet(policy, by=one, on=ON).figures:
        if sheet.over and not sheet.prolongs:
            last = max((h.figure for h in sheet.held if h.over), key=lambda f: f.since)
            given = typed(sheet.parameter, last.value)
            publish(one, two, sheet.name, given, since=date(2026, 1, 1), until=date(2026, 12, 31))


def test_a_figure_may_have_a_last_day_and_then_nothing_comes_back_in_its_place(one, two):
    publish(one, two, value="163", since=date(2026, 1, 1), until=date(2026, 6, 30))
    assert at_place(date(2026, 6, 30))[BASE] == 163
    assert at_place(date(2026, 7, 1)).figure(BASE).region == "", "the country's, which the city's had stood above"
    publish(one, two, value="170", since=date(2026, 8, 1), until=date(2026, 12, 31))
    publish(one, two, value="160", region=CITY, since=date(2026, 12, 1), until=date(2026, 12, 31))
    assert at_place(date(2026, 12, 31))[BASE] == 160
    assert at_place(date(2027, 1, 1)).figure(BASE).region == ""
    sheet = queries.parameter_sheet(BASE, by=one, on=date(2027, 1, 2))
    mine = [h for h in sheet.held if h.figure.region == CITY]
    assert [(h.until, h.over) for h in mine] == [
        (date(2026, 12, 31), True),
        (date(2026, 11, 30), False),
        (date(2026, 6, 30), False),
    ]


def test_a_last_day_before_the_first_is_refused(one, two):
    wrong(lambda: draft(one, until=date(2026, 11, 30)), until="不能早于")
    wrong(lambda: draft(one, lasting(REFUND), "2026-11-30", since=date(2026, 12, 1)), value="不能早于")
    change = publish(one, two, until=date(2026, 12, 31))
    with pytest.raises(DatabaseError, match="settled"), transaction.atomic():
        FigureChange.objects.filter(pk=change).update(until=date(2027, 1, 1))


def test_an_expired_policy_runs_again_where_two_officers_prolonged_it_and_only_there(one, two, world):
    policy, county = queries.policy_of(REFUND), "770121"
    assert not policy.runs(at_place(ON)) and policy.last_day(at_place(ON)) == date(2025, 12, 31)
    with pytest.raises(commands.PolicyOver):
        commands.start_run(on=ON, region="7701", policies=[REFUND], by=world.actor("benefits"), now=NOW)
    change = draft(one, lasting(REFUND), "2026-12-31", since=date(2026, 1, 1))
    with pytest.raises(commands.FiguresOver):
        commands.propose_change(change_id=change, by=one, now=NOW)
    prolong_figures(one, two, REFUND)
    commands.propose_change(change_id=change, by=one, now=NOW)
    with pytest.raises(commands.OwnProposal):
        commands.agree_to_change(change_id=change, by=replace(two, user_id=one.user_id), now=NOW)
    commands.agree_to_change(change_id=change, by=two, now=NOW)
    assert policy.runs(at_place(ON)) and policy.runs(at_place(date(2026, 12, 31))) and not policy.runs(at_place(date(2027, 1, 1)))
    assert not policy.runs(at_place(ON, "770200")) and policy.runs(at_place(ON, county)), "the city's, and so its counties'"
    (line,) = [x for x in queries.policy_lines(by=one, on=ON) if x.policy.code == REFUND]
    assert (line.running, line.until) == (True, date(2026, 12, 31))
    assert queries.in_force(by=one, region="7701", on=ON)[REFUND] == (True, date(2026, 12, 31))
    run = commands.start_run(on=ON, region="7701", policies=[REFUND], by=world.actor("benefits"), now=NOW)
    assert Run.objects.get(pk=run).policies == [REFUND]


def test_a_policy_without_a_last_day_is_given_one_by_two_officers_and_ends_there(one, two, world):
    policy, name = queries.policy_of(ALLOWANCE), lasting(ALLOWANCE)
    sheet = queries.parameter_sheet(name, by=one, on=ON)
    assert (
        sheet.endless
        and sheet.changeable
        and sheet.policies == (policy,)
        and queries.policy_sheet(ALLOWANCE, by=one, on=ON).endless
    )
    assert policy.runs(at_place(date(2099, 1, 1))) and policy.last_day(at_place(ON)) is None
    last, county = date(2026, 12, 15), "770121"
    wrong(lambda: draft(one, name, "2026-11-30", since=date(2026, 12, 1)), value="不能早于")
    wrong(lambda: draft(one, name, "明年", since=date(2026, 12, 1)), value="请填日期")
    change = draft(one, name, last.isoformat(), since=ON)
    assert queries.change_sheet(change, by=two, today=ON).before is None
    commands.propose_change(change_id=change, by=one, now=NOW)
    assert policy.last_day(at_place(ON)) is None, "not before another agreed"
    with pytest.raises(commands.OwnProposal):
        commands.agree_to_change(change_id=change, by=replace(two, user_id=one.user_id), now=NOW)
    commands.agree_to_change(change_id=change, by=two, now=NOW)
    assert (
        policy.runs(at_place(last))
        and not policy.runs(at_place(last + timedelta(1)))
        and policy.last_day(at_place(ON, county)) == last
    )
    assert policy.runs(at_place(date(2099, 1, 1), "770200")), "another city's has no last day"
    (line,) = [x for x in queries.policy_lines(by=one, on=ON) if x.policy.code == ALLOWANCE]
    assert (line.running, line.until) == (True, last) and not queries.parameter_sheet(name, by=one, on=ON).endless
    with pytest.raises(commands.PolicyOver):
        commands.start_run(on=last + timedelta(1), region="7701", policies=[ALLOWANCE], by=world.actor("benefits"), now=NOW)
    # What a reader is told says the day, and after it that the policy is over.
    told = queries.due_by_word({"birth": date(1940, 1, 1)}, on=ON, region=HERE)
    assert [(d.running, d.until) for d in told if d.policy.code == ALLOWANCE] == [(True, last)]
    # To end it sooner needs no other figures; to prolong it does.
    change = draft(one, name, "2026-12-10", since=date(2026, 12, 1))
    commands.propose_change(change_id=change, by=one, now=NOW)
    commands.agree_to_change(change_id=change, by=two, now=NOW)
    assert policy.last_day(at_place(date(2026, 12, 1))) == date(2026, 12, 10)


def test_every_policy_can_be_given_a_last_day(one):
    for code in queries.shipped_policies():
        (part,) = queries.figure_parts(queries.parameter_sheet(lasting(code), by=one, on=ON).parameter)
        assert part.entry is queries.FigureEntry.DATE


def test_what_if_of_prolonging_says_who_would_have_it_again(world, committed_db):
    one, two = world.actor("policies"), world.actor("second-policies")
    prolong_figures(one, two, REFUND)
    row = FACTS["employer"](subject_id=uuid4(), region=HERE, unemployment_insured=True, premium_base=100_000_00)
    for fact in queries.vocabulary()["employer"].values():
        setattr(row, seen(fact.source.name), ON)
    row.save()
    change = draft(one, lasting(REFUND), "2026-12-31", since=date(2026, 1, 1))
    run = commands.ask_what_if(change_id=change, fresh=True, by=one, now=NOW)
    perform_run(str(run))
    (effect,) = queries.effects(queries.what_if(run, by=one))
    assert (effect.policy.code, effect.before, effect.joined, effect.after, effect.before_fen) == (REFUND, 0, 1, 1, 0)
    assert effect.after_fen == 200_000, "two points of the base of 100 000 yuan"
