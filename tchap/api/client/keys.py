"""Public keys of devices (client-server API, "Key management API")."""

from collections.abc import Iterable
from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_dict, need_dict
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import BadJson, InvalidParam, MatrixError, MissingParam
from tchap.base.identity import Requester
from tchap.protocol.canonical import encode_lenient
from tchap.protocol.cross_signing import MASTER, SELF_SIGNING, USER_SIGNING
from tchap.protocol.sync_tokens import parse_token
from tchap.services import keys
from tchap.services.world import World
from tchap.storage.one_time_keys import GivenKey, OneTimeKey


async def upload_keys(world: World, request: Request) -> dict[str, Any]:
    upload = parse_upload(request.json(), request.requester)
    return {"one_time_key_counts": await keys.upload_keys(world, request.requester, upload)}


def parse_upload(body: dict[str, Any], requester: Requester) -> keys.KeyUpload:
    """What the requester's device publishes."""
    device_keys = maybe_dict(body, "device_keys")
    upload = keys.KeyUpload(
        _parse_device_keys(device_keys, requester) if device_keys is not None else None,
        _parse_key_objects(body, "one_time_keys"),
        _parse_key_objects(body, "fallback_keys"),
    )
    algorithms = [key.algorithm for key in upload.fallback_keys]
    if len(set(algorithms)) != len(algorithms):
        raise InvalidParam("There can be one fallback key per algorithm.")
    return upload


def _parse_device_keys(body: dict[str, Any], requester: Requester) -> bytes:
    """The object to publish, canonical; it must be about the very device that sends it."""
    for name, kind in (
        ("user_id", str),
        ("device_id", str),
        ("algorithms", list),
        ("keys", dict),
        ("signatures", dict),
    ):
        if name not in body:
            raise MissingParam(name)
        if not isinstance(body[name], kind):
            raise BadJson(f"The field '{name}' of the device's keys has the wrong type.")
    if (body["user_id"], body["device_id"]) != (requester.user_id, requester.device_id):
        raise InvalidParam("These keys are not of this device.", "Ces clés ne sont pas celles de cet appareil.")
    texts = [*body["algorithms"], *body["keys"].values()]
    signatures = body["signatures"].values()
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(item, dict) for item in signatures):
        raise BadJson("Algorithms and keys are strings, signatures are maps.")
    return encode_lenient({name: value for name, value in body.items() if name != "unsigned"})


def _parse_key_objects(body: dict[str, Any], name: str) -> tuple[OneTimeKey, ...]:
    objects = maybe_dict(body, name) or {}
    if len(objects) > limits.MAX_ONE_TIME_KEYS:
        raise MatrixError("M_TOO_LARGE", "Too many keys at once.")
    return tuple(_parse_key_object(key_name, value) for key_name, value in objects.items())


def _parse_key_object(name: str, value: object) -> OneTimeKey:
    algorithm, colon, key_id = name.partition(":")
    if not algorithm or not colon or not key_id or len(name) > limits.MAX_KEY_NAME:
        raise InvalidParam("A key is named by its algorithm, a colon and its id.")
    if isinstance(value, dict):
        if not isinstance(value.get("key"), str) or not isinstance(value.get("signatures", {}), dict):
            raise BadJson(f"The key '{name}' has not the right form.")
    elif not isinstance(value, str):
        raise BadJson(f"The key '{name}' must be a string or an object.")
    return OneTimeKey(algorithm, key_id, encode_lenient(value))


async def query_keys(world: World, request: Request) -> dict[str, Any]:
    wanted = need_dict(request.json(), "device_keys")
    if len(wanted) > limits.MAX_KEYS_QUERY_USERS:
        raise MatrixError("M_TOO_LARGE", "Too many users at once.")
    for devices in wanted.values():
        if not isinstance(devices, list) or not all(isinstance(device_id, str) for device_id in devices):
            raise BadJson("Each user has an array of device ids.")
    found = await keys.query_keys(world, request.requester, wanted)
    return {
        "device_keys": found.device_keys,
        "master_keys": found.cross_signing.get(MASTER, {}),
        "self_signing_keys": found.cross_signing.get(SELF_SIGNING, {}),
        "user_signing_keys": found.cross_signing.get(USER_SIGNING, {}),
        "failures": found.failures,
    }


async def claim_keys(world: World, request: Request) -> dict[str, Any]:
    wanted = _parse_wanted(need_dict(request.json(), "one_time_keys"))
    given = await keys.claim_keys(world, wanted)
    return {"one_time_keys": _given_body(given), "failures": {}}


def _parse_wanted(body: dict[str, Any]) -> list[keys.Wanted]:
    if not all(isinstance(devices, dict) for devices in body.values()):
        raise BadJson("Each user has a map from device ids to algorithms.")
    wanted = [
        (user_id, device_id, algorithm) for user_id, devices in body.items() for device_id, algorithm in devices.items()
    ]
    if len(wanted) > limits.MAX_KEYS_CLAIM_DEVICES:
        raise MatrixError("M_TOO_LARGE", "Too many devices at once.")
    if not all(isinstance(algorithm, str) for _, _, algorithm in wanted):
        raise BadJson("An algorithm is a string.")
    return wanted


def _given_body(given: Iterable[GivenKey]) -> dict[str, dict[str, dict[str, object]]]:
    body: dict[str, dict[str, dict[str, object]]] = {}
    for item in given:
        devices = body.setdefault(item.user_id, {})
        name = f"{item.key.algorithm}:{item.key.key_id}"
        devices.setdefault(item.device_id, {})[name] = decode_json(item.key.key_json)
    return body


async def find_changes(world: World, request: Request) -> dict[str, Any]:
    since = _parse_position(request, "from")
    _parse_position(request, "to")
    changed, left = await keys.find_changes(world, request.requester, since)
    return {"changed": changed, "left": left}


def _parse_position(request: Request, name: str) -> int:
    text = request.text(name)
    if text is None:
        raise MissingParam(name)
    try:
        return parse_token(text).position
    except ValueError as error:
        raise InvalidParam(f"The parameter '{name}' is not a token of /sync.") from error


ROUTES = (
    Route("POST", "/_matrix/client/v3/keys/upload", upload_keys, max_body=limits.MAX_KEYS_BODY),
    # Clients of r0 may name their device in the path; it is that of the token in any case.
    Route("POST", "/_matrix/client/r0/keys/upload/{deviceId}", upload_keys, max_body=limits.MAX_KEYS_BODY),
    Route("POST", "/_matrix/client/v3/keys/query", query_keys, max_body=limits.MAX_KEYS_BODY),
    Route("POST", "/_matrix/client/v3/keys/claim", claim_keys, max_body=limits.MAX_KEYS_BODY),
    Route("GET", "/_matrix/client/v3/keys/changes", find_changes),
)
