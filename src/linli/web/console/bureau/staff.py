"""Members of staff: who they are, which posts they hold, and their accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.domains.accounts.commands import first_password, reset_password, set_active, unlock_user
from linli.domains.accounts.queries import User
from linli.domains.org.commands import add_staff, appoint, end_posting
from linli.domains.org.queries import (
    employee_numbers,
    incompatible_duties,
    postings_ever,
    posts,
    posts_held,
    staff,
    staff_member,
    tree,
)
from linli.kernel.errors import LinliError, NotAllowed
from linli.web.absences import absences_page, cancel
from linli.web.access import requires
from linli.web.console.bureau.forms import form_page
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import once_key
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Fact
from linli.web.ui.toasts import done


def _state(user: User, request: StaffRequest) -> tuple[str, str]:
    """How an account stands: a tone and a word."""
    if not user.is_active:
        return "plain", _("已停用")
    if user.locked_until and user.locked_until > request.now:
        return "bad", _("已锁定")
    if user.must_change_password:
        return "soon", _("待首次改密")
    return "done", _("正常")


@requires("org.manage")
@require_GET
def people(request: StaffRequest) -> HttpResponse:
    """Everybody with an account and the posts they hold."""
    text = request.GET.get("q", "").strip()
    page = page_of(staff(text, by=request.actor), request, by="username", size=30)
    held = posts_held([u.pk for u in page.rows], on=request.today)
    numbers = employee_numbers(u.pk for u in page.rows)
    rows = [(u, numbers.get(u.pk, ""), held.get(u.pk, []), _state(u, request)) for u in page.rows]
    columns = [Column(_("姓名")), Column(_("用户名")), Column(_("工号")), Column(_("岗位")), Column(_("账号"))]
    return render(request, "console/bureau/staff.html", {"page": page, "rows": rows, "columns": columns, "q": text})


@requires("org.manage")
@require_GET
def member(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """One of them, with every post they ever held."""
    user = staff_member(user_id, by=request.actor)
    page = page_of(postings_ever(user_id, by=request.actor), request, by="-valid_from", size=20)
    facts = [Fact(_("用户名"), user.username), Fact(_("工号"), employee_numbers([user_id]).get(user_id, ""))]
    rows = [(p, p.valid_to is None or p.valid_to > request.today) for p in page.rows]
    columns = [Column(_("岗位")), Column(_("机构")), Column(_("起")), Column(_("止")), Column(_("操作"), hidden=True)]
    context = {
        "user": user, "facts": facts, "page": page, "rows": rows, "columns": columns, "state": _state(user, request),
        "locked": bool(user.locked_until and user.locked_until > request.now), "second_factor": user.has_second_factor,
    }  # fmt: skip
    return render(request, "console/bureau/member.html", context)


class PostForm(Form):
    """A post at an organisation, from a day on."""

    kinds = {"valid_from": "date", "valid_to": "date"}

    post = forms.ChoiceField(label=_lazy("岗位"))
    org = forms.ChoiceField(label=_lazy("所在机构"))
    hall = forms.ChoiceField(label=_lazy("在哪个大厅办公"), required=False, help_text=_lazy("受理与审核等不相容岗位按大厅判断。"))
    valid_from = forms.DateField(label=_lazy("任职起"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [(str(o.pk), "　" * (o.path.count("/") - 2) + o.name) for o in tree()]
        fields: Any = self.fields
        fields["post"].choices = [("", _("请选择")), *((p.code, f"{_(p.name)}：{_(p.description)}") for p in posts())]
        fields["org"].choices = [("", _("请选择")), *every]
        fields["hall"].choices = [("", _("不在大厅")), *every]


class StaffForm(PostForm):
    """Somebody new with their first post."""

    field_order = ("name", "username", "employee_number", "id_number", "post", "org", "hall", "valid_from")
    kinds = {"valid_from": "date", "id_number": "id-number"}

    name = forms.CharField(label=_lazy("姓名"), max_length=64)
    username = forms.CharField(label=_lazy("用户名"), max_length=64, help_text=_lazy("登录时使用，不能与他人相同。"))
    employee_number = forms.CharField(label=_lazy("工号"), max_length=32)
    id_number = forms.CharField(
        label=_lazy("身份证号"), max_length=18, required=False, help_text=_lazy("只保存不可还原的比对值，用于本人申请时自动回避。")
    )


def _where(given: dict[str, Any]) -> dict[str, Any]:
    return {"post": given["post"], "org_id": UUID(given["org"]), "hall_id": UUID(given["hall"]) if given["hall"] else None,
            "valid_from": given["valid_from"]}  # fmt: skip


@requires("org.manage")
@sensitive_post_parameters("id_number")
@require_http_methods(["GET", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    """Make an account and appoint its owner. The first password is shown on the answer to this one request only."""
    form = StaffForm(request.POST if request.method == "POST" else None, initial={"valid_from": request.today})
    status = 422 if form.is_bound else 200
    if form.is_valid():
        given = form.cleaned_data
        password = first_password(given["username"], given["name"])
        once_key(request)
        try:
            user_id = add_staff(
                username=given["username"], name=given["name"], password=password, employee_number=given["employee_number"],
                id_number=given["id_number"], **_where(given), by=request.actor, now=request.now,
            )  # fmt: skip
        except NotAllowed:
            raise
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            return _show_password(request, staff_member(user_id, by=request.actor), password)
    page = {
        "title": _("新增人员"), "button": _("建立账号并任职"), "icon": "user-plus", "back": reverse("bureau:staff"),
        "back_words": _("人员与岗位"), "lead": _("建立后会显示一次初始密码，请当面交给本人；首次登录必须更改。"),
    }  # fmt: skip
    return render(request, "console/bureau/form.html", {"form": form, "apart": incompatible_duties(), **page}, status=status)


def _show_password(request: StaffRequest, user: User, password: str) -> HttpResponse:
    return render(request, "console/bureau/password.html", {"user": user, "password": password})


@requires("org.manage")
@require_http_methods(["GET", "POST"])
def appoint_to(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """Give somebody a further post; an incompatible one is refused."""
    user = staff_member(user_id, by=request.actor)
    form = PostForm(request.POST if request.method == "POST" else None, initial={"valid_from": request.today})

    def act(given: dict[str, Any]) -> None:
        once_key(request)
        appoint(user_id=user_id, **_where(given), by=request.actor, now=request.now)

    page = {
        "title": _("任职"), "button": _("任职"), "icon": "id-badge-2", "back": reverse("bureau:member", args=[user_id]),
        "back_words": user.name, "lead": user.name, "apart": incompatible_duties(),
    }  # fmt: skip
    return form_page(request, form, act=act, after=reverse("bureau:member", args=[user_id]), said=_("已任职。"), page=page)


class EndForm(Form):
    """The last day of a post."""

    kinds = {"last_day": "date"}

    last_day = forms.DateField(
        label=_lazy("任职到哪一天"), help_text=_lazy("这一天结束后不再有此岗位的权限；名下未办完的环节请另行重新派件。")
    )


@requires("org.manage")
@require_http_methods(["GET", "POST"])
def end(request: StaffRequest, user_id: UUID, posting_id: UUID) -> HttpResponse:
    """End a post after a day."""
    user = staff_member(user_id, by=request.actor)
    form = EndForm(request.POST if request.method == "POST" else None, initial={"last_day": request.today})

    def act(given: dict[str, Any]) -> None:
        once_key(request)
        end_posting(posting_id=posting_id, last_day=given["last_day"], by=request.actor, now=request.now)

    page = {
        "title": _("结束任职"), "button": _("结束任职"), "icon": "logout", "back": reverse("bureau:member", args=[user_id]),
        "back_words": user.name, "lead": user.name, "danger": True,
    }  # fmt: skip
    return form_page(request, form, act=act, after=reverse("bureau:member", args=[user_id]), said=_("任职已结束。"), page=page)


@requires("org.manage")
@require_http_methods(["GET", "POST"])
def absences(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """When they are off duty, so that the draw leaves them out."""
    user = staff_member(user_id, by=request.actor)
    return absences_page(request, user_id, template="console/bureau/absences.html", context={"user": user})


@requires("org.manage")
@require_POST
def end_absence(request: StaffRequest, user_id: UUID, absence_id: UUID) -> HttpResponse:
    """Put them back on duty."""
    cancel(request, absence_id)
    return redirect("bureau:absences", user_id)


@requires("accounts.manage")
@require_POST
def password(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """Give somebody a first password again; all their sessions end."""
    once_key(request)
    user = staff_member(user_id, by=request.actor)
    fresh = first_password(user.username, user.name)
    reset_password(user_id=user_id, new=fresh, by=request.actor, now=request.now)
    return _show_password(request, user, fresh)


@requires("accounts.manage")
@require_POST
def unlock(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """End a lockout early."""
    once_key(request)
    unlock_user(user_id=user_id, by=request.actor, now=request.now)
    done(request, _("已解锁，现在可以登录。"))
    return redirect("bureau:member", user_id)


@requires("accounts.manage")
@require_POST
def active(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """Let somebody sign in, or no longer."""
    once_key(request)
    on = request.POST.get("active") == "yes"
    set_active(user_id=user_id, active=on, by=request.actor, now=request.now)
    done(request, _("账号已启用。") if on else _("账号已停用，正在使用的登录已结束。"))
    return redirect("bureau:member", user_id)
