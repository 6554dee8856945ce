"""The electronic file of a case that is over: everything of it as one archive, and what came later as linked ones (AR-01, AR-02)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from linli.domains.accounts.queries import names
from linli.domains.cases.errors import NotOver
from linli.domains.cases.joints import file_ids_of
from linli.domains.cases.lifecycle import FINAL, State
from linli.domains.cases.models import (
    Case,
    CaseMaterial,
    Correction,
    Decision,
    Delivery,
    Joint,
    MaterialFile,
    Refusal,
    Step,
    StepState,
)
from linli.domains.cases.moves import lock, subject
from linli.domains.cases.papers import SEALED_BY_JOB
from linli.domains.cases.permissions import SUPERVISE, supervised_cases
from linli.domains.cases.queries.looking import clock_views
from linli.domains.catalog.queries import Standard, get_standard
from linli.domains.documents.commands import Contents, Part, forget_unused, json_part, keep_package, safe_name
from linli.domains.documents.queries import DocumentCard, documents_of, open_file, package_content, packages_of, pdf
from linli.domains.exchange.commands import note_filed
from linli.domains.exchange.queries import unfiled_answers, unfiled_subjects
from linli.domains.notices.queries import told_about
from linli.domains.org.queries import letterhead
from linli.domains.people.queries import employer_facts, person_facts
from linli.domains.trace.commands import Subject, once, record
from linli.domains.trace.queries import case_proof, timeline
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.errors import NotFound
from linli.kernel.jobs import defer
from linli.kernel.text import msg

# After the night's root is sealed, so that the proof inside an archive leads to a published root.
NIGHTLY = timedelta(hours=1, minutes=30)
# What changes by itself when nothing happened to the case: no reason for a further package.
_LOOSE = frozenset({"metadata", "messages", "trace"})


def archive_moment(now: datetime) -> datetime:
    """When a case that ended now is put away: the coming night."""
    local = now.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1) + NIGHTLY


@once
def archive_case(*, case_id: UUID, by: Actor, now: datetime) -> UUID | None:
    """Keep the electronic file of a case that is over, or what is new since; None if nothing is. Safe to repeat.

    A draft given up was never a case and has no file. Raises :class:`NotOver` for a case under way.
    """
    case = lock(case_id)
    if case is None:
        raise NotFound(what=msg("这件办件"))
    if case.state not in FINAL or case.closed_at is None:
        raise NotOver
    if case.number is None:
        note_filed(subject_id=case_id, now=now)
        return None
    standard, answers = get_standard(case.standard_id), unfiled_answers(case_id)
    contents = Contents(
        subject(case_id), f"{standard.name} {case.number}", _parts(case, standard, now) + [_answer(a) for a in answers],
        [*_required(case), *(["receipt"] if answers else [])],
        [f"item:{case.item_code}", f"domain:{standard.domain}", f"outcome:{case.state}"], local_date(case.closed_at), _LOOSE,
    )  # fmt: skip
    package = keep_package(contents, by=by, now=now)
    note_filed(subject_id=case_id, question_ids=[UUID(a["question"]) for a in answers], now=now)
    return package


def file_answers(*, now: datetime, limit: int = 5_000) -> int:
    """See to it that answers of departments that lie in no electronic file get into one: those that came after their case was put
    away. Returns how many cases will be put away again, once the night's root is sealed.
    """
    over = Case.objects.filter(pk__in=unfiled_subjects(), state__in=FINAL, closed_at__lt=now - timedelta(days=1)).order_by(
        "closed_at"
    )
    found = list(over.values_list("pk", flat=True)[:limit])
    at = archive_moment(now - timedelta(days=1))
    for case_id in found:
        defer("cases.archive", at=at, case_id=str(case_id))
    return len(found)


def _required(case: Case) -> list[str]:
    """What a file of such a case must have."""
    always = ["application", "metadata", "trace", "messages", "paper"]
    if case.state != State.CLOSED:
        return always
    return [*always, "opinions", "decision", "delivery"]


def _parts(case: Case, standard: Standard, now: datetime) -> list[Part]:
    steps = list(Step.objects.filter(case=case).order_by("ordinal", "attempt"))
    decision = Decision.objects.filter(case=case).first()
    delivery = Delivery.objects.filter(case=case).first()
    correction = Correction.objects.filter(case=case).first()
    refusal = Refusal.objects.filter(case=case).first()
    people = names([*(s.user_id for s in steps), delivery.delivered_by_id if delivery else None])
    parts = [
        json_part("metadata.json", "元数据", "metadata", _metadata(case, standard, now)),
        json_part("application.json", "申请", "application", _application(case, standard)),
        json_part("messages.json", "通知", "messages", told_about(case.pk)),
        json_part("trace/proof.json", "留痕与证明", "trace", case_proof(case.pk, show_data=True)),
    ]
    if steps:
        parts.append(
            json_part(
                "opinions.json", "各环节意见", "opinions", [_opinion(s, people) for s in steps if s.state != StepState.WAITING]
            )
        )
    for row, name, title in ((correction, "correction", "补正"), (refusal, "refusal", "不予受理"), (decision, "decision", "决定")):
        if row is not None:
            parts.append(json_part(f"{name}.json", title, name, _row(row)))
    if delivery is not None:
        by = people.get(delivery.delivered_by_id, "") if delivery.delivered_by_id else ""
        parts.append(json_part("delivery.json", "送达", "delivery", _row(delivery) | {"delivered_by": by}))
        if delivery.signature_file_id:
            parts.append(_original(delivery.signature_file_id, "delivery/signature", "签收凭证"))
    papers = documents_of(case.pk)
    parts.append(json_part("papers.json", "文书目录", "papers", [_standing(d) for d in papers]))
    parts += [_paper(number, d) for number, d in enumerate(papers, 1)]
    return parts + _materials(case)


def _standing(d: DocumentCard) -> dict[str, Any]:
    """A paper and whether it still stands; a change of this is what a later package is made for."""
    return {
        "number": d.number, "title": d.title, "kind": d.kind, "state": d.state, "made_at": d.made_at.isoformat(),
        "sealed_at": d.sealed_at.isoformat() if d.sealed_at else None, "sm3": d.digest, "code": d.code,
        "superseded_by": str(d.superseded_by) if d.superseded_by else None,
    }  # fmt: skip


def _paper(number: int, d: DocumentCard) -> Part:
    kind = "paper-sealed" if d.sealed_at else "paper-awaiting-seal" if d.kind in SEALED_BY_JOB else "paper-unsealed"
    return Part(f"papers/{number:02d}-{safe_name(d.title)}.pdf", f"{d.title} {d.number}", kind, "application/pdf", pdf(d.id))


def _answer(answer: dict[str, Any]) -> Part:
    """What a department said, whole: the file is read by those who may read all of it."""
    path = f"receipts/{safe_name(answer['interface']['code'])}-{answer['question']}.json"
    return json_part(path, f"部门答复：{answer['material']['name']}（{answer['source']}）", "receipt", answer)


def _materials(case: Case) -> list[Part]:
    files = (
        MaterialFile.objects.filter(material__case=case, removed_at=None)
        .select_related("material")
        .order_by("material__code", "added_at", "id")
    )
    return [
        _original(f.file_id, f"materials/{safe_name(f.material.code)}/{number:02d}", f"{f.material.name}（{f.name}）")
        for number, f in enumerate(files, 1)
    ]


def _original(file_id: UUID, path: str, title: str) -> Part:
    """A file as it was handed in."""
    file = open_file(file_id)
    return Part(f"{path}.{file.extension}", title, "original", file.content_type, file.read())


def _metadata(case: Case, standard: Standard, now: datetime) -> dict[str, Any]:
    """The description of the file (GB/T 42727-2023: item, case, bodies, times, state)."""
    head = letterhead(case.org_id)
    decided = letterhead(case.deciding_org_id).name if case.deciding_org_id else head.name
    return {
        "case": {
            "id": str(case.pk), "number": case.number, "state": case.state, "channel": case.channel, "region": case.region,
            "external": case.external, "external_number": case.external_number, "approved": case.approved,
        },
        "item": {
            "code": case.item_code, "name": standard.name, "domain": standard.domain, "domain_name": standard.domain_name,
            "standard": str(case.standard_id),
        },
        "bodies": {"received": head.name, "decided": decided},
        "times": {
            name: value.isoformat() if value else None
            for name in ("started_at", "received_at", "accepted_at", "decided_at", "issued_at", "delivered_at", "closed_at")
            for value in (getattr(case, name),)
        },
        "clocks": [
            {"kind": v.kind, "number": v.number, "unit": v.unit, "due_on": v.due_on.isoformat() if v.due_on else None, "outcome": v.outcome, "basis": v.basis}
            for v in clock_views(case, now=now)
        ],
        "materials": list(CaseMaterial.objects.filter(case=case).order_by("code").values("code", "name", "state", "received", "note")),
    }  # fmt: skip


def _application(case: Case, standard: Standard) -> dict[str, Any]:
    facts = employer_facts(case.applicant_id) if case.applicant_is_employer else person_facts(case.applicant_id)
    who = ("org_name", "credit_code") if case.applicant_is_employer else ("name", "id_type", "id_number")
    return {
        "applicant": {"id": str(case.applicant_id), "is_employer": case.applicant_is_employer} | {n: facts.get(n, "") for n in who},
        "agent": {"id": str(case.agent_id), "name": person_facts(case.agent_id)["name"]} if case.agent_id else None,
        "labels": {f.name: f.label for f in standard.form}, "form": case.form.open_json(),
    }  # fmt: skip


def _opinion(step: Step, people: dict[UUID, str]) -> dict[str, Any]:
    return {
        "ordinal": step.ordinal, "attempt": step.attempt, "kind": step.kind, "name": step.name, "state": step.state,
        "automatic": step.automatic, "who": people.get(step.user_id, "") if step.user_id else "", "proposal": step.proposal,
        "opinion": step.opinion, "links_done": step.links_done, "opened_at": step.opened_at.isoformat() if step.opened_at else None,
        "done_at": step.done_at.isoformat() if step.done_at else None,
    }  # fmt: skip


def _row(row: Any) -> dict[str, Any]:
    """A row that is written once, by its columns."""
    told = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    return {
        k: v if isinstance(v, str | int | bool | list | dict | None) else v.isoformat() if hasattr(v, "isoformat") else str(v)
        for k, v in told.items()
    }


def archive_again(*, case_id: UUID, by: Actor, now: datetime) -> UUID | None:
    """A paper of a case was replaced or revoked: if the case is over, keep that too."""
    over = Case.objects.filter(pk=case_id, state__in=FINAL).exists()
    return archive_case(case_id=case_id, by=by, now=now) if over else None


@once
def take_archive(*, case_id: UUID, ordinal: int, by: Actor, now: datetime) -> None:
    """Note that somebody who supervises a case takes its electronic file out of the platform (SE-05); then they may read it."""
    by.must(SUPERVISE)
    package = packages_of(case_id).filter(ordinal=ordinal).first()
    if package is None or not supervised_cases(by).filter(pk=case_id).exists():
        raise NotFound(what=msg("电子档案"))
    package_content(package.pk)  # nothing is noted of what cannot be had
    record(
        "documents.package_taken", subject=Subject("package", package.pk), by=by, at=now, of=case_id,
        manifest=bytes(package.manifest_digest),
    )  # fmt: skip


@once
def forget_contents(*, package_id: UUID, seq: int, by: Actor, now: datetime) -> int:
    """After the last package of a case was destroyed: forget what was filled in and handed in; returns how many files went.

    The case, its numbers, its decision and its chain remain. A file that another case has too stays for that one.
    """
    case_id = UUID(timeline(package_id, after=seq - 1, limit=1)[0].data["of"])
    case = lock(case_id)
    if case is None or packages_of(case_id).filter(destroyed_at=None).exists() or not packages_of(case_id).exists():
        return 0
    case.form = {}
    case.save(update_fields=["form"])
    laid = MaterialFile.objects.filter(material__case=case)
    laid.filter(removed_at=None).update(removed_at=now)
    return forget_unused(laid.values_list("file_id", flat=True), but=case_id) + _forget_joint(case_id)


def _forget_joint(case_id: UUID) -> int:
    """When the case was the last part of a joint matter whose contents remained, what was said once for all of them goes too."""
    joint = Joint.objects.select_for_update().filter(parts__case=case_id).first()
    if joint is None:
        return 0
    cases = joint.parts.exclude(case=None).values_list("case_id", flat=True)
    if any(packages_of(c).filter(destroyed_at=None).exists() or not packages_of(c).exists() for c in cases):
        return 0
    gone = file_ids_of(joint.handed)
    joint.form, joint.handed = {}, {}
    joint.save(update_fields=["form", "handed"])
    return forget_unused(gone)


__all__ = ["archive_again", "archive_case", "archive_moment", "file_answers", "forget_contents", "take_archive"]
