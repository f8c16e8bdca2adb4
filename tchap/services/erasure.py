"""What is left of an event without its words: the redaction algorithm, encoded as it is stored."""

from __future__ import annotations

from dataclasses import replace

from tchap.base.encoding import encode_json
from tchap.protocol.events import Event, client_format, redact
from tchap.protocol.room_versions import RoomVersion
from tchap.protocol.stored_event import StoredEvent
from tchap.services.live_rooms import event_of


def erase(version: RoomVersion, target: StoredEvent) -> StoredEvent:
    """The event as it is once redacted (room versions, "Redactions"); it relates to nothing any more."""
    pdu = redact(version, target.pdu())
    event = event_of(target)
    left = Event(
        event_id=event.event_id,
        room_id=event.room_id,
        type=event.type,
        sender=event.sender,
        content=pdu.get("content", {}),
        state_key=event.state_key,
        origin_server_ts=event.origin_server_ts,
    )
    graph = {key: pdu[key] for key in ("auth_events", "prev_events", "depth", "hashes", "signatures") if key in pdu}
    return replace(
        target,
        client_json=encode_json(client_format(left)),
        graph_json=encode_json(graph),
        relates_to=None,
        rel_type=None,
    )
