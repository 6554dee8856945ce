"""The form every face builds on: errors in our words, a summary that links to each field, and room for a command's errors."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _

from linli.kernel.errors import Invalid, LinliError
from linli.kernel.text import joined
from linli.web.ui.fields import FieldSpec, from_bound


class Form(forms.Form):
    """A form whose fields ``<c-field>`` can show. ``kinds`` names the type of a field where the widget does not tell it."""

    kinds: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, source in self.fields.items():
            source.label = source.label or name
            choose = isinstance(source, forms.ChoiceField | forms.FileField)
            sentence = _("请选择%(label)s。") if choose else _("请填写%(label)s。")
            if source.error_messages["required"] == forms.Field.default_error_messages["required"]:
                source.error_messages["required"] = sentence % {"label": source.label}

    def spec(self, name: str) -> FieldSpec:
        """One field as ``<c-field :spec>`` takes it."""
        return from_bound(self[name], self.kinds.get(name, ""))

    @property
    def specs(self) -> list[FieldSpec]:
        """All fields in order; in a template ``{% for spec in form.specs %}``."""
        return [self.spec(name) for name in self.fields]

    @property
    def field_specs(self) -> dict[str, FieldSpec]:
        """The fields by name; in a template ``form.field_specs.name``."""
        return {name: self.spec(name) for name in self.fields}

    @property
    def problems(self) -> list[tuple[str, str]]:
        """For ``<c-error-summary>``: the id of the control (empty for the whole form) and the sentence."""
        found = []
        for name, messages in self.errors.items():
            target = self.spec(name).id if name in self.fields else ""
            found += [(target, str(m)) for m in messages]
        return found

    def add_problem(self, error: LinliError) -> None:
        """Show an error that a command raised at the field it names, or above the form."""
        for one in error.errors if isinstance(error, Invalid) else [error]:
            sentences = [one.message] + ([one.what_to_do] if one.what_to_do else [])
            self.add_error(one.field if one.field in self.fields else None, joined(sentences, _))
