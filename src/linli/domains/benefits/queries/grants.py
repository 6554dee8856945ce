"""Grants, to be asked: lists and who is on them, what is published, objections, one's own grants, and where a grant comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import (
    FUNDS,
    HALF_MADE,
    ClawBackState,
    Granting,
    GrantState,
    LineState,
    ListState,
    ObjectionState,
    granting_of,
)
from linli.domains.benefits.models import ClawBack, Grant, GrantList, GrantObjection, PayLine, Repayment
from linli.domains.benefits.permissions import AGREE, AUDIT, PAY, RUN, VIEW
from linli.domains.benefits.queries.results import Again, Rerun, rerun
from linli.domains.benefits.runs import shortest, within
from linli.domains.cases.queries import State as CaseState
from linli.domains.org.queries import region_names
from linli.domains.people.queries import Party, Scope, own_ids, parties, powers
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.identifiers import mask_account, mask_name
from linli.kernel.text import msg, noop

_MAY = (VIEW, RUN, AGREE, PAY, AUDIT)


def _must(by: Actor) -> None:
    if not any(by.can(p) for p in _MAY):
        raise NotAllowed(permission=VIEW)


def list_for(rows: QuerySet[GrantList], list_id: UUID, by: Actor) -> GrantList:
    """A list of the actor's place. Raises :class:`NotFound`."""
    found = rows.filter(pk=list_id).first()
    if found is None or not within(found.region, by.region):
        raise NotFound(what=msg("这份名单"))
    return found


def grant_for(rows: QuerySet[Grant], grant_id: UUID, by: Actor) -> Grant:
    """A grant of the actor's place. Raises :class:`NotFound`."""
    found = rows.filter(pk=grant_id).first()
    if found is None or not within(found.region, by.region):
        raise NotFound(what=msg("这笔待遇"))
    return found


def objection_for(objection_id: UUID, by: Actor) -> GrantObjection:
    """An objection to a list of the actor's place. Raises :class:`NotFound`."""
    found = GrantObjection.objects.select_related("list", "grant").filter(pk=objection_id).first()
    if found is None or not within(found.list.region, by.region):
        raise NotFound(what=msg("这条异议"))
    return found


# -- for officers ----------------------------------------------------------------------------------------------------------------


def grant_lists(*, by: Actor) -> QuerySet[GrantList]:
    """The lists of the actor's place, newest first."""
    _must(by)
    return GrantList.objects.filter(region__startswith=shortest(by.region)).order_by("-made_at", "-id")


def grant_list(list_id: UUID, *, by: Actor) -> GrantList:
    """One list. Raises :class:`NotFound`."""
    _must(by)
    return list_for(GrantList.objects.select_related("run"), list_id, by)


def grants_of(list_id: UUID, *, by: Actor, state: GrantState | None = None) -> QuerySet[Grant]:
    """Who is on a list, in its order, nobody before it is made; names come with :func:`grant_lines` for a page of them."""
    row = grant_list(list_id, by=by)
    if row.state in HALF_MADE:
        return Grant.objects.none()
    found = Grant.objects.filter(list=row).select_related("case")
    return (found.filter(state=state) if state else found).order_by("number")


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant with who is paid, as far as the bureau knows them, and the place."""

    grant: Grant
    payee: Party | None
    place: str


def grant_lines(rows: Sequence[Grant]) -> list[GrantLine]:
    """Some grants as a page shows them; two queries however many."""
    who, places = parties([g.payee_id for g in rows]), region_names({g.region for g in rows})
    return [GrantLine(g, who.get(g.payee_id), places.get(g.region, "")) for g in rows]


@dataclass(frozen=True, slots=True)
class ListSums:
    """How many grants of a list stand how, and the money in fen; how many objections wait."""

    number: dict[str, int]
    fen: dict[str, int]
    objections: int


def list_sums(list_id: UUID, *, by: Actor) -> ListSums:
    """Counted now; two queries."""
    row = grant_list(list_id, by=by)
    found = list(Grant.objects.filter(list=row).values_list("state").annotate(Count("id"), Sum("amount_fen")).order_by("state"))
    waiting = GrantObjection.objects.filter(list=row, state=ObjectionState.OPEN).count()
    return ListSums({s: n for s, n, _ in found}, {s: f for s, _, f in found}, waiting)


class Work(StrEnum):
    """What jobs still do with a list: make it; make its grants void; let them go on; make their cases; seal their notices. And with a batch: put it together;
    enter it after it was agreed to. And with an answer of the bank: check it; enter it."""

    MAKING = "making"
    VOIDING = "voiding"
    CLOSING = "closing"
    CASES = "cases"
    SEALING = "sealing"
    GATHERING = "gathering"
    ENTERING = "entering"
    CHECKING = "checking"
    ANSWERING = "answering"

    @property
    def label(self) -> str:
        return _WORK[self]


_WORK = {
    Work.MAKING: noop("正在编制名单"), Work.VOIDING: noop("正在作废名单上的各笔"), Work.CLOSING: noop("正在转入发放"),
    Work.CASES: noop("正在立办件、写告知书"), Work.SEALING: noop("正在给告知书盖章并送达"),
    Work.GATHERING: noop("正在编制付款批次"), Work.ENTERING: noop("正在入账并生成付款文件"),
    Work.CHECKING: noop("正在逐笔核对银行回盘"), Work.ANSWERING: noop("正在按银行回盘入账"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """How far jobs are with a list: so many of so many, which are not known at first."""

    work: Work
    done: int
    total: int | None


def list_progress(list_id: UUID, *, by: Actor) -> Progress | None:
    """What jobs do with a list now; nothing where they wait for somebody or are done. At most four queries beyond the list."""
    row = grant_list(list_id, by=by)
    match row.state:
        case ListState.MAKING:
            return Progress(Work.MAKING, row.done, row.total)
        case ListState.WITHDRAWN:
            return _left(Work.VOIDING, row.counts.get("grants", 0), Grant.objects.filter(list=row, state=GrantState.LISTED).count())
        case ListState.CLOSED:
            return _after_window(row)
    return None


def _left(work: Work, total: int, left: int) -> Progress | None:
    return Progress(work, max(total - left, 0), max(total, left)) if left else None


def _after_window(row: GrantList) -> Progress | None:
    """Each grant goes from being listed to being owed to having a case, with which its notice is written."""
    number = dict(Grant.objects.filter(list=row).values_list("state").annotate(Count("id")).order_by("state"))
    on_list = sum(n for state, n in number.items() if state != GrantState.VOID)
    listed = number.get(GrantState.LISTED, 0)
    if listed:
        held = Grant.objects.filter(list=row, state=GrantState.LISTED, pk__in=GrantObjection.objects.filter(
            list=row, state=ObjectionState.OPEN, grant__isnull=False).values("grant"))  # fmt: skip
        if found := _left(Work.CLOSING, on_list, listed - held.count()):
            return found
    no_case = Grant.objects.filter(list=row, state=GrantState.DUE, case=None, case_problem="").count()
    return _left(Work.CASES, on_list - listed, no_case) or _left(Work.SEALING, on_list - listed, unsealed(row.pk).count())


def unsealed(list_id: UUID) -> QuerySet[Grant]:
    """The grants of a list whose notice no job has sealed yet."""
    return Grant.objects.filter(list_id=list_id, case__state__in=[CaseState.APPROVED, CaseState.REJECTED])


@dataclass(frozen=True, slots=True)
class Notices:
    """How far the notices of a list are: of so many grants so many have a case, of which its owner was told with it, so many could get
    none, and so many notices are sealed and delivered; and how long the rest will take if it goes on as it went so far."""

    wanted: int
    cases: int
    problems: int
    sealed: int
    left: timedelta | None

    @property
    def done(self) -> bool:
        return self.sealed == self.wanted


def list_notices(list_id: UUID, *, by: Actor, now: datetime) -> Notices | None:
    """Nothing before the window is over. At most three queries beyond the list."""
    row = grant_list(list_id, by=by)
    if row.state != ListState.CLOSED:
        return None
    owed = Grant.objects.filter(list=row).exclude(state__in=[GrantState.VOID, GrantState.LISTED], case=None)
    found = owed.aggregate(
        wanted=Count("pk"), cases=Count("case"), problems=Count("pk", filter=Q(case=None) & ~Q(case_problem="")),
    )  # fmt: skip
    sealed = found["cases"] - (unsealed(row.pk).count() if found["cases"] else 0)
    left, rest = None, found["wanted"] - found["problems"] - sealed
    if rest and sealed:
        began = (
            Grant.objects.filter(list=row, case__isnull=False).order_by("id").values_list("case__accepted_at", flat=True).first()
        )
        left = (now - began) / sealed * rest if began else None
    return Notices(found["wanted"], found["cases"], found["problems"], sealed, left)


def grant(grant_id: UUID, *, by: Actor) -> Grant:
    """One grant, for an officer. Raises :class:`NotFound`, also while its list is being made."""
    _must(by)
    return grant_for(Grant.objects.exclude(list__state__in=HALF_MADE).select_related("list", "case"), grant_id, by)


def grant_objections(*, by: Actor, list_id: UUID | None = None, state: ObjectionState | None = None) -> QuerySet[GrantObjection]:
    """Objections to lists of the actor's place, newest first."""
    _must(by)
    found = GrantObjection.objects.filter(list__region__startswith=shortest(by.region)).select_related("list", "grant", "added")
    if list_id:
        found = found.filter(list_id=list_id)
    return (found.filter(state=state) if state else found).order_by("-made_at", "-id")


def grant_objection(objection_id: UUID, *, by: Actor) -> GrantObjection:
    """One objection. Raises :class:`NotFound`."""
    _must(by)
    return objection_for(objection_id, by)


def granting(policy: str) -> Granting:
    """How a policy pays out by itself, and why it does not. Raises :class:`PolicyUnknown`."""
    return granting_of(policy)


def fund_name(policy: str) -> str:
    """Whose money a policy pays."""
    return FUNDS.get(granting_of(policy).fund, "")


# -- for anybody -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A list as anybody may see it while it is published."""

    id: UUID
    policy: str
    name: str
    region: str
    place: str
    period: str
    published_on: date
    closes_on: date
    days: int


@dataclass(frozen=True, slots=True)
class PublishedLine:
    """A line as anybody may see it: a person by a name partly hidden, an employer by its whole one, the place and the amount; no number
    of a person, no telephone, no account (PI-16)."""

    id: UUID
    number: int
    name: str
    place: str
    fen: int


def published_lists(*, on: date) -> list[PublishedList]:
    """What is published today, what closes first first; taken down when the window is over."""
    rows = list(GrantList.objects.filter(state=ListState.PUBLISHED, closes_on__gte=on).order_by("closes_on", "id"))
    return _published(rows)


def published_list(list_id: UUID, *, on: date) -> PublishedList:
    """One published list. Raises :class:`NotFound` once it was taken down."""
    row = GrantList.objects.filter(pk=list_id, state=ListState.PUBLISHED, closes_on__gte=on).first()
    if row is None:
        raise NotFound(what=msg("这份公示名单"))
    return _published([row])[0]


def _published(rows: Sequence[GrantList]) -> list[PublishedList]:
    names = region_names({r.region for r in rows})
    return [
        PublishedList(
            r.pk, r.policy, policy_of(r.policy).name, r.region, names.get(r.region, ""), r.period, local_date(r.published_at), r.closes_on,
            granting_of(r.policy).window.days,
        )
        for r in rows
        if r.published_at and r.closes_on
    ]  # fmt: skip


def published_lines(list_id: UUID, *, on: date, offset: int = 0, size: int = 50) -> tuple[list[PublishedLine], int]:
    """Some lines of a published list, and how many there are; void ones are left out. Four queries."""
    published_list(list_id, on=on)
    found = Grant.objects.filter(list_id=list_id).exclude(state=GrantState.VOID).order_by("number")
    lines = grant_lines(list(found[max(offset, 0) : max(offset, 0) + size]))
    return [
        PublishedLine(x.grant.pk, x.grant.number, _shown(x.payee), x.place, x.grant.amount_fen) for x in lines
    ], found.count()  # fmt: skip


def _shown(payee: Party | None) -> str:
    if payee is None:
        return ""
    return payee.name if payee.is_employer else mask_name(payee.name)


# -- for whoever receives --------------------------------------------------------------------------------------------------------


def my_grants(*, by: Actor, on: date) -> QuerySet[Grant]:
    """The grants of a resident and of employers they may read for, newest first; not before the list was published."""
    if by.resident_id is None:
        return Grant.objects.none()
    mine = [*own_ids(by.resident_id), *(p.party_id for p in powers(by.resident_id, scope=Scope.READ, on=on) if not p.items)]
    shown = Q(list__state__in=[ListState.PUBLISHED, ListState.CLOSED])
    return Grant.objects.filter(shown, payee_id__in=mine).select_related("list", "case").order_by("-id")


@dataclass(frozen=True, slots=True)
class MyMoney:
    """What became of the money of a grant, for whom it is: the last payment with where it went, and what is to be paid back."""

    payment: PayLine | None
    bank: str
    account: str
    claim: ClawBack | None
    reason: str
    left_fen: int


def my_money(grants: Sequence[Grant], *, by: Actor, on: date) -> dict[UUID, MyMoney]:
    """The same for some of one's own grants; seven queries however many. Accounts are masked."""
    mine = my_grants(by=by, on=on).filter(pk__in=[g.pk for g in grants]).order_by().values_list("pk", flat=True)
    tried = PayLine.objects.filter(grant__in=list(mine)).exclude(state=LineState.DROPPED).order_by("grant_id", "-attempt")
    lines = {line.grant_id: line for line in tried.distinct("grant_id")}
    told = ClawBack.objects.filter(grant__in=list(mine), agreed_at__isnull=False).exclude(state=ClawBackState.REFUSED)
    claims = {c.grant_id: c for c in told.order_by("made_at")}
    had = dict(Repayment.objects.filter(claw_back__in=claims.values()).values_list("claw_back").annotate(Sum("amount_fen")))
    found = {}
    for grant_id in {*lines, *claims}:
        line, claim = lines.get(grant_id), claims.get(grant_id)
        account = line.account.open_json() if line else {"bank": "", "number": ""}
        left = claim.amount_fen - had.get(claim.pk, 0) if claim and claim.state == ClawBackState.ORDERED else 0
        reason = claim.reason.open() if claim else ""
        found[grant_id] = MyMoney(line, account["bank"], mask_account(account["number"]), claim, reason, left)
    return found


def my_grant_objections(*, by: Actor) -> QuerySet[GrantObjection]:
    """What a resident objected to, and what was answered."""
    if by.resident_id is None:
        return GrantObjection.objects.none()
    return GrantObjection.objects.filter(by_party_id=by.resident_id).select_related("list").order_by("-made_at", "-id")


# -- for the auditor -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GrantOrigin:
    """Where a grant comes from: the list and who had a hand in it, the frozen facts with the rule of then reckoned again, the objections
    to it, and every payment that was tried."""

    grant: Grant
    list: GrantList
    again: Rerun
    policy: Again
    objections: tuple[GrantObjection, ...]
    payments: tuple[PayLine, ...]

    @property
    def same(self) -> bool:
        """Whether the frozen facts still give what was granted, unless an objection changed it."""
        amounts = {o.after_fen for o in self.objections if o.after_fen}
        return self.policy.same and (self.policy.fen_again == self.grant.amount_fen or self.grant.amount_fen in amounts)


def grant_origin(grant_id: UUID, *, by: Actor) -> GrantOrigin:
    """A grant led back to its run, subject, frozen facts and figures. Raises :class:`NotFound`, :class:`SnapshotChanged`."""
    by.must(AUDIT)
    found = grant_for(Grant.objects.select_related("list", "list__run", "case"), grant_id, by)
    again = rerun(found.run_id, found.subject_id, by=by)
    policy = next(p for p in again.policies if p.policy == found.policy)
    objections = GrantObjection.objects.filter(Q(grant=found) | Q(added=found)).order_by("made_at", "id")
    payments = PayLine.objects.filter(grant=found).select_related("batch").order_by("attempt")
    return GrantOrigin(found, found.list, again, policy, tuple(objections), tuple(payments))
