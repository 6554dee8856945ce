"""Two standards side by side: two versions of one item, or the same item in two places."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from linli.domains.catalog.checks import Element
from linli.domains.catalog.standard import FormField, Material, Required, Standard
from linli.domains.catalog.words import Limit, Link, Unit
from linli.kernel.text import Message, msg

_WORDS = re.compile(r"[A-Za-z0-9]+|\s+|.")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text and whether it stands on both sides."""

    text: str
    same: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an element on both sides; an empty side means that the line was added or removed."""

    before: tuple[Piece, ...]
    after: tuple[Piece, ...]

    @property
    def same(self) -> bool:
        return all(p.same for p in self.before + self.after) and bool(self.before) == bool(self.after)


@dataclass(frozen=True, slots=True)
class ElementDiff:
    element: Element
    rows: tuple[Row, ...]

    @property
    def same(self) -> bool:
        return all(row.same for row in self.rows)


@dataclass(frozen=True, slots=True)
class Gain:
    """A figure before and after; ``None`` where a side does not say."""

    before: int | None
    after: int | None

    @property
    def change(self) -> int | None:
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """All eight elements, and the four figures residents feel: links, working days, materials, trips."""

    elements: tuple[ElementDiff, ...]
    links: Gain
    days: Gain
    materials: Gain
    trips: Gain

    @property
    def changed(self) -> tuple[ElementDiff, ...]:
        return tuple(e for e in self.elements if not e.same)


def compare(before: Standard, after: Standard) -> Comparison:
    """Compare element by element; lines are paired by likeness, changed words are marked."""
    lines: dict[Element, Callable[[Standard], Sequence[str]]] = {
        Element.MAIN_NAME: lambda s: [s.main_name],
        Element.SUB_NAME: lambda s: [s.name],
        Element.LEGAL_BASIS: lambda s: [f"{b.law}{b.article}" for b in s.legal_basis],
        Element.MATERIALS: lambda s: [material_line(m) for m in s.materials],
        Element.APPLICANT_STEPS: lambda s: list(s.applicant_steps),
        Element.LINKS: lambda s: [link_line(link) for link in s.links],
        Element.TIMES: times_lines,
        Element.FORM: lambda s: [field_line(f) for f in s.form],
    }
    return Comparison(
        elements=tuple(ElementDiff(e, _pair(of(before), of(after))) for e, of in lines.items()),
        links=Gain(len(before.links), len(after.links)),
        days=Gain(working_days(before.times.promised), working_days(after.times.promised)),
        materials=Gain(len(asked_for(before)), len(asked_for(after))),
        trips=Gain(before.trips, after.trips),
    )


def same_content(one: Standard, other: Standard) -> bool:
    """Equal but for what a file does not carry: pinned papers, and where the content comes from."""
    unseen = {"papers": {}, "provenance": other.provenance}
    return one.model_copy(update=unseen) == other.model_copy(update={"papers": {}})


def asked_for(standard: Standard) -> list[Material]:
    """The materials an applicant may be asked to bring: not optional, and not to be had from another department."""
    return [m for m in standard.materials if m.required is not Required.NO and not m.from_departments]


def working_days(limit: Limit | None) -> int | None:
    """A limit in working days where it is counted so, else None: calendar days cannot be converted without a date."""
    return limit.number if limit and limit.unit is Unit.WORKDAY else None


def limit_said(limit: Limit | None) -> Message:
    """A limit in words; 0 working days is on the spot."""
    if limit is None:
        return msg("未规定")
    return msg("当场办结") if limit.number == 0 else msg("%(n)s %(unit)s", n=limit.number, unit=Message(limit.unit.label))


def limit_text(limit: Limit | None) -> str:
    """The same in Chinese, for papers and tables."""
    return str(limit_said(limit))


def material_line(m: Material) -> str:
    """One line of the material list, as the eight-element table prints it."""
    parts = [m.form.label + (f"{m.copies}份" if m.copies else ""), m.required.label + (f"：{m.condition}" if m.condition else "")]
    parts.append(m.source.label + (f"（{m.issued_by}）" if m.issued_by else ""))
    if m.replaced_by:
        parts.append(f"可由{m.replaced_by.label}替代{'，凭承诺先出结果' if m.provisional else ''}")
    if m.pending_days:
        parts.append(f"可容缺，{m.pending_days}个工作日内补交")
    return f"{m.name}（{'；'.join(parts)}）{'。' + m.note if m.note else ''}"


def link_line(link: Link) -> str:
    return f"{link.name}〔{link.duty.label}{'·系统自动' if link.automatic else ''}〕"


def field_line(f: FormField) -> str:
    listed = f"：{'/'.join(f.options)}" if f.options else f"，即材料 {f.material}" if f.material else ""
    return f"{f.label}（{f.type.label}{'，必填' if f.required else ''}）{listed}"


def times_lines(s: Standard) -> list[str]:
    """The limits of a standard, a line each."""
    lines = [f"承诺办结时限：{limit_text(s.times.promised)}", f"法定办结时限：{limit_text(s.times.statutory)}"]
    if s.times.extension:
        lines.append(f"可延长：{limit_text(s.times.extension)}（{s.times.extension.approver or '经批准'}）")
    if s.times.delivery:
        lines.append(f"送达时限：{limit_text(s.times.delivery)}")
    return lines + ([f"说明：{s.times.note}"] if s.times.note else [])


def _pair(before: Sequence[str], after: Sequence[str]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for op, b0, b1, a0, a1 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if op == "equal":
            rows += [Row((Piece(t, True),), (Piece(t, True),)) for t in before[b0:b1]]
            continue
        left, right = list(before[b0:b1]), list(after[a0:a1])
        while left and right:
            # The most alike first line decides whether this is one changed line or a removal followed by an addition.
            best = max(range(len(right)), key=lambda i: _alike(left[0], right[i]))
            if _alike(left[0], right[best]) < 0.5:
                rows.append(Row((Piece(left.pop(0), False),), ()))
                continue
            rows += [Row((), (Piece(t, False),)) for t in right[:best]]
            rows.append(_words(left.pop(0), right[best]))
            right = right[best + 1 :]
        rows += [Row((Piece(t, False),), ()) for t in left] + [Row((), (Piece(t, False),)) for t in right]
    return tuple(rows)


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _words(before: str, after: str) -> Row:
    left, right = _WORDS.findall(before), _WORDS.findall(after)
    b: list[Piece] = []
    a: list[Piece] = []
    for op, b0, b1, a0, a1 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if b1 > b0:
            b.append(Piece("".join(left[b0:b1]), op == "equal"))
        if a1 > a0:
            a.append(Piece("".join(right[a0:a1]), op == "equal"))
    return Row(tuple(b), tuple(a))
