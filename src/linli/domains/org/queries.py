"""Reading organisations, posts, authority and the calendar."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When

from linli.domains.accounts.queries import User
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
from linli.domains.org.rules import DETAILS, Duty, OrgKind, Power
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import WorkingCalendar, YearNotice
from linli.kernel.crypto import sm3
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

__all__ = [
    "Absence", "absences_of", "actor_for", "answering_org", "authorities", "authorities_of", "Authority", "authority", "bureau_for", "calendar",
    "CalendarNotice", "Candidate", "candidates", "changes_of", "counter_of", "counters", "Duty", "employee_numbers", "forget_calendars",
    "forget_letterheads", "get_org", "Holding", "incompatible_duties", "is_one_of", "ItemAuthority", "Letterhead", "letterhead", "notices", "org_by_code",
    "org_names", "org_version", "Organisation", "OrgKind", "overseen_ids", "Post", "Posting", "postings", "postings_ever", "postings_of", "posts",
    "posts_held", "Power", "powers_of", "recusals_of", "Region", "region_names", "regions", "staff", "Staff",
    "staff_member", "subtree_ids", "tree",
]  # fmt: skip

_CALENDAR_SECONDS = 5.0
_calendars: dict[str, tuple[float, WorkingCalendar]] = {}


def _on(day: date) -> Q:
    return Q(valid_from__lte=day) & (Q(valid_to=None) | Q(valid_to__gt=day))


# -- calendar -----------------------------------------------------------------------------------------------------------


def calendar(region: str = "") -> WorkingCalendar:
    """The working-day calendar of a region: the country's notices and the additions of the divisions it lies in.

    Kept for some seconds in the process; jobs that depend on a new notice wait longer than that.
    """
    kept = _calendars.get(region)
    if kept and time.monotonic() - kept[0] < _CALENDAR_SECONDS:
        return kept[1]
    scopes = ["", *(region[:n] for n in (2, 4, 6, 9, 12) if n <= len(region))]
    rows = CalendarNotice.objects.filter(region__in=scopes).order_by("region", "year", "-loaded_at").distinct("region", "year")
    fresh = _build(list(rows))
    old = kept[1] if kept else None
    if old is not None and old.notices == fresh.notices and old.local == fresh.local:
        fresh = old  # keep its prepared table of days
    _calendars[region] = (time.monotonic(), fresh)
    return fresh


def _build(rows: list[CalendarNotice]) -> WorkingCalendar:
    national = [YearNotice(r.year, frozenset(r.closed), frozenset(r.worked), r.source) for r in rows if not r.region]
    return WorkingCalendar(national, local=(d for r in rows if r.region for d in r.closed))


def forget_calendars() -> None:
    """Read the notices again at the next use."""
    _calendars.clear()


def notices() -> QuerySet[CalendarNotice]:
    """All notices ever loaded, newest year first."""
    return CalendarNotice.objects.order_by("-year", "region", "-loaded_at")


def changes_of(notice: YearNotice, *, region: str = "") -> list[date]:
    """The days of its year that a notice would make working days or take from them, compared with what counts now."""
    now, then = calendar(region), _with(calendar(region), notice, region)
    year = (date(notice.year, 1, 1) + timedelta(days=n) for n in range(366))
    return [d for d in year if d.year == notice.year and now.is_working(d) != then.is_working(d)]


def _with(days: WorkingCalendar, notice: YearNotice, region: str) -> WorkingCalendar:
    if region:
        return WorkingCalendar(days.notices.values(), local=days.local | notice.closed)
    return WorkingCalendar((days.notices | {notice.year: notice}).values(), local=days.local)


# -- organisations and posts --------------------------------------------------------------------------------------------


def get_org(org_id: UUID) -> Organisation:
    org = Organisation.objects.select_related("region").filter(pk=org_id).first()
    if org is None:
        raise NotFound(what=msg("机构"))
    return org


def org_version(org: Organisation) -> str:
    """What an organisation says of itself as one short text; another one as soon as any of it changes."""
    return sm3(*(f"{getattr(org, name)}\n".encode() for name in DETAILS)).hex()[:32]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What an organisation's papers say of it; review body and court come from the nearest organisation that names them."""

    id: UUID
    body_id: UUID
    name: str
    short_name: str
    region: str
    region_name: str
    address: str
    phone: str
    opening_hours: str
    review_body: str
    court: str


_letterheads: dict[tuple[str, UUID], tuple[float, Letterhead]] = {}
_LETTERHEAD_SECONDS = 30.0


def letterhead(org_id: UUID) -> Letterhead:
    """The letterhead of an organisation, kept for half a minute in the process."""
    key = (connection.settings_dict["NAME"], org_id)
    kept = _letterheads.get(key)
    if kept and time.monotonic() - kept[0] < _LETTERHEAD_SECONDS:
        return kept[1]
    org = get_org(org_id)
    line = list(Organisation.objects.filter(pk__in=[p for p in org.path.split("/") if p]).order_by("-path"))
    found = Letterhead(
        org.pk, org.body_id, org.name, org.short_name, org.region_id, org.region.name, org.address,
        # Whom to ring: where a body has no number of its own, the one above it.
        next((o.phone for o in line if o.phone), ""), org.opening_hours,
        next((o.review_body for o in line if o.review_body), ""), next((o.court for o in line if o.court), ""),
    )  # fmt: skip
    _letterheads[key] = (time.monotonic(), found)
    return found


def forget_letterheads() -> None:
    """Read them again at the next use."""
    _letterheads.clear()


def tree() -> QuerySet[Organisation]:
    """All organisations, parents before children."""
    return Organisation.objects.select_related("region").order_by("path")


def subtree_ids(org_id: UUID) -> list[UUID]:
    """An organisation and all below it."""
    path = Organisation.objects.filter(pk=org_id).values_list("path", flat=True).first()
    return list(Organisation.objects.filter(path__startswith=path).values_list("pk", flat=True)) if path else []


def overseen_ids(by: Actor) -> list[UUID]:
    """The organisations a supervisor answers for: their own and all below it. Who stands in a hall answers for that hall, for the
    body it belongs to, and for that body's counters in towns and villages; not for its other halls nor for bureaus below it."""
    place = by.hall_id or by.org_id
    if place is None:
        return []
    here = Organisation.objects.get(pk=place)
    if here.kind != OrgKind.HALL or here.body_id == place:
        return subtree_ids(place)
    body = Organisation.objects.get(pk=here.body_id)
    below = list(Organisation.objects.filter(path__startswith=body.path).values_list("pk", "path", "kind"))
    lower = tuple(path for _, path, kind in below if kind == OrgKind.BUREAU and path != body.path)
    counters = [pk for pk, path, kind in below if kind in (OrgKind.TOWN, OrgKind.VILLAGE) and not path.startswith(lower)]
    return [body.pk, *(pk for pk, path, _ in below if path.startswith(here.path)), *counters]


def org_names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Short names by id, in one query."""
    wanted = {i for i in ids if i}
    return dict(Organisation.objects.filter(pk__in=wanted).values_list("pk", "short_name")) if wanted else {}


def regions() -> QuerySet[Region]:
    return Region.objects.order_by("code")


def region_names(codes: Iterable[str]) -> dict[str, str]:
    wanted = {c for c in codes if c}
    return dict(Region.objects.filter(pk__in=wanted).values_list("code", "name")) if wanted else {}


def postings_of(user_id: UUID, *, on: date) -> QuerySet[Posting]:
    """The posts somebody holds on a day."""
    return Posting.objects.filter(_on(on), user_id=user_id).select_related("post", "org", "hall").order_by("valid_from", "id")


def postings(*, by: Actor) -> QuerySet[Posting]:
    """All postings, for who manages them."""
    by.must("org.manage")
    return Posting.objects.select_related("user", "post", "org", "hall").order_by("org__path", "post_id", "user__name")


def staff(text: str = "", *, by: Actor) -> QuerySet[User]:
    """Everybody with an account, by part of the name, user name or that number."""
    by.must("org.manage")
    rows = User.objects.order_by("username")
    wanted = text.strip()
    if not wanted:
        return rows
    numbered = Staff.objects.filter(employee_number__icontains=wanted).values("pk")
    return rows.filter(Q(name__icontains=wanted) | Q(username__icontains=wanted) | Q(pk__in=numbered))


def staff_member(user_id: UUID, *, by: Actor) -> User:
    """One of them. Raises :class:`NotFound`."""
    found = staff(by=by).filter(pk=user_id).first()
    if found is None:
        raise NotFound(what=msg("该工作人员"))
    return found


def employee_numbers(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The numbers of members of staff, in one query; an account made on the command line has none."""
    return dict(Staff.objects.filter(pk__in=set(user_ids)).values_list("pk", "employee_number"))


def posts_held(user_ids: Iterable[UUID], *, on: date) -> dict[UUID, list[Posting]]:
    """The posts people hold on a day or will hold after it, in one query."""
    held: dict[UUID, list[Posting]] = {}
    still = Q(valid_to=None) | Q(valid_to__gt=on)
    for p in Posting.objects.filter(still, user_id__in=set(user_ids)).select_related("post", "org", "hall").order_by("valid_from"):
        held.setdefault(p.user_id, []).append(p)
    return held


def postings_ever(user_id: UUID, *, by: Actor) -> QuerySet[Posting]:
    """Every post somebody ever held, newest first."""
    return postings(by=by).filter(user_id=user_id).order_by("-valid_from")


def absences_of(user_id: UUID, *, by: Actor) -> QuerySet[Absence]:
    """When somebody was or will be off duty, newest first: one's own, or anybody's for who manages the staff."""
    if by.user_id != user_id:
        by.must("org.manage")
    return Absence.objects.filter(user_id=user_id).order_by("-first")


def incompatible_duties() -> list[tuple[Duty, Duty, str]]:
    """Which duties one person never holds at one time, and why."""
    rows = IncompatibleDuty.objects.order_by("one", "other").values_list("one", "other", "legal_basis")
    return [(Duty(one), Duty(other), basis) for one, other, basis in rows]


def actor_for(posting_id: UUID, *, user_id: UUID, on: date, device: str = "", channel: Channel = Channel.HALL) -> Actor | None:
    """The actor a posting makes of its user on a day; None if the posting is not theirs or not in force. One query."""
    posting = (
        Posting.objects.filter(_on(on), pk=posting_id, user_id=user_id)
        .select_related("user", "post", "org")
        .only("id", "user__name", "post__permissions", "org__region_id", "org__body_id", "org_id", "hall_id", "user_id", "post_id")
        .first()
    )
    if posting is None:
        return None
    return Actor(
        user_id=user_id, posting_id=posting.pk, org_id=posting.org_id, body_id=posting.org.body_id, hall_id=posting.hall_id,
        region=posting.org.region_id, device=device[:64], channel=channel, permissions=frozenset(posting.post.permissions), name=posting.user.name,
    )  # fmt: skip


# -- authority ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holding:
    """One power an organisation holds over an item, and where that organisation is."""

    org_id: UUID
    power: str
    org_region: str
    org_code: str


@dataclass(frozen=True, slots=True)
class ItemAuthority:
    """Who may do what with one item for cases of one region on one day."""

    region: str
    holdings: tuple[Holding, ...]

    def powers(self, *orgs: UUID | None) -> set[Power]:
        """What any of these organisations may do: one, and the body in whose name it acts."""
        return {Power(h.power) for h in self.holdings if h.org_id in orgs}

    def nearest(self, power: Power) -> UUID | None:
        """The organisation with a power whose own division lies nearest to the case: above it, else any."""
        held = [h for h in self.holdings if h.power == power]
        above = [h for h in held if self.region.startswith(h.org_region)] or held
        return min(above, key=lambda h: (-len(h.org_region), h.org_code)).org_id if above else None


_AUTHORITY = """
    SELECT a.org_id, a.power, o.region_id, o.code
      FROM org_authority a JOIN org_organisation o ON o.id = a.org_id
     WHERE a.item_code = %s AND a.region = ANY(%s) AND a.valid_from <= %s AND (a.valid_to IS NULL OR a.valid_to > %s)
"""


def authority(item_code: str, *, region: str, on: date) -> ItemAuthority:
    """All powers over an item for cases of a region on a day. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_AUTHORITY, [item_code, _prefixes(region), on, on])
        return ItemAuthority(region, tuple(Holding(*row) for row in cursor.fetchall()))


def powers_of(org_id: UUID, *, region: str, on: date) -> dict[str, set[Power]]:
    """All powers of an organisation by item code, for cases of a region on a day."""
    found: dict[str, set[Power]] = {}
    rows = Authority.objects.filter(_held_by(org_id), _on(on), region__in=_prefixes(region)).values_list("item_code", "power")
    for code, power in rows:
        found.setdefault(code, set()).add(Power(power))
    return found


def authorities(item_code: str, *, on: date, region: str | None = None) -> QuerySet[Authority]:
    """Who may do what with an item on a day, for cases of a region if one is named."""
    held = Authority.objects.filter(_on(on), item_code=item_code).select_related("org").order_by("org__path", "power")
    return held if region is None else held.filter(region__in=_prefixes(region))


def authorities_of(org_id: UUID, *, on: date) -> QuerySet[Authority]:
    """What an organisation may do on a day, in its own name."""
    return Authority.objects.filter(_on(on), org_id=org_id).order_by("item_code", "power", "pk")


def _held_by(org_id: UUID) -> Q:
    """Authority of the organisation itself or of the body in whose name it acts."""
    return Q(org_id=org_id) | Q(org_id__in=Organisation.objects.filter(pk=org_id).values("body_id"))


def _prefixes(region: str) -> list[str]:
    return ["", *(region[:n] for n in (2, 4, 6, 9, 12) if n <= len(region))]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whose post and organisation qualify them for a step; ``why_not`` says why the draw must leave them out."""

    user_id: UUID
    posting_id: UUID
    org_id: UUID
    why_not: str = ""


_CANDIDATES = """
    SELECT DISTINCT ON (p.user_id) p.user_id, p.id, p.org_id,
           CASE WHEN EXISTS (SELECT 1 FROM org_absence ab WHERE ab.user_id = p.user_id AND %(day)s BETWEEN ab.first AND ab.last)
                THEN 'absent'
                WHEN EXISTS (SELECT 1 FROM org_recusal r
                              WHERE r.user_id = p.user_id AND r.ended_at IS NULL AND r.party_id = ANY(%(parties)s))
                THEN 'recused'
                WHEN s.id_index = ANY(%(indexes)s) THEN 'own_case'
                ELSE '' END
      FROM org_posting p
      JOIN org_post ON org_post.code = p.post_id AND org_post.duty = %(duty)s
      JOIN accounts_user u ON u.id = p.user_id AND u.is_active
      JOIN org_organisation o ON o.id = p.org_id
      JOIN org_authority a ON a.org_id IN (o.id, o.body_id) AND a.item_code = %(item)s AND a.power = %(power)s
           AND a.region = ANY(%(regions)s) AND a.valid_from <= %(day)s AND (a.valid_to IS NULL OR a.valid_to > %(day)s)
      LEFT JOIN org_staff s ON s.user_id = p.user_id
     WHERE p.valid_from <= %(day)s AND (p.valid_to IS NULL OR p.valid_to > %(day)s)
       AND (p.domains = '{}' OR %(domain)s = ANY(p.domains))
     ORDER BY p.user_id, p.id
"""


def candidates(
    *, item_code: str, domain: str, duty: Duty, power: Power, region: str, parties: list[UUID], party_indexes: list[bytes], on: date
) -> list[Candidate]:
    """Everybody qualified for a step of an item in a region on a day, in order of user id, with who must be left out.

    Qualified: a post with that duty in an organisation with that power. Left out: absent, recused from one of the
    parties, or a party themselves (by blind index).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CANDIDATES,
            {
                "day": on, "parties": parties, "indexes": party_indexes, "duty": duty.value, "item": item_code,
                "power": power.value, "regions": _prefixes(region), "domain": domain,
            },
        )  # fmt: skip
        return [Candidate(*row) for row in cursor.fetchall()]


def recusals_of(user_id: UUID) -> QuerySet[Recusal]:
    return Recusal.objects.filter(user_id=user_id, ended_at=None).order_by("-declared_at")


def answering_org(org_id: UUID) -> UUID:
    """Who answers for a counter: the nearest body at or above it that is a bureau, else the organisation itself."""
    org = get_org(org_id)
    above = [UUID(p) for p in org.path.split("/") if p]
    found = Organisation.objects.filter(pk__in=above, kind=OrgKind.BUREAU).order_by("-path").values_list("pk", flat=True).first()
    return found or org_id


def org_by_code(code: str) -> Organisation:
    """An organisation by its code. Raises :class:`NotFound`."""
    found = Organisation.objects.filter(code=code).first()
    if found is None:
        raise NotFound(what=msg("代码为 %(code)s 的机构", code=code))
    return found


def posts() -> QuerySet[Post]:
    """All posts, as described sets of permissions."""
    return Post.objects.order_by("code")


def counter_of(org_id: UUID, *, on: date) -> UUID:
    """Where people go for what a body does: its hall, or itself where it has none."""
    hall = (
        Organisation.objects.filter(_on(on), body_id=org_id, kind=OrgKind.HALL)
        .order_by("code")
        .values_list("pk", flat=True)
        .first()
    )
    return hall or org_id


_RANK = (OrgKind.HALL, OrgKind.BUREAU, OrgKind.TOWN, OrgKind.VILLAGE)


def counters(*, region: str, on: date, item_code: str = "") -> QuerySet[Organisation]:
    """Where people of a place can go, nearest first: its own halls and stations, those in it, those of the divisions above it.

    A bureau without a hall is its own counter. With ``item_code`` only those that may take that item in for the place.
    """
    near = Q(region_id__in=_prefixes(region)) | Q(region__code__startswith=region)
    halls = Organisation.objects.filter(_on(on), kind=OrgKind.HALL, body_id=OuterRef("pk"))
    found = Organisation.objects.filter(_on(on), near).select_related("region")
    found = found.filter(Q(kind__in=[OrgKind.HALL, OrgKind.TOWN, OrgKind.VILLAGE]) | (Q(kind=OrgKind.BUREAU) & ~Exists(halls)))
    if item_code:
        covers = Q(region__in=_prefixes(region)) | Q(region__startswith=region)
        may = Authority.objects.filter(_on(on), covers, item_code=item_code, power__in=[Power.RECEIVE, Power.ACCEPT])
        found = found.filter(Q(pk__in=may.values("org_id")) | Q(kind=OrgKind.HALL, body_id__in=may.values("org_id")))
    rank = Case(*(When(kind=kind, then=Value(n)) for n, kind in enumerate(_RANK)), output_field=IntegerField())
    step = Case(
        When(region_id=region, then=Value(0)), When(region__code__startswith=region, then=Value(1)), default=Value(2),
        output_field=IntegerField(),
    )  # fmt: skip
    return found.annotate(step=step, rank=rank).order_by("step", "rank", F("region_id").desc(), "code")


def is_one_of(user_id: UUID, *indexes: bytes) -> bool:
    """Whether a member of staff is the person behind one of these blind indexes."""
    return Staff.objects.filter(pk=user_id, id_index__in=indexes).exists()


def bureau_for(region: str, *, on: date) -> UUID:
    """The bureau that answers for a place: the nearest one in whose division it lies. Raises :class:`NotFound` where there is none."""
    above = [region[:n] for n in (2, 4, 6, 9, 12) if n <= len(region)]
    found = Organisation.objects.filter(_on(on), kind=OrgKind.BUREAU)
    near = sorted(found.values_list("region_id", "path", "pk"), key=lambda row: (len(row[0]), row[1]))
    lying = [pk for code, _, pk in near if code in above]
    if lying:
        return lying[-1]
    if near:  # somebody from elsewhere: the bureau at the top
        return near[0][2]
    raise NotFound(what=msg("机构"))
