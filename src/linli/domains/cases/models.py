"""Tables of the spine. What must always be true stands in the database: separation of persons as partial unique indexes,
states and their times as checks, one event for each change of state as a deferred trigger, decisions and draws written once.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from linli.domains.cases.lifecycle import DECIDED, State
from linli.domains.cases.promising import PromiseState
from linli.domains.cases.rostering import RosterState
from linli.kernel.actors import Channel
from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7

_OPEN = [State.SUBMITTED, State.CORRECTION_REQUESTED, State.ACCEPTED, State.IN_REVIEW, State.SUSPENDED]
_DECIDED = sorted(DECIDED)
_ELSEWHERE = [State.SUBMITTED, State.ACCEPTED, State.IN_REVIEW, State.APPROVED, State.REJECTED]


class Case(models.Model):
    """One application, from the first paper to the archive. It keeps the standard it began under.

    States and the moves between them: ``lifecycle.py``. ``version`` guards two people saving at once; ``trace_seq`` is the
    place of the event of the last change of state. ``due_on`` and ``statutory_due_on`` are projections for lists, derived
    from the clocks and derived again when the calendar changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=22, null=True, unique=True)
    item_code = models.CharField(max_length=64)
    standard = models.ForeignKey("catalog.ItemStandard", on_delete=models.PROTECT, related_name="+", db_index=False)
    region = models.CharField(max_length=12)
    org = models.ForeignKey("org.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)  # took it in
    hall_id = models.UUIDField()  # the hall, or the organisation itself where there is none
    origin_id = models.UUIDField(null=True)  # the place that only received it, if that is another
    attended_by_id = models.UUIDField(null=True)  # who at the counter looks at what came in online, until they leave it
    attended_until = models.DateTimeField(null=True)
    collect_id = models.UUIDField(null=True)  # where the applicant wants to be handed the result, if that is yet another
    deciding_org_id = models.UUIDField(null=True)
    applicant_id = models.UUIDField()
    applicant_is_employer = models.BooleanField()
    agent_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=16)
    client_id = models.UUIDField(null=True)  # the other system that brought it, which alone of all systems may follow it
    joint_id = models.UUIDField(null=True)  # the joint matter of which it is a part
    state = models.CharField(max_length=20, default=State.DRAFT)
    external = models.BooleanField(default=False)
    external_number = models.CharField(max_length=64, blank=True)
    form = SealedField()
    receipt_code = SealedField(null=True)  # shown to the applicant; told back at hand-over
    receipt_tries = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    trace_seq = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_deemed = models.BooleanField(default=False)
    decided_at = models.DateTimeField(null=True)
    approved = models.BooleanField(null=True)
    issued_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)  # of every final state
    due_on = models.DateField(null=True)
    amber_on = models.DateField(null=True)
    statutory_due_on = models.DateField(null=True)
    provisional = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(State)), name="cases_case_state"),
            models.CheckConstraint(  # a draft given up was never received
                condition=Q(state__in=[State.DRAFT, State.WITHDRAWN]) | Q(number__isnull=False, received_at__isnull=False),
                name="cases_case_received",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_DECIDED, decided_at__isnull=False, approved__isnull=False)
                | (~Q(state__in=_DECIDED) & Q(decided_at=None, approved=None)),
                name="cases_case_decided",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[State.CLOSED, State.NOT_ACCEPTED, State.WITHDRAWN], closed_at__isnull=False)
                | (~Q(state__in=[State.CLOSED, State.NOT_ACCEPTED, State.WITHDRAWN]) & Q(closed_at=None)),
                name="cases_case_closed",
            ),
            # Who begins twice goes on with what is begun: one draft of an item for one applicant by one resident.
            models.UniqueConstraint(
                F("applicant_id"),
                F("item_code"),
                Coalesce("agent_id", "applicant_id"),
                condition=Q(state=State.DRAFT, channel=Channel.ONLINE, client_id=None),
                name="cases_one_online_draft",
            ),
        ]
        indexes = [
            models.Index(fields=["hall_id", "due_on", "id"], name="cases_open_by_hall", condition=Q(state__in=_OPEN)),
            models.Index(fields=["hall_id", "-received_at", "-id"], name="cases_by_hall"),
            models.Index(fields=["deciding_org_id", "due_on", "id"], name="cases_open_by_org", condition=Q(state__in=_OPEN)),
            models.Index(
                fields=["deciding_org_id", "decided_at", "id"],
                name="cases_to_issue",
                condition=Q(state__in=[State.APPROVED, State.REJECTED]),
            ),
            models.Index(fields=["hall_id", "issued_at", "id"], name="cases_to_deliver", condition=Q(state=State.ISSUED)),
            models.Index(
                fields=["received_at", "id"], name="cases_external_waiting", condition=Q(external=True, state__in=_ELSEWHERE)
            ),
            models.Index(fields=["hall_id", "started_at"], name="cases_drafts", condition=Q(state=State.DRAFT)),
            models.Index(
                fields=["hall_id", "received_at", "id"],
                name="cases_online_waiting",
                condition=Q(state=State.SUBMITTED, channel=Channel.ONLINE),
            ),
            models.Index(fields=["applicant_id", "-started_at"], name="cases_by_applicant"),
            models.Index(fields=["client_id", "-started_at", "-id"], name="cases_by_client", condition=Q(client_id__isnull=False)),
            models.Index(fields=["origin_id", "-started_at"], name="cases_by_origin", condition=Q(origin_id__isnull=False)),
            models.Index(
                fields=["collect_id", "issued_at", "id"], name="cases_by_collection", condition=Q(collect_id__isnull=False)
            ),
        ]  # fmt: skip (and ``cases_number_tail``, made by the second migration)


class StepKind(models.TextChoices):
    """Who does something to a case; on one case they are different people (``step_one_hand`` and ``step_own_issue``)."""

    ACCEPT = "accept"
    REVIEW = "review"
    SECOND_REVIEW = "second_review"
    DECIDE = "decide"
    ISSUE = "issue"
    DELIVER = "deliver"


class StepState(models.TextChoices):
    """Waiting for a draw, open with somebody, done, or released (drawn anew; the row stays as it was)."""

    WAITING = "waiting"
    OPEN = "open"
    DONE = "done"
    RELEASED = "released"


_LIVE = Q(state__in=["waiting", "open", "done"])
_JUDGES = ["accept", "review", "second_review", "decide"]


class Step(models.Model):
    """One stage of a case and whose it is. ``user`` is None while nobody has it, and for the system's own steps."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps", db_index=False)
    ordinal = models.PositiveSmallIntegerField()
    attempt = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=200)
    duty = models.CharField(max_length=16, blank=True)
    automatic = models.BooleanField(default=False)
    state = models.CharField(max_length=10)
    user_id = models.UUIDField(null=True)
    org_id = models.UUIDField(null=True)
    opened_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)  # the promise of the case, for the order of a queue
    done_at = models.DateTimeField(null=True)
    proposal = models.CharField(max_length=8, blank=True)  # approve or reject
    opinion = models.TextField(blank=True)
    links_done = ArrayField(models.CharField(max_length=200), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "ordinal", "attempt"], name="cases_step_place"),
            # One case never has two people at one stage.
            models.UniqueConstraint(fields=["case", "ordinal"], condition=_LIVE, name="cases_step_one"),
            # Whoever accepted never reviews or decides, and no two opinions are one person's.
            models.UniqueConstraint(fields=["case", "user_id"], condition=_LIVE & Q(kind__in=_JUDGES), name="cases_step_one_hand"),
            # Whoever decided never issues.
            models.UniqueConstraint(fields=["case", "user_id"], condition=_LIVE & Q(kind__in=["decide", "issue"]), name="cases_step_own_issue"),
            models.CheckConstraint(
                condition=Q(state="waiting", user_id=None, done_at=None)
                | (Q(state="open", done_at=None) & (Q(automatic=True) | Q(user_id__isnull=False)))
                | (Q(state="done", done_at__isnull=False) & (Q(automatic=True) | Q(user_id__isnull=False)))
                | Q(state="released"),
                name="cases_step_state",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["user_id", "due_on", "id"], name="cases_step_queue", condition=Q(state="open")),
            models.Index(fields=["opened_at", "id"], name="cases_step_waiting", condition=Q(state="waiting")),
            models.Index(fields=["user_id", "done_at", "id"], name="cases_step_done", condition=Q(state="done")),
        ]


class ClockRow(models.Model):
    """A budget of time and where it stands. ``due_on`` is a projection; the budget and the ledgers are the facts."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="clocks", db_index=False)
    kind = models.CharField(max_length=12)
    step = models.ForeignKey(Step, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    number = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=8)
    basis = models.CharField(max_length=200)
    certainty = models.CharField(max_length=1, blank=True)
    start = models.DateField()
    start_event = models.CharField(max_length=24)
    start_at = models.DateTimeField()
    stopped_on = models.DateField(null=True)
    outcome = models.CharField(max_length=8, default="running")  # running, met, late, void
    due_on = models.DateField(null=True)
    amber_on = models.DateField(null=True)
    provisional = models.BooleanField(default=False)

    class Meta:
        db_table = "cases_clock"
        constraints = [
            models.UniqueConstraint(fields=["case", "kind"], condition=Q(outcome="running"), name="cases_clock_one_running"),
            models.CheckConstraint(
                condition=Q(outcome="running", stopped_on=None) | (~Q(outcome="running") & Q(stopped_on__isnull=False)),
                name="cases_clock_stopped",
            ),
        ]
        indexes = [
            models.Index(fields=["case", "start_at"], name="cases_clock_case"),
            models.Index(fields=["kind", "due_on"], name="cases_clock_running", condition=Q(outcome="running")),
            models.Index(fields=["id"], name="cases_clock_provisional", condition=Q(outcome="running", provisional=True)),
        ]


class Suspension(models.Model):
    """Time that is not counted, on one of the legal grounds; the ledger of the clocks."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="suspensions")
    ground = models.CharField(max_length=24)
    reason = models.CharField(max_length=500)
    expected_until = models.DateField()
    approved_by_id = models.UUIDField()
    first = models.DateField()
    last = models.DateField(null=True)
    document_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(last=None), name="cases_suspension_one_open"),
            models.CheckConstraint(condition=Q(last=None) | Q(last__gte=F("first")), name="cases_suspension_dates"),
        ]


class ExtensionRow(models.Model):
    """More time for one clock of a case, once, approved by somebody named, with the reason the applicant is told."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="extensions")
    kind = models.CharField(max_length=12)  # promised or statutory
    add = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=8)
    approved_on = models.DateField()
    approved_by_id = models.UUIDField()
    approver = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    document_id = models.UUIDField(null=True)

    class Meta:
        db_table = "cases_extension"
        constraints = [models.UniqueConstraint(fields=["case", "kind"], name="cases_extension_once")]


class Ask(models.Model):
    """A reviewer asks, a supervisor answers: for a suspension, its end, an extension, or another person."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="asks")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="+")
    hall_id = models.UUIDField()
    what = models.CharField(max_length=12)  # suspend, resume, extend, redraw
    ground = models.CharField(max_length=24, blank=True)
    reason = models.CharField(max_length=500)
    until = models.DateField(null=True)
    asked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by_id = models.UUIDField(null=True)
    granted = models.BooleanField(null=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "what"], condition=Q(settled_at=None), name="cases_ask_once"),
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by_id=None, granted=None)
                | Q(settled_at__isnull=False, settled_by_id__isnull=False, granted__isnull=False),
                name="cases_ask_settled",
            ),
        ]
        indexes = [models.Index(fields=["hall_id", "asked_at"], name="cases_ask_open", condition=Q(settled_at=None))]


class CaseMaterial(models.Model):
    """One material of the standard in this case: what is known of it and how it came in.

    ``applies`` is the answer to whether the situation is given in which it is needed; None where nobody was asked.
    ``filled`` are the fields of the form that another department's answer, ``filled_from``, filled in because they were empty.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="materials", db_index=False)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=2000)
    state = models.CharField(max_length=16)
    received = models.CharField(max_length=16, blank=True)
    note = models.CharField(max_length=500, blank=True)
    applies = models.BooleanField(null=True)
    settled_at = models.DateTimeField(null=True)
    filled = ArrayField(models.CharField(max_length=64), default=list)
    filled_from = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "code"], name="cases_material_once")]


class MaterialFile(models.Model):
    """A file handed in for a material. Who took it in stands in the trace, where a reviewer does not look."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    material = models.ForeignKey(CaseMaterial, on_delete=models.PROTECT, related_name="files")
    file_id = models.UUIDField()
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sm3 = models.BinaryField(max_length=32)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)


class HandOver(models.Model):
    """A short code with which a case, or the draft of a joint matter, goes on elsewhere: from the resident's phone at a counter, or
    from a counter on the phone.

    It is good for one use within its time; what it leads to has one at most.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="hand_overs")
    joint = models.ForeignKey("cases.Joint", on_delete=models.PROTECT, null=True, related_name="hand_overs", db_index=False)
    code = SealedField()
    code_index = models.BinaryField(max_length=32)
    to_counter = models.BooleanField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(used_at=None), name="cases_handover_one_live"),
            models.UniqueConstraint(fields=["joint"], condition=Q(used_at=None), name="cases_handover_joint_live"),
            models.CheckConstraint(
                condition=Q(case=None, joint__isnull=False) | Q(case__isnull=False, joint=None), name="cases_handover_of_one"
            ),
            models.UniqueConstraint(fields=["code_index"], condition=Q(used_at=None), name="cases_handover_code"),
            models.CheckConstraint(
                condition=Q(used_at=None, used_by_id=None) | Q(used_at__isnull=False, used_by_id__isnull=False),
                name="cases_handover_used",
            ),
        ]


class Correction(models.Model):
    """The one notice that tells everything missing (行政许可法 art. 32); a case has at most one."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, primary_key=True, related_name="correction")
    items = models.JSONField()  # [{"code": material or field, "what": text}]
    given_at = models.DateTimeField()
    given_on = models.DateField()
    due_on = models.DateField()
    late = models.BooleanField()
    corrected_at = models.DateTimeField(null=True)
    document_id = models.UUIDField(null=True)


class Decision(models.Model):
    """What was decided and why; written once."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, primary_key=True, related_name="decision")
    step = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="+")
    approved = models.BooleanField()
    facts = models.TextField(blank=True)
    reasons = models.TextField(blank=True)
    legal_basis = models.TextField()
    remedies = models.TextField(blank=True)
    decided_by_id = models.UUIDField(null=True)  # None: decided by the rule of an automatic step
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            # A refusal is in writing with reasons and remedies (行政许可法 art. 38).
            models.CheckConstraint(condition=Q(approved=True) | (~Q(reasons="") & ~Q(remedies="")), name="cases_decision_reasons"),
            models.CheckConstraint(condition=~Q(legal_basis=""), name="cases_decision_basis"),
        ]


class Refusal(models.Model):
    """Why a case was not accepted, who approved it, and where to go instead; written once."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, primary_key=True, related_name="refusal")
    ground = models.CharField(max_length=24)
    reason = models.TextField()
    right_authority = models.CharField(max_length=200, blank=True)
    remedies = models.TextField()
    approved_by_id = models.UUIDField()
    document_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason="") & ~Q(remedies=""), name="cases_refusal_reasons"),
            # Who tells "not our business" names whose it is (行政许可法 art. 32(1)(2)).
            models.CheckConstraint(condition=~Q(ground="not_ours") | ~Q(right_authority=""), name="cases_refusal_authority"),
        ]


class Delivery(models.Model):
    """How the result reached its owner, with the proof; written once."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, primary_key=True, related_name="delivery")
    method = models.CharField(max_length=12)
    recipient = models.CharField(max_length=100)
    is_agent = models.BooleanField(default=False)
    proof = models.CharField(max_length=16)  # signature, code, tracking, electronic
    signature_file_id = models.UUIDField(null=True)
    tracking_number = models.CharField(max_length=64, blank=True)
    delivered_by_id = models.UUIDField(null=True)
    document_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(proof="signature", signature_file_id__isnull=False)
                | (Q(proof="tracking") & ~Q(tracking_number=""))
                | Q(proof__in=["code", "electronic"]),
                name="cases_delivery_proof",
            )
        ]


class DrawDay(models.Model):
    """The seed of a day: committed to before, revealed after."""

    day = models.DateField(primary_key=True)
    commitment = models.BinaryField(max_length=32)
    seed = SealedField()
    committed_at = models.DateTimeField()
    revealed_at = models.DateTimeField(null=True)
    revealed_seed = models.BinaryField(max_length=32, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(revealed_at=None, revealed_seed=None) | Q(revealed_at__isnull=False, revealed_seed__isnull=False),
                name="cases_drawday_revealed",
            )
        ]


class Draw(models.Model):
    """One draw with all it needs to be repeated; written once."""

    step = models.OneToOneField(Step, on_delete=models.PROTECT, primary_key=True, related_name="draw")
    case_id = models.UUIDField()
    day = models.ForeignKey(DrawDay, on_delete=models.PROTECT, related_name="+", db_index=False)
    stage = models.PositiveSmallIntegerField()
    attempt = models.PositiveSmallIntegerField()
    candidates = ArrayField(models.UUIDField())
    excluded = models.JSONField()  # user id -> reason
    chosen = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["day", "at"], name="cases_draw_day")]


class Load(models.Model):
    """How many open stages somebody has; kept by the draw so that the limit holds however many draws run at once."""

    user_id = models.UUIDField(primary_key=True)
    open = models.PositiveIntegerField(default=0)


class Counter(models.Model):
    """The last number given out for a division, day and channel."""

    area = models.CharField(max_length=6)
    day = models.DateField()
    channel = models.CharField(max_length=16)
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["area", "day", "channel"], name="cases_counter_once")]


class Commitment(models.Model):
    """A promise in place of a material, or to bring one later; ``promising.PromiseState`` has its states.

    ``notice`` is the text as it was told, which the promise goes by whatever is said later. ``due_on`` is until when it must be
    checked (from the decision) or the material brought (from the acceptance); ``owner_id`` is who must check.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="commitments")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=2000)
    promise = models.CharField(max_length=10)
    party_id = models.UUIDField()
    notice = models.JSONField()
    signed = models.CharField(max_length=8)
    signature_file_id = models.UUIDField(null=True)
    typed_name = models.CharField(max_length=100, blank=True)
    provisional = models.BooleanField(default=False)
    given_at = models.DateTimeField()
    taken_by_id = models.UUIDField(null=True)
    document_id = models.UUIDField(null=True)
    standing = models.CharField(max_length=8, default=PromiseState.GIVEN)
    due_on = models.DateField(null=True)
    amber_on = models.DateField(null=True)
    owner_id = models.UUIDField(null=True)
    reminded_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by_id = models.UUIDField(null=True)
    receipt_id = models.UUIDField(null=True)  # the department's answer it was checked by
    finding = models.CharField(max_length=2000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "code"], condition=~Q(standing="void"), name="cases_commitment_once"),
            models.CheckConstraint(condition=Q(standing__in=list(PromiseState)), name="cases_commitment_standing"),
            models.CheckConstraint(
                condition=Q(standing__in=["given", "void"]) | Q(due_on__isnull=False), name="cases_commitment_due"
            ),
            models.CheckConstraint(
                condition=Q(standing__in=["given", "due", "doubted"], settled_at=None)
                | (~Q(standing__in=["given", "due", "doubted"]) & Q(settled_at__isnull=False)),
                name="cases_commitment_settled",
            ),
        ]
        indexes = [
            models.Index(fields=["owner_id", "due_on", "id"], name="cases_commitment_own", condition=Q(standing__in=["due", "doubted"])),
            models.Index(fields=["due_on", "id"], name="cases_commitment_open", condition=Q(standing__in=["due", "doubted"])),
            models.Index(fields=["party_id"], name="cases_commitment_party", condition=Q(standing="broken")),
        ]  # fmt: skip


class Breach(models.Model):
    """A commitment that facts belie: what was found, what the applicant says to it, what follows, and how it was made good."""

    commitment = models.OneToOneField(Commitment, on_delete=models.PROTECT, primary_key=True, related_name="breach")
    facts = models.TextField()
    found_at = models.DateTimeField()
    found_by_id = models.UUIDField(null=True)
    hear_until = models.DateField()
    notice_id = models.UUIDField(null=True)
    statement = models.TextField(blank=True)
    heard_at = models.DateTimeField(null=True)
    heard_by_id = models.UUIDField(null=True)
    concluded_at = models.DateTimeField(null=True)
    concluded_by_id = models.UUIDField(null=True)
    upheld = models.BooleanField(null=True)
    reasons = models.TextField(blank=True)
    legal_basis = models.CharField(max_length=200, blank=True)
    revoked = models.BooleanField(default=False)
    decision_id = models.UUIDField(null=True)
    noted_until = models.DateField(null=True)  # the end of the note of credit
    repaired_at = models.DateTimeField(null=True)
    repaired_by_id = models.UUIDField(null=True)
    repair = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(facts=""), name="cases_breach_facts"),
            models.CheckConstraint(
                condition=Q(concluded_at=None, concluded_by_id=None, upheld=None)
                | (Q(concluded_at__isnull=False, concluded_by_id__isnull=False, upheld__isnull=False) & ~Q(reasons="")),
                name="cases_breach_concluded",
            ),
            # A breach is noted until a day (or its repair), never for ever.
            models.CheckConstraint(
                condition=~Q(upheld=True) | Q(noted_until__isnull=False), name="cases_breach_noted"
            ),
            # Whoever says it is untrue does not decide what follows.
            models.CheckConstraint(
                condition=Q(concluded_by_id=None) | Q(found_by_id=None) | ~Q(concluded_by_id=F("found_by_id")),
                name="cases_breach_two_hands",
            ),
        ]  # fmt: skip


class Joint(models.Model):
    """A joint matter (一件事) under way: what was said and handed in once, for several items. Its parts are ordinary cases.

    It has no states of its own: whether it is a draft, under way or over follows from its times and from its parts (``joint.py``).
    ``other_id`` is the party of the other kind, for parts that only the employer, or only the person, can apply for. ``handed`` are the
    lines of the joint list that came in: code to how, files and remark.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=24, null=True, unique=True)
    bundle = models.ForeignKey("catalog.BundleVersion", on_delete=models.PROTECT, related_name="+", db_index=False)
    region = models.CharField(max_length=12)
    org = models.ForeignKey("org.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    hall_id = models.UUIDField()
    applicant_id = models.UUIDField()
    applicant_is_employer = models.BooleanField()
    other_id = models.UUIDField(null=True)
    agent_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=16)
    form = SealedField()
    handed = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    promised_on = models.DateField(null=True)  # what the applicant was told when it was submitted
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(submitted_at=None, number=None, promised_on=None)
                | Q(submitted_at__isnull=False, number__isnull=False, promised_on__isnull=False),
                name="cases_joint_submitted",
            ),
        ]
        indexes = [
            models.Index(fields=["hall_id", "-started_at", "-id"], name="cases_joint_by_hall"),
            models.Index(fields=["applicant_id", "-started_at"], name="cases_joint_by_applicant"),
            models.Index(fields=["started_at"], name="cases_joint_drafts", condition=Q(submitted_at=None, withdrawn_at=None)),
        ]


class JointPart(models.Model):
    """One item of a joint matter, with the version it began under, and the case that it became once it need not wait.

    ``chosen`` is None until the question whether it is wanted has been answered. ``waits_for`` is one list for each paper that other parts
    produce, naming those that may. A part ``given_up`` before it became a case never will.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    joint = models.ForeignKey(Joint, on_delete=models.PROTECT, related_name="parts", db_index=False)
    ordinal = models.PositiveSmallIntegerField()
    item_code = models.CharField(max_length=64)
    standard = models.ForeignKey("catalog.ItemStandard", on_delete=models.PROTECT, related_name="+", db_index=False)
    chosen = models.BooleanField(null=True)
    waits_for = models.JSONField(default=list)
    case = models.OneToOneField(Case, on_delete=models.PROTECT, null=True, related_name="joint_part")
    begun_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "cases_joint_part"
        constraints = [
            models.UniqueConstraint(fields=["joint", "item_code"], name="cases_joint_part_once"),
            models.CheckConstraint(
                condition=Q(case=None, begun_at=None)
                | Q(case__isnull=False, begun_at__isnull=False, chosen=True, given_up_at=None),
                name="cases_joint_part_case",
            ),
        ]
        # The parts that still need what was handed in for them.
        indexes = [
            models.Index(
                fields=["joint"], name="cases_joint_part_to_begin", condition=Q(case=None, given_up_at=None) & ~Q(chosen=False)
            )
        ]


class Roster(models.Model):
    """A sheet of people that an employer handed in, checked as a whole: returned with what is wrong, or made into cases.

    ``file_id`` is the very workbook, if it came as one; ``sheet`` what is wrong in a returned one; a good one has its rows as
    ``RosterRow``. ``actor`` is who pressed, in whose name the job that makes the cases acts. Some days after it was made or left
    lying, all that it says of people is forgotten (``forgotten_at``); which row became which case stays.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    item_code = models.CharField(max_length=64)
    standard = models.ForeignKey("catalog.ItemStandard", on_delete=models.PROTECT, related_name="+", db_index=False)
    shape = models.CharField(max_length=20)
    employer_id = models.UUIDField()
    region = models.CharField(max_length=12)
    hall_id = models.UUIDField()  # where it was handed in
    client_id = models.UUIDField(null=True)
    resident_id = models.UUIDField(null=True)
    file_name = models.CharField(max_length=200)
    file_id = models.UUIDField(null=True)
    digest = models.BinaryField(max_length=32)  # of what the rows say
    common = SealedField()
    materials = models.JSONField(default=dict)  # code -> how it was handed in for all
    files = SealedField(null=True)  # code -> what was uploaded for all
    paper_ids = ArrayField(models.UUIDField(), default=list)  # which these are
    accept = models.BooleanField(default=False)
    state = models.CharField(max_length=10)
    rows = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)
    sheet = SealedField(null=True)
    actor = models.JSONField()
    handed_in_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(RosterState)), name="cases_roster_state"),
            # The same people are handed in once: what is checked again was returned or given up before.
            models.UniqueConstraint(
                fields=["employer_id", "item_code", "digest"], condition=Q(state__in=["ready", "running", "done"]),
                name="cases_roster_once",
            ),
            models.CheckConstraint(condition=~Q(state__in=["running", "done"]) | Q(started_at__isnull=False), name="cases_roster_started"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["hall_id", "-handed_in_at", "-id"], name="cases_roster_hall"),
            models.Index(fields=["employer_id", "-handed_in_at", "-id"], name="cases_roster_employer"),
            models.Index(
                fields=["client_id", "-handed_in_at", "-id"], name="cases_roster_client", condition=Q(client_id__isnull=False)
            ),
            models.Index(fields=["touched_at"], name="cases_roster_kept", condition=Q(forgotten_at=None)),
            models.Index(fields=["touched_at"], name="cases_roster_running", condition=Q(state="running")),
        ]


class RosterRow(models.Model):
    """One person of a good roster, and the case it became part of; set in the transaction that makes the case, so once."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="people", db_index=False)
    number = models.PositiveIntegerField()  # of the row in the sheet
    name = models.CharField(max_length=200)
    number_index = models.BinaryField(max_length=32)
    values = SealedField()
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="+")
    problem = ArrayField(models.TextField(), default=list)  # why it came to no case

    class Meta:
        constraints = [models.UniqueConstraint(fields=["roster", "number"], name="cases_rosterrow_once")]
        indexes = [models.Index(fields=["roster", "number"], name="cases_rosterrow_open", condition=Q(case=None))]
