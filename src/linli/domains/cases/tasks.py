"""Background work of the room; every task is safe to repeat and is given ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from linli.domains.cases import commands
from linli.domains.org.queries import forget_calendars
from linli.kernel.actors import system
from linli.kernel.jobs import defer, periodic, task


def _now() -> datetime:
    return datetime.now(UTC)


@task(name="cases.close_case", retry=5, priority=-5)
def close_case(case_id: str) -> None:
    """Close a delivered case and write its cover. Nobody waits for it, and there may be very many at once."""
    commands.close_case(case_id=UUID(case_id), now=_now())


@task(name="cases.finish_ex_officio", queue="papers", retry=5)
def finish_ex_officio(case_id: str, by_hand: bool = False) -> None:
    """Seal and deliver the result of a case that the bureau began by itself."""
    commands.finish_ex_officio(case_id=UUID(case_id), by_hand=by_hand, now=_now())


@task(name="cases.finish_many", queue="papers", retry=5, priority=-10)
def finish_many(case_ids: list[str]) -> None:
    """Seal and deliver the results of some of very many such cases; whatever else waits in the queue goes first."""
    commands.finish_many(case_ids=[UUID(i) for i in case_ids], now=_now())


@task(name="cases.hand_on", retry=5)
def hand_on(chain_id: str, seq: int) -> None:
    """A case gave its result, or will not: begin the parts of its joint matter that waited for it."""
    commands.hand_on(case_id=UUID(chain_id), now=_now())


@task(name="cases.decide_automatically", retry=5)
def decide_automatically(step_id: str) -> None:
    """Do a stage that the standard marks as the system's own."""
    commands.decide_automatically(step_id=UUID(step_id), now=_now())


@task(name="cases.seal_notice", queue="papers", retry=5)
def seal_notice(document_id: str) -> None:
    """Seal a notice that was composed."""
    commands.seal_notice(document_id=UUID(document_id), by=system("documents.seal"), now=_now())


@task(name="cases.tell", retry=10)
def tell(chain_id: str, seq: int) -> None:
    """Tell the applicant of an act."""
    commands.tell(case_id=UUID(chain_id), seq=seq, by=system(), now=_now())


@task(name="cases.ask_departments", queue="exchange", retry=5)
def ask_departments(case_id: str, user_id: str | None) -> None:
    """Ask other departments for what a case needs from them."""
    commands.ask_departments(case_id=UUID(case_id), user_id=UUID(user_id) if user_id else None, now=_now())


@task(name="cases.take_in_shared", queue="exchange", retry=5)
def take_in_shared(chain_id: str, seq: int) -> None:
    """A source answered: the case has the material."""
    commands.take_in_shared(case_id=UUID(chain_id), now=_now())


@periodic(cron="*/15 * * * *")
@task(name="cases.mind_sources", queue="exchange", queueing_lock="cases.mind_sources")
def mind_sources(timestamp: int) -> None:
    """Come back to cases whose sources were connected later, and leave those that are over."""
    commands.mind_sources(now=_now())


@task(name="cases.archive_tonight", retry=5)
def archive_tonight(chain_id: str, seq: int) -> None:
    """A case is over: put it away when the night's root is sealed."""
    defer("cases.archive", at=commands.archive_moment(_now()), case_id=chain_id)


@task(name="cases.archive", queue="papers", retry=5)
def archive(case_id: str) -> None:
    """Keep the electronic file of a case."""
    commands.archive_case(case_id=UUID(case_id), by=system(), now=_now())


@task(name="cases.archive_paper", queue="papers", retry=5)
def archive_paper(chain_id: str, seq: int) -> None:
    """A paper changed after its case was put away."""
    commands.archive_again(case_id=UUID(chain_id), by=system(), now=_now())


@task(name="cases.forget_contents", retry=5)
def forget_contents(chain_id: str, seq: int) -> None:
    """The electronic file of a case was destroyed."""
    commands.forget_contents(package_id=UUID(chain_id), seq=seq, by=system(), now=_now())


@task(name="cases.calendar_loaded", retry=3)
def calendar_loaded(chain_id: str, seq: int) -> None:
    """A calendar notice arrived: derive every running clock anew, and once more when every process has read the notice."""
    reproject_open()
    defer("cases.reproject_open", at=_now() + timedelta(seconds=15))


@task(name="cases.reproject_open", retry=3)
def reproject_open() -> None:
    """Derive every running clock anew."""
    forget_calendars()
    commands.reproject_open(by=system(), now=_now())


@task(name="cases.run_roster", retry=10)
def run_roster(roster_id: str) -> None:
    """Make the cases of a roster, some batches at a time."""
    commands.run_roster(roster_id=UUID(roster_id), now=_now())


@periodic(cron="*/3 * * * *")
@task(name="cases.rosters", queueing_lock="cases.rosters")
def rosters(timestamp: int) -> None:
    """Take up rosters whose worker was killed."""
    commands.sweep_rosters(now=_now())


@task(name="cases.ask_for_check", retry=5)
def ask_for_check(commitment_id: str) -> None:
    """Ask a department about what was committed to."""
    commands.ask_for_check(commitment_id=UUID(commitment_id), by=system(), now=_now())


@periodic(cron="*/10 * * * *")
@task(name="cases.checks", queueing_lock="cases.checks")
def checks(timestamp: int) -> None:
    """Settle what departments have answered, and find somebody for each check that has nobody."""
    commands.settle_answered(by=system(), now=_now())
    commands.find_checkers(by=system(), now=_now())


@periodic(cron="*/2 * * * *")
@task(name="cases.draw_waiting", queueing_lock="cases.draw_waiting")
def draw_waiting(timestamp: int) -> None:
    """Come back to stages that found nobody."""
    commands.draw_waiting(by=system(), now=_now())


@periodic(cron="5 16 * * *")  # the queue counts in UTC: five past midnight in China
@task(name="cases.daily", queueing_lock="cases.daily", retry=3)
def daily(timestamp: int) -> None:
    """What a new day brings."""
    now, by = _now(), system()
    commands.commit_draws(by=by, now=now)
    commands.reveal_draws(by=by, now=now)
    commands.deem_accepted(by=by, now=now)
    commands.lapse_corrections(by=by, now=now)
    commands.lapse_drafts(by=by, now=now)
    commands.lapse_pending(by=by, now=now)
    commands.forget_rosters(now=now)
    commands.file_answers(now=now)
    commands.remind_pending(by=by, now=now)
    commands.note_overdue(by=by, now=now)
    commands.reproject_open(by=by, now=now, provisional_only=True)
