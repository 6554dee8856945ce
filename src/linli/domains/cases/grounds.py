"""Closed lists: on which grounds a clock may stop, a case may be not accepted, and how a result reaches its owner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from linli.kernel.text import noop


class PauseGround(StrEnum):
    """The only grounds for a suspension (行政许可法 art. 45; 工伤保险条例 art. 20; 政府信息公开条例 art. 33).

    Waiting for the applicant after acceptance is not one of them.
    """

    HEARING = "hearing"
    BIDDING = "bidding"
    AUCTION = "auction"
    INSPECTION = "inspection"
    TESTING = "testing"
    QUARANTINE = "quarantine"
    APPRAISAL = "appraisal"
    EXPERT_REVIEW = "expert_review"
    AWAITING_FINDING = "awaiting_finding"
    THIRD_PARTY = "third_party"

    @property
    def label(self) -> str:
        return _GROUNDS[self].label

    @property
    def basis(self) -> str:
        return _GROUNDS[self].basis


@dataclass(frozen=True, slots=True)
class _Ground:
    label: str
    basis: str


_PERMIT = "《中华人民共和国行政许可法》第四十五条"
_GROUNDS = {
    PauseGround.HEARING: _Ground(noop("听证"), _PERMIT),
    PauseGround.BIDDING: _Ground(noop("招标"), _PERMIT),
    PauseGround.AUCTION: _Ground(noop("拍卖"), _PERMIT),
    PauseGround.INSPECTION: _Ground(noop("检验（现场核查）"), _PERMIT),
    PauseGround.TESTING: _Ground(noop("检测（考试考核）"), _PERMIT),
    PauseGround.QUARANTINE: _Ground(noop("检疫"), _PERMIT),
    PauseGround.APPRAISAL: _Ground(noop("鉴定"), _PERMIT),
    PauseGround.EXPERT_REVIEW: _Ground(noop("专家评审"), _PERMIT),
    PauseGround.AWAITING_FINDING: _Ground(noop("等待司法机关或有关行政主管部门作出结论"), "《工伤保险条例》第二十条"),
    PauseGround.THIRD_PARTY: _Ground(noop("征求第三方或其他机关意见"), "《中华人民共和国政府信息公开条例》第三十三条"),
}


class RefusalGround(StrEnum):
    """On which grounds an application may be not accepted, always in writing (行政许可法 art. 32, 38)."""

    NOT_NEEDED = "not_needed"
    NOT_OURS = "not_ours"
    NOT_CORRECTED = "not_corrected"

    @property
    def label(self) -> str:
        return _REFUSALS[self].label

    @property
    def basis(self) -> str:
        return _REFUSALS[self].basis


_REFUSALS = {
    RefusalGround.NOT_NEEDED: _Ground(noop("依法不需要办理"), "《中华人民共和国行政许可法》第三十二条第一款第一项"),
    RefusalGround.NOT_OURS: _Ground(noop("依法不属于本机关职权范围"), "《中华人民共和国行政许可法》第三十二条第一款第二项"),
    RefusalGround.NOT_CORRECTED: _Ground(noop("逾期未补正全部材料"), "《中华人民共和国行政许可法》第三十二条第一款第五项"),
}


class DeliveryMethod(StrEnum):
    WINDOW = "window"
    POST = "post"
    ELECTRONIC = "electronic"

    @property
    def label(self) -> str:
        return {"window": noop("窗口领取"), "post": noop("邮寄送达"), "electronic": noop("电子送达")}[self.value]


class MaterialState(StrEnum):
    """What is known of a material (``web/ui/README.md``, ``<c-checklist>``)."""

    HAVE = "have"
    WILL_VERIFY = "will_verify"
    COMMITTABLE = "committable"
    PROVIDE = "provide"
    OWED = "owed"
    PENDING = "pending"
    NOT_APPLICABLE = "not_applicable"

    @property
    def label(self) -> str:
        return _MATERIALS[self]

    @property
    def settled(self) -> bool:
        """Whether the applicant has nothing more to do about it."""
        return self not in (MaterialState.PROVIDE, MaterialState.COMMITTABLE)


_MATERIALS = {
    MaterialState.HAVE: noop("已有"),
    MaterialState.WILL_VERIFY: noop("将由部门核验"),
    MaterialState.COMMITTABLE: noop("可承诺"),
    MaterialState.PROVIDE: noop("请提供"),
    MaterialState.OWED: noop("欠交（由我局补齐）"),
    MaterialState.PENDING: noop("容缺（承诺补交）"),
    MaterialState.NOT_APPLICABLE: noop("本次不涉及"),
}


class Received(StrEnum):
    """How a material came in."""

    SEEN = "seen"
    PAPER = "paper"
    UPLOADED = "uploaded"
    PHOTOGRAPHED = "photographed"
    COMMITTED = "committed"
    PROMISED = "promised"
    FILLED = "filled"
    VERIFIED = "verified"
    SHARED = "shared"

    @property
    def label(self) -> str:
        return _RECEIVED[self]


_RECEIVED = {
    Received.SEEN: noop("查验原件，不留存"),
    Received.PAPER: noop("收取纸质材料"),
    Received.UPLOADED: noop("上传电子材料"),
    Received.PHOTOGRAPHED: noop("窗口拍照"),
    Received.COMMITTED: noop("签署告知承诺书"),
    Received.PROMISED: noop("承诺容缺补交"),
    Received.FILLED: noop("网上填写的申请表"),
    Received.VERIFIED: noop("经部门核验"),
    Received.SHARED: noop("部门共享取得"),
}


class ExternalAct(StrEnum):
    """受理, 接收, 审核, 出件: what somebody did in the other system."""

    ACCEPT = "accept"
    TAKE_OVER = "take_over"
    REVIEW = "review"
    ISSUE = "issue"

    @property
    def label(self) -> str:
        return {"accept": noop("受理"), "take_over": noop("接收"), "review": noop("审核"), "issue": noop("出件")}[self.value]


RECEIPT_TRIES = 5  # wrong codes of receipt before only a signature will do
