"""Another system of the first day: admitted by the security administrator, it brings applications with its key, as over the API."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from linli.cli.demo.forms import filled, photograph
from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, prefill
from linli.domains.catalog.queries import Material, Required
from linli.domains.clients.commands import admit_client, enter
from linli.domains.clients.queries import Scope
from linli.domains.documents.commands import store_file
from linli.domains.people.commands import register_person
from linli.domains.people.queries import IdType, person_facts
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI, local_date

if TYPE_CHECKING:
    from linli.cli.demo.day import Script, _Stage

NAME = "云岭市“一网通办”平台（演示）"
BRINGS = 9  # cases of the day


def key_file(data: Path) -> Path:
    """Where the key lies, for its owner alone."""
    return data / "secrets" / "demo-partner.key"


def keep_key(data: Path, key: str) -> None:
    path = key_file(data)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(key + "\n")


class Partner:
    """The scripts of what it brings."""

    def __init__(self, stage: _Stage) -> None:
        self.stage, self.dice, self.brought = stage, random.Random(20260107), 0
        now = datetime.combine(stage.days[0], time(9), SHANGHAI)
        by = stage.who("security", stage.days[0])
        _, self.key = admit_client(
            name=NAME, org_id=stage.city.orgs["city-hall"], owner="云岭市大数据中心 0770-1230088", scopes=list(Scope), per_minute=600,
            expires_at=datetime.now(UTC) + timedelta(days=365), by=by, now=now,
        )  # fmt: skip

    def scripts(self) -> Iterator[tuple[datetime, Script]]:
        """Each with the time it begins."""
        days = self.stage.days
        for n in range(BRINGS):
            day = days[-1 - (0, 0, 0, 3, 5, 8)[n % 6]]
            begins = datetime.combine(day, time(9), SHANGHAI) + timedelta(minutes=37 * n)
            yield begins, self._script(n, begins)

    def _let_in(self, now: datetime) -> Actor:
        return enter(key=self.key, address="10.77.200.8", now=now).actor

    def _script(self, n: int, now: datetime) -> Script:
        """A person found or registered, the files, the whole application; every third lacks something that is asked for and brought."""
        stage, by = self.stage, self._let_in(now)
        asking = [s for s in stage.standards() if "person" in s.applicant_kinds and any(_asked(m) for m in s.materials)]
        standard = asking[n * 7 % len(asking)]
        facts = person_facts(self.dice.choice(stage.people.persons))
        person = register_person(
            name=facts["name"],
            id_type=IdType.CITIZEN,
            id_number=facts["id_number"],
            phone=facts["phone"],
            region=by.region,
            by=by,
            now=now,
        )
        handed = []
        for m in standard.materials:
            if m.from_departments:
                continue
            if m.required is not Required.YES:
                handed.append(do.Handed(m.code, not_applicable=True))
                continue
            ref = store_file(content=photograph(m.name, n), declared_name=f"{m.code}.jpg", by=by, now=now)
            handed.append(do.Handed(m.code, do.Received.UPLOADED, files=((ref, f"{m.name[:40]}.jpg"),)))
        lacking = next((h for h in handed if h.received), None) if n % 3 == 2 else None
        case_id = do.receive_case(
            item_code=standard.code, applicant=do.Applicant(person), form=filled(standard, **prefill(standard, facts, employer=False, today=local_date(now))),
            materials=[h for h in handed if h is not lacking], region="7701", by=by, now=now,
        )  # fmt: skip
        self.brought += 1
        stage.report.items.add(standard.code)
        stage.report.branches["brought by a system"] += 1
        now += timedelta(minutes=30)
        yield now
        hall = Case.objects.get(pk=case_id).hall_id
        clerk = stage._clerk(hall, now)
        do.fetch_shared(case_id=case_id, by=clerk, now=now)
        if lacking:
            do.request_correction(case_id=case_id, missing=[do.Missing(lacking.code, "未上传，请补交。")], by=clerk, now=now)
            now += timedelta(minutes=20)
            yield now
            do.answer_correction(case_id=case_id, materials=[lacking], by=self._let_in(now), now=now)
            now += timedelta(minutes=15)
            yield now
        do.accept_case(case_id=case_id, by=clerk, now=now)
        yield from stage._handle(case_id, "approved", hall, now)


def _asked(material: Material) -> bool:
    return material.required is Required.YES and not material.from_departments
