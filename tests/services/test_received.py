"""Events that name their own place in the graph: what enters, what is resolved, what is told."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tchap.app import build_live
from tchap.live.rooms import LiveRoom
from tchap.policy.decisions import ALLOWED
from tchap.policy.room_events import decide_event
from tchap.policy.rooms import RoomView
from tchap.protocol.auth_rules import AuthFacts, AuthRefused, auth_types_for, check_auth, is_allowed
from tchap.protocol.events import BadEvent, Event, EventFields, build_event
from tchap.protocol.state_resolution import resolve
from tchap.protocol.stored_event import IN_TIMELINE, REJECTED, SOFT_FAILED, StoredEvent
from tchap.services.live_rooms import event_of, find_live_room
from tchap.services.received import MissingEvents, append_received
from tchap.services.timeline import Draft, append
from tchap.storage.events import find_event, find_events
from tchap.storage.memberships import find_membership
from tchap.storage.state_deltas import find_state_after
from tests.support.accounts import V3, person
from tests.support.house import House, open_house

BRUNO, CHLOE, DENIS = (f"@{name}:mairie.example.org" for name in ("bruno", "chloe", "denis"))
SIGNED = AuthFacts(authoriser_signed=True)
Key = tuple[str, str]
Held = dict[Key, Event]


@dataclass
class Salon:
    """A room of the server, and a naive model of it that keeps a full copy of the state after each event."""

    house: House = field(repr=False)
    room_id: str
    alice: str
    after: dict[str, Held] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    told: Held = field(default_factory=dict)
    ends: list[str] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)
    status: dict[str, int] = field(default_factory=dict)
    pdus: list[dict[str, Any]] = field(default_factory=list)

    async def live(self) -> LiveRoom:
        room = await find_live_room(self.house.world, self.room_id)
        assert room is not None
        return room

    async def begin(self) -> None:
        room = await self.live()
        rows = await self.house.world.store.read(find_events, [each.event_id for each in room.state.values()])
        self.events = {each: event_of(row) for each, row in rows.items()}
        self.told, self.ends = dict(room.state), list(room.extremities)
        self.after = {self.ends[0]: dict(self.told)}
        last = await self.house.world.store.read(find_event, self.ends[0])
        assert last is not None
        self.events[last.event_id] = event_of(last)

    def resolved(self, ids: list[str], version: Any) -> Held:
        states = [{key: held.event_id for key, held in self.after[each].items()} for each in ids]
        return {key: self.events[held] for key, held in resolve(version, states, self.events, self.rejected).items()}

    async def make(
        self, sender: str, kind: str, content: dict[str, Any], key: str | None = None, prev: list[str] | None = None
    ) -> tuple[Event, dict[str, Any]]:
        """An event after `prev` (the ends by default), with the auth events of the state before it."""
        version = (await self.live()).version
        prevs = prev or list(self.ends)
        before = self.resolved(prevs, version)
        number = len(self.events)
        common: dict[str, Any] = {
            "room_id": self.room_id,
            "type": kind,
            "sender": sender,
            "content": content,
            "state_key": key,
            "origin_server_ts": 1_800_000_000_000 + number,
            "depth": max(self.events[each].depth for each in prevs) + 1,
            "prev_events": tuple(prevs),
        }
        probe = Event(event_id="", room_id=self.room_id, type=kind, sender=sender, content=content, state_key=key)
        cited = tuple(before[each].event_id for each in sorted(auth_types_for(version, probe)) if each in before)
        built = build_event(version, EventFields(**common, auth_events=cited))
        return built.event, {**built.pdu, "signatures": {}}

    async def give(self, sender: str, kind: str, content: dict[str, Any], key: str | None = None, **at: Any) -> Event:
        """The server receives such an event, and the model follows."""
        event, pdu = await self.make(sender, kind, content, key, **at)
        await append_received(self.house.world, self.room_id, [pdu])
        self.pdus.append(pdu)
        await self.model(event)
        return event

    async def model(self, event: Event) -> None:
        version = (await self.live()).version
        before = self.resolved(list(event.prev_events), version)
        self.events[event.event_id] = event
        cited = {(each.type, each.state_key or ""): each for each in (self.events[i] for i in event.auth_events)}
        cited.setdefault(("m.room.create", ""), self.told[("m.room.create", "")])
        after = dict(before)
        try:
            if any(each in self.rejected for each in event.auth_events):
                raise AuthRefused("2.3", "rejected")
            check_auth(version, event, cited, SIGNED)
            check_auth(version, event, before, SIGNED)
        except AuthRefused:
            self.status[event.event_id] = REJECTED
            self.rejected.add(event.event_id)
            self.after[event.event_id] = after
            return
        if event.state_key is not None:
            after[(event.type, event.state_key)] = event
        self.after[event.event_id] = after
        is_lawful = decide_event(RoomView(version, self.told), event) == ALLOWED
        allowed = is_allowed(version, event, self.told, SIGNED) and is_lawful
        self.status[event.event_id] = IN_TIMELINE if allowed else SOFT_FAILED
        if allowed:
            self.ends = [*(each for each in self.ends if each not in event.prev_events), event.event_id]
            self.told = self.resolved(self.ends, version)

    async def row(self, event: Event) -> StoredEvent:
        found = await self.house.world.store.read(find_event, event.event_id)
        assert found is not None
        return found

    async def check(self) -> None:
        """Memory, disk and model are one, for the current state and for the state after every event."""
        live = await self.live()
        world = self.house.world
        seen = (ids(live.state), set(live.extremities), live.depth, live.last_ordering, live.revision, live.joined)
        kept, world.live = world.live, build_live(world.settings, self.house.clock)
        fresh = await self.live()
        assert seen == (
            ids(fresh.state), set(fresh.extremities), fresh.depth, fresh.last_ordering, fresh.revision, fresh.joined
        )  # fmt: skip
        assert live.last_position == fresh.last_position
        world.live = kept
        assert ids(live.state) == ids(self.told)
        assert set(live.extremities) == set(self.ends)
        for event_id, state in self.after.items():
            assert await world.store.read(find_state_after, event_id) == ids(state)
        for event_id, status in self.status.items():
            row = await self.row(self.events[event_id])
            assert row.status == status
            assert (row.position is None) == (row.ordering is None) == (status != IN_TIMELINE)
        for user in (BRUNO, CHLOE, DENIS):
            member = await world.store.read(find_membership, user, self.room_id)
            assert (member.membership if member else None) == live.membership_of(user)


def ids(state: Held) -> dict[Key, str]:
    return {key: event.event_id for key, event in state.items()}


async def open_salon(house: House, version: str) -> Salon:
    agent = await person(house, "camille.durand@prefecture.example.fr")
    rights = {"users_default": 50, "users": {} if version == "12" else {agent.user_id: 100}}
    body = {"room_version": version, "preset": "public_chat", "power_level_content_override": rights}
    answer = await house.ask("POST", f"{V3}/createRoom", body, agent.token)
    salon = Salon(house, answer["room_id"], agent.user_id)
    await salon.begin()
    for user in (BRUNO, CHLOE):
        await salon.give(user, "m.room.member", {"membership": "join"}, user)
        assert salon.told[("m.room.member", user)].sender == user
    return salon


@pytest.fixture(params=["10", "11", "12"])
async def salon(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Salon]:
    async with open_house(tmp_path) as house:
        yield await open_salon(house, request.param)


@pytest.mark.anyio
async def test_a_linear_event_enters_without_a_delta(salon: Salon) -> None:
    """An event after the one end of the graph stands next in the timeline, and needs no delta."""
    event = await salon.give(BRUNO, "m.room.message", {"msgtype": "m.text", "body": "Bonjour"})
    assert (await salon.row(event)).status == IN_TIMELINE
    found = await salon.house.world.store.read(find_links, salon.room_id)
    assert found == []
    await salon.check()


async def find_links(tx: Any, room_id: str) -> list[Any]:
    return list(await tx.all("SELECT event_id FROM state_delta_parents WHERE room_id = $1", room_id))


@pytest.mark.anyio
async def test_a_forked_topic_is_resolved(salon: Salon) -> None:
    """Two topics set at once become the one state resolution chooses, and a merge keeps it."""
    fork = list(salon.ends)
    await salon.give(BRUNO, "m.room.topic", {"topic": "Crue"}, "", prev=fork)
    await salon.give(CHLOE, "m.room.topic", {"topic": "Étiage"}, "", prev=fork)
    assert len(salon.ends) == 2
    await salon.check()
    merge = await salon.give(BRUNO, "m.room.message", {"body": "Vu"})
    assert (await salon.live()).extremities == (merge.event_id,)
    await salon.check()


@pytest.mark.anyio
async def test_the_message_of_somebody_banned_elsewhere_is_soft_failed(salon: Salon) -> None:
    """A message lawful on its own branch is kept back when its sender is banned on the one that was told."""
    fork = list(salon.ends)
    await salon.give(salon.alice, "m.room.member", {"membership": "ban"}, BRUNO, prev=fork)
    late = await salon.give(BRUNO, "m.room.message", {"body": "Encore moi"}, prev=fork)
    assert (await salon.row(late)).status == SOFT_FAILED
    assert (await salon.live()).membership_of(BRUNO) == "ban"
    await salon.check()
    refused = await salon.give(BRUNO, "m.room.message", {"body": "Toujours"})
    assert (await salon.row(refused)).status == REJECTED
    await salon.check()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("m.room.join_rules", {"join_rule": "invite"}),
        ("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}),
        ("im.vector.room.access_rules", {"rule": "unrestricted"}),
    ],
)
async def test_what_offends_the_law_of_tchap_is_soft_failed(salon: Salon, kind: str, content: dict[str, Any]) -> None:
    """What a partner let happen in a public room stays in the graph, changes nothing here and is shown to nobody."""
    levels = {"users_default": 50, "state_default": 50, "events": {kind: 50}}
    users = dict((await salon.live()).content_of("m.room.power_levels").get("users", {}))
    draft = Draft("m.room.power_levels", salon.alice, {**levels, "users": users}, "")
    (row,) = await append(salon.house.world, salon.room_id, [draft])
    await salon.model(event_of(row))
    before = (await salon.live()).content_of(kind)
    event = await salon.give(BRUNO, kind, content, "")
    assert (await salon.row(event)).status == SOFT_FAILED
    assert (await salon.live()).content_of(kind) == before
    await salon.give(BRUNO, "m.room.message", {"body": "La suite"})
    await salon.check()


@pytest.mark.anyio
async def test_a_late_ban_undoes_what_the_banned_did(salon: Salon) -> None:
    """A ban that arrives after the topic of another branch leaves the topic out of the current state."""
    fork = list(salon.ends)
    await salon.give(BRUNO, "m.room.topic", {"topic": "À moi"}, "", prev=fork)
    await salon.give(salon.alice, "m.room.member", {"membership": "ban"}, BRUNO, prev=fork)
    assert ("m.room.topic", "") not in (await salon.live()).state
    await salon.check()


@pytest.mark.anyio
async def test_our_next_event_cites_every_end(salon: Salon) -> None:
    """An event of ours on a forked room merges it, and the state after it is known."""
    fork = list(salon.ends)
    await salon.give(BRUNO, "m.room.topic", {"topic": "Crue"}, "", prev=fork)
    await salon.give(CHLOE, "m.room.name", {"name": "Eaux"}, "", prev=fork)
    for content in ({"name": "Les eaux"}, {"name": "Rivières"}):
        (row,) = await append(salon.house.world, salon.room_id, [Draft("m.room.name", salon.alice, content, "")])
        event = event_of(row)
        assert set(event.prev_events) == set(salon.ends)
        await salon.model(event)
        await salon.check()


@pytest.mark.anyio
async def test_a_repetition_changes_nothing(salon: Salon) -> None:
    """Events received again are known: no row, no revision, no state."""
    fork = list(salon.ends)
    await salon.give(BRUNO, "m.room.topic", {"topic": "Crue"}, "", prev=fork)
    await salon.give(CHLOE, "m.room.topic", {"topic": "Étiage"}, "", prev=fork)
    revision = (await salon.live()).revision
    assert await append_received(salon.house.world, salon.room_id, salon.pdus) == []
    assert (await salon.live()).revision == revision
    await salon.check()


@pytest.mark.anyio
async def test_what_cites_the_unknown_is_not_stored(salon: Salon) -> None:
    """A batch with an event whose parents are not here, or of another room, is refused whole."""
    _, pdu = await salon.make(BRUNO, "m.room.message", {"body": "?"})
    with pytest.raises(MissingEvents):
        await append_received(salon.house.world, salon.room_id, [pdu, {**pdu, "prev_events": ["$unknown"]}])
    with pytest.raises(BadEvent):
        await append_received(salon.house.world, salon.room_id, [{**pdu, "room_id": "!other:mairie.example.org"}])
    await salon.check()
    await salon.give(BRUNO, "m.room.message", {"body": "!"})
    await salon.check()


Step = tuple[str, str, int, int, str]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("alice", BRUNO, CHLOE, DENIS)),
        st.sampled_from(("message", "topic", "name", "ban", "join", "leave", "rules", "ours")),
        st.integers(0, 30),
        st.integers(0, 30),
        st.sampled_from((BRUNO, CHLOE, DENIS)),
    ),
    min_size=2,
    max_size=9,
)


async def take(salon: Salon, step: Step) -> None:
    who, kind, first, second, target = step
    sender = salon.alice if who == "alice" else who
    if kind == "ours":
        (row,) = await append(salon.house.world, salon.room_id, [Draft("m.room.message", salon.alice, {"body": "…"})])
        await salon.model(event_of(row))
        return
    places = list(salon.after)
    prev = sorted({places[-1 - first % len(places)], places[-1 - second % len(places)]})
    made: dict[str, tuple[str, dict[str, Any], str | None]] = {
        "message": ("m.room.message", {"body": "…"}, None),
        "topic": ("m.room.topic", {"topic": str(first)}, ""),
        "name": ("m.room.name", {"name": str(second)}, ""),
        "rules": ("m.room.join_rules", {"join_rule": "invite" if first % 2 else "public"}, ""),
        "ban": ("m.room.member", {"membership": "ban"}, target),
        "leave": ("m.room.member", {"membership": "leave"}, target),
        "join": ("m.room.member", {"membership": "join"}, sender),
    }
    name, content, key = made[kind]
    await salon.give(sender, name, content, key, prev=prev)


async def play(version: str, steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_house(Path(folder)) as house:
            salon = await open_salon(house, version)
            for step in steps:
                await take(salon, step)
            await salon.check()


@settings(max_examples=25, deadline=None)
@given(version=st.sampled_from(("10", "11", "12")), steps=STEPS)
def test_random_forks_agree_with_full_copies(version: str, steps: list[Step]) -> None:
    """Whatever the graph, deltas answer as a full copy of the state per event would."""
    anyio.run(play, version, steps)
