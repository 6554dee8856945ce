"""Joint matters (一件事): several items begun once, with one form and one list of materials computed from the members.

Nothing here is written down twice: which questions are asked once, which paper is brought once, what a member gets from another and so
waits for, what it saves. Pure: the standards of the members come in, the picture goes out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import blake2s
from math import ceil
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from linli.domains.catalog.compare import Gain
from linli.domains.catalog.standard import (
    ApplicantKind,
    FieldType,
    FormField,
    Material,
    MaterialForm,
    Provenance,
    Required,
    Standard,
)
from linli.domains.catalog.words import Code, Part, Text
from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop


class BundleWrong(LinliError):
    code = "catalog.bundle_wrong"
    kind = Kind.INVALID
    template = noop("一件事“%(name)s”组不起来：%(why)s。")
    remedy = noop("请核对一件事的成员和它们的办理结果。")


Place = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z0-9-]+)\.[a-z][a-z0-9_]*$")]


class Words(Part):
    """Which names mean the same, across members: of questions, of papers, of results; and what the joint form stands for.

    ``standing`` are papers that everybody shows anyway, whoever makes them: nobody waits for them.
    """

    meanings: dict[Text, tuple[Text, ...]] = {}
    papers: dict[Text, tuple[Text, ...]] = {}
    stands_in: tuple[Text, ...] = ()
    standing: tuple[Text, ...] = ()
    results: dict[Code, tuple[Text, ...]] = {}


class Member(Part):
    """One item of a joint matter; ``when`` is the situation in which it is wanted, empty for one that always belongs to it."""

    code: Code
    when: str = ""
    note: str = ""


class JointField(FormField):
    """A question of the joint form itself; ``covers`` names the fields of members (``item.field``, ``*`` for any) it also answers."""

    covers: tuple[Place, ...] = ()


class Bundle(Part):
    """The document of one joint matter. ``listed`` are the papers its public list names; what is asked for follows from the members."""

    code: Code
    name: Text
    applicant_kinds: tuple[ApplicantKind, ...] = Field(min_length=1)
    trigger: Text
    policy_basis: tuple[Text, ...] = ()
    members: tuple[Member, ...] = Field(min_length=2)
    form: tuple[JointField, ...] = ()
    listed: tuple[Text, ...] = ()
    note: str = ""
    limit_note: str = ""
    provenance: Provenance = Provenance()

    @property
    def questions(self) -> tuple[Member, ...]:
        """The members that depend on a situation, each of which is asked about."""
        return tuple(m for m in self.members if m.when)

    def member(self, code: str) -> Member | None:
        return next((m for m in self.members if m.code == code), None)

    def dump(self) -> dict[str, Any]:
        """As it is stored: JSON values, defaults left out."""
        return self.model_dump(mode="json", exclude_defaults=True)


# -- the same under other names ---------------------------------------------------------------------------------------------

_BRACKETS = re.compile(r"[（(][^（）()]*[）)]")
_MARKS = re.compile(r"[\s，。、“”《》:：]")


def bare(name: str) -> str:
    """A name without brackets, spaces and marks, for comparing."""
    return _MARKS.sub("", _BRACKETS.sub("", name)) or _MARKS.sub("", name)


@cache
def _canon(table: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    return {bare(name): bare(one) for one, others in table for name in (one, *others)}


def _same(table: Mapping[str, Sequence[str]], name: str) -> str:
    found = bare(name)
    return _canon(tuple((one, tuple(others)) for one, others in table.items())).get(found, found)


_WORDS = frozenset({FieldType.TEXT, FieldType.LONG_TEXT, FieldType.ADDRESS})


def _common(one: FormField, other: FormField) -> FormField | None:
    """One question that answers both, or None if no answer fits both."""
    options = one.options
    if one.type is not other.type:
        kinds = {one.type, other.type}
        if kinds == {FieldType.DATE, FieldType.YEAR_MONTH}:
            kind = FieldType.DATE
        elif kinds <= _WORDS:
            kind = FieldType.ADDRESS if FieldType.ADDRESS in kinds else FieldType.LONG_TEXT
        else:
            return None
    else:
        kind = one.type
        if one.options and other.options and set(one.options) != set(other.options):
            return None
        options = one.options or other.options
    return one.model_copy(update={"type": kind, "options": options, "required": one.required or other.required})


# -- the joint form -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JointForm:
    """The one form: its fields, and which of them answers each field of each member."""

    fields: tuple[FormField, ...]
    answers: Mapping[tuple[str, str], str]

    def of_member(self, standard: Standard, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a member's own form says, from the values of the joint one."""
        mine = {}
        for field in standard.typed:
            value = values.get(self.answers.get((standard.code, field.name), ""))
            if value is None:
                continue
            mine[field.name] = str(value)[:7] if field.type is FieldType.YEAR_MONTH else value
        return mine

    def as_asked(self, standard: Standard, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the joint form can be filled with from values of a member's."""
        return {self.answers[standard.code, k]: v for k, v in values.items() if (standard.code, k) in self.answers}


def _merge_forms(bundle: Bundle, members: Sequence[Standard], words: Words) -> JointForm:
    fields: dict[str, FormField] = {f.name: FormField.model_validate(f.model_dump(exclude={"covers"})) for f in bundle.form}
    covers = {place: f.name for f in bundle.form for place in f.covers}
    by_meaning: dict[str, list[str]] = {}
    for f in bundle.form:
        by_meaning.setdefault(_same(words.meanings, f.label), []).append(f.name)
    answers: dict[tuple[str, str], str] = {}
    for standard in members:
        taken: set[str] = set()  # two fields of one item are two questions, whatever they are called
        named = {f.name: covers.get(f"{standard.code}.{f.name}") or covers.get(f"*.{f.name}") for f in standard.typed}
        for field in sorted(standard.typed, key=lambda f: named[f.name] is None):
            meaning = _same(words.meanings, field.label)
            wanted = [named[field.name] or "", *by_meaning.get(meaning, [])]
            for name in wanted:
                merged = _common(fields[name], field) if name and name not in taken else None
                if merged is not None:
                    fields[name] = merged
                    break
            else:
                name = _free(field.name, fields, standard.code)
                clash = any(f.label == field.label for f in fields.values())
                label = f"{field.label}（{standard.name}）" if clash else field.label
                fields[name] = field.model_copy(update={"name": name, "label": label})
                by_meaning.setdefault(meaning, []).append(name)
            taken.add(name)
            answers[standard.code, field.name] = name
    return JointForm(tuple(fields.values()), answers)


def _only(whole: JointForm, bundle: Bundle, members: Sequence[Standard]) -> JointForm:
    """The part of the form that some of the members need. Names stay those of the whole, so that an answer stays an answer whichever
    members are wanted."""
    codes = {s.code for s in members}
    answers = {place: name for place, name in whole.answers.items() if place[0] in codes}
    own = {f.name: f.required for f in bundle.form}
    needed = {answers[s.code, f.name] for s in members for f in s.typed if f.required}
    fields = [
        f.model_copy(update={"required": own.get(f.name, False) or f.name in needed})
        for f in whole.fields
        if f.name in own or f.name in answers.values()
    ]
    return JointForm(tuple(fields), answers)


def _free(name: str, taken: Collection[str], code: str) -> str:
    """The field's own name if nobody has it, else one with the item's in front."""
    if name not in taken:
        return name
    made = f"{re.sub(r'[^a-z0-9]', '_', code)}_{name}"[:60].lstrip("0123456789_") or name
    return made if made not in taken else next(n for i in range(2, 999) if (n := f"{made[:56]}_{i}") not in taken)


# -- the joint list ------------------------------------------------------------------------------------------------------------


class How(StrEnum):
    """How a paper that a member needs comes in."""

    ASKED = "asked"
    DEPARTMENTS = "departments"
    JOINT_FORM = "joint_form"
    RESULT = "result"

    @property
    def label(self) -> str:
        return _HOW[self]


_HOW = {
    How.ASKED: noop("请提供一份，各部门共用"), How.DEPARTMENTS: noop("由部门核验，不用带"), How.JOINT_FORM: noop("由联办申请表代替"),
    How.RESULT: noop("由前面的事项办出来，不用带"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JointMaterial:
    """One paper of the joint list and every place of a member's list that it covers (``needed_by``: item and material)."""

    code: str
    name: str
    how: How
    form: MaterialForm
    required: Required
    needed_by: tuple[tuple[str, str], ...]
    condition: str = ""
    asks: str = ""  # the situation as a question
    issued_by: str = ""
    copies: int | None = None
    may_be_committed: bool = False
    producers: tuple[str, ...] = ()

    @property
    def asked(self) -> bool:
        return self.how is How.ASKED


def _merge_materials(
    bundle: Bundle, members: Sequence[Standard], produced: Mapping[str, tuple[str, ...]], words: Words
) -> tuple[JointMaterial, ...]:
    groups: dict[str, list[tuple[Standard, Material]]] = {}
    for standard in members:
        for material in standard.to_hand_in:
            groups.setdefault(_same(words.papers, material.name), []).append((standard, material))
    listed = {_same(words.papers, name): name for name in reversed(bundle.listed)}
    order = {key: n for n, key in enumerate(_same(words.papers, name) for name in bundle.listed)}
    found = []
    for key, rows in groups.items():
        producers = produced.get(key, ())
        # Whoever makes the paper and asks for it too (a card that is exchanged) is asked for it; the others get it.
        own = [(s, m) for s, m in rows if s.code in producers and len(producers) == 1]
        rest = [row for row in rows if row not in own]
        for part, makers, suffix in ((rest, producers, ""), (own, (), "-own")):
            if part:
                found.append((order.get(key, 999), _joint(_code(key) + suffix, part, makers, listed.get(key), words)))
    return tuple(m for _, m in sorted(found, key=lambda pair: (list(How).index(pair[1].how), pair[0])))


def _code(key: str) -> str:
    """The code of a paper in joint lists: the same whichever members are wanted, so that what was handed in stays handed in."""
    return f"j{blake2s(key.encode(), digest_size=6).hexdigest()}"


def _joint(
    code: str, rows: Sequence[tuple[Standard, Material]], producers: tuple[str, ...], listed: str | None, words: Words
) -> JointMaterial:
    materials = [m for _, m in rows]
    first = materials[0]
    required = next(
        (r for r in (Required.YES, Required.CONDITIONAL, Required.NO) if any(m.required is r for m in materials)), Required.NO
    )
    if producers:
        how = How.RESULT
    elif any(m.from_departments for m in materials):
        how = How.DEPARTMENTS  # what can be got for one is not asked for another
    elif all(_stands_in(m, words) for m in materials):
        how = How.JOINT_FORM
    else:
        how = How.ASKED
    conditions = dict.fromkeys(m.condition for m in materials if m.condition)
    questions = dict.fromkeys(m.asks for m in materials if m.condition)
    return JointMaterial(
        code=code, name=listed or first.name, how=how,
        form=next((f for f in (MaterialForm.ORIGINAL, MaterialForm.COPY) if any(m.form is f for m in materials)), first.form),
        required=required, needed_by=tuple((s.code, m.code) for s, m in rows),
        condition="；".join(conditions) if required is Required.CONDITIONAL else "",
        asks=" ".join(questions) if len(questions) < 2 else f"有没有下面这些情况：{'；'.join(conditions)}？",
        issued_by=next((m.issued_by for m in materials if m.issued_by), ""),
        copies=max((m.copies for m in materials if m.copies), default=None),
        may_be_committed=all(m.may_be_committed for m in materials), producers=producers,
    )  # fmt: skip


def _stands_in(material: Material, words: Words) -> bool:
    """Whether a paper is an application form, which the joint form replaces."""
    return material.issued_by == "" and any(word in bare(material.name) for word in words.stands_in)


# -- who waits for whom ----------------------------------------------------------------------------------------------------------


def _results(standard: Standard, words: Words) -> set[str]:
    """Under which names others may ask for what an item produces."""
    names = [*re.split(r"[、；]|或(?=不予)", standard.result_document), *words.results.get(standard.code, ())]
    standing = {_same(words.papers, name) for name in words.standing}
    return {_same(words.papers, name) for name in names if len(bare(name)) > 2} - standing


def _producers(members: Sequence[Standard], words: Words) -> dict[str, tuple[str, ...]]:
    """Who produces each paper that a member needs, in the order of the members."""
    made: dict[str, list[str]] = {}
    for standard in members:
        for name in _results(standard, words):
            made.setdefault(name, []).append(standard.code)
    return {name: tuple(codes) for name, codes in made.items()}


def _order(members: Iterable[str], waits: Mapping[str, Collection[str]]) -> list[str]:
    """Members in an order in which none comes before what it waits for. Raises :class:`ValueError` naming those in a ring."""
    left, done = list(members), list[str]()
    while left:
        ready = [code for code in left if not set(waits.get(code, ())) - set(done)]
        if not ready:
            raise ValueError("、".join(left))
        done += ready
        left = [code for code in left if code not in ready]
    return done


# -- the whole ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gains:
    """What the joint matter saves, computed: papers to bring, trips, questions, and working days from begin to end."""

    materials: Gain
    trips: Gain
    questions: Gain
    days: Gain


@dataclass(frozen=True, slots=True)
class Joined:
    """A joint matter put together for the members that are wanted."""

    bundle: Bundle
    members: tuple[Standard, ...]
    form: JointForm
    materials: tuple[JointMaterial, ...]
    waits: Mapping[str, tuple[str, ...]]

    def standard(self, code: str) -> Standard:
        return next(s for s in self.members if s.code == code)

    def material(self, code: str) -> JointMaterial | None:
        return next((m for m in self.materials if m.code == code), None)

    @property
    def asked(self) -> tuple[JointMaterial, ...]:
        """What the applicant is to bring, once."""
        return tuple(m for m in self.materials if m.asked)

    def of_member(self, code: str) -> dict[str, JointMaterial]:
        """Which line of the joint list covers each material of a member."""
        return {material: m for m in self.materials for item, material in m.needed_by if item == code}

    @property
    def order(self) -> tuple[str, ...]:
        return tuple(_order([s.code for s in self.members], self.waits))

    @property
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """Who runs side by side: first those that wait for nobody, then those that wait for them, and so on."""
        depth: dict[str, int] = {}
        for code in self.order:
            depth[code] = max((depth[w] + 1 for w in self.waits[code]), default=0)
        return tuple(tuple(c for c in depth if depth[c] == n) for n in range(max(depth.values(), default=-1) + 1))

    @property
    def longest(self) -> tuple[str, ...]:
        """The chain of members that takes longest, by their promises in working days; it sets the promise of the whole."""
        return longest_chain({s.code: about_days(s) for s in self.members}, self.waits, self.order)

    @property
    def gains(self) -> Gains:
        """One by one against together. A trip is one for each item that is not done wholly online, and one for a joint start."""
        apart = sum(len([m for m in s.materials if m.required is Required.YES and not m.from_departments]) for s in self.members)
        together = sum(m.required is Required.YES for m in self.asked) + 1  # the joint form itself
        days = {s.code: about_days(s) for s in self.members}
        trips = sum(1 if s.trips is None else s.trips for s in self.members)
        return Gains(
            materials=Gain(apart, min(together, apart)), trips=Gain(trips, min(1, trips)),
            questions=Gain(sum(len(s.typed) for s in self.members), len(self.form.fields)),
            days=Gain(sum(days.values()), sum(days[c] for c in self.longest)),
        )  # fmt: skip


_PER_DAY = {"workday": 1.0, "calday": 5 / 7, "month": 21.0, "hour": 1 / 8}


def about_days(standard: Standard) -> int:
    """A promise in working days, roughly where it is counted otherwise: for comparing, never for a clock."""
    limit = standard.times.promised
    return ceil(limit.number * _PER_DAY[limit.unit]) if limit else 0


def longest_chain(days: Mapping[str, int], waits: Mapping[str, Collection[str]], order: Iterable[str]) -> tuple[str, ...]:
    """The chain that ends last, each beginning when all it waits for are done."""
    chains: dict[str, tuple[int, tuple[str, ...]]] = {}
    for code in order:
        before = max((chains[w] for w in waits.get(code, ()) if w in chains), key=lambda c: c[0], default=(0, ()))
        chains[code] = (before[0] + days[code], (*before[1], code))
    return max(chains.values(), key=lambda c: c[0], default=(0, ()))[1]


def join(bundle: Bundle, standards: Mapping[str, Standard], words: Words, *, chosen: Collection[str] | None = None) -> Joined:
    """Put a joint matter together for some of its members; all of them if none are named.

    Members without a standard are left out, as are papers nobody chosen needs. Raises :class:`BundleWrong` where members wait for one
    another in a ring.
    """
    offered = [standards[m.code] for m in bundle.members if m.code in standards]
    members = [s for s in offered if chosen is None or s.code in chosen]
    materials = _merge_materials(bundle, members, _producers(members, words), words)
    waits: dict[str, tuple[str, ...]] = {}
    for s in members:
        needs = [p for m in materials for item, _ in m.needed_by if item == s.code for p in m.producers if p != s.code]
        waits[s.code] = tuple(dict.fromkeys(needs))
    try:
        _order([s.code for s in members], waits)
    except ValueError as error:
        raise BundleWrong(name=bundle.name, why=f"互相等待：{error}") from None
    return Joined(bundle, tuple(members), _only(_merge_forms(bundle, offered, words), bundle, members), materials, waits)


def unlisted(bundle: Bundle, joined: Joined, words: Words) -> Iterator[str]:
    """Papers that the public list of a joint matter names although no member needs them: they are not asked for."""
    needed = {_same(words.papers, m.name) for s in joined.members for m in s.materials}
    for name in bundle.listed:
        parts = {_same(words.papers, part) for part in re.split(r"[、或]", name)} | {_same(words.papers, name)}
        if not parts & needed and not any(word in bare(name) for word in (*words.stands_in, "联办", "申请材料")):
            yield name
