"""What a resident says of a joint matter besides its form: which parts are wanted, which papers apply, what is committed to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.domains.cases import joints
from linli.domains.cases.commands.joint import (
    JointWork,
    asked_line,
    choose,
    kept_file,
    locked_joint,
    note_line,
)
from linli.domains.cases.commands.online import collect_online
from linli.domains.cases.errors import CommitmentNotAllowed, CreditNoted, NothingChosen, SignatureMissing
from linli.domains.cases.grounds import Received
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case
from linli.domains.cases.permissions import collects_for
from linli.domains.cases.promises import noted_until
from linli.domains.catalog.queries import JointMaterial, Required, get_bundle
from linli.domains.documents.commands import StoredFileRef
from linli.domains.people.queries import party
from linli.domains.trace.commands import once
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.identifiers import compact
from linli.kernel.text import msg


@once
def choose_parts(*, joint_id: UUID, wanted: Collection[str], by: Actor, now: datetime) -> None:
    """Answer for every part that depends on a situation whether it is given: for those named, and for no others.

    Raises :class:`NothingChosen` if nothing at all would be left to do, :class:`NotOnline` for a part that takes a counter.
    """
    work = locked_joint(joint_id, by=by, now=now, draft=True)
    asked = {m.code for m in get_bundle(work.joint.bundle_id).questions}
    if set(wanted) - {p.item_code for p in work.parts if p.item_code in asked}:
        raise NotFound(what=msg("该事项"))
    if not wanted and all(p.item_code in asked for p in work.parts):
        raise NothingChosen(field="wanted")
    for part in work.parts:
        if part.item_code in asked:
            choose(work, part, part.item_code in wanted)


@once
def answer_joint(*, joint_id: UUID, code: str, applies: bool, by: Actor, now: datetime) -> None:
    """Say whether the situation is given in which a paper of the joint list is needed. What was handed in stays while it is needed."""
    work = locked_joint(joint_id, by=by, now=now, draft=True)
    line = asked_line(work, code)
    if line.required is not Required.CONDITIONAL:
        raise NotFound(what=msg("该材料"))
    said = work.joint.handed.get(code, {})
    if not applies:
        note_line(work, line, {"not_applicable": True})
    elif not said or said.get("not_applicable"):
        note_line(work, line, {"applies": True})


@once
def commit_joint(*, joint_id: UUID, code: str, signature: StoredFileRef | None, name: str = "", by: Actor, now: datetime) -> None:
    """Commit instead of handing a paper in, for all parts that need it: with a drawn signature, or with the name typed out.

    Each part keeps the promise as it was told when it becomes a case.
    Raises :class:`CommitmentNotAllowed`, :class:`CreditNoted`, :class:`SignatureMissing`.
    """
    work = locked_joint(joint_id, by=by, now=now, draft=True)
    line = asked_line(work, code)
    if by.resident_id is None:
        raise NotFound(what=msg("该申请人"))
    if not line.may_be_committed:
        raise CommitmentNotAllowed(field="materials", name=line.name)
    _must_have_credit(work, line)
    own_name = party(by.resident_id, is_employer=False).name
    if signature is None and compact(name) != compact(own_name):
        raise SignatureMissing(field="name", name=own_name)
    files = [kept_file(signature, "signature.png")] if signature else []
    note_line(work, line, {"received": Received.COMMITTED.value, "files": files, "typed": "" if signature else name.strip()})


def _must_have_credit(work: JointWork, line: JointMaterial) -> None:
    for party_id in (work.joint.applicant_id, work.joint.other_id):
        if party_id and (until := noted_until(party_id, on=local_date(work.now))):
            raise CreditNoted(field="materials", name=line.name, until=until.isoformat())


@once
def take_back_joint(*, joint_id: UUID, code: str, by: Actor, now: datetime) -> None:
    """Take back what was handed in for a line, or committed to in its place; that it applies stays said."""
    work = locked_joint(joint_id, by=by, now=now, draft=True)
    note_line(work, asked_line(work, code), _nothing_yet(work, code))


def _nothing_yet(work: JointWork, code: str) -> dict[str, Any]:
    line = joints.joined(work.joint, work.parts, everything=True).material(code)
    return {"applies": True} if line and line.required is Required.CONDITIONAL else {}


@once
def take_off_joint(*, joint_id: UUID, file_id: UUID, by: Actor, now: datetime) -> None:
    """Take a file off a line of the joint list again."""
    work = locked_joint(joint_id, by=by, now=now, draft=True)
    for code, said in work.joint.handed.items():
        left = [f for f in said.get("files", ()) if f["id"] != str(file_id)]
        if len(left) == len(said.get("files", ())) or said.get("received") == Received.COMMITTED:
            continue
        line = joints.joined(work.joint, work.parts, everything=True).material(code)
        assert line
        note_line(work, line, said | {"files": left} if left else _nothing_yet(work, code))
        return
    raise NotFound(what=msg("该文件"))


@once
def collect_joint(*, joint_id: UUID, by: Actor, now: datetime) -> int:
    """Take over electronically every result that is there and that the actor may take; how many those were."""
    joint = joints.own_joints(by, on=local_date(now)).filter(pk=joint_id).first()
    if joint is None:
        raise NotFound(what=msg("这个一件事"))
    ready = Case.objects.filter(joint_part__joint=joint, state=State.ISSUED).order_by("pk")
    taken = 0
    for case in ready:
        if collects_for(by, case, on=local_date(now)):
            collect_online(case_id=case.pk, by=by, now=now)
            taken += 1
    return taken


__all__ = ["answer_joint", "choose_parts", "collect_joint", "commit_joint", "take_back_joint", "take_off_joint"]
