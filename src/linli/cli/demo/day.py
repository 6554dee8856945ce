"""A first day, in fast motion: cases of every item and every way through the lifecycle, by staff who act at their own times.

Each case is a small script that says what happens and when it goes on; an agenda plays all of them in order of time, through
the commands that the pages use. Most cases begin on the last working day, some in the weeks before, so that there are also
suspended, extended and overdue ones. The dice are seeded: the same day every time, but for the draw, whose seeds are secret.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from linli.cli.demo.benefits import Benefits
from linli.cli.demo.city import City
from linli.cli.demo.departments import trouble, waits_for_it
from linli.cli.demo.forms import filled, photograph, signature
from linli.cli.demo.joint import JointMatters
from linli.cli.demo.online import ONE_IN, Residents
from linli.cli.demo.partner import BRINGS, Partner
from linli.cli.demo.population import Population
from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, ClockKind, JointPart, State, Step, clock_outcomes, my_steps, prefill
from linli.domains.catalog.commands import load_bundles, load_package, load_partners
from linli.domains.catalog.queries import Required, Standard, must_be_in_force, package_standards, published
from linli.domains.documents.commands import store_file
from linli.domains.documents.queries import current_templates
from linli.domains.org.queries import Power, actor_for, calendar, overseen_ids, powers_of
from linli.domains.people.commands import view_employer, view_person
from linli.domains.trace.commands import ensure_months, seal_heads
from linli.domains.voice.commands import Wish, register_demand
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import SHANGHAI, local_date

_OWED = 4  # cases in hand that wait for the department that is out of order
WEEKS = 6  # how far back the earliest case begins
Script = Generator[datetime, None, None]

# How many of a hundred cases take which way.
BRANCHES = {
    "approved": 34, "rejected": 7, "corrected": 9, "suspended": 6, "extended": 4, "withdrawn": 4, "not accepted": 3, "lapsed": 2,
    "deemed accepted": 2, "late": 4, "overdue": 4, "to deliver": 5, "to issue": 5, "in review": 7, "received": 2, "draft": 2,
}  # fmt: skip
# These need days to pass, so they begin in the weeks before.
_SLOW = {"suspended", "extended", "late", "overdue", "lapsed", "deemed accepted"}

DEMANDS = [
    ("邻居家装修堵了楼道，想问人社局能不能管", "请告诉我该找谁"),
    ("村里的公交车晚上七点就没有了，下班回不去", "希望延长到九点"),
    ("孩子上幼儿园要的居住证明在哪里开", ""),
    ("公司倒闭了，老板联系不上，工资还有两个月没发", "帮我把工资要回来"),
    ("老人不会用手机，社保认证怎么办", "希望有人上门"),
    ("外地的养老保险断了三年，不知道从哪里补起", "给我讲一讲怎么办"),
    ("想开一个小吃店，听说有补贴，跑了两个地方都说不归他管", "一次说清楚"),
    ("窗口叫号听不清，耳朵不好的人容易过号", "能不能加屏幕提示"),
]


@dataclass
class Report:
    """What the day came to."""

    branches: Counter[str] = field(default_factory=Counter)
    items: set[str] = field(default_factory=set)
    staff: set[UUID] = field(default_factory=set)


def play(
    city: City, people: Population, *, cases: int, progress: Callable[[int, int], None], seed: int = 20260105
) -> dict[str, Any]:
    """Load the catalogue, play the day, and tell what it came to."""
    now = datetime.now(UTC)
    days = _working_days(now)
    ensure_months(now=_at(days[0], 0), ahead=6)
    published_by: dict[str, Any] = {
        "region": "7701", "valid_from": date(2026, 1, 1), "by": system("catalog.publish"), "now": _at(days[0], 1),
    }  # fmt: skip
    load_package(papers=current_templates(), **published_by)
    load_partners(papers=current_templates(), **published_by)
    load_bundles(**published_by)
    first, last = days[0], days[-1]
    do.commit_draws(by=system(), now=_at(first - timedelta(days=1), 18), days=(last - first).days + 8, first=first)
    stage = _Stage(city, people, random.Random(seed), days)
    agenda = _Agenda()
    online = cases // ONE_IN
    for n, branch in enumerate(_branches(cases - online - BRINGS, stage.dice)):
        script, begins = stage.case(n, branch)
        agenda.add(begins, script)
    residents = Residents(stage, agenda.add)
    partner = Partner(stage)
    benefits = Benefits(stage, residents)
    for begins, script in (*residents.scripts(online), *partner.scripts(), *benefits.scripts(), *trouble(_at(last, 0))):
        agenda.add(begins, script)
    for n, standard in enumerate([s for s in stage.standards() if waits_for_it(s)][:_OWED]):
        begins = _at(last, 13, 25 * (n + 1))
        agenda.add(begins, stage._script(cases + n, "in review", standard.code, standard, begins))
    matters = JointMatters(stage)
    for begins, script in matters.scripts():
        agenda.add(begins, script)
    for n, (summary, wish) in enumerate(DEMANDS):
        agenda.add(_at(last, 9, 20 + 37 * n), stage.demand(summary, wish))
    for day in days:
        agenda.add(_at(day, 0, 5), stage.morning(day))
        agenda.add(_at(day, 23, 50), stage.evening(day))
    agenda.run(until=_at(last, 23, 59), total=cases, progress=progress)
    told = stage.told(days, cases) | {"joint": matters.told()}
    parts = JointPart.objects.exclude(case=None).count()
    came = residents.came + Counter(
        {"by another system": partner.brought, "parts of joint matters": parts, "begun by the bureau": benefits.told["grants"]}
    )
    told["came"] = {"at a counter": told["cases"] - came.total()} | dict(came.most_common())
    told["residents"], told["key"], told["benefits"] = residents.told, partner.key, dict(benefits.told)
    return told


def _working_days(now: datetime) -> list[date]:
    """The working days of some weeks up to the last one that is over."""
    days = calendar()
    today = local_date(now)
    over = now.astimezone(SHANGHAI).time() > time(18)
    last = today if days.is_working(today) and over else days.add_working_days(today, -1)
    return [days.add_working_days(last, -n) for n in range(5 * WEEKS, 0, -1)] + [last]


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(0), SHANGHAI) + timedelta(hours=hour, minutes=minute)


def _branches(cases: int, dice: random.Random) -> list[str]:
    """A branch for each case, in the proportions above, each at least once."""
    wanted = [name for name, share in BRANCHES.items() for _ in range(max(1, round(cases * share / 100)))]
    while len(wanted) < cases:
        wanted.append("approved")
    wanted = wanted[:cases] if cases >= len(BRANCHES) else wanted
    dice.shuffle(wanted)
    return wanted


class _Agenda:
    """Scripts in order of the time at which each goes on."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Script]] = []
        self._count = 0

    def add(self, at: datetime, script: Script) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, script))

    def run(self, *, until: datetime, total: int, progress: Callable[[int, int], None]) -> None:
        """Play everything up to a moment; what would go on later is left as it stands."""
        done = 0
        while self._heap:
            at, _, script = heapq.heappop(self._heap)
            if at > until:
                continue
            try:
                self.add(max(next(script), at), script)
            except StopIteration:
                done += 1
                progress(min(done, total - 1), total)
        progress(total, total)


class _Stage:
    """The city's people and the ways a case can go."""

    def __init__(self, city: City, people: Population, dice: random.Random, days: list[date]) -> None:
        self.city, self.people, self.dice, self.days = city, people, dice, days
        self.report = Report()
        self.clock = days[0]
        own = {s.code for s in package_standards()}  # the others' items come in with joint matters
        rows = [c for c in published(region="7701", on=days[0]).values_list("item_id", flat=True) if c in own]
        self.items = rows[:]
        dice.shuffle(self.items)
        self.by_user = {u: n for n, u in city.users.items()}
        self.external = {r.item_id for r in published(region="7701", on=days[0]) if r.external}

    def standards(self) -> list[Standard]:
        """The bureau's own items that are worked here, as they are on the first day."""
        return [must_be_in_force(c, region="7701", on=self.days[0]).standard for c in self.items if c not in self.external]

    @cache  # noqa: B019  (one stage lives as long as the process)
    def who(self, username: str, day: date) -> Actor:
        """Somebody in their post on a day, as after signing in."""
        actor = actor_for(self.city.postings[username], user_id=self.city.users[username], on=day, device=f"{username}-pc")
        assert actor, username
        self.report.staff.add(self.city.users[username])
        return actor

    def of_post(self, post: str, org: UUID | None, day: date) -> Actor:
        """Anybody holding a post in a hall or organisation."""
        fits = [n for n, p in self.city.post_of.items() if p == post]
        here = [n for n in fits if org is None or org in self._places(n)]
        return self.who(self.dice.choice(here or fits), day)

    @cache  # noqa: B019
    def _places(self, username: str) -> tuple[UUID | None, ...]:
        actor = actor_for(self.city.postings[username], user_id=self.city.users[username], on=self.days[0])
        assert actor, username
        return actor.hall_id, actor.org_id, actor.body_id

    @cache  # noqa: B019
    def _powers(self, org: UUID, region: str, day: date) -> dict[str, set[Power]]:
        return powers_of(org, region=region, on=day)

    # -- the day's frame ---------------------------------------------------------------------------------------------------------

    def morning(self, day: date) -> Script:
        """What the night's jobs do."""
        by = system("cases.accept")
        do.reveal_draws(by=by, now=_at(day, 0, 5))
        do.deem_accepted(by=by, now=_at(day, 0, 6))
        do.lapse_corrections(by=by, now=_at(day, 0, 7))
        yield _at(day, 8, 30)
        do.draw_waiting(by=system(), now=_at(day, 8, 30), limit=500)

    def evening(self, day: date) -> Script:
        """The root of the day."""
        do.draw_waiting(by=system(), now=_at(day, 17, 0), limit=500)
        seal_heads(now=_at(day, 23, 50))
        return
        yield

    def demand(self, summary: str, wish: str) -> Script:
        day = self.days[-1]
        person = self.dice.choice(self.people.persons)
        by = self.of_post("window-clerk", self.city.orgs["city-hall"], day)
        register_demand(
            name=self.people.names[person],
            phone="10000000000",
            person_id=person,
            wish=Wish(summary, wish),
            by=by,
            now=_at(day, 9 + self.dice.randint(0, 7)),
        )
        return
        yield

    # -- one case ------------------------------------------------------------------------------------------------------------------

    def case(self, number: int, branch: str) -> tuple[Script, datetime]:
        """The script of a case and when it begins."""
        days = self.days
        code = self.items[number % len(self.items)]
        standard = must_be_in_force(code, region="7701", on=days[0]).standard
        if branch in _SLOW:
            back = {"lapsed": 14, "deemed accepted": 8}.get(branch, self.dice.randint(12, 5 * WEEKS))
            day = days[-1 - back]
        else:
            day = days[-1] if self.dice.random() < 0.75 else self.dice.choice(days[-12:-1])
        if branch in ("corrected", "rejected", "approved") and not standard.times.instant and self.dice.random() < 0.3:
            day = days[-1 - self.dice.randint(2, 10)]
        begins = _at(day, 9, self.dice.randint(0, 420))
        return self._script(number, branch, code, standard, begins), begins

    def _counter(self, code: str, day: date) -> tuple[Actor, str]:
        """A counter that takes the item in, and the division its case belongs to."""
        dice = self.dice.random()
        if dice < 0.55:
            return self.of_post("window-clerk", self.city.orgs["city-hall"], day), "7701"
        if dice < 0.75:
            return self.of_post("window-clerk", self.city.orgs["qingxi-hall"], day), "770121"
        if dice < 0.92:
            return self.of_post("window-clerk", self.city.orgs["baishi-hall"], day), "770122"
        for username in self.dice.sample(["lj.peng", "qt.fan", "sb.fu", "zl.gao", "sw.dong", "zx.tan"], 6):
            by = self.who(username, day)
            if by.org_id and code in self._powers(by.org_id, by.region, day):
                return by, by.region
        return self.of_post("window-clerk", self.city.orgs["city-hall"], day), "7701"

    def _applicant(self, standard: Standard, by: Actor, now: datetime) -> tuple[do.Applicant, dict[str, str]]:
        if "person" in standard.applicant_kinds and ("employer" not in standard.applicant_kinds or self.dice.random() < 0.7):
            person = self.dice.choice(self.people.persons)
            return do.Applicant(person), view_person(person_id=person, by=by, now=now)
        employer = self.dice.choice(self.people.employers)
        return do.Applicant(employer, is_employer=True), view_employer(employer_id=employer, by=by, now=now)

    def _handed(self, standard: Standard, number: int, by: Actor, now: datetime, *, leave_out: bool) -> list[do.Handed]:
        """What the applicant brings: everything asked for, or all but one; some of it photographed at the window."""
        wanted = [m for m in standard.to_hand_in if not m.from_departments]
        handed = []
        for m in wanted:
            if m.required is not Required.YES:
                handed.append(do.Handed(m.code, not_applicable=True))
            elif self.dice.random() < 0.25:
                ref = store_file(content=photograph(m.name, number), declared_name=f"{m.code}.jpg", by=by, now=now)
                handed.append(do.Handed(m.code, do.Received.PHOTOGRAPHED, files=((ref, f"{m.name[:40]}.jpg"),)))
            else:
                handed.append(do.Handed(m.code, self.dice.choice([do.Received.SEEN, do.Received.PAPER])))
        asked = [h for h in handed if not h.not_applicable]
        return [h for h in handed if not (leave_out and asked and h is asked[0])]

    def _script(self, number: int, branch: str, code: str, standard: Standard, at: datetime) -> Script:
        """A case from the counter on; the branch says where its way differs."""
        day = local_date(at)
        by, region = self._counter(code, day)
        applicant, facts = self._applicant(standard, by, at)
        form = filled(standard, **prefill(standard, facts, employer=applicant.is_employer, today=day))
        self.report.items.add(code)
        asks_for_papers = any(m.required is Required.YES and not m.from_departments for m in standard.materials)
        if branch in ("corrected", "lapsed") and not asks_for_papers:
            branch = "approved"
        if code in self.external:
            branch = branch if branch in ("draft", "received") else "external"
        self.report.branches[branch] += 1
        if branch == "draft":
            case_id = do.start_case(item_code=code, applicant=applicant, region=region, by=by, now=at)
            half = dict(list(form.items())[: len(form) // 2])
            do.save_form(case_id=case_id, values=half, by=by, now=at)
            return
        leave_out = branch in ("corrected", "lapsed", "deemed accepted", "not accepted")
        materials = self._handed(standard, number, by, at, leave_out=leave_out)
        case_id = do.receive_case(item_code=code, applicant=applicant, form=form, materials=materials, region=region, by=by, now=at)
        do.fetch_shared(case_id=case_id, by=by, now=at)
        case = Case.objects.get(pk=case_id)
        hall = case.hall_id
        if branch in ("received", "deemed accepted"):
            return
        yield at + timedelta(minutes=self.dice.randint(2, 12))
        now = self._now(at, minutes=8)
        if branch == "not accepted":
            now = self._next(now)
            yield now
            do.refuse_case(
                case_id=case_id, ground=do.RefusalGround.NOT_OURS, reason="申请事项属于医疗保障部门职责，不属于本机关职权范围。",
                right_authority="云岭市医疗保障局", by=self._boss(hall, now), now=now,
            )  # fmt: skip
            return
        if branch in ("corrected", "lapsed"):
            first = next(m for m in standard.materials if m.required is Required.YES and not m.from_departments)
            clerk = self._clerk(hall, now)
            do.request_correction(case_id=case_id, missing=[do.Missing(first.code, "未提供，请补交。")], by=clerk, now=now)
            if branch == "lapsed":
                return
            now = self._next(now)
            yield now
            clerk = self._clerk(hall, now)
            do.hand_in(case_id=case_id, material=do.Handed(first.code, do.Received.PAPER), by=clerk, now=now)
            do.receive_correction(case_id=case_id, by=clerk, now=now)
        if branch == "external":
            yield from self._external(case_id, hall, now)
            return
        clerk = self._clerk(hall, now)
        do.accept_case(case_id=case_id, by=clerk, now=now)
        do.remember_form(case_id=case_id, by=clerk, now=now)
        if branch == "withdrawn":
            now = now + timedelta(minutes=40)
            yield now
            if Case.objects.get(pk=case_id).state in (State.IN_REVIEW, State.ACCEPTED):
                do.withdraw_case(case_id=case_id, reason="申请人改变主意，暂不办理", by=self._clerk(hall, now), now=now)
            return
        if branch in ("in review", "overdue"):
            return
        yield from self._handle(case_id, branch, hall, now)

    def _boss(self, hall: UUID, now: datetime) -> Actor:
        """Who supervises a counter: the shift leader of the hall, or of the bureau that answers for a town's."""
        bosses = (self.who(n, local_date(now)) for n, p in self.city.post_of.items() if p == "hall-supervisor")
        return next(b for b in bosses if hall in overseen_ids(b))

    def _clerk(self, hall: UUID, now: datetime) -> Actor:
        return self.of_post("window-clerk", hall, local_date(now))

    def _now(self, at: datetime, *, minutes: int) -> datetime:
        return at + timedelta(minutes=minutes)

    def _next(self, now: datetime, days: int = 1) -> datetime:
        """The same time on a later working day of the play, or the end of its last one."""
        later = calendar().add_working_days(local_date(now), days)
        return _at(later, 9, self.dice.randint(10, 400)) if later <= self.days[-1] else now + timedelta(minutes=25)

    def _handle(
        self, case_id: UUID, branch: str, hall: UUID, now: datetime, *, collect: Callable[[datetime], None] | None = None
    ) -> Iterator[datetime]:
        """From acceptance to the archive; ``collect`` is how the result reaches its owner, if not at a counter."""
        instant = Case.objects.get(pk=case_id).due_on == local_date(now)
        now = now + timedelta(minutes=self.dice.randint(4, 50)) if instant else self._soon(now)
        yield now
        if branch in ("suspended", "extended"):
            now = yield from self._interrupted(case_id, branch, hall, now)
        if branch == "late":
            due = Case.objects.get(pk=case_id).due_on
            while due and local_date(now) <= due and local_date(now) < self.days[-1]:
                now = self._next(now)
                yield now
        approve = branch != "rejected"
        while True:
            case = Case.objects.get(pk=case_id)
            if case.state != State.IN_REVIEW:
                if case.state != State.ACCEPTED:
                    break
                now = self._next(now)  # nobody was free; the morning draws again
                yield now
                if local_date(now) >= self.days[-1] and Case.objects.get(pk=case_id).state == State.ACCEPTED:
                    return
                continue
            step = self.open_step(case_id)
            if step is None:
                return
            if step.automatic:
                do.decide_automatically(step_id=step.pk, now=now)
                continue
            self._stage(step, approve, now)
            now += timedelta(minutes=self.dice.randint(6, 40))
            yield now
        if branch == "to issue" or Case.objects.get(pk=case_id).state not in (State.APPROVED, State.REJECTED):
            return
        issuer = self.of_post("issuer", Case.objects.get(pk=case_id).deciding_org_id, local_date(now))
        do.prepare_result(case_id=case_id, by=issuer, now=now)
        do.issue_case(case_id=case_id, by=issuer, now=now)
        if branch == "to deliver":
            return
        now += timedelta(minutes=self.dice.randint(5, 30))
        yield now
        if collect:
            collect(now)
        else:
            self._deliver(case_id, hall, now)

    def open_step(self, case_id: UUID) -> Step | None:
        """The stage of a case that is open with somebody."""
        return Step.objects.filter(case_id=case_id, state="open").exclude(kind__in=["accept", "issue", "deliver"]).first()

    def _soon(self, now: datetime) -> datetime:
        """When a reviewer comes to it: the same day or the next ones."""
        return (
            self._next(now, self.dice.choice([1, 1, 2, 3]))
            if self.dice.random() < 0.4
            else now + timedelta(minutes=self.dice.randint(30, 180))
        )

    def _interrupted(self, case_id: UUID, branch: str, hall: UUID, now: datetime) -> Generator[datetime, None, datetime]:
        case = Case.objects.get(pk=case_id)
        if case.state != State.IN_REVIEW:
            return now
        boss = self._boss(hall, now)
        if branch == "extended":
            self._extend(case, boss, now)
            return now
        step = Step.objects.filter(case_id=case_id, state="open").exclude(user_id=None).first()
        if step is None or step.user_id is None:
            return now
        reviewer = self.who(self.by_user[step.user_id], local_date(now))
        asked = do.ask(
            step_id=step.pk, what="suspend", ground="expert_review", reason="申报内容专业性强，需组织专家评审", until=local_date(now) + timedelta(days=10),
            by=reviewer, now=now,
        )  # fmt: skip
        do.settle_ask(ask_id=asked, grant=True, answer="同意", by=boss, now=now + timedelta(minutes=1))
        now = self._next(now, self.dice.randint(3, 7))
        yield now
        boss = self._boss(hall, now)
        do.resume_case(case_id=case_id, reason="专家评审已完成", by=boss, now=now)
        now += timedelta(minutes=30)
        yield now
        return now

    def _extend(self, case: Case, boss: Actor, now: datetime) -> None:
        """More time while there is some: for the promise where the law leaves room, else for the statutory limit if it may be."""
        today = local_date(now)
        if case.due_on is None or not local_date(case.accepted_at or now) < case.due_on or today > case.due_on:
            return
        try:
            do.extend_case(
                case_id=case.pk, kind=ClockKind.PROMISED, add=2, reason="需要向外地经办机构核实缴费记录", by=boss, now=now
            )
        except do.ExtensionNotProvided:
            standard = must_be_in_force(case.item_code, region=case.region, on=today).standard
            if standard.times.extension and case.statutory_due_on and today <= case.statutory_due_on:
                leader = self.of_post("bureau-leader", None, today)
                do.extend_case(case_id=case.pk, kind=ClockKind.STATUTORY, add=5, reason="案情复杂", by=leader, now=now)

    def _stage(self, step: Step, approve: bool, now: datetime) -> None:
        """One reviewer's work on one stage: settle what the bureau owes, then say what they think."""
        assert step.user_id
        by = self.who(self.by_user[step.user_id], local_date(now))
        assert my_steps(by=by).filter(pk=step.pk).exists()
        standard = must_be_in_force(step.case.item_code, region=step.case.region, on=local_date(now)).standard
        for material in step.case.materials.filter(state="owed"):
            if self.dice.random() < 0.85:
                do.settle_material(
                    step_id=step.pk, code=material.code, verified=True, note="经共享平台人工查询核验一致", by=by, now=now
                )
        links = [link.name for link in standard.plan.stages[step.ordinal - 1].links]
        if step.kind == "decide":
            grounds = do.Grounds(
                facts="经审查，申请人提交的材料齐全，所述情况属实。" if approve else "经核查，申请人参保缴费记录与申报情况不一致。",
                reasons="符合规定条件。" if approve else "不符合该事项规定的办理条件。",
            )
            do.decide_case(step_id=step.pk, approve=approve, grounds=grounds, links_done=links, by=by, now=now)
        else:
            do.give_opinion(
                step_id=step.pk,
                approve=approve,
                opinion="材料属实，建议通过" if approve else "条件不符，建议不予办理",
                links_done=links,
                by=by,
                now=now,
            )

    def _deliver(self, case_id: UUID, hall: UUID, now: datetime) -> None:
        case = Case.objects.get(pk=case_id)
        by = self._clerk(hall, now)
        name = self.people.names[case.applicant_id]
        way = self.dice.random()
        if way < 0.55:
            ref = store_file(
                content=signature(case.receipt_tries + int(case.pk) % 97), declared_name="signature.png", by=by, now=now
            )
            method, proof = do.DeliveryMethod.WINDOW, do.Proof(signature_file_id=ref.id)
        elif way < 0.75:
            assert case.receipt_code
            method, proof = do.DeliveryMethod.WINDOW, do.Proof(receipt_code=case.receipt_code.open())
        elif way < 0.88:
            method, proof = do.DeliveryMethod.POST, do.Proof(tracking_number=f"EMS{int(case.pk) % 10**10:010d}")
        else:
            method, proof = do.DeliveryMethod.ELECTRONIC, do.Proof()
        do.deliver_case(case_id=case_id, method=method, recipient=name, proof=proof, by=by, now=now)
        do.close_case(case_id=case_id, now=now + timedelta(seconds=5))

    def _external(self, case_id: UUID, hall: UUID, now: datetime) -> Iterator[datetime]:
        """An item handled in another system: its acts, recorded by hand by different people."""
        act = do.ExternalAct
        do.record_external(
            case_id=case_id, act=act.ACCEPT, external_number=f"EXT{int(case_id) % 10**8:08d}", by=self._clerk(hall, now), now=now
        )
        case = Case.objects.get(pk=case_id)
        reviewers = [
            name for name, post in self.city.post_of.items()
            if post == "reviewer" and (org := self._places(name)[1])
            and Power.DECIDE in self._powers(org, case.region, local_date(now)).get(case.item_code, set())
        ]  # fmt: skip
        one, two = (self.who(name, local_date(now)) for name in self.dice.sample(reviewers, 2))
        now += timedelta(minutes=20)
        yield now
        do.record_external(case_id=case_id, act=act.TAKE_OVER, by=one, now=now)
        now += timedelta(minutes=30)
        yield now
        do.record_external(case_id=case_id, act=act.REVIEW, approve=True, by=two, now=now)
        issuer = self.of_post("issuer", Case.objects.get(pk=case_id).deciding_org_id, local_date(now))
        do.record_external(case_id=case_id, act=act.ISSUE, by=issuer, now=now + timedelta(minutes=5))
        now += timedelta(minutes=20)
        yield now
        self._deliver(case_id, hall, now)

    # -- what it came to -----------------------------------------------------------------------------------------------------------

    def told(self, days: list[date], cases: int) -> dict[str, Any]:
        states = Counter(Case.objects.values_list("state", flat=True))
        outcomes = clock_outcomes()
        end = _at(days[-1], 18)
        open_late = Case.objects.filter(state__in=[State.IN_REVIEW, State.ACCEPTED], due_on__lt=local_date(end)).count()
        decided = outcomes.get(ClockKind.PROMISED, Counter())
        return {
            "cases": sum(states.values()), "items": len(self.report.items), "staff": len(self.report.staff),
            "first": days[0].isoformat(), "last": days[-1].isoformat(), "days": [d.isoformat() for d in days],
            "accepted": Case.objects.exclude(accepted_at=None).count(), "on_time": decided["met"], "decided": decided["met"] + decided["late"],
            "overdue": open_late, "states": {State(s).label: n for s, n in sorted(states.items(), key=lambda x: -x[1])},
            "branches": dict(self.report.branches.most_common()),
        }  # fmt: skip
