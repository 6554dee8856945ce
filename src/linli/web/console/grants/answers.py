"""What the bank answers: a file is uploaded, a job takes it in, and the page of its batch says how far that is and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.accounts.queries import names
from linli.domains.benefits import commands
from linli.domains.benefits.queries import AnswerState, Progress, answer_progress, bank_answer, bank_answers
from linli.kernel.actors import Actor
from linli.kernel.errors import LinliError
from linli.kernel.text import joined
from linli.web.access import requires
from linli.web.console.grants.parts import ANSWER_TONES, told
from linli.web.console.runs.parts import called
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.toasts import done, warn

_SEE, _PAY = "benefits.view", "benefits.pay"
SHOWN = 20
MEGABYTES = 50  # of a bank's answer


@dataclass(frozen=True, slots=True)
class Told:
    """A file of the bank as the page of its batch tells of it."""

    row: Any
    state: AnswerState
    tone: str
    by: str
    progress: Progress | None
    more: int
    may_resume: bool


def told_of(batch_id: UUID, *, by: Actor) -> tuple[list[Told], int]:
    """The last files that answered a batch, the newest first, and how many there are. Four queries."""
    found = bank_answers(batch_id, by=by)
    rows = list(found[:SHOWN])
    people = names([r.given_by_id for r in rows])
    stopped = (AnswerState.FAILED, AnswerState.STALLED)
    lines = [
        Told(
            r, state := AnswerState(r.state), ANSWER_TONES[state], called(people, r.given_by_id), answer_progress(r),
            r.wrong - len(r.problems), state in stopped and by.can(_PAY),
        )
        for r in rows
    ]  # fmt: skip
    return lines, found.count()


@requires(_PAY)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: StaffRequest) -> HttpResponse:
    """Keep what the bank says and have it taken in; the page of its batch tells the rest."""
    shown: dict[str, Any] = told(None) | {"megabytes": MEGABYTES}
    status = 200
    if request.method == "POST":
        given = request.FILES.get("file")
        if given is None or (given.size or 0) > MEGABYTES * 1_000_000:
            shown |= {
                "act": "answer",
                "sentence": _("请选择银行的回盘文件，不超过 %(most)s MB。") % {"most": MEGABYTES},
                "field": "file",
            }
            return render(request, "console/grants/answer.html", shown, status=422)
        try:
            answer_id = commands.take_in_answer(content=cast(BinaryIO, given), by=request.actor, now=request.now)
        except LinliError as error:
            shown, status = shown | told(error, "answer"), status_of(error)
        else:
            row = bank_answer(answer_id, by=request.actor)
            if row.state == AnswerState.DONE:
                warn(request, _("这个回盘文件以前已经入账，这次没有改变什么。"))
            else:
                done(request, _("已收到回盘文件，正在核对。"))
            return redirect("grants:batch", row.batch_id)
    return render(request, "console/grants/answer.html", shown, status=status)


@requires(_SEE)
@require_safe
def progress(request: StaffRequest, answer_id: UUID) -> HttpResponse:
    """How far the job is with an answer; the page loads itself anew when it is done."""
    row = bank_answer(answer_id, by=request.actor)
    if not request.htmx:
        return redirect("grants:batch", row.batch_id)
    found = answer_progress(row)
    answer = render(request, "console/grants/_answer_progress.html", {"answer_id": row.pk, "progress": found})
    if found is None:
        answer["HX-Refresh"] = "true"
    return answer


@requires(_PAY)
@require_POST
def resume(request: StaffRequest, answer_id: UUID) -> HttpResponse:
    """Go on with an answer whose job was interrupted."""
    row = bank_answer(answer_id, by=request.actor)
    try:
        commands.resume_answer(answer_id=answer_id, by=request.actor, now=request.now, **keyed(request))
    except commands.AnswerNotStopped as error:
        warn(request, joined([error.message, *([error.what_to_do] if error.what_to_do else [])], _))
    else:
        done(request, _("继续处理，从中断的地方接着做。"))
    return redirect("grants:batch", row.batch_id)
