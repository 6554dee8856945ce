"""Those the bureau serves. Identity numbers, phones, addresses and accounts are ciphertext; equal ones are found by blind index."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from linli.domains.people.rules import Gender
from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7


class Person(models.Model):
    """A natural person, one row for each document number."""

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
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["id_type", "id_index"], name="people_person_number")]
        indexes = [
            models.Index(fields=["phone_index"], name="people_person_phone"),
            models.Index(fields=["region"], name="people_person_region"),
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
