"""Lists of grants, from a finished scan to the end of the objection window, and the objections to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.accounts.queries import names
from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    GrantState,
    ListState,
    ObjectionState,
    fund_name,
    grant_lines,
    grant_list,
    grant_lists,
    grant_objection,
    grant_objections,
    granting,
    grants_of,
    list_notices,
    list_progress,
    list_sums,
    period_said,
    policy_of,
    subjects_numbered,
    who_are,
)
from linli.domains.org.queries import region_names
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import joined, msg
from linli.web.access import requires
from linli.web.console.grants.parts import GRANT_TONES, OBJECTION_TONES, TONES, told, typed_fen
from linli.web.console.runs.parts import called
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Step, Tab
from linli.web.ui.toasts import done, warn

_SEE, _RUN, _AGREE, _PAY = "benefits.view", "benefits.run", "benefits.agree", "benefits.pay"
_HALF_MADE = (ListState.MAKING, ListState.FAILED)
_LONG = 120  # minutes
_BEFORE_CLOSE = (*_HALF_MADE, ListState.MADE, ListState.AGREED, ListState.PUBLISHED)


@requires(_SEE)
@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """Lists, newest first, of one state if the address names it."""
    rows, state = grant_lists(by=request.actor), request.GET.get("state", "")
    if state in list(ListState):
        rows = rows.filter(state=state)
    page = page_of(rows, request, by="-made_at")
    places = region_names({r.region for r in page.rows})
    lines = [
        (
            r,
            policy_of(r.policy),
            places.get(r.region, r.region),
            period_said(r.period),
            ListState(r.state),
            TONES[ListState(r.state)],
        )
        for r in page.rows
    ]
    columns = [
        Column(_("政策")), Column(_("地方")), Column(_("期间")), Column(_("状态")), Column(_("笔数"), number=True),
        Column(_("金额（元）"), number=True), Column(_("公示到")),
    ]  # fmt: skip
    context = {
        "page": page, "lines": lines, "columns": columns, "state": state, "states": [Option(s.value, _(s.label)) for s in ListState],
        "chips": [(_(ListState(state).label), "?")] if state in list(ListState) else [],
    }  # fmt: skip
    return render(request, "console/grants/lists.html", context)


@requires(_RUN)
@require_POST
def make(request: StaffRequest) -> HttpResponse:
    """Make a list out of a policy of a finished scan."""
    try:
        run_id = UUID(request.POST.get("run", ""))
    except ValueError:
        raise NotFound(what=msg("这次比对")) from None
    policy = request.POST.get("policy", "")
    try:
        list_id = commands.make_list(run_id=run_id, policy=policy, by=request.actor, now=request.now, **keyed(request))
    except (commands.NotGranted, commands.ListThere, commands.RunAhead) as error:
        warn(request, joined([error.message, error.what_to_do] if error.what_to_do else [error.message], _))
        return redirect("runs:policy", run_id, policy)
    return redirect("grants:list", list_id)


# -- one list --------------------------------------------------------------------------------------------------------------


@requires(_SEE)
@require_safe
def sheet(request: StaffRequest, list_id: UUID) -> HttpResponse:
    """Who is on a list, how far it is, and what may be done with it."""
    return _sheet(request, list_id)


def _sheet(
    request: StaffRequest, list_id: UUID, error: LinliError | None = None, act: str = "", typed: dict[str, str] | None = None
) -> HttpResponse:
    row = grant_list(list_id, by=request.actor)
    state, sums = ListState(row.state), list_sums(list_id, by=request.actor)
    shown = request.GET.get("state", "")
    page = page_of(
        grants_of(list_id, by=request.actor, state=GrantState(shown) if shown in sums.number else None),
        request,
        by="number",
        size=30,
    )
    kind = policy_of(row.policy).subject
    who = who_are(kind, [g.subject_id for g in page.rows]) if kind == "hire" else {}
    people = names([row.made_by_id, row.agreed_by_id, row.published_by_id, row.withdrawn_by_id])
    objections = list(grant_objections(by=request.actor, list_id=list_id)[:20])
    context: dict[str, Any] = {
        "row": row, "policy": policy_of(row.policy), "place": region_names([row.region]).get(row.region, row.region), "state": state,
        "tone": TONES[state], "period": period_said(row.period), "fund": fund_name(row.policy), "window": granting(row.policy).window,
        "sums": sums, "steps": _steps(state), "kind": kind, "page": page,
        "lines": [_line(line, who) for line in grant_lines(page.rows)],
        "columns": [
            Column(_("序号"), number=True), Column(_("发给")), *([Column(_("招用的人"))] if kind == "hire" else []), Column(_("地方")),
            Column(_("金额（元）"), number=True), Column(_("状态")),
        ],
        "tabs": _tabs(shown, sums), "made_by": called(people, row.made_by_id), "agreed_by": called(people, row.agreed_by_id),
        "published_by": called(people, row.published_by_id), "withdrawn_by": called(people, row.withdrawn_by_id),
        "objections": [(o, ObjectionState(o.state), OBJECTION_TONES[ObjectionState(o.state)]) for o in objections],
        "may": _may(request, row, state), "half_made": state in _HALF_MADE, "progress": list_progress(list_id, by=request.actor),
        **_notices(request, list_id), **told(error, act, typed),
    }  # fmt: skip
    return render(request, "console/grants/list.html", context, status=status_of(error) if error else 200)


@requires(_SEE)
@require_safe
def progress(request: StaffRequest, list_id: UUID) -> HttpResponse:
    """How far jobs are with a list; the page loads itself anew when they are done."""
    if not request.htmx:
        return redirect("grants:list", list_id)
    found = list_progress(list_id, by=request.actor)
    context = {"list_id": list_id, "progress": found, **_notices(request, list_id)}
    answer = render(request, "console/grants/_progress.html", context)
    if found is None:
        answer["HX-Refresh"] = "true"
    return answer


def _notices(request: StaffRequest, list_id: UUID) -> dict[str, Any]:
    """How far the notices are, and how long they should still take, in hours where it is long."""
    found = list_notices(list_id, by=request.actor, now=request.now)
    minutes = ceil(found.left.total_seconds() / 60) if found and found.left else 0
    if minutes <= _LONG:
        return {"notices": found, "left": _("约还要 %(n)s 分钟") % {"n": minutes} if minutes else ""}
    return {"notices": found, "left": _("约还要 %(n)s 小时") % {"n": ceil(minutes / 60)}}


def _line(line: Any, who: Any) -> tuple[Any, ...]:
    state = GrantState(line.grant.state)
    return line, who.get(line.grant.subject_id), state, GRANT_TONES[state]


def _steps(state: ListState) -> list[Step]:
    if state in _HALF_MADE:
        return [Step(label, "ahead" if n else "current") for n, label in enumerate(_labels())]
    order = [ListState.MADE, ListState.AGREED, ListState.PUBLISHED, ListState.CLOSED]
    if state not in order:
        return []
    # Publication goes on until the window is over; the other steps are done when the state says so.
    over = order.index(state) + (state is not ListState.PUBLISHED)
    return [Step(label, "done" if n < over else "current" if n == over else "ahead") for n, label in enumerate(_labels())]


def _labels() -> list[str]:
    return [_("编制"), _("复核"), _("公示"), _("公示期满")]


def _tabs(shown: str, sums: Any) -> list[Tab]:
    everything = sum(sums.number.values())
    some = [
        Tab(_(s.label), "?" + urlencode({"state": s.value}), shown == s, sums.number[s]) for s in GrantState if s in sums.number
    ]
    return [Tab(_("全部"), "?", shown not in sums.number, everything), *some] if len(some) > 1 else []


def _may(request: StaffRequest, row: Any, state: ListState) -> dict[str, bool]:
    """Which acts are offered; the commands decide."""
    agrees, runs_ = request.actor.can(_AGREE), request.actor.can(_RUN)
    mine, made, number = row.made_by_id == request.actor.user_id, state is ListState.MADE, row.counts.get("grants", 0)
    return {
        "agree": made and bool(number) and agrees and not mine, "wait": made and bool(number) and mine, "empty": made and not number,
        "remake": state is ListState.FAILED and runs_,
        "publish": state is ListState.AGREED and (agrees or runs_), "withdraw": state in _BEFORE_CLOSE and (agrees or runs_),
        "object": state is ListState.PUBLISHED and (agrees or runs_), "pay": state is ListState.CLOSED and request.actor.can(_PAY),
        "retry": state is ListState.CLOSED and (runs_ or request.actor.can(_PAY)),
    }  # fmt: skip


def _remake(request: StaffRequest, list_id: UUID) -> str:
    commands.remake_list(list_id=list_id, by=request.actor, now=request.now, **keyed(request))
    return _("继续编制，从中断的地方接着做。")


def _agree(request: StaffRequest, list_id: UUID) -> str:
    commands.agree_list(list_id=list_id, by=request.actor, now=request.now, **keyed(request))
    return _("已复核同意，可以公示了。")


def _publish(request: StaffRequest, list_id: UUID) -> str:
    until = commands.publish_list(list_id=list_id, by=request.actor, now=request.now, **keyed(request))
    return _("已公示，异议收到 %(day)s 为止。") % {"day": until}


def _withdraw(request: StaffRequest, list_id: UUID) -> str:
    commands.withdraw_list(
        list_id=list_id, reason=request.POST.get("reason", ""), by=request.actor, now=request.now, **keyed(request)
    )
    return _("名单已撤回，公示页同时下架。")


def _object(request: StaffRequest, list_id: UUID) -> str:
    given: dict[str, Any] = {name: request.POST.get(name, "") for name in ("text", "name", "contact")}
    asked = request.POST.get("number", "").strip()
    if asked and not re.fullmatch(r"[0-9]{1,9}", asked):
        raise commands.LineUnknown(field="number", number=asked[:20])
    number = int(asked) if asked else None
    commands.object_to(list_id=list_id, number=number, by=request.actor, now=request.now, **given, **keyed(request))
    return _("异议已登记，这一笔等处理完再说。") if number else _("异议已登记，处理后会答复。")


def _retry(request: StaffRequest, list_id: UUID) -> str:
    number = commands.retry_cases(list_id=list_id, by=request.actor, now=request.now, **keyed(request))
    return _("%(n)s 笔会重新出告知书。") % {"n": number}


ACTS: dict[str, Callable[[StaffRequest, UUID], str]] = {
    "remake": _remake, "agree": _agree, "publish": _publish, "withdraw": _withdraw, "object": _object, "retry": _retry,
}  # fmt: skip


@requires(_RUN, _AGREE, _PAY)
@require_POST
def act(request: StaffRequest, list_id: UUID, act: str) -> HttpResponse:
    """Do one thing with a list; what is wrong with it is said on the same page, with all that was typed."""
    if act not in ACTS:
        raise NotFound(what=msg("这个操作"))
    grant_list(list_id, by=request.actor)
    try:
        said = ACTS[act](request, list_id)
    except LinliError as error:
        typed = {name: request.POST.get(name, "") for name in ("reason", "text", "number", "name", "contact")}
        return _sheet(request, list_id, error, act, typed)
    done(request, said)
    return redirect("grants:list", list_id)


# -- objections ------------------------------------------------------------------------------------------------------------


@requires(_SEE)
@require_safe
def objections(request: StaffRequest) -> HttpResponse:
    """Objections, those that wait for an answer first asked for."""
    wanted = request.GET.get("state", ObjectionState.OPEN.value)
    state = ObjectionState(wanted) if wanted in list(ObjectionState) else None
    page = page_of(grant_objections(by=request.actor, state=state), request, by="-made_at")
    lines = [(o, policy_of(o.list.policy), ObjectionState(o.state), OBJECTION_TONES[ObjectionState(o.state)]) for o in page.rows]
    tabs = [Tab(_(s.label), "?" + urlencode({"state": s.value}), state is s) for s in ObjectionState]
    columns = [Column(_("提出时间")), Column(_("政策")), Column(_("对什么")), Column(_("公示到")), Column(_("状态"))]
    context = {"page": page, "lines": lines, "columns": columns, "tabs": [*tabs, Tab(_("全部"), "?state=all", state is None)]}
    return render(request, "console/grants/objections.html", context)


@requires(_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def objection(request: StaffRequest, objection_id: UUID) -> HttpResponse:
    """One objection with what it is about; answered by somebody who did not make the list."""
    found, error = grant_objection(objection_id, by=request.actor), None
    kind = policy_of(found.list.policy).subject
    typed = {name: request.POST.get(name, "").strip() for name in ("upheld", "reasons", "amount", "number")}
    if request.method == "POST":
        request.actor.must(_AGREE)
        try:
            _settle(request, found, kind, typed)
        except LinliError as wrong:
            error = wrong
        else:
            told_ = found.by_party_id is not None  # who is not signed in has no box to which a message could go
            done(request, _("已答复，并通知了提出人。") if told_ else _("已答复。请按提出人留下的联系方式，把结果告诉他（她）。"))
            return redirect("grants:objection", objection_id)
    line = grant_lines([found.grant])[0] if found.grant else None
    said_by = found.said_by.open_json()
    context = {
        "found": found, "policy": policy_of(found.list.policy), "state": ObjectionState(found.state), "line": line,
        "tone": OBJECTION_TONES[ObjectionState(found.state)], "text": found.text.open(), "said_by": said_by, "kind": kind,
        "who": who_are(kind, [found.subject_id])[found.subject_id] if found.subject_id else None,
        "reasons": found.reasons.open() if found.reasons else "", "settled_by": called(names([found.settled_by_id]), found.settled_by_id),
        "waits": found.state == ObjectionState.OPEN,
        "may": found.state == ObjectionState.OPEN and request.actor.can(_AGREE) and found.list.made_by_id != request.actor.user_id,
        "run_url": reverse("runs:subject", args=[found.list.run_id, found.grant.subject_id]) if found.grant else "",
        **told(error, "settle", typed),
    }  # fmt: skip
    return render(request, "console/grants/objection.html", context, status=status_of(error) if error else 200)


def _settle(request: StaffRequest, found: Any, kind: str, typed: dict[str, str]) -> None:
    if typed["upheld"] not in ("yes", "no"):
        raise commands.OutcomeWrong(field="upheld")
    upheld = typed["upheld"] == "yes"
    amount = typed_fen(typed["amount"], "amount") if upheld and found.grant_id and typed["amount"] else None
    subject = None
    if upheld and not found.grant_id and not found.subject_id:
        subject = next(iter(subjects_numbered(kind, typed["number"])), None)
        if subject is None:
            raise NotFound(field="number", what=msg("这个号码对应的对象"))
    commands.settle_objection(
        objection_id=found.pk, upheld=upheld, reasons=typed["reasons"], amount_fen=amount, subject_id=subject, by=request.actor,
        now=request.now, **keyed(request),
    )  # fmt: skip
