"""What may be done: connect an interface, ask, fetch what was asked for, and stop asking."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from linli.domains.exchange import wire
from linli.domains.exchange.contract import Interface, covering, package
from linli.domains.exchange.errors import (
    AddressWrong,
    FaultUnknown,
    InterfaceUnknown,
    LimitWrong,
    NoFaultsHere,
    SandboxSilent,
    SecretMissing,
)
from linli.domains.exchange.models import Health, Question, Receipt, Setting, Try
from linli.domains.exchange.permissions import CASES, MANAGE, VIEW
from linli.domains.exchange.queries import forget_connected, interface, route_to, settings_of, whose
from linli.domains.exchange.rules import Breaker, Outcome, QuestionState, Verdict, differing, next_wait, query_digest
from linli.domains.exchange.wire import Called, Enquiry, Route
from linli.domains.trace.commands import Act, Subject, once, record, record_all
from linli.kernel import rows
from linli.kernel.actors import Actor, system
from linli.kernel.ids import uuid7
from linli.kernel.jobs import defer, defer_many
from linli.kernel.text import noop

__all__ = [
    "About", "ask", "connect", "disconnect", "fetch", "FAULTS", "forget", "KEPT", "look_up_asked", "note_filed", "Outcome", "QuestionState",
    "record_export", "set_fault", "sweep", "try_again", "Wanted", "withdraw",
]  # fmt: skip

FAULTS = ("none", "slow", "down", "wrong", "duplicate", "stale", "forged", "empty")


# -- how an interface is reached -------------------------------------------------------------------------------------------


def _chain(code: str) -> Subject:
    return Subject("interface", uuid5(NAMESPACE_URL, f"linli:interface:{code}"))


@once
def connect(
    *, code: str, base_url: str, app_id: str, secret: str = "", enabled: bool = True, sandbox: bool = False,
    timeout_ms: int | None = None, per_second: int | None = None, by: Actor, now: datetime,
) -> None:  # fmt: skip
    """Say how this bureau reaches an interface, or change it. An empty secret keeps the one that is there.

    What waited for the interface is asked for at once. The secret is kept sealed and never recorded.
    """
    by.must(MANAGE)
    interface(code)
    _check_address(base_url)
    _check_limit("timeout_ms", timeout_ms, 100, 60_000, noop("超时（毫秒）"))
    _check_limit("per_second", per_second, 1, 10_000, noop("每秒次数"))
    row = Setting.objects.select_for_update().filter(pk=code).first()
    if not app_id.strip() or (row is None and not secret) or (secret and len(secret) < 16):
        raise SecretMissing(field="secret" if app_id.strip() else "app_id")
    if secret or row is None:
        kept: Any = secret
    else:
        kept = row.secret
    changed = Setting(
        interface=code, base_url=base_url.strip().rstrip("/"), app_id=app_id.strip(), secret=kept, enabled=enabled, sandbox=sandbox,
        timeout_ms=timeout_ms, per_second=per_second, changed_at=now, changed_by_id=by.user_id,
    )  # fmt: skip
    record(
        "exchange.connected", subject=_chain(code), by=by, at=now, interface=code, base_url=changed.base_url, app_id=changed.app_id,
        enabled=enabled, sandbox=sandbox, timeout_ms=timeout_ms, per_second=per_second, secret_changed=bool(secret),
    )  # fmt: skip
    changed.save(force_insert=row is None, force_update=row is not None)
    forget_connected()
    if enabled:
        _ask_again(code, now, states=[QuestionState.WAITING])


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url.strip())
        good = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment or parts.username)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        good = False
    if not good or len(url) > 200:
        raise AddressWrong(field="base_url", url=url[:60])


def _check_limit(field: str, value: int | None, low: int, high: int, what: str) -> None:
    if value is not None and not low <= value <= high:
        raise LimitWrong(field=field, what=what, low=low, high=high)


@once
def disconnect(*, code: str, by: Actor, now: datetime) -> None:
    """Stop asking an interface; what waits for it goes on waiting, and nobody is asked for paper instead."""
    by.must(MANAGE)
    if not Setting.objects.filter(pk=code, enabled=True).update(enabled=False, changed_at=now, changed_by_id=by.user_id):
        raise InterfaceUnknown(code=code)
    record("exchange.disconnected", subject=_chain(code), by=by, at=now, interface=code)
    forget_connected()


@once
def try_again(*, code: str, by: Actor, now: datetime) -> int:
    """Ask again for everything an interface still owes, also what was given up; returns how many questions."""
    by.must(MANAGE)
    interface(code)
    Health.objects.filter(pk=code).update(failures=0, opens=0, open_until=None)
    count = _ask_again(code, now, states=[QuestionState.WAITING, QuestionState.FAILED])
    record("exchange.tried_again", subject=_chain(code), by=by, at=now, interface=code, questions=count)
    return count


def _ask_again(code: str, now: datetime, *, states: Sequence[QuestionState]) -> int:
    again = Question.objects.filter(interface=code, state__in=states)
    ids = list(again.values_list("pk", flat=True))
    again.update(state=QuestionState.WAITING, settled_at=None, tries=0, next_try_at=now)
    _fetch_soon(ids)
    return len(ids)


@once
def set_fault(*, code: str, fault: str, by: Actor, now: datetime) -> None:
    """Have a demonstration's sandbox misbehave at one interface. Raises :class:`NoFaultsHere` for a real department,
    :class:`FaultUnknown`, :class:`SandboxSilent`.
    """
    by.must(MANAGE)
    face = interface(code)
    if fault not in FAULTS:
        raise FaultUnknown(field="fault", fault=fault[:40])
    setting = Setting.objects.filter(pk=code, sandbox=True).first()
    if setting is None:
        raise NoFaultsHere
    if wire.control(route_to(setting, face), {"interface": code, "fault": fault}) is None:
        raise SandboxSilent
    record("exchange.fault_set", subject=_chain(code), by=by, at=now, interface=code, fault=fault)


# -- asking ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class About:
    """For which case something is asked: what it is about, where it was taken in, and whose it is."""

    subject_id: UUID
    item_code: str
    region: str
    org_id: UUID
    hall_id: UUID
    party_id: UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """A material somebody else holds."""

    code: str
    name: str
    issued_by: str


@transaction.atomic
def ask(
    *, about: About, wanted: Sequence[Wanted], facts: Mapping[str, str], lasting: bool = False, by: Actor, now: datetime
) -> list[UUID]:
    """Ask for materials of a case; returns the new questions. Asking the same again does nothing.

    ``facts`` are what the case knows, by name; one that is empty has yet to be written down, and what needs it waits until it is
    asked again. If a fact has changed since, the old question and its answer no longer count. A ``lasting`` question is asked on
    when the case is over. Joins the caller's transaction; the fetching is a job of the same transaction.
    """
    connected = settings_of()
    usable = {code: face for code, face in package().items() if code in connected and connected[code].enabled}
    earlier: dict[str, list[Question]] = {}
    for row in Question.objects.filter(subject_id=about.subject_id).exclude(state=QuestionState.WITHDRAWN):
        earlier.setdefault(row.material, []).append(row)
    fresh: list[Question] = []
    outdated: list[Question] = []
    for material in wanted:
        candidates = covering(material.name, material.issued_by, among=usable.values())
        able = [face for face in candidates if not face.query_from(facts)[1]]
        if not able:
            continue
        question = _question(about, material, able, facts, by, now)
        question.lasting = lasting
        before = earlier.get(material.code, [])
        if any(bytes(q.query_sm3) == bytes(question.query_sm3) for q in before):
            continue
        outdated += before
        fresh.append(question)
    if not fresh:
        return []
    # The chain first, then the questions: whoever settles a question goes the same way, so that nobody waits in a circle.
    acts = [Act("exchange.outdated", {"question": q.pk, "material": q.material, "interface": q.interface}) for q in outdated]
    acts += [_asked(q) for q in fresh]
    record_all(acts, subject=Subject("case", about.subject_id), by=by, at=now)
    Question.objects.filter(pk__in=[q.pk for q in outdated]).update(state=QuestionState.WITHDRAWN, settled_at=now)
    rows.insert(*fresh)
    _fetch_soon([q.pk for q in fresh])
    return [q.pk for q in fresh]


def _question(
    about: About, material: Wanted, able: Sequence[Interface], facts: Mapping[str, str], by: Actor, now: datetime
) -> Question:
    face = able[0]
    query, _ = face.query_from(facts)
    used = {t for f in able for r in f.request for t in r.takes} | {r.fact for f in able for r in f.response if r.fact}
    return Question(
        pk=uuid7(), subject_id=about.subject_id, material=material.code, material_name=material.name, interface=face.code,
        owner=face.owner, item_code=about.item_code, region=about.region, org_id=about.org_id, hall_id=about.hall_id,
        party_id=about.party_id, purpose=face.purpose, legal_basis=face.legal_basis,
        query={"query": query, "facts": {k: v for k, v in facts.items() if k in used}}, query_sm3=query_digest(face.code, query),
        rest=[f.code for f in able[1:]], state=QuestionState.WAITING, asked_at=now, asked_by_id=by.user_id, next_try_at=now,
        whose=whose(query["subject_number"]) if query.get("subject_number") else None,
    )  # fmt: skip


def _asked(question: Question) -> Act:
    return Act(
        "exchange.asked",
        {
            "question": question.pk, "material": question.material, "interface": question.interface, "source": question.owner,
            "purpose": question.purpose, "basis": question.legal_basis, "fields": package()[question.interface].fields,
        },
    )  # fmt: skip


def _fetch_soon(ids: Sequence[UUID]) -> None:
    """In one job, so that the sources are asked all at once; big heaps in several."""
    if ids:
        defer_many("exchange.fetch", [{"question_ids": [str(i) for i in ids[n : n + 16]]} for n in range(0, len(ids), 16)])


@transaction.atomic
def withdraw(*, subject_id: UUID, by: Actor, now: datetime) -> int:
    """Stop asking for a case that is over; returns how many questions were still open."""
    waiting = Question.objects.filter(subject_id=subject_id, state=QuestionState.WAITING, lasting=False)
    if not waiting.exists():
        return 0
    record("exchange.withdrawn", subject=Subject("case", subject_id), by=by, at=now)
    return waiting.update(state=QuestionState.WITHDRAWN, settled_at=now)


# -- fetching --------------------------------------------------------------------------------------------------------------


def fetch(*, question_ids: Iterable[UUID], now: datetime, deadline: float | None = None, due_only: bool = False) -> dict[UUID, str]:
    """Ask the sources, all at once, and settle each question as its answer comes; returns what came of each that was tried.

    No transaction is open while somebody else's computer is waited for, and each answer is settled in one of its own. ``deadline``
    shortens, in seconds, what each interface allows: for a clerk who waits. Questions that somebody else is asking right now are
    left to them.
    """
    started = time.monotonic()
    ready = _claim(list(question_ids), now, due_only=due_only)
    found: dict[UUID, str] = {}
    calls: dict[Future[Called], tuple[Enquiry, Route]] = {}
    for enquiry, route in ready:
        shorter = replace(route, timeout=min(route.timeout, deadline)) if deadline else route
        calls[_threads().submit(wire.call, enquiry, shorter, now=now)] = enquiry, shorter
    broken: list[Exception] = []
    for future in as_completed(calls):
        enquiry, route = calls[future]
        at = now + timedelta(seconds=time.monotonic() - started)
        try:
            found[enquiry.question_id] = _settle(enquiry, route, future.result(), at)
        except Exception as error:
            broken.append(error)
    if broken:  # what was answered stands; the others can be asked again at once instead of when the lease is over
        lost = [enquiry.question_id for enquiry, _ in ready if enquiry.question_id not in found]
        Question.objects.filter(pk__in=lost, state=QuestionState.WAITING).update(leased_until=None)
        raise broken[0]
    return found


@cache
def _threads() -> ThreadPoolExecutor:
    """They only wait for sockets and never touch the database."""
    return ThreadPoolExecutor(max_workers=32, thread_name_prefix="exchange")


_LEASE = timedelta(seconds=90)  # longer than any call may take
_UNCONNECTED = timedelta(hours=1)

_CLAIM = """
    UPDATE exchange_question SET leased_until = %s WHERE id IN (
        SELECT id FROM exchange_question WHERE id = ANY(%s) AND state = 'waiting' AND (leased_until IS NULL OR leased_until < %s)
           AND (NOT %s OR next_try_at <= %s) ORDER BY id FOR UPDATE SKIP LOCKED) RETURNING id
"""


@transaction.atomic
def _claim(ids: Sequence[UUID], now: datetime, *, due_only: bool) -> list[tuple[Enquiry, Route]]:
    """Take questions for ourselves, as many as their interfaces may be asked right now; the others are put off."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [now + _LEASE, list(ids), now, due_only, now])
        taken = [row[0] for row in cursor.fetchall()]
    questions = list(Question.objects.filter(pk__in=taken).order_by("interface", "asked_at"))
    reached = settings_of(q.interface for q in questions)
    ready, put_off = [], []
    by_face: dict[str, list[Question]] = {}
    for q in questions:
        by_face.setdefault(q.interface, []).append(q)
    for code in sorted(by_face):
        setting, face, waiting = reached.get(code), package().get(code), by_face[code]
        if setting is None or face is None or not setting.enabled:
            put_off += [(q, now + _UNCONNECTED) for q in waiting]
            continue
        admitted, again = _admit(code, len(waiting), setting.per_second or face.per_second, now)
        put_off += [(q, again) for q in waiting[admitted:]]
        if admitted:
            route = route_to(setting, face)
            ready += [(_enquiry(q, face), route) for q in waiting[:admitted]]
    for q, at in put_off:
        Question.objects.filter(pk=q.pk).update(leased_until=None, next_try_at=at)
        defer("exchange.fetch", at=at, question_ids=[str(q.pk)])
    return ready


def _enquiry(q: Question, face: Interface) -> Enquiry:
    kept = q.query.open_json()
    operator = str(q.asked_by_id) if q.asked_by_id else "system"
    return Enquiry(q.pk, face, kept["query"], bytes(q.query_sm3), q.item_code, str(q.subject_id), operator)


def _admit(code: str, wanted: int, per_second: int, now: datetime) -> tuple[int, datetime]:
    """How many calls an interface may be given now, and when the others may come back. The row is locked until all are counted."""
    Health.objects.bulk_create([Health(interface=code)], ignore_conflicts=True)
    mark = Health.objects.select_for_update().get(pk=code)
    breaker = Breaker(mark.failures, mark.opens, mark.open_until)
    if breaker.is_open(now):
        assert breaker.open_until
        return 0, breaker.open_until + timedelta(seconds=1)
    second = int(now.timestamp())
    used = mark.used if mark.second == second else 0
    admitted = min(wanted, max(per_second - used, 0))
    if breaker.half_open(now):  # one goes to see; the others wait for what it finds
        admitted = min(admitted, 1)
        mark.open_until = now + timedelta(seconds=10)
    mark.second, mark.used = second, used + admitted
    mark.save(update_fields=["second", "used", "open_until"])
    return admitted, now + timedelta(seconds=1 if not breaker.half_open(now) else 10)


class _Raced(Exception):
    """Somebody withdrew the question while its answer was being written down."""


def _settle(enquiry: Enquiry, route: Route, called: Called, at: datetime) -> str:
    """Write down what a call came to; if the question was withdrawn meanwhile, only that it was made."""
    question = Question.objects.get(pk=enquiry.question_id)
    state, again = _next_state(question, called.verdict, at)
    try:
        with transaction.atomic():
            if question.state != QuestionState.WAITING:
                raise _Raced
            _settle_question(question, enquiry, route, called.verdict, state, again, at)
            _note_call(question, enquiry, called, at)
    except _Raced:
        with transaction.atomic():
            _note_call(question, enquiry, called, at)
        return str(QuestionState.WITHDRAWN)
    return str(state)


def _note_call(question: Question, enquiry: Enquiry, called: Called, at: datetime) -> None:
    rows.insert(
        Try(
            pk=uuid7(), question=question, interface=question.interface, at=at, took_ms=called.took_ms, outcome=called.verdict.outcome,
            why=called.verdict.why[:60], status=called.status, operator_id=question.asked_by_id, fields=enquiry.interface.fields,
        )
    )  # fmt: skip
    _mark(question.interface, called.verdict.outcome, at)


def _next_state(question: Question, verdict: Verdict, at: datetime) -> tuple[QuestionState, datetime | None]:
    if verdict.outcome is Outcome.ANSWERED:
        return QuestionState.ANSWERED, None
    if verdict.outcome is Outcome.ABSENT:
        return QuestionState.ABSENT, None
    wait = next_wait(question.tries + 1)
    return (QuestionState.WAITING, at + wait) if wait else (QuestionState.FAILED, None)


def _settle_question(
    question: Question, enquiry: Enquiry, route: Route, verdict: Verdict, state: QuestionState, again: datetime | None, at: datetime
) -> None:
    kept = question.query.open_json()
    said = {**kept["facts"], **kept["query"]}
    differs = differing(enquiry.interface, verdict.record, said) if verdict.record is not None else []
    following = _following(question, kept["facts"], at) if state is QuestionState.ABSENT else None
    acts = [] if state is QuestionState.WAITING else [_settled(question, verdict, state, differs)]
    if following:
        acts.append(_asked(following))
    if acts:
        # Before the question is touched: see ask().
        record_all(acts, subject=Subject("case", question.subject_id), by=system(device="exchange"), at=at)
    changed = Question.objects.filter(pk=question.pk, state=QuestionState.WAITING).update(
        state=state, tries=question.tries + 1, differs=differs, leased_until=None, next_try_at=again,
        last_fault="" if verdict.outcome.good else verdict.outcome, settled_at=None if state is QuestionState.WAITING else at,
    )  # fmt: skip
    if not changed:
        raise _Raced
    if verdict.record is not None:
        assert verdict.as_of
        rows.insert(
            Receipt(
                question=question, source=question.owner, query_sm3=enquiry.digest, answer_sm3=verdict.digest, signed=verdict.signed,
                app_id=route.app_id, at=at, as_of=verdict.as_of, fields=sorted(verdict.record), answer=verdict.record,
            )
        )  # fmt: skip
    if following:
        rows.insert(following)
        _fetch_soon([following.pk])
    if again:
        defer("exchange.fetch", at=again, question_ids=[str(question.pk)])


def _settled(question: Question, verdict: Verdict, state: QuestionState, differs: Sequence[str]) -> Act:
    data: dict[str, Any] = {
        "question": question.pk, "material": question.material, "interface": question.interface, "source": question.owner,
        "tries": question.tries + 1,
    }  # fmt: skip
    if verdict.record is not None:
        data |= {"answer": verdict.digest, "as_of": verdict.as_of, "fields": sorted(verdict.record), "differs": list(differs)}
    return Act(f"exchange.{state}", data)


def _following(question: Question, facts: Mapping[str, str], at: datetime) -> Question | None:
    """The next source to ask, where this one has no record."""
    rest = [package()[code] for code in question.rest if code in package()]
    if not rest:
        return None
    about = About(question.subject_id, question.item_code, question.region, question.org_id, question.hall_id, question.party_id)
    by = Actor(user_id=question.asked_by_id)
    wanted = Wanted(question.material, question.material_name, "")
    following = _question(about, wanted, rest, facts, by, at)
    following.lasting = question.lasting
    taken = Question.objects.filter(subject_id=question.subject_id, material=question.material, interface=following.interface)
    return None if taken.exclude(state=QuestionState.WITHDRAWN).exists() else following


def _mark(code: str, outcome: Outcome, at: datetime) -> None:
    """Tell the breaker. A refusal or a broken contract counts too: it helps nobody to go on asking at full speed."""
    if outcome.good:
        Health.objects.filter(pk=code).update(failures=0, opens=0, open_until=None, last_good_at=at)
        return
    mark = Health.objects.select_for_update().get(pk=code)
    breaker = Breaker(mark.failures, mark.opens, mark.open_until).after(good=False, now=at)
    mark.failures, mark.opens, mark.open_until = breaker.failures, breaker.opens, breaker.open_until
    mark.last_fault_at, mark.last_fault = at, outcome
    mark.save(update_fields=["failures", "opens", "open_until", "last_fault_at", "last_fault"])


@once
def record_export(*, filters: Mapping[str, str], rows: int, by: Actor, now: datetime, ledger: str = "saved") -> None:
    """Note that a ledger was taken along, and which part of it."""
    by.must(VIEW)
    record(
        "exchange.exported", subject=Subject("user", by.person_id), by=by, at=now, ledger=ledger, filters=dict(filters), rows=rows
    )


@transaction.atomic
def look_up_asked(*, number: str, by: Actor, now: datetime) -> bytes:
    """Look up what was asked about somebody by their number; that it was looked up is recorded, the number is not.

    Returns what ``queries.asked`` finds it by.
    """
    by.must(VIEW)
    by.must(CASES)
    about = whose(number)
    record("exchange.looked_up", subject=Subject("user", by.person_id), by=by, at=now, about=about.hex())
    return about


def sweep(*, now: datetime, limit: int = 400) -> int:
    """Ask for what is due and whose job was lost, by a crash or because its interface was switched off; returns how many."""
    late = Question.objects.filter(state=QuestionState.WAITING, next_try_at__lt=now - timedelta(minutes=2))
    ids = list(late.order_by("next_try_at").values_list("pk", flat=True)[:limit])
    Question.objects.filter(pk__in=ids).update(next_try_at=now)
    _fetch_soon(ids)
    return len(ids)


# -- forgetting ------------------------------------------------------------------------------------------------------------


KEPT = uuid5(NAMESPACE_URL, "linli:exchange:kept")  # the chain that tells what was forgotten


def _years_before(now: datetime, years: int) -> datetime:
    """The same day so many years ago; of the 29th of February the day after it."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, month=3, day=1)


def note_filed(*, subject_id: UUID, question_ids: Iterable[UUID] | None = None, now: datetime) -> None:
    """Note that some answers lie in the electronic file of their case now; with none named, that the case will have no file.

    In the transaction that makes the file.
    """
    asked = Question.objects.filter(subject_id=subject_id, filed_at=None)
    (asked if question_ids is None else asked.filter(pk__in=list(question_ids))).update(filed_at=now)


@transaction.atomic
def forget(*, now: datetime, limit: int = 500) -> int:
    """Forget what settled questions and their answers said of people, and each call, once they were kept as long as the rules
    give (DS-03); returns how many questions. What stays: who was asked for what on which ground, and the digests of the receipt.

    A question whose source never answered is no longer asked. An answer that does not lie in the file of its case yet is kept: a
    decision may rest on it.
    """
    before = _years_before(now, settings.ENV.exchange_keep_years)
    due = Question.objects.filter(settled_at__lt=before, forgotten_at=None).order_by("settled_at")
    due = due.filter(Q(filed_at__isnull=False) | Q(receipt=None))
    ids = list(due.values_list("pk", flat=True)[:limit])
    locked = Question.objects.select_for_update(skip_locked=True).filter(pk__in=ids, forgotten_at=None).order_by("pk")
    ids = list(locked.values_list("pk", flat=True))
    if not ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT exchange_forget(%s)", [ids])
        calls = cursor.fetchone()[0]
    gone = Question.objects.filter(pk__in=ids)
    gone.filter(state=QuestionState.FAILED).update(state=QuestionState.WITHDRAWN)
    gone.update(query={"query": {}, "facts": {}}, whose=None, forgotten_at=now)
    record(
        "exchange.forgotten", subject=Subject("interface", KEPT), by=system(device="exchange"),
        at=now, questions=len(ids), calls=calls, before=before.date(),
    )  # fmt: skip
    return len(ids)
