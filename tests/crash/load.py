"""One worker of the load under which things are killed: a process of its own that acts through the commands.

Before every request it writes to a journal what it will ask for, under which key; after the answer, that it was answered. What
the journal says was answered must be there afterwards; what was asked for and not answered is asked for again, under the same key.

    load.py build JOURNALS             make the tables, the invented city and leave a note of who is who
    load.py work JOURNALS NUMBER       act until the file "stop" is there
    load.py settle JOURNALS            ask again for everything that was not answered
    load.py check JOURNALS             look whether everything holds; exit 1 and say what does not
"""

from __future__ import annotations

import json
import os
import pickle
import random
import sys
import time
from pathlib import Path
from uuid import UUID, uuid5

import django
from django.db import InterfaceError, OperationalError, connection

NOW_TEXT = "2026-03-02 10:00"
GIVE_UP_SECONDS = 120
_LOST = (OperationalError, InterfaceError)


class Journal:
    """What one worker asked for and what it was told, line by line, each on disk before it goes on."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    def write(self, **line) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def lines(folder: Path):
    """All whole lines of all journals; a line that a kill cut short was never written."""
    for path in sorted(folder.glob("*.journal")):
        for text in path.read_text().splitlines(keepends=True):
            if text.endswith("\n"):
                yield json.loads(text)


def perform(world, act: str, what: dict, key: UUID):
    """Make one request; the answer is an id or nothing."""
    from linli.domains.cases import commands as do
    from linli.testing.story import INSTANT, Story, at, filled

    now = at(NOW_TEXT)
    by = world.actor(what["who"])
    if act == "receive":
        story = Story(world, item=INSTANT)
        return do.receive_case(
            item_code=INSTANT,
            applicant=story.applicant,
            form=filled(story.standard),
            materials=story.handed(),
            by=by,
            now=now,
            key=key,
        )
    case_id = UUID(what["case"])
    if act == "accept":
        return do.accept_case(case_id=case_id, by=by, now=now, key=key)
    if act == "decide":
        grounds = do.Grounds(facts="经查，材料齐全。", reasons="符合规定条件。")
        return do.decide_case(
            step_id=UUID(what["step"]), approve=what["approve"], grounds=grounds, links_done=what["links"], by=by, now=now, key=key
        )
    if act == "withdraw":
        return do.withdraw_case(case_id=case_id, by=by, now=now, key=key)
    do.prepare_result(case_id=case_id, by=by, now=now, key=uuid5(key, "prepare"))
    return do.issue_case(case_id=case_id, by=by, now=now, key=key)


def request(world, journal: Journal, act: str, what: dict, key: UUID) -> str | None:
    """Ask until there is an answer, over as many lost connections as it takes, always under the same key."""
    from linli.kernel.errors import LinliError

    give_up = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            answer = perform(world, act, what, key)
        except LinliError as refusal:
            journal.write(key=str(key), refused=refusal.code)
            return None
        except _LOST:
            if time.monotonic() > give_up:
                raise
            connection.close()
            time.sleep(0.05)
            continue
        journal.write(key=str(key), answered=True, act=act, case=what.get("case") or str(answer))
        return str(answer)


def work(folder: Path, number: int) -> None:
    from linli.domains.cases.queries import Case, Step
    from linli.kernel.ids import uuid7
    from linli.testing.story import INSTANT, Story

    world = pickle.loads((folder / "world.pickle").read_bytes())
    names = {user: name for name, user in world.users.items()}
    while True:  # somebody hired just after a blow finds the database starting up
        try:
            links = [link.name for link in Story(world, item=INSTANT).standard.plan.stages[-1].links]
            break
        except _LOST:
            connection.close()
            time.sleep(0.05)
    dice = random.Random(number)
    journal = Journal(folder / f"{number}.journal")

    def ask(act, **what):
        key = uuid7()
        journal.write(key=str(key), asked=act, what=what)
        return request(world, journal, act, what, key)

    while not (folder / "stop").exists():
        try:
            undecided = list(
                Step.objects.filter(state="open", kind="decide").exclude(user_id=None).values("pk", "user_id", "case_id")[:20]
            )
            unissued = list(Case.objects.filter(state__in=["approved", "rejected"]).values_list("pk", flat=True)[:20])
            unaccepted = list(Case.objects.filter(state="submitted").values_list("pk", flat=True)[:20])
        except _LOST:
            connection.close()
            time.sleep(0.05)
            continue
        throw = dice.random()
        if undecided and throw < 0.4:
            step = dice.choice(undecided)
            approve = dice.random() < 0.8
            ask("decide", who=names[step["user_id"]], step=str(step["pk"]), case=str(step["case_id"]), links=links, approve=approve)
        elif unissued and throw < 0.5:
            ask("issue", who=dice.choice(["issuer", "second-issuer"]), case=str(dice.choice(unissued)))
        elif unaccepted and throw < 0.7:  # perhaps one that another worker accepts or withdraws this very moment
            ask(
                dice.choice(["accept"] * 9 + ["withdraw"]),
                who=dice.choice(["clerk", "second-clerk"]),
                case=str(dice.choice(unaccepted)),
            )
        else:
            case = ask("receive", who=dice.choice(["clerk", "second-clerk"]))
            if case and dice.random() < 0.7:
                ask("accept", who="clerk", case=case)


def settle(folder: Path) -> None:
    """Ask again, twice, for everything that has no answer: both times the answer is the same."""
    world = pickle.loads((folder / "world.pickle").read_bytes())
    asked = {line["key"]: line for line in lines(folder) if "asked" in line}
    answered = {line["key"] for line in lines(folder) if "asked" not in line}
    journal = Journal(folder / "settle.journal")
    for key, line in asked.items():
        if key not in answered:
            once = request(world, journal, line["asked"], line["what"], UUID(key))
            twice = request(world, journal, line["asked"], line["what"], UUID(key))
            assert once == twice, line
    # And for what was answered: nothing is done a second time.
    for line in [line for line in lines(folder) if line.get("act") == "receive"][-10:]:
        first = asked[line["key"]]
        assert str(perform(world, "receive", first["what"], UUID(line["key"]))) == line["case"]
    print(len(asked.keys() - answered), "requests had no answer and were asked again")


_ACTS = {"receive": "cases.submitted", "accept": "cases.accepted", "withdraw": "cases.withdrawn", "issue": "cases.issued"}


def check(folder: Path) -> None:
    from linli.domains.cases.queries import Case, State
    from linli.testing.record import acts_on
    from linli.testing.truth import check_everything

    answers: dict[str, dict] = {}
    for line in lines(folder):
        if line.get("answered"):
            assert answers.setdefault(line["key"], line)["case"] == line["case"], "one key, two answers"
    received = [a["case"] for a in answers.values() if a["act"] == "receive"]
    assert len(received) == len(set(received)), "two keys, one case"
    there = {str(pk) for pk in Case.objects.exclude(state=State.DRAFT).values_list("pk", flat=True)}
    assert set(received) == there, f"lost {set(received) - there}, from nowhere {there - set(received)}"
    for answer in answers.values():
        acts = acts_on(UUID(answer["case"]))
        wanted = (_ACTS[answer["act"]],) if answer["act"] in _ACTS else ("cases.approved", "cases.rejected")
        assert sum(acts.count(act) for act in wanted) == 1, (answer, acts)
    print(f"{check_everything()} cases, {len(answers)} answered requests, all there")


def build(folder: Path) -> None:
    from linli.cli.database import grant_privileges
    from linli.testing.world import build_world

    with connection.cursor() as cursor:
        cursor.execute("SELECT trace_ensure_month(m::date) FROM generate_series('2026-01-01'::date, '2026-12-01', '1 month') AS m")
    (folder / "world.pickle").write_bytes(pickle.dumps(build_world()))
    grant_privileges()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    django.setup()
    todo, where = sys.argv[1], Path(sys.argv[2])
    {"build": build, "settle": settle, "check": check}[todo](where) if todo != "work" else work(where, int(sys.argv[3]))
