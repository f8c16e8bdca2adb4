"""Searching what was said (client-server API, module "Server Side Search")."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, cast

import msgspec

from tchap.api.http import Request, Response, json_response
from tchap.api.parse import maybe_bool, maybe_dict, maybe_int, maybe_list, maybe_str, need_dict, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.protocol.filters import EventFilter, parse_event_filter
from tchap.protocol.search_text import KEY_OF_TYPE, parse_phrases
from tchap.services import search as service
from tchap.services.search import ContextWish, Found, Group, GroupKey, Place, Result, SearchAsk
from tchap.services.world import World


async def post_search(world: World, request: Request) -> Response:
    criteria = maybe_dict(need_dict(request.json(), "search_categories"), "room_events")
    if criteria is None:
        return json_response({"search_categories": {}})
    mark = _mark(request.requester.user_id, criteria)
    found = await service.search(
        world, request.requester, _parse_ask(criteria, _place(request.text("next_batch"), mark))
    )
    return json_response({"search_categories": {"room_events": _show(found, mark)}})


def _parse_ask(criteria: dict[str, Any], place: Place) -> SearchAsk:
    term = need_str(criteria, "search_term")
    if len(term) > limits.MAX_SEARCH_TERM:
        raise InvalidParam("The search term is too long.", "La recherche est trop longue.")
    wanted = _filter(criteria)
    order = maybe_str(criteria, "order_by") or "rank"
    if order not in ("rank", "recent"):
        raise InvalidParam("'order_by' is 'rank' or 'recent'.", "« order_by » est « rank » ou « recent ».")
    return SearchAsk(
        phrases=parse_phrases(term),
        keys=_keys(criteria),
        filter=wanted,
        by_rank=order == "rank",
        limit=limits.DEFAULT_PAGE if wanted.limit is None else min(wanted.limit, limits.MAX_SEARCH_PAGE),
        place=place,
        context=_context_wish(criteria),
        groupings=_groupings(criteria),
        with_state=maybe_bool(criteria, "include_state"),
    )


def _filter(criteria: dict[str, Any]) -> EventFilter:
    try:
        wanted = parse_event_filter(maybe_dict(criteria, "filter") or {})
    except ValueError as error:
        raise InvalidParam(f"The filter cannot be used: {error}.", "Ce filtre ne peut pas être utilisé.") from error
    if wanted.limit == 0:
        raise InvalidParam("The filter's limit must be greater than 0.", "La limite du filtre doit être positive.")
    return wanted


def _keys(criteria: dict[str, Any]) -> frozenset[str]:
    keys = maybe_list(criteria, "keys")
    known = frozenset(KEY_OF_TYPE.values())
    if keys is None:
        return known
    if not all(isinstance(key, str) and key in known for key in keys):
        raise InvalidParam("This key cannot be searched.", "Cette clé ne se cherche pas.")
    return frozenset(keys)


def _context_wish(criteria: dict[str, Any]) -> ContextWish | None:
    wish = maybe_dict(criteria, "event_context")
    if wish is None:
        return None
    return ContextWish(
        before=_bounded(wish, "before_limit"),
        after=_bounded(wish, "after_limit"),
        with_profiles=maybe_bool(wish, "include_profile"),
    )


def _bounded(wish: dict[str, Any], name: str) -> int:
    number = maybe_int(wish, name, 0)
    # Client-server API, `POST /search`: "By default, this is `5`."
    return 5 if number is None else min(number, limits.MAX_SEARCH_CONTEXT)


def _groupings(criteria: dict[str, Any]) -> tuple[GroupKey, ...]:
    groupings = maybe_list(maybe_dict(criteria, "groupings") or {}, "group_by") or []
    found: dict[GroupKey, None] = {}
    for each in groupings:
        key = each.get("key") if isinstance(each, dict) else None
        if key not in ("room_id", "sender"):
            raise InvalidParam("Results are grouped by 'room_id' or 'sender'.", "Ce regroupement n'existe pas.")
        found[cast(GroupKey, key)] = None
    return tuple(found)


def _mark(user_id: str, criteria: dict[str, Any]) -> str:
    """What a token is bound to: "the client should send the *same* request"."""
    wanted = criteria.get("filter")
    known = {name: criteria.get(name) for name in ("search_term", "keys", "order_by")}
    rest = {name: value for name, value in wanted.items() if name != "limit"} if isinstance(wanted, dict) else None
    text = msgspec.json.encode([user_id, known, rest], order="deterministic")
    return hashlib.sha256(text).hexdigest()[:16]


class _Token(msgspec.Struct, frozen=True, array_like=True):
    mark: str
    below: int
    shown: int
    key: GroupKey | None = None
    value: str = ""


def _place(token: str | None, mark: str) -> Place:
    if token is None:
        return Place()
    try:
        known = msgspec.json.decode(urlsafe_b64decode(token.encode("ascii", "replace")), type=_Token)
    except ValueError as error:
        raise _bad_token() from error
    if known.mark != mark or not (0 <= known.below <= service.END and 0 <= known.shown <= service.END):
        raise _bad_token()
    if "\0" in known.value:
        raise _bad_token()
    return Place(known.below, known.shown, None if known.key is None else (known.key, known.value))


def _bad_token() -> InvalidParam:
    return InvalidParam("This token is not of this search.", "Ce jeton n'est pas celui de cette recherche.")


def _token(place: Place, mark: str) -> str:
    key, value = place.group or (None, "")
    return urlsafe_b64encode(msgspec.json.encode(_Token(mark, place.below, place.shown, key, value))).decode()


def _show(found: Found, mark: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "count": found.count,
        "highlights": found.highlights,
        "results": [_result(each) for each in found.results],
    }
    if found.groups:
        body["groups"] = {
            key: {value: _group(group, order, mark) for order, (value, group) in enumerate(groups.items())}
            for key, groups in found.groups.items()
        }
    if found.state:
        body["state"] = found.state
    if found.next_place is not None:
        body["next_batch"] = _token(found.next_place, mark)
    return body


def _group(group: Group, order: int, mark: str) -> dict[str, Any]:
    body: dict[str, Any] = {"order": order, "results": group.event_ids}
    if group.next_place is not None:
        body["next_batch"] = _token(group.next_place, mark)
    return body


def _result(result: Result) -> dict[str, Any]:
    body: dict[str, Any] = {"rank": result.rank, "result": result.event}
    context = result.context
    if context is not None:
        body["context"] = {
            "events_before": context.before,
            "events_after": context.after,
            "start": context.start,
            "end": context.end,
        }
        if context.profiles is not None:
            body["context"]["profile_info"] = {
                user_id: {key: value for key, value in (("displayname", name), ("avatar_url", avatar)) if value}
                for user_id, (name, avatar) in context.profiles.items()
            }
    return body


ROUTES = (Route("POST", "/_matrix/client/v3/search", post_search, limit="search"),)
