"""The guides of an item, put together from its standard and from who holds authority over it: 办事指南 for residents,
受办分离操作指南 for windows, and the picture of its flow. Every face that shows or prints an item takes them from here.

What stands on a paper is Chinese, like the paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from linli.domains.catalog.queries import (
    Link,
    LinkDuty,
    Material,
    Required,
    Source,
    StageDuty,
    StageKind,
    Standard,
    known_facts,
    limit_said,
    limit_text,
)
from linli.domains.documents.queries import PaperKind, papers, render_paper
from linli.domains.org.queries import ItemAuthority, Letterhead, Power, authority, counter_of, letterhead
from linli.kernel.text import noop
from linli.web.ui import flow

_APPLICANTS = {"person": "个人", "employer": "用人单位"}
_CHANNELS = {"window": "窗口", "online": "网上", "mobile": "手机", "self-service": "自助终端", "agent": "帮代办"}
_JUDGING = (LinkDuty.REVIEW, LinkDuty.SECOND_REVIEW, LinkDuty.DECIDE)


@dataclass(frozen=True, slots=True)
class Edition:
    """Which version of a standard a guide is of, where, and from which day it counts (None for a draft)."""

    standard: Standard
    region: str
    version: int
    valid_from: date | None

    @property
    def words(self) -> str:
        return f"第{self.version}版" + ("" if self.valid_from else "（草稿，未发布）")


def service_guide(edition: Edition, *, on: date, online_url: str = "") -> bytes:
    """办事指南 as PDF, with the template version that the standard pinned."""
    return _print(PaperKind.SERVICE_GUIDE, edition, _service(edition, on, online_url), on)


def window_guide(edition: Edition, *, on: date) -> bytes:
    """受办分离操作指南 as PDF, for whoever receives, accepts, reviews, decides and issues."""
    return _print(PaperKind.WINDOW_GUIDE, edition, _window(edition, on), on)


def _print(kind: PaperKind, edition: Edition, paper: papers.Guide, on: date) -> bytes:
    return render_paper(kind, edition.standard.papers.get(kind.value), paper, on=edition.valid_from or on)


# -- 办事指南 --------------------------------------------------------------------------------------------------------------


def _service(edition: Edition, on: date, online_url: str) -> papers.ServiceGuide:
    s = edition.standard
    holders = authority(s.code, region=edition.region, on=on)
    body = _head(holders.nearest(Power.DECIDE))
    counter = _counter(holders, on) or body
    times = s.times
    limits = [("承诺办结时限", "当场办结" if times.instant else limit_text(times.promised))]
    if times.statutory:
        limits.append(("法定办结时限", limit_text(times.statutory)))
    if times.extension:
        limits.append(("可以延长", f"{limit_text(times.extension)}（{times.extension.approver or '经批准'}）"))
    if times.delivery:
        limits.append(("送达时限", limit_text(times.delivery)))
    return papers.ServiceGuide(
        **_common(edition, body), applicants="、".join(_APPLICANTS[k] for k in s.applicant_kinds), summary=s.summary,
        conditions=s.conditions, conditions_any=s.conditions_any, benefit=s.benefit,
        materials=tuple(_guide_material(m) for m in s.materials), steps=s.applicant_steps,
        limits=tuple(papers.Row(label=name, value=value) for name, value in limits), fee=s.fee or "不收费",
        result_document=s.result_document, result_validity=s.result_validity, trips=s.trips,
        channels=tuple(_CHANNELS[c] for c in s.channels), online_url=online_url,
        places=(_contact(counter),) if counter else (), consult=counter.phone if counter else "",
        legal_basis=tuple(f"{b.law}{b.article}" for b in s.legal_basis),
        remedy=papers.Remedy(review_body=body.review_body, court=body.court) if body and body.review_body and body.court else None,
    )  # fmt: skip


def _common(edition: Edition, body: Letterhead | None) -> dict[str, object]:
    s = edition.standard
    return {
        "body": body.name if body else "（本地区尚无机构被授权办理）", "item_name": s.name, "main_name": s.main_name, "item_code": s.code,
        "item_kind": s.kind.value, "standard_version": edition.words, "published_on": edition.valid_from,
        "flow": tuple(
            papers.FlowStep(name=link.name[:500], who=who(link), limit=limit_text(link.limit) if link.limit else "") for link in s.links
        ),
    }  # fmt: skip


def _guide_material(m: Material) -> papers.GuideMaterial:
    return papers.GuideMaterial(
        name=m.name[:500], form=m.form.label, copies=m.copies, required=m.required.label, source=m.source.label,
        instead=m.replaced_by.label if m.replaced_by else "", basis=m.basis[:500],
        note="。".join(t.rstrip("。") for t in (m.condition, m.note) if t)[:500],
    )  # fmt: skip


def who(link: Link) -> str:
    """Who does a link, in the words of the guides."""
    return _AUTOMATIC if link.automatic else _WHO[link.duty]


_AUTOMATIC = noop("系统自动")
_WHO = {
    LinkDuty.ACCEPT: noop("综合窗口"), LinkDuty.REVIEW: noop("审核员（随机派件）"), LinkDuty.SECOND_REVIEW: noop("复核人（随机派件）"),
    LinkDuty.DECIDE: noop("审批人（随机派件）"), LinkDuty.COMPLETE: noop("审核员"), LinkDuty.ISSUE: noop("出件员"), LinkDuty.DELIVER: noop("出件员或窗口"),
    LinkDuty.AFTER: noop("业务科室"),
}  # fmt: skip


# -- 受办分离操作指南 --------------------------------------------------------------------------------------------------------


def _window(edition: Edition, on: date) -> papers.WindowGuide:
    s = edition.standard
    holders = authority(s.code, region=edition.region, on=on)
    body = _head(holders.nearest(Power.DECIDE))
    counter = _counter(holders, on) or body
    own = [m for m in s.materials if not m.from_departments]
    return papers.WindowGuide(
        **_common(edition, body), summary=_gist(s), roles=tuple(_roles(s, holders)), prohibited=tuple(_prohibited(s)),
        materials=tuple(_points(m) for m in own),
        not_to_ask=tuple(
            papers.NotToAsk(what=m.name[:500], instead=f"{m.issued_by + '，' if m.issued_by else ''}{m.replaced_by.label}"[:500])
            for m in s.materials
            if m.from_departments and m.replaced_by
        ),
        prefilled=tuple(_prefilled(s)), routing=tuple(_routing(s)), clocks=tuple(_clocks(s)),
        clock_notes=(
            "材料不齐的，一次性告知全部需要补正的内容，只能告知一次。",
            "部门数据接口中断的，先受理，由本机关补齐，不让申请人等待。",
            "中止必须有法定理由；等待内部流转不是中止的理由。",
        ),
        refusal_rule="窗口不得自行拒绝。不属于本事项的，登记为诉求，写明承办单位和答复日期并打印回执；依法不予受理的，报值班长批准，"
        "出具不予受理决定书，写明理由和救济途径。",
        scripts=tuple(_scripts(s)), contacts=(_contact(counter),) if counter else (),
    )  # fmt: skip


def _gist(s: Standard) -> str:
    if s.handled_in == "external":
        return f"本事项在“{s.external_system}”办理，受理、审核、出件的结果由不同的人分别登记到本平台。"
    if s.plan.automatic:
        return "任一窗口都能受理；受理后由系统自动核验办结，结果由出件员送达。"
    return f"任一窗口都能受理；受理、审核、决定、出件由至少 {s.plan.people} 名不同的工作人员承担，审核人由系统随机抽取。"


def _roles(s: Standard, holders: ItemAuthority) -> Iterator[papers.Role]:
    def org(power: Power) -> str:
        head = _head(holders.nearest(power))
        return head.name if head else ""

    yield papers.Role(step="受理", post="综合窗口受理员", org=org(Power.ACCEPT), how="当班")
    names = {StageKind.REVIEW: "审核", StageKind.SECOND_REVIEW: "复核", StageKind.DECIDE: "决定"}
    for stage in s.plan.stages:
        post = "系统自动" if stage.automatic else "审批人" if stage.duty is StageDuty.DECISION else "审核员"
        power = Power.DECIDE if stage.kind is StageKind.DECIDE else Power.REVIEW
        yield papers.Role(step=names[stage.kind], post=post, org=org(power), how="" if stage.automatic else "系统随机派件")
    yield papers.Role(step="出件", post="出件员", org=org(Power.ISSUE), how="当班")


def _prohibited(s: Standard) -> Iterator[str]:
    yield "受理的人不得审核、决定同一办件"
    if len([stage for stage in s.plan.stages if not stage.automatic]) > 1:
        yield "前一环节的审核人不得办理后一环节"
    yield "决定的人不得出件、用印"
    yield "任何人不得指定、打听审核人，不得向审核人透露受理窗口"


def _points(m: Material) -> papers.MaterialPoints:
    points = [f"{m.required.label}" + (f"：{m.condition}" if m.condition else "")]
    points += [
        text for text in (f"出具单位：{m.issued_by}" if m.issued_by else "", f"依据：{m.basis}" if m.basis else "", m.note) if text
    ]
    mistakes = []
    if m.may_be_committed:
        mistakes.append("没有带或一时开不出：可以书面承诺代替，告知承诺的后果")
    elif m.required is Required.NO:
        mistakes.append("没有提供：照常受理")
    else:
        mistakes.append("缺少或不符合：列入一次性补正告知书")
    if m.source is Source.GOVERNMENT:
        mistakes.append("由政府部门核发：能查到的不要求提供")
    form = m.form.label + (f"，{m.copies} 份" if m.copies else "")
    return papers.MaterialPoints(
        name=m.name[:500], form=form, source=m.source.label, points=tuple(p[:500] for p in points), mistakes=tuple(mistakes)
    )


def _prefilled(s: Standard) -> Iterator[papers.Prefilled]:
    facts: set[str] = set()
    for kind in s.applicant_kinds:
        facts |= set(known_facts(s, employer=kind == "employer"))
    labels = [f.label for f in s.form if f.name in facts]
    if labels:
        yield papers.Prefilled(field="、".join(labels)[:500], source="已登记的申请人信息，请当面核对")


def _routing(s: Standard) -> Iterator[papers.Route]:
    if s.handled_in == "external":
        yield papers.Route(when="受理后", to=s.external_system, note="收到结果后登记出件")
        return
    first = next((stage for stage in s.plan.stages if not stage.automatic), None)
    yield papers.Route(when="材料齐全", to=f"随机派给{first.name}" if first else "系统自动核验")
    yield papers.Route(when="材料不齐", to="一次性告知补正", note="补齐后接着办，不重新排队")
    yield papers.Route(when="不属于本机关职权", to="登记诉求，转有权机关", note="不让申请人自己去找")
    yield papers.Route(when="决定作出后", to="出件员", note=s.result_document[:500])


def _clocks(s: Standard) -> Iterator[papers.ClockLine]:
    times = s.times
    rows = [
        ("一次性告知", times.notice, "收到申请的次日"), ("法定办结", times.statutory, "受理的次日"), ("承诺办结", times.promised, "受理的次日"),
        ("延长", times.extension, "原期限届满前批准"), ("送达", times.delivery, "作出决定的次日"),
    ]  # fmt: skip
    for name, limit, start in rows:
        if limit:
            yield papers.ClockLine(name=name, limit=limit_text(limit), start=start if limit.number else "", basis=limit.basis[:500])
    for link in s.links:
        if link.limit:
            yield papers.ClockLine(
                name=link.name[:500], limit=limit_text(link.limit), start="进入本环节", basis=link.limit.basis[:500]
            )


def _scripts(s: Standard) -> Iterator[papers.Script]:
    if any(m.from_departments for m in s.materials):
        yield papers.Script(situation="能由部门核验的材料没有带", say="这份材料我们来查，您不用再跑。请您先核对一下这几项信息。")
    if any(m.may_be_committed for m in s.materials):
        yield papers.Script(
            situation="可以承诺的材料没有带", say="这一项可以先书面承诺。我把承诺的内容和后果念给您听，您同意再签字。"
        )
    yield papers.Script(situation="材料不齐", say="还差的都写在这张单子上了，就这一次说全。补好后到任一窗口或在网上交都行。")
    yield papers.Script(situation="询问什么时候办好", say="单子上写着承诺的日期，办好了会告诉您；您也可以用单子上的编号随时查。")


# -- who and where --------------------------------------------------------------------------------------------------------


def _head(org_id: UUID | None) -> Letterhead | None:
    return letterhead(org_id) if org_id else None


def _counter(holders: ItemAuthority, on: date) -> Letterhead | None:
    accepts = holders.nearest(Power.ACCEPT)
    return letterhead(counter_of(accepts, on=on)) if accepts else None


def _contact(head: Letterhead) -> papers.Contact:
    return papers.Contact(name=head.name, address=head.address, phone=head.phone, hours=head.opening_hours)


# -- the picture ------------------------------------------------------------------------------------------------------------


def flow_picture(standard: Standard) -> flow.Flow:
    """The flow of an item: from the application through every link to the result, with the way back when papers are missing."""
    return flow.draw(list(_flow_steps(standard)))


def _flow_steps(s: Standard) -> Iterator[flow.FlowStep]:
    links = list(s.links)
    first = f"l{next((n for n, link in enumerate(links) if link.duty is LinkDuty.ACCEPT), 0)}" if links else "end"
    yield flow.FlowStep("apply", _("提出申请"), [first])
    chosen = False
    for n, link in enumerate(links):
        after = f"l{n + 1}" if n + 1 < len(links) else "end"
        note = " · ".join(_notes(link))
        if link.duty is LinkDuty.ACCEPT and not chosen:
            chosen = True
            yield flow.FlowStep(f"l{n}", link.name, [(after, _("齐全")), ("correct", _("不齐"))], note, "choice")
            within = _("%(limit)s内") % {"limit": limit_said(s.times.notice).render(_)} if s.times.notice else ""
            yield flow.FlowStep("correct", _("一次性告知补正"), [(f"l{n}", _("补齐"))], within)
        else:
            yield flow.FlowStep(f"l{n}", link.name, [after], note)
    yield flow.FlowStep("end", s.result_document or _("办结"), kind="end")


def _notes(link: Link) -> Iterator[str]:
    if link.duty.label not in link.name:
        yield _(link.duty.label)
    if link.automatic:
        yield _("系统自动")
    elif link.duty in _JUDGING:
        yield _("随机派件")
    if link.limit:
        yield limit_said(link.limit).render(_)
