"""How events relate: replies, edits, annotations, threads, references.

Source: client-server API, "Forming relationships between events", "Event replacements", "Threading". A malformed
relation is no relation: the event stands for itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from tchap.base.limits import MAX_ID_BYTES, MAX_THREAD_HOPS
from tchap.protocol.events import Event

REPLACE = "m.replace"
THREAD = "m.thread"
ANNOTATION = "m.annotation"
REFERENCE = "m.reference"

# The kinds of which a summary goes into `unsigned` of their parent; annotations are left to the client.
AGGREGATED = frozenset({REPLACE, THREAD, REFERENCE})


@dataclass(frozen=True, slots=True)
class Relation:
    """What an event says of another: `key` is that of an annotation (an emoji, most often)."""

    rel_type: str
    event_id: str
    key: str | None = None

    @property
    def thread_root(self) -> str | None:
        return self.event_id if self.rel_type == THREAD else None


class BadEdit(ValueError):
    """An edit that must be ignored."""


def find_relation(content: Mapping[str, Any]) -> Relation | None:
    """The relation an event's content declares, None without one that is well formed."""
    stated = content.get("m.relates_to")
    if not isinstance(stated, dict):
        return None
    rel_type, event_id, key = stated.get("rel_type"), stated.get("event_id"), stated.get("key")
    if not _is_name(rel_type) or not _is_name(event_id):
        return None
    return Relation(rel_type, event_id, key if isinstance(key, str) else None)


def find_reply(content: Mapping[str, Any]) -> str | None:
    """The event a rich reply answers, the fallback of threads left aside."""
    stated = content.get("m.relates_to")
    if not isinstance(stated, dict) or stated.get("is_falling_back") is True:
        return None
    reply = stated.get("m.in_reply_to")
    event_id = reply.get("event_id") if isinstance(reply, dict) else None
    return event_id if _is_name(event_id) else None


def may_root_thread(content: Mapping[str, Any]) -> bool:
    """Whether a thread may start from an event: threads do not nest, nor start from any other child ("Threading")."""
    return find_relation(content) is None


def find_thread(relation: Relation | None, relations: Mapping[str, Relation]) -> str | None:
    """The root of the thread an event belongs to, None for the main timeline.

    `relations` holds what is known of the events above it. A reaction to a message of a thread is in that thread, one
    to its root is in the main timeline; the search ends after a few hops ("Threaded read receipts").
    """
    for _ in range(MAX_THREAD_HOPS):
        if relation is None or relation.rel_type == THREAD:
            break
        relation = relations.get(relation.event_id)
    return None if relation is None else relation.thread_root


def check_edit(original: Event, edit: Event) -> None:
    """Raises BadEdit unless the edit counts ("Validity of replacement events")."""
    relation = find_relation(edit.content)
    if relation is None or relation.rel_type != REPLACE or relation.event_id != original.event_id:
        raise BadEdit("the event replaces nothing, or another event")
    if (edit.room_id, edit.sender, edit.type) != (original.room_id, original.sender, original.type):
        raise BadEdit("an edit has the room, the sender and the type of what it replaces")
    if edit.state_key is not None or original.state_key is not None:
        raise BadEdit("state is not edited")
    first = find_relation(original.content)
    if first is not None and first.rel_type == REPLACE:
        raise BadEdit("an edit is not edited")
    # The new content of an encrypted event is inside its payload, which only clients read.
    if edit.type != "m.room.encrypted" and not isinstance(edit.content.get("m.new_content"), dict):
        raise BadEdit("the edit has no new content")


def find_latest_edit(original: Event, edits: Iterable[Event]) -> Event | None:
    """The edit that counts: the latest by time, then by id ("Applying `m.new_content`")."""
    lawful = [edit for edit in edits if _is_lawful(original, edit)]
    return max(lawful, key=lambda edit: (edit.origin_server_ts, edit.event_id), default=None)


def _is_lawful(original: Event, edit: Event) -> bool:
    try:
        check_edit(original, edit)
    except BadEdit:
        return False
    return True


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_BYTES
