"""Other systems, their keys, and the notifications they are sent."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.domains.clients.rules import MOST_PER_MINUTE, DeliveryState
from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7


class ApiClient(models.Model):
    """A system that a bureau admitted: for whom it acts, what for, from where and how often. Once revoked it stays so."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=100, unique=True)
    org = models.ForeignKey("org.Organisation", on_delete=models.PROTECT, related_name="+")  # the counter its cases come in at
    owner = models.CharField(max_length=200)  # who answers for it, and how they are reached
    scopes = ArrayField(models.CharField(max_length=16))
    networks = ArrayField(models.CharField(max_length=50), default=list)  # none: from anywhere
    per_minute = models.PositiveIntegerField()
    admitted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(per_minute__range=(1, MOST_PER_MINUTE)), name="clients_client_rate"),
        ]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A key of a system; of the secret only a digest is kept. Two are good at once while one follows the other."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="keys")
    prefix = models.CharField(max_length=10, unique=True)
    digest = models.BinaryField(max_length=32)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(expires_at__gte=models.F("made_at")), name="clients_key_dates")]


class Usage(models.Model):
    """How often a system called in the minute under way, for its limit; written without waiting for the disk."""

    client = models.OneToOneField(ApiClient, on_delete=models.PROTECT, primary_key=True, related_name="usage")
    minute = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    address = models.CharField(max_length=45, blank=True)


class Webhook(models.Model):
    """An address of a system that is told of some acts on the cases it brought."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=500)
    acts = ArrayField(models.CharField(max_length=64))
    secret = SealedField()
    old_secret = SealedField(null=True)  # signs too, until ``old_until``, while a new one takes its place
    old_until = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.CharField(max_length=10, blank=True)  # client, bureau, or gone: the address answered 410

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stopped_at=None, stopped_by="") | (Q(stopped_at__isnull=False) & ~Q(stopped_by="")),
                name="clients_webhook_stopped",
            )
        ]


class Upload(models.Model):
    """A file that a system handed in and may yet put into a case; forgotten if it does not."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="+", db_index=False)
    file_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file_id", "client"], name="clients_upload_once")]
        indexes = [models.Index(fields=["at"], name="clients_upload_old")]


class Delivery(models.Model):
    """One notification and its tries. The body is kept as it was signed, so that a repeat says the same."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    act = models.CharField(max_length=64)
    case_id = models.UUIDField(null=True)  # none for a ping
    seq = models.PositiveIntegerField(null=True)  # the place of the act in the record of the case
    body = models.TextField()
    state = models.CharField(max_length=10, default=DeliveryState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    log = models.JSONField(default=list)  # [{"at", "status", "milliseconds", "error"}], the newest last
    made_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["webhook", "case_id", "seq"], name="clients_delivery_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", next_at__isnull=False, done_at=None)
                | Q(state__in=["delivered", "given_up"], next_at=None, done_at__isnull=False),
                name="clients_delivery_state",
            ),
        ]
        indexes = [
            models.Index(fields=["webhook", "-made_at", "-id"], name="clients_delivery_log"),
            models.Index(fields=["next_at"], name="clients_delivery_waiting", condition=Q(state="waiting")),
        ]
