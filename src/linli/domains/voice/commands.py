"""Registering a demand: it gets a number, an owner and a date, and the person a receipt (零拒绝)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from stdnum.iso7064 import mod_37_36

from linli.domains.documents.commands import NotInThisState, compose, seal_document
from linli.domains.documents.queries import PaperKind, current_templates, get_document
from linli.domains.org.queries import answering_org, calendar, letterhead
from linli.domains.trace.commands import Subject, once, record
from linli.domains.voice.models import Demand
from linli.domains.voice.queries import demand_for
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date, with_weekday
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import check_phone, mask_phone
from linli.kernel.ids import uuid7
from linli.kernel.text import Message, msg, noop

__all__ = ["DemandIncomplete", "Wish", "register_demand", "seal_receipt"]


class DemandIncomplete(LinliError):
    code = "voice.demand_incomplete"
    template = noop("请写明%(what)s。")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for and what they would like to come of it, in their own words."""

    summary: str
    wish: str = ""


@once
def register_demand(
    *, name: str, wish: Wish, phone: str = "", person_id: UUID | None = None, owner_id: UUID | None = None, by: Actor, now: datetime
) -> UUID:
    """Register what is no item of service; returns the demand.

    Its owner is the organisation named, or the body answering for the counter that took it; the date is some working days
    away (setting ``LINLI_DEMAND_DAYS``, L). Raises :class:`DemandIncomplete`.
    """
    by.must("voice.register")
    if not name.strip():
        raise DemandIncomplete(field="name", what=msg("反映人姓名"))
    if not wish.summary.strip():
        raise DemandIncomplete(field="summary", what=msg("需要解决的问题"))
    assert by.org_id and by.user_id
    tel = check_phone(phone, field="phone") if phone.strip() else ""
    today = local_date(now)
    owner = letterhead(owner_id or answering_org(by.org_id))
    days = settings.ENV.demand_days
    due_on = calendar(by.region).add_working_days(today, days)
    demand = Demand(
        pk=uuid7(), number=_next_number(by.region, now), person_id=person_id, name=name.strip(), phone=tel or None, channel=by.channel,
        summary=wish.summary.strip(), wish=wish.wish.strip() or None, hall_id=by.hall_id or by.org_id, owner_id=owner.id,
        due_on=due_on, registered_by_id=by.user_id, registered_at=now,
    )  # fmt: skip
    place = letterhead(by.hall_id or by.org_id)
    demand.document_id = compose(
        kind=PaperKind.DEMAND_RECEIPT, subject_id=demand.pk, subject_kind="demand", standard_id=None, org_id=place.body_id,
        data={
            "demand_number": demand.number, "person": demand.name, "phone": mask_phone(tel) if tel else "", "received_at": now,
            "channel": str(Message(by.channel.label)), "place": place.name, "summary": wish.summary.strip(),
            "wish": wish.wish.strip(), "owner": owner.name, "reply_by": due_on,
            "reply_note": f"自 {with_weekday(today)} 的次日起 {days} 个工作日。",
            "next_steps": ["承办单位联系您核实情况", f"最迟 {with_weekday(due_on)} 前答复您", "答复后请您评价"],
            "contact": {"name": owner.name, "phone": owner.phone, "address": owner.address},
        },
        template_version=current_templates().get(PaperKind.DEMAND_RECEIPT.value), by=by, now=now,
    )  # fmt: skip
    demand.save(force_insert=True)
    record(
        "voice.registered", subject=Subject("demand", demand.pk), by=by, at=now, number=demand.number, owner=owner.id,
        due=due_on, document=demand.document_id,
    )  # fmt: skip
    return demand.pk


def seal_receipt(*, demand_id: UUID, by: Actor, now: datetime) -> bool:
    """Seal the receipt of a demand the actor may see, when it is printed; False if it was sealed before.

    The room vouches for the clerk: a receipt exercises no power, it only says what was taken in.
    """
    demand = demand_for(demand_id, by=by)
    if demand.document_id is None or get_document(demand.document_id).state != "composed":
        return False
    with suppress(NotInThisState):  # printed twice at this very moment
        seal_document(
            document_id=demand.document_id, item_code="", region="", decision_ref=demand.number,
            by=replace(by, permissions=by.permissions | {"documents.seal"}), now=now,
        )  # fmt: skip
        return True
    return False


def _next_number(region: str, now: datetime) -> str:
    """``SQ``, division, day, sequence and a check character."""
    area, day = region[:6].ljust(6, "0"), local_date(now)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO voice_demandcounter AS c (area, day, last) VALUES (%s, %s, 1) "
            "ON CONFLICT (area, day) DO UPDATE SET last = c.last + 1 RETURNING last",
            [area, day],
        )
        body = f"SQ{area}{day:%Y%m%d}{cursor.fetchone()[0]:05d}"
    return body + str(mod_37_36.calc_check_digit(body))
