"""What officers may do with benefits, and where: a scan belongs to a place, and whoever serves another place does not see it."""

from __future__ import annotations

from uuid import UUID

from linli.domains.benefits.models import FigureChange, Run
from linli.domains.benefits.runs import within
from linli.kernel.actors import Actor
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.text import msg

VIEW, RUN, PAY, POLICY = "benefits.view", "benefits.run", "benefits.pay", "benefits.policy"
AGREE, CERTIFY, AUDIT, LEARN = "benefits.agree", "benefits.certify", "benefits.audit", "benefits.learn"
VISIT, WITNESS = "benefits.visit", "benefits.witness"
COUNTER = "people.register"  # windows, to which people come with their papers
SEE = (VIEW, POLICY, AGREE)  # policies, figures and their changes


def must_serve(by: Actor, region: str) -> None:
    """Raise :class:`NotAllowed` unless the actor's post is for a place that holds this one."""
    if not within(region, by.region):
        raise NotAllowed(permission=RUN)


def run_for(run_id: UUID, by: Actor, *permissions: str) -> Run:
    """A scan that the actor may see (or do more with). Raises :class:`NotAllowed`, :class:`NotFound`."""
    wanted = permissions or (VIEW,)
    if not any(by.can(p) for p in wanted):
        raise NotAllowed(permission=wanted[0])
    found = Run.objects.filter(pk=run_id, change=None).first()
    if found is None or not within(found.region, by.region):
        raise NotFound(what=msg("这次比对"))
    return found


def touches(region: str, by: Actor) -> bool:
    """Whether a figure of a place counts where the actor serves: of a place of theirs, or of one above it."""
    return within(region, by.region) or within(by.region, region)


def may_set(region: str, by: Actor) -> bool:
    """Whether a place lies where the actor serves; nobody sets figures for the places above."""
    return within(region, by.region)


def change_for(change_id: UUID, by: Actor, *permissions: str, lock: bool = False) -> FigureChange:
    """A change of a figure that the actor may see, or do more with. Raises :class:`NotAllowed`, :class:`NotFound`."""
    if not any(by.can(p) for p in permissions or SEE):
        raise NotAllowed(permission=(permissions or SEE)[0])
    rows = FigureChange.objects.select_for_update() if lock else FigureChange.objects.all()
    found = rows.filter(pk=change_id).first()
    if found is None or not touches(found.region, by):
        raise NotFound(what=msg("这项修改"))
    if permissions and not may_set(found.region, by):
        raise NotAllowed(permission=permissions[0])
    return found
