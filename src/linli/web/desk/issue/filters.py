"""What a list is filtered by, as sentences that can be taken away one by one."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from linli.web.ui.forms import Form


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
