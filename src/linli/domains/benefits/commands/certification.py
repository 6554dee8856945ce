"""Certification: taking in signs, weighing them, enrolling who receives a benefit, and being certified by one's own act or in person."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import duckdb
import pyarrow as pa
from django.db import connection, transaction
from psycopg import sql

from linli.domains.benefits.certifying import LifeStanding, Settled, Signal, Terms, book, judge, months_owed, next_day
from linli.domains.benefits.commands import proceedings
from linli.domains.benefits.commands.feeds import tell_certified
from linli.domains.benefits.models import (
    Certification,
    CertificationCheck,
    Evidence,
    FacePhoto,
    PersonFacts,
    Reach,
    Suspension,
    SuspensionProposal,
)
from linli.domains.benefits.parameters import Figures
from linli.domains.benefits.permissions import CERTIFY, LEARN, WITNESS
from linli.domains.benefits.queries.book import book_in_force
from linli.domains.benefits.queries.certification import certification, may_certify_for, photo, receivings_of, signs_of, terms_of
from linli.domains.benefits.snapshots import digest
from linli.domains.benefits.values import NEVER
from linli.domains.documents.commands import looked_through
from linli.domains.notices.commands import Recipient, notify
from linli.domains.org.queries import bureau_for, letterhead
from linli.domains.people.queries import own_ids, parties
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import day_said, local_date
from linli.kernel.errors import Kind, LinliError, NotFound
from linli.kernel.ids import uuid7
from linli.kernel.text import Message, msg, noop

_BATCH = 2_000
_OLD = timedelta(days=366 * 3)
GESTURES = {"one": noop("伸出一根手指"), "two": noop("伸出两根手指"), "five": noop("张开手掌"), "ear": noop("摸一下耳朵")}


class SignWrong(LinliError):
    """A sign that nobody can have reported."""

    code = "benefits.sign_wrong"
    template = noop("第 %(row)s 条记录不正确：%(what)s。")
    remedy = noop("请核对种类、来源和日期，改正后重新提交；已收下的记录不会重复。")


class PhotoWrong(LinliError):
    """What came is not a photograph."""

    code = "benefits.photo_wrong"
    template = noop("这个文件不是照片。")
    remedy = noop("请重新拍一张，或者选一张 JPG、PNG 照片。")


class PhotoWaits(LinliError):
    """A photograph of them waits to be compared already."""

    code = "benefits.photo_waits"
    kind = Kind.CONFLICT
    template = noop("已经收到一张照片，正在比对。")
    remedy = noop("不用再拍，一般两个工作日内有结果，会发消息告诉您。")


class NotReceiving(LinliError):
    """Somebody receives nothing that needs certification."""

    code = "benefits.not_receiving"
    kind = Kind.NOT_FOUND
    template = noop("没有查到需要认证的待遇。")
    remedy = noop("请核对人员；刚开始领取待遇的，第二天再试。")


def certification_subject(certification_id: UUID) -> Subject:
    return Subject("certification", certification_id)


# -- signs -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A sign as somebody reports it; ``record_id`` is its number with them, and makes it one however often it comes."""

    person_id: UUID
    kind: str
    source: str
    record_id: str
    day: date


@once
def take_in_signs(*, rows: Sequence[Told], by: Actor, now: datetime) -> int:
    """Keep signs that a department reports and weigh them; how many were new. Raises :class:`SignWrong` for the first that is wrong."""
    by.must(LEARN)
    return keep(rows, by=by, now=now)


def keep(rows: Sequence[Told], *, by: Actor, now: datetime) -> int:
    """Keep signs that another command of the room vouches for, and weigh them; how many were new."""
    today, kinds, sources = local_date(now), book().kinds, book().sources
    for n, row in enumerate(rows, 1):
        wrong = next((w for w in (
            row.kind not in kinds and msg("没有这个种类"), row.source not in sources and msg("没有这个来源"), row.day > today and msg("日期在将来"),
            not 0 < len(row.record_id) <= 64 and msg("编号为空或太长"),
        ) if w), None)  # fmt: skip
        if wrong:
            raise SignWrong(row=n, what=wrong)
    before = [
        Evidence(
            person_id=r.person_id, kind=r.kind, strong=kinds[r.kind].strong, source=r.source, record_id=r.record_id, day=r.day, heard_at=now
        )
        for r in rows
    ]  # fmt: skip
    ids = [e.pk for e in before]
    Evidence.objects.bulk_create(before, ignore_conflicts=True)
    new = Evidence.objects.filter(pk__in=ids).values_list("person_id", flat=True)
    weigh(person_ids=set(new), by=by, now=now)
    return len(new)


_COLUMNS = ("person_id", "kind", "strong", "source", "record_id", "day", "heard_at")


def load_evidence(*, file: Path, by: Actor, now: datetime) -> int:
    """Take in signs from Parquet (person, kind, on, source, record_id) by COPY; how many were new. Jobs weigh them afterwards."""
    by.must(LEARN)
    kinds, sources = book().kinds, book().sources
    with duckdb.connect() as db:
        rows = db.execute('SELECT person, kind, source, record_id, "on" FROM read_parquet(?)', [str(file)])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.told")
            cursor.execute("CREATE TEMP TABLE told (LIKE benefits_evidence INCLUDING DEFAULTS) ON COMMIT DROP")
            names = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
            number = 0
            with cursor.copy(sql.SQL("COPY told ({}) FROM STDIN").format(names)) as copy:
                while batch := rows.fetchmany(20_000):
                    for person, kind, source, record_id, day in batch:
                        number += 1
                        if kind not in kinds or source not in sources:
                            raise SignWrong(row=number, what=f"{kind} / {source}")
                        copy.write_row((person, kind, kinds[kind].strong, source, record_id, day, now))
            cursor.execute(
                sql.SQL(
                    "INSERT INTO benefits_evidence (id, {0}) SELECT id, {0} FROM told ON CONFLICT (source, record_id) DO NOTHING"
                ).format(names)
            )
            new = int(cursor.rowcount)
            record(
                "benefits.evidence_loaded", subject=Subject("benefit_load", uuid7()), by=by, at=now, new=True, rows=number, taken=new,
                digest=digest(file),
            )  # fmt: skip
    return new


def weigh_news(*, limit: int = _BATCH, by: Actor, now: datetime) -> int:
    """Weigh what is new of some people, as a job does; how many notes were worked off. Two workers take different ones."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM benefits_evidence_news WHERE id IN "
                "(SELECT id FROM benefits_evidence_news ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING person_id",
                [limit],
            )
            found = [row[0] for row in cursor.fetchall()]
        weigh(person_ids=set(found), by=by, now=now)
    return len(found)


def weigh(*, person_ids: Iterable[UUID], by: Actor, now: datetime) -> int:
    """Let all signs of some people say how they stand; how many stand otherwise now.

    A new cycle, a doubt and the end of a doubt are recorded; payment that was held back goes on when somebody is certified again.
    """
    today, changed = local_date(now), 0
    people = sorted(set(person_ids))
    for start in range(0, len(people), _BATCH):
        some = people[start : start + _BATCH]
        with transaction.atomic():
            rows = list(Certification.objects.select_for_update().filter(person_id__in=some, over_on=None).order_by("id"))
            signs, terms = signs_of(r.person_id for r in rows), _Terms(today)
            stopped = Suspension.objects.filter(certification__in=rows, ended_on=None).select_related("proposal")
            held = {s.certification_id: s for s in stopped}
            waiting = {
                p.certification_id: p for p in SuspensionProposal.objects.filter(certification__in=rows, outcome=Settled.OPEN)
            }
            for row in rows:
                changed += _weigh_one(row, signs.get(row.person_id, []), terms, held.get(row.pk), by=by, now=now)
                if proposal := waiting.get(row.pk):
                    _lapse_if_certified(row, proposal, by=by, now=now)
            tell_certified((r.person_id for r in rows), now=now)
    return changed


class _Terms:
    """The figures of each place, asked once."""

    def __init__(self, on: date) -> None:
        self._on, self._known = on, dict[str, Terms]()

    def of(self, region: str) -> Terms:
        if region not in self._known:
            self._known[region] = terms_of(region, self._on)
        return self._known[region]


def _weigh_one(row: Certification, signs: list, terms: _Terms, held: Suspension | None, *, by: Actor, now: datetime) -> bool:  # type: ignore[type-arg]
    today = local_date(now)
    found = judge(
        signs, start=row.start_on, start_kind=row.start_kind, on=today, terms=terms.of(row.region), cleared_at=row.cleared_at
    )
    renewed, doubt = found.certified_on > row.certified_on, found.signal != row.signal
    if renewed:
        was = row.certified_until
        row.certified_on, row.certified_by, row.certified_until = found.certified_on, list(found.by), found.until
        record(
            "benefits.certified", subject=certification_subject(row.pk), by=by, at=now, kinds=list(found.by), on=found.certified_on,
            until=found.until,
        )  # fmt: skip
        if found.until >= today and (held or Reach.objects.filter(certification=row, cycle_end=was).exists()):
            tell(row, "benefits.certified", f"certified:{found.certified_on}", until=found.until, by=by, now=now)
    if doubt:
        row.signal = found.signal
        record("benefits.doubted", subject=certification_subject(row.pk), by=by, at=now, signal=found.signal)
    if renewed or doubt:
        row.next_on = next_step(row)
        row.save()
    goes_on = held and found.standing(today) is LifeStanding.CERTIFIED and found.certified_on >= held.since
    if held and goes_on and (held.inquiry_id is None or (row.cleared_at and row.cleared_at > held.decided_at)):
        told = "、".join(dict.fromkeys(book().kinds[kind].told for kind in row.certified_by))
        end_suspension(row, held, reason=f"凭{told}，领取资格已经认证到{row.certified_until.isoformat()}。", by=by, now=now)
        return True
    return renewed or doubt


def _lapse_if_certified(row: Certification, proposal: SuspensionProposal, *, by: Actor, now: datetime) -> None:
    """Nobody is suspended any more who was certified since it was proposed, or whose doubt was cleared up."""
    cleared = row.cleared_at is not None and row.cleared_at >= proposal.proposed_at
    if row.signal or row.certified_until < local_date(now) or (proposal.inquiry_id and not cleared):
        return
    _lapse(row, proposal, msg("本人已认证"), by=by, now=now)


def _lapse(row: Certification, proposal: SuspensionProposal, why: Message, *, by: Actor, now: datetime) -> None:
    proposal.outcome, proposal.decided_at = Settled.LAPSED, now
    proposal.save(update_fields=["outcome", "decided_at"])
    proceedings.give_up(proposal.case_id, reason=why, now=now)
    record("benefits.suspension_lapsed", subject=certification_subject(row.pk), by=by, at=now, proposal=proposal.pk)


def next_step(row: Certification) -> date | None:
    """When the ladder goes on; it stands still while there is a doubt, which a person looks into."""
    if row.signal:
        return None
    done = Reach.objects.filter(certification=row, cycle_end=row.certified_until).values_list("rung", flat=True)
    return next_day(until=row.certified_until, done=done, frail=row.frail, abroad=row.abroad)


def end_suspension(row: Certification, held: Suspension, *, reason: object, by: Actor, now: datetime) -> None:
    """Payment goes on, and what was held back is owed; a sealed paper and a message say so."""
    today = local_date(now)
    held.ended_on, held.ended_by_id, held.end_reason = max(today, held.since), by.user_id, str(reason)
    held.owed = list(months_owed(held.since, today))
    held.save(update_fields=["ended_on", "ended_by_id", "end_reason", "owed"])
    owed = [f"{m // 12}-{m % 12 + 1:02d}" for m in held.owed]
    record("benefits.resumed", subject=certification_subject(row.pk), by=by, at=now, suspension=held.pk, owed=owed)
    proceedings.say_resumed(row, held, held.owed, reason=reason, now=now)
    tell(
        row, "benefits.resumed", f"resumed:{held.pk}", about=Subject("case", held.proposal.case_id) if held.proposal else None, by=by,
        now=now, what=msg("，停发的 %(n)s 个月一并补发", n=len(owed)) if owed else "",
    )  # fmt: skip


def tell(
    row: Certification, kind: str, key: str, *, by: Actor, now: datetime, until: date | None = None, what: object = "",
    about: Subject | None = None,
) -> bool:  # fmt: skip
    """Tell somebody how they stand, once for each key; whether the bureau knows who they are. ``about``: the case it comes from."""
    who = parties([row.person_id]).get(row.person_id)
    if who is None:
        return False
    office = letterhead(bureau_for(row.region, on=local_date(now)))
    notify(
        kind, to=Recipient(row.person_id), about=about or certification_subject(row.pk),
        values={
            "item": msg(book().benefits[row.benefit].label), "until": day_said(until or row.certified_until), "office": office.name,
            "phone": office.phone, "what": what,  # type: ignore[dict-item]
        },
        key=f"certification:{row.pk}:{key}", by=by, now=now,
    )  # fmt: skip
    return True


# -- who receives ----------------------------------------------------------------------------------------------------------------


def enrol(*, after: UUID | None = None, limit: int = _BATCH, by: Actor, now: datetime) -> UUID | None:
    """Let certifications follow what is known of who receives a benefit, some people a time in the order of their key.

    Gives the last key, None when there are no more. Somebody's first cycle begins with their last certification elsewhere, else with
    the first payment, else today: nobody is late for what they could not know.
    """
    by.must(LEARN)
    today = local_date(now)
    rows = PersonFacts.objects.filter(long_term_benefit__isnull=False).order_by("subject_id")
    if after:
        rows = rows.filter(subject_id__gt=after)
    columns = ("subject_id", "region", "long_term_benefit", "pension_since", "certified_on", "birth", "hardship")
    facts = list(rows.values_list(*columns)[:limit])
    if not facts:
        return None
    terms, in_force = _Terms(today), book_in_force()
    with transaction.atomic():
        known: dict[UUID, list[Certification]] = {}
        for row in Certification.objects.select_for_update().filter(person_id__in=[f[0] for f in facts]).order_by("id"):
            known.setdefault(row.person_id, []).append(row)
        fresh = []
        for person, region, benefit, since, certified, birth, hardship in facts:
            frail = _frail(Figures(today, region, in_force), birth, hardship)
            for row in known.get(person, []):
                _follow(row, benefit, region, frail, by=by, now=now)
            if benefit in book().benefits and all(r.benefit != benefit for r in known.get(person, [])):
                start, kind = _start(since, certified, today)
                found = judge([], start=start, start_kind=kind, on=today, terms=terms.of(region))
                row = Certification(
                    person_id=person, benefit=benefit, region=region, frail=frail, start_on=start, start_kind=kind, certified_on=start,
                    certified_by=[kind], certified_until=found.until,
                )  # fmt: skip
                row.next_on = next_day(until=row.certified_until, done=(), frail=frail, abroad=False)
                fresh.append(row)
        Certification.objects.bulk_create(fresh, ignore_conflicts=True)
        if fresh:
            record(
                "benefits.receivers_enrolled", subject=Subject("benefit_load", uuid7()), by=by, at=now, new=True, number=len(fresh),
                first=fresh[0].person_id, last=fresh[-1].person_id,
            )  # fmt: skip
        weigh(person_ids=[r.person_id for r in fresh], by=by, now=now)
    return facts[-1][0] if len(facts) == limit else None


def _start(since: date | None, certified: date | None, today: date) -> tuple[date, str]:
    found = [(day, kind) for day, kind in ((since, "first_payment"), (certified, "earlier")) if day and NEVER < day <= today]
    return max(found, default=(today, "earlier"))


def _frail(figures: Figures, birth: date | None, hardship: str | None) -> bool:
    """Who is visited at home: the old, as old as the figure of the place says, and the severely disabled."""
    old, today = int(figures["certification.home_age"]), figures.on
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day)) if birth else 0
    return age >= old or hardship in ("severe_disability", "poor_disability")


def _follow(row: Certification, benefit: str, region: str, frail: bool, *, by: Actor, now: datetime) -> None:
    """A certification follows the facts: moved, older, over, begun again."""
    over = None if benefit == row.benefit else row.over_on or local_date(now)
    if (row.over_on, row.region, row.frail) == (over, region, frail):
        return
    if row.over_on != over:
        record("benefits.receiving_changed", subject=certification_subject(row.pk), by=by, at=now, over=over)
        waiting = SuspensionProposal.objects.filter(certification=row, outcome=Settled.OPEN).first() if over else None
        if waiting:
            _lapse(row, waiting, msg("不再领取这项待遇"), by=by, now=now)
    row.over_on, row.region, row.frail = over, region, frail
    row.next_on = None if over else next_step(row)
    row.save()


# -- in person, by oneself -------------------------------------------------------------------------------------------------------


@once
def witness(*, person_id: UUID, kind: str = "counter", by: Actor, now: datetime) -> date:
    """Somebody stands at the counter, or brought a consulate's paper: they are certified; until when."""
    by.must(WITNESS)
    if kind not in ("counter", "consulate_form"):
        raise NotFound(what=msg("这种认证方式"))
    rows = receivings_of(person_id, by=by)
    if not rows:
        raise NotReceiving
    source = "office" if kind == "counter" else "consulate"
    keep([Told(person_id, kind, source, f"{kind}-{uuid7()}", local_date(now))], by=by, now=now)
    return min(Certification.objects.filter(pk__in=[r.pk for r in rows]).values_list("certified_until", flat=True))


def gesture() -> str:
    """What the next photograph must show, so that an old one is of no use."""
    return secrets.choice(sorted(GESTURES))


@once
def take_photo(*, person_id: UUID, gesture: str, content: BinaryIO, name: str, by: Actor, now: datetime) -> UUID:
    """A resident, or whoever helps them under a mandate, sends a photograph to be certified by."""
    rows = may_certify_for(person_id, by=by, on=local_date(now))
    if gesture not in GESTURES:
        raise NotFound(what=msg("这个动作"))
    data, checked = looked_through(content=content, declared_name=name)
    if not checked.type.value.startswith("image/"):
        raise PhotoWrong(field="photo")
    if FacePhoto.objects.select_for_update().filter(person_id=person_id, compared_at=None).exists():
        raise PhotoWaits
    row = FacePhoto.objects.create(
        person_id=person_id, region=rows[0].region, gesture=gesture, content_type=checked.type.value,
        picture=base64.b64encode(data).decode(), taken_at=now, taken_by_id=by.person_id,
    )  # fmt: skip
    helped = by.resident_id is None or person_id not in own_ids(by.resident_id)
    record("benefits.photo_taken", subject=certification_subject(rows[0].pk), by=by, at=now, photo=row.pk, helped=helped)
    return row.pk


def picture(photo_id: UUID, *, by: Actor, now: datetime) -> tuple[bytes, str]:
    """The picture for whoever compares it; the look is recorded."""
    row = photo(photo_id, by=by)
    assert row.picture
    with transaction.atomic():
        record("people.viewed", subject=Subject("person", row.person_id), by=by, at=now, case=None)
    return base64.b64decode(row.picture.open()), row.content_type


@once
def compare_photo(*, photo_id: UUID, matches: bool, by: Actor, now: datetime) -> None:
    """An officer says whether the face is that of the person and the gesture right. Then the picture is gone."""
    by.must(CERTIFY)
    row = FacePhoto.objects.select_for_update().filter(pk=photo(photo_id, by=by).pk, compared_at=None).first()
    if row is None:
        raise NotFound(what=msg("这张照片"))
    row.matches, row.compared_at, row.compared_by_id, row.picture = matches, now, by.person_id, None
    row.save(update_fields=["matches", "compared_at", "compared_by_id", "picture"])
    rows = list(Certification.objects.filter(person_id=row.person_id, over_on=None).order_by("benefit"))
    for c in rows:
        record("benefits.photo_compared", subject=certification_subject(c.pk), by=by, at=now, photo=row.pk, matches=matches)
    if matches:
        keep([Told(row.person_id, "face", "resident", f"face-{row.pk}", local_date(row.taken_at))], by=by, now=now)
    for c in Certification.objects.filter(pk__in=[c.pk for c in rows]):
        kind = "benefits.certified" if matches else "benefits.photo_again"
        tell(c, kind, f"photo:{row.pk}", by=by, now=now)


@once
def say_abroad(*, certification_id: UUID, abroad: bool, by: Actor, now: datetime) -> None:
    """A resident says that they live abroad, or no longer: nobody knocks at their door then."""
    found = Certification.objects.filter(pk=certification_id, over_on=None).values_list("person_id", flat=True).first()
    rows = may_certify_for(found, by=by, on=local_date(now)) if found else []
    if certification_id not in [r.pk for r in rows]:
        raise NotFound(what=msg("这项待遇"))
    row = Certification.objects.select_for_update().get(pk=certification_id)
    if row.abroad != abroad:
        row.abroad = abroad
        row.next_on = next_step(row)
        row.save()
        record("benefits.lives_abroad", subject=certification_subject(row.pk), by=by, at=now, abroad=abroad)


@once
def confirm(*, certification_id: UUID, by: Actor, now: datetime) -> date:
    """An officer has made sure that somebody lives, with their own eyes or on a video call; certified until when."""
    row = certification(certification_id, by=by, write=True)
    told = Told(row.person_id, "officer_check", "office", f"check-{uuid7()}", local_date(now))
    keep([told], by=by, now=now)
    return Certification.objects.get(pk=row.pk).certified_until


# -- upkeep ----------------------------------------------------------------------------------------------------------------------


def forget_signs(*, limit: int = 10_000, now: datetime) -> int:
    """Drop signs that are older than any cycle needs; never sooner than the database allows."""
    old = Evidence.objects.filter(heard_at__lt=now - _OLD).values("pk")[:limit]
    return Evidence.objects.filter(pk__in=old).delete()[0]


def measure(
    *, truth: Path, on: date, by: Actor, now: datetime, tell: Callable[[int], None] = lambda people: None
) -> CertificationCheck:
    """How often certification was right about people of whom a file tells the truth (Parquet: person, died_truth).

    Certified on a day after their death: falsely certified. Presumed dead, or in doubt, and alive: falsely so.
    """
    by.must(LEARN)
    with duckdb.connect() as db:
        db.execute("CREATE TABLE c (person UUID, signal VARCHAR, until DATE)")
        rows = Certification.objects.filter(over_on=None).values_list("person_id", "signal", "certified_until").order_by("id")
        some: list[tuple[str, str, date]] = []
        for person, signal, until in rows.iterator(chunk_size=20_000):
            some.append((str(person), signal, until))
            if len(some) == 20_000:
                _put(db, some)
                tell(20_000)
                some = []
        _put(db, some)
        certified, dead = "signal = '' AND until >= $on", "(t.died_truth IS NOT NULL AND t.died_truth <= $on)"
        counts = db.execute(
            f"""SELECT count(*), count(*) FILTER ({certified}), count(*) FILTER ({certified} AND {dead}),
                       count(*) FILTER (signal = $presumed), count(*) FILTER (signal = $presumed AND NOT {dead}),
                       count(*) FILTER (signal <> ''), count(*) FILTER (signal <> '' AND NOT {dead}), count(*) FILTER ({dead})
                  FROM c JOIN read_parquet($file) t ON t.person::UUID = c.person""",
            {"on": on, "presumed": Signal.PRESUMED_DEAD.value, "file": str(truth)},
        ).fetchone()
    assert counts
    names = (
        "people", "certified", "certified_dead", "presumed_dead", "presumed_dead_alive", "doubted", "doubted_alive", "dead",
    )  # fmt: skip
    with transaction.atomic():
        made = CertificationCheck.objects.create(
            on=on, truth_digest=digest(truth), measured_at=now, **dict(zip(names, counts, strict=True))
        )
        record("benefits.certification_measured", subject=Subject("benefit_load", made.pk), by=by, at=now, new=True, on=on)
    return made


def _put(db: duckdb.DuckDBPyConnection, rows: list[tuple[str, str, date]]) -> None:
    people, signals, ends = zip(*rows, strict=True) if rows else ((), (), ())
    table = pa.table(
        {"person": pa.array(people, pa.string()), "signal": pa.array(signals, pa.string()), "until": pa.array(ends, pa.date32())}
    )
    db.register("batch", table)
    db.execute("INSERT INTO c SELECT person::UUID, signal, until FROM batch")
    db.unregister("batch")
