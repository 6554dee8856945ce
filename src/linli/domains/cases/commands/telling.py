"""Telling the applicant, and whoever acts for them, of each act they must know: once, in the words of ``notices``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from linli.domains.cases.clock import ClockKind
from linli.domains.cases.grounds import DeliveryMethod, PauseGround
from linli.domains.cases.lifecycle import IN_HAND, Move
from linli.domains.cases.models import Case, ClockRow
from linli.domains.cases.moves import Work, subject
from linli.domains.cases.queries.issue import collected_at
from linli.domains.cases.queries.looking import clock_views
from linli.domains.catalog.queries import Standard, get_standard
from linli.domains.notices.commands import Recipient, Words, notify
from linli.domains.org.queries import letterhead
from linli.domains.trace.queries import Entry, events_of, timeline
from linli.kernel.actors import Actor
from linli.kernel.calendar import day_said, local_date
from linli.kernel.text import Message, msg

OVERDUE = "cases.overdue"
# The promise is looked at for this long after its day, so that a platform that stood still makes up for it.
_LOOK_BACK = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class _Told:
    """An act with what is needed to speak of it."""

    case: Case
    standard: Standard
    entry: Entry
    now: datetime

    def why(self, *kinds: ClockKind) -> tuple[Message, ...]:
        """The explanation of the first of some clocks that runs."""
        running = {v.kind: v for v in clock_views(self.case, now=self.now) if v.outcome == "running"}
        return next((running[k].explanation for k in kinds if k in running), ())

    def day(self, name: str) -> Message | str:
        """A day that was noted with the act."""
        noted = self.entry.data.get(name)
        return day_said(date.fromisoformat(noted)) if noted else msg("待定")


def _promised(told: _Told, name: str = "promised") -> dict[str, Words]:
    return {"until": told.day(name), "due": told.why(ClockKind.PROMISED)}


def _resumed(told: _Told) -> dict[str, Words]:
    due = told.case.due_on
    return {"until": day_said(due) if due else msg("待定"), "due": told.why(ClockKind.PROMISED)}


def _missing(told: _Told) -> dict[str, Words]:
    labels = {f.name: f.label for f in told.standard.form} | {m.code: m.name for m in told.standard.to_hand_in}
    listed = tuple(
        msg("%(name)s（%(what)s）", name=labels.get(i["code"], i["code"]), what=i["what"]) for i in told.entry.data["items"]
    )
    return {"until": told.day("until"), "what": msg("%(listed)s", listed=listed)}


def _suspended(told: _Told) -> dict[str, Words]:
    ground = Message(PauseGround(told.entry.data["ground"]).label)
    return {"until": told.day("until"), "ground": ground, "due": told.why(ClockKind.PROMISED)}


def _issued(told: _Told) -> dict[str, Words]:
    place = letterhead(collected_at(told.case))
    where = f"{place.name}（{place.address}）" if place.address else place.name
    return {"place": where, "due": told.why(ClockKind.DELIVERY)}


def _delivered(told: _Told) -> dict[str, Words]:
    return {"what": Message(DeliveryMethod(told.entry.data["method"]).label), "phone": _phone(told.case)}


def _withdrawn(told: _Told) -> dict[str, Words]:
    reason = str(told.entry.data.get("reason") or "")
    return {"what": msg("（%(reason)s）", reason=reason) if reason else ""}


def _overdue(told: _Told) -> dict[str, Words]:
    return {"until": told.day("promised"), "phone": _phone(told.case)}


def _phone(case: Case) -> str:
    return letterhead(case.org_id).phone or "12333"


def _what(told: _Told) -> str:
    """The name of the material an act is about."""
    wanted = told.standard.material(str(told.entry.data["material"]))
    return wanted.name if wanted else ""


_Values = Callable[[_Told], dict[str, Words]]
# Which acts are told, in which kind of message, with what besides the case and its office.
TELLS: dict[str, tuple[str, _Values]] = {
    Move.SUBMIT.act: ("case.submitted", lambda told: {"due": told.why(ClockKind.NOTICE)}),
    Move.REQUEST_CORRECTION.act: ("case.correction_requested", _missing),
    Move.CORRECT.act: ("case.corrected", lambda told: {"due": told.why(ClockKind.NOTICE, ClockKind.PROMISED)}),
    Move.ACCEPT.act: ("case.accepted", _promised),
    Move.DEEM_ACCEPTED.act: ("case.deemed_accepted", _promised),
    Move.SUSPEND.act: ("case.suspended", _suspended),
    Move.RESUME.act: ("case.resumed", _resumed),
    Move.APPROVE.act: ("case.decided", lambda told: {}),
    Move.REJECT.act: ("case.decided", lambda told: {}),
    Move.ISSUE.act: ("case.issued", _issued),
    Move.DELIVER.act: ("case.delivered", _delivered),
    Move.REFUSE.act: ("case.not_accepted", lambda told: {}),
    Move.WITHDRAW.act: ("case.withdrawn", _withdrawn),
    "cases.extended": ("case.extended", lambda told: _promised(told, "until")),
    "cases.due_projected_anew": ("case.due_moved", lambda told: _promised(told, "after")),
    OVERDUE: ("case.overdue", _overdue),
    "cases.pending_reminded": ("case.pending_reminded", lambda told: {"what": _what(told), "until": told.day("until")}),
    "cases.result_final": ("case.result_final", lambda told: {"what": _what(told)}),
    "cases.breach_found": (
        "case.breach_found",
        lambda told: {"what": _what(told), "until": told.day("until"), "phone": _phone(told.case)},
    ),
    "cases.breach_concluded": ("case.breach_concluded", lambda told: {"what": _what(told), "phone": _phone(told.case)}),
}


@transaction.atomic
def tell(*, case_id: UUID, seq: int, by: Actor, now: datetime) -> int:
    """Tell of one act of a case; returns how many were told. Safe to repeat: the act's own place in the chain is the key."""
    entry = timeline(case_id, after=seq - 1, limit=1)[0]
    case = Case.objects.prefetch_related("clocks", "suspensions", "extensions").get(pk=case_id)
    if case.number is None or _not_theirs(entry):
        return 0
    kind, special = TELLS[entry.act]
    told = _Told(case, get_standard(case.standard_id), entry, now)
    common: dict[str, Words] = {
        "item": told.standard.name, "number": case.number, "tail": case.number[-4:], "day": day_said(local_date(entry.at)),
        "office": letterhead(letterhead(case.org_id).body_id).name,
    }  # fmt: skip
    values = common | special(told)
    to = [Recipient(case.applicant_id, case.applicant_is_employer)]
    if case.agent_id and case.agent_id != case.applicant_id:
        to.append(Recipient(case.agent_id))
    keys = {r: f"{case_id}:{seq}:{r.party_id}" for r in to}
    return sum(
        notify(kind, to=r, about=subject(case_id), values=values, key=key, by=by, now=now) is not None for r, key in keys.items()
    )


def _not_theirs(entry: Entry) -> bool:
    """Changes of a clock that the applicant was never told of: the statutory one behind the promise, a stage's own."""
    return entry.act == "cases.due_projected_anew" and entry.data.get("clock") != ClockKind.PROMISED


def note_overdue(*, by: Actor, now: datetime, limit: int = 500) -> int:
    """Note of every case in hand whose promised day is over that it is late, once for each promise, so that its applicant hears
    it from us. Safe to repeat. Returns how many were noted."""
    today = local_date(now)
    late = ClockRow.objects.filter(
        kind=ClockKind.PROMISED, outcome="running", due_on__lt=today, due_on__gte=today - _LOOK_BACK, case__state__in=IN_HAND
    ).order_by("-due_on", "id")
    noted = 0
    for case_id, due in late.values_list("case_id", "due_on"):
        if noted == limit or due is None:
            break
        with transaction.atomic():
            case = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=case_id, state__in=IN_HAND).first()
            if case is None or events_of(case_id, acts=[OVERDUE]).filter(data__promised=due.isoformat()).exists():
                continue
            work = Work(case, by=by, now=now)
            work.note(OVERDUE, promised=due)
            work.save()
            noted += 1
    return noted


__all__ = ["TELLS", "note_overdue", "tell"]
