"""Granting benefits in tests: people who are due one, a run over them, and the way of a list through all hands."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from linli.domains.benefits import commands
from linli.domains.benefits.queries import AnswerState, FilePurpose, GrantState, Told, bank_answer, grants_of, pay_batch
from linli.domains.people.commands import register_person
from linli.domains.people.queries import Gender, IdType
from linli.kernel.actors import Actor, system
from linli.kernel.ids import uuid7
from linli.kernel.text import joined, msg
from linli.testing.rosters import someone
from linli.testing.story import at
from linli.testing.world import BUILDER, COUNTY, World

POLICY = "na-unemployed-medical"
NOW, DAY = at("2026-03-02 10:00"), date(2026, 3, 2)
AFTER = NOW + timedelta(days=10)  # the window of five working days is over
JOB = system()
SEND = FilePurpose.SEND
WINDOW = Actor(user_id=uuid7(), device="test", permissions=frozenset({"people.register"}))


def due(people: Iterable[UUID], *, region: str = COUNTY, on: date = DAY) -> None:
    """Let the facts say that some people draw unemployment benefit and have no work, as a register that was loaded whole does."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO benefits_person_facts (subject_id, region, receiving_unemployment, on_job_insured, seen_benefits, seen_contributions) "
            "VALUES (%s, %s, true, false, %s, %s)",
            [(person, region, on, on) for person in people],
        )


def account_number(n: int) -> str:
    """An account that no check refuses."""
    return f"80{n:010d}"


def known(n: int, *, account: bool = True, now: datetime = NOW) -> UUID:
    """Somebody whom the register of people knows, with an account."""
    person = register_person(
        name=f"待遇{n:03d}", id_type=IdType.CITIZEN, id_number=someone(n), gender=Gender.MALE, phone="", address="", region=COUNTY,
        by=BUILDER, now=now,
    )  # fmt: skip
    if account:
        wants(person, account_number(n), now=now)
    return person


def wants(person: UUID, number: str, *, now: datetime = NOW) -> None:
    """Somebody wants to be paid into an account."""
    commands.give_account(party_id=person, bank="示例银行", account=number, told=Told.COUNTER, by=WINDOW, now=now)


@dataclass(frozen=True, slots=True)
class Hands:
    """Who makes, agrees, pays and looks into it."""

    maker: Actor
    second: Actor
    payer: Actor
    auditor: Actor


def hands(world: World) -> Hands:
    return Hands(*(world.actor(n) for n in ("benefits", "second-policies", "payments", "auditor")))


def scanned(who: Hands, *, policy: str = POLICY, on: date = DAY, now: datetime = NOW) -> UUID:
    """A finished run."""
    run_id = commands.start_run(on=on, region="7701", policies=[policy], by=who.maker, now=now)
    commands.freeze_run(run_id=run_id, by=JOB, now=now)
    commands.scan_run(run_id=run_id)
    commands.finish_run(run_id=run_id, by=JOB, now=now)
    return run_id


def listed(who: Hands, run_id: UUID, *, policy: str = POLICY, region: str = "", now: datetime = NOW) -> UUID:
    """A list that a second officer can agree to: what the job does is done."""
    list_id = commands.make_list(run_id=run_id, policy=policy, region=region, by=who.maker, now=now)
    commands.fill_list(list_id=list_id, by=JOB, now=now)
    return list_id


def published(who: Hands, run_id: UUID, *, policy: str = POLICY, now: datetime = NOW) -> UUID:
    """A list that is open to objections."""
    list_id = listed(who, run_id, policy=policy, now=now)
    commands.agree_list(list_id=list_id, by=who.second, now=now)
    commands.publish_list(list_id=list_id, by=who.maker, now=now)
    return list_id


def closed(who: Hands, run_id: UUID, *, now: datetime = NOW) -> UUID:
    """A list whose window is over, with its cases made."""
    list_id = published(who, run_id, now=now)
    work(now=now + timedelta(days=10))
    return list_id


def work(*, now: datetime) -> None:
    """What the job does that runs every ten minutes."""
    while commands.close_windows(by=JOB, now=now):
        pass
    while commands.make_cases(by=JOB, now=now):
        pass


def sent(who: Hands, *, policy: str = POLICY, now: datetime = AFTER) -> UUID:
    """A batch that went to the bank."""
    batch_id = batched(who, policy=policy, now=now)
    agreed(who, batch_id, now=now)
    return batch_id


def batched(who: Hands, *, policy: str = POLICY, list_id: UUID | None = None, now: datetime = AFTER) -> UUID:
    """A batch to which a second officer can agree: what the job does is done."""
    batch_id = commands.make_batch(policy=policy, list_id=list_id, by=who.payer, now=now)
    commands.fill_batch(batch_id=batch_id, by=JOB, now=now)
    return batch_id


def agreed(who: Hands, batch_id: UUID, *, now: datetime = AFTER) -> str:
    """It is agreed to, and entered; gives the digest of its file."""
    commands.agree_batch(batch_id=batch_id, by=who.second, now=now)
    commands.send_batch(batch_id=batch_id, by=JOB, now=now)
    return pay_batch(batch_id, by=who.second).digest


def payments_in(content: bytes) -> tuple[str, list[tuple[str, str]]]:
    """The number of a batch, and reference and amount of each payment, as a bank reads them out of the file."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    return rows[0][2], [(row[2], row[6]) for row in rows if row[0] == "D"]


def answer(number: str, rows: Sequence[tuple[str, str]], *, returned: Mapping[str, str] | None = None, on: date = DAY) -> bytes:
    """What a bank says: paid, but for the references that were sent back with a reason."""
    back, sums = returned or {}, {True: 0, False: 0}
    out = io.StringIO()
    told = csv.writer(out, lineterminator="\n")
    told.writerow(["H", "LINLI-ANSWER-1", number])
    for reference, amount in rows:
        paid = reference not in back
        sums[paid] += int(amount.replace(".", ""))
        told.writerow(["D", reference, amount, "PAID" if paid else "RETURNED", on.isoformat(), back.get(reference, "")])
    told.writerow(["T", len(rows), *(f"{fen // 100}.{fen % 100:02d}" for fen in sums.values())])
    return out.getvalue().encode()


def taken_in(content: bytes, *, by: Actor, now: datetime = AFTER, size: int = 5_000) -> dict[str, int]:
    """What a file of the bank changed: what the job does is done. Raises :class:`AnswerWrong` where nothing of it was taken in."""
    answer_id = commands.take_in_answer(content=io.BytesIO(content), by=by, now=now)
    before = bank_answer(answer_id, by=by).counts
    commands.enter_answer(answer_id=answer_id, size=size, by=JOB, now=now)
    row = bank_answer(answer_id, by=by)
    if row.state == AnswerState.REFUSED:
        said = joined([msg("第 %(line)s 行：%(what)s；", line=line, what=what) for line, what in row.problems])
        raise commands.AnswerWrong(field="file", what=said)
    assert row.state == AnswerState.DONE
    return {name: number - before.get(name, 0) for name, number in row.counts.items()}


def states(list_id: UUID, by: Actor) -> dict[str, int]:
    """How many grants of a list stand how."""
    found: dict[str, int] = {}
    for state in GrantState:
        if number := grants_of(list_id, by=by, state=state).count():
            found[state.value] = number
    return found


def strangers(number: int) -> list[UUID]:
    """Ids of people whom the register does not know."""
    return [uuid7() for _ in range(number)]
