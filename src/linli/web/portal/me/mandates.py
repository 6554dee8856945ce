"""Letting somebody else act: one question a page, read back before it counts; what I gave and what I hold; each use; taking back."""

from __future__ import annotations

from datetime import date, timedelta
from mimetypes import guess_extension
from typing import Any, BinaryIO, ClassVar, cast
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases.queries import case_names, mandate_uses
from linli.domains.catalog.queries import names_of
from linli.domains.documents.commands import store_file
from linli.domains.documents.queries import open_file
from linli.domains.people.commands import attach_paper, find_agent, give_mandate, read_paper, revoke_mandate
from linli.domains.people.queries import (
    Assurance,
    MandateLine,
    MandateSheet,
    Scope,
    given_by,
    held_by,
    lines,
    longest_mandate,
    mandate_sheet,
    of_employers,
    own_account,
    stands_for_employers,
)
from linli.domains.trace.queries import Event
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import mask_id
from linli.kernel.text import joined, noop
from linli.web.access import PORTAL, requires
from linli.web.errors import status_of
from linli.web.files import send_file
from linli.web.http import StaffRequest, client_address
from linli.web.itempick import looks_for_items, pick_items
from linli.web.once import keyed
from linli.web.portal.me.forms import posted
from linli.web.portal.me.signing import WRONG, must_not_guess
from linli.web.portal.me.steps import Steps
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Fact
from linli.web.ui.toasts import done

STEPS = Steps("mandate")
TONES = {"in-force": "done", "coming": "info", "ended": "plain", "revoked": "plain"}
# What stands behind a scope, in the words of who gives it.
SCOPE_HELP = {
    Scope.APPLY: noop("替您填表、交材料、补材料，也可以替您撤回。"),
    Scope.READ: noop("看您办的事到哪一步了，下载您的结果。"),
    Scope.COLLECT: noop("到窗口替您领证、领文书。"),
}
# What an agent did, in the words of whose affairs it was; what is not named here is filling in.
USES = {
    "people.viewed": noop("查看办件"), "cases.started": noop("开始填写申请"), "cases.material_noted": noop("交材料"), "cases.submitted": noop("提交申请"),
    "cases.corrected": noop("交回补正"), "cases.withdrawn": noop("撤回申请"), "cases.delivered": noop("领取结果"), "cases.paper_read": noop("下载文书"),
    "cases.hand_over_made": noop("换个地方接着办"), "cases.joint_started": noop("开始办一件事"), "cases.joint_submitted": noop("提交一件事"),
    "cases.joint_withdrawn": noop("撤回一件事"), "cases.roster_checked": noop("核对批量名单"), "cases.roster_started": noop("提交批量名单"),
}  # fmt: skip


class AgentNameForm(Form):
    agent_name = forms.CharField(label=_lazy("对方的姓名"), max_length=100, help_text=_lazy("和对方身份证上写的一样。"))


class AgentNumberForm(Form):
    kinds: ClassVar[dict[str, str]] = {"id_number": "id-number"}

    id_number = forms.CharField(label=_lazy("对方的证件号码"), max_length=40)


class ScopesForm(Form):
    scopes = forms.MultipleChoiceField(label=_lazy("可以替您做什么"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(s.value, f"{_(s.label)}：{_(SCOPE_HELP[s])}") for s in Scope]  # type: ignore[attr-defined]


class UntilForm(Form):
    LENGTHS: ClassVar[dict[str, tuple[str, int]]] = {
        "month": (noop("一个月"), 30), "quarter": (noop("三个月"), 91), "year": (noop("一年"), 365), "day": (noop("到某一天"), 0),
    }  # fmt: skip

    length = forms.ChoiceField(label=_lazy("到什么时候为止"), widget=forms.RadioSelect)
    last_day = forms.DateField(label=_lazy("最后一天"), required=False, widget=forms.DateInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["length"].choices = [(k, _(label)) for k, (label, _days) in self.LENGTHS.items()]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """The day that was meant."""
        length = self.cleaned_data.get("length")
        if length and length != "day":
            self.cleaned_data["last_day"] = self.today + timedelta(days=self.LENGTHS[length][1])
            return
        day = self.cleaned_data.get("last_day")
        if length and not day and "last_day" not in self.errors:
            self.add_error("last_day", _("请填写最后一天。"))
        elif length and day and not self.today <= day <= longest_mandate(self.today):
            self.add_error("last_day", _("最后一天应在今天之后，最长三年。"))


class PaperForm(Form):
    kinds: ClassVar[dict[str, str]] = {"photo": "camera"}

    photo = forms.FileField(label=_lazy("给签了名的委托书拍张照"), required=False)
    file = forms.FileField(label=_lazy("或选择扫描件（PDF 或图片）"), required=False)

    def clean(self) -> None:
        """One of the two."""
        if not (self.cleaned_data.get("photo") or self.cleaned_data.get("file")) and not self.errors:
            self.add_error("photo", _("请先拍照或选择文件。"))


def side_of(request: StaffRequest) -> str:
    """Which list is asked for: what I gave, what I hold, or what is held for employers I stand for."""
    side = request.GET.get("side", "")
    return side if side in ("held", "firm") else "given"


@requires(PORTAL)
@require_safe
def mandates(request: StaffRequest) -> HttpResponse:
    """What I gave, what I hold, or what others hold for an employer I stand for."""
    side, by = side_of(request), request.actor
    rows = {"given": given_by, "held": held_by}[side](by) if side != "firm" else of_employers(by, on=request.today)
    page = page_of(rows, request, by="-registered_at", size=10)
    context = {
        "page": page, "rows": [(line, TONES[line.state]) for line in lines(page.rows, on=request.today)], "side": side,
        "stands": stands_for_employers(by, on=request.today), "unverified": own_account(by=by).assurance == Assurance.LOW,
    }  # fmt: skip
    return render(request, "portal/me/mandates.html", context)


@requires(PORTAL)
@require_safe
def mandate(request: StaffRequest, mandate_id: UUID) -> HttpResponse:
    """One of them, to read, print and end, with each use of it."""
    return _page(request, mandate_sheet(mandate_id, by=request.actor, on=request.today), PaperForm())


def _page(request: StaffRequest, sheet: MandateSheet, form: PaperForm, status: int = 200) -> HttpResponse:
    line, mine = sheet.line, request.actor.resident_id
    page = page_of(mandate_uses(line.id, by=request.actor, on=request.today), request, by="-at", size=10)
    about = {e: e.data.get("case") or str(e.chain_id) for e in page.rows}
    names = case_names({UUID(case) for case in about.values()})
    uses = [(e.at, _(_use(e)), *names.get(UUID(about[e]), ("", ""))) for e in page.rows]
    side = "held" if line.agent.id == mine else "given" if line.principal.id == mine else "firm"
    context = {
        "sheet": sheet, "line": line, "tone": TONES[line.state], "facts": _facts(line), "side": side, "page": page, "uses": uses, "form": form,
    }  # fmt: skip
    return render(request, "portal/me/mandate.html", context, status=status)


def _use(event: Event) -> str:
    return noop("查看可以享受的政策") if event.data.get("due") else USES.get(event.act, noop("填写、修改申请"))


@requires(PORTAL)
@require_safe
def paper(request: StaffRequest, mandate_id: UUID) -> HttpResponseBase:
    """The picture of the signed paper."""
    file = open_file(read_paper(mandate_id=mandate_id, by=request.actor, now=request.now))
    return send_file(file, _("委托书") + (guess_extension(file.content_type) or ""))


@requires(PORTAL)
@require_POST
def attach(request: StaffRequest, mandate_id: UUID) -> HttpResponse:
    """Put the signed paper to what was given here."""
    sheet = mandate_sheet(mandate_id, by=request.actor, on=request.today)
    form, status = PaperForm(request.POST, request.FILES), 422
    if form.is_valid():
        given = form.cleaned_data["photo"] or form.cleaned_data["file"]
        try:
            with transaction.atomic():
                kept = store_file(content=cast("BinaryIO", given), declared_name=given.name, by=request.actor, now=request.now)
                attach_paper(mandate_id=mandate_id, document_id=kept.id, by=request.actor, now=request.now, **keyed(request))
        except LinliError as error:
            form.add_error("photo", joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _))
            status = status_of(error)
        else:
            done(request, _("委托书已附上。"))
            return redirect("me:mandate", mandate_id)
    return _page(request, sheet, form, status)


def _facts(line: MandateLine) -> list[Fact]:
    names = names_of(list(line.items))
    return [
        Fact(_("委托人"), f"{line.principal.name}（{line.principal.number}）"),
        Fact(_("受托人"), f"{line.agent.name}（{line.agent.number}）"),
        Fact(_("可以做"), "；".join(_(s.label) for s in line.scopes)),
        Fact(_("哪些事"), "；".join(names.get(code, code) for code in line.items) or _("全部事项")),
        Fact(_("从"), line.first_day.isoformat()),
        Fact(_("到"), line.last_day.isoformat() + _("（含当天）")),
        Fact(_("依据"), _(line.ground.label) + (f"：{line.evidence}" if line.evidence else "")),
    ]


@requires(PORTAL)
@require_POST
def revoke(request: StaffRequest, mandate_id: UUID) -> HttpResponse:
    """End it, at once."""
    revoke_mandate(mandate_id=mandate_id, by=request.actor, now=request.now, **keyed(request))
    done(request, _("授权已撤销，马上生效。"))
    return redirect("me:mandate", mandate_id)


# -- giving ---------------------------------------------------------------------------------------------------------------------


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def who(request: StaffRequest) -> HttpResponse:
    """To whom: the name."""
    if request.method == "GET" and "back" not in request.GET:
        STEPS.forget(request)
    form = AgentNameForm(posted(request), initial=STEPS.kept(request))
    if form.is_valid():
        STEPS.keep(request, agent_name=form.cleaned_data["agent_name"])
        return redirect("me:mandate_number")
    return _ask(
        request, form, _("授权给谁"), _("比如子女、父母、邻居、村里的代办员。对方用自己的手机登录，就能替您办。"), "me:mandates", ""
    )


@requires(PORTAL)
@sensitive_post_parameters("id_number")
@require_http_methods(["GET", "POST"])
def whose_number(request: StaffRequest) -> HttpResponse:
    """To whom: the number, so that it is nobody else of that name."""
    kept = STEPS.kept(request)
    if "agent_name" not in kept:
        return redirect("me:mandate_who")
    form = AgentNumberForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            must_not_guess(request)
            find_agent(name=kept["agent_name"], id_number=form.cleaned_data["id_number"])
        except LinliError as error:
            WRONG.count(client_address(request), request.now)
            form.add_problem(error)
            status = status_of(error)
        else:
            STEPS.keep(request, id_number=form.cleaned_data["id_number"])
            return redirect("me:mandate_scopes")
    return _ask(request, form, _("对方的证件号码"), _("同名的人多，号码对上才是这个人。"), "me:mandate_who", "?back=1", status)


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def scopes(request: StaffRequest) -> HttpResponse:
    """To what ends."""
    kept = STEPS.kept(request)
    if "id_number" not in kept:
        return redirect("me:mandate_who")
    form = ScopesForm(posted(request), initial=kept)
    if form.is_valid():
        STEPS.keep(request, scopes=form.cleaned_data["scopes"])
        return redirect("me:mandate_items")
    return _ask(request, form, _("可以替您做什么"), _("只选需要的。没选的，对方做不了。"), "me:mandate_number", "")


class WhichForm(Form):
    which = forms.ChoiceField(label=_lazy("替您办哪些事"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["which"].choices = [("some", _("只办我选的事（更稳妥）")), ("all", _("全部事项"))]  # type: ignore[attr-defined]


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def items(request: StaffRequest) -> HttpResponse:
    """For which items: all of them, or those that are ticked."""
    kept = STEPS.kept(request)
    if "scopes" not in kept:
        return redirect("me:mandate_who")
    sent = posted(request)
    pick = pick_items(sent, kept=kept.get("items", []), kind="person", region=request.actor.region, on=request.today)
    searching, wrong = sent is not None and looks_for_items(sent), ""
    if searching or (sent is None and "items" not in kept):
        form = WhichForm(initial={"which": "some"})
    else:
        form = WhichForm(sent, initial={"which": "some" if kept.get("items") else "all"})
    if form.is_valid():
        every = form.cleaned_data["which"] == "all"
        if every or pick.chosen:
            STEPS.keep(request, items=[] if every else pick.chosen)
            return redirect("me:mandate_until")
        wrong = _("请至少选一件事，或选“全部事项”。")
        form.add_error(None, wrong)
    context = {"form": form, "pick": pick, "error": wrong}
    return render(request, "portal/me/mandate_items.html", context, status=422 if form.is_bound else 200)


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def until(request: StaffRequest) -> HttpResponse:
    """Until when."""
    if "items" not in STEPS.kept(request):
        return redirect("me:mandate_who")
    form = UntilForm(posted(request), today=request.today)
    if form.is_valid():
        STEPS.keep(request, last_day=form.cleaned_data["last_day"].isoformat())
        return redirect("me:mandate_review")
    return _ask(request, form, _("到什么时候为止"), _("到期自动失效。没到期您也随时可以撤销。"), "me:mandate_items", "")


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def review(request: StaffRequest) -> HttpResponse:
    """All of it once more; then it counts."""
    kept = STEPS.kept(request)
    if "last_day" not in kept:
        return redirect("me:mandate_who")
    form = Form(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        try:
            given = give_mandate(
                agent_name=kept["agent_name"], agent_number=kept["id_number"], scopes=[Scope(s) for s in kept["scopes"]],
                items=kept["items"], last_day=date.fromisoformat(kept["last_day"]), by=request.actor, now=request.now, **keyed(request),
            )  # fmt: skip
        except LinliError as error:
            form.is_valid()
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("授权已生效。"))
            return redirect("me:mandate", given)
    facts = [
        Fact(_("授权给"), f"{kept['agent_name']}（{mask_id(kept['id_number'])}）", reverse("me:mandate_who") + "?back=1"),
        Fact(_("可以做"), "；".join(_(s.label) for s in Scope if s in kept["scopes"]), reverse("me:mandate_scopes")),
        Fact(_("哪些事"), "；".join(names_of(kept["items"]).values()) or _("全部事项"), reverse("me:mandate_items")),
        Fact(_("到"), kept["last_day"] + _("（含当天）"), reverse("me:mandate_until")),
    ]
    return render(request, "portal/me/mandate_review.html", {"form": form, "facts": facts}, status=status)


def _ask(
    request: StaffRequest, form: Form, title: str, lead: str, before: str, tail: str, status: int | None = None
) -> HttpResponse:
    """One question on its page."""
    context = {"form": form, "title": title, "lead": lead, "before": reverse(before) + tail}
    return render(request, "portal/me/mandate_ask.html", context, status=status or (422 if form.is_bound else 200))
