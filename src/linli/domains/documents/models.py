"""Documents, seals, the ledger of their use, and the files that were handed in or sealed.

What a document says lies encrypted; after it was numbered nothing of it changes (trigger ``documents_frozen``), and what
a seal did is written once (trigger ``documents_written_once``).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from linli.domains.documents.rules import State
from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7


class StoredFile(models.Model):
    """A file by its content: the same bytes are kept once, encrypted. Its name is kept by whoever refers to it.

    ``index`` is a keyed digest, so that a stranger with the disk cannot ask whether a known file is there; the plain
    SM3 digest, which lists inside case files print, is encrypted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    index = models.BinaryField(max_length=32, unique=True)
    digest = SealedField()
    size = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=100)
    path = models.CharField(max_length=120)
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="documents_file_not_empty")]


class Seal(models.Model):
    """A seal of an organisation, how it looks, the certificate it signs with and when it may be used."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    org = models.ForeignKey("org.Organisation", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=64)
    purpose = models.CharField(max_length=16)
    code = models.CharField(max_length=32, unique=True)
    diameter = models.PositiveSmallIntegerField()
    star = models.BooleanField()
    certificate = models.CharField(max_length=64)  # SHA-256 fingerprint
    demo = models.BooleanField()
    valid_from = models.DateField()
    valid_to = models.DateField()
    made_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.UUIDField(null=True)
    stopped_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(valid_to__gt=F("valid_from")), name="documents_seal_dates"),
            models.CheckConstraint(condition=Q(diameter__range=(20, 60)), name="documents_seal_size"),
            models.CheckConstraint(
                condition=Q(stopped_at=None, stopped_reason="") | (Q(stopped_at__isnull=False) & ~Q(stopped_reason="")),
                name="documents_seal_stopped_with_reason",
            ),
            models.UniqueConstraint(fields=["org", "purpose"], condition=Q(stopped_at=None), name="documents_seal_one_in_use"),
        ]

    def __str__(self) -> str:
        return f"{self.name}{self.purpose}"


class Counter(models.Model):
    """The last number given to a kind of paper of an organisation in a year; locked from the giving until the commit."""

    pk = models.CompositePrimaryKey("org_id", "kind", "year")
    org = models.ForeignKey("org.Organisation", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()


class Document(models.Model):
    """A paper with a number: composed, then sealed, then perhaps superseded or revoked; never deleted.

    ``subject`` is the case or demand it belongs to, ``standard_id`` the version of the item it was made under; both lie in
    other rooms. ``data`` holds the paper (see ``papers``) and who issued it under which name.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    kind = models.CharField(max_length=24)
    template_version = models.PositiveSmallIntegerField()
    template_digest = models.BinaryField(max_length=32)
    org = models.ForeignKey("org.Organisation", on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    standard_id = models.UUIDField(null=True)
    title = models.CharField(max_length=520)
    data = SealedField()
    code = models.CharField(max_length=12, unique=True)
    state = models.CharField(max_length=12, default=State.COMPOSED.value)
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)
    sealed_at = models.DateTimeField(null=True)
    sealed_digest = models.BinaryField(max_length=32, null=True)
    sealed_file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    superseded_at = models.DateTimeField(null=True)
    superseded_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.UUIDField(null=True)
    revoked_reason = models.CharField(max_length=500, blank=True)
    revoked_basis = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org", "kind", "year", "sequence"], name="documents_number_once"),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="documents_state_known"),
            models.CheckConstraint(
                condition=Q(sealed_at=None, sealed_digest=None, sealed_file=None)
                | Q(sealed_at__isnull=False, sealed_digest__isnull=False, sealed_file__isnull=False),
                name="documents_sealed_together",
            ),
            models.CheckConstraint(
                condition=Q(state=State.COMPOSED.value, sealed_at=None)
                | Q(state__in=[State.SEALED.value, State.SUPERSEDED.value], sealed_at__isnull=False)
                | Q(state=State.REVOKED.value),
                name="documents_sealed_by_state",
            ),
            models.CheckConstraint(
                condition=(Q(state=State.SUPERSEDED.value) & Q(superseded_at__isnull=False, superseded_by__isnull=False))
                | (~Q(state=State.SUPERSEDED.value) & Q(superseded_at=None, superseded_by=None)),
                name="documents_superseded_together",
            ),
            models.CheckConstraint(
                condition=(Q(state=State.REVOKED.value) & Q(revoked_at__isnull=False) & ~Q(revoked_reason=""))
                | (~Q(state=State.REVOKED.value) & Q(revoked_at=None, revoked_by=None, revoked_reason="")),
                name="documents_revoked_together",
            ),
        ]
        indexes = [
            models.Index(fields=["subject_id", "made_at"], name="documents_subject"),
            models.Index(fields=["sealed_digest"], name="documents_digest", condition=Q(sealed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number


class SealUse(models.Model):
    """One use of a seal (SG-03): who, on which document digest, with which seal, when, on which decision."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    document_digest = models.BinaryField(max_length=32)  # SM3 of the signed file
    certificate = models.CharField(max_length=64)
    subject_id = models.UUIDField()
    item_code = models.CharField(max_length=64, blank=True)
    decision_ref = models.CharField(max_length=100)
    user_id = models.UUIDField(null=True)
    posting_id = models.UUIDField(null=True)
    org_id = models.UUIDField(null=True)
    device = models.CharField(max_length=64, blank=True)
    stamped = models.BooleanField()  # with a time stamp of an authority
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document"], name="documents_sealuse_once")]
        indexes = [
            models.Index(fields=["seal", "id"], name="documents_sealuse_seal"),
            models.Index(fields=["seal", "-at", "-id"], name="documents_sealuse_at"),
            models.Index(fields=["subject_id"], name="documents_sealuse_subject"),
        ]


class Destruction(models.Model):
    """A list of electronic files whose time is over: proposed by one person, approved by another, then carried out."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    reason = models.CharField(max_length=500)
    proposed_by = models.UUIDField()
    proposed_at = models.DateTimeField()
    approved_by = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | (Q(approved_by__isnull=False, approved_at__isnull=False, refused_at=None) & ~Q(approved_by=F("proposed_by"))),
                name="documents_destruction_two_people",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="documents_destruction_reason"),
        ]


class Package(models.Model):
    """One electronic file of a case, or what came to it later: an archive that is fixed by its manifest's digest.

    Packages of one subject follow each other; ``manifest`` of each names the one before (AR-02). What was destroyed keeps its
    row and its digest, and loses its bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    ordinal = models.PositiveSmallIntegerField()
    manifest_digest = models.BinaryField(max_length=32)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    size = models.PositiveBigIntegerField()
    made_at = models.DateTimeField()
    closed_on = models.DateField()
    keep_until = models.DateField(null=True)  # for good if None
    retention = models.JSONField()  # the rule it was fixed by
    checks = models.JSONField()  # the four, with what each found (AR-03)
    checked_at = models.DateTimeField()
    destruction = models.ForeignKey(Destruction, on_delete=models.PROTECT, null=True, related_name="packages")
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "ordinal"], name="documents_package_place"),
            models.CheckConstraint(
                condition=Q(destroyed_at=None, file__isnull=False)
                | Q(destroyed_at__isnull=False, file=None, destruction__isnull=False),
                name="documents_package_destroyed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["keep_until", "id"], name="documents_package_due", condition=Q(destroyed_at=None, keep_until__isnull=False)
            ),
        ]
