"""Pushers: where a person's devices want to be notified (push module)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import InvalidParam, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.gateways.web_push import parse_subscription
from tchap.services.world import World
from tchap.storage import push_deliveries, pushers
from tchap.storage.accounts import find_emails_of
from tchap.storage.database import Tx
from tchap.storage.pushers import WEB_PUSH_KINDS, Pusher

NOTIFY_PATH = "/_matrix/push/v1/notify"
KINDS = ("http", "email", *WEB_PUSH_KINDS)
EMAIL_APP_ID = "m.email"


async def list_pushers(world: World, user_id: str) -> list[dict[str, Any]]:
    return [_show(pusher) for pusher in await world.store.read(pushers.find_pushers, user_id)]


def _show(pusher: Pusher) -> dict[str, Any]:
    data = decode_json(pusher.data)
    shown: dict[str, Any] = {
        "app_id": pusher.app_id,
        "pushkey": pusher.pushkey,
        "kind": pusher.kind,
        "app_display_name": pusher.app_display_name,
        "device_display_name": pusher.device_display_name,
        "lang": pusher.lang,
        "data": data,
        # MSC3881.
        "org.matrix.msc3881.enabled": pusher.is_enabled,
        "org.matrix.msc3881.device_id": pusher.device_id or None,
    }
    if pusher.kind in WEB_PUSH_KINDS and isinstance(data, dict):
        # MSC4174: "the server must add" it.
        shown["data"] = {**data, "activated": pusher.is_activated}
    return shown if pusher.profile_tag is None else {**shown, "profile_tag": pusher.profile_tag}


async def set_pusher(world: World, pusher: Pusher, append: bool) -> bool:
    """Adds or changes the pusher; False where its client has yet to prove that it reads what is pushed (MSC4174).

    Raises M_INVALID_PARAM for one that could not be served.
    """
    _check_key(pusher.app_id, pusher.pushkey)
    if pusher.kind not in KINDS:
        raise InvalidParam(f"There is no kind of pusher '{pusher.kind}'.", "Ce genre de notification n'existe pas.")
    if len(pusher.data) > limits.MAX_PUSH_DATA:
        raise InvalidParam("The data of the pusher are too long.", "Les données sont trop longues.")
    if pusher.kind == "http":
        _check_gateway(decode_json(pusher.data), is_test=world.settings.test_profile)
    elif pusher.kind == "email":
        # Mail is for when nobody looks: it outlives the device it was asked from.
        pusher = replace(pusher, device_id="")
        if pusher.app_id != EMAIL_APP_ID:
            raise InvalidParam("The app_id of an e-mail pusher is m.email.", "L'app_id doit être m.email.")
    else:
        _check_subscription(pusher, is_test=world.settings.test_profile)
        until_ts = world.clock.now_ms() + limits.PUSH_ACK_MS
        pusher = pushers.with_fresh_token(pusher, world.entropy.token(), until_ts)
    is_active = await world.store.write(_set, pusher, world.clock.now_ms(), append)
    world.live.push.hear_pushers()
    return is_active


async def remove_pusher(world: World, user_id: str, app_id: str, pushkey: str) -> None:
    await world.store.write(pushers.remove_pusher, user_id, app_id, pushkey)


async def activate(world: World, requester: Requester, app_id: str, token: str) -> None:
    """The client gives back what was pushed to it: from now on it is notified (MSC4174, `POST …/pushers/ack`).

    M_NOT_FOUND where the person has no Web Push of the app, M_UNKNOWN_ACTIVATION_TOKEN for another token,
    M_EXPIRED_ACTIVATION_TOKEN for one that came too late.
    """
    await world.store.write(_activate, requester.user_id, (app_id, token), world.clock.now_ms())


def _check_key(app_id: str, pushkey: str) -> None:
    if len(app_id) > limits.MAX_APP_ID or len(pushkey.encode()) > limits.MAX_PUSHKEY_BYTES:
        raise InvalidParam("The app_id or the pushkey is too long.", "L'app_id ou la pushkey est trop longue.")


def _check_gateway(data: object, is_test: bool) -> None:
    """ "MUST be an HTTPS URL with a path of `/_matrix/push/v1/notify`"; test suites have no certificates."""
    if _path(data, is_test) != NOTIFY_PATH:
        raise InvalidParam(f"The url must end in {NOTIFY_PATH}.", "L'adresse ne convient pas.")


def _check_subscription(pusher: Pusher, is_test: bool) -> None:
    data = decode_json(pusher.data)
    _path(data, is_test)
    auth = data.get("auth") if isinstance(data, dict) else None
    if not isinstance(auth, str):
        raise InvalidParam("The data of a webpush pusher has an auth.", "Il manque le secret « auth ».")
    try:
        parse_subscription(pusher.pushkey, auth)
    except ValueError as error:
        raise InvalidParam(
            "The pushkey is a public key of P-256 and auth 16 bytes, in URL-safe base64.",
            "La pushkey ou « auth » ne convient pas.",
        ) from error


def _path(data: object, is_test: bool) -> str:
    """The path of the data's address, which is https."""
    url = data.get("url") if isinstance(data, dict) else None
    if not isinstance(url, str):
        raise InvalidParam("The data of this pusher has a url.", "Il manque l'adresse de la passerelle.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise InvalidParam("The url cannot be read.", "L'adresse est illisible.") from error
    schemes = ("https", "http") if is_test else ("https",)
    if parts.scheme not in schemes or not parts.hostname or parts.username is not None:
        raise InvalidParam("The url must be https.", "L'adresse doit être en https.")
    return parts.path


async def _set(tx: Tx, pusher: Pusher, now_ms: int, append: bool) -> bool:
    known = await pushers.find_pusher(tx, pusher.key)
    if known is None and await pushers.count_pushers(tx, pusher.user_id) >= limits.MAX_PUSHERS:
        raise InvalidParam("There are too many pushers.", "Il y a trop d'appareils à notifier.")
    if pusher.kind == "email" and pusher.pushkey not in await _own_emails(tx, pusher.user_id):
        raise InvalidParam(
            "The pushkey is not a verified address of this account.",
            "La pushkey n'est pas une adresse confirmée de ce compte.",
        )
    if known is not None and known.is_activated and _is_same(known, pusher):
        pusher = replace(pusher, is_activated=True, ack_token=None, ack_until_ts=None)
    await pushers.set_pusher(tx, pusher, now_ms, append)
    if not pusher.is_activated:
        await push_deliveries.end_waiting(tx, pusher.key, "dropped")
        await push_deliveries.add_deliveries(tx, [push_deliveries.plain(pusher.key, "ack", now_ms)])
    return pusher.is_activated


async def _own_emails(tx: Tx, user_id: str) -> set[str]:
    return {email.email for email in await find_emails_of(tx, user_id)}


def _is_same(known: Pusher, pusher: Pusher) -> bool:
    """ "Re-subscribing an existing pusher, with the same pushkey, url and auth doesn't change its value"."""
    if pusher.kind not in WEB_PUSH_KINDS:
        return known.kind == pusher.kind
    before, after = decode_json(known.data), decode_json(pusher.data)
    if known.kind not in WEB_PUSH_KINDS or not isinstance(before, dict) or not isinstance(after, dict):
        return False
    return all(before.get(name) == after.get(name) for name in ("url", "auth"))


async def _activate(tx: Tx, user_id: str, given: tuple[str, str], now_ms: int) -> None:
    app_id, token = given
    mine = [
        each
        for each in await pushers.find_pushers(tx, user_id)
        if each.app_id == app_id and each.kind in WEB_PUSH_KINDS
    ]
    if not mine:
        raise NotFound("There is no such pusher.", "Cette notification n'existe pas.")
    found = next((each for each in mine if each.ack_token == token), None)
    if found is None:
        raise MatrixError("M_UNKNOWN_ACTIVATION_TOKEN", "This token was not pushed to you.", "Ce jeton est inconnu.")
    if (found.ack_until_ts or 0) < now_ms:
        raise MatrixError(
            "M_EXPIRED_ACTIVATION_TOKEN", "This token came too late.", "Ce jeton a expiré.", status_hint=410
        )
    await pushers.set_activated(tx, found)
