"""Promises from the signature to the check, and what follows where one is not kept (告知承诺, 容缺受理)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from linli.domains.cases import papers, promises
from linli.domains.cases.clock import add_months
from linli.domains.cases.commands.intake import Handed, add_files, hand_in, material_row, note_handed, withdraw
from linli.domains.cases.errors import NotHeard, NotYourCheck, ReasonMissing
from linli.domains.cases.grounds import Received
from linli.domains.cases.lifecycle import IN_HAND, Move, State
from linli.domains.cases.models import Breach, Commitment, Step, StepState
from linli.domains.cases.moves import Work, lock, locked
from linli.domains.cases.permissions import BREACH, CHECK, RECEIVE, applies_for, at_counter, supervises
from linli.domains.cases.promising import Promise, PromiseNotice, PromiseState, Signed, revocation_basis
from linli.domains.cases.sharing import facts_of
from linli.domains.catalog.queries import get_standard
from linli.domains.documents.commands import StoredFileRef, revoke_document
from linli.domains.documents.queries import PaperKind
from linli.domains.documents.queries import State as PaperState
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import any_connected, shared_of
from linli.domains.org.queries import calendar, letterhead
from linli.domains.trace.commands import once
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.text import msg

_REVOCABLE = (PaperState.COMPOSED, PaperState.SEALED)


# -- given, and brought --------------------------------------------------------------------------------------------------------


@once
def commit_to(
    *,
    case_id: UUID,
    code: str,
    promise: Promise = Promise.COMMITMENT,
    signature: StoredFileRef | None = None,
    sheet: tuple[tuple[StoredFileRef, str], ...] = (),
    by: Actor,
    now: datetime,
) -> None:
    """Take a promise at the counter in place of a material: signed on the screen, or (without a signature) on the printed sheet,
    of which a scan is kept as soon as there is one (:func:`keep_sheet`). What was told is kept with it.

    Raises :class:`PromiseRefused` with the reason, :class:`CreditNoted`, :class:`PromisesOnce`.
    """
    by.must(RECEIVE)
    received = Received.PROMISED if promise is Promise.PENDING else Received.COMMITTED
    files = ((signature, "signature.png"),) if signature and promise is Promise.COMMITMENT else () if signature else sheet
    handed = Handed(code, received, files, signature=signature, on_paper=signature is None)
    hand_in(case_id=case_id, material=handed, by=by, now=now)


@once
def keep_sheet(*, case_id: UUID, code: str, sheet: tuple[tuple[StoredFileRef, str], ...], by: Actor, now: datetime) -> None:
    """Lay the scan or photograph of a promise signed on paper to the case, whenever the sheet comes to hand."""
    by.must(RECEIVE)
    work = locked(at_counter, case_id, by=by, now=now)
    promises_here = Commitment.objects.filter(case=work.case, code=code, signed=Signed.PAPER).exclude(standing=PromiseState.VOID)
    if not promises_here.exists() or not sheet:
        raise NotFound(what=msg("纸质签字的承诺"))
    add_files(material_row(work.case, code), Handed(code, files=sheet), now)
    work.note("cases.sheet_kept", material=code, files=[{"sm3": ref.digest, "name": name} for ref, name in sheet])
    work.save()


@once
def bring_pending(*, case_id: UUID, material: Handed, by: Actor, now: datetime) -> None:
    """Note that a material promised at acceptance has come in, at a counter or from the applicant's own phone; with this the
    promise is kept."""
    if by.resident_id is None:
        by.must(RECEIVE)
        work = locked(at_counter, case_id, by=by, now=now)
    else:
        work = locked(lambda who, case: applies_for(who, case, on=local_date(now)), case_id, by=by, now=now)
    promise = Commitment.objects.filter(
        case=work.case, code=material.code, promise=Promise.PENDING, standing=PromiseState.DUE
    ).first()  # fmt: skip
    if promise is None or work.case.state not in IN_HAND or not material.received or (by.resident_id and not material.files):
        raise NotFound(what=msg("待补交的材料"))
    promise.standing, promise.settled_at, promise.settled_by_id = PromiseState.KEPT, now, by.user_id
    promise.save(update_fields=["standing", "settled_at", "settled_by_id"])
    note_handed(work, material_row(work.case, material.code), material)
    work.note("cases.pending_brought", material=material.code)
    work.save()


# -- checked ---------------------------------------------------------------------------------------------------------------------


def _check(commitment_id: UUID, *, by: Actor, now: datetime) -> tuple[Work, Commitment]:
    """A commitment that the actor has to check, with its case locked. Raises :class:`NotYourCheck`."""
    by.must(CHECK)
    return _locked(commitment_id, by=by, now=now, owner=by.user_id)


def _locked(commitment_id: UUID, *, by: Actor, now: datetime, owner: UUID | None = None) -> tuple[Work, Commitment]:
    """A commitment with its case locked: the owner's, or where none is asked for, one the actor supervises."""
    case_id = Commitment.objects.filter(pk=commitment_id).values_list("case_id", flat=True).first()
    case = lock(case_id) if case_id else None
    promise = Commitment.objects.select_for_update(of=("self",)).filter(pk=commitment_id).first()
    mine = promise is not None and (promise.owner_id == owner if owner else case is not None and supervises(by, case))
    if case is None or promise is None or not mine:
        raise NotYourCheck
    return Work(case, by=by, now=now), promise


def _settle(work: Work, promise: Commitment, standing: PromiseState, **more: object) -> None:
    promise.standing, promise.settled_at, promise.settled_by_id = standing, work.now, work.by.user_id
    for name, value in more.items():
        setattr(promise, name, value)
    promise.save(update_fields=["standing", "settled_at", "settled_by_id", *more])
    if standing is PromiseState.KEPT and promise.provisional and not promises.is_provisional(work.case):
        work.note("cases.result_final", material=promise.code)


@once
def confirm_kept(*, commitment_id: UUID, finding: str, by: Actor, now: datetime) -> None:
    """Note that a commitment was checked and is true, and how that was found. Raises :class:`ReasonMissing`."""
    work, promise = _check(commitment_id, by=by, now=now)
    if promise.standing != PromiseState.DUE:
        raise NotYourCheck
    if not finding.strip():
        raise ReasonMissing(field="finding", what=msg("核查的方式和结果"))
    _settle(work, promise, PromiseState.KEPT, finding=finding.strip()[:2000])
    work.note("cases.commitment_kept", commitment=promise.pk, material=promise.code, finding=promise.finding)
    work.save()


def ask_for_check(*, commitment_id: UUID, by: Actor, now: datetime) -> int:
    """Ask the department that holds the material, where an interface answers it; otherwise the check is by hand.

    Safe to repeat. Returns how many questions were asked.
    """
    promise = Commitment.objects.select_related("case").filter(pk=commitment_id, standing=PromiseState.DUE).first()
    if promise is None or promise.promise != Promise.COMMITMENT or not any_connected():
        return 0
    case = promise.case
    standard = get_standard(case.standard_id)
    wanted = standard.material(promise.code)
    assert wanted
    about = exchange.About(case.pk, case.item_code, case.region, case.org_id, case.hall_id, case.applicant_id)
    what = exchange.Wanted(promise.code, promise.name, wanted.issued_by)
    return len(exchange.ask(about=about, wanted=[what], facts=facts_of(case, standard), lasting=True, by=by, now=now))


def settle_answered(*, by: Actor, now: datetime, limit: int = 200) -> int:
    """Settle the checks that a department has answered: a record that agrees with the case bears the commitment out.

    Where there is none, or it says otherwise, a person looks. Safe to repeat. Returns how many were settled.
    """
    done = 0
    if not any_connected():
        return done
    open_ones = Commitment.objects.filter(promise=Promise.COMMITMENT, standing=PromiseState.DUE, case__decided_at__isnull=False)
    for pk, case_id, code in list(open_ones.order_by("due_on", "pk").values_list("pk", "case_id", "code")[:limit]):
        shared = shared_of(case_id).get(code)
        if shared is None or not shared.usable:
            continue
        with transaction.atomic():
            case = lock(case_id)
            promise = Commitment.objects.select_for_update(of=("self",)).filter(pk=pk, standing=PromiseState.DUE).first()
            if case is None or promise is None:
                continue
            work = Work(case, by=by, now=now)
            finding = f"{shared.source}的记录与承诺一致（回执 {shared.digest[:16]}）"
            _settle(work, promise, PromiseState.KEPT, finding=finding, receipt_id=shared.question_id)
            work.note("cases.commitment_kept", commitment=promise.pk, material=promise.code, receipt=shared.question_id)
            work.save()
            done += 1
    return done


# -- not kept ---------------------------------------------------------------------------------------------------------------------


@once
def find_breach(*, commitment_id: UUID, facts: str, by: Actor, now: datetime) -> UUID:
    """Put facts that belie a commitment to the applicant, in writing; they can answer until a day. Returns the notice."""
    work, promise = _check(commitment_id, by=by, now=now)
    if promise.standing != PromiseState.DUE or promise.promise != Promise.COMMITMENT:
        raise NotYourCheck
    if not facts.strip():
        raise ReasonMissing(field="facts", what=msg("核查发现的情况"))
    case, today, env = work.case, local_date(now), settings.ENV
    standard, head = get_standard(case.standard_id), letterhead(case.deciding_org_id or case.org_id)
    until = calendar(case.region).add_working_days(today, env.commitment_hearing_days)
    basis = revocation_basis(standard.kind.value, on=today)
    promise.standing = PromiseState.DOUBTED
    promise.save(update_fields=["standing"])
    document = papers.compose_for(
        case, PaperKind.BREACH_NOTICE,
        papers.addressed(case, standard, head) | {
            "material": promise.name[:500], "promised_on": local_date(promise.given_at), "facts": facts.strip(),
            "intended": f"撤销凭该承诺作出的决定；承诺不实的情况按规定记录 {env.credit_note_months} 个月，记录期间不再适用告知承诺。",
            "legal_basis": [basis], "answer_by": until,
        },
        org_id=head.body_id, by=by, now=now,
    )  # fmt: skip
    Breach.objects.create(
        commitment=promise, facts=facts.strip(), found_at=now, found_by_id=by.user_id, hear_until=until, legal_basis=basis,
        notice_id=document,
    )  # fmt: skip
    work.note("cases.breach_found", commitment=promise.pk, material=promise.code, until=until, document=document)
    work.save()
    return document


@once
def hear_applicant(*, commitment_id: UUID, statement: str, by: Actor, now: datetime) -> None:
    """Note what the applicant says to the facts: the one who checks, or whoever decides what follows."""
    work, promise = _checker_or_decider(commitment_id, by=by, now=now)
    breach = _open_breach(promise)
    if not statement.strip():
        raise ReasonMissing(field="statement", what=msg("申请人的陈述（没有意见的也请写明）"))
    breach.statement, breach.heard_at, breach.heard_by_id = statement.strip(), now, by.user_id
    breach.save(update_fields=["statement", "heard_at", "heard_by_id"])
    work.note("cases.breach_heard", commitment=promise.pk, material=promise.code)
    work.save()


def _checker_or_decider(commitment_id: UUID, *, by: Actor, now: datetime) -> tuple[Work, Commitment]:
    if by.can(BREACH):
        return _locked(commitment_id, by=by, now=now)
    return _check(commitment_id, by=by, now=now)


def _open_breach(promise: Commitment) -> Breach:
    breach = Breach.objects.select_for_update().filter(commitment=promise, concluded_at=None).first()
    if promise.standing != PromiseState.DOUBTED or breach is None:
        raise NotYourCheck
    return breach


@once
def conclude_breach(
    *, commitment_id: UUID, upheld: bool, reasons: str, revoke: bool = True, by: Actor, now: datetime
) -> UUID | None:
    """Decide whether a commitment was untrue, after the applicant was heard or let the day pass; returns the decision, if it was.

    Upheld: the result is taken back where ``revoke`` says so, and the breach is noted for some months. Not upheld: the commitment
    stands as checked. Whoever found the facts does not decide. Raises :class:`NotHeard`, :class:`ReasonMissing`.
    """
    by.must(BREACH)
    work, promise = _locked(commitment_id, by=by, now=now)
    breach = _open_breach(promise)
    if breach.found_by_id == by.user_id:
        raise NotYourCheck
    if not reasons.strip():
        raise ReasonMissing(field="reasons", what=msg("理由"))
    today = local_date(now)
    if upheld and breach.heard_at is None and today <= breach.hear_until:
        raise NotHeard(until=breach.hear_until.isoformat())
    breach.concluded_at, breach.concluded_by_id, breach.upheld, breach.reasons = now, by.person_id, upheld, reasons.strip()
    document = None
    if upheld:
        breach.noted_until = add_months(today, settings.ENV.credit_note_months)
        _settle(work, promise, PromiseState.BROKEN, finding=breach.facts[:2000])
        taken_back = _take_back(work, breach) if revoke else []
        breach.revoked = bool(taken_back)
        document = breach.decision_id = _decision(work, promise, breach, taken_back)
    else:
        _settle(work, promise, PromiseState.KEPT, finding=reasons.strip()[:2000])
    breach.save()
    work.note(
        "cases.breach_concluded", commitment=promise.pk, material=promise.code, upheld=upheld, revoked=breach.revoked,
        until=breach.noted_until, document=document,
    )  # fmt: skip
    work.save()
    return document


def _take_back(work: Work, breach: Breach) -> list[str]:
    """Revoke the papers of the result; returns what was taken back. From then on nothing is granted any more. A grant nobody has
    received yet turns into a refusal, which is issued and handed over like any other."""
    case, taken = work.case, []
    for card in papers.results(case):
        if card.state in _REVOCABLE:
            revoke_document(
                document_id=card.id,
                reason=f"告知承诺不实：{breach.facts}",
                legal_basis=breach.legal_basis,
                by=work.by,
                now=work.now,
            )
            taken.append(card.number)
    if case.state == State.APPROVED:
        Step.objects.filter(case=case, kind="issue", state=StepState.OPEN).update(state=StepState.RELEASED)
        work.move(Move.TAKE_BACK, commitment=breach.commitment_id, basis=breach.legal_basis)
        taken = [f"准予“{get_standard(case.standard_id).name}”的决定"[:200]]
    if taken:
        work.change(approved=False)
    return taken


def _decision(work: Work, promise: Commitment, breach: Breach, taken_back: list[str]) -> UUID:
    case = work.case
    standard, head = get_standard(case.standard_id), letterhead(case.deciding_org_id or case.org_id)
    return papers.compose_for(
        case, PaperKind.BREACH_DECISION,
        papers.addressed(case, standard, head) | {
            "material": promise.name[:500], "facts": breach.facts, "statement": breach.statement, "reasons": breach.reasons,
            "legal_basis": [breach.legal_basis], "revoked": taken_back, "noted_until": breach.noted_until,
            "repair": PromiseNotice.of(promise.notice).repair or "改正后可以向任一窗口申请修复。", "remedy": papers.remedy(head),
        },
        org_id=head.body_id, by=work.by, now=work.now,
    )  # fmt: skip


@once
def repair_breach(*, commitment_id: UUID, how: str, by: Actor, now: datetime) -> None:
    """End the note of a breach because it was made good, and say how; the applicant may commit again from then on."""
    work, promise = _checker_or_decider(commitment_id, by=by, now=now)
    breach = Breach.objects.select_for_update().filter(commitment=promise, upheld=True).first()
    if promise.standing != PromiseState.BROKEN or breach is None:
        raise NotYourCheck
    if not how.strip():
        raise ReasonMissing(field="how", what=msg("如何改正"))
    breach.repaired_at, breach.repaired_by_id, breach.repair = now, by.user_id, how.strip()
    breach.save(update_fields=["repaired_at", "repaired_by_id", "repair"])
    promise.standing = PromiseState.REPAIRED
    promise.save(update_fields=["standing"])
    work.note("cases.breach_repaired", commitment=promise.pk, material=promise.code)
    work.save()


@once
def give_check(*, commitment_id: UUID, user_id: UUID, by: Actor, now: datetime) -> None:
    """Let a supervisor give an open check to somebody else, who had no hand in the case."""
    by.must("cases.redraw")
    work, promise = _locked(commitment_id, by=by, now=now)
    if promise.standing not in (PromiseState.DUE, PromiseState.DOUBTED) or user_id not in promises.who_may_check(
        work.case, on=local_date(now)
    ):
        raise NotYourCheck
    promise.owner_id = user_id
    promise.save(update_fields=["owner_id"])
    work.note("cases.check_given", commitment=promise.pk, material=promise.code)
    work.save()


# -- day by day --------------------------------------------------------------------------------------------------------------------


def _each(ids: list[UUID], *, by: Actor, now: datetime) -> Iterator[tuple[Work, Commitment]]:
    """Open promises one by one, each with its case locked in a transaction of its own."""
    for pk, case_id in Commitment.objects.filter(pk__in=ids).values_list("pk", "case_id"):
        with transaction.atomic():
            case = lock(case_id)
            promise = Commitment.objects.select_for_update(of=("self",)).filter(pk=pk, standing=PromiseState.DUE).first()
            if case is not None and promise is not None:
                yield Work(case, by=by, now=now), promise


def find_checkers(*, by: Actor, now: datetime, limit: int = 200) -> int:
    """Give each open check that nobody has to somebody. Safe to repeat. Returns how many found an owner."""
    nobodys = Commitment.objects.filter(promise=Promise.COMMITMENT, standing=PromiseState.DUE, owner_id=None)
    done = 0
    for work, promise in _each(list(nobodys.values_list("pk", flat=True)[:limit]), by=by, now=now):
        promise.owner_id = promises.whose_check(work.case, on=local_date(now))
        if promise.owner_id:
            promise.save(update_fields=["owner_id"])
            work.note("cases.check_given", commitment=promise.pk, material=promise.code)
            work.save()
            done += 1
    return done


def remind_pending(*, by: Actor, now: datetime, limit: int = 500) -> int:
    """Remind, once, of a material that was promised and is about to be due. Safe to repeat. Returns how many were reminded."""
    today, done = local_date(now), 0
    soon = today + timedelta(days=14)  # narrowed below by working days, which differ by region
    waiting = Commitment.objects.filter(
        promise=Promise.PENDING, standing=PromiseState.DUE, reminded_at=None, due_on__gte=today, due_on__lte=soon
    )
    for work, promise in _each(list(waiting.values_list("pk", flat=True)[:limit]), by=by, now=now):
        assert promise.due_on
        if calendar(work.case.region).working_days_between(today, promise.due_on) > settings.ENV.pending_remind_days:
            continue
        promise.reminded_at = now
        promise.save(update_fields=["reminded_at"])
        work.note("cases.pending_reminded", material=promise.code, name=promise.name, until=promise.due_on)
        work.save()
        done += 1
    return done


def lapse_pending(*, by: Actor, now: datetime, limit: int = 500) -> int:
    """Take back the acceptance of a case whose promised material did not come by its day (L). Safe to repeat.

    The applicant can apply again at any time. Returns how many cases.
    """
    late = Commitment.objects.filter(promise=Promise.PENDING, standing=PromiseState.DUE, due_on__lt=local_date(now))
    done = 0
    for work, promise in _each(list(late.values_list("pk", flat=True)[:limit]), by=by, now=now):
        if work.case.state not in IN_HAND:
            continue
        _settle(work, promise, PromiseState.BROKEN, finding="逾期未补交")
        work.note("cases.pending_lapsed", material=promise.code, until=promise.due_on)
        withdraw(work, reason=f"容缺的材料“{promise.name[:100]}”逾期未补交，撤销受理")
        done += 1
    return done


__all__ = [
    "ask_for_check", "bring_pending", "commit_to", "conclude_breach", "confirm_kept", "find_breach", "find_checkers", "give_check",
    "hear_applicant", "keep_sheet", "lapse_pending", "remind_pending", "repair_breach", "settle_answered",
]  # fmt: skip
