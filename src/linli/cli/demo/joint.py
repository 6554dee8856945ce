"""Joint matters of the first day: begun at the city's counter, each part worked by the staff of its own department like any case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING, Any
from uuid import UUID

import yaml

from linli.cli.demo.forms import filled
from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, Joint, JointSheet, PartView, Standing, State, joint_sheet
from linli.domains.catalog.queries import Required, bundle_in_force
from linli.domains.org.queries import calendar
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import SHANGHAI, local_date

if TYPE_CHECKING:
    from linli.cli.demo.day import Script, _Stage

_BACK = 16  # working days before the last on which the first is begun
_STEP = timedelta(minutes=12)


class JointMatters:
    """The scripts of the joint matters, and what they came to."""

    def __init__(self, stage: _Stage) -> None:
        raw = yaml.safe_load((resources.files("linli.cli.demo") / "data/joint.yaml").read_text("utf-8"))
        self.stage, self.matters = stage, raw["matters"]
        self.begun: list[UUID] = []

    def scripts(self) -> Iterator[tuple[datetime, Script]]:
        """Each with the time it begins."""
        days = self.stage.days
        for n, matter in enumerate(self.matters):
            day = days[-1 - max(_BACK - n // 2, 2)] if matter.get("goes") != "under way" else days[-1]
            begins = datetime.combine(day, datetime.min.time(), SHANGHAI) + timedelta(hours=9, minutes=25 * (n % 8))
            yield begins, self._script(n, matter, begins)

    def told(self) -> list[str]:
        """One line for each: how many parts in how many departments, and how it stands."""
        lines = []
        for joint in Joint.objects.filter(pk__in=self.begun).order_by("started_at"):
            sheet = self._sheet(joint.pk, datetime.now(SHANGHAI))
            wanted = sheet.wanted
            how = (
                "whole"
                if sheet.is_over and sheet.given == len(wanted)
                else "over, one part refused"
                if sheet.is_over
                else "under way"
            )
            offices = len({p.office for p in wanted})
            lines.append(
                f"{sheet.bundle.name} ({joint.number}): {sheet.given} of {len(wanted)} parts given by {offices} departments, {how}"
            )
        return lines

    # -- one matter ----------------------------------------------------------------------------------------------------------

    def _clerk(self, now: datetime) -> Actor:
        return self.stage.of_post("window-clerk", self.stage.city.orgs["city-hall"], local_date(now))

    def _sheet(self, joint_id: UUID, now: datetime) -> JointSheet:
        day = min(local_date(now), self.stage.days[-1])
        by = self.stage.of_post("window-clerk", self.stage.city.orgs["city-hall"], day)
        return joint_sheet(joint_id, by=by, now=now)

    def _script(self, number: int, matter: dict[str, Any], now: datetime) -> Script:
        joint_id = self._begin(number, matter, now)
        self.begun.append(joint_id)
        now += _STEP
        yield now
        goes = matter.get("goes", "whole")
        done: set[str] = set()
        refused = False
        while part := self._next(joint_id, now, done):
            done.add(part.code)
            if goes == "under way" and len(done) > 1:
                return
            assert part.case_id
            approve = goes != "rejected" or refused or Case.objects.get(pk=part.case_id).external
            refused = refused or not approve
            for later in self._work(part.case_id, now, approve=approve):
                now = later
                yield now
            do.hand_on(case_id=part.case_id, now=now)

    def _next(self, joint_id: UUID, now: datetime, done: set[str]) -> PartView | None:
        """A part whose case nobody has worked on yet; one that will never get what it waits for goes on by another way."""
        sheet = self._sheet(joint_id, now)
        for part in sheet.parts:
            if part.standing is Standing.BLOCKED:
                do.withdraw_part(joint_id=joint_id, code=part.code, reason="前面的事项没有办成", by=self._clerk(now), now=now)
            elif part.case_id and part.code not in done and not part.is_over:
                return part
        return None

    def _begin(self, number: int, matter: dict[str, Any], now: datetime) -> UUID:
        by, people = self._clerk(now), self.stage.people
        kinds = bundle_in_force(matter["bundle"], region="7701", on=local_date(now)).bundle.applicant_kinds
        if "person" in kinds:
            applicant = do.Applicant(people.persons[(number * 37) % len(people.persons)])
        else:
            applicant = do.Applicant(people.employers[(number * 11) % len(people.employers)], is_employer=True)
        joint_id = do.start_joint(bundle_code=matter["bundle"], applicant=applicant, region="7701", by=by, now=now)
        for question in joint_sheet(joint_id, by=by, now=now).questions:
            wanted = question.member.code in matter["wanted"]
            do.choose_part(joint_id=joint_id, code=question.member.code, wanted=wanted, by=by, now=now)
        sheet = joint_sheet(joint_id, by=by, now=now)
        if sheet.needs_other:
            other = people.employers[number] if "person" in kinds else people.persons[number]
            do.name_other(joint_id=joint_id, party_id=other, by=by, now=now)
            sheet = joint_sheet(joint_id, by=by, now=now)
        like = sheet.chosen.members[0].model_copy(update={"form": sheet.fields})
        do.save_joint(joint_id=joint_id, values=filled(like) | sheet.form, by=by, now=now)
        for line in sheet.still_asked:
            brought = line.required is Required.YES
            handed = do.Handed(line.code, do.Received.PAPER if brought else None, not_applicable=not brought)
            do.hand_in_joint(joint_id=joint_id, material=handed, by=by, now=now)
        do.submit_joint(joint_id=joint_id, by=by, now=now)
        return joint_id

    def _work(self, case_id: UUID, now: datetime, *, approve: bool) -> Iterator[datetime]:
        """A part from its counter to its owner, by the people of its department, within a day or two."""
        stage = self.stage
        case = Case.objects.get(pk=case_id)
        if case.external:
            yield from stage._external(case_id, case.hall_id, now)
            return
        if case.state == State.SUBMITTED:
            do.accept_case(case_id=case_id, by=stage._clerk(case.hall_id, now), now=now)
        while Case.objects.get(pk=case_id).state in (State.ACCEPTED, State.IN_REVIEW):
            now = self._later(now)
            yield now
            do.draw_waiting(by=system(), now=now, limit=500)
            step = stage.open_step(case_id)
            if step is None:
                continue
            if step.automatic:
                do.decide_automatically(step_id=step.pk, now=now)
            else:
                stage._stage(step, approve, now)
        now = self._later(now)
        yield now
        case = Case.objects.get(pk=case_id)
        issuer = stage.of_post("issuer", case.deciding_org_id, local_date(now))
        do.prepare_result(case_id=case_id, by=issuer, now=now)
        do.issue_case(case_id=case_id, by=issuer, now=now)
        now = self._later(now)
        yield now
        stage._deliver(case_id, case.hall_id, now)

    def _later(self, now: datetime) -> datetime:
        """A little later on the same working day, or the next morning."""
        later = now + _STEP
        local = later.astimezone(SHANGHAI)
        if local.hour < 17:
            return later
        day = calendar().add_working_days(local_date(now), 1)
        if day > self.stage.days[-1]:
            return later
        return datetime.combine(day, datetime.min.time(), SHANGHAI) + timedelta(hours=9, minutes=self.stage.dice.randint(1, 30))
