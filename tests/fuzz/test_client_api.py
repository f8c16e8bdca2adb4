"""The whole client API under fire: whatever is sent, the answer is the specification's, and nothing falls."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests.fuzz.defects import SCHEMA_DEFECTS
from tests.fuzz.specification import Operation, find_specification, read_operations
from tests.support.server import start_server

SPECIFICATION = find_specification()
OPERATIONS = read_operations(SPECIFICATION) if SPECIFICATION else []
EXAMPLES = 12

pytestmark = pytest.mark.skipif(SPECIFICATION is None, reason="the Matrix specification is not beside the project")


@dataclass
class Target:
    """A running server with two people and a room both are in."""

    url: str
    client: httpx.Client
    tokens: dict[str, str]
    known: dict[str, list[str]]

    def sign_up(self, name: str) -> str:
        body = {"username": name, "password": "Un-mot-de-passe-9", "auth": {"type": "m.login.dummy"}}
        answer = self.client.post(f"{self.url}/_matrix/client/v3/register", json=body).json()
        self.tokens[name.split("-")[0]] = answer["access_token"]
        return str(answer["user_id"])

    def call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.tokens['alice']}"}
        answer = self.client.request(method, f"{self.url}/_matrix/client/v3{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with start_server(profile="test") as server, httpx.Client(timeout=20) as client:
        target = Target(server.url, client, {}, {})
        prepare(target)
        yield target
        assert client.get(f"{server.url}/health").status_code == 200


def prepare(target: Target) -> None:
    alice, bob = target.sign_up("alice-0"), target.sign_up("bob-0")
    room = target.call("POST", "/createRoom", {"preset": "public_chat", "room_alias_name": "forum", "invite": [bob]})
    path = f"/rooms/{quote(room['room_id'])}/send/m.room.message/1"
    event = target.call("PUT", path, {"msgtype": "m.text", "body": "bonjour"})
    target.known = {
        "userId": [alice, bob],
        "roomId": [room["room_id"]],
        "roomIdOrAlias": [room["room_id"], f"#forum:{alice.split(':')[1]}"],
        "roomAlias": [f"#forum:{alice.split(':')[1]}"],
        "eventId": [event["event_id"]],
        "eventType": ["m.room.message", "m.room.topic", "m.room.member"],
        "type": ["m.direct", "org.example.data"],
        "kind": ["override", "content"],
        "ruleId": [".m.rule.master"],
        "serverName": [alice.split(":")[1]],
        "receiptType": ["m.read", "m.read.private", "m.fully_read"],
        "keyName": ["displayname", "avatar_url"],
    }


# These end the session they run in: a person signed up for the occasion makes them.
ENDS_SESSION = ("logout", "deactivate", "delete_devices", "/devices/", "account/password", "/refresh")


def send(target: Target, item: Operation, case: Any, who: str | None, known: dict[str, str]) -> httpx.Response:
    for name, value in known.items():
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = value
    case.query = {**(case.query or {}), "timeout": 0} if item.name.endswith("/sync") else case.query
    headers = {"Authorization": f"Bearer {target.tokens[who]}"} if who else {}
    return case.call(base_url=target.url + item.base_path, headers=headers, timeout=20)


def check(item: Operation, case: Any, response: Any) -> None:
    """No 5xx; a documented status has its documented body; any other refusal carries an errcode."""
    documented = {str(status) for status in item.operation.definition.raw.get("responses", {})}
    if str(response.status_code) not in documented:
        assert response.status_code < 500, response.text
        assert isinstance(json.loads(response.text).get("errcode"), str), response.text
    elif (item.name, response.status_code) not in SCHEMA_DEFECTS:
        case.validate_response(response, checks=[response_schema_conformance])
    if not {"502", "504"} & documented:
        case.validate_response(response, checks=[not_a_server_error])


@pytest.mark.parametrize("item", OPERATIONS, ids=[item.name for item in OPERATIONS])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["lawful", "unlawful"])
def test_every_operation_answers_by_the_book(target: Target, item: Operation, mode: GenerationMode) -> None:
    """Lawful and unlawful requests, by a stranger and by two people, are answered as the specification documents."""
    choices = {name: st.sampled_from(values) for name, values in target.known.items()}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=item.operation.as_strategy(generation_mode=mode),
        who=st.sampled_from([None, "alice", "alice", "bob"]),
        known=st.one_of(st.just({}), st.fixed_dictionaries({}, optional=choices)),
    )
    def attempt(case: Any, who: str | None, known: dict[str, str]) -> None:
        if who and any(word in item.name for word in ENDS_SESSION):
            who = "passing"
            target.sign_up(f"passing-{len(target.tokens)}-{id(case)}")
        check(item, case, send(target, item, case, who, known))

    attempt()
