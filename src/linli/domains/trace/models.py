"""Tables of the record. Events are written once and never changed: a trigger and missing privileges both see to it."""

from __future__ import annotations

from django.db import models

from linli.kernel.ids import uuid7


class Chain(models.Model):
    """One subject's chain: how long it is and its newest hash. Locked while an event is added."""

    id = models.UUIDField(primary_key=True)  # the subject's own id
    kind = models.CharField(max_length=32)
    seq = models.PositiveIntegerField()
    head = models.BinaryField(max_length=32)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()


class Event(models.Model):
    """One act. Partitioned by month of ``at``; every column is covered by ``hash``."""

    pk = models.CompositePrimaryKey("id", "at")
    id = models.UUIDField(default=uuid7)
    chain_id = models.UUIDField()
    kind = models.CharField(max_length=32)
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    act = models.CharField(max_length=64)
    user_id = models.UUIDField(null=True)
    posting_id = models.UUIDField(null=True)
    org_id = models.UUIDField(null=True)
    hall_id = models.UUIDField(null=True)
    device = models.CharField(max_length=64)
    channel = models.CharField(max_length=16)
    data = models.JSONField()
    salt = models.BinaryField(max_length=16)
    prev = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        indexes = [
            models.Index(fields=["chain_id", "seq"], name="trace_event_chain"),
            models.Index(fields=["user_id", "at"], name="trace_event_user"),
        ]


class Root(models.Model):
    """The published root of one day over the heads of all chains that grew since the root before."""

    number = models.PositiveIntegerField(primary_key=True)
    day = models.DateField()
    made_at = models.DateTimeField()
    newest_event = models.UUIDField()  # where the next root starts looking
    leaves = models.PositiveIntegerField()
    merkle = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    stamp = models.BinaryField()  # RFC 3161 token over the SHA-256 of the record
    stamped_by = models.CharField(max_length=16)  # "tsa" or "local"


class Leaf(models.Model):
    """The head of one chain as a root saw it."""

    root = models.ForeignKey(Root, on_delete=models.PROTECT, related_name="+")
    index = models.PositiveIntegerField()
    chain_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    head = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["root", "index"], name="trace_leaf_place"),
            models.UniqueConstraint(fields=["chain_id", "seq"], name="trace_leaf_once"),
        ]


class Verification(models.Model):
    """One checking of the whole record: how far it has come, and, when it is over, what it found."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    asked_by_id = models.UUIDField()
    asked_at = models.DateTimeField()
    events_done = models.PositiveBigIntegerField(default=0)
    events_all = models.PositiveBigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    found = models.JSONField(null=True)  # counts, and the faults as sentences with where they are

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(finished_at=None, found=None) | models.Q(finished_at__isnull=False, found__isnull=False),
                name="trace_verification_found",
            )
        ]


class Answer(models.Model):
    """What a request with an idempotency key was answered, so that the same key gives the same answer."""

    key = models.UUIDField(primary_key=True)
    command = models.CharField(max_length=64)
    fingerprint = models.BinaryField(max_length=32)  # of who asked for what; another request under the key is refused
    answer = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="trace_answer_at")]
