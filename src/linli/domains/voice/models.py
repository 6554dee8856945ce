"""A demand: somebody wants something; an organisation owns it and answers by a day."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7


class Demand(models.Model):
    """What a person asks for that the catalogue does not hold. It is open until it is answered (``answered_at``)."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=24, unique=True)
    person_id = models.UUIDField(null=True)
    name = models.CharField(max_length=100)
    phone = SealedField(null=True)
    channel = models.CharField(max_length=16)
    summary = SealedField()
    wish = SealedField(null=True)
    hall_id = models.UUIDField()
    owner = models.ForeignKey("org.Organisation", on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    registered_by_id = models.UUIDField()
    registered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    document_id = models.UUIDField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "due_on", "id"], name="voice_demand_open", condition=Q(answered_at=None)),
            models.Index(fields=["hall_id", "-registered_at"], name="voice_demand_hall"),
        ]


class DemandCounter(models.Model):
    """The last number of a division and day."""

    area = models.CharField(max_length=6)
    day = models.DateField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["area", "day"], name="voice_counter_once")]
