"""What is wrong with a document, in the reader's words: the validator speaks English and says only what it expected."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from linli.kernel.text import Message, msg


def problems(error: ValidationError) -> list[tuple[tuple[str, ...], Message]]:
    """Every problem of a document: where it is, as the steps to it, and the sentence that says so."""
    found: dict[tuple[str, ...], Message] = {}
    for detail in error.errors():
        place = tuple(str(step) for step in detail["loc"])
        found.setdefault(place, _why(detail["type"], detail.get("ctx") or {}, detail["msg"]))
    return list(found.items())


def _why(kind: str, about: dict[str, Any], otherwise: str) -> Message:
    match kind:
        case "missing" | "string_too_short" | "too_short":
            return msg("不能为空")
        case "string_too_long":
            return msg("最多 %(n)s 个字", n=about.get("max_length"))
        case "int_parsing" | "int_type" | "int_from_float":
            return msg("应填整数")
        case "greater_than_equal":
            return msg("不能小于 %(n)s", n=about.get("ge"))
        case "less_than_equal":
            return msg("不能大于 %(n)s", n=about.get("le"))
        case "enum" | "literal_error":
            return msg("不在可选范围内")
        case "bool_parsing" | "bool_type":
            return msg("应填“是”或“否”")
        case "string_pattern_mismatch":
            return msg("只能用小写字母、数字和连接号，以字母或数字开头")
        case "extra_forbidden":
            return msg("没有这一项，请核对名称")
        case "value_error":
            return Message(str(about.get("error", otherwise)))
        case _:
            return msg("格式不对")
