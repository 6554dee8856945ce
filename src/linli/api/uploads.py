"""Files on their way into a case: checked and kept at once, and named to the caller by a token that only this system can use."""

from __future__ import annotations

from datetime import timedelta
from typing import BinaryIO, cast
from uuid import UUID

from django.core import signing
from ninja import File, Router, Schema, Status, UploadedFile

from linli.api.guard import ApiRequest, Needs, OnceKey, once, who
from linli.api.problems import UploadUnknown
from linli.domains.clients.commands import note_upload
from linli.domains.clients.queries import Scope
from linli.domains.documents.commands import StoredFileRef, store_file
from linli.kernel.actors import Actor

router = Router(tags=["intake"], auth=Needs(Scope.INTAKE))
_SALT = "linli.api.uploads"
_GOOD_FOR = timedelta(days=1)


class Upload(Schema):
    """A file that was checked and kept. `file` names it in a case, within a day."""

    file: str
    name: str
    content_type: str
    size: int
    sm3: str


@router.post("/files", response={201: Upload})
def upload_file(request: ApiRequest, file: File[UploadedFile], key: OnceKey) -> object:
    """Hand in a file: pictures, PDF, Word, Excel or text. Its content is looked at, not its name; what can do harm is refused."""
    once(request, key)  # the same content is kept once and named alike, with or without a key
    ref = store_file(content=cast("BinaryIO", file), declared_name=file.name or "", by=who(request), now=request.now)
    note_upload(file_id=ref.id, by=who(request), now=request.now)
    token = signing.dumps([str(who(request).client_id), str(ref.id), ref.name, ref.content_type, ref.size, ref.digest], salt=_SALT)
    return Status(201, Upload(file=token, name=ref.name, content_type=ref.content_type, size=ref.size, sm3=ref.digest))


def uploaded(token: str, *, by: Actor, field: str = "files") -> tuple[StoredFileRef, str]:
    """The file behind a token, with the name it had. Raises :class:`UploadUnknown`."""
    try:
        client_id, file_id, name, content_type, size, digest = signing.loads(token, salt=_SALT, max_age=_GOOD_FOR)
    except signing.BadSignature:
        raise UploadUnknown(field=field) from None
    if client_id != str(by.client_id):
        raise UploadUnknown(field=field)
    return StoredFileRef(UUID(file_id), name, content_type, size, digest), name
