"""Payments, to be asked: what can be paid and what waits for what, batches, returns, claw-backs, and the ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Left

from linli.domains.benefits.certifying import Finding, Side, Signal
from linli.domains.benefits.certifying import book as certified
from linli.domains.benefits.definitions import shipped_policies
from linli.domains.benefits.granting import (
    GATHERING,
    BatchState,
    Book,
    ClawBackState,
    EntryKind,
    FilePurpose,
    GrantState,
    How,
    LineState,
    Waits,
    granting_of,
)
from linli.domains.benefits.models import (
    ClawBack,
    Grant,
    LedgerEntry,
    LedgerLine,
    PayAccount,
    PayBatch,
    PayLine,
    Repayment,
    WriteOff,
)
from linli.domains.benefits.permissions import AGREE, AUDIT, PAY, VIEW, must_serve
from linli.domains.benefits.queries.grants import Progress, Work
from linli.domains.benefits.runs import shortest, within
from linli.domains.benefits.values import NEVER
from linli.domains.org.queries import region_names
from linli.domains.people.queries import ConsentPurpose, bank_accounts, consenting, party_names
from linli.domains.trace.queries import events_on
from linli.kernel.actors import Actor
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.fields import blind
from linli.kernel.identifiers import mask_account
from linli.kernel.text import Message, msg

_MAY = (VIEW, PAY, AGREE, AUDIT)
_CONTEXT = "benefits_payline.account"
FILE_TAKEN = "benefits.file_taken"
COUNTY = 6  # digits of a county's code


def _must(by: Actor) -> None:
    if not any(by.can(p) for p in _MAY):
        raise NotAllowed(permission=VIEW)


# -- accounts and holds ----------------------------------------------------------------------------------------------------------


def account_index(number: str) -> bytes:
    """The same for the same number, and nothing tells the number from it."""
    return blind(number, context=_CONTEXT)


@dataclass(frozen=True, slots=True)
class Account:
    """Where somebody is paid: holder, bank, number. Never shown whole; only a payment file says the number."""

    holder: str
    bank: str
    number: str

    @property
    def index(self) -> bytes:
        """Tells whether it is the account of another time."""
        return account_index(self.number)

    @property
    def masked(self) -> str:
        return mask_account(self.number)


def accounts_of(party_ids: Collection[UUID]) -> dict[UUID, Account]:
    """The accounts into which some people and employers want to be paid: given or confirmed for that, and not taken back. Four queries.

    What their record has for filling forms is not used: see :func:`kept_account`.
    """
    given = PayAccount.objects.filter(party_id__one_of=party_ids, withdrawn_at=None)
    newest = given.order_by("party_id", "-given_at", "-id").distinct("party_id")
    rows: dict[UUID, Any] = dict(newest.values_list("party_id", "account"))
    known = party_names(rows)
    agreed = consenting(rows, ConsentPurpose.PAY_BENEFITS)
    found = {}
    for party_id, account in rows.items():
        name, is_employer = known.get(party_id, ("", False))
        if name and account and (is_employer or party_id in agreed):
            told = account.open_json()
            found[party_id] = Account(name, told["bank"], told["number"])
    return found


def kept_account(party_id: UUID) -> Account | None:
    """The account that a record has for filling forms, to be offered: it is paid into only once its owner confirmed it for that."""
    kept = bank_accounts([party_id]).get(party_id)
    return Account(kept.holder, kept.bank, kept.number) if kept and kept.number else None


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a payment to a person waits until somebody looked into it: the long-term benefit of theirs that is suspended and since when, or that
    there is a sign of death and of which day, as far as that is known."""

    waits: Waits
    benefit: str
    day: date | None

    @property
    def sentence(self) -> Message:
        day = self.day.isoformat() if self.day else ""
        if self.waits is Waits.HELD:
            return msg("“%(benefit)s”从 %(day)s 起暂停发放。恢复发放以后，这笔随下一批付款。", benefit=msg(self.benefit), day=day)
        if day:
            return msg("有 %(day)s 去世的记录，比这笔的比对日期早。核实本人在世以后，随下一批付款；确已去世的，不予发放。", day=day)
        return msg("有去世的记录，日期不明。核实本人在世以后，随下一批付款；确已去世的，不予发放。")


# What holds a grant back (``o``, of the run ``r``): the first suspension that concerns it, and a sign of death that nobody looked into or
# that was found to be right. A right that was found before either goes on.
_HOLDS = """
      LEFT JOIN LATERAL (
           SELECT f.benefit, s.since FROM benefits_certification f
             JOIN benefits_suspension s ON s.certification_id = f.id AND s.ended_on IS NULL
             LEFT JOIN benefits_inquiry i ON i.id = s.inquiry_id
            WHERE f.person_id = o.payee_id AND i.finding IS DISTINCT FROM %(found_dead)s AND r.on >= date_trunc('month', s.since)
              AND (i.id IS NULL AND o.policy = ANY(%(living)s)
                   OR (o.policy, f.benefit) IN (SELECT * FROM unnest(%(parts)s::text[], %(wholes)s::text[])))
            ORDER BY s.since LIMIT 1) stop ON NOT o.payee_is_employer
      LEFT JOIN LATERAL (
           SELECT true AS known, least((SELECT min(e.day) FROM benefits_evidence e WHERE e.person_id = o.payee_id AND e.kind = ANY(%(deaths)s)
                            AND e.heard_at > coalesce((SELECT max(f.cleared_at) FROM benefits_certification f
                                                        WHERE f.person_id = o.payee_id), '-infinity')),
                        (SELECT nullif(p.died_on, %(never)s) FROM benefits_person_facts p WHERE p.subject_id = o.payee_id)) AS day
            WHERE EXISTS (SELECT 1 FROM benefits_person_facts p WHERE p.subject_id = o.payee_id AND p.death_sources > 0)
               OR EXISTS (SELECT 1 FROM benefits_certification f WHERE f.person_id = o.payee_id AND f.over_on IS NULL AND f.signal = %(dead)s)
               OR EXISTS (SELECT 1 FROM benefits_certification f
                            JOIN benefits_suspension s ON s.certification_id = f.id AND s.ended_on IS NULL
                            JOIN benefits_inquiry i ON i.id = s.inquiry_id AND i.finding = %(found_dead)s
                           WHERE f.person_id = o.payee_id)) death ON NOT o.payee_is_employer
"""
_HELD = """
    CASE WHEN death.known AND (o.policy = ANY(%(always)s) OR NOT coalesce(death.day >= r.on, false)) THEN 'death'
         WHEN stop.since IS NOT NULL THEN 'held' ELSE '' END
"""


def _holding() -> dict[str, Any]:
    """What :data:`_HOLDS` asks of the data."""
    terms = {code: granting_of(code).holds for code in shipped_policies()}
    whole = [(code, benefit) for code, h in terms.items() for benefit in h.part_of]
    return {
        "living": [code for code, h in terms.items() if h.living], "always": [code for code, h in terms.items() if h.death == "always"],
        "parts": [code for code, _ in whole], "wholes": [benefit for _, benefit in whole], "never": NEVER,
        "deaths": [k.code for k in certified().kinds.values() if k.side is Side.DEATH], "dead": Signal.PRESUMED_DEAD,
        "found_dead": Finding.DEAD,
    }  # fmt: skip


def holds(grant_ids: Collection[UUID]) -> dict[UUID, Hold]:
    """Of some grants those whose payment waits since a benefit is suspended that it belongs to, or since there is a sign of death. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.id, {_HELD}, coalesce(stop.benefit, ''), stop.since, death.day "
            f"FROM benefits_grant o JOIN benefits_run r ON r.id = o.run_id {_HOLDS} WHERE o.id = ANY(%(grants)s)",
            {**_holding(), "grants": list(grant_ids)},
        )
        found = {}
        for pk, waits, benefit, since, day in cursor.fetchall():
            if waits == Waits.DEATH:
                found[pk] = Hold(Waits.DEATH, "", day)
            elif waits:
                found[pk] = Hold(Waits.HELD, certified().benefits[benefit].label, since)
    return found


# -- what can be paid ------------------------------------------------------------------------------------------------------------


def owed(policy: str, *, list_id: UUID | None = None, region: str = "") -> QuerySet[Grant]:
    """Grants that are owed and in no payment."""
    found = Grant.objects.filter(
        policy=policy, state__in=[GrantState.DUE, GrantState.RETURNED], region__startswith=shortest(region)
    )
    return found.filter(list_id=list_id) if list_id else found


def had_back(grant_id: UUID) -> bool:
    """Whether money of a grant is asked back, or came back from whoever had it."""
    ended = Q(state__in=[ClawBackState.REFUSED, ClawBackState.LIFTED])
    some = Exists(Repayment.objects.filter(claw_back=OuterRef("pk")))
    return ClawBack.objects.filter(~ended | some, grant_id=grant_id).exists()


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """An owed grant that cannot be paid now, and why; None where it can. ``hold``: more of it, where something must be looked into first."""

    grant: Grant
    waits: Waits | None
    hold: Hold | None = None


def owed_grants(*, by: Actor, policy: str = "", state: GrantState | None = None) -> QuerySet[Grant]:
    """What is owed in the actor's place, the oldest first; with :func:`waiting_lines` a page says what each waits for."""
    _must(by)
    states = [state] if state else [GrantState.DUE, GrantState.RETURNED]
    found = Grant.objects.filter(state__in=states, region__startswith=shortest(by.region)).select_related("case")
    return (found.filter(policy=policy) if policy else found).order_by("due_on", "id")


@dataclass(frozen=True, slots=True)
class WaitingSum:
    """How many owed grants wait for the same, or can be paid (``waits`` None), and how much that is, in fen."""

    waits: Waits | None
    number: int
    fen: int


_WAITING = f"""
    SELECT g.id, g.amount_fen, g.payee_id, g.payee_is_employer, a.account_id, CASE
             WHEN g.case_id IS NULL THEN 'case'
             WHEN g.confirmed_at IS NULL AND g.policy = ANY(%(confirmed)s) THEN 'confirmation'
             WHEN g.held <> '' THEN g.held
             WHEN g.state = 'returned' AND EXISTS (
                  SELECT 1 FROM benefits_clawback c WHERE c.grant_id = g.id AND c.state IN ('proposed', 'ordered')) THEN 'claw_back'
             WHEN a.account_index IS NULL THEN 'account'
             WHEN g.state = 'returned' AND a.account_index = (
                  SELECT l.account_index FROM benefits_payline l
                   WHERE l.grant_id = g.id AND l.state = 'returned' ORDER BY l.attempt DESC LIMIT 1) THEN 'correction'
             ELSE '' END AS waits
      FROM (SELECT o.*, {_HELD} AS held FROM benefits_grant o JOIN benefits_run r ON r.id = o.run_id {_HOLDS}
             WHERE o.state IN ('due', 'returned') AND {{which}}) g
      LEFT JOIN LATERAL (SELECT p.id AS account_id, p.account_index FROM benefits_payaccount p
                          WHERE p.party_id = g.payee_id AND p.withdrawn_at IS NULL ORDER BY p.given_at DESC, p.id DESC LIMIT 1) a ON true
"""
_HERE = _WAITING.format(
    which="starts_with(o.region, %(place)s) AND (%(policy)s = '' OR o.policy = %(policy)s) AND (%(list)s::uuid IS NULL OR o.list_id = %(list)s)"
)
_SOME = f"""
    SELECT every.*, (SELECT coalesce(max(l.attempt), 0) + 1 FROM benefits_payline l WHERE l.grant_id = every.id)
      FROM ({_WAITING.format(which="o.id = ANY(%(grants)s)")}) every ORDER BY every.id
"""


class Ready(NamedTuple):
    """A grant that can be paid now: how much (fen), to whom by name, into which of the accounts that were given, and the how manieth try that is."""

    grant_id: UUID
    fen: int
    holder: str
    account_id: UUID
    attempt: int


def sorted_out(grant_ids: Collection[UUID]) -> tuple[list[Ready], dict[UUID, Waits]]:
    """Of some owed grants those that can be paid now, by their ids, and why the others wait. Four queries however many; no account is opened."""
    with connection.cursor() as cursor:
        cursor.execute(_SOME, {**_terms(), "grants": list(grant_ids)})
        rows = cursor.fetchall()
    payees = {payee_id for _, _, payee_id, _, account_id, *_ in rows if account_id}
    known, agreed = party_names(payees), consenting(payees, ConsentPurpose.PAY_BENEFITS)
    ready, waits = [], {}
    for grant_id, fen, payee_id, is_employer, account_id, why, attempt in rows:
        holder, _ = known.get(payee_id, ("", False))
        if why in ("", Waits.CORRECTION) and not (holder and (is_employer or payee_id in agreed)):
            why = Waits.ACCOUNT
        if why:
            waits[grant_id] = Waits(why)
        else:
            ready.append(Ready(grant_id, fen, holder, account_id, attempt))
    return ready, waits


def _terms() -> dict[str, Any]:
    return {**_holding(), "confirmed": [code for code in shipped_policies() if granting_of(code).how is How.CONFIRMED]}


def _waiting(policy: str, region: str, list_id: UUID | None = None) -> dict[str, Any]:
    return {**_terms(), "place": shortest(region), "policy": policy, "list": list_id}


def waiting_sums(*, by: Actor, policy: str = "") -> list[WaitingSum]:
    """What is owed in the actor's place, counted by what it waits for, in the order of :class:`Waits`; what can be paid first. One query."""
    _must(by)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT waits, count(*), sum(amount_fen)::bigint FROM ({_HERE}) every GROUP BY 1", _waiting(policy, by.region)
        )
        found = {waits: WaitingSum(Waits(waits) if waits else None, number, fen) for waits, number, fen in cursor.fetchall()}
    return [found[key] for key in ("", *Waits) if key in found]


def some_ready(policy: str, *, list_id: UUID | None = None, region: str) -> bool:
    """Whether of what is owed anything can be paid now, as far as the room itself knows. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM ({_HERE}) every WHERE waits = '')", _waiting(policy, region, list_id))
        return bool(cursor.fetchone()[0])


def waiting_lines(grants: Sequence[Grant]) -> list[WaitingLine]:
    """What each of some owed grants waits for."""
    ids = [g.pk for g in grants]
    waits, held = sorted_out(ids)[1], holds(ids)
    return [WaitingLine(g, why := waits.get(g.pk), held.get(g.pk) if why in _LOOKED_INTO else None) for g in grants]


_LOOKED_INTO = (Waits.HELD, Waits.DEATH)


# -- batches ---------------------------------------------------------------------------------------------------------------------


def batch_for(rows: QuerySet[PayBatch], batch_id: UUID, by: Actor) -> PayBatch:
    """A batch of the actor's place. Raises :class:`NotFound`."""
    found = rows.filter(pk=batch_id).first()
    if found is None or not within(found.region, by.region):
        raise NotFound(what=msg("这批付款"))
    return found


def pay_batches(*, by: Actor) -> QuerySet[PayBatch]:
    """Batches of the actor's place, newest first."""
    _must(by)
    return PayBatch.objects.filter(region__startswith=shortest(by.region)).order_by("-made_at", "-id")


def pay_batch(batch_id: UUID, *, by: Actor) -> PayBatch:
    """One batch. Raises :class:`NotFound`."""
    _must(by)
    return batch_for(PayBatch.objects.select_related("list"), batch_id, by)


def pay_lines(batch_id: UUID, *, by: Actor, state: LineState | None = None) -> QuerySet[PayLine]:
    """The payments of a batch, in its order; none before all are in it."""
    row = pay_batch(batch_id, by=by)
    if row.state in GATHERING:
        return PayLine.objects.none()
    found = PayLine.objects.filter(batch=row).select_related("grant")
    return (found.filter(state=state) if state else found).order_by("position")


def payments_of(grant_id: UUID, *, by: Actor) -> QuerySet[PayLine]:
    """Every payment of a grant that was tried, the first first; also those in a batch of the place above, which :func:`opens` not."""
    _must(by)
    found = PayLine.objects.filter(grant_id=grant_id, grant__region__startswith=shortest(by.region))
    return found.select_related("batch").order_by("attempt")


def batch_progress(row: PayBatch) -> Progress | None:
    """What jobs do with a batch now; nothing where they wait for somebody or are done."""
    match row.state:
        case BatchState.MAKING:
            return Progress(Work.GATHERING, row.done, row.total)
        case BatchState.AGREEING:
            return Progress(Work.ENTERING, row.sent, row.total)
    return None


def opens(batch: PayBatch, *, by: Actor) -> bool:
    """Whether a batch is of the actor's place, so that its page opens."""
    return within(batch.region, by.region)


def returned_lines(*, by: Actor, open_only: bool = True) -> QuerySet[PayLine]:
    """What the bank sent back in the actor's place, newest first; those that have not been paid since."""
    _must(by)
    found = PayLine.objects.filter(state=LineState.RETURNED, grant__region__startswith=shortest(by.region))
    if open_only:
        found = found.filter(grant__state=GrantState.RETURNED).exclude(
            Exists(PayLine.objects.filter(grant=OuterRef("grant"), attempt__gt=OuterRef("attempt")))
        )
    return found.select_related("grant", "batch").order_by("-answered_at", "-id")


@dataclass(frozen=True, slots=True)
class Taking:
    """That somebody took the file of a batch: who, when and what for (nothing is known of that before it was asked)."""

    by_id: UUID | None
    at: datetime
    purpose: FilePurpose | None


def file_takings(batch_ids: Collection[UUID], *, by: Actor) -> dict[UUID, list[Taking]]:
    """Who took the files of some batches of the actor's place, the newest first. Two queries."""
    mine = set(pay_batches(by=by).filter(pk__in=list(batch_ids)).values_list("pk", flat=True))
    found: dict[UUID, list[Taking]] = {}
    for event in events_on(mine, acts=[FILE_TAKEN]):
        said = event.data.get("purpose")
        found.setdefault(event.chain_id, []).append(Taking(event.user_id, event.at, FilePurpose(said) if said else None))
    return found


def batch_sums(batch_id: UUID, *, by: Actor) -> dict[str, tuple[int, int]]:
    """By state of its payments how many and how much. One query beyond the batch."""
    row = pay_batch(batch_id, by=by)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, count(*), sum(amount_fen)::bigint FROM benefits_payline WHERE batch_id = %s GROUP BY 1", [row.pk]
        )
        return {state: (number, fen) for state, number, fen in cursor.fetchall()}


# -- claw-backs ------------------------------------------------------------------------------------------------------------------


def claw_back_for(rows: QuerySet[ClawBack], claw_back_id: UUID, by: Actor) -> ClawBack:
    """A claw-back of the actor's place. Raises :class:`NotFound`."""
    found = rows.filter(pk=claw_back_id).first()
    if found is None or not within(found.grant.region, by.region):
        raise NotFound(what=msg("这笔追回"))
    return found


def claw_backs(*, by: Actor, state: ClawBackState | None = None, grant_id: UUID | None = None) -> QuerySet[ClawBack]:
    """Claw-backs of the actor's place, newest first; those of one grant, if it is named."""
    _must(by)
    found = ClawBack.objects.filter(grant__region__startswith=shortest(by.region)).select_related("grant")
    found = found.filter(grant=grant_id) if grant_id else found
    return (found.filter(state=state) if state else found).order_by("-made_at", "-id")


@dataclass(frozen=True, slots=True)
class ClawBackSheet:
    """A claw-back with what came in, what was given up, and what is left, in fen."""

    claw_back: ClawBack
    repayments: tuple[Repayment, ...]
    write_off: WriteOff | None
    left_fen: int


def claw_back(claw_back_id: UUID, *, by: Actor) -> ClawBackSheet:
    """One claw-back with everything. Raises :class:`NotFound`."""
    _must(by)
    return sheet_of(claw_back_for(ClawBack.objects.select_related("grant", "grant__list"), claw_back_id, by))


def sheet_of(row: ClawBack) -> ClawBackSheet:
    """What came in of a claw-back, and what is left."""
    repayments = tuple(Repayment.objects.filter(claw_back=row).order_by("on", "noted_at", "id"))
    write_off = WriteOff.objects.filter(claw_back=row).first()
    had = sum(r.amount_fen for r in repayments) + ((write_off.amount_fen or 0) if write_off else 0)
    return ClawBackSheet(row, repayments, write_off, row.amount_fen - had - (row.lifted_fen or 0))


# -- the ledger ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account of a fund and policy holds on a day: debits, credits and what they come to, in fen."""

    book: Book
    fund: str
    policy: str
    debit_fen: int
    credit_fen: int

    @property
    def fen(self) -> int:
        return self.debit_fen - self.credit_fen


def _entered(by: Actor, region: str) -> QuerySet[LedgerEntry]:
    """What was entered of the actor's place, or of a place in it. Raises :class:`NotAllowed`."""
    _must(by)
    if region:
        must_serve(by, region)
    return LedgerEntry.objects.filter(region__startswith=shortest(region or by.region))


def ledger_places(*, by: Actor) -> dict[str, str]:
    """The counties of the actor's place of which something was entered, with their names; two queries."""
    codes = list(
        _entered(by, "").annotate(county=Left("region", COUNTY)).values_list("county", flat=True).distinct().order_by("county")
    )
    names = region_names(codes)
    return {code: names.get(code, code) for code in codes}


def balance(on: date, *, by: Actor, region: str = "") -> list[Balance]:
    """What every account holds at the end of a day, of the actor's place or of one in it; all together come to nothing. One query."""
    lines = LedgerLine.objects.filter(entry__in=_entered(by, region).filter(on__lte=on)).values_list("book", "fund", "policy")
    found = lines.annotate(debit=Sum("fen", filter=Q(fen__gt=0), default=0), credit=Sum("fen", filter=Q(fen__lt=0), default=0))
    order = list(Book)
    rows = [Balance(Book(book), fund, policy, int(debit), -int(credit)) for book, fund, policy, debit, credit in found.order_by()]
    return sorted(rows, key=lambda b: (order.index(b.book), b.fund, b.policy))


def ledger(
    *, by: Actor, policy: str = "", book: Book | None = None, kind: EntryKind | None = None, source_id: UUID | None = None, region: str = ""
) -> QuerySet[LedgerEntry]:  # fmt: skip
    """What was entered of the actor's place or of one in it, newest first, each with its lines."""
    found = _entered(by, region).prefetch_related("lines")
    if policy or book:
        sides = LedgerLine.objects.filter(entry=OuterRef("pk"))
        sides = sides.filter(policy=policy) if policy else sides
        found = found.filter(Exists(sides.filter(book=book) if book else sides))
    if kind:
        found = found.filter(kind=kind)
    if source_id:
        found = found.filter(source_id=source_id)
    return found.order_by("-on", "-id")


@dataclass(frozen=True, slots=True)
class Difference:
    """Where grants of a region and the ledger do not say the same, in fen."""

    region: str
    book: Book
    policy: str
    grants_fen: int
    ledger_fen: int


_SAID = """
    SELECT 'expense' AS book, region, policy, sum(amount_fen) AS fen FROM benefits_grant
     WHERE state NOT IN ('listed', 'void') AND starts_with(region, %(place)s) GROUP BY region, policy
    UNION ALL
    SELECT 'payable', g.region, g.policy, -sum(g.amount_fen) FROM benefits_grant g
     WHERE starts_with(g.region, %(place)s) AND (g.state IN ('due', 'returned')
        OR g.state = 'paying' AND NOT EXISTS (SELECT 1 FROM benefits_payline l JOIN benefits_paybatch b ON b.id = l.batch_id
                                               WHERE l.grant_id = g.id AND l.state = 'open' AND l.position <= b.sent))
     GROUP BY g.region, g.policy
    UNION ALL
    SELECT CASE l.state WHEN 'open' THEN 'clearing' ELSE 'bank' END, g.region, g.policy, -sum(l.amount_fen)
      FROM benefits_payline l JOIN benefits_paybatch b ON b.id = l.batch_id JOIN benefits_grant g ON g.id = l.grant_id
     WHERE (l.state = 'open' AND l.position <= b.sent OR l.state = 'paid') AND starts_with(g.region, %(place)s)
     GROUP BY l.state, g.region, g.policy
    UNION ALL
    SELECT side.book, g.region, g.policy, side.sign * sum(c.amount_fen) FROM benefits_clawback c JOIN benefits_grant g ON g.id = c.grant_id
     CROSS JOIN (VALUES ('receivable', 1), ('expense', -1)) AS side(book, sign)
     WHERE c.state IN ('ordered', 'settled', 'lifted') AND starts_with(g.region, %(place)s) GROUP BY side.book, side.sign, g.region, g.policy
    UNION ALL
    SELECT side.book, g.region, g.policy, side.sign * sum(c.lifted_fen) FROM benefits_clawback c JOIN benefits_grant g ON g.id = c.grant_id
     CROSS JOIN (VALUES ('expense', 1), ('receivable', -1)) AS side(book, sign)
     WHERE c.lifted_fen IS NOT NULL AND starts_with(g.region, %(place)s) GROUP BY side.book, side.sign, g.region, g.policy
    UNION ALL
    SELECT side.book, g.region, g.policy, side.sign * sum(r.amount_fen)
      FROM benefits_repayment r JOIN benefits_clawback c ON c.id = r.claw_back_id JOIN benefits_grant g ON g.id = c.grant_id
     CROSS JOIN (VALUES ('bank', 1), ('receivable', -1)) AS side(book, sign)
     WHERE starts_with(g.region, %(place)s) GROUP BY side.book, side.sign, g.region, g.policy
    UNION ALL
    SELECT side.book, g.region, g.policy, side.sign * sum(w.amount_fen)
      FROM benefits_writeoff w JOIN benefits_clawback c ON c.id = w.claw_back_id JOIN benefits_grant g ON g.id = c.grant_id
     CROSS JOIN (VALUES ('loss', 1), ('receivable', -1)) AS side(book, sign)
     WHERE w.amount_fen IS NOT NULL AND starts_with(g.region, %(place)s) GROUP BY side.book, side.sign, g.region, g.policy
"""
_DIFFERS = f"""
    WITH said AS (SELECT region, book, policy, sum(fen)::bigint AS fen FROM ({_SAID}) every GROUP BY 1, 2, 3),
    entered AS (SELECT e.region, l.book, l.policy, sum(l.fen)::bigint AS fen
                  FROM benefits_ledger_line l JOIN benefits_ledger_entry e ON e.id = l.entry_id
                 WHERE starts_with(e.region, %(place)s) GROUP BY 1, 2, 3)
    SELECT region, book, policy, coalesce(said.fen, 0), coalesce(entered.fen, 0) FROM said FULL JOIN entered USING (region, book, policy)
     WHERE coalesce(said.fen, 0) <> coalesce(entered.fen, 0) ORDER BY 1, 2, 3
"""


def ledger_differences(*, by: Actor) -> list[Difference]:
    """Grants, payments and claw-backs of the actor's place held against the ledger, region by region and to the fen; nothing where both
    say the same. One query."""
    _must(by)
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERS, {"place": shortest(by.region)})
        return [Difference(region, Book(book), *rest) for region, book, *rest in cursor.fetchall()]
