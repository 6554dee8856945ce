"""Which pages an application is filled in on, one question or a few fields a page, in what order, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from linli.domains.cases.queries import OwnMaterial, OwnSheet, asked_fields
from linli.domains.catalog.queries import FieldType, FormField
from linli.kernel.text import Message, msg

FEW = 3
_ALONE = (FieldType.TABLE, FieldType.LONG_TEXT)
KNOWN, LIST, REVIEW = "known", "materials", "review"


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``fields`` are asked on it; ``material`` is what it asks about or for."""

    slug: str
    kind: str  # known, fields, question, list, material, review
    title: Message
    fields: tuple[str, ...] = ()
    material: OwnMaterial | None = None
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


def plan_of(sheet: OwnSheet) -> Plan:
    """The pages of a draft, or of what a correction notice asks for."""
    pages = _correction(sheet) if sheet.correctable else _draft(sheet)
    return Plan((*pages, Page(REVIEW, "review", msg("核对并交回") if sheet.correctable else msg("核对并提交"))))


def _draft(sheet: OwnSheet) -> Iterator[Page]:
    fields = {f.name: f for f in sheet.standard.form}
    asked = [fields[name] for name in asked_fields(sheet.standard)]
    known = tuple(f.name for f in asked if f.name in sheet.known)
    if known:
        yield Page(KNOWN, "known", msg("请核对我们已经知道的"), known, done=True)
    groups = list(_groups([f for f in asked if f.name not in sheet.known]))
    for n, group in enumerate(groups, 1):
        title = Message(group[0].label) if len(group) == 1 else msg("请填写以下内容")
        done = all(sheet.form.get(f.name) not in (None, "", []) for f in group if f.required)
        yield Page(f"form-{n}", "fields", title, tuple(f.name for f in group), done=done)
    for m in sheet.materials:
        if m.is_question:
            yield Page(f"ask-{m.row.code}", "question", msg("是不是这种情况？"), material=m, done=m.row.applies is not None)
    listed = [m for m in sheet.materials if not m.is_question or m.row.applies is not False]
    if listed:
        yield Page(LIST, "list", msg("这件事要用到的材料"), done=True)
    for m in listed:
        if _handed_in(m):
            yield Page(f"give-{m.row.code}", "material", Message(m.row.name), material=m, done=not m.open)


def _handed_in(m: OwnMaterial) -> bool:
    """Whether the applicant hands it in: not what departments hold, nor the form that is being filled in."""
    return not m.wanted.from_departments and m.row.received != "filled"


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


def _correction(sheet: OwnSheet) -> Iterator[Page]:
    fields = tuple(code for code, _what in sheet.asked_fields)
    if fields:
        yield Page("form-1", "fields", msg("请改好这几项"), fields)
    given = sheet.correction.given_at if sheet.correction else None
    for m in sheet.materials:
        if m.asked:  # what was there when the notice was written is what the notice is about
            again = m.row.settled_at is not None and given is not None and m.row.settled_at > given
            yield Page(f"give-{m.row.code}", "material", Message(m.row.name), material=m, done=again and not m.open)
