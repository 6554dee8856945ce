"""Money that is had back, and the ledger in which every fen stands twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.domains.accounts.queries import names
from linli.domains.benefits import commands
from linli.domains.benefits.queries import (
    FUNDS,
    Book,
    ClawBackState,
    EntryKind,
    GrantState,
    balance,
    claw_back,
    claw_backs,
    grant_lines,
    ledger,
    ledger_differences,
    ledger_places,
    policy_of,
    shipped_policies,
)
from linli.domains.org.queries import region_names
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg
from linli.web.access import requires
from linli.web.console.exchange.files import as_file, known
from linli.web.console.grants.parts import CLAW_TONES, told, typed_fen
from linli.web.console.runs.parts import called
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.fields import Option
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Column, Tab
from linli.web.ui.templatetags.linli_ui import fen
from linli.web.ui.toasts import done

_SEE, _AGREE, _PAY, _AUDIT = "benefits.view", "benefits.agree", "benefits.pay", "benefits.audit"
TYPED = ("amount", "on", "reference", "reason")
_CHUNK = 500


@requires(_SEE)
@require_safe
def claw_backs_page(request: StaffRequest) -> HttpResponse:
    """Claw-backs, newest first, of one state if the address names it."""
    wanted = request.GET.get("state", "")
    state = ClawBackState(wanted) if wanted in list(ClawBackState) else None
    page = page_of(claw_backs(by=request.actor, state=state), request, by="-made_at")
    payees = {x.grant.pk: x for x in grant_lines([c.grant for c in page.rows])}
    lines = [
        (c, payees[c.grant_id], policy_of(c.grant.policy), ClawBackState(c.state), CLAW_TONES[ClawBackState(c.state)])
        for c in page.rows
    ]
    columns = [
        Column(_("发给")),
        Column(_("政策")),
        Column(_("追回金额（元）"), number=True),
        Column(_("提出时间")),
        Column(_("状态")),
    ]
    tabs = [
        Tab(_("全部"), "?", state is None),
        *(Tab(_(s.label), "?" + urlencode({"state": s.value}), state is s) for s in ClawBackState),
    ]
    return render(request, "console/grants/claw_backs.html", {"page": page, "lines": lines, "columns": columns, "tabs": tabs})


@requires(_SEE)
@require_safe
def sheet(request: StaffRequest, claw_back_id: UUID) -> HttpResponse:
    """One claw-back: why, what came in, and what is left."""
    return _sheet(request, claw_back_id)


def _sheet(
    request: StaffRequest, claw_back_id: UUID, error: LinliError | None = None, act: str = "", typed: dict[str, str] | None = None
) -> HttpResponse:
    seen = claw_back(claw_back_id, by=request.actor)
    row, state, me = seen.claw_back, ClawBackState(seen.claw_back.state), request.actor.user_id
    people = names(
        [
            row.made_by_id,
            row.agreed_by_id,
            row.lifted_by_id,
            *([seen.write_off.made_by_id, seen.write_off.agreed_by_id] if seen.write_off else []),
        ]
    )
    pays, agrees = request.actor.can(_PAY), request.actor.can(_AGREE)
    open_ = state is ClawBackState.ORDERED
    came_back = open_ and row.grant.state == GrantState.RETURNED
    context: dict[str, Any] = {
        "seen": seen, "row": row, "state": state, "tone": CLAW_TONES[state], "line": grant_lines([row.grant])[0], "reason": row.reason.open(),
        "policy": policy_of(row.grant.policy), "made_by": called(people, row.made_by_id), "agreed_by": called(people, row.agreed_by_id),
        "lifted_by": called(people, row.lifted_by_id), "came_back": came_back,
        "given_up": seen.write_off.reason.open() if seen.write_off else "", "today": request.today,
        "columns": [Column(_("到账日期")), Column(_("银行流水号")), Column(_("金额（元）"), number=True)],
        "may": {
            "lift": came_back and agrees and row.made_by_id != me,
            "settle": state is ClawBackState.PROPOSED and agrees and row.made_by_id != me, "repay": open_ and pays, "give_up": open_ and pays,
            "agree_give_up": open_ and agrees and seen.write_off is not None and seen.write_off.made_by_id != me,
        },
        **told(error, act, typed),
    }  # fmt: skip
    return render(request, "console/grants/claw_back.html", context, status=status_of(error) if error else 200)


def _settle(request: StaffRequest, i: UUID, typed: dict[str, str]) -> str:
    agreed = request.POST.get("agreed") == "yes"
    commands.settle_claw_back(claw_back_id=i, agreed=agreed, by=request.actor, now=request.now, **keyed(request))
    return _("已同意追回，并通知了对方。") if agreed else _("已退回，不追回。")


def _repay(request: StaffRequest, i: UUID, typed: dict[str, str]) -> str:
    try:
        on = date.fromisoformat(typed["on"])
    except ValueError:
        raise commands.RepaymentWrong(field="on", why=msg("请填到账日期")) from None
    left = commands.note_repayment(
        claw_back_id=i, amount_fen=typed_fen(typed["amount"], "amount"), on=on, reference=typed["reference"], by=request.actor,
        now=request.now, **keyed(request),
    )  # fmt: skip
    return _("已登记退款，还差 %(left)s 元。") % {"left": fen(left)}


def _give_up(request: StaffRequest, i: UUID, typed: dict[str, str]) -> str:
    commands.propose_write_off(claw_back_id=i, reason=typed["reason"], by=request.actor, now=request.now, **keyed(request))
    return _("已提出核销，请另一位有复核权限的人员复核。")


def _agree_give_up(request: StaffRequest, i: UUID, typed: dict[str, str]) -> str:
    commands.agree_write_off(claw_back_id=i, by=request.actor, now=request.now, **keyed(request))
    return _("已同意核销。")


def _lift(request: StaffRequest, i: UUID, typed: dict[str, str]) -> str:
    commands.lift_claw_back(claw_back_id=i, by=request.actor, now=request.now, **keyed(request))
    return _("已撤销追回，并通知了对方。")


ACTS: dict[str, Callable[[StaffRequest, UUID, dict[str, str]], str]] = {
    "lift": _lift, "settle": _settle, "repay": _repay, "give-up": _give_up, "agree-give-up": _agree_give_up,
}  # fmt: skip


@requires(_PAY, _AGREE)
@require_POST
def act(request: StaffRequest, claw_back_id: UUID, act: str) -> HttpResponse:
    """Do one thing with a claw-back; what is wrong with it is said on the same page."""
    if act not in ACTS:
        raise NotFound(what=msg("这个操作"))
    claw_back(claw_back_id, by=request.actor)
    typed = {name: request.POST.get(name, "").strip() for name in TYPED}
    try:
        said = ACTS[act](request, claw_back_id, typed)
    except LinliError as error:
        return _sheet(request, claw_back_id, error, act, typed)
    done(request, said)
    return redirect("grants:claw_back", claw_back_id)


# -- the ledger ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries the address asks for; what is unknown in it is left out."""

    policy: str
    book: Book | None
    kind: EntryKind | None
    place: str
    places: dict[str, str]

    @classmethod
    def of(cls, asked: QueryDict, places: dict[str, str]) -> Wanted:
        policy, book, kind, place = (asked.get(name, "") for name in ("policy", "book", "kind", "place"))
        return cls(
            policy if policy in shipped_policies() else "", Book(book) if book in list(Book) else None,
            EntryKind(kind) if kind in list(EntryKind) else None, place if place in places else "", places,
        )  # fmt: skip

    def rows(self, request: StaffRequest) -> Any:
        return ledger(by=request.actor, policy=self.policy, book=self.book, kind=self.kind, region=self.place)

    def said(self) -> dict[str, str]:
        named = {
            "place": self.place, "policy": self.policy, "book": self.book.value if self.book else "",
            "kind": self.kind.value if self.kind else "",
        }  # fmt: skip
        return {name: value for name, value in named.items() if value}

    def chips(self) -> list[tuple[str, str]]:
        said = self.said()
        words = {
            "place": self.places.get(self.place, ""), "policy": policy_of(self.policy).name if self.policy else "", "book": _(self.book.label) if self.book else "",
            "kind": _(self.kind.label) if self.kind else "",
        }  # fmt: skip
        return [(words[name], "?" + urlencode({k: v for k, v in said.items() if k != name})) for name in said]


@requires(_SEE)
@require_safe
def ledger_page(request: StaffRequest) -> HttpResponse:
    """What every account holds on a day, whether it agrees with the grants, and the entries."""
    wanted = Wanted.of(request.GET, ledger_places(by=request.actor))
    try:
        on = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        on = request.today
    balances = balance(on, by=request.actor, region=wanted.place)
    differences = ledger_differences(by=request.actor)
    named = region_names({d.region for d in differences})
    page = page_of(wanted.rows(request), request, by="-on", size=30)
    context = {
        "on": on, "wanted": wanted, "page": page, "chips": wanted.chips(), "query": wanted.said(),
        "balances": [(b, _(b.book.label), _(FUNDS.get(b.fund, b.fund)), policy_of(b.policy).name) for b in balances],
        "total": sum(b.fen for b in balances), "differences": [(d, named.get(d.region, d.region), _(d.book.label), policy_of(d.policy).name) for d in differences],
        "places": [Option(code, name) for code, name in wanted.places.items()],
        "entries": [(e, EntryKind(e.kind), _sides(e)) for e in page.rows], "policies": [Option(c, p.name) for c, p in shipped_policies().items()],
        "books": [Option(b.value, _(b.label)) for b in Book], "kinds": [Option(k.value, _(k.label)) for k in EntryKind],
        "may_export": request.actor.can(_PAY) or request.actor.can(_AUDIT),
        "balance_columns": [
            Column(_("账户")), Column(_("资金")), Column(_("政策")), Column(_("借方（元）"), number=True), Column(_("贷方（元）"), number=True),
            Column(_("余额（元）"), number=True),
        ],
        "columns": [Column(_("日期")), Column(_("事由")), Column(_("政策")), Column(_("借")), Column(_("贷")), Column(_("金额（元）"), number=True)],
    }  # fmt: skip
    return render(request, "console/grants/ledger.html", context)


def _sides(entry: Any) -> dict[str, Any]:
    """An entry as it is read: what is debited, what is credited, how much, of which policy."""
    lines = list(entry.lines.all())
    debit, credit = ([x for x in lines if (x.fen > 0) is side] for side in (True, False))
    return {
        "debit": _("、").join(_(Book(x.book).label) for x in debit), "credit": _("、").join(_(Book(x.book).label) for x in credit),
        "fen": sum(x.fen for x in debit), "policy": policy_of(lines[0].policy).name,
    }  # fmt: skip


@requires(_PAY, _AUDIT)
@require_POST
def export(request: StaffRequest, form: str) -> HttpResponseBase:
    """The entries that the page shows, all of them; that they were taken along is recorded."""
    known(form)
    wanted = Wanted.of(request.POST, ledger_places(by=request.actor))
    rows = wanted.rows(request)
    commands.export_ledger(filters=wanted.said(), lines=rows.count(), by=request.actor, now=request.now, **keyed(request))
    head = [_("日期"), _("事由"), _("政策"), _("借"), _("贷"), _("金额（元）"), _("凭证号")]
    return as_file(form, f"{_('待遇账目')}-{request.today:%Y%m%d}", _("账目"), head, _cells(rows))


def _cells(rows: Any) -> Iterator[list[str]]:
    found = rows.iterator(chunk_size=_CHUNK)
    while chunk := list(islice(found, _CHUNK)):
        for entry in chunk:
            sides = _sides(entry)
            yield [
                entry.on.isoformat(), _(EntryKind(entry.kind).label), sides["policy"], sides["debit"], sides["credit"], fen(sides["fen"]),
                str(entry.pk),
            ]  # fmt: skip
