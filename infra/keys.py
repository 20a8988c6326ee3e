"""Keys: the deployment's own, kept in a file under the home, and each owner's, wrapped by it."""

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


@dataclass(frozen=True, slots=True)
class OwnerKey:
    """What seals an owner's personal values (AES-256-GCM) and digests what was said of them."""

    secret: bytes  # 64 bytes: 32 that seal, 32 that digest

    @classmethod
    def mint(cls) -> OwnerKey:
        return cls(secrets.token_bytes(64))

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Ciphertext with its nonce in front; `about` must be the same when it is opened."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.secret[:32]).encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Raises InvalidTag where the key or `about` is another, or the bytes were touched."""
        return AESGCM(self.secret[:32]).decrypt(sealed[:_NONCE], sealed[_NONCE:], about)

    def digest(self, contents: bytes) -> bytes:
        """Keyed BLAKE2b, a MAC as HMAC is and twice as fast; 32 bytes."""
        return hashlib.blake2b(contents, key=self.secret[32:], digest_size=32).digest()


@dataclass(frozen=True)
class Secrets:
    """What never lives in the database: master keys, the alias key, the roles' passwords."""

    master: str
    masters: dict[str, bytes]
    index: bytes
    passwords: dict[str, str]

    @classmethod
    def load(cls, home: Path) -> Secrets:
        """Reads `home/secrets.json` (mode 0600); makes it where there is none."""
        path = home / "secrets.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            pass
        made = cls(
            master="m1",
            masters={"m1": secrets.token_bytes(32)},
            index=secrets.token_bytes(32),
            passwords={role: secrets.token_urlsafe(24) for role in ROLES},
        )
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(made))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where another process was first: theirs holds
        except FileExistsError:
            return cls.load(home)
        finally:
            draft.unlink()
        return made

    @property
    def fingerprint(self) -> str:
        """Tells these secrets from others without telling them."""
        return self.alias("").hex()[:16]

    def wrap(self, owner: str, key: OwnerKey) -> bytes:
        nonce = os.urandom(_NONCE)
        aead = AESGCM(self.masters[self.master])
        return nonce + aead.encrypt(nonce, key.secret, owner.encode())

    def unwrap(self, owner: str, master: str, wrapped: bytes) -> OwnerKey:
        """Raises KeyError for a master key that is not here, InvalidTag for a wrong one."""
        aead = AESGCM(self.masters[master])
        return OwnerKey(aead.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], owner.encode()))

    def alias(self, external: str) -> bytes:
        """The digest that an external id, `namespace:id`, is found by."""
        return hmac.digest(self.index, external.encode(), hashlib.sha256)


__all__ = ["ROLES", "InvalidTag", "OwnerKey", "Secrets"]
