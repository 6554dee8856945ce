"""Digests, encryption of fields and files, and the keys for both.

Two suites stand side by side (``docs/security.md`` CR-01): ``sm`` (SM3, SM4-GCM) and ``intl`` (SHA-256, AES-256-GCM).
Every ciphertext names its suite and its key, so both can be mixed and a key can be rotated without touching old rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop

_NONCE, _TAG = 12, 16
_HEAD = struct.Struct(">BH")  # suite, key number


class CannotDecrypt(LinliError):
    """The ciphertext was changed, belongs to another place, or its key is not in the ring."""

    code = "crypto.cannot_decrypt"
    kind = Kind.UNAVAILABLE
    template = noop("加密数据无法解开（%(context)s，密钥 %(key)s）。")
    remedy = noop("请运行 linli doctor 检查密钥环；数据没有丢失。")


class KeyRingWrong(LinliError):
    code = "crypto.key_ring"
    kind = Kind.UNAVAILABLE
    template = noop("密钥环文件 %(path)s 无法使用：%(why)s")
    remedy = noop("请从密钥备份恢复该文件；没有它，已加密的数据读不出来。")


def sm3(*parts: bytes) -> bytes:
    """SM3 digest (GM/T 0004, GB/T 32905) of the parts one after the other, 32 bytes."""
    digest = hashes.Hash(_SM3)
    digest.update(b"".join(parts))
    return digest.finalize()


_SM3 = hashes.SM3()


def sm3_hmac(key: bytes, *parts: bytes) -> bytes:
    """HMAC with SM3, 32 bytes."""
    mac = HMAC(key, hashes.SM3())
    for part in parts:
        mac.update(part)
    return mac.finalize()


class Suite(IntEnum):
    """How a ciphertext was made; the number is its first byte."""

    SM4_GCM = 1
    AES256_GCM = 2

    @property
    def key_bytes(self) -> int:
        return 16 if self is Suite.SM4_GCM else 32

    def cipher(self, key: bytes) -> algorithms.SM4 | algorithms.AES256:
        return algorithms.SM4(key) if self is Suite.SM4_GCM else algorithms.AES256(key)


@dataclass(frozen=True, slots=True)
class Key:
    number: int
    suite: Suite
    secret: bytes = field(repr=False)
    made_at: str = ""


class KeyRing:
    """Field keys by number, the one in use for new ciphertexts, and the secret of the blind index.

    In production the file is what a key service or cipher machine hands out; here it is a 0600 file made at first start.
    """

    def __init__(self, keys: dict[int, Key], active: int, index_secret: bytes, path: Path | None = None) -> None:
        self.keys, self.active, self._index, self._path = keys, active, index_secret, path

    @classmethod
    def generate(cls, suite: Suite = Suite.SM4_GCM) -> KeyRing:
        """A new ring with one key."""
        ring = cls({}, 0, os.urandom(32))
        ring.rotate(suite)
        return ring

    def rotate(self, suite: Suite = Suite.SM4_GCM) -> Key:
        """Add a key and use it for everything new; old ciphertexts stay readable."""
        number = max(self.keys, default=0) + 1
        key = Key(number, suite, os.urandom(suite.key_bytes), datetime.now(UTC).isoformat(timespec="seconds"))
        self.keys[number] = key
        self.active = number
        return key

    def fingerprints(self) -> dict[str, str]:
        """What tells these secrets from others without giving them away, for asking whether a backup can be read here."""
        secrets = {str(k.number): k.secret for k in self.keys.values()} | {"index": self._index}
        return {name: hashlib.sha256(b"linli fingerprint " + secret).hexdigest()[:32] for name, secret in secrets.items()}

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a ring. Raises :class:`KeyRingWrong` when the file is missing or damaged."""
        try:
            raw = json.loads(path.read_text())
            keys = {
                int(n): Key(int(n), Suite(k["suite"]), b64decode(k["secret"], validate=True), k["made_at"])
                for n, k in raw["keys"].items()
            }
            active, index = int(raw["active"]), b64decode(raw["index"], validate=True)
            if active not in keys or len(index) < 16 or any(len(k.secret) != k.suite.key_bytes for k in keys.values()):
                raise ValueError("key length")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeyRingWrong(path=path, why=error) from error
        return cls(keys, active, index, path)

    def save(self, path: Path) -> None:
        """Write the ring so that only its owner can read it; an interrupted write leaves the old file."""
        raw = {
            "active": self.active,
            "index": b64encode(self._index).decode(),
            "keys": {
                str(k.number): {"suite": int(k.suite), "secret": b64encode(k.secret).decode(), "made_at": k.made_at}
                for k in self.keys.values()
            },
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(raw, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)

    @classmethod
    def load_or_create(cls, path: Path, suite: Suite = Suite.SM4_GCM) -> KeyRing:
        """The ring at ``path``; made at first start, when there is none yet."""
        if not path.exists():
            cls.generate(suite).save(path)
        return cls.load(path)

    def encrypt(self, plain: bytes, *, context: str) -> bytes:
        """Encrypt under the active key. ``context`` (table and column, say) is authenticated, so that a ciphertext
        moved elsewhere does not open."""
        key = self.keys[self.active]
        nonce = os.urandom(_NONCE)
        enc = Cipher(key.suite.cipher(key.secret), modes.GCM(nonce)).encryptor()
        head = _HEAD.pack(key.suite, key.number)
        enc.authenticate_additional_data(head + context.encode())
        body = enc.update(plain) + enc.finalize()
        return head + nonce + enc.tag + body

    def decrypt(self, sealed: bytes, *, context: str) -> bytes:
        """Open a ciphertext. Raises :class:`CannotDecrypt` if anything about it or its place was changed."""
        number = 0
        try:
            suite, number = _HEAD.unpack_from(sealed)
            if number not in self.keys and self._path:  # rotated since this process read the ring
                self.keys |= KeyRing.load(self._path).keys
            key = self.keys[number]
            nonce, tag = sealed[_HEAD.size : _HEAD.size + _NONCE], sealed[_HEAD.size + _NONCE : _HEAD.size + _NONCE + _TAG]
            dec = Cipher(Suite(suite).cipher(key.secret), modes.GCM(nonce, tag)).decryptor()
            dec.authenticate_additional_data(sealed[: _HEAD.size] + context.encode())
            return dec.update(sealed[_HEAD.size + _NONCE + _TAG :]) + dec.finalize()
        except (InvalidTag, KeyError, ValueError, struct.error) as error:
            raise CannotDecrypt(context=context, key=number) from error

    def blind_index(self, value: str, *, context: str) -> bytes:
        """A keyed digest by which equal values can be found without being read, 32 bytes."""
        return sm3_hmac(self._index, context.encode(), b"\0", value.encode())

    @staticmethod
    def key_number(sealed: bytes) -> int:
        """Which key a ciphertext needs."""
        return int(_HEAD.unpack_from(sealed)[1])
