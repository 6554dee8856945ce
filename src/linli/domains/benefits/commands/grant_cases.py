"""Each grant becomes a case of the spine: its number, clock, decision by the officers who agreed, sealed notice, and one message.

Grants are taken one at a time, each in a transaction of its own with its case, so that a worker may be killed at any moment and two
may work at once: nobody gets a second case and nobody is left out.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from linli.domains.benefits.commands.lists import list_subject
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import GrantState, How, granting_of, period_said
from linli.domains.benefits.models import Grant, GrantList
from linli.domains.benefits.permissions import PAY, RUN
from linli.domains.benefits.queries.grants import list_for
from linli.domains.benefits.queries.payments import accounts_of
from linli.domains.benefits.values import MONEY
from linli.domains.cases.commands import EX_OFFICIO, Applicant, Hand, open_ex_officio
from linli.domains.notices.commands import Recipient, notify
from linli.domains.org.queries import bureau_for, letterhead
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import local_date
from linli.kernel.errors import LinliError, NotAllowed
from linli.kernel.text import msg


def make_cases(*, limit: int = 100, by: Actor, now: datetime) -> int:
    """Make the cases of some grants that are owed and have none; how many were looked at. Safe to repeat and to run twice at once."""
    for n in range(limit):
        if not _make_one(by=by, now=now):
            return n
    return limit


def _make_one(*, by: Actor, now: datetime) -> bool:
    with transaction.atomic():
        wanting = Grant.objects.select_for_update(of=("self",), skip_locked=True).filter(
            state=GrantState.DUE, case=None, case_problem=""
        )
        grant = wanting.select_related("list").order_by("list_id", "id").first()
        if grant is None:
            return False
        try:
            with transaction.atomic():
                grant.case_id = _open(grant, now=now)
        except LinliError as error:
            grant.case_problem = str(error.message)[:200]
        grant.save(update_fields=["case", "case_problem"])
        if grant.case_id:
            _tell(grant, by=by, now=now)
    return True


def _open(grant: Grant, *, now: datetime) -> UUID:
    row, rule = grant.list, policy_of(grant.policy)
    assert row.agreed_by_id and row.published_at and row.closes_on
    org = bureau_for(grant.region, on=local_date(now))
    published = f"{local_date(row.published_at):%Y-%m-%d} 至 {row.closes_on:%Y-%m-%d} 公示"
    conditions = list(rule.conditions.values())
    return open_ex_officio(
        item_code=rule.item, applicant=Applicant(grant.payee_id, grant.payee_is_employer), region=grant.region,
        started=Hand(row.made_by_id, org), decided=Hand(row.agreed_by_id, org),
        facts=f"经{row.run.on:%Y-%m-%d}数据比对，符合：{'；'.join(conditions)}。", reasons=f"{published}，公示期满。",
        legal_basis="、".join(rule.legal_basis),
        paper={
            "benefit": rule.name, "period": str(period_said(grant.period)), "amount": str(MONEY.said(grant.amount_fen)), "conditions": conditions,
            "measure": rule.amount.rstrip("。；"), "legal_basis": list(rule.legal_basis), "published": published,
            "paid_to": "发放到登记的收款账户；还没有登记账户的，请在网上大厅登记，或到任一窗口办理。",
        },
        by=system(EX_OFFICIO), now=now,
    )  # fmt: skip


def _tell(grant: Grant, *, by: Actor, now: datetime) -> None:
    """One message: what was granted, and what is still needed of whoever gets it."""
    account = accounts_of([grant.payee_id]).get(grant.payee_id)
    confirm = granting_of(grant.policy).how is How.CONFIRMED and grant.confirmed_at is None
    office = letterhead(bureau_for(grant.region, on=local_date(now)))
    kind = "benefits.granted" if account and not confirm else "benefits.granted_needs"
    need = msg("确认收款账户") if account is None else msg("确认领取")
    assert grant.case_id
    notify(
        kind, to=Recipient(grant.payee_id, grant.payee_is_employer), about=Subject("case", grant.case_id),
        values={
            "item": policy_of(grant.policy).name, "amount": MONEY.said(grant.amount_fen), "office": office.name, "phone": office.phone,
            "tail": account.number[-4:] if account else "", "what": need,
        },
        key=f"grant:{grant.pk}", by=by, now=now,
    )  # fmt: skip


@once
def retry_cases(*, list_id: UUID, by: Actor, now: datetime) -> int:
    """Try again where no case could be made (somebody was not in the register, nobody had the power); how many."""
    if not (by.can(RUN) or by.can(PAY)):
        raise NotAllowed(permission=RUN)
    row = list_for(GrantList.objects.all(), list_id, by)
    again = Grant.objects.filter(list=row, state=GrantState.DUE, case=None).exclude(case_problem="").update(case_problem="")
    if again:
        record("benefits.cases_retried", subject=list_subject(row.pk), by=by, at=now, grants=again)
    return again


__all__ = ["make_cases", "retry_cases"]
