"""Questions to other departments, what came of them, and how each interface is reached and fares."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.domains.exchange.rules import Outcome, QuestionState
from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7


class Setting(models.Model):
    """How this bureau reaches one interface. No row: it is not connected, and nothing is asked."""

    interface = models.CharField(max_length=64, primary_key=True)
    base_url = models.CharField(max_length=200)
    app_id = models.CharField(max_length=64)
    secret = SealedField()
    enabled = models.BooleanField(default=True)
    sandbox = models.BooleanField(default=False)  # a demonstration's stand-in, whose faults may be switched
    timeout_ms = models.PositiveIntegerField(null=True)
    per_second = models.PositiveIntegerField(null=True)
    changed_at = models.DateTimeField()
    changed_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(enabled=True) | ~Q(base_url=""), name="exchange_setting_address")]


class Question(models.Model):
    """One question: a material of a case at one interface, with the ground it is asked on. States: :class:`QuestionState`.

    ``query`` holds the conditions and what the case says of the same things, sealed. ``rest`` are the interfaces to ask next
    if this source has no record. ``leased_until``: somebody is asking right now. ``whose`` finds what was asked about somebody by
    their number. ``filed_at``: its answer lies in the electronic file of its case, or the case will have none. ``forgotten_at``: the
    period for keeping it is over, and what it and its answer said of people is gone; never before it was filed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    subject_id = models.UUIDField()  # the case
    material = models.CharField(max_length=64)
    material_name = models.CharField(max_length=2000)
    interface = models.CharField(max_length=64)
    owner = models.CharField(max_length=100)
    item_code = models.CharField(max_length=64)
    region = models.CharField(max_length=12)
    org_id = models.UUIDField()
    hall_id = models.UUIDField()
    party_id = models.UUIDField()
    purpose = models.CharField(max_length=300)
    legal_basis = models.CharField(max_length=300)
    query = SealedField()
    query_sm3 = models.BinaryField(max_length=32)
    lasting = models.BooleanField(default=False)  # also wanted once the case is over: a check of what was committed to
    rest = ArrayField(models.CharField(max_length=64), default=list)
    state = models.CharField(max_length=10, default=QuestionState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    last_fault = models.CharField(max_length=12, blank=True)
    differs = ArrayField(models.CharField(max_length=40), default=list)
    asked_at = models.DateTimeField()
    asked_by_id = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    whose = models.BinaryField(max_length=32, null=True)
    filed_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "material", "interface"], condition=~Q(state="withdrawn"), name="exchange_question_once"
            ),
            models.CheckConstraint(condition=Q(state__in=list(QuestionState)), name="exchange_question_state"),
            models.CheckConstraint(
                condition=Q(state="waiting", settled_at=None) | (~Q(state="waiting") & Q(settled_at__isnull=False)),
                name="exchange_question_settled",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="exchange_question_due", condition=Q(state="waiting")),
            models.Index(fields=["hall_id", "-settled_at", "-id"], name="exchange_answered", condition=Q(state="answered")),
            models.Index(fields=["party_id", "-asked_at"], name="exchange_question_party"),
            models.Index(fields=["interface", "-asked_at", "-id"], name="exchange_question_face"),
            models.Index(fields=["hall_id", "-asked_at", "-id"], name="exchange_question_hall"),
            models.Index(fields=["subject_id"], name="exchange_question_subject"),
            models.Index(
                fields=["subject_id"], name="exchange_question_unfiled", condition=Q(filed_at=None, settled_at__isnull=False)
            ),
            models.Index(fields=["whose", "-asked_at"], name="exchange_question_whose", condition=Q(whose__isnull=False)),
            models.Index(
                fields=["settled_at"], name="exchange_question_kept", condition=Q(forgotten_at=None, settled_at__isnull=False)
            ),
        ]


class Try(models.Model):
    """One call, as it went (DS-03): who asked, when, which fields, what came of it. Written once; why it was asked is the question's."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="calls")
    interface = models.CharField(max_length=64)
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    outcome = models.CharField(max_length=12)
    why = models.CharField(max_length=60, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    operator_id = models.UUIDField(null=True)
    fields = ArrayField(models.CharField(max_length=40))

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(outcome__in=list(Outcome)), name="exchange_try_outcome")]
        indexes = [models.Index(fields=["interface", "-at"], name="exchange_try_face")]


class Receipt(models.Model):
    """An answer as it is kept: from whom, to which query, when, and its digest; the allowed fields sealed. Written once.

    When the time for keeping it is over, only what it said is taken out; the digest and the rest stay for good.
    """

    question = models.OneToOneField(Question, on_delete=models.PROTECT, primary_key=True, related_name="receipt")
    source = models.CharField(max_length=100)
    query_sm3 = models.BinaryField(max_length=32)
    answer_sm3 = models.BinaryField(max_length=32)
    signed = models.CharField(max_length=64)  # the source's HMAC-SM3 over the whole answer
    app_id = models.CharField(max_length=64)
    at = models.DateTimeField()
    as_of = models.DateField()
    fields = ArrayField(models.CharField(max_length=40))
    answer = SealedField(null=True)


class Health(models.Model):
    """How an interface fares, shared by all processes: the breaker, and the calls of the second under way."""

    interface = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    opens = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True)
    second = models.BigIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    last_good_at = models.DateTimeField(null=True)
    last_fault_at = models.DateTimeField(null=True)
    last_fault = models.CharField(max_length=12, blank=True)
