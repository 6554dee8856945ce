"""Numbers that name people, bodies, places and cases (``docs/identifiers.md``).

What is refused is only what cannot be right: length, characters, check character, an impossible or future date. An
unknown area is a warning, because numbers were given under codes that have been abolished since. python-stdnum's
``validate`` functions refuse too much (section 1 and 2 there), so only its check-digit functions are used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from stdnum import luhn, numdb
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_37_36

from linli.kernel.actors import Channel
from linli.kernel.errors import LinliError
from linli.kernel.text import Message, msg, noop

# Written as numbers: an editor that "mends" full-width characters would make the table say nothing.
_HALF_WIDTH = {0xFEE0 + c: c for c in range(0x21, 0x7F)} | {0x3000: 0x20, 0xFFE5: 0xA5}
# Beside spaces: what a telephone's address book and some pages put around a copied number, and no eye sees.
_SEPARATORS = re.compile(r"[\s·.\-–—\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class IdNumberWrong(LinliError):
    """A citizen ID number that cannot be right."""

    code = "identifiers.id_number"
    template = noop("身份证号%(why)s。")
    remedy = noop("请对照证件逐位核对后重新输入。")


class CreditCodeWrong(LinliError):
    """A unified social credit code that cannot be right."""

    code = "identifiers.credit_code"
    template = noop("统一社会信用代码%(why)s。")
    remedy = noop("请对照营业执照或法人证书逐位核对后重新输入。")


class AreaCodeWrong(LinliError):
    code = "identifiers.area_code"
    template = noop("行政区划代码 %(code)s 不是 2、4、6、9 或 12 位数字。")
    remedy = noop("请使用民政部门公布的区划代码。")


class CaseNumberWrong(LinliError):
    code = "identifiers.case_number"
    template = noop("办件编号 %(number)s %(why)s。")
    remedy = noop("办件编号共 22 位，印在受理通知书右上角，请核对后重新输入。")


class PhoneWrong(LinliError):
    code = "identifiers.phone"
    template = noop("电话号码 %(number)s 不完整或含有其他字符。")
    remedy = noop("手机号为 11 位数字；固定电话请写区号，例如 0000-1234567。")


class BankCardWrong(LinliError):
    code = "identifiers.bank_card"
    template = noop("银行账号校验未通过。")
    remedy = noop("请对照银行卡逐位核对后重新输入。")


def _digits(text: str) -> bool:
    """Whether it is plain digits and nothing else: not those of another script, which Python takes for digits too."""
    return text.isascii() and text.isdigit()


def half_width(text: str) -> str:
    """The full-width digits, letters and signs of an input method as plain ones."""
    return text.translate(_HALF_WIDTH)


def compact(text: str) -> str:
    """Full-width characters made half-width, spaces, dots, hyphens and invisible marks dropped, upper case."""
    return _SEPARATORS.sub("", half_width(text)).upper()


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A checked citizen ID number (GB 11643-1999). ``warnings`` do not refuse it.

    Sex and birth place are not read out of it: the file's own fields prevail (``docs/identifiers.md``).
    """

    value: str
    birth_date: date
    warnings: tuple[Message, ...] = ()

    @property
    def area(self) -> str:
        return self.value[:6]


def check_id_number(text: str, *, today: date, field: str | None = None) -> IdNumber:
    """Check an 18-character citizen ID number; residence permits of 810000, 820000, 830000 pass too.

    Raises :class:`IdNumberWrong` on length, characters, check character, an impossible or future birth date.
    """
    value = compact(text)
    if len(value) != 18:
        raise IdNumberWrong(field=field, why=msg("应为 18 位，现为 %(n)s 位", n=len(value)))
    if not re.fullmatch(r"[0-9]{17}[0-9X]", value):
        raise IdNumberWrong(field=field, why=msg("前 17 位应全部是数字，末位是数字或 X"))
    expected = str(ric.calc_check_digit(value))
    if value[17] != expected:
        raise IdNumberWrong(field=field, why=msg("最后一位应为校验码 %(expected)s，请核对", expected=expected))
    try:
        birth = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        raise IdNumberWrong(field=field, why=msg("中的出生日期 %(text)s 不存在", text=value[6:14])) from None
    if birth > today or birth.year < today.year - 150:
        raise IdNumberWrong(field=field, why=msg("中的出生日期 %(text)s 不可能", text=birth.isoformat()))
    warnings = () if _known_area(value[:6]) else (msg("身份证号前 6 位 %(area)s 不在现行区划代码表内", area=value[:6]),)
    return IdNumber(value, birth, warnings)


def _known_area(area: str) -> bool:
    if area in {"810000", "820000", "830000"}:
        return True
    parts = numdb.get("cn/loc").info(area)
    return len(parts) == 2 and all(found for _, found in parts)


def id_number_with_check(first17: str) -> str:
    """Complete 17 digits with their check character; for generated populations."""
    return first17 + str(ric.calc_check_digit(first17 + "0"))


_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A checked unified social credit code; ``warnings`` do not refuse it."""

    value: str
    warnings: tuple[Message, ...] = ()


def check_credit_code(text: str, *, field: str | None = None) -> CreditCode:
    """Check a unified social credit code (GB 32100-2015): length, alphabet and check character.

    The authority digit may be a letter (N for rural collectives), which python-stdnum's validator refuses. A wrong
    inner check of the organisation code (GB 11714) is a warning. Raises :class:`CreditCodeWrong`.
    """
    value = compact(text)
    if len(value) != 18:
        raise CreditCodeWrong(field=field, why=msg("应为 18 位，现为 %(n)s 位", n=len(value)))
    stray = sorted(set(value) - set(_USCC_ALPHABET))
    if stray:
        raise CreditCodeWrong(field=field, why=msg("不含字符 %(stray)s（不使用 I、O、S、V、Z）", stray="、".join(stray)))
    expected = str(uscc.calc_check_digit(value[:17]))
    if value[17] != expected:
        raise CreditCodeWrong(field=field, why=msg("最后一位应为校验码 %(expected)s，请核对", expected=expected))
    inner = organisation_check(value[8:16])
    warnings = () if value[16] == inner else (msg("第 17 位与组织机构代码的校验码 %(inner)s 不符", inner=inner),)
    return CreditCode(value, warnings)


def organisation_check(first8: str) -> str:
    """The check character of a 9-character organisation code (GB 11714)."""
    total = sum(int(c, 36) * w for c, w in zip(first8, _ORG_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def credit_code_with_checks(first16: str) -> str:
    """Complete 16 characters with both check characters; for generated populations."""
    body = first16 + organisation_check(first16[8:16])
    return body + str(uscc.calc_check_digit(body))


def check_area_code(text: str, *, field: str | None = None) -> str:
    """Check an administrative division code and strip its padding: ``511012000000`` becomes ``511012``."""
    value = compact(text)
    if not _digits(value) or len(value) not in (2, 4, 6, 9, 12):
        raise AreaCodeWrong(field=field, code=text)
    for longer, shorter in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if len(value) == longer and not value[shorter:].strip("0"):
            value = value[:shorter]
    return value


def area_within(area: str, of: str) -> bool:
    """Whether a division lies in another (or is it); the empty code is the whole country."""
    return area.startswith(of)


def check_phone(text: str, *, field: str | None = None) -> str:
    """Check a mobile (11 digits) or landline number (area code and 7 or 8 digits), and drop what separates them."""
    value = re.sub(r"^\+?86(?=1[0-9]{10}$)", "", compact(text))
    if not re.fullmatch(r"1[0-9]{10}|0[0-9]{9,11}|[0-9]{5,8}", value):
        raise PhoneWrong(field=field, number=text)
    return value


def check_bank_card(text: str, *, field: str | None = None) -> str:
    """Check a bank account: cards of 16 to 19 digits by Luhn; other account numbers only for their characters."""
    value = compact(text)
    if (
        not _digits(value)
        or not 8 <= len(value) <= 32
        or (16 <= len(value) <= 19 and value[0] in "3456" and not luhn.is_valid(value))
    ):
        raise BankCardWrong(field=field)
    return value


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """``area6 + yyyymmdd + kind1 + sequence6 + check1``: 22 characters, no personal data, never reused."""

    area: str
    day: date
    channel: Channel
    sequence: int

    def __str__(self) -> str:
        body = f"{self.area}{self.day:%Y%m%d}{self.channel.digit}{self.sequence:06d}"
        return body + mod_37_36.calc_check_digit(body)


def parse_case_number(text: str) -> CaseNumber:
    """Read a case number and check it. Raises :class:`CaseNumberWrong`."""
    value = compact(text)
    if len(value) != 22 or not _digits(value[:21]):
        raise CaseNumberWrong(number=text, why=msg("应为 22 位，前 21 位是数字"))
    if not mod_37_36.is_valid(value):
        raise CaseNumberWrong(number=text, why=msg("末位校验不符"))
    try:
        day = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
        channel = list(Channel)[int(value[14]) - 1]
    except (ValueError, IndexError):
        raise CaseNumberWrong(number=text, why=msg("中的日期或渠道位不存在")) from None
    return CaseNumber(value[:6], day, channel, int(value[15:21]))


def mask_id(value: str) -> str:
    """First 6 and last 4 at most (``docs/security.md`` PI-12); short numbers show only their last 2."""
    if len(value) < 12:
        return "*" * max(len(value) - 2, 0) + value[-2:]
    return value[:6] + "*" * (len(value) - 10) + value[-4:]


def mask_phone(value: str) -> str:
    """The middle four digits hidden."""
    return value[:3] + "****" + value[-4:] if len(value) >= 11 else "*" * max(len(value) - 4, 0) + value[-4:]


def mask_account(value: str) -> str:
    """Only the last four digits of a bank account."""
    return "*" * max(len(value) - 4, 0) + value[-4:]


def mask_name(value: str) -> str:
    """The family name kept, the rest hidden; for public pages."""
    return value[:1] + "*" * (len(value) - 1)
