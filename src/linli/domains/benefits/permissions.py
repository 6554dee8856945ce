"""What officers may do with benefits, and where: a scan belongs to a place, and whoever serves another place does not see it."""

from __future__ import annotations

from uuid import UUID

from linli.domains.benefits.models import Run
from linli.domains.benefits.runs import within
from linli.kernel.actors import Actor
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.text import msg

VIEW, RUN, PAY, POLICY = "benefits.view", "benefits.run", "benefits.pay", "benefits.policy"
AGREE, CERTIFY, AUDIT, LEARN = "benefits.agree", "benefits.certify", "benefits.audit", "benefits.learn"
VISIT, WITNESS = "benefits.visit", "benefits.witness"


def must_serve(by: Actor, region: str) -> None:
    """Raise :class:`NotAllowed` unless the actor's post is for a place that holds this one."""
    if not within(region, by.region):
        raise NotAllowed(permission=RUN)


def run_for(run_id: UUID, by: Actor, *permissions: str) -> Run:
    """A scan that the actor may see (or do more with). Raises :class:`NotAllowed`, :class:`NotFound`."""
    wanted = permissions or (VIEW,)
    if not any(by.can(p) for p in wanted):
        raise NotAllowed(permission=wanted[0])
    found = Run.objects.filter(pk=run_id).first()
    if found is None or not within(found.region, by.region):
        raise NotFound(what=msg("这次比对"))
    return found
