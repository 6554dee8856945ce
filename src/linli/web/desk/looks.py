"""The answer to somebody who looks at what a department said, where it is masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from linli.domains.exchange.queries import Shared
from linli.web.http import StaffRequest


def show_shared_whole(
    request: StaffRequest, field: str, shared: Mapping[str, Shared], value: str, page: str, context: Mapping[str, Any]
) -> HttpResponse:
    """In its place, covered again after a while; without a script on a page of its own. ``field`` is ``material.field``."""
    material, _dot, name = field.partition(".")
    line = next(line for line in shared[material].lines if line.name == name)
    shown = {"id": f"shared-{material}-{name}", "value": value, "masked": line.value}
    return render(request, "ui/_revealed.html", shown) if request.htmx else render(request, page, {**context, **shown})
