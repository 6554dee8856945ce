"""Ways a message goes out, how often it is tried, and at what hours; no database, no reading of the time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum

from linli.kernel.calendar import SHANGHAI
from linli.kernel.text import noop


class Way(StrEnum):
    """A channel outside the platform. The inbox is not one of them: every message is there, whatever else happens."""

    SMS = "sms"
    WECHAT = "wechat"
    EMAIL = "email"

    @property
    def label(self) -> str:
        return {"sms": noop("短信"), "wechat": noop("微信"), "email": noop("电子邮件")}[self.value]


class DeliveryState(StrEnum):
    """Waiting for its time, being handed over, handed over to the provider, confirmed by it, or given up."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    DeliveryState.WAITING: noop("等待发送"),
    DeliveryState.SENDING: noop("正在发送"),
    DeliveryState.SENT: noop("已发出"),
    DeliveryState.DELIVERED: noop("已送达"),
    DeliveryState.FAILED: noop("未能送达"),
}

# What may be tried in turn when somebody has not chosen: a text message reaches any telephone.
DEFAULT_WAYS = (Way.SMS, Way.WECHAT, Way.EMAIL)
# Waiting between one try and the next; after the last the next way is taken.
LADDER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
# A sign-in code is of no use later.
CODE_LADDER = (timedelta(seconds=10), timedelta(seconds=30))
# A hand-over that has not ended by then died with its worker.
STALLED = timedelta(minutes=10)


def next_try(tries: int, *, now: datetime, code: bool = False) -> datetime | None:
    """When to try again after ``tries`` failures; None when the ladder has ended."""
    ladder = CODE_LADDER if code else LADDER
    return now + ladder[tries - 1] if tries <= len(ladder) else None


def loud_from(moment: datetime, *, quiet_from: time, quiet_until: time) -> datetime:
    """The first moment from ``moment`` on that is not in the quiet hours of the place; equal ends mean there are none."""
    local = moment.astimezone(SHANGHAI)
    over_night = quiet_from > quiet_until
    at = local.time()
    quiet = (at >= quiet_from or at < quiet_until) if over_night else quiet_from <= at < quiet_until
    if not quiet:
        return moment
    morning = datetime.combine(local.date(), quiet_until, SHANGHAI)
    return morning if morning > local else morning + timedelta(days=1)


def ways_for(wanted: Sequence[Way], *, known: Iterable[Way], open_ways: Iterable[Way]) -> list[Way]:
    """The ways to take one after the other: those somebody wants, of which an address is known and which the site has."""
    usable = set(known) & set(open_ways)
    return [way for way in dict.fromkeys(wanted) if way in usable]


# -- wording ---------------------------------------------------------------------------------------------------------------------

# What an SMS may name: never a personal number, never the reasons of a decision (docs/security.md PI-16).
SMS_MAY_SAY = frozenset({"item", "office", "day", "until", "place", "code", "minutes", "number", "what", "link", "tail"})
SMS_VALUE = 24  # characters of one value in an SMS; a longer one is shortened, the inbox has it whole
SMS_LONGEST = {"zh": 134, "en": 201}  # two parts, and three, of 67 characters each
_PLACE = re.compile(r"\{(\w+)\}")


def places(template: str) -> set[str]:
    """The names a wording fills in."""
    return set(_PLACE.findall(template))


def fill(template: str, values: dict[str, str]) -> str:
    """Fill a wording; a value that itself looks like a place is left as it is."""
    return _PLACE.sub(lambda m: values[m.group(1)], template)


def short(value: str, *, most: int = SMS_VALUE) -> str:
    """A value as an SMS has room for."""
    return value if len(value) <= most else value[: most - 1] + "…"
