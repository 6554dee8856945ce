"""Writing the record: one call for each act, in the transaction of the change it tells of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.types.json import Jsonb

from linli.domains.trace.chain import GENESIS, Link, canonical, plain
from linli.domains.trace.models import Answer, Verification
from linli.domains.trace.roots import export_roots, public_folder, seal_heads
from linli.domains.trace.subscriptions import subscribe, subscribers
from linli.domains.trace.verify import verify_all
from linli.kernel.actors import Actor
from linli.kernel.crypto import sm3
from linli.kernel.errors import Kind, LinliError
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer, defer_many
from linli.kernel.text import noop

__all__ = [
    "Act", "ask_verification", "ensure_months", "expect", "export_roots", "forget_answers", "KeyReused", "once", "public_folder",
    "record", "record_all", "record_many", "run_verification", "seal_heads", "Subject", "subscribe",
]  # fmt: skip

if TYPE_CHECKING:
    from linli.kernel.backend.base import DatabaseWrapper


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act is about: a kind (``case``, ``person``) and the subject's own id. Each subject has one chain."""

    kind: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Act:
    """A name (``cases.accepted``) and what is to be noted: ids, codes and reasons, never personal numbers."""

    name: str
    data: Mapping[str, Any]


def record(act: str, *, subject: Subject, by: Actor, at: datetime, new: bool = False, **data: Any) -> int:
    """Record one act; returns its place in the subject's chain. ``new`` says that the chain begins here."""
    return record_all([Act(act, data)], subject=subject, by=by, at=at, new=new)


def record_all(acts: Sequence[Act], *, subject: Subject, by: Actor, at: datetime, new: bool = False) -> int:
    """Record acts of one command on one subject, in order; returns the place of the last.

    Locks the subject's chain, so acts on one subject are written one after the other. Must run inside the
    transaction of the change.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an act is recorded in the transaction of its change")
    with connection.cursor() as cursor:
        _ensure_month(cursor, at)
        seq, head = (0, GENESIS) if new else _lock_chain(cursor, subject, at)
        rows, seq, head = _linked(acts, subject, by, at, seq, head)
        # psycopg would send each value with its own type; one prepared shape for each number of acts is enough.
        values = ", ".join([_ROW] * len(acts))
        if new:
            cursor.execute(_OPEN_AND_INSERT % values, [subject.id, subject.kind, seq, head, at, at, *rows])
        else:
            cursor.execute(_INSERT_AND_ADVANCE % values, [*rows, seq, head, at, at, subject.id])
    if (heads := _heads.get()) is not None:
        heads[subject.id] = (lambda: (seq, head)), _database().steps_back
    for place, act in enumerate(acts, seq - len(acts) + 1):
        for task in subscribers(act.name, act.data):
            defer(task, chain_id=str(subject.id), seq=place)
    return seq


def record_many(told: Sequence[tuple[Subject, Sequence[Act]]], *, by: Actor, at: datetime, new: bool = False) -> list[int]:
    """:func:`record_all` on many subjects with some statements in all; for each the place of its last act.

    Each subject is named once. Chains are locked in the order of their ids, so that two who do this at once wait for each other
    instead of one of them being thrown out.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an act is recorded in the transaction of its change")
    if len(told) < 2:
        return [record_all(acts, subject=subject, by=by, at=at, new=new) for subject, acts in told]
    jobs: dict[str, list[dict[str, Any]]] = {}
    events: list[list[Any]] = []
    heads: list[tuple[UUID, str, int, bytes]] = []
    with connection.cursor() as cursor:
        _ensure_month(cursor, at)
        begun = {} if new else _lock_chains(cursor, [subject for subject, _ in told], at)
        for subject, acts in told:
            before, head = begun.get(subject.id, (0, GENESIS))
            values, seq, head = _linked(acts, subject, by, at, before, head)
            events += (values[n : n + _WIDTH] for n in range(0, len(values), _WIDTH))
            heads.append((subject.id, subject.kind, seq, head))
            for place, act in enumerate(acts, before + 1):
                for task in subscribers(act.name, act.data):
                    jobs.setdefault(task, []).append({"chain_id": str(subject.id), "seq": place})
        ids, kinds, seqs, hashes = (list(column) for column in zip(*heads, strict=True))
        cursor.execute(_OPEN_MANY if new else _ADVANCE_MANY, {"ids": ids, "kinds": kinds, "seqs": seqs, "heads": hashes, "at": at})
        for first in range(0, len(events), _EVENTS):
            some = events[first : first + _EVENTS]
            cursor.execute(
                f"INSERT INTO trace_event ({_COLUMNS}) VALUES " + ", ".join([_ROW] * len(some)), [v for row in some for v in row]
            )
    if (kept := _heads.get()) is not None:
        for subject_id, _, seq, head in heads:
            kept[subject_id] = (lambda seq=seq, head=head: (seq, head)), _database().steps_back  # type: ignore[misc]
    for task, calls in jobs.items():
        defer_many(task, calls)
    return seqs


def _linked(acts: Sequence[Act], subject: Subject, by: Actor, at: datetime, seq: int, head: bytes) -> tuple[list[Any], int, bytes]:
    """The columns of some acts one after the other, and where the chain stands after them."""
    rows: list[Any] = []
    actor = _actor(by)
    for act in acts:
        link = Link(
            id=uuid7(), chain=subject.id, kind=subject.kind, seq=seq + 1, at=at, act=act.name, actor=actor,
            data=plain(act.data), salt=os.urandom(16), prev=head,
        )  # fmt: skip
        seq, head = link.seq, link.hash()
        rows += [
            link.id, link.chain, link.kind, link.seq, at, link.act, by.user_id, by.posting_id, by.org_id, by.hall_id,
            by.device, by.channel.value, Jsonb(link.data), link.salt, link.prev, head,
        ]  # fmt: skip
    return rows, seq, head


_COLUMNS = "id, chain_id, kind, seq, at, act, user_id, posting_id, org_id, hall_id, device, channel, data, salt, prev, hash"
_WIDTH = 16
_ROW = "(" + ", ".join(["%s"] * _WIDTH) + ")"
_EVENTS = 1_000  # of one statement
_OPEN_MANY = """
    INSERT INTO trace_chain (id, kind, seq, head, first_at, last_at)
    SELECT id, kind, seq, head, %(at)s, %(at)s
      FROM unnest(%(ids)s::uuid[], %(kinds)s::text[], %(seqs)s::bigint[], %(heads)s::bytea[]) AS t (id, kind, seq, head)
"""
_ADVANCE_MANY = """
    UPDATE trace_chain c SET seq = t.seq, head = t.head, first_at = least(first_at, %(at)s), last_at = greatest(last_at, %(at)s)
      FROM unnest(%(ids)s::uuid[], %(seqs)s::bigint[], %(heads)s::bytea[]) AS t (id, seq, head) WHERE c.id = t.id
"""
_OPEN_AND_INSERT = (
    "WITH opened AS (INSERT INTO trace_chain (id, kind, seq, head, first_at, last_at) VALUES (%%s, %%s, %%s, %%s, %%s, %%s)) "
    f"INSERT INTO trace_event ({_COLUMNS}) VALUES %s"
)
_INSERT_AND_ADVANCE = (
    f"WITH added AS (INSERT INTO trace_event ({_COLUMNS}) VALUES %s) "
    "UPDATE trace_chain SET seq = %%s, head = %%s, first_at = least(first_at, %%s), last_at = greatest(last_at, %%s) WHERE id = %%s"
)


_months: set[tuple[str, int, int]] = set()


def _ensure_month(cursor: Any, at: datetime) -> None:
    """Make sure the month has its partition; asked once per process and month (a job makes them ahead of time)."""
    moment = at.astimezone(UTC)
    month = (connection.settings_dict["NAME"], moment.year, moment.month)
    if month not in _months:
        cursor.execute("SELECT trace_ensure_month(%s)", [moment.date()])
        transaction.on_commit(lambda: _months.add(month))


def ensure_months(*, now: datetime, ahead: int = 3) -> None:
    """Make the partitions of this month and the coming ones, so that nobody waits for one."""
    day = now.astimezone(UTC).date().replace(day=1)
    with connection.cursor() as cursor:
        for _ in range(ahead + 1):
            cursor.execute("SELECT trace_ensure_month(%s)", [day])
            day = (day + timedelta(days=32)).replace(day=1)


def _lock_chain(cursor: Any, subject: Subject, at: datetime) -> tuple[int, bytes]:
    """The length and head of a chain, locked; an empty chain is opened if there is none."""
    head, before = (_heads.get() or {}).pop(subject.id, (cursor.fetchone, -1))
    if before != _database().steps_back:  # not asked for, or the lock was given up again with a savepoint
        cursor.execute(_HEAD, [subject.id])
        head = cursor.fetchone
    found = head()
    if found is None:
        cursor.execute(
            "INSERT INTO trace_chain (id, kind, seq, head, first_at, last_at) VALUES (%s, %s, 0, %s, %s, %s) "
            "ON CONFLICT (id) DO NOTHING",
            [subject.id, subject.kind, GENESIS, at, at],
        )
        cursor.execute(_HEAD, [subject.id])
        found = cursor.fetchone()
    return found[0], bytes(found[1])


def _lock_chains(cursor: Any, subjects: Sequence[Subject], at: datetime) -> dict[UUID, tuple[int, bytes]]:
    """The length and head of many chains, locked; empty ones are opened where there are none."""
    ordered = sorted(subjects, key=lambda s: s.id)
    ids = [s.id for s in ordered]
    cursor.execute(
        "INSERT INTO trace_chain (id, kind, seq, head, first_at, last_at) "
        "SELECT id, kind, 0, %s, %s, %s FROM unnest(%s::uuid[], %s::text[]) AS t (id, kind) ON CONFLICT (id) DO NOTHING",
        [GENESIS, at, at, ids, [s.kind for s in ordered]],
    )
    cursor.execute("SELECT id, seq, head FROM trace_chain WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids])
    return {pk: (seq, bytes(head)) for pk, seq, head in cursor.fetchall()}


_HEAD = "SELECT seq, head FROM trace_chain WHERE id = %s FOR UPDATE"
# The locked heads of the command under way: asked for ahead of time, or written by it; with how often it had stepped back then.
_heads: ContextVar[dict[UUID, tuple[Callable[[], Any], int]] | None] = ContextVar("heads of the command under way", default=None)


def expect(subject: Subject) -> None:
    """Say early that an act on a subject will follow: its chain is locked, and the answer arrives while the command works on."""
    heads = _heads.get()
    if heads is not None and subject.id not in heads:
        cursor = connection.cursor()
        cursor.execute(_HEAD, [subject.id])
        heads[subject.id] = cursor.fetchone, _database().steps_back


def _actor(by: Actor) -> dict[str, str | None]:
    return {
        "user": _text(by.user_id),
        "posting": _text(by.posting_id),
        "org": _text(by.org_id),
        "hall": _text(by.hall_id),
        "device": by.device,
        "channel": by.channel.value,
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


# -- the same key gives the same answer ------------------------------------------------------------------------------


class KeyReused(LinliError):
    """An idempotency key came back with another request."""

    code = "trace.key_reused"
    kind = Kind.CONFLICT
    template = noop("这次提交的编号已用于另一项操作。")
    remedy = noop("请刷新页面后重新提交；之前的操作没有受影响。")


P = ParamSpec("P")
R = TypeVar("R")


_RETRIES = 3
# Whether a command is under way: one that it calls joins its transaction.
_inside: ContextVar[bool] = ContextVar("inside a command", default=False)


def _database() -> DatabaseWrapper:
    return cast("DatabaseWrapper", connection)


def once(command: Callable[P, R]) -> Callable[Concatenate[P], R]:
    """Make a command safe to repeat. The wrapped command takes ``key`` besides its own arguments.

    With a key the answer (made of JSON values, ids, dates or None) is stored in the same transaction. The same key with
    the same request gives the stored answer again, however often and however many at once; with another request it is
    :class:`KeyReused`. Without a key the command simply runs. Either way it runs in one transaction.
    """
    room = command.__module__.removeprefix("linli.domains.").split(".commands")[0]
    name = f"{room}.{command.__name__}"

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        key = cast("UUID | None", kwargs.pop("key", None))
        if key is None and _inside.get():
            return command(*args, **kwargs)  # part of another command's transaction
        token = _inside.set(True)
        try:
            return retrying(key, *args, **kwargs)
        finally:
            _inside.reset(token)
            _heads.set(None)

    def retrying(key: UUID | None, *args: P.args, **kwargs: P.kwargs) -> R:
        outermost = not connection.in_atomic_block
        for attempt in range(_RETRIES):
            _heads.set({})
            try:
                return run(key, *args, **kwargs)
            except OperationalError as error:
                # Two commands that waited for each other, of which PostgreSQL ended one: nothing was written, try again.
                clash = getattr(error.__cause__, "sqlstate", "") in ("40P01", "40001")
                if not (clash and outermost) or attempt == _RETRIES - 1:
                    raise
        raise AssertionError

    def run(key: UUID | None, *args: P.args, **kwargs: P.kwargs) -> R:
        if key is None:
            with _database().sending_ahead(), transaction.atomic():
                return command(*args, **kwargs)
        fingerprint = sm3(canonical([name, plain({k: _print(v) for k, v in kwargs.items() if k != "now"})]))
        try:
            with _database().sending_ahead(), transaction.atomic():
                answer = command(*args, **kwargs)
                with connection.cursor() as cursor:
                    # A concurrent twin waits here for the first to commit, then its key is refused, at the latest by the commit.
                    cursor.execute(
                        "INSERT INTO trace_answer (key, command, fingerprint, answer, at) VALUES (%s, %s, %s, %s, %s)",
                        [key, name, fingerprint, json.dumps(_freeze(answer)), cast("datetime", kwargs["now"])],
                    )
                return answer
        except (LinliError, IntegrityError) as error:
            # Usual for a repeat: the state has moved on, so the command itself refuses. Look whether it was us.
            stored = Answer.objects.filter(key=key).first()
            if stored is None:
                raise
            if bytes(stored.fingerprint) != fingerprint:
                raise KeyReused from error
            return _thaw(stored.answer)

    return wrapper


def _print(value: Any) -> Any:
    """A stable spelling of an argument, for telling whether two requests are the same."""
    if isinstance(value, Actor):
        return _text(value.user_id)
    try:
        return plain(value)
    except TypeError:
        return repr(value)


def _freeze(answer: Any) -> Any:
    if isinstance(answer, UUID):
        return {"uuid": str(answer)}
    return plain(answer)


def _thaw(answer: Any) -> Any:
    if isinstance(answer, dict) and set(answer) == {"uuid"}:
        return UUID(answer["uuid"])
    return answer


# -- checking the record on demand -----------------------------------------------------------------------------------


@once
def ask_verification(*, by: Actor, now: datetime) -> UUID:
    """Have the whole record checked in the background; one that is still under way is given instead of a second one."""
    by.must("trace.verify")
    under_way = Verification.objects.filter(finished_at=None, asked_at__gt=now - _VERIFY_WITHIN).order_by("-id").first()
    if under_way:
        return under_way.pk
    asked = Verification.objects.create(asked_by_id=by.person_id, asked_at=now)
    defer("trace.verify", verification_id=str(asked.pk))
    return asked.pk


def run_verification(*, verification_id: UUID, now: datetime) -> None:
    """Check the whole record, tell how far it has come, and keep what was found. Safe to repeat."""
    row = Verification.objects.filter(pk=verification_id, finished_at=None)
    if not row.exists():
        return

    def tell(done: int, total: int) -> None:
        row.update(events_done=done, events_all=total)

    verdict = verify_all(now=now, progress=tell)
    faults = [
        {"what": f.what.template, "values": plain(f.what.params), "chain": _text(f.chain), "seq": f.seq, "root": f.root}
        for f in verdict.faults
    ]
    found = {
        "ok": verdict.ok, "chains": verdict.chains, "events": verdict.events, "roots": verdict.roots,
        "stamps_local": verdict.stamps_local, "faults": faults,
    }  # fmt: skip
    asked = Verification.objects.get(pk=verification_id)
    with transaction.atomic():
        by = Actor(user_id=asked.asked_by_id, device="trace.verify")
        record("trace.verified", subject=Subject("user", asked.asked_by_id), by=by, at=now, ok=verdict.ok, faults=len(faults))
        row.update(finished_at=now, found=found, events_done=verdict.events, events_all=verdict.events)


_VERIFY_WITHIN = timedelta(hours=6)  # one that has not ended by then died with its worker


ANSWER_LIFE = timedelta(days=30)


def forget_answers(*, before: datetime) -> int:
    """Drop stored answers older than ``before``; a key is only meant to survive retries."""
    return Answer.objects.filter(at__lt=before).delete()[0]
