"""What must hold of sliding sync whatever people do: it tells what classic sync tells."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.test_sliding_sync import ALL_EXTENSIONS, EVERYTHING, slide
from tests.api.test_sync_laws import PEOPLE, Story, open_story, step
from tests.support.hall import Resident, open_hall
from tests.support.sync_client import ClientView, RoomView

EXAMPLES = 40
# As deep as it goes, so that no timeline is cut and both hold the same lines.
ALL_ROOMS = {**EVERYTHING, "timeline_limit": 100}
WINDOWS = (
    ALL_ROOMS,
    ALL_ROOMS,
    {**ALL_ROOMS, "ranges": [[0, 0]]},
    {**ALL_ROOMS, "timeline_limit": 1},
    {"ranges": [[0, 0]], "timeline_limit": 3, "required_state": [["m.room.member", "$LAZY"], ["*", "*"]]},
    {"ranges": [[1, 1]], "timeline_limit": 2, "required_state": [["m.room.name", ""]]},
)
DEEP = {"room": {"timeline": {"limit": 100}}}


@dataclass(slots=True)
class SlidingView:
    """A client that keeps what sliding sync tells it."""

    pos: str | None = None
    since: str | None = None
    joined: dict[str, RoomView] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    account_data: dict[str, Any] = field(default_factory=dict)
    messages: list[Any] = field(default_factory=list)

    async def sync(self, who: Resident, window: dict[str, Any] = ALL_ROOMS) -> dict[str, Any]:
        extensions = {**ALL_EXTENSIONS, "to_device": {"enabled": True, "since": self.since or "0"}}
        body: dict[str, Any] = await slide(who, self.pos, lists={"all": window}, extensions=extensions)
        self.pos = body["pos"]
        for room_id, part in body["rooms"].items():
            self._take_room(room_id, part)
        self._take_extensions(body["extensions"])
        return body

    def _take_room(self, room_id: str, part: dict[str, Any]) -> None:
        self.invited.discard(room_id)
        if part["membership"] != "join":
            self.joined.pop(room_id, None)
            if part["membership"] == "invite":
                self.invited.add(room_id)
            return
        if part.get("initial"):
            self.joined[room_id] = RoomView()
        view = self.joined[room_id]
        if part["limited"] or part.get("unstable_expanded_timeline"):
            view.lines.clear()
        for event in part["timeline"]:
            assert event["event_id"] not in view.lines, "an event came twice"
            view.lines[event["event_id"]] = event["content"].get("body", "")
            redacts = event["content"].get("redacts")
            if event["type"] == "m.room.redaction" and redacts in view.lines:
                view.lines[redacts] = ""
        for event in part["required_state"]:
            view.state[event["type"], event["state_key"]] = event["event_id"]
        if "notification_count" in part:
            view.unread = {name: part[name] for name in ("notification_count", "highlight_count")}
        if "joined_count" in part:
            view.summary = {name: part[name] for name in ("joined_count", "invited_count")}

    def _take_extensions(self, extensions: dict[str, Any]) -> None:
        self.since = extensions["to_device"]["next_batch"]
        self.messages += extensions["to_device"]["events"]
        personal = extensions.get("account_data", {})
        self.account_data.update({event["type"]: event["content"] for event in personal.get("global", ())})
        for room_id, events in personal.get("rooms", {}).items():
            if room_id in self.joined:
                self.joined[room_id].account_data.update({event["type"]: event["content"] for event in events})
        for room_id, event in extensions.get("receipts", {}).get("rooms", {}).items():
            for event_id, kinds in event["content"].items():
                for kind, people in kinds.items():
                    for user_id, said in people.items():
                        self.joined[room_id].receipts[kind, user_id, said.get("thread_id", "")] = event_id


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(steps=st.lists(step, min_size=5, max_size=30))
def test_sliding_sync_tells_what_classic_sync_tells(steps: list[Any]) -> None:
    """A client that slid at any moments, through any windows, holds what classic sync tells a new one."""

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with open_hall(Path(folder)) as hall:
                tale = await open_story(hall, [{}] * PEOPLE)
                views = [SlidingView() for _ in range(PEOPLE)]
                for number, each in enumerate(steps):
                    if each[0] == "sync":
                        await views[each[1]].sync(tale.people[each[1]], WINDOWS[each[3] % len(WINDOWS)])
                    else:
                        await tale.play(each)
                        await write_to_device(tale, each, number)
                for who in range(PEOPLE):
                    await check_same(tale.people[who], views[who])

    asyncio.run(story())


async def write_to_device(tale: Story, step: tuple[str, int, int, int], number: int) -> None:
    what, who, _, choice = step
    if what == "data":
        other = tale.people[choice % PEOPLE]
        messages = {other.user_id: {other.requester.device_id: {"n": number}}}
        await tale.people[who].ask("PUT", f"/sendToDevice/fr.example.note/m{number}", {"messages": messages})


async def check_same(resident: Resident, view: SlidingView) -> None:
    await view.sync(resident)
    classic, fresh = ClientView(), await resident.sync(filter=DEEP)
    classic.take(fresh)
    assert view.joined.keys() == classic.joined.keys()
    assert view.invited == classic.invited
    assert view.account_data == classic.account_data
    for room_id, mine in view.joined.items():
        other = classic.joined[room_id]
        assert mine.state == other.state
        assert list(mine.lines.items()) == list(other.lines.items())
        assert mine.unread == other.unread
        assert mine.account_data == other.account_data
        assert {key: event_id for key, event_id in mine.receipts.items() if not key[2]} == {
            key: event_id for key, event_id in other.receipts.items() if not key[2]
        }
        assert mine.summary["joined_count"] == other.summary["m.joined_member_count"]
        assert mine.summary["invited_count"] == other.summary["m.invited_member_count"]
    # The messages were all delivered, once each, in order.
    numbers = [each["content"]["n"] for each in view.messages]
    assert numbers == sorted(set(numbers))
    assert fresh.get("to_device", {}).get("events", []) == view.messages[len(view.messages) - len(pending(fresh)) :]
    # Nothing more is to be said.
    again = await view.sync(resident)
    assert again["rooms"] == {}
    assert again["extensions"]["to_device"]["events"] == []


def pending(body: dict[str, Any]) -> list[Any]:
    events: list[Any] = body.get("to_device", {}).get("events", [])
    return events
