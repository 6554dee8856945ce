"""The figures that everything reckons with: those that ship, and over them what officers published, by date and place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from uuid import UUID

from linli.domains.benefits.definitions import last_days
from linli.domains.benefits.exact import read
from linli.domains.benefits.models import FigureChange
from linli.domains.benefits.parameters import Figure, Parameter, laid_over, shipped_parameters

OFFICERS = "V"  # how sure a figure is that two officers read in the published text


def book_in_force() -> Mapping[str, Parameter]:
    """The figures that scans, pages, calculators and grants reckon with.

    One small query tells which publication was the last, in whatever process; what was published never changes, so the book that ends
    with it can be kept.
    """
    published = FigureChange.objects.filter(published_no__isnull=False).order_by("-published_no")
    last = published.values_list("pk", "published_no").first()
    return _shipped() if last is None else _book(*last)


@cache
def _shipped() -> Mapping[str, Parameter]:
    return {**shipped_parameters(), **last_days()}


@lru_cache(maxsize=8)
def _book(last: UUID, number: int) -> Mapping[str, Parameter]:
    """The book that ends with a publication; ``last`` is its id, which no other one ever has."""
    shipped = _shipped()
    rows = FigureChange.objects.filter(published_no__lte=number).order_by("published_no")
    return laid_over(shipped, ((row.name, figure_of(row)) for row in rows if row.name in shipped))


def book_with(change: FigureChange, book: Mapping[str, Parameter] | None = None) -> Mapping[str, Parameter]:
    """A book (that in force) as it would be if a change were published now."""
    return laid_over(book_in_force() if book is None else book, [(change.name, figure_of(change))])


def last_publication(name: str) -> int:
    """The number of the last publication of a figure, 0 when officers never published one."""
    found = FigureChange.objects.filter(name=name, published_no__isnull=False).order_by("-published_no")
    return found.values_list("published_no", flat=True).first() or 0


def figure_of(change: FigureChange) -> Figure:
    """A change as a figure of the book."""
    named = [change.source_number] if change.source_number else []
    source = f"{change.source_title}（{'，'.join([*named, change.source_date.isoformat()])}）"
    return Figure(read(change.value), change.since, change.until, change.region, source, OFFICERS)
