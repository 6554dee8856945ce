"""The files exchanged with a bank (``docs/payments.md``): what goes out, byte for byte the same however often, and the answer that comes.

UTF-8, comma-separated, a line feed after every line. Pure: rows in, bytes out, and back.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from linli.kernel.text import Message, msg

OUT, ANSWER = "LINLI-PAY-1", "LINLI-ANSWER-1"
LONGEST = 50  # problems told at once


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment: its reference, to whom, into which account, how much (fen)."""

    reference: str
    holder: str
    bank: str
    account: str
    fen: int


def money(fen: int) -> str:
    """Yuan with two decimals, nothing else."""
    return f"{fen // 100}.{fen % 100:02d}"


def pieces(
    *, number: str, day: date, fund: str, purpose: str, lines: int, fen: int, payments: Iterable[Payment]
) -> Iterator[bytes]:
    """A file, line by line: header, payments, trailer with their number, their sum and the SM3 digest of everything above it."""
    digest = hashlib.new("sm3")

    def told(*values: str) -> bytes:
        line = _line(*values)
        digest.update(line)
        return line

    yield told("H", OUT, number, day.isoformat(), fund, purpose, str(lines), money(fen))
    for n, p in enumerate(payments, 1):
        yield told("D", str(n), p.reference, p.holder, p.bank, p.account, money(p.fen))
    yield _line("T", str(lines), money(fen), digest.hexdigest())


def _line(*values: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([v.replace("\n", " ").replace("\r", " ") for v in values])
    return out.getvalue().encode()


# -- the answer ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """What the bank says of one payment; ``line`` is where in the file."""

    line: int
    reference: str
    fen: int
    paid: bool
    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line of an answer."""

    line: int
    what: Message


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was read; with problems nothing of it counts."""

    number: str
    rows: tuple[Answered, ...]
    problems: tuple[Problem, ...]


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_answer(content: bytes) -> Answer:
    """Read an answer: header with the batch's number, a line for each payment, a trailer with number, paid and returned sums."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return Answer("", (), (Problem(1, msg("不是 UTF-8 编码的逗号分隔文件")),))
    while rows and not any(rows[-1]):
        rows.pop()
    if len(rows) < 2 or len(rows[0]) != 3 or rows[0][:2] != ["H", ANSWER]:
        return Answer("", (), (Problem(1, msg("首行要写明文件种类和批次号")),))
    problems: list[Problem] = []
    found: list[Answered] = []
    seen: set[str] = set()
    for n, row in enumerate(rows[1:-1], 2):
        one = _read(n, row)
        if isinstance(one, Problem):
            problems.append(one)
        elif one.reference in seen:
            problems.append(Problem(n, msg("流水号 %(reference)s 在文件里出现了两次", reference=one.reference)))
        else:
            seen.add(one.reference)
            found.append(one)
    if not problems and (wrong := _trailer(rows[-1], found)):
        problems.append(Problem(len(rows), wrong))
    return Answer(rows[0][2], tuple(found), tuple(problems))


def _read(n: int, row: list[str]) -> Answered | Problem:
    if len(row) != 6 or row[0] != "D":
        return Problem(n, msg("每行要有 6 栏：D、流水号、金额、结果、日期、原因"))
    _, reference, amount, result, day, reason = (value.strip() for value in row)
    fen = _fen(amount)
    if fen is None:
        return Problem(n, msg("金额“%(amount)s”不是两位小数的元", amount=amount[:20]))
    if result not in ("PAID", "RETURNED"):
        return Problem(n, msg("结果“%(result)s”要写 PAID 或 RETURNED", result=result[:20]))
    if result == "RETURNED" and not reason:
        return Problem(n, msg("退回的要写明原因"))
    try:
        on = date.fromisoformat(day) if _DAY.fullmatch(day) else None
    except ValueError:
        on = None
    if on is None:
        return Problem(n, msg("日期“%(day)s”要写成 2026-03-01 的样子", day=day[:20]))
    return Answered(n, reference, fen, result == "PAID", on, reason[:200])


def _trailer(row: list[str], found: list[Answered]) -> Message | None:
    said = [str(len(found)), *(money(sum(a.fen for a in found if a.paid is paid)) for paid in (True, False))]
    if len(row) != 4 or row[0] != "T":
        return msg("末行要写明笔数、付出金额和退回金额")
    if row[1:] != said:
        return msg(
            "末行的笔数或金额与明细不符：明细是 %(rows)s 笔，付出 %(paid)s 元，退回 %(returned)s 元",
            rows=said[0],
            paid=said[1],
            returned=said[2],
        )
    return None


def _fen(text: str) -> int | None:
    if not re.fullmatch(r"\d{1,12}\.\d{2}", text):
        return None
    try:
        return int(Decimal(text).scaleb(2))
    except InvalidOperation:
        return None
