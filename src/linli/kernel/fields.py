"""Model fields for what must not lie open in the table."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.contrib.postgres.search import SearchQuery
from django.db import models

from linli.kernel.crypto import KeyRing
from linli.kernel.identifiers import compact


def keyring() -> KeyRing:
    """The key ring of this installation."""
    return settings.LINLI_KEYRING


def blind(value: str, *, context: str) -> bytes:
    """The blind index of a number, spelling differences removed. The same context must be used to store and to look up."""
    return keyring().blind_index(compact(value), context=context)


class Sealed:
    """An encrypted value that is opened only when asked, and never shows itself by accident."""

    __slots__ = ("_cipher", "_context")

    def __init__(self, cipher: bytes, context: str) -> None:
        self._cipher, self._context = cipher, context

    def open(self) -> str:
        """The plain text. Raises :class:`~linli.kernel.crypto.CannotDecrypt`."""
        return keyring().decrypt(self._cipher, context=self._context).decode()

    def open_json(self) -> Any:
        return json.loads(self.open())

    @property
    def cipher(self) -> bytes:
        return self._cipher

    def __str__(self) -> str:
        return "******"

    __repr__ = __str__


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """Text (or a JSON value) encrypted in the column; reading it gives a :class:`Sealed`.

    The ciphertext is bound to table and column; a column into which the database copies ciphertexts of another names that one
    (``sealed_as="table.column"``). Empty text is stored as such and means that nothing is known.
    """

    def __init__(self, *args: Any, sealed_as: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)
        self.sealed_as = sealed_as

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, **({"sealed_as": self.sealed_as} if self.sealed_as else {})}

    @property
    def context(self) -> str:
        return self.sealed_as or f"{self.model._meta.db_table}.{self.column}"

    def seal(self, value: Any) -> Sealed | None:
        """Encrypt a plain value for this column."""
        if value is None or isinstance(value, Sealed):
            return value
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return Sealed(keyring().encrypt(text.encode(), context=self.context), self.context)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(bytes(value), self.context)

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> bytes | None:
        sealed = self.seal(value)
        return None if sealed is None else sealed.cipher

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        raw = value if prepared else self.get_prep_value(value)
        return None if raw is None else connection.Database.Binary(raw)

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        sealed = self.seal(getattr(instance, self.attname))
        setattr(instance, self.attname, sealed)
        return sealed

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError("sealed fields are not serialised")


@models.CharField.register_lookup
@models.ForeignKey.register_lookup
@models.UUIDField.register_lookup
class OneOf(models.Lookup):
    """``pk__one_of=ids``: one value however many. ``__in`` makes a placeholder of each; thousands of them cost more than the query."""

    lookup_name = "one_of"

    def get_prep_lookup(self) -> Any:
        return list(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, params = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s)", [*params, self.rhs]


class TokenQuery(SearchQuery):
    """A ``tsquery`` literal made by :mod:`linli.kernel.search`, taken as it is: no parser and no dictionary touches it."""

    def __init__(self, literal: str) -> None:
        super().__init__(literal, search_type="raw")

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **kwargs: Any) -> Any:
        return "%s::tsquery", [self.get_source_expressions()[-1].value]
