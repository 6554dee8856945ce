"""My data: what is kept of me, who looked and why, whom the bureau asked; copying it, agreeing, taking back, objecting."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases.queries import case_numbers
from linli.domains.exchange.queries import used_for
from linli.domains.org.queries import org_names
from linli.domains.people import commands as people
from linli.domains.people.queries import (
    Assurance,
    ConsentPurpose,
    ObjectionState,
    Purpose,
    consent_texts,
    consents,
    masked_facts,
    my_looks,
    my_objection,
    my_objections,
    own_account,
    own_ids,
    person_facts,
    resident_names,
)
from linli.kernel.actors import Channel
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.text import msg, noop
from linli.web.access import PORTAL, requires
from linli.web.errors import status_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.portal.me.forms import posted
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.toasts import done

# What is kept, by kind: who one is, how one is reached, what forms told before.
GROUPS = (
    (noop("我是谁"), noop("来源：登记时出示的证件，或您自己填写"), ("name", "id_type", "id_number", "gender", "birth_date", "nation")),
    (noop("怎样找到我"), noop("来源：您登记或办事时留下的"), ("phone", "address", "household_place")),
    (noop("以前办事时填过的"), noop("来源：您交过的申请表；下次自动填好"), ("education", "employer", "work_start", "bank_name", "bank_account")),
)  # fmt: skip
LABELS = {
    "name": noop("姓名"), "id_type": noop("证件"), "id_number": noop("证件号码"), "gender": noop("性别"), "birth_date": noop("出生日期"),
    "nation": noop("民族"), "phone": noop("电话"), "address": noop("地址"), "household_place": noop("户籍地"), "education": noop("文化程度"),
    "employer": noop("工作单位"), "work_start": noop("参加工作时间"), "bank_name": noop("开户银行"), "bank_account": noop("银行账号"),
}  # fmt: skip
COVERED = ("id_number", "phone", "address", "bank_account")
LOOKS = {
    "people.viewed": noop("调取资料填表"), "people.shown_whole": noop("查看完整号码"), "people.looked_up": noop("按证件号码查找"),
    "people.looks_audited": noop("审计查询"), "people.paper_viewed": noop("查看委托书"),
}  # fmt: skip
ASKED = {
    "waiting": noop("等待答复"), "answered": noop("已答复"), "absent": noop("没有查到记录"), "failed": noop("没有查成"),
}  # fmt: skip
TONES = {"open": "info", "passed": "info", "corrected": "done", "refused": "soon", "withdrawn": "plain"}


@requires(PORTAL)
@require_safe
def data(request: StaffRequest) -> HttpResponse:
    """What is kept of me, covered until I ask."""
    assert request.actor.resident_id
    facts = masked_facts(person_facts(request.actor.resident_id))
    groups = [
        (_(title), _(source), [(name, _(LABELS[name]), facts[name], name in COVERED) for name in names if facts.get(name)])
        for title, source, names in GROUPS
    ]
    context = {
        "groups": [g for g in groups if g[2]], "unverified": own_account(by=request.actor).assurance == Assurance.LOW,
    }  # fmt: skip
    return render(request, "portal/me/data.html", context)


@requires(PORTAL)
@require_POST
def whole(request: StaffRequest, field: str) -> HttpResponse:
    """One of them whole; without a script, on a page of its own."""
    value = people.show_own(field=field, by=request.actor, now=request.now).value
    context = {"id": f"own-{field}", "value": value, "masked": masked_facts({field: value})[field], "label": _(LABELS[field])}
    return render(request, "ui/_revealed.html" if request.htmx else "portal/me/whole.html", context)


@requires(PORTAL)
@require_POST
def copy(request: StaffRequest) -> HttpResponse:
    """A copy of all of it as a file (PI-07)."""
    facts = people.copy_own(by=request.actor, now=request.now)
    content = {_(LABELS.get(name, name)): value for name, value in facts.items()}
    response = JsonResponse(content, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = 'attachment; filename="linli-my-data.json"'
    return response


@requires(PORTAL)
@require_safe
def looks(request: StaffRequest) -> HttpResponse:
    """Who looked, when and why: the place and never a name, for nobody shall be leant on."""
    page = page_of(my_looks(by=request.actor), request, by="-at", size=20)
    places = org_names(e.hall_id or e.org_id for e in page.rows)
    purposes = {p.value: _(p.label) for p in Purpose}
    agents = resident_names(e.user_id for e in page.rows if e.channel == Channel.ONLINE)
    rows = []
    for e in page.rows:
        place, why = e.hall_id or e.org_id, str(e.data.get("purpose") or "")
        if e.user_id in agents:  # whom somebody let act for them they know by name
            what = _("查看可以享受的政策") if e.data.get("due") else _("查看办件")
            rows.append((e.at, _("受您委托的人：%(name)s") % {"name": agents[e.user_id]}, what, ""))
            continue
        what = _(LOOKS[e.act]) + (f"：{_(LABELS[e.data['field']])}" if e.data.get("field") in LABELS else "")
        rows.append((e.at, places.get(place, "") if place else _("系统自动"), what, purposes.get(why, why)))
    return render(request, "portal/me/looks.html", {"page": page, "rows": rows})


@requires(PORTAL)
@require_safe
def asked(request: StaffRequest) -> HttpResponse:
    """Whom the bureau asked about me, for which case and on which ground."""
    assert request.actor.resident_id
    page = page_of(used_for(own_ids(request.actor.resident_id)), request, by="-asked_at", size=20)
    numbers = case_numbers(q.subject_id for q in page.rows)
    rows = [(q, _(ASKED.get(q.state, q.state)), numbers.get(q.subject_id, "")) for q in page.rows]
    return render(request, "portal/me/asked.html", {"page": page, "rows": rows})


# -- objecting ------------------------------------------------------------------------------------------------------------------


class ObjectionForm(Form):
    text = forms.CharField(
        label=_lazy("哪里不对，应当是什么"),
        max_length=2000,
        widget=forms.Textarea,
        help_text=_lazy("例如：地址早就变了，现在住在哪里。"),
    )


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def object_to(request: StaffRequest) -> HttpResponse:
    """Say that a record is wrong: one kept here, or an answer of another department."""
    subject = _about(request)
    form = ObjectionForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            raised = people.object_to(
                **subject, text=form.cleaned_data["text"], by=request.actor, now=request.now, **keyed(request)
            )
        except LinliError as error:
            form.add_problem(error)
            status = status_of(error)
        else:
            done(request, _("已收到您的异议。"))
            return redirect("me:objection", raised)
    return render(
        request, "portal/me/object.html", {"form": form, "label": subject["label"], "source": subject["source"]}, status=status
    )


def _about(request: StaffRequest) -> dict[str, Any]:
    """What the address names, if it is one's own."""
    name, question = request.GET.get("about", ""), request.GET.get("asked", "")
    if name in LABELS:
        return {"about": name, "label": _(LABELS[name]), "source": _("本局")}
    try:
        row = used_for(own_ids(request.actor.resident_id or UUID(int=0))).filter(pk=UUID(question)).first()
    except ValueError:
        row = None
    if row is None:
        raise NotFound(what=msg("这项记录"))
    return {"about": row.material, "label": row.material_name, "source": row.owner, "subject_id": row.subject_id}


@requires(PORTAL)
@require_safe
def objections(request: StaffRequest) -> HttpResponse:
    """What I objected to, and what came of it."""
    page = page_of(my_objections(by=request.actor), request, by="-raised_at", size=10)
    rows = [(o, ObjectionState(o.state), TONES[o.state]) for o in page.rows]
    return render(request, "portal/me/objections.html", {"page": page, "rows": rows})


@requires(PORTAL)
@require_safe
def objection(request: StaffRequest, objection_id: UUID) -> HttpResponse:
    """One of them."""
    row = my_objection(objection_id, by=request.actor)
    state = ObjectionState(row.state)
    context = {
        "row": row, "state": state, "tone": TONES[row.state], "text": row.text.open(), "answer": row.answer.open() if row.answer else "",
    }  # fmt: skip
    return render(request, "portal/me/objection.html", context)


@requires(PORTAL)
@require_POST
def withdraw_objection(request: StaffRequest, objection_id: UUID) -> HttpResponse:
    """Let it be."""
    people.withdraw_objection(objection_id=objection_id, by=request.actor, now=request.now, **keyed(request))
    done(request, _("异议已撤回。"))
    return redirect("me:objection", objection_id)


# -- agreeing -------------------------------------------------------------------------------------------------------------------


@requires(PORTAL)
@require_safe
def agreed(request: StaffRequest) -> HttpResponse:
    """What I may agree to, what I agreed to, and what I took back."""
    page = page_of(consents(by=request.actor), request, by="-given_at", size=10)
    texts = consent_texts()
    counts = {c.purpose for c in consents(by=request.actor).filter(withdrawn_at=None)}
    context = {
        "asked": [(text, code.value in counts) for code, text in texts.items() if text.alone or code.value in counts], "page": page,
        "rows": [(c, texts[ConsentPurpose(c.purpose)].title) for c in page.rows],
    }  # fmt: skip
    return render(request, "portal/me/consents.html", context)


@requires(PORTAL)
@require_http_methods(["GET", "POST"])
def agree(request: StaffRequest, purpose: str) -> HttpResponse:
    """One thing to agree to, on a page of its own (PI-04)."""
    text = consent_texts()[_purpose(purpose)]
    if not text.alone:  # it is asked where it is needed
        raise NotFound(what=msg("这项同意"))
    if request.method == "POST":
        people.give_consent(purpose=text.code, by=request.actor, now=request.now, **keyed(request))
        done(request, _("已同意，随时可以撤回。"))
        return redirect("me:consents")
    return render(request, "portal/me/consent.html", {"text": text})


@requires(PORTAL)
@require_POST
def take_back(request: StaffRequest, purpose: str) -> HttpResponse:
    """Take it back."""
    people.withdraw_consent(purpose=_purpose(purpose), by=request.actor, now=request.now, **keyed(request))
    done(request, _("已撤回，为此保存的内容已经删除。"))
    return redirect("me:consents")


def _purpose(code: str) -> ConsentPurpose:
    try:
        return ConsentPurpose(code)
    except ValueError:
        raise NotFound(what=msg("这项同意")) from None
