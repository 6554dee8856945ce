"""Evaluating policies over a frozen table of facts, place by place, and comparing the answers with those of the time before.

Files in, files out, one engine with bounded memory; no database of the platform. The same facts, figures and rules give the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import duckdb
import ibis

from linli.domains.benefits import spark
from linli.domains.benefits.definitions import Policy, facts_read, facts_table, policy_of
from linli.domains.benefits.dialects import DUCKDB
from linli.domains.benefits.engine import book, fingerprint
from linli.domains.benefits.facts import REGION, SUBJECT_ID
from linli.domains.benefits.parameters import FigureMissing, Figures, Parameter
from linli.domains.benefits.policies import Rule
from linli.domains.benefits.runs import Change
from linli.domains.benefits.scanning import FEN, MET, OPEN, all_of, column, columns_of
from linli.domains.benefits.staging import staged
from linli.kernel.crypto import sm3

MEMORY = "512MB"
_PARQUET = "(FORMAT parquet, COMPRESSION zstd)"
# What a policy says of everybody in a place for which it has no figures: nothing.
_NOTHING = {MET: ibis.null("int32"), OPEN: ibis.null("int32"), FEN: ibis.null("int64")}


@dataclass(frozen=True, slots=True)
class Group:
    """Places with the same figures. ``left_out`` names the policies that have none there, each with the figure that is missing."""

    places: tuple[str, ...]
    figures: Figures
    policies: tuple[Policy, ...]
    left_out: Mapping[str, str]


Statements = Sequence[tuple[Sequence[str], str]]
"""For each group its places and what is reckoned for them."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """An engine for the verdict of a whole table of facts. ``write``: subject, facts, statements in its dialect, into which file."""

    dialect: str
    write: Callable[[str, Path, Statements, Path], None]


def groups(places: Iterable[str], policies: Sequence[Policy], on: date, book: Mapping[str, Parameter]) -> list[Group]:
    """Places put together that have the same figures on a day."""
    alike: dict[tuple[int, ...], list[str]] = {}
    for place in sorted(places):
        figures = Figures(on, place, book)
        alike.setdefault(tuple(id(figures.figure(name)) if figures.has(name) else 0 for name in book), []).append(place)
    return [_group(tuple(together), policies, on, book) for together in alike.values()]


def _group(places: tuple[str, ...], policies: Sequence[Policy], on: date, book: Mapping[str, Parameter]) -> Group:
    figures = Figures(on, places[0], book)
    left_out = {}
    for policy in policies:
        try:
            policy.verdict(figures)
        except FigureMissing as missing:
            left_out[policy.code] = str(missing.params["name"])
    return Group(places, figures, tuple(p for p in policies if p.code not in left_out), left_out)


def statement(subject: str, policies: Sequence[Policy], group: Group, dialect: str = DUCKDB) -> str:
    """What an engine reckons for a group of places over ``facts_<subject>``: three columns for every policy."""
    table = facts_table(subject)
    columns: dict[str, Any] = {SUBJECT_ID: table[SUBJECT_ID], REGION: table[REGION]}
    for policy in policies:
        if policy.code in group.left_out:
            columns |= {column(policy, part): nothing for part, nothing in _NOTHING.items()}
        else:
            columns |= {column(policy, FEN): _NOTHING[FEN]} | columns_of(policy, table, group.figures)
    return f"{staged(table.get_name(), columns, name='verdict', dialect=dialect)} SELECT * FROM verdict"


def rule_version(policy: Policy, figures: Figures) -> str:
    """A digest of what a policy means with these figures: another rule or another figure gives another one.

    It takes some hundredths of a second, and is kept: by the rule and by all the figures that it could ask for.
    """
    return _version(policy.rule, figures.on, figures.region, fingerprint(figures))


@lru_cache(maxsize=512)
def _version(rule: Rule, on: date, region: str, number: int) -> str:
    policy, table = replace(policy_of(rule.code), rule=rule), facts_table(rule.subject)
    columns = {"id": table[SUBJECT_ID], **columns_of(policy, table, Figures(on, region, book(number)))}
    return sm3(str(ibis.to_sql(table.select(**columns), dialect="duckdb")).encode()).hex()


@contextmanager
def engine(scratch: Path, *, memory: str = MEMORY, threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in this process, which spills into ``scratch`` what does not fit into its memory."""
    config: dict[str, Any] = {
        "memory_limit": memory,
        "threads": threads,
        "temp_directory": str(scratch),
        "autoinstall_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        yield connection
    finally:
        connection.close()


def how_many(facts: Path) -> int:
    """The rows of a table of facts."""
    with duckdb.connect(":memory:") as connection:
        row = connection.execute(f"SELECT count(*) FROM {_file(facts)}").fetchone()
    return int(row[0]) if row else 0


def places_in(connection: duckdb.DuckDBPyConnection, facts: Path) -> list[str]:
    """The places that occur in a table of facts."""
    return [row[0] for row in connection.execute(f"SELECT DISTINCT region FROM {_file(facts)} ORDER BY 1").fetchall()]


def evaluate(connection: duckdb.DuckDBPyConnection, subject: str, facts: Path, statements: Statements, out: Path) -> None:
    """Write the verdict of every subject."""
    parts = [f"(WITH {_facts(subject, facts, places if len(statements) > 1 else None)}, {sql})" for places, sql in statements]
    connection.execute(f"COPY ({' UNION ALL '.join(parts)}) TO {_text(str(out))} {_PARQUET}")


@contextmanager
def evaluating(name: str, connection: duckdb.DuckDBPyConnection, scratch: Path, *, master: str) -> Iterator[Evaluator]:
    """The engine of a name (``duckdb``, ``spark``). Both reckon the same stages over the same facts and leave the same rows in one file.

    ``master`` is the Spark to use. Raises :class:`spark.SparkMissing`.
    """
    if name == DUCKDB:
        yield Evaluator(DUCKDB, partial(evaluate, connection))
        return
    with spark.session(scratch, master=master) as session:
        yield Evaluator(spark.DIALECT, partial(on_spark, session, connection, scratch))


def on_spark(
    session: Any, connection: duckdb.DuckDBPyConnection, scratch: Path, subject: str, facts: Path, statements: Statements, out: Path
) -> None:
    """The verdict of every subject by Spark, whose workers write in parts: put together here in the order of the subjects."""
    folders = spark.evaluate(session, subject, facts, statements, scratch)
    parts = [_in_order(connection, folder) for folder in folders]
    connection.execute(f"COPY ({' UNION ALL '.join(parts)}) TO {_text(str(out))} {_PARQUET}")


def _in_order(connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
    """What workers wrote into a folder, in the order of the subjects; sorted only where the parts do not follow each other so already."""
    rows = f"read_parquet([{', '.join(_text(str(part)) for part in sorted(folder.glob('*.parquet')))}])"
    row = connection.execute(
        f"SELECT bool_or(behind) FROM (SELECT {SUBJECT_ID} <= lag({SUBJECT_ID}) OVER () AS behind FROM {rows})"
    ).fetchone()
    return f"(SELECT * FROM {rows}{f' ORDER BY {SUBJECT_ID}' if row and row[0] else ''})"


def _facts(subject: str, facts: Path, places: Sequence[str] | None) -> str:
    chosen = "" if places is None else f" WHERE region IN ({', '.join(_text(p) for p in places)})"
    return f"facts_{subject} AS (SELECT * FROM {_file(facts)}{chosen})"


def evaluate_one(connection: duckdb.DuckDBPyConnection, subject: str, facts: Path, sql: str, subject_id: str) -> dict[str, Any]:
    """What a statement gives for one subject of a table of facts."""
    found = connection.execute(f"WITH facts_{subject} AS (SELECT * FROM {_file(facts)} WHERE subject_id = ?), {sql}", [subject_id])
    return _rows(found)[0]


# -- compared with the time before -----------------------------------------------------------------------------------


def compare(
    connection: duckdb.DuckDBPyConnection, policies: Sequence[Policy], verdict: Path, before: Mapping[str, Path], out: Path
) -> None:
    """Write everybody who is or was entitled to something, with what changed. ``before``: by policy the list of the time before."""
    now = " UNION ALL ".join(
        f"SELECT {_text(p.code)} AS policy, subject_id, region, {column(p, FEN)} AS fen FROM {_file(verdict)} WHERE {column(p, MET)} = {all_of(p)}"
        for p in policies
    )
    was = " UNION ALL ".join(
        f"SELECT policy, subject_id, region, fen FROM {_file(path)} WHERE policy = {_text(code)} AND change <> '{Change.LEFT}'"
        for code, path in before.items()
    )
    if not was:
        was = (
            "SELECT NULL::VARCHAR AS policy, NULL::VARCHAR AS subject_id, NULL::VARCHAR AS region, NULL::BIGINT AS fen WHERE false"
        )
    connection.execute(
        f"""
        COPY (
            WITH now AS ({now}), was AS ({was})
            SELECT coalesce(now.policy, was.policy) AS policy,
                   CASE WHEN was.policy IS NULL THEN '{Change.JOINED}' WHEN now.policy IS NULL THEN '{Change.LEFT}'
                        WHEN now.fen IS DISTINCT FROM was.fen THEN '{Change.CHANGED}' ELSE '{Change.SAME}' END AS change,
                   coalesce(now.subject_id, was.subject_id) AS subject_id, coalesce(now.region, was.region) AS region,
                   now.fen AS fen, was.fen AS before_fen
              FROM now FULL JOIN was ON now.policy = was.policy AND now.subject_id = was.subject_id
             ORDER BY 1, 2, 3
        ) TO {_text(str(out))} {_PARQUET}
        """
    )


def count(
    connection: duckdb.DuckDBPyConnection, subject: str, policies: Sequence[Policy], facts: Path, verdict: Path, changes: Path,
    apart: Sequence[Group],
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """By policy: how many are entitled, not, or cannot be told yet, the money in fen, what changed (``sums``: by change the money now
    and the time before), and which facts are missing."""
    asked: list[str] = []
    for p in policies:
        met, known_or_open = column(p, MET), f"({column(p, MET)} | {column(p, OPEN)})"
        asked += [
            f"count(*) FILTER ({met} = {all_of(p)})", f"count(*) FILTER ({met} <> {all_of(p)} AND {known_or_open} = {all_of(p)})",
            f"count({met})", f"coalesce(sum({column(p, FEN)}), 0)::BIGINT",
        ]  # fmt: skip
    row = connection.execute(f"SELECT count(*), {', '.join(asked)} FROM {_file(verdict)}").fetchone()
    assert row is not None
    counts: dict[str, dict[str, Any]] = {}
    for place, p in enumerate(policies):
        entitled, unknown, reckoned, fen = row[1 + 4 * place : 5 + 4 * place]
        counts[p.code] = {
            "subject": subject, "entitled": entitled, "unknown": unknown, "not_entitled": reckoned - entitled - unknown,
            "left_out": row[0] - reckoned, "fen": fen, **dict.fromkeys(Change, 0), "before_fen": 0, "sums": {},
        }  # fmt: skip
    sums = "coalesce(sum(fen), 0)::BIGINT, coalesce(sum(before_fen), 0)::BIGINT"
    found = connection.execute(f"SELECT policy, change, count(*), {sums} FROM {_file(changes)} GROUP BY 1, 2")
    for code, change, number, fen, before_fen in found.fetchall():
        counts[code][change] = number
        counts[code]["sums"][change] = [fen, before_fen]
        counts[code]["before_fen"] += before_fen
    for code, missing in _missing(connection, policies, facts, verdict, apart).items():
        counts[code]["missing"] = missing
    return counts


def by_place(connection: duckdb.DuckDBPyConnection, changes: Path, *, width: int) -> dict[str, list[list[Any]]]:
    """By policy and place (as many characters of its code): how many gain and lose, and how much in fen, those who gain most first."""
    more, less = "coalesce(fen, 0) > coalesce(before_fen, 0)", "coalesce(fen, 0) < coalesce(before_fen, 0)"
    gains, loses = (
        f"change = '{Change.JOINED}' OR change = '{Change.CHANGED}' AND {more}",
        f"change = '{Change.LEFT}' OR change = '{Change.CHANGED}' AND {less}",
    )
    by = "(coalesce(fen, 0) - coalesce(before_fen, 0))"
    rows = connection.execute(
        f"""
        SELECT policy, substr(region, 1, ?) AS place, count(*) FILTER ({gains}), count(*) FILTER ({loses}),
               coalesce(sum({by}) FILTER ({by} > 0), 0)::BIGINT, coalesce(sum(-{by}) FILTER ({by} < 0), 0)::BIGINT
          FROM {_file(changes)} WHERE change <> '{Change.SAME}' GROUP BY 1, 2 ORDER BY 1, 3 DESC, 4 DESC, 2
        """,
        [width],
    )
    found: dict[str, list[list[Any]]] = {}
    for policy, *place in rows.fetchall():
        found.setdefault(policy, []).append(place)
    return found


def _missing(
    connection: duckdb.DuckDBPyConnection, policies: Sequence[Policy], facts: Path, verdict: Path, apart: Sequence[Group]
) -> dict[str, dict[str, int]]:
    """Of those of whom a policy cannot be told yet: how many miss which fact; the most missed first."""
    asked = [(p.code, name, sql) for p in policies for name, sql in lacking(p, apart).items()]
    anybody = " OR ".join(_untold(p) for p in policies)
    counted = ", ".join(f"count(*) FILTER ({sql})" for _, _, sql in asked) or "count(*)"
    row = connection.execute(
        f"SELECT {counted} FROM (SELECT * FROM {_file(verdict)} WHERE {anybody}) v JOIN {_file(facts)} f USING (subject_id)"
    ).fetchone()
    assert row is not None
    found: dict[str, dict[str, int]] = {p.code: {} for p in policies}
    for (code, name, _), number in sorted(zip(asked, row, strict=False), key=lambda pair: -pair[1]):
        if number:
            found[code][name] = number
    return found


def lacking(policy: Policy, apart: Sequence[Group]) -> dict[str, str]:
    """By fact: when somebody of whom the policy cannot be told yet lacks it. Over ``v``, the verdict, and ``f``, the facts."""
    bits: dict[str, int] = {}
    for group in apart:
        if policy.code not in group.left_out:
            for place, condition in enumerate(policy.verdict(group.figures).conditions.values()):
                for fact in facts_read(condition, policy.subject):
                    bits[fact.name] = bits.get(fact.name, 0) | 1 << place
    still_open = column(policy, OPEN)
    return {name: f'{_untold(policy)} AND f."{name}" IS NULL AND v.{still_open} & {mask} <> 0' for name, mask in bits.items()}


def _untold(policy: Policy) -> str:
    met, still_open = column(policy, MET), column(policy, OPEN)
    return f"({met} <> {all_of(policy)} AND ({met} | {still_open}) = {all_of(policy)})"


# -- reading ---------------------------------------------------------------------------------------------------------


def listed(
    connection: duckdb.DuckDBPyConnection, changes: Path, policy: str, wanted: Sequence[Change], offset: int, size: int,
    among: Sequence[str] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Some rows of a list, in its order; only ``among`` some subjects if they are named."""
    where, values = _chosen(policy, wanted, among)
    rows = f"SELECT change, subject_id, region, fen, before_fen FROM {_file(changes)} WHERE {where} "
    return _rows(connection.execute(rows + "ORDER BY change, subject_id LIMIT ? OFFSET ?", [*values, size, offset]))


def number_listed(
    connection: duckdb.DuckDBPyConnection, changes: Path, policy: str, wanted: Sequence[Change], among: Sequence[str]
) -> int:
    """How many of some subjects are on a list."""
    where, values = _chosen(policy, wanted, among)
    row = connection.execute(f"SELECT count(*) FROM {_file(changes)} WHERE {where}", values).fetchone()
    return int(row[0]) if row else 0


def pieces(
    connection: duckdb.DuckDBPyConnection, changes: Path, policy: str, wanted: Sequence[Change], size: int
) -> Iterator[list[dict[str, Any]]]:
    """A whole list in its order, some rows at a time."""
    where, values = _chosen(policy, wanted, None)
    found = connection.execute(
        f"SELECT change, subject_id, region, fen, before_fen FROM {_file(changes)} WHERE {where} ORDER BY change, subject_id",
        values,
    )
    names = [c[0] for c in found.description]
    while rows := found.fetchmany(size):
        yield [dict(zip(names, row, strict=True)) for row in rows]


def number_entitled(connection: duckdb.DuckDBPyConnection, changes: Path, policy: str, place: str) -> int:
    """How many are entitled in a place, whose code begins so."""
    row = connection.execute(f"SELECT count(*) FROM {_file(changes)} WHERE {_ENTITLED}", [policy, place]).fetchone()
    return int(row[0]) if row else 0


def entitled_after(
    connection: duckdb.DuckDBPyConnection, changes: Path, policy: str, place: str, after: str, size: int
) -> list[tuple[str, str, int | None]]:
    """Subject, place and amount of those who are entitled in a place, some at a time in the order of their ids, beyond one of them."""
    found = connection.execute(
        f"SELECT subject_id, region, fen FROM {_file(changes)} WHERE {_ENTITLED} AND subject_id > ? ORDER BY subject_id LIMIT ?",
        [policy, place, after, size],
    )
    return found.fetchall()


_ENTITLED = f"policy = ? AND change <> '{Change.LEFT}' AND starts_with(region, ?)"


def _chosen(policy: str, wanted: Sequence[Change], among: Sequence[str] | None) -> tuple[str, list[Any]]:
    kinds = ", ".join(f"'{change}'" for change in wanted)
    where, values = f"policy = ? AND change IN ({kinds})", [policy]
    return (
        (where, values) if among is None else (f"{where} AND subject_id IN (SELECT unnest(?::VARCHAR[]))", [*values, list(among)])
    )


def lackers(
    connection: duckdb.DuckDBPyConnection, facts: Path, verdict: Path, lacks: str, offset: int, size: int
) -> list[tuple[str, str]]:
    """Who lacks a fact: the subject and its place. ``lacks`` is one of :func:`lacking`."""
    found = connection.execute(
        f"SELECT subject_id, v.region FROM {_file(verdict)} v JOIN {_file(facts)} f USING (subject_id) WHERE {lacks} ORDER BY 1 LIMIT ? OFFSET ?",
        [size, offset],
    )
    return [(str(row[0]), str(row[1])) for row in found.fetchall()]


def draw(connection: duckdb.DuckDBPyConnection, facts: Path, seed: str, size: int, out: Path) -> None:
    """Write the facts of some subjects drawn by a seed: those whose SHA-256 of ``seed:subject_id`` comes first. Anybody can repeat it."""
    order = f"sha256({_text(seed + ':')} || subject_id), subject_id"
    connection.execute(f"COPY (SELECT * FROM {_file(facts)} ORDER BY {order} LIMIT {int(size)}) TO {_text(str(out))} {_PARQUET}")


def held_against(
    connection: duckdb.DuckDBPyConnection, policies: Sequence[Policy], verdict: Path, again: Path, most: int
) -> tuple[int, int, list[tuple[str, str]]]:
    """Answers reckoned again held against those of then: how many subjects, how many with another answer, and some of those by policy."""
    parts = [[f"(v.{c} IS DISTINCT FROM a.{c})" for c in (column(p, MET), column(p, OPEN), column(p, FEN))] for p in policies]
    differs = [f"({' OR '.join(part)})" for part in parts]
    both = f"FROM {_file(again)} a LEFT JOIN {_file(verdict)} v USING (subject_id)"
    row = connection.execute(f"SELECT count(*), count(*) FILTER ({' OR '.join(differs)}) {both}").fetchone()
    assert row is not None
    found: list[tuple[str, str]] = []
    for policy, differ in zip(policies, differs, strict=True):
        rows = connection.execute(f"SELECT a.subject_id {both} WHERE {differ} ORDER BY 1 LIMIT ?", [most - len(found)]).fetchall()
        found += [(str(r[0]), policy.code) for r in rows]
    return int(row[0]), int(row[1]), found


def row_of(connection: duckdb.DuckDBPyConnection, file: Path, subject_id: str) -> dict[str, Any] | None:
    """The row of one subject in a file."""
    found = _rows(connection.execute(f"SELECT * FROM {_file(file)} WHERE subject_id = ?", [subject_id]))
    return found[0] if found else None


def _rows(found: Any) -> list[dict[str, Any]]:
    names = [c[0] for c in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _file(path: Path) -> str:
    return f"read_parquet({_text(str(path))})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
