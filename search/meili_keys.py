"""Keys with least rights, made with the master key of a Meilisearch server, which the application never has."""

import uuid
from typing import NamedTuple

import meilisearch
import requests
from meilisearch.errors import MeilisearchApiError, MeilisearchError

from search.engine import EngineError

_SEARCH = ("search",)
_INDEX = (
    "search",
    "documents.add",
    "documents.get",
    "documents.delete",
    "indexes.create",
    "indexes.get",
    "indexes.delete",
    "indexes.swap",
    "settings.update",
    "stats.get",
    "tasks.get",
)


class Keys(NamedTuple):
    search: str  # may ask
    writing: str  # may ask and write


def make(url: str, master_key: str, prefix: str) -> Keys:
    """Both for the indexes of this prefix alone. Made again they are the same keys. Raises EngineError."""
    client = meilisearch.Client(url, master_key, timeout=10)
    try:
        return Keys(*(_made(client, prefix, actions) for actions in (_SEARCH, _INDEX)))
    except (MeilisearchError, requests.RequestException) as error:
        raise EngineError(f"no keys were made: {error}") from error


def _made(client: meilisearch.Client, prefix: str, actions: tuple[str, ...]) -> str:
    """The server derives a key from its uid, so the uid is derived from what the key may do."""
    uid = str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join((prefix, *actions))))
    name = "may search" if actions == _SEARCH else "may search and write"
    wanted = {
        "uid": uid,
        "name": f"{prefix}: {name}",
        "actions": list(actions),
        "indexes": [f"{prefix}_v*"],
        "expiresAt": None,
    }
    try:
        return str(client.create_key(wanted).key)
    except MeilisearchApiError as error:
        if error.code != "api_key_already_exists":
            raise
        return str(client.get_key(uid).key)
