"""What was done with a mandate: read out of the record, for whoever gave it to see."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from linli.domains.cases.models import Case, Joint, Roster
from linli.domains.people.queries import account_of, mandate_for
from linli.domains.trace.queries import Event, acts_by
from linli.kernel.actors import Actor
from linli.kernel.calendar import SHANGHAI

VIEWED = "people.viewed"


def mandate_uses(mandate_id: UUID, *, by: Actor, on: date) -> QuerySet[Event]:
    """All that the agent did for the principal while and within what the mandate counts, newest first, for who may see the mandate.

    Acts are found where they were recorded: on cases, joint matters and rosters of the principal, and looks in the principal's own
    chain, at cases and at what they are due. Where the mandate is for some items, those on cases and rosters of these. Raises :class:`NotFound`.
    """
    line = mandate_for(mandate_id, by=by, on=on)
    account = account_of(line.agent.id)
    if account is None:
        return Event.objects.none()
    over = datetime.combine(line.last_day + timedelta(days=1), time.min, SHANGHAI)
    acts = acts_by(account.user_id, since=line.registered_at, until=min(over, line.revoked_at or over))
    cases = Case.objects.filter(applicant_id=line.principal.id)
    if line.items:
        cases = cases.filter(item_code__in=line.items)
    on_cases = Q(chain_id__in=cases.values("pk"))
    numbers = cases.annotate(as_text=Cast("pk", TextField())).values("as_text")
    looked = Q(chain_id=line.principal.id, act=VIEWED) & (Q(about__in=numbers) | Q(data__due=True))
    rosters = Roster.objects.filter(employer_id=line.principal.id)
    others = Q(chain_id__in=(rosters.filter(item_code__in=line.items) if line.items else rosters).values("pk"))
    if not line.items:
        others |= Q(chain_id__in=Joint.objects.filter(applicant_id=line.principal.id).values("pk"))
    return acts.alias(about=KT("data__case")).filter(on_cases | looked | others)


def case_names(case_ids: set[UUID]) -> dict[UUID, tuple[str, str]]:
    """Item and number of cases, in one query, for a page that has already asked whether its reader may see them."""
    found = Case.objects.filter(pk__in=case_ids).values_list("pk", "standard__name", "number")
    return {pk: (name, number or "") for pk, name, number in found}
