"""Who may know what a room is called before they are in it, and what a space counts as its children.

Source: client-server API, "Restricted rooms", "Ordering of children within a space", `GET /rooms/{roomId}/hierarchy`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tchap.protocol.room_versions import RoomVersion

Contents = Mapping[str, Mapping[str, Any]]
_KNOCKABLE = ("knock", "knock_restricted")
MAX_ORDER = 50  # "m.space.child", "order"


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """A room as far as a preview looks: contents of state with an empty key by type, and the asker's membership."""

    version: RoomVersion
    contents: Contents
    membership: str | None = None


def join_rule_of(facts: RoomFacts) -> str:
    """The join rule as the room version understands it: what it does not know lets nobody in."""
    rule = facts.contents.get("m.room.join_rules", {}).get("join_rule", "invite")
    version = facts.version
    known = {
        "public": True,
        "knock": version.allows_knocking,
        "restricted": version.allows_restricted,
        "knock_restricted": version.allows_knock_restricted,
    }
    return rule if isinstance(rule, str) and known.get(rule, False) else "invite"


def find_allowed_rooms(facts: RoomFacts) -> tuple[str, ...]:
    """The rooms whose members may join: those of the `m.room_membership` conditions ("Restricted rooms")."""
    if join_rule_of(facts) not in ("restricted", "knock_restricted"):
        return ()
    allow = facts.contents["m.room.join_rules"].get("allow")
    conditions = [each for each in allow if isinstance(each, dict)] if isinstance(allow, list) else []
    rooms = [each.get("room_id") for each in conditions if each.get("type") == "m.room_membership"]
    return tuple(room_id for room_id in rooms if isinstance(room_id, str))


def is_world_readable(facts: RoomFacts) -> bool:
    return facts.contents.get("m.room.history_visibility", {}).get("history_visibility") == "world_readable"


def is_open(facts: RoomFacts) -> bool:
    """Whether anybody may see the room, known or not (`GET /room_summary/{roomIdOrAlias}`)."""
    return is_world_readable(facts) or join_rule_of(facts) in ("public", *_KNOCKABLE)


def may_preview(facts: RoomFacts, joined: Collection[str]) -> bool:
    """Whether somebody who is in the `joined` rooms may see the room's summary (`GET …/hierarchy`, "rooms")."""
    if facts.membership in ("join", "invite", "knock") or is_world_readable(facts):
        return True
    if facts.membership == "ban":
        return False
    return is_open(facts) or any(room_id in joined for room_id in find_allowed_rooms(facts))


@dataclass(frozen=True, slots=True)
class Child:
    """An `m.space.child` event that names a child."""

    room_id: str
    content: Mapping[str, Any]
    sender: str
    origin_server_ts: int

    @property
    def is_suggested(self) -> bool:
        return self.content.get("suggested") is True

    @property
    def order(self) -> str | None:
        """Its `order`, None where it is not a valid one."""
        value = self.content.get("order")
        if not isinstance(value, str) or len(value) > MAX_ORDER or any(not " " <= each <= "~" for each in value):
            return None
        return value


def is_child(content: Mapping[str, Any]) -> bool:
    """Without `via` it is no child any more ("m.space.child relationship")."""
    via = content.get("via")
    return isinstance(via, list) and bool(via)


def sort_children(children: Iterable[Child]) -> list[Child]:
    """By order, then age, then id; those without an order last ("Ordering of children within a space")."""
    return sorted(
        children, key=lambda each: (each.order is None, each.order or "", each.origin_server_ts, each.room_id)
    )


@dataclass(frozen=True, slots=True)
class Tree:
    """What is known of the rooms under a space: who may be seen, and what the spaces among them hold."""

    root: str
    visible: Collection[str]
    children: Mapping[str, tuple[Child, ...]]


def walk(tree: Tree, max_depth: int) -> list[str]:
    """The visible rooms depth first, each once, however the tree loops; `max_depth` is how far from the root."""
    found: dict[str, None] = {}
    waiting = [(tree.root, 0)]
    while waiting:
        room_id, depth = waiting.pop()
        if room_id in found or room_id not in tree.visible:
            continue
        found[room_id] = None
        if depth < max_depth:
            waiting += [(each.room_id, depth + 1) for each in reversed(tree.children.get(room_id, ()))]
    return list(found)
