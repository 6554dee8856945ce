"""Who acts: explicit in every command, so that permission and record cannot be forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from linli.kernel.errors import NotAllowed
from linli.kernel.text import noop


class Channel(StrEnum):
    """The way an act came in. The digit is the sixth part of a case number (``docs/identifiers.md``)."""

    HALL = "hall"
    ONLINE = "online"
    PHONE = "phone"
    TERMINAL = "terminal"
    OUTREACH = "outreach"
    AUTOMATIC = "automatic"
    HOTLINE = "hotline"

    @property
    def digit(self) -> int:
        return list(Channel).index(self) + 1

    @property
    def label(self) -> str:
        return _CHANNEL_LABELS[self]


_CHANNEL_LABELS = {
    Channel.HALL: noop("大厅窗口"),
    Channel.ONLINE: noop("网上"),
    Channel.PHONE: noop("电话"),
    Channel.TERMINAL: noop("自助终端"),
    Channel.OUTREACH: noop("下乡服务"),
    Channel.AUTOMATIC: noop("系统自动"),
    Channel.HOTLINE: noop("热线"),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A user in a post of an organisation, on a device, through a channel. ``user_id`` is None only for the system.

    ``posting_id`` is the dated holding of a post; ``body_id`` the body in whose name the organisation acts (a division acts for
    its bureau); ``hall_id`` the hall in which the post is exercised, if any; ``region`` the area code of the organisation.
    ``permissions`` are those of the post chosen at sign-in. ``resident_id`` is the person whom a resident's account is bound to;
    staff have none, and a resident has no post and no organisation. ``client_id`` is the other system that acts through the API, on
    behalf of the organisation it was admitted for; its ``user_id`` is the same id.
    """

    user_id: UUID | None
    posting_id: UUID | None = None
    org_id: UUID | None = None
    body_id: UUID | None = None
    hall_id: UUID | None = None
    region: str = ""
    device: str = ""
    channel: Channel = Channel.HALL
    permissions: frozenset[str] = field(default_factory=frozenset)
    name: str = ""
    resident_id: UUID | None = None
    client_id: UUID | None = None

    @property
    def person_id(self) -> UUID:
        """The user, for acts that only a person may answer for. Raises :class:`NotAllowed` for the system."""
        if self.user_id is None:
            raise NotAllowed(permission="person")
        return self.user_id

    def can(self, permission: str) -> bool:
        """Whether the post in use carries the permission."""
        return permission in self.permissions

    def must(self, permission: str) -> None:
        """Raise :class:`NotAllowed` unless the post in use carries the permission."""
        if permission not in self.permissions:
            raise NotAllowed(permission=permission)


def system(*permissions: str, device: str = "system") -> Actor:
    """The platform itself, acting on a rule and not on anybody's order; it carries only what the task needs."""
    return Actor(user_id=None, device=device, channel=Channel.AUTOMATIC, permissions=frozenset(permissions), name="系统")
