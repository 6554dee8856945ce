"""What the pages of an application fill in: one item's case, or a joint matter of several. The way through is one and the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from linli.domains.cases import commands as do
from linli.domains.cases.commands import Handed
from linli.domains.cases.queries import (
    Filling,
    JointSheet,
    OwnMaterial,
    OwnSheet,
    Received,
    joint_applicants,
    joint_commitment,
    joint_no_promise,
    joint_sheet,
    own_commitment,
    own_sheet,
)
from linli.domains.catalog.queries import How, JointMaterial, Required, Standard
from linli.domains.documents.commands import StoredFileRef
from linli.domains.people.queries import Party
from linli.kernel.text import Message
from linli.web.http import StaffRequest
from linli.web.portal.apply.reading import ROW_STATES, material_note


@dataclass(frozen=True, slots=True)
class FileLink:
    """A file handed in, and where it is looked at and taken off."""

    id: UUID
    name: str
    url: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class Line:
    """A material as the pages show it. ``condition`` is the question whether it is needed at all, ``applies`` the answer.

    ``given`` says that the applicant hands it in; ``asked`` is what a correction notice says of it, ``answered`` that something came
    since; ``open`` that something is still to be done about it.
    """

    code: str
    name: str
    state: str
    note: str
    open: bool
    given: bool
    files: tuple[FileLink, ...]
    committed: bool
    condition: str = ""
    applies: bool | None = None
    hint: str = ""
    issued_by: str = ""
    asked: str = ""
    answered: bool = False

    @property
    def is_question(self) -> bool:
        return bool(self.condition)


@dataclass(frozen=True, slots=True)
class Choice:
    """A part of a joint matter that is wanted in a situation; ``note`` says which item it is and who applies for it."""

    code: str
    when: str
    note: str
    wanted: bool | None


class Draft(ABC):
    """One filling-in, as whoever may see it sees it now."""

    prefix = ""  # of the names of its addresses
    pk: UUID
    name: str
    applicant: Party
    agent: Party | None
    standard: Standard  # whose form is filled in
    form: Mapping[str, Any]
    known: Collection[str]
    filled: Mapping[str, Filling]
    lines: Sequence[Line]
    fillable: bool
    correctable: bool = False
    fresh: bool  # nothing was answered yet
    asked_fields: Sequence[tuple[str, str]] = ()  # what a correction notice says of the form
    choices: Sequence[Choice] = ()
    other_kind: str = ""  # of the party that must be named besides the applicant, if one must
    other_named: bool = False
    later_url: str
    code_url: str = ""

    def __init__(self, request: StaffRequest) -> None:
        self.by, self.now, self.today = request.actor, request.now, request.today

    def url(self, name: str, *args: Any) -> str:
        """The address of one of its pages."""
        return reverse(f"apply:{self.prefix}{name}", args=[self.pk, *args])

    @property
    def open(self) -> bool:
        return self.fillable or self.correctable

    def line(self, code: str) -> Line | None:
        return next((line for line in self.lines if line.code == code), None)

    @property
    @abstractmethod
    def receipt_url(self) -> str: ...

    @abstractmethod
    def save(self, values: Mapping[str, Any], *, complete: bool = False) -> None:
        """Keep some answers."""

    @abstractmethod
    def answer(self, code: str, applies: bool) -> None:
        """Whether the situation of a material is given."""

    @abstractmethod
    def hand_in(self, code: str, how: Received, refs: Sequence[StoredFileRef], **key: Any) -> None: ...

    @abstractmethod
    def take_off(self, file_id: UUID, **key: Any) -> None: ...

    @abstractmethod
    def take_back(self, code: str, **key: Any) -> None:
        """Take back a commitment."""

    @abstractmethod
    def told(self, code: str) -> list[tuple[str, list[str]]]:
        """What is told before a commitment, each text under its heading; nothing where none may be given."""

    @abstractmethod
    def why_no_promise(self, code: str) -> Message | None:
        """Why nothing may be promised in place of a material."""

    @abstractmethod
    def commit(self, code: str, *, signature: StoredFileRef | None, name: str, **key: Any) -> None: ...

    @abstractmethod
    def submit(self, **key: Any) -> None: ...


def draft_of(request: StaffRequest, *, case_id: UUID | None = None, joint_id: UUID | None = None) -> Draft:
    """The draft that an address names. Raises :class:`NotFound` for what is nobody's business here."""
    if case_id:
        return CaseDraft(request, own_sheet(case_id, by=request.actor, now=request.now))
    assert joint_id
    return JointDraft(request, joint_sheet(joint_id, by=request.actor, now=request.now))


class CaseDraft(Draft):
    """An application for one item, or what its correction notice asks for."""

    def __init__(self, request: StaffRequest, sheet: OwnSheet) -> None:
        super().__init__(request)
        self.sheet, self.pk, self.name = sheet, sheet.case.pk, sheet.standard.name
        self.applicant, self.agent, self.standard = sheet.applicant, sheet.agent, sheet.standard
        self.form, self.known, self.filled = sheet.form, sheet.known, sheet.filled
        self.fillable, self.correctable, self.fresh = sheet.fillable, sheet.correctable, sheet.case.version == 1
        self.asked_fields = sheet.asked_fields
        self.lines = [self._line(m) for m in sheet.materials]
        self.later_url, self.code_url = self.url("case"), self.url("code")
        self._case: dict[str, Any] = {"case_id": self.pk, "by": self.by, "now": self.now}

    def _line(self, m: OwnMaterial) -> Line:
        given = self.sheet.correction.given_at if self.sheet.correction else None
        files = tuple(FileLink(f.pk, f.name, self.url("file", f.pk), self.url("take_off", f.pk)) for f in m.files)
        return Line(
            code=m.row.code, name=m.row.name, state=ROW_STATES[m.state], note=material_note(m), open=m.open,
            # Not what departments hold, nor the form that is being filled in.
            given=not m.wanted.from_departments and m.row.received != Received.FILLED, files=files, committed=m.committed,
            condition=m.wanted.asks if m.is_question else "", applies=m.row.applies, hint=m.wanted.note,
            issued_by=m.wanted.issued_by, asked=m.asked,
            # What was there when the notice was written is what the notice is about.
            answered=m.row.settled_at is not None and given is not None and m.row.settled_at > given and not m.open,
        )  # fmt: skip

    @property
    def receipt_url(self) -> str:
        return self.url("receipt")

    def save(self, values: Mapping[str, Any], *, complete: bool = False) -> None:
        do.save_online(values=values, complete=complete, **self._case)

    def answer(self, code: str, applies: bool) -> None:
        do.answer_online(code=code, applies=applies, **self._case)

    def hand_in(self, code: str, how: Received, refs: Sequence[StoredFileRef], **key: Any) -> None:
        do.hand_in_online(material=Handed(code, how, tuple((ref, ref.name) for ref in refs)), **self._case, **key)

    def take_off(self, file_id: UUID, **key: Any) -> None:
        do.take_off_online(file_id=file_id, **self._case, **key)

    def take_back(self, code: str, **key: Any) -> None:
        do.take_back_online(code=code, **self._case, **key)

    def told(self, code: str) -> list[tuple[str, list[str]]]:
        terms = own_commitment(self.sheet, code, on=self.today)
        return [("", terms.notice.lines)] if terms.notice else []

    def why_no_promise(self, code: str) -> Message | None:
        return own_commitment(self.sheet, code, on=self.today).why_not

    def commit(self, code: str, *, signature: StoredFileRef | None, name: str, **key: Any) -> None:
        do.commit_online(code=code, signature=signature, name=name, **self._case, **key)

    def submit(self, **key: Any) -> None:
        if self.correctable:
            do.correct_online(**self._case, **key)
        elif self.fillable:
            do.submit_online(**self._case, **key)


class JointDraft(Draft):
    """A joint matter: first which parts are wanted, then one form and one list for all of them."""

    prefix = "joint_"

    def __init__(self, request: StaffRequest, sheet: JointSheet) -> None:
        super().__init__(request)
        self.sheet, self.pk, self.name = sheet, sheet.joint.pk, sheet.bundle.name
        self.applicant, self.agent, self.form = sheet.applicant, sheet.agent, sheet.form
        self.standard = sheet.everything.members[0].model_copy(update={"form": sheet.fields})
        self.known, self.filled = sheet.known, {}
        self.fillable, self.fresh = sheet.fillable, sheet.joint.version == 1
        self.choices = [
            Choice(q.member.code, q.member.when, self._which(q.standard, q.by_other), q.wanted)
            for q in sheet.questions
            if not q.at_counter
        ]
        if sheet.by_other:
            self.other_kind = "person" if sheet.joint.applicant_is_employer else "employer"
            self.other_named = sheet.other is not None
        self.lines = [self._line(m) for m in sheet.chosen.materials]
        self.later_url, self.code_url = reverse("bundles:progress", args=[self.pk]), reverse("bundles:code", args=[self.pk])
        self._joint: dict[str, Any] = {"joint_id": self.pk, "by": self.by, "now": self.now}

    def _which(self, standard: Standard, by_other: bool) -> str:
        if not by_other:
            return standard.name
        who = _("由个人申请") if self.sheet.joint.applicant_is_employer else _("由单位申请")
        return _("%(item)s（%(who)s）") % {"item": standard.name, "who": who}

    def _line(self, m: JointMaterial) -> Line:
        said = self.sheet.handed(m)
        files = tuple(
            FileLink(UUID(f["id"]), f["name"], self.url("file", f["id"]), self.url("take_off", f["id"]))
            for f in said.get("files", ())
        )
        received, away = said.get("received", ""), bool(said.get("not_applicable"))
        committed = received == Received.COMMITTED
        is_question = m.asked and m.required is Required.CONDITIONAL
        return Line(
            code=m.code, name=m.name, state=_joint_state(m, received, away), note=_joint_note(m, len(files), committed, away),
            open=m.asked and not received and not away and m.required is not Required.NO, given=m.asked,
            files=() if committed else files, committed=committed, condition=m.asks or m.name if is_question else "",
            applies=False if away else True if said else None, issued_by=m.issued_by if m.asked else "",
        )  # fmt: skip

    @property
    def receipt_url(self) -> str:
        return reverse("bundles:receipt", args=[self.pk])

    @property
    def always(self) -> list[str]:
        """The names of the parts that always belong to it."""
        asked = {q.member.code for q in self.sheet.questions}
        return [s.name for s in self.sheet.everything.members if s.code not in asked]

    @property
    def at_counter(self) -> list[str]:
        """The names of the parts that take a counter."""
        return [q.standard.name for q in self.sheet.questions if q.at_counter]

    @property
    def others(self) -> list[Party]:
        """Whom the actor may name as the other party: those who let them apply."""
        wanted = self.other_kind == "employer"
        return [p for p in joint_applicants(by=self.by, on=self.today) if p.is_employer is wanted]

    def choose(self, wanted: Collection[str], **key: Any) -> None:
        do.choose_parts(wanted=wanted, **self._joint, **key)

    def name_other(self, party_id: UUID, **key: Any) -> None:
        do.name_other(party_id=party_id, **self._joint, **key)

    def save(self, values: Mapping[str, Any], *, complete: bool = False) -> None:
        do.save_joint(values=values, complete=complete, **self._joint)

    def answer(self, code: str, applies: bool) -> None:
        do.answer_joint(code=code, applies=applies, **self._joint)

    def hand_in(self, code: str, how: Received, refs: Sequence[StoredFileRef], **key: Any) -> None:
        do.hand_in_joint(material=Handed(code, how, tuple((ref, ref.name) for ref in refs)), **self._joint, **key)

    def take_off(self, file_id: UUID, **key: Any) -> None:
        do.take_off_joint(file_id=file_id, **self._joint, **key)

    def take_back(self, code: str, **key: Any) -> None:
        do.take_back_joint(code=code, **self._joint, **key)

    def told(self, code: str) -> list[tuple[str, list[str]]]:
        return [(part.item, part.notice.lines) for part in joint_commitment(self.sheet, code, on=self.today)]

    def why_no_promise(self, code: str) -> Message | None:
        return joint_no_promise(self.sheet, code, on=self.today)

    def commit(self, code: str, *, signature: StoredFileRef | None, name: str, **key: Any) -> None:
        do.commit_joint(code=code, signature=signature, name=name, **self._joint, **key)

    def submit(self, **key: Any) -> None:
        if self.fillable:
            do.submit_joint(**self._joint, **key)


def _joint_state(m: JointMaterial, received: str, away: bool) -> str:
    match m.how:
        case How.DEPARTMENTS:
            return "verified"
        case How.RESULT:
            return "made"
        case How.JOINT_FORM:
            return "have"
    if away:
        return "apart"
    if received:
        return "have"
    return "promise" if m.may_be_committed else "needed"


def _joint_note(m: JointMaterial, files: int, committed: bool, away: bool) -> str:
    """One sentence on what is to be done about a line, or that nothing is."""
    match m.how:
        case How.DEPARTMENTS:
            return _("由%(who)s核验，不用您提供。") % {"who": m.issued_by or _("有关部门")}
        case How.RESULT:
            return _("前面的事项办好就有，自动转过去，不用您提供。")
        case How.JOINT_FORM:
            return _("您在网上填的就是这份表，不用另外交。")
    if away:
        return _("您的情况用不到。")
    if committed:
        return _("您已书面承诺，我们事后核查。")
    if files:
        return _("已交 %(n)s 个文件。") % {"n": files}
    parts = len({item for item, _code in m.needed_by})
    once = _("只交一份，%(n)s 个事项共用。") % {"n": parts} if parts > 1 else ""
    if m.may_be_committed:
        return once + _("拍照上传，或者书面承诺代替。")
    return once + (_("拍照或上传。") if m.required is not Required.NO else _("可以不交，交了办得更快。"))


__all__ = ["CaseDraft", "Choice", "Draft", "FileLink", "JointDraft", "Line", "draft_of"]
