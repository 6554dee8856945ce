"""The daily root: a Merkle tree over the heads of all chains that grew, chained to the root before, stamped, published.

Because each root also names the root before it, one root fixes everything up to its day. Published are the records and
their stamps (``roots.jsonl``), small and without personal data; whoever keeps a copy can prove later that an event was
changed or the newest events were cut off.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography import x509
from django.conf import settings
from django.db import connection, transaction

from linli.domains.trace.chain import GENESIS, canonical, leaf_hash, merkle_root, root_record
from linli.domains.trace.models import Root
from linli.domains.trace.stamps import stamp
from linli.kernel.calendar import local_date
from linli.kernel.crypto import sm3
from linli.kernel.pki import DemoAuthority

ROOTS_FILE = "roots.jsonl"
# A chain is looked at again if it has an event made up to this long before the newest one the last root saw, so that
# a transaction that was still open then is not missed. Event ids carry the wall clock of their making.
_OVERLAP = timedelta(days=1)


def authority() -> DemoAuthority:
    """The certificates of this installation."""
    return DemoAuthority(settings.ENV.data / "secrets" / "pki")


@transaction.atomic
def seal_heads(*, now: datetime) -> Root | None:
    """Make, stamp and store the next root; None when no chain has grown since the last one.

    Raises :class:`~linli.domains.trace.stamps.StampRefused` when the authority does not answer; nothing is stored then.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('trace_root'))")  # one root at a time; readers go on
        last = Root.objects.order_by("-number").first()
        since = _uuid_floor(last.newest_event, _OVERLAP) if last else UUID(int=0)
        cursor.execute(
            """
            SELECT c.id, c.seq, c.head
              FROM (SELECT DISTINCT chain_id FROM trace_event WHERE id >= %s) grown
              JOIN trace_chain c ON c.id = grown.chain_id
              LEFT JOIN LATERAL (SELECT seq FROM trace_leaf WHERE chain_id = c.id ORDER BY seq DESC LIMIT 1) seen ON true
             WHERE c.seq > coalesce(seen.seq, 0)
             ORDER BY c.id
            """,
            [since],
        )
        heads = [(row[0], row[1], bytes(row[2])) for row in cursor.fetchall()]
        if not heads:
            return None
        cursor.execute("SELECT id FROM trace_event ORDER BY id DESC LIMIT 1")
        newest = cursor.fetchone()[0]
        number, previous = (last.number + 1, bytes(last.hash)) if last else (1, GENESIS)
        merkle = merkle_root([leaf_hash(*head) for head in heads])
        record = canonical(
            root_record(day=local_date(now), number=number, leaves=len(heads), merkle=merkle, previous=previous, made_at=now)
        )
        stamped = stamp(record, at=now, tsa_url=settings.ENV.tsa_url, local=authority().time_stamp())
        root = Root.objects.create(
            number=number, day=local_date(now), made_at=now, newest_event=newest, leaves=len(heads), merkle=merkle,
            previous=previous, hash=sm3(record), stamp=stamped.token, stamped_by=stamped.by,
        )  # fmt: skip
        with cursor.copy("COPY trace_leaf (root_id, index, chain_id, seq, head) FROM STDIN") as copy:
            for index, (chain, seq, head) in enumerate(heads):
                copy.write_row((number, index, chain, seq, head))
    transaction.on_commit(export_roots)
    return root


def _uuid_floor(newest: UUID, before: timedelta) -> UUID:
    """The smallest UUIDv7 that could have been made ``before`` earlier."""
    millis = max((newest.int >> 80) - int(before.total_seconds() * 1000), 0)
    return UUID(int=millis << 80)


def record_of(root: Root) -> dict[str, Any]:
    """The published record of a stored root."""
    return root_record(
        day=root.day, number=root.number, leaves=root.leaves, merkle=bytes(root.merkle), previous=bytes(root.previous),
        made_at=root.made_at,
    )  # fmt: skip


def public_folder() -> Path:
    """Where what anybody may copy is written."""
    return Path(settings.ENV.public_data or settings.ENV.data / "public")


def export_roots() -> Path:
    """Append the roots that are not yet in the public file; what was published is never rewritten."""
    folder = public_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ROOTS_FILE
    known = published_roots(path)
    fresh = Root.objects.filter(number__gt=max(known, default=0)).order_by("number")
    lines = [json.dumps(public_line(root), ensure_ascii=False, sort_keys=True) for root in fresh]
    if lines:
        with path.open("a", encoding="utf-8") as out:
            out.write("".join(line + "\n" for line in lines))
            out.flush()
            os.fsync(out.fileno())
    certificate = folder / "linli-root.pem"
    if not certificate.exists():
        from cryptography.hazmat.primitives.serialization import Encoding

        certificate.write_bytes(authority().root.certificate.public_bytes(Encoding.PEM))
    return path


def public_line(root: Root) -> dict[str, Any]:
    """One line of the public file."""
    return {
        "record": record_of(root),
        "hash": bytes(root.hash).hex(),
        "stamp": b64encode(bytes(root.stamp)).decode(),
        "stamped_by": root.stamped_by,
    }


def published_roots(path: Path) -> dict[int, dict[str, Any]]:
    """The public file by root number; a line cut off by a crash is left out and written again."""
    if not path.exists():
        return {}
    found = {}
    good = 0
    raw = path.read_bytes()
    for line in raw.splitlines(keepends=True):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("cut off")
            entry = json.loads(line)
            found[int(entry["record"]["number"])] = entry
        except (ValueError, KeyError):
            break
        good += len(line)
    if good < len(raw) and os.access(path, os.W_OK) and not raw[good:].endswith(b"\n"):
        with path.open("r+b") as out:
            out.truncate(good)
    return found


def trusted_certificates() -> list[x509.Certificate]:
    """Root certificates whose stamps are believed: our own, and those an operator put into ``secrets/tsa-roots``."""
    folder = settings.ENV.data / "secrets" / "tsa-roots"
    extra = [c for path in sorted(folder.glob("*.pem")) for c in x509.load_pem_x509_certificates(path.read_bytes())]
    return [authority().root.certificate, *extra]
