"""What a case does with promises as it goes: kept when given, dated when accepted, to be checked when decided."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.conf import settings
from django.db.models import Count

from linli.domains.cases import papers
from linli.domains.cases.clock import Budget, CountUnit, amber_from, due
from linli.domains.cases.clocks import conventions
from linli.domains.cases.drawing import suited
from linli.domains.cases.errors import CreditNoted, PendingOpen, PromiseRefused, PromisesOnce, ResultDoubted
from linli.domains.cases.models import Case, CaseMaterial, Commitment, Step
from linli.domains.cases.moves import Work
from linli.domains.cases.promising import Promise, PromiseNotice, PromiseState, Signed, notice, why_not
from linli.domains.catalog.queries import Material, Standard, get_standard
from linli.domains.documents.commands import StoredFileRef, hold_files
from linli.domains.documents.queries import PaperKind
from linli.domains.org.queries import Duty, Power, calendar, letterhead
from linli.kernel import rows
from linli.kernel.calendar import local_date
from linli.kernel.jobs import defer

OPEN = (PromiseState.GIVEN, PromiseState.DUE, PromiseState.DOUBTED)


def notice_for(standard: Standard, material: Material, promise: Promise, *, on: date) -> PromiseNotice:
    """The text somebody is told before they promise, with the periods of this site."""
    env = settings.ENV
    days = (material.pending_days or 0) if promise is Promise.PENDING else env.commitment_check_days
    return notice(standard, material, promise, on=on, days=days, months=env.credit_note_months)


def noted_until(party_id: UUID, *, on: date) -> date | None:
    """Until when a breach is noted against somebody, unless it is repaired before; None where nothing is."""
    days = Commitment.objects.filter(party_id=party_id, standing=PromiseState.BROKEN, breach__noted_until__gte=on)
    found: date | None = days.order_by("-breach__noted_until").values_list("breach__noted_until", flat=True).first()
    return found


def must_be_allowed(case: Case, standard: Standard, code: str, name: str, promise: Promise, *, on: date) -> Material:
    """The material in whose place something is promised. Raises :class:`PromiseRefused`, :class:`CreditNoted`."""
    wanted = standard.material(code)
    if wanted is None:
        raise PromiseRefused(field="materials", name=name, why="")
    if why := why_not(wanted, promise, instant=standard.times.instant):
        raise PromiseRefused(field="materials", name=name, why=why)
    if until := noted_until(case.applicant_id, on=on):
        raise CreditNoted(field="materials", name=name, until=until.isoformat())
    return wanted


def keep(work: Work, row: CaseMaterial, promise: Promise, *, signature: StoredFileRef | None = None, typed: str = "") -> Commitment:
    """Keep a promise as it was told and signed, in the place of an earlier one for the same material."""
    case, now, today = work.case, work.now, local_date(work.now)
    standard = get_standard(case.standard_id)
    wanted = must_be_allowed(case, standard, row.code, row.name, promise, on=today)
    earlier = Commitment.objects.filter(case=case, code=row.code).exclude(standing=PromiseState.VOID)
    if promise is Promise.PENDING and earlier.filter(promise=Promise.PENDING).exclude(standing=PromiseState.GIVEN).exists():
        raise PromisesOnce(name=row.name)
    let_go(work, code=row.code)
    if signature:
        hold_files([signature.id])
    signed = Signed.DRAWN if signature else Signed.TYPED if typed else Signed.PAPER
    return Commitment.objects.create(
        case=case, code=row.code, name=row.name, promise=promise, party_id=case.applicant_id,
        notice=notice_for(standard, wanted, promise, on=today).dump(), signed=signed,
        signature_file_id=signature.id if signature else None, typed_name=typed[:100],
        provisional=promise is Promise.COMMITMENT and wanted.provisional, given_at=now, taken_by_id=work.by.user_id,
    )  # fmt: skip


def let_go(work: Work, *, code: str = "") -> None:
    """What nothing rests on any more: the material came after all, or the case is over without a result."""
    standing = Commitment.objects.filter(case=work.case, standing__in=[PromiseState.GIVEN, PromiseState.DUE])
    if code:
        standing = standing.filter(code=code)
    standing.update(standing=PromiseState.VOID, settled_at=work.now)


def at_acceptance(work: Work, standard: Standard) -> dict[str, date | None]:
    """With the acceptance the days to bring what is pending begin, and each promise becomes a paper of the case.

    Returns until when each pending material is to come.
    """
    case = work.case
    until: dict[str, date | None] = {}
    for promise in Commitment.objects.filter(case=case, standing=PromiseState.GIVEN).order_by("code"):
        fields = ["document_id"]
        if promise.promise == Promise.PENDING:
            wanted = standard.material(promise.code)
            assert wanted and wanted.pending_days
            _set_due(promise, case, wanted.pending_days, start=local_date(work.now))
            promise.standing = PromiseState.DUE
            fields += ["due_on", "amber_on", "standing"]
            until[promise.code] = promise.due_on
            work.note("cases.pending_accepted", material=promise.code, until=promise.due_on)
        promise.document_id = _paper(work, standard, promise)
        promise.save(update_fields=fields)
    return until


def _paper(work: Work, standard: Standard, promise: Commitment) -> UUID:
    case, head = work.case, letterhead(work.case.org_id)
    return papers.compose_for(
        case, PaperKind.COMMITMENT, papers.addressed(case, standard, head) | papers.promise_data(promise),
        org_id=head.body_id, by=work.by, now=work.now,
    )  # fmt: skip


def _set_due(promise: Commitment, case: Case, days: int, *, start: date) -> None:
    budget, works = Budget(days, CountUnit.WORKDAY, start), calendar(case.region)
    end = due(budget, calendar=works, conventions=conventions()).day
    assert end
    promise.due_on = end
    promise.amber_on = amber_from(
        budget, end, calendar=works, fraction=settings.ENV.amber_fraction, working_days=settings.ENV.amber_working_days
    )


def _standing(case: Case) -> list[Commitment]:
    """The promises of a case on which something still rests."""
    return rows.load(
        Commitment, "WHERE t.case_id = %s AND t.standing = ANY(%s) ORDER BY t.code", [case.pk, [s.value for s in OPEN]]
    )


def at_decision(work: Work, *, approve: bool) -> None:
    """From the decision on each commitment is to be checked by somebody, within the days of the rule; a refusal needs none.

    Raises :class:`PendingOpen`.
    """
    case, now = work.case, work.now
    if not approve:
        let_go(work)
        return
    standing = _standing(case)
    if lacking := [p.name for p in standing if p.promise == Promise.PENDING and p.standing != PromiseState.DOUBTED]:
        raise PendingOpen(names="、".join(lacking))  # not granted while a material that was promised is still to come
    given = [p for p in standing if p.promise == Promise.COMMITMENT and p.standing == PromiseState.GIVEN]
    if not given:
        return
    owner = whose_check(case, on=local_date(now))
    for promise in given:
        _set_due(promise, case, settings.ENV.commitment_check_days, start=local_date(now))
        promise.standing, promise.owner_id = PromiseState.DUE, owner
        promise.save(update_fields=["standing", "owner_id", "due_on", "amber_on"])
        work.note("cases.check_due", commitment=promise.pk, material=promise.code, until=promise.due_on)
        defer("cases.ask_for_check", commitment_id=str(promise.pk))


def whose_check(case: Case, *, on: date) -> UUID | None:
    """Who checks the commitments of a case: of those who could have reviewed it and had no hand in it, whoever has fewest open
    checks. None if there is nobody today; the daily round tries again."""
    free = who_may_check(case, on=on)
    if not free:
        return None
    rows = Commitment.objects.filter(owner_id__in=free, standing__in=[PromiseState.DUE, PromiseState.DOUBTED])
    load = dict(rows.order_by().values_list("owner_id").annotate(n=Count("pk")))
    return min(free, key=lambda user: (load.get(user, 0), user))


def who_may_check(case: Case, *, on: date) -> list[UUID]:
    """Who could have reviewed a case, is here today, and had no hand in it."""
    found = suited(case, Duty.REVIEW, Power.REVIEW, on=on)
    hands = set(Step.objects.filter(case=case).exclude(user_id=None).values_list("user_id", flat=True))
    return [c.user_id for c in found if not c.why_not and c.user_id not in hands]


def must_stand(case: Case) -> None:
    """No result is sealed while it is open whether what it rests on is true. Raises :class:`ResultDoubted`.

    Once that is decided the case goes on: as granted, or as the refusal that took its place.
    """
    if any(p.standing == PromiseState.DOUBTED for p in _standing(case)):
        raise ResultDoubted


def _unchecked(case: Case) -> list[Commitment]:
    return [p for p in _standing(case) if p.provisional and p.standing != PromiseState.GIVEN]


def is_provisional(case: Case) -> bool:
    """Whether the result of a case rests on a commitment that was not checked yet."""
    return bool(_unchecked(case))


def provisional_note(case: Case) -> str:
    """What a result says of itself that rests on a commitment not yet checked; empty where none does."""
    last = max(_unchecked(case), key=lambda p: p.due_on or date.min, default=None)
    if last is None:
        return ""
    until = last.due_on
    return f"本结果凭申请人对“{last.name}”的告知承诺先行作出，核查通过之前是暂行的（最迟于{until:%Y年%-m月%-d日}前核查）；核查不符的，依法撤销。"
