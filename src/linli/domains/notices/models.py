"""Messages and the tries to bring them to people. What a message says, and where it goes, is ciphertext."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.domains.notices.rules import DeliveryState, Way
from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7


class Message(models.Model):
    """Something a person or an employer was told. ``key`` makes it exactly once; the row itself is the inbox."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=48)
    party_id = models.UUIDField()
    is_employer = models.BooleanField()
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    values = SealedField()
    made_by_id = models.UUIDField(null=True)
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["party_id", "-made_at", "-id"], name="notices_inbox"),
            models.Index(fields=["party_id"], name="notices_unread", condition=Q(read_at=None)),
            models.Index(fields=["subject_id", "made_at"], name="notices_about"),
        ]


class Delivery(models.Model):
    """One way a message takes. A way that fails is followed by the next of ``plan``; a code has no message.

    States: ``rules.DeliveryState``. ``content`` is what is sent, word for word; of a code it is wiped as soon as it is gone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, null=True, related_name="deliveries", db_index=False)
    kind = models.CharField(max_length=48)
    way = models.CharField(max_length=8)
    place = models.PositiveSmallIntegerField(default=0)
    plan = ArrayField(models.CharField(max_length=8), default=list)  # the ways after this one
    address = SealedField()
    content = SealedField(null=True)
    state = models.CharField(max_length=10, default=DeliveryState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    provider_id = models.CharField(max_length=128, blank=True)
    error = models.CharField(max_length=64, blank=True)  # a code of the provider or of ours, never its text
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # handed over, or given up

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "place"], condition=Q(message__isnull=False), name="notices_delivery_place"),
            models.CheckConstraint(condition=Q(way__in=list(Way), state__in=list(DeliveryState)), name="notices_delivery_words"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending"], ended_at=None)
                | (~Q(state__in=["waiting", "sending"]) & Q(ended_at__isnull=False)),
                name="notices_delivery_ended",
            ),
            models.CheckConstraint(condition=~Q(state="waiting") | Q(next_try_at__isnull=False), name="notices_delivery_next"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="notices_waiting", condition=Q(state="waiting")),
            models.Index(fields=["claimed_at"], name="notices_sending", condition=Q(state="sending")),
            models.Index(fields=["-made_at", "-id"], name="notices_failed", condition=Q(state="failed")),
            models.Index(fields=["-made_at", "-id"], name="notices_newest"),
            models.Index(fields=["way", "provider_id"], name="notices_provider", condition=~Q(provider_id="")),
        ]


class Preference(models.Model):
    """How somebody wants to be told: which ways, in which order, in which words. An e-mail address is here once a code that went to it
    came back, an open id once WeChat named it."""

    party_id = models.UUIDField(primary_key=True)
    ways = ArrayField(models.CharField(max_length=8), default=list)
    email = SealedField(null=True)
    wechat = SealedField(null=True)  # the open id the official account knows them by
    english = models.BooleanField(default=False)
    plain = models.BooleanField(default=False)
    changed_at = models.DateTimeField()


class Posted(models.Model):
    """What a demonstration would have sent; kept in the place of a provider."""

    delivery = models.OneToOneField(Delivery, on_delete=models.PROTECT, primary_key=True, related_name="+")
    way = models.CharField(max_length=8)
    address = SealedField()
    address_index = models.BinaryField(max_length=32)
    content = SealedField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["address_index", "-delivery"], name="notices_posted_to"),
        ]
