"""Who stands at the window: what the bureau knows of them, registering who is unknown, and beginning a matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.domains.cases.commands import Applicant, open_draft
from linli.domains.cases.queries import State, cases_of, items_here
from linli.domains.catalog.queries import Standard, in_force
from linli.domains.documents.queries import PaperKind, documents_about
from linli.domains.people import commands as people
from linli.domains.people.queries import (
    Gender,
    IdType,
    Party,
    PersonCard,
    Purpose,
    find_employers,
    masked_facts,
    party,
    person_card,
)
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.identifiers import check_credit_code, check_id_number, compact
from linli.kernel.text import joined, msg, noop
from linli.web.access import requires
from linli.web.desk.counter import typed
from linli.web.desk.counter.menu import is_credit_code, is_id_number, register_url
from linli.web.desk.counter.today import columns, rows_of
from linli.web.http import StaffRequest
from linli.web.once import keyed
from linli.web.ui.forms import Form
from linli.web.ui.paging import page_of
from linli.web.ui.parts import Fact
from linli.web.ui.toasts import done

_FEW = 12
# The facts of the vocabulary that a clerk asks about, in the order of a conversation.
_FACTS = {
    "gender": noop("性别"), "birth_date": noop("出生日期"), "nation": noop("民族"), "education": noop("文化程度"),
    "household_place": noop("户籍地"), "employer": noop("工作单位"), "work_start": noop("参加工作时间"),
    "bank_name": noop("开户银行"), "bank_account": noop("银行账号"), "legal_representative": noop("法定代表人"),
    "handler_name": noop("经办人"), "handler_phone": noop("经办人电话"), "industry": noop("行业"),
    "total_staff": noop("职工人数"), "address": noop("地址"), "phone": noop("电话"),
}  # fmt: skip


def purposes() -> list[tuple[str, str]]:
    """Why somebody at a counter may need to see a whole number."""
    return [(p.value, _(p.label)) for p in (Purpose.VERIFY_IDENTITY, Purpose.HANDLE_CASE, Purpose.CONTACT, Purpose.CORRECT_RECORD)]


# -- the page of a person or an employer ----------------------------------------------------------------------------------


@requires("cases.receive")
@require_safe
def person(request: StaffRequest, party: UUID) -> HttpResponse:
    """A person at the window; opening the page is a look at their record."""
    card = person_card(party)
    facts = people.view_person(person_id=party, by=request.actor, now=request.now)
    return _page(request, party, facts, card=card)


@requires("cases.receive")
@require_safe
def employer(request: StaffRequest, party: UUID) -> HttpResponse:
    """An employer at the window."""
    facts = people.view_employer(employer_id=party, by=request.actor, now=request.now)
    return _page(request, party, facts, card=None)


def _page(request: StaffRequest, party_id: UUID, facts: dict[str, str], *, card: PersonCard | None) -> HttpResponse:
    cases = cases_of(party_id, by=request.actor)
    page = page_of(cases, request, by="-started_at", size=10)
    item = request.GET.get("item", "")
    shown = masked_facts(facts) | ({} if card else {"address": facts.get("address", "")})  # where an employer is, is public
    hidden = {"phone", "address"} if card else {"handler_phone"}
    context = {
        "party": party(party_id, is_employer=card is None), "card": card, "page": page, "rows": rows_of(list(page.rows), request),
        "columns": columns(), "nothing": not page.rows, "facts": [Fact(_(label), shown[k]) for k, label in _FACTS.items() if shown.get(k) and k not in hidden],
        "address": shown.get("address", ""), "purposes": purposes(), "agent": _agent(request),
        "papers": documents_about([c.pk for c in page.rows], [PaperKind.DECISION, PaperKind.RESULT_CERTIFICATE]),
        "waiting": list(cases.filter(state=State.DRAFT, item_code=item)[:3]) if item else [],
        "item": _standard(item, request) if item else None, "item_code": item,
        **_found(request, is_employer=card is None, text=request.GET.get("q", "")),
    }  # fmt: skip
    return render(request, "desk/counter/party.html", context)


def _standard(item: str, request: StaffRequest) -> Standard:
    """The standard of an item this counter may take in. Raises :class:`NotFound`."""
    found = in_force(item, region=request.actor.region, on=request.today)
    if found is None or not items_here("", by=request.actor, on=request.today).filter(item_id=item).exists():
        raise NotFound(what=msg("可在本窗口办理的事项"))
    return found.standard


def _agent(request: StaffRequest) -> Party | None:
    try:
        return party(UUID(request.GET.get("agent", "")), is_employer=False)
    except ValueError:
        return None


def _found(request: StaffRequest, *, is_employer: bool, text: str) -> dict[str, Any]:
    """What the field for a new matter finds: items of the counter for this kind of applicant."""
    text = text.strip()
    rows = []
    if text:
        kind = "employer" if is_employer else "person"
        rows = list(items_here(text, by=request.actor, on=request.today).filter(applicant_kinds__contains=[kind])[: _FEW + 1])
    return {"text": text, "matters": rows[:_FEW], "more": len(rows) > _FEW}


@requires("cases.receive")
@require_safe
def matters(request: StaffRequest) -> HttpResponse:
    """The items that fit what was typed so far, for the list under the field."""
    found = _found(request, is_employer="employer" in request.GET, text=request.GET.get("q", ""))
    return render(request, "desk/counter/_matters.html", found)


@requires("cases.receive")
@require_POST
def whole(request: StaffRequest, party: UUID, field: str) -> HttpResponse:
    """A number or an address shown whole for a stated purpose; the look is recorded."""
    try:
        purpose = Purpose(request.POST.get("purpose", ""))
    except ValueError:
        raise NotFound(what=msg("这个用途")) from None
    value = people.view_full(person_id=party, field=field, purpose=purpose, by=request.actor, now=request.now).value
    facts = masked_facts({field: value})
    return render(request, "ui/_revealed.html", {"id": f"whole-{field}", "value": value, "masked": facts[field]})


# -- beginning -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who and what a form that begins a matter names."""

    applicant: Applicant
    page: str


def _asked(request: StaffRequest) -> _Asked:
    is_employer = bool(request.POST.get("employer"))
    try:
        applicant = UUID(request.POST.get("employer") or request.POST.get("person", ""))
        agent = UUID(request.POST["agent"]) if request.POST.get("agent") else None
    except ValueError:
        raise NotFound(what=msg("该申请人")) from None
    party(applicant, is_employer=is_employer)
    page = reverse(f"counter:{'employer' if is_employer else 'person'}", args=[applicant])
    return _Asked(Applicant(applicant, is_employer=is_employer, agent_id=agent), page)


@requires("cases.receive")
@require_POST
def start(request: StaffRequest) -> HttpResponse:
    """Begin a matter for somebody. Enter in the search field begins the first that was found for exactly what stands there."""
    asked = _asked(request)
    item, text = request.POST.get("item", ""), request.POST.get("q", "").strip()
    if text and text != request.POST.get("found", text if item else ""):
        # The list was not there yet, or still that of fewer letters.
        found = _found(request, is_employer=asked.applicant.is_employer, text=text)["matters"]
        exact = [row for row in found if row.name == text] or found
        item = exact[0].item_id if len(exact) == 1 else ""
    if not item:
        more = {"q": text} | ({"agent": str(asked.applicant.agent_id)} if asked.applicant.agent_id else {})
        return redirect(f"{asked.page}?{urlencode(more)}")
    case_id = open_draft(item_code=item, applicant=asked.applicant, by=request.actor, now=request.now, **keyed(request))
    return redirect("counter:case", case_id)


class AgentForm(Form):
    """Whoever acts for the applicant shows a document of their own."""

    kinds = {"number": "id-number"}
    number = forms.CharField(label=_lazy("代办人证件号码"), max_length=30)


@requires("people.register")
@require_POST
def agent(request: StaffRequest, party: UUID, *, employer: bool) -> HttpResponse:
    """Who acts for the applicant; an unknown one is registered first, and then this page comes back."""
    back = reverse(f"counter:{'employer' if employer else 'person'}", args=[party])
    keep = {k: request.POST[k] for k in ("item", "q") if request.POST.get(k)}
    number = compact(request.POST.get("number", ""))
    if not number:
        return redirect(f"{back}?{urlencode(keep)}" if keep else back)
    found = people.find_person(number=number, by=request.actor, now=request.now)
    if found:
        return redirect(f"{back}?{urlencode(keep | {'agent': str(found)})}")
    return redirect(register_url("person", number, request, agent_of=str(party), employer="1" if employer else "", **keep))


# -- an item, and who wants it ---------------------------------------------------------------------------------------------


class WhoForm(Form):
    """Who applies: a number from a card, or the name of an employer."""

    number = forms.CharField(label=_lazy("申请人证件号码或统一社会信用代码"), max_length=100)


@requires("cases.receive")
@require_http_methods(["GET", "HEAD", "POST"])
def item(request: StaffRequest, item: str) -> HttpResponse:
    """What an item takes, for telling somebody; the number of whoever wants it leads straight on."""
    standard = _standard(item, request)
    form = WhoForm(request.POST or None)
    choices: list[Any] = []
    if request.method == "POST" and form.is_valid():
        answer = _go_on(request, standard, form, choices)
        if answer is not None:
            return answer
    status = 422 if form.errors else 200
    return render(request, "desk/counter/item.html", {"standard": standard, "form": form, "choices": choices}, status=status)


def _go_on(request: StaffRequest, standard: Standard, form: WhoForm, choices: list[Any]) -> HttpResponse | None:
    """From the number of an applicant to the form of the item, by way of their page where a draft of it already lies."""
    text = form.cleaned_data["number"]
    number, kinds = compact(text), standard.applicant_kinds
    if "employer" in kinds:
        choices += find_employers(text)[:_FEW]
        if len(choices) == 1:
            return _begin(request, standard, Applicant(choices[0].pk, is_employer=True))
        if choices:
            return None
        if is_credit_code(number):
            return redirect(register_url("employer", number, request, item=standard.code))
    found = people.find_person(number=number, by=request.actor, now=request.now)
    if "person" in kinds:
        if found:
            return _begin(request, standard, Applicant(found))
        if is_id_number(number, request):
            return redirect(register_url("person", number, request, item=standard.code))
    try:
        _explain(number, request)
        if found or is_id_number(number, request):
            form.add_error("number", _("“%(item)s”由单位申请，请输入单位的统一社会信用代码或名称。") % {"item": standard.name})
        elif is_credit_code(number):
            form.add_error("number", _("“%(item)s”由个人申请，请输入本人的证件号码。") % {"item": standard.name})
        else:
            form.add_error("number", _("没有找到。请核对号码；其他证件请先用“登记新人员”登记。"))
    except LinliError as error:
        form.add_error("number", joined([error.message] + ([error.what_to_do] if error.what_to_do else []), _))
    return None


def _explain(number: str, request: StaffRequest) -> None:
    """Raises what is wrong with a number of the right length."""
    if len(number) == 18 and number[:17].isdigit():
        check_id_number(number, today=request.today)
    elif len(number) == 18 and number.isalnum():
        check_credit_code(number)


def _begin(request: StaffRequest, standard: Standard, applicant: Applicant) -> HttpResponse:
    drafts = cases_of(applicant.id, by=request.actor).filter(state=State.DRAFT, item_code=standard.code)
    if drafts.exists():
        page = reverse(f"counter:{'employer' if applicant.is_employer else 'person'}", args=[applicant.id])
        return redirect(f"{page}?{urlencode({'item': standard.code})}")
    # Registering somebody may have used the key of the form already.
    key = keyed(request, standard.code)
    case_id = open_draft(item_code=standard.code, applicant=applicant, by=request.actor, now=request.now, **key)
    return redirect("counter:case", case_id)


# -- registering -----------------------------------------------------------------------------------------------------------


class PersonForm(Form):
    """A person as their document says; the check digit is looked at before anything is kept."""

    kinds = {"id_number": "id-number", "phone": "phone", "address": "address"}
    id_type = forms.ChoiceField(label=_lazy("证件类型"), choices=[])
    id_number = forms.CharField(label=_lazy("证件号码"), max_length=30)
    name = forms.CharField(label=_lazy("姓名"), max_length=100, help_text=_lazy("与证件一致；名字中的“·”照写。"))
    gender = forms.ChoiceField(label=_lazy("性别"), choices=[], required=False)
    phone = forms.CharField(label=_lazy("手机号码"), max_length=20, required=False)
    address = forms.CharField(label=_lazy("常住地址"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["id_type"].choices = [(t.value, _(t.label)) for t in IdType]  # type: ignore[attr-defined]
        self.fields["gender"].choices = [(g.value, _(g.label)) for g in (Gender.UNKNOWN, Gender.FEMALE, Gender.MALE)]  # type: ignore[attr-defined]


class EmployerForm(Form):
    """An employer as its licence says."""

    kinds = {"credit_code": "credit-code", "phone": "phone", "address": "address"}
    credit_code = forms.CharField(label=_lazy("统一社会信用代码"), max_length=18)
    name = forms.CharField(label=_lazy("单位名称"), max_length=200)
    legal_representative = forms.CharField(label=_lazy("法定代表人（负责人）"), max_length=100, required=False)
    phone = forms.CharField(label=_lazy("联系电话"), max_length=20, required=False)
    address = forms.CharField(label=_lazy("住所"), max_length=200, required=False)


@requires("people.register")
@require_http_methods(["GET", "HEAD", "POST"])
def register_person(request: StaffRequest) -> HttpResponse:
    """Register somebody the bureau has not met; then straight on to what they came for."""
    number = typed.unseal(request.GET.get("typed", ""), device=request.device, now=request.now)
    form = PersonForm(request.POST or None, initial={"id_number": number, "id_type": IdType.CITIZEN.value})
    form.fields["name" if number else "id_number"].widget.attrs["autofocus"] = True
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = people.register_person(
                name=data["name"], id_type=IdType(data["id_type"]), id_number=data["id_number"],
                gender=Gender(data["gender"] or Gender.UNKNOWN), phone=data["phone"], address=data["address"],
                region=request.actor.region, by=request.actor, now=request.now, **keyed(request),
            )  # fmt: skip
        except LinliError as error:
            form.add_problem(error)
        else:
            return _registered(request, made, is_employer=False)
    return _register_page(request, form, _("登记新人员"))


@requires("people.register")
@require_http_methods(["GET", "HEAD", "POST"])
def register_employer(request: StaffRequest) -> HttpResponse:
    """The same for an employer."""
    code = typed.unseal(request.GET.get("typed", ""), device=request.device, now=request.now)
    form = EmployerForm(request.POST or None, initial={"credit_code": code})
    form.fields["name" if code else "credit_code"].widget.attrs["autofocus"] = True
    if request.method == "POST" and form.is_valid():
        try:
            made = people.register_employer(
                **form.cleaned_data, region=request.actor.region, by=request.actor, now=request.now, **keyed(request)
            )
        except LinliError as error:
            form.add_problem(error)
        else:
            return _registered(request, made, is_employer=True)
    return _register_page(request, form, _("登记新单位"))


def _register_page(request: StaffRequest, form: Form, title: str) -> HttpResponse:
    context = {"form": form, "title": title, "is_employer": isinstance(form, EmployerForm)}
    return render(request, "desk/counter/register.html", context, status=422 if form.errors else 200)


def _registered(request: StaffRequest, made: UUID, *, is_employer: bool) -> HttpResponse:
    """On to the item that was chosen before, back to whom they act for, or to their page."""
    done(request, _("已登记。"))
    item, agent_of = request.GET.get("item", ""), request.GET.get("agent_of", "")
    if agent_of:
        try:
            page = reverse(f"counter:{'employer' if request.GET.get('employer') else 'person'}", args=[agent_of])
        except NoReverseMatch:
            raise NotFound(what=msg("该申请人")) from None
        keep = {k: request.GET[k] for k in ("item", "q") if request.GET.get(k)}
        return redirect(f"{page}?{urlencode(keep | {'agent': str(made)})}")
    if item:
        return _begin(request, _standard(item, request), Applicant(made, is_employer=is_employer))
    return redirect(f"counter:{'employer' if is_employer else 'person'}", made)
