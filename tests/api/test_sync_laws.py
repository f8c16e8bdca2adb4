"""What must hold of /sync whatever people do, tried on random stories."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tchap.base.errors import MatrixError
from tchap.services.live_rooms import get_room
from tests.support.hall import Hall, Resident, open_hall
from tests.support.sync_client import ClientView, RoomView

PEOPLE = 3
ROOMS = 3
EXAMPLES = 20
STEPS = 40

FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"room": {"timeline": {"limit": 1}}},
    {"room": {"timeline": {"limit": 3, "unread_thread_notifications": True}}},
    {"room": {"state": {"lazy_load_members": True}, "timeline": {"limit": 2}}},
    {"room": {"state": {"lazy_load_members": True}}},
    {"room": {"timeline": {"limit": 4, "types": ["m.room.message", "m.room.redaction"]}}},
)

SPEECH = ("send", "send", "thread", "mention", "edit", "redact", "read", "read_thread", "private", "type")
MOVES = ("join", "join", "knock", "leave", "invite", "kick", "ban", "unban", "rename", "profile", "topic")
OWN_AFFAIRS = ("tag", "untag", "room_data", "data", "marker", "mute", "unmute", "keyword", *["sync"] * 6)
KNOCK = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
Step = tuple[str, int, int, int]


def stories(kinds: Sequence[str], steps: int) -> st.SearchStrategy[list[Step]]:
    """Who does what in which room, and a number to choose by: every kind as likely as it is frequent in ``kinds``."""

    def tell(seed: int, length: int) -> list[Step]:
        chance = Random(seed)
        return [
            (chance.choice(kinds), chance.randrange(PEOPLE), chance.randrange(ROOMS), chance.randrange(1000))
            for _ in range(length)
        ]

    return st.builds(tell, st.integers(0, 2**32), st.integers(steps // 2, steps))


@dataclass(slots=True)
class Story:
    hall: Hall
    people: list[Resident]
    rooms: list[str]
    views: list[ClientView]
    filters: list[dict[str, Any]]
    events: dict[str, list[str]] = field(default_factory=dict)

    async def play(self, step: Step) -> None:
        """One step; what somebody may not do is refused and changes nothing."""
        what, who, where, number = step
        actor, room_id = self.people[who], self.rooms[where]
        if what == "sync":
            await self.sync(who)
            return
        # What a person may not do is refused, which is as good a step as another.
        with contextlib.suppress(MatrixError):
            await self._act(what, actor, room_id, number)

    async def sync(self, who: int) -> None:
        view = self.views[who]
        view.take(await self.people[who].sync(view.since, filter=self.filters[who]))

    async def _act(self, what: str, actor: Resident, room_id: str, number: int) -> None:
        known = self.events.setdefault(room_id, []) or ["$none:example.org"]
        event_id = known[number % len(known)]
        other = self.people[number % PEOPLE].user_id
        base = f"/rooms/{quote(room_id)}"
        mine = f"/user/{quote(actor.user_id)}"
        match what:
            case "send":
                self.events[room_id].append(
                    await actor.send(room_id, f"tarte {number}" if number % 2 else f"ligne {number}")
                )
            case "thread":
                relation = {"rel_type": "m.thread", "event_id": event_id}
                self.events[room_id].append(
                    await actor.send(room_id, {"msgtype": "m.text", "body": "fil", "m.relates_to": relation})
                )
            case "mention":
                body = {"msgtype": "m.text", "body": "vous", "m.mentions": {"user_ids": [other]}}
                self.events[room_id].append(await actor.send(room_id, body))
            case "edit":
                fresh = {"msgtype": "m.text", "body": f"corrigé {number}"}
                relation = {"rel_type": "m.replace", "event_id": event_id}
                edit = {"msgtype": "m.text", "body": f"* {number}", "m.new_content": fresh, "m.relates_to": relation}
                self.events[room_id].append(await actor.send(room_id, edit))
            case "redact":
                await actor.redact(room_id, event_id)
            case "read" | "private":
                await actor.try_read(room_id, event_id, "m.read" if what == "read" else "m.read.private")
            case "read_thread":
                await actor.try_read(
                    room_id, event_id, "m.read", known[number % 7 % len(known)] if number % 3 else "main"
                )
            case "join" | "leave":
                await actor.attempt("POST", f"{base}/{what}", {})
            case "knock":
                await actor.attempt("POST", f"/knock/{quote(room_id)}", {})
            case "invite" | "kick" | "ban" | "unban":
                await actor.attempt("POST", f"{base}/{what}", {"user_id": other})
            case "rename":
                content = {"membership": "join", "displayname": f"nom {number}"}
                await actor.set_state(room_id, "m.room.member", content, actor.user_id)
            case "profile":
                path = f"/profile/{quote(actor.user_id)}/displayname"
                await actor.attempt("PUT", path, {"displayname": f"{number} partout"})
            case "topic":
                await actor.set_state(room_id, "m.room.topic", {"topic": f"sujet {number}"})
            case "tag":
                await actor.attempt("PUT", f"{mine}/rooms/{quote(room_id)}/tags/u.{number % 3}", {"order": 0.5})
            case "untag":
                await actor.attempt("DELETE", f"{mine}/rooms/{quote(room_id)}/tags/u.{number % 3}")
            case "marker":
                await actor.attempt("POST", f"{base}/read_markers", {"m.fully_read": event_id})
            case "type":
                said = {"typing": number % 2 == 0, "timeout": 30_000}
                await actor.attempt("PUT", f"{base}/typing/{quote(actor.user_id)}", said)
            case "room_data":
                await actor.attempt("PUT", f"{mine}/rooms/{quote(room_id)}/account_data/fr.example.a", {"n": number})
            case "data":
                await actor.attempt("PUT", f"{mine}/account_data/fr.example.b", {"n": number})
            case "mute":
                await actor.attempt("PUT", f"/pushrules/global/room/{quote(room_id)}", {"actions": []})
            case "unmute":
                await actor.attempt("DELETE", f"/pushrules/global/room/{quote(room_id)}")
            case "keyword":
                rule = {"pattern": "tarte", "actions": ["notify", {"set_tweak": "highlight"}]}
                await actor.attempt("PUT", "/pushrules/global/content/tarte", rule)


async def open_story(hall: Hall, filters: list[dict[str, Any]]) -> Story:
    people = [await hall.enter(name) for name in ("ariane", "basile", "claire")]
    rooms = [
        await people[0].create_room(preset="public_chat", name="Salon"),
        await people[1].create_room(preset="public_chat"),
        await people[2].create_room(preset="private_chat", initial_state=[KNOCK], invite=[people[0].user_id]),
    ]
    for each, where in ((1, 0), (2, 0), (0, 1)):
        await people[each].join(rooms[where])
    return Story(hall, people, rooms, [ClientView() for _ in people], filters)


def told(view: RoomView, lazy: bool) -> dict[tuple[str, str], str]:
    """The state to compare: a lazy client need only agree on the members it has seen speak."""
    return {key: value for key, value in view.state.items() if not lazy or key[0] != "m.room.member"}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(
    steps=stories((*SPEECH, *MOVES, *OWN_AFFAIRS), STEPS),
    filters=st.lists(st.sampled_from(FILTERS), min_size=PEOPLE, max_size=PEOPLE),
)
def test_however_often_one_syncs_the_end_is_the_same(steps: list[Step], filters: list[dict[str, Any]]) -> None:
    """A client that synced at any moments holds what a fresh client is told."""

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with open_hall(Path(folder)) as hall:
                tale = await open_story(hall, filters)
                for each in steps:
                    await tale.play(each)
                for who in range(PEOPLE):
                    await tale.sync(who)
                    await check_same(tale, who)

    asyncio.run(story())


async def check_same(tale: Story, who: int) -> None:
    resident, view, wanted = tale.people[who], tale.views[who], tale.filters[who]
    fresh = ClientView()
    fresh.take(await resident.sync(filter=wanted))
    assert view.joined.keys() == fresh.joined.keys()
    assert (view.invited, view.knocked) == (fresh.invited, fresh.knocked)
    assert view.account_data == fresh.account_data
    lazy = wanted.get("room", {}).get("state", {}).get("lazy_load_members", False)
    for room_id, mine in view.joined.items():
        other = fresh.joined[room_id]
        assert told(mine, lazy) == told(other, lazy)
        if lazy:
            await check_members(tale, resident, room_id, mine)
        assert mine.unread == other.unread
        assert mine.threads == other.threads
        assert mine.account_data == other.account_data
        assert mine.receipts == other.receipts
        assert set(mine.typing) == set(other.typing)
        assert mine.summary == other.summary
        common = min(len(mine.lines), len(other.lines))
        assert list(mine.lines.items())[-common:] == list(other.lines.items())[-common:] if common else True
    # Nothing more is to be said.
    again = await resident.sync(view.since, filter=wanted)
    assert "rooms" not in again, json.dumps(again["rooms"])


async def check_members(tale: Story, resident: Resident, room_id: str, view: RoomView) -> None:
    """What a lazy client holds of a member is true, and it holds everybody whose words it shows."""
    live = await get_room(tale.hall.house.world, room_id)
    for (kind, user_id), event_id in view.state.items():
        if kind == "m.room.member":
            assert live.state[kind, user_id].event_id == event_id
    for sender in view.authors.values():
        assert ("m.room.member", sender) in view.state
