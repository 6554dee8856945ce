"""What a system may be admitted for, what a key looks like, where a webhook may lead, and how long is waited between tries."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from linli.domains.clients.errors import ClientWrong, WebhookWrong
from linli.kernel.crypto import sm3
from linli.kernel.text import msg, noop

Network = IPv4Network | IPv6Network


class Scope(StrEnum):
    """What a system may be admitted for."""

    CATALOGUE = "catalogue"
    PARTIES = "parties"
    INTAKE = "intake"
    STATUS = "status"
    RESULTS = "results"
    WEBHOOKS = "webhooks"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def permission(self) -> str:
        """The permission that an actor with this scope carries."""
        return _PERMISSIONS[self]


_LABELS = {
    Scope.CATALOGUE: noop("查询事项和指南"),
    Scope.PARTIES: noop("登记和查找申请人"),
    Scope.INTAKE: noop("提交、补正和撤回申请"),
    Scope.STATUS: noop("查询本系统提交的办件进度"),
    Scope.RESULTS: noop("下载本系统提交的办件的文书"),
    Scope.WEBHOOKS: noop("接收进度通知"),
}
_PERMISSIONS = {
    Scope.CATALOGUE: "catalog.read", Scope.PARTIES: "people.register", Scope.INTAKE: "cases.receive",
    Scope.STATUS: "cases.follow", Scope.RESULTS: "cases.collect", Scope.WEBHOOKS: "clients.webhooks",
}  # fmt: skip

MOST_PER_MINUTE = 6_000
LONGEST_KEY = timedelta(days=2 * 366)
LONGEST_OVERLAP = timedelta(days=30)

# -- keys ----------------------------------------------------------------------------------------------------------------

_CLEAR = "abcdefghjkmnpqrstuvwxyz23456789"
_KEY = re.compile(r"linli_([a-z2-9]{10})_([A-Za-z0-9_-]{43})")


def new_key() -> tuple[str, str, bytes]:
    """A key, the prefix by which it is known, and the digest that is kept of it.

    The secret has 256 random bits, so a plain digest is enough: there is nothing to guess.
    """
    prefix, secret = "".join(secrets.choice(_CLEAR) for _ in range(10)), secrets.token_urlsafe(32)
    return f"linli_{prefix}_{secret}", prefix, _digest(secret)


def read_key(key: str) -> tuple[str, bytes] | None:
    """The prefix and the digest of a key that somebody shows; None for what cannot be one."""
    found = _KEY.fullmatch(key)
    return (found[1], _digest(found[2])) if found else None


def _digest(secret: str) -> bytes:
    return sm3(b"linli-api-key/1\0", secret.encode())


def same(one: bytes, other: bytes) -> bool:
    """Whether two digests are equal, in the same time whether they are or not."""
    return hmac.compare_digest(one, other)


# -- addresses ---------------------------------------------------------------------------------------------------------


def check_networks(texts: Iterable[str], *, field: str = "networks") -> list[str]:
    """Addresses or networks as they are kept. Raises :class:`ClientWrong` naming the first that is none."""
    kept = []
    for text in texts:
        try:
            kept.append(str(ip_network(text.strip())))
        except ValueError:
            raise ClientWrong(field=field, what=msg("“%(text)s”不是网络地址或网段", text=text.strip()[:60])) from None
    return kept


def address_within(address: str | None, networks: Sequence[str]) -> bool:
    """Whether an address lies in one of the networks; none named means that any will do."""
    if not networks:
        return True
    try:
        found = plain_address(ip_address(address or ""))
    except ValueError:
        return False
    return any(found in ip_network(n) for n in networks)


def plain_address(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address that is really meant: an IPv4 address can be dressed as one of IPv6."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
    return address


_NAT64 = ip_network("64:ff9b::/96")


def may_reach(address: IPv4Address | IPv6Address, allowed: Iterable[Network]) -> bool:
    """Whether a webhook may go to an address: a public one, or one that the operator allowed.

    What lies inside our own network is not for another system to have us call.
    """
    real = plain_address(address)
    if any(real in network for network in allowed):
        return True
    return real.is_global and not real.is_multicast and not real.is_reserved and real not in _NAT64


def check_url(url: str, *, allowed: Sequence[Network]) -> str:
    """An address that a webhook may lead to, as far as can be told from its letters. Raises :class:`WebhookWrong`.

    The addresses behind a name are looked at each time, when it is called (``sending.py``).
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise WebhookWrong(field="url", why=msg("写法不对")) from None
    if len(url) > 500 or not url.isascii() or any(c <= " " or c in "\\\x7f" for c in url) or not host or port == 0:
        raise WebhookWrong(field="url", why=msg("写法不对"))
    if parts.username is not None or parts.password is not None or "#" in url:
        raise WebhookWrong(field="url", why=msg("带有用户名、口令或 # 号"))
    literal = _literal(host)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and literal and literal.is_loopback and any(literal in n for n in allowed)
    ):
        raise WebhookWrong(field="url", why=msg("不是 https 地址"))
    if literal is not None and not may_reach(literal, allowed):
        raise WebhookWrong(field="url", why=msg("不是公网地址"))
    return url


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return plain_address(ip_address(host))
    except ValueError:
        return None


# -- webhooks ------------------------------------------------------------------------------------------------------------

# How long is waited after each try that failed; after the last one the notification is given up.
WAITS = tuple(timedelta(seconds=s) for s in (10, 30, 120, 600, 1_800, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, 24 * 3_600))
MOST_WEBHOOKS = 10
LONGEST_OVERLAP = timedelta(days=30)
PING = "ping"


class DeliveryState(StrEnum):
    """A notification waits for its next try, has arrived, or was given up."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    DeliveryState.WAITING: noop("等待发送"),
    DeliveryState.DELIVERED: noop("已送达"),
    DeliveryState.GIVEN_UP: noop("已放弃"),
}


def signature(*secrets: str, at: int, body: bytes) -> str:
    """What ``Linli-Signature`` says: the second of sending and the HMAC-SHA-256 of it, a full stop and the body, once by each secret
    that is good.
    """
    signed = f"{at}.".encode() + body
    return ",".join([f"t={at}", *(f"v1={hmac.new(s.encode(), signed, hashlib.sha256).hexdigest()}" for s in secrets)])
