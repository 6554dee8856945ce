"""What is known of people, employers and hires, and the scans that were made of it."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from linli.domains.benefits.certifying import Finding, ReachOutcome, ReachWay, Settled, Signal
from linli.domains.benefits.changing import ChangeState
from linli.domains.benefits.facts import Fact, sources_of, vocabulary
from linli.domains.benefits.runs import RunState
from linli.kernel.fields import SealedField
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

    With a ``change`` it only asks what would be, if that figure were published: it is compared with the same facts under the figures in
    force, nobody is granted anything on it, and it is not among the scans. ``facts_of``: the scan whose frozen facts it takes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    change = models.ForeignKey("FigureChange", on_delete=models.PROTECT, null=True, related_name="+")
    facts_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
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


class FigureChange(models.Model):
    """A figure that an officer wants to set for a place from a day on, to a last day if it has one, on what ground, and who agreed.

    A draft can be changed by whoever wrote it; what was proposed cannot (a trigger holds it), until the second officer sends it back.
    Published, it is part of the book for good, as the ``published_no``-th; undone by another change only. The officer who decides is
    never the one who proposed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=64)
    region = models.CharField(max_length=6, blank=True)
    value = models.JSONField()
    since = models.DateField()
    until = models.DateField(null=True)
    source_title = models.CharField(max_length=200)
    source_number = models.CharField(max_length=100, blank=True)
    source_date = models.DateField()
    scan_id = models.UUIDField(null=True)
    scan_name = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=9, default=ChangeState.DRAFT)
    proposed_by_id = models.UUIDField()
    written_at = models.DateTimeField()
    proposed_at = models.DateTimeField(null=True)
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    published_no = models.PositiveIntegerField(null=True, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(ChangeState)), name="benefits_change_state"),
            models.CheckConstraint(
                condition=Q(state="published", published_no__isnull=False) | (~Q(state="published") & Q(published_no=None)),
                name="benefits_change_published",
            ),
            models.CheckConstraint(
                condition=Q(decided_by_id=None, decided_at=None) | Q(decided_by_id__isnull=False, decided_at__isnull=False),
                name="benefits_change_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["published", "refused"])
                | (Q(decided_by_id__isnull=False, proposed_at__isnull=False) & ~Q(decided_by_id=F("proposed_by_id"))),
                name="benefits_change_second_officer",
            ),
            models.CheckConstraint(condition=~Q(source_title=""), name="benefits_change_source"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="benefits_change_days"),
        ]
        indexes = [
            models.Index(fields=["-written_at", "-id"], name="benefits_change_newest"),
            models.Index(fields=["name", "-written_at"], name="benefits_change_of"),
        ]


class PolicyCase(models.Model):
    """A test case that an officer wrote: what is known, and what a policy or a formula must say of it, in a place on a day.

    Written once; it can be given up with a reason (a trigger holds it).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    target = models.CharField(max_length=64)
    label = models.CharField(max_length=100)
    region = models.CharField(max_length=12, blank=True)
    on = models.DateField()
    given = models.JSONField()
    expected = models.JSONField()
    basis = models.CharField(max_length=200, blank=True)
    added_by_id = models.UUIDField()
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    retired_by_id = models.UUIDField(null=True)
    retired_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(retired_at=None, retired_by_id=None, retired_reason="")
                | (Q(retired_at__isnull=False, retired_by_id__isnull=False) & ~Q(retired_reason="")),
                name="benefits_case_retired",
            ),
        ]
        indexes = [models.Index(fields=["target", "-added_at"], name="benefits_case_of")]


class Evidence(models.Model):
    """A sign of life or of death that another department, a counter or an officer reported: what, of whom, which day, under which number.

    Written once (a trigger holds it) and no more than is needed: no hospital, no train, no place. The same record reported twice is one
    row. A trigger notes every new row in :class:`EvidenceNews`, also those that came by COPY; a job takes them from there.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, db_default=models.Func(function="gen_random_uuid"))
    person_id = models.UUIDField()
    kind = models.CharField(max_length=32)
    strong = models.BooleanField()
    source = models.CharField(max_length=16)
    record_id = models.CharField(max_length=64)
    day = models.DateField()
    heard_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "record_id"], name="benefits_evidence_once")]
        indexes = [models.Index(fields=["person_id", "day"], name="benefits_evidence_person")]


class EvidenceNews(models.Model):
    """That something new was heard of somebody and has not been weighed yet."""

    id = models.BigAutoField(primary_key=True)
    person_id = models.UUIDField()

    class Meta:
        db_table = "benefits_evidence_news"


class Certification(models.Model):
    """How somebody stands who receives a long-term benefit: the cycle that runs, what began it, and what signs of death say.

    What it says follows from the signs (``certifying.judge``) and is kept so that a million can be counted and listed. ``next_on`` is
    when the ladder takes its next step; ``cleared_at`` when signs of death were last looked into and found wrong.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    person_id = models.UUIDField()
    benefit = models.CharField(max_length=24)
    region = models.CharField(max_length=12)
    frail = models.BooleanField(default=False)
    abroad = models.BooleanField(default=False)
    start_on = models.DateField()
    start_kind = models.CharField(max_length=32)
    certified_on = models.DateField()
    certified_by = ArrayField(models.CharField(max_length=32))
    certified_until = models.DateField()
    signal = models.CharField(max_length=16, blank=True)
    cleared_at = models.DateTimeField(null=True)
    next_on = models.DateField(null=True)
    over_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id", "benefit"], name="benefits_certification_once"),
            models.CheckConstraint(condition=Q(certified_until__gte=F("certified_on")), name="benefits_certification_days"),
            models.CheckConstraint(condition=Q(signal__in=[s.value for s in Signal]), name="benefits_certification_signal"),
        ]
        indexes = [
            models.Index(fields=["certified_until", "id"], name="benefits_certification_due", condition=Q(over_on=None)),
            models.Index(
                fields=["region", "certified_until"],
                name="benefits_certification_town",
                opclasses=["varchar_pattern_ops", "date_ops"],
                condition=Q(over_on=None),
            ),
            models.Index(
                fields=["signal", "certified_until"], name="benefits_certification_doubt", condition=Q(over_on=None) & ~Q(signal="")
            ),
            models.Index(
                fields=["next_on", "id"], name="benefits_certification_next", condition=Q(over_on=None, next_on__isnull=False)
            ),
        ]


class Reach(models.Model):
    """Somebody was reached out for, once for each step of the ladder and cycle, and what came of it.

    Open (no outcome) until whoever does it says; what was said does not change (a trigger holds it). ``cycle_end`` tells the cycle:
    when a new one began, an open visit is no longer asked for.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    certification = models.ForeignKey(Certification, on_delete=models.PROTECT, related_name="+")
    cycle_end = models.DateField()
    rung = models.CharField(max_length=16)
    way = models.CharField(max_length=8)
    made_on = models.DateField()
    outcome = models.CharField(max_length=16, blank=True)
    outcome_at = models.DateTimeField(null=True)
    outcome_by_id = models.UUIDField(null=True)
    note = SealedField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["certification", "cycle_end", "rung"], name="benefits_reach_once"),
            models.CheckConstraint(condition=Q(way__in=[w.value for w in ReachWay]), name="benefits_reach_way"),
            models.CheckConstraint(condition=Q(outcome__in=[o.value for o in ReachOutcome]), name="benefits_reach_outcome"),
            models.CheckConstraint(
                condition=Q(outcome="", outcome_at=None) | (~Q(outcome="") & Q(outcome_at__isnull=False)),
                name="benefits_reach_said",
            ),
        ]
        indexes = [models.Index(fields=["made_on", "id"], name="benefits_reach_open", condition=Q(outcome=""))]


class Inquiry(models.Model):
    """Somebody looks into a doubt about a right, before anything is stopped: open until there is a finding with a reason.

    It is a case of the spine from the day it is opened (those of before there were such cases have none).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    certification = models.ForeignKey(Certification, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    reason = SealedField()
    opened_at = models.DateTimeField()
    opened_by_id = models.UUIDField()
    finding = models.CharField(max_length=8, blank=True)
    ground = SealedField(null=True)
    concluded_at = models.DateTimeField(null=True)
    concluded_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["certification"], condition=Q(concluded_at=None), name="benefits_inquiry_open"),
            models.CheckConstraint(condition=Q(finding__in=["", *(f.value for f in Finding)]), name="benefits_inquiry_finding"),
            models.CheckConstraint(
                condition=Q(finding="", concluded_at=None, concluded_by_id=None)
                | (~Q(finding="") & Q(concluded_at__isnull=False, concluded_by_id__isnull=False, ground__isnull=False)),
                name="benefits_inquiry_concluded",
            ),
        ]
        indexes = [models.Index(fields=["certification", "-opened_at"], name="benefits_inquiry_of")]


class SuspensionProposal(models.Model):
    """An officer proposes to hold payment back, another decides; its case, that of the inquiry if there was one, says so on paper.

    Open (no outcome) until it is agreed to, refused, or lapses since the person was certified; what was decided does not change.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    certification = models.ForeignKey(Certification, on_delete=models.PROTECT, related_name="+", db_index=False)
    inquiry = models.ForeignKey(Inquiry, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = SealedField()
    proposed_at = models.DateTimeField()
    proposed_by_id = models.UUIDField()
    outcome = models.CharField(max_length=8, blank=True)
    said = SealedField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["certification"], condition=Q(outcome=""), name="benefits_proposal_open"),
            models.CheckConstraint(condition=Q(outcome__in=[s.value for s in Settled]), name="benefits_proposal_outcome"),
            models.CheckConstraint(
                condition=Q(outcome="", decided_at=None, decided_by_id=None)
                | Q(outcome="lapsed", decided_at__isnull=False)
                | Q(outcome__in=["agreed", "refused"], decided_at__isnull=False, decided_by_id__isnull=False),
                name="benefits_proposal_decided",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="agreed") | ~Q(decided_by_id=F("proposed_by_id")), name="benefits_proposal_hands"
            ),
        ]
        indexes = [
            models.Index(fields=["certification", "-proposed_at"], name="benefits_proposal_of"),
            models.Index(fields=["proposed_at", "id"], name="benefits_proposal_waiting", condition=Q(outcome="")),
        ]


class Suspension(models.Model):
    """Payment is held back from a day on: because nobody was certified though they were reached for, or because an inquiry found why.

    A trigger lets none in that two officers did not agree on, none without a person having been reached out for in the cycle, none
    before the cycle ended, and none on a doubt that nobody looked into. Those of before there were proposals have none. ``owed``: the
    months (year × 12 + month − 1) to be paid later when payment goes on.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    certification = models.ForeignKey(Certification, on_delete=models.PROTECT, related_name="+")
    inquiry = models.ForeignKey(Inquiry, on_delete=models.PROTECT, null=True, related_name="+")
    proposal = models.OneToOneField(SuspensionProposal, on_delete=models.PROTECT, null=True, related_name="+")
    since = models.DateField()
    reason = SealedField()
    decided_at = models.DateTimeField()
    decided_by_id = models.UUIDField()
    ended_on = models.DateField(null=True)
    ended_by_id = models.UUIDField(null=True)
    end_reason = SealedField(null=True)
    owed = ArrayField(models.IntegerField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["certification"], condition=Q(ended_on=None), name="benefits_suspension_open"),
            models.CheckConstraint(condition=Q(ended_on=None) | Q(ended_on__gte=F("since")), name="benefits_suspension_days"),
        ]
        indexes = [models.Index(fields=["certification", "-since"], name="benefits_suspension_of")]


class FacePhoto(models.Model):
    """A photograph somebody took of themselves to be certified; an officer compares it, and then the picture is gone."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person_id = models.UUIDField()
    region = models.CharField(max_length=12)
    gesture = models.CharField(max_length=16)
    content_type = models.CharField(max_length=32)
    picture = SealedField(null=True)
    taken_at = models.DateTimeField()
    taken_by_id = models.UUIDField()
    matches = models.BooleanField(null=True)
    compared_at = models.DateTimeField(null=True)
    compared_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id"], condition=Q(compared_at=None), name="benefits_photo_open"),
            models.CheckConstraint(
                condition=Q(matches=None, compared_at=None, compared_by_id=None, picture__isnull=False)
                | Q(matches__isnull=False, compared_at__isnull=False, compared_by_id__isnull=False, picture=None),
                name="benefits_photo_compared",
            ),
        ]
        indexes = [
            models.Index(fields=["taken_at", "id"], name="benefits_photo_waiting", condition=Q(compared_at=None)),
            models.Index(fields=["person_id", "-taken_at"], name="benefits_photo_person"),
        ]


class CertificationCheck(models.Model):
    """How often certification was right, measured on a population whose truth is known: how many of each, and the file it was measured with."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    on = models.DateField()
    people = models.IntegerField()
    certified = models.IntegerField()
    certified_dead = models.IntegerField()
    presumed_dead = models.IntegerField()
    presumed_dead_alive = models.IntegerField()
    doubted = models.IntegerField()
    doubted_alive = models.IntegerField()
    dead = models.IntegerField()
    truth_digest = models.CharField(max_length=64)
    measured_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-measured_at"], name="benefits_measured_newest")]


# What is granted and paid stands in a module of its own; Django looks for all models here.
from linli.domains.benefits.granted import (  # noqa: E402
    AnswerLine,
    BankAnswer,
    ClawBack,
    Grant,
    GrantList,
    GrantObjection,
    LedgerEntry,
    LedgerLine,
    PayAccount,
    PayBatch,
    PayLine,
    Repayment,
    WriteOff,
)

__all__ = [
    "FACTS", "AnswerLine", "BankAnswer", "Certification", "CertificationCheck", "ClawBack", "EmployerFacts", "Evidence", "EvidenceNews", "FacePhoto", "Facts",
    "Grant", "GrantList", "GrantObjection", "HireFacts", "Inquiry", "LedgerEntry", "LedgerLine", "PayAccount", "PayBatch", "PayLine", "PersonFacts",
    "Reach", "Repayment", "Run", "Suspension", "SuspensionProposal", "WriteOff", "seen",
]  # fmt: skip
