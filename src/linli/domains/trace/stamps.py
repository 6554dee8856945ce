"""Time stamps over the daily roots, always as RFC 3161 tokens: from an authority when one is set, else from this machine.

A local stamp shows that the root was not changed since; it cannot show that the clock was right, and says so by its
``stamped_by`` and by the name of its certificate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asgiref.sync import async_to_sync
from asn1crypto import cms, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.timestamps import DummyTimeStamper, TimeStamper
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from linli.kernel.errors import Kind, LinliError
from linli.kernel.pki import Credential
from linli.kernel.text import noop

LOCAL, TSA = "local", "tsa"


class StampRefused(LinliError):
    """The time stamp authority did not answer, or not with a stamp."""

    code = "trace.stamp_refused"
    kind = Kind.UNAVAILABLE
    template = noop("时间戳服务 %(url)s 没有给出时间戳：%(why)s")
    remedy = noop("请检查网络和 LINLI_TSA_URL；今日的根会在下次运行时补上。")


@dataclass(frozen=True, slots=True)
class Stamp:
    token: bytes
    by: str


@dataclass(frozen=True, slots=True)
class StampCheck:
    """What a token says: the moment it names, and whether signature, chain and content hold."""

    at: datetime
    intact: bool
    trusted: bool


def stamp(message: bytes, *, at: datetime, tsa_url: str, local: Credential) -> Stamp:
    """Have a message time-stamped (SHA-256). ``at`` is the moment a local stamp names.

    Raises :class:`StampRefused` when an authority is set and does not answer.
    """
    client: TimeStamper
    if tsa_url:
        client = HTTPTimeStamper(tsa_url, timeout=20)
    else:
        store = SimpleCertificateStore()
        store.register_multiple(_asn1(c) for c in local.chain[1:])
        private = local.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        client = DummyTimeStamper(
            _asn1(local.certificate), keys.PrivateKeyInfo.load(private), certs_to_embed=store, fixed_dt=at.replace(microsecond=0)
        )
    try:
        token = async_to_sync(client.async_timestamp)(hashlib.sha256(message).digest(), "sha256")
    except Exception as error:  # pyHanko and aiohttp raise many kinds; each means that there is no stamp
        raise StampRefused(url=tsa_url, why=error) from error
    return Stamp(token.dump(), TSA if tsa_url else LOCAL)


def check_stamp(token: bytes, message: bytes, *, roots: Sequence[x509.Certificate], now: datetime) -> StampCheck:
    """Check a token against the message and the trusted root certificates."""
    signed = cms.ContentInfo.load(token)["content"]
    named = signed["encap_content_info"]["content"].parsed["gen_time"].native
    context = ValidationContext(
        trust_roots=[_asn1(r) for r in roots], moment=min(now, named), allow_fetching=False, revocation_mode="soft-fail"
    )
    try:
        status = async_to_sync(validate_tst_signed_data)(
            signed, context, lambda algorithm: hashlib.new(algorithm, message).digest()
        )
    except Exception:  # a malformed token is a token that does not hold
        return StampCheck(named, intact=False, trusted=False)
    return StampCheck(named, intact=bool(status["valid"] and status["intact"]), trusted=status.get("trust_problem_indic") is None)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
