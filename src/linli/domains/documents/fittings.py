"""What the room takes from this installation: its press, its seal key, its address; and a document as a sheet."""

from __future__ import annotations

import threading
from datetime import date
from functools import lru_cache
from typing import Any

from cryptography import x509
from django.conf import settings

from linli.domains.documents.codes import spaced
from linli.domains.documents.engine import Press, SealImage, Sheet, template_digest
from linli.domains.documents.errors import TemplateChanged
from linli.domains.documents.models import Document, Seal
from linli.domains.documents.papers import MODELS, Paper
from linli.domains.documents.rules import PaperKind
from linli.domains.documents.signing import Signer
from linli.kernel.calendar import local_date
from linli.kernel.pki import Credential, DemoAuthority
from linli.kernel.text import Message

_lock = threading.Lock()


def press() -> Press:
    """The press of this process. A site puts its licensed fonts into ``<data>/fonts``."""
    with _lock:
        return _press()


@lru_cache(maxsize=1)
def _press() -> Press:
    data = settings.ENV.data
    return Press(local_fonts=data / "fonts", cache=data / "cache" / "fonts")


def signer() -> Signer:
    """Who signs for the seals of this installation."""
    with _lock:
        return _signer()


@lru_cache(maxsize=1)
def _signer() -> Signer:
    return Signer(_authority().seal())


def credential() -> Credential:
    """The key that signs what is not a PDF."""
    with _lock:
        return _authority().seal()


@lru_cache(maxsize=1)
def _authority() -> DemoAuthority:
    return DemoAuthority(settings.ENV.data / "secrets" / "pki")


def trusted_roots() -> list[x509.Certificate]:
    """The roots to which a seal's certificate must lead."""
    with _lock:
        return _roots()


@lru_cache(maxsize=1)
def _roots() -> list[x509.Certificate]:
    return [_authority().root.certificate]


def verification_url(code: str) -> str:
    """The address in the QR code."""
    return f"{settings.ENV.public_url}/verify/{code}"


def paper_of(document: Document) -> tuple[Paper, dict[str, Any]]:
    """The paper of a document and who issued it."""
    data = document.data.open_json()
    return MODELS[PaperKind(document.kind)].model_validate(data["paper"]), data["issuer"]


def sheet_of(document: Document, *, seal: Seal | None = None, mark: str = "") -> Sheet:
    """A document as it goes into the press. Raises :class:`TemplateChanged` if its template is not the one it was
    composed with."""
    kind = PaperKind(document.kind)
    if template_digest(kind, document.template_version) != bytes(document.template_digest):
        raise TemplateChanged(kind=Message(kind.label), version=document.template_version)
    paper, issuer = paper_of(document)
    return Sheet(
        paper=paper, issuer=issuer["name"], made_on=local_date(document.made_at), number=document.number,
        code=spaced(document.code), url=verification_url(document.code), seal=image_of(seal) if seal else None, mark=mark,
        demo=seal.demo if seal else False,
    )  # fmt: skip


def image_of(seal: Seal) -> SealImage:
    return SealImage(name=seal.name, purpose=seal.purpose, code=seal.code, diameter=seal.diameter, star=seal.star)


def loose_sheet(paper: Paper, *, issuer: str, on: date, mark: str = "", foot: str = "") -> Sheet:
    """A paper that is not a document: a guide, or a specimen."""
    return Sheet(paper=paper, issuer=issuer, made_on=on, mark=mark, foot=foot)
