"""Whether the log that a reader followed so far is this one: not after a restore from a backup."""

from __future__ import annotations

from sqlalchemy import Connection

from app import log
from app.errors import Conflict


def refuse_another_log(connection: Connection, since: int, since_hash: str | None) -> None:
    """Raises Conflict where a reader knows of entries that this log does not have, or of others under their seqs."""
    found = log.hash_at(connection, since)
    if found is None:
        seq = log.head(connection).seq
        raise Conflict(
            f"序号 {since} 在登记簿的最后一条记录（{seq}）之后：登记簿可能从备份恢复过，请重新全部导出。",
            code="since-after-head",
            seq=seq,
        )
    if since_hash is not None and since_hash != found:
        raise Conflict(
            f"登记簿截至序号 {since} 的哈希与 since_hash 不符：登记簿可能从备份恢复过，请重新全部导出。",
            code="since-hash-differs",
            hash=found,
        )
