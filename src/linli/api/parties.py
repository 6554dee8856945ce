"""For whom something is applied for. Answers are masked: whoever asks has the number already and learns nothing else by it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from ninja import Router, Schema, Status
from pydantic import Field

from linli.api.base import Given
from linli.api.guard import ApiRequest, Needs, OnceKey, once, who
from linli.domains.clients.queries import Scope
from linli.domains.people import commands as people
from linli.domains.people.queries import Gender, IdType, find_employers, party
from linli.kernel.errors import NotFound
from linli.kernel.identifiers import check_credit_code, mask_name
from linli.kernel.text import msg

router = Router(tags=["parties"], auth=Needs(Scope.PARTIES))

Number = Annotated[str, Field(min_length=5, max_length=30)]


class PersonIn(Given):
    """Somebody as their document says."""

    name: str = Field(min_length=1, max_length=100, pattern=r"\S")
    id_type: IdType = IdType.CITIZEN
    id_number: Number
    gender: Gender = Gender.UNKNOWN
    phone: str = Field("", max_length=30)
    address: str = Field("", max_length=200)
    region: str = Field("", max_length=12, pattern=r"^(\d{2,12})?$")


class EmployerIn(Given):
    """A body with a unified social credit code."""

    name: str = Field(min_length=1, max_length=200, pattern=r"\S")
    credit_code: str = Field(min_length=18, max_length=22)
    legal_representative: str = Field("", max_length=100)
    phone: str = Field("", max_length=30)
    address: str = Field("", max_length=200)
    region: str = Field("", max_length=12, pattern=r"^(\d{2,12})?$")


class PersonWanted(Given):
    id_number: Number


class EmployerWanted(Given):
    credit_code: str = Field(min_length=18, max_length=22)


class PartyOut(Schema):
    """Somebody known: the id by which a case names them, and enough to see that it is the right one."""

    id: UUID
    kind: str = Field(pattern="^(person|employer)$")
    name: str
    number: str


def shown(party_id: UUID, *, is_employer: bool) -> PartyOut:
    """A party as another system sees it: persons masked, employers as they are, since their code is public."""
    found = party(party_id, is_employer=is_employer)
    name = found.name if is_employer else "·".join(mask_name(part) for part in found.name.split("·"))
    return PartyOut(id=found.id, kind="employer" if is_employer else "person", name=name, number=found.number)


@router.post("/persons", response={201: PartyOut})
def register_person(request: ApiRequest, body: PersonIn, key: OnceKey) -> object:
    """Register a person, or find the one with that document; under another name it is refused."""
    by = who(request)
    values = body.dict() | {"region": body.region or by.region}
    return Status(201, shown(people.register_person(**values, by=by, now=request.now, **once(request, key)), is_employer=False))


@router.post("/persons/find", response=PartyOut)
def find_person(request: ApiRequest, body: PersonWanted) -> object:
    """Find a person by the whole number of a document. The person can see that you asked."""
    found = people.find_person(number=body.id_number, by=who(request), now=request.now)
    if found is None:
        raise NotFound(what=msg("这个证件号码对应的人员"))
    return shown(found, is_employer=False)


@router.post("/employers", response={201: PartyOut})
def register_employer(request: ApiRequest, body: EmployerIn, key: OnceKey) -> object:
    """Register an employer, or find the one with that code."""
    by = who(request)
    values = body.dict() | {"region": body.region or by.region}
    return Status(201, shown(people.register_employer(**values, by=by, now=request.now, **once(request, key)), is_employer=True))


@router.post("/employers/find", response=PartyOut)
def find_employer(request: ApiRequest, body: EmployerWanted) -> object:
    """Find an employer by its whole code."""
    code = check_credit_code(body.credit_code, field="credit_code").value
    found = find_employers(code).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound(what=msg("这个代码对应的单位"))
    return shown(found, is_employer=True)
