"""Invariant 9: no list, search, export, count or address shows an outsider anything of a case.

Not by example but for whatever can be asked: every query of the rooms that takes an actor is found by looking at the rooms' doors,
and asked before there is any case and after there are many. To an outsider the answers are the same, to the letter: a case that is
there looks like one that is not. A query with an argument this test does not know fails it, so that a new one is thought of.
"""

import dataclasses
import importlib
import inspect
from datetime import date
from enum import Enum
from uuid import UUID

import pytest
from django.db.models import Model, QuerySet

from linli.domains.cases import commands as do
from linli.domains.cases.models import Ask, Case, Commitment, MaterialFile, Step
from linli.domains.documents.commands import store_file
from linli.domains.documents.models import Document
from linli.domains.people.queries import Scope, employer_facts
from linli.domains.voice.commands import Wish, register_demand
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError
from linli.kernel.ids import uuid7
from linli.testing.joint import JointStory
from linli.testing.rosters import COMMON, ENROL, PLANS, book, person
from linli.testing.story import INSTANT, PERMIT, Story, at, picture
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
ROOMS = ("cases", "documents", "exchange", "notices", "clients", "people", "voice")
NOW = at("2026-03-02 17:00")

# Staff with nothing to do with a case taken in at the city's hall, each with all the permissions of their post.
OUTSIDERS = ["elsewhere", "manager-elsewhere", "village", "administrator", "security", "editor"]
# These take a row somebody was shown before, or none; what they say of it is not for finding anything.
OF_A_ROW = {"counter_acts", "extendable", "supervisor_acts", "must_any", "joint_of", "promise_print"}


PROMISED = "skill-evaluation-application"  # one material may be committed to
# Ids of what nobody in this world has made.
GUESSED = ("mandate_id", "objection_id", "destruction_id", "message_id", "client_id", "webhook_id")
_GUESSED = uuid7()


def queries():
    for room in ROOMS:
        module = importlib.import_module(f"linli.domains.{room}.queries")
        for name, function in sorted(vars(module).items()):
            public = inspect.isfunction(function) and not name.startswith("_") and function.__module__.startswith("linli.domains.")
            if public and "by" in inspect.signature(function).parameters and name not in OF_A_ROW:
                yield pytest.param(function, id=f"{room}.{name}")


@dataclasses.dataclass
class Known:
    """What an outsider might have got hold of: every id and number there is."""

    case_id: UUID
    step_id: UUID
    document_id: UUID
    file_id: UUID
    ask_id: UUID
    demand_id: UUID
    person_id: UUID
    joint_id: UUID
    roster_id: UUID
    commitment_id: UUID
    number: str

    def arguments(self, function):
        """Ways to call it with what is known."""
        given = {
            "now": [NOW], "on": [date(2026, 3, 2)], "day": [date(2026, 3, 2)], "approve": [True], "party_id": [self.person_id],
            "subject_id": [self.case_id], "text": [self.number, "赵示例", person_id(0), "10000000000", "赵", "zsl"],
            "agent_id": [self.person_id], "scope": list(Scope), "item_code": [INSTANT, PERMIT], "code": ["12345678", "ga-identity"], "since": [NOW],
            "pile": list(importlib.import_module("linli.domains.cases.queries").Pile),
        } | {f.name: [getattr(self, f.name)] for f in dataclasses.fields(self)} | {name: [_GUESSED] for name in GUESSED}  # fmt: skip
        calls = [{}]
        for name, parameter in inspect.signature(function).parameters.items():
            if name == "by" or (parameter.default is not inspect.Parameter.empty and name not in ("subject_id", "now")):
                continue
            assert name in given, f"{function.__name__} takes {name}: say in this test what an outsider could give"
            calls = [call | {name: value} for call in calls for value in given[name]]
        return calls


def nothing() -> Known:
    return Known(*(uuid7() for _ in range(10)), number="770100202603020000001X")


def flat(value):
    """All that an answer says, as text."""
    if isinstance(value, QuerySet):
        return f"{value.count()} {value.exists()} {[flat(row) for row in value[:50]]} {value.query.is_empty()}"[:100_000].replace(
            " True", ""
        )
    if isinstance(value, Model):
        return f"{type(value).__name__} {value.pk}"
    if isinstance(value, Enum):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return str({f.name: flat(getattr(value, f.name)) for f in dataclasses.fields(value)})
    if isinstance(value, dict):
        return str({flat(k): flat(v) for k, v in value.items()})
    if isinstance(value, (list, tuple, set, frozenset)):
        return str([flat(v) for v in value])
    return str(value)


def ask(function, known, by):
    said = []
    for call in known.arguments(function):
        try:
            said.append(flat(function(**call, by=by)))
        except LinliError as refusal:
            said.append(f"{refusal.code}: {refusal.message}")
    return said


def much_happens(world) -> list[Known]:
    """Cases of two items in every state, with files, papers, questions and commitments; a demand, a joint matter, a roster."""
    made = []

    def story(item=INSTANT):
        s = Story(world, item=item)
        s.receive()
        return s

    demand = register_demand(name="赵示例", wish=Wish("别人不该看到的事"), phone="10000000000", by=world.actor("clerk"), now=NOW)
    submitted, withdrawn = story(), story()
    do.withdraw_case(case_id=withdrawn.case_id, by=world.actor("clerk"), now=NOW)
    ref = store_file(content=picture(), declared_name="a.png", by=world.actor("clerk"), now=NOW)
    reviewing = story(PERMIT)
    code = next(h.code for h in reviewing.handed() if not h.not_applicable)
    do.hand_in(
        case_id=reviewing.case_id,
        material=do.Handed(code, do.Received.PHOTOGRAPHED, files=((ref, "a.png"),)),
        by=world.actor("clerk"),
        now=NOW,
    )
    reviewing.accept()
    step = reviewing.open_step()
    asked = do.ask(
        step_id=step.pk,
        what="suspend",
        ground="expert_review",
        reason="需专家评审",
        until=date(2026, 3, 20),
        by=reviewing.holder(step),
        now=NOW,
    )
    decided, issued, closed = story(), story(), story()
    for s in (decided, issued, closed):
        s.accept()
        s.review()
    for s in (issued, closed):
        s.issue()
    closed.deliver()
    closed.close()
    joint = JointStory(world).start()
    roster = do.check_roster(
        item_code=ENROL, employer_id=world.people["employer"],
        people=do.roster_file(book(PLANS[ENROL], [person(PLANS[ENROL], 1)]), "名单.xlsx"), materials={"m01": "paper"}, accept=False,
        common=COMMON | {"uscc": employer_facts(world.people["employer"])["credit_code"]}, by=world.actor("clerk"), now=NOW,
    )  # fmt: skip
    promised = Story(world, item=PROMISED)
    promised.receive(complete=False)
    code = next(m.code for m in promised.standard.materials if m.may_be_committed)
    for one in (h for h in promised.handed() if h.code != code):
        do.hand_in(case_id=promised.case_id, material=one, by=world.actor("clerk"), now=NOW)
    do.commit_to(case_id=promised.case_id, code=code, signature=ref, by=world.actor("clerk"), now=NOW)
    promised.accept()
    promised.review()
    commitment = Commitment.objects.get(case_id=promised.case_id)
    file_id = MaterialFile.objects.filter(material__case_id=reviewing.case_id).values_list("pk", flat=True)[0]
    for s in (submitted, withdrawn, reviewing, decided, issued, closed, promised):
        mine = Step.objects.filter(case_id=s.case_id).order_by("ordinal").values_list("pk", flat=True).last()
        paper = Document.objects.filter(subject_id=s.case_id).values_list("pk", flat=True).first()
        made.append(
            Known(
                s.case_id,
                mine or uuid7(),
                paper or uuid7(),
                file_id,
                asked,
                demand,
                world.people["applicant"],
                joint,
                roster,
                commitment.pk,
                s.case.number,
            )
        )
    assert Case.objects.values("state").distinct().count() == 6 and Ask.objects.count() == 1
    return made


def outsiders(world) -> dict[str, Actor]:
    return {who: world.actor(who) for who in OUTSIDERS} | {"nobody": Actor(user_id=None), "without a post": Actor(user_id=uuid7())}


def test_to_an_outsider_the_world_with_cases_is_the_world_without(partners):
    world = partners
    functions = [p.values[0] for p in queries()]
    assert len(functions) > 40
    fake = nothing()
    fake.person_id = world.people["applicant"]
    before = {(who, f): ask(f, fake, by) for who, by in outsiders(world).items() for f in functions}
    everything = much_happens(world)
    secrets = {str(v) for k in everything for v in dataclasses.asdict(k).values()} - {str(world.people["applicant"])}
    told = []
    for known in everything:
        for who, by in outsiders(world).items():
            for function in functions:
                answer = ask(function, known, by)
                expected = [a.replace(fake.number, known.number) for a in before[who, function]]
                if answer != expected:
                    told.append((who, function.__name__, expected, answer))
                told += [(who, function.__name__, "names", s) for s in secrets if any(s in a for a in answer) and s != known.number]
    assert not told, told[:5]


def test_those_it_concerns_do_see_it(partners):
    """The test above would also pass if nobody saw anything."""
    world = partners
    everything = much_happens(world)
    commitment = Commitment.objects.get(pk=everything[0].commitment_id)
    assert commitment.owner_id
    owner = next(n for n, u in world.users.items() if u == commitment.owner_id)
    cases = importlib.import_module("linli.domains.cases.queries")
    for who in (owner, "manager", "leader"):
        assert cases.check_sheet(commitment.pk, by=world.actor(who), now=NOW).row == commitment
        assert cases.signature_of(commitment.pk, by=world.actor(who)) == commitment.signature_file_id
    visible = importlib.import_module("linli.domains.cases.queries").visible_cases
    for who in ("clerk", "manager", "leader", "auditor"):
        assert visible(world.actor(who)).count() == len(everything), who
    reviewing = everything[2]
    case = Case.objects.get(pk=reviewing.case_id)
    holder = Step.objects.get(case=case, state="open", kind="review").user_id
    seen = {n: visible(world.actor(n)).filter(pk=case.pk).exists() for n in world.users if n.startswith("reviewer")}
    assert seen == {n: world.users[n] == holder for n in seen}  # of four reviewers the one who drew it
