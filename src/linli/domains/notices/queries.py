"""Reading messages and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, QuerySet
from django.utils import translation

from linli.domains.notices.adapters import adapters
from linli.domains.notices.adapters.post_office import CONTEXT
from linli.domains.notices.adapters.wechat import authorize_address
from linli.domains.notices.models import Delivery, Message, Posted
from linli.domains.notices.permissions import MANAGE, may_read, readable_parties
from linli.domains.notices.preferences import preference_of
from linli.domains.notices.rules import DEFAULT_WAYS, DeliveryState, Way
from linli.domains.notices.wording import Voice, kind_of, spoken, text_of, title_of
from linli.domains.people.queries import parties
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.fields import blind
from linli.kernel.identifiers import mask_phone
from linli.kernel.text import msg

__all__ = [
    "Chosen", "Delivery", "DeliveryState", "DeliveryView", "Letter", "Message", "MessageView", "Way", "chosen", "deliveries", "delivery_counts",
    "delivery_views", "inbox", "kind_label", "letters", "message_for", "message_views", "messages_about", "posted", "told_about", "unread",
    "way_is_open", "wechat_address", "wechat_can_be_bound",
]  # fmt: skip


# -- the inbox -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One way a message took, as a page shows it; the address is masked."""

    id: UUID
    kind: str
    way: Way
    address: str
    state: DeliveryState
    tries: int
    error: str
    made_at: datetime
    next_try_at: datetime | None
    ended_at: datetime | None
    message_id: UUID | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message in the words of its reader."""

    id: UUID
    kind: str
    title: str
    text: str
    signed: str
    party_id: UUID
    party: str
    subject_kind: str
    subject_id: UUID
    made_at: datetime
    read_at: datetime | None
    deliveries: tuple[DeliveryView, ...]


def inbox(*, by: Actor, on: date) -> QuerySet[Message]:
    """What a resident was told, and those for whom they may read; newest first."""
    return (
        Message.objects.filter(party_id__in=readable_parties(by, on=on)).prefetch_related("deliveries").order_by("-made_at", "-id")
    )


def unread(*, by: Actor, on: date) -> int:
    """How many of them nobody has read yet."""
    return Message.objects.filter(party_id__in=readable_parties(by, on=on), read_at=None).count()


def message_for(message_id: UUID, *, by: Actor, on: date) -> Message:
    """One of them. Raises :class:`NotFound`, whether or not it exists."""
    found = Message.objects.prefetch_related("deliveries").filter(pk=message_id).first()
    if found is None or not may_read(by, found.party_id, on=on):
        raise NotFound(what=msg("这条通知"))
    return found


def message_views(rows: Iterable[Message], *, plain: bool = False) -> list[MessageView]:
    """Messages in the language of the request and, for large print, in plain words; names with one query or two."""
    listed = list(rows)
    names = parties(m.party_id for m in listed)
    voice = Voice(english=(translation.get_language() or "").startswith("en"), plain=plain)
    views = []
    for m in listed:
        kind, values = kind_of(m.kind), spoken(m.values.open_json(), translation.gettext)
        views.append(
            MessageView(
                m.pk, m.kind, title_of(kind, values, voice), text_of(kind, values, voice), values["office"], m.party_id,
                names[m.party_id].name if m.party_id in names else "", m.subject_kind, m.subject_id, m.made_at, m.read_at,
                tuple(delivery_views(sorted(m.deliveries.all(), key=lambda d: d.place))),
            )
        )  # fmt: skip
    return views


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a resident is told: what they chose, or what holds for who never chose."""

    ways: tuple[Way, ...]
    email: str
    wechat: bool
    english: bool
    plain: bool


def chosen(*, by: Actor) -> Chosen:
    """The preference of the resident who asks."""
    row = preference_of(by.resident_id) if by.resident_id else None
    if row is None:
        return Chosen(DEFAULT_WAYS, "", False, False, False)
    return Chosen(tuple(Way(w) for w in row.ways), row.email.open() if row.email else "", bool(row.wechat), row.english, row.plain)


def wechat_can_be_bound() -> bool:
    """Whether the site has an official account that people can let write to them."""
    return bool(settings.ENV.wechat_app_id)


def wechat_address(*, back: str, state: str) -> str:
    """Where a browser goes to be told to this account; it comes back to ``back`` with a code and the same ``state``."""
    env = settings.ENV
    if not env.wechat_app_id:
        raise NotFound(what=msg("微信通知"))
    return authorize_address(env.wechat_authorize, app_id=env.wechat_app_id, back=back, state=state)


def way_is_open(way: Way) -> bool:
    """Whether the site has this way."""
    return way in adapters()


# -- about a case ----------------------------------------------------------------------------------------------------------------


def messages_about(subject_id: UUID) -> QuerySet[Message]:
    """Everything that was told about something, in order; the caller asks whether the reader may see it."""
    return Message.objects.filter(subject_id=subject_id).prefetch_related("deliveries").order_by("made_at", "id")


def told_about(subject_id: UUID) -> list[dict[str, object]]:
    """The same for a file: what was said word for word, to whom, and what became of it on every way."""
    told = []
    with translation.override("zh-hans"):
        for m, view in zip(rows := list(messages_about(subject_id)), message_views(rows), strict=True):
            sent = [
                {
                    "way": d.way, "state": d.state, "tries": d.tries, "error": d.error, "made_at": d.made_at.isoformat(),
                    "ended_at": d.ended_at.isoformat() if d.ended_at else None, "provider_id": d.provider_id,
                    "content": d.content.open_json() if d.content else None,
                }
                for d in sorted(m.deliveries.all(), key=lambda d: d.place)
            ]  # fmt: skip
            told.append(
                {
                    "id": str(m.pk), "kind": m.kind, "to": str(m.party_id), "is_employer": m.is_employer, "title": view.title,
                    "text": view.text, "signed": view.signed, "made_at": m.made_at.isoformat(),
                    "read_at": m.read_at.isoformat() if m.read_at else None, "deliveries": sent,
                }
            )  # fmt: skip
    return told


# -- the ways out ----------------------------------------------------------------------------------------------------------------


def deliveries(*, by: Actor, state: DeliveryState | None = None, way: Way | None = None) -> QuerySet[Delivery]:
    """Deliveries, newest first, for who looks after the ways out; whom they are for is masked."""
    by.must(MANAGE)
    rows = Delivery.objects.order_by("-made_at", "-id")
    rows = rows.filter(state=state) if state else rows
    return rows.filter(way=way) if way else rows


def delivery_counts(*, by: Actor, since: datetime) -> dict[DeliveryState, int]:
    """How many deliveries stand where, of those made since a moment."""
    by.must(MANAGE)
    counted = Delivery.objects.filter(made_at__gte=since).values_list("state").annotate(n=Count("id"))
    return dict.fromkeys(DeliveryState, 0) | {DeliveryState(state): n for state, n in counted}


def delivery_views(rows: Iterable[Delivery]) -> list[DeliveryView]:
    """Deliveries as a page shows them; without a query."""
    return [
        DeliveryView(
            d.pk, d.kind, Way(d.way), _masked(Way(d.way), d.address.open()), DeliveryState(d.state), d.tries, d.error, d.made_at,
            d.next_try_at, d.ended_at, d.message_id,
        )
        for d in rows
    ]  # fmt: skip


def _masked(way: Way, address: str) -> str:
    if way is Way.SMS:
        return mask_phone(address)
    name, at, host = address.partition("@")
    return f"{name[:1]}***{at}{host}" if at else f"{address[:3]}***"


def kind_label(kind: str) -> str:
    """What staff call a kind of message."""
    return kind_of(kind).label


# -- the post office of a demonstration ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Letter:
    """Something a demonstration would have sent."""

    id: UUID
    way: Way
    address: str
    content: Mapping[str, str]
    at: datetime


def posted(*, address: str = "") -> QuerySet[Posted]:
    """What the post office of a demonstration keeps, newest first; to one address if given. A real installation has none."""
    if not settings.ENV.demonstration:
        raise NotFound(what=msg("演示邮局"))
    # By what was told last: at night a code goes out at once, and what was told before it waits for the morning.
    kept = Posted.objects.order_by("-delivery_id")
    return kept.filter(address_index=blind(address, context=CONTEXT)) if address else kept


def letters(rows: Iterable[Posted]) -> list[Letter]:
    """The same, opened."""
    return [Letter(p.delivery_id, Way(p.way), p.address.open(), p.content.open_json(), p.at) for p in rows]
