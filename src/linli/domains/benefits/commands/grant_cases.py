"""Each grant becomes a case of the spine: its number, clock, decision by the officers who agreed, sealed notice, and one message.

Some hundred grants of a list are taken at a time, in one transaction with their cases, so that a worker may be killed at any moment and
two may work at once: nobody gets a second case and nobody is left out. One that cannot have a case says why and keeps no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from linli.domains.benefits.commands.lists import list_subject
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import GrantState, How, ListState, granting_of, period_said
from linli.domains.benefits.models import Grant, GrantList
from linli.domains.benefits.permissions import PAY, RUN
from linli.domains.benefits.queries.grants import list_for, unsealed
from linli.domains.benefits.queries.payments import accounts_of
from linli.domains.benefits.values import MONEY
from linli.domains.cases.commands import EX_OFFICIO, Applicant, Verdict, Wanted, finish_later, open_ex_officio
from linli.domains.documents.queries import PaperKind
from linli.domains.notices.commands import Recipient, Telling, notify_many
from linli.domains.org.queries import bureau_for, letterhead
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import local_date
from linli.kernel.errors import LinliError, NotAllowed
from linli.kernel.text import msg

AT_ONCE = 200  # grants of one transaction


def make_cases(*, limit: int = 1_000, by: Actor, now: datetime) -> int:
    """Make the cases of some grants that are owed and have none; how many were looked at. Safe to repeat and to run twice at once."""
    looked_at = 0
    while looked_at < limit and (some := _make_some(size=min(AT_ONCE, limit - looked_at), by=by, now=now)):
        looked_at += some
    return looked_at


@once
def _make_some(*, size: int, by: Actor, now: datetime) -> int:
    """Those of one list and policy, which are decided alike."""
    free = Grant.objects.select_for_update(of=("self",), skip_locked=True).filter(state=GrantState.DUE, case=None, case_problem="")
    first = free.select_related("list__run").order_by("list_id", "id").first()
    if first is None:
        return 0
    grants = list(free.filter(list_id=first.list_id).order_by("id")[:size])
    offices = {region: bureau_for(region, on=local_date(now)) for region in {g.region for g in grants}}
    try:
        with transaction.atomic():
            opened = _open(first.list, grants, offices, now=now)
    except LinliError:  # the notice of one of them cannot be written: each for itself, to see whose
        opened = [_open_one(first.list, grant, offices, now=now) for grant in grants]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE benefits_grant g SET case_id = t.made, case_problem = t.problem "
            "FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS t (id, made, problem) WHERE g.id = t.id",
            [
                [g.pk for g in grants], [None if isinstance(c, LinliError) else c for c in opened],
                [str(c.message)[:200] if isinstance(c, LinliError) else "" for c in opened],
            ],
        )  # fmt: skip
    _tell([(g, c) for g, c in zip(grants, opened, strict=True) if not isinstance(c, LinliError)], offices, by=by, now=now)
    return len(grants)


def _open_one(row: GrantList, grant: Grant, offices: Mapping[str, UUID], *, now: datetime) -> UUID | LinliError:
    try:
        with transaction.atomic():
            return _open(row, [grant], offices, now=now)[0]
    except LinliError as error:
        return error


def _open(row: GrantList, grants: Sequence[Grant], offices: Mapping[str, UUID], *, now: datetime) -> list[UUID | LinliError]:
    """Of each grant of a list its case, or why it cannot have one."""
    rule = policy_of(row.policy)
    assert row.made_by_id and row.agreed_by_id and row.published_at and row.closes_on
    published = f"{local_date(row.published_at):%Y-%m-%d} 至 {row.closes_on:%Y-%m-%d} 公示"
    conditions = list(rule.conditions.values())
    verdict = Verdict(
        True, f"经{row.run.on:%Y-%m-%d}数据比对，符合：{'；'.join(conditions)}。", f"{published}，公示期满。", "、".join(rule.legal_basis),
        PaperKind.BENEFIT_NOTICE,
        {
            "benefit": rule.name, "conditions": conditions, "measure": rule.amount.rstrip("。；"), "legal_basis": list(rule.legal_basis),
            "published": published, "paid_to": "发放到登记的收款账户；还没有登记账户的，请在网上大厅登记，或到任一窗口办理。",
        },
    )  # fmt: skip
    wanted = [
        Wanted(
            Applicant(g.payee_id, g.payee_is_employer), g.region, offices[g.region],
            {"period": str(period_said(g.period)), "amount": str(MONEY.said(g.amount_fen))},
        )
        for g in grants
    ]  # fmt: skip
    return open_ex_officio(
        item_code=rule.item, wanted=wanted, started_by=row.made_by_id, decided_by=row.agreed_by_id, verdict=verdict, by=system(EX_OFFICIO),
        now=now,
    )  # fmt: skip


def _tell(made: Sequence[tuple[Grant, UUID]], offices: Mapping[str, UUID], *, by: Actor, now: datetime) -> None:
    """One message each: what was granted, and what is still needed of whoever gets it."""
    accounts = accounts_of({g.payee_id for g, _ in made})
    told = []
    for grant, case_id in made:
        office, account = letterhead(offices[grant.region]), accounts.get(grant.payee_id)
        confirm = granting_of(grant.policy).how is How.CONFIRMED and grant.confirmed_at is None
        told.append(
            Telling(
                "benefits.granted" if account and not confirm else "benefits.granted_needs",
                Recipient(grant.payee_id, grant.payee_is_employer), Subject("case", case_id),
                {
                    "item": policy_of(grant.policy).name, "amount": MONEY.said(grant.amount_fen), "office": office.name,
                    "phone": office.phone, "tail": account.number[-4:] if account else "",
                    "what": msg("确认收款账户") if account is None else msg("确认领取"),
                },
                f"grant:{grant.pk}",
            )
        )  # fmt: skip
    notify_many(told, by=by, now=now)


@once
def retry_cases(*, list_id: UUID, by: Actor, now: datetime) -> int:
    """Try again where no case could be made (somebody was not in the register, nobody had the power), or no notice could be sealed (the
    seal had run out); how many. Safe while jobs are at it: what is sealed is left as it is."""
    if not (by.can(RUN) or by.can(PAY)):
        raise NotAllowed(permission=RUN)
    row = list_for(GrantList.objects.all(), list_id, by)
    again = Grant.objects.filter(list=row, state=GrantState.DUE, case=None).exclude(case_problem="").update(case_problem="")
    waiting = list(unsealed(row.pk).values_list("case_id", flat=True)) if row.state == ListState.CLOSED else []
    finish_later(waiting)
    if again or waiting:
        record("benefits.cases_retried", subject=list_subject(row.pk), by=by, at=now, grants=again, notices=len(waiting))
    return again + len(waiting)


__all__ = ["make_cases", "retry_cases"]
