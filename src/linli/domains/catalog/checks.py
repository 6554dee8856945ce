"""What a standard lacks of the eight elements, and which rule it breaks. Errors stop publication, warnings do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from linli.domains.catalog.standard import Replacement, Required, Source, Standard
from linli.domains.catalog.timing import legal_limit, longer
from linli.domains.catalog.words import ItemKind, LinkDuty
from linli.kernel.text import Message, msg, noop


class Element(StrEnum):
    """The eight unified elements (八统一)."""

    MAIN_NAME = "main_name"
    SUB_NAME = "sub_name"
    LEGAL_BASIS = "legal_basis"
    MATERIALS = "materials"
    APPLICANT_STEPS = "applicant_steps"
    LINKS = "links"
    TIMES = "times"
    FORM = "form"

    @property
    def label(self) -> str:
        return _ELEMENTS[self]


_ELEMENTS = {
    Element.MAIN_NAME: noop("主项名称"),
    Element.SUB_NAME: noop("子项名称"),
    Element.LEGAL_BASIS: noop("设定依据"),
    Element.MATERIALS: noop("申请材料"),
    Element.APPLICANT_STEPS: noop("办事流程"),
    Element.LINKS: noop("经办流程"),
    Element.TIMES: noop("办理时限"),
    Element.FORM: noop("表单内容"),
}


# What each kind of finding is called where findings are counted.
KINDS: dict[str, str] = {
    "missing": noop("要素缺失"), "none": noop("没有申请材料"), "vague": noop("依据不具体"),
    "bureau_could_get_it": noop("应由部门共享的材料"), "proof_without_basis": noop("证明没有依据"), "catch_all": noop("兜底材料"),
    "no_acceptance": noop("没有受理环节"), "no_review": noop("没有审核环节"), "no_decision": noop("许可没有决定环节"),
    "not_published": noop("尚未公布承诺时限"), "longer_than_law": noop("承诺长于法定"),
    "statutory_longer_than_law": noop("法定时限待核对"), "instant_with_days": noop("即办件却有时限"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: in which element, whether it stops publication, and the sentence that says so."""

    element: Element
    code: str
    stops: bool
    says: Message

    @property
    def kind_label(self) -> str:
        """What this kind of finding is called, in a word."""
        return KINDS[self.code]


def check(standard: Standard, rules: dict[str, Any]) -> list[Finding]:
    """Everything that is missing or broken, in the order of the elements. ``rules`` is the table ``time-rules``."""
    return [*_missing(standard), *_materials(standard), *_links(standard), *_times(standard, rules)]


def _missing(s: Standard) -> Iterator[Finding]:
    # The names themselves cannot be empty; a name that is only a code is no name.
    if s.name == s.code:
        yield Finding(Element.SUB_NAME, "missing", True, msg("缺少子项名称"))
    if not s.legal_basis:
        yield Finding(Element.LEGAL_BASIS, "missing", True, msg("缺少设定依据"))
    for b in s.legal_basis:
        if b.law.startswith("地方"):
            yield Finding(Element.LEGAL_BASIS, "vague", False, msg("依据“%(law)s”没有写明文件名称", law=b.law))
    if not s.applicant_steps:
        yield Finding(Element.APPLICANT_STEPS, "missing", True, msg("缺少申请人办事流程"))
    if not s.links:
        yield Finding(Element.LINKS, "missing", True, msg("缺少后台经办流程"))
    if not s.form:
        yield Finding(Element.FORM, "missing", False, msg("缺少表单内容"))
    if not s.materials:
        yield Finding(Element.MATERIALS, "none", False, msg("没有申请材料；如确属无需材料，请忽略"))


def _materials(s: Standard) -> Iterator[Finding]:
    for m in s.materials:
        if m.source is Source.GOVERNMENT and m.replaced_by is None and m.required is not Required.NO:
            yield Finding(
                Element.MATERIALS, "bureau_could_get_it", False,
                msg("“%(name)s”由政府部门核发，应通过数据共享或电子证照取得，不应向申请人索要（国务院令第716号第七条）", name=m.name),
            )  # fmt: skip
        is_proof = "证明" in m.name and "证明人" not in m.name
        if is_proof and not m.basis and m.replaced_by is not Replacement.DATA_SHARE and m.required is not Required.NO:
            yield Finding(
                Element.MATERIALS, "proof_without_basis", False,
                msg("证明“%(name)s”没有写明法律依据（《社会保险经办条例》第三十一条、《优化营商环境条例》第四十四条）", name=m.name),
            )  # fmt: skip
        if m.name.startswith("其他") or "等材料" in m.name or "相关材料" in m.name:
            yield Finding(Element.MATERIALS, "catch_all", False, msg("“%(name)s”是兜底条款，应列明具体材料", name=m.name))


def _links(s: Standard) -> Iterator[Finding]:
    if not s.links:
        return
    duties = {link.duty for link in s.links}
    if LinkDuty.ACCEPT not in duties:
        yield Finding(Element.LINKS, "no_acceptance", False, msg("经办流程没有受理环节"))
    if not duties & {LinkDuty.REVIEW, LinkDuty.SECOND_REVIEW, LinkDuty.DECIDE, LinkDuty.COMPLETE}:
        yield Finding(Element.LINKS, "no_review", False, msg("经办流程没有审核或办结环节"))
    if s.kind is ItemKind.PERMIT and LinkDuty.DECIDE not in duties:
        yield Finding(Element.LINKS, "no_decision", False, msg("行政许可的经办流程没有决定环节"))


def _times(s: Standard, rules: dict[str, Any]) -> Iterator[Finding]:
    promised, statutory, legal = s.times.promised, s.times.statutory, legal_limit(s, rules)
    if promised is None:
        yield Finding(Element.TIMES, "missing", True, msg("缺少承诺办结时限"))
    elif promised.certainty == "K":
        yield Finding(
            Element.TIMES, "not_published", False,
            msg("尚未公布承诺办结时限，暂按 %(n)s %(unit)s 计（《优化营商环境条例》第三十六条）", n=promised.number, unit=Message(promised.unit.label)),
        )  # fmt: skip
    for limit, name in ((statutory, noop("法定时限")), (legal, noop("法律规定的时限"))):
        if promised and limit and longer(promised, limit):
            yield Finding(
                Element.TIMES, "longer_than_law", True,
                msg("承诺时限 %(mine)s %(my_unit)s 长于%(name)s %(law)s %(law_unit)s（%(basis)s）", mine=promised.number,
                    my_unit=Message(promised.unit.label), name=Message(name), law=limit.number, law_unit=Message(limit.unit.label),
                    basis=limit.basis),
            )  # fmt: skip
            break
    if statutory and legal and longer(statutory, legal):
        yield Finding(
            Element.TIMES, "statutory_longer_than_law", False,
            msg("所填法定时限 %(mine)s %(my_unit)s 长于 %(basis)s 规定的 %(law)s %(law_unit)s，请核对", mine=statutory.number,
                my_unit=Message(statutory.unit.label), basis=legal.basis, law=legal.number, law_unit=Message(legal.unit.label)),
        )  # fmt: skip
    if s.times.instant and promised and promised.number:
        yield Finding(Element.TIMES, "instant_with_days", False, msg("标为即办件，承诺时限却是 %(n)s", n=promised.number))
