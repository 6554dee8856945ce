"""How a command changes a case: lock it, move it by the table, note what happened, write everything once at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from linli.domains.cases.errors import CaseChanged, MoveNotPossible
from linli.domains.cases.lifecycle import FINAL, TRANSITIONS, Move, State, may_move
from linli.domains.cases.models import Case
from linli.domains.trace.commands import Act, Subject, expect, record_all, record_many
from linli.kernel import rows
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg, noop

_MOVE_WORDS = {
    Move.SUBMIT: noop("提交"), Move.START: noop("依职权启动"), Move.REQUEST_CORRECTION: noop("要求补正"), Move.CORRECT: noop("登记补正"), Move.ACCEPT: noop("受理"),
    Move.DEEM_ACCEPTED: noop("视为受理"), Move.SEND_TO_REVIEW: noop("派件"), Move.SUSPEND: noop("中止"), Move.RESUME: noop("恢复"),
    Move.APPROVE: noop("决定"), Move.REJECT: noop("决定"), Move.TAKE_BACK: noop("撤销准予决定"), Move.ISSUE: noop("出件"), Move.DELIVER: noop("送达"),
    Move.CLOSE: noop("归档"), Move.REFUSE: noop("不予受理"), Move.WITHDRAW: noop("撤回"),
}  # fmt: skip


def subject(case_id: UUID) -> Subject:
    """A case's own chain."""
    return Subject("case", case_id)


class Work:
    """One command's work on one case: the moves and notes it makes are recorded together when it is saved.

    The case row stays locked until the transaction ends, so that commands on one case follow one another.
    """

    def __init__(self, case: Case, *, by: Actor, now: datetime, new: bool = False, quiet: bool = False) -> None:
        """``quiet``: its acts are not told one by one, since whoever began the case without an application tells once."""
        self.case, self.by, self.now, self.new, self.quiet = case, by, now, new, quiet
        self._acts: list[Act] = []
        self._fields: set[str] = set()

    def move(self, move: Move, **data: Any) -> None:
        """Change the state by the table. Raises :class:`MoveNotPossible`."""
        if not may_move(State(self.case.state), move):
            raise MoveNotPossible(state=Message(State(self.case.state).label), move=Message(_MOVE_WORDS[move]))
        self.case.state = TRANSITIONS[move][1]
        self.change("state")
        if self.case.state in FINAL:
            self.case.closed_at = self.now
            self.change("closed_at")
        self.note(move.act, **data)

    def note(self, act: str, **data: Any) -> None:
        """Record something that does not change the state."""
        self._acts.append(Act(act, data))

    def change(self, *fields: str, **values: Any) -> None:
        """Mark fields of the case as changed, setting those given by name."""
        for name, value in values.items():
            setattr(self.case, name, value)
        self._fields |= {*fields, *values}

    @property
    def acts(self) -> list[Act]:
        """What happened so far and is not recorded, as it will be."""
        # So that whoever tells other systems, or other parts of a joint matter, need not look at the acts of all cases.
        marked = (("client", self.case.client_id), ("joint", self.case.joint_id), ("quiet", self.quiet))
        marks = {k: v for k, v in marked if v}
        return [Act(act.name, {**act.data, **marks}) for act in self._acts] if marks else self._acts

    def _told(self, seq: int) -> None:
        """Its acts are recorded, up to that place."""
        self._acts = []
        self.change(trace_seq=seq)

    def save(self, *others: Model) -> None:
        """Write the events, then the case with the place of the last one; with a new case the other rows it begins with."""
        if self._acts:
            self._told(record_all(self.acts, subject=subject(self.case.pk), by=self.by, at=self.now, new=self.new))
        if self.new:
            rows.insert(self.case, *others)
        elif self._fields:
            self.case.version += 1
            rows.update(self.case, [*sorted(self._fields), "version"])


def save_many(works: Sequence[Work], *others: Model) -> None:
    """:meth:`Work.save` for many cases that one command changes, all of them new or none, and the other rows they begin with."""
    if not works:
        return
    told = [(subject(w.case.pk), w.acts) for w in works]
    for work, seq in zip(works, record_many(told, by=works[0].by, at=works[0].now, new=works[0].new), strict=True):
        work._told(seq)
    if works[0].new:
        rows.insert_many([*(w.case for w in works), *others])
        return
    rows.insert_many(others)
    for work in works:
        work.save()


def lock(case_id: UUID) -> Case | None:
    """The row of a case, locked until the transaction ends; with its chain, since an act on it will follow."""
    asked = rows.ask(Case, "WHERE t.id = %s FOR UPDATE", [case_id])
    expect(subject(case_id))
    return next(iter(asked()), None)


def locked(may: Callable[[Actor, Case], bool], case_id: UUID, *, by: Actor, now: datetime, version: int | None = None) -> Work:
    """Lock a case on which the actor may act (a predicate of ``permissions.py``).

    Raises :class:`NotFound`, and :class:`CaseChanged` if it was saved since ``version`` was read.
    """
    case = lock(case_id)
    if case is None or not may(by, case):
        raise NotFound(what=msg("这件办件"))
    if version is not None and case.version != version:
        raise CaseChanged(state=Message(State(case.state).label))
    return Work(case, by=by, now=now)
