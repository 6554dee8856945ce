"""Words of scans: how far one has come, and how a subject fares compared with the scan before."""

from __future__ import annotations

from enum import StrEnum

from linli.kernel.text import noop


class RunState(StrEnum):
    """Asked for; under way; finished; given up with a reason."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return _STATES[self]


_STATES = {
    RunState.WAITING: noop("等待开始"), RunState.RUNNING: noop("正在比对"), RunState.DONE: noop("已完成"), RunState.FAILED: noop("未完成"),
}  # fmt: skip


class Change(StrEnum):
    """Entitled now and not before; before and not now; both with another amount; both alike."""

    JOINED = "joined"
    LEFT = "left"
    CHANGED = "changed"
    SAME = "same"

    @property
    def label(self) -> str:
        return _CHANGES[self]


_CHANGES = {Change.JOINED: noop("新增"), Change.LEFT: noop("退出"), Change.CHANGED: noop("金额变化"), Change.SAME: noop("没有变化")}


def within(place: str, region: str) -> bool:
    """Whether a place lies in a region, written short (``7701``) or with zeros (``770100``); everything lies in the country."""
    return place.startswith(shortest(region))


def shortest(region: str) -> str:
    """A division's code without the zeros that fill it up to six digits."""
    if len(region) == 6:
        while region.endswith("00"):
            region = region[:-2]
    return region
