"""Background work of the room; every task is safe to repeat and is given ids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from linli.domains.benefits import commands
from linli.domains.trace.queries import timeline
from linli.kernel.actors import system
from linli.kernel.errors import LinliError
from linli.kernel.jobs import periodic, task


def _now() -> datetime:
    return datetime.now(UTC)


@task(name="benefits.perform_run", queue="scans", retry=3)
def perform_run(run_id: str) -> None:
    """Make a scan. What cannot be helped by trying again is said on its page; anything else is also tried again."""
    run, by = UUID(run_id), system()
    with commands.only_here(run):
        try:
            commands.freeze_run(run_id=run, by=by, now=_now())
            commands.scan_run(run_id=run)
            commands.finish_run(run_id=run, by=by, now=_now())
        except LinliError as error:
            commands.fail_run(run_id=run, why=str(error.message), by=by, now=_now())
        except Exception as error:
            commands.fail_run(run_id=run, why=type(error).__name__, by=by, now=_now())
            raise


@task(name="benefits.perform_audit", queue="scans", retry=3)
def perform_audit(run_id: str, audit_id: str) -> None:
    """Reckon a scan again. A file that is not what it was is told; anything else is also tried again."""
    run, audit, by = UUID(run_id), UUID(audit_id), system()
    with commands.only_here(audit):
        try:
            commands.perform_audit(run_id=run, audit_id=audit, by=by, now=_now())
        except LinliError as error:
            commands.fail_audit(run_id=run, audit_id=audit, why=str(error.message), by=by, now=_now())
        except Exception as error:
            commands.fail_audit(run_id=run, audit_id=audit, why=type(error).__name__, by=by, now=_now())
            raise


@task(name="benefits.fill_list", queue="scans", retry=3)
def fill_list(list_id: str) -> None:
    """Make a list that was asked for. What cannot be helped by trying again is said on its page; anything else is also tried again."""
    made, by = UUID(list_id), system()
    try:
        commands.fill_list(list_id=made, by=by, now=_now())
    except LinliError as error:
        commands.fail_list(list_id=made, why=error, by=by, now=_now())
    except Exception:
        commands.fail_list(list_id=made, by=by, now=_now())
        raise


@task(name="benefits.fill_batch", queue="scans", retry=3)
def fill_batch(batch_id: str) -> None:
    """Put the payments into a batch that was asked for; see :func:`fill_list`."""
    _on_batch(batch_id, commands.fill_batch)


@task(name="benefits.send_batch", queue="scans", retry=3)
def send_batch(batch_id: str) -> None:
    """Enter the payments of a batch that was agreed to."""
    _on_batch(batch_id, commands.send_batch)


def _on_batch(batch_id: str, work: Callable[..., None]) -> None:
    batch, by = UUID(batch_id), system()
    try:
        work(batch_id=batch, by=by, now=_now())
    except LinliError as error:
        commands.fail_batch(batch_id=batch, why=error, by=by, now=_now())
    except Exception:
        commands.fail_batch(batch_id=batch, by=by, now=_now())
        raise


@task(name="benefits.enter_answer", queue="scans", retry=3)
def enter_answer(answer_id: str) -> None:
    """Check what the bank answered, and enter it; see :func:`fill_list`."""
    answer, by = UUID(answer_id), system()
    try:
        commands.enter_answer(answer_id=answer, by=by, now=_now())
    except LinliError as error:
        commands.fail_answer(answer_id=answer, why=error, by=by, now=_now())
    except Exception:
        commands.fail_answer(answer_id=answer, by=by, now=_now())
        raise


@task(name="benefits.drop_withdrawn", queue="scans", retry=5)
def drop_withdrawn(batch_id: str) -> None:
    """Let the rest of the grants be owed again whose batch was taken back."""
    while commands.drop_withdrawn(batch_id=UUID(batch_id), now=_now()):
        pass


@task(name="benefits.void_withdrawn", queue="scans", retry=5)
def void_withdrawn(list_id: str) -> None:
    """Make the rest of a list void that was taken back."""
    while commands.void_withdrawn(list_id=UUID(list_id)):
        pass


@task(name="benefits.project_person", retry=5)
def project_person(chain_id: str, seq: int) -> None:
    """The register of people says something new of somebody."""
    commands.project_person(person_id=UUID(chain_id), now=_now())


@task(name="benefits.project_answers", retry=5)
def project_answers(chain_id: str, seq: int) -> None:
    """A source answered for a case."""
    commands.project_answers(case_id=UUID(chain_id), now=_now())


@task(name="benefits.project_case", retry=5)
def project_case(chain_id: str, seq: int) -> None:
    """A case was closed."""
    commands.project_case(case_id=UUID(chain_id), now=_now())


@task(name="benefits.project_all", retry=5)
def project_all(of: str, after: str | None) -> None:
    """Go through some of all that may tell something, then the next."""
    commands.project_on(of=of, after=UUID(after) if after else None, now=_now())


@periodic(cron="30 17 * * *")  # the queue counts in UTC: half past one at night in China
@task(name="benefits.project_tonight", queueing_lock="benefits.project_tonight")
def project_tonight(timestamp: int) -> None:
    """Every night everything once more."""
    commands.project_everything()


@periodic(cron="*/5 * * * *")
@task(name="benefits.weigh_news", queueing_lock="benefits.weigh_news")
def weigh_news(timestamp: int) -> None:
    """Weigh what was heard of people's lives and deaths since the last time."""
    by = system("benefits.learn")
    while commands.weigh_news(by=by, now=_now()):
        pass


@periodic(cron="20 18 * * *")  # the queue counts in UTC: at night in China
@task(name="benefits.enrol", queueing_lock="benefits.enrol")
def enrol(timestamp: int) -> None:
    """Let certifications follow who receives a benefit."""
    by, after = system("benefits.learn"), None
    while after := commands.enrol(after=after, by=by, now=_now()):
        pass


@periodic(cron="30 1 * * *")  # in the morning in China
@task(name="benefits.climb", queueing_lock="benefits.climb")
def climb(timestamp: int) -> None:
    """Take the steps of the ladder that are due."""
    by = system("benefits.learn")
    while commands.climb(by=by, now=_now()):
        pass


@periodic(cron="*/10 * * * *")
@task(name="benefits.close_windows", queueing_lock="benefits.close_windows")
def close_windows(timestamp: int) -> None:
    """Close lists whose window is over, and let grants go on."""
    by = system()
    while commands.close_windows(by=by, now=_now()):
        pass


@periodic(cron="5-55/10 * * * *")
@task(name="benefits.make_cases", queue="papers", queueing_lock="benefits.make_cases")
def make_cases(timestamp: int) -> None:
    """Make the cases of grants that have none; for a long list this takes a while, during which nothing else waits for it."""
    by = system()
    while commands.make_cases(by=by, now=_now()):
        pass


@task(name="benefits.forget_accounts", retry=5)
def forget_accounts(chain_id: str, seq: int) -> None:
    """Somebody does not want to be paid into their account any more."""
    (event,) = timeline(UUID(chain_id), after=seq - 1, limit=1)
    commands.forget_accounts(person_id=UUID(chain_id), until=event.at, now=_now())


@task(name="benefits.tell_of_answers", retry=5)
def tell_of_answers(batch_id: str, answered_at: str) -> None:
    """Tell people what the bank said of their payments."""
    commands.tell_of_answers(batch_id=UUID(batch_id), answered_at=datetime.fromisoformat(answered_at), by=system(), now=_now())


@periodic(cron="50 17 * * 6")
@task(name="benefits.forget_signs", queueing_lock="benefits.forget_signs")
def forget_signs(timestamp: int) -> None:
    """Drop signs that no cycle needs any more."""
    while commands.forget_signs(now=_now()):
        pass
