"""Simplified sliding sync (MSC4186), under the unstable name that clients use."""

from typing import Any

from tchap.api.http import Request, Response
from tchap.api.parse import maybe_bool, maybe_dict, maybe_int, maybe_list, maybe_str, maybe_strs
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import BadJson, InvalidParam
from tchap.protocol.sliding_values import (
    MEMBER,
    Extensions,
    ListAsk,
    ListFilters,
    RequiredState,
    RoomConfig,
    Scope,
    SlidingRequest,
    ThreadsAsk,
    ToDeviceAsk,
)
from tchap.services.sliding_sync import sliding_sync
from tchap.services.world import World

Json = dict[str, Any]
_CHANGES = "io.element.msc4308.thread_subscriptions"
_THREADS = "io.element.msc4360.threads"


async def post_sync(world: World, request: Request) -> Response:
    if request.text("set_presence", "online") not in ("online", "offline", "unavailable"):
        raise InvalidParam("set_presence is online, offline or unavailable.")
    return Response(body=await sliding_sync(world, request.requester, _parse_request(request)))


def _parse_request(request: Request) -> SlidingRequest:
    """`pos` and `timeout` stand in the query or, as the proposal has it now, in the body."""
    body = request.json()
    in_body = maybe_int(body, "timeout", 0) or 0
    return SlidingRequest(
        conn_id=_name(maybe_str(body, "conn_id") or ""),
        pos=request.text("pos") or maybe_str(body, "pos") or None,
        timeout_ms=request.number("timeout", min(in_body, limits.MAX_SYNC_TIMEOUT_MS), 0, limits.MAX_SYNC_TIMEOUT_MS),
        lists={_name(name): _parse_list(request, each) for name, each in _parts(body, "lists")},
        subscriptions={room_id: _parse_config(request, each) for room_id, each in _parts(body, "room_subscriptions")},
        extensions=_parse_extensions(maybe_dict(body, "extensions") or {}),
        txn_id=maybe_str(body, "txn_id"),
    )


def _name(name: str) -> str:
    if len(name) > limits.MAX_SLIDING_NAME:
        raise InvalidParam("This name is too long.", "Ce nom est trop long.")
    return name


def _parts(body: Json, name: str) -> list[tuple[str, Json]]:
    parts = maybe_dict(body, name) or {}
    bound = limits.MAX_SLIDING_LISTS if name == "lists" else limits.MAX_SLIDING_SUBSCRIPTIONS
    if len(parts) > bound:
        raise InvalidParam(f"'{name}' has more than {bound} entries.")
    return [(key, maybe_dict(parts, key) or {}) for key in parts if "\0" not in key]


def _parse_list(request: Request, body: Json) -> ListAsk:
    ranges = maybe_list(body, "ranges")
    single = maybe_list(body, "range")
    if ranges is None and single is not None:
        ranges = [single]
    return ListAsk(
        _parse_config(request, body),
        None if ranges is None else tuple(_parse_range(each) for each in ranges[: limits.MAX_SLIDING_RANGES]),
        _parse_filters(maybe_dict(body, "filters") or {}),
    )


def _parse_range(value: object) -> tuple[int, int]:
    match value:
        case [int(low), int(high)] if 0 <= low <= high:
            return low, high
    raise BadJson("A range is two indexes, the lower one first.", "Un intervalle est fait de deux rangs croissants.")


def _parse_config(request: Request, body: Json) -> RoomConfig:
    limit = maybe_int(body, "timeline_limit", 0) or 0
    wanted = body.get("required_state")
    pairs = _pairs_of_object(wanted) if isinstance(wanted, dict) else _pairs(maybe_list(body, "required_state") or [])
    if len(pairs) > limits.MAX_REQUIRED_STATE:
        raise InvalidParam(f"'required_state' has more than {limits.MAX_REQUIRED_STATE} entries.")
    me = request.requester.user_id
    plain = frozenset((kind, me if key == "$ME" else key) for kind, key in pairs if key != "$LAZY")
    lazy = (MEMBER, "$LAZY") in pairs
    required = frozenset([RequiredState(plain, lazy)]) if plain or lazy else frozenset()
    return RoomConfig(min(limit, limits.MAX_SLIDING_TIMELINE), required)


def _pairs(values: list[Any]) -> list[tuple[str, str]]:
    found = []
    for value in values:
        match value:
            case [str(kind), str(key)] if "\0" not in kind + key:
                found.append((kind, key))
            case _:
                raise BadJson("An entry of 'required_state' is an event type and a state key.")
    return found


def _pairs_of_object(body: Json) -> list[tuple[str, str]]:
    """The newer form of the proposal, without its `exclude`, which only spares bytes."""
    found = [
        (maybe_str(each, "type") or "*", "*" if each.get("state_key") is None else maybe_str(each, "state_key") or "")
        for each in maybe_list(body, "include") or []
        if isinstance(each, dict)
    ]
    return [*found, (MEMBER, "$LAZY")] if maybe_bool(body, "lazy_members") else found


def _parse_filters(body: Json) -> ListFilters:
    return ListFilters(
        is_dm=_flag(body, "is_dm"),
        is_encrypted=_flag(body, "is_encrypted"),
        is_invite=_flag(body, "is_invited" if "is_invited" in body else "is_invite"),
        spaces=_names(body, "spaces"),
        room_types=_types(body, "room_types"),
        not_room_types=_types(body, "not_room_types") or frozenset(),
        tags=_names(body, "tags"),
        not_tags=_names(body, "not_tags") or frozenset(),
    )


def _flag(body: Json, name: str) -> bool | None:
    return None if body.get(name) is None else maybe_bool(body, name)


def _names(body: Json, name: str) -> frozenset[str] | None:
    return None if body.get(name) is None else frozenset(maybe_strs(body, name))


def _types(body: Json, name: str) -> frozenset[str | None] | None:
    values = maybe_list(body, name)
    if values is None:
        return None
    if not all(value is None or isinstance(value, str) for value in values):
        raise BadJson(f"The field '{name}' must be an array of strings and nulls.")
    return frozenset(values)


def _parse_extensions(body: Json) -> Extensions:
    wanted = {
        name: maybe_dict(body, name) or {}
        for name in ("to_device", "e2ee", "account_data", "receipts", "typing", _CHANGES, _THREADS)
    }
    enabled = {name: part for name, part in wanted.items() if maybe_bool(part, "enabled")}
    scopes = {name: _scope(part) for name, part in enabled.items()}
    return Extensions(
        to_device=_to_device(enabled["to_device"]) if "to_device" in enabled else None,
        e2ee="e2ee" in enabled,
        account_data=scopes.get("account_data"),
        receipts=scopes.get("receipts"),
        typing=scopes.get("typing"),
        thread_changes=_thread_changes(enabled[_CHANGES]) if _CHANGES in enabled else None,
        threads=_threads(enabled[_THREADS]) if _THREADS in enabled else None,
    )


def _thread_changes(body: Json) -> int:
    return min(maybe_int(body, "limit", 1) or limits.THREAD_CHANGES, limits.MAX_THREAD_CHANGES)


def _threads(body: Json) -> ThreadsAsk:
    limit = min(maybe_int(body, "limit", 1) or limits.THREAD_UPDATES, limits.MAX_THREAD_UPDATES)
    return ThreadsAsk(limit, bool(maybe_bool(body, "include_roots")))


def _scope(body: Json) -> Scope:
    """`lists` and `rooms` of an extension: absent or with `*` they are all."""
    lists, rooms = _names(body, "lists"), _names(body, "rooms")
    return Scope(None if lists is None or "*" in lists else lists, None if rooms is None or "*" in rooms else rooms)


def _to_device(body: Json) -> ToDeviceAsk:
    since = maybe_str(body, "since") or "0"
    if not (since.isascii() and since.isdigit() and len(since) <= 18):
        raise InvalidParam("The token 'since' of to_device is not one of this server.")
    limit = maybe_int(body, "limit", 1) or limits.MAX_SYNC_TO_DEVICE
    return ToDeviceAsk(int(since), min(limit, limits.MAX_SYNC_TO_DEVICE))


ROUTES = (Route("POST", "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync", post_sync),)
