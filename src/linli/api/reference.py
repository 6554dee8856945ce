"""The reference page, made from the document itself: nothing on it can be older than the interface, and nothing comes from elsewhere."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_safe

from linli.api.base import api
from linli.api.problems import known_errors, status_of
from linli.domains.clients.queries import Scope

_GROUPS = {
    "catalogue": _lazy("事项和指南"), "parties": _lazy("申请人"), "intake": _lazy("提交和补正"), "rosters": _lazy("批量申报"), "status": _lazy("进度"),
    "results": _lazy("文书"), "verification": _lazy("核验文书"), "webhooks": _lazy("进度通知"),
}  # fmt: skip


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every address with what it takes and gives, and every error by its code."""
    document: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_line(path, method, operation))
    errors = [(e.code, _plain(e), status_of(e.__new__(e))) for e in known_errors()]
    context = {
        "groups": [(name, words, groups[name]) for name, words in _GROUPS.items() if name in groups], "errors": errors,
        "version": document["info"]["version"],
        "schemas": [(name, json.dumps(s, ensure_ascii=False, indent=2)) for name, s in sorted(document["components"]["schemas"].items())],
    }  # fmt: skip
    return render(request, "api/reference.html", context)


def _line(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    scope = operation.get("x-scope")
    body = operation.get("requestBody", {}).get("content", {})
    good = next(r for status, r in operation["responses"].items() if status < "4")
    return {
        "id": operation["operationId"], "method": method.upper(), "path": path, "summary": operation["summary"],
        "scope": _(Scope(scope).label) if scope else "", "code": scope or "",
        "parameters": [(p["name"], p["in"], p["required"], p.get("description", "")) for p in operation["parameters"]],
        "body": [(kind, _name(c["schema"])) for kind, c in body.items()],
        "status": next(s for s in operation["responses"] if s < "4"),
        "answer": [(kind, _name(c.get("schema", {}))) for kind, c in good.get("content", {}).items()],
    }  # fmt: skip


def _name(schema: dict[str, Any]) -> str:
    """The name of a schema that stands among the components; a list of them is named by its element."""
    inner = schema.get("items", schema)
    return str(inner.get("$ref", "")).rsplit("/", 1)[-1]


def _plain(error: Any) -> str:
    """The sentence of an error with its places left open."""
    return _(error.template).replace("%(", "{").replace(")s", "}").replace("%%", "%")
