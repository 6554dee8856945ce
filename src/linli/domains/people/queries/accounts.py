"""Reading the accounts of residents."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from linli.domains.people.models import Account
from linli.kernel.actors import Actor, Channel
from linli.kernel.fields import blind

PHONE_CONTEXT = "phone"
PORTAL = frozenset({"portal.use"})


def resident_actor(user_id: UUID, *, device: str) -> Actor | None:
    """The actor that the account of a resident makes: the person behind it, who may use the portal. One query."""
    account = (
        Account.objects.select_related("person").only("person_id", "person__name", "person__region").filter(pk=user_id).first()
    )
    if account is None:
        return None
    return Actor(
        user_id=user_id, region=account.person.region, device=device[:64], channel=Channel.ONLINE, permissions=PORTAL,
        name=account.person.name, resident_id=account.person_id,
    )  # fmt: skip


def resident_names(user_ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Who stands behind the accounts of residents, in one query; staff are not among them."""
    wanted = {u for u in user_ids if u}
    return dict(Account.objects.filter(pk__in=wanted).values_list("user_id", "person__name")) if wanted else {}


def own_account(*, by: Actor) -> Account:
    """The account one is signed in with."""
    by.must("portal.use")
    return Account.objects.get(pk=by.user_id)


def account_of(person_id: UUID) -> Account | None:
    """The account of a person, if they have one."""
    return Account.objects.filter(person_id=person_id).first()


def account_with_phone(phone: str) -> Account | None:
    """The account that signs in with a telephone."""
    return Account.objects.filter(phone_index=blind(phone, context=PHONE_CONTEXT)).first()
