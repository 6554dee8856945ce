"""The interface as a whole: one NinjaAPI, its document, and how it answers when something is wrong."""

from __future__ import annotations

import json
import re
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI, Router, Schema
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from pydantic import ConfigDict

from linli.api import problems
from linli.api.problems import MEDIA_TYPE, BodyTooLarge, BodyUnreadable, NoSuchAddress, Problem
from linli.kernel.errors import LinliError
from linli.kernel.text import msg

VERSION = "1.0.0"


class Given(Schema):
    """What a caller sends: nothing that the contract does not name."""

    model_config = ConfigDict(extra="forbid")


# Characters that no text of a person has and no database keeps: the zero byte, and halves of a character.
_NO_TEXT = re.compile("[\\x00\\ud800-\\udfff]")


class _Parser(Parser):
    """JSON as it should be: UTF-8, numbers that are numbers, and text that is text."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = json.loads(request.body, parse_constant=_no_constant)
            return _text_only(body)
        except (ValueError, RecursionError):
            raise BodyUnreadable(why=msg("不是规范的 JSON")) from None

    def parse_querydict(self, data: Any, list_fields: list[str], request: HttpRequest) -> Any:
        """Fields of an address or a form; the file itself is looked at by whoever keeps it."""
        values = super().parse_querydict(data, list_fields, request)
        return {
            k: _text_only(v) if isinstance(v, str | list) and all(isinstance(x, str) for x in v) else v for k, v in values.items()
        }


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _text_only(value: Any) -> Any:
    if isinstance(value, str) and _NO_TEXT.search(value):
        raise BodyUnreadable(why=msg("含有无法保存的字符"))
    if isinstance(value, dict):
        for k, v in value.items():
            _text_only(k)
            _text_only(v)
    if isinstance(value, list):
        for v in value:
            _text_only(v)
    return value


_HEADERS = {
    "RateLimit": {"description": "What is left of this minute: `\"default\";r=299;t=12`.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The limit: `\"default\";q=300;w=60`.", "schema": {"type": "string"}},
    "Linli-Reference": {"description": "Quote it when you ask about a request.", "schema": {"type": "string"}},
}  # fmt: skip
_MEANINGS = {
    "400": "The request cannot be read.", "401": "No key, or none that is good.", "403": "The system is not admitted for this.",
    "404": "There is no such thing, or not for this system.", "405": "The address does not know this method.",
    "409": "In conflict with how things stand, or the key was used for another request.", "413": "Too large.",
    "422": "Something in the request must be changed; `errors` names each field.", "429": "Too many calls; `Retry-After` says when to go on.",
    "500": "A mistake of ours; it is safe to send again under the same key.", "503": "Not possible just now; safe to send again.",
}  # fmt: skip


class _Document(OpenAPISchema):
    """OpenAPI 3.1 with every answer an operation can give, problem documents included."""

    def operation_details(self, operation: Any) -> dict[str, Any]:
        details = super().operation_details(operation)
        details["summary"] = details.pop("description", "") or details["summary"]
        signed = bool(operation.auth_callbacks)
        if signed:
            details["security"] = [{"key": []}]
            details["x-scope"] = operation.auth_callbacks[0].scope.value
        for response in details["responses"].values():
            response["headers"] = dict(_HEADERS if signed else {"Linli-Reference": _HEADERS["Linli-Reference"]})
        for status in ["400", "404", "405", "413", "422", "429", "500", "503", *(["401", "403", "409"] if signed else [])]:
            details["responses"][int(status)] = {
                "description": _MEANINGS[status],
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        return details

    def get_components(self) -> dict[str, Any]:
        components = super().get_components()
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        components["schemas"] |= problem.pop("$defs") | {"Problem": problem}
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "The key that a bureau gave out, shown there once."}
        }
        return components


class Api(NinjaAPI):
    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None) -> OpenAPISchema:
        """The document. Statuses are texts, as JSON has them."""
        document = _Document(self, "/api/v1/" if path_prefix is None else path_prefix)
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"] = {str(k): v for k, v in operation["responses"].items()}
        return document

    def get_openapi_operation_id(self, operation: Any) -> str:
        return str(operation.view_func.__name__)


class _Renderer(JSONRenderer):
    """Chinese as it is written."""

    json_dumps_params = {"ensure_ascii": False}


api = Api(
    renderer=_Renderer(),
    title="Linli 邻里",
    version=VERSION,
    description="Service items, applications, their progress and results, for systems that a bureau has admitted. Times are ISO 8601 "
    "with offset, days are dates in China. Sentences for people are Chinese, or English with `Accept-Language: en`.",
    urls_namespace="api",
    docs_url=None,
    parser=_Parser(),
    openapi_url=None,
)

# An address has one router, whatever is done there: cases are brought, followed and corrected under the same.
cases = Router()


def only_known(operation: Operation) -> None:
    """Refuse parameters that an operation does not know: a misspelt filter would otherwise give a list of everything."""
    known = {
        field.alias or name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name, field in model.model_fields.items()
    }
    resolve = operation._get_values

    def checked(request: HttpRequest, *args: Any) -> Any:
        if unknown := sorted(set(request.GET) - known):
            raise ValidationError(
                [{"loc": ("query", name), "type": "extra_forbidden", "msg": "unknown parameter"} for name in unknown]
            )
        return resolve(request, *args)

    operation._get_values = checked  # type: ignore[method-assign, assignment]


@api.exception_handler(LinliError)
def _expected(request: HttpRequest, error: LinliError) -> HttpResponse:
    return problems.answer(request, error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.invalid(request, error.errors)


@api.exception_handler(Http404)
def _no_such(request: HttpRequest, error: Http404) -> HttpResponse:
    return problems.answer(request, NoSuchAddress())


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.answer(request, BodyTooLarge(most=5))


@api.exception_handler(HttpError)
@api.exception_handler(SuspiciousOperation)
@api.exception_handler(MultiPartParserError)
@api.exception_handler(UnreadablePostError)
def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.answer(request, BodyUnreadable(why=msg("内容不完整或格式不对")))


@api.exception_handler(Exception)
def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.unexpected(request, error)
