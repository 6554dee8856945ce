"""Those the bureau serves. Identity numbers, phones, addresses and accounts are ciphertext; equal ones are found by blind index."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q

from linli.domains.people.rules import Assurance, Binding, Gender, Ground, ObjectionState, Scope
from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7


class Person(models.Model):
    """A natural person, one row for each document number.

    A row that is not ``verified`` is what somebody said of themselves on the portal: it is found by no number, so that nobody can
    lay hands on what the bureau keeps under that number, and no counter takes it for the person. When who they are is shown, it
    either becomes the verified row or, if there is one, says whose it is (``same_as``).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=100)
    id_type = models.CharField(max_length=24)
    id_number = SealedField()
    id_index = models.BinaryField(max_length=32)
    gender = models.CharField(max_length=8, default=Gender.UNKNOWN)
    birth_date = models.DateField(null=True)
    phone = SealedField(null=True)
    phone_index = models.BinaryField(max_length=32, null=True)
    address = SealedField(null=True)
    profile = SealedField(null=True)  # what forms told before: education, bank account, household (JSON)
    region = models.CharField(max_length=12)
    verified = models.BooleanField(default=True)
    same_as = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id_type", "id_index"], condition=Q(verified=True), name="people_person_number"),
            models.CheckConstraint(condition=Q(same_as=None) | Q(verified=False), name="people_person_same_as"),
        ]
        indexes = [
            models.Index(fields=["phone_index"], name="people_person_phone"),
            models.Index(fields=["name"], name="people_person_name", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["region"], name="people_person_region"),
            models.Index(fields=["same_as"], name="people_person_same_as", condition=Q(same_as__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name


class Employer(models.Model):
    """A body with a unified social credit code, which is public; its people's phone and account are not."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=200)
    search = SearchVectorField(null=True)
    credit_code = models.CharField(max_length=18, unique=True)
    legal_representative = models.CharField(max_length=100, blank=True)
    phone = SealedField(null=True)
    address = models.CharField(max_length=200, blank=True)
    profile = SealedField(null=True)  # handler, bank account, industry (JSON)
    region = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [GinIndex(fields=["search"], name="people_employer_search")]

    def __str__(self) -> str:
        return self.name


class Mandate(models.Model):
    """Somebody may act for a person or an employer: to some ends, for some items (none named: all), on some days (both included).

    It counts from its first day to its last, until it is revoked. What it gives never grows: a wider one is another row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    principal = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, null=True, related_name="+")
    agent = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    scopes = ArrayField(models.CharField(max_length=16))
    items = ArrayField(models.CharField(max_length=64), default=list)
    first_day = models.DateField()
    last_day = models.DateField()
    ground = models.CharField(max_length=16)
    evidence = models.CharField(max_length=200, blank=True)  # the paper that was shown, in words
    document_id = models.UUIDField(null=True)  # and its picture (room documents)
    registered_by_id = models.UUIDField()
    registered_at = models.DateTimeField()
    revoked_by_id = models.UUIDField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(principal=None, employer__isnull=False) | Q(principal__isnull=False, employer=None),
                name="people_mandate_one_principal",
            ),
            models.CheckConstraint(condition=~Q(principal=F("agent")), name="people_mandate_not_oneself"),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="people_mandate_days"),
            models.CheckConstraint(
                condition=Q(scopes__len__gt=0, scopes__contained_by=[s.value for s in Scope]), name="people_mandate_scopes"
            ),
            models.CheckConstraint(condition=Q(ground__in=[g.value for g in Ground]), name="people_mandate_ground"),
            models.CheckConstraint(  # what nobody gave themselves rests on a paper
                condition=Q(ground=Ground.ONLINE, employer=None) | (~Q(ground=Ground.ONLINE) & ~Q(evidence="")),
                name="people_mandate_evidence",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by_id=None) | Q(revoked_at__isnull=False, revoked_by_id__isnull=False),
                name="people_mandate_revoked",
            ),
        ]
        indexes = [
            models.Index(fields=["agent", "-registered_at"], name="people_mandate_agent"),
            models.Index(fields=["principal", "-registered_at"], name="people_mandate_principal"),
            models.Index(fields=["employer", "-registered_at"], name="people_mandate_employer"),
        ]


class Account(models.Model):
    """The sign-in of a resident and the person it belongs to: one each, how that was shown, and how sure it is."""

    user = models.OneToOneField("accounts.User", on_delete=models.PROTECT, primary_key=True, related_name="+")
    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="+")
    assurance = models.CharField(max_length=12)
    bound_by = models.CharField(max_length=12)
    bound_at = models.DateTimeField()
    phone = SealedField(null=True)
    phone_index = models.BinaryField(max_length=32, null=True)
    issuer = models.CharField(max_length=200, blank=True)  # of the identity provider, and what it calls them
    subject = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["phone_index"], name="people_account_phone"),
            models.UniqueConstraint(fields=["issuer", "subject"], condition=~Q(issuer=""), name="people_account_identity"),
            models.CheckConstraint(
                condition=Q(phone=None, phone_index=None) | Q(phone__isnull=False, phone_index__isnull=False),
                name="people_account_phone_pair",
            ),
            models.CheckConstraint(
                condition=Q(issuer="", subject="") | (~Q(issuer="") & ~Q(subject="")), name="people_account_pair"
            ),
            models.CheckConstraint(condition=Q(assurance__in=[a.value for a in Assurance]), name="people_account_assurance"),
            models.CheckConstraint(condition=Q(bound_by__in=[b.value for b in Binding]), name="people_account_binding"),
        ]


class PhoneCode(models.Model):
    """A code that went to a telephone, or to an e-mail address: good once, for some minutes and some tries. ``phone_index`` is blind and
    tells the two apart by its context. The rows are the rate limit too; a job drops them."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    phone_index = models.BinaryField(max_length=32)
    address_index = models.BinaryField(max_length=32)  # of the network that asked; nobody needs to read it back
    digest = models.BinaryField(max_length=32)
    sent_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["phone_index", "-sent_at"], name="people_phonecode_phone"),
            models.Index(fields=["address_index", "sent_at"], name="people_phonecode_address"),
        ]


class StartCode(models.Model):
    """A code given to somebody present who has shown their document: it binds their sign-in, once, within some days."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)
    issued_by_id = models.UUIDField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [  # a newer one replaces the older one
            models.UniqueConstraint(fields=["person"], condition=Q(used_at=None), name="people_startcode_open")
        ]


class Consent(models.Model):
    """What somebody agreed to that no duty of the bureau rests on, in the words of a version; it counts until it is withdrawn."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=32)
    version = models.PositiveSmallIntegerField()
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "purpose"], condition=Q(withdrawn_at=None), name="people_consent_once"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("given_at")), name="people_consent_times"
            ),
        ]
        indexes = [models.Index(fields=["person", "-given_at"], name="people_consent_person")]


class Objection(models.Model):
    """Somebody says that a record about them is wrong: an organisation owns it and answers by a day. Open or passed on until answered.

    ``source`` is the body whose record it is; a record of another department is passed on to it (DS-05) and the day stays.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    about = models.CharField(max_length=64)  # a fact of the vocabulary, or a material
    label = models.CharField(max_length=200)
    source = models.CharField(max_length=100)
    subject_id = models.UUIDField(null=True)  # the case for which the record was fetched
    text = SealedField()
    owner = models.ForeignKey("org.Organisation", on_delete=models.PROTECT, related_name="+")
    raised_by_id = models.UUIDField()
    raised_at = models.DateTimeField()
    due_on = models.DateField()
    state = models.CharField(max_length=12, default=ObjectionState.OPEN)
    answer = SealedField(null=True)
    answered_by_id = models.UUIDField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[s.value for s in ObjectionState]), name="people_objection_state"),
            models.CheckConstraint(  # an answer has words, a hand and a time; withdrawing has a time
                condition=Q(state__in=["open", "passed"], answered_at=None)
                | Q(state="withdrawn", answered_at__isnull=False)
                | Q(
                    state__in=["corrected", "refused"],
                    answered_at__isnull=False,
                    answered_by_id__isnull=False,
                    answer__isnull=False,
                ),
                name="people_objection_answered",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-raised_at"], name="people_objection_person"),
            models.Index(fields=["owner", "due_on", "id"], name="people_objection_open", condition=Q(answered_at=None)),
        ]
