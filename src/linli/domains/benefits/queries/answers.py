"""What the bank answered to a batch, to be asked."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from linli.domains.benefits.bankfile import AnswerState
from linli.domains.benefits.models import BankAnswer, PayBatch
from linli.domains.benefits.queries.grants import Progress, Work
from linli.domains.benefits.queries.payments import pay_batch
from linli.domains.benefits.runs import within
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg


def answer_for(rows: QuerySet[BankAnswer], answer_id: UUID, by: Actor) -> BankAnswer:
    """An answer to a batch of the actor's place. Raises :class:`NotFound`."""
    found = rows.select_related("batch").filter(pk=answer_id).first()
    if found is None or not within(found.batch.region, by.region):
        raise NotFound(what=msg("这个回盘文件"))
    return found


def bank_answers(batch_id: UUID, *, by: Actor) -> QuerySet[BankAnswer]:
    """The files that the bank answered a batch with, the newest first. Raises :class:`NotFound`."""
    return BankAnswer.objects.filter(batch=pay_batch(batch_id, by=by)).order_by("-given_at", "-id")


def bank_answer(answer_id: UUID, *, by: Actor) -> BankAnswer:
    """One of them. Raises :class:`NotFound`."""
    found = answer_for(BankAnswer.objects.all(), answer_id, by)
    pay_batch(found.batch_id, by=by)
    return found


def answer_progress(row: BankAnswer) -> Progress | None:
    """What the job does with an answer now; nothing where it is over or was interrupted."""
    lines = max(row.total, 1)
    match row.state:
        case AnswerState.READING:
            return Progress(Work.CHECKING, min(max(row.read - 1, 0), lines), lines)
        case AnswerState.ENTERING:
            return Progress(Work.ANSWERING, min(max(row.taken - 1, 0), lines), lines)
    return None


def money_files_in_use(file_ids: Collection[UUID], but: UUID | None = None) -> set[UUID]:
    """Of some kept files those that went to a bank or came from one."""
    sent = PayBatch.objects.filter(file__in=list(file_ids)).values_list("file_id", flat=True)
    return {i for i in (*sent, *BankAnswer.objects.filter(file__in=list(file_ids)).values_list("file_id", flat=True)) if i}
