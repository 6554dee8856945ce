"""What is known of people, employers and hires, and the scans that were made of it."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.domains.benefits.facts import Fact, sources_of, vocabulary
from linli.domains.benefits.runs import RunState
from linli.kernel.ids import uuid7


class Facts(models.Model):
    """What is known of one subject: a column for every fact of the vocabulary (unknown: NULL), and when each source was last heard.

    Sources tell in parts. A fact that was told before its source was last heard has its own day in ``told``, so that news about
    one fact never makes an old one look fresh; so has one of which its source said that it does not know it.
    """

    subject_id = models.UUIDField(primary_key=True)
    region = models.CharField(max_length=12)
    told = models.JSONField(null=True)

    class Meta:
        abstract = True


class PersonFacts(Facts):
    """Of a person, by their own id."""

    class Meta:
        db_table = "benefits_person_facts"


class EmployerFacts(Facts):
    """Of an employer, by its own id."""

    class Meta:
        db_table = "benefits_employer_facts"


class HireFacts(Facts):
    """Of somebody taken on by an employer; the id is the hire's own, since one person may be taken on twice."""

    employer_id = models.UUIDField()
    person_id = models.UUIDField()

    class Meta:
        db_table = "benefits_hire_facts"
        indexes = [
            models.Index(fields=["employer_id", "subject_id"], name="benefits_hire_employer"),
            models.Index(fields=["person_id"], name="benefits_hire_person"),
        ]


FACTS: dict[str, Any] = {"person": PersonFacts, "employer": EmployerFacts, "hire": HireFacts}


def _column(fact: Fact) -> models.Field[Any, Any]:
    match fact.kind.type:
        case "boolean":
            return models.BooleanField(null=True)
        case "date":
            return models.DateField(null=True)
        case "string":
            return models.CharField(max_length=64, null=True)
    return models.BigIntegerField(null=True)


def seen(source: str) -> str:
    """The column that says when a source was last heard."""
    return f"seen_{source}"


for _subject, _facts in vocabulary().items():
    for _name, _fact in _facts.items():
        _column(_fact).contribute_to_class(FACTS[_subject], _name)
    for _source in sources_of(_subject):
        models.DateField(null=True).contribute_to_class(FACTS[_subject], seen(_source))


class Run(models.Model):
    """One scan: which policies, for which place, as of which day, and what came of it. Its files hold the facts it used, frozen.

    ``before`` names for each policy the run it is compared with; ``counts`` what came of each; ``figures`` which figures were used,
    by group of places; ``digests`` the SM3 of each file. Waiting, running, then done or failed for good.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    on = models.DateField()
    region = models.CharField(max_length=12)
    policies = ArrayField(models.CharField(max_length=64))
    state = models.CharField(max_length=8, default=RunState.WAITING)
    asked_by_id = models.UUIDField(null=True)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    before = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    figures = models.JSONField(default=list)
    digests = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(RunState)), name="benefits_run_state"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running"], finished_at=None)
                | Q(state__in=["done", "failed"], finished_at__isnull=False),
                name="benefits_run_finished",
            ),
            models.CheckConstraint(condition=Q(policies__len__gt=0), name="benefits_run_policies"),
        ]
        indexes = [models.Index(fields=["-asked_at", "-id"], name="benefits_run_newest")]
