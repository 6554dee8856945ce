"""Telling people, and bringing it to them: each message exactly once, each try counted, the inbox as the record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import translation

from linli.domains.notices.adapters import Parcel, Refused, adapters
from linli.domains.notices.adapters.signing import is_signed
from linli.domains.notices.adapters.wechat import is_from_wechat, open_id_of
from linli.domains.notices.errors import (
    AddressWrong,
    EmailClosed,
    NothingToRetry,
    NoWayOpen,
    ValueMissing,
    WechatAway,
    WechatRefused,
)
from linli.domains.notices.models import Delivery, Message, Preference
from linli.domains.notices.permissions import MANAGE, may_read, readable_parties
from linli.domains.notices.preferences import keep, preference_of, preferences_of
from linli.domains.notices.rules import DEFAULT_WAYS, STALLED, DeliveryState, Way, loud_from, next_try, ways_for
from linli.domains.notices.wording import Kind, Voice, email_of, freeze, kind_of, sms_of, spoken, text_of, title_of
from linli.domains.people.commands import ask_email_code, take_email_code
from linli.domains.people.queries import contacts, employer_facts, person_facts, recognised
from linli.domains.trace.commands import Subject, once, record
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.kernel.errors import NotFound
from linli.kernel.jobs import defer, defer_many
from linli.kernel.text import Message as Sentence
from linli.kernel.text import msg

__all__ = [
    "Recipient", "Subject", "Telling", "Words", "ask_email", "bind_wechat", "confirm_email", "deliver", "drop_email", "mark_all_read", "mark_read",
    "note_receipt", "notify", "notify_many", "retry_delivery", "send_code", "set_preference", "sms_receipt_is_signed", "sweep", "unbind_wechat",
    "wechat_is_signed", "WechatRefused",
]  # fmt: skip

CODE_MINUTES = "5"
# A value: a word as it is, a sentence, or several sentences that make a paragraph.
Words = str | Sentence | tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for: a person, or an employer whose clerks read it."""

    party_id: UUID
    is_employer: bool = False


@transaction.atomic
def notify(
    kind: str, *, to: Recipient, about: Subject, values: Mapping[str, Words], key: str, by: Actor, now: datetime
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


@dataclass(frozen=True, slots=True)
class Telling:
    """What one of many is told; see :func:`notify`."""

    kind: str
    to: Recipient
    about: Subject
    values: Mapping[str, Words]
    key: str


@transaction.atomic
def notify_many(told: Sequence[Telling], *, by: Actor, now: datetime) -> int:
    """:func:`notify` for very many, with some statements in all; how many were not told before."""
    messages: dict[str, tuple[Message, Telling]] = {}
    for one in told:
        wording = kind_of(one.kind)
        if lacking := wording.needs - one.values.keys():
            raise ValueMissing(kind=one.kind, names="、".join(sorted(lacking)))
        kept = {name: freeze(value) for name, value in one.values.items()}
        message = Message(
            key=one.key, kind=one.kind, party_id=one.to.party_id, is_employer=one.to.is_employer, subject_kind=one.about.kind,
            subject_id=one.about.id, values=kept, made_by_id=by.user_id, made_at=now,
        )  # fmt: skip
        messages[one.key] = message, one
    # In the order of the keys, so that two who tell the same people wait for each other.
    Message.objects.bulk_create([messages[key][0] for key in sorted(messages)], ignore_conflicts=True)
    made = dict(Message.objects.filter(key__one_of=messages).values_list("key", "pk"))
    fresh = [(m, one) for m, one in messages.values() if made[m.key] == m.pk]
    reaches = _reaches([one.to for _, one in fresh])
    open_ways, waiting = adapters(), []
    for message, one in fresh:
        reach = reaches[one.to]
        plan = ways_for(reach.wanted, known=reach.addresses, open_ways=open_ways)
        if plan:
            waiting.append(
                _first(message, kind_of(one.kind), {n: freeze(v) for n, v in one.values.items()}, plan, reach, place=0, now=now)
            )
    Delivery.objects.bulk_create(waiting)
    later: dict[datetime, list[dict[str, str]]] = {}
    for delivery in waiting:
        if open_ways[Way(delivery.way)].at_once:
            _start(delivery, now=now)
        else:
            assert delivery.next_try_at
            later.setdefault(delivery.next_try_at, []).append({"delivery_id": str(delivery.pk)})
    for at, calls in later.items():
        defer_many("notices.deliver", calls, at=at)
    return len(fresh)


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
    """What is known of somebody's ways, and what they prefer; of the person they turned out to be, where they applied before."""
    party_id = to.party_id if to.is_employer else recognised(to.party_id)
    facts = employer_facts(party_id) if to.is_employer else person_facts(party_id)
    return _reach_of(facts["org_name"] if to.is_employer else facts["name"], facts.get("phone", ""), preference_of(party_id))


def _reaches(all_: Collection[Recipient]) -> dict[Recipient, _Reach]:
    """The same of very many."""
    persons = contacts([to.party_id for to in all_ if not to.is_employer])
    employers = contacts([to.party_id for to in all_ if to.is_employer], employers=True)
    known = {to: (employers if to.is_employer else persons)[to.party_id] for to in all_}
    chosen = preferences_of({c.id for c in known.values()})
    return {to: _reach_of(c.name, c.phone, chosen.get(c.id)) for to, c in known.items()}


def _reach_of(name: str, phone: str, chosen: Preference | None) -> _Reach:
    known = {
        Way.SMS: phone,
        Way.EMAIL: chosen.email.open() if chosen and chosen.email else "",
        Way.WECHAT: chosen.wechat.open() if chosen and chosen.wechat else "",
    }
    wanted = tuple(Way(w) for w in chosen.ways) if chosen else DEFAULT_WAYS
    voice = Voice(chosen.english, chosen.plain) if chosen else Voice()
    return _Reach(name, {way: address for way, address in known.items() if address}, wanted, voice)


def _dispatch(message: Message, kind: Kind, kept: Mapping[str, object], plan: list[Way], reach: _Reach, *, now: datetime) -> None:
    """Make the first delivery of a message, outside the quiet hours, and have a job take it."""
    delivery = _first(message, kind, kept, plan, reach, place=message.deliveries.count(), now=now)
    delivery.save(force_insert=True)
    _start(delivery, now=now)


def _first(
    message: Message, kind: Kind, kept: Mapping[str, object], plan: list[Way], reach: _Reach, *, place: int, now: datetime
) -> Delivery:
    """The delivery on the first of some ways; not saved."""
    way = plan[0]
    link = f"{settings.ENV.public_url}/messages/{message.pk}/"
    with translation.override("en" if reach.voice.english else "zh-hans"):
        said = spoken(kept, translation.gettext)
    return Delivery(
        message=message, kind=message.kind, way=way, place=place, plan=plan[1:], address=reach.addresses[way],
        content=_content(way, kind, said, reach, link), next_try_at=_loud(now), made_at=now,
    )  # fmt: skip


def _loud(moment: datetime) -> datetime:
    return loud_from(moment, quiet_from=settings.ENV.quiet_from, quiet_until=settings.ENV.quiet_until)


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

    What fails is tried again after a while; when the ladder has ended, or a later try cannot help, the next way is taken. In the quiet
    hours only codes go out: whatever else comes due then, late or for another try, waits for the morning.
    """
    morning = _loud(now)
    if morning > now:
        waits = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.WAITING, next_try_at__lte=now, message__isnull=False)
        with transaction.atomic():
            if waits.update(next_try_at=morning):
                defer("notices.deliver", delivery_id=str(delivery_id), at=morning)
                return
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


# -- what providers tell afterwards ----------------------------------------------------------------------------------------------


def note_receipt(
    *, way: Way, reached: bool, delivery_id: UUID | None = None, provider_id: str = "", code: str = "", now: datetime
) -> bool:
    """Note what a provider says became of a delivery, which it names by our id or by its own; False if it is not known here.

    A late failure makes the next way be taken. Telling it twice changes nothing.
    """
    if delivery_id is None and not provider_id:
        return False
    named = Delivery.objects.filter(way=way, **({"pk": delivery_id} if delivery_id else {"provider_id": provider_id}))
    with transaction.atomic():
        delivery = named.select_for_update(of=("self",)).first()
        if delivery is None:
            return False
        if delivery.state not in (DeliveryState.SENDING, DeliveryState.SENT):
            return True
        delivery.state = DeliveryState.DELIVERED if reached else DeliveryState.FAILED
        delivery.ended_at, delivery.error = now, "" if reached else f"told_{code}"[:64]
        if delivery.message_id is None:
            delivery.content = None
        delivery.save(update_fields=["state", "ended_at", "error", "content"])
        if not reached:
            _fall_over(delivery, now=now)
    return True


def sms_receipt_is_signed(*, moment: str, body: bytes, given: str, now: datetime) -> bool:
    """Whether a receipt comes from the gateway we share a secret with."""
    return is_signed(settings.ENV.sms_secret, moment=moment, body=body, given=given, now=now)


def wechat_is_signed(*, timestamp: str, nonce: str, given: str) -> bool:
    """Whether a callback comes from WeChat."""
    return is_from_wechat(settings.ENV.wechat_token, timestamp=timestamp, nonce=nonce, given=given)


_LOST = timedelta(minutes=2)


def sweep(*, now: datetime, limit: int = 500) -> int:
    """Find deliveries that nobody works on any more, and have them tried: handed over by a worker that died, or due and forgotten.

    Safe to repeat; a delivery whose job is still there is tried once all the same. Returns how many were found.
    """
    found = 0
    stalled = Delivery.objects.filter(state=DeliveryState.SENDING, claimed_at__lt=now - STALLED).order_by("claimed_at")
    for delivery in stalled[:limit]:
        delivery.tries += 1  # the try that did not come back
        with transaction.atomic():
            _failed(delivery, Refused("worker_died", again=True), now=now)
        found += 1
    due = Delivery.objects.filter(state=DeliveryState.WAITING, next_try_at__lt=now - _LOST).order_by("next_try_at")
    for pk in due.values_list("pk", flat=True)[:limit]:
        defer("notices.deliver", delivery_id=str(pk))
        found += 1
    return found


@once
def retry_delivery(*, delivery_id: UUID, by: Actor, now: datetime) -> None:
    """Try a failed delivery again from the bottom of the ladder. A code is not sent again: its holder asks for a new one."""
    by.must(MANAGE)
    delivery = Delivery.objects.select_for_update(of=("self",)).filter(pk=delivery_id, message__isnull=False).first()
    if delivery is None:
        raise NotFound(what=msg("这次发送"))
    if delivery.state != DeliveryState.FAILED:
        raise NothingToRetry
    delivery.state, delivery.tries, delivery.next_try_at = DeliveryState.WAITING, 0, now
    delivery.ended_at, delivery.error, delivery.plan = None, "", []
    delivery.save(update_fields=["state", "tries", "next_try_at", "ended_at", "error", "plan"])
    record("notices.retried", subject=Subject("user", by.person_id), by=by, at=now, delivery=delivery_id, way=delivery.way)
    _start(delivery, now=now)


# -- the reader ------------------------------------------------------------------------------------------------------------------


def mark_read(*, message_id: UUID, by: Actor, now: datetime) -> None:
    """Note that a message was read, the first time it is. Raises :class:`NotFound` for whoever may not read it."""
    message = Message.objects.filter(pk=message_id).only("party_id", "read_at").first()
    if message is None or not may_read(by, message.party_id, on=local_date(now)):
        raise NotFound(what=msg("这条通知"))
    if message.read_at is None:
        Message.objects.filter(pk=message_id, read_at=None).update(read_at=now)


def mark_all_read(*, by: Actor, now: datetime) -> int:
    """The same for everything an actor may read; returns how many were new."""
    return Message.objects.filter(party_id__in=readable_parties(by, on=local_date(now)), read_at=None).update(read_at=now)


@once
def set_preference(*, ways: Sequence[Way], english: bool, plain: bool, by: Actor, now: datetime) -> None:
    """Keep how a resident wants to be told; no ways means the inbox alone."""
    me = _resident(by)
    keep(me, now=now, ways=list(dict.fromkeys(ways)), english=english, plain=plain)
    record(
        "notices.preference_set", subject=Subject("person", me), by=by, at=now, ways=[str(w) for w in ways], english=english, plain=plain
    )  # fmt: skip


def _resident(by: Actor) -> UUID:
    by.must("portal.use")
    if by.resident_id is None:
        raise NotFound(what=msg("您的通知设置"))
    return by.resident_id


# -- an e-mail address: nothing but a code goes to it before it is shown to be theirs ------------------------------------------------


@transaction.atomic
def ask_email(*, email: str, network: str | None, by: Actor, now: datetime) -> str:
    """Send a code to an address that a resident says is theirs, and nothing else, not even their name; gives the address as it is kept.

    Raises :class:`AddressWrong`, :class:`EmailClosed`, :class:`~linli.domains.people.commands.CodeTooSoon`.
    """
    _resident(by)
    address = email.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise AddressWrong(field="email", address=address) from error
    if Way.EMAIL not in adapters():
        raise EmailClosed(field="email")
    code = ask_email_code(email=address, address=network, by=by, now=now)
    voice, kind = Voice(english=(translation.get_language() or "").startswith("en")), kind_of("email_code")
    values = {"code": code, "minutes": CODE_MINUTES}
    text = f"{text_of(kind, values, voice)}\n\n{settings.ENV.sms_signature}\n"
    content = {"subject": title_of(kind, values, voice), "text": text, "code": code}
    delivery = Delivery.objects.create(
        kind="email_code", way=Way.EMAIL, address=address, content=content, next_try_at=now, made_at=now
    )  # fmt: skip
    _start(delivery, now=now)
    return address


def confirm_email(*, email: str, code: str, by: Actor, now: datetime) -> None:
    """Take the code that went to an address; from now on messages may go there. Confirmed twice it is confirmed once.

    Wrong tries are counted though they raise :class:`~linli.domains.people.commands.CodeWrong`.
    """
    me, address = _resident(by), email.strip()
    now_kept = preference_of(me)
    if now_kept and now_kept.email and now_kept.email.open() == address:
        return
    take_email_code(email=address, code=code, by=by, now=now)
    with transaction.atomic():
        keep(me, now=now, email=address)
        record("notices.email_confirmed", subject=Subject("person", me), by=by, at=now)


@once
def drop_email(*, by: Actor, now: datetime) -> None:
    """Forget the address. Safe to repeat."""
    me = _resident(by)
    if (kept := preference_of(me)) and kept.email:
        keep(me, now=now, email=None)
        record("notices.email_dropped", subject=Subject("person", me), by=by, at=now)


# -- WeChat --------------------------------------------------------------------------------------------------------------------------


def bind_wechat(*, code: str, by: Actor, now: datetime) -> None:
    """Bind the WeChat account that a browser came back from, by the code it brought; who asked has checked that it is the one sent out.

    Raises :class:`WechatRefused`, :class:`WechatAway`.
    """
    me, env = _resident(by), settings.ENV
    if not env.wechat_app_id:
        raise NotFound(what=msg("微信通知"))
    try:
        open_id = open_id_of(code, api=env.wechat_api, app_id=env.wechat_app_id, secret=env.wechat_secret)
    except Refused as refused:
        raise (WechatAway if refused.again else WechatRefused) from refused
    with transaction.atomic():
        keep(me, now=now, wechat=open_id)
        record("notices.wechat_bound", subject=Subject("person", me), by=by, at=now)


@once
def unbind_wechat(*, by: Actor, now: datetime) -> None:
    """Forget it. Safe to repeat."""
    me = _resident(by)
    if (kept := preference_of(me)) and kept.wechat:
        keep(me, now=now, wechat=None)
        record("notices.wechat_unbound", subject=Subject("person", me), by=by, at=now)
