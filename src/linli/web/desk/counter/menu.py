"""What the counter puts into the navigation and the palette."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from linli.domains.cases.queries import CODE_DIGITS, counter_cases, handed_over, items_here
from linli.domains.cases.queries import find as find_cases
from linli.domains.catalog.queries import names_of
from linli.domains.people.commands import find_person
from linli.domains.people.queries import find_employers, parties, person_card
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import check_credit_code, check_id_number, compact
from linli.kernel.search import looks_like_number
from linli.kernel.text import noop
from linli.web import navigation, palette
from linli.web.desk.counter.typed import seal
from linli.web.http import StaffRequest
from linli.web.navigation import Entry
from linli.web.palette import Hit

FEW = 8


def items(request: StaffRequest, text: str) -> Iterator[Hit]:
    """Items this counter may take in, by characters, pinyin initials or everyday words."""
    if looks_like_number(text):
        return
    for row in items_here(text, by=request.actor, on=request.today)[:FEW]:
        yield Hit(_("事项"), row.name, reverse("counter:item", args=[row.item_id]), row.item.main.name, "file-text")


def people(request: StaffRequest, text: str) -> Iterator[Hit]:
    """A person by the whole number of a document (the looking is recorded), employers by code, name or initials."""
    if not (request.actor.can("people.register") and request.actor.can("cases.receive")):
        return
    group, number = _("人员和单位"), compact(text)
    employers = list(find_employers(text)[:FEW])
    for employer in employers:
        yield Hit(group, employer.name, reverse("counter:employer", args=[employer.pk]), employer.credit_code, "building")
    if employers or not looks_like_number(text) or len(number) != 18:
        return
    found = find_person(number=number, by=request.actor, now=request.now)
    if found:
        card = person_card(found)
        yield Hit(group, card.name, reverse("counter:person", args=[found]), card.id_number, "user")
    elif is_id_number(number, request):
        yield Hit(group, _("登记新人员"), register_url("person", number, request), _("还没有登记过这个证件号码"), "user-plus")
    elif is_credit_code(number):
        yield Hit(group, _("登记新单位"), register_url("employer", number, request), _("还没有登记过这个信用代码"), "building")


def is_id_number(number: str, request: StaffRequest) -> bool:
    """Whether its digits and its check digit are those of an ID number."""
    try:
        check_id_number(number, today=request.today)
    except LinliError:
        return False
    return True


def is_credit_code(number: str) -> bool:
    """Whether its characters and its check characters are those of a unified social credit code."""
    try:
        check_credit_code(number)
    except LinliError:
        return False
    return True


def register_url(kind: str, number: str, request: StaffRequest, **more: str) -> str:
    """The page that registers a person or an employer, with the number that was typed sealed into the address."""
    query = {"typed": seal(number, device=request.device, now=request.now)} | {k: v for k, v in more.items() if v}
    return f"{reverse(f'counter:register_{kind}')}?{urlencode(query)}"


def cases(request: StaffRequest, text: str) -> Iterator[Hit]:
    """Cases of this counter by number or by the tail of a number."""
    found = list(find_cases(text, by=request.actor, cases=counter_cases(request.actor)).exclude(number=None)[:FEW])
    who, names = parties(c.applicant_id for c in found), names_of([c.item_code for c in found])
    for case in found:
        about = f"{who[case.applicant_id].name} · {names.get(case.item_code, '')}"
        yield Hit(_("办件"), str(case.number), reverse("counter:case", args=[case.pk]), about, "folder")


def handed(request: StaffRequest, text: str) -> Iterator[Hit]:
    """What a resident began on the phone and wants to go on with here, by the whole code and nothing less."""
    digits = compact(text)
    if not (len(digits) == CODE_DIGITS and digits.isdigit()):
        return
    found = handed_over(digits, by=request.actor, now=request.now)
    if found:
        yield Hit(_("接着办"), found.item, reverse("counter:take_over", args=[digits]), found.applicant.name, "door-enter")


_HERE, _DEMANDS = frozenset({"cases.receive"}), frozenset({"voice.register", "voice.read"})

navigation.register(
    Entry("desk", noop("今日窗口"), "counter:today", "home", _HERE, 10, noop("窗口"), "t"),
    Entry("desk", noop("网上收件"), "counter:online", "inbox", _HERE, 15, noop("窗口"), "e"),
    Entry("desk", noop("登记诉求"), "counter:register_demand", "message", _HERE, 30, noop("群众诉求"), "s"),
    Entry("desk", noop("诉求"), "counter:demands", "messages", _DEMANDS, 31, noop("群众诉求"), "q"),
)
for source in (handed, items, people, cases):
    palette.register(source)
