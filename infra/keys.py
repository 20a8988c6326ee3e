"""Keys: the deployment's secrets, in a file of the home, and owners' keys, wrapped with them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
ROLES = ("door", "projector", "reader", "analyst")
"""The roles of the database, each with a password of its own."""


@dataclass(frozen=True, slots=True)
class OwnerKey:
    """The key of one owner: it seals personal values (AES-256-GCM) and digests contents."""

    secret: bytes  # 64 bytes: 32 that seal, 32 that digest

    @classmethod
    def mint(cls) -> OwnerKey:
        return cls(secrets.token_bytes(64))

    def seal(self, plain: bytes, associated_data: bytes) -> bytes:
        """A nonce and the ciphertext. To open it takes the same associated data."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.secret[:32]).encrypt(nonce, plain, associated_data)

    def open(self, sealed: bytes, associated_data: bytes) -> bytes:
        """The plain bytes. Raises InvalidTag for another key, other associated data, or changed
        bytes."""
        return AESGCM(self.secret[:32]).decrypt(sealed[:_NONCE], sealed[_NONCE:], associated_data)

    def digest(self, contents: bytes) -> bytes:
        """Keyed BLAKE2b, 32 bytes: a MAC as HMAC is, and twice as fast."""
        return hashlib.blake2b(contents, key=self.secret[32:], digest_size=32).digest()


@dataclass(frozen=True)
class Secrets:
    """Secrets that are never in the database.

    `masters` are the master keys by name, of which `master` wraps new owners' keys. `index` is
    the key of external ids, and `passwords` are those of the database's roles.
    """

    master: str
    masters: dict[str, bytes]
    index: bytes
    passwords: dict[str, str]

    @classmethod
    def load(cls, home: Path) -> Secrets:
        """Read `home/secrets.json` (mode 0600), or create it with new secrets."""
        path = home / "secrets.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            pass
        new = cls(
            master="m1",
            masters={"m1": secrets.token_bytes(32)},
            index=secrets.token_bytes(32),
            passwords={role: secrets.token_urlsafe(24) for role in ROLES},
        )
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(new))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where another process has created it meanwhile
        except FileExistsError:
            return cls.load(home)
        finally:
            draft.unlink()
        return new

    @property
    def fingerprint(self) -> str:
        """16 hex digits that identify these secrets without revealing them."""
        return self.alias("").hex()[:16]

    def wrap(self, owner: str, key: OwnerKey) -> bytes:
        """The owner's key, encrypted with the current master key."""
        nonce = os.urandom(_NONCE)
        aead = AESGCM(self.masters[self.master])
        return nonce + aead.encrypt(nonce, key.secret, owner.encode())

    def unwrap(self, owner: str, master: str, wrapped: bytes) -> OwnerKey:
        """The owner's key. Raises KeyError without the master key, InvalidTag for a wrong one."""
        aead = AESGCM(self.masters[master])
        return OwnerKey(aead.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], owner.encode()))

    def alias(self, external: str) -> bytes:
        """The HMAC by which an external id, `namespace:id`, is looked up."""
        return hmac.digest(self.index, external.encode(), hashlib.sha256)


__all__ = ["ROLES", "InvalidTag", "OwnerKey", "Secrets"]
