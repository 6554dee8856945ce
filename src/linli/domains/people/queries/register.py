"""What the register itself says of verified people, for rooms that reckon with it and show it to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from linli.domains.people.models import Employer, Person
from linli.domains.people.queries.records import CONTEXT, person_by_index
from linli.kernel.fields import blind


def registered(person_ids: Iterable[UUID]) -> dict[UUID, Mapping[str, str | date | None]]:
    """By person ``gender`` and ``birth_date`` of those whose document was seen. One query."""
    rows = Person.objects.filter(pk__in=list(person_ids), verified=True)
    return {pk: {"gender": gender, "birth_date": born} for pk, gender, born in rows.values_list("pk", "gender", "birth_date")}


def verified_after(person_id: UUID | None, *, size: int) -> list[UUID]:
    """The next verified people in the order of their ids. One query."""
    rows = Person.objects.filter(verified=True).order_by("pk")
    if person_id:
        rows = rows.filter(pk__gt=person_id)
    return list(rows.values_list("pk", flat=True)[:size])


def whose_number(number: str, *, is_employer: bool) -> UUID | None:
    """Who is registered under a whole number, or credit code."""
    if is_employer:
        return Employer.objects.filter(credit_code=number.strip().upper()).values_list("pk", flat=True).first()
    return person_by_index(blind(number, context=CONTEXT))


def registered_under(numbers: Iterable[str], *, is_employer: bool) -> dict[str, tuple[UUID, str]]:
    """By whole number or credit code who is registered under it and where they live or stand. One query; who is not known is left out."""
    if is_employer:
        codes = {number.strip().upper(): number for number in set(numbers)}
        rows = Employer.objects.filter(credit_code__in=list(codes)).values_list("credit_code", "pk", "region")
        return {codes[code]: (pk, region) for code, pk, region in rows}
    by_index = {blind(number, context=CONTEXT): number for number in set(numbers)}
    people = Person.objects.filter(id_index__in=list(by_index), verified=True).values_list("id_index", "pk", "region")
    return {by_index[bytes(index)]: (pk, region) for index, pk, region in people}
