"""Lists of grants that were made: agreed to by a second officer, published for objections, and closed; or taken back.

Nothing is paid that was not published, and a grant to which somebody objects waits until that is answered; all others go on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction

from linli.domains.benefits.commands.reaching import ReasonNeeded
from linli.domains.benefits.definitions import policy_of
from linli.domains.benefits.granting import BEFORE_CLOSE, OWED, EntryKind, GrantState, ListState, ObjectionState, granting_of
from linli.domains.benefits.models import Grant, GrantList, GrantObjection, HireFacts
from linli.domains.benefits.permissions import AGREE, AUDIT, RUN
from linli.domains.benefits.posting import Moved, enter
from linli.domains.benefits.queries.grants import grant_for, list_for, objection_for
from linli.domains.benefits.queries.payments import had_back
from linli.domains.benefits.queries.results import rerun
from linli.domains.benefits.runs import within
from linli.domains.benefits.scanning import State
from linli.domains.benefits.values import MONEY
from linli.domains.notices.commands import Recipient, Words, notify
from linli.domains.org.queries import bureau_for, calendar, letterhead
from linli.domains.people.queries import Scope, may_act_for, own_ids, parties
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import Kind, LinliError, NotAllowed, NotFound
from linli.kernel.jobs import defer
from linli.kernel.text import msg, noop


class ListMoved(LinliError):
    """A list is not in the state that this needs."""

    code = "benefits.list_moved"
    kind = Kind.CONFLICT
    template = noop("名单现在是“%(state)s”，不能这样处理。")
    remedy = noop("请刷新页面，按最新状态处理。")


class ListEmpty(LinliError):
    """Nobody is on a list."""

    code = "benefits.list_empty"
    kind = Kind.CONFLICT
    template = noop("名单上没有人可以发放。")
    remedy = noop("请查看被排除的原因；不需要的，请撤回名单。")


class SameOfficer(LinliError):
    """Whoever made something may not agree to it."""

    code = "benefits.same_officer"
    kind = Kind.NOT_ALLOWED
    template = noop("编制和复核要由不同的人办理，您不能复核自己编制的内容。")
    remedy = noop("请由另一位有复核权限的人员处理。")


class ObjectionsOver(LinliError):
    """The list is not published, or no longer."""

    code = "benefits.objections_over"
    kind = Kind.CONFLICT
    template = noop("这份名单不在公示期内，不能再提出异议。")
    remedy = noop("仍有疑问的，请到任一窗口反映，我们会登记并答复。")


class WhoObjects(LinliError):
    """An answer needs somebody to go to."""

    code = "benefits.who_objects"
    template = noop("请留下您的姓名和联系方式。")
    remedy = noop("我们只用来把处理结果告诉您。")


class LineUnknown(LinliError):
    """No line of a list has this number, or it is on it no longer."""

    code = "benefits.line_unknown"
    template = noop("名单上没有第 %(number)s 笔，或者这一笔已经不发。")
    remedy = noop("请对照名单前面的序号填写；认为有人被漏的，不用填。")


class ObjectionAnswered(LinliError):
    """An objection was answered before."""

    code = "benefits.objection_answered"
    kind = Kind.CONFLICT
    template = noop("这条异议已经答复过了。")
    remedy = noop("请刷新页面查看答复。")


class ObjectedAlready(LinliError):
    """Somebody objects to a grant to which they object already."""

    code = "benefits.objected_already"
    kind = Kind.CONFLICT
    template = noop("您对这一笔已经提过异议，正在处理。")
    remedy = noop("处理结果会告诉您；有补充的，请到任一窗口说。")


class AmountWrong(LinliError):
    """An amount that cannot be meant."""

    code = "benefits.amount_wrong"
    template = noop("金额不正确：%(why)s。")
    remedy = noop("请核对后重新填写。")


class StillNotEntitled(LinliError):
    """Who was left out is not entitled by the facts that the run froze."""

    code = "benefits.still_not_entitled"
    kind = Kind.CONFLICT
    template = noop("按比对时封存的资料重新计算，该对象不符合这项政策的条件，不能补入名单。")
    remedy = noop("资料有误的，请先更正登记信息，更正后下一次比对会重新认定。")


class GrantMoved(LinliError):
    """A grant is not in the state that this needs."""

    code = "benefits.grant_moved"
    kind = Kind.CONFLICT
    template = noop("这笔待遇现在是“%(state)s”，不能这样处理。")
    remedy = noop("请刷新页面，按最新状态处理。")


class GrantClaimed(LinliError):
    """Money of a grant is asked back, or came back from whoever had it: to give the grant up would leave the accounts wrong."""

    code = "benefits.grant_claimed"
    kind = Kind.CONFLICT
    template = noop("这笔待遇有追回，不能直接撤销。")
    remedy = noop("请先在“追回”里了结或撤销；已经收过退款的，更正后再发给本人。")


class HasOneAlready(LinliError):
    """Somebody has the benefit for the period."""

    code = "benefits.has_one_already"
    kind = Kind.CONFLICT
    template = noop("该对象本期已经有一笔这项待遇，不能重复发放。")
    remedy = noop("请在待遇记录里核对。")


def list_subject(list_id: UUID) -> Subject:
    return Subject("grant_list", list_id)


# -- agreed, published, taken back -----------------------------------------------------------------------------------------------


def _locked(list_id: UUID, by: Actor, *states: ListState, permissions: tuple[str, ...]) -> GrantList:
    """A list of the actor's place, locked, in one of some states. Raises :class:`NotFound`, :class:`ListMoved`."""
    if not any(by.can(p) for p in permissions):
        raise NotAllowed(permission=permissions[0])
    row = list_for(GrantList.objects.select_for_update(of=("self",)), list_id, by)
    if row.state not in states:
        raise ListMoved(state=msg(ListState(row.state).label))
    return row


@once
def agree_list(*, list_id: UUID, by: Actor, now: datetime) -> None:
    """A second officer agrees to a list as it was made. Raises :class:`SameOfficer`, :class:`ListEmpty`."""
    row = _locked(list_id, by, ListState.MADE, permissions=(AGREE,))
    if row.made_by_id == by.person_id:
        raise SameOfficer
    if not row.counts["grants"]:
        raise ListEmpty
    row.state, row.agreed_by_id, row.agreed_at = ListState.AGREED, by.person_id, now
    row.save(update_fields=["state", "agreed_by_id", "agreed_at"])
    record("benefits.list_agreed", subject=list_subject(row.pk), by=by, at=now, digest=row.digest)


@once
def publish_list(*, list_id: UUID, by: Actor, now: datetime) -> date:
    """Publish a list that was agreed to; gives the last day on which anybody may object."""
    row = _locked(list_id, by, ListState.AGREED, permissions=(RUN, AGREE))
    window = granting_of(row.policy).window
    row.state, row.published_by_id, row.published_at = ListState.PUBLISHED, by.person_id, now
    row.closes_on = calendar(row.region).add_working_days(local_date(now), window.days)
    row.save(update_fields=["state", "published_by_id", "published_at", "closes_on"])
    record(
        "benefits.list_published", subject=list_subject(row.pk), by=by, at=now, until=row.closes_on, days=window.days,
        source=window.source,
    )  # fmt: skip
    return row.closes_on


@once
def withdraw_list(*, list_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Take a list back before its window is over, also one that is being made; its grants are void, and a new list can be made.

    The first are void at once; of a long list a job goes on (:func:`void_withdrawn`).
    """
    row = _locked(list_id, by, *BEFORE_CLOSE, permissions=(RUN, AGREE))
    why = _reason(reason)
    row.state, row.withdrawn_by_id, row.withdrawn_at, row.withdrawn_why = ListState.WITHDRAWN, by.person_id, now, why[:500]
    row.save(update_fields=["state", "withdrawn_by_id", "withdrawn_at", "withdrawn_why"])
    gone = Grant.objects.filter(list=row, state=GrantState.LISTED).count()
    record("benefits.list_withdrawn", subject=list_subject(row.pk), by=by, at=now, reason=why, grants=gone)
    if gone > void_withdrawn(list_id=list_id):
        defer("benefits.void_withdrawn", list_id=str(list_id))


@transaction.atomic
def void_withdrawn(*, list_id: UUID, limit: int = 2_000) -> int:
    """Make some grants void whose list was taken back; how many. Safe to repeat; who does the same meanwhile is waited for."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE benefits_grant SET state = 'void' WHERE id IN (
                SELECT g.id FROM benefits_grant g JOIN benefits_grantlist l ON l.id = g.list_id
                 WHERE l.id = %s AND l.state = 'withdrawn' AND g.state = 'listed' ORDER BY g.id LIMIT %s FOR UPDATE OF g
            )
            """,
            [list_id, limit],
        )
        return cursor.rowcount


def _reason(text: str, field: str = "reason") -> str:
    if not text.strip():
        raise ReasonNeeded(field=field)
    return text.strip()[:2000]


# -- objections ------------------------------------------------------------------------------------------------------------------


@once
def object_to(
    *, list_id: UUID, text: str, grant_id: UUID | None = None, number: int | None = None, subject_id: UUID | None = None, name: str = "",
    contact: str = "", by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Object to a published list, whoever one is: to one grant (``grant_id``, or the ``number`` that everybody reads beside it), which then
    waits for the answer, or because somebody was left out.

    A resident who is signed in may name themselves, or an employer they stand for, as the one left out; anybody else says who they are
    and an officer finds out. Raises :class:`ObjectionsOver`, :class:`WhoObjects`.
    """
    why, today = _reason(text, "text"), local_date(now)
    row = GrantList.objects.select_for_update().filter(pk=list_id, state=ListState.PUBLISHED).first()
    if row is None or row.closes_on is None or today > row.closes_on:
        raise ObjectionsOver
    one = {"pk": grant_id} if grant_id else {"number": number}
    grant = Grant.objects.filter(list=row, **one).first() if grant_id or number is not None else None
    if grant_id and (grant is None or grant.state != GrantState.LISTED):
        raise NotFound(what=msg("名单上的这一项"))
    if number is not None and (grant is None or grant.state != GrantState.LISTED):
        raise LineUnknown(field="number", number=str(number))
    open_ = GrantObjection.objects.filter(grant=grant, by_party_id=by.resident_id, state=ObjectionState.OPEN)
    if grant and by.resident_id and open_.exists():
        raise ObjectedAlready
    said = {"name": name.strip()[:100], "contact": contact.strip()[:100]}
    if by.resident_id is None and not all(said.values()):
        raise WhoObjects(field="name" if not said["name"] else "contact")
    if by.resident_id is None and by.user_id is None:
        subject_id = None  # a stranger's word does not tell who it is
    elif by.resident_id and subject_id and not _stands_for(by.resident_id, subject_id, today):
        raise NotFound(what=msg("该对象"))
    made = GrantObjection.objects.create(
        list=row, grant=grant, subject_id=None if grant else subject_id, by_party_id=by.resident_id, said_by=said, text=why, made_at=now,
        made_by_id=by.user_id,
    )  # fmt: skip
    record("benefits.objected", subject=list_subject(row.pk), by=by, at=now, objection=made.pk, grant=made.grant_id)
    return made.pk


def _stands_for(resident_id: UUID, party_id: UUID, on: date) -> bool:
    return party_id in own_ids(resident_id) or may_act_for(resident_id, party_id, scope=Scope.READ, on=on)


@once
def settle_objection(
    *, objection_id: UUID, upheld: bool, reasons: str, amount_fen: int | None = None, subject_id: UUID | None = None, by: Actor, now: datetime,
) -> None:  # fmt: skip
    """Answer an objection, by somebody who did not make the list; whoever objected is told why.

    Upheld: the grant is void, or with ``amount_fen`` it is of another amount; for who was left out (``subject_id``, where the objection
    does not name them) the facts that the run froze are reckoned once more, and the grant they give is added.
    """
    by.must(AGREE)
    why = _reason(reasons, "reasons")
    found = objection_for(objection_id, by)
    made_of = GrantList.objects.select_for_update().get(pk=found.list_id)
    found = GrantObjection.objects.select_for_update(of=("self",)).get(pk=objection_id)
    if found.state != ObjectionState.OPEN:
        raise ObjectionAnswered
    if made_of.made_by_id == by.person_id:
        raise SameOfficer
    if upheld and made_of.state == ListState.WITHDRAWN:
        raise ListMoved(state=msg(ListState(made_of.state).label))
    if upheld and found.grant_id:
        _uphold(found, amount_fen)
    elif upheld:
        found.added = _add(made_of, found.subject_id or subject_id, by=by, now=now)
        found.after_fen = found.added.amount_fen
    found.state = ObjectionState.UPHELD if upheld else ObjectionState.REFUSED
    found.reasons, found.settled_at, found.settled_by_id = why, now, by.person_id
    found.save()
    record(
        "benefits.objection_settled", subject=list_subject(made_of.pk), by=by, at=now, objection=found.pk, upheld=upheld,
        grant=found.grant_id, added=found.added_id, before=found.before_fen, after=found.after_fen,
    )  # fmt: skip
    _tell_of_answer(found, made_of, why, by=by, now=now)


def _uphold(found: GrantObjection, amount_fen: int | None) -> None:
    assert found.grant_id
    grant = Grant.objects.select_for_update(of=("self",)).get(pk=found.grant_id)
    if grant.state != GrantState.LISTED:
        raise GrantMoved(state=msg(GrantState(grant.state).label))
    found.before_fen = grant.amount_fen
    if amount_fen is None:
        grant.state, found.after_fen = GrantState.VOID, 0
    elif amount_fen <= 0 or amount_fen == grant.amount_fen:
        raise AmountWrong(field="amount_fen", why=msg("要大于零，并且和原来不同"))
    else:
        grant.amount_fen = found.after_fen = amount_fen
    grant.save(update_fields=["state", "amount_fen"])


def _add(row: GrantList, subject_id: UUID | None, *, by: Actor, now: datetime) -> Grant:
    """A grant for somebody who was left out, by the facts that the run froze."""
    if subject_id is None:
        raise NotFound(what=msg("该对象"))
    rule = policy_of(row.policy)
    if Grant.objects.filter(policy=row.policy, subject_id=subject_id, period=row.period).exclude(state=GrantState.VOID).exists():
        raise HasOneAlready
    again = rerun(row.run_id, subject_id, by=replace(by, permissions=by.permissions | {AUDIT}))
    told = next((p for p in again.policies if p.policy == row.policy), None)
    if (
        told is None
        or not within(again.region, row.region)
        or told.state_again is not State.ENTITLED
        or not told.fen_again
        or told.fen_again <= 0
    ):
        raise StillNotEntitled
    payee, kind = subject_id, rule.subject
    if kind == "hire":
        payee = HireFacts.objects.values_list("employer_id", flat=True).get(pk=subject_id)
    last = Grant.objects.filter(list=row).order_by("-number").values_list("number", flat=True).first() or 0
    return Grant.objects.create(
        list=row, run_id=row.run_id, number=last + 1, policy=row.policy, period=row.period, subject_kind=kind, subject_id=subject_id,
        payee_id=payee, payee_is_employer=kind != "person", region=again.region, amount_fen=told.fen_again,
    )  # fmt: skip


def _tell_of_answer(found: GrantObjection, row: GrantList, why: str, *, by: Actor, now: datetime) -> None:
    office = letterhead(bureau_for(row.region, on=local_date(now)))
    values: dict[str, Words] = {
        "item": policy_of(row.policy).name, "office": office.name, "phone": office.phone, "reason": why,
        "what": msg(ObjectionState(found.state).label),
    }  # fmt: skip
    about = list_subject(row.pk)
    if found.by_party_id:
        key = f"grant-objection:{found.pk}"
        notify("benefits.objection", to=Recipient(found.by_party_id), about=about, values=values, key=key, by=by, now=now)
    grant = found.grant
    if found.state == ObjectionState.UPHELD and grant and grant.payee_id != found.by_party_id and parties([grant.payee_id]):
        kind = "benefits.grant_void" if not found.after_fen else "benefits.grant_changed"
        amount = MONEY.said(found.after_fen) if found.after_fen else ""
        to = Recipient(grant.payee_id, grant.payee_is_employer)
        notify(kind, to=to, about=about, values=values | {"amount": amount}, key=f"grant-{found.pk}:changed", by=by, now=now)


# -- the window is over ----------------------------------------------------------------------------------------------------------


def close_windows(*, limit: int = 2_000, by: Actor, now: datetime) -> int:
    """Close lists whose last day is over, and let some grants go on to which nobody objects; how many did. Safe to repeat."""
    today = local_date(now)
    over = GrantList.objects.filter(state=ListState.PUBLISHED, closes_on__lt=today)
    for list_id in over.values_list("pk", flat=True):
        with transaction.atomic():
            row = GrantList.objects.select_for_update().get(pk=list_id)
            if row.state == ListState.PUBLISHED:
                row.state, row.closed_at = ListState.CLOSED, now
                row.save(update_fields=["state", "closed_at"])
                record("benefits.list_closed", subject=list_subject(row.pk), by=by, at=now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH ready AS (
                SELECT g.id FROM benefits_grant g JOIN benefits_grantlist l ON l.id = g.list_id
                 WHERE g.state = 'listed' AND l.state = 'closed'
                   AND NOT EXISTS (SELECT 1 FROM benefits_grantobjection o WHERE o.grant_id = g.id AND o.state = 'open')
                 ORDER BY g.list_id, g.id LIMIT %s FOR UPDATE OF g SKIP LOCKED
            )
            UPDATE benefits_grant g SET state = 'due', due_on = %s FROM ready WHERE g.id = ready.id RETURNING g.policy, g.id, g.amount_fen, g.region
            """,
            [limit, today],
        )
        moved = cursor.fetchall()
        by_policy: dict[str, list[Moved]] = {}
        for policy, *one in moved:
            by_policy.setdefault(policy, []).append(Moved(*one))
        for policy, amounts in sorted(by_policy.items()):
            enter(EntryKind.GRANTED, policy, amounts, on=today, at=now, by_id=None)
    return len(moved)


# -- one grant -------------------------------------------------------------------------------------------------------------------


def _own(grant_id: UUID, by: Actor, on: date) -> Grant:
    """A grant of the resident, or of an employer they stand for, locked. Raises :class:`NotFound`."""
    found = Grant.objects.select_for_update(of=("self",)).filter(pk=grant_id).first()
    mine = found and by.resident_id and (
        found.payee_id in own_ids(by.resident_id) or may_act_for(by.resident_id, found.payee_id, scope=Scope.APPLY, on=on)
    )  # fmt: skip
    if found is None or not mine:
        raise NotFound(what=msg("这笔待遇"))
    return found


@once
def confirm_grant(*, grant_id: UUID, by: Actor, now: datetime) -> None:
    """Whoever receives it says yes, where the policy asks for that before anything is paid. Saying it twice is saying it once."""
    grant = _own(grant_id, by, local_date(now))
    if grant.state in (GrantState.VOID, GrantState.PAID):
        raise GrantMoved(state=msg(GrantState(grant.state).label))
    if grant.confirmed_at is None:
        grant.confirmed_at = now
        grant.save(update_fields=["confirmed_at"])
        record("benefits.grant_confirmed", subject=list_subject(grant.list_id), by=by, at=now, grant=grant.pk)


@once
def void_grant(*, grant_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Give up a grant that is owed and not in a payment, because it was found wrong; by somebody who did not make its list."""
    by.must(AGREE)
    why = _reason(reason)
    grant = grant_for(Grant.objects.select_for_update(of=("self",)).select_related("list"), grant_id, by)
    if grant.list.made_by_id == by.person_id:
        raise SameOfficer
    if grant.state not in OWED:
        raise GrantMoved(state=msg(GrantState(grant.state).label))
    if had_back(grant.pk):
        raise GrantClaimed
    grant.state = GrantState.VOID
    grant.save(update_fields=["state"])
    enter(
        EntryKind.VOIDED,
        grant.policy,
        [Moved(grant.pk, grant.amount_fen, grant.region)],
        on=local_date(now),
        at=now,
        by_id=by.person_id,
    )
    record("benefits.grant_voided", subject=list_subject(grant.list_id), by=by, at=now, grant=grant.pk, reason=why)
    if parties([grant.payee_id]):
        office = letterhead(bureau_for(grant.region, on=local_date(now)))
        notify(
            "benefits.grant_void", to=Recipient(grant.payee_id, grant.payee_is_employer), about=list_subject(grant.list_id),
            values={
                "item": policy_of(grant.policy).name, "office": office.name, "phone": office.phone, "reason": why, "what": "", "amount": "",
            },
            key=f"grant-{grant.pk}:void", by=by, now=now,
        )  # fmt: skip


__all__ = [
    "AmountWrong", "GrantClaimed", "GrantMoved", "HasOneAlready", "LineUnknown", "ListEmpty", "ListMoved", "ObjectedAlready", "ObjectionAnswered",
    "ObjectionsOver", "SameOfficer", "StillNotEntitled", "WhoObjects", "agree_list", "close_windows", "confirm_grant", "list_subject",
    "object_to", "publish_list", "settle_objection", "void_grant", "void_withdrawn", "withdraw_list",
]  # fmt: skip
