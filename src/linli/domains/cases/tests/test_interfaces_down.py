"""Invariant 5 for every interface there is: while its source is down a case that needs it is accepted, the bureau owes the material,
and when the source is back it comes by itself, without a word to the resident."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.cases import commands as do
from linli.domains.cases.errors import CommitmentNotAllowed
from linli.domains.cases.grounds import MaterialState, Received
from linli.domains.cases.models import CaseMaterial
from linli.domains.cases.queries import unaskable
from linli.domains.catalog.queries import FieldType, Standard, package_standards
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import Interface, Question, covering, interface, interfaces, still_waiting
from linli.domains.trace.queries import timeline
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import credit_code_with_checks
from linli.testing.departments import MANAGER, Departments, answer, departments, sandbox_server  # noqa: F401
from linli.testing.story import Story, filled
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
FACES = [face.code for face in interfaces()]
TELLING = ("cases.tell", "cases.seal_notice")


def now():
    return datetime.now(UTC)


@dataclass(frozen=True)
class Use:
    """A material of an item for which an interface is asked; ``before`` are asked first, and have no record."""

    item: str
    material: str
    before: tuple[str, ...]


@cache
def uses() -> dict[str, list[Use]]:
    """Where the catalogue uses each interface, items where it is asked first before those where it is asked next."""
    found: dict[str, list[Use]] = {code: [] for code in FACES}
    for standard in package_standards():
        for m in standard.materials:
            codes = [face.code for face in covering(m.name, m.issued_by)] if m.from_departments else []
            for place, code in enumerate(codes):
                found[code].append(Use(standard.code, m.code, tuple(codes[:place])))
    return {code: sorted(there, key=lambda u: len(u.before)) for code, there in found.items()}


def forms(standard: Standard) -> Iterator[dict[str, object]]:
    """Fillings of a form that name one person or employer of the demonstration's division after the other."""
    for n in range(8):
        numbers = {
            f.name: person_id(n) if f.type is FieldType.ID_NUMBER else credit_code_with_checks(f"91770100{12345678 + n}")
            for f in standard.form
            if f.type in (FieldType.ID_NUMBER, FieldType.CREDIT_CODE)
        }
        yield filled(standard) | numbers


@dataclass
class Play:
    """A case that was accepted while the source of a material was down."""

    story: Story
    use: Use
    face: Interface

    def row(self) -> CaseMaterial:
        return CaseMaterial.objects.get(case_id=self.story.case_id, code=self.use.material)

    def question(self) -> Question:
        return Question.objects.get(subject_id=self.story.case_id, material=self.use.material, interface=self.face.code)

    def told(self) -> int:
        """How often somebody was told anything of this case."""
        jobs = ProcrastinateJob.objects.filter(args__chain_id=str(self.story.case_id))
        return sum(job.task_name in TELLING for job in jobs)

    def acts(self) -> list[str]:
        return [e.act for e in timeline(self.story.case_id)]


def accepted(world, use: Use, face: Interface) -> Play | None:
    """The item taken in and accepted; None where this county's clerk may not take it in, or no source would answer of anybody."""
    story = Story(world, item=use.item)
    for form in forms(story.standard):
        try:
            with transaction.atomic():
                story.receive(form=form)
                do.ask_departments(case_id=story.case_id, now=now())
                exchange.fetch(question_ids=still_waiting(story.case_id), now=now())
                for _earlier in use.before:
                    exchange.fetch(question_ids=still_waiting(story.case_id), now=now(), due_only=True)
                play = Play(story, use, face)
                asked = Question.objects.filter(subject_id=story.case_id, material=use.material, interface=face.code).first()
                if asked is None or answer(face, asked.query.open_json()["query"]) is None:
                    raise CommitmentNotAllowed(name="")  # back to before: the next one
                story.accept()
                return play
        except LinliError:
            continue
    return None


def play_item(world, code: str, *, first: bool = False) -> Play | None:
    """The first item that uses an interface and that this county can play; ``first``: where no other interface is asked before."""
    places = (use for use in uses()[code] if not (first and use.before))
    return next((found for use in places if (found := accepted(world, use, interface(code)))), None)


def comes_by_itself(play: Play) -> None:
    """What the worker does once the source is back; whatever else of the case is owed does not matter here."""
    said, acts = play.told(), play.acts()
    assert said, "of its acceptance the resident heard"
    again = play.question().next_try_at + timedelta(minutes=30)
    exchange.fetch(question_ids=still_waiting(play.story.case_id), now=again, due_only=True)
    assert ProcrastinateJob.objects.filter(task_name="cases.take_in_shared", args__chain_id=str(play.story.case_id)).exists()
    do.take_in_shared(case_id=play.story.case_id, now=again)
    row, question = play.row(), play.question()
    assert question.state == "answered", play.face.code
    assert (row.state, row.received) == ((MaterialState.OWED, "") if question.differs else (MaterialState.HAVE, Received.SHARED))
    since = play.acts()[len(acts) :]
    assert since
    assert all(act == "cases.material_arrived" or act.startswith("exchange.") for act in since), since
    assert play.told() == said, "the resident hears nothing of it"


def owed(play: Play) -> None:
    assert play.row().state == MaterialState.OWED, play.face.code
    assert play.question().state == "waiting"


@pytest.mark.parametrize("code", FACES)
def test_with_this_interface_down_a_case_that_needs_it_goes_on(world, departments: Departments, code):  # noqa: F811
    around = {code} | {before for use in uses()[code] for before in use.before}
    departments.connect(now(), *around, timeout_ms=2000)
    departments.fault("down", code)
    for before in around - {code}:
        departments.fault("empty", before)
    play = play_item(world, code)
    assert play, f"no item of the catalogue uses {code}"
    owed(play)
    departments.mend()
    comes_by_itself(play)


def test_with_all_of_them_down_together_every_one_of_these_cases_goes_on(world, departments: Departments):  # noqa: F811
    departments.connect(now(), timeout_ms=2000)
    departments.fault("down")
    plays = [play for code in FACES if (play := play_item(world, code, first=True))]
    assert len(plays) > 30
    for play in plays:
        owed(play)
    departments.mend()
    for code in FACES:
        exchange.try_again(code=code, by=MANAGER, now=now())
    for play in plays:
        comes_by_itself(play)


def test_of_everything_the_bureau_gets_itself_a_form_says_about_whom(world):
    assert [(s.code, *lacking) for s in package_standards() for lacking in unaskable(s)] == []
