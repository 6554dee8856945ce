"""What was asked of whom, what came of it, what it saved, and how the interfaces fare."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import CharField, Count, DateField, F, Min, QuerySet, Value
from django.db.models.functions import Cast, Concat, TruncMonth

from linli.domains.exchange.contract import Interface, ResponseField, Sharing, ValueType, covering, package
from linli.domains.exchange.errors import InterfaceUnknown
from linli.domains.exchange.models import Health, Question, Receipt, Setting, Try
from linli.domains.exchange.permissions import MANAGE, VIEW, seen_questions
from linli.domains.exchange.rules import Breaker, Outcome, QuestionState, canonical, query_digest, signature
from linli.domains.exchange.wire import Route, control
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.errors import LinliError
from linli.kernel.fields import blind
from linli.kernel.identifiers import check_credit_code, check_id_number, mask_account, mask_id, mask_name

__all__ = [
    "any_connected", "asked", "calls_of", "canonical", "connections", "covering", "fault_of", "fills_of", "forget_connected",
    "FaceHealth", "healths", "Interface", "interface", "interfaces", "LedgerTotals", "never_asked", "Outcome", "Question",
    "query_digest", "QuestionState", "ResponseField", "route_to", "saved", "saved_by", "saved_totals", "settings_of",
    "shared_of", "Shared", "SharedLine", "Sharing", "signature", "still_waiting", "subjects_waiting", "uncovered",
    "unfiled_answers", "unfiled_subjects", "used_for", "ValueType", "whole_line", "whose",
]  # fmt: skip


# -- interfaces ------------------------------------------------------------------------------------------------------------


def interfaces() -> list[Interface]:
    """Every interface that is described, in the order of the file."""
    return list(package().values())


def interface(code: str) -> Interface:
    """One of them. Raises :class:`InterfaceUnknown`."""
    found = package().get(code)
    if found is None:
        raise InterfaceUnknown(code=code)
    return found


def uncovered(materials: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of materials (name, issued by) those that no interface answers."""
    return [m for m in dict.fromkeys(materials) if not covering(*m)]


def settings_of(codes: Iterable[str] | None = None) -> dict[str, Setting]:
    """How interfaces are reached, by code; those not connected are missing."""
    rows = Setting.objects.all() if codes is None else Setting.objects.filter(pk__in=set(codes))
    return {row.pk: row for row in rows}


def route_to(setting: Setting, face: Interface) -> Route:
    """How to reach an interface."""
    return Route(setting.base_url, setting.app_id, setting.secret.open(), (setting.timeout_ms or face.timeout_ms) / 1000)


def fault_of(code: str, *, by: Actor) -> str | None:
    """How a demonstration's sandbox misbehaves at one interface right now, as it says itself; None if it is silent or there is none."""
    by.must(MANAGE)
    setting = Setting.objects.filter(pk=code, sandbox=True, enabled=True).first()
    faults = control(route_to(setting, interface(code)), {"interface": code}) if setting else None
    return None if faults is None else faults.get(code) or faults.get("*", "none")


@dataclass(frozen=True, slots=True)
class Connections:
    """How many interfaces are described, connected, switched off, and stand-ins of a demonstration."""

    described: int
    connected: int
    switched_off: int
    sandbox: int


def connections() -> Connections:
    """For ``linli doctor``."""
    rows = [s for s in settings_of().values() if s.pk in package()]
    return Connections(
        len(package()), sum(s.enabled for s in rows), sum(not s.enabled for s in rows), sum(s.enabled and s.sandbox for s in rows)
    )


_KEPT_SECONDS = 5.0
_known: dict[str, tuple[float, bool]] = {}


def any_connected() -> bool:
    """Whether anything can be asked at all; looked up every few seconds, since every application that comes in wants to know."""
    name = connection.settings_dict["NAME"]
    at, known = _known.get(name, (0.0, False))
    if time.monotonic() - at > _KEPT_SECONDS or not at:
        known = Setting.objects.filter(enabled=True).exists()
        _known[name] = time.monotonic(), known
    return known


def forget_connected() -> None:
    """Look again next time; a setting was changed."""
    _known.clear()


def whose(number: str) -> bytes:
    """By what the questions about somebody are found: never their number itself."""
    return blind(number, context="exchange_question.whose")


# -- what came for a case --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SharedLine:
    """One field of an answer as a page shows it: numbers and names of people masked. ``differs``: the case says otherwise."""

    name: str
    label: str
    value: str | bool
    differs: bool
    masked: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """How far one material of a case has come, and the answer with its receipt once it is there.

    ``fills`` is what the answer can say in a form, by the names of its fields.
    """

    question_id: UUID
    material: str
    interface: str
    source: str
    name: str
    state: QuestionState
    tries: int
    next_try_at: datetime | None
    fault: Outcome | None
    at: datetime | None
    as_of: date | None
    digest: str
    query_digest: str
    lines: tuple[SharedLine, ...]
    differs: tuple[str, ...]
    fills: Mapping[str, str] = field(default_factory=dict, repr=False)
    forgotten: bool = False

    @property
    def usable(self) -> bool:
        """Whether the answer stands for the material: it came, and does not gainsay the case."""
        return self.state is QuestionState.ANSWERED and not self.differs

    @property
    def needs_eyes(self) -> bool:
        """Whether somebody should look: no record, or something else than the case says (DS-04)."""
        return self.state is QuestionState.ABSENT or (self.state is QuestionState.ANSWERED and bool(self.differs))


_ORDER = {QuestionState.ANSWERED: 0, QuestionState.WAITING: 1, QuestionState.ABSENT: 2, QuestionState.FAILED: 3}


def shared_of(subject_id: UUID) -> dict[str, Shared]:
    """By material code: the answer, or else what is still waited for, or else that there is no record. One query.

    The caller has made sure that its reader may see the case.
    """
    found: dict[str, Shared] = {}
    rows = Question.objects.filter(subject_id=subject_id).exclude(state=QuestionState.WITHDRAWN).select_related("receipt")
    for row in sorted(rows, key=lambda r: (_ORDER[QuestionState(r.state)], r.asked_at)):
        found.setdefault(row.material, _shared(row))
    return found


def _shared(row: Question) -> Shared:
    known = package().get(row.interface)
    receipt: Receipt | None = getattr(row, "receipt", None)
    answer: Mapping[str, Any] = receipt.answer.open_json() if receipt and receipt.answer else {}
    fields = known.response if known else ()
    lines = _lines(row, [f for f in fields if f.name in answer], answer)
    return Shared(
        row.pk, row.material, row.interface, row.owner, known.name if known else row.interface, QuestionState(row.state), row.tries,
        row.next_try_at, Outcome(row.last_fault) if row.last_fault else None, receipt.at if receipt else row.settled_at,
        receipt.as_of if receipt else None, bytes(receipt.answer_sm3).hex() if receipt else "", bytes(row.query_sm3).hex(), lines,
        tuple(f.label for f in fields if f.name in row.differs), _fills(fields, answer), row.forgotten_at is not None,
    )  # fmt: skip


def _fills(fields: Iterable[ResponseField], answer: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(answer[f.name]) for f in fields if f.name in answer for name in f.fills}


def fills_of(question_ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """What answers said that a form could be filled with, also of questions that were since withdrawn. One query."""
    found = Receipt.objects.filter(pk__in=list(question_ids), answer__isnull=False).select_related("question")
    return {r.pk: _fills(face.response, r.answer.open_json()) for r in found if (face := package().get(r.question.interface))}


def _lines(row: Question, fields: Sequence[ResponseField], answer: Mapping[str, Any]) -> tuple[SharedLine, ...]:
    names = any(f.type is ValueType.NAME for f in fields)
    asked_of = str(row.query.open_json()["query"].get("subject_number", "")) if names else ""
    about_employer = names and _is_employer(asked_of, on=local_date(row.asked_at))
    lines = []
    for f in fields:
        own_name = about_employer and f.fact == "subject_name"  # the name of an employer is no secret
        shown = answer[f.name] if own_name else _masked(f, answer[f.name])
        lines.append(SharedLine(f.name, f.label, shown, f.name in row.differs, shown != answer[f.name]))
    return tuple(lines)


def _is_employer(number: str, *, on: date) -> bool:
    """Whether a number is a credit code. About one ID number in thirty would pass for one too: whatever may be a person's is."""
    try:
        check_credit_code(number)
    except LinliError:
        return False
    try:
        check_id_number(number, today=on)
    except LinliError:
        return True
    return False


def _masked(field: ResponseField, value: Any) -> str | bool:
    if isinstance(value, bool):
        return value
    match field.type:
        case ValueType.ID_NUMBER:
            return mask_id(str(value))
        case ValueType.ACCOUNT:
            return mask_account(str(value))
        case ValueType.NAME:
            return mask_name(str(value))
    return str(value)


def unfiled_answers(subject_id: UUID) -> list[dict[str, Any]]:
    """What came for a case and does not lie in its electronic file yet, for that file: receipts with the fields as they were received.

    Also what was asked anew since, for somebody may have relied on it; ``state`` tells. The caller makes the file. One query.
    """
    rows = Receipt.objects.filter(question__subject_id=subject_id, question__filed_at=None, answer__isnull=False)
    return [_filed(r) for r in rows.select_related("question").order_by("at", "pk")]


def _filed(receipt: Receipt) -> dict[str, Any]:
    q, face, answer = receipt.question, package().get(receipt.question.interface), receipt.answer.open_json()
    labels = {f.name: f.label for f in face.response} if face else {}
    return {
        "question": str(q.pk), "material": {"code": q.material, "name": q.material_name}, "source": receipt.source,
        "interface": {"code": q.interface, "name": face.name if face else q.interface}, "purpose": q.purpose,
        "legal_basis": q.legal_basis, "asked_at": q.asked_at.isoformat(), "answered_at": receipt.at.isoformat(),
        "as_of": receipt.as_of.isoformat(), "query_sm3": bytes(receipt.query_sm3).hex(), "answer_sm3": bytes(receipt.answer_sm3).hex(),
        "signed": receipt.signed, "app_id": receipt.app_id, "state": q.state, "differs": list(q.differs),
        "fields": [{"name": n, "label": labels.get(n, n), "value": answer[n]} for n in receipt.fields],
    }  # fmt: skip


def unfiled_subjects() -> QuerySet[Question, UUID]:
    """Cases with an answer that does not lie in an electronic file yet, many of them still under way."""
    unfiled = Question.objects.filter(filed_at=None, settled_at__isnull=False, receipt__answer__isnull=False)
    return unfiled.order_by().values_list("subject_id", flat=True)


def whole_line(question_id: UUID, name: str) -> tuple[SharedLine, str] | None:
    """A masked field of an answer with what it says in full. The caller has made sure that its reader may see the case, and notes
    that they looked.
    """
    row = Question.objects.filter(pk=question_id).select_related("receipt").first()
    found = next((line for line in _shared(row).lines if line.name == name and line.masked), None) if row else None
    return (found, str(row.receipt.answer.open_json()[name])) if row and found else None


def still_waiting(subject_id: UUID) -> list[UUID]:
    """The questions of a case that have no answer yet."""
    return list(Question.objects.filter(subject_id=subject_id, state=QuestionState.WAITING).values_list("pk", flat=True))


def subjects_waiting() -> list[UUID]:
    """Cases with a question that has no answer yet, but for questions that outlive their case."""
    waiting = Question.objects.filter(state=QuestionState.WAITING, lasting=False).order_by()
    return list(waiting.values_list("subject_id", flat=True).distinct())


def never_asked(subject_ids: Iterable[UUID]) -> list[UUID]:
    """Of some cases those for which nothing was ever asked, in their order. One query."""
    ids = list(subject_ids)
    asked = set(Question.objects.filter(subject_id__in=ids).values_list("subject_id", flat=True))
    return [i for i in ids if i not in asked]


def used_for(party_ids: Iterable[UUID]) -> QuerySet[Question]:
    """What was asked about somebody, newest first, for themselves to see (DS-04). The caller knows that it is they who ask."""
    return (
        Question.objects.filter(party_id__in=list(party_ids))
        .exclude(state=QuestionState.WITHDRAWN)
        .select_related("receipt")
        .order_by("-asked_at")
    )


# -- the ledger of what nobody was asked for -------------------------------------------------------------------------------


def saved(*, by: Actor, item: str = "", owner: str = "", month: date | None = None, material: str = "") -> QuerySet[Question]:
    """Materials that came from a source instead of from the applicant, newest first, where the actor supervises."""
    rows = seen_questions(by).filter(state=QuestionState.ANSWERED, differs=[], lasting=False)
    if item:
        rows = rows.filter(item_code=item)
    if owner:
        rows = rows.filter(owner=owner)
    if material:
        rows = rows.filter(material_name__contains=material)
    if month:
        first, after = _month(month)
        rows = rows.filter(settled_at__gte=first, settled_at__lt=after)
    return rows.order_by("-settled_at", "-id")


def asked(
    *, by: Actor, owner: str = "", subject_id: UUID | None = None, about: bytes | None = None, month: date | None = None
) -> QuerySet[Question]:
    """Who asked which department for what, for which case, on which ground (DS-03), newest first, where the actor supervises.

    ``about`` is :func:`whose` of the number of somebody who was asked about.
    """
    rows = seen_questions(by)
    if owner:
        rows = rows.filter(owner=owner)
    if subject_id:
        rows = rows.filter(subject_id=subject_id)
    if about is not None:
        rows = rows.filter(whose=about)
    if month:
        first, after = _month(month)
        rows = rows.filter(asked_at__gte=first, asked_at__lt=after)
    return rows.order_by("-asked_at", "-id")


def _month(month: date) -> tuple[datetime, datetime]:
    first = datetime(month.year, month.month, 1, tzinfo=SHANGHAI)
    return first, (first + timedelta(days=32)).replace(day=1)


@dataclass(frozen=True, slots=True)
class LedgerTotals:
    """Materials not asked for, the cases they were for, and the trips to other offices that they stand for: one a case and source."""

    materials: int
    cases: int
    trips: int


def saved_totals(rows: QuerySet[Question]) -> LedgerTotals:
    """One query."""
    trips = Count(_pair(), distinct=True)
    found = rows.order_by().aggregate(n=Count("pk"), cases=Count("subject_id", distinct=True), trips=trips)
    return LedgerTotals(found["n"], found["cases"], found["trips"])


def _pair() -> Any:
    return Concat(Cast("subject_id", CharField()), Value(" "), "owner")


def saved_by(rows: QuerySet[Question], what: str) -> list[tuple[Any, int, int]]:
    """Materials and trips by ``item_code``, ``owner``, ``material_name`` or ``month``, the most first; months in order. One query."""
    month = TruncMonth("settled_at", tzinfo=SHANGHAI, output_field=DateField())
    keyed = rows.order_by().annotate(by=month if what == "month" else F(what))
    found = keyed.values_list("by").annotate(n=Count("pk"), trips=Count(_pair(), distinct=True))
    return list(found.order_by("by") if what == "month" else found.order_by("-n", "by"))


# -- how the interfaces fare -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FaceHealth:
    """One interface as it fares: how it is reached, the calls of the last day, and what its silence costs residents."""

    interface: Interface
    setting: Setting | None
    breaker: Breaker
    calls: int
    failures: int
    slow_p50: int | None
    slow_p95: int | None
    last_good_at: datetime | None
    last_fault_at: datetime | None
    last_fault: Outcome | None
    owed: int
    owed_since: datetime | None
    state: str

    def owed_days(self, now: datetime) -> int:
        """For how many days the oldest unanswered question has waited."""
        return (now - self.owed_since).days if self.owed_since else 0


_CALLS = """
    SELECT interface, count(*), count(*) FILTER (WHERE outcome NOT IN ('answered', 'absent')),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY took_ms), percentile_cont(0.95) WITHIN GROUP (ORDER BY took_ms)
      FROM exchange_try WHERE at > %s AND interface = ANY(%s) GROUP BY interface
"""
DAY = timedelta(days=1)


def healths(*, by: Actor, now: datetime, codes: Sequence[str] | None = None) -> list[FaceHealth]:
    """All interfaces (or some), in four queries however many calls there were."""
    by.must(VIEW)
    wanted = list(package()) if codes is None else list(codes)
    settings = settings_of(wanted)
    marks = {h.pk: h for h in Health.objects.filter(pk__in=wanted)}
    with connection.cursor() as cursor:
        cursor.execute(_CALLS, [now - DAY, wanted])
        calls = {row[0]: row[1:] for row in cursor.fetchall()}
    waiting = Question.objects.filter(interface__in=wanted, state__in=[QuestionState.WAITING, QuestionState.FAILED]).order_by()
    owed = {row[0]: row[1:] for row in waiting.values_list("interface").annotate(n=Count("pk"), since=Min("asked_at"))}
    return [_health(interface(c), settings.get(c), marks.get(c), calls.get(c), owed.get(c), now) for c in wanted]


def _health(face: Interface, setting: Setting | None, mark: Health | None, calls: Any, owed: Any, now: datetime) -> FaceHealth:
    breaker = Breaker(mark.failures, mark.opens, mark.open_until) if mark else Breaker()
    count, failures, p50, p95 = calls or (0, 0, None, None)
    limit = (setting.timeout_ms if setting and setting.timeout_ms else None) or face.timeout_ms
    if setting is None:
        state = "unset"
    elif not setting.enabled:
        state = "off"
    elif breaker.open_until is not None or (breaker.failures and count == failures):
        state = "down"
    elif breaker.failures or (p95 is not None and p95 > limit / 2):
        state = "slow"
    else:
        state = "up" if count or (mark and mark.last_good_at) else "idle"
    return FaceHealth(
        face, setting, breaker, count, failures, None if p50 is None else round(p50), None if p95 is None else round(p95),
        mark.last_good_at if mark else None, mark.last_fault_at if mark else None,
        Outcome(mark.last_fault) if mark and mark.last_fault else None, owed[0] if owed else 0, owed[1] if owed else None, state,
    )  # fmt: skip


def calls_of(code: str, *, by: Actor) -> QuerySet[Try]:
    """Who asked one interface what, for which case, on which ground; newest first, of the cases the actor supervises."""
    mine = seen_questions(by).filter(interface=code)
    return Try.objects.filter(interface=code, question__in=mine).select_related("question").order_by("-at", "-id")


# -- what answers say, for rooms that reckon with it ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """What a source said of the subject of a question: by which interface, as of which day, about whose number."""

    interface: str
    number: str
    as_of: date
    values: Mapping[str, Any] = field(repr=False)


def told_for(subject_id: UUID) -> list[Told]:
    """All that sources answered for a case, oldest first, to be reckoned with and shown to nobody. One query."""
    rows = Receipt.objects.filter(question__subject_id=subject_id, answer__isnull=False).select_related("question")
    return [
        Told(
            r.question.interface,
            str(r.question.query.open_json()["query"].get("subject_number", "")),
            r.as_of,
            r.answer.open_json(),
        )
        for r in rows.order_by("at", "pk")
    ]


def answered_since(moment: datetime, *, after: UUID | None = None, size: int = 500) -> list[UUID]:
    """Cases for which a source answered since a moment, in the order of their ids. One query."""
    rows = Question.objects.filter(state=QuestionState.ANSWERED, settled_at__gte=moment).order_by("subject_id")
    rows = rows.filter(subject_id__gt=after) if after else rows
    return list(rows.values_list("subject_id", flat=True).distinct()[:size])
