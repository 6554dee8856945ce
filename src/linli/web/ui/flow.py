"""A picture of a procedure: steps in layers, branches side by side, drawn as SVG on the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

_BOX_WIDTH, _BOX_HEIGHT = 168, 64
_GAP_ALONG, _GAP_ACROSS = 56, 28
_MARGIN = 12
_LINE = 20
_PHONE = 400
_CHARS = 11  # Chinese characters in a line of a box


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step. ``next`` names the steps that can follow; an arrow may carry a word (通过, 不符合).

    ``note`` is a short second line (who, how long). ``state`` colours a flow that is under way.
    """

    id: str
    label: str
    next: Sequence[str | tuple[str, str]] = ()
    note: str = ""
    kind: Literal["step", "start", "end", "choice"] = "step"
    state: Literal["", "done", "current"] = ""

    @property
    def arrows(self) -> list[tuple[str, str]]:
        return [(n, "") if isinstance(n, str) else n for n in self.next]


@dataclass(frozen=True, slots=True)
class Box:
    """A step where it is drawn."""

    step: FlowStep
    x: int
    y: int
    lines: list[tuple[int, str]]
    note_y: int

    width: int = _BOX_WIDTH
    height: int = _BOX_HEIGHT

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def radius(self) -> int:
        return self.height // 2 if self.step.kind in ("start", "end") else 4

    @property
    def corners(self) -> str:
        """The six corners of a choice."""
        x, y, w, h, cut = self.x, self.y, self.width, self.height, 18
        points = [(x + cut, y), (x + w - cut, y), (x + w, y + h // 2), (x + w - cut, y + h), (x + cut, y + h), (x, y + h // 2)]
        return " ".join(f"{a},{b}" for a, b in points)


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line from one box to another, with its head and its word."""

    path: str
    head: str
    word: str
    word_x: int
    word_y: int

    @property
    def word_width(self) -> int:
        return 12 * len(self.word) + 8

    @property
    def word_left(self) -> int:
        return -self.word_width // 2


@dataclass(frozen=True, slots=True)
class Flow:
    """The finished drawing; ``<c-flow :flow>`` prints it."""

    boxes: list[Box]
    arrows: list[Arrow]
    width: int
    height: int
    steps: list[FlowStep] = field(default_factory=list)

    @property
    def is_wide(self) -> bool:
        """Whether nobody could read it once it is shrunk to the width of a phone."""
        return self.width > _PHONE

    @property
    def ways(self) -> list[tuple[FlowStep, list[tuple[str, str]]]]:
        """Each step with the words and names of what can follow, for the list beside the picture."""
        names = {s.id: s.label for s in self.steps}
        return [(s, [(word, names[n]) for n, word in s.arrows if n in names]) for s in self.steps]


def draw(steps: Sequence[FlowStep], *, across: bool = False) -> Flow:
    """Lay out the steps from top to bottom, or from left to right (``across``). Arrows back are drawn round the outside."""
    by_id = {s.id: s for s in steps}
    layer = _layers(steps, by_id)
    rows: dict[int, list[FlowStep]] = {}
    for s in steps:
        rows.setdefault(layer[s.id], []).append(s)
    for row in rows.values():  # who leads back stands outermost, where its arrow leaves
        row.sort(key=lambda s: any(n in by_id and layer[n] <= layer[s.id] for n, _ in s.arrows))
    widest = max(len(row) for row in rows.values())
    along, side = (
        (_BOX_WIDTH + _GAP_ALONG, _BOX_HEIGHT + _GAP_ACROSS) if across else (_BOX_HEIGHT + _GAP_ALONG, _BOX_WIDTH + _GAP_ACROSS)
    )
    boxes: dict[str, Box] = {}
    for depth, row in rows.items():
        for place, s in enumerate(row):
            offset = int((place + (widest - len(row)) / 2) * side) + _MARGIN
            x, y = (depth * along + _MARGIN, offset) if across else (offset, depth * along + _MARGIN)
            boxes[s.id] = _box(s, x, y)
    back_lanes = sum(1 for s in steps for n, _ in s.arrows if n in by_id and layer[n] <= layer[s.id])
    outside = 28 + 16 * back_lanes if back_lanes else 0
    right = max(b.x + b.width for b in boxes.values())
    bottom = max(b.y + b.height for b in boxes.values())
    arrows, lane = [], 0
    for s in steps:
        for n, word in s.arrows:
            if n not in boxes:
                continue
            if layer[n] <= layer[s.id]:
                lane += 1
                arrows.append(_arrow_back(boxes[s.id], boxes[n], word, (bottom if across else right) + 12 + 16 * lane, across))
            else:
                arrows.append(_arrow(boxes[s.id], boxes[n], word, across))
    return Flow(
        list(boxes.values()),
        arrows,
        right + _MARGIN + (0 if across else outside),
        bottom + _MARGIN + (outside if across else 0),
        list(steps),
    )


def _layers(steps: Sequence[FlowStep], by_id: dict[str, FlowStep]) -> dict[str, int]:
    """The longest way from a beginning to each step, arrows that lead back to an earlier line of the list left out."""
    place = {s.id: n for n, s in enumerate(steps)}
    layer = {s.id: 0 for s in steps}
    for s in steps:
        for n, _ in s.arrows:
            if n in by_id and place[n] > place[s.id]:
                layer[n] = max(layer[n], layer[s.id] + 1)
    return layer


def _box(step: FlowStep, x: int, y: int) -> Box:
    lines = _wrapped(step.label)
    total = len(lines) + (1 if step.note else 0)
    first = y + _BOX_HEIGHT // 2 - (total - 1) * _LINE // 2 + 5
    return Box(step, x, y, [(first + n * _LINE, text) for n, text in enumerate(lines)], first + len(lines) * _LINE)


def _wrapped(text: str) -> list[str]:
    """At most two lines, the second cut off when it is too long; the whole label stands in the list below the picture."""
    limit = _CHARS * 2
    lines, width = [""], 0
    for char in text:
        size = 1 if ord(char) < 0x2E80 else 2
        if width + size > limit:
            if len(lines) == 2:
                lines[1] = lines[1][:-1] + "…"
                break
            lines.append("")
            width = 0
        lines[-1] += char
        width += size
    return lines


def _arrow(a: Box, b: Box, word: str, across: bool) -> Arrow:
    if across:
        x1, y1, x2, y2 = a.x + a.width, a.y + a.height // 2, b.x, b.y + b.height // 2
        turn = x2 - _GAP_ALONG // 2
        return Arrow(f"M{x1} {y1}H{turn}V{y2}H{x2 - 7}", f"M{x2} {y2}l-8 -4v8z", word, turn, y2 if y1 != y2 else y1)
    x1, y1, x2, y2 = a.middle, a.y + a.height, b.middle, b.y
    turn = y2 - _GAP_ALONG // 2
    return Arrow(f"M{x1} {y1}V{turn}H{x2}V{y2 - 7}", f"M{x2} {y2}l-4 -8h8z", word, x2 if x1 != x2 else x1, turn)


def _arrow_back(a: Box, b: Box, word: str, lane: int, across: bool) -> Arrow:
    if across:
        x1, y1, x2, y2 = a.middle, a.y + a.height, b.middle, b.y + b.height
        return Arrow(f"M{x1} {y1}V{lane}H{x2}V{y2 + 7}", f"M{x2} {y2}l-4 8h8z", word, (x1 + x2) // 2, lane)
    x1, y1, x2, y2 = a.x + a.width, a.y + a.height // 2, b.x + b.width, b.y + b.height // 2
    return Arrow(f"M{x1} {y1}H{lane}V{y2}H{x2 + 7}", f"M{x2} {y2}l8 -4v8z", word, lane, (y1 + y2) // 2)
