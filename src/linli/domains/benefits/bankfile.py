"""The files exchanged with a bank (``docs/payments.md``): what goes out, byte for byte the same however often, and the answer that comes.

UTF-8, comma-separated, a line feed after every line. Pure: rows in, bytes out, and back, some of them at a time.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from linli.kernel.text import Message, msg, noop

OUT, ANSWER = "LINLI-PAY-1", "LINLI-ANSWER-1"
LONGEST = 50  # problems told at once
LONG = 40  # of a reference that cannot be ours no more is kept


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


class AnswerState(StrEnum):
    """Being read and checked by a job; that was interrupted; being entered by a job; that was interrupted; with mistakes, so that nothing of
    it was taken in; taken in."""

    READING = "reading"
    FAILED = "failed"
    ENTERING = "entering"
    STALLED = "stalled"
    REFUSED = "refused"
    DONE = "done"

    @property
    def label(self) -> str:
        return _ANSWERS[self]


_ANSWERS = {
    AnswerState.READING: noop("正在核对"), AnswerState.FAILED: noop("核对中断"), AnswerState.ENTERING: noop("正在入账"),
    AnswerState.STALLED: noop("入账中断"), AnswerState.REFUSED: noop("没有入账"), AnswerState.DONE: noop("已入账"),
}  # fmt: skip


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
class Sums:
    """What the last line of an answer says of the others: their number, paid and returned sums."""

    line: int
    said: tuple[str, ...]

    def unlike(self, rows: int, paid_fen: int, returned_fen: int) -> Message | None:
        """What is wrong with it, if the lines come to this."""
        found = (str(rows), money(paid_fen), money(returned_fen))
        if self.said == found:
            return None
        return msg(
            "末行的笔数或金额与明细不符：明细是 %(rows)s 笔，付出 %(paid)s 元，退回 %(returned)s 元",
            rows=found[0], paid=found[1], returned=found[2],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line of an answer."""

    line: int
    what: Message


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_YUAN = re.compile(r"[0-9]{1,12}\.[0-9]{2}")
_HEAD = 200  # bytes that a first line is not longer than


def number_in(head: bytes) -> str | Problem:
    """The number of the batch that an answer is about, from the bytes it begins with."""
    try:
        first = _cells(next(csv.reader([head[:_HEAD].split(b"\n")[0].decode("utf-8-sig")], strict=True), []), 3)
    except (UnicodeDecodeError, csv.Error):
        return Problem(1, msg("不是 UTF-8 编码的逗号分隔文件；用表格软件打开保存过的，请上传银行给的原文件"))
    if len(first) != 3 or first[:2] != ["H", ANSWER]:
        return Problem(1, msg("首行要写明文件种类和批次号"))
    return first[2]


def read_answer(pieces: Iterable[bytes]) -> Iterator[Answered | Problem | Sums]:
    """Read an answer, however long: header with the batch's number, a line for each payment, a trailer with number, paid and returned sums.

    What the lines say together is for the caller to look at: whether a payment comes twice, and the sums.
    """
    rows = csv.reader(_text(pieces), strict=True)
    n, blank, last = 1, 0, (1, list[str]())  # the last line that says something may be the trailer; only empty ones may follow it
    try:
        next(rows, None)
        for n, row in enumerate(rows, 2):
            if not any(row):
                blank = blank or n
                continue
            if last[0] > 1:
                yield _read(*last)
            if blank:
                yield _read(blank, [])
            blank, last = 0, (n, row)
    except (UnicodeDecodeError, csv.Error):
        yield Problem(n + 1, msg("不是 UTF-8 编码的逗号分隔文件；用表格软件打开保存过的，请上传银行给的原文件"))
        return
    line, said = last[0], _cells(last[1], 4)
    if len(said) != 4 or said[0] != "T":
        yield Problem(line, msg("末行要写明笔数、付出金额和退回金额"))
    else:
        yield Sums(line, tuple(said[1:]))


def _text(pieces: Iterable[bytes]) -> Iterator[str]:
    """The lines of a text that comes in pieces."""
    decoder, rest = codecs.getincrementaldecoder("utf-8-sig")(), ""
    for piece in pieces:
        if b"\0" in piece:
            raise csv.Error
        *lines, rest = (rest + decoder.decode(piece)).split("\n")
        yield from (f"{line}\n" for line in lines)
    yield rest + decoder.decode(b"", final=True)


def _cells(row: list[str], most: int) -> list[str]:
    """A row without the empty cells at its end that a spreadsheet adds until every row is as wide as the widest."""
    while len(row) > most and not row[-1]:
        row = row[:-1]
    return row


def _read(n: int, row: list[str]) -> Answered | Problem:
    row = _cells(row, 6)
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
    return Answered(n, reference[:LONG], fen, result == "PAID", on, reason[:200])


def _fen(text: str) -> int | None:
    return int(text.replace(".", "")) if _YUAN.fullmatch(text) else None
