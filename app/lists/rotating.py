"""A new signing key in the place of the old: recorded in the log, signed by the old, then put in its file's place."""

from __future__ import annotations

from sqlmodel import Session

from app.changes import kinds
from app.db import Database, lock_publishing
from app.errors import Invalid, RegistryError
from app.lists import signing
from app.lists.signing import Signer
from app.settings import Settings
from app.versions.orders import Order
from app.versions.recording import record


def rotate(database: Database, settings: Settings, reason: str) -> Signer:
    """Returns the new key. Killed in between, it goes on by running it again: the new file waits beside the old.

    Without the old file the new key comes without endorsement, and says so wherever keys are shown.
    """
    if not reason.strip():
        raise Invalid("请写明为什么更换签名密钥。", code="reason-needed")
    path = signing.path_of(settings)
    waiting = path.with_name(path.name + ".next")
    if not waiting.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        signing.write_new(path).replace(waiting)
    new, old = signing.load(waiting), _at_hand(settings)
    with database.writing() as session:
        _record(session, new, old, reason)
    waiting.replace(path)
    return new


def _at_hand(settings: Settings) -> Signer | None:
    try:
        return signing.load(signing.path_of(settings))
    except RegistryError:
        return None


def _record(session: Session, new: Signer, old: Signer | None, reason: str) -> None:
    connection = session.connection()
    lock_publishing(connection)
    keys = signing.recorded(connection)
    if not keys or keys[-1]["id"] == new.id:
        return  # nothing was ever signed, or it was recorded before the file could take its place
    trusted = old if old and old.id == keys[-1]["id"] else None
    row = signing.successor_row(new, trusted)
    record(connection, Order("signing-key", statement={"reason": reason}, rows=[row]), kinds.describe)
