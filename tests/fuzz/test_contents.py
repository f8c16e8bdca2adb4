"""What people write into rooms and accounts is theirs: whatever shape it has, everybody's next request is answered."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.bending import bent_value
from tests.fuzz.stage import CHEAP_HASH, EXAMPLES
from tests.support.client import V3, Client
from tests.support.engines import ENGINES, Engines
from tests.support.server import RunningServer, start_server

VERSIONS = ["1", "6", "10", "11", "12"]
SERVER = "test.example.fr"
AGENT, GUEST = f"@agent:{SERVER}", f"@hote:{SERVER}"
MXC = f"mxc://{SERVER}/abcdefg"

STATE: dict[str, dict[str, Any]] = {
    "m.room.name": {"name": "Salle du conseil"},
    "m.room.topic": {"topic": "Budget", "m.topic": {"m.text": [{"mimetype": "text/plain", "body": "Budget"}]}},
    "m.room.avatar": {"url": MXC, "info": {"w": 1, "h": 1}},
    "m.room.member": {"membership": "join", "displayname": "Camille", "avatar_url": MXC, "is_direct": False},
    "m.room.join_rules": {
        "join_rule": "restricted",
        "allow": [{"type": "m.room_membership", "room_id": f"!autre:{SERVER}"}],
    },
    "m.room.history_visibility": {"history_visibility": "shared"},
    "m.room.guest_access": {"guest_access": "can_join"},
    "m.room.canonical_alias": {"alias": "#forum:" + SERVER, "alt_aliases": ["#autre:" + SERVER]},
    "m.room.power_levels": {
        "users": {AGENT: 100, GUEST: 50},
        "events": {"m.room.name": 50},
        "notifications": {"room": 50},
        "ban": 50,
        "users_default": 0,
        "state_default": 50,
        "invite": 0,
    },
    "m.room.server_acl": {"allow": ["*"], "deny": ["mal.example.org"], "allow_ip_literals": False},
    "m.room.encryption": {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_ms": 604_800_000},
    "m.room.tombstone": {"body": "Ailleurs", "replacement_room": f"!autre:{SERVER}"},
    "m.room.pinned_events": {"pinned": ["$a"]},
    "m.room.third_party_invite": {"display_name": "C", "key_validity_url": "https://x", "public_key": "abc"},
    "m.space.child": {"via": [SERVER], "order": "a", "suggested": True},
    "m.space.parent": {"via": [SERVER], "canonical": True},
    "im.vector.room.access_rules": {"rule": "restricted"},
}
_EDIT = {"rel_type": "m.replace", "event_id": "$"}
_THREAD = {"rel_type": "m.thread", "event_id": "$", "is_falling_back": True, "m.in_reply_to": {"event_id": "$"}}
# "$" stands for an event of the room.
MESSAGES: list[dict[str, Any]] = [
    {"msgtype": "m.text", "body": "camille @room", "m.mentions": {"user_ids": [AGENT, GUEST], "room": True}},
    {"msgtype": "m.text", "body": "* b", "m.new_content": {"body": "b"}, "m.relates_to": _EDIT},
    {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$", "key": "👍"}},
    {"msgtype": "m.text", "body": "fil", "m.relates_to": _THREAD},
    {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "y", "sender_key": "z", "device_id": "D"},
]
ACCOUNT_DATA: dict[str, dict[str, Any]] = {
    "m.ignored_user_list": {"ignored_users": {GUEST: {}}},
    "m.direct": {GUEST: ["!a:b"]},
    "m.fully_read": {"event_id": "$a"},
    "m.tag": {"tags": {"m.favourite": {"order": 0.5}}},
}
CREATION: dict[str, Any] = {
    "preset": "trusted_private_chat",
    "visibility": "public",
    "name": "Salle",
    "topic": "Budget",
    "invite": [GUEST],
    "is_direct": True,
    "creation_content": {"m.federate": False, "type": "m.space", "additional_creators": [GUEST], "predecessor": {}},
    "power_level_content_override": {"users": {AGENT: 100}, "events": {"m.room.name": 50}, "invite": 0},
    "initial_state": [{"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "forbidden"}}],
    "invite_3pid": [],
}


@dataclass(slots=True)
class Village:
    server: RunningServer
    agent: Client
    guest: Client
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def attempt(self, who: Client, method: str, path: str, body: object = None) -> Any:
        """A request that may be refused, by the book."""
        headers = {"Authorization": f"Bearer {who.token}"}
        content = None if body is None else json.dumps(body).encode()
        answer = HTTP.request(method, self.server.url + path, content=content, headers=headers)
        told = f"{method} {path} {json.dumps(body)[:3000]}\n{answer.status_code} {answer.text[:2000]}"
        assert answer.status_code < 500, told
        assert answer.status_code < 400 or isinstance(answer.json().get("errcode"), str), told
        return answer.json()

    def look(self, room: str) -> None:
        """All that reads a room and its people, through two pairs of eyes."""
        path = f"{V3}/rooms/{quote(room)}"
        for who in (self.agent, self.guest):
            token = self.attempt(who, "GET", f"{V3}/sync?timeout=0").get("next_batch", "")
            for rest in ("/state", "/members", "/joined_members", "/messages?dir=b", "/aliases", "/initialSync"):
                self.attempt(who, "GET", path + rest)
            for rest in ("threads", "hierarchy", "timestamp_to_event?ts=1&dir=f"):
                self.attempt(who, "GET", f"/_matrix/client/v1/rooms/{quote(room)}/{rest}")
            self.attempt(who, "GET", f"{V3}/sync?timeout=0&since={token}&full_state=true")
            self.attempt(who, "GET", f"/_matrix/client/v1/room_summary/{quote(room)}")
            self.attempt(who, "GET", f"{V3}/publicRooms")
            self.attempt(who, "GET", f"{V3}/notifications")
            self.attempt(who, "POST", f"{V3}/search", SEARCH)

    def act(self, room: str, event: str) -> None:
        """All that moves in a room, whatever state it is in."""
        path = f"{V3}/rooms/{quote(room)}"
        self.attempt(self.agent, "POST", f"{path}/invite", {"user_id": GUEST})
        self.attempt(self.guest, "POST", f"{path}/join", {})
        self.attempt(self.guest, "PUT", f"{path}/send/m.room.message/{next(self.numbers)}", MESSAGES[0])
        self.attempt(self.guest, "POST", f"{path}/receipt/m.read/{quote(event)}", {})
        self.attempt(self.guest, "PUT", f"{V3}/profile/{quote(GUEST)}/displayname", {"displayname": "Hôte"})
        self.look(room)
        for action in ("kick", "ban", "unban"):
            self.attempt(self.agent, "POST", f"{path}/{action}", {"user_id": GUEST})
        self.attempt(self.guest, "POST", f"{V3}/knock/{quote(room)}", {})
        self.attempt(self.agent, "POST", f"{path}/upgrade", {"new_version": "11"})
        self.part(room)

    def part(self, room: str) -> None:
        for who in (self.guest, self.agent):
            self.attempt(who, "POST", f"{V3}/rooms/{quote(room)}/leave", {})
            self.attempt(who, "POST", f"{V3}/rooms/{quote(room)}/forget", {})


HTTP = httpx.Client(timeout=20, trust_env=False)
SEARCH = {"search_categories": {"room_events": {"search_term": "budget"}}}


@pytest.fixture(scope="module", params=ENGINES)
def village(
    request: pytest.FixtureRequest, engines: Engines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Village]:
    folder = tmp_path_factory.mktemp("village")
    with engines.empty_store(request.param, folder) as address:
        yield from settle(folder, f'store_url = "{address}"\n{CHEAP_HASH}')


def settle(folder: Any, config: str) -> Iterator[Village]:
    with start_server(folder, "test", config) as server:
        agent, guest = Client(server.url).register("agent"), Client(server.url).register("hote")
        kept_room = agent.create_room(preset="private_chat")
        kept = agent.send(kept_room, "à conserver", "1")
        yield Village(server, agent, guest)
        assert kept in [event["event_id"] for event in agent.history(kept_room)], "a message was lost"
        assert "request failed" not in server.log()


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


@bounded(EXAMPLES * 5)
@given(
    kind=st.sampled_from(sorted(STATE)),
    version=st.sampled_from(VERSIONS),
    key=st.sampled_from(["", "", AGENT, GUEST, "!a:b", "\x00"]),
    data=st.data(),
)
def test_any_state(village: Village, kind: str, version: str, key: str, data: st.DataObject) -> None:
    """A state event with a value bent is taken or refused, and the room goes on."""
    content = data.draw(bent_value(STATE[kind]))
    room = village.agent.create_room(preset="public_chat", visibility="public", room_version=version)
    event = village.agent.send(room, "bonjour", str(next(village.numbers)))
    village.attempt(village.agent, "PUT", f"{V3}/rooms/{quote(room)}/state/{kind}/{quote(key, safe='')}", content)
    village.act(room, event)


@bounded(EXAMPLES * 5)
@given(shape=st.sampled_from(MESSAGES), kind=st.sampled_from(["m.room.message", "m.reaction"]), data=st.data())
def test_any_message(village: Village, shape: dict[str, Any], kind: str, data: st.DataObject) -> None:
    """A message with a value bent is taken or refused; who reads, counts and follows relations is served."""
    room = village.agent.create_room(preset="public_chat", visibility="public")
    village.guest.join(room)
    first = village.agent.send(room, "bonjour", str(next(village.numbers)))
    content = data.draw(bent_value(json.loads(json.dumps(shape).replace('"$"', json.dumps(first)))))
    path = f"{V3}/rooms/{quote(room)}"
    sent = village.attempt(village.agent, "PUT", f"{path}/send/{kind}/{next(village.numbers)}", content)
    for event in {first, sent.get("event_id", first)}:
        village.attempt(village.guest, "GET", f"{path}/event/{quote(event)}")
        village.attempt(village.guest, "GET", f"{path}/context/{quote(event)}")
        village.attempt(village.guest, "GET", f"/_matrix/client/v1/rooms/{quote(room)}/relations/{quote(event)}")
        village.attempt(village.guest, "POST", f"{path}/receipt/m.read/{quote(event)}", {"thread_id": first})
    village.look(room)
    village.attempt(village.agent, "PUT", f"{path}/redact/{quote(first)}/{next(village.numbers)}", {})
    village.look(room)
    village.part(room)


@bounded(EXAMPLES * 5)
@given(body=bent_value(CREATION), version=st.sampled_from(VERSIONS))
def test_any_creation(village: Village, body: Any, version: str) -> None:
    """A room is made or refused, whatever is asked; the room that is made goes on."""
    if isinstance(body, dict):
        body.setdefault("room_version", version)
    made = village.attempt(village.agent, "POST", f"{V3}/createRoom", body)
    if "room_id" in made:
        village.act(made["room_id"], "$x")


@bounded(EXAMPLES * 4)
@given(kind=st.sampled_from(sorted(ACCOUNT_DATA)), data=st.data())
def test_any_account_data(village: Village, kind: str, data: st.DataObject) -> None:
    """Account data of any shape is kept or refused, and its owner goes on."""
    content = data.draw(bent_value(ACCOUNT_DATA[kind]))
    room = village.agent.create_room(preset="public_chat")
    event = village.agent.send(room, "bonjour", str(next(village.numbers)))
    user = f"{V3}/user/{quote(AGENT)}"
    village.attempt(village.agent, "PUT", f"{user}/account_data/{kind}", content)
    village.attempt(village.agent, "PUT", f"{user}/rooms/{quote(room)}/account_data/{kind}", content)
    village.act(room, event)
    village.attempt(village.agent, "PUT", f"{user}/account_data/{kind}", {})
