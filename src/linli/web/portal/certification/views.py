"""One's own certification, and that of somebody whom one helps: until when, why, a photograph to be certified now, living abroad."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.benefits import commands
from linli.domains.benefits.queries import my_certifications
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg
from linli.web.access import PORTAL, requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.toasts import done


class PhotoForm(Form):
    photo = forms.FileField(label=_lazy("照片"), help_text=_lazy("脸要看得清楚，不戴口罩和帽子。比对后照片马上删除。"))


@requires(PORTAL)
@require_safe
def mine(request: StaffRequest) -> HttpResponse:
    """All that is certified of me, and of those who let me help."""
    return render(request, "portal/certification/mine.html", {"rows": my_certifications(by=request.actor, on=request.today)})


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def photo(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Take a photograph with a gesture that only this page asked for."""
    row = next((m for m in my_certifications(by=request.actor, on=request.today) if m.person_id == person_id), None)
    if row is None:
        raise NotFound(what=msg("这项待遇"))
    form = PhotoForm(request.POST, request.FILES) if request.method == "POST" else PhotoForm()
    asked = f"gesture:{person_id}"
    if asked not in request.session:
        request.session[asked] = commands.gesture()
    gesture, status = request.session[asked], 422 if form.is_bound else 200
    if form.is_valid():
        file = form.cleaned_data["photo"]
        try:
            commands.take_photo(
                person_id=person_id,
                gesture=gesture,
                content=file,
                name=file.name,
                by=request.actor,
                now=request.now,
                **keyed(request),
            )
        except LinliError as error:
            error.field = "photo"
            form.add_problem(error)
            status = status_of(error)
        else:
            del request.session[asked]
            done(request, _("照片已收到，比对好了发消息告诉您。"))
            return redirect("certify:mine")
    context = {"row": row, "form": form, "gesture": _(commands.GESTURES[gesture])}
    return render(request, "portal/certification/photo.html", context, status=status)


@requires(PORTAL)
@require_POST
def abroad(request: StaffRequest, certification_id: UUID) -> HttpResponse:
    """Say that somebody lives abroad, or no longer."""
    lives = request.POST.get("abroad") == "yes"
    commands.say_abroad(certification_id=certification_id, abroad=lives, by=request.actor, now=request.now, **keyed(request))
    done(request, _("已记下，不再安排走访。") if lives else _("已记下，您在国内。"))
    return redirect("certify:mine")
