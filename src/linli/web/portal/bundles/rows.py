"""Joint matters in a resident's own lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from linli.domains.cases.queries import Joint
from linli.domains.people.queries import parties
from linli.kernel.actors import Actor, Channel


@dataclass(frozen=True, slots=True)
class JointRow:
    """A joint matter in a list. ``whose`` is empty for one's own."""

    joint: Joint
    whose: str
    word: str
    tone: str


def joint_rows(found: Iterable[Any], *, by: Actor) -> list[JointRow]:
    """The rows of a list of counted joint matters (``joints_own``), with names in one query however many."""
    rows = list(found)
    who = parties(j.applicant_id for j in rows if j.applicant_id != by.resident_id)
    return [JointRow(j, who[j.applicant_id].name if j.applicant_id in who else "", *_state(j)) for j in rows]


def _state(joint: Any) -> tuple[str, str]:
    if joint.withdrawn_at:
        return _("已撤回"), "plain"
    if joint.submitted_at is None:
        return (_("还没有提交") if joint.channel == Channel.ONLINE else _("正在窗口办理")), "plain"
    wanted, given = joint.parts_wanted, joint.parts_given
    return _("%(wanted)s 项，办好 %(given)s 项") % {"given": given, "wanted": wanted}, "done" if given == wanted else "info"


__all__ = ["JointRow", "joint_rows"]
