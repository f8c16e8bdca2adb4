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
    authors: dict[str, str] = field(default_factory=dict)
    edits: dict[str, tuple[str, int]] = field(default_factory=dict)
    bundled: dict[str, str] = field(default_factory=dict)

    def add_line(self, event: dict[str, Any]) -> None:
        """An event of the timeline: ``edits`` maps one that replaces another to it and its time, ``bundled`` the
        other way round, as the server put them together."""
        event_id, content = event["event_id"], event["content"]
        assert event_id not in self.lines, "an event came twice"
        self.lines[event_id] = content.get("body", "")
        self.authors[event_id] = event["sender"]
        relation = content.get("m.relates_to", {})
        if relation.get("rel_type") == "m.replace":
            self.edits[event_id] = (relation["event_id"], event["origin_server_ts"])
        if "m.replace" in (said := event.get("unsigned", {}).get("m.relations", {})):
            self.bundled[event_id] = said["m.replace"]["event_id"]
        redacts = content.get("redacts")
        if event["type"] == "m.room.redaction" and redacts in self.lines:
            self.lines[redacts] = ""
            self.edits.pop(redacts, None)

    def last_edits(self) -> dict[str, str]:
        """What each line was replaced by last, worked out from the timeline ("Applying m.new_content")."""
        found: dict[str, tuple[int, str]] = {}
        for edit, (target, ts) in self.edits.items():
            is_original = bool(self.lines.get(target)) and target not in self.edits
            if is_original and self.authors[edit] == self.authors[target]:
                found[target] = max(found.get(target, (0, "")), (ts, edit))
        return {target: edit for target, (_, edit) in found.items()}


@dataclass(slots=True)
class ClientView:
    """A client that keeps what it is told and drops what it is told to drop."""

    since: str | None = None
    joined: dict[str, RoomView] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    knocked: set[str] = field(default_factory=set)
    account_data: dict[str, Any] = field(default_factory=dict)

    def take(self, body: dict[str, Any]) -> None:
        self.since = body["next_batch"]
        for event in body.get("account_data", {}).get("events", ()):
            self.account_data[event["type"]] = event["content"]
        rooms = body.get("rooms", {})
        for room_id, part in rooms.get("join", {}).items():
            self._move(room_id)
            self._take_room(self.joined.setdefault(room_id, RoomView()), part)
        for section, outside in (("invite", self.invited), ("knock", self.knocked)):
            for room_id in rooms.get(section, {}):
                self._move(room_id)
                self.joined.pop(room_id, None)
                outside.add(room_id)
        for room_id in rooms.get("leave", {}):
            self._move(room_id)
            self.joined.pop(room_id, None)

    def _move(self, room_id: str) -> None:
        self.invited.discard(room_id)
        self.knocked.discard(room_id)

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
        view.add_line(event)
        if "state_key" in event and not after:
            view.state[event["type"], event["state_key"]] = event["event_id"]

    def _take_ephemeral(self, view: RoomView, event: dict[str, Any]) -> None:
        if event["type"] == "m.typing":
            view.typing = event["content"]["user_ids"]
            return
        for event_id, kinds in event["content"].items():
            for kind, people in kinds.items():
                for user_id, said in people.items():
                    view.receipts[kind, user_id, said.get("thread_id", "")] = event_id
