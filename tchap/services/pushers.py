"""Pushers: where a person's devices want to be notified (push module)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import InvalidParam
from tchap.services.world import World
from tchap.storage import pushers
from tchap.storage.database import Tx
from tchap.storage.pushers import Pusher

NOTIFY_PATH = "/_matrix/push/v1/notify"
KINDS = ("http", "email")


async def list_pushers(world: World, user_id: str) -> list[dict[str, Any]]:
    return [_show(pusher) for pusher in await world.store.read(pushers.find_pushers, user_id)]


def _show(pusher: Pusher) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "app_id": pusher.app_id,
        "pushkey": pusher.pushkey,
        "kind": pusher.kind,
        "app_display_name": pusher.app_display_name,
        "device_display_name": pusher.device_display_name,
        "lang": pusher.lang,
        "data": decode_json(pusher.data),
    }
    return shown if pusher.profile_tag is None else {**shown, "profile_tag": pusher.profile_tag}


async def set_pusher(world: World, pusher: Pusher, append: bool) -> None:
    """Adds or changes the pusher. Raises M_INVALID_PARAM for one that could not be served."""
    _check_key(pusher.app_id, pusher.pushkey)
    if pusher.kind not in KINDS:
        raise InvalidParam(f"There is no kind of pusher '{pusher.kind}'.", "Ce genre de notification n'existe pas.")
    if pusher.kind == "http":
        _check_address(decode_json(pusher.data), is_test=world.settings.test_profile)
    elif pusher.app_id != "m.email":
        raise InvalidParam("The app_id of an e-mail pusher is m.email.", "L'app_id doit être m.email.")
    await world.store.write(_set, pusher, world.clock.now_ms(), append)


async def remove_pusher(world: World, user_id: str, app_id: str, pushkey: str) -> None:
    await world.store.write(pushers.remove_pusher, user_id, app_id, pushkey)


def _check_key(app_id: str, pushkey: str) -> None:
    if len(app_id) > limits.MAX_APP_ID or len(pushkey.encode()) > limits.MAX_PUSHKEY_BYTES:
        raise InvalidParam("The app_id or the pushkey is too long.", "L'app_id ou la pushkey est trop longue.")


def _check_address(data: object, is_test: bool) -> None:
    """ "MUST be an HTTPS URL with a path of `/_matrix/push/v1/notify`"; test suites have no certificates."""
    url = data.get("url") if isinstance(data, dict) else None
    if not isinstance(url, str):
        raise InvalidParam("The data of an http pusher has a url.", "Il manque l'adresse de la passerelle.")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidParam("The url cannot be read.", "L'adresse est illisible.") from error
    schemes = ("https", "http") if is_test else ("https",)
    if parts.scheme not in schemes or not parts.hostname or parts.path != NOTIFY_PATH:
        raise InvalidParam(f"The url must be https and end in {NOTIFY_PATH}.", "L'adresse ne convient pas.")


async def _set(tx: Tx, pusher: Pusher, now_ms: int, append: bool) -> None:
    if await pushers.count_pushers(tx, pusher.user_id) >= limits.MAX_PUSHERS:
        raise InvalidParam("There are too many pushers.", "Il y a trop d'appareils à notifier.")
    await pushers.set_pusher(tx, pusher, now_ms, append)
