"""A resident's messages: the list, one of them, and how they want to be told."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.domains.notices.commands import mark_all_read, mark_read, set_preference
from linli.domains.notices.queries import (
    Chosen,
    Way,
    chosen,
    inbox,
    message_for,
    message_views,
    unread,
    way_is_open,
    wechat_can_be_bound,
)
from linli.kernel.errors import LinliError
from linli.web.access import PORTAL, requires
from linli.web.errors import status_of
from linli.web.http import ResidentRequest
from linli.web.once import keyed, once_key
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.toasts import done

_INBOX_ONLY = "inbox"


class PreferenceForm(Form):
    """How somebody wants to be told."""

    first = forms.ChoiceField(label=_lazy("先用哪种方式通知您"), widget=forms.RadioSelect)
    others = forms.BooleanField(label=_lazy("发不出去时，换别的方式再发"), required=False)
    language = forms.ChoiceField(
        label=_lazy("用什么语言通知您"), choices=[("zh", "中文"), ("en", "English")], widget=forms.RadioSelect
    )
    plain = forms.BooleanField(label=_lazy("通知写得简短些（大字版用语）"), required=False)

    def __init__(self, *args: object, ways: list[Way], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        first = self.fields["first"]
        assert isinstance(first, forms.ChoiceField)
        first.choices = [(w.value, _(w.label)) for w in ways] + [(_INBOX_ONLY, _("只在“我的消息”里看"))]

    def ways(self, known: list[Way]) -> list[Way]:
        """The ways in their order."""
        first = self.cleaned_data["first"]
        if first == _INBOX_ONLY:
            return []
        return [Way(first)] + [w for w in known if w != first and self.cleaned_data["others"]]


@requires(PORTAL)
@require_GET
def inbox_page(request: ResidentRequest) -> HttpResponse:
    """Everything told so far, newest first."""
    page = page_of(inbox(by=request.actor, on=request.today), request, by="-made_at", size=15)
    context = {
        "page": page, "rows": message_views(page.rows, plain=_plain(request)),
        "unread": unread(by=request.actor, on=request.today), "own": request.actor.resident_id,
    }  # fmt: skip
    return render(request, "portal/messages/list.html", context)


@requires(PORTAL)
@require_GET
def message(request: ResidentRequest, message_id: UUID) -> HttpResponse:
    """One message; opening it is reading it."""
    found = message_for(message_id, by=request.actor, on=request.today)
    mark_read(message_id=message_id, by=request.actor, now=request.now)
    (view,) = message_views([found], plain=_plain(request))
    return render(request, "portal/messages/message.html", {"m": view, "case_url": _case_url(view.subject_kind, view.subject_id)})


def _plain(request: ResidentRequest) -> bool:
    """Whether messages come in the words of large print: on this device, or wherever they read."""
    return request.large_print or chosen(by=request.actor).plain


def _case_url(kind: str, subject_id: UUID) -> str:
    """Where what a message is about is looked at, if residents have such a page."""
    if kind == "person":  # the answer to an objection
        return reverse("me:objections")
    if kind != "case":
        return ""
    try:
        return reverse("apply:case", args=[subject_id])
    except NoReverseMatch:
        return ""


@requires(PORTAL)
@require_POST
def read_all(request: ResidentRequest) -> HttpResponse:
    """Note that all of them were read."""
    once_key(request)
    mark_all_read(by=request.actor, now=request.now)
    done(request, _("全部消息已标为已读。"))
    return redirect("messages:list")


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def settings_page(request: ResidentRequest) -> HttpResponse:
    """How they want to be told."""
    now = chosen(by=request.actor)
    known = {Way.SMS: True, Way.WECHAT: now.wechat, Way.EMAIL: bool(now.email)}
    ways = [w for w in Way if way_is_open(w) and known[w]]
    form = PreferenceForm(request.POST or None, ways=ways, initial=_initial(now, ways))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                set_preference(
                    ways=form.ways(ways), english=data["language"] == "en", plain=data["plain"],
                    by=request.actor, now=request.now, **keyed(request),
                )  # fmt: skip
            except LinliError as error:
                form.add_problem(error)
                status = status_of(error)
            else:
                done(request, _("通知方式已保存。"))
                return redirect("messages:list")
    context = {"form": form, "now": now, "email_open": way_is_open(Way.EMAIL), "wechat_open": wechat_can_be_bound()}
    return render(request, "portal/messages/settings.html", context, status=status)


def _initial(now: Chosen, ways: list[Way]) -> dict[str, object]:
    wanted = [w for w in now.ways if w in ways]
    return {
        "first": wanted[0].value if wanted else _INBOX_ONLY, "others": len(now.ways) != 1,
        "language": "en" if now.english else "zh", "plain": now.plain,
    }  # fmt: skip
