"""Backups of room keys (client-server API, "Server-side key backups")."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tchap.api.http import Request
from tchap.api.parse import maybe_str, need_dict, need_int, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import BadJson, InvalidParam, MissingParam, NotFound
from tchap.protocol.identifiers import is_namespaced
from tchap.protocol.key_backup import KeyRank
from tchap.services import key_backup
from tchap.services.key_backup import Scope
from tchap.services.world import World
from tchap.storage.key_backup import BackedUpKey, Backup

_VERSIONS = "/_matrix/client/v3/room_keys/version"
_KEYS = "/_matrix/client/v3/room_keys/keys"


async def create_backup(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    algorithm, auth_data = need_str(body, "algorithm"), need_dict(body, "auth_data")
    # What an algorithm does is the clients' affair; its name must be one (appendices, "Common Namespaced
    # Identifier Grammar").
    if not is_namespaced(algorithm):
        raise InvalidParam("The algorithm is not a name.", "L'algorithme n'est pas un nom valable.")
    return {"version": await key_backup.create_backup(world, request.requester.user_id, algorithm, auth_data)}


async def get_backup(world: World, request: Request) -> dict[str, Any]:
    backup = await key_backup.get_backup(world, request.requester.user_id, request.params.get("version"))
    return {
        "version": str(backup.version),
        "algorithm": backup.algorithm,
        "auth_data": msgspec.Raw(backup.auth_data),
        **_state(backup),
    }


async def update_backup(world: World, request: Request) -> dict[str, Any]:
    body, version = request.json(), request.params["version"]
    algorithm, auth_data = need_str(body, "algorithm"), need_dict(body, "auth_data")
    if maybe_str(body, "version") not in (None, version):
        raise InvalidParam("The version does not match that of the path.")
    await key_backup.update_backup(world, request.requester.user_id, version, algorithm, auth_data)
    return {}


async def delete_backup(world: World, request: Request) -> dict[str, Any]:
    await key_backup.delete_backup(world, request.requester.user_id, request.params["version"])
    return {}


async def store_keys(world: World, request: Request) -> dict[str, Any]:
    version = _scope(request).version
    found = _parse_keys(request.params, request.json())
    return _state(await key_backup.store_keys(world, request.requester.user_id, version, found))


def _parse_keys(params: Mapping[str, str], body: dict[str, Any]) -> list[BackedUpKey]:
    """The body's keys: the path says whether it is of all rooms, of one, or of one session."""
    room_id, session_id = params.get("roomId"), params.get("sessionId")
    if room_id is None:
        rooms = need_dict(body, "rooms")
        return [key for name, room in rooms.items() for key in _parse_room(name, _object(room))]
    if session_id is None:
        return _parse_room(room_id, body)
    return [_parse_key(room_id, session_id, body)]


def _parse_room(room_id: str, body: dict[str, Any]) -> list[BackedUpKey]:
    sessions = need_dict(body, "sessions")
    return [_parse_key(room_id, session_id, _object(value)) for session_id, value in sessions.items()]


def _parse_key(room_id: str, session_id: str, body: dict[str, Any]) -> BackedUpKey:
    if len(room_id.encode()) > limits.MAX_ID_BYTES or len(session_id) > limits.MAX_BACKUP_SESSION_ID:
        raise InvalidParam("A room or session id is too long.")
    if "is_verified" not in body:
        raise MissingParam("is_verified")
    if not isinstance(body["is_verified"], bool):
        raise BadJson("The field 'is_verified' must be a boolean.")
    rank = KeyRank(
        body["is_verified"],
        need_int(body, "first_message_index", 0, limits.MAX_BACKUP_INTEGER),
        need_int(body, "forwarded_count", 0, limits.MAX_BACKUP_INTEGER),
    )
    return BackedUpKey(room_id, session_id, rank, encode_json(need_dict(body, "session_data")))


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadJson("Rooms and sessions are objects.")
    return value


async def find_keys(world: World, request: Request) -> dict[str, Any]:
    scope = _scope(request)
    found = await key_backup.find_keys(world, request.requester.user_id, scope)
    if scope.session_id is not None:
        if not found:
            raise NotFound("Key not found.", "Cette clé n'est pas dans la sauvegarde.")
        return _key_body(found[0])
    if scope.room_id is not None:
        return {"sessions": {key.session_id: _key_body(key) for key in found}}
    return {"rooms": _rooms_body(found)}


def _rooms_body(keys: Iterable[BackedUpKey]) -> dict[str, dict[str, dict[str, Any]]]:
    rooms: dict[str, dict[str, dict[str, Any]]] = {}
    for key in keys:
        rooms.setdefault(key.room_id, {"sessions": {}})["sessions"][key.session_id] = _key_body(key)
    return rooms


def _key_body(key: BackedUpKey) -> dict[str, Any]:
    return {
        "first_message_index": key.rank.first_message_index,
        "forwarded_count": key.rank.forwarded_count,
        "is_verified": key.rank.is_verified,
        "session_data": msgspec.Raw(key.session_data),
    }


async def remove_keys(world: World, request: Request) -> dict[str, Any]:
    return _state(await key_backup.remove_keys(world, request.requester.user_id, _scope(request)))


def _scope(request: Request) -> Scope:
    version = request.text("version")
    if version is None:
        raise MissingParam("version")
    return Scope(version, request.params.get("roomId"), request.params.get("sessionId"))


def _state(backup: Backup) -> dict[str, Any]:
    return {"etag": str(backup.etag), "count": backup.key_count}


ROUTES = (
    Route("POST", _VERSIONS, create_backup),
    Route("GET", _VERSIONS, get_backup),
    Route("GET", f"{_VERSIONS}/{{version}}", get_backup),
    Route("PUT", f"{_VERSIONS}/{{version}}", update_backup),
    Route("DELETE", f"{_VERSIONS}/{{version}}", delete_backup),
    *(
        route
        for path in (_KEYS, f"{_KEYS}/{{roomId}}", f"{_KEYS}/{{roomId}}/{{sessionId}}")
        for route in (
            Route("PUT", path, store_keys, max_body=limits.MAX_KEYS_BODY),
            Route("GET", path, find_keys),
            Route("DELETE", path, remove_keys),
        )
    ),
)
