"""Changes to organisations, posts, authority and the calendar; each is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Any
from uuid import UUID, uuid5

import yaml
from django.db import IntegrityError, transaction
from django.db.models import Q

from linli.domains.accounts.commands import create_user
from linli.domains.accounts.queries import names
from linli.domains.org.errors import (
    AbsenceOver,
    AbsenceOverlaps,
    AlreadyGranted,
    DatesWrong,
    DutiesConflict,
    EmployeeNumberTaken,
    NoticeFileWrong,
    OrgChangedMeanwhile,
    OrgCodeTaken,
    ShortNameMissing,
)
from linli.domains.org.models import (
    Absence,
    Authority,
    CalendarNotice,
    IncompatibleDuty,
    Organisation,
    Post,
    Posting,
    Recusal,
    Region,
    Staff,
)
from linli.domains.org.notice import read_notice
from linli.domains.org.queries import forget_calendars, forget_letterheads, org_version
from linli.domains.org.rules import DETAILS, PARTS, OrgKind, Power
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import YearNotice, local_date, seed_notices
from linli.kernel.errors import NotFound
from linli.kernel.fields import blind
from linli.kernel.identifiers import check_credit_code, check_id_number
from linli.kernel.ids import uuid7
from linli.kernel.text import Message, msg

__all__ = [
    "AbsenceOver", "AbsenceOverlaps", "AlreadyGranted", "DatesWrong", "DutiesConflict", "EmployeeNumberTaken",
    "NoticeFileWrong", "OrgChangedMeanwhile", "OrgCodeTaken", "ShortNameMissing", "add_organisation", "add_region", "add_staff",
    "appoint", "cancel_absence", "declare_recusal", "edit_organisation", "end_posting", "enrol_staff", "grant", "grant_many",
    "install_reference_data", "load_notice", "parse_notice", "read_notice", "record_absence", "withdraw_authority",
]  # fmt: skip

# Chains of subjects that have no row of their own.
CALENDAR_CHAIN = UUID("0190f0a0-0000-7000-8000-000000000001")
_AUTHORITY_SPACE = UUID("0190f0a0-0000-7000-8000-000000000002")
ID_CONTEXT = "id_number"


def install_reference_data(*, now: datetime) -> None:
    """Load the posts, the incompatible duties and the first calendar from package data; safe to repeat."""
    raw = yaml.safe_load(resources.files("linli.domains.org").joinpath("data/posts.yaml").read_text("utf-8"))
    for post in raw["posts"]:
        Post.objects.update_or_create(code=post.pop("code"), defaults=post)
    for pair in raw["incompatible"]:
        IncompatibleDuty.objects.update_or_create(one=pair.pop("one"), other=pair.pop("other"), defaults=pair)
    if not CalendarNotice.objects.filter(region="").exists():
        CalendarNotice.objects.bulk_create(
            CalendarNotice(year=n.year, closed=sorted(n.closed), worked=sorted(n.worked), source=n.source, loaded_at=now)
            for n in seed_notices()
        )


@transaction.atomic
def add_region(*, code: str, name: str, valid_from: date, by: Actor, now: datetime) -> None:
    """Add a division; its parent is the longest shorter code already there. Safe to repeat."""
    by.must("org.manage")
    parents = [code[:n] for n in (9, 6, 4, 2) if n < len(code)]
    parent = Region.objects.filter(code__in=parents).order_by("-code").first()
    Region.objects.get_or_create(code=code, defaults={"name": name, "parent": parent, "valid_from": valid_from})


@transaction.atomic
def add_organisation(
    *, code: str, name: str, short_name: str, kind: OrgKind, region: str, parent_id: UUID | None = None, credit_code: str = "",
    address: str = "", phone: str = "", opening_hours: str = "", review_body: str = "", court: str = "", valid_from: date,
    by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Add an organisation below another."""
    by.must("org.manage")
    parent = _get(Organisation, parent_id, msg("上级机构")) if parent_id else None
    org = Organisation(
        code=code, name=name, short_name=short_name, kind=kind, region_id=region, parent=parent, credit_code=credit_code,
        address=address, phone=phone, opening_hours=opening_hours, review_body=review_body, court=court, valid_from=valid_from,
    )  # fmt: skip
    org.path = f"{parent.path if parent else '/'}{org.pk}/"
    org.body_id = parent.body_id if parent and kind in PARTS else org.pk
    try:
        with transaction.atomic():
            org.save(force_insert=True)
    except IntegrityError:
        raise OrgCodeTaken(field="code", code=code) from None
    record(
        "org.organisation_added", subject=Subject("org", org.pk), by=by, at=now, new=True, code=code, org_kind=kind, region=region
    )
    return org.pk


@once
def edit_organisation(
    *, org_id: UUID, seen: str, short_name: str, credit_code: str, address: str, phone: str, opening_hours: str, review_body: str,
    court: str, by: Actor, now: datetime,
) -> bool:  # fmt: skip
    """Change what an organisation's papers and pages say of it; False if nothing is different.

    ``seen`` is the :func:`org_version` that the change starts from. Raises :class:`OrgChangedMeanwhile` when it is another by
    now, :class:`ShortNameMissing`, and what :func:`check_credit_code` raises. Papers already made keep what they say.
    """
    by.must("org.manage")
    if not short_name.strip():
        raise ShortNameMissing(field="short_name")
    code = check_credit_code(credit_code, field="credit_code").value if credit_code.strip() else ""
    values = (short_name, code, address, phone, opening_hours, review_body, court)
    org = Organisation.objects.select_for_update().filter(pk=org_id).first()
    if org is None:
        raise NotFound(what=msg("机构"))
    wanted = {name: value.strip() for name, value in zip(DETAILS, values, strict=True)}
    after = {name: value for name, value in wanted.items() if value != getattr(org, name)}
    if not after:
        return False
    if seen != org_version(org):
        raise OrgChangedMeanwhile
    before = {name: getattr(org, name) for name in after}
    for name, value in after.items():
        setattr(org, name, value)
    org.save(update_fields=list(after))
    record("org.organisation_changed", subject=Subject("org", org_id), by=by, at=now, before=before, after=after)
    transaction.on_commit(forget_letterheads)
    return True


@transaction.atomic
def enrol_staff(*, user_id: UUID, employee_number: str, id_number: str = "", by: Actor, now: datetime) -> None:
    """Say that an account belongs to a member of staff. The ID number itself is not kept, only its blind index."""
    by.must("org.manage")
    if Staff.objects.filter(employee_number=employee_number).exclude(user_id=user_id).exists():
        raise EmployeeNumberTaken(field="employee_number", number=employee_number)
    index = blind(_number_of(id_number, now), context=ID_CONTEXT) if id_number else None
    Staff.objects.update_or_create(user_id=user_id, defaults={"employee_number": employee_number, "id_index": index})
    record("org.staff_enrolled", subject=Subject("user", user_id), by=by, at=now, employee_number=employee_number)


@transaction.atomic
def add_staff(
    *, username: str, name: str, password: str, employee_number: str, id_number: str = "", post: str, org_id: UUID,
    hall_id: UUID | None = None, valid_from: date, by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Make an account for a new member of staff and appoint them, all or nothing; the password must be changed at first use.

    Raises what :func:`create_user`, :func:`enrol_staff` and :func:`appoint` raise.
    """
    user_id = create_user(username=username, name=name, password=password, by=by, now=now)
    enrol_staff(user_id=user_id, employee_number=employee_number, id_number=id_number, by=by, now=now)
    appoint(user_id=user_id, post=post, org_id=org_id, hall_id=hall_id, valid_from=valid_from, by=by, now=now)
    return user_id


def _number_of(id_number: str, now: datetime) -> str:
    return check_id_number(id_number, today=local_date(now), field="id_number").value


def appoint(
    *, user_id: UUID, post: str, org_id: UUID, hall_id: UUID | None = None, domains: Iterable[str] = (), valid_from: date,
    valid_to: date | None = None, by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Give somebody a post. Raises :class:`DutiesConflict` when they hold an incompatible duty at any of that time.

    The database decides (trigger ``org_posting_duties``), so two administrators at once cannot get round it.
    """
    by.must("org.manage")
    if valid_to and valid_to <= valid_from:
        raise DatesWrong(field="valid_to")
    posting = Posting(
        user_id=user_id,
        post_id=post,
        org_id=org_id,
        hall_id=hall_id,
        domains=list(domains),
        valid_from=valid_from,
        valid_to=valid_to,
    )
    try:
        with transaction.atomic():
            posting.save(force_insert=True)
            record(
                "org.appointed", subject=Subject("user", user_id), by=by, at=now, posting=posting.pk, post=post, org=org_id,
                hall=hall_id, valid_from=valid_from, valid_to=valid_to,
            )  # fmt: skip
    except IntegrityError as error:
        if "org_posting_duties" in str(error):
            raise DutiesConflict(field="post", name=names([user_id]).get(user_id, "")) from None
        raise
    return posting.pk


@transaction.atomic
def end_posting(*, posting_id: UUID, last_day: date, by: Actor, now: datetime) -> None:
    """End a posting after a day; one that has not begun ends before it begins to count."""
    by.must("org.manage")
    posting = _get(Posting, posting_id, msg("任职"))
    end = last_day + timedelta(days=1)
    if end <= posting.valid_from:
        raise DatesWrong(field="last_day")
    posting.valid_to = end
    posting.save(update_fields=["valid_to"])
    record("org.posting_ended", subject=Subject("user", posting.user_id), by=by, at=now, posting=posting_id, last_day=last_day)


@once
def record_absence(*, user_id: UUID, first: date, last: date, reason: str, by: Actor, now: datetime) -> UUID:
    """Take somebody off duty for some days; the draw leaves them out. Everybody may do so for themselves.

    Raises :class:`DatesWrong`, and :class:`AbsenceOverlaps` when they are off duty on some of these days already.
    """
    if by.user_id != user_id:
        by.must("org.manage")
    if last < first:
        raise DatesWrong(field="last")
    other = Absence.objects.filter(user_id=user_id, first__lte=last, last__gte=first).order_by("first").first()
    if other:
        raise AbsenceOverlaps(field="first", first=other.first, last=other.last)
    absence = Absence.objects.create(user_id=user_id, first=first, last=last, reason=reason)
    record("org.absent", subject=Subject("user", user_id), by=by, at=now, absence=absence.pk, first=first, last=last, reason=reason)
    return absence.pk


@transaction.atomic
def cancel_absence(*, absence_id: UUID, by: Actor, now: datetime) -> None:
    """Put somebody back on duty from today on, or from the first day of an absence that has not begun.

    The days that are over stay, since the draws of those days left them out. Raises :class:`AbsenceOver`, and
    :class:`NotFound` for what is neither one's own nor one's to manage.
    """
    absence = Absence.objects.select_for_update().filter(pk=absence_id).first()
    if absence is None or not (by.user_id == absence.user_id or by.can("org.manage")):
        raise NotFound(what=msg("这段不在岗"))
    today = local_date(now)
    if absence.last < today:
        raise AbsenceOver
    record(
        "org.absence_cancelled", subject=Subject("user", absence.user_id), by=by, at=now, absence=absence_id,
        first=max(absence.first, today), last=absence.last,
    )  # fmt: skip
    if absence.first < today:
        absence.last = today - timedelta(days=1)
        absence.save(update_fields=["last"])
    else:
        absence.delete()


@transaction.atomic
def declare_recusal(*, user_id: UUID, party_id: UUID, reason: str, by: Actor, now: datetime) -> UUID:
    """Declare a connection with a person or employer (行政许可 and 工伤保险条例 20: who has an interest steps aside)."""
    if by.user_id != user_id:
        by.must("org.manage")
    recusal = Recusal.objects.create(user_id=user_id, party_id=party_id, reason=reason, declared_at=now)
    record("org.recused", subject=Subject("user", user_id), by=by, at=now, party=party_id)
    return recusal.pk


@transaction.atomic
def grant(
    *, org_id: UUID, item_code: str, powers: Iterable[Power], region: str, document: str, valid_from: date, by: Actor, now: datetime
) -> None:
    """Give an organisation powers over an item within a region, under a document."""
    by.must("org.authorise")
    try:
        with transaction.atomic():
            Authority.objects.bulk_create(
                Authority(org_id=org_id, item_code=item_code, power=p, region=region, document=document, valid_from=valid_from)
                for p in powers
            )
    except IntegrityError:
        raise AlreadyGranted(field="powers") from None
    record(
        "org.authority_granted", subject=_authority_subject(org_id), by=by, at=now, item=item_code, powers=list(powers),
        region=region, document=document, valid_from=valid_from,
    )  # fmt: skip


@transaction.atomic
def grant_many(
    *,
    org_id: UUID,
    item_codes: Mapping[str, Iterable[Power]],
    region: str,
    document: str,
    valid_from: date,
    by: Actor,
    now: datetime,
) -> int:
    """Give powers over many items under one document, as one act; what is already held is left alone. Returns the rows added."""
    by.must("org.authorise")
    rows = Authority.objects.bulk_create(
        (
            Authority(org_id=org_id, item_code=code, power=power, region=region, document=document, valid_from=valid_from)
            for code, powers in item_codes.items()
            for power in powers
        ),
        ignore_conflicts=True,
    )
    record(
        "org.authority_granted", subject=_authority_subject(org_id), by=by, at=now, items=len(item_codes), region=region,
        powers=sorted({p for powers in item_codes.values() for p in powers}), document=document, valid_from=valid_from,
    )  # fmt: skip
    return len(rows)


@transaction.atomic
def withdraw_authority(
    *, org_id: UUID, item_code: str, powers: Iterable[Power], last_day: date, document: str, by: Actor, now: datetime
) -> int:
    """End powers over an item after a day; the rows stay, since past acts were done under them."""
    by.must("org.authorise")
    live = Authority.objects.filter(org_id=org_id, item_code=item_code, power__in=list(powers)).filter(
        Q(valid_to=None) | Q(valid_to__gt=last_day)
    )
    ended = live.filter(valid_from__lte=last_day).update(valid_to=last_day + timedelta(days=1))
    record(
        "org.authority_withdrawn", subject=_authority_subject(org_id), by=by, at=now, item=item_code, powers=list(powers),
        last_day=last_day, document=document,
    )  # fmt: skip
    return ended


def _authority_subject(org_id: UUID) -> Subject:
    return Subject("authority", uuid5(_AUTHORITY_SPACE, str(org_id)))


def parse_notice(text: str) -> tuple[YearNotice, str]:
    """Read a notice file (YAML: year, region, source, closed spans, weekend days worked); returns it and its region.

    The spans may be written as in ``data/deadline-cases.yaml``. Raises :class:`NoticeFileWrong`, and
    :class:`~linli.kernel.calendar.NoticeWrong` when the notice contradicts itself.
    """
    try:
        raw: dict[str, Any] = yaml.safe_load(text)
        closed: set[date] = set()
        for span in raw["closed"]:
            first, last = _day(span["first"]), _day(span.get("last", span["first"]))
            if last < first:
                raise ValueError(f"{first} > {last}")
            closed |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
        worked = frozenset(_day(d) for d in raw.get("weekend_days_worked", []))
        year, region, source = int(raw["year"]), str(raw.get("region") or ""), str(raw["source"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoticeFileWrong(field="notice", why=error) from error
    return YearNotice(year, frozenset(closed), worked, source), region


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


@transaction.atomic
def load_notice(*, notice: YearNotice, region: str = "", by: Actor, now: datetime) -> UUID:
    """Load the notice of a year, or a regional addition; the newest one loaded counts and older ones are kept.

    Loading once more what counts already changes nothing.

    Recorded as ``org.calendar_loaded``, to which rooms with clocks subscribe.
    """
    by.must("calendar.manage")
    newest = CalendarNotice.objects.filter(year=notice.year, region=region).order_by("-loaded_at").first()
    if newest and YearNotice(notice.year, frozenset(newest.closed), frozenset(newest.worked), newest.source) == notice:
        return newest.pk
    row = CalendarNotice.objects.create(
        id=uuid7(), year=notice.year, region=region, closed=sorted(notice.closed), worked=sorted(notice.worked),
        source=notice.source, loaded_at=now,
    )  # fmt: skip
    record(
        "org.calendar_loaded", subject=Subject("calendar", CALENDAR_CHAIN), by=by, at=now, year=notice.year, region=region,
        source=notice.source, closed=sorted(notice.closed), worked=sorted(notice.worked),
    )  # fmt: skip
    transaction.on_commit(forget_calendars)
    return row.pk


def _get(model: Any, pk: UUID, what: Message) -> Any:
    found = model.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound(what=what)
    return found
