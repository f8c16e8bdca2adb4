"""The whole client API under fire: whatever is sent, the answer is the specification's, and nothing falls."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests.fuzz.bending import bent, put_known
from tests.fuzz.defects import SCHEMA_DEFECTS
from tests.fuzz.specification import Operation, find_specification, read_operations
from tests.fuzz.stage import (
    CHEAP_HASH,
    EXAMPLES,
    IN_CLEAR,
    WITH_ADMINISTRATORS,
    Stage,
    set_lawful_stage,
    set_stage,
    sign_up_agent,
    sign_up_passer_by,
)
from tests.support.client import Client
from tests.support.server import RunningServer, start_server

SPECIFICATION = find_specification()
OPERATIONS = read_operations(SPECIFICATION) if SPECIFICATION else []
TIMEOUT_S = 20
# These may end the session they run in: somebody signed up for the occasion makes them.
ENDS_SESSION = ("logout", "deactivate", "delete_devices", "/devices/", "account/password", "/refresh")

pytestmark = [
    pytest.mark.skipif(SPECIFICATION is None, reason="the Matrix specification is not beside the project"),
    pytest.mark.timeout(60 + EXAMPLES * 10),
]


@dataclass(slots=True)
class Target:
    """A running server; `numbers` name the people signed up on it."""

    server: RunningServer
    session: requests.Session
    set_stage: Callable[[str, int], Stage]
    sign_up: Callable[[str, int], Client]
    numbers: Iterator[int] = field(default_factory=itertools.count)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A plain Matrix server with open registration, and administrators."""
    with start_server(tmp_path_factory.mktemp("fuzz"), "test", CHEAP_HASH + WITH_ADMINISTRATORS) as server:
        archivist = Client(server.url).register("archiviste")
        yield from _watched(server, archivist, (set_stage, sign_up_passer_by))


@pytest.fixture(scope="module")
def lawful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server under the rules of Tchap, without its patience for those who ask too much."""
    config = CHEAP_HASH + "[rate_limits]\nenabled = false\n"
    with start_server(tmp_path_factory.mktemp("fuzz-lawful"), "normal", config) as server:
        archivist = Client(server.url).register_by_email("archiviste@hopital.example.fr")
        yield from _watched(server, archivist, (set_lawful_stage, sign_up_agent))


def _watched(
    server: RunningServer,
    archivist: Client,
    makers: tuple[Callable[[str, int], Stage], Callable[[str, int], Client]],
) -> Iterator[Target]:
    """The server stands and has kept what it was given, whatever it was sent."""
    room = archivist.create_room(preset="private_chat", initial_state=[IN_CLEAR])
    kept = archivist.send(room, "à conserver", "1")
    with requests.Session() as session:
        yield Target(server, session, *makers)
    assert httpx.get(f"{server.url}/health").status_code == 200
    assert kept in [event["event_id"] for event in archivist.history(room)], "a message was lost"
    assert "request failed" not in server.log()
    archivist.close()


@dataclass(frozen=True, slots=True)
class Place:
    """A server, and the people of one story on it."""

    target: Target
    stage: Stage


@pytest.fixture
def places(plain: Target, lawful: Target) -> Iterator[list[Place]]:
    made = [Place(target, target.set_stage(target.server.url, next(target.numbers))) for target in (plain, lawful)]
    yield made
    for place in made:
        place.stage.close()


def cases_of(item: Operation, manner: str) -> st.SearchStrategy[Any]:
    """Requests of one manner: made from the schemas, or the specification's own examples with a value bent."""
    if manner == "bent":
        examples = item.operation.get_strategies_from_examples()
        return st.one_of(examples) if examples else item.operation.as_strategy()
    return item.operation.as_strategy(generation_mode=GenerationMode[manner])


def send(target: Target, item: Operation, case: Any, token: str) -> requests.Response:
    """The request, long polls cut short."""
    case.path = case.path.strip()
    for name in ("timeout", "timeout_ms"):
        if item.name.startswith("GET ") and str(case.query.get(name, "1")).isdigit():
            case.query = {**case.query, name: 0}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer: requests.Response = case.call(
        base_url=target.server.url + item.base_path,
        session=target.session,
        headers=headers,
        timeout=TIMEOUT_S,
        allow_redirects=False,
    )
    return answer


def check(item: Operation, case: Any, response: Any) -> None:
    """No 5xx; a documented status has its documented body; any other refusal carries an errcode."""
    if str(response.status_code) not in item.documented:
        assert 400 <= response.status_code < 500, f"status {response.status_code} is not documented"
        assert isinstance(errcode_of(response), str), "a refusal without errcode"
        return
    if response.status_code not in (502, 504):
        case.validate_response(response, checks=[not_a_server_error])
    defect = SCHEMA_DEFECTS.get((item.name, response.status_code))
    if defect is None or not defect.covers(errcode_of(response)):
        case.validate_response(response, checks=[response_schema_conformance])


def errcode_of(response: Any) -> object:
    body = json.loads(response.content)
    return body.get("errcode") if isinstance(body, dict) else None


def story(case: Any, response: Any, problem: BaseException) -> str:
    """What to read and repeat when an example fails."""
    sent = response.request
    curl = [f"curl -X {sent.method} '{sent.url}'"]
    curl += [f"-H '{name}: {value}'" for name, value in sent.headers.items()]
    if sent.body is not None:
        curl.append(f"--data-binary {sent.body[:4000]!r}")
    answer = response.content.decode("utf-8", "replace")
    return f"{problem}\n\n{case!r}\n\n" + " \\\n  ".join(curl) + f"\n\n{response.status_code} {answer[:4000]}"


def has_input(item: Operation) -> bool:
    operation = item.operation
    return any((operation.path_parameters, operation.query, operation.headers, operation.body))


STORIES = [
    pytest.param(item, manner, id=f"{item.name} {manner}")
    for item in OPERATIONS
    for manner in ("POSITIVE", "NEGATIVE", "bent")
    if manner == "POSITIVE" or has_input(item)
]


@pytest.mark.parametrize(("item", "manner"), STORIES)
def test_every_operation_answers_by_the_book(places: list[Place], item: Operation, manner: str) -> None:
    """Lawful and unlawful requests are answered as the specification documents.

    They are a stranger's, two people's and an administrator's on a plain server, and a stranger's, an agent's and an
    external's under the rules of Tchap. What an administrator does to the people of the story may befall them.
    """

    @settings(
        # Making unlawful requests costs the most and finds the least.
        max_examples=max(2, EXAMPLES // 2) if manner == "NEGATIVE" else EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data(), place=st.sampled_from(places))
    def attempt(data: st.DataObject, place: Place) -> None:
        who = data.draw(st.sampled_from(senders(place.stage, item)))
        case = data.draw(cases_on(place.stage, item, manner))
        person = _sent_by(place, item, who)
        response = send(place.target, item, case, person.token if person else "")
        try:
            check(item, case, response)
        except (AssertionError, FailureGroup) as problem:
            raise AssertionError(story(case, response, problem)) from None

    attempt()


def senders(stage: Stage, item: Operation) -> list[str]:
    """Who may send it, whoever is likely to be obeyed more often than the others."""
    likely = "administrator" if "/admin/" in item.name and "administrator" in stage.people else "agent"
    return [likely, likely, *stage.people, ""]


def cases_on(stage: Stage, item: Operation, manner: str) -> st.SearchStrategy[Any]:
    """Requests that mean, more often than not, people and things of this stage."""
    choices = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in stage.known.items()})
    known = choices if manner == "bent" else st.one_of(choices, st.just({}))
    cases = cases_of(item, manner)

    def meant(pair: tuple[Any, dict[str, Any]]) -> Any:
        case, values = pair
        if values:
            put_known(case, values, stage.kinds)
        return case

    met = st.tuples(cases, known).map(meant)
    return bent(met) if manner == "bent" else met


def _sent_by(place: Place, item: Operation, who: str) -> Client | None:
    if who and any(word in item.name for word in ENDS_SESSION):
        return place.target.sign_up(place.target.server.url, next(place.target.numbers))
    return place.stage.people.get(who)
