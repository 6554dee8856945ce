"""What another system does with a case it brought: hand in more, answer a correction, each as one act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.domains.cases.commands.intake import Handed, hand_in, receive_correction, save_form, submit_case
from linli.domains.cases.lifecycle import State
from linli.domains.cases.models import Case
from linli.domains.cases.permissions import RECEIVE, client_cases
from linli.domains.cases.queries import case_for
from linli.domains.trace.commands import once
from linli.kernel.actors import Actor
from linli.kernel.errors import NotFound
from linli.kernel.text import msg


@once
def patch_draft(
    *, case_id: UUID, form: Mapping[str, Any] | None = None, materials: Sequence[Handed] = (), by: Actor, now: datetime
) -> None:
    """Change some answers of a draft, the others stay, and hand in materials: all of it or nothing. An empty answer is taken back."""
    by.must(RECEIVE)
    draft = _draft(case_id, by)
    supplement(case_id=case_id, form=draft.form.open_json() | form if form else None, materials=materials, by=by, now=now)


@once
def submit_draft(*, case_id: UUID, by: Actor, now: datetime) -> str:
    """Submit a draft whose form is complete; returns its number, also to whoever submits again."""
    by.must(RECEIVE)
    case = case_for(case_id, by=by, among=client_cases(by, RECEIVE))
    if case.number:
        return case.number
    _draft(case_id, by)
    return submit_case(case_id=case_id, by=by, now=now)


def _draft(case_id: UUID, by: Actor) -> Case:
    case = case_for(case_id, by=by, among=client_cases(by, RECEIVE))
    if case.state != State.DRAFT:
        raise NotFound(what=msg("可修改的草稿"))
    return case


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
