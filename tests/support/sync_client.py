"""What a client makes of the answers of /sync: the state it would show."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class RoomView:
    """One room as a client holds it. ``lines`` are message texts by event id, in order."""

    state: dict[tuple[str, str], str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    account_data: dict[str, Any] = field(default_factory=dict)
    receipts: dict[tuple[str, str, str], str] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    threads: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    typing: list[str] = field(default_factory=list)
    senders: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ClientView:
    """A client that keeps what it is told and drops what it is told to drop."""

    since: str | None = None
    joined: dict[str, RoomView] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    account_data: dict[str, Any] = field(default_factory=dict)

    def take(self, body: dict[str, Any]) -> None:
        self.since = body["next_batch"]
        for event in body.get("account_data", {}).get("events", ()):
            self.account_data[event["type"]] = event["content"]
        rooms = body.get("rooms", {})
        for room_id, part in rooms.get("join", {}).items():
            self.invited.discard(room_id)
            self._take_room(self.joined.setdefault(room_id, RoomView()), part)
        for room_id in rooms.get("invite", {}):
            self.joined.pop(room_id, None)
            self.invited.add(room_id)
        for room_id in rooms.get("leave", {}):
            self.joined.pop(room_id, None)
            self.invited.discard(room_id)

    def _take_room(self, view: RoomView, part: dict[str, Any]) -> None:
        timeline = part.get("timeline", {})
        if timeline.get("limited"):
            view.lines.clear()
        for event in (*part.get("state", {}).get("events", ()), *part.get("state_after", {}).get("events", ())):
            view.state[event["type"], event["state_key"]] = event["event_id"]
        for event in timeline.get("events", ()):
            self._take_event(view, event, after="state_after" in part)
        for event in part.get("account_data", {}).get("events", ()):
            view.account_data[event["type"]] = event["content"]
        for event in part.get("ephemeral", {}).get("events", ()):
            self._take_ephemeral(view, event)
        counts = part.get("unread_notifications")
        if counts is not None:
            view.unread, view.threads = counts, part.get("unread_thread_notifications", {})
        view.summary.update(part.get("summary", {}))

    def _take_event(self, view: RoomView, event: dict[str, Any], after: bool) -> None:
        assert event["event_id"] not in view.lines, "an event came twice"
        view.lines[event["event_id"]] = event["content"].get("body", "")
        view.senders.add(event["sender"])
        if "state_key" in event and not after:
            view.state[event["type"], event["state_key"]] = event["event_id"]
        redacts = event["content"].get("redacts")
        if event["type"] == "m.room.redaction" and redacts in view.lines:
            view.lines[redacts] = ""

    def _take_ephemeral(self, view: RoomView, event: dict[str, Any]) -> None:
        if event["type"] == "m.typing":
            view.typing = event["content"]["user_ids"]
            return
        for event_id, kinds in event["content"].items():
            for kind, people in kinds.items():
                for user_id, said in people.items():
                    view.receipts[kind, user_id, said.get("thread_id", "")] = event_id
