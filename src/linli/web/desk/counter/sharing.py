"""Materials that arrive by themselves, as the counter sees them: what each source said, and how far all of them have come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linli.domains.cases.queries import CaseMaterial, CounterSheet, MaterialState, Received
from linli.domains.exchange.queries import QuestionState, Shared, any_connected
from linli.kernel.crypto import sm3
from linli.web.http import StaffRequest

if TYPE_CHECKING:
    from linli.web.desk.counter.intake import MaterialRow

_PATIENT_TRIES = 3  # after so many the page no longer waits for a source; the bureau goes on asking
_JUST_STARTED = timedelta(seconds=20)


def said(row: CaseMaterial, shared: Shared | None, *, connected: bool) -> str:
    """What there is to say of a material that others hold, in one line that never grows while it is being looked at."""
    if row.state == MaterialState.NOT_APPLICABLE or (row.received and row.received != Received.SHARED):
        return ""
    if shared is None:
        return _("由我局向有关部门核验，不用申请人提供。") if not connected else _("等待核验条件齐全后自动核验。")
    values = {"source": shared.source}
    if shared.usable:
        return _("%(source)s已答复，不用申请人提供。") % values
    if shared.state is QuestionState.ANSWERED:
        differs = _("、").join(_(f) for f in shared.differs)
        return _("与%(source)s的登记不一致：%(fields)s。请与本人核对，可收本人材料。") % {**values, "fields": differs}
    if shared.state is QuestionState.ABSENT:
        return _("%(source)s没有这条记录。本人带了材料的可以直接收，没带也不影响受理。") % values
    if waits(shared):
        return _("正在向%(source)s核验…") % values
    return _("%(source)s暂时没有答复，由我局继续取，不影响办理。") % values


def waits(shared: Shared | None) -> bool:
    """Whether an answer may come while somebody is looking."""
    return shared is not None and shared.state is QuestionState.WAITING and shared.tries < _PATIENT_TRIES


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How far a case's sources have come: how many are being asked, and by what a page tells that something is new."""

    asked: int
    came: int
    of: int
    seen: str
    soon: bool

    @property
    def line(self) -> str:
        """Spoken when it changes."""
        if self.asked:
            return ngettext("正在向 %(n)s 个部门核验", "正在向 %(n)s 个部门核验", self.asked) % {"n": self.asked}
        return _("部门核验 %(came)s / %(of)s 份") % {"came": self.came, "of": self.of}


def token(r: MaterialRow) -> str:
    """What a line says, in short."""
    return f"{r.row.code}.{sm3('|'.join([r.row.state, r.row.received, r.arrival, str(bool(r.shared))]).encode()).hex()[:8]}"


def arrivals(sheet: CounterSheet, rows: Iterable[MaterialRow], request: StaffRequest) -> Arrivals | None:
    """None where the matter needs nothing from anybody else."""
    held = [r for r in rows if r.wanted.from_departments]
    if not held:
        return None
    asked = sum(waits(r.shared) for r in held)
    fresh = any_connected() and not sheet.shared and request.now - sheet.case.started_at < _JUST_STARTED
    came = sum(r.row.received == Received.SHARED for r in held)
    return Arrivals(asked, came, len(held), ",".join(token(r) for r in held), bool(asked or fresh))
