"""Document types, what may stand in a profile, and for what purposes a full number may be shown."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from linli.kernel.errors import LinliError
from linli.kernel.identifiers import check_id_number, compact
from linli.kernel.text import noop


class Gender(StrEnum):
    """As the file says; never inferred from a number (``docs/identifiers.md``)."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        return {"male": noop("男"), "female": noop("女"), "unknown": noop("未填写")}[self.value]


class IdType(StrEnum):
    """Certificates a hall meets (``docs/identifiers.md``)."""

    CITIZEN = "citizen"
    HMT_RESIDENCE = "hmt-residence"
    FOREIGN_RESIDENCE = "foreign-residence"
    PASSPORT = "passport"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _ID_TYPES[self]


_ID_TYPES = {
    IdType.CITIZEN: noop("居民身份证"),
    IdType.HMT_RESIDENCE: noop("港澳台居民居住证"),
    IdType.FOREIGN_RESIDENCE: noop("外国人永久居留身份证"),
    IdType.PASSPORT: noop("护照"),
    IdType.OTHER: noop("其他证件"),
}


class DocumentNumberWrong(LinliError):
    code = "people.document_number"
    template = noop("%(kind)s号码应为 5 至 30 位字母或数字。")
    remedy = noop("请对照证件逐位核对后重新输入。")


def check_document(id_type: IdType, number: str, *, today: date, field: str | None = None) -> tuple[str, date | None]:
    """Check a document number by its type; returns it normalised, and the birth date where the number holds one.

    Raises :class:`~linli.kernel.identifiers.IdNumberWrong` or :class:`DocumentNumberWrong`.
    """
    value = compact(number)
    eighteen = len(value) == 18 and value[:17].isdigit()
    if id_type in (IdType.CITIZEN, IdType.HMT_RESIDENCE) or (id_type is IdType.FOREIGN_RESIDENCE and eighteen):
        checked = check_id_number(value, today=today, field=field)
        return checked.value, checked.birth_date
    if not re.fullmatch(r"[0-9A-Z]{5,30}", value):
        from linli.kernel.text import Message

        raise DocumentNumberWrong(field=field, kind=Message(id_type.label))
    return value, None


class Purpose(StrEnum):
    """For what a whole number may be shown; every showing is recorded with one of these (``docs/security.md`` PI-12)."""

    VERIFY_IDENTITY = "verify_identity"
    HANDLE_CASE = "handle_case"
    CONTACT = "contact"
    CORRECT_RECORD = "correct_record"
    LAWFUL_REQUEST = "lawful_request"

    @property
    def label(self) -> str:
        return _PURPOSES[self]


_PURPOSES = {
    Purpose.VERIFY_IDENTITY: noop("当面核对身份"),
    Purpose.HANDLE_CASE: noop("办理本案需要完整号码"),
    Purpose.CONTACT: noop("联系当事人"),
    Purpose.CORRECT_RECORD: noop("更正登记信息"),
    Purpose.LAWFUL_REQUEST: noop("司法、监察机关依法调取"),
}

# What is corrected where an objection to it is found right. By name and number others know somebody: those take a counter.
CORRECTABLE = (
    "gender", "birth_date", "phone", "address", "education", "bank_name", "bank_account", "household_place", "work_start", "nation", "employer",
)  # fmt: skip

# What a profile may hold; anything else a form says stays with its case.
PERSON_PROFILE = ("education", "bank_name", "bank_account", "household_place", "work_start", "nation", "employer")
EMPLOYER_PROFILE = ("handler_name", "handler_phone", "bank_name", "bank_account", "industry", "total_staff", "address")


class Scope(StrEnum):
    """What an agent may do for somebody. None contains another."""

    APPLY = "apply"
    READ = "read"
    COLLECT = "collect"

    @property
    def label(self) -> str:
        return {"apply": noop("提交、补正和撤回申请"), "read": noop("查看办理进度和结果"), "collect": noop("领取证照和结果")}[
            self.value
        ]


class Ground(StrEnum):
    """Why somebody may act for another. All but one rest on a paper that a clerk has seen."""

    ONLINE = "online"
    PARENT = "parent"
    GUARDIAN = "guardian"
    WRITTEN = "written"
    VILLAGE_AGENT = "village-agent"
    LAWYER = "lawyer"
    COMPANY_CLERK = "company-clerk"
    LEGAL_REPRESENTATIVE = "legal-rep"

    @property
    def label(self) -> str:
        return _GROUNDS[self]


_GROUNDS = {
    Ground.ONLINE: noop("本人网上授权"),
    Ground.PARENT: noop("未成年人的父母"),
    Ground.GUARDIAN: noop("其他法定监护人"),
    Ground.WRITTEN: noop("书面委托"),
    Ground.VILLAGE_AGENT: noop("村（社区）帮代办"),
    Ground.LAWYER: noop("律师代理"),
    Ground.COMPANY_CLERK: noop("单位经办人"),
    Ground.LEGAL_REPRESENTATIVE: noop("法定代表人（负责人）"),
}
# Whom a ground can be for: a person, an employer, or either.
FOR_PERSONS = frozenset(
    {Ground.ONLINE, Ground.PARENT, Ground.GUARDIAN, Ground.WRITTEN, Ground.VILLAGE_AGENT, Ground.LAWYER}
)  # fmt: skip
FOR_EMPLOYERS = frozenset({Ground.WRITTEN, Ground.LAWYER, Ground.COMPANY_CLERK, Ground.LEGAL_REPRESENTATIVE})
# Who stands for an employer in everything and not in one errand: they see who else may act for it. An employer has no eyes of its own.
STANDING = frozenset({Ground.COMPANY_CLERK, Ground.LEGAL_REPRESENTATIVE})
ADULT = 18


def ends_for_employer(*, own: Ground, other: Ground) -> bool:
    """Whether who stands for an employer on ``own`` ground takes back what somebody holds on another: clerks among themselves and
    those for one errand; the legal representative, who answers for the employer, everybody's."""
    return own is Ground.LEGAL_REPRESENTATIVE or (own in STANDING and other is not Ground.LEGAL_REPRESENTATIVE)


class MandateState(StrEnum):
    COMING = "coming"
    IN_FORCE = "in-force"
    ENDED = "ended"
    REVOKED = "revoked"

    @property
    def label(self) -> str:
        return {"coming": noop("未到生效日"), "in-force": noop("有效"), "ended": noop("已到期"), "revoked": noop("已撤销")}[
            self.value
        ]


def mandate_state(*, first_day: date, last_day: date, revoked: bool, on: date) -> MandateState:
    """Where a mandate stands on a day."""
    if revoked:
        return MandateState.REVOKED
    if on < first_day:
        return MandateState.COMING
    return MandateState.IN_FORCE if on <= last_day else MandateState.ENDED


def covers(*, scopes: Collection[str], items: Collection[str], scope: str, item: str | None) -> bool:
    """Whether a mandate in force gives this. One that names items gives nothing where no item is asked for: it never gives more."""
    return scope in scopes and (not items or item in items)


MANDATE_YEARS = 3  # nobody is bound by what they forgot (K)


def longest_mandate(first: date) -> date:
    """The last day that a mandate beginning today may have."""
    try:
        return first.replace(year=first.year + MANDATE_YEARS)
    except ValueError:
        return date(first.year + MANDATE_YEARS, 2, 28)


def comes_of_age(born: date) -> date:
    """The eighteenth birthday; for who was born on a leap day, the first of March where there is none."""
    try:
        return born.replace(year=born.year + ADULT)
    except ValueError:
        return date(born.year + ADULT, 3, 1)


class Assurance(StrEnum):
    """How sure it is that an account belongs to its person."""

    LOW = "low"  # only said so: may apply, sees nothing that was known before
    PHONE = "phone"  # name, number and telephone agree with what the bureau knew
    IDENTITY = "identity"  # shown at the counter or to an identity provider

    @property
    def label(self) -> str:
        return {"low": noop("未核实"), "phone": noop("手机号已核对"), "identity": noop("身份已核验")}[self.value]


class Binding(StrEnum):
    """How an account was bound to its person."""

    PHONE = "phone"
    OIDC = "oidc"
    COUNTER = "counter"

    @property
    def label(self) -> str:
        return {"phone": noop("手机验证码"), "oidc": noop("统一身份认证"), "counter": noop("窗口当面核验")}[self.value]


# -- codes -----------------------------------------------------------------------------------------------------------------

CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 5
CODE_PAUSE = timedelta(seconds=60)
# How many codes may be asked for within a time: by one telephone, and by one address, behind which a whole hall may stand. (K)
CODES_PER_PHONE = ((5, timedelta(hours=1)), (10, timedelta(days=1)))
CODES_PER_ADDRESS = ((60, timedelta(hours=1)),)
CODES_KEPT = timedelta(days=1)
PROOF_LIFE = timedelta(minutes=20)  # to read the notice and type a name and a number
START_CODE_LIFE = timedelta(days=3)
# Numbers of telephones are given to somebody else after a while: who was away longer shows again who they are. (K)
PHONE_TRUST = timedelta(days=180)


def code_wait(*, sent: Sequence[datetime], limits: Sequence[tuple[int, timedelta]], now: datetime) -> timedelta | None:
    """How long until one more may be sent, by the times of those before (newest first); None if it may."""
    waits = [sent[times - 1] + within - now for times, within in limits if len(sent) >= times]
    longest = max(waits, default=timedelta(0))
    return longest if longest > timedelta(0) else None


def code_is_open(*, sent_at: datetime, tries: int, used: bool, now: datetime) -> bool:
    """Whether a code may still be tried."""
    return not used and tries < CODE_TRIES and sent_at <= now <= sent_at + CODE_LIFE


def phone_is_trusted(*, seen_at: datetime | None, now: datetime) -> bool:
    """Whether the telephone alone still shows who it is."""
    return seen_at is not None and now - seen_at <= PHONE_TRUST


# -- rights ------------------------------------------------------------------------------------------------------------------


class ObjectionState(StrEnum):
    OPEN = "open"
    PASSED = "passed"
    CORRECTED = "corrected"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return _OBJECTIONS[self]

    @property
    def is_over(self) -> bool:
        return self not in (ObjectionState.OPEN, ObjectionState.PASSED)


_OBJECTIONS = {
    ObjectionState.OPEN: noop("核实中"),
    ObjectionState.PASSED: noop("已转来源部门核实"),
    ObjectionState.CORRECTED: noop("已更正"),
    ObjectionState.REFUSED: noop("不更正，已说明理由"),
    ObjectionState.WITHDRAWN: noop("您已撤回"),
}


class ConsentPurpose(StrEnum):
    """What may only be done with consent; the words stand in ``data/consents.yaml``."""

    KEEP_ACCOUNT = "keep-account"
    PAY_BENEFITS = "pay-benefits"


# Facts that a profile keeps only with consent once somebody was asked.
NEEDS_CONSENT: dict[ConsentPurpose, tuple[str, ...]] = {
    ConsentPurpose.KEEP_ACCOUNT: ("bank_name", "bank_account"),
    ConsentPurpose.PAY_BENEFITS: (),  # its account is kept by whoever pays
}
