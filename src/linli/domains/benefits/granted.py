"""Grants and their money: lists, objections, payments, claw-backs and the ledger.

What must always be true stands in the database: one grant for policy, subject and period; one live payment for a grant, and none
after it was paid; nobody agrees to what they made; the lines of an entry come to nothing; what was entered stays.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from linli.domains.benefits.bankfile import AnswerState
from linli.domains.benefits.granting import (
    BatchState,
    Book,
    ClawBackState,
    EntryKind,
    GrantState,
    LineState,
    ListState,
    ObjectionState,
    Told,
)
from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7


def _two_hands(name: str, one: str = "made_by_id", other: str = "agreed_by_id") -> models.CheckConstraint:
    """Whoever made it does not agree to it."""
    return models.CheckConstraint(condition=Q(**{other: None}) | ~Q(**{other: F(one)}), name=name)


class GrantList(models.Model):
    """Who is to get what by one policy in one region, out of a finished run: made, agreed, published, closed; or taken back.

    A job makes it (``total`` entitled, ``done`` of them gone through, the last one ``after``) or fails for an ``error``. ``counts``:
    ``grants`` and ``fen`` as made, and of the entitled who were left out ``had`` (one for the period already), ``nothing`` (no amount)
    and ``unknown`` (nobody to pay). ``digest`` is of the grants as they were made and agreed to.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    run = models.ForeignKey("benefits.Run", on_delete=models.PROTECT, related_name="+")
    policy = models.CharField(max_length=64)
    region = models.CharField(max_length=12)
    period = models.CharField(max_length=8)
    state = models.CharField(max_length=10, default=ListState.MAKING)
    total = models.IntegerField(null=True)
    done = models.IntegerField(default=0)
    after = models.UUIDField(null=True)
    error = models.TextField(blank=True)
    counts = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    made_by_id = models.UUIDField()
    made_at = models.DateTimeField()
    agreed_by_id = models.UUIDField(null=True)
    agreed_at = models.DateTimeField(null=True)
    published_by_id = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)
    closes_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    withdrawn_by_id = models.UUIDField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(ListState)), name="benefits_list_state"),
            models.UniqueConstraint(fields=["run", "policy", "region"], condition=~Q(state="withdrawn"), name="benefits_list_once"),
            _two_hands("benefits_list_two_hands"),
            models.CheckConstraint(
                condition=Q(state__in=["making", "failed", "made", "withdrawn"])
                | Q(agreed_by_id__isnull=False, agreed_at__isnull=False),
                name="benefits_list_agreed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["published", "closed"]) | Q(published_at__isnull=False, closes_on__isnull=False),
                name="benefits_list_published",
            ),
        ]
        indexes = [
            models.Index(fields=["-made_at", "-id"], name="benefits_list_newest"),
            models.Index(fields=["closes_on", "id"], name="benefits_list_open", condition=Q(state="published")),
        ]


class Grant(models.Model):
    """That one subject gets one benefit for one period, and who is paid for it (of a hire the employer).

    Its reasons are the verdict in the frozen run. ``number`` is its place in the published list. A grant is unique for policy, subject and
    period unless it is void; what it says does not change once it is owed, a paid or void one stays so (a trigger holds both).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, db_default=models.Func(function="gen_random_uuid"))
    list = models.ForeignKey(GrantList, on_delete=models.PROTECT, related_name="+", db_index=False)
    run = models.ForeignKey("benefits.Run", on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.IntegerField()
    policy = models.CharField(max_length=64)
    period = models.CharField(max_length=8)
    subject_kind = models.CharField(max_length=8)
    subject_id = models.UUIDField()
    payee_id = models.UUIDField()
    payee_is_employer = models.BooleanField()
    region = models.CharField(max_length=12)
    amount_fen = models.BigIntegerField()
    state = models.CharField(max_length=8, default=GrantState.LISTED)
    due_on = models.DateField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    case = models.OneToOneField("cases.Case", on_delete=models.PROTECT, null=True, related_name="+")
    case_problem = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(GrantState)), name="benefits_grant_state"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="benefits_grant_amount"),
            models.UniqueConstraint(
                fields=["policy", "subject_id", "period"], condition=~Q(state="void"), name="benefits_grant_once"
            ),
            models.UniqueConstraint(fields=["list", "number"], name="benefits_grant_number"),
            models.CheckConstraint(condition=Q(state__in=["listed", "void"]) | Q(due_on__isnull=False), name="benefits_grant_due"),
            models.CheckConstraint(
                condition=~Q(state__in=["paying", "paid", "returned"]) | Q(case__isnull=False), name="benefits_grant_case"
            ),
        ]
        indexes = [
            models.Index(fields=["list", "state", "number"], name="benefits_grant_list"),
            models.Index(fields=["list", "id"], name="benefits_grant_listed", condition=Q(state="listed")),
            models.Index(fields=["list", "id"], name="benefits_grant_no_case", condition=Q(state="due", case=None)),
            models.Index(fields=["policy", "id"], name="benefits_grant_owed", condition=Q(state__in=["due", "returned"])),
            models.Index(fields=["payee_id", "-id"], name="benefits_grant_payee"),
        ]


class GrantObjection(models.Model):
    """Somebody says that a published list is wrong: of one grant, or that somebody was left out. What was answered does not change."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    list = models.ForeignKey(GrantList, on_delete=models.PROTECT, related_name="+")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, related_name="+")
    subject_id = models.UUIDField(null=True)  # who was left out, where that is known
    by_party_id = models.UUIDField(null=True)  # the resident who objected
    said_by = SealedField()  # name and how to reach them (JSON)
    text = SealedField()
    state = models.CharField(max_length=8, default=ObjectionState.OPEN)
    made_at = models.DateTimeField()
    made_by_id = models.UUIDField(null=True)
    reasons = SealedField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by_id = models.UUIDField(null=True)
    before_fen = models.BigIntegerField(null=True)
    after_fen = models.BigIntegerField(null=True)
    added = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", settled_at=None, settled_by_id=None, reasons=None)
                | Q(state__in=["upheld", "refused"], settled_at__isnull=False, settled_by_id__isnull=False, reasons__isnull=False),
                name="benefits_objection_settled",
            ),
        ]
        indexes = [
            models.Index(fields=["grant"], name="benefits_objection_open", condition=Q(state="open")),
            models.Index(fields=["state", "-made_at", "-id"], name="benefits_objection_newest"),
            models.Index(fields=["by_party_id", "-made_at"], name="benefits_objection_party"),
        ]


class PayAccount(models.Model):
    """The account to which somebody wants benefits paid, as they gave or confirmed it for that; the newest counts, until it is taken back.

    A person agrees to the purpose (``people``: pay-benefits) with it. Of what was taken back no account is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    party_id = models.UUIDField()
    account = SealedField(null=True)  # bank and number (JSON)
    account_index = models.BinaryField(max_length=32, null=True)
    told = models.CharField(max_length=8)
    given_at = models.DateTimeField()
    given_by_id = models.UUIDField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(told__in=list(Told)), name="benefits_account_told"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, account__isnull=False, account_index__isnull=False)
                | Q(withdrawn_at__isnull=False, account=None, account_index=None),
                name="benefits_account_kept",
            ),
        ]
        indexes = [models.Index(fields=["party_id", "-given_at", "-id"], name="benefits_account_newest")]


class PayBatch(models.Model):
    """Payments that go to the bank together: put together, agreed to by a second officer, then a file; or taken back before.

    Jobs do both, some payments a transaction: of ``total`` owed grants ``done`` are gone through, the last one ``after``; once it was agreed
    to, payments up to position ``sent`` are in the ledger. What was interrupted says why (``error``). ``lines`` and ``fen`` are of the payments
    in it. ``digest`` is of the content of the file, which is kept sealed (``file``) once all are entered: from then on it is always the same.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=24, unique=True)
    policy = models.CharField(max_length=64)
    list = models.ForeignKey(GrantList, on_delete=models.PROTECT, null=True, related_name="+")
    region = models.CharField(max_length=12)
    state = models.CharField(max_length=10, default=BatchState.MAKING)
    total = models.IntegerField(null=True)
    done = models.IntegerField(default=0)
    after = models.UUIDField(null=True)
    sent = models.IntegerField(default=0)
    error = models.TextField(blank=True)
    waiting = models.JSONField(default=dict)  # how many were left out, by why
    made_by_id = models.UUIDField()
    made_at = models.DateTimeField()
    agreed_by_id = models.UUIDField(null=True)
    agreed_at = models.DateTimeField(null=True)
    withdrawn_by_id = models.UUIDField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    lines = models.IntegerField(default=0)
    fen = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    file = models.ForeignKey("documents.StoredFile", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(BatchState)), name="benefits_batch_state"),
            _two_hands("benefits_batch_two_hands"),
            models.CheckConstraint(
                condition=~Q(state="agreed") | (Q(agreed_by_id__isnull=False, agreed_at__isnull=False) & ~Q(digest="")),
                name="benefits_batch_agreed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["agreeing", "stalled"]) | Q(agreed_by_id__isnull=False, agreed_at__isnull=False),
                name="benefits_batch_agreeing",
            ),
            models.UniqueConstraint(
                fields=["policy", "region", "list"],
                condition=Q(state__in=["making", "failed"]),
                nulls_distinct=False,
                name="benefits_batch_gathers",
            ),
        ]
        indexes = [models.Index(fields=["-made_at", "-id"], name="benefits_batch_newest")]


class PayLine(models.Model):
    """One payment of one grant: the n-th try. A grant has one live line, and none after it was paid.

    ``paid_on`` is when it arrived; a returned one that has it came back late, days after the bank had said that it was paid.
    ``holder`` and ``account`` (bank, number) are what was known when the batch was put together, so that the file never changes; the account
    is the ciphertext that its owner's has, copied.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(PayBatch, on_delete=models.PROTECT, related_name="+", db_index=False)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="+", db_index=False)
    attempt = models.PositiveSmallIntegerField()
    position = models.IntegerField()
    reference = models.CharField(max_length=32, unique=True)
    amount_fen = models.BigIntegerField()
    holder = models.CharField(max_length=200)
    account = SealedField(sealed_as="benefits_payaccount.account")
    account_index = models.BinaryField(max_length=32)
    state = models.CharField(max_length=8, default=LineState.OPEN)
    reason = models.CharField(max_length=200, blank=True)
    paid_on = models.DateField(null=True)
    answered_on = models.DateField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(LineState)), name="benefits_line_state"),
            models.CheckConstraint(
                condition=Q(state="paid", paid_on__isnull=False) | Q(state="returned") | Q(paid_on=None),
                name="benefits_line_paid_on",
            ),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="benefits_line_amount"),
            models.CheckConstraint(condition=~Q(state="returned") | ~Q(reason=""), name="benefits_line_reason"),
            models.UniqueConstraint(fields=["grant"], condition=Q(state__in=["open", "paid"]), name="benefits_line_live"),
            models.UniqueConstraint(fields=["grant"], condition=Q(state="paid"), name="benefits_line_paid_once"),
            models.UniqueConstraint(fields=["grant", "attempt"], name="benefits_line_attempt"),
            models.UniqueConstraint(fields=["batch", "position"], name="benefits_line_position"),
        ]
        indexes = [models.Index(fields=["state", "-answered_at", "-id"], name="benefits_line_answered")]

    @property
    def late(self) -> bool:
        """Whether it came back after it had arrived."""
        return self.state == LineState.RETURNED and self.paid_on is not None


class BankAnswer(models.Model):
    """A file of the bank about a batch, kept as it came: read and checked by a job, then entered, or refused and nothing of it taken in.

    Of ``total`` lines the file is read up to line ``read`` and entered up to line ``taken``. ``wrong`` lines do not fit, the first of them with
    what is wrong in ``problems``. ``counts``: what it changed. Of a batch one answer is worked on at a time, and a file once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(PayBatch, on_delete=models.PROTECT, related_name="+", db_index=False)
    file = models.ForeignKey("documents.StoredFile", on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, default=AnswerState.READING)
    total = models.IntegerField()
    read = models.IntegerField(default=0)
    taken = models.IntegerField(default=0)
    wrong = models.IntegerField(default=0)
    problems = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    given_by_id = models.UUIDField()
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(AnswerState)), name="benefits_answer_state"),
            models.CheckConstraint(
                condition=Q(state__in=["done", "refused"], ended_at__isnull=False)
                | (~Q(state__in=["done", "refused"]) & Q(ended_at=None)),
                name="benefits_answer_ended",
            ),
            models.UniqueConstraint(
                fields=["batch"], condition=~Q(state__in=["done", "refused"]), name="benefits_answer_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["batch", "digest"], condition=~Q(state="refused") & Q(wrong=0), name="benefits_answer_once"
            ),
        ]
        indexes = [models.Index(fields=["batch", "-given_at", "-id"], name="benefits_answer_newest")]


class AnswerLine(models.Model):
    """A line of a bank's answer that was read and has not been entered; none is left when it is done or refused."""

    pk = models.CompositePrimaryKey("answer_id", "line")
    answer = models.ForeignKey(BankAnswer, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    line = models.IntegerField()
    reference = models.CharField(max_length=40)
    fen = models.BigIntegerField()
    paid = models.BooleanField()
    on = models.DateField()
    reason = models.CharField(max_length=200)


class ClawBack(models.Model):
    """Money to be had back of a paid grant: with a reason and a legal ground, by two officers.

    When the bank sends the payment back after all, what is left of the claim is lifted: nobody owes what they do not have.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount_fen = models.BigIntegerField()
    reason = SealedField()
    legal_basis = models.CharField(max_length=200)
    state = models.CharField(max_length=8, default=ClawBackState.PROPOSED)
    made_by_id = models.UUIDField()
    made_at = models.DateTimeField()
    agreed_by_id = models.UUIDField(null=True)
    agreed_at = models.DateTimeField(null=True)
    lifted_fen = models.BigIntegerField(null=True)
    lifted_by_id = models.UUIDField(null=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(ClawBackState)), name="benefits_claw_back_state"),
            models.CheckConstraint(
                condition=Q(state="lifted", lifted_fen__gt=0, lifted_by_id__isnull=False, lifted_at__isnull=False)
                | (~Q(state="lifted") & Q(lifted_fen=None, lifted_by_id=None, lifted_at=None)),
                name="benefits_claw_back_lifted",
            ),
            _two_hands("benefits_claw_back_lifts", other="lifted_by_id"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0) & ~Q(legal_basis=""), name="benefits_claw_back_said"),
            _two_hands("benefits_claw_back_hands"),
            models.CheckConstraint(
                condition=~Q(state__in=["ordered", "settled", "lifted"]) | Q(agreed_by_id__isnull=False),
                name="benefits_claw_back_agreed",
            ),
            models.UniqueConstraint(
                fields=["grant"], condition=~Q(state__in=["refused", "lifted"]), name="benefits_claw_back_once"
            ),
        ]
        indexes = [models.Index(fields=["state", "-made_at", "-id"], name="benefits_claw_back_newest")]


class Repayment(models.Model):
    """Some of it that came in. The bank's own number makes it one, however often it is noted."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    claw_back = models.ForeignKey(ClawBack, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount_fen = models.BigIntegerField()
    on = models.DateField()
    reference = models.CharField(max_length=64)
    noted_by_id = models.UUIDField()
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0) & ~Q(reference=""), name="benefits_repayment_said"),
            models.UniqueConstraint(fields=["claw_back", "reference"], name="benefits_repayment_once"),
        ]


class WriteOff(models.Model):
    """What is left of a claw-back is given up, with a reason and by two officers."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    claw_back = models.OneToOneField(ClawBack, on_delete=models.PROTECT, related_name="+")
    reason = SealedField()
    amount_fen = models.BigIntegerField(null=True)
    made_by_id = models.UUIDField()
    made_at = models.DateTimeField()
    agreed_by_id = models.UUIDField(null=True)
    agreed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            _two_hands("benefits_write_off_hands"),
            models.CheckConstraint(
                condition=Q(agreed_by_id=None, agreed_at=None, amount_fen=None)
                | Q(agreed_by_id__isnull=False, agreed_at__isnull=False, amount_fen__gt=0),
                name="benefits_write_off_agreed",
            ),
        ]


class LedgerEntry(models.Model):
    """Something that moved money, entered once. Its lines come to nothing (a deferred trigger); nothing entered ever changes.

    It is of one region, that of its grant: therefore every region balances for itself, and all of them together.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, db_default=models.Func(function="gen_random_uuid"))
    kind = models.CharField(max_length=12)
    source_id = models.UUIDField()
    region = models.CharField(max_length=12)
    on = models.DateField()
    at = models.DateTimeField()
    by_id = models.UUIDField(null=True)

    class Meta:
        db_table = "benefits_ledger_entry"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(EntryKind)), name="benefits_entry_kind"),
            models.UniqueConstraint(fields=["kind", "source_id"], name="benefits_entry_once"),
        ]
        indexes = [
            models.Index(fields=["-on", "-id"], name="benefits_entry_newest"),
            models.Index(fields=["region", "on"], name="benefits_entry_place", opclasses=["varchar_pattern_ops", "date_ops"]),
        ]


class LedgerLine(models.Model):
    """One side of an entry: a debit is positive, a credit negative, in fen."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="lines")
    book = models.CharField(max_length=10)
    fund = models.CharField(max_length=16)
    policy = models.CharField(max_length=64)
    fen = models.BigIntegerField()

    class Meta:
        db_table = "benefits_ledger_line"
        constraints = [
            models.CheckConstraint(condition=Q(book__in=list(Book)), name="benefits_ledger_book"),
            models.CheckConstraint(condition=~Q(fen=0), name="benefits_ledger_fen"),
        ]
        indexes = [models.Index(fields=["book", "policy"], name="benefits_ledger_book_of")]
