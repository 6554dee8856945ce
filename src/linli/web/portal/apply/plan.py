"""Which pages an application is filled in on, one question or a few fields a page, in what order, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from linli.domains.cases.queries import asked_fields
from linli.domains.catalog.queries import FieldType, FormField
from linli.kernel.text import Message, msg
from linli.web.portal.apply.drafts import Draft, Line

FEW = 3
_ALONE = (FieldType.TABLE, FieldType.LONG_TEXT)
PARTS, OTHER, KNOWN, LIST, REVIEW = "parts", "other", "known", "materials", "review"


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``fields`` are asked on it; ``line`` is the material it asks about or for."""

    slug: str
    kind: str  # parts, other, known, fields, question, list, material, review
    title: Message
    fields: tuple[str, ...] = ()
    line: Line | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The pages of an application as its answers stand now."""

    pages: tuple[Page, ...]

    def find(self, slug: str) -> Page | None:
        return next((p for p in self.pages if p.slug == slug), None)

    def number(self, slug: str) -> int:
        """Which page it is, counted from one."""
        return next((n for n, p in enumerate(self.pages, 1) if p.slug == slug), len(self.pages))

    def before(self, slug: str) -> Page | None:
        at = self.number(slug) - 1
        return self.pages[at - 1] if at > 0 else None

    def after(self, slug: str) -> Page:
        return self.pages[min(self.number(slug), len(self.pages) - 1)]

    @property
    def first_open(self) -> Page:
        """Where to go on: the first page with something left to do, else the review."""
        return next((p for p in self.pages if not p.done and p.kind != "list"), self.pages[-1])


def plan_of(draft: Draft) -> Plan:
    """The pages of a draft, or of what a correction notice asks for."""
    pages = _correction(draft) if draft.correctable else _draft(draft)
    return Plan((*pages, Page(REVIEW, "review", msg("核对并交回") if draft.correctable else msg("核对并提交"))))


def _draft(draft: Draft) -> Iterator[Page]:
    if draft.choices:
        yield Page(PARTS, "parts", msg("哪些情况您有？"), done=all(c.wanted is not None for c in draft.choices))
    if draft.other_kind:
        title = msg("为哪个人办？") if draft.other_kind == "person" else msg("是哪家单位？")
        yield Page(OTHER, "other", title, done=draft.other_named)
    fields = {f.name: f for f in draft.standard.form}
    asked = [fields[name] for name in asked_fields(draft.standard)]
    known = tuple(f.name for f in asked if f.name in draft.known)
    if known:
        yield Page(KNOWN, "known", msg("请核对我们已经知道的"), known, done=True)
    groups = list(_groups([f for f in asked if f.name not in draft.known]))
    for n, group in enumerate(groups, 1):
        title = Message(group[0].label) if len(group) == 1 else msg("请填写以下内容")
        done = all(draft.form.get(f.name) not in (None, "", []) for f in group if f.required)
        yield Page(f"form-{n}", "fields", title, tuple(f.name for f in group), done=done)
    attached = {m.code for m in draft.standard.attachments}
    yield from (_give(line) for line in draft.lines if line.code in attached)
    for line in draft.lines:
        if line.is_question:
            yield Page(f"ask-{line.code}", "question", msg("是不是这种情况？"), line=line, done=line.applies is not None)
    listed = [line for line in draft.lines if line.code not in attached and (not line.is_question or line.applies is not False)]
    if listed:
        yield Page(LIST, "list", msg("这件事要用到的材料"), done=True)
    for line in listed:
        if line.given:
            yield _give(line)


def _give(line: Line) -> Page:
    return Page(f"give-{line.code}", "material", Message(line.name), line=line, done=not line.open)


def _groups(fields: list[FormField]) -> Iterator[list[FormField]]:
    """A few fields a page in the order of the form; a table or a long text stands alone."""
    group: list[FormField] = []
    for f in fields:
        if group and (len(group) == FEW or f.type in _ALONE):
            yield group
            group = []
        group.append(f)
        if f.type in _ALONE:
            yield group
            group = []
    if group:
        yield group


def _correction(draft: Draft) -> Iterator[Page]:
    fields = tuple(code for code, _what in draft.asked_fields)
    if fields:
        yield Page("form-1", "fields", msg("请改好这几项"), fields)
    for line in draft.lines:
        if line.asked:
            yield Page(f"give-{line.code}", "material", Message(line.name), line=line, done=line.answered)
