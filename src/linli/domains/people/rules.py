"""Document types, what may stand in a profile, and for what purposes a full number may be shown."""

from __future__ import annotations

import re
from datetime import date
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

# What a profile may hold; anything else a form says stays with its case.
PERSON_PROFILE = ("education", "bank_name", "bank_account", "household_place", "work_start", "nation", "employer")
EMPLOYER_PROFILE = ("handler_name", "handler_phone", "bank_name", "bank_account", "industry", "total_staff", "address")
