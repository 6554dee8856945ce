"""What a list is filtered by, as sentences that can be taken away one by one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from linli.web.ui.forms import Form


class NumberField(forms.RegexField):
    """A case number or its tail. The number of a person's document is refused, by the browser already: what is filtered by
    stands in the address, where such a number must not."""

    def __init__(self, **more: Any) -> None:
        pattern = "[0-9A-Za-z]{4,14}|[0-9A-Za-z]{22}"
        said = lazy("请输入办件编号，或编号的后 4 到 14 位；不能用证件号码查找。")
        widget = forms.TextInput({"pattern": pattern, "title": said})
        super().__init__(rf"^\s*({pattern})\s*$", required=False, widget=widget, error_messages={"invalid": said}, **more)


def chips_of(form: Form, request: HttpRequest) -> list[tuple[str, str]]:
    """For each filter in use a sentence and the address without it."""
    chips = []
    for name in form.fields:
        spec = form.spec(name)
        if not spec.value:
            continue
        shown = next((o.label for o in spec.options if o.value == spec.value), spec.value)
        rest = request.GET.copy()
        for gone in (name, "before", "after"):
            rest.pop(gone, None)
        chips.append((_("%(label)s：%(value)s") % {"label": spec.label, "value": shown}, f"?{rest.urlencode()}"))
    return chips
