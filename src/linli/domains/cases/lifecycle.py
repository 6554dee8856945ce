"""The states of a case and the one table of transitions between them (``docs/architecture.md``, The spine)."""

from __future__ import annotations

from enum import StrEnum

from linli.kernel.text import noop


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    CORRECTION_REQUESTED = "correction_requested"
    ACCEPTED = "accepted"
    IN_REVIEW = "in_review"
    SUSPENDED = "suspended"
    APPROVED = "approved"
    REJECTED = "rejected"
    ISSUED = "issued"
    DELIVERED = "delivered"
    CLOSED = "closed"
    NOT_ACCEPTED = "not_accepted"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The word staff use."""
        return _LABELS[self]

    @property
    def plain_label(self) -> str:
        """The word a resident uses (``web/ui/README.md``)."""
        return _PLAIN[self]


_LABELS = {
    State.DRAFT: noop("收件中"),
    State.SUBMITTED: noop("已收件待受理"),
    State.CORRECTION_REQUESTED: noop("待补正"),
    State.ACCEPTED: noop("已受理待派件"),
    State.IN_REVIEW: noop("审核中"),
    State.SUSPENDED: noop("中止（特别程序）"),
    State.APPROVED: noop("准予，待出件"),
    State.REJECTED: noop("不予批准，待出件"),
    State.ISSUED: noop("已出件待送达"),
    State.DELIVERED: noop("已送达"),
    State.CLOSED: noop("已办结归档"),
    State.NOT_ACCEPTED: noop("不予受理"),
    State.WITHDRAWN: noop("已撤回"),
}
_PLAIN = {
    State.DRAFT: noop("填写中"),
    State.SUBMITTED: noop("已提交"),
    State.CORRECTION_REQUESTED: noop("待您补正"),
    State.ACCEPTED: noop("已受理"),
    State.IN_REVIEW: noop("审核中"),
    State.SUSPENDED: noop("等待专门程序"),
    State.APPROVED: noop("已决定，正在制作结果"),
    State.REJECTED: noop("已决定，正在制作结果"),
    State.ISSUED: noop("结果已出，待领取"),
    State.DELIVERED: noop("已送达"),
    State.CLOSED: noop("已办结"),
    State.NOT_ACCEPTED: noop("不予受理"),
    State.WITHDRAWN: noop("已撤回"),
}


class Move(StrEnum):
    """What moves a case from one state to another; each is recorded under ``cases.<move>``."""

    SUBMIT = "submitted"
    START = "started_ex_officio"
    REQUEST_CORRECTION = "correction_requested"
    CORRECT = "corrected"
    ACCEPT = "accepted"
    DEEM_ACCEPTED = "deemed_accepted"
    SEND_TO_REVIEW = "sent_to_review"
    SUSPEND = "suspended"
    RESUME = "resumed"
    APPROVE = "approved"
    REJECT = "rejected"
    TAKE_BACK = "grant_taken_back"
    ISSUE = "issued"
    DELIVER = "delivered"
    CLOSE = "closed"
    REFUSE = "not_accepted"
    WITHDRAW = "withdrawn"

    @property
    def act(self) -> str:
        return f"cases.{self.value}"


TRANSITIONS: dict[Move, tuple[frozenset[State], State]] = {
    Move.SUBMIT: (frozenset({State.DRAFT}), State.SUBMITTED),
    # What reaches people without an application: the bureau begins by itself (依职权), so that nothing is received or accepted.
    Move.START: (frozenset({State.DRAFT}), State.IN_REVIEW),
    Move.REQUEST_CORRECTION: (frozenset({State.SUBMITTED}), State.CORRECTION_REQUESTED),
    Move.CORRECT: (frozenset({State.CORRECTION_REQUESTED}), State.SUBMITTED),
    Move.ACCEPT: (frozenset({State.SUBMITTED}), State.ACCEPTED),
    Move.DEEM_ACCEPTED: (frozenset({State.SUBMITTED}), State.ACCEPTED),
    Move.SEND_TO_REVIEW: (frozenset({State.ACCEPTED}), State.IN_REVIEW),
    Move.SUSPEND: (frozenset({State.IN_REVIEW}), State.SUSPENDED),
    Move.RESUME: (frozenset({State.SUSPENDED}), State.IN_REVIEW),
    Move.APPROVE: (frozenset({State.IN_REVIEW}), State.APPROVED),
    Move.REJECT: (frozenset({State.IN_REVIEW}), State.REJECTED),
    # What was granted on an untrue commitment and not yet handed out becomes a refusal (行政许可法 art. 69(2)).
    Move.TAKE_BACK: (frozenset({State.APPROVED}), State.REJECTED),
    Move.ISSUE: (frozenset({State.APPROVED, State.REJECTED}), State.ISSUED),
    Move.DELIVER: (frozenset({State.ISSUED}), State.DELIVERED),
    Move.CLOSE: (frozenset({State.DELIVERED}), State.CLOSED),
    Move.REFUSE: (frozenset({State.SUBMITTED, State.CORRECTION_REQUESTED}), State.NOT_ACCEPTED),
    Move.WITHDRAW: (
        frozenset(
            {
                State.DRAFT,
                State.SUBMITTED,
                State.CORRECTION_REQUESTED,
                State.ACCEPTED,
                State.IN_REVIEW,
                State.SUSPENDED,
            }
        ),
        State.WITHDRAWN,
    ),
}

FINAL = frozenset({State.CLOSED, State.NOT_ACCEPTED, State.WITHDRAWN})
# The processing clocks run from acceptance to decision.
IN_HAND = frozenset({State.ACCEPTED, State.IN_REVIEW, State.SUSPENDED})
DECIDED = frozenset({State.APPROVED, State.REJECTED, State.ISSUED, State.DELIVERED, State.CLOSED})


def may_move(state: State, move: Move) -> bool:
    return state in TRANSITIONS[move][0]


def state_after(move: Move) -> State:
    """Where a move leads."""
    return TRANSITIONS[move][1]


def moves_from(state: State) -> list[Move]:
    """Every move the table allows from a state."""
    return [move for move in Move if may_move(state, move)]
