"""Writing a draft: one page for each element, rows added, moved and taken out with or without scripts, what is wrong said at the
very control, and nothing lost when somebody else saved meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST

from linli.domains.catalog import commands
from linli.domains.catalog import queries as catalog
from linli.domains.catalog.commands import DraftChanged, ItemTaken, NotALocalValue, OtherPlace, StandardWrong
from linli.domains.catalog.queries import ItemStandard, Standard
from linli.kernel.errors import Invalid, LinliError
from linli.kernel.text import Message
from linli.web.access import requires
from linli.web.console.catalog import parts
from linli.web.console.catalog.compare import differences
from linli.web.console.catalog.parts import BY_KEY, SECTIONS, Section, Values
from linli.web.console.catalog.places import Places, place_of
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.forms import Form
from linli.web.ui.toasts import done


@requires("catalog.edit")
@require_POST
def start(request: StaffRequest, code: str) -> HttpResponse:
    """The draft of an item in a place: a new one, or the one that is open already."""
    once_key(request)
    draft = commands.start_draft(item_code=code, region=place_of(request), by=request.actor, now=request.now)
    return redirect("catalog:edit", draft_id=draft)


class NewItemForm(Form):
    """What an item cannot be without; the rest is written in its draft."""

    kinds: ClassVar[dict[str, str]] = {"applicant_kinds": "checkboxes"}
    place = forms.ChoiceField(label=_lazy("地区"))
    main_code = forms.ChoiceField(label=_lazy("主项"))
    name = forms.CharField(label=_lazy("事项名称"), max_length=200)
    code = forms.RegexField(
        catalog.ITEM_CODE, label=_lazy("事项编码"), max_length=64, help_text=_lazy("小写字母、数字和连字符，例如 skill-grant。以后不能改。"),
        error_messages={"invalid": _lazy("编码只能用小写字母、数字和连字符，以字母或数字开头和结尾。")},
    )  # fmt: skip
    kind = forms.ChoiceField(label=_lazy("事项类型"))
    applicant_kinds = forms.MultipleChoiceField(label=_lazy("服务对象"))

    def __init__(self, *args: Any, request: StaffRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "place": [(o.value, o.label) for o in Places().options(under=request.actor.region)],
            "main_code": [("", _("请选择")), *((m.code, m.name) for m in catalog.mains())],
            "kind": [("", _("请选择")), *((k.value, k.value) for k in catalog.ItemKind)],
            "applicant_kinds": [(value, _(label)) for value, label in catalog.CHOICES["applicant_kinds"].items()],
        }
        for name, options in choices.items():
            cast("forms.ChoiceField", self.fields[name]).choices = options


@requires("catalog.edit")
@require_http_methods(["GET", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    """An item that the catalogue does not have yet: what it is called and whom it serves, then its draft is open."""
    form = NewItemForm(
        request.POST or None, request=request, initial={"place": place_of(request), "main_code": request.GET.get("main", "")}
    )
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        try:
            draft = commands.add_item(  # type: ignore[call-arg]
                region=typed.pop("place"), **typed, by=request.actor, now=request.now, key=once_key(request)
            )
        except (ItemTaken, StandardWrong) as error:
            form.add_problem(error)
        else:
            done(request, _("已新增“%(name)s”，现在是草稿。") % {"name": typed["name"]})
            return redirect("catalog:edit", draft_id=draft)
    return render(request, "console/catalog/add.html", {"form": form}, status=422 if form.errors else 200)


@dataclass(slots=True)
class Page:
    """What the page of one section shows."""

    draft: ItemStandard
    section: Section
    values: Values
    problems: list[tuple[str, str]] = field(default_factory=list)
    revision: int = 0
    moved: str = ""  # what a button did to the rows, read aloud
    focus: str = ""  # the control that is to have the focus then
    conflict: dict[str, Any] | None = None

    @property
    def local(self) -> bool:
        return self.draft.base_id is not None


def open_draft(request: StaffRequest, draft_id: UUID) -> ItemStandard | None:
    """A draft that the reader may write; None when it is one no longer."""
    row = catalog.get_row(draft_id)
    if row.status != catalog.Status.DRAFT:
        return None
    if not catalog.may_edit(request.actor, row.region):
        raise OtherPlace
    return row


@requires("catalog.edit")
@require_http_methods(["GET", "POST"])
def edit(request: StaffRequest, draft_id: UUID) -> HttpResponse:
    """One section of a draft; ``part`` in the address says which."""
    draft = open_draft(request, draft_id)
    if draft is None:
        return redirect("catalog:version", standard_id=draft_id)
    section = BY_KEY.get(request.GET.get("part", ""), SECTIONS[0])
    if request.method == "GET":
        return _show(request, Page(draft, section, _values(section, draft), revision=draft.revision))
    page = Page(draft, section, _typed(section, request), revision=_revision(request, draft))
    if "do" in request.POST and section.row:
        _arrange(page, request.POST["do"])
        return _show(request, page)
    page.values = parts.without_empty(section, page.values)
    try:
        changed = page.values != _values(section, draft)
        if changed:
            commands.save_draft(  # type: ignore[call-arg]
                draft_id=draft.pk, doc=_document(page), revision=page.revision, by=request.actor, now=request.now, key=once_key(request)
            )  # fmt: skip
    except DraftChanged as error:
        if page.values == _values(section, catalog.get_row(draft_id)):  # the page had saved it by itself a moment ago
            return redirect(_next(request, draft, section))
        page.conflict = _conflict(page, error)
        return _show(request, page, status=409)
    except (StandardWrong, NotALocalValue, Invalid) as error:
        page.problems = [_said(page, one) for one in (error.errors if isinstance(error, Invalid) else [error])]
        return _show(request, page, status=422)
    if changed:
        done(request, _("已保存“%(part)s”。") % {"part": _(section.label)})
    return redirect(_next(request, draft, section))


@requires("catalog.edit")
@require_POST
def autosave(request: StaffRequest, draft_id: UUID) -> HttpResponse:
    """Keep what is typed so far. What cannot be kept yet is named, and stays on the page."""
    draft = open_draft(request, draft_id)
    if draft is None:
        return _kept(request, _("这份草稿已经发布或者放弃，没有保存。"))
    section = BY_KEY.get(request.GET.get("part", ""), SECTIONS[0])
    page = Page(draft, section, parts.without_empty(section, _typed(section, request)), revision=_revision(request, draft))
    if page.values == _values(section, draft):
        return _kept(request, revision=draft.revision)
    try:
        revision = commands.save_draft(
            draft_id=draft.pk, doc=_document(page), revision=page.revision, by=request.actor, now=request.now
        )
    except DraftChanged as error:
        return _kept(
            request, _("%(why)s您填写的都在本页，按“保存”可以对照。") % {"why": str(error.message)}, revision=page.revision
        )
    except (StandardWrong, NotALocalValue, Invalid) as error:
        first = _said(page, error.errors[0] if isinstance(error, Invalid) else error)[1]
        return _kept(request, _("还没有保存。%(why)s") % {"why": first}, revision=page.revision)
    return _kept(request, revision=revision)


def _kept(request: StaffRequest, problem: str = "", *, revision: int | None = None) -> HttpResponse:
    return render(request, "console/catalog/_saved.html", {"at": request.now, "problem": problem, "revision": revision})


def _values(section: Section, draft: ItemStandard) -> Values:
    if section.key == "yaml":
        return {"yaml": catalog.write_yaml([Standard.model_validate(draft.doc)])}
    return parts.values_of(section, Standard.model_validate(draft.doc).model_dump(mode="json", exclude_none=True))


def _typed(section: Section, request: StaffRequest) -> Values:
    if section.key == "yaml":
        return {"yaml": request.POST.get("yaml", "").replace("\r\n", "\n")}
    return parts.values_from(section, request.POST)


def _document(page: Page) -> dict[str, Any]:
    """The document to save: what is stored now with what was typed laid over it."""
    if page.section.key != "yaml":
        return parts.document(page.section, page.values, page.draft.doc, local=page.local)
    read = commands.read_yaml(page.values["yaml"])
    if len(read) != 1:
        raise StandardWrong(field="yaml", where=_("全文"), why=_("应当正好是一个事项。"))
    return {**read[0].dump(), "papers": page.draft.doc.get("papers", {})}


def _revision(request: StaffRequest, draft: ItemStandard) -> int:
    """The state of the draft that was seen: when the page was opened, or when what had changed was shown."""
    seen = request.POST.get("seen") or request.POST.get("revision", "")
    return int(seen) if seen.isdecimal() else draft.revision


def _next(request: StaffRequest, draft: ItemStandard, section: Section) -> str:
    go = request.POST.get("go", "")
    if go == "publish":
        return reverse("catalog:publish", args=[draft.pk])
    if go == "view":
        return reverse("catalog:version", args=[draft.pk])
    return reverse("catalog:edit", args=[draft.pk]) + f"?part={go if go in BY_KEY else section.key}"


def _arrange(page: Page, order: str) -> None:
    """Add a row, move one up or down, or take one out: ``add``, ``up:3``, ``down:3``, ``remove:3``."""
    rows, key = page.values["rows"], page.section.key
    act, _colon, number = order.partition(":")
    n = int(number) if number.isdecimal() else -1
    name = _(page.section.row)
    locked = page.local and (parts.is_locked(key) or catalog.LOCAL_RULES[key] is catalog.LocalRule.SUBSET)
    if act == "add" and not locked:
        rows.append(parts.blank(page.section))
        page.focus = f"id_{key}-{len(rows) - 1}-{page.section.controls[0].name}"
        page.moved = _("已加到最后，是第 %(n)s 项。") % {"n": len(rows)}
    elif act in ("up", "down") and 0 <= n < len(rows) and 0 <= (to := n + (1 if act == "down" else -1)) < len(rows):
        rows[n], rows[to] = rows[to], rows[n]
        at_end = to in (0, len(rows) - 1)
        page.focus = f"{key}-{to}-{('down' if to == 0 else 'up') if at_end else act}"
        page.moved = _("第 %(n)s 项%(name)s已移到第 %(to)s 项。") % {"n": n + 1, "name": name, "to": to + 1}
    elif act == "remove" and 0 <= n < len(rows):
        del rows[n]
        page.focus = f"{key}-{min(n, len(rows) - 1)}-remove" if rows else f"{key}-add"
        page.moved = _("第 %(n)s 项%(name)s已删除，保存后生效。") % {"n": n + 1, "name": name}


def _said(page: Page, error: LinliError) -> tuple[str, str]:
    """Where a mistake is on this page, and the sentence: what the control is called, and what is wrong with it."""
    why = error.params.get("why", error.message)
    sentence = why.render(_) if isinstance(why, Message) else str(why)
    if page.section.key == "yaml":
        return "id_yaml", f"{error.params.get('where', '')}：{sentence}"
    section, control = parts.control_of(error.field or "")
    named = _label(control, page) if section == page.section.key else _(BY_KEY[section].label) if section else ""
    return control if section == page.section.key else "", f"{named}：{sentence}" if named else sentence


def _label(control: str, page: Page) -> str:
    """What a control is called, with the number of its row."""
    local = page.local
    if page.section.row:
        for row in parts.rows_of(page.section, page.values, {}, local=local):
            for cell in row.cells:
                if cell.spec.id == control:
                    return _("第 %(n)s 项%(name)s的%(label)s") % {
                        "n": row.number + 1,
                        "name": _(page.section.row),
                        "label": cell.spec.label,
                    }
        return _(page.section.label)
    for group in parts.groups_of(page.section, page.values, {}, local=local):
        for cell in group.cells:
            if cell.spec.id == control:
                return f"{group.title}{cell.spec.label}"
    return _(page.section.label)


def _conflict(page: Page, error: DraftChanged) -> dict[str, Any]:
    """What to show when somebody saved meanwhile: who, and how what was typed differs from what is stored now."""
    theirs = Standard.model_validate(page.draft.doc)
    looked = catalog.examine(page.draft, _document(page))
    lines = []
    if not looked.problems:
        lines = differences(catalog.compare(theirs, Standard.model_validate(_document(page))), everything=False)
    return {"error": error, "lines": lines, "revision": page.draft.revision}


@requires("catalog.edit")
@require_POST
def findings(request: StaffRequest, draft_id: UUID) -> HttpResponse:
    """What the check says of what is being typed; nothing is saved."""
    draft = open_draft(request, draft_id)
    if draft is None:
        return redirect("catalog:version", standard_id=draft_id)
    section = BY_KEY.get(request.GET.get("part", ""), SECTIONS[0])
    page = Page(draft, section, parts.without_empty(section, _typed(section, request)))
    return render(request, "console/catalog/_findings.html", _looked_at(page))


def _looked_at(page: Page) -> dict[str, Any]:
    try:
        looked = catalog.examine(page.draft, _document(page))
    except (StandardWrong, Invalid) as error:
        several = error.errors if isinstance(error, Invalid) else [error]
        return {"broken": [_said(page, e)[1] for e in several], "findings": [], "current": page.section}
    broken = [_said(page, StandardWrong(field=".".join(place), where="", why=why))[1] for place, why in looked.problems]
    mine = [f for f in looked.findings if f.element.value == page.section.element]
    return {
        "broken": broken, "findings": mine + [f for f in looked.findings if f not in mine], "mine": len(mine),
        "stopping": sum(f.stops for f in looked.findings),
    }  # fmt: skip


def _show(request: StaffRequest, page: Page, *, status: int = 200) -> HttpResponse:
    draft, section = page.draft, page.section
    errors: dict[str, str] = {}
    for control, sentence in page.problems:
        errors.setdefault(control, sentence)
    rule = catalog.LOCAL_RULES.get("name" if section.key == "names" else section.key)
    all_locked = page.local and rule is catalog.LocalRule.LOCKED
    keys = [s.key for s in SECTIONS]
    following = keys[keys.index(section.key) + 1] if section.key != keys[-1] else ""
    found: dict[str, int] = {}
    for f in catalog.check_standard(Standard.model_validate(draft.doc)):
        key = "names" if f.element.value in ("main_name", "sub_name") else f.element.value
        found[key] = found.get(key, 0) + 1
    context = {
        "draft": draft, "section": section, "page": page, "place_name": Places().name(draft.region), "all_locked": all_locked,
        "rule": rule.label if rule and page.local else "", "problems": page.problems,
        "rows": parts.rows_of(section, page.values, errors, local=page.local, focus=page.focus) if section.row else [],
        "groups": list(parts.groups_of(section, page.values, errors, local=page.local)) if not section.row and section.key != "yaml" else [],
        "yaml": page.values.get("yaml", ""), "yaml_error": errors.get("id_yaml", ""), "following": following,
        "may_add": section.row and not (page.local and rule is catalog.LocalRule.SUBSET) and not all_locked,
        "sections": [
            {"key": s.key, "label": _(s.label), "current": s.key == section.key, "found": found.get(s.key, 0), "locked": page.local and _closed(s)}
            for s in SECTIONS
        ],
        "may_publish": catalog.may_publish(request.actor, draft.region),
    }  # fmt: skip
    return render(request, "console/catalog/edit.html", context | _looked_at(page), status=status)


def _closed(section: Section) -> bool:
    """Whether a lower level can change nothing in a section."""
    return section.key == "names" or (section.key in catalog.LOCAL_RULES and parts.is_locked(section.key))
