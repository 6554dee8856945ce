"""Many stored cases, copied inside the database from a few real ones.

Each copy has every row of its original (case, stages, materials, clocks, decision, draws, delivery, papers, chain and
events) with ids and numbers of its own, an applicant of its own for every five cases, and its dates moved back so that the
cases spread over two years. Hashes are copied as they are, so the record of a filled database does not verify.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

# Table and the column by which its rows belong to a case.
TABLES = (
    ("cases_case", "id"), ("cases_step", "case_id"), ("cases_casematerial", "case_id"), ("cases_clock", "case_id"),
    ("cases_decision", "case_id"), ("cases_delivery", "case_id"), ("cases_draw", "case_id"), ("documents_document", "subject_id"),
    ("trace_chain", "id"), ("trace_event", "chain_id"),
)  # fmt: skip
SPREAD_DAYS = 700
CHUNK = 20_000


@dataclass(frozen=True)
class Original:
    """A case to copy: which share of the copies it makes up, and over how many past days they spread."""

    case_id: UUID
    share: float = 1.0
    days: float = SPREAD_DAYS


def fill(conninfo: str, originals: Sequence[Original], *, upto: int, person_id: UUID) -> int:
    """Copy until there are ``upto`` cases; returns how many were made. ``conninfo`` is a superuser's: triggers are left out."""
    with psycopg.connect(conninfo, autocommit=True) as db:
        db.execute("SET session_replication_role = replica")
        db.execute("SET synchronous_commit = off")
        have = _value(db, "SELECT count(*) FROM cases_case")
        wanted = max(upto - have, 0)
        if not wanted:
            return 0
        first = f"(SELECT min(started_at) FROM cases_case) - interval '{SPREAD_DAYS + 31} days'"
        months = f"generate_series({first}, now() + interval '62 days', interval '1 month')"
        db.execute(f"SELECT trace_ensure_month(m::date) FROM {months} AS m")
        people = _people(db, person_id, upto // 5)
        began, base = time.perf_counter(), have
        for original in originals:
            count = round(wanted * original.share)
            for begin in range(base, base + count, CHUNK):
                last = min(begin + CHUNK, base + count) - 1
                with db.transaction():
                    _copy(db, original, begin, last, base=base, count=count, person=person_id, people=people)
                print(f"\r  {last + 1:,} cases stored, {time.perf_counter() - began:.0f} s", end="", flush=True)
            base += count
        print("; now VACUUM ANALYZE", flush=True)
        db.execute("VACUUM ANALYZE")
        return base - have


def _people(db: psycopg.Connection[Any], person_id: UUID, count: int) -> int:
    have = _value(db, "SELECT count(*) FROM people_person")
    own = {
        "id": _id("t.id", "n"), "name": "t.name || n", "id_index": "sha256((t.id::text || n)::bytea)",
        "phone_index": "sha256((n || 'phone')::bytea)",
    }  # fmt: skip
    if count > have:
        first = 0 if have < 10 else have  # the few that were there before are nobody's copies
        _insert(db, "people_person", own, "t.id = %(key)s", {"key": person_id}, first, count)
    return max(count, have)


def _copy(
    db: psycopg.Connection[Any], original: Original, first: int, last: int, *, base: int, count: int, person: UUID, people: int
) -> None:
    own_ids = set()
    for table, key in TABLES:
        names = [c for c, kind in _columns(db, table) if c in ("id", "case_id", "step_id") and kind == "uuid"]
        for row in db.execute(f"SELECT {', '.join(names)} FROM {table} WHERE {key} = %s", [original.case_id]):
            own_ids |= {v for v in row if v}
    own_ids.add(original.case_id)
    back = f"interval '1 second' * ((n - {base}) * {original.days * 86400 / count:.6f})"
    for table, key in TABLES:
        exprs: dict[str, str] = {}
        for column, kind in _columns(db, table):
            if kind == "uuid" and column == "applicant_id":
                exprs[column] = _id(f"'{person}'::uuid", f"(n %% {people})")
            elif kind == "uuid":
                # Only what belongs to the case gets an id of its own; people, organisations and standards stay.
                exprs[column] = f"CASE WHEN t.{column} = ANY(%(own)s) THEN {_id(f't.{column}', 'n')} ELSE t.{column} END"
            elif kind == "timestamp with time zone":
                exprs[column] = f"t.{column} - {back}"
            elif kind == "date" and table != "cases_draw":
                exprs[column] = f"(t.{column} - {back})::date"
        if table == "cases_case":
            exprs["number"] = "substr(t.number, 1, 6) || lpad(n::text, 16, '0')"
        if table == "documents_document":
            exprs |= {
                "code": "upper(substr(md5(t.id::text || n), 1, 12))",
                "sequence": "10000000 + n",
                "number": "t.number || n",
                "sealed_digest": "CASE WHEN t.sealed_digest IS NOT NULL THEN sha256((t.id::text || n)::bytea) END",
            }
        _insert(db, table, exprs, f"t.{key} = %(key)s", {"key": original.case_id, "own": list(own_ids)}, first, last)


def _insert(
    db: psycopg.Connection[Any], table: str, exprs: dict[str, str], which: str, values: dict[str, Any], first: int, last: int
) -> None:
    names = [c for c, _ in _columns(db, table)]
    taken = ", ".join(exprs.get(c, f"t.{c}") for c in names)
    columns = sql.SQL(", ").join(map(sql.Identifier, names)).as_string()
    # Only rows of the original itself, found by its key, so that copies are not copied.
    db.execute(
        f"INSERT INTO {table} ({columns}) SELECT {taken} FROM {table} AS t, generate_series({first}, {last}) AS n WHERE {which}",
        values,
    )


def _id(of: str, n: str) -> str:
    """The id of a copy: always the same for the same original and number, in time order as the platform's own are."""
    return f"(lpad(to_hex({n}::bigint), 12, '0') || '7' || substr(md5({of}::text || {n}), 1, 3) || '8' || substr(md5({n} || {of}::text), 1, 15))::uuid"


_KNOWN: dict[str, list[tuple[str, str]]] = {}


def _columns(db: psycopg.Connection[Any], table: str) -> list[tuple[str, str]]:
    if table not in _KNOWN:
        _KNOWN[table] = db.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public' "
            "ORDER BY ordinal_position",
            [table],
        ).fetchall()
    return _KNOWN[table]


def _value(db: psycopg.Connection[Any], query: str) -> int:
    found = db.execute(query).fetchone()
    assert found
    return int(found[0])
