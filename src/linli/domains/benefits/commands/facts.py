"""Taking in what a source tells about somebody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from linli.domains.benefits.facts import Fact, vocabulary
from linli.domains.benefits.models import FACTS, seen
from linli.domains.benefits.permissions import LEARN
from linli.domains.people.queries import region_of
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError
from linli.kernel.text import noop


class SourceWrong(LinliError):
    """A source tells what is not its to tell."""

    code = "benefits.source_wrong"
    template = noop("“%(source)s”不提供“%(fact)s”。")
    remedy = noop("请核对事实清单里这一项的来源。")


@once
def learn(
    *, subject: str, subject_id: UUID, source: str, values: Mapping[str, Any], on: date, employer_id: UUID | None = None,
    person_id: UUID | None = None, by: Actor, now: datetime,
) -> bool:  # fmt: skip
    """Keep what a source said of somebody on a day; whether anything new was in it.

    ``values`` by the names of the vocabulary, as the engine keeps them (money in fen); None: the source does not know. An older
    message never undoes a newer one, in whichever order they come. For a hire the employer and the person are told too.
    """
    by.must(LEARN)
    facts = checked_facts(subject, source, values)
    more = {"employer_id": employer_id, "person_id": person_id} if subject == "hire" else {}
    region = region_of(employer_id or subject_id, is_employer=subject != "person")
    model = FACTS[subject]
    model.objects.get_or_create(subject_id=subject_id, defaults={"region": region, **more})
    row = model.objects.select_for_update().get(subject_id=subject_id)
    changed = take_in(row, source, facts, values, on)
    if changed or row.region != region:
        row.region = region
        record("benefits.learned", subject=Subject(subject, subject_id), by=by, at=now, source=source, facts=sorted(changed), on=on)
    row.save()
    return bool(changed)


def checked_facts(subject: str, source: str, values: Mapping[str, Any]) -> Mapping[str, Fact]:
    """The facts of a source, by name; every value looked at."""
    facts = {name: fact for name, fact in vocabulary()[subject].items() if fact.source.name == source}
    for name, value in values.items():
        if name not in facts:
            raise SourceWrong(field=name, source=source, fact=name)
        facts[name].checked(value)
    return facts


def take_in(row: Any, source: str, facts: Mapping[str, Fact], values: Mapping[str, Any], on: date) -> list[str]:
    """Put values into a row, each only if it is not older than what stands there; gives the facts that now read otherwise.

    Afterwards the source's day is the newest on which it was heard; a fact that is older than that, or of which the source said that
    it does not know it, has a day of its own.
    """
    heard: date | None = getattr(row, seen(source))
    told = dict(row.told or {})
    newest = on if heard is None else max(on, heard)
    changed = []
    for name in facts:
        known = getattr(row, name) is not None
        since = date.fromisoformat(told[name]) if name in told else heard if known else None
        if name in values and (since is None or on >= since):
            if getattr(row, name) != values[name]:
                setattr(row, name, values[name])
                changed.append(name)
            since, known = on, values[name] is not None
        told.pop(name, None)
        if since is not None and (since < newest or not known):
            told[name] = since.isoformat()
    setattr(row, seen(source), newest)
    row.told = told or None
    return changed
