"""Lazy loading of members: a client holds the member event of everybody it shows, and hears when one it holds changes.

Client-server API, "Lazy-loading room members", `GET /sync`, `GET /messages`, `GET /context`, `GET /members`; MSC4222
(state after the timeline); MSC4186 (`$LAZY`, `$ME`).
"""

import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.api.test_sliding_sync import slide
from tests.support.hall import Hall, Resident, open_hall
from tests.support.paths import quote

pytestmark = pytest.mark.anyio
MEMBER = "m.room.member"
ROADS = ("state", "state_after", "redundant", "sliding")
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path_factory.mktemp("hall")) as hall:
        yield hall


@dataclass(slots=True)
class LazyClient:
    """A client that holds of the members of one room what it was told, whatever road it takes."""

    who: Resident
    room_id: str
    road: str
    limit: int = 3
    token: str | None = None
    members: dict[str, str] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)

    async def sync(self) -> None:
        """One answer, taken in; whoever speaks in it must be known once it is, and `given` are those in its state."""
        self.given = []
        if self.road == "sliding":
            await self._slide()
        else:
            await self._sync()

    async def _sync(self) -> None:
        state = {"lazy_load_members": True, "include_redundant_members": self.road == "redundant"}
        wanted = {"room": {"state": state, "timeline": {"limit": self.limit}, "include_leave": True}}
        is_after = str(self.road == "state_after").lower()
        body = await self.who.sync(self.token, filter=wanted, use_state_after=is_after)
        self.token = body["next_batch"]
        sections = body.get("rooms", {})
        for section in ("join", "leave"):
            part = sections.get(section, {}).get(self.room_id)
            if part is not None:
                key = "state_after" if self.road == "state_after" else "state"
                self._take(part.get(key, {}).get("events", ()), part.get("timeline", {}).get("events", ()))
                heroes = part.get("summary", {}).get("m.heroes", ())
                assert set(heroes) <= self.members.keys(), "a hero is a stranger"

    async def _slide(self) -> None:
        required = [[MEMBER, "$LAZY"], [MEMBER, "$ME"], ["m.room.name", ""]]
        lists = {"all": {"ranges": [[0, 99]], "timeline_limit": self.limit, "required_state": required}}
        body = await slide(self.who, self.token, lists=lists)
        self.token = body["pos"]
        part = body["rooms"].get(self.room_id)
        if part is not None and "timeline" in part:
            if part.get("initial"):
                self.members = {}
            self._take(part["required_state"], part["timeline"])

    def _take(self, state: Any, timeline: Any) -> None:
        self.given = [event["state_key"] for event in state if event["type"] == MEMBER]
        self._learn(state)
        if self.road in ("state_after", "sliding"):
            assert {event["sender"] for event in timeline} <= self.members.keys(), "a speaker is a stranger"
            return
        newcomers = self._newcomers(timeline)
        for event in timeline:
            assert event["sender"] in self.members.keys() | newcomers, f"{event['sender']} speaks and is a stranger"
            self._learn([event])
        assert {event["sender"] for event in timeline} <= self.members.keys()

    def _newcomers(self, timeline: Any) -> set[str]:
        """Those who were nothing in the room before the timeline brings them."""
        first: dict[str, Any] = {}
        for event in timeline:
            if event["type"] == MEMBER:
                first.setdefault(event["state_key"], event)
        return {user_id for user_id, event in first.items() if "replaces_state" not in event["unsigned"]}

    def _learn(self, events: Any) -> None:
        self.members.update({event["state_key"]: event["event_id"] for event in events if event["type"] == MEMBER})


@dataclass(slots=True)
class Stage:
    """A room with an owner, two who speak, a silent one, and the one who looks on lazily."""

    hall: Hall
    owner: Resident
    basile: Resident
    claire: Resident
    silent: Resident
    looker: Resident
    room_id: str
    client: LazyClient

    async def rename(self, who: Resident) -> None:
        content = {"membership": "join", "displayname": f"nom {next(_NUMBERS)}"}
        await who.set_state(self.room_id, MEMBER, content, who.user_id)

    async def say(self, who: Resident, times: int = 1) -> None:
        for _ in range(times):
            await who.send(self.room_id, f"mot {next(_NUMBERS)}")

    async def check_truth(self) -> None:
        """Of each member it holds the client holds the event that is true now."""
        chunk = (await self.owner.ask("GET", f"/rooms/{quote(self.room_id)}/members"))["chunk"]
        true = {event["state_key"]: event["event_id"] for event in chunk}
        assert self.client.members == {user_id: true[user_id] for user_id in self.client.members}


async def a_stage(hall: Hall, road: str, limit: int = 3, name: str | None = "Salon") -> Stage:
    number = next(_NUMBERS)
    people = [await hall.enter(f"{each}{number}") for each in ("ariane", "basile", "claire", "denis", "eve")]
    room_id = await people[0].create_room(preset="public_chat", **({"name": name} if name else {}))
    for each in people[1:]:
        await each.join(room_id)
    owner, basile, claire, silent, looker = people
    client = LazyClient(looker, room_id, road, limit)
    stage = Stage(hall, owner, basile, claire, silent, looker, room_id, client)
    await stage.say(owner, 3)
    return stage


async def speakers_come_with_their_words(stage: Stage) -> None:
    """Whoever speaks is known, whether or not they spoke before."""
    await stage.client.sync()
    for who in (stage.basile, stage.claire, stage.basile, stage.owner):
        await stage.say(who)
        await stage.client.sync()
    assert stage.silent.user_id not in stage.client.members


async def a_new_name_between_two_words(stage: Stage) -> None:
    """Who speaks, takes another name, and speaks again is known before and after."""
    await stage.say(stage.owner, 3)
    await stage.client.sync()
    await stage.say(stage.basile)
    await stage.rename(stage.basile)
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.check_truth()


async def a_known_member_takes_another_name(stage: Stage) -> None:
    """The change of a member already held is told though they say nothing."""
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.rename(stage.basile)
    await stage.client.sync()
    await stage.check_truth()


async def a_change_in_a_gap(stage: Stage) -> None:
    """What changed of a known member where the timeline is cut is told all the same, and of a new speaker too."""
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.rename(stage.basile)
    await stage.say(stage.claire, 6)
    await stage.client.sync()
    await stage.check_truth()
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.check_truth()


async def a_departure_in_a_gap(stage: Stage) -> None:
    """A known member who left, or was put out, where the timeline is cut is known to have gone."""
    await stage.say(stage.basile)
    await stage.say(stage.claire)
    await stage.client.sync()
    await stage.basile.leave(stage.room_id)
    await stage.owner.act(stage.room_id, "ban", stage.claire.user_id)
    await stage.say(stage.owner, 6)
    await stage.client.sync()
    await stage.check_truth()


async def words_of_one_who_left(stage: Stage) -> None:
    """Who spoke and left since is known by the event that says so."""
    await stage.client.sync()
    await stage.say(stage.basile)
    await stage.basile.leave(stage.room_id)
    await stage.client.sync()
    await stage.check_truth()


async def back_between_two_answers(stage: Stage) -> None:
    """Whoever left and came back unseen holds nothing that is no longer true."""
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.looker.leave(stage.room_id)
    await stage.rename(stage.basile)
    await stage.looker.join(stage.room_id)
    await stage.say(stage.claire, 6)
    await stage.client.sync()
    await stage.check_truth()
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.check_truth()


async def back_after_a_departure_that_was_told(stage: Stage) -> None:
    """Whoever comes back to a room they saw themselves leave starts it anew, and is told who speaks again."""
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.looker.leave(stage.room_id)
    await stage.client.sync()
    # The room was left, and what was held of it with it.
    stage.client.members = {}
    await stage.rename(stage.claire)
    await stage.looker.join(stage.room_id)
    await stage.say(stage.claire, 6)
    await stage.client.sync()
    assert stage.looker.user_id in stage.client.members
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.check_truth()


async def put_out_before_a_new_name(stage: Stage) -> None:
    """Whoever is put out knows those who spoke until then as they were then."""
    await stage.client.sync()
    await stage.say(stage.basile)
    await stage.owner.act(stage.room_id, "kick", stage.looker.user_id)
    await stage.rename(stage.basile)
    await stage.client.sync()
    assert stage.basile.user_id in stage.client.members


async def a_client_that_starts_anew(stage: Stage) -> None:
    """A client that forgot all is told again of those whom the same device was told of before."""
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.say(stage.claire, 6)
    await stage.client.sync()
    stage.client.members, stage.client.token = {}, None
    await stage.client.sync()
    assert stage.basile.user_id not in stage.client.members
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.check_truth()


async def an_answer_that_was_lost(stage: Stage) -> None:
    """What an answer that never arrived told is told again."""
    await stage.say(stage.owner, 6)
    await stage.client.sync()
    token, held = stage.client.token, dict(stage.client.members)
    await stage.say(stage.basile)
    await stage.client.sync()
    stage.client.token, stage.client.members = token, held
    await stage.say(stage.basile)
    await stage.client.sync()
    await stage.check_truth()


async def an_older_token_again(stage: Stage) -> None:
    """A client restored from an older token holds what it needs again, though the server told it since."""
    await stage.say(stage.owner, 6)
    await stage.client.sync()
    token, held = stage.client.token, dict(stage.client.members)
    for who in (stage.basile, stage.claire, stage.basile):
        await stage.say(who)
        await stage.client.sync()
    if stage.client.road == "sliding":
        # A place confirmed is the oldest there is: the client begins anew.
        token, held = None, {}
    stage.client.token, stage.client.members = token, held
    await stage.client.sync()
    await stage.say(stage.basile)
    await stage.say(stage.claire)
    await stage.client.sync()
    await stage.check_truth()


async def a_new_member_is_told(stage: Stage) -> None:
    """Whoever joins is told by the timeline, and by the state where it is cut."""
    await stage.client.sync()
    florent = await stage.hall.enter(f"florent{next(_NUMBERS)}")
    await florent.join(stage.room_id)
    await stage.client.sync()
    assert florent.user_id in stage.client.members or stage.client.road in ("state_after", "sliding")
    await stage.say(florent)
    await stage.client.sync()
    await stage.check_truth()


STORIES: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    speakers_come_with_their_words,
    a_new_name_between_two_words,
    a_known_member_takes_another_name,
    a_change_in_a_gap,
    a_departure_in_a_gap,
    words_of_one_who_left,
    back_between_two_answers,
    back_after_a_departure_that_was_told,
    put_out_before_a_new_name,
    a_client_that_starts_anew,
    an_answer_that_was_lost,
    an_older_token_again,
    a_new_member_is_told,
)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_a_lazy_client_knows_whom_it_shows(
    hall: Hall, story: Callable[[Stage], Awaitable[None]], road: str
) -> None:
    """However the story goes, every speaker is known, and what is known of members is true."""
    await story(await a_stage(hall, road))


@pytest.mark.parametrize("limit", [1, 20])
@pytest.mark.parametrize("road", ROADS)
async def test_a_nameless_room_brings_the_people_that_name_it(hall: Hall, road: str, limit: int) -> None:
    """The heroes' member events come too, silent as they are."""
    stage = await a_stage(hall, road, limit, name=None)
    await stage.client.sync()
    assert stage.looker.user_id in stage.client.members


async def test_redundant_members_come_only_when_asked_for(hall: Hall) -> None:
    """A speaker already known is not told again, unless redundant members are wanted."""
    for road, again in (("state", False), ("state_after", False), ("redundant", True), ("sliding", False)):
        stage = await a_stage(hall, road)
        await stage.say(stage.basile)
        await stage.client.sync()
        await stage.say(stage.basile)
        await stage.client.sync()
        assert (stage.basile.user_id in stage.client.given) is again, road


async def test_pages_bring_the_members_who_speak_in_them(hall: Hall) -> None:
    """Each page of /messages has its senders in its state, with the state as it was, and nobody else."""
    stage = await a_stage(hall, "state")
    wanted = quote(json.dumps({"lazy_load_members": True}))
    await stage.say(stage.basile, 2)
    await stage.basile.leave(stage.room_id)
    await stage.say(stage.claire, 2)
    for direction in ("b", "f"):
        start: str | None = ""
        while start is not None:
            path = f"/rooms/{quote(stage.room_id)}/messages?dir={direction}&limit=2&filter={wanted}{start}"
            page = await stage.looker.ask("GET", path)
            assert all(event["type"] == MEMBER for event in page.get("state", ()))
            # Whoever makes a room is nothing in it yet.
            senders = {event["sender"] for event in page["chunk"] if event["type"] != "m.room.create"}
            assert sorted(event["state_key"] for event in page.get("state", ())) == sorted(senders)
            start = f"&from={page['end']}" if "end" in page else None
    plain = await stage.looker.ask("GET", f"/rooms/{quote(stage.room_id)}/messages?dir=b")
    assert "state" not in plain


async def test_the_context_of_an_event_brings_its_speakers(hall: Hall) -> None:
    """The state at the end of the stretch has no members but the senders; without laziness it has everybody."""
    stage = await a_stage(hall, "state")
    event_id = await stage.basile.send(stage.room_id, "ici")
    await stage.say(stage.claire)
    path = f"/rooms/{quote(stage.room_id)}/context/{quote(event_id)}?limit=2"
    lazy = await stage.looker.ask("GET", f"{path}&filter={quote(json.dumps({'lazy_load_members': True}))}")
    shown = [lazy["event"], *lazy["events_before"], *lazy["events_after"]]
    members = {event["state_key"] for event in lazy["state"] if event["type"] == MEMBER}
    assert members == {event["sender"] for event in shown}
    assert stage.silent.user_id not in members
    whole = await stage.looker.ask("GET", path)
    assert {event["state_key"] for event in whole["state"] if event["type"] == MEMBER} > members
    others = [{e["type"] for e in body["state"] if e["type"] != MEMBER} for body in (lazy, whole)]
    assert others[0] == others[1] >= {"m.room.create", "m.room.name"}


async def test_the_member_list_is_that_of_the_token(hall: Hall) -> None:
    """/members at a token of /sync or of a page is the list as it was there, so that it joins on without a hole."""
    stage = await a_stage(hall, "state")
    await stage.client.sync()
    token = stage.client.token
    await stage.basile.leave(stage.room_id)
    await stage.rename(stage.claire)
    path = f"/rooms/{quote(stage.room_id)}/members"
    then = await stage.looker.ask("GET", f"{path}?at={token}")
    now = await stage.looker.ask("GET", path)
    lists = [{event["state_key"]: event["content"]["membership"] for event in body["chunk"]} for body in (then, now)]
    assert (lists[0][stage.basile.user_id], lists[1][stage.basile.user_id]) == ("join", "leave")
    held = {event["state_key"]: event["event_id"] for event in then["chunk"]}
    # What the client syncs from the token on brings the list up to date.
    stage.client.members = held
    await stage.client.sync()
    assert stage.client.members == {event["state_key"]: event["event_id"] for event in now["chunk"]}
    joined = await stage.looker.ask("GET", f"{path}?at={token}&membership=leave")
    assert joined["chunk"] == []
