"""Checking the whole record: every event against its hash and the one before, every chain against its head, every root
against its leaves, its stamp and what was published. The first thing that does not hold is named."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max

from linli.domains.trace.chain import GENESIS, Link, canonical, leaf_hash, merkle_root
from linli.domains.trace.models import Root
from linli.domains.trace.roots import ROOTS_FILE, public_folder, published_roots, record_of, trusted_certificates
from linli.domains.trace.stamps import check_stamp
from linli.kernel.crypto import sm3
from linli.kernel.text import Message, msg

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not hold: what, and where (chain and place, or root number)."""

    what: Message
    chain: UUID | None = None
    seq: int | None = None
    root: int | None = None


@dataclass(slots=True)
class Verdict:
    chains: int = 0
    events: int = 0
    roots: int = 0
    stamps_local: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults


def verify_all(
    *, now: datetime, published: Path | None = None, progress: Callable[[int, int], None] | None = None, most_faults: int = 20
) -> Verdict:
    """Verify chains, roots and stamps, and compare with the published roots (``public/roots.jsonl`` or another copy).

    Streams in order of chain, so memory stays bounded. ``progress`` hears of events done and events in all.
    """
    verdict = Verdict()
    newest = Root.objects.aggregate(number=Max("number"))["number"] or 0  # one made meanwhile may not be published yet
    _verify_chains(verdict, progress, most_faults)
    _verify_roots(verdict, now, published or public_folder() / ROOTS_FILE, most_faults, newest)
    return verdict


def verify_chain(chain: UUID) -> Verdict:
    """Verify one subject's chain only."""
    verdict = Verdict()
    _verify_chains(verdict, None, 20, chain)
    return verdict


# Events and the head of their chain in one statement, hence of one moment: the hall works on while its record is verified,
# and a head read later than the events would name events that had not been there yet.
_EVENTS = """
    SELECT e.id, e.chain_id, e.kind, e.seq, e.at, e.act, e.user_id, e.posting_id, e.org_id, e.hall_id, e.device, e.channel,
           e.data, e.salt, e.prev, e.hash, c.seq, c.head
      FROM trace_event e LEFT JOIN trace_chain c ON c.id = e.chain_id
"""
# An opened chain without events (length 0) is no fault.
_EMPTIED = """
    SELECT c.id FROM trace_chain c
     WHERE c.seq > 0 AND NOT EXISTS (SELECT FROM trace_event e WHERE e.chain_id = c.id)
"""


def _rows(query: str, params: list[Any]) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, params)
        while batch := cursor.fetchmany(BATCH):
            yield from batch


def link_of(row: tuple[Any, ...]) -> Link:
    """An event's row as the link its hash covers."""
    id_, chain, kind, seq, at, act, user, posting, org, hall, device, channel, data, salt, prev = row[:15]
    actor = {
        "user": _text(user), "posting": _text(posting), "org": _text(org), "hall": _text(hall),
        "device": device, "channel": channel,
    }  # fmt: skip
    # Below the ORM, Django leaves jsonb as text.
    noted = json.loads(data) if isinstance(data, str) else data
    return Link(id_, chain, kind, seq, at, act, actor, noted, bytes(salt), bytes(prev))


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _verify_chains(verdict: Verdict, progress: Callable[[int, int], None] | None, most: int, only: UUID | None = None) -> None:
    where, params = (" WHERE e.chain_id = %s", [only]) if only else ("", [])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trace_event e" + where, params)
        total = cursor.fetchone()[0]
    rows = _rows(_EVENTS + where + " ORDER BY e.chain_id, e.seq, e.id", params)
    for chain, events in groupby(rows, key=itemgetter(1)):
        _verify_events(verdict, chain, events, progress and (lambda done: progress(done, total)))
        if len(verdict.faults) >= most:
            return
    emptied = _EMPTIED + (" AND c.id = %s" if only else " ORDER BY c.id")
    verdict.faults += [Fault(msg("整条链的事件被删除"), chain, 1) for (chain,) in _rows(emptied, params)]
    if progress:
        progress(total, total)


def _verify_events(
    verdict: Verdict, chain: UUID, events: Iterator[tuple[Any, ...]], progress: Callable[[int], None] | None
) -> None:
    """Every event of one chain against its hash and the one before, and the chain's head against the last."""
    seq, head = 0, GENESIS
    kept: tuple[int | None, bytes | None] = (None, None)
    for row in events:
        verdict.events += 1
        if progress and verdict.events % BATCH == 0:
            progress(verdict.events)
        link = link_of(row)
        if link.seq != seq + 1:
            verdict.faults.append(Fault(msg("事件序号不连续，应为 %(n)s", n=seq + 1), chain, link.seq))
        elif link.prev != head:
            verdict.faults.append(Fault(msg("事件与前一事件不相连"), chain, link.seq))
        elif link.hash() != bytes(row[15]):
            verdict.faults.append(Fault(msg("事件内容与其摘要不符"), chain, link.seq))
        seq, head, kept = link.seq, bytes(row[15]), row[16:]
    kept_seq, kept_head = kept
    if kept_seq is None or kept_head is None:
        verdict.faults.append(Fault(msg("链头记录缺失"), chain, seq))
        return
    verdict.chains += 1
    if kept_seq != seq:
        verdict.faults.append(Fault(msg("链尾事件被删除：链头记到第 %(n)s 件", n=kept_seq), chain, seq + 1))
    elif bytes(kept_head) != head:
        verdict.faults.append(Fault(msg("链头摘要与最后一件事件不符"), chain, seq))


def _verify_roots(verdict: Verdict, now: datetime, published: Path, most: int, newest: int) -> None:
    public = published_roots(published)
    trusted = trusted_certificates()
    previous = GENESIS
    for root in Root.objects.filter(number__lte=newest).order_by("number").iterator(chunk_size=200):
        number = root.number
        verdict.roots += 1
        for what in _root_faults(root, previous, public.get(number), trusted, now):
            verdict.faults.append(Fault(what, root=number))
        verdict.stamps_local += root.stamped_by == "local"
        _verify_leaves(verdict, root)
        previous = bytes(root.hash)
        if len(verdict.faults) >= most:
            return
    beyond = [n for n in public if n > newest]
    known = set(Root.objects.filter(number__in=beyond).values_list("number", flat=True))
    for missing in sorted(n for n in beyond if n not in known):
        verdict.faults.append(Fault(msg("已公布的根在数据库中缺失"), root=missing))


def _root_faults(root: Root, previous: bytes, public: dict[str, Any] | None, trusted: Any, now: datetime) -> Iterator[Message]:
    record = canonical(record_of(root))
    if bytes(root.previous) != previous:
        yield msg("根与前一日的根不相连")
    if sm3(record) != bytes(root.hash):
        yield msg("根的内容与其摘要不符")
    stamp = check_stamp(bytes(root.stamp), record, roots=trusted, now=now)
    if not stamp.intact:
        yield msg("根的时间戳与内容不符")
    elif not stamp.trusted:
        yield msg("根的时间戳不是由受信任的证书签发")
    if public is None:
        yield msg("根没有公布在 roots.jsonl 中")
    elif public["record"] != record_of(root) or b64decode(public["stamp"]) != bytes(root.stamp):
        yield msg("根与已公布的内容不符")


def _verify_leaves(verdict: Verdict, root: Root) -> None:
    """The leaves rebuild the Merkle root, and each leaf is still an event of its chain: so nothing before it was cut off."""
    hashes = []
    query = """
        SELECT l.chain_id, l.seq, l.head, c.seq, e.hash
          FROM trace_leaf l
          LEFT JOIN trace_chain c ON c.id = l.chain_id
          LEFT JOIN trace_event e ON e.chain_id = l.chain_id AND e.seq = l.seq
         WHERE l.root_id = %s ORDER BY l.index
    """
    for chain, seq, head, now_seq, event_hash in _rows(query, [root.number]):
        hashes.append(leaf_hash(chain, seq, bytes(head)))
        if event_hash is None or now_seq is None or now_seq < seq:
            verdict.faults.append(Fault(msg("已公布的根见证过的事件被删除"), chain, seq, root.number))
        elif bytes(event_hash) != bytes(head):
            verdict.faults.append(Fault(msg("事件与已公布的根见证的摘要不符"), chain, seq, root.number))
    if len(hashes) != root.leaves or merkle_root(hashes) != bytes(root.merkle):
        verdict.faults.append(Fault(msg("根的叶子重算后与根不符"), root=root.number))
