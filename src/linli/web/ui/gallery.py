"""The gallery: every component in every state. Each has a page of examples of its own name in ``templates/ui/gallery``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from linli.domains.org.queries import OrgKind
from linli.kernel.calendar import SHANGHAI
from linli.kernel.errors import NotFound
from linli.kernel.text import Message, noop
from linli.web.http import Request
from linli.web.ui.compare import Gain, differences
from linli.web.ui.fields import FieldSpec, Option
from linli.web.ui.flow import FlowStep, draw
from linli.web.ui.paging import Page
from linli.web.ui.parts import Column, Crumb, Event, Fact, Step, Tab
from linli.web.ui.templatetags.linli_ui import checklist_states, clock_states, tone_names

TEMPLATES = Path(__file__).parent / "templates"

_LONG_NAME = "阿卜杜热西提·麦麦提图尔荪"

_GROUPS = [
    (noop("文字与状态"), ["page_head", "icon", "badge", "alert", "key", "copy", "details"]),
    (noop("动作"), ["button", "action_bar", "menu", "dialog", "back", "breadcrumb", "tabs"]),
    (noop("表单"), ["error_summary", "field", "autosave", "steps"]),
    (
        noop("人与事"),
        ["person", "masked", "facts", "card", "timeline", "checklist", "checklist_row", "clock", "flow", "gains", "compare"],
    ),
    (noop("列表与数字"), ["filters", "table", "pagination", "empty", "stat", "chart", "progress", "task"]),
]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One component with its examples, and how they are written."""

    name: str

    @property
    def tag(self) -> str:
        return f"c-{self.name.replace('_', '-')}"

    @property
    def template(self) -> str:
        return f"ui/gallery/{self.name}.html"

    @property
    def about(self) -> str:
        """The comment the component opens with."""
        text = (TEMPLATES / "cotton" / f"{self.name}.html").read_text("utf-8")
        return text.partition("{% comment %}")[2].partition("{% endcomment %}")[0].strip()

    @property
    def source(self) -> str:
        return (TEMPLATES / self.template).read_text("utf-8").strip()


def exhibits() -> list[tuple[str, list[Exhibit]]]:
    """All components by group."""
    return [(_(title), [Exhibit(name) for name in names]) for title, names in _GROUPS]


def sample(request: Request) -> dict[str, Any]:
    """Things for the examples to show: long names, rare characters, big numbers among them."""
    options = [
        Option("work", _("在职职工")),
        Option("flex", _("灵活就业人员"), _("个体经营、非全日制、平台接单等")),
        Option("none", _("还没有就业")),
    ]
    steps = [Step(_("您的情况"), "done"), Step(_("材料"), "current"), Step(_("核对")), Step(_("提交"))]
    return {
        "tones": tone_names(), "checklist_states": checklist_states(), "clock_states": clock_states(),
        "icons": _icon_names(), "options": options, "steps": steps,
        "problems": [("id_gallery_wrong", _("身份证号最后一位应为校验码 X，请核对。")), ("", _("请先读完告知书。"))],
        "crumbs": [Crumb(_("办件"), "#"), Crumb(_("失业保险金申领"), "#"), Crumb(_("材料"))],
        "tabs": [Tab(_("待办"), "#", True, 12), Tab(_("将到期"), "#", False, 3), Tab(_("已办"), "#", False, 12345), Tab(_("全部"), "#")],
        "facts": [Fact(_("申请人"), _LONG_NAME, "#"), Fact(_("参保地"), _("某某县"), "#"), Fact(_("终止原因"), "", "#")],
        "events": [
            Event(_("已提交"), datetime(2026, 11, 16, 9, 12, tzinfo=SHANGHAI), _("网上")),
            Event(_("已受理"), datetime(2026, 11, 16, 10, 5, tzinfo=SHANGHAI), _("政务服务大厅")),
            Event(_("审核中"), date(2026, 11, 17), _("社会保险中心"), _("正在核对参保记录，不用您做什么。"), "current"),
            Event(_("承诺办结"), date(2026, 11, 24), "", _("5 个工作日，从受理次日起算；周末不算。"), "ahead"),
        ],
        "refused": [
            Event(_("已提交"), datetime(2026, 11, 16, 9, 12, tzinfo=SHANGHAI), _("网上")),
            Event(_("待您补正"), date(2026, 11, 17), "", _("户口簿照片看不清。"), "bad"),
        ],
        "due": date(2026, 11, 24), "saved_at": request.now, "page": Page([], 128, False, "?", "?"),
        "page_many": Page([], 1000, True, "", "?"), "page_one": Page([], 1, False),
        "columns": [
            Column(_("编号"), "number"), Column(_("申请人")), Column(_("事项")), Column(_("金额（元）"), "amount", number=True),
            Column(_("承诺日期"), "due"), Column(_("状态")), Column(_("操作"), hidden=True),
        ],
        "rows": [
            ("45010220261122000017", "李䶮", _("失业保险金申领"), 2148000, date(2026, 11, 24), "soon", _("将到期")),
            ("45010220261122000025", _LONG_NAME, _("灵活就业人员社会保险补贴申领"), 876, date(2026, 11, 30), "info", _("审核中")),
            ("45010220261120000138", "王小明", _("社会保障卡补领"), 0, date(2026, 11, 20), "bad", _("已超期")),
            ("45010220261119000002", "广西南宁某某人力资源服务有限公司", _("劳务派遣经营许可"), 12500, date(2026, 11, 19), "done", _("已办结")),
        ],
        "sort": request.GET.get("sort", "-due"),
        "chips": [(_("状态：审核中"), "?"), (_("承诺日期：本周"), "?")],
        "flow": draw(_flow()), "flow_across": draw(_flow(), across=True),
        "gains": [
            Gain(_("环节"), 7, 4), Gain(_("时限"), 20, 8, _("个工作日")), Gain(_("材料"), 6, 2), Gain(_("跑动"), 1, 0), Gain(_("费用"), 0, 0),
        ],
        "lines": differences(_lines()),
        "option": _chart(), "message": NotFound(what=Message(noop("机构"))), "kinds": list(OrgKind),
        "long_name": _LONG_NAME,
        "money": 1234567, "big": 9876543210,
        "purposes": [("verify", _("当面核对身份")), ("handle", _("办理本案需要完整号码"))],
        "family": FieldSpec(
            "family", _("家庭成员"), "table", required=False, value=[{"name": "李小䶮", "relation": "child"}, {}],
            columns=[
                FieldSpec("name", _("姓名")),
                FieldSpec("relation", _("与您的关系"), "select", options=[Option("spouse", _("配偶")), Option("child", _("子女"))]),
                FieldSpec("birth", _("出生日期"), "date"),
            ],
        ),
    }  # fmt: skip


def _icon_names() -> list[str]:
    text = (Path(__file__).parent / "static/ui/vendor/icons.svg").read_text("utf-8")
    return [part.partition('"')[0] for part in text.split('<symbol id="')[1:]]


def _flow() -> list[FlowStep]:
    return [
        FlowStep("submit", _("提交申请"), ["accept"], _("网上、窗口、下乡服务点"), "start", "done"),
        FlowStep("accept", _("受理"), ["same"], _("大厅 · 当场"), state="done"),
        FlowStep("same", _("数据核验是否一致"), [("review", _("一致")), ("correct", _("不一致"))], kind="choice", state="current"),
        FlowStep("correct", _("一次告知补正"), [("accept", _("补正后"))], _("10 个工作日内")),
        FlowStep("review", _("审核"), ["decide"], _("社保中心 · 3 个工作日")),
        FlowStep("decide", _("决定"), [("issue", _("准予")), ("refuse", _("不准予"))], _("1 个工作日"), "choice"),
        FlowStep("issue", _("制发决定书并发放待遇"), [], _("1 个工作日"), "end"),
        FlowStep("refuse", _("书面说明理由和救济途径"), [], "", "end"),
    ]


def _lines() -> list[tuple[str, str, str]]:
    return [
        (_("办理时限"), _("自受理之日起 20 个工作日内作出决定。"), _("自受理之日起 8 个工作日内作出决定。")),
        (_("申请材料"), _("身份证、户口簿、失业登记证明、解除劳动合同证明"), _("身份证（出示即可）")),
        (_("到现场次数"), "1", "0"),
        (_("法律依据"), _("《失业保险条例》第十六条"), _("《失业保险条例》第十六条")),
    ]


def _chart() -> dict[str, Any]:
    return {
        "xAxis": {"type": "category", "data": [_("7月"), _("8月"), _("9月"), _("10月"), _("11月")]},
        "yAxis": {"type": "value"},
        "legend": {},
        "series": [
            {"type": "bar", "name": _("受理"), "data": [820, 932, 901, 1034, 1290]},
            {"type": "bar", "name": _("办结"), "data": [780, 910, 934, 1011, 1187]},
        ],
    }
