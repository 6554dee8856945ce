"""What a form field shows, whatever it was made from: attributes in a template, a Django form, or an item's form content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Option:
    """One choice; ``label`` is already in the reader's language."""

    value: str
    label: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class _Input:
    """How one type of field is typed in. ``groups`` are the lengths in which a long number is read back while it is typed."""

    html: str = "text"
    mode: str = ""
    autocomplete: str = ""
    width: str = ""
    unit: StrOrPromise = ""
    groups: str = ""
    number: bool = False


_INPUTS = {
    "text": _Input(),
    "search": _Input("search"),
    "email": _Input("email", autocomplete="email"),
    "password": _Input("password"),
    "code": _Input(mode="numeric", autocomplete="one-time-code", width="short", number=True),
    "date": _Input("date", width="short", number=True),
    "year-month": _Input("month", width="short", number=True),
    "number": _Input(mode="numeric", width="short", number=True),
    "money": _Input(mode="decimal", width="medium", unit=_lazy("元"), number=True),
    "phone": _Input("tel", mode="tel", autocomplete="tel", width="medium", groups="3 4 4", number=True),
    "id-number": _Input(width="medium", groups="6 8 4", number=True),
    "credit-code": _Input(width="medium", groups="2 6 9 1", number=True),
    "bank-account": _Input(mode="numeric", width="medium", groups="4 4 4 4 4 4", number=True),
    "address": _Input(autocomplete="street-address"),
}
# Types whose widget is a template of its own in ui/widgets; every other type is one of the inputs above.
_OWN_WIDGET = {"long-text", "select", "radio", "checkboxes", "boolean", "datalist", "file", "camera", "signature", "table"}
TYPES = frozenset(_INPUTS) | _OWN_WIDGET
_WITH_GROUP = {"radio", "checkboxes", "signature", "table"}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """Everything ``<c-field>`` shows. ``value`` is text, a list of text for ``checkboxes``, a list of mappings for ``table``.

    ``either``: another control may be used in its place, one of them must be; neither is called optional.
    ``columns`` are the fields of one row of a table. ``extra`` goes to the control as HTML attributes.
    """

    name: str
    label: str = ""
    type: str = "text"
    id: str = ""
    value: Any = ""
    help: str = ""
    error: str = ""
    required: bool = True
    either: bool = False
    options: Sequence[Option] = ()
    width: str = ""
    unit: str = ""
    placeholder: str = ""
    maxlength: int | None = None
    rows: int = 4
    min: str = ""
    max: str = ""
    autocomplete: str = ""
    autofocus: bool = False
    disabled: bool = False
    readonly: bool = False
    inline: bool = False
    accept: str = ""
    megabytes: int | None = None
    multiple: bool = False
    upload: str = ""
    columns: Sequence[FieldSpec] = ()
    alternatives: Sequence[Option] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"no field type is called {self.type!r}")
        if not self.id:
            object.__setattr__(self, "id", f"id_{self.name}")

    @property
    def input(self) -> _Input:
        return _INPUTS.get(self.type, _INPUTS["text"])

    @property
    def template(self) -> str:
        """The template of the control."""
        return f"ui/widgets/{self.type.replace('-', '_') if self.type in _OWN_WIDGET else 'input'}.html"

    @property
    def is_group(self) -> bool:
        """Whether it is several controls under one legend."""
        return self.type in _WITH_GROUP

    @property
    def described_by(self) -> str:
        """The ids of what explains the control, for ``aria-describedby``."""
        return " ".join(f"{self.id}-{part}" for part in ("help", "error") if getattr(self, part))

    @property
    def values(self) -> list[str]:
        """The value as the list of what is chosen."""
        if isinstance(self.value, str):
            return [self.value] if self.value else []
        return [str(v) for v in self.value or []]

    @property
    def table_rows(self) -> list[list[FieldSpec]]:
        """The rows of a table with the value of each cell; an empty table shows one empty row."""
        return [self._row(n, row) for n, row in enumerate(self.value or [{}])]

    @property
    def blank_row(self) -> list[FieldSpec]:
        """A row for the script to copy; ``__n__`` stands for its number."""
        return self._row("__n__", {})

    def _row(self, n: int | str, row: Mapping[str, Any]) -> list[FieldSpec]:
        return [
            replace(c, name=f"{self.name}-{n}-{c.name}", id=f"{self.id}-{n}-{c.name}", value=row.get(c.name, ""))
            for c in self.columns
        ]


_BY_WIDGET: list[tuple[type[forms.Widget], str]] = [
    (forms.PasswordInput, "password"),
    (forms.Textarea, "long-text"),
    (forms.CheckboxSelectMultiple, "checkboxes"),
    (forms.RadioSelect, "radio"),
    (forms.Select, "select"),
    (forms.CheckboxInput, "boolean"),
    (forms.FileInput, "file"),
    (forms.DateInput, "date"),
    (forms.NumberInput, "number"),
    (forms.EmailInput, "email"),
]


def from_bound(bound: BoundField, kind: str = "") -> FieldSpec:
    """The field of a Django form. Its type follows from the widget unless ``kind`` says otherwise."""
    source, widget = bound.field, bound.field.widget
    kind = kind or next((name for cls, name in _BY_WIDGET if isinstance(widget, cls)), "text")
    value = bound.value()
    options = [
        Option(str(v), str(label)) for v, label in getattr(widget, "choices", ()) if v != "" or kind not in ("radio", "checkboxes")
    ]
    return FieldSpec(
        name=bound.html_name, id=bound.id_for_label or bound.auto_id or "", label=str(bound.label), type=kind,
        value="" if value is None or kind in ("password", "file") else value if isinstance(value, list | tuple | bool) else str(value),
        help=str(bound.help_text), error=" ".join(str(e) for e in bound.errors), required=source.required, options=options,
        maxlength=getattr(source, "max_length", None), disabled=source.disabled,
        # A choice of nothing says what nothing means.
        placeholder=next((str(label) for v, label in getattr(widget, "choices", ()) if v == "" and kind == "select"), ""),
        multiple=bool(getattr(widget, "allow_multiple_selected", False)) and kind == "file",
        autocomplete=str(widget.attrs.get("autocomplete", "")), autofocus=bool(widget.attrs.get("autofocus")),
        extra={k: v for k, v in widget.attrs.items() if k not in ("autocomplete", "autofocus", "maxlength")},
    )  # fmt: skip
