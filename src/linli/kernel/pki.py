"""A certificate chain made at first start, for demonstration seals and local time stamps.

It proves that nothing was changed since signing; it does not prove who the bureau is. Every certificate says so in its
name. In production the seal service and time stamp authority of the government take its place.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_YEARS = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its key and the certificates above it, leaf first."""

    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]


@lru_cache(maxsize=16)
def _read(key_path: Path, cert_path: Path, written: int) -> Credential:
    """A key with its chain as it was written then; reading and checking an RSA key takes longer than signing with it."""
    key = serialization.load_pem_private_key(key_path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return Credential(key, tuple(x509.load_pem_x509_certificates(cert_path.read_bytes())))


class DemoAuthority:
    """Root, intermediate and leaves under ``folder``; each is made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def root(self) -> Credential:
        return self._get("root", "Linli 演示根证书（无法律效力）", None, 20)

    @property
    def intermediate(self) -> Credential:
        return self._get("intermediate", "Linli 演示签发证书（无法律效力）", self.root, 15)

    def seal(self) -> Credential:
        """The key of the demonstration seal."""
        return self._get("seal", "Linli 演示业务专用章（无法律效力）", self.intermediate, 5, leaf=True)

    def time_stamp(self) -> Credential:
        """The key of the local time stamps."""
        return self._get("time-stamp", "Linli 本机时间戳（演示，非可信时间源）", self.intermediate, 10, leaf=True, stamping=True)

    def _get(
        self, name: str, common_name: str, issuer: Credential | None, years: int, *, leaf: bool = False, stamping: bool = False
    ) -> Credential:
        key_path, cert_path = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        if not cert_path.exists():
            with self._alone():
                if not cert_path.exists():
                    self._make(key_path, cert_path, common_name, issuer, years, leaf=leaf, stamping=stamping)
        return _read(key_path, cert_path, cert_path.stat().st_mtime_ns)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Page server and worker may ask for the first certificate at the same moment; only one of them makes it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self.folder / "lock", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _make(
        self,
        key_path: Path,
        cert_path: Path,
        common_name: str,
        issuer: Credential | None,
        years: int,
        *,
        leaf: bool,
        stamping: bool,
    ) -> None:
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Linli demonstration"),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
        now = datetime.now(UTC)
        signer = issuer or Credential(key, ())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))  # a demonstration may play days of the past year
            .not_valid_after(now + _YEARS * years)
            .add_extension(x509.BasicConstraints(ca=not leaf, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=leaf, content_commitment=leaf and not stamping, key_cert_sign=not leaf, crl_sign=not leaf,
                    key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
                ),
                critical=True,
            )
        )  # fmt: skip
        if stamping:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        certificate = builder.sign(signer.key, hashes.SHA256())
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        with os.fdopen(os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(private)
        cert_path.write_bytes(b"".join(c.public_bytes(pem) for c in (certificate, *signer.chain)))
