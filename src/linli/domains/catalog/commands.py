"""Changing the catalogue: drafts, publication, withdrawal, local versions, loading and importing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from pydantic import ValidationError

from linli.domains.accounts.queries import names
from linli.domains.catalog.bundles import BundleWrong, join
from linli.domains.catalog.checks import check
from linli.domains.catalog.compare import same_content, working_days
from linli.domains.catalog.errors import (
    DraftChanged,
    DraftIncomplete,
    EffectiveDateWrong,
    ItemTaken,
    ItemUnknown,
    NotALocalValue,
    OtherPlace,
    StandardWrong,
    TableWrong,
)
from linli.domains.catalog.inherit import overlay, overrides_of
from linli.domains.catalog.models import BundleVersion, ItemStandard, MainItem, Status, SubItem
from linli.domains.catalog.package import (
    bundle_words,
    everyday_words,
    read_bundles,
    read_package,
    read_partners,
    reference,
    wrong,
)
from linli.domains.catalog.permissions import looks_after
from linli.domains.catalog.queries import forget_cached, in_force, in_force_row
from linli.domains.catalog.standard import Standard
from linli.domains.catalog.tables import read_workbook, read_yaml
from linli.domains.catalog.timing import complete_times
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import Invalid, LinliError, NotFound
from linli.kernel.search import vector
from linli.kernel.text import msg

__all__ = [
    "BundleWrong", "DraftChanged", "DraftIncomplete", "EffectiveDateWrong", "ItemTaken", "ItemUnknown", "NotALocalValue", "OtherPlace",
    "Published", "StandardWrong", "TableWrong", "add_item", "discard_draft", "import_standards", "load_bundles", "load_package", "load_partners", "publish",
    "read_workbook", "read_yaml", "save_draft", "start_draft", "withdraw_item",
]  # fmt: skip


def _subject(standard_id: UUID) -> Subject:
    return Subject("standard", standard_id)


def _must_here(by: Actor, permission: str, region: str) -> None:
    """Raise unless the post carries the permission and the place is the actor's own or below it."""
    by.must(permission)
    if not looks_after(by, region):
        raise OtherPlace


@once
def add_item(
    *, code: str, name: str, main_code: str, kind: str, applicant_kinds: Sequence[str], region: str, by: Actor, now: datetime
) -> UUID:
    """Begin an item that no place has yet, under a main item, as a draft; returns the draft.

    Raises :class:`ItemTaken`, and :class:`StandardWrong` naming what cannot be read.
    """
    _must_here(by, "catalog.edit", region)
    main = MainItem.objects.filter(pk=main_code).first()
    if main is None:
        raise StandardWrong(field="main_code", where=msg("主项"), why=msg("没有这个主项"))
    standard = _validated(
        code,
        {
            "code": code, "name": name, "main_code": main.code, "main_name": main.name, "domain": main.domain,
            "domain_name": main.domain_name, "kind": kind, "applicant_kinds": list(applicant_kinds),
        },
    )  # fmt: skip
    _make_identities([standard])
    item = SubItem.objects.select_for_update().get(pk=code)
    if ItemStandard.objects.filter(item=item).exists():
        raise ItemTaken(field="code", code=code, name=item.name)
    # The code may be left from a draft that was discarded.
    item.name, item.main, item.search = standard.name, main, _search(standard)
    item.save()
    draft = _new_version(item, region, standard, by=by, now=now)
    draft.save(force_insert=True)
    record("catalog.draft_begun", subject=_subject(draft.pk), by=by, at=now, new=True, item=code, region=region)
    return draft.pk


def start_draft(*, item_code: str, region: str, by: Actor, now: datetime) -> UUID:
    """The draft of an item in a place; a new one begins from what is in force there. One draft at a time in a place."""
    _must_here(by, "catalog.edit", region)
    with transaction.atomic():
        item = SubItem.objects.select_for_update().filter(pk=item_code).first()
        if item is None:
            raise ItemUnknown(code=item_code)
        draft = ItemStandard.objects.filter(item=item, region=region, status=Status.DRAFT).first()
        if draft is None:
            # What is published for a later day is what the new version will follow.
            standing = in_force_row(item_code, region=region, on=date.max) or in_force_row(
                item_code, region=region, on=local_date(now)
            )
            if standing is None:
                raise ItemUnknown(code=item_code)
            base = standing if standing.region != region else standing.base
            draft = _new_version(item, region, Standard.model_validate(standing.doc), by=by, now=now, base=base)
            draft.save(force_insert=True)
            record("catalog.draft_begun", subject=_subject(draft.pk), by=by, at=now, new=True, item=item_code, region=region)
    return draft.pk


def _new_version(
    item: SubItem, region: str, doc: Standard, *, by: Actor, now: datetime, base: ItemStandard | None = None
) -> ItemStandard:
    """The next version of an item in a place, as a draft that is not stored yet."""
    last = ItemStandard.objects.filter(item=item, region=region).aggregate(n=Max("version"))["n"] or 0
    row = ItemStandard(item=item, region=region, version=last + 1, status=Status.DRAFT, base=base)
    _write(row, doc, by=by, now=now)
    return row


def _write(row: ItemStandard, doc: Standard, *, by: Actor, now: datetime) -> None:
    row.doc = doc.dump()
    row.overrides = overrides_of(Standard.model_validate(row.base.doc), doc) if row.base else None
    row.name, row.kind, row.domain = doc.name, doc.kind, doc.domain
    row.applicant_kinds, row.instant = list(doc.applicant_kinds), doc.times.instant
    row.promised_days, row.external = working_days(doc.times.promised), doc.handled_in == "external"
    row.findings = len(check(doc, reference("time-rules")))
    row.edited_by_id, row.edited_at = by.user_id, now


@once
def save_draft(*, draft_id: UUID, doc: Mapping[str, Any], revision: int, by: Actor, now: datetime) -> int:
    """Save a draft; returns its new revision.

    Raises :class:`StandardWrong` (a part cannot be read), :class:`NotALocalValue` (a local draft changes what it may not)
    and :class:`DraftChanged` (somebody saved it meanwhile).
    """
    draft = _lock_draft(draft_id)
    _must_here(by, "catalog.edit", draft.region)
    if draft.revision != revision:
        who = names([draft.edited_by_id]).get(draft.edited_by_id, "") if draft.edited_by_id else ""
        raise DraftChanged(who=who)
    standard = _validated(draft.item_id, doc)
    if draft.base:
        above = Standard.model_validate(draft.base.doc)
        overlay(above, overrides_of(above, standard))
    draft.revision += 1
    _write(draft, standard, by=by, now=now)
    draft.save()
    record("catalog.draft_saved", subject=_subject(draft_id), by=by, at=now, revision=draft.revision)
    return draft.revision


def _validated(code: str, doc: Mapping[str, Any]) -> Standard:
    try:
        standard = Standard.model_validate(doc)
    except ValidationError as error:
        raise wrong("", error) from error
    if standard.code != code:
        raise StandardWrong(field="code", where="code", why=msg("草稿的事项编码不能改"))
    return standard


@once
def discard_draft(*, draft_id: UUID, by: Actor, now: datetime) -> None:
    """Throw a draft away; what was published stays."""
    draft = _lock_draft(draft_id)
    _must_here(by, "catalog.edit", draft.region)
    record("catalog.draft_discarded", subject=_subject(draft_id), by=by, at=now, item=draft.item_id, doc=draft.doc)
    draft.delete()


@dataclass(frozen=True, slots=True)
class Published:
    """What publication did: the version, the local versions that followed, and those that need a person."""

    standard_id: UUID
    followed: tuple[str, ...] = ()
    to_settle: tuple[str, ...] = field(default=())


def publish(
    *, draft_id: UUID, valid_from: date, papers: Mapping[str, int], by: Actor, now: datetime, key: UUID | None = None
) -> Published:
    """Freeze a draft as the version that counts from a day on; cases begun before keep theirs.

    ``papers`` pins the template version of each kind of document. Local versions below are carried over to the new
    standard; where their local values no longer fit, a draft is left there and its region named. Drafts below stay, and
    rest on the new standard. Raises :class:`DraftIncomplete`, :class:`EffectiveDateWrong`, :class:`NotALocalValue`.
    """
    done = _publish(draft_id=draft_id, valid_from=valid_from, papers=dict(papers), by=by, now=now, key=key)  # type: ignore[call-arg]
    return Published(draft_id, tuple(done["followed"]), tuple(done["to_settle"]))


@once
def _publish(*, draft_id: UUID, valid_from: date, papers: dict[str, int], by: Actor, now: datetime) -> dict[str, list[str]]:
    draft = _lock_draft(draft_id)
    _must_here(by, "catalog.publish", draft.region)
    standard = complete_times(Standard.model_validate(draft.doc), reference("time-rules"))
    stopping = [f for f in check(standard, reference("time-rules")) if f.stops]
    if stopping:
        raise DraftIncomplete(count=len(stopping), findings=[str(f.says) for f in stopping])
    _check_date(draft, valid_from, now)
    if draft.base:
        above = Standard.model_validate(draft.base.doc)
        overlay(above, overrides_of(above, standard))
    _freeze(draft, standard.model_copy(update={"papers": papers}), valid_from, by=by, now=now)
    followed, to_settle = ([], []) if draft.base else _carry_over(draft, standard, valid_from, papers, by=by, now=now)
    transaction.on_commit(forget_cached)
    return {"followed": followed, "to_settle": to_settle}


def _check_date(draft: ItemStandard, valid_from: date, now: datetime) -> None:
    last = ItemStandard.objects.filter(item_id=draft.item_id, region=draft.region).aggregate(d=Max("valid_from"))["d"]
    if draft.base and draft.base.valid_from:  # a local version cannot count before the standard it rests on
        last = max(last or draft.base.valid_from, draft.base.valid_from)
    if valid_from < local_date(now) or (last and valid_from < last):
        raise EffectiveDateWrong(field="valid_from", day=valid_from, last=last or "—")


def _freeze(draft: ItemStandard, standard: Standard, valid_from: date, *, by: Actor, now: datetime) -> None:
    _write(draft, standard, by=by, now=now)
    draft.status, draft.valid_from, draft.published_by_id, draft.published_at = Status.PUBLISHED, valid_from, by.user_id, now
    draft.save()
    SubItem.objects.filter(pk=draft.item_id).update(name=standard.name, search=_search(standard))
    record(
        "catalog.published", subject=_subject(draft.pk), by=by, at=now, item=draft.item_id, region=draft.region,
        version=draft.version, valid_from=valid_from,
    )  # fmt: skip


def _carry_over(
    above: ItemStandard, standard: Standard, valid_from: date, papers: Mapping[str, int], *, by: Actor, now: datetime
) -> tuple[list[str], list[str]]:
    """Lay the local values of every place below over the new standard."""
    open_drafts = _rebase_drafts(above, standard, by=by, now=now)
    newest = (
        ItemStandard.objects.filter(item_id=above.item_id)
        .exclude(status=Status.DRAFT)
        .order_by("region", "-valid_from", "-version")
        .distinct("region")
        .select_related("base", "item")
    )
    followed, to_settle = [], []
    for local in newest:
        if local.base is None or local.status != Status.PUBLISHED or local.base.region != above.region:
            continue  # stands alone, was withdrawn there, or rests on another place
        try:
            doc = overlay(standard, local.overrides or {})
        except (NotALocalValue, ValidationError):
            if local.region not in open_drafts:
                _new_version(local.item, local.region, standard, by=by, now=now, base=above).save(force_insert=True)
            to_settle.append(local.region)
            continue
        version = _new_version(local.item, local.region, doc, by=by, now=now, base=above)
        start = max(valid_from, local.valid_from or valid_from)
        _freeze(version, doc.model_copy(update={"papers": dict(papers)}), start, by=by, now=now)
        followed.append(local.region)
    return followed, to_settle


def _rebase_drafts(above: ItemStandard, standard: Standard, *, by: Actor, now: datetime) -> set[str]:
    """Let the drafts below rest on the new standard. One whose values no longer fit keeps them, for its editor to settle."""
    below = ItemStandard.objects.select_for_update(of=("self",)).filter(
        item_id=above.item_id, status=Status.DRAFT, base__region=above.region
    )
    places = set()
    for draft in below:
        try:
            doc = overlay(standard, draft.overrides or {})
        except (NotALocalValue, ValidationError):
            doc = Standard.model_validate(draft.doc)
        draft.base, draft.revision = above, draft.revision + 1
        _write(draft, doc, by=by, now=now)
        draft.save()
        record("catalog.draft_rebased", subject=_subject(draft.pk), by=by, at=now, above=above.pk, revision=draft.revision)
        places.add(draft.region)
    return places


@once
def withdraw_item(*, item_code: str, region: str, valid_from: date, reason: str, by: Actor, now: datetime) -> UUID:
    """End an item in a place from a day on; open cases are finished under their version."""
    _must_here(by, "catalog.publish", region)
    item = SubItem.objects.select_for_update().filter(pk=item_code).first()
    standing = in_force_row(item_code, region=region, on=valid_from)
    if item is None or standing is None:
        raise ItemUnknown(code=item_code)
    row = _new_version(item, region, Standard.model_validate(standing.doc), by=by, now=now)
    _check_date(row, valid_from, now)
    row.status, row.valid_from, row.published_by_id, row.published_at = Status.WITHDRAWN, valid_from, by.user_id, now
    row.save()
    record(
        "catalog.withdrawn", subject=_subject(row.pk), by=by, at=now, new=True, item=item_code, region=region, valid_from=valid_from,
        reason=reason,
    )  # fmt: skip
    transaction.on_commit(forget_cached)
    return row.pk


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many items a load published anew, and how many were there already."""

    added: int
    unchanged: int


def load_package(*, region: str, valid_from: date, papers: Mapping[str, int], by: Actor, now: datetime) -> Loaded:
    """Publish the reference catalogue in a place; items that were published there before are left as they are.

    Raises :class:`StandardWrong` naming file, item and field.
    """
    return _publish_all(list(read_package()), region=region, valid_from=valid_from, papers=papers, by=by, now=now)


def load_partners(*, region: str, valid_from: date, papers: Mapping[str, int], by: Actor, now: datetime) -> Loaded:
    """Publish the items of other departments that are members of joint matters, as :func:`load_package` does the bureau's own."""
    return _publish_all(list(read_partners()), region=region, valid_from=valid_from, papers=papers, by=by, now=now)


def _publish_all(
    standards: list[Standard], *, region: str, valid_from: date, papers: Mapping[str, int], by: Actor, now: datetime
) -> Loaded:
    _must_here(by, "catalog.publish", region)
    with transaction.atomic():
        _make_identities(standards)
        codes = [s.code for s in standards]
        there = set(
            ItemStandard.objects.filter(region=region, item_id__in=codes)
            .exclude(status=Status.DRAFT)
            .values_list("item_id", flat=True)
        )
        items = SubItem.objects.in_bulk(codes)
        rows = []
        for standard in standards:
            if standard.code in there:
                continue
            row = ItemStandard(item=items[standard.code], region=region, version=1, status=Status.PUBLISHED)
            _write(row, standard.model_copy(update={"papers": dict(papers)}), by=by, now=now)
            row.valid_from, row.published_by_id, row.published_at = valid_from, by.user_id, now
            rows.append(row)
        ItemStandard.objects.bulk_create(rows)
        for row in rows:
            record(
                "catalog.published", subject=_subject(row.pk), by=by, at=now, new=True, item=row.item_id, region=region, version=1,
                valid_from=valid_from,
            )  # fmt: skip
    transaction.on_commit(forget_cached)
    return Loaded(len(rows), len(there))


def load_bundles(*, region: str, valid_from: date, by: Actor, now: datetime) -> Loaded:
    """Publish the joint matters of the reference catalogue in a place; one that changed since gets a new version.

    Each is put together whole first, so that none is published whose members wait for one another. Raises :class:`BundleWrong`.
    """
    _must_here(by, "catalog.publish", region)
    standards = {s.code: s for s in (*read_package(), *read_partners())}
    added = unchanged = 0
    with transaction.atomic():
        newest = {row.code: row for row in BundleVersion.objects.select_for_update().filter(region=region).order_by("version")}
        for sort, bundle in enumerate(read_bundles(), 1):
            join(bundle, standards, bundle_words())
            last = newest.get(bundle.code)
            if last is not None and last.doc == bundle.dump():
                unchanged += 1
                continue
            row = BundleVersion(
                code=bundle.code, region=region, version=last.version + 1 if last else 1, name=bundle.name,
                applicant_kinds=list(bundle.applicant_kinds), sort=sort, doc=bundle.dump(), valid_from=valid_from,
                published_by_id=by.user_id, published_at=now,
            )  # fmt: skip
            row.save(force_insert=True)
            record(
                "catalog.bundle_published", subject=Subject("bundle", row.pk), by=by, at=now, new=True, bundle=bundle.code,
                region=region, version=row.version, valid_from=valid_from,
            )  # fmt: skip
            added += 1
    return Loaded(added, unchanged)


def _make_identities(standards: list[Standard]) -> None:
    """Add the items that are not known yet, behind those that are."""
    mains: dict[str, MainItem] = {}
    subs = []
    last_main, last = (model.objects.aggregate(n=Max("sort"))["n"] or 0 for model in (MainItem, SubItem))
    for number, s in enumerate(standards, last + 1):
        mains.setdefault(s.main_code, MainItem(s.main_code, s.main_name, s.domain, s.domain_name, last_main + 1 + len(mains)))
        subs.append(SubItem(code=s.code, main_id=s.main_code, name=s.name, sort=number, search=_search(s)))
    MainItem.objects.bulk_create(mains.values(), ignore_conflicts=True)
    SubItem.objects.bulk_create(subs, ignore_conflicts=True)


def _search(standard: Standard) -> str:
    """Found by its own name, its main item's, and the everyday words that mean any of it."""
    text = f"{standard.name} {standard.main_name}"
    said = [say for say, means in everyday_words().items() if any(m in text for m in means)]
    return vector(standard.name, standard.main_name, *said)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, by item code."""

    drafts: tuple[str, ...]
    unchanged: tuple[str, ...]


def import_standards(*, standards: Iterable[Standard], region: str, by: Actor, now: datetime) -> Imported:
    """Take standards from a file as drafts, all or none; what is the same as in force is left alone.

    An item that the catalogue does not know yet is added. Raises :class:`StandardWrong` naming the item, or :class:`Invalid`
    with one for each item that cannot be taken.
    """
    _must_here(by, "catalog.edit", region)
    drafts: list[str] = []
    unchanged: list[str] = []
    errors: list[LinliError] = []
    with transaction.atomic():
        standards = list(standards)
        known = set(SubItem.objects.values_list("pk", flat=True))
        _make_identities([s for s in standards if s.code not in known])
        for standard in standards:
            try:
                changed = _import_one(standard, region, by=by, now=now)
            except (NotALocalValue, StandardWrong) as error:
                errors.append(StandardWrong(field="file", where=f"{standard.name}（{standard.code}）", why=error.message))
            else:
                (drafts if changed else unchanged).append(standard.code)
        if errors:
            raise errors[0] if len(errors) == 1 else Invalid(errors)
    return Imported(tuple(drafts), tuple(unchanged))


def _import_one(standard: Standard, region: str, *, by: Actor, now: datetime) -> bool:
    """Make or change the draft of one item; False when there is nothing to change."""
    item = SubItem.objects.select_for_update().get(pk=standard.code)
    standing = in_force(standard.code, region=region, on=local_date(now))
    if standing and same_content(standing.standard, standard):
        return False
    draft = ItemStandard.objects.filter(item=item, region=region, status=Status.DRAFT).first()
    if draft is None and standing is None:
        draft = _new_version(item, region, standard, by=by, now=now)
        draft.save(force_insert=True)
        record("catalog.draft_begun", subject=_subject(draft.pk), by=by, at=now, new=True, item=item.pk, region=region)
    elif draft is None:
        draft = ItemStandard.objects.get(pk=start_draft(item_code=item.pk, region=region, by=by, now=now))
    if not same_content(Standard.model_validate(draft.doc), standard):
        save_draft(draft_id=draft.pk, doc=standard.model_dump(mode="json"), revision=draft.revision, by=by, now=now)
    return True


def _lock_draft(draft_id: UUID) -> ItemStandard:
    draft = (
        ItemStandard.objects.select_for_update(of=("self",))
        .select_related("base", "item")
        .filter(pk=draft_id, status=Status.DRAFT)
        .first()
    )
    if draft is None:
        raise NotFound(what=msg("这份草稿（可能已发布或已放弃）"))
    return draft
