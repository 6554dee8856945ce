"""The record in words: what each act on a case is called, and what of its data is worth a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from linli.domains.cases.queries import Ask, ClockKind, PauseGround, RefusalGround, StepKind
from linli.domains.trace.queries import Entry, Verdict
from linli.kernel.actors import Channel
from linli.kernel.calendar import day_said
from linli.kernel.text import noop
from linli.web.ui.parts import Event, Fact

ACTS = {
    "cases.started": noop("开始收件"), "cases.form_saved": noop("保存表单"), "cases.material_noted": noop("登记材料"),
    "cases.file_removed": noop("移除文件"), "cases.file_restored": noop("恢复文件"), "cases.submitted": noop("收件"),
    "cases.correction_requested": noop("出具一次性补正告知"), "cases.corrected": noop("收到补正材料"), "cases.accepted": noop("受理"),
    "cases.deemed_accepted": noop("逾期未告知，视为受理"), "cases.not_accepted": noop("不予受理"), "cases.withdrawn": noop("撤回"),
    "cases.sent_to_review": noop("派件"), "cases.drawn": noop("随机抽取审核人"), "cases.draw_waits": noop("没有可派的人，等待派件"),
    "cases.released": noop("收回环节，重新派件"), "cases.opinion": noop("出具审核意见"), "cases.asked": noop("审核人提出请求"),
    "cases.ask_settled": noop("答复审核人的请求"), "cases.material_verified": noop("核验材料"), "cases.suspended": noop("中止办理"),
    "cases.resumed": noop("恢复办理"), "cases.resumption_notice": noop("出具恢复办理通知"), "cases.extended": noop("延长期限"),
    "cases.due_projected_anew": noop("重新推算到期日"), "cases.approved": noop("决定：准予"), "cases.rejected": noop("决定：不予批准"),
    "cases.grant_taken_back": noop("撤销准予决定"),
    "cases.handed_to_person": noop("转人工办理"), "cases.result_composed": noop("制作结果文书"), "cases.paper_added": noop("补发文书"), "cases.issued": noop("出件"),
    "cases.receipt_code_wrong": noop("领取码输入错误"), "cases.delivered": noop("送达"), "cases.closed": noop("办结归档"),
    "cases.pending_accepted": noop("容缺受理，等待补交"), "cases.pending_brought": noop("登记补交"),
    "cases.pending_reminded": noop("提醒补交"), "cases.pending_lapsed": noop("逾期未补交，撤销受理"),
    "cases.sheet_kept": noop("承诺书签字件存卷"), "cases.check_due": noop("承诺待核查"), "cases.check_given": noop("分派承诺核查"),
    "cases.commitment_kept": noop("承诺核查属实"), "cases.result_final": noop("核查通过，结果不再暂行"),
    "cases.breach_found": noop("承诺核查发现不符，书面告知"), "cases.breach_heard": noop("登记申请人的陈述"),
    "cases.breach_concluded": noop("承诺核查作出结论"), "cases.breach_repaired": noop("登记信用修复"),
    "cases.hand_over_made": noop("取接着办码"), "cases.handed_over": noop("换到另一处接着办"), "cases.paper_read": noop("申请人查看文书"),
    "cases.material_arrived": noop("部门答复到卷"), "cases.material_outdated": noop("部门答复不再适用"), "cases.form_filled": noop("按部门答复填表"),
    "cases.overdue": noop("超过承诺期限"), "cases.collection_chosen": noop("选择领取地点"),
    "documents.composed": noop("拟制文书"), "documents.sealed": noop("文书用印"), "documents.revoked": noop("文书作废"),
    "documents.superseded": noop("文书被替换"),
}  # fmt: skip
_BAD = {
    "cases.breach_found", "cases.pending_lapsed", "cases.overdue", "cases.not_accepted", "cases.rejected", "cases.grant_taken_back",
    "cases.withdrawn", "cases.receipt_code_wrong",
}  # fmt: skip
_ASKS = {"suspend": noop("请求中止"), "extend": noop("请求延长承诺期限"), "redraw": noop("请求改派")}
_KINDS = {
    StepKind.ACCEPT: noop("受理"), StepKind.REVIEW: noop("审核"), StepKind.SECOND_REVIEW: noop("复核"), StepKind.DECIDE: noop("决定"),
    StepKind.ISSUE: noop("出件"), StepKind.DELIVER: noop("送达"),
}  # fmt: skip


def ask_words(ask: Ask) -> str:
    return _(_ASKS[ask.what])


def step_words(kind: str) -> str:
    return _(_KINDS[StepKind(kind)])


def ask_facts(ask: Ask) -> list[Fact]:
    """What was asked, with its legal ground and its reason."""
    facts = [Fact(_("环节"), ask.step.name)]
    if ask.ground:
        ground = PauseGround(ask.ground)
        facts.append(Fact(_("法定情形"), f"{_(ground.label)}（{ground.basis}）"))
    if ask.until:
        facts.append(Fact(_("预计到"), day_said(ask.until).render(_)))
    return [*facts, Fact(_("理由"), ask.reason)]


def events_of(entries: list[Entry], *, names: Mapping[UUID, str], orgs: Mapping[UUID, str], verdict: Verdict) -> list[Event]:
    """The whole record of a case as a timeline, each act with its place in the chain; a broken one is marked."""
    broken = {f.seq for f in verdict.faults}
    return [_event(e, names, orgs, e.seq in broken) for e in entries]


def _event(e: Entry, names: Mapping[UUID, str], orgs: Mapping[UUID, str], broken: bool) -> Event:
    who = " · ".join(
        part
        for part in (
            names.get(e.user_id, "") if e.user_id else _(Channel.AUTOMATIC.label),
            orgs.get(e.hall_id or e.org_id, "") if e.hall_id or e.org_id else "",  # type: ignore[arg-type]
        )
        if part
    )
    place = _("留痕第 %(n)s 位") % {"n": e.seq}
    if broken:
        place += _("：与摘要不符")
    note = _("；").join([*_details(e.act, e.data, names), place])
    return Event(_(ACTS.get(e.act, e.act)), e.at, who, note, "bad" if broken or e.act in _BAD else "done")


def _details(act: str, data: Mapping[str, Any], names: Mapping[UUID, str]) -> list[str]:
    """What is worth saying of an act, from what was noted with it."""
    said = []
    if act == "cases.drawn":
        chosen = names.get(UUID(data["chosen"]), "") if data.get("chosen") else ""
        said.append(
            _("从 %(n)s 名候选人中抽中 %(who)s，排除 %(out)s 人")
            % {"n": data["candidates"], "who": chosen, "out": data["excluded"]}
        )
    if ground := data.get("ground"):
        said.append(_(_ground(ground)))
    if act in ("cases.asked", "cases.ask_settled"):
        said.append(_(_ASKS.get(data.get("what", ""), "")))
    if act == "cases.ask_settled":
        said.append(_("同意") if data.get("granted") else _("不同意"))
    if act == "cases.extended":
        said.append(_("%(clock)s延长 %(n)s") % {"clock": _(ClockKind(data["clock"]).label), "n": data["add"]})
    if act == "cases.due_projected_anew":
        said.append(
            _("因放假安排更新，%(clock)s由 %(before)s 变为 %(after)s")
            % {"clock": _(ClockKind(data["clock"]).label), "before": _day(data["before"]), "after": _day(data["after"])}
        )
        if data.get("provisional"):
            said.append(_("暂定日期"))
    said += [str(data[key]) for key in ("reason", "answer", "note") if data.get(key)]
    if until := data.get("until"):
        said.append(_("至 %(day)s") % {"day": _day(until)})
    return said


def _ground(code: str) -> str:
    grounds = {g.value: g.label for kind in (PauseGround, RefusalGround) for g in kind}
    return grounds.get(code, code)


def _day(text: str | None) -> str:
    return day_said(date.fromisoformat(text)).render(_) if text else _("未定")
