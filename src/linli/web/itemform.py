"""The form of an item as fields of the kit, and back: prefilled, masked where a number is a person's, with what was typed kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from linli.domains.cases.queries import SIGNED_ONLINE, Filling
from linli.domains.catalog.queries import FieldType, FormField, Standard
from linli.kernel.errors import Invalid, LinliError
from linli.kernel.identifiers import mask_account, mask_id, mask_phone
from linli.kernel.text import joined, noop
from linli.web.ui.fields import FieldSpec, Option

PREFIX = "f_"  # keeps the names an item gives its fields apart from those of the page
_LINE = "line"
_MASKS: dict[FieldType, Callable[[str], str]] = {
    FieldType.ID_NUMBER: mask_id,
    FieldType.PHONE: mask_phone,
    FieldType.BANK_ACCOUNT: mask_account,
}
# A form at the counter is signed on paper, or in one of the ways that stand in for it.
SIGNED = (
    noop("已在纸质申请表上签名（盖章）"),
    noop("按指印，已拍照存档"),
    noop("由在场的见证人代签"),
    noop("当面口头确认，已记录"),
    SIGNED_ONLINE,
)
_KINDS = {FieldType.CREDIT_CODE: "credit-code", FieldType.SIGNATURE: "select"}


@dataclass
class ItemForm:
    """One filling of an item's form.

    ``stored`` is what is kept, ``typed`` what came with the request, ``known`` the fields the bureau filled in itself;
    ``theirs`` is what a colleague saved meanwhile, where it differs. ``only`` names the fields of one page of a longer form;
    ``fillings`` tell which department said what stands in a field. What the form asks to be attached is handed in, not typed:
    ``unattached`` says what is wrong with it.
    """

    standard: Standard
    stored: Mapping[str, Any]
    known: Iterable[str] = ()
    typed: Mapping[str, Any] | None = None
    theirs: Mapping[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)
    blank_row_of: str = ""
    only: Collection[str] | None = None
    unattached: dict[str, str] = field(default_factory=dict)
    fillings: Mapping[str, Filling] = field(default_factory=dict)

    @property
    def fields(self) -> list[FormField]:
        """The fields shown."""
        return [f for f in self.standard.typed if self.only is None or f.name in self.only]

    @property
    def specs(self) -> list[FieldSpec]:
        """The fields in the order of the standard."""
        return [self._spec(f) for f in self.fields]

    @property
    def filled_in(self) -> int:
        """How many fields the bureau filled in by itself."""
        return len({*self.known, *self.fillings}) if self.typed is None else 0

    @property
    def filled(self) -> list[tuple[str, Any, str]]:
        """What other departments filled in: the field's id, what stands there, and from whom it is."""
        return [
            (f"id_{PREFIX}{f.name}", shown(f, self.stored[f.name]), filling_note(self.fillings[f.name]))
            for f in self.fields
            if f.name in self.fillings
        ]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """For the error summary: first what is about the whole case, then field by field."""
        fields = [(f"id_{PREFIX}{name}", s) for name, s in self.errors.items()]
        return [("", s) for s in self.general] + fields + [(f"file-{name}", s) for name, s in self.unattached.items()]

    def add(self, error: LinliError) -> None:
        """Show what a command refused, at the field it names or above the form."""
        names, attached = {f.name for f in self.fields}, {m.code for m in self.standard.attachments}
        for one in error.errors if isinstance(error, Invalid) else [error]:
            sentence = joined([one.message] + ([one.what_to_do] if one.what_to_do else []), _)
            if one.field in names:
                self.errors[str(one.field)] = sentence
            elif one.field in attached:
                self.unattached[str(one.field)] = sentence
            else:
                self.general.append(sentence)

    def _spec(self, f: FormField) -> FieldSpec:
        value = self.typed.get(f.name, "") if self.typed is not None else shown(f, self.stored.get(f.name, ""))
        notes = [f.note] if f.note else []
        said = self.fillings.get(f.name) if self.typed is None else None
        if said:
            notes.append(filling_note(said))
        elif f.name in self.known and self.typed is None:
            notes.append(_("已自动填入"))
        if f.name in self.theirs:
            notes.append(_("同事保存的是：%(value)s") % {"value": _as_text(shown(f, self.theirs[f.name])) or _("（空）")})
        spec = FieldSpec(
            name=PREFIX + f.name, label=f.label, type=_kind(f), value=value, required=f.required, help=" ".join(notes),
            error=self.errors.get(f.name, ""), options=self._options(f), autocomplete="off", rows=3,
            extra={"data-known": True} if said or (f.name in self.known and self.typed is None) else {},
        )  # fmt: skip
        return self._table(spec, f) if f.type is FieldType.TABLE else spec

    def _options(self, f: FormField) -> list[Option]:
        match f.type:
            case FieldType.SIGNATURE:
                return [Option("", ""), *(Option(text, _(text)) for text in SIGNED)]
            case FieldType.SELECT:
                return [Option("", ""), *(Option(text, text) for text in f.options)]
        return []

    def _table(self, spec: FieldSpec, f: FormField) -> FieldSpec:
        lines = spec.value if isinstance(spec.value, list) else []
        rows = [{_LINE: line} for line in lines] + ([{}] if self.blank_row_of == spec.name else [])
        column = FieldSpec(name=_LINE, label=f.label, width="", autocomplete="off")
        return FieldSpec(
            name=spec.name, label=spec.label, type="table", value=rows, required=spec.required, help=spec.help, error=spec.error,
            columns=[column],
        )  # fmt: skip


def _kind(f: FormField) -> str:
    if f.type is FieldType.SELECT and not f.options:
        return "text"
    return _KINDS.get(f.type, f.type.value)


def filling_note(said: Filling) -> str:
    """From whom a page has what stands in a field."""
    return _("来自%(source)s，回执 %(receipt)s，可以修改") % {"source": _(said.source), "receipt": said.receipt[:8]}


def shown(f: FormField, value: Any) -> Any:
    """A kept value as the page shows it: the numbers of people masked."""
    mask = _MASKS.get(f.type)
    return mask(str(value)) if mask and value else value


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return "；".join(value) if isinstance(value, list) else str(value)


def read(standard: Standard, post: QueryDict, stored: Mapping[str, Any], *, only: Collection[str] | None = None) -> dict[str, Any]:
    """What was typed, by the names of the item. A masked number that was left as it stood is the number that is kept."""
    values: dict[str, Any] = {}
    for f in standard.typed:
        if only is not None and f.name not in only:
            continue
        if f.type is FieldType.TABLE:
            values[f.name] = _lines(post, PREFIX + f.name)
            continue
        text = post.get(PREFIX + f.name, "").strip()
        kept = stored.get(f.name, "")
        values[f.name] = kept if f.type in _MASKS and kept and text == shown(f, kept) else text
    return values


def as_typed(standard: Standard, values: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The values for showing again: a number that was not touched stays masked."""
    return {
        f.name: shown(f, values.get(f.name, "")) if values.get(f.name) == stored.get(f.name) else values.get(f.name, "")
        for f in standard.typed
    }


def _lines(post: QueryDict, name: str) -> list[str]:
    pattern = re.compile(rf"{re.escape(name)}-(\d+)-{_LINE}")
    numbered = sorted((int(m[1]), key) for key in post if (m := pattern.fullmatch(key)))
    return [line for _n, key in numbered if (line := post.get(key, "").strip())]
