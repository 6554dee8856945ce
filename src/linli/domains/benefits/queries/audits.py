"""Past scans reckoned again: which were asked for, and what they found. The record itself keeps them, where nobody can change it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from linli.domains.benefits import scans
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.models import Run
from linli.domains.benefits.permissions import AUDIT, run_for
from linli.domains.benefits.queries.results import FACTS, VERDICT, as_recorded, folder_of, frozen, manifest_of
from linli.domains.benefits.snapshots import unchanged
from linli.domains.trace.queries import events_of
from linli.kernel.actors import Actor
from linli.kernel.text import noop

ASKED, DONE, FAILED = "benefits.audit_asked", "benefits.audit_done", "benefits.audit_failed"
MOST_NAMED = 50  # answers that differ are named up to here; all are counted
_SHOWN = 20
_PROGRESS = "progress"
_EVERYBODY = ("entitled", "not_entitled", "unknown", "left_out")


class AuditState(StrEnum):
    """Under way; every answer came out alike; some did not; it could not be done."""

    RUNNING = "running"
    SAME = "same"
    DIFFERS = "differs"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    AuditState.RUNNING: noop("正在复算"), AuditState.SAME: noop("结果一致"), AuditState.DIFFERS: noop("结果不一致"), AuditState.FAILED: noop("不能复算"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Audited:
    """One reckoning again of a run. ``size``: how many of each kind of subject were drawn by ``seed``, 0 for all; ``checked`` and
    ``differ`` by kind of subject; ``named`` some of the answers that differ, as subject and policy; ``progress`` how much of it is done while it is under way."""

    id: UUID
    asked_at: datetime
    asked_by: UUID | None
    size: int
    seed: str
    state: AuditState
    ended_at: datetime | None
    checked: Mapping[str, int]
    differ: Mapping[str, int]
    named: Sequence[tuple[UUID, str]]
    why: str
    progress: tuple[int, int] | None = None

    @property
    def total(self) -> int:
        return sum(self.checked.values())

    @property
    def wrong(self) -> int:
        return sum(self.differ.values())


def audits_of(run_id: UUID, *, by: Actor) -> list[Audited]:
    """The newest reckonings again of a run, newest first. Three queries."""
    run_for(run_id, by, AUDIT)
    asked = list(events_of(run_id, acts=(ASKED,))[:_SHOWN])
    ended = {
        e.data["audit"]: e for e in events_of(run_id, acts=(FAILED, DONE)).filter(data__audit__in=[a.data["audit"] for a in asked])
    }
    found = []
    for event in asked:
        end = ended.get(event.data["audit"])
        data = end.data if end else {}
        differ = data.get("differ", {})
        state = AuditState.RUNNING
        if end:
            state = AuditState.FAILED if end.act == FAILED else AuditState.DIFFERS if any(differ.values()) else AuditState.SAME
        found.append(
            Audited(
                UUID(event.data["audit"]), event.at, event.user_id, event.data["size"], event.data["seed"], state,
                end.at if end else None, data.get("checked", {}), differ, [(UUID(i), code) for i, code in data.get("named", [])],
                data.get("why", ""), None if end else _progress_of(run_id, UUID(event.data["audit"])),
            )
        )  # fmt: skip
    return found


# -- the reckoning itself --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Compared:
    """What came of reckoning a run again."""

    checked: dict[str, int]
    differ: dict[str, int]
    named: list[tuple[str, str]]


def reckon_again(run: Run, *, audit_id: UUID, size: int, seed: str) -> Compared:
    """Reckon a finished run again, or some of it drawn by a seed: its frozen facts, and the rules and figures of then.

    Every file is read whole and held against what the trace says of it. Raises :class:`SnapshotChanged`.
    """
    as_recorded(run)
    manifest = manifest_of(run)
    for name, told in run.digests.items():  # also what is only kept to be read; the facts and the answers are read below
        if not name.startswith((FACTS, VERDICT)):
            unchanged(folder_of(run.pk) / name, told, thoroughly=True)
    compared = Compared({}, {}, [])
    # How many there are is known of the run: a file is not looked into before it was held against the record.
    kinds = {policy_of(code).subject: sum(run.counts[code][part] for part in _EVERYBODY) for code in run.policies}
    with _scratch(run, audit_id) as scratch, scans.engine(scratch) as engine:
        done, total = 0, 3 * sum(kinds.values())
        for subject, rows in kinds.items():
            _tell(scratch, done, total)
            facts, verdict = (frozen(run, kind, subject, thoroughly=True) for kind in (FACTS, VERDICT))
            _tell(scratch, done + rows, total)
            if size:
                scans.draw(engine, facts, seed, size, scratch / f"drawn_{subject}.parquet")
                facts = scratch / f"drawn_{subject}.parquet"
            statements = [(g["places"], g["statement"]) for g in manifest["groups"] if g["subject"] == subject]
            again = scratch / f"again_{subject}.parquet"
            scans.evaluate(engine, subject, facts, statements, again)
            _tell(scratch, done + 2 * rows, total)
            policies = [p for p in map(policy_of, run.policies) if p.subject == subject]
            left = MOST_NAMED - len(compared.named)
            compared.checked[subject], compared.differ[subject], named = scans.held_against(engine, policies, verdict, again, left)
            compared.named += named
            done += 3 * rows
    return compared


def _tell(scratch: Path, done: int, total: int) -> None:
    """Say how far it is: of each kind of subject its files are read, it is reckoned, and held against what was said."""
    part = scratch / f"{_PROGRESS}.new"
    part.write_text(f"{done} {total}")
    part.replace(scratch / _PROGRESS)


def _progress_of(run_id: UUID, audit_id: UUID) -> tuple[int, int] | None:
    try:
        done, total = (_folder(run_id, audit_id) / _PROGRESS).read_text().split()
    except OSError:
        return None  # not begun, or over
    return int(done), int(total)


def _folder(run_id: UUID, audit_id: UUID) -> Path:
    return folder_of(run_id).parent / f"audit-{audit_id}.part"


@contextmanager
def _scratch(run: Run, audit_id: UUID) -> Iterator[Path]:
    """A folder that is gone afterwards; one that a killed process left behind is cleared first."""
    folder = _folder(run.pk, audit_id)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
