"""The parts of a standard as an editor fills them in: which controls each has, and how they and the document become each other.

Nothing is judged here. What is typed goes into the document as it is; the catalogue says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from linli.domains.catalog.queries import (
    CHOICES,
    LOCAL_RULES,
    FieldType,
    ItemKind,
    LinkDuty,
    LocalRule,
    MaterialForm,
    Replacement,
    Required,
    Source,
    Unit,
)
from linli.kernel.text import noop
from linli.web.ui.fields import FieldSpec, Option

Values = dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Control:
    """One control: ``name`` in its row or part. ``local`` says that a lower level may change it where its part allows less."""

    name: str
    label: str
    type: str = "text"
    options: Callable[[], list[Option]] = list
    width: str = ""
    local: bool = False
    required: bool = False
    help: str = ""
    rows: int = 3


@dataclass(frozen=True, slots=True)
class Section:
    """One page of the editor. With ``row`` it is a list of rows of the part of the same name; otherwise ``controls`` are values."""

    key: str
    label: str
    element: str = ""
    controls: tuple[Control, ...] = ()
    row: str = ""  # what one row is called
    add: str = ""


def _of(enum: Any) -> Callable[[], list[Option]]:
    return lambda: [Option(e.value, _(getattr(e, "label", e.value))) for e in enum]


def _words(kind: str) -> Callable[[], list[Option]]:
    return lambda: [Option(value, _(label)) for value, label in CHOICES[kind].items()]


def _limit(prefix: str, name: str, *, local: bool, further: tuple[Control, ...] = ()) -> tuple[Control, ...]:
    return (
        Control(f"{prefix}number", name, "number", local=local),
        Control(f"{prefix}unit", noop("单位"), "select", _of(Unit), local=local),
        Control(f"{prefix}certainty", noop("确定程度"), "select", _words("certainty"), local=local),
        *further,
        Control(f"{prefix}basis", noop("时限依据"), width="wide", local=local),
    )


LIMITS = ("promised", "statutory", "notice", "delivery", "extension")

SECTIONS = (
    Section("names", noop("主项和子项名称"), "main_name", (
        Control("main_name", noop("主项名称"), width="half", required=True, help=noop("同一主项下的各子项应当一致。")),
        Control("name", noop("子项名称"), width="half", required=True),
        Control("kind", noop("事项类型"), "select", _of(ItemKind), required=True),
        Control("applicant_kinds", noop("服务对象"), "checkboxes", _words("applicant_kinds"), required=True),
    )),
    Section("legal_basis", noop("设定依据"), "legal_basis", (
        Control("law", noop("法规文件"), width="half", required=True), Control("article", noop("条款")),
    ), noop("依据"), noop("加一条依据")),
    Section("materials", noop("申请材料"), "materials", (
        Control("name", noop("材料名称"), width="half", required=True), Control("form", noop("形式"), "select", _of(MaterialForm)),
        Control("copies", noop("份数"), "number", local=True), Control("required", noop("必要性"), "select", _of(Required), local=True),
        Control("condition", noop("情形"), width="half", local=True, help=noop("“视情形”的，写明什么情形需要。")),
        Control(
            "question", noop("问申请人的话"), width="half", local=True,
            help=noop("网上申请时用来问是不是这种情形，写成一句问话，例如：这次是不是要变更住所？"),
        ),
        Control("source", noop("来源"), "select", _of(Source)), Control("issued_by", noop("出具单位")),
        Control("replaced_by", noop("可替代方式"), "select", _of(Replacement), local=True), Control("basis", noop("法律依据"), width="half"),
        Control("note", noop("备注"), width="half", local=True),
        Control("pending_days", noop("容缺补交（工作日）"), "number", local=True, help=noop("可以书面承诺后补的次要材料，写补交的天数。")),
        Control("provisional", noop("凭承诺先出结果"), "boolean", local=True),
    ), noop("材料"), noop("加一份材料")),
    Section("applicant_steps", noop("办事流程"), "applicant_steps", (
        Control("text", noop("申请人做什么"), width="wide", required=True, local=True),
    ), noop("步骤"), noop("加一步")),
    Section("links", noop("经办流程"), "links", (
        Control("name", noop("环节"), width="half", required=True),
        Control("duty", noop("职责"), "select", _of(LinkDuty), required=True, help=noop("决定由哪个岗位办理。")),
        Control("special", noop("特别程序"), "select", _words("special")), Control("automatic", noop("系统自动办理"), "boolean", local=True),
        *_limit("limit_", noop("环节时限"), local=True),
    ), noop("环节"), noop("加一个环节")),
    Section("times", noop("办理时限"), "times", (
        Control("instant", noop("即办件（当场办结）"), "boolean", width="wide", local=True),
        *_limit("promised-", noop("承诺办结"), local=True), *_limit("statutory-", noop("法定办结"), local=False),
        *_limit("notice-", noop("一次性告知"), local=True,
                further=(Control("notice-deemed_accepted", noop("逾期未告知视为受理"), "boolean"),)),
        *_limit("delivery-", noop("送达"), local=True),
        *_limit("extension-", noop("可以延长"), local=True, further=(Control("extension-approver", noop("由谁批准")),)),
        Control("note", noop("时限说明"), "long-text", width="wide", local=True),
    )),
    Section("form", noop("表单内容"), "form", (
        Control("label", noop("名称"), required=True), Control("name", noop("字段代码"), required=True, help=noop("小写英文，如 id_number。")),
        Control("type", noop("类型"), "select", _of(FieldType), required=True), Control("required", noop("必填"), "boolean"),
        Control("options", noop("选项"), "long-text", rows=2, help=noop("类型为“选项”时，每行一个。")), Control("note", noop("备注")),
        Control("material", noop("对应材料"), help=noop("附件就是某份材料的，写材料编码，只收一次；平时空着。")),
    ), noop("字段"), noop("加一个字段")),
    Section("more", noop("条件、结果和渠道"), "", (
        Control("summary", noop("说明"), "long-text", width="wide"),
        Control("conditions", noop("受理条件（须同时满足）"), "long-text", width="half", help=noop("每行一条。")),
        Control("conditions_any", noop("受理条件（满足其一）"), "long-text", width="half", help=noop("每行一条。")),
        Control("benefit", noop("待遇标准"), "long-text", width="wide"), Control("fee", noop("收费")),
        Control("result_document", noop("办理结果"), width="half"), Control("result_validity", noop("结果有效期")),
        Control("trips", noop("到现场次数"), "number"), Control("channels", noop("办理渠道"), "checkboxes", _words("channels"), width="half"),
        Control("levels", noop("可办层级"), "checkboxes", _words("levels"), width="half"),
        Control("handled_in", noop("办理系统"), "select", _words("handled_in")), Control("external_system", noop("外部系统名称")),
        Control("national_code", noop("国家基本编码")), Control("region_code", noop("地方编码")),
    )),
    Section("yaml", noop("全文（YAML）")),
)  # fmt: skip
BY_KEY = {s.key: s for s in SECTIONS}
_LINES = {"conditions", "conditions_any", "options"}
_LISTS = {"applicant_kinds", "channels", "levels"}
_NUMBERS = {"copies", "trips", "number", "limit_number"}
# What a standard says when nothing is written, so that a part can be shown without validating it first.
_DEFAULTS: Mapping[str, Any] = {
    "form": "original", "required": "yes", "source": "applicant", "type": "text", "handled_in": "linli", "deemed_accepted": True,
}  # fmt: skip


# -- from the document -----------------------------------------------------------------------------------------------------


def values_of(section: Section, doc: Mapping[str, Any]) -> Values:
    """What the controls of a section show of a document."""
    if section.row:
        return {"rows": [_row_of(section, entry) for entry in doc.get(section.key, ())]}
    if section.key == "times":
        return _times_of(doc.get("times", {}))
    return {c.name: _shown(c, doc.get(c.name, _DEFAULTS.get(c.name))) for c in section.controls}


def _row_of(section: Section, entry: Any) -> Row:
    if isinstance(entry, str):
        return {"text": entry}
    flat = {**entry, **{f"limit_{k}": v for k, v in (entry.get("limit") or {}).items()}}
    row = {c.name: _shown(c, flat.get(c.name, _default(section, c.name))) for c in section.controls}
    return row | ({"code": entry.get("code", "")} if section.key == "materials" else {})


def _default(section: Section, name: str) -> Any:
    return False if section.key == "form" and name == "required" else _DEFAULTS.get(name)


def _times_of(times: Mapping[str, Any]) -> Values:
    values: Values = {"instant": bool(times.get("instant")), "note": times.get("note", "")}
    for c in BY_KEY["times"].controls:
        limit, _dash, name = c.name.partition("-")
        if name:
            held = times.get(limit)
            values[c.name] = _shown(c, held.get(name, _DEFAULTS.get(name)) if held else _DEFAULTS.get(name))
    return values


def _shown(control: Control, value: Any) -> Any:
    if control.type == "boolean":
        return bool(value)
    if control.name in _LISTS:
        return list(value or ())
    if control.name in _LINES:
        return "\n".join(value or ())
    return "" if value is None else str(value)


# -- from the page ------------------------------------------------------------------------------------------------------------


def values_from(section: Section, post: QueryDict) -> Values:
    """What was typed; a row stands where its marker was sent."""
    if not section.row:
        prefix = "times-" if section.key == "times" else ""
        return {c.name: _typed(c, post, prefix + c.name) for c in section.controls}
    name = re.compile(rf"{section.key}-(\d+)-row")
    numbers = sorted(int(m[1]) for key in post if (m := name.fullmatch(key)))
    return {"rows": [_row_from(section, post, f"{section.key}-{n}-") for n in numbers]}


def _row_from(section: Section, post: QueryDict, prefix: str) -> Row:
    row = {c.name: _typed(c, post, prefix + c.name) for c in section.controls}
    return row | ({"code": post.get(prefix + "code", "")} if section.key == "materials" else {})


def _typed(control: Control, post: QueryDict, name: str) -> Any:
    if control.type == "boolean":
        return post.get(name, "") not in ("", "false")
    if control.name in _LISTS:
        return post.getlist(name)
    return post.get(name, "").replace("\r\n", "\n").strip()


def without_empty(section: Section, values: Values) -> Values:
    """Without the rows that stand as they were added."""
    if not section.row:
        return values
    untouched = blank(section)
    return {"rows": [r for r in values["rows"] if r != untouched]}


def blank(section: Section) -> Row:
    """A row to fill in."""
    return _row_of(section, {}) if section.key != "applicant_steps" else {"text": ""}


# -- to the document ------------------------------------------------------------------------------------------------------------


def document(section: Section, values: Values, doc: Mapping[str, Any], *, local: bool) -> dict[str, Any]:
    """The document with what was typed in it; in a local draft the locked parts stay as they are."""
    if section.row:
        part: dict[str, Any] = {section.key: _entries(section, values["rows"])}
    elif section.key == "times":
        part = {"times": _times(values, doc.get("times", {}), local=local)}
    else:
        part = {c.name: _stored(c, values[c.name]) for c in section.controls}
    if local:
        part = {name: value for name, value in part.items() if not is_locked(name)}
    return {k: v for k, v in {**doc, **part}.items() if v is not None}


def is_locked(part: str) -> bool:
    """Whether a lower level may not change a part at all."""
    return LOCAL_RULES[part] is LocalRule.LOCKED


def _entries(section: Section, rows: list[Row]) -> list[Any]:
    if section.key == "applicant_steps":
        return [r["text"] for r in rows]
    entries = [_entry(section, row) for row in rows]
    if section.key == "materials":
        used = {e["code"] for e in entries if e.get("code")}
        fresh = (f"m{n:02d}" for n in range(1, 1000) if f"m{n:02d}" not in used)
        for e in entries:
            e["code"] = e.get("code") or next(fresh)
    return entries


def _entry(section: Section, row: Row) -> dict[str, Any]:
    entry: dict[str, Any] = {"code": row["code"]} if row.get("code") else {}
    limit: dict[str, Any] = {}
    for c in section.controls:
        value = _stored(c, row[c.name])
        if value is None:
            continue
        if c.name.startswith("limit_"):
            limit[c.name.removeprefix("limit_")] = value
        else:
            entry[c.name] = value
    if "number" in limit:
        entry["limit"] = limit
    return entry


def _times(values: Values, now: Mapping[str, Any], *, local: bool) -> dict[str, Any]:
    times: dict[str, Any] = {"instant": values["instant"], "note": values["note"]}
    for name in LIMITS:
        if local and name == "statutory":
            if now.get(name):
                times[name] = now[name]
            continue
        held = {}
        for c in BY_KEY["times"].controls:
            limit, _dash, key = c.name.partition("-")
            if limit == name and key and (value := _stored(c, values[c.name])) is not None:
                held[key] = value
        if local and now.get(name):  # what only the level above says: whether silence accepts, who may extend
            held |= {k: now[name][k] for k in ("deemed_accepted", "approver") if k in now[name]}
        if "number" in held:
            times[name] = held
    return times


def _stored(control: Control, value: Any) -> Any:
    """As the document holds it; None where nothing was written."""
    if control.type == "boolean":
        return value
    if control.name in _LISTS:
        return value
    if control.name in _LINES:
        return [line.strip() for line in value.split("\n") if line.strip()]
    if value == "":
        return None if control.type in ("select", "number") or control.required else ""
    if control.name.rpartition("-")[2] in _NUMBERS and value.isdecimal():
        return int(value)
    return value


# -- on the page -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """A control where it stands. A locked one shows its value and sends it along unchanged."""

    spec: FieldSpec
    width: str
    locked: bool = False

    @property
    def shown(self) -> str:
        if self.spec.type == "boolean":
            return _("是") if self.spec.value else _("否")
        labels = {o.value: o.label.strip() for o in self.spec.options}
        return "、".join(labels.get(v, v) for v in self.spec.values)

    @property
    def sent(self) -> list[str]:
        return ["true" if self.spec.value else ""] if self.spec.type == "boolean" else self.spec.values


@dataclass(slots=True)
class RowView:
    number: int
    title: str
    cells: list[Cell]
    prefix: str
    code: str = ""


@dataclass(slots=True)
class Group:
    """Controls under one heading (a limit with its unit, basis and certainty), or all of them under none."""

    title: str
    cells: list[Cell] = field(default_factory=list)


def rows_of(section: Section, values: Values, errors: Mapping[str, str], *, local: bool, focus: str = "") -> list[RowView]:
    """The rows of a section with what is wrong at each control; ``focus`` names the control that is to have the focus."""
    views = []
    for n, row in enumerate(values["rows"]):
        prefix = f"{section.key}-{n}-"
        cells = [_cell(c, prefix + c.name, row[c.name], errors, _row_locked(section, c, local)) for c in section.controls]
        first = (
            next(iter(row.values()), "")
            if section.key == "applicant_steps"
            else row.get("label") or row.get("name") or row.get("law")
        )
        cells = [replace(c, spec=replace(c.spec, autofocus=True)) if c.spec.id == focus else c for c in cells]
        views.append(RowView(n, str(first or ""), cells, prefix, row.get("code", "")))
    return views


def _row_locked(section: Section, control: Control, local: bool) -> bool:
    rule = LOCAL_RULES[section.key]
    return local and (rule is LocalRule.LOCKED or (rule is LocalRule.SUBSET and not control.local))


def groups_of(section: Section, values: Values, errors: Mapping[str, str], *, local: bool) -> Iterator[Group]:
    """The controls of a section without rows."""
    if section.key != "times":
        yield Group("", [_cell(c, c.name, values[c.name], errors, local and is_locked(c.name)) for c in section.controls])
        return
    by_limit: dict[str, list[Control]] = {}
    for c in section.controls:
        by_limit.setdefault(c.name.partition("-")[0], []).append(c)
    for controls in by_limit.values():
        title = _(controls[0].label) if len(controls) > 1 else ""
        group = Group(title)
        for number, c in enumerate(controls):
            cell = _cell(c, f"times-{c.name}", values[c.name], errors, local and not c.local)
            if title and number == 0:  # under the heading the first control is the length
                cell = replace(cell, spec=replace(cell.spec, label=_("长度")))
            group.cells.append(cell)
        yield group


def _cell(control: Control, name: str, value: Any, errors: Mapping[str, str], locked: bool) -> Cell:
    spec = FieldSpec(
        name=name, label=_(control.label), type=control.type, value=value, options=control.options(), required=control.required,
        help=_(control.help) if control.help else "", error=errors.get(f"id_{name}", ""), rows=control.rows, inline=True, width="",
    )  # fmt: skip
    return Cell(spec, control.width, locked)


def control_of(place: str) -> tuple[str, str]:
    """The section and the id of the control for a place in the document (``materials.3.name``, ``times.promised.number``)."""
    steps = place.split(".")
    part, rest = steps[0], steps[1:]
    if part in BY_KEY and BY_KEY[part].row:
        section = BY_KEY[part]
        if not rest:
            return part, f"{part}-add"
        first = {"materials": "condition"}.get(part, section.controls[0].name)
        column = "_".join(s for s in rest[1:] if not s.isdigit()) or first
        return part, f"id_{part}-{rest[0]}-{column}"
    if part == "times":
        return "times", "id_times-" + ("-".join(rest) if len(rest) > 1 else f"{rest[0]}-number" if rest else "promised-number")
    section_key = next((s.key for s in SECTIONS if any(c.name == part for c in s.controls) and not s.row), "")
    return section_key, f"id_{part}" if section_key else ""
