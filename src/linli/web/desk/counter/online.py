"""What residents send in online, in the order it came; and cases that change from the phone to the counter and back, by a code."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.accounts.queries import names
from linli.domains.cases import commands as do
from linli.domains.cases.queries import (
    CODE_DIGITS,
    LiveCode,
    attended_by,
    case_for,
    counter_cases,
    days_left,
    handed_over,
    joints_here,
    live_code,
    online_waiting,
)
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import joined, msg
from linli.web.access import requires
from linli.web.desk.counter.today import rows_of
from linli.web.http import StaffRequest, client_address
from linli.web.once import keyed
from linli.web.throttle import Throttle
from linli.web.ui import toasts
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column

# Codes that led nowhere, from one address: a clerk mistypes one now and then and does not try them all.
WRONG_CODES = Throttle(30, timedelta(minutes=10))


@requires("cases.receive")
@require_safe
def online(request: StaffRequest) -> HttpResponse:
    """What waits to be looked at, the longest waiting first; the next one is one key away."""
    page = page_of(online_waiting(by=request.actor), request, by="received_at")
    holders = {case.pk: attended_by(case, now=request.now) for case in page.rows}
    who = names([h for h in holders.values() if h])
    rows = [
        (
            row,
            days_left(row.case, now=request.now),
            (holder := holders[row.case.pk]) == request.actor.user_id,
            who.get(holder, "") if holder else "",
        )
        for row in rows_of(list(page.rows), request)
    ]
    columns = [
        Column(_("编号")),
        Column(_("申请人")),
        Column(_("事项")),
        Column(_("提交时间")),
        Column(_("最迟答复")),
        Column(_("谁在办")),
    ]
    context = {"page": page, "rows": rows, "columns": columns, "nothing": not rows}
    return render(request, "desk/counter/online.html", context)


@requires("cases.receive")
@require_POST
def next_case(request: StaffRequest) -> HttpResponse:
    """Take up the oldest that nobody attends to, or the one behind the case that is open."""
    try:
        after = UUID(request.POST.get("after", ""))
    except ValueError:
        after = None
    if after:
        do.leave(case_id=after, by=request.actor, now=request.now)
    found = do.attend_next(after=after, by=request.actor, now=request.now)
    if found is None:
        toasts.note(request, _("网上收件都看完了，或者都有同事在办。"))
        return redirect("counter:online")
    return redirect("counter:case", found)


@requires("cases.receive")
@require_POST
def attend(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Take up one of them."""
    try:
        do.attend(case_id=case_id, by=request.actor, now=request.now)
    except NotFound:
        raise
    except LinliError as error:
        toasts.warn(request, joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _))
    return redirect("counter:case", case_id)


@requires("cases.receive")
@require_POST
def leave(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Leave it to whoever takes it up next."""
    do.leave(case_id=case_id, by=request.actor, now=request.now)
    return redirect("counter:online")


@requires("cases.receive")
@require_http_methods(["GET", "HEAD", "POST"])
def take_over(request: StaffRequest, code: str) -> HttpResponse:
    """Go on with what a resident began on the phone: first whose it is, then one press."""
    address = client_address(request)
    if WRONG_CODES.wait(address, request.now):
        return render(request, "desk/counter/take_over.html", {"locked": True}, status=429)
    found = handed_over(code, by=request.actor, now=request.now)
    problem = ""
    if request.method == "POST":
        try:
            taken = do.take_over(code=code, by=request.actor, now=request.now, **keyed(request))
        except LinliError as error:
            problem = joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _)
        else:
            toasts.done(request, _("已接过来，申请人填好的都在。"))
            joint = joints_here(by=request.actor).filter(pk=taken).exists()
            return redirect("joint:sheet" if joint else "counter:case", taken)
    if found is None:
        WRONG_CODES.count(address, request.now)
        if request.method != "POST":
            raise NotFound(what=msg("这个接着办码"))
    context = {"found": found, "code": code, "problems": [("", problem)] if problem else []}
    return render(request, "desk/counter/take_over.html", context, status=422 if problem else 200)


@requires("cases.receive")
@require_POST
def give_code(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """A code with which the resident goes on at home with what was begun here."""
    do.make_hand_over(case_id=case_id, by=request.actor, now=request.now, **keyed(request))
    return redirect("counter:code", case_id)


@requires("cases.receive")
@require_safe
def code(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The code to read out or write down."""
    case = case_for(case_id, by=request.actor, among=counter_cases(request.actor))
    live = live_code(case, to_counter=False, now=request.now)
    return show_code(request, live, back=reverse("counter:case", args=[case_id]))


def show_code(request: StaffRequest, live: LiveCode | None, *, back: str) -> HttpResponse:
    """A live code of a draft on a page of its own; without one, the draft."""
    if live is None:
        return redirect(back)
    half = CODE_DIGITS // 2
    context = {"back": back, "live": live, "spaced": f"{live.code[:half]} {live.code[half:]}"}
    return render(request, "desk/counter/code.html", context)


__all__ = ["attend", "code", "give_code", "leave", "next_case", "online", "show_code", "take_over"]
