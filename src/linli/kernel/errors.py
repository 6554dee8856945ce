"""Expected errors: each has a stable code, a sentence that says what happened and one that says what to do next.

A face turns them into a form message or a page, the API into a 4xx problem document. Anything that is not a
:class:`LinliError` is a bug.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from linli.kernel.text import Message, noop


class Kind(StrEnum):
    """What sort of trouble it is; faces map it to a status."""

    INVALID = "invalid"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"


class LinliError(Exception):
    """An expected error. Subclasses give ``code``, ``template`` and ``remedy``; ``params`` fill both sentences.

    ``field`` names the form field at fault, where there is one.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind] = Kind.INVALID
    template: ClassVar[str]
    remedy: ClassVar[str] = ""

    def __init__(self, *, field: str | None = None, **params: object) -> None:
        self.field = field
        self.params = params
        super().__init__(str(self.message))

    @property
    def message(self) -> Message:
        """What happened."""
        return Message(self.template, self.params)

    @property
    def what_to_do(self) -> Message | None:
        """What the reader can do next, if there is something to say."""
        return Message(self.remedy, self.params) if self.remedy else None

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.field, self.params))


def _rebuild(cls: type[LinliError], field: str | None, params: dict[str, object]) -> LinliError:
    return cls(field=field, **params)


class Invalid(LinliError):
    """Several fields are wrong at once: carries one error per field, so that a form can show them all."""

    code = "invalid"
    template = noop("有 %(count)s 处需要修改。")
    remedy = noop("请按提示修改后再提交，已填写的内容都还在。")

    def __init__(self, errors: list[LinliError]) -> None:
        self.errors = errors
        super().__init__(count=len(errors))

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.errors,))


class NotAllowed(LinliError):
    """The actor's post does not carry the permission."""

    code = "not_allowed"
    kind = Kind.NOT_ALLOWED
    template = noop("当前岗位没有这项权限：%(permission)s。")
    remedy = noop("如工作需要，请联系本单位管理员调整岗位。")


class NotFound(LinliError):
    """There is no such thing, or not for this actor; both look the same on purpose."""

    code = "not_found"
    kind = Kind.NOT_FOUND
    template = noop("没有找到%(what)s。")
    remedy = noop("请核对编号；如果是别的单位经办的事项，请到经办单位查询。")
