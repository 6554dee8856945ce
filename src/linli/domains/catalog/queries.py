"""Reading the catalogue. Published standards never change, so they are kept in the process once read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from threading import Lock
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchRank
from django.db import connection
from django.db.models import Count, F, FloatField, Func, QuerySet, TextField
from django.db.models.functions import Cast
from pydantic import ValidationError

from linli.domains.catalog.bundles import (
    Bundle,
    Gains,
    How,
    Joined,
    JointForm,
    JointMaterial,
    Member,
    join,
    longest_chain,
    unlisted,
)
from linli.domains.catalog.checks import KINDS, Element, Finding, check
from linli.domains.catalog.compare import (
    Comparison,
    ElementDiff,
    Gain,
    Piece,
    Row,
    asked_for,
    compare,
    field_line,
    limit_said,
    limit_text,
    link_line,
    material_line,
    same_content,
    times_lines,
)
from linli.domains.catalog.errors import ItemUnknown
from linli.domains.catalog.inherit import LOCAL_RULES, PART_LABELS, Drift, LocalRule, drift
from linli.domains.catalog.models import BundleVersion, ItemStandard, MainItem, Status, SubItem
from linli.domains.catalog.package import (
    LifeEvent,
    application_papers,
    bundle_words,
    everyday_words,
    known_facts,
    life_events,
    partner_departments,
    read_bundles,
    read_package,
    read_partners,
    reference,
)
from linli.domains.catalog.permissions import looks_after, may_edit, may_publish
from linli.domains.catalog.plan import Plan, Stage, StageDuty, StageKind
from linli.domains.catalog.standard import (
    CHOICES,
    Basis,
    FieldType,
    FormField,
    Material,
    MaterialForm,
    Provenance,
    Replacement,
    Required,
    Source,
    Standard,
    Times,
)
from linli.domains.catalog.tables import write_workbook, write_yaml
from linli.domains.catalog.wording import problems
from linli.domains.catalog.words import ITEM_CODE, ItemKind, Limit, Link, LinkDuty, Unit
from linli.kernel.errors import NotFound
from linli.kernel.fields import TokenQuery
from linli.kernel.search import any_word_query, query
from linli.kernel.text import Message, msg

__all__ = [
    "application_papers", "asked_for", "Basis", "Bundle", "bundle_in_force", "BundleInForce", "bundles_in_force",
    "BundleVersion", "check_standard", "CHOICES", "compare", "Comparison", "devolution", "drafts", "Drift", "drift_counts",
    "drift_of", "DriftCounts", "drifting", "Element", "ElementDiff", "everyday_words", "examine", "Examined", "field_line",
    "FieldType", "Finding", "findings_of", "FormField", "Gain", "Gains", "get_bundle", "get_row", "get_standard", "How",
    "in_force", "in_force_row", "Incoming", "InForce", "ITEM_CODE", "ItemKind", "ItemStandard", "Joined", "joined_from",
    "joined_here", "JointForm", "JointMaterial", "KINDS", "known_facts", "life_events", "LifeEvent", "Limit", "limit_said", "limit_text", "Link",
    "link_line", "LinkDuty", "LOCAL_RULES", "LocalRule", "longest_chain", "looks_after", "MainItem", "mains", "Material",
    "material_line", "MaterialForm", "may_edit", "may_publish", "Member", "must_be_in_force", "names_of", "offered_in",
    "package_bundles", "package_standards", "PART_LABELS", "partner_departments", "partner_standards", "Piece", "Plan",
    "preview", "Provenance", "public_version", "public_versions", "published", "published_standards", "reference",
    "Replacement", "Required", "Row", "search", "Source", "Stage", "StageDuty", "StageKind", "Standard", "Status",
    "SubItem", "Times", "times_lines", "Unit", "unlisted_papers", "upcoming", "version_of", "versions", "withdrawn",
    "write_workbook", "write_yaml",
]  # fmt: skip

_KEPT = 2_000
_cache: OrderedDict[UUID, Standard] = OrderedDict()
_findings: dict[UUID, tuple[Finding, ...]] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True)
class InForce:
    """The standard that counts in a place on a day."""

    id: UUID
    region: str
    version: int
    valid_from: date
    standard: Standard


def get_standard(standard_id: UUID) -> Standard:
    """A published standard; no query once it has been read."""
    with _lock:
        kept = _cache.get(standard_id)
        if kept is not None:
            _cache.move_to_end(standard_id)
            return kept
    row = ItemStandard.objects.filter(pk=standard_id).exclude(status=Status.DRAFT).values_list("doc", flat=True).first()
    if row is None:
        raise NotFound(what=msg("事项标准"))
    return _keep(standard_id, row)


def _keep(standard_id: UUID, doc: dict[str, Any]) -> Standard:
    standard = Standard.model_validate(doc)
    with _lock:
        _cache[standard_id] = standard
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return standard


def forget_cached() -> None:
    """Published documents cannot change, so nothing needs to be forgotten but what a test made."""
    with _lock:
        _cache.clear()
        _findings.clear()


def _places(region: str) -> list[str]:
    return ["", *(region[:n] for n in (2, 4, 6, 9, 12) if n <= len(region))]


def _nearest(region: str, on: date) -> QuerySet[ItemStandard]:
    """For each item the version that counts: of the nearest place, the newest begun; withdrawals included."""
    return (
        ItemStandard.objects.exclude(status=Status.DRAFT)
        .filter(region__in=_places(region), valid_from__lte=on)
        .order_by("item_id", F("region").desc(), "-valid_from", "-version")
        .distinct("item_id")
    )


def in_force_row(item_code: str, *, region: str, on: date) -> ItemStandard | None:
    """The row that counts for an item in a place on a day; None where it is not offered."""
    row = _nearest(region, on).filter(item_id=item_code).select_related("base").first()
    return row if row and row.status == Status.PUBLISHED else None


# What :func:`_nearest` says of one item; every application that comes in asks this.
_IN_FORCE = """
    SELECT id, region, version, valid_from, status FROM catalog_itemstandard
     WHERE item_id = %s AND status <> 'draft' AND region = ANY(%s) AND valid_from <= %s
     ORDER BY region DESC, valid_from DESC, version DESC LIMIT 1
"""


def in_force(item_code: str, *, region: str, on: date) -> InForce | None:
    """The standard that counts for an item in a place on a day; None where it is not offered. One query once read."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, [item_code, _places(region), on])
        row = cursor.fetchone()
    if row is None or row[4] != Status.PUBLISHED:
        return None
    standard_id, place, version, valid_from, _ = row
    return InForce(standard_id, place, version, valid_from, get_standard(standard_id))


def must_be_in_force(item_code: str, *, region: str, on: date) -> InForce:
    """As :func:`in_force`. Raises :class:`ItemUnknown`."""
    found = in_force(item_code, region=region, on=on)
    if found is None:
        raise ItemUnknown(field="item_code", code=item_code)
    return found


def published(*, region: str, on: date) -> QuerySet[ItemStandard]:
    """All standards that count in a place on a day, for lists and filters; in the order of the catalogue."""
    ids = _nearest(region, on).values("pk")
    return (
        ItemStandard.objects.filter(pk__in=ids, status=Status.PUBLISHED)
        .select_related("item__main")
        .order_by("item__main__sort", "item__sort")
    )


def search(text: str, *, region: str, on: date, loose: bool = True) -> QuerySet[ItemStandard]:
    """Standards that count in a place and match what was typed: characters, words, pinyin initials or everyday words.

    If nothing holds all that was typed, what holds any of the words is given (``loose``). Nothing typed gives all.
    """
    all_ = published(region=region, on=on)
    if not text.strip():
        return all_
    strict = query(text, synonyms=_means(text))
    if strict:
        found = _matching(all_, strict)
        if found.exists() or not loose:
            return found
    wide = any_word_query(text) if loose else ""
    return _matching(all_, wide) if wide else all_.none()


def _means(text: str) -> dict[str, tuple[str, ...]]:
    """Synonyms for the runs in what was typed, an everyday word inside a longer run included."""
    words = everyday_words()
    return {run: means for run in text.split() for say, means in words.items() if say in run}


def _matching(standards: QuerySet[ItemStandard], wanted: str) -> QuerySet[ItemStandard]:
    literal = TokenQuery(wanted)
    ranked = standards.filter(item__search=literal).annotate(
        rank=Cast(SearchRank(F("item__search"), literal, cover_density=True), FloatField())  # exact, so that pages can be cut by it
    )
    return ranked.order_by("-rank", "item__main__sort", "item__sort")


def get_row(standard_id: UUID) -> ItemStandard:
    """One version with its item, whatever its status."""
    row = ItemStandard.objects.select_related("item__main", "base", "edited_by", "published_by").filter(pk=standard_id).first()
    if row is None:
        raise NotFound(what=msg("事项标准"))
    return row


def versions(item_code: str) -> QuerySet[ItemStandard]:
    """Every version of an item in every place, newest first."""
    return (
        ItemStandard.objects.filter(item_id=item_code)
        .select_related("edited_by", "published_by", "base")
        .order_by("region", "-version")
    )


def drafts() -> QuerySet[ItemStandard]:
    """Every open draft."""
    return ItemStandard.objects.filter(status=Status.DRAFT).select_related("item__main", "edited_by").order_by("-edited_at")


def check_standard(standard: Standard) -> list[Finding]:
    """What a standard lacks or breaks."""
    return check(standard, reference("time-rules"))


def drift_of(row: ItemStandard) -> list[Drift]:
    """In what a local version differs from the standard above it; empty for one that stands alone."""
    if row.base is None:
        return []
    return drift(Standard.model_validate(row.base.doc), Standard.model_validate(row.doc))


def drifting(*, on: date, region: str = "") -> QuerySet[ItemStandard]:
    """Every local version in force, in a place or below it, that differs from the level above."""
    newest = (
        ItemStandard.objects.exclude(status=Status.DRAFT)
        .filter(valid_from__lte=on)
        .order_by("item_id", "region", "-valid_from", "-version")
        .distinct("item_id", "region")
    )
    return (
        ItemStandard.objects.filter(
            pk__in=newest.values("pk"), status=Status.PUBLISHED, base__isnull=False, region__startswith=region
        )
        .exclude(overrides={})
        .select_related("base", "item__main")
        .order_by("region", "item__sort")
    )


@dataclass(frozen=True, slots=True)
class DriftCounts:
    """How many items differ from the level above, by place and by the part in which they differ."""

    places: dict[str, int]
    parts: dict[str, int]


def drift_counts(*, on: date, region: str = "") -> DriftCounts:
    """Two queries, however many items."""
    rows = drifting(on=on, region=region).order_by()
    places = rows.values_list("region").annotate(n=Count("pk")).order_by("-n", "region")
    part = Func(F("overrides"), function="jsonb_object_keys", output_field=TextField(), set_returning=True)
    parts = rows.annotate(part=part).values_list("part").annotate(n=Count("pk")).order_by("-n", "part")
    return DriftCounts(dict(places), dict(parts))


def upcoming(*, on: date, region: str = "") -> QuerySet[ItemStandard]:
    """Versions that are published, or end an item, but count only from a later day; the nearest day first."""
    return (
        ItemStandard.objects.exclude(status=Status.DRAFT)
        .filter(valid_from__gt=on, region__startswith=region)
        .select_related("item__main", "published_by")
        .order_by("valid_from", "pk")
    )


def withdrawn(*, on: date, region: str) -> QuerySet[ItemStandard]:
    """Items that are no longer offered in a place."""
    ids = _nearest(region, on).values("pk")
    return (
        ItemStandard.objects.filter(pk__in=ids, status=Status.WITHDRAWN)
        .select_related("item__main", "published_by")
        .order_by("-valid_from", "pk")
    )


def findings_of(ids: Iterable[UUID]) -> dict[UUID, tuple[Finding, ...]]:
    """What published standards lack or break, worked out once for each; at most one query, for those not read before."""
    wanted = list(ids)
    missing = [i for i in wanted if i not in _findings]
    if missing:
        rows = ItemStandard.objects.filter(pk__in=[i for i in missing if i not in _cache]).values_list("pk", "doc")
        fresh = {pk: _keep(pk, doc) for pk, doc in rows}
        for i in missing:
            standard = fresh.get(i) or _cache.get(i)
            if standard is not None:
                _findings[i] = tuple(check_standard(standard))
    return {i: _findings[i] for i in wanted if i in _findings}


@dataclass(frozen=True, slots=True)
class Examined:
    """What a draft would be told: where it cannot be read, and what it lacks or breaks. Either may be empty, or both."""

    problems: list[tuple[tuple[str, ...], Message]]
    findings: list[Finding]


def examine(draft: ItemStandard, doc: Mapping[str, Any]) -> Examined:
    """Look at what is being typed into a draft without saving it."""
    try:
        standard = Standard.model_validate(doc)
    except ValidationError as error:
        return Examined(problems(error), [])
    broken: list[tuple[tuple[str, ...], Message]] = []
    if draft.base:
        above = Standard.model_validate(draft.base.doc)
        broken = [
            ((d.part,), msg("“%(part)s”：%(why)s", part=Message(d.label), why=d.why))
            for d in drift(above, standard)
            if not d.allowed
        ]
    return Examined(broken, check_standard(standard))


@dataclass(frozen=True, slots=True)
class Incoming:
    """What taking one standard from a file would do: ``kind`` is added, changed or unchanged. ``problem`` says why it cannot
    be taken here; ``draft_by`` who has an open draft that it would change."""

    standard: Standard
    kind: str
    comparison: Comparison | None = None
    problem: Message | None = None
    has_draft: bool = False
    draft_by: str = ""


def preview(standards: Iterable[Standard], *, region: str, on: date) -> list[Incoming]:
    """What an import into a place would do, item by item, before anything is done. Two queries."""
    wanted = list(standards)
    codes = [s.code for s in wanted]
    standing = {row.item_id: row for row in published(region=region, on=on).filter(item_id__in=codes).select_related("base")}
    open_drafts = {row.item_id: row for row in drafts().filter(item_id__in=codes, region=region)}
    return [_incoming(s, standing.get(s.code), open_drafts.get(s.code), region) for s in wanted]


def _incoming(standard: Standard, row: ItemStandard | None, draft: ItemStandard | None, region: str) -> Incoming:
    if row is None:
        return Incoming(standard, "added")
    now = Standard.model_validate(row.doc)
    if same_content(now, standard):
        return Incoming(standard, "unchanged")
    above = now if row.region != region else Standard.model_validate(row.base.doc) if row.base else None
    refused = next((d for d in drift(above, standard) if not d.allowed), None) if above else None
    problem = msg("“%(part)s”：%(why)s", part=Message(refused.label), why=refused.why) if refused else None
    who = draft.edited_by.name if draft and draft.edited_by else ""
    return Incoming(standard, "changed", compare(now, standard), problem, draft is not None, who)


def names_of(codes: list[str]) -> dict[str, str]:
    """Item names by code, in one query."""
    return dict(SubItem.objects.filter(pk__in=set(codes)).values_list("code", "name"))


def mains() -> QuerySet[MainItem]:
    """The main items in order."""
    return MainItem.objects.order_by("sort")


def published_standards(*, region: str, on: date) -> Iterator[Standard]:
    """The documents of everything that counts in a place on a day, in the order of the catalogue."""
    for standard_id, doc in published(region=region, on=on).values_list("pk", "doc"):
        yield _cache.get(standard_id) or _keep(standard_id, doc)


def package_standards() -> Iterator[Standard]:
    """The reference catalogue that ships with the platform."""
    return read_package()


def version_of(item_code: str, *, region: str, version: int) -> Standard:
    """One version in one place. Raises :class:`NotFound`."""
    doc = ItemStandard.objects.filter(item_id=item_code, region=region, version=version).values_list("doc", flat=True).first()
    if doc is None:
        raise NotFound(what=msg("第 %(n)s 版", n=version))
    return Standard.model_validate(doc)


def devolution() -> dict[str, dict[str, str]]:
    """The default template of devolving items: item code to the grade of a town and of a village."""
    return {
        item["code"]: {"town": item["town_authority"], "village": item["village_authority"]}
        for category in reference("devolution")["categories"]
        for item in category["items"]
    }


def offered_in(*, on: date) -> list[str]:
    """The divisions that have standards of their own on a day; what lies below them inherits."""
    rows = ItemStandard.objects.filter(status=Status.PUBLISHED, valid_from__lte=on)
    return sorted(rows.order_by().values_list("region", flat=True).distinct())


def public_versions(item_code: str, *, region: str) -> QuerySet[ItemStandard]:
    """Every version of an item that was published for one place, those to come included, newest first."""
    rows = ItemStandard.objects.filter(item_id=item_code, region=region, status=Status.PUBLISHED)
    return rows.defer("doc", "overrides").order_by("-version")


def public_version(item_code: str, *, region: str, version: int) -> InForce:
    """One version that was published for a place, whether or not it still counts. Raises :class:`NotFound`."""
    row = public_versions(item_code, region=region).filter(version=version).values_list("pk", "valid_from").first()
    if row is None:
        raise NotFound(what=msg("第 %(n)s 版", n=version))
    assert row[1]
    return InForce(row[0], region, version, row[1], get_standard(row[0]))


# -- joint matters ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BundleInForce:
    """The joint matter that counts in a place on a day."""

    id: UUID
    region: str
    version: int
    bundle: Bundle


def bundles_in_force(*, region: str, on: date) -> list[BundleInForce]:
    """All joint matters that count in a place on a day, in their order. One query."""
    rows = (
        BundleVersion.objects.filter(region__in=_places(region), valid_from__lte=on)
        .order_by("code", F("region").desc(), "-valid_from", "-version")
        .distinct("code")
    )
    return [_bundle(row) for row in sorted(rows, key=lambda row: row.sort)]


def _bundle(row: BundleVersion) -> BundleInForce:
    return BundleInForce(row.pk, row.region, row.version, Bundle.model_validate(row.doc))


def bundle_in_force(code: str, *, region: str, on: date) -> BundleInForce:
    """One of :func:`bundles_in_force`. Raises :class:`NotFound`."""
    rows = BundleVersion.objects.filter(code=code, region__in=_places(region), valid_from__lte=on)
    row = rows.order_by(F("region").desc(), "-valid_from", "-version").first()
    if row is None:
        raise NotFound(what=msg("这个一件事"))
    return _bundle(row)


def get_bundle(bundle_id: UUID) -> Bundle:
    """A version of a joint matter; no query once it has been read, since it never changes."""
    return _bundle_doc(bundle_id)


@lru_cache(maxsize=200)
def _bundle_doc(bundle_id: UUID) -> Bundle:
    return Bundle.model_validate(BundleVersion.objects.values_list("doc", flat=True).get(pk=bundle_id))


def joined_from(bundle: Bundle, standards: Mapping[str, Standard], *, chosen: Iterable[str] | None = None) -> Joined:
    """A joint matter put together from given versions of its members' standards."""
    return join(bundle, standards, bundle_words(), chosen=None if chosen is None else set(chosen))


def joined_here(found: BundleInForce, *, region: str, on: date, chosen: Iterable[str] | None = None) -> Joined:
    """A joint matter put together from the standards that count in a place; members not offered there are left out. Two queries."""
    codes = [m.code for m in found.bundle.members]
    ids = _nearest(region, on).filter(item_id__in=codes).values("pk")
    rows = ItemStandard.objects.filter(pk__in=ids, status=Status.PUBLISHED)
    ids_here = dict(rows.values_list("item_id", "pk"))
    with _lock:
        missing = [pk for pk in ids_here.values() if pk not in _cache]
    if missing:
        for pk, doc in ItemStandard.objects.filter(pk__in=missing).values_list("pk", "doc"):
            _keep(pk, doc)
    return joined_from(found.bundle, {code: get_standard(pk) for code, pk in ids_here.items()}, chosen=chosen)


def package_bundles() -> Iterator[Bundle]:
    """The joint matters that ship with the platform."""
    return read_bundles()


def partner_standards() -> Iterator[Standard]:
    """The items of other departments that ship with the platform as members of joint matters."""
    return read_partners()


def unlisted_papers(joined: Joined) -> list[str]:
    """Papers that the public list of a joint matter names although none of its members needs them."""
    return list(unlisted(joined.bundle, joined, bundle_words()))
