"""What a resident sees of their own cases, and a counter of what came in online."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from linli.domains.cases.deciding import Decided, decided, revoked_among
from linli.domains.cases.grounds import MaterialState, Received
from linli.domains.cases.lifecycle import FINAL, Move, State, may_move
from linli.domains.cases.models import Case, CaseMaterial, Correction, Delivery, HandOver, Joint, MaterialFile, Refusal
from linli.domains.cases.online import is_question, still_open, why_not_online
from linli.domains.cases.permissions import (
    RECEIVE,
    applies_for,
    collects_for,
    counter_cases,
    own_cases,
)
from linli.domains.cases.queries.commitments import Terms, commitment_notice
from linli.domains.cases.queries.looking import ClockView, case_for, clock_views, materials_of
from linli.domains.cases.queries.supervision import plain_entries
from linli.domains.cases.sharing import Filling, fillings
from linli.domains.catalog.queries import InForce, Material, Standard, get_bundle, get_standard, in_force, known_facts
from linli.domains.documents.queries import DocumentCard, PaperKind, documents_of
from linli.domains.exchange.queries import shared_of
from linli.domains.org.queries import Power, authority
from linli.domains.people.queries import Party, Scope, employer_facts, parties, party, person_facts, principals, region_of
from linli.domains.trace.queries import Entry
from linli.kernel.actors import Actor, Channel
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.fields import blind
from linli.kernel.text import Message, msg

HAND_OVER = "hand_over"  # of the blind index of codes
_RESULTS = (PaperKind.DECISION, PaperKind.RESULT_CERTIFICATE)
_NOT_FOR_APPLICANTS = (PaperKind.CASE_COVER,)
_UNSEALED = (PaperKind.DELIVERY_RECEIPT,)  # signed by whoever received, never sealed
_OVER = (State.DELIVERED, State.CLOSED)


# -- before there is a case --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether somebody can apply for an item online: the standard that counts where they live, and why not if they cannot."""

    applicant: Party
    found: InForce | None
    why_not: Message | None


def applicants_for(item_code: str, *, by: Actor, on: date) -> list[Party]:
    """For whom a resident may apply for an item: themselves first."""
    if by.resident_id is None:
        return []
    others = principals(by.resident_id, scope=Scope.APPLY, on=on, item=item_code)
    return [party(by.resident_id, is_employer=False), *others]


def offer_online(item_code: str, applicant: Party, *, on: date) -> Offer:
    """What would happen if somebody began to apply for an item now."""
    region = region_of(applicant.id, is_employer=applicant.is_employer)
    found = in_force(item_code, region=region, on=on)
    if found is None:
        return Offer(applicant, None, msg("您所在的地区没有这件事。"))
    s = found.standard
    if ("employer" if applicant.is_employer else "person") not in s.applicant_kinds:
        why = msg("这件事由用人单位办理。") if not applicant.is_employer else msg("这件事由个人办理。")
        return Offer(applicant, found, why)
    if why_not := why_not_online(s):
        return Offer(applicant, found, why_not)
    if authority(item_code, region=region, on=on).nearest(Power.ACCEPT) is None:
        return Offer(applicant, found, msg("您所在的地区还没有单位受理这件事，请打服务电话询问。"))
    return Offer(applicant, found, None)


# -- one's own cases -----------------------------------------------------------------------------------------------------------------


def own_list(*, by: Actor, on: date) -> QuerySet[Case]:
    """A resident's cases, newest first; drafts given up are not among them."""
    return own_cases(by, on=on).exclude(state=State.WITHDRAWN, number=None).order_by("-started_at", "-id")


@dataclass(frozen=True, slots=True)
class OwnMaterial:
    """A material as its applicant sees it. ``asked`` is what the correction notice says of it; ``open`` that something is still to
    be done about it."""

    row: CaseMaterial
    wanted: Material
    files: list[MaterialFile]
    asked: str
    open: bool

    @property
    def state(self) -> MaterialState:
        return MaterialState(self.row.state)

    @property
    def is_question(self) -> bool:
        return is_question(self.wanted)

    @property
    def committed(self) -> bool:
        return self.row.received == Received.COMMITTED


@dataclass(frozen=True, slots=True)
class OwnSheet:
    """All that a resident sees of a case of their own: never who accepted, reviews or decided it."""

    case: Case
    standard: Standard
    applicant: Party
    agent: Party | None
    form: dict[str, Any]
    known: frozenset[str]
    filled: dict[str, Filling]
    materials: list[OwnMaterial]
    correction: Correction | None
    refusal: Refusal | None
    decided: Decided | None
    delivery: Delivery | None
    clocks: list[ClockView]
    papers: list[DocumentCard]
    may_apply: bool
    may_collect: bool
    revoked: bool = False  # what was granted and issued was taken back

    @property
    def fillable(self) -> bool:
        """A draft on the resident's own track."""
        return self.may_apply and self.case.state == State.DRAFT and self.case.channel == Channel.ONLINE

    @property
    def at_counter(self) -> bool:
        """A draft that a counter is filling in."""
        return self.case.state == State.DRAFT and self.case.channel != Channel.ONLINE

    @property
    def correctable(self) -> bool:
        return self.may_apply and self.case.state == State.CORRECTION_REQUESTED

    @property
    def ours(self) -> bool:
        """Whether the bureau began it, and nobody applied."""
        return self.case.channel == Channel.AUTOMATIC

    @property
    def may_withdraw(self) -> bool:
        applied = not self.at_counter and not self.ours
        return self.may_apply and applied and may_move(State(self.case.state), Move.WITHDRAW)

    @property
    def may_hand_over(self) -> bool:
        return (
            self.may_apply and not self.at_counter and self.case.state in (State.DRAFT, State.SUBMITTED, State.CORRECTION_REQUESTED)
        )

    @property
    def may_take(self) -> bool:
        """Whether the result can be taken over electronically now."""
        return self.may_collect and self.case.state == State.ISSUED

    @property
    def is_over(self) -> bool:
        return self.case.state in FINAL

    @property
    def asked_fields(self) -> list[tuple[str, str]]:
        """The fields of the form that the correction notice asks for, with what it says of them."""
        return [(i["code"], i["what"]) for i in self.correction.items if i["is_field"]] if self.correction else []


def own_sheet(case_id: UUID, *, by: Actor, now: datetime) -> OwnSheet:
    """A resident's own case. Raises :class:`NotFound` for any other, whether or not it exists."""
    today = local_date(now)
    case = case_for(case_id, by=by, among=own_cases(by, on=today))
    standard, who = get_standard(case.standard_id), parties([case.applicant_id, case.agent_id])
    form = case.form.open_json()
    rows, files = materials_of(case)
    correction = Correction.objects.filter(case=case).first()
    asked = {i["code"]: i["what"] for i in correction.items if not i["is_field"]} if correction else {}
    may_collect, revoked = collects_for(by, case, on=today), bool(revoked_among([case]))
    return OwnSheet(
        case=case, standard=standard, applicant=who[case.applicant_id], agent=who.get(case.agent_id) if case.agent_id else None,
        form=form, known=_known(case, standard, form) if case.state == State.DRAFT else frozenset(),
        filled=_filled(case, standard, form, rows, today) if case.state == State.DRAFT else {},
        materials=[
            OwnMaterial(
                row, wanted, files.get(row.pk, []), asked.get(row.code, ""),
                still_open(wanted, MaterialState(row.state), row.applies),
            )
            for row in rows
            if (wanted := standard.material(row.code))
        ],
        correction=correction, refusal=Refusal.objects.filter(case=case).first() if case.state == State.NOT_ACCEPTED else None,
        decided=decided(case) if case.state in _OVER or revoked else None, revoked=revoked,
        delivery=Delivery.objects.filter(case=case).first() if case.state in _OVER else None,
        clocks=clock_views(case, now=now), papers=_papers(case, may_collect),
        may_apply=applies_for(by, case, on=today), may_collect=may_collect,
    )  # fmt: skip


def _known(case: Case, standard: Standard, form: dict[str, Any]) -> frozenset[str]:
    """Which fields the bureau could fill in by itself; it asks for them to be looked over, not to be typed."""
    facts = employer_facts(case.applicant_id) if case.applicant_is_employer else person_facts(case.applicant_id)
    known = known_facts(standard, employer=case.applicant_is_employer)
    return frozenset(name for name, fact in known.items() if facts.get(fact) and form.get(name))


def _filled(case: Case, standard: Standard, form: dict[str, Any], rows: list[CaseMaterial], today: date) -> dict[str, Filling]:
    """Which fields another department's answer filled in; looked up only where one did."""
    return fillings(rows, shared_of(case.pk), form, standard, today=today) if any(row.filled for row in rows) else {}


def _papers(case: Case, may_collect: bool) -> list[DocumentCard]:
    """What may be downloaded: sealed notices; results once they were handed over, by whoever may take them."""
    shown = []
    for d in documents_of(case.pk):
        result = d.kind in _RESULTS or d.kind in _UNSEALED
        if d.kind in _NOT_FOR_APPLICANTS or (result and not (may_collect and case.state in _OVER)):
            continue
        if d.sealed_at or d.kind in _UNSEALED:
            shown.append(d)
    return sorted(shown, key=lambda d: d.kind not in _RESULTS)  # what somebody came for stands first


def own_paper(case_id: UUID, document_id: UUID, *, by: Actor, on: date) -> DocumentCard:
    """A paper of one's own case that may be downloaded. Raises :class:`NotFound` for any other, though it may exist."""
    case = case_for(case_id, by=by, among=own_cases(by, on=on))
    found = next((d for d in _papers(case, collects_for(by, case, on=on)) if d.id == document_id), None)
    if found is None:
        raise NotFound(what=msg("文书"))
    return found


def own_file(case_id: UUID, file_id: UUID, *, by: Actor, on: date) -> MaterialFile:
    """A file handed in for one's own case."""
    case = case_for(case_id, by=by, among=own_cases(by, on=on))
    found = MaterialFile.objects.filter(pk=file_id, material__case=case, removed_at=None).first()
    if found is None:
        raise NotFound(what=msg("该文件"))
    return found


def own_timeline(case_id: UUID, *, by: Actor, on: date) -> list[Entry]:
    """Which state since when: what the applicant is told, and never by whom."""
    case_for(case_id, by=by, among=own_cases(by, on=on))
    return plain_entries(case_id)


def own_commitment(sheet: OwnSheet, code: str, *, on: date) -> Terms:
    """What is told before a material of one's own case is committed to, or why it cannot be."""
    return commitment_notice(sheet.case, code, on=on)


def receipt_code(sheet: OwnSheet) -> str:
    """The code with which the result is collected at a window, for whoever may collect it."""
    code = sheet.case.receipt_code
    return code.open() if code and sheet.may_collect and sheet.case.state not in FINAL and sheet.case.number else ""


# -- going on elsewhere ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LiveCode:
    """A code that still leads on."""

    code: str
    expires_at: datetime


def live_code(of: Case | Joint, *, to_counter: bool, now: datetime) -> LiveCode | None:
    """The code made for a case or the draft of a joint matter that the caller has already been shown."""
    which = Q(case=of) if isinstance(of, Case) else Q(joint=of)
    row = HandOver.objects.filter(which, used_at=None, to_counter=to_counter, expires_at__gt=now).first()
    return LiveCode(row.code.open(), row.expires_at) if row else None


@dataclass(frozen=True, slots=True)
class Handed:
    """What a clerk is told of a case or of a joint matter before taking it over."""

    case: Case | None
    joint: Joint | None
    applicant: Party
    item: str


def handed_over(code: str, *, by: Actor, now: datetime) -> Handed | None:
    """What stands behind a code that a resident brought to a counter; None for a code that leads nowhere."""
    if not by.can(RECEIVE) or by.resident_id:
        return None
    row = (
        HandOver.objects.select_related("case", "joint")
        .filter(code_index=blind(code, context=HAND_OVER), used_at=None, to_counter=True, expires_at__gt=now)
        .first()
    )
    if row is None:
        return None
    if row.case:
        return Handed(row.case, None, _applicant(row.case), get_standard(row.case.standard_id).name)
    assert row.joint
    return Handed(None, row.joint, _applicant(row.joint), get_bundle(row.joint.bundle_id).name)


def _applicant(of: Case | Joint) -> Party:
    return party(of.applicant_id, is_employer=of.applicant_is_employer)


# -- what came in online ------------------------------------------------------------------------------------------------------------------


def online_waiting(*, by: Actor) -> QuerySet[Case]:
    """What residents submitted to this counter and nobody has accepted or answered yet, the longest waiting first."""
    return counter_cases(by).filter(state=State.SUBMITTED, channel=Channel.ONLINE).order_by("received_at", "id")


__all__ = [
    "HAND_OVER", "Handed", "LiveCode", "Offer", "OwnMaterial", "OwnSheet", "applicants_for", "handed_over", "live_code",
    "offer_online", "online_waiting", "own_commitment", "own_file", "own_list", "own_paper", "own_sheet", "own_timeline", "receipt_code",
]  # fmt: skip
