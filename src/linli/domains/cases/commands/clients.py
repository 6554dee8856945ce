"""What another system does with a case it brought: hand in more, answer a correction, each as one act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.domains.cases.commands.intake import Handed, hand_in, receive_correction, save_form
from linli.domains.cases.permissions import RECEIVE, client_cases
from linli.domains.cases.queries import case_for
from linli.domains.trace.commands import once
from linli.kernel.actors import Actor


@once
def supplement(
    *, case_id: UUID, form: Mapping[str, Any] | None = None, materials: Sequence[Handed] = (), by: Actor, now: datetime
) -> None:
    """Hand in materials, or the form anew, as long as the case is not accepted: all of it or nothing."""
    by.must(RECEIVE)
    case_for(case_id, by=by, among=client_cases(by, RECEIVE))
    if form is not None:
        save_form(case_id=case_id, values=form, by=by, now=now)
    for material in materials:
        hand_in(case_id=case_id, material=material, by=by, now=now)


@once
def answer_correction(
    *, case_id: UUID, form: Mapping[str, Any] | None = None, materials: Sequence[Handed] = (), by: Actor, now: datetime
) -> None:
    """Hand in what a correction notice asked for and say that this is all. Raises :class:`StillMissing`; nothing is kept then."""
    supplement(case_id=case_id, form=form, materials=materials, by=by, now=now)
    receive_correction(case_id=case_id, by=by, now=now)
