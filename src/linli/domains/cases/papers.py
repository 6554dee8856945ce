"""What the papers of a case say, put together from the case, its standard, its clocks and the letterhead."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from linli.domains.cases.clock import ClockKind, explain
from linli.domains.cases.clocks import budget_of, derive, pauses_of
from linli.domains.cases.grounds import MaterialState, Received
from linli.domains.cases.joint import Promise as JointPromise
from linli.domains.cases.joint import explain as explain_joint
from linli.domains.cases.models import Case, CaseMaterial, ClockRow, Commitment, ExtensionRow, Joint, JointPart, Suspension
from linli.domains.cases.promising import Promise, PromiseNotice, Signed
from linli.domains.catalog.queries import Joined, Standard, get_standard, limit_text
from linli.domains.documents.commands import compose, compose_many, vouched
from linli.domains.documents.queries import DocumentCard, FileType, PaperKind, documents_about, documents_of, open_file
from linli.domains.documents.queries import State as PaperState
from linli.domains.org.queries import Letterhead, calendar, letterhead, org_names
from linli.domains.people.queries import Party, party
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.jobs import defer
from linli.kernel.text import joined

# A notice is dated and sealed (行政许可法 art. 32); the result is sealed by its issuer, a receipt is signed by who received.
SEALED_BY_JOB = {
    PaperKind.ACCEPTANCE_NOTICE, PaperKind.CORRECTION_NOTICE, PaperKind.NON_ACCEPTANCE, PaperKind.SUSPENSION_NOTICE,
    PaperKind.RESUMPTION_NOTICE, PaperKind.EXTENSION_NOTICE, PaperKind.BREACH_NOTICE, PaperKind.BREACH_DECISION,
    PaperKind.PAYMENT_RESUMED,
}  # fmt: skip

RESULTS = (PaperKind.DECISION, PaperKind.RESULT_CERTIFICATE, PaperKind.BENEFIT_NOTICE, PaperKind.PAYMENT_STOPPED)


def results(case: Case) -> list[DocumentCard]:
    """The papers that say what was decided, as far as they stand."""
    return [d for d in documents_of(case.pk) if d.kind in RESULTS and d.state is not PaperState.REVOKED]


def results_of(case_ids: Collection[UUID]) -> dict[UUID, list[DocumentCard]]:
    """:func:`results` of many cases, in one query."""
    found: dict[UUID, list[DocumentCard]] = {pk: [] for pk in case_ids}
    for d in reversed(documents_about(case_ids, RESULTS)):
        if d.state is not PaperState.REVOKED and d.subject_id:
            found[d.subject_id].append(d)
    return found


def to_hand_over(case: Case) -> list[DocumentCard]:
    """What its owner receives of a case: the papers that stand, and where some were taken back the decision that says so."""
    every = documents_of(case.pk)
    told = {PaperKind.BREACH_DECISION} if any(d.kind in RESULTS and d.state is PaperState.REVOKED for d in every) else set()
    return [d for d in every if d.state is not PaperState.REVOKED and d.kind in {*RESULTS, *told}]


def compose_for(case: Case, kind: PaperKind, data: dict[str, Any], *, org_id: UUID, by: Actor, now: datetime) -> UUID:
    """Compose a paper of a case with the template version its standard pinned."""
    papers = get_standard(case.standard_id).papers
    document = compose(
        kind=kind, subject_id=case.pk, standard_id=case.standard_id, org_id=org_id, data=data,
        template_version=papers.get(kind.value), by=vouched(by), now=now,
    )  # fmt: skip
    if kind in SEALED_BY_JOB:
        defer("cases.seal_notice", document_id=str(document))
    return document


def compose_for_many(
    papers: Mapping[UUID, Mapping[str, Any]], kind: PaperKind, standard_id: UUID, *, org_id: UUID, by: Actor, now: datetime
) -> dict[UUID, UUID]:
    """The same kind of paper for many cases of one standard, which no job seals; the document of each case."""
    version = get_standard(standard_id).papers.get(kind.value)
    return compose_many(
        kind=kind, papers=papers, standard_id=standard_id, org_id=org_id, template_version=version, by=vouched(by), now=now
    )


def applicant(case: Case) -> Party:
    return party(case.applicant_id, is_employer=case.applicant_is_employer)


def addressed(case: Case, standard: Standard, head: Letterhead, who: Party | None = None) -> dict[str, Any]:
    """The head of every notice: to whom, about which case and item, where to ask."""
    who = who or applicant(case)
    return {
        "addressee": who.name, "addressee_id": who.number, "addressee_is_employer": who.is_employer,
        "case_number": case.number, "item_name": standard.name, "item_code": standard.code,
        "contact": {"name": head.name, "address": head.address, "phone": head.phone, "hours": head.opening_hours},
    }  # fmt: skip


def remedy(head: Letterhead) -> dict[str, Any]:
    """Where a decision can be reconsidered and sued on (行政复议法 2023 art. 20; 行政诉讼法 art. 46)."""
    return {"review_body": head.review_body or "本机关的同级人民政府", "court": head.court or "有管辖权的人民法院"}


def remedy_text(head: Letterhead) -> str:
    """The same as a sentence, for the decision itself."""
    r = remedy(head)
    return f"如不服本决定，可自收到之日起六十日内向{r['review_body']}申请行政复议，或者自收到之日起六个月内向{r['court']}提起行政诉讼。"


def basis_lines(standard: Standard) -> list[str]:
    return [f"{b.law}{b.article}" for b in standard.legal_basis]


def due_note(case: Case, row: ClockRow, suspensions: Sequence[Suspension], extensions: Sequence[ExtensionRow]) -> str:
    """The explanation of a clock under its ledgers, in Chinese, as its paper prints it."""
    result = derive(row, calendar(case.region), suspensions, extensions)
    return joined(explain(ClockKind(row.kind), budget_of(row), result, pauses_of(row.kind, suspensions, row.start)))


_HOW = {
    Received.SEEN: "查验原件，不留存", Received.PAPER: "申请人提交", Received.UPLOADED: "申请人提交（电子）",
    Received.PHOTOGRAPHED: "窗口拍照", Received.COMMITTED: "告知承诺", Received.FILLED: "网上填写",
    Received.VERIFIED: "部门核验", Received.SHARED: "部门共享取得",
}  # fmt: skip


def promise_data(promise: Commitment) -> dict[str, Any]:
    """What a signed promise says as a paper: the notice as it was told, and how it was signed."""
    told = PromiseNotice.of(promise.notice)
    return promise_text(told, promise.name) | {
        "signed_how": Signed(promise.signed).label if promise.signed != Signed.DRAWN else "",
        "signed_on": local_date(promise.given_at), "signature_png": drawing_of(promise.signature_file_id),
        "signer": promise.typed_name, "due_on": promise.due_on,
    }  # fmt: skip


def promise_text(told: PromiseNotice, material: str) -> dict[str, Any]:
    """The notice itself, also for a print to be signed by hand."""
    return {
        "pending": told.promise is Promise.PENDING, "material": material[:500], "required": told.required, "basis": told.basis,
        "choice": told.choice, "promised": told.promised, "check": told.check, "provisional": told.provisional,
        "consequence": told.consequence, "repair": told.repair, "sources": [s.text for s in told.sources],
    }  # fmt: skip


_DRAWING = 300_000  # bytes; what a paper prints as a signature, a photograph is kept in the file


def drawing_of(file_id: UUID | None) -> str:
    """A signature drawn on a screen, for printing (PNG in Base64); empty for anything else."""
    if file_id is None:
        return ""
    kept = open_file(file_id)
    small = kept.content_type == FileType.PNG and kept.size <= _DRAWING
    return b64encode(kept.read()).decode() if small else ""


def acceptance_data(
    case: Case, standard: Standard, materials: list[CaseMaterial], clock: ClockRow, code: str, *, pending: Mapping[str, date | None]
) -> dict[str, Any]:
    """The acceptance notice: what was received, what the bureau gets itself, what was promised until when, and why."""
    head = letterhead(case.org_id)
    times = standard.times
    delivery = "窗口领取、邮寄或电子送达，由申请人选择。"
    return addressed(case, standard, head) | {
        "submitted_on": local_date(case.received_at) if case.received_at else local_date(clock.start_at),
        "accepted_on": clock.start,
        "case_kind": "即办件" if times.instant else "承诺件",
        "materials": [
            {"name": m.name[:500], "source": _HOW.get(Received(m.received), "") if m.received else ""}
            for m in materials
            if m.state == MaterialState.HAVE
        ],
        "pending": [
            {"name": m.name[:500], "owed_by_bureau": True, "note": "由本机关向有关部门核验，无需申请人提供"}
            for m in materials
            if m.state == MaterialState.OWED
        ]
        + [
            {"name": m.name[:500], "by": pending.get(m.code), "note": "申请人书面承诺补交，逾期未补交的撤销受理"}
            for m in materials
            if m.state == MaterialState.PENDING
        ],
        "limit": limit_text(times.promised), "statutory_limit": limit_text(times.statutory) if times.statutory else "",
        "due_on": clock.due_on, "due_note": due_note(case, clock, (), ()),
        "fee": standard.fee or "不收费", "result_document": standard.result_document,
        "delivery": f"{delivery}窗口领取时出示本通知书上的领取码 {code}。" if code else delivery,
        "legal_basis": basis_lines(standard)[:6],
    }  # fmt: skip


def joint_receipt_data(
    joint: Joint, whole: Joined, parts: Sequence[JointPart], promised: JointPromise, ahead: Mapping[str, str]
) -> dict[str, Any]:
    """The receipt of a joint matter: which office does which part until when, what was handed in once, and why it all takes that long."""
    who, head = party(joint.applicant_id, is_employer=joint.applicant_is_employer), letterhead(joint.hall_id)
    names = {s.code: s.name for s in whole.members}
    offices = org_names(p.case.deciding_org_id or p.case.org_id for p in parts if p.case)
    lines = []
    for part in parts:
        case, waits = part.case, [names[c] for c in dict.fromkeys(c for group in part.waits_for for c in group) if c in names]
        office = offices.get(case.deciding_org_id or case.org_id, "") if case else ahead.get(part.item_code, "")
        note = f"等{'、'.join(f'“{name}”' for name in waits)}办好后提交" if waits and not case else ""
        due_on = promised.ends.get(part.item_code)
        lines.append(
            {
                "name": names[part.item_code],
                "office": office or letterhead(head.body_id).name,
                "number": (case.number or "") if case else "",
                "due_on": due_on,
                "note": note,
            }
        )
    agent = party(joint.agent_id, is_employer=False).name if joint.agent_id else ""
    return {
        "addressee": who.name, "addressee_id": who.number, "addressee_is_employer": who.is_employer, "agent": agent,
        "joint_number": joint.number, "matter": whole.bundle.name, "submitted_at": joint.submitted_at, "parts": lines,
        "materials": [m.name[:500] for m in whole.asked if joint.handed.get(m.code, {}).get("received")],
        "due_on": joint.promised_on, "due_note": joined([explain_joint(promised, names)]),
        "contact": {"name": head.name, "address": head.address, "phone": head.phone, "hours": head.opening_hours},
    }  # fmt: skip


def result_rows(case: Case, standard: Standard) -> list[dict[str, str]]:
    """What a result certificate says of the case: the fields that are no personal numbers and no signatures."""
    values = case.form.open_json()
    quiet = {"id-number", "phone", "bank-account", "address", "signature", "file", "table", "boolean", "long-text"}
    known = {"name", "apply_date", "commitment"}
    return [
        {"label": f.label, "value": str(values[f.name])[:500]}
        for f in standard.form
        if f.name in values and f.type not in quiet and f.name not in known
    ][:8]
