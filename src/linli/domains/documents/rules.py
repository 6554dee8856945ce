"""Words of the room: which papers there are, which states a document passes through, how its number is spelt."""

from __future__ import annotations

from enum import StrEnum

from linli.domains.documents.errors import NotInThisState
from linli.kernel.text import Message, noop


class PaperKind(StrEnum):
    """Every kind of paper the platform prints. The value names the folder of its templates."""

    ACCEPTANCE_NOTICE = "acceptance_notice"
    CORRECTION_NOTICE = "correction_notice"
    NON_ACCEPTANCE = "non_acceptance"
    SUSPENSION_NOTICE = "suspension_notice"
    RESUMPTION_NOTICE = "resumption_notice"
    EXTENSION_NOTICE = "extension_notice"
    DECISION = "decision"
    RESULT_CERTIFICATE = "result_certificate"
    DELIVERY_RECEIPT = "delivery_receipt"
    CASE_COVER = "case_cover"
    COMMITMENT = "commitment"
    BREACH_NOTICE = "breach_notice"
    BREACH_DECISION = "breach_decision"
    BENEFIT_NOTICE = "benefit_notice"
    PAYMENT_STOPPED = "payment_stopped"
    PAYMENT_RESUMED = "payment_resumed"
    DEMAND_RECEIPT = "demand_receipt"
    JOINT_RECEIPT = "joint_receipt"
    SERVICE_GUIDE = "service_guide"
    WINDOW_GUIDE = "window_guide"

    @property
    def label(self) -> str:
        return _KINDS[self]

    @property
    def is_guide(self) -> bool:
        """Guides are printed from the catalogue as often as wanted; they have no number, no seal and no row."""
        return self in (PaperKind.SERVICE_GUIDE, PaperKind.WINDOW_GUIDE)

    @property
    def needs_power(self) -> bool:
        """Whether sealing it is an exercise of power over an item; a receipt and a cover are not."""
        return self not in (PaperKind.DEMAND_RECEIPT, PaperKind.JOINT_RECEIPT, PaperKind.CASE_COVER, PaperKind.COMMITMENT)


_KINDS = {
    PaperKind.ACCEPTANCE_NOTICE: noop("受理通知书"),
    PaperKind.CORRECTION_NOTICE: noop("补正材料一次性告知书"),
    PaperKind.NON_ACCEPTANCE: noop("不予受理决定书"),
    PaperKind.SUSPENSION_NOTICE: noop("中止（特别程序）告知书"),
    PaperKind.RESUMPTION_NOTICE: noop("恢复办理告知书"),
    PaperKind.EXTENSION_NOTICE: noop("延长办理期限告知书"),
    PaperKind.DECISION: noop("决定书"),
    PaperKind.RESULT_CERTIFICATE: noop("办理结果证明"),
    PaperKind.DELIVERY_RECEIPT: noop("送达回证"),
    PaperKind.CASE_COVER: noop("案卷封面及卷内目录"),
    PaperKind.COMMITMENT: noop("告知承诺书"),
    PaperKind.BREACH_NOTICE: noop("承诺核查情况告知书"),
    PaperKind.BREACH_DECISION: noop("承诺不实处理决定书"),
    PaperKind.BENEFIT_NOTICE: noop("待遇发放告知书"),
    PaperKind.PAYMENT_STOPPED: noop("待遇暂停发放决定书"),
    PaperKind.PAYMENT_RESUMED: noop("待遇恢复发放告知书"),
    PaperKind.DEMAND_RECEIPT: noop("诉求登记回执"),
    PaperKind.JOINT_RECEIPT: noop("一件事受理回执"),
    PaperKind.SERVICE_GUIDE: noop("办事指南"),
    PaperKind.WINDOW_GUIDE: noop("受办分离操作指南"),
}

# The word of each kind in a document number.
_NUMBER_WORDS = {
    PaperKind.ACCEPTANCE_NOTICE: "受",
    PaperKind.CORRECTION_NOTICE: "补",
    PaperKind.NON_ACCEPTANCE: "不受",
    PaperKind.SUSPENSION_NOTICE: "中",
    PaperKind.RESUMPTION_NOTICE: "恢",
    PaperKind.EXTENSION_NOTICE: "延",
    PaperKind.DECISION: "决",
    PaperKind.RESULT_CERTIFICATE: "证",
    PaperKind.DELIVERY_RECEIPT: "达",
    PaperKind.CASE_COVER: "卷",
    PaperKind.COMMITMENT: "诺",
    PaperKind.BREACH_NOTICE: "核告",
    PaperKind.BREACH_DECISION: "核决",
    PaperKind.BENEFIT_NOTICE: "惠",
    PaperKind.PAYMENT_STOPPED: "停发",
    PaperKind.PAYMENT_RESUMED: "续发",
    PaperKind.DEMAND_RECEIPT: "诉",
    PaperKind.JOINT_RECEIPT: "联",
}


def document_number(short_name: str, kind: PaperKind, year: int, sequence: int) -> str:
    """The number as it is printed, ``某县人社局受字〔2026〕12号``: body, kind, year in hexagonal brackets and a sequence
    without leading zeros (GB/T 9704-2012, 7.2.5)."""
    return f"{short_name}{_NUMBER_WORDS[kind]}字〔{year}〕{sequence}号"


class State(StrEnum):
    """What a document is worth. Only a sealed one stands."""

    COMPOSED = "composed"
    SEALED = "sealed"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"

    @property
    def label(self) -> str:
        return _STATES[self]

    @property
    def stands(self) -> bool:
        return self is State.SEALED


_STATES = {
    State.COMPOSED: noop("未用印"),
    State.SEALED: noop("有效"),
    State.SUPERSEDED: noop("已被替换"),
    State.REVOKED: noop("已作废"),
}

# A number that was given out is never reused, so a document that was not sealed can only be revoked, not deleted.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.COMPOSED: frozenset({State.SEALED, State.REVOKED}),
    State.SEALED: frozenset({State.SUPERSEDED, State.REVOKED}),
    State.SUPERSEDED: frozenset(),
    State.REVOKED: frozenset(),
}


def check_move(state: State, to: State) -> None:
    """Raise :class:`NotInThisState` unless a document may pass from one state to the other."""
    if to not in TRANSITIONS[state]:
        raise NotInThisState(state=Message(state.label), wanted=Message(to.label))


def mask_name(name: str) -> str:
    """A person's name for a stranger who holds the paper: enough to compare, not enough to learn (PI-12).

    The first character and the length stay, each part of a name with middle dots keeps its own first character.
    """
    return "·".join(part[:1] + "*" * (len(part) - 1) for part in name.split("·"))
