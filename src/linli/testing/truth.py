"""What must always be true of a database, whatever happened to it: asked of the rows, past all commands."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

from django.apps import apps

from linli.domains.cases.queries import Case, Draw, Move, State, Step, moves_from, replay_day, state_after
from linli.domains.trace.queries import Event, verify_all
from linli.kernel.identifiers import parse_case_number
from linli.testing.story import at

DAY = date(2026, 3, 2)


def check_everything(*, day: date = DAY, now: datetime | None = None) -> int:
    """All invariants over all cases; returns how many cases there are."""
    load: Any = apps.get_model("cases", "Load")
    moves = {m.act: m for m in Move}
    numbers = []
    cases = list(Case.objects.exclude(state=State.DRAFT))
    for case in cases:
        events = list(Event.objects.filter(chain_id=case.pk).order_by("seq").values_list("act", flat=True))
        # Every change of state has exactly one event: walking the events through the table ends in the state of the row.
        state = State.DRAFT
        for act in events:
            if act in moves:
                assert moves[act] in moves_from(state), (case.pk, state, act)
                state = state_after(moves[act])
        assert state == case.state, (case.pk, events)
        assert len(events) == Event.objects.filter(chain_id=case.pk).values("seq").distinct().count()
        live = list(Step.objects.filter(case=case).exclude(state="released"))
        judges = [s.user_id for s in live if s.kind in ("accept", "review", "second_review", "decide") and s.user_id]
        assert len(judges) == len(set(judges)), case.pk
        assert not {s.user_id for s in live if s.kind == "decide" and s.user_id} & {s.user_id for s in live if s.kind == "issue"}
        assert max(Counter(s.ordinal for s in live).values(), default=1) == 1
        assert events.count(Move.ACCEPT.act) + events.count(Move.DEEM_ACCEPTED.act) <= 1
        assert case.number, case.pk
        numbers.append(parse_case_number(case.number))
    by_day: dict[Any, list[int]] = {}
    for n in numbers:
        by_day.setdefault((n.area, n.day, n.channel), []).append(n.sequence)
    for sequences in by_day.values():
        assert sorted(sequences) == list(range(1, len(sequences) + 1))  # no number twice, none left out
    judging = Step.objects.filter(state="open", kind__in=["review", "second_review", "decide"]).exclude(user_id=None)
    assert {u: n for u, n in load.objects.values_list("user_id", "open") if n} == dict(
        Counter(judging.values_list("user_id", flat=True))
    )
    for drawn in Draw.objects.all():
        assert drawn.chosen != Step.objects.get(case_id=drawn.case_id, kind="accept").user_id
        assert str(drawn.chosen) not in drawn.excluded
    replay = replay_day(day)
    assert replay and replay.ok, [d for d in replay.draws if not d.same] if replay else "no draws"
    verdict = verify_all(now=now or at(f"{day} 23:00"))
    assert verdict.ok, verdict.faults
    return len(cases)
