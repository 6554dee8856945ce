"""What reaches people of the demonstration without an application: two scans three weeks apart, a list agreed to, published, objected to
and paid, with payments that come back; on the last day a list that is open to objections and one that waits for a second officer. Signs
of death of three people are looked into: payment is held back from two, of whom one turns up; the third waits for a second officer.

It goes through the commands that the pages use. What jobs do in a running hall is done when it would be due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import partial
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from linli.cli.sandbox.bank import answer, references
from linli.domains.benefits import commands as do
from linli.domains.benefits.queries import (
    FilePurpose,
    Finding,
    GrantState,
    LineState,
    ReachOutcome,
    Told,
    bank_answer,
    certifications,
    entitled,
    grants_of,
    kept_account,
    pay_lines,
    visits,
)
from linli.kernel.actors import Actor, Channel, system
from linli.kernel.calendar import SHANGHAI, local_date
from linli.kernel.ids import uuid7

if TYPE_CHECKING:
    from linli.cli.demo.day import Script, _Stage
    from linli.cli.demo.online import Residents

MAKES, AGREES, PAYS, CERTIFIES = "bao.hui", "fu.he", "fu.kuan", "ren.zheng"
WHERE = "7701"
PAID, OPEN, WAITING = "na-unemployed-medical", "na-flexible-social-subsidy", "na-disability-benefit"
PORTAL = "portal.use"
UNCONFIRMED = 5  # every so many have not said yet where they want to be paid
NEXT = 3  # of these have come since and said it: the next batch is theirs
_JOB = system()


class Benefits:
    """The scripts of it, and what it came to."""

    def __init__(self, stage: _Stage, residents: Residents) -> None:
        self.stage, self.residents, self.told = stage, residents, Counter[str]()
        self.first: UUID

    def scripts(self) -> Iterator[tuple[datetime, Script]]:
        """Each with the time it begins."""
        yield self._at(28, 9), self._held_back()
        yield self._at(16, 9), self._paid()
        yield self._at(0, 9, 5), self._today()

    def _at(self, back: int, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(self.stage.days[-1 - back], time(hour, minute), SHANGHAI)

    def _who(self, name: str, now: datetime) -> Actor:
        return self.stage.who(name, local_date(now))

    def _scan(self, now: datetime) -> UUID:
        run_id = do.start_run(on=local_date(now), region=WHERE, by=self._who(MAKES, now), now=now)
        do.freeze_run(run_id=run_id, by=_JOB, now=now)
        do.scan_run(run_id=run_id)
        do.finish_run(run_id=run_id, by=_JOB, now=now + timedelta(minutes=4))
        self.told["scans"] += 1
        return run_id

    def _list(self, run_id: UUID, policy: str, now: datetime) -> UUID:
        list_id = do.make_list(run_id=run_id, policy=policy, by=self._who(MAKES, now), now=now)
        do.fill_list(list_id=list_id, by=_JOB, now=now)
        return list_id

    def _publish(self, list_id: UUID, now: datetime) -> None:
        do.agree_list(list_id=list_id, by=self._who(AGREES, now), now=now)
        do.publish_list(list_id=list_id, by=self._who(MAKES, now), now=now + timedelta(minutes=20))
        self.told["lists published"] += 1

    def _paid(self) -> Script:
        """A list from the scan to the bank's answers."""
        now = self._at(16, 9)
        self.first = self._scan(now)
        list_id = self._list(self.first, PAID, now + timedelta(minutes=30))
        yield (now := self._at(16, 15))
        self._publish(list_id, now)
        yield (now := self._at(14, 10))
        by = self._who(AGREES, now)
        first = grants_of(list_id, by=by).order_by("number")[0]
        clerk = self.stage.of_post("window-clerk", self.stage.city.orgs["city-hall"], local_date(now))
        objects = partial(do.object_to, list_id=list_id, name="马邻居", contact="10000000031", by=clerk)
        working = objects(text="这个人上个月已经上班了。", grant_id=first.pk, now=now)
        left_out = objects(text="我也在领失业金，名单上没有我。", now=now + timedelta(minutes=2))
        yield (now := self._at(13, 10))
        do.settle_objection(objection_id=working, upheld=True, reasons="经核实已重新就业参保，不再符合条件。", by=by, now=now)
        do.settle_objection(objection_id=left_out, upheld=False, reasons="您的失业保险金已于上月领取期满。", by=by, now=now)
        self.told["objections"] += 2
        yield (now := self._at(10, 1))
        while do.close_windows(by=_JOB, now=now):
            pass
        while do.make_cases(by=_JOB, now=now):
            pass
        self.told["grants"] = grants_of(list_id, by=by).exclude(case=None).count()
        yield (now := self._at(10, 8))
        for n, person in enumerate(g.payee_id for g in grants_of(list_id, by=by).exclude(case=None).order_by("number")):
            mine = Actor(
                user_id=uuid7(), device="demo", channel=Channel.ONLINE, permissions=frozenset({PORTAL}), resident_id=person
            )
            if n % UNCONFIRMED and kept_account(person):
                do.confirm_account(party_id=person, by=mine, now=now)
            elif n % UNCONFIRMED:
                do.give_account(party_id=person, bank="云岭示例银行", account=f"8078{n:08d}", by=mine, now=now)
        yield (now := self._at(10, 9))
        batch_id = self._send(now, spoilt=2)
        yield (now := self._at(7, 9))
        payer = self._who(PAYS, now)
        for n, line in enumerate(pay_lines(batch_id, by=payer, state=LineState.RETURNED)):
            do.give_account(
                party_id=line.grant.payee_id, bank="云岭示例银行", account=f"8077{n:08d}", told=Told.PAPER, by=payer, now=now
            )
        self._send(now + timedelta(hours=1), spoilt=0)
        yield (now := self._at(1, 15))
        clerk = self.stage.of_post("window-clerk", self.stage.city.orgs["city-hall"], local_date(now))
        for n, grant in enumerate(grants_of(list_id, by=by).filter(state=GrantState.DUE).order_by("number")[:NEXT]):
            do.give_account(
                party_id=grant.payee_id, bank="云岭示例银行", account=f"8076{n:08d}", told=Told.COUNTER, by=clerk, now=now
            )
            self.told["ready to pay"] += 1

    def _send(self, now: datetime, *, spoilt: int) -> UUID:
        """Everything owed goes to the bank, which answers the next morning and sends some of it back."""
        payer = self._who(PAYS, now)
        batch_id = do.make_batch(policy=PAID, by=payer, now=now)
        do.fill_batch(batch_id=batch_id, by=_JOB, now=now)
        do.agree_batch(batch_id=batch_id, by=self._who(AGREES, now), now=now + timedelta(hours=1))
        do.send_batch(batch_id=batch_id, by=_JOB, now=now + timedelta(hours=1))
        file = do.payment_file(batch_id=batch_id, purpose=FilePurpose.SEND, by=payer, now=now + timedelta(hours=2)).content
        then = now + timedelta(days=1)
        told = answer(file, returned=set(islice(references(file), spoilt)), on=local_date(then))
        answer_id = do.take_in_answer(content=BytesIO(told), by=payer, now=then)
        do.enter_answer(answer_id=answer_id, by=_JOB, now=then)
        counts = bank_answer(answer_id, by=payer).counts
        do.tell_of_answers(batch_id=batch_id, answered_at=then, by=_JOB, now=then)
        self.told.update({"payments": counts["paid"], "payments sent back": counts["returned"]})
        return batch_id

    def _held_back(self) -> Script:
        """Three of whom signs of death were reported are looked into: one died, one was not found and comes to the bureau later."""
        now = self._at(28, 9)
        doubted = certifications(by=self._who(CERTIFIES, now), on=local_date(now)).exclude(signal="")
        died, missed, waits = doubted.order_by("signal", "id").values_list("pk", flat=True)[:3]
        for certification_id in (died, missed, waits):
            do.open_inquiry(certification_id=certification_id, reason="有关部门报告本人去世", by=self._who(CERTIFIES, now), now=now)
        yield (now := self._at(27, 10))
        officer = self._who(CERTIFIES, now)
        for certification_id, seen, finding, ground in (
            (died, ReachOutcome.DIED, Finding.DEAD, "家属当面说明，并交来死亡证明。"),
            (missed, ReachOutcome.NOT_FOUND, Finding.LOST, "走访没有找到本人，邻居说半年没有见过，电话已经停机。"),
            (waits, ReachOutcome.NOT_FOUND, Finding.LOST, "走访没有找到本人，登记的住处已经拆迁。"),
        ):
            visit = visits(by=officer).get(certification=certification_id)
            do.note_reach(reach_id=visit.pk, outcome=seen, by=officer, now=now)
            do.conclude_inquiry(certification_id=certification_id, finding=finding, ground=ground, by=officer, now=now)
        for certification_id in (died, missed):
            do.propose_suspension(certification_id=certification_id, reason="核实后不能确认领取资格。", by=officer, now=now)
        yield (now := self._at(26, 15))
        for certification_id in (died, missed):
            do.agree_suspension(certification_id=certification_id, by=self._who(AGREES, now), now=now)
            self.told["suspended"] += 1
        yield (now := self._at(1, 10))
        do.propose_suspension(certification_id=waits, reason="核实后不能确认领取资格。", by=self._who(CERTIFIES, now), now=now)
        yield self._at(0, 8, 45)
        now = datetime.now(UTC)  # the extracts were heard today: what is found before settles none of their reports
        officer = self._who(CERTIFIES, now)
        do.open_inquiry(certification_id=missed, reason="本人来电说在外地子女家", by=officer, now=now)
        ground = "视频见到本人，核对了证件，本人一直住在外地子女家。"
        do.conclude_inquiry(certification_id=missed, finding=Finding.ALIVE, ground=ground, by=officer, now=now)
        self.told["resumed"] += 1
        found = certifications(by=officer, on=local_date(now)).get(pk=missed).person_id
        self.residents.account(found, self._at(0, 9))
        self.residents.tell_of(found, "a pension was held back and goes on, with both papers")

    def _today(self) -> Script:
        """The last day: reminders of certification, a scan to compare with the one before, a list open to objections and one to agree to."""
        now = self._at(0, 8, 30)
        while do.climb(by=_JOB, now=now):
            pass
        yield (now := self._at(0, 9, 5))
        self._news(now)
        run_id = self._scan(now)
        list_id = self._list(run_id, OPEN, now + timedelta(minutes=10))
        self._publish(list_id, now + timedelta(minutes=40))
        self._list(run_id, WAITING, now + timedelta(hours=2))
        somebody = grants_of(list_id, by=self._who(MAKES, now)).order_by("number")[0].payee_id
        self.residents.account(somebody, now + timedelta(hours=3))
        self.residents.tell_of(somebody, "gets a subsidy without having applied, and may object to the published list")

    def _news(self, now: datetime) -> None:
        """What registers tell since the last scan: some have work again, some lost it."""
        by, people = system("benefits.learn"), self.stage.people
        on = local_date(datetime.now(UTC))  # of the day of the extracts: an older message undoes nothing
        drawing = {row.subject_id for row in entitled(self.first, PAID, by=self._who(MAKES, now), size=1000).rows}
        young = (p for p in people.persons if on.year - 45 < int(people.numbers[p][6:10]) < on.year - 25)
        working, lost = islice(drawing, 4), islice((p for p in young if p not in drawing), 5)
        for draws, some in ((False, working), (True, lost)):
            for person in some:
                for source, value in (
                    ("benefits", {"receiving_unemployment": draws}),
                    ("contributions", {"on_job_insured": not draws}),
                ):
                    do.learn(subject="person", subject_id=person, source=source, values=value, on=on, by=by, now=now)
