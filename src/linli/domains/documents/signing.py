"""Signing a PDF with a seal's certificate (PAdES B-B, B-T with a time stamp authority), and checking a signed one.

GB/T 38540-2020 seals (SM2) are made by the seal service of the government, never here (``docs/security.md`` 6): that
service takes the place of :class:`Signer` behind the same two calls. What ships is a demonstration seal, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import Any

from asgiref.sync import async_to_sync
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from linli.domains.documents.errors import SigningFailed
from linli.kernel.pki import Credential

FIELD = "LinliSeal"
_RESERVED = 16_384  # hexadecimal digits for the signature and its certificates
_RESERVED_WITH_STAMP = 32_768


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, by which a seal names it."""
    return certificate.fingerprint(hashes.SHA256()).hex()


class _Dated(signers.PdfSigner):  # type: ignore[misc]
    """Signs as of a given moment, so that the time in the file is the time of the record."""

    at: datetime

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session


class _Untouched(IncrementalPdfFileWriter):  # type: ignore[misc]
    """Adds the signature and leaves the metadata as they are, with their claim of PDF/A and their date."""

    def _update_meta(self) -> None:
        return


@dataclass(frozen=True, slots=True)
class _Cast:
    """A signature's structure, cut where the next one differs: around the digest of what is signed, and around the signature."""

    whole: tuple[bytes, bytes, bytes]
    attributes: tuple[bytes, bytes]

    @classmethod
    def of(cls, made: cms.ContentInfo, digest: bytes) -> _Cast | None:
        """None where the places cannot be told for certain."""
        signer = made["content"]["signer_infos"][0]
        whole, attributes, signature = made.dump(), signer["signed_attrs"].untag().dump(), signer["signature"].native
        if [whole.count(part) for part in (digest, signature)] != [1, 1] or attributes.count(digest) != 1:
            return None
        before, rest = whole.split(digest)
        between, after = rest.split(signature)
        head, tail = attributes.split(digest)
        return cls((before, between, after), (head, tail))

    def signed(self, digest: bytes, key: RSAPrivateKey) -> cms.ContentInfo:
        before, between, after = self.whole
        signature = key.sign(digest.join(self.attributes), padding.PKCS1v15(), hashes.SHA256())
        return cms.ContentInfo.load(before + digest + between + signature + after)


class _Key(signers.Signer):  # type: ignore[misc]
    """Signs with a key that is loaded and checked once; the library's own signer does both for every signature."""

    def __init__(self, credential: Credential) -> None:
        store = SimpleCertificateStore()
        store.register_multiple(asn1(c) for c in credential.chain[1:])
        super().__init__(signing_cert=asn1(credential.certificate), cert_registry=store)
        self._key = credential.key
        self._cast: _Cast | None = None

    async def async_sign(self, data_digest: bytes, digest_algorithm: str, **how: Any) -> Any:
        """Two signatures differ in two places only, the digest of the paper and the signature over it. To put the structure together anew
        takes forty times as long as to sign, so it is done once and these are written into it."""
        if how.get("timestamper") or how.get("dry_run"):
            return await super().async_sign(data_digest, digest_algorithm, **how)
        if self._cast is None:
            made = await super().async_sign(data_digest, digest_algorithm, **how)
            self._cast = _Cast.of(made, data_digest)
            return made
        return self._cast.signed(data_digest, self._key)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != "sha256":
            raise ValueError(digest_algorithm)
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())


class Signer:
    """A credential ready to sign."""

    def __init__(self, credential: Credential) -> None:
        self.certificate = credential.certificate
        self._key = _Key(credential)

    def sign(self, pdf: bytes, *, name: str, reason: str, at: datetime, tsa_url: str = "") -> bytes:
        """The PDF with an added signature over all of it. Raises :class:`SigningFailed`."""
        meta = signers.PdfSignatureMetadata(
            field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, name=name, reason=reason
        )
        try:
            stamper = HTTPTimeStamper(tsa_url, timeout=20) if tsa_url else None
            pdf_signer = _Dated(meta, self._key, timestamper=stamper)
            pdf_signer.at = at.replace(microsecond=0)
            kept = _RESERVED_WITH_STAMP if tsa_url else _RESERVED
            # Not ``async_to_sync``, which starts two threads for each signature and takes longer than signing does.
            out = asyncio.run(pdf_signer.async_sign_pdf(_Untouched(BytesIO(pdf)), bytes_reserved=kept))
        except Exception as error:  # pyHanko, aiohttp and the key raise many kinds; each means that there is no signature
            raise SigningFailed(why=error) from error
        return bytes(out.getbuffer())


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """What the first signature of a file says of it."""

    intact: bool  # not one byte of the signed part was changed, and the signature is the certificate's
    trusted: bool  # the certificate leads to a root we trust and was in force
    whole_file: bool  # nothing was added afterwards
    signer: str
    signed_at: datetime | None


NOT_SIGNED = SignatureCheck(intact=False, trusted=False, whole_file=False, signer="", signed_at=None)


def check_signature(pdf: bytes, *, roots: Sequence[x509.Certificate], now: datetime) -> SignatureCheck:
    """Check the first signature of a PDF. A file without one, or that cannot be read, is not intact."""
    try:
        signature = next(iter(PdfFileReader(BytesIO(pdf), strict=False).embedded_signatures), None)
        if signature is None:
            return NOT_SIGNED
        named = signature.self_reported_timestamp
        # A certificate that has run out since does not make an old paper worthless: it is judged as of its signing.
        moment = min(now, named) if named else now
        context = ValidationContext(
            trust_roots=[asn1(r) for r in roots], moment=moment, allow_fetching=False, revocation_mode="soft-fail"
        )
        status = async_to_sync(async_validate_pdf_signature)(signature, context)
    except Exception:  # a malformed file raises whatever it can; none of that is a signature that holds
        return NOT_SIGNED
    return SignatureCheck(
        intact=bool(status.intact and status.valid),
        trusted=bool(status.trusted),
        whole_file=status.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        signer=str(status.signing_cert.subject.native.get("common_name", "")),
        signed_at=named.astimezone(UTC) if named else None,
    )


@lru_cache(maxsize=8)
def asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
