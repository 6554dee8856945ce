"""Who belongs where, who holds which post from when to when, and which organisation may do what with which item."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from linli.kernel.ids import uuid7

_ENDS_AFTER_START = Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from"))


class Region(models.Model):
    """An administrative division with the time its code was in force; codes are never reused."""

    code = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=64)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=_ENDS_AFTER_START, name="org_region_dates")]

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    """A body or part of one. ``path`` lists the ids from the top down to itself, so a subtree is one prefix.

    Divisions and halls are parts: they act in the name, and under the authority, of the body they belong to.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    code = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=128)
    short_name = models.CharField(max_length=32)
    kind = models.CharField(max_length=16)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    body = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+")  # in whose name it acts; mostly itself
    path = models.TextField()
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    credit_code = models.CharField(max_length=18, blank=True)
    address = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    opening_hours = models.CharField(max_length=100, blank=True)
    review_body = models.CharField(max_length=128, blank=True)  # where its decisions are reconsidered
    court = models.CharField(max_length=128, blank=True)  # and where they are sued on
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=_ENDS_AFTER_START, name="org_organisation_dates")]
        indexes = [models.Index(fields=["path"], name="org_organisation_path", opclasses=["text_pattern_ops"])]

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A described set of permissions with one duty; the list ships as data."""

    code = models.CharField(max_length=32, primary_key=True)
    name = models.CharField(max_length=64)
    description = models.CharField(max_length=200)
    duty = models.CharField(max_length=16)
    permissions = ArrayField(models.CharField(max_length=48))

    def __str__(self) -> str:
        return self.name


class IncompatibleDuty(models.Model):
    """Two duties that one person never holds at one time: in one hall, or (``everywhere``) at all."""

    one = models.CharField(max_length=16)
    other = models.CharField(max_length=16)
    everywhere = models.BooleanField()
    legal_basis = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="org_incompatible_once")]


class Posting(models.Model):
    """Somebody holds a post in an organisation from a day until another. A trigger keeps incompatible duties apart.

    ``hall`` is where it is exercised; ``domains`` limits a reviewer to business lines (empty means all of them).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    org = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    hall = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    domains = ArrayField(models.CharField(max_length=48), default=list)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=_ENDS_AFTER_START, name="org_posting_dates")]
        indexes = [
            models.Index(fields=["org", "post"], name="org_posting_org"),
            models.Index(fields=["user"], name="org_posting_user"),
        ]


class Staff(models.Model):
    """What the bureau knows of a member of staff; the blind index of their ID number keeps them off their own cases."""

    user = models.OneToOneField("accounts.User", on_delete=models.PROTECT, primary_key=True, related_name="+")
    employee_number = models.CharField(max_length=32, unique=True)
    id_index = models.BinaryField(max_length=32, null=True)


class Absence(models.Model):
    """Somebody is not on duty on these days (both included), so the draw leaves them out."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    first = models.DateField()
    last = models.DateField()
    reason = models.CharField(max_length=100)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(last__gte=F("first")), name="org_absence_dates")]
        indexes = [models.Index(fields=["user", "last"], name="org_absence_user")]


class Recusal(models.Model):
    """A declared connection with a person or employer; cases of theirs are never drawn to this member of staff."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    party_id = models.UUIDField()
    reason = models.CharField(max_length=200)
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["party_id"], name="org_recusal_party", condition=Q(ended_at=None))]


class Authority(models.Model):
    """An organisation may do one thing with one item within a region, under a document, from a day until another."""

    org = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    item_code = models.CharField(max_length=64)
    power = models.CharField(max_length=8)
    region = models.CharField(max_length=12)  # cases of this division and all below it
    document = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=_ENDS_AFTER_START, name="org_authority_dates"),
            models.UniqueConstraint(
                fields=["org", "item_code", "power", "region"], condition=Q(valid_to=None), name="org_authority_once"
            ),
        ]
        indexes = [models.Index(fields=["item_code", "power", "org"], name="org_authority_item")]


class CalendarNotice(models.Model):
    """The notice of one year for the whole country (empty region) or a regional addition; the newest one loaded counts."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    year = models.PositiveSmallIntegerField()
    region = models.CharField(max_length=12, blank=True)
    closed = ArrayField(models.DateField())
    worked = ArrayField(models.DateField())
    source = models.CharField(max_length=200)
    loaded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["region", "year", "loaded_at"], name="org_calendar_year")]
