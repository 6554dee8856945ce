"""Certification, to be asked: who stands how, who is due when and where, one person with everything, and whom a cadre is to visit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Left, TruncMonth

from linli.domains.accounts.queries import names as names_of_users
from linli.domains.benefits.certifying import (
    Benefit,
    Finding,
    LifeStanding,
    ReachOutcome,
    ReachWay,
    Rung,
    Settled,
    Sign,
    Signal,
    SignKind,
    Terms,
    book,
    may_stop_from,
    rung_day,
    rungs_for,
    standing_of,
)
from linli.domains.benefits.models import (
    Certification,
    CertificationCheck,
    Evidence,
    FacePhoto,
    Inquiry,
    Reach,
    Suspension,
    SuspensionProposal,
)
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.permissions import AGREE, CERTIFY, VIEW, VISIT, WITNESS
from linli.domains.benefits.queries.book import book_in_force
from linli.domains.benefits.runs import shortest
from linli.domains.cases.queries import case_numbers
from linli.domains.org.queries import region_names
from linli.domains.people.queries import Party, Scope, may_act_for, own_ids, parties, powers
from linli.kernel.actors import Actor
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.text import msg

TOWN = 9  # characters of a town's code


def terms_of(region: str, on: date) -> Terms:
    """The figures of certification in a place on a day."""
    figures = Figures(on, region, book_in_force())
    return Terms(
        months=int(figures["certification.cycle_months"]), weak_enough=int(figures["certification.weak_enough"]),
        death_sources=int(figures["death.least_sources"]), warning=timedelta(int(figures["certification.warning_days"])),
    )  # fmt: skip


def signs_of(person_ids: Iterable[UUID]) -> dict[UUID, list[Sign]]:
    """All signs of some people, in one query."""
    found: dict[UUID, list[Sign]] = {}
    for row in Evidence.objects.filter(person_id__in=list(person_ids)).order_by("day", "id"):
        found.setdefault(row.person_id, []).append(Sign(row.kind, row.source, row.day, row.heard_at))
    return found


def receiving_after(person_id: UUID | None, *, size: int) -> list[UUID]:
    """The next few who receive a long-term benefit, in the order of their ids."""
    found = Certification.objects.filter(over_on=None)
    if person_id:
        found = found.filter(person_id__gt=person_id)
    return list(found.order_by("person_id").values_list("person_id", flat=True).distinct()[:size])


# -- who stands how --------------------------------------------------------------------------------------------------------------


def _here(by: Actor, *permissions: str) -> QuerySet[Certification]:
    """Those of the actor's place whose benefit still runs."""
    if not any(by.can(p) for p in permissions):
        raise NotAllowed(permission=permissions[0])
    found = Certification.objects.filter(over_on=None)
    place = shortest(by.region)
    return found.filter(region__startswith=place) if place else found


_OPEN_SUSPENSION = Exists(Suspension.objects.filter(certification=OuterRef("pk"), ended_on=None))


def _standing_is(standing: LifeStanding, on: date) -> Q:
    match standing:
        case LifeStanding.CERTIFIED:
            return Q(signal="", certified_until__gte=on)
        case LifeStanding.TO_CHECK:
            return Q(signal="", certified_until__lt=on)
    return Q(signal=standing.value)


def certifications(
    *, by: Actor, on: date, standing: LifeStanding | None = None, town: str = "", benefit: str = "", month: date | None = None,
    suspended: bool = False,
) -> QuerySet[Certification]:  # fmt: skip
    """Receivers of long-term benefits in the officer's place, narrowed as asked; for pages of them, by the end of their cycle."""
    found = _here(by, CERTIFY, VIEW)
    if standing:
        found = found.filter(_standing_is(standing, on))
    if town:
        found = found.filter(region__startswith=town)
    if benefit:
        found = found.filter(benefit=benefit)
    if month:
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        found = found.filter(certified_until__gte=month, certified_until__lt=following)
    return found.filter(_OPEN_SUSPENSION) if suspended else found


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver as lists show them."""

    id: UUID
    person_id: UUID
    party: Party | None
    benefit: Benefit
    standing: LifeStanding
    until: date
    town: str
    frail: bool
    abroad: bool
    suspended: bool


def certification_lines(rows: Sequence[Certification], *, on: date) -> list[Receiver]:
    """Rows with names, places and whether payment is held back, in three queries however many."""
    who = parties(r.person_id for r in rows)
    places = region_names({p for r in rows for p in (r.region, r.region[:TOWN])})
    held = set(
        Suspension.objects.filter(certification__in=[r.pk for r in rows], ended_on=None).values_list("certification_id", flat=True)
    )
    return [
        Receiver(
            r.pk, r.person_id, who.get(r.person_id), book().benefits[r.benefit], standing_of(Signal(r.signal), r.certified_until, on),
            r.certified_until, places.get(r.region) or places.get(r.region[:TOWN]) or r.region, r.frail, r.abroad, r.pk in held,
        )
        for r in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of a place: by standing, held back, and what waits for an officer."""

    total: int
    standings: dict[LifeStanding, int]
    suspended: int
    photos: int
    calls: int
    proposals: int


def overview(*, by: Actor, on: date) -> Overview:
    """How a place stands, in five queries."""
    here = _here(by, CERTIFY, VIEW)
    counts = here.aggregate(total=Count("id"), **{s.name: Count("id", filter=_standing_is(s, on)) for s in LifeStanding})
    held = Suspension.objects.filter(ended_on=None, certification__in=here.values("pk")).count()
    return Overview(
        counts["total"], {s: counts[s.name] for s in LifeStanding}, held, photos_waiting(by=by).count() if by.can(CERTIFY) else 0,
        open_calls(by=by).count() if by.can(CERTIFY) else 0, suspensions_waiting(by=by).count() if by.can(AGREE) else 0,
    )  # fmt: skip


def due_by_month(*, by: Actor, on: date) -> list[tuple[date, int]]:
    """How many cycles end in each month from this one on, without those in doubt; one query."""
    rows = (
        _here(by, CERTIFY, VIEW)
        .filter(signal="", certified_until__gte=on.replace(day=1))
        .annotate(month=TruncMonth("certified_until"))
        .values("month")
        .annotate(n=Count("id"))
        .order_by("month")
    )
    return [(row["month"], row["n"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Town:
    """How a town stands."""

    code: str
    name: str
    total: int
    certified: int
    soon: int
    to_check: int
    doubted: int
    suspended: int


def by_town(*, by: Actor, on: date, soon: date) -> list[Town]:
    """Each town with how many are certified, end their cycle until a day, are to be checked, in doubt, held back; two queries."""
    rows = (
        _here(by, CERTIFY, VIEW)
        .annotate(town=Left("region", TOWN))
        .values("town")
        .annotate(
            total=Count("id"), certified=Count("id", filter=_standing_is(LifeStanding.CERTIFIED, on)),
            soon=Count("id", filter=Q(signal="", certified_until__gte=on, certified_until__lte=soon)),
            to_check=Count("id", filter=_standing_is(LifeStanding.TO_CHECK, on)), doubted=Count("id", filter=~Q(signal="")),
            suspended=Count("id", filter=Q(_OPEN_SUSPENSION)),
        )
        .order_by("town")
    )  # fmt: skip
    found = list(rows)
    names = region_names(r["town"] for r in found)
    return [
        Town(r["town"], names.get(r["town"], r["town"]), r["total"], r["certified"], r["soon"], r["to_check"], r["doubted"], r["suspended"])
        for r in found
    ]  # fmt: skip


# -- one of them -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """One sign as an officer sees it."""

    kind: SignKind
    source: str
    day: date


@dataclass(frozen=True, slots=True)
class LadderStep:
    """A step of the ladder in the cycle that runs: when it is due, and what came of it if it was taken."""

    rung: Rung
    day: date
    reach: Reach | None

    @property
    def outcome(self) -> ReachOutcome | None:
        return ReachOutcome(self.reach.outcome) if self.reach else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One receiver with everything an officer decides on. ``numbers``: of the cases; ``people``: of the officers who had a hand in it."""

    row: Certification
    line: Receiver
    signs: tuple[Seen, ...]
    ladder: tuple[LadderStep, ...]
    asked: tuple[Reach, ...]
    inquiries: tuple[Inquiry, ...]
    proposals: tuple[SuspensionProposal, ...]
    suspensions: tuple[Suspension, ...]
    numbers: Mapping[UUID, str]
    people: Mapping[UUID, str]
    stop_from: date | None
    reached: bool

    @property
    def inquiry(self) -> Inquiry | None:
        """The one that is open."""
        return next((i for i in self.inquiries if i.concluded_at is None), None)

    @property
    def proposal(self) -> SuspensionProposal | None:
        """The one that waits for another officer."""
        return next((p for p in self.proposals if p.outcome == Settled.OPEN), None)

    @property
    def lost(self) -> Inquiry | None:
        """The newest one, if it found that the right was lost and nothing was decided since."""
        newest = self.inquiries[0] if self.inquiries else None
        return newest if newest and newest.finding in (Finding.DEAD, Finding.LOST) else None


def certification(certification_id: UUID, *, by: Actor, write: bool = False) -> Certification:
    """One that the officer may see. Raises :class:`NotFound`, :class:`NotAllowed`."""
    found = _here(by, *((CERTIFY,) if write else (CERTIFY, VIEW))).filter(pk=certification_id).first()
    if found is None:
        raise NotFound(what=msg("这位待遇领取人员"))
    return found


def sheet(certification_id: UUID, *, by: Actor, on: date) -> Sheet:
    """One receiver with evidence, ladder, inquiries and suspensions; a fixed number of queries."""
    row = certification(certification_id, by=by)
    (line,) = certification_lines([row], on=on)
    signs = Evidence.objects.filter(person_id=row.person_id).order_by("-day", "-id")[:50]
    reaches = list(Reach.objects.filter(certification=row, cycle_end=row.certified_until).order_by("made_on", "id"))
    by_rung = {r.rung: r for r in reaches}
    rungs = rungs_for(frail=row.frail, abroad=row.abroad)
    known = {r.code for r in rungs}
    inquiries = tuple(Inquiry.objects.filter(certification=row).order_by("-opened_at"))
    proposals = tuple(SuspensionProposal.objects.filter(certification=row).order_by("-proposed_at")[:20])
    suspensions = tuple(Suspension.objects.filter(certification=row).select_related("proposal").order_by("-since"))
    hands = [*(p.proposed_by_id for p in proposals), *(p.decided_by_id for p in proposals), *(i.opened_by_id for i in inquiries)]
    return Sheet(
        row, line, tuple(Seen(book().kinds[s.kind], book().sources[s.source], s.day) for s in signs),
        tuple(LadderStep(r, rung_day(r, row.certified_until), by_rung.get(r.code)) for r in rungs),
        tuple(r for r in reaches if r.rung not in known), inquiries, proposals, suspensions,
        case_numbers(c for c in (*(p.case_id for p in proposals), *(i.case_id for i in inquiries)) if c), names_of_users(hands),
        stop_from(row, reaches, on), reached_by_hand(reaches),
    )  # fmt: skip


def stop_from(row: Certification, reaches: Sequence[Reach], on: date) -> date | None:
    """The first day on which payment may stop for want of certification; None while nobody was reached out for in this cycle."""
    if not reaches:
        return None
    home = min((r.made_on for r in reaches if r.way == ReachWay.HOME), default=None)
    return may_stop_from(
        until=row.certified_until, first_reached=min(r.made_on for r in reaches), home_reached=home, terms=terms_of(row.region, on)
    )


def reached_by_hand(reaches: Iterable[Reach]) -> bool:
    """Whether a person reached out and said what came of it."""
    return any(ReachWay(r.way).by_hand and r.outcome for r in reaches)


# -- what waits ------------------------------------------------------------------------------------------------------------------


def _open(by: Actor, ways: Sequence[ReachWay], *permissions: str) -> QuerySet[Reach]:
    here = _here(by, *permissions)
    return Reach.objects.filter(
        outcome="", way__in=ways, certification__in=here.values("pk"), cycle_end=F("certification__certified_until")
    ).select_related("certification")


def visits(*, by: Actor) -> QuerySet[Reach]:
    """Whom the cadres of a place are to visit: of the cycle that runs, not done yet."""
    return _open(by, [ReachWay.VISIT, ReachWay.HOME], VISIT, CERTIFY)


def open_calls(*, by: Actor) -> QuerySet[Reach]:
    """Whom officers are to call."""
    return _open(by, [ReachWay.PHONE], CERTIFY)


def reach(reach_id: UUID, *, by: Actor) -> Reach:
    """One that waits or is done, of the reader's place. Raises :class:`NotFound`."""
    here = _here(by, VISIT, CERTIFY)
    found = Reach.objects.select_related("certification").filter(pk=reach_id, certification__in=here.values("pk")).first()
    if found is None or (not by.can(CERTIFY) and found.way not in (ReachWay.VISIT, ReachWay.HOME)):
        raise NotFound(what=msg("这次走访"))
    return found


def suspensions_waiting(*, by: Actor) -> QuerySet[SuspensionProposal]:
    """Suspensions that wait for a second officer, of the reader's place; for pages of them, by when they were proposed."""
    here = _here(by, AGREE, CERTIFY)
    return SuspensionProposal.objects.filter(outcome=Settled.OPEN, certification__in=here.values("pk")).select_related(
        "certification"
    )


def photos_waiting(*, by: Actor) -> QuerySet[FacePhoto]:
    """Photographs to compare, of the officer's place, oldest first."""
    by.must(CERTIFY)
    found = FacePhoto.objects.filter(compared_at=None)
    place = shortest(by.region)
    return found.filter(region__startswith=place) if place else found


def photo(photo_id: UUID, *, by: Actor) -> FacePhoto:
    """One of :func:`photos_waiting`. Raises :class:`NotFound`."""
    found = photos_waiting(by=by).filter(pk=photo_id).first()
    if found is None:
        raise NotFound(what=msg("这张照片"))
    return found


# -- one's own -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mine:
    """One's own certification, or that of somebody who gave a mandate: until when, and of what kind the proof is, without details."""

    id: UUID
    party: Party | None
    person_id: UUID
    own: bool
    benefit: Benefit
    until: date
    told: tuple[str, ...]
    on: date
    certified: bool
    in_doubt: bool
    suspended_since: date | None
    abroad: bool
    photo_waits: bool
    photo_failed: bool


def my_certifications(*, by: Actor, on: date) -> list[Mine]:
    """A resident's own, then those of people who let them apply for it; a fixed number of queries."""
    by.must("portal.use")
    assert by.resident_id
    mine = set(own_ids(by.resident_id))
    given = powers(by.resident_id, scope=Scope.APPLY, on=on)
    rows = list(
        Certification.objects.filter(over_on=None, person_id__in=mine | {p.party_id for p in given}).order_by(
            "person_id", "benefit"
        )
    )
    rows = [r for r in rows if r.person_id in mine or any(
        p.party_id == r.person_id and (not p.items or book().benefits[r.benefit].item in p.items) for p in given
    )]  # fmt: skip
    held = dict(
        Suspension.objects.filter(certification__in=[r.pk for r in rows], ended_on=None).values_list("certification_id", "since")
    )
    who, kinds = parties(r.person_id for r in rows), book().kinds
    photos: dict[UUID, FacePhoto] = {}
    for p in FacePhoto.objects.filter(person_id__in={r.person_id for r in rows}).defer("picture").order_by("taken_at"):
        photos[p.person_id] = p
    found = []
    for r in rows:
        last = photos.get(r.person_id)
        found.append(Mine(
            r.pk, who.get(r.person_id), r.person_id, r.person_id in mine, book().benefits[r.benefit], r.certified_until,
            tuple(dict.fromkeys(kinds[k].told for k in r.certified_by)), r.certified_on, on <= r.certified_until, bool(r.signal), held.get(r.pk),
            r.abroad, bool(last and last.compared_at is None),
            bool(last and last.matches is False and last.compared_at and last.compared_at.date() >= r.certified_on),
        ))  # fmt: skip
    return sorted(found, key=lambda m: not m.own)


def may_certify_for(person_id: UUID, *, by: Actor, on: date) -> list[Certification]:
    """The running certifications of somebody, if a resident may act in them. Raises :class:`NotFound`."""
    by.must("portal.use")
    assert by.resident_id
    mine = person_id in own_ids(by.resident_id)
    rows = [
        r
        for r in Certification.objects.filter(person_id=person_id, over_on=None)
        if mine or may_act_for(by.resident_id, person_id, scope=Scope.APPLY, on=on, item=book().benefits[r.benefit].item)
    ]
    if not rows:
        raise NotFound(what=msg("这项待遇"))
    return rows


# -- for other parts -------------------------------------------------------------------------------------------------------------


def receivings_of(person_id: UUID, *, by: Actor) -> list[Certification]:
    """The running certifications of somebody who stands at a counter or is visited."""
    by.must(WITNESS)
    return list(Certification.objects.filter(person_id=person_id, over_on=None).order_by("benefit"))


def newest_check() -> CertificationCheck | None:
    """The newest measurement against a known truth."""
    return CertificationCheck.objects.order_by("-measured_at").first()
