"""Items and what they are at a time. A published standard is never changed; a new version takes its place on its day."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from linli.kernel.ids import uuid7


class MainItem(models.Model):
    """主项: stable identity."""

    code = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=64)
    domain_name = models.CharField(max_length=64)
    sort = models.PositiveIntegerField()


class SubItem(models.Model):
    """子项: stable identity, with the name it is found by."""

    code = models.CharField(max_length=64, primary_key=True)
    main = models.ForeignKey(MainItem, on_delete=models.PROTECT, related_name="sub_items")
    name = models.CharField(max_length=200)
    sort = models.PositiveIntegerField()
    search = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["search"], name="catalog_subitem_search")]


class Status(models.TextChoices):
    """A draft can be changed; a published version never; a withdrawal is a version that ends the item in a place."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class ItemStandard(models.Model):
    """One version of an item's standard in one place.

    Which version counts on a day follows from ``valid_from`` alone: the newest one of the nearest place at or above. With
    ``base`` set the row is a local version: the standard above it with ``overrides`` laid over, ``doc`` being the result.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    item = models.ForeignKey(SubItem, on_delete=models.PROTECT, related_name="standards")
    region = models.CharField(max_length=12, blank=True)
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=10)
    doc = models.JSONField()
    base = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    overrides = models.JSONField(null=True)
    revision = models.PositiveIntegerField(default=1)  # of a draft; guards two editors
    valid_from = models.DateField(null=True)
    # Lifted out of the document for lists and filters.
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16)
    domain = models.CharField(max_length=64)
    applicant_kinds = ArrayField(models.CharField(max_length=16))
    instant = models.BooleanField()
    promised_days = models.PositiveIntegerField(null=True)
    external = models.BooleanField()
    findings = models.PositiveIntegerField(default=0)
    edited_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField()
    published_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "region", "version"], name="catalog_standard_version"),
            models.UniqueConstraint(fields=["item", "region"], condition=Q(status="draft"), name="catalog_one_draft"),
            models.CheckConstraint(
                condition=Q(status="draft", published_at=None, valid_from=None)
                | (Q(status__in=["published", "withdrawn"]) & Q(published_at__isnull=False, valid_from__isnull=False)),
                name="catalog_standard_published",
            ),
        ]
        indexes = [
            models.Index(fields=["item", "region", "valid_from", "version"], name="catalog_standard_in_force"),
        ]


class BundleVersion(models.Model):
    """One version of a joint matter (一件事) in one place; never changed. Which counts on a day follows from ``valid_from``."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    code = models.CharField(max_length=64)
    region = models.CharField(max_length=12, blank=True)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    applicant_kinds = ArrayField(models.CharField(max_length=16))
    sort = models.PositiveIntegerField()
    doc = models.JSONField()
    valid_from = models.DateField()
    published_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        db_table = "catalog_bundle"
        constraints = [models.UniqueConstraint(fields=["code", "region", "version"], name="catalog_bundle_version")]
