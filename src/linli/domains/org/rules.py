"""Words of the room: what an organisation is, what may be done with an item, which duties do not go together."""

from __future__ import annotations

from enum import StrEnum

from linli.kernel.text import noop


class OrgKind(StrEnum):
    BUREAU = "bureau"
    DIVISION = "division"
    HALL = "hall"
    TOWN = "town"
    VILLAGE = "village"
    PARTNER = "partner"

    @property
    def label(self) -> str:
        return _KINDS[self]


_KINDS = {
    OrgKind.BUREAU: noop("人社局"),
    OrgKind.DIVISION: noop("科室或经办机构"),
    OrgKind.HALL: noop("政务服务大厅"),
    OrgKind.TOWN: noop("乡镇（街道）便民服务中心"),
    OrgKind.VILLAGE: noop("村（社区）便民服务站"),
    OrgKind.PARTNER: noop("协同部门"),
}


# Parts of a body act in its name.
PARTS = frozenset({OrgKind.DIVISION, OrgKind.HALL})


# What may change of an organisation as it stands. Its full name is on its seals and its place in the tree says in whose name it
# acts, so these do not.
DETAILS = ("short_name", "credit_code", "address", "phone", "opening_hours", "review_body", "court")


class Power(StrEnum):
    """What an organisation may do with an item (``docs/architecture.md``, The spine)."""

    RECEIVE = "receive"
    ACCEPT = "accept"
    REVIEW = "review"
    DECIDE = "decide"
    SEAL = "seal"
    ISSUE = "issue"

    @property
    def label(self) -> str:
        return _POWERS[self]


_POWERS = {
    Power.RECEIVE: noop("收件"),
    Power.ACCEPT: noop("受理"),
    Power.REVIEW: noop("审核"),
    Power.DECIDE: noop("决定"),
    Power.SEAL: noop("用印"),
    Power.ISSUE: noop("出件"),
}


class Duty(StrEnum):
    """The one thing a post is for; what must be kept apart is said between duties."""

    ACCEPTANCE = "acceptance"
    REVIEW = "review"
    DECISION = "decision"
    ISSUING = "issuing"
    SUPERVISION = "supervision"
    CATALOGUE = "catalogue"
    SYSTEM = "system"
    SECURITY = "security"
    AUDIT = "audit"
    LISTING = "listing"
    PAYMENT = "payment"
    PROPOSAL = "proposal"
    AGREEMENT = "agreement"
    CERTIFICATION = "certification"

    @property
    def label(self) -> str:
        return _DUTIES[self]


_DUTIES = {
    Duty.ACCEPTANCE: noop("受理"),
    Duty.REVIEW: noop("审核"),
    Duty.DECISION: noop("审批"),
    Duty.ISSUING: noop("出件"),
    Duty.SUPERVISION: noop("督查"),
    Duty.CATALOGUE: noop("事项标准"),
    Duty.SYSTEM: noop("系统管理"),
    Duty.SECURITY: noop("安全管理"),
    Duty.AUDIT: noop("审计"),
    Duty.LISTING: noop("待遇名单"),
    Duty.PAYMENT: noop("待遇发放"),
    Duty.PROPOSAL: noop("政策参数"),
    Duty.AGREEMENT: noop("政策复核"),
    Duty.CERTIFICATION: noop("资格认证"),
}
