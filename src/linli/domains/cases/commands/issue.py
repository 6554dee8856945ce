"""From decision to archive: the result is composed, sealed, delivered with proof, and the file is closed."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from linli.domains.cases import clocks, papers, promises
from linli.domains.cases.clock import ClockKind, add_months
from linli.domains.cases.deciding import decided, taken_back
from linli.domains.cases.errors import (
    AlreadyHandedOver,
    CodeLocked,
    CodeWrong,
    NotACounter,
    OnAnothersTable,
    ProofMissing,
    SamePerson,
)
from linli.domains.cases.grounds import RECEIPT_TRIES, DeliveryMethod, Received
from linli.domains.cases.lifecycle import FINAL, Move, State
from linli.domains.cases.models import (
    Case,
    CaseMaterial,
    Delivery,
    MaterialFile,
    Step,
    StepKind,
    StepState,
)
from linli.domains.cases.moves import Work, lock, locked, save_many
from linli.domains.cases.permissions import DELIVER, ISSUE, RECEIVE, applies_for, at_counter, may_deliver, may_issue
from linli.domains.cases.queries.issue import collected_at, collection_places
from linli.domains.catalog.queries import get_standard
from linli.domains.documents.commands import hold_files, seal_documents
from linli.domains.documents.queries import DocumentCard, PaperKind, documents_of, open_file
from linli.domains.exchange.queries import shared_of
from linli.domains.org.queries import letterhead
from linli.domains.people.queries import parties
from linli.domains.trace.commands import once
from linli.kernel import rows
from linli.kernel.actors import Actor, Channel, system
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.jobs import defer, defer_many
from linli.kernel.text import msg


@once
def prepare_result(*, case_id: UUID, version: int | None = None, by: Actor, now: datetime) -> list[str]:
    """Take a decided case to issue and compose its papers: the decision, and the result certificate where one is granted.

    Whoever decided cannot (:class:`SamePerson`), nor while a colleague has it (:class:`OnAnothersTable`). What a colleague
    composed before it was taken back is kept. Returns the documents. Safe to repeat by the same person.
    """
    by.must(ISSUE)
    work = locked(may_issue, case_id, by=by, now=now, version=version)
    case = work.case
    if case.state not in (State.APPROVED, State.REJECTED) or case.channel == Channel.AUTOMATIC:  # those the system issues
        raise NotFound(what=msg("待出件的办件"))
    steps = rows.load(Step, "WHERE t.case_id = %s", [case.pk])
    step = next((s for s in steps if s.kind == StepKind.ISSUE and s.state == StepState.OPEN), None)
    if step is not None and step.user_id == by.user_id:
        return [str(d.id) for d in papers.results(case)]
    if step is not None:
        raise OnAnothersTable
    if any(s.kind == StepKind.DECIDE and s.user_id == by.user_id for s in steps):
        raise SamePerson
    if not case.approved and (breach := taken_back(case)) and breach.concluded_by_id == by.user_id:
        raise SamePerson
    rows.insert(
        Step(
            case=case, ordinal=max(s.ordinal for s in steps) + 1, kind=StepKind.ISSUE, name="出件", state=StepState.OPEN,
            user_id=by.user_id, org_id=by.org_id, opened_at=now, due_on=case.due_on,
        )
    )  # fmt: skip
    begun = papers.results(case) if any(s.kind == StepKind.ISSUE for s in steps) else []
    made = [d.id for d in begun] or _compose_result(work)
    work.note("cases.result_composed", documents=made)
    work.save()
    return [str(d) for d in made]


def _compose_result(work: Work) -> list[UUID]:
    case, by, now = work.case, work.by, work.now
    standard, org_id = get_standard(case.standard_id), case.deciding_org_id or case.org_id
    head = letterhead(org_id)
    decision = decided(case)
    assert decision
    basis = [line for line in decision.legal_basis.split("、") if line][:12]
    who, provisional = papers.applicant(case), promises.provisional_note(case) if decision.approved else ""
    content = (
        f"经审查，{who.name}申请的“{standard.name}”符合规定条件，予以办理。"
        if decision.approved
        else f"{who.name}申请的“{standard.name}”不符合规定条件，不予办理。"
    )
    made = [
        papers.compose_for(
            case, PaperKind.DECISION,
            papers.addressed(case, standard, head, who) | {
                "outcome": "approved" if decision.approved else "rejected", "matter": "",
                "submitted_on": local_date(case.received_at) if case.received_at else None,
                "accepted_on": local_date(case.accepted_at or now), "facts": decision.facts, "reasons": decision.reasons,
                "legal_basis": basis, "content": content, "effective": provisional,
                "result_document": standard.result_document if decision.approved else "", "remedy": papers.remedy(head),
            },
            org_id=org_id, by=by, now=now,
        )
    ]  # fmt: skip
    if decision.approved and standard.result_document:
        made.append(
            papers.compose_for(
                case, PaperKind.RESULT_CERTIFICATE,
                {
                    "title": standard.result_document.split("、")[0][:60], "holder_name": who.name, "holder_id": who.number,
                    "holder_employer": who.is_employer, "case_number": case.number, "item_name": standard.name,
                    "lead": f"根据{'、'.join(basis[:2])}，经审查，{who.name}申请办理“{standard.name}”，符合规定条件。",
                    "rows": papers.result_rows(case, standard), "statement": provisional,
                    "validity": standard.result_validity, "legal_basis": basis[:4], "valid_from": (begins := local_date(decision.at)),
                    # It stands on its first day already, so the last is the one before that day of the month.
                    "valid_to": add_months(begins, standard.result_months) - timedelta(days=1) if standard.result_months else None,
                },
                org_id=org_id, by=by, now=now,
            )
        )  # fmt: skip
    return made


@once
def issue_case(*, case_id: UUID, version: int | None = None, by: Actor, now: datetime) -> None:
    """Seal the papers of a prepared result and issue it.

    All of it or nothing: a break leaves the case decided and its papers unsealed.
    """
    by.must(ISSUE)
    work = locked(may_issue, case_id, by=by, now=now, version=version)
    case = work.case
    mine = "WHERE t.case_id = %s AND t.kind = 'issue' AND t.state = 'open' AND t.user_id = %s"
    step = rows.one(Step, mine, [case.pk, by.user_id])
    if step is None:
        raise NotFound(what=msg("您正在出件的办件"))
    promises.must_stand(case)
    documents = papers.results(case)
    if composed := [d.id for d in documents if d.state == "composed"]:
        seal_documents(
            document_ids=composed, item_code=case.item_code, region=case.region, decision_ref=str(case.pk), by=by, now=now
        )
    step.state, step.done_at = StepState.DONE, now
    rows.update(step, ["state", "done_at"])
    work.change(issued_at=now)
    work.move(Move.ISSUE, documents=[d.id for d in documents])
    work.save()


@once
def choose_collection(*, case_id: UUID, place_id: UUID, by: Actor, now: datetime) -> None:
    """Have the result handed over at another counter: wherever the applicant is. At a counter, or by whoever may collect it.

    Raises :class:`NotACounter`, :class:`AlreadyHandedOver`.
    """
    today = local_date(now)
    if by.resident_id is None:
        by.must(RECEIVE)
        work = locked(lambda who, case: at_counter(who, case) or may_deliver(who, case), case_id, by=by, now=now)
    else:
        work = locked(lambda who, case: applies_for(who, case, on=today), case_id, by=by, now=now)
    case = work.case
    if case.state in FINAL or case.state == State.DELIVERED:
        raise AlreadyHandedOver
    if not collection_places(case, on=today).filter(pk=place_id).exists():
        raise NotACounter(field="place")
    if place_id == collected_at(case):
        return
    work.change(collect_id=None if place_id == (case.origin_id or case.hall_id) else place_id)
    work.note("cases.collection_chosen", place=place_id)
    work.save()


@dataclass(frozen=True, slots=True)
class Proof:
    """How it is shown that the result reached somebody: a signature, the code of receipt, a tracking number, or an electronic way."""

    signature_file_id: UUID | None = None
    receipt_code: str = ""
    tracking_number: str = ""


def check_receipt_code(*, case_id: UUID, code: str, by: Actor, now: datetime) -> None:
    """Check the code of receipt. Wrong codes are counted even though they raise; after some tries only a signature will do.

    Raises :class:`CodeWrong`, :class:`CodeLocked`.
    """
    failed: CodeWrong | CodeLocked | None = None
    with transaction.atomic():
        work = locked(may_deliver, case_id, by=by, now=now)
        case = work.case
        if case.receipt_tries >= RECEIPT_TRIES:
            failed = CodeLocked(tries=RECEIPT_TRIES)
        elif case.receipt_code is None or not hmac.compare_digest(case.receipt_code.open(), code.strip()):
            work.change(receipt_tries=case.receipt_tries + 1)
            work.note("cases.receipt_code_wrong", tries=case.receipt_tries)
            work.save()
            failed = CodeWrong(field="receipt_code")
    if failed:
        raise failed


@once
def deliver_case(
    *, case_id: UUID, method: DeliveryMethod, recipient: str, proof: Proof, is_agent: bool = False, version: int | None = None,
    by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Hand the result over, with proof; returns the delivery receipt. The file is closed by a job right after.

    At the window: a signature, or the code of receipt (check it first with :func:`check_receipt_code`, which counts wrong
    ones). By post: the tracking number. Electronically: to the applicant's own space.
    """
    by.must(DELIVER)
    work = locked(may_deliver, case_id, by=by, now=now, version=version)
    return deliver(work, method=method, recipient=recipient, proof=proof, is_agent=is_agent)


def deliver(work: Work, *, method: DeliveryMethod, recipient: str, proof: Proof, is_agent: bool) -> UUID:
    """Hand the result of a locked case over, by somebody at a counter or by its owner's own hand; returns the delivery receipt."""
    case, by, now = work.case, work.by, work.now
    staff_id = by.user_id if by.resident_id is None else None
    if not recipient.strip():
        raise ProofMissing(field="recipient", what=msg("领取人姓名"))
    kind = _proof_kind(case, method, proof)
    standard, head = get_standard(case.standard_id), letterhead(case.org_id)
    if proof.signature_file_id:
        hold_files([proof.signature_file_id])
    drawn, note = _signed(proof.signature_file_id)
    document = papers.compose_for(
        case, PaperKind.DELIVERY_RECEIPT,
        papers.addressed(case, standard, head) | {
            "delivered": [{"name": d.title, "number": d.number} for d in papers.to_hand_over(case)]
            or [{"name": standard.result_document or "办理结果", "number": case.external_number}],
            "method": {"window": "direct", "post": "post", "electronic": "electronic"}[method.value],
            "delivered_at": now, "receiver": recipient.strip(), "relation": "代理人" if is_agent else "本人",
            "signature_png": drawn, "note": note, "deliverers": [by.name] if staff_id and by.name else [],
            "receipt_code": proof.tracking_number or ("凭领取码核验签收" if kind == "code" else ""),
        },
        org_id=head.body_id, by=by, now=now,
    )  # fmt: skip
    rows.insert(
        Delivery(
            case=case, method=method, recipient=recipient.strip(), is_agent=is_agent, proof=kind,
            signature_file_id=proof.signature_file_id, tracking_number=proof.tracking_number.strip(), delivered_by_id=staff_id,
            document_id=document, at=now,
        ),
        _delivery_step(case, by, now),
    )  # fmt: skip
    clocks.stop(case, [ClockKind.DELIVERY], on=now)
    work.change(delivered_at=now, due_on=None, amber_on=None, statutory_due_on=None, provisional=False)
    work.move(Move.DELIVER, method=method, proof=kind, is_agent=is_agent, document=document)
    work.save()
    defer("cases.close_case", case_id=str(case.pk))
    return document


def deliver_to_own_space(works: Sequence[Work], results: Mapping[UUID, Sequence[DocumentCard]], *others: Model) -> None:
    """Hand the results of many cases that the bureau began, which are issued, over to their owners' own space: :func:`deliver` with some
    statements in all. ``others`` are rows to be written with them."""
    by, now = works[0].by, works[0].now
    who = parties(w.case.applicant_id for w in works)
    receipts: dict[tuple[UUID, UUID], dict[UUID, dict[str, Any]]] = {}
    for work in works:
        case, standard, head = work.case, get_standard(work.case.standard_id), letterhead(work.case.org_id)
        receiver = who[case.applicant_id]
        receipts.setdefault((head.body_id, case.standard_id), {})[case.pk] = papers.addressed(case, standard, head, receiver) | {
            "delivered": [{"name": d.title, "number": d.number} for d in results[case.pk]], "method": "electronic", "delivered_at": now,
            "receiver": receiver.name.strip(), "relation": "本人",
        }  # fmt: skip
    documents: dict[UUID, UUID] = {}
    for (org_id, standard_id), same in sorted(receipts.items()):
        documents |= papers.compose_for_many(same, PaperKind.DELIVERY_RECEIPT, standard_id, org_id=org_id, by=by, now=now)
    clocks.stop_deliveries([w.case.pk for w in works], on=now)
    method, written = DeliveryMethod.ELECTRONIC, list(others)
    for work in works:
        case, document = work.case, documents[work.case.pk]
        name = who[case.applicant_id].name.strip()
        written.append(_delivery_step(case, by, now))
        written.append(Delivery(case=case, method=method, recipient=name, proof="electronic", document_id=document, at=now))
        work.change(delivered_at=now, due_on=None, amber_on=None, statutory_due_on=None, provisional=False)
        work.move(Move.DELIVER, method=method, proof="electronic", is_agent=False, document=document)
    save_many(works, *written)
    defer_many("cases.close_case", [{"case_id": str(w.case.pk)} for w in works])


def _delivery_step(case: Case, by: Actor, now: datetime) -> Step:
    staff_id = by.user_id if by.resident_id is None else None
    return Step(
        case=case, ordinal=90, kind=StepKind.DELIVER, name="送达", state=StepState.DONE, user_id=staff_id, org_id=by.org_id,
        automatic=staff_id is None, opened_at=now, done_at=now,
    )  # fmt: skip


def _signed(file_id: UUID | None) -> tuple[str, str]:
    """For the receipt: the signature drawn on the screen, or where the photograph of one on paper is kept."""
    drawn = papers.drawing_of(file_id)
    return drawn, "" if drawn or file_id is None else f"签收照片存卷（SM3 {open_file(file_id).digest[:16]}）"


def _proof_kind(case: Case, method: DeliveryMethod, proof: Proof) -> str:
    if method is DeliveryMethod.POST:
        if not proof.tracking_number.strip():
            raise ProofMissing(field="tracking_number", what=msg("邮件号"))
        return "tracking"
    if method is DeliveryMethod.ELECTRONIC:
        return "electronic"
    if proof.signature_file_id:
        return "signature"
    if proof.receipt_code.strip():
        if case.receipt_tries >= RECEIPT_TRIES:
            raise CodeLocked(tries=RECEIPT_TRIES)
        if case.receipt_code is None or not hmac.compare_digest(case.receipt_code.open(), proof.receipt_code.strip()):
            raise CodeWrong(field="receipt_code")
        return "code"
    raise ProofMissing(field="signature", what=msg("签名或领取码"))


@once
def close_case(*, case_id: UUID, now: datetime) -> UUID | None:
    """Close a delivered case: the cover with the list of everything in the file and its digests. Safe to repeat."""
    by = system(ISSUE)
    case = lock(case_id)
    if case is None or case.state != State.DELIVERED:
        return None
    work = Work(case, by=by, now=now)
    standard, head = get_standard(case.standard_id), letterhead(case.deciding_org_id or case.org_id)
    who = papers.applicant(case)
    document = papers.compose_for(
        case, PaperKind.CASE_COVER,
        {
            "title": f"{who.name}{standard.name}", "case_number": case.number, "item_name": standard.name, "applicant": who.name,
            "applicant_is_employer": who.is_employer, "department": head.name, "category": standard.domain_name,
            "opened_on": local_date(case.accepted_at or case.started_at), "closed_on": local_date(now),
            "outcome": "准予" if case.approved else "不予批准", "contents": _contents(case), "archived_by": "系统",
        },
        org_id=head.body_id, by=by, now=now,
    )  # fmt: skip
    work.move(Move.CLOSE, document=document)
    work.save()
    return document


def _contents(case: Case) -> Sequence[dict[str, Any]]:
    asked = rows.ask(CaseMaterial, "WHERE t.case_id = %s AND t.state = 'have' ORDER BY t.code", [case.pk])
    of_case = (
        "JOIN cases_casematerial m ON m.id = t.material_id WHERE m.case_id = %s AND t.removed_at IS NULL ORDER BY t.added_at, t.id"
    )
    files = rows.load(MaterialFile, of_case, [case.pk])
    materials = asked()
    answers = shared_of(case.pk) if any(m.received == Received.SHARED for m in materials) else {}
    lines: list[dict[str, Any]] = []
    for material in materials:
        own = [f for f in files if f.material_id == material.pk]
        lines += [
            {
                "name": f"{material.name}({f.name})"[:500],
                "author": "申请人",
                "on": local_date(f.added_at),
                "digest": bytes(f.sm3).hex(),
            }
            for f in own
        ]
        shared = answers.get(material.code) if material.received == Received.SHARED else None
        if shared:
            on = local_date(shared.at) if shared.at else None
            lines.append(
                {"name": material.name[:500], "author": shared.source, "on": on, "digest": shared.digest, "note": "数据共享"}
            )
        elif not own:
            lines.append({"name": material.name[:500], "author": "申请人", "note": material.note[:200] or "查验或收取原件"})
    lines += [
        {"name": d.title, "number": d.number, "author": "本机关", "on": local_date(d.made_at), "digest": d.digest or ""}
        for d in documents_of(case.pk)
    ]
    return lines


__all__ = ["Proof", "check_receipt_code", "choose_collection", "close_case", "deliver_case", "issue_case", "prepare_result"]
