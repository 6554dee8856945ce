"""Payments: batches, what waits for what, the file for the bank, its answer, and what came back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.domains.accounts.queries import names
from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    BatchState,
    FilePurpose,
    GrantState,
    How,
    LineState,
    Waits,
    batch_progress,
    batch_sums,
    file_takings,
    grant_lines,
    granting,
    opens,
    owed_grants,
    pay_batch,
    pay_batches,
    pay_lines,
    policy_of,
    returned_lines,
    shipped_policies,
    waiting_lines,
    waiting_sums,
)
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import joined, msg
from linli.web.access import requires
from linli.web.console.grants.answers import told_of
from linli.web.console.grants.parts import BATCH_TONES, GRANT_TONES, LINE_TONES, told
from linli.web.console.runs.parts import called
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Tab
from linli.web.ui.toasts import done, warn

_SEE, _AGREE, _PAY = "benefits.view", "benefits.agree", "benefits.pay"
SHOWN = 20  # times that a file was taken


def _paying() -> list[Option]:
    """The policies that pay."""
    return [Option(code, p.name) for code, p in shipped_policies().items() if granting(code).how is not How.NONE]


@requires(_SEE)
@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """Batches, newest first."""
    page = page_of(pay_batches(by=request.actor), request, by="-made_at")
    takings = file_takings([b.pk for b in page.rows], by=request.actor)
    last = {pk: some[0] for pk, some in takings.items()}
    people = names([*(b.made_by_id for b in page.rows), *(t.by_id for t in last.values())])
    lines = [
        (
            b, policy_of(b.policy), BatchState(b.state), BATCH_TONES[BatchState(b.state)], called(people, b.made_by_id),
            (last[b.pk], called(people, last[b.pk].by_id), len(takings[b.pk])) if b.pk in last else None,
        )
        for b in page.rows
    ]  # fmt: skip
    columns = [
        Column(_("批次号")), Column(_("政策")), Column(_("状态")), Column(_("笔数"), number=True), Column(_("金额（元）"), number=True),
        Column(_("编制")), Column(_("付款文件")),
    ]  # fmt: skip
    context = {"page": page, "lines": lines, "columns": columns, "policies": _paying(), "may_pay": request.actor.can(_PAY)}
    return render(request, "console/grants/payments.html", context)


@requires(_PAY)
@require_POST
def make(request: StaffRequest) -> HttpResponse:
    """Put together what can be paid now, of a policy or of one list."""
    policy, asked = request.POST.get("policy", ""), request.POST.get("list", "")
    policy_of(policy)
    try:
        list_id = UUID(asked) if asked else None
    except ValueError:
        raise NotFound(what=msg("这份名单")) from None
    try:
        batch_id = commands.make_batch(policy=policy, list_id=list_id, by=request.actor, now=request.now, **keyed(request))
    except (commands.NothingToPay, commands.BatchThere) as error:
        warn(request, joined([error.message, error.what_to_do] if error.what_to_do else [error.message], _))
        return redirect("grants:waiting" if isinstance(error, commands.NothingToPay) else "grants:payments")
    return redirect("grants:batch", batch_id)


@requires(_SEE)
@require_safe
def waiting(request: StaffRequest) -> HttpResponse:
    """What is owed and in no payment, each with what it waits for."""
    policies = _paying()
    policy = request.GET.get("policy", "")
    policy = policy if any(o.value == policy for o in policies) else ""
    page = page_of(owed_grants(by=request.actor, policy=policy), request, by="due_on", size=30)
    known = {x.grant.pk: x for x in grant_lines(page.rows)}
    lines = [
        (known[w.grant.pk], policy_of(w.grant.policy), w.waits, w.hold, GrantState(w.grant.state)) for w in waiting_lines(page.rows)
    ]
    columns = [
        Column(_("发给")),
        Column(_("政策")),
        Column(_("金额（元）"), number=True),
        Column(_("可发日期")),
        Column(_("在等什么")),
    ]
    context = {
        "page": page, "lines": lines, "columns": columns, "policies": policies, "policy": policy,
        "chips": [(policy_of(policy).name, "?")] if policy else [], "tones": GRANT_TONES,
        "sums": [(_(s.waits.label) if s.waits else _("可以付款"), s) for s in waiting_sums(by=request.actor, policy=policy)],
    }  # fmt: skip
    return render(request, "console/grants/waiting.html", context)


@requires(_SEE)
@require_safe
def returned(request: StaffRequest) -> HttpResponse:
    """What the bank sent back and has not been sent again."""
    page = page_of(returned_lines(by=request.actor), request, by="-answered_at")
    known = {x.grant.pk: x for x in grant_lines([p.grant for p in page.rows])}
    waits = {w.grant.pk: w.waits for w in waiting_lines([p.grant for p in page.rows])}
    me = request.actor
    lines = [(p, known[p.grant_id], policy_of(p.grant.policy), waits[p.grant_id], opens(p.batch, by=me)) for p in page.rows]
    columns = [
        Column(_("发给")),
        Column(_("政策")),
        Column(_("金额（元）"), number=True),
        Column(_("退回原因")),
        Column(_("批次")),
        Column(_("能不能再发")),
    ]
    return render(request, "console/grants/returned.html", {"page": page, "lines": lines, "columns": columns})


# -- one batch -------------------------------------------------------------------------------------------------------------


@requires(_SEE)
@require_safe
def sheet(request: StaffRequest, batch_id: UUID) -> HttpResponse:
    """The payments of a batch and what the bank said of each."""
    return _sheet(request, batch_id)


def _sheet(request: StaffRequest, batch_id: UUID, error: LinliError | None = None) -> HttpResponse:
    # What the bank answered before what became of it: a job that ends meanwhile shows as under way, and the page loads itself anew.
    answers, answered = told_of(batch_id, by=request.actor)
    row, sums = pay_batch(batch_id, by=request.actor), batch_sums(batch_id, by=request.actor)
    shown = request.GET.get("state", "")
    rows = pay_lines(batch_id, by=request.actor, state=LineState(shown) if shown in sums else None)
    page = page_of(rows, request, by="position", size=30)
    known = {x.grant.pk: x for x in grant_lines([p.grant for p in page.rows])}
    takings = file_takings([row.pk], by=request.actor).get(row.pk, [])
    people = names([row.made_by_id, row.agreed_by_id, row.withdrawn_by_id, *(t.by_id for t in takings)])
    state, mine, hands = (
        BatchState(row.state),
        row.made_by_id == request.actor.user_id,
        request.actor.can(_AGREE) or request.actor.can(_PAY),
    )
    gathers = state in (BatchState.MAKING, BatchState.FAILED)
    some = [Tab(_(s.label), f"?state={s.value}", shown == s, sums[s][0]) for s in LineState if s in sums]
    context: dict[str, Any] = {
        "row": row, "policy": policy_of(row.policy), "state": state, "tone": BATCH_TONES[state], "page": page,
        "sums": [(_(s.label), sums[s][0], sums[s][1], LINE_TONES[s]) for s in LineState if s in sums],
        "tabs": [Tab(_("全部"), "?", shown not in sums, sum(n for n, _fen in sums.values())), *some] if len(some) > 1 and not gathers else [],
        "lines": [(p, known[p.grant_id], LineState(p.state), LINE_TONES[LineState(p.state)]) for p in page.rows],
        "columns": [
            Column(_("序号"), number=True), Column(_("发给")), Column(_("流水号")), Column(_("金额（元）"), number=True), Column(_("银行结果")),
        ],
        "takings": [(t, called(people, t.by_id)) for t in takings[:SHOWN]], "taken": len(takings),
        "file_purposes": [(p.value, _(p.label)) for p in FilePurpose], "waiting": [(Waits(why).label, n) for why, n in row.waiting.items()],
        "answers": answers, "answered": answered, "made_by": called(people, row.made_by_id),
        "agreed_by": called(people, row.agreed_by_id), "withdrawn_by": called(people, row.withdrawn_by_id),
        "may": {
            "agree": state is BatchState.MADE and not mine and hands, "wait": state is BatchState.MADE and mine,
            "withdraw": (gathers or state is BatchState.MADE) and hands,
            "resume": state in (BatchState.FAILED, BatchState.STALLED) and hands,
            "file": state is BatchState.AGREED and request.actor.can(_PAY),
        },
        "gathers": gathers, "at": row.done if gathers else row.sent,
        "stopped": _("付款批次没有编成") if gathers else _("入账没有做完，付款文件还不能下载"), "progress": batch_progress(row), **told(error, "batch"),
    }  # fmt: skip
    return render(request, "console/grants/batch.html", context, status=status_of(error) if error else 200)


@requires(_PAY, _AGREE)
@require_POST
def act(request: StaffRequest, batch_id: UUID, act: str) -> HttpResponse:
    """Agree to a batch, take it back, or go on where its job was interrupted."""
    known = {"agree": commands.agree_batch, "withdraw": commands.withdraw_batch, "resume": commands.resume_batch}
    if act not in known:
        raise NotFound(what=msg("这个操作"))
    pay_batch(batch_id, by=request.actor)
    try:
        known[act](batch_id=batch_id, by=request.actor, now=request.now, **keyed(request))
    except LinliError as error:
        return _sheet(request, batch_id, error)
    said = {
        "agree": _("已复核同意，入账完成后就可以下载付款文件。"), "withdraw": _("批次已撤回，里面的待遇回到待发放。"),
        "resume": _("继续处理，从中断的地方接着做。"),
    }  # fmt: skip
    done(request, said[act])
    return redirect("grants:batch", batch_id)


@requires(_SEE)
@require_safe
def progress(request: StaffRequest, batch_id: UUID) -> HttpResponse:
    """How far the job of a batch is; the page loads itself anew when it is done."""
    if not request.htmx:
        return redirect("grants:batch", batch_id)
    found = batch_progress(pay_batch(batch_id, by=request.actor))
    answer = render(request, "console/grants/_batch_progress.html", {"batch_id": batch_id, "progress": found})
    if found is None:
        answer["HX-Refresh"] = "true"
    return answer


@requires(_PAY)
@require_POST
def file(request: StaffRequest, batch_id: UUID) -> HttpResponseBase:
    """The file for the bank, the same every time; who took it and what for is recorded."""
    said = request.POST.get("purpose", "")
    purpose = FilePurpose(said) if said in list(FilePurpose) else None
    try:
        made = commands.payment_file(batch_id=batch_id, purpose=purpose, by=request.actor, now=request.now)
    except commands.FilePurposeMissing as error:
        return _sheet(request, batch_id, error)
    answer = StreamingHttpResponse(made.pieces(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{made.name}"'
    answer["Cache-Control"] = "no-store"
    return answer
