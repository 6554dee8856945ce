"""The addresses of the interface."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_safe

from linli.api import base, catalogue, intake, parties, results, rosters, status, uploads, webhooks
from linli.api.base import api, only_known
from linli.api.reference import reference

__all__ = ["api", "intake", "status", "urlpatterns"]  # the last two register what they do with cases

for _router in (
    catalogue.router, parties.router, uploads.router, base.cases, rosters.router, results.router, results.public, webhooks.router,
):  # fmt: skip
    api.add_router("", _router)
for _router_bound in api._get_bound_routers():
    for _view in _router_bound.path_operations.values():
        for _operation in _view.operations:
            only_known(_operation)


@require_safe
def document(request: HttpRequest) -> JsonResponse:
    """The OpenAPI document."""
    return JsonResponse(api.get_openapi_schema(), json_dumps_params={"ensure_ascii": False})


app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("reference", reference, name="reference"),
    path("v1/openapi.json", document, name="openapi"),
    path("v1/", include(api.urls[0])),
]
