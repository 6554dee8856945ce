"""A lower level takes over the standard of the level above and says only what differs; some things may not differ.

同一事项同一标准: names, basis, kind and statutory limits are the same everywhere. A county may promise less time, ask for
fewer materials, take out links and add channels; every difference is drift and is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from linli.domains.catalog.errors import NotALocalValue
from linli.domains.catalog.standard import Material, Required, Standard
from linli.domains.catalog.timing import longer
from linli.kernel.text import Message, msg, noop


class LocalRule(StrEnum):
    """What a lower level may do with a part of the standard."""

    LOCKED = "locked"
    FREE = "free"
    NOT_LONGER = "not_longer"
    SUBSET = "subset"

    @property
    def label(self) -> str:
        """What an editor of a lower level is told."""
        return _RULES[self]


_RULES = {
    LocalRule.LOCKED: noop("由上级统一规定，各级应当一致，本级不能修改。"),
    LocalRule.FREE: noop("本级可以按实际情况填写。"),
    LocalRule.NOT_LONGER: noop("本级可以比上级更短、更少，不能更长、更多；法定时限不能改。"),
    LocalRule.SUBSET: noop("本级可以比上级减少，不能增加，也不能要求得更多。"),
}

# Every part is named, so that a part added later must be thought about before it can be published (see the test).
LOCAL_RULES: dict[str, LocalRule] = {
    "main_code": LocalRule.LOCKED, "main_name": LocalRule.LOCKED, "code": LocalRule.LOCKED, "name": LocalRule.LOCKED,
    "domain": LocalRule.LOCKED, "domain_name": LocalRule.LOCKED, "kind": LocalRule.LOCKED,
    "applicant_kinds": LocalRule.LOCKED, "legal_basis": LocalRule.LOCKED, "conditions": LocalRule.LOCKED,
    "conditions_any": LocalRule.LOCKED, "form": LocalRule.LOCKED, "result_document": LocalRule.LOCKED,
    "result_validity": LocalRule.LOCKED, "national_code": LocalRule.LOCKED,
    "materials": LocalRule.SUBSET, "links": LocalRule.SUBSET, "applicant_steps": LocalRule.FREE,
    "times": LocalRule.NOT_LONGER, "trips": LocalRule.NOT_LONGER,
    "summary": LocalRule.FREE, "benefit": LocalRule.FREE, "fee": LocalRule.LOCKED, "channels": LocalRule.FREE,
    "levels": LocalRule.FREE, "handled_in": LocalRule.FREE, "external_system": LocalRule.FREE, "region_code": LocalRule.FREE,
    "papers": LocalRule.FREE, "provenance": LocalRule.FREE,
}  # fmt: skip

PART_LABELS: dict[str, str] = {
    "main_name": noop("主项名称"), "name": noop("子项名称"), "kind": noop("事项类型"), "applicant_kinds": noop("服务对象"),
    "legal_basis": noop("设定依据"), "conditions": noop("受理条件"), "conditions_any": noop("受理条件（满足其一）"),
    "form": noop("表单内容"), "result_document": noop("办理结果"), "result_validity": noop("结果有效期"), "fee": noop("收费"),
    "materials": noop("申请材料"), "links": noop("经办流程"), "applicant_steps": noop("办事流程"), "times": noop("办理时限"),
    "trips": noop("到现场次数"), "channels": noop("办理渠道"), "levels": noop("可办层级"), "benefit": noop("待遇标准"),
    "summary": noop("说明"), "main_code": noop("主项编码"), "code": noop("子项编码"), "domain": noop("领域编码"),
    "domain_name": noop("领域"), "national_code": noop("国家基本编码"), "handled_in": noop("办理系统"),
    "external_system": noop("外部系统名称"), "region_code": noop("地方编码"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift:
    """One part in which a place differs from the level above, and whether it may."""

    part: str
    allowed: bool
    why: Message | None = None

    @property
    def label(self) -> str:
        return PART_LABELS.get(self.part, self.part)


def drift(base: Standard, local: Standard) -> list[Drift]:
    """The parts in which a local standard differs from the one above it."""
    found = []
    for part, rule in LOCAL_RULES.items():
        mine, theirs = getattr(local, part), getattr(base, part)
        if mine == theirs or part in ("papers", "provenance", "region_code"):
            continue
        why = _TESTS[rule](base, local, part)
        found.append(Drift(part, why is None, why))
    return found


def overlay(base: Standard, overrides: dict[str, Any]) -> Standard:
    """The standard of the level above with the local values laid over it.

    Raises :class:`NotALocalValue` when a local value changes what may not differ.
    """
    local = Standard.model_validate(base.dump() | overrides)
    for d in drift(base, local):
        if not d.allowed:
            raise NotALocalValue(field=d.part, element=Message(d.label), why=d.why)
    return local


def overrides_of(base: Standard, local: Standard) -> dict[str, Any]:
    """What a local standard says differently, as it is stored."""
    full = local.model_dump(mode="json")
    return {d.part: full[d.part] for d in drift(base, local)}


def _locked(base: Standard, local: Standard, part: str) -> Message | None:
    return msg("各级应当一致")


def _free(base: Standard, local: Standard, part: str) -> Message | None:
    return None


def _subset(base: Standard, local: Standard, part: str) -> Message | None:
    have = {entry.name for entry in getattr(base, part)}
    added = [entry.name for entry in getattr(local, part) if entry.name not in have]
    if part == "materials":
        above = {m.name: m for m in base.materials}
        more = [m.name for m in local.materials if m.name in above and _asks_more(m, above[m.name])]
        if more and not added:
            return msg("不能比上级要求得更多：“%(names)s”", names="、".join(more))
    if part == "links" and not added:
        who = {link.name: link.duty for link in base.links}
        moved = [link.name for link in local.links if link.duty is not who[link.name]]
        if moved:
            return msg("环节由谁办理不能改：“%(names)s”", names="、".join(moved))
    return msg("只能减少，不能增加“%(names)s”", names="、".join(added)) if added else None


_STRICTNESS = {Required.NO: 0, Required.CONDITIONAL: 1, Required.YES: 2}


def _asks_more(mine: Material, theirs: Material) -> bool:
    """Whether a material asks more of the applicant than the one above: needed more often, in more copies, or no longer to
    be had without them."""
    return (
        _STRICTNESS[mine.required] > _STRICTNESS[theirs.required]
        or (mine.copies or 1) > (theirs.copies or 1)
        or (theirs.replaced_by is not None and mine.replaced_by is None)
        or (theirs.from_departments and not mine.from_departments)
    )


def _not_longer(base: Standard, local: Standard, part: str) -> Message | None:
    if part == "trips":
        more = base.trips is not None and (local.trips is None or local.trips > base.trips)
        return msg("到现场次数不能多于上级规定") if more else None
    if base.times.statutory != local.times.statutory:
        return msg("法定时限不能改")
    for name in ("promised", "delivery", "notice"):
        mine, theirs = getattr(local.times, name), getattr(base.times, name)
        if theirs and (mine is None or longer(mine, theirs)):
            return msg("时限不能长于上级规定")
    longest, allowed = local.times.extension, base.times.extension
    if longest and (allowed is None or longer(longest, allowed)):
        return msg("可延长的时间不能长于上级规定")
    return None


_TESTS: dict[LocalRule, Callable[[Standard, Standard, str], Message | None]] = {
    LocalRule.LOCKED: _locked,
    LocalRule.FREE: _free,
    LocalRule.SUBSET: _subset,
    LocalRule.NOT_LONGER: _not_longer,
}
