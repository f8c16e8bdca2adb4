"""What must hold of sliding sync whatever people do: it tells what classic sync tells, at first and later."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings

from tests.api.test_sliding_sync import ALL_EXTENSIONS, EVERYTHING, slide
from tests.api.test_sync_laws import MOVES, OWN_AFFAIRS, PEOPLE, SPEECH, Step, open_story, stories
from tests.support.engines import Engines
from tests.support.hall import Hall, Resident, open_hall
from tests.support.olm import KeyPair, device_keys, new_pair, one_time_key
from tests.support.sync_client import ClientView, RoomView

EXAMPLES = 30
STEPS = 60
ON_POSTGRESQL = 4
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
NOTHING: tuple[str, ...] = ()
KEYS = "signed_curve25519"

# What happens in rooms, and what only a person and their devices know of.
DEVICES = ("note", "note", "ignore", "hear_all", "new_device", "keys", "fallback", "claim")
STORIES = stories((*SPEECH, *MOVES, *OWN_AFFAIRS, *DEVICES), STEPS)


@dataclass(slots=True)
class SlidingView:
    """A client that keeps what sliding sync tells it."""

    pos: str | None = None
    since: str | None = None
    joined: dict[str, RoomView] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    knocked: set[str] = field(default_factory=set)
    account_data: dict[str, Any] = field(default_factory=dict)
    messages: list[Any] = field(default_factory=list)

    async def sync(self, who: Resident, window: dict[str, Any] = ALL_ROOMS, name: str = "") -> dict[str, Any]:
        extensions = {**ALL_EXTENSIONS, "to_device": {"enabled": True, "since": self.since or "0"}}
        asked = {"lists": {"all": window}, "extensions": extensions, **({"conn_id": name} if name else {})}
        body: dict[str, Any] = await slide(who, self.pos, timeout_ms=0, **asked)
        self.pos = body["pos"]
        for room_id, part in body["rooms"].items():
            self._take_room(room_id, part)
        self._take_extensions(body["extensions"])
        return body

    def _take_room(self, room_id: str, part: dict[str, Any]) -> None:
        self.invited.discard(room_id)
        self.knocked.discard(room_id)
        if part["membership"] != "join":
            self.joined.pop(room_id, None)
            outside = {"invite": self.invited, "knock": self.knocked}.get(part["membership"], set())
            outside.add(room_id)
            return
        if part.get("initial"):
            self.joined[room_id] = RoomView()
        view = self.joined[room_id]
        if part["limited"] or part.get("unstable_expanded_timeline"):
            view.lines.clear()
        for event in part["timeline"]:
            view.add_line(event)
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
        for room_id, event in extensions.get("typing", {}).get("rooms", {}).items():
            self.joined[room_id].typing = event["content"]["user_ids"]


@dataclass(slots=True)
class Pair:
    """One person's two clients, which ask at the same moments: one with classic sync, one with sliding sync."""

    desk: Resident
    phone: Resident
    classic: ClientView = field(default_factory=ClientView)
    sliding: SlidingView = field(default_factory=SlidingView)
    messages: list[Any] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)
    pairs: dict[str, KeyPair] = field(default_factory=dict)

    async def sync(self, window: dict[str, Any] = ALL_ROOMS) -> None:
        """Both ask; what they hear of devices must be the same at once."""
        body = await self.desk.sync(self.classic.since, filter=DEEP)
        told = await self.sliding.sync(self.phone, window)
        self.classic.take(body)
        self.messages += body.get("to_device", {}).get("events", [])
        check_device(body, told["extensions"]["e2ee"])

    async def act(self, what: str, other: "Pair", number: int) -> None:
        """What concerns the person and their devices, done alike for both devices."""
        mine = f"/user/{quote(self.desk.user_id)}/account_data/m.ignored_user_list"
        match what:
            case "note":
                messages = {other.desk.user_id: {"*": {"n": number}}}
                await self.desk.ask("PUT", f"/sendToDevice/fr.example.note/m{number}", {"messages": messages})
            case "ignore":
                if other is not self:
                    self.ignored.add(other.desk.user_id)
                    await self.desk.ask("PUT", mine, {"ignored_users": {other.desk.user_id: {}}})
            case "hear_all":
                await self.desk.ask("PUT", mine, {"ignored_users": {}})
            case "new_device":
                for device in (self.desk, self.phone):
                    pair = self.pairs[device.requester.device_id] = new_pair(self.desk.user_id, device_id(device))
                    await device.ask("POST", "/keys/upload", {"device_keys": device_keys(pair)})
            case "keys" | "fallback":
                await self._upload(what, number)
            case "claim":
                devices = {device_id(each): KEYS for each in (self.desk, self.phone)}
                await other.desk.ask("POST", "/keys/claim", {"one_time_keys": {self.desk.user_id: devices}})

    async def _upload(self, what: str, number: int) -> None:
        for device in (self.desk, self.phone):
            pair = self.pairs.get(device_id(device)) or new_pair(self.desk.user_id, device_id(device))
            key = {f"{KEYS}:K{number}": one_time_key(pair, number, **({"fallback": True} if what != "keys" else {}))}
            field_name = "one_time_keys" if what == "keys" else "fallback_keys"
            await device.ask("POST", "/keys/upload", {field_name: key})


def device_id(device: Resident) -> str:
    return device.requester.device_id


def check_device(classic: dict[str, Any], sliding: dict[str, Any]) -> None:
    """Whose devices changed, and what is left of the device's own keys."""
    for name in ("device_one_time_keys_count", "device_unused_fallback_key_types"):
        assert classic[name] == sliding[name]
    for name in ("changed", "left"):
        lists = [sorted(body.get("device_lists", {}).get(name, NOTHING)) for body in (classic, sliding)]
        assert lists[0] == lists[1], name


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(steps=STORIES)
def test_sliding_sync_tells_what_classic_sync_tells(steps: list[Step]) -> None:
    """Whoever slid at any moments, through any windows, holds what classic sync tells them, and tells a newcomer."""

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with open_hall(Path(folder)) as hall:
                await live_through(hall, steps)

    asyncio.run(story())


def test_both_agree_on_postgresql(engines: Engines) -> None:
    """The same stories end the same on the other engine."""

    @settings(max_examples=ON_POSTGRESQL, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(steps=STORIES)
    def agree(steps: list[Step]) -> None:
        async def story() -> None:
            with tempfile.TemporaryDirectory() as folder:
                async with engines.open_hall("postgresql", Path(folder)) as hall:
                    await live_through(hall, steps)

        asyncio.run(story())

    agree()


async def live_through(hall: Hall, steps: list[Step]) -> None:
    tale = await open_story(hall, [{}] * PEOPLE)
    pairs = [Pair(each, await hall.another_device(each)) for each in tale.people]
    for number, (what, who, where, wanted) in enumerate(steps):
        hall.house.clock.move(1)
        if what == "sync":
            await pairs[who].sync(WINDOWS[wanted % len(WINDOWS)])
        else:
            await tale.play((what, who, where, wanted))
            await pairs[who].act(what, pairs[wanted % PEOPLE], number)
    for pair in pairs:
        await check_same(pair)


async def check_same(pair: Pair) -> None:
    await pair.sync()
    newcomer, sliding = ClientView(), SlidingView()
    newcomer.take(await pair.desk.sync(filter=DEEP))
    check_devices_left(await sliding.sync(pair.phone, name="nouveau"), pair)
    check_views(sliding, newcomer, set())
    check_views(pair.sliding, newcomer, pair.ignored)
    for room in (*newcomer.joined.values(), *sliding.joined.values()):
        assert room.bundled == room.last_edits()
    check_views(pair.sliding, pair.classic, pair.ignored)
    # The messages were all delivered, once each, in order.
    numbers = [each["content"]["n"] for each in pair.sliding.messages]
    assert numbers == sorted(set(numbers))
    assert pair.sliding.messages == pair.messages
    # Nothing more is to be said.
    again = await pair.sliding.sync(pair.phone)
    assert again["rooms"] == {}
    assert again["extensions"].keys() == {"to_device", "e2ee"}
    assert again["extensions"]["to_device"]["events"] == []


def check_devices_left(body: dict[str, Any], pair: Pair) -> None:
    """A new connection is told the messages not yet acknowledged, and of no change of devices."""
    assert "device_lists" not in body["extensions"]["e2ee"]
    waiting = body["extensions"]["to_device"]["events"]
    assert waiting == pair.messages[len(pair.messages) - len(waiting) :]


def check_views(mine: SlidingView, other: ClientView, ignored: set[str]) -> None:
    assert mine.joined.keys() == other.joined.keys()
    assert mine.account_data == other.account_data
    if not ignored:
        # Of an invitation by somebody ignored since, only a new client knows nothing.
        assert (mine.invited, mine.knocked) == (other.invited, other.knocked)
    for room_id, room in mine.joined.items():
        check_rooms(room, other.joined[room_id], ignored)


def check_rooms(mine: RoomView, other: RoomView, ignored: set[str]) -> None:
    assert mine.state == other.state
    check_timelines(mine, other, ignored)
    # Whoever begins to ignore somebody, or ends it, is told no new counts ("Ignoring Users" asks for a fresh sync).
    assert ignored or mine.unread == other.unread
    assert mine.account_data == other.account_data
    assert set(mine.typing) == set(other.typing)
    check_receipts(mine, other)
    assert mine.summary["joined_count"] == other.summary["m.joined_member_count"]
    assert mine.summary["invited_count"] == other.summary["m.invited_member_count"]


def check_timelines(mine: RoomView, other: RoomView, ignored: set[str]) -> None:
    """The same lines with the same words; of people ignored at some time, each client holds what it heard."""
    if ignored:
        heard = [[key for key in view.lines if view.authors[key] not in ignored] for view in (mine, other)]
        assert heard[0] == heard[1]
        return
    assert list(mine.lines.items()) == list(other.lines.items())
    assert mine.edits == other.edits


def check_receipts(mine: RoomView, other: RoomView) -> None:
    """The extension has one place for a person on an event: a threaded receipt may give way to an unthreaded one."""
    order = list(other.lines)
    for key, event_id in (mine.receipts | other.receipts).items():
        kind, user_id, thread = key
        if mine.receipts.get(key) == other.receipts.get(key):
            continue
        unthreaded = mine.receipts.get((kind, user_id, ""))
        assert thread, f"{key}: {mine.receipts.get(key)} is not {other.receipts.get(key)}"
        assert unthreaded is not None, f"{key}: {event_id} is told by one alone"
        # An event of somebody ignored is in nobody's order.
        if unthreaded in order and event_id in order:
            assert order.index(unthreaded) >= order.index(other.receipts[key])
