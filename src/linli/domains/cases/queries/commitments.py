"""What may be asked of promises: the text before one is given, the checks of whoever owns them, and what supervisors oversee."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from linli.domains.cases import clocks
from linli.domains.cases.clock import Colour, colour
from linli.domains.cases.models import Breach, Case, Commitment
from linli.domains.cases.papers import addressed, promise_text
from linli.domains.cases.permissions import BREACH, CHECK, counter_cases, supervised_cases
from linli.domains.cases.promises import noted_until, notice_for, who_may_check
from linli.domains.cases.promising import Promise, PromiseNotice, PromiseState, credit_noted, why_not
from linli.domains.catalog.queries import Standard, get_standard
from linli.domains.documents.queries import DocumentCard, PaperKind, documents_of, render_paper
from linli.domains.exchange.queries import Shared, shared_of
from linli.domains.org.queries import calendar, letterhead
from linli.domains.people.queries import Party, parties
from linli.kernel.actors import Actor
from linli.kernel.calendar import day_said, local_date
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg

TO_CHECK = (PromiseState.DUE, PromiseState.DOUBTED)
_OF_THE_CHECK = (
    PaperKind.COMMITMENT, PaperKind.DECISION, PaperKind.RESULT_CERTIFICATE, PaperKind.BREACH_NOTICE, PaperKind.BREACH_DECISION,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """What would be told before a promise in place of a material; or why none may be given."""

    standard: Standard
    code: str
    name: str
    promise: Promise
    notice: PromiseNotice | None
    why_not: Message | None


def commitment_notice(case: Case, code: str, *, promise: Promise = Promise.COMMITMENT, on: date) -> Terms:
    """The text for a case whose reader was found to see it. Raises :class:`NotFound` for what is no material of it."""
    standard = get_standard(case.standard_id)
    wanted = standard.material(code)
    if wanted is None:
        raise NotFound(what=msg("该材料"))
    reason = why_not(wanted, promise, instant=standard.times.instant)
    until = None if reason else noted_until(case.applicant_id, on=on)
    if until:
        reason = credit_noted(until)
    told = None if reason else notice_for(standard, wanted, promise, on=on)
    return Terms(standard, code, wanted.name, promise, told, reason)


def promise_print(case: Case, terms: Terms, *, by: Actor, on: date) -> bytes:
    """The notice and the promise as a sheet to be signed by hand, for a case its reader was found to see.

    Raises :class:`NotFound` where nothing may be promised.
    """
    if terms.notice is None or not counter_cases(by).filter(pk=case.pk).exists():
        raise NotFound(what=msg("承诺书"))
    head = letterhead(case.org_id)
    who = addressed(case, terms.standard, head) | {"case_number": case.number or ""}
    issuer = letterhead(head.body_id).name
    return render_paper(
        PaperKind.COMMITMENT, None, who | promise_text(terms.notice, terms.name), issuer=issuer, on=on, to_sign=True
    )


def promises_of(case_id: UUID) -> dict[str, Commitment]:
    """The live promise for each material of a case whose reader was found to see it."""
    return {c.code: c for c in Commitment.objects.filter(case_id=case_id).exclude(standing=PromiseState.VOID)}


@dataclass(frozen=True, slots=True)
class PendingClock:
    """Until when a material that was promised is to come, how pressing that is, and why."""

    name: str
    due_on: date
    colour: Colour
    days_left: int
    provisional: bool
    explanation: tuple[Message, ...]


def pending_clocks(case: Case, promises: Iterable[Commitment], *, now: datetime) -> list[PendingClock]:
    """The clocks of the materials still to come, of a case whose reader was found to see it."""
    standard, works = get_standard(case.standard_id), calendar(case.region)
    found = []
    for row in promises:
        wanted = standard.material(row.code)
        if row.promise != Promise.PENDING or row.standing != PromiseState.DUE or row.due_on is None or wanted is None:
            continue
        since = local_date(case.accepted_at or row.given_at)
        said = (
            msg("自 %(start)s 受理的次日起 %(n)s 个工作日内补交。", start=day_said(since), n=wanted.pending_days),
            msg("到期没有补交的，撤销受理，可以随时重新申请。"),
        )
        shade = colour(end=row.due_on, amber=row.amber_on, now=now, conventions=clocks.conventions(), paused=False, stopped=False)
        left = works.working_days_between(local_date(now), row.due_on)
        found.append(PendingClock(row.name, row.due_on, shade, left, not works.is_announced(row.due_on), said))
    return sorted(found, key=lambda c: c.due_on)


# -- who sees which -------------------------------------------------------------------------------------------------------------


def own_checks(by: Actor) -> QuerySet[Commitment]:
    """The checks that are the actor's to do or were done by them."""
    if by.user_id is None or not by.can(CHECK):
        return Commitment.objects.none()
    return Commitment.objects.filter(promise=Promise.COMMITMENT, owner_id=by.user_id).exclude(due_on=None)


def supervised_promises(by: Actor) -> QuerySet[Commitment]:
    """The promises in cases that the actor supervises, from the day something rests on them."""
    return Commitment.objects.filter(case__in=supervised_cases(by)).exclude(due_on=None)


def seen_promises(by: Actor) -> QuerySet[Commitment]:
    """What a page of one promise shows to this post."""
    return supervised_promises(by) if by.can("cases.supervise") else own_checks(by)


# What a list can be narrowed to, by its word in the address.
SHELVES: dict[str, Q] = {
    "due": Q(standing=PromiseState.DUE),
    "doubted": Q(standing=PromiseState.DOUBTED),
    "kept": Q(standing=PromiseState.KEPT),
    "broken": Q(standing__in=[PromiseState.BROKEN, PromiseState.REPAIRED]),
}


def on_shelf(rows: QuerySet[Commitment], shelf: str) -> QuerySet[Commitment]:
    """A list narrowed to one shelf, the most pressing first."""
    return rows.filter(SHELVES[shelf]).order_by("due_on", "id") if shelf in SHELVES else rows.order_by("due_on", "id")


def shelf_counts(rows: QuerySet[Commitment]) -> dict[str, int]:
    """How many there are on each shelf, in one query."""
    return dict(rows.order_by().aggregate(**{name: Count("pk", filter=q) for name, q in SHELVES.items()}))


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A promise in a list."""

    row: Commitment
    number: str
    item_code: str
    applicant: Party
    colour: Colour
    days_left: int | None


def check_lines(rows: Iterable[Commitment], *, now: datetime) -> list[CheckLine]:
    """Names and clocks of the promises of a list (with their cases loaded), in two queries however many."""
    rows = list(rows)
    who = parties(r.case.applicant_id for r in rows)
    return [
        CheckLine(r, r.case.number or "", r.case.item_code, who[r.case.applicant_id], shade_of(r, now=now), days_to(r, now=now))
        for r in rows
    ]


def shade_of(row: Commitment, *, now: datetime) -> Colour:
    """The colour of a promise's clock."""
    stopped = row.standing not in TO_CHECK
    return colour(end=row.due_on, amber=row.amber_on, now=now, conventions=clocks.conventions(), paused=False, stopped=stopped)


def days_to(row: Commitment, *, now: datetime) -> int | None:
    """Working days until its day; negative when that is over, None where nothing runs."""
    if row.standing not in TO_CHECK or row.due_on is None:
        return None
    return calendar(row.case.region).working_days_between(local_date(now), row.due_on)


@dataclass(frozen=True, slots=True)
class PromiseOverview:
    """What a supervisor sees at one look: how many are open and how pressing, and how many of those settled were kept."""

    open: int
    late: int
    amber: int
    doubted: int
    nobodys: int
    kept: int
    broken: int
    brought: int
    pending: int

    @property
    def checked(self) -> int:
        return self.kept + self.broken


def promise_overview(*, by: Actor, now: datetime) -> PromiseOverview:
    """The figures over every promise in supervised cases, in one query."""
    today = local_date(now)
    commitment, pending = Q(promise=Promise.COMMITMENT), Q(promise=Promise.PENDING)
    running = commitment & Q(standing__in=list(TO_CHECK))
    late = running & Q(due_on__lt=today)
    wanted = {
        "open": running, "late": late, "amber": running & Q(amber_on__lte=today, due_on__gte=today),
        "doubted": Q(standing=PromiseState.DOUBTED), "nobodys": running & Q(owner_id=None), "kept": commitment & Q(standing=PromiseState.KEPT),
        "broken": commitment & Q(standing__in=[PromiseState.BROKEN, PromiseState.REPAIRED]),
        "brought": pending & Q(standing=PromiseState.KEPT), "pending": pending & Q(standing__in=[PromiseState.DUE, PromiseState.BROKEN, PromiseState.KEPT]),
    }  # fmt: skip
    counts = supervised_promises(by).order_by().aggregate(**{name: Count("pk", filter=q) for name, q in wanted.items()})
    return PromiseOverview(**counts)


# -- one of them -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckSheet:
    """All that whoever checks, or decides on a breach, sees of a promise."""

    row: Commitment
    case: Case
    standard: Standard
    applicant: Party
    notice: PromiseNotice
    colour: Colour
    days_left: int | None
    breach: Breach | None
    shared: Shared | None
    papers: list[DocumentCard]
    acts: frozenset[str]


def check_sheet(commitment_id: UUID, *, by: Actor, now: datetime) -> CheckSheet:
    """A promise the actor may see, with what they can do about it. Raises :class:`NotFound`."""
    row = seen_promises(by).select_related("case").filter(pk=commitment_id).first()
    if row is None:
        raise NotFound(what=msg("这项承诺"))
    breach = Breach.objects.filter(commitment=row).first()
    papers = [d for d in documents_of(row.case_id) if d.kind in _OF_THE_CHECK]
    return CheckSheet(
        row, row.case, get_standard(row.case.standard_id), parties([row.case.applicant_id])[row.case.applicant_id],
        PromiseNotice.of(row.notice), shade_of(row, now=now), days_to(row, now=now), breach, shared_of(row.case_id).get(row.code),
        papers, _acts(row, breach, by=by, now=now),
    )  # fmt: skip


def _acts(row: Commitment, breach: Breach | None, *, by: Actor, now: datetime) -> frozenset[str]:
    """What a page offers; the commands ask again."""
    mine, decides = by.can(CHECK) and row.owner_id == by.user_id, by.can(BREACH)
    acts: set[str] = set()
    if row.promise != Promise.COMMITMENT:
        return frozenset()
    if row.standing == PromiseState.DUE:
        acts |= {"keep", "doubt"} if mine else set()
        acts |= {"give"} if by.can("cases.redraw") else set()
    if row.standing == PromiseState.DOUBTED and breach is not None:
        acts |= {"hear"} if mine or decides else set()
        if decides and breach.found_by_id != by.user_id:
            acts.add("clear")
            acts |= {"uphold"} if breach.heard_at or local_date(now) > breach.hear_until else set()
    if row.standing == PromiseState.BROKEN and (mine or decides):
        acts.add("repair")
    return frozenset(acts)


def check_paper(commitment_id: UUID, document_id: UUID, *, by: Actor, now: datetime) -> DocumentCard:
    """A paper that belongs to a check. Raises :class:`NotFound` for any other."""
    found = next((d for d in check_sheet(commitment_id, by=by, now=now).papers if d.id == document_id), None)
    if found is None:
        raise NotFound(what=msg("文书"))
    return found


def checkers_for(commitment_id: UUID, *, by: Actor, now: datetime) -> list[UUID]:
    """To whom a supervisor could give a check. Raises :class:`NotFound`."""
    sheet = check_sheet(commitment_id, by=by, now=now)
    return who_may_check(sheet.case, on=local_date(now)) if "give" in sheet.acts else []


# -- for whoever holds a paper -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Provisional:
    """How a result stands that was given on a commitment: still to be checked until a day, or checked."""

    checked: bool
    until: date | None


def provisional_standing(case_id: UUID) -> Provisional | None:
    """Whether the result of a case is provisional, for a stranger who verifies its paper; None where it never was."""
    rests = list(
        Commitment.objects.filter(case_id=case_id, provisional=True, due_on__isnull=False).values_list("standing", "due_on")
    )
    if not rests:
        return None
    waiting = [due for standing, due in rests if standing in TO_CHECK and due]
    return Provisional(not waiting, max(waiting) if waiting else None)


def signature_of(commitment_id: UUID, *, by: Actor) -> UUID:
    """The file of a signature that the actor may look at. Raises :class:`NotFound`."""
    found = seen_promises(by).filter(pk=commitment_id).values_list("signature_file_id", flat=True).first()
    if found is None:
        raise NotFound(what=msg("签名"))
    return found


__all__ = [
    "CheckLine", "CheckSheet", "PendingClock", "PromiseOverview", "Provisional", "SHELVES", "TO_CHECK", "Terms", "check_lines", "check_paper",
    "check_sheet", "checkers_for", "commitment_notice", "days_to", "on_shelf", "own_checks", "pending_clocks",
    "promise_overview", "promise_print", "promises_of", "provisional_standing", "seen_promises", "shade_of", "shelf_counts", "signature_of",
    "supervised_promises",
]  # fmt: skip
