"""Residents of the first day who come by telephone: for themselves, for others with a mandate, for their employer; and those who
change from the phone to a counter or back. They go through the commands that the portal uses; the counter attends to them like a clerk."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

from openpyxl import load_workbook

from linli.cli.demo.forms import filled, photograph, plausible
from linli.domains.cases import commands as do
from linli.domains.cases.queries import (
    Case,
    RosterOffer,
    RosterPlan,
    State,
    asked_fields,
    own_sheet,
    roster_common,
    roster_offer,
    roster_people,
    roster_sheet,
    roster_template,
    why_not_online,
)
from linli.domains.catalog.queries import Required, Standard, must_be_in_force
from linli.domains.documents.commands import store_file
from linli.domains.org.queries import calendar
from linli.domains.people.commands import (
    answer_objection,
    ask_code,
    bind_by_phone,
    find_agent,
    give_mandate,
    object_to,
    register_mandate,
    sign_in_by_phone,
    view_full,
)
from linli.domains.people.queries import (
    Ground,
    ObjectionState,
    Purpose,
    Scope,
    employer_facts,
    person_facts,
    region_of,
    resident_actor,
)
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.identifiers import id_number_with_check

if TYPE_CHECKING:
    from linli.cli.demo.day import Script, _Stage

ONE_IN = 6  # how many cases of the day make one that comes online
# How many of a hundred take which way. "waiting" is left for whoever opens the demonstration's queue.
BRANCHES = {
    "approved": 38, "corrected": 12, "rejected": 6, "withdrawn": 8, "waiting": 10, "to be corrected": 6, "draft": 6, "to collect": 6,
    "to a counter": 4, "from a counter": 4,
}  # fmt: skip
_LEFT_TODAY = {"waiting", "draft", "to be corrected", "withdrawn"}
ROSTER, HANDS = "employee-enrolment", 30
_ALL = (Scope.APPLY, Scope.READ, Scope.COLLECT)


class Residents:
    """The scripts of what comes in online, and what it came to."""

    def __init__(self, stage: _Stage, also: Callable[[datetime, Script], None]) -> None:
        """``also`` puts another script on the agenda of the day."""
        self.stage, self.also, self.dice = stage, also, random.Random(20260106)
        self.came: Counter[str] = Counter()
        self.told: list[str] = []
        self._accounts: dict[UUID, tuple[UUID, str]] = {}
        self.items = [(s.code, s) for s in stage.standards() if why_not_online(s) is None]
        self.of_persons = [(c, s) for c, s in self.items if "person" in s.applicant_kinds]
        self.of_employers = [(c, s) for c, s in self.items if "employer" in s.applicant_kinds]

    # -- who they are -----------------------------------------------------------------------------------------------------------

    def account(self, person: UUID, now: datetime) -> Actor:
        """Sign in with a telephone; who is new says name and number."""
        if person not in self._accounts:
            facts, n = person_facts(person), len(self._accounts)
            device, address = f"phone-{n}", f"10.77.{n // 250}.{n % 250 + 1}"
            code = ask_code(phone=facts["phone"], address=address, now=now)
            shown = sign_in_by_phone(phone=facts["phone"], code=code, device=device, address=address, now=now)
            session = shown.session or bind_by_phone(
                proof=shown.proof, name=facts["name"], id_number=facts["id_number"], region=region_of(person, is_employer=False), device=device,
                address=address, now=now,
            )  # fmt: skip
            self._accounts[person] = session.user_id, device
        user_id, device = self._accounts[person]
        actor = resident_actor(user_id, device=device)
        assert actor
        return actor

    def somebody(self) -> UUID:
        return self.dice.choice(self.stage.people.persons)

    def let(self, agent: UUID, principal: UUID, now: datetime) -> None:
        """A mandate given online by the one it is about."""
        facts = person_facts(agent)
        give_mandate(
            agent_name=facts["name"], agent_number=facts["id_number"], scopes=_ALL, last_day=local_date(now) + timedelta(days=180),
            by=self.account(principal, now), now=now,
        )  # fmt: skip

    def register(
        self, agent: UUID, principal: UUID, ground: Ground, evidence: str, now: datetime, *, employer: bool = False
    ) -> None:
        """A mandate that a clerk registers from the paper."""
        facts = person_facts(agent)
        register_mandate(
            principal_id=principal, is_employer=employer, agent_id=find_agent(name=facts["name"], id_number=facts["id_number"]),
            scopes=_ALL, last_day=local_date(now) + timedelta(days=180), ground=ground, evidence=evidence, by=self._counter(now), now=now,
        )  # fmt: skip

    def _counter(self, now: datetime) -> Actor:
        return self.stage.of_post("window-clerk", self.stage.city.orgs["city-hall"], local_date(now))

    # -- the day ------------------------------------------------------------------------------------------------------------------

    def scripts(self, cases: int) -> Iterator[tuple[datetime, Script]]:
        """Each with the time it begins: about ``cases`` of them, besides the stories of three who are printed."""
        wanted = [name for name, share in BRANCHES.items() for _ in range(max(1, round(cases * share / 100)))]
        self.dice.shuffle(wanted)
        for n, branch in enumerate(wanted):
            begins = self._begins(branch)
            yield begins, self._script(n, branch, begins)
        days = self.stage.days
        for story, back in ((self._lin, 9), (self._agent, 8), (self._employer, 7)):
            begins = _at(days[-1 - back], 8, 20)
            yield begins, story(begins)

    def _begins(self, branch: str) -> datetime:
        days = self.stage.days
        back = 0 if branch in _LEFT_TODAY else self.dice.choice([0, 1, 2, 4, 6, 9])
        return _at(days[-1 - back], 7, self.dice.randint(20, 600 if back else 480))

    def _opening(self, now: datetime) -> datetime:
        """When a counter looks at what came in: within the hour, or the next morning."""
        hour = now.astimezone(SHANGHAI).hour
        if 9 <= hour < 17:
            return now + timedelta(minutes=self.dice.randint(10, 50))
        day = local_date(now)
        day = day if hour < 9 else calendar().add_working_days(day, 1)
        return _at(day, 9, self.dice.randint(5, 40)) if day <= self.stage.days[-1] else now + timedelta(minutes=15)

    def _script(self, n: int, branch: str, now: datetime) -> Script:
        """One application; every fifth by an agent, every fifth by somebody for their employer."""
        who = ("self", "agent", "self", "employer", "self")[n % 5]
        code, standard = (self.of_employers if who == "employer" else self.of_persons)[n % 97 % (40 if who == "employer" else 90)]
        me, party, now = self._party(who, n, now)
        if branch == "from a counter":
            yield from self._from_counter(code, standard, me, party, now)
            return
        case_id = do.start_online(
            item_code=code, applicant_id=party, is_employer=who == "employer", by=self.account(me, now), now=now
        )
        self.came["by an agent" if who == "agent" else "online"] += 1
        now += timedelta(minutes=6)
        yield now
        if branch == "draft":
            self.fill(me, case_id, now, half=True)
            return
        self.fill(me, case_id, now)
        if branch == "to a counter":
            yield from self._to_counter(case_id, me, now)
            return
        now += timedelta(minutes=4)
        yield from self.submitted(case_id, me, branch, standard, now)

    def _party(self, who: str, n: int, now: datetime) -> tuple[UUID, UUID, datetime]:
        """Who holds the phone and for whom, with the mandate that it takes; and when that is done."""
        me = self.somebody()
        if who == "self":
            return me, me, now
        if who == "employer":
            employer = self.dice.choice(self.stage.people.employers)
            self.register(me, employer, Ground.COMPANY_CLERK, "加盖公章的介绍信", now, employer=True)
            return me, employer, now
        neighbour = self.somebody()
        if n % 2:
            self.let(me, neighbour, now)
        else:
            self.register(
                me, neighbour, self.dice.choice([Ground.WRITTEN, Ground.VILLAGE_AGENT, Ground.LAWYER]), "授权委托书原件", now
            )
        return me, neighbour, now

    def fill(self, me: UUID, case_id: UUID, now: datetime, *, half: bool = False) -> None:
        """Answer what is asked, hand in what is wanted from a camera, commit where one may."""
        by = self.account(me, now)
        sheet = own_sheet(case_id, by=by, now=now)
        wanted = [name for name in asked_fields(sheet.standard) if name not in sheet.form]
        values = {k: v for k, v in filled(sheet.standard).items() if k in wanted[: len(wanted) // 2 if half else None]}
        do.save_online(case_id=case_id, values=values, by=by, now=now)
        for m in [] if half else sheet.materials:
            code = m.row.code
            if m.wanted.may_be_committed and m.open:
                do.commit_online(case_id=case_id, code=code, signature=None, name=by.name, by=by, now=now)
            elif m.is_question:
                do.answer_online(case_id=case_id, code=code, applies=False, by=by, now=now)
            elif m.open:
                self._photograph(case_id, code, m.row.name, by, now)

    def _photograph(self, case_id: UUID, code: str, name: str, by: Actor, now: datetime) -> None:
        ref = store_file(content=photograph(name, int(case_id) % 997 + now.minute), declared_name=f"{code}.jpg", by=by, now=now)
        handed = do.Handed(code, do.Received.PHOTOGRAPHED, files=((ref, f"{name[:40]}.jpg"),))
        do.hand_in_online(case_id=case_id, material=handed, by=by, now=now)

    # -- after it is handed in -----------------------------------------------------------------------------------------------------

    def submitted(self, case_id: UUID, me: UUID, branch: str, standard: Standard, now: datetime) -> Script:
        """Submitted, attended to at the counter, corrected, decided, collected."""
        stage = self.stage
        do.submit_online(case_id=case_id, by=self.account(me, now), now=now)
        stage.report.branches[f"online, {branch}"] += 1
        stage.report.items.add(standard.code)
        if branch == "waiting":
            return
        now = self._opening(now)
        yield now
        clerk = stage._clerk(Case.objects.get(pk=case_id).hall_id, now)
        do.fetch_shared(case_id=case_id, by=clerk, now=now)
        paper = Case.objects.get(pk=case_id).materials.filter(received="photographed").order_by("code").first()
        if branch in ("corrected", "to be corrected") and paper:
            missing = [do.Missing(paper.code, "照片看不清，请在光线好的地方重拍。")]
            do.request_correction(case_id=case_id, missing=missing, by=clerk, now=now)
            if branch == "to be corrected":
                return
            now += timedelta(minutes=self.dice.randint(20, 90))
            yield now
            self._photograph(case_id, paper.code, paper.name, self.account(me, now), now)
            do.correct_online(case_id=case_id, by=self.account(me, now), now=now)
            now = self._opening(now)
            yield now
            clerk = stage._clerk(Case.objects.get(pk=case_id).hall_id, now)
        do.accept_case(case_id=case_id, by=clerk, now=now)
        if branch == "withdrawn":
            now += timedelta(minutes=25)
            yield now
            if Case.objects.get(pk=case_id).state in (State.IN_REVIEW, State.ACCEPTED):
                do.withdraw_online(case_id=case_id, reason="已在别处办好", by=self.account(me, now), now=now)
            return
        way = {"rejected": "rejected", "to collect": "to deliver"}.get(branch, "approved")
        yield from stage._handle(
            case_id, way, Case.objects.get(pk=case_id).hall_id, now, collect=lambda at: self.collect(case_id, me, at)
        )

    def collect(self, case_id: UUID, me: UUID, now: datetime) -> None:
        """Take the result over on the phone and download it."""
        by = self.account(me, now)
        do.collect_online(case_id=case_id, by=by, now=now)
        do.close_case(case_id=case_id, now=now + timedelta(seconds=5))
        for paper in own_sheet(case_id, by=by, now=now).papers[:1]:
            do.read_own_paper(case_id=case_id, document_id=paper.id, by=by, now=now + timedelta(minutes=1))

    def _to_counter(self, case_id: UUID, me: UUID, now: datetime) -> Script:
        """Begun at home, finished at a counter with the code."""
        code = do.make_hand_over(case_id=case_id, by=self.account(me, now), now=now)
        now = self._opening(now)
        yield now
        case = Case.objects.get(pk=case_id)
        clerk = self.stage._clerk(case.hall_id, now)
        do.take_over(code=code, by=clerk, now=now)
        self._sign_at_counter(case_id, clerk, now)
        do.submit_case(case_id=case_id, by=clerk, now=now)
        self.stage.report.branches["online, then a counter"] += 1
        yield from self._accepted(case_id, clerk, now, me)

    def _sign_at_counter(self, case_id: UUID, clerk: Actor, now: datetime) -> None:
        """What submitting says by itself online is written down at a counter."""
        case = Case.objects.get(pk=case_id)
        standard = must_be_in_force(case.item_code, region=case.region, on=local_date(now)).standard
        do.save_form(case_id=case_id, values=filled(standard) | case.form.open_json(), by=clerk, now=now)

    def _from_counter(self, code: str, standard: Standard, me: UUID, party: UUID, now: datetime) -> Script:
        """Begun at a counter, finished at home."""
        now = self._opening(now)
        yield now
        clerk, employer = self._counter(now), party in self.stage.people.employers
        agent = me if me != party else None
        case_id = do.start_case(item_code=code, applicant=do.Applicant(party, employer, agent), region="7701", by=clerk, now=now)
        key = do.make_hand_over(case_id=case_id, by=clerk, now=now)
        now += timedelta(hours=2)
        yield now
        do.take_over(code=key, by=self.account(me, now), now=now)
        self.came["by an agent" if agent and not employer else "online"] += 1
        self.fill(me, case_id, now)
        now += timedelta(minutes=9)
        yield now
        yield from self.submitted(case_id, me, "from a counter", standard, now)

    def _accepted(self, case_id: UUID, clerk: Actor, now: datetime, me: UUID) -> Script:
        hall = Case.objects.get(pk=case_id).hall_id
        do.fetch_shared(case_id=case_id, by=clerk, now=now)
        do.accept_case(case_id=case_id, by=clerk, now=now)
        yield from self.stage._handle(case_id, "approved", hall, now, collect=lambda at: self.collect(case_id, me, at))

    # -- three whose telephones are printed ------------------------------------------------------------------------------------------

    def tell_of(self, person: UUID, what: str) -> None:
        """Print somebody's telephone, and what can be seen with it."""
        facts = person_facts(person)
        self.told.append(f"{facts['phone']}  {facts['name']}: {what}")

    def _begun(self, me: UUID, party: UUID, now: datetime, at: int, *, employer: bool = False) -> tuple[UUID, Standard]:
        """An application that takes a photographed paper, filled in."""
        chosen = [(c, s) for c, s in (self.of_employers if employer else self.of_persons) if _photographs(s)]
        code, standard = chosen[at % len(chosen)]
        case_id = do.start_online(item_code=code, applicant_id=party, is_employer=employer, by=self.account(me, now), now=now)
        self.came["by an agent" if me != party and not employer else "online"] += 1
        self.fill(me, case_id, now)
        return case_id, standard

    def _lin(self, now: datetime) -> Script:
        """One result collected, one case to correct, one draft, a record objected to and put right, and somebody who looked."""
        me = self.stage.people.persons[24]
        self.tell_of(me, "a result to download, a correction to answer, a draft; an objection answered; who looked")
        case_id, standard = self._begun(me, me, now, 0)
        yield from self.submitted(case_id, me, "approved", standard, now + timedelta(minutes=5))
        later = now + timedelta(hours=6)
        view_full(person_id=me, field="phone", purpose=Purpose.CONTACT, case=case_id, by=self._counter(later), now=later)
        last = self.stage.days[-1]
        now = _at(last, 8, 40)
        yield now
        objection = object_to(
            about="address",
            label="地址",
            source="本局",
            text="地址还是三年前的，去年已经搬到人民路18号。",
            by=self.account(me, now),
            now=now,
        )
        case_id, standard = self._begun(me, me, now, 3)
        yield from self.submitted(case_id, me, "to be corrected", standard, now + timedelta(minutes=5))
        now = _at(last, 15, 10)
        yield now
        draft, _ = self._begun(me, me, now, 5)
        assert draft
        boss = next(b for b in self._bosses(now) if b.can("people.answer"))
        answer_objection(
            objection_id=objection,
            outcome=ObjectionState.CORRECTED,
            answer="已按您说的更正，谢谢提醒。",
            correction="人民路18号",
            by=boss,
            now=now,
        )

    def _bosses(self, now: datetime) -> Iterator[Actor]:
        for username in ("ren.guang", "tang.hua"):
            yield self.stage.who(username, local_date(now))

    def _agent(self, now: datetime) -> Script:
        """Acts for a parent (given online) and a neighbour (registered at the counter); both cases stand in her list."""
        people = self.stage.people.persons
        me, parent, neighbour = people[61], people[62], people[63]
        self.tell_of(
            me, f"acts for {person_facts(parent)['name']} and {person_facts(neighbour)['name']} with mandates of two kinds"
        )
        self.let(me, parent, now)
        self.register(me, neighbour, Ground.WRITTEN, "授权委托书原件", now)
        case_id, standard = self._begun(me, parent, now, 7)
        yield from self.submitted(case_id, me, "approved", standard, now + timedelta(minutes=5))
        now = _at(self.stage.days[-1], 10, 5)
        yield now
        case_id, standard = self._begun(me, neighbour, now, 9)
        yield from self.submitted(case_id, me, "waiting", standard, now + timedelta(minutes=5))

    def _employer(self, now: datetime) -> Script:
        """The clerk of a company: a case of the company, and a roster of new employees that came back once."""
        me, employer = self.stage.people.persons[88], self.stage.people.employers[5]
        self.tell_of(me, f"acts for {employer_facts(employer)['org_name']}: its cases, and a roster of new employees")
        self.register(me, employer, Ground.COMPANY_CLERK, "加盖公章的介绍信", now, employer=True)
        case_id, standard = self._begun(me, employer, now, 1, employer=True)
        yield from self.submitted(case_id, me, "approved", standard, now + timedelta(minutes=5))
        now = _at(self.stage.days[-1], 8, 10)
        yield now
        offer = roster_offer(ROSTER, region="7701", on=local_date(now))
        assert offer
        by, hands = self.account(me, now), _hands(offer.plan)
        spoilt = [row | ({offer.plan.number: "770121199013450012"} if n in (3, 17) else {}) for n, row in enumerate(hands)]
        asked = [m for m in offer.standard.materials if m.required is Required.YES and not m.from_departments]
        papers = {m.code: [do.roster_paper(photograph(m.name, 1), f"{m.name[:40]}.jpg")] for m in asked}
        roster = do.check_roster(
            item_code=ROSTER, employer_id=employer, people=_sheet(offer, spoilt), materials={m.code: "not_applicable" for m in offer.standard.materials},
            common={f.name: plausible(f) for f in offer.plan.common if f.required} | roster_common(offer, employer), papers=papers, by=by, now=now,
        )  # fmt: skip
        now += timedelta(minutes=40)
        yield now
        roster = do.check_again(roster_id=roster, people=_sheet(offer, hands), by=by, now=now)
        do.start_roster(roster_id=roster, by=by, now=now)
        while not do.run_roster(roster_id=roster, now=now):
            pass
        made = [person.case_id for person in roster_people(roster_sheet(roster, by=by, on=local_date(now))) if person.case_id]
        self.came["from a roster"] += len(made)
        now = self._opening(now)
        for n, case_id in enumerate(made[:-4]):  # the last ones wait in the queue of whoever opens the demonstration
            self.also(now + timedelta(minutes=2 * n), self._taken_up(case_id, now + timedelta(minutes=2 * n)))

    def _taken_up(self, case_id: UUID, now: datetime) -> Script:
        hall = Case.objects.get(pk=case_id).hall_id
        do.accept_case(case_id=case_id, by=self.stage._clerk(hall, now), now=now)
        yield from self.stage._handle(case_id, "approved", hall, now)


def _hands(plan: RosterPlan) -> list[dict[str, Any]]:
    """New employees, each with a number of their own."""
    rows = []
    for n in range(HANDS):
        born = date(1988, 3, 1) + timedelta(days=97 * n)
        name = f"{'陈林何罗梁宋郑谢韩唐'[n % 10]}{'新立志海春晓'[n % 6]}{'军芳杰敏强'[n % 5]}"
        row = {f.name: plausible(f) for f in plan.columns if f.required}
        rows.append(row | {plan.name: name, plan.number: id_number_with_check(f"770121{born:%Y%m%d}{501 + n:03d}")})
    return rows


def _sheet(offer: RosterOffer, rows: list[dict[str, Any]]) -> do.RosterFile:
    """The template, filled in."""
    book = load_workbook(BytesIO(roster_template(offer)))
    for at, row in enumerate(rows, 2):
        for column, f in enumerate(offer.plan.columns, 1):
            book.worksheets[0].cell(at, column, row.get(f.name, ""))
    out = BytesIO()
    book.save(out)
    out.seek(0)
    return do.roster_file(out, "新入职员工名单.xlsx")


def _photographs(standard: Standard) -> bool:
    return any(m.required is Required.YES and not m.from_departments and not m.may_be_committed for m in standard.materials)


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(0), SHANGHAI) + timedelta(hours=hour, minutes=minute)
