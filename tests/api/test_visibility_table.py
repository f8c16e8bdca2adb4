"""Who reads what: history visibility × membership × the road that is asked, against the specification's own table.

What must be seen is worked out here from client-server API, "Room History Visibility", step by step, without any of
the server's code.
"""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.hall import V3, Hall, Resident, open_hall
from tests.support.paths import quote

V1 = V3.replace("v3", "v1")
SLIDING = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"
VISIBILITIES = ("world_readable", "shared", "invited", "joined")
CHANGES = [*((one, one) for one in VISIBILITIES), *itertools.permutations(VISIBILITIES, 2)]
# What happens to the one who looks, between the words.
PATHS = {
    "never": (),
    "invited": ("invite",),
    "invited, then joined": ("invite", "join"),
    "invited, then refused": ("invite", "leave"),
    "joined": ("join",),
    "left": ("join", "leave"),
    "kicked": ("join", "kick"),
    "banned": ("join", "ban"),
    "banned without having come": ("ban",),
    "knocked": ("knock",),
    "knocked, then let in": ("knock", "invite", "join"),
    "came back": ("join", "leave", "join"),
    "came back and left": ("join", "leave", "join", "leave"),
    "invited again": ("join", "leave", "invite"),
}
MEMBERSHIPS = {"kick": "leave"}


@dataclass(slots=True)
class Word:
    """A message, and what held when it was said."""

    event_id: str
    visibility: str
    membership: str
    joined_since: bool = False

    @property
    def is_visible(self) -> bool:
        """The five rules of the specification, in their order."""
        if self.visibility == "world_readable":
            return True
        if self.membership == "join":
            return True
        if self.visibility == "shared" and self.joined_since:
            return True
        return self.visibility == "invited" and self.membership == "invite"


@dataclass(slots=True)
class Story:
    """A room being played; `stays` is the number of words said when the onlooker last left."""

    owner: Resident
    onlooker: Resident
    room_id: str
    visibility: str
    membership: str = "none"
    words: list[Word] = field(default_factory=list)
    has_joined: bool = False
    words_when_gone: int = 0

    async def say(self) -> None:
        content: dict[str, Any] = {"msgtype": "m.text", "body": f"parole {len(self.words)}"}
        if self.words:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": self.words[0].event_id}
        event_id = await self.owner.send(self.room_id, content)
        self.words.append(Word(event_id, self.visibility, self.membership))

    async def change(self, visibility: str) -> None:
        if visibility != self.visibility:
            await self.owner.set_state(self.room_id, "m.room.history_visibility", {"history_visibility": visibility})
            self.visibility = visibility

    async def move(self, step: str) -> None:
        if step in ("invite", "kick", "ban"):
            await self.owner.act(self.room_id, step, self.onlooker.user_id)
        elif step == "knock":
            await self.onlooker.ask("POST", f"/knock/{quote(self.room_id)}", {})
        else:
            await self.onlooker.ask("POST", f"/rooms/{quote(self.room_id)}/{step}", {})
        was_in = self.membership == "join"
        self.membership = MEMBERSHIPS.get(step, step)
        if was_in and self.membership != "join":
            self.words_when_gone = len(self.words)
        if step == "join":
            self.has_joined = True
            for word in self.words:
                word.joined_since = True

    @property
    def visible(self) -> list[str]:
        return [word.event_id for word in self.words if word.is_visible]

    @property
    def may_page(self) -> bool:
        """Whether the room can be read through at all: by who is or was in it, and by anybody where it is open."""
        return self.has_joined or self.visibility == "world_readable"


async def play(hall: Hall, names: tuple[str, str], visibilities: tuple[str, str], path: str) -> Story:
    """Words before, between and after every step; the visibility changes in the middle of the words."""
    owner, onlooker = await hall.enter(names[0]), await hall.enter(names[1])
    steps = PATHS[path]
    knocks = "knock" in steps
    rules = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock" if knocks else "public"}}
    begins = {
        "type": "m.room.history_visibility",
        "state_key": "",
        "content": {"history_visibility": visibilities[0]},
    }
    room_id = await owner.create_room(initial_state=[rules, begins])
    story = Story(owner, onlooker, room_id, visibilities[0])
    middle = len(steps) // 2
    await story.say()
    for number, step in enumerate(steps):
        if number == middle:
            await story.change(visibilities[1])
            await story.say()
        await story.move(step)
        await story.say()
    if not steps:
        await story.change(visibilities[1])
    await story.say()
    return story


def words_in(story: Story, events: list[dict[str, Any]]) -> list[str]:
    known = {word.event_id for word in story.words}
    return [event["event_id"] for event in events if event["event_id"] in known]


async def check_event(story: Story) -> None:
    room = f"/rooms/{quote(story.room_id)}"
    for word in story.words:
        for road in ("event", "context"):
            reply = await story.onlooker.call("GET", f"{room}/{road}/{quote(word.event_id)}?limit=50")
            assert (reply.status == 200) == word.is_visible, (road, word)
            if reply.status == 200 and road == "context":
                around = [*reply.body["events_before"][::-1], reply.body["event"], *reply.body["events_after"]]
                assert words_in(story, around) == story.visible
        old = await story.onlooker.call("GET", f"/events/{quote(word.event_id)}")
        assert (old.status == 200) == word.is_visible, ("events", word)


async def check_pages(story: Story) -> None:
    for direction in "bf":
        path = f"/rooms/{quote(story.room_id)}/messages?dir={direction}&limit=100"
        reply = await story.onlooker.call("GET", path)
        assert (reply.status == 200) == story.may_page, (direction, reply.body)
        if reply.status == 200:
            found = words_in(story, reply.body["chunk"])
            assert found == (story.visible[::-1] if direction == "b" else story.visible) or (
                # Backwards from where one left there is nothing later to meet.
                direction == "b" and found == _before_leaving(story)[::-1]
            )


def _before_leaving(story: Story) -> list[str]:
    if story.membership == "join" or not story.has_joined:
        return story.visible
    return [word.event_id for word in story.words[: story.words_when_gone] if word.is_visible]


async def check_sync(story: Story) -> None:
    """In the timeline of a room one is in, the end of what one may see; of one that was left, as it was then."""
    wanted = {"room": {"include_leave": True, "timeline": {"limit": 100}}}
    rooms = (await story.onlooker.sync(filter=wanted)).get("rooms", {})
    shown = rooms.get("join", {}).get(story.room_id) or rooms.get("leave", {}).get(story.room_id)
    if story.membership == "join" or (story.has_joined and story.membership in ("leave", "ban")):
        check_end(words_in(story, shown["timeline"]["events"]), _before_leaving(story), shown["timeline"]["limited"])
    elif shown is not None:
        assert words_in(story, shown["timeline"]["events"]) == []


def check_end(shown: list[str], visible: list[str], is_limited: bool) -> None:
    """A timeline is the end of what can be seen, and says so where there is more before it."""
    assert shown == visible[len(visible) - len(shown) :]
    assert shown == visible or is_limited


async def check_sliding(story: Story) -> None:
    body = {
        "conn_id": "table",
        "lists": {"all": {"ranges": [[0, 9]], "timeline_limit": 100, "required_state": []}},
        "room_subscriptions": {story.room_id: {"timeline_limit": 100, "required_state": []}},
    }
    answer = await story.onlooker.hall.house.ask("POST", SLIDING, body, story.onlooker.token)
    shown = answer["rooms"].get(story.room_id, {})
    words = words_in(story, shown.get("timeline", []))
    if story.membership == "join":
        check_end(words, story.visible, shown.get("limited", False))
    else:
        assert set(words) <= set(story.visible)


async def check_relations(story: Story) -> None:
    room, root = f"{V1}/rooms/{quote(story.room_id)}", story.words[0]
    ask = story.onlooker.hall.house.call
    relations = await ask("GET", f"{room}/relations/{quote(root.event_id)}?limit=50", None, story.onlooker.token)
    threads = await ask("GET", f"{room}/threads?limit=50", None, story.onlooker.token)
    if relations.status == 200:
        found = words_in(story, relations.body["chunk"])
        assert set(found) <= set(story.visible)
        if root.is_visible:
            assert found == [each for each in story.visible if each != root.event_id][::-1]
    else:
        assert not (root.is_visible and story.may_page), relations.body
    if threads.status == 200:
        assert words_in(story, threads.body["chunk"]) == ([root.event_id] if root.is_visible else [])
        told = [thread.get("unsigned", {}).get("m.relations") for thread in threads.body["chunk"]]
        latest = [each["m.thread"]["latest_event"]["event_id"] for each in told if each]
        assert set(latest) <= set(story.visible)
        assert latest or len(story.visible) < len(story.words)
    else:
        assert not story.may_page, threads.body


async def check_moments(story: Story) -> None:
    """The event of a moment is the nearest that one may see."""
    path = f"{V1}/rooms/{quote(story.room_id)}/timestamp_to_event"
    for direction, ts in (("f", 0), ("b", 2**50)):
        reply = await story.onlooker.hall.house.call(
            "GET", f"{path}?ts={ts}&dir={direction}", None, story.onlooker.token
        )
        assert (reply.status == 200) == story.may_page, reply.body


async def check_search(story: Story) -> None:
    wanted = {"search_term": "parole", "filter": {"rooms": [story.room_id], "limit": 50}}
    answer = await story.onlooker.ask("POST", "/search", {"search_categories": {"room_events": wanted}})
    found = {hit["result"]["event_id"] for hit in answer["search_categories"]["room_events"]["results"]}
    if story.membership == "join":
        assert found == set(story.visible)
    else:
        assert found <= set(story.visible)


async def check_members(story: Story) -> None:
    """Members and state are told to who is in the room, to who was there as of then, and where anybody may read."""
    room = f"/rooms/{quote(story.room_id)}"
    for road in ("members", "state", "state/m.room.create"):
        reply = await story.onlooker.call("GET", f"{room}/{road}")
        assert (reply.status == 200) == story.may_page, (road, reply.body)
    reply = await story.onlooker.call("GET", f"{room}/joined_members")
    assert (reply.status == 200) == (story.membership == "join")


@pytest.fixture(scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path_factory.mktemp("visibility")) as opened:
        yield opened


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("visibilities", CHANGES, ids=lambda pair: " then ".join(dict.fromkeys(pair)))
@pytest.mark.anyio
async def test_everybody_sees_what_the_specification_shows_them(
    hall: Hall, visibilities: tuple[str, str], path: str
) -> None:
    """Whatever the visibility was and became, and whatever became of the onlooker, each road shows the same words."""
    number = f"{CHANGES.index(visibilities)}-{list(PATHS).index(path)}"
    story = await play(hall, (f"olga{number}", f"oscar{number}"), visibilities, path)
    for check in (
        check_event,
        check_pages,
        check_sync,
        check_sliding,
        check_relations,
        check_moments,
        check_search,
        check_members,
    ):
        await check(story)
