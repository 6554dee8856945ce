"""What a supervisor asks beside a single case: what comes due, whose draw waits and why, and what may be done with a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from linli.domains.cases.clock import ClockKind
from linli.domains.cases.draw import Exclusion
from linli.domains.cases.drawing import qualified
from linli.domains.cases.lifecycle import IN_HAND, Move, State, may_move
from linli.domains.cases.models import Ask, Case, ClockRow, DrawDay, ExtensionRow, Step, StepKind, StepState
from linli.domains.cases.permissions import EXTEND, EXTEND_STATUTORY, REDRAW, REFUSE, SUSPEND, supervised_cases
from linli.domains.org.queries import calendar
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, msg


def under_way(by: Actor) -> QuerySet[Case]:
    """Cases the actor supervises that are not yet decided."""
    return supervised_cases(by).filter(state__in=[State.SUBMITTED, State.CORRECTION_REQUESTED, *IN_HAND])


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many open cases come due when: before today, on each of the coming working days, later, and with no date now."""

    overdue: int
    days: list[tuple[date, int]]
    later: int
    undated: int


def outlook(*, by: Actor, now: datetime, days: int = 10) -> Outlook:
    """The coming working days of the actor's region with what comes due on each, in one query over the open cases."""
    today, works = local_date(now), calendar(by.region)
    first = works.roll_forward(today)
    coming = [works.add_working_days(first, n) if n else first for n in range(days)]
    due = dict.fromkeys(coming, 0)
    overdue = later = undated = 0
    for day, n in under_way(by).order_by().values_list("due_on").annotate(n=Count("pk")):
        if day is None:
            undated += n
        elif day < today:
            overdue += n
        elif day > coming[-1]:
            later += n
        else:
            due[next(d for d in coming if d >= day)] += n
    return Outlook(overdue, list(due.items()), later, undated)


def waiting_steps(*, by: Actor) -> QuerySet[Step]:
    """Stages that wait for somebody to be drawn, the longest waiting first."""
    cases = supervised_cases(by).filter(state__in=IN_HAND)
    return Step.objects.filter(state=StepState.WAITING, case__in=cases).select_related("case").order_by("opened_at", "pk")


def why_waiting(step_id: UUID, *, by: Actor, now: datetime) -> list[Message]:
    """Why a stage finds nobody, as of now. Raises :class:`NotFound` where :func:`waiting_steps` would not show it."""
    step = waiting_steps(by=by).filter(pk=step_id).first()
    if step is None:
        raise NotFound(what=msg("待派的环节"))
    today = local_date(now)
    orgs, excluded = qualified(step, step.case, others=step.case.steps.exclude(pk=step_id), on=today)
    said = [] if DrawDay.objects.filter(day=today).exists() else [msg("今日的抽取种子没有事先公布，不能派件。")]
    if not orgs:
        return [*said, msg("没有人同时具备这一环节的岗位和该事项的授权。")]
    reasons = Counter(Exclusion(why) for why in excluded.values())
    said.append(msg("具备资格的有 %(n)s 人，其中可派 %(free)s 人。", n=len(orgs), free=len(orgs) - len(excluded)))
    return said + [msg("%(n)s 人%(why)s。", n=n, why=Message(why.label)) for why, n in reasons.most_common()]


def ask_for(ask_id: UUID, *, by: Actor) -> Ask:
    """One thing a reviewer asked of this supervisor, answered or not. Raises :class:`NotFound`."""
    found = Ask.objects.filter(pk=ask_id, case__in=supervised_cases(by)).select_related("case", "step").first()
    if found is None:
        raise NotFound(what=msg("该请求"))
    return found


def supervisor_acts(case: Case, steps: Iterable[Step], extensions: Iterable[ExtensionRow], *, by: Actor) -> list[str]:
    """What this supervisor may do with a case as it stands: suspend, resume, extend, redraw, release, refuse."""
    state, steps = State(case.state), list(steps)
    held = any(s.duty and s.state in (StepState.OPEN, StepState.WAITING) for s in steps)
    possible = {
        "suspend": by.can(SUSPEND) and may_move(state, Move.SUSPEND),
        "resume": by.can(SUSPEND) and may_move(state, Move.RESUME),
        "extend": bool(extendable(case, extensions, by=by)),
        "redraw": by.can(REDRAW) and state in IN_HAND and held,
        "release": by.can(REDRAW) and any(s.kind == StepKind.ISSUE and s.state == StepState.OPEN for s in steps),
        "refuse": by.can(REFUSE) and may_move(state, Move.REFUSE),
    }
    return [] if case.external else [act for act, may in possible.items() if may]


def extendable(case: Case, extensions: Iterable[ExtensionRow], *, by: Actor) -> list[ClockKind]:
    """The clocks of a case that this supervisor may still prolong; each can be once."""
    if case.state not in IN_HAND:
        return []
    done = {e.kind for e in extensions}
    allowed = [(ClockKind.PROMISED, EXTEND), (ClockKind.STATUTORY, EXTEND_STATUTORY)]
    return [kind for kind, permission in allowed if by.can(permission) and kind not in done]


def cases_touched(days: Iterable[date]) -> int:
    """In how many open cases a running clock counts through one of these days, so that a new notice may move its date."""
    changed = sorted(days)
    if not changed:
        return 0
    running = ClockRow.objects.filter(outcome="running", start__lt=changed[-1], due_on__gte=changed[0])
    return running.values("case_id").distinct().count()
