"""Tags and filters of the kit; built into every template, so nothing has to load them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _lazy
from django_cotton.templatetags import Attrs

from linli.domains.accounts.queries import User
from linli.domains.accounts.queries import idle_minutes as minutes_left_alone
from linli.kernel.calendar import SHANGHAI, with_weekday
from linli.kernel.errors import LinliError
from linli.kernel.identifiers import mask_account, mask_id, mask_phone
from linli.kernel.ids import uuid7
from linli.kernel.money import yuan
from linli.kernel.text import Message, joined
from linli.web import navigation
from linli.web.once import NAME
from linli.web.site import site
from linli.web.ui.fields import FieldSpec, Option, from_bound
from linli.web.ui.words import words

register = template.Library()

_THIN = "\u2009"


# -- words ---------------------------------------------------------------------------------------------------------------


@register.simple_tag
def say(message: Message | LinliError | str | None) -> str:
    """A message of a room, or the message of an error, in the reader's language."""
    return said(message)


@register.filter
def said(message: Message | LinliError | str | None) -> str:
    """The same as a filter, for use inside an attribute."""
    if isinstance(message, LinliError):
        message = message.message
    if isinstance(message, Message):
        return message.render(gettext)
    return gettext(message) if message else ""


@register.filter
def paragraph(messages: Iterable[Message]) -> str:
    """Several sentences of a room as one paragraph in the reader's language."""
    return joined(messages, gettext)


@register.filter
def label(value: Any) -> str:
    """The label of an enum value in the reader's language."""
    return gettext(value.label) if value else ""


# -- figures -------------------------------------------------------------------------------------------------------------


@register.filter
def day(value: date | datetime | None) -> str:
    """``2026-11-22 (周日)``; a moment is taken in Shanghai."""
    if not value:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    if (get_language() or "zh").startswith("zh"):
        return with_weekday(value)
    return date_format(value, "Y-m-d (D)")


@register.filter
def moment(value: datetime | None) -> str:
    """``2026-11-22 14:32`` in Shanghai."""
    return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if value else ""


@register.filter
def time_of_day(value: datetime | None) -> str:
    """``14:32`` in Shanghai."""
    return value.astimezone(SHANGHAI).strftime("%H:%M") if value else ""


@register.filter
def iso(value: date | datetime | None) -> str:
    """For the ``datetime`` attribute of ``<time>``."""
    return value.isoformat() if value else ""


@register.filter
def figure(value: Decimal | float | None, places: int | None = None) -> str:
    """A number with thin separators, ``12 345``; ``places`` rounds it."""
    if value is None or value == "":
        return ""
    text = f"{value:,}" if places is None else f"{value:,.{places}f}"
    return text.replace(",", _THIN)


@register.filter(name="yuan")
def yuan_filter(value: Decimal | None) -> str:
    """An amount, ``12 345.60``."""
    return yuan(Decimal(value)) if value is not None and value != "" else ""


@register.filter
def fen(value: int | None) -> str:
    """An amount that is kept in fen, ``12 345.60``."""
    return yuan(Decimal(value).scaleb(-2)) if isinstance(value, int) else ""


@register.filter
def unbroken(text: str) -> str:
    """A sentence whose amounts are not torn apart at the end of a line."""
    return text.replace("\u2009", "\u202f")


@register.filter
def masked_id(value: str) -> str:
    """An identity number with its middle hidden."""
    return mask_id(value) if value else ""


@register.filter
def masked_phone(value: str) -> str:
    """A telephone number with its middle hidden."""
    return mask_phone(value) if value else ""


@register.filter
def masked_account(value: str) -> str:
    """A bank account of which only the last four digits show."""
    return mask_account(value) if value else ""


@register.filter
def device_words(device: str) -> str:
    """The browser and system of a device string, without the random part that only tells devices apart."""
    return device.partition(" ")[2] or device


# -- markup --------------------------------------------------------------------------------------------------------------


@register.filter
def attributes(attrs: Mapping[str, Any] | None) -> SafeString:
    """The left-over attributes of a component, escaped. (Cotton's own ``{{ attrs }}`` does not escape dynamic values.)"""
    source = attrs.attrs_dict() if isinstance(attrs, Attrs) else attrs or {}
    kept = [(k, v) for k, v in source.items() if v is not False and v is not None]
    flags = format_html_join("", " {}", ((k,) for k, v in kept if v is True))
    return flags + format_html_join("", ' {}="{}"', ((k, v) for k, v in kept if v is not True))


@register.simple_tag
def once_key() -> SafeString:
    """The hidden field with the key of this submission (``linli.web.once``)."""
    return format_html('<input type="hidden" name="{}" value="{}">', NAME, uuid7())


@register.simple_tag
def field_spec(attrs: Mapping[str, Any], slot: str = "") -> FieldSpec:
    """The field that ``<c-field>`` was asked for: ``:spec``, ``:bound``, or plain attributes, which also override the others."""
    given = {k.replace("-", "_") if k != "type" else k: v for k, v in attrs.items()}
    spec, bound = given.pop("spec", None), given.pop("bound", None)
    known = {k: given.pop(k) for k in list(given) if k in FieldSpec.__dataclass_fields__}
    if "options" in known:
        known["options"] = [o if isinstance(o, Option) else Option(*o) for o in known["options"]]
    if slot.strip():
        known["help"] = mark_safe(slot.strip())  # noqa: S308 - a slot is markup by definition
    if bound is not None:
        spec = from_bound(bound, str(known.pop("type", "")))
    base = {f: getattr(spec, f) for f in FieldSpec.__dataclass_fields__} if spec is not None else {}
    extra = {**base.pop("extra", {}), **{k.replace("_", "-") if k.startswith(("hx_", "data_")) else k: v for k, v in given.items()}}
    return FieldSpec(**{**base, **known, "extra": extra})


@register.simple_tag
def script_words() -> SafeString:
    """The words of the scripts as a block of data."""
    text = json.dumps(words(), ensure_ascii=False).replace("<", "\\u003c")
    return format_html('<script type="application/json" id="l-words">{}</script>', mark_safe(text))  # noqa: S308 - "<" is escaped


@register.simple_tag
def json_block(value: Any, element_id: str) -> SafeString:
    """Data for a script, as a block that no browser runs."""
    text = json.dumps(value, ensure_ascii=False, default=str).replace("<", "\\u003c")
    return format_html('<script type="application/json" id="{}">{}</script>', element_id, mark_safe(text))  # noqa: S308 - as above


@register.simple_tag(takes_context=True)
def navigation_of(context: Context, face: navigation.Face) -> list[dict[str, Any]]:
    """The entries of a face that the reader may use, with ``current`` for where they are and ``waits`` for how much waits for them there."""
    request = context.get("request")
    path = getattr(request, "path", "")
    actor = getattr(request, "actor", None)
    entries = navigation.entries_for(face, actor)
    urls = [(e, e.url) for e in entries]
    here = max((u for _, u in urls if path == u or path.startswith(u.rstrip("/") + "/")), key=len, default="")
    waits = navigation.waiting(entries, actor)
    return [
        {
            "entry": e, "url": u, "label": gettext(e.label), "group": gettext(e.group) if e.group else "", "current": u == here,
            "waits": navigation.many(waits.get(e, 0)),
        }
        for e, u in urls
    ]  # fmt: skip


@register.simple_tag(takes_context=True)
def faces_of(context: Context) -> list[dict[str, str]]:
    """The faces the reader may switch between, if there are several."""
    faces = navigation.faces_for(getattr(context.get("request"), "actor", None))
    return [{"face": f, "url": url, "label": gettext(navigation.FACE_NAMES[f])} for f, url in faces] if len(faces) > 1 else []


@register.simple_tag
def the_site() -> Any:
    """The bureau whose service this is (``linli.web.site.Site``)."""
    return site()


@register.simple_tag
def idle_minutes(user: User) -> int:
    """After how many minutes without a request a session of theirs ends."""
    return minutes_left_alone(user)


@register.filter
def file_types(accept: str) -> str:
    """An ``accept`` list in words: ``PDF、JPG、PNG``."""
    names = [
        gettext("图片") if part.strip().startswith("image/") else part.strip().lstrip(".").upper() for part in accept.split(",")
    ]
    return gettext("、").join(dict.fromkeys(names))


@register.simple_tag
def upload_limit() -> int:
    """How many megabytes one file may have."""
    return int(settings.ENV.upload_megabytes)


# -- tables of what a tone, a state and a column look like ---------------------------------------------------------------

_TONES = {
    "plain": ("circle-dot", ""),
    "info": ("info-circle", ""),
    "done": ("circle-check", ""),
    "soon": ("clock", ""),
    "bad": ("alert-circle", ""),
}
_CHECKLIST = {
    "have": ("done", "circle-check", _lazy("已有")),
    "verified": ("info", "building-bank", _lazy("将由部门核验")),
    "made": ("info", "arrow-right", _lazy("前面办好就有")),
    "promise": ("info", "signature", _lazy("可承诺")),
    "needed": ("soon", "upload", _lazy("请提供")),
    "owed": ("plain", "hourglass", _lazy("欠交（由我局补齐）")),
    "pending": ("soon", "hourglass", _lazy("已承诺补交")),
    "apart": ("plain", "minus", _lazy("本次不涉及")),
}
_CLOCK = {
    "green": ("done", "clock", _lazy("在时限内")),
    "amber": ("soon", "alert-triangle", _lazy("即将到期")),
    "red": ("bad", "alert-octagon", _lazy("已超期")),
    "paused": ("plain", "player-pause", _lazy("已暂停计时")),
    "provisional": ("info", "calendar-time", _lazy("暂定日期")),
    "stopped": ("done", "circle-check", _lazy("已办结")),
}


@register.filter
def tone_icon(tone: str) -> str:
    """The icon that goes with a tone when none is named."""
    return _TONES.get(tone, _TONES["plain"])[0]


@register.simple_tag
def checklist_state(state: str) -> dict[str, Any]:
    """Tone, icon and word of one of the five states of a material, or of one the case does without."""
    tone, icon, word = _CHECKLIST[state]
    return {"tone": tone, "icon": icon, "word": word}


@register.simple_tag
def clock_state(state: str) -> dict[str, Any]:
    """Tone, icon and word of a clock."""
    tone, icon, word = _CLOCK[state]
    return {"tone": tone, "icon": icon, "word": word}


@register.simple_tag
def sort_link(column: str, current: str) -> dict[str, str]:
    """For the header of a column that sorts: what the address should ask for next, and how it is sorted now."""
    now = "ascending" if current == column else "descending" if current == f"-{column}" else ""
    icon = {"ascending": "sort-ascending", "descending": "sort-descending"}.get(now, "arrows-sort")
    return {"next": f"-{column}" if now == "ascending" else column, "now": now, "icon": icon}


@register.filter
def escaped(value: Any) -> SafeString:
    """Escape what is not markup already; for attribute values that may come from either."""
    return conditional_escape(value)


def tone_names() -> list[str]:
    """The tones there are; for the gallery and the tests."""
    return list(_TONES)


def checklist_states() -> list[str]:
    """The states of a material; for the gallery and the tests."""
    return list(_CHECKLIST)


def clock_states() -> list[str]:
    """The states of a clock; for the gallery and the tests."""
    return list(_CLOCK)
