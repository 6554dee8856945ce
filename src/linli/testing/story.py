"""Playing a case through its life with the commands the pages use; tests say only what is special about theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from PIL import Image

from linli.cli.demo.forms import filled
from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, Step
from linli.domains.catalog.queries import Required, Standard, in_force
from linli.domains.documents.commands import StoredFileRef, store_file
from linli.kernel.actors import Actor
from linli.testing.world import COUNTY, World

__all__ = ["INSTANT", "PERMIT", "Story", "at", "filled", "picture"]

PERMIT = "labour-dispatch-permit"  # committed, with materials, reviewed and decided by two people
INSTANT = "job-seeker-registration"


def at(text: str) -> datetime:
    """A moment in Shanghai, ``2026-03-02 10:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def picture(text: str = "x") -> BytesIO:
    """A small real PNG."""
    out = BytesIO()
    Image.new("RGB", (40, 30), (hash(text) % 255, 120, 200)).save(out, "PNG")
    out.seek(0)
    return out


@dataclass
class Story:
    """One case and the people around it."""

    world: World
    item: str = PERMIT
    region: str = ""
    day: str = "2026-03-02"
    case_id: UUID | None = None

    @property
    def standard(self) -> Standard:
        found = in_force(self.item, region=self.region or COUNTY, on=date.fromisoformat(self.day))
        assert found
        return found.standard

    @property
    def case(self) -> Case:
        assert self.case_id
        return Case.objects.get(pk=self.case_id)

    def who(self, name: str, day: str | None = None) -> Actor:
        return self.world.actor(name, on=date.fromisoformat(day or self.day))

    @property
    def applicant(self) -> do.Applicant:
        if "person" in self.standard.applicant_kinds:
            return do.Applicant(self.world.people["applicant"])
        return do.Applicant(self.world.people["employer"], is_employer=True)

    def handed(self) -> list[do.Handed]:
        """Everything the applicant is asked for, and nothing that departments hold."""
        out = []
        for m in self.standard.to_hand_in:
            if m.from_departments:
                continue
            if m.required is Required.YES:
                out.append(do.Handed(m.code, do.Received.PAPER))
            else:
                out.append(do.Handed(m.code, not_applicable=True))
        return out

    def receive(
        self, *, clerk: str = "clerk", time: str = "10:00", form: Mapping[str, Any] | None = None, complete: bool = True, **kw: Any
    ) -> UUID:
        """Take it in; ``complete`` hands in all that is asked for."""
        self.case_id = do.receive_case(
            item_code=self.item, applicant=self.applicant, form=filled(self.standard) if form is None else form,
            materials=self.handed() if complete else [], by=self.who(clerk), now=at(f"{self.day} {time}"), **kw,
        )  # fmt: skip
        return self.case_id

    def accept(self, *, clerk: str = "clerk", time: str = "10:05", day: str | None = None, **kw: Any) -> UUID:
        assert self.case_id
        return do.accept_case(case_id=self.case_id, by=self.who(clerk, day), now=at(f"{day or self.day} {time}"), **kw)

    def open_step(self) -> Step:
        assert self.case_id
        return Step.objects.get(case_id=self.case_id, state="open", kind__in=["review", "second_review", "decide"])

    def holder(self, step: Step | None = None, day: str | None = None) -> Actor:
        """The actor whose stage it is."""
        step = step or self.open_step()
        name = next(n for n, u in self.world.users.items() if u == step.user_id)
        return self.who(name, day)

    def links(self, step: Step) -> list[str]:
        return [link.name for link in self.standard.plan.stages[step.ordinal - 1].links]

    def review(self, *, approve: bool = True, day: str | None = None, time: str = "14:00") -> None:
        """Pass every stage up to and including the decision."""
        when = day or self.day
        while True:
            step = self.open_step()
            common: dict[str, Any] = {
                "step_id": step.pk,
                "links_done": self.links(step),
                "by": self.holder(step, when),
                "now": at(f"{when} {time}"),
            }
            if step.kind == "decide":
                grounds = do.Grounds(facts="经查，材料齐全。", reasons="符合规定条件。" if approve else "不符合规定条件。")
                do.decide_case(approve=approve, grounds=grounds, **common)
                return
            do.give_opinion(approve=approve, opinion="同意" if approve else "不同意", **common)

    def issue(self, *, issuer: str = "issuer", day: str | None = None, time: str = "15:00") -> None:
        assert self.case_id
        common: dict[str, Any] = {"case_id": self.case_id, "by": self.who(issuer, day), "now": at(f"{day or self.day} {time}")}
        do.prepare_result(**common)
        do.issue_case(**common)

    def signature(self) -> StoredFileRef:
        return store_file(content=picture("s"), declared_name="signature.png", by=self.who("clerk"), now=at(f"{self.day} 16:00"))

    def deliver(self, *, clerk: str = "clerk", day: str | None = None, time: str = "16:00", **kw: Any) -> UUID:
        assert self.case_id
        proof = kw.pop("proof", None) or do.Proof(signature_file_id=self.signature().id)
        return do.deliver_case(
            case_id=self.case_id, method=kw.pop("method", do.DeliveryMethod.WINDOW), recipient="赵示例", proof=proof,
            by=self.who(clerk, day), now=at(f"{day or self.day} {time}"), **kw,
        )  # fmt: skip

    def close(self) -> None:
        assert self.case_id
        do.close_case(case_id=self.case_id, now=at(f"{self.day} 16:01"))

    def whole(self, *, approve: bool = True) -> UUID:
        """From the first paper to the archive in a day."""
        self.receive()
        self.accept()
        self.review(approve=approve)
        self.issue()
        self.deliver()
        self.close()
        assert self.case_id
        return self.case_id
