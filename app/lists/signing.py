"""Signing keys: a file of this machine, and the public ones, kept for ever in the log.

The file is made on first start. A public key enters the log with the first edition that it signs, or when it takes
the place of another, which then signs it. The last in the log is the one in use; the others are retired.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from app.db import fetch
from app.errors import Conflict, Invalid, Unavailable
from app.lists.composing import endorsed
from app.settings import Settings
from app.versions.queries import moment

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = "signing-key.pem"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key in hand. ``id``: SHA-256 of the raw public key; both hexadecimal."""

    id: str
    public: str
    private: Ed25519PrivateKey = field(compare=False, repr=False)

    def sign(self, message: bytes) -> str:
        return self.private.sign(message).hex()


def key_id(public: str) -> str:
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()


def is_signed(public: str, signature: str, message: bytes) -> bool:
    """Whether the signature over the message is of this key; false for what is no key or signature at all."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- the file -------------------------------------------------------------------------------------------


def path_of(settings: Settings) -> Path:
    return Path(settings.signing_key) if settings.signing_key else settings.data_dir / FILE


def ensure(settings: Settings) -> Path:
    """The key's file; made where there is none and no other place was named. Two that start at once make one.

    Raises Unavailable where the place that the setting names holds none: another key in its stead would be a
    surprise to everybody who trusts the first.
    """
    path = path_of(settings)
    if path.exists():
        return path
    if settings.signing_key:
        raise Unavailable(
            f"QINGDAN_SIGNING_KEY 指明的签名密钥文件 {path} 不存在；请放好密钥文件，或清空这个设置由系统生成。",
            code="no-signing-key",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    half = write_new(path)
    try:
        os.link(half, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        half.unlink()
    return path


def write_new(path: Path) -> Path:
    """A new private key beside the place it is for, readable by nobody else. Returns where it was written."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    body = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(body)
        stream.flush()
        os.fsync(stream.fileno())
    return half


def load(path: Path) -> Signer:
    """Raises Unavailable where there is no key, Invalid where others may read it or it is no Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    try:
        mode, body = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise Unavailable(f"读不到签名密钥文件 {path}：{error.strerror}。", code="no-signing-key") from error
    if mode & stat.S_IROTH:
        raise Invalid(
            f"签名密钥文件 {path} 谁都可以读，不能使用；请运行 chmod 600 收紧权限，并考虑更换密钥。",
            code="key-not-private",
        )
    try:
        private = load_pem_private_key(body, None)
    except (ValueError, TypeError) as error:
        raise Invalid(f"{path} 不是未加密的 PEM 私钥文件。", code="bad-signing-key") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise Invalid(f"{path} 不是 Ed25519 私钥。", code="bad-signing-key")
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    return Signer(key_id(public), public, private)


# --- the log --------------------------------------------------------------------------------------------

_KEYS = (
    "SELECT k.id, k.public, k.endorsed_by, k.endorsement, k.seq, (SELECT e.recorded_at FROM log_entry e"
    " WHERE e.seq > k.seq ORDER BY e.seq LIMIT 1) FROM signing_key k ORDER BY k.seq"
)


def recorded(connection: Connection) -> list[dict[str, Any]]:
    """The public keys of the log, oldest first: ``id, public, endorsed_by, endorsement, seq, recorded_at``."""
    names = ("id", "public", "endorsed_by", "endorsement", "seq", "recorded_at")
    return [dict(zip(names, row, strict=True)) for row in fetch(connection, _KEYS)]


def told(connection: Connection, own: Signer | None = None) -> list[dict[str, Any]]:
    """The keys as everybody may know them, the one in use first; ``own``: this machine's, used or not."""
    keys = recorded(connection)
    found = []
    for place, one in enumerate(keys):
        until = keys[place + 1]["recorded_at"] if place + 1 < len(keys) else None
        found.append(
            {
                "id": one["id"],
                "algorithm": "Ed25519",
                "public": one["public"],
                "state": "retired" if until else "current",
                "recorded_at": moment(one["recorded_at"]),
                "retired_at": moment(until) if until else None,
                "seq": one["seq"],
                "endorsed_by": one["endorsed_by"],
                "endorsement": one["endorsement"],
            }
        )
    if own is not None and own.id not in {one["id"] for one in keys}:
        unused: dict[str, Any] = dict.fromkeys(
            ("recorded_at", "retired_at", "seq", "endorsed_by", "endorsement")
        )
        found.append(
            {"id": own.id, "algorithm": "Ed25519", "public": own.public, "state": "unused", **unused}
        )
    return found[::-1]


def key_rows(connection: Connection, signer: Signer) -> list[tuple[str, tuple[Any, ...]]]:
    """The row that makes the first signer's public key known with the first edition; none where it is known.

    Raises Conflict where the key was retired, or where the log knows another: only ``rotating`` puts one in the place
    of another, with a reason, and a key that turned up by itself would be a surprise to whoever trusts the first.
    """
    keys = recorded(connection)
    if any(one["id"] == signer.id for one in keys):
        if keys[-1]["id"] != signer.id:
            raise Conflict(
                "这个签名密钥已经停用，不能再签发清单；请换上新的密钥文件，或运行 qingdan key rotate 完成更换。",
                code="key-retired",
            )
        return []
    if keys:
        raise Conflict(
            "这台机器的签名密钥不是登记簿在用的那一个（备份不含私钥，恢复或迁移之后会这样），没有签发。"
            "请把原来的密钥文件放回；确已丢失的，运行 qingdan key rotate 换上新的，日志会写明没有旧密钥背书。",
            code="key-unknown",
        )
    return [("signing_key", (signer.id, signer.public, None, None))]


def is_away(connection: Connection, settings: Settings) -> bool:
    """Whether the registry has a key in use whose file is not on this machine."""
    keys = recorded(connection)
    path = path_of(settings)
    return bool(keys) and (not path.exists() or load(path).id != keys[-1]["id"])


def successor_row(new: Signer, old: Signer | None) -> tuple[str, tuple[Any, ...]]:
    """The row by which a new key takes over; signed by the old one where that is still at hand."""
    endorsement = old.sign(endorsed(new.public)) if old else None
    return ("signing_key", (new.id, new.public, old.id if old else None, endorsement))
