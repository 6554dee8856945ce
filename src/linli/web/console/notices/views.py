"""How messages go out: what failed and why, and trying it again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from linli.domains.notices.commands import retry_delivery
from linli.domains.notices.queries import DeliveryState, Way, deliveries, delivery_counts, delivery_views, kind_label, way_is_open
from linli.web.access import requires
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column
from linli.web.ui.toasts import done

_TONES = {"waiting": "plain", "sending": "info", "sent": "done", "delivered": "done", "failed": "bad"}


@requires("notices.manage")
@require_GET
def deliveries_page(request: StaffRequest) -> HttpResponse:
    """The deliveries, failed ones first asked for."""
    state, way = request.GET.get("state", ""), request.GET.get("way", "")
    wanted = deliveries(
        by=request.actor,
        state=DeliveryState(state) if state in list(DeliveryState) else None,
        way=Way(way) if way in list(Way) else None,
    )
    page = page_of(wanted, request, by="-made_at", size=30)
    rows = [(d, kind_label(d.kind), _TONES[d.state]) for d in delivery_views(page.rows)]
    columns = [
        Column(_("通知")), Column(_("渠道")), Column(_("发给")), Column(_("状态")), Column(_("次数"), number=True), Column(_("原因")),
        Column(_("时间")), Column(_("操作"), hidden=True),
    ]  # fmt: skip
    chips = []
    if state in list(DeliveryState):
        chips.append((_(DeliveryState(state).label), f"?way={way}"))
    if way in list(Way):
        chips.append((_(Way(way).label), f"?state={state}"))
    context = {
        "page": page, "rows": rows, "columns": columns, "state": state, "way": way, "chips": chips,
        "states": [Option(s.value, _(s.label)) for s in DeliveryState], "ways": [Option(w.value, _(w.label)) for w in Way],
        "counts": delivery_counts(by=request.actor, since=request.now - timedelta(days=7)),
        "closed": [_(w.label) for w in Way if not way_is_open(w)],
    }  # fmt: skip
    return render(request, "console/notices/deliveries.html", context)


@requires("notices.manage")
@require_POST
def retry(request: StaffRequest, delivery_id: UUID) -> HttpResponse:
    """Try one again."""
    retry_delivery(delivery_id=delivery_id, by=request.actor, now=request.now, **keyed(request))
    done(request, _("已安排重新发送。"))
    return redirect("notices:deliveries")
