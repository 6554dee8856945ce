"""The platform's addresses and some that go wrong in every way."""

from django.contrib import messages
from django.db import OperationalError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template import RequestContext, Template
from django.urls import include, path
from django.utils import timezone
from django_cotton.compiler_regex import CottonCompiler

from linli.kernel.errors import Invalid, Kind, LinliError, NotAllowed, NotFound
from linli.kernel.text import msg
from linli.web.access import public, requires, signed_in
from linli.web.once import once_key
from linli.web.ui.toasts import done


def page(request, source, base="portal", **context):
    text = f'{{% extends "ui/{base}_base.html" %}}{{% block title %}}t{{% endblock %}}{{% block main %}}{source}{{% endblock %}}'
    return HttpResponse(Template(CottonCompiler().process(text)).render(RequestContext(request, context)))


class Changed(LinliError):
    code = "test.changed"
    kind = Kind.CONFLICT
    template = "这一条刚被别人改过。"
    remedy = "请看过新内容再改。"


class Away(LinliError):
    code = "test.away"
    kind = Kind.UNAVAILABLE
    template = "对方系统没有回应。"


@public
def trouble(request, kind):
    raise {
        "invalid": Invalid([Changed(field="a")]), "not_allowed": NotAllowed(permission="x.y"), "not_found": NotFound(what=msg("机构")),
        "conflict": Changed(), "unavailable": Away(), "bug": RuntimeError("boom"), "database": OperationalError("gone"),
    }[kind]  # fmt: skip


@public
def once(request):
    return HttpResponse(str(once_key(request)))


@requires("cases.accept")
def desk(request):
    return page(request, '<h1>desk</h1><c-button type="button" key="x" data-dialog="l-keys">做</c-button>', "desk")


SENT = []
SAVED = []


@signed_in
def work(request):
    """A form with everything that helps while one types."""
    if request.method == "POST":
        SENT.append(request.POST["once"])
        messages.info(request, "x")
        done(request, "已受理。", undo="/t/undo")
        return redirect("/t/work")
    return page(
        request,
        """<h1>work</h1><form method="post" action="/t/work">{% csrf_token %}{% once_key %}
        <c-field name="a" label="甲" /><c-field type="id-number" name="b" label="乙" /><c-field type="file" name="f" label="丙" accept=".pdf" :megabytes="1" />
        <c-field type="camera" name="p" label="照片" />
        <c-field type="signature" name="s" label="丁" /><c-field :spec="rows" /><c-autosave url="/t/save" /><c-button>提交</c-button></form>
        <form hx-post="/t/trouble/conflict" hx-swap="none"><c-button>出错</c-button></form>
        <p><c-copy value="42" label="编号" /></p><c-masked id="m" value="1***2" url="/t/reveal" :purposes="purposes" what="号码" />""",
        rows=rows(), purposes=[("see", "当面核对")],
    )  # fmt: skip


def rows():
    from linli.web.ui.fields import FieldSpec

    return FieldSpec("kin", "家人", "table", columns=[FieldSpec("name", "姓名")])


@signed_in
def save(request):
    SAVED.append(request.POST["a"])
    return HttpResponse(Template('{% include "ui/_saved.html" %}').render(RequestContext(request, {"at": timezone.now()})))


@signed_in
def reveal(request):
    context = {"id": "m", "masked": "1***2", "value": "12342"}
    return HttpResponse(Template('{% include "ui/_revealed.html" %}').render(RequestContext(request, context)))


@signed_in
def undo(request):
    messages.info(request, "已撤销。")
    return redirect("/t/work")


urlpatterns = [
    path("", include("linli.config.urls")),
    path("t/trouble/<str:kind>", trouble),
    path("t/once", once),
    path("t/desk", desk),
    path("t/work", work),
    path("t/save", save),
    path("t/reveal", reveal),
    path("t/undo", undo),
]
handler400, handler403 = "linli.web.errors.bad_request", "linli.web.errors.forbidden"
handler404, handler500 = "linli.web.errors.not_found", "linli.web.errors.server_error"
