"""Telling people, and bringing it to them: each message exactly once, each try counted, the inbox as the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation

from linli.domains.notices.adapters import Parcel, Refused, adapters
from linli.domains.notices.errors import NoWayOpen, ValueMissing
from linli.domains.notices.models import Delivery, Message, Preference
from linli.domains.notices.rules import DEFAULT_WAYS, DeliveryState, Way, loud_from, next_try, ways_for
from linli.domains.notices.wording import Kind, Voice, email_of, freeze, kind_of, sms_of, spoken, text_of, title_of
from linli.domains.people.queries import employer_facts, person_facts
from linli.domains.trace.commands import Subject
from linli.kernel.actors import Actor
from linli.kernel.jobs import defer
from linli.kernel.text import Message as Sentence

__all__ = ["Recipient", "Subject", "deliver", "notify", "send_code"]

CODE_MINUTES = "5"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for: a person, or an employer whose clerks read it."""

    party_id: UUID
    is_employer: bool = False


@transaction.atomic
def notify(
    kind: str, *, to: Recipient, about: Subject, values: Mapping[str, str | Sentence], key: str, by: Actor, now: datetime
) -> UUID | None:
    """Tell somebody something, once for each ``key``: gives the message, or None if that key was told before.

    It is in the inbox at once; a job of the same transaction takes it further on the first way that is wanted, known and open.
    Values may be sentences, which every reader gets in their own language. Raises :class:`KindUnknown`, :class:`ValueMissing`.
    """
    wording = kind_of(kind)
    lacking = wording.needs - values.keys()
    if lacking:
        raise ValueMissing(kind=kind, names="、".join(sorted(lacking)))
    kept = {name: freeze(value) for name, value in values.items()}
    message, made = Message.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind, "party_id": to.party_id, "is_employer": to.is_employer, "subject_kind": about.kind,
            "subject_id": about.id, "values": kept, "made_by_id": by.user_id, "made_at": now,
        },
    )  # fmt: skip
    if not made:
        return None
    reach = _reach(to)
    plan = ways_for(reach.wanted, known=reach.addresses, open_ways=adapters())
    if plan:
        _dispatch(message, wording, kept, plan, reach, now=now)
    return message.pk


@transaction.atomic
def send_code(*, phone: str, code: str, now: datetime) -> None:
    """Send a sign-in code to a telephone, whatever the hour. It is never stored readable, and wiped once it is gone.

    Raises :class:`NoWayOpen` where the site has no SMS.
    """
    if Way.SMS not in adapters():
        raise NoWayOpen
    voice = Voice(english=(translation.get_language() or "").startswith("en"))
    text = sms_of(kind_of("code"), {"code": code, "minutes": CODE_MINUTES}, voice, sign=settings.ENV.sms_signature)
    delivery = Delivery.objects.create(
        kind="code", way=Way.SMS, address=phone, content={"text": text, "code": code}, next_try_at=now, made_at=now
    )
    _start(delivery, now=now)


# -- where and how somebody is reached ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reach:
    name: str
    addresses: Mapping[Way, str]
    wanted: tuple[Way, ...]
    voice: Voice


def _reach(to: Recipient) -> _Reach:
    """What is known of somebody's ways, and what they prefer."""
    facts = employer_facts(to.party_id) if to.is_employer else person_facts(to.party_id)
    chosen = Preference.objects.filter(pk=to.party_id).first()
    known = {
        Way.SMS: facts.get("phone", ""),
        Way.EMAIL: (chosen.email.open() if chosen and chosen.email else "") or facts.get("email", ""),
        Way.WECHAT: chosen.wechat.open() if chosen and chosen.wechat else "",
    }
    wanted = tuple(Way(w) for w in chosen.ways) if chosen else DEFAULT_WAYS
    voice = Voice(chosen.english, chosen.plain) if chosen else Voice()
    name = facts["org_name"] if to.is_employer else facts["name"]
    return _Reach(name, {way: address for way, address in known.items() if address}, wanted, voice)


def _dispatch(message: Message, kind: Kind, kept: Mapping[str, object], plan: list[Way], reach: _Reach, *, now: datetime) -> None:
    """Make the first delivery of a message, outside the quiet hours, and have a job take it."""
    env, way = settings.ENV, plan[0]
    link = f"{env.public_url}/messages/{message.pk}/"
    with translation.override("en" if reach.voice.english else "zh-hans"):
        said = spoken(kept, translation.gettext)
    place = message.deliveries.count()
    at = loud_from(now, quiet_from=env.quiet_from, quiet_until=env.quiet_until)
    delivery = Delivery.objects.create(
        message=message, kind=message.kind, way=way, place=place, plan=plan[1:], address=reach.addresses[way],
        content=_content(way, kind, said, reach, link), next_try_at=at, made_at=now,
    )  # fmt: skip
    _start(delivery, now=now)


def _content(way: Way, kind: Kind, said: dict[str, str], reach: _Reach, link: str) -> dict[str, str]:
    """What goes out, word for word."""
    values = said | {"name": reach.name, "link": link}
    match way:
        case Way.SMS:
            return {"text": sms_of(kind, values, reach.voice, sign=settings.ENV.sms_signature)}
        case Way.EMAIL:
            subject, text = email_of(kind, values, reach.voice, name=reach.name, link=link)
            return {"subject": subject, "text": text}
        case Way.WECHAT:
            return {"title": title_of(kind, values, reach.voice), "text": text_of(kind, values, reach.voice), "link": link}


def _start(delivery: Delivery, *, now: datetime) -> None:
    if adapters()[Way(delivery.way)].at_once:
        deliver(delivery_id=delivery.pk, now=max(now, delivery.next_try_at or now))
    else:
        defer("notices.deliver", delivery_id=str(delivery.pk), at=delivery.next_try_at)


# -- bringing it -----------------------------------------------------------------------------------------------------------------


def deliver(*, delivery_id: UUID, now: datetime) -> None:
    """Try one delivery that is due. Safe to repeat and to run twice at once: only one run gets it.

    What fails is tried again after a while; when the ladder has ended, or a later try cannot help, the next way is taken.
    """
    claimed = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.WAITING, next_try_at__lte=now).update(
        state=DeliveryState.SENDING, claimed_at=now, next_try_at=None
    )
    if not claimed:
        return
    delivery = Delivery.objects.get(pk=delivery_id)
    delivery.tries += 1
    adapter = adapters().get(Way(delivery.way))
    try:
        if adapter is None:
            raise Refused("way_closed", again=False)
        assert delivery.content is not None
        parcel = Parcel(delivery.pk, Way(delivery.way), delivery.kind, delivery.address.open(), delivery.content.open_json(), now)
        provider_id = adapter.send(parcel)
    except Refused as refused:
        _failed(delivery, refused, now=now)
    else:
        _ended(delivery, DeliveryState.SENT, now=now, provider_id=provider_id, error="")


def _ended(delivery: Delivery, state: DeliveryState, *, now: datetime, **more: str) -> None:
    for name, value in more.items():
        setattr(delivery, name, value)
    delivery.state, delivery.ended_at = state, now
    if delivery.message_id is None:
        delivery.content = None  # a code is of no use to anybody any more
    _save(delivery, ["state", "ended_at", "tries", "content", *more])


def _save(delivery: Delivery, fields: Iterable[str]) -> bool:
    """Write what came of a try, unless a callback of the provider, or another worker, was quicker."""
    values = {name: getattr(delivery, name) for name in fields}
    return bool(Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING).update(**values))


def _failed(delivery: Delivery, refused: Refused, *, now: datetime) -> None:
    again = next_try(delivery.tries, now=now, code=delivery.message_id is None) if refused.again else None
    with transaction.atomic():
        if again is None:
            _ended(delivery, DeliveryState.FAILED, now=now, error=refused.code)
            _fall_over(delivery, now=now)
            return
        delivery.state, delivery.next_try_at, delivery.error = DeliveryState.WAITING, again, refused.code
        if _save(delivery, ["state", "next_try_at", "error", "tries"]):
            defer("notices.deliver", delivery_id=str(delivery.pk), at=again)


def _fall_over(delivery: Delivery, *, now: datetime) -> None:
    """Take the next way, if there is one that is still known and open."""
    if delivery.message is None:
        return
    message = delivery.message
    reach = _reach(Recipient(message.party_id, message.is_employer))
    plan = ways_for([Way(w) for w in delivery.plan], known=reach.addresses, open_ways=adapters())
    if plan:
        _dispatch(message, kind_of(message.kind), message.values.open_json(), plan, reach, now=now)
