"""A resident of the invented city who takes a case through by themselves, with the commands that the portal uses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from linli.cli.demo.forms import filled
from linli.domains.cases import commands as do
from linli.domains.cases.queries import asked_fields, own_sheet
from linli.domains.documents.commands import store_file
from linli.kernel.actors import Actor, Channel
from linli.testing.story import at, picture
from linli.testing.world import COUNTY, World

CLAIM = "flexible-social-subsidy"  # a form that is a material too, and one that depends on the situation and may be committed to
NOW, TODAY = at("2026-03-02 10:00"), date(2026, 3, 2)


def resident(world: World, name: str = "applicant") -> Actor:
    """The actor that somebody's account makes."""
    return Actor(
        user_id=world.users.get(f"resident-{name}") or world.people[name], region=COUNTY, device="phone", channel=Channel.ONLINE,
        permissions=frozenset({"portal.use"}), name=name, resident_id=world.people[name],
    )  # fmt: skip


def started(me: Actor, item: str = CLAIM, now: datetime = NOW, **more: Any) -> UUID:
    """Begin for oneself."""
    assert me.resident_id
    return do.start_online(item_code=item, applicant_id=me.resident_id, by=me, now=now, **more)


def fill(me: Actor, case_id: UUID, now: datetime = NOW, questions: bool = True) -> None:
    """Answer everything that is asked; ``questions`` are left out where they are answered already."""
    sheet = own_sheet(case_id, by=me, now=now)
    wanted = set(asked_fields(sheet.standard))
    do.save_online(
        case_id=case_id,
        values={k: v for k, v in filled(sheet.standard).items() if k in wanted and k not in sheet.form},
        by=me,
        now=now,
    )
    for material in sheet.materials:
        if material.is_question and not questions:
            continue
        if material.is_question and not material.wanted.may_be_committed:
            do.answer_online(case_id=case_id, code=material.row.code, applies=False, by=me, now=now)
        elif material.wanted.may_be_committed:
            do.commit_online(case_id=case_id, code=material.row.code, signature=None, name="赵示例", by=me, now=now)
        elif material.open:
            ref = store_file(content=picture(material.row.code), declared_name="p.png", by=me, now=now)
            do.hand_in_online(
                case_id=case_id, material=do.Handed(material.row.code, do.Received.PHOTOGRAPHED, ((ref, "p.png"),)), by=me, now=now
            )


def submitted(me: Actor, **more: Any) -> UUID:
    """Begin, fill in and submit."""
    case_id = started(me, **more)
    fill(me, case_id, now=more.get("now", NOW))
    do.submit_online(case_id=case_id, by=me, now=more.get("now", NOW))
    return case_id
