"""Bad input over the wire: the specification's errcode, never a 500, and nothing said before is lost."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support.client import PASSWORD, V3, Client
from tests.support.server import RunningServer, start_server

CONFIG = """
[password]
hash_time_cost = 1
hash_memory_kib = 64

[tokens]
access_lifetime_s = 1

[media]
max_upload_bytes = 1000
"""


@dataclass(slots=True)
class Site:
    """A server, an agent in a room, and a plain hand that sends what it is given."""

    server: RunningServer
    agent: Client
    room: str
    http: httpx.Client

    @property
    def path(self) -> str:
        return f"{V3}/rooms/{quote(self.room)}"

    def send(self, method: str, path: str, content: bytes | None = None, **headers: str) -> httpx.Response:
        """Raw bytes with the agent's token; header names are given with `_` for `-`."""
        sent = {"Authorization": f"Bearer {self.agent.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.http.request(method, self.server.url + path, content=content, headers=sent)

    def say(self, content: object, kind: str = "org.example.note") -> httpx.Response:
        number = time.monotonic_ns()
        return self.send("PUT", f"{self.path}/send/{kind}/{number}", json.dumps(content).encode())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with start_server(tmp_path_factory.mktemp("bad"), "test", CONFIG) as server:
        agent = Client(server.url).register("camille")
        room = agent.create_room(preset="public_chat")
        kept = agent.send(room, "à conserver", "first")
        with httpx.Client(timeout=20, trust_env=False) as http:
            yield Site(server, agent, room, http)
        assert kept in [event["event_id"] for event in agent.history(room)], "a message was lost"
        assert "request failed" not in server.log()
        agent.close()


def refused(answer: httpx.Response, status: int, *errcodes: str) -> dict[str, Any]:
    """The error object of a refusal that must have this status and one of these errcodes."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert body["errcode"] in errcodes, body
    assert body["error"]
    return body


NOT_JSON = [
    b"{",
    b"bonjour",
    b'{"a": 1,}',
    b"{'a': 1}",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": 1e999}',
    b'{"a": 01}',
    b'{"a": "\xff"}',
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": "\\ud800"}',
    b'{"a": "line\nbreak"}',
    b'{"a": 1} {"b": 2}',
    b'\xef\xbb\xbf{"a": 1}',
    b'\x00{"a": 1}',
    b"[" * 100_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b'{"a": ' + b"[" * 101 + b"]" * 101 + b"}",
]


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize("path", ["/createRoom", "/login", "/keys/upload", "/register"])
def test_what_is_not_json_is_said_so(site: Site, path: str, body: bytes) -> None:
    """Malformed JSON, bad UTF-8, lone surrogates, numbers that are none and over-deep JSON are M_NOT_JSON."""
    refused(site.send("POST", V3 + path, body), 400, "M_NOT_JSON")


@pytest.mark.parametrize("body", [b"[]", b'"texte"', b"1", b"null", b"true"])
@pytest.mark.parametrize(
    "path", ["/createRoom", "/login", "/register", "/keys/upload", "/keys/query", "/user_directory/search", "/refresh"]
)
def test_a_body_that_is_no_object_is_bad_json(site: Site, path: str, body: bytes) -> None:
    """Well-formed JSON that is not an object is M_BAD_JSON."""
    refused(site.send("POST", V3 + path, body), 400, "M_BAD_JSON")


WRONG_TYPES: list[tuple[str, str, object]] = [
    ("POST", "/createRoom", {"name": 5}),
    ("POST", "/createRoom", {"invite": "@camille:test.example.fr"}),
    ("POST", "/createRoom", {"initial_state": [1]}),
    ("POST", "/createRoom", {"initial_state": [{"type": 1, "content": {}}]}),
    ("POST", "/createRoom", {"initial_state": [{"type": "m.room.name", "content": "x"}]}),
    ("POST", "/createRoom", {"creation_content": []}),
    ("POST", "/createRoom", {"power_level_content_override": 3}),
    ("POST", "/createRoom", {"room_version": 11}),
    ("POST", "/createRoom", {"preset": {}}),
    ("POST", "/login", {"type": 1}),
    ("POST", "/login", {"type": "m.login.password", "identifier": "camille", "password": "x"}),
    ("POST", "/login", {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": 3}, "password": "x"}),
    ("POST", "/login", {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "x"}, "password": []}),
    ("POST", "/register", {"auth": "non"}),
    ("POST", "/register", {"username": 7}),
    ("POST", "/register", {"auth": {"type": "m.login.dummy", "session": 4}}),
    ("POST", "/join/!x:y", {"reason": 4}),
    ("POST", "/keys/query", {"device_keys": []}),
    ("POST", "/keys/query", {"device_keys": {"@camille:test.example.fr": {}}}),
    ("POST", "/keys/claim", {"one_time_keys": {"@camille:test.example.fr": []}}),
    ("POST", "/keys/upload", {"one_time_keys": []}),
    ("POST", "/keys/upload", {"device_keys": "x"}),
    ("PUT", "/sendToDevice/m.dummy/1", {"messages": []}),
    ("PUT", "/sendToDevice/m.dummy/2", {"messages": {"@camille:test.example.fr": {"*": 1}}}),
    ("POST", "/user_directory/search", {"search_term": {}}),
    ("POST", "/user_directory/search", {"search_term": "x", "limit": "dix"}),
    ("POST", "/publicRooms", {"filter": "x"}),
    ("POST", "/publicRooms", {"limit": 1.5}),
    ("POST", "/pushers/set", {"pushkey": 1, "kind": "http"}),
    ("POST", "/refresh", {"refresh_token": 1}),
    ("POST", "/delete_devices", {"devices": "tous"}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRONG_TYPES)
def test_values_of_a_wrong_type_are_refused(site: Site, method: str, path: str, body: object) -> None:
    """A field of the wrong type is M_BAD_JSON or M_INVALID_PARAM, whatever the operation."""
    answer = site.send(method, V3 + path, json.dumps(body).encode())
    refused(answer, 400, "M_BAD_JSON", "M_INVALID_PARAM", "M_MISSING_PARAM", "M_UNKNOWN")


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**40, 0.5, 1e300, -0.0])
@pytest.mark.parametrize("where", [lambda x: {"a": x}, lambda x: {"a": [{"b": x}]}], ids=["top", "deep"])
def test_numbers_that_canonical_json_lacks_are_refused(site: Site, number: float, where: Any) -> None:
    """An event's content holds no float and no integer beyond 2^53-1: M_BAD_JSON (appendices, "Canonical JSON")."""
    refused(site.say(where(number)), 400, "M_BAD_JSON")
    state = site.send("PUT", f"{site.path}/state/org.example.note", json.dumps(where(number)).encode())
    refused(state, 400, "M_BAD_JSON")


def test_strange_but_lawful_content_comes_back_as_sent(site: Site) -> None:
    """NUL, line separators, emoji, empty keys and the greatest integers are content like any other."""
    content = {"": None, "a\x00b": "\x00\u2028\U0001f600\ufffe", "n": [2**53 - 1, -(2**53) + 1, True, [[], {}]]}
    event_id = site.say(content).json()["event_id"]
    seen = site.send("GET", f"{site.path}/event/{quote(event_id)}").json()
    assert seen["content"] == content


def test_of_a_repeated_key_the_last_wins(site: Site) -> None:
    """Duplicate keys are not refused; every reader sees one and the same value."""
    body = b'{"body": "un", "body": "deux"}'
    event_id = site.send("PUT", f"{site.path}/send/m.room.message/twice", body).json()["event_id"]
    assert site.send("GET", f"{site.path}/event/{quote(event_id)}").json()["content"] == {"body": "deux"}


@pytest.mark.parametrize("kind", ["m.room.message", "org.example.note"])
def test_an_event_over_the_limit_is_too_large(site: Site, kind: str) -> None:
    """65,536 bytes is the limit of a whole event (client-server API, "Size limits")."""
    refused(site.say({"body": "x" * 65_536}, kind), 413, "M_TOO_LARGE")
    assert site.say({"body": "x" * 60_000}, kind).status_code == 200
    state = json.dumps({"topic": "x" * 65_536}).encode()
    refused(site.send("PUT", f"{site.path}/state/m.room.topic", state), 413, "M_TOO_LARGE")


HUGE = b'{"a": "' + b"x" * 9_000_000 + b'"}'


@pytest.mark.parametrize("is_chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("path", [f"{V3}/createRoom", f"{V3}/keys/upload", f"{V3}/login"])
def test_a_huge_body_is_refused_and_the_next_request_served(site: Site, path: str, is_chunked: bool) -> None:
    """A body over the limit is 413 M_TOO_LARGE, declared or not; the caller goes on, here or on a new connection."""
    pieces = (HUGE[n : n + 65_536] for n in range(0, len(HUGE), 65_536))
    headers = {"Authorization": f"Bearer {site.agent.token}"}
    with httpx.Client(timeout=20, trust_env=False) as http:
        content: Any = pieces if is_chunked else HUGE
        refused(http.post(site.server.url + path, content=content, headers=headers), 413, "M_TOO_LARGE")
        assert http.get(f"{site.server.url}{V3}/account/whoami", headers=headers).status_code == 200


def test_a_huge_file_is_refused(site: Site) -> None:
    """A file over the configured size is 413 M_TOO_LARGE."""
    refused(site.send("POST", "/_matrix/media/v3/upload", b"x" * 1_001), 413, "M_TOO_LARGE")


BAD_PATHS = [
    "/profile/%ff",
    "/profile/%00",
    "/profile/%ed%a0%80",
    "/profile/@a%00:test.example.fr",
    "/rooms/%ff/state",
    "/directory/room/%c0%af",
    "/user_directory/%fe",
    "/profile/x?y=%ff",
    "/sync?since=%ff",
    "/sync?since=%00",
    "/publicRooms?since=%ed%a0%80",
]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_addresses_that_are_no_text_are_refused(site: Site, path: str) -> None:
    """Bad UTF-8 and NUL in a path or query are a 4xx with an errcode."""
    answer = site.send("GET", V3 + path)
    assert 400 <= answer.status_code < 500
    assert answer.json()["errcode"] in {"M_INVALID_PARAM", "M_UNRECOGNIZED", "M_NOT_FOUND"}


def test_a_slash_may_hide_in_an_identifier(site: Site) -> None:
    """A percent-encoded slash belongs to the segment: state keys and event types hold any character."""
    path = f"{site.path}/state/org.example%2Fnote/a%2Fb%20%C3%A9%25"
    assert site.send("PUT", path, b'{"n": 1}').status_code == 200
    assert site.send("GET", path).json() == {"n": 1}
    refused(site.send("GET", f"{site.path}/state/org.example%2Fnote/a%2Fb"), 404, "M_NOT_FOUND")


LONG = "x" * 300


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/profile/@{LONG}:test.example.fr", None),
        ("GET", f"/rooms/!{LONG}:test.example.fr/state", None),
        ("POST", f"/join/%23{LONG}:test.example.fr", {}),
        ("GET", f"/directory/room/%23{LONG}:test.example.fr", None),
        ("PUT", f"/profile/@camille:test.example.fr/{LONG}", {LONG: "x"}),
        ("PUT", f"/sendToDevice/m.dummy/{LONG}", {"messages": {}}),
        ("PUT", f"/sendToDevice/m.dummy/{'x' * 8_200}", {"messages": {}}),
        ("GET", f"/devices/{LONG}", None),
        ("POST", "/register", {"username": LONG, "password": PASSWORD, "auth": {"type": "m.login.dummy"}}),
        ("POST", "/createRoom", {"room_alias_name": LONG}),
        ("GET", f"/sync?since={LONG}", None),
        ("GET", f"/sync?filter={LONG}", None),
    ],
)
def test_identifiers_over_their_length_are_refused(site: Site, method: str, path: str, body: object) -> None:
    """An identifier of more than 255 bytes names nothing and makes nothing."""
    answer = site.send(method, V3 + path, None if body is None else json.dumps(body).encode())
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["errcode"].startswith("M_")


@pytest.mark.parametrize("part", ["send/" + LONG + "/1", "send/m.room.message/" + LONG, f"state/m.note/{LONG}"])
def test_an_events_own_names_have_a_length(site: Site, part: str) -> None:
    """Type, state key and transaction id over 255 bytes are refused."""
    answer = site.send("PUT", f"{site.path}/{part}", b"{}")
    assert answer.status_code in (400, 413), answer.text
    assert answer.json()["errcode"] in {"M_TOO_LARGE", "M_INVALID_PARAM", "M_BAD_JSON"}


UNKNOWN_ROOMS = ["!inconnu:test.example.fr", "!inconnu:ailleurs.example.org", "!", "pas-un-salon", "!a:b:c"]


@pytest.mark.parametrize("room", UNKNOWN_ROOMS)
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("PUT", "/send/m.room.message/1"),
        ("PUT", "/state/m.room.topic"),
        ("GET", "/state"),
        ("GET", "/members"),
        ("GET", "/messages?dir=b"),
        ("GET", "/context/$x"),
        ("GET", "/event/$x"),
        ("POST", "/join"),
        ("POST", "/leave"),
        ("POST", "/forget"),
        ("POST", "/receipt/m.read/$x"),
        ("POST", "/read_markers"),
        ("PUT", "/redact/$x/1"),
        ("PUT", "/typing/@camille:test.example.fr"),
    ],
)
def test_rooms_that_are_not_there(site: Site, method: str, rest: str, room: str) -> None:
    """An unknown room, or one of a server we do not know, is M_FORBIDDEN or M_NOT_FOUND; no room at all may be 400."""
    body = b'{"typing": true, "m.read": "$x"}' if method != "GET" else None
    answer = site.send(method, f"{V3}/rooms/{quote(room)}{rest}", body)
    allowed = {403: {"M_FORBIDDEN"}, 404: {"M_NOT_FOUND"}, 400: {"M_INVALID_PARAM", "M_UNKNOWN", "M_BAD_JSON"}}
    assert answer.json()["errcode"] in allowed[answer.status_code], answer.text


def test_tokens_that_are_not_ours(site: Site) -> None:
    """No token is M_MISSING_TOKEN; another server's, a revoked and a garbled one are M_UNKNOWN_TOKEN."""
    path = f"{V3}/account/whoami"
    refused(site.http.get(site.server.url + path), 401, "M_MISSING_TOKEN")
    for token in ("syt_Y2FtaWxsZQ_abcdefghijklmnopqrst_1a2b3c", "x", "\xe9", "a b", "x" * 5_000, site.agent.token[:-1]):
        header = f"Bearer {token}".encode("latin-1")
        answer = site.http.get(site.server.url + path, headers={b"Authorization": header})
        body = refused(answer, 401, "M_UNKNOWN_TOKEN")
        assert not body.get("soft_logout")
    refused(site.send("GET", path, Authorization="Basic Y2FtaWxsZTp4"), 401, "M_MISSING_TOKEN")
    refused(site.send("GET", path, Authorization="Bearer"), 401, "M_MISSING_TOKEN")


def test_a_revoked_token_is_unknown(site: Site) -> None:
    """After a log-out the token is M_UNKNOWN_TOKEN, at once."""
    passing = site.agent.log_in("camille")
    assert passing.call("GET", f"{V3}/account/whoami").status == 200
    passing.ask("POST", f"{V3}/logout", {})
    assert passing.call("GET", f"{V3}/account/whoami").body["errcode"] == "M_UNKNOWN_TOKEN"
    passing.close()


def test_an_expired_token_asks_for_a_refresh(site: Site) -> None:
    """An expired token is M_UNKNOWN_TOKEN with soft_logout, and its refresh token still works."""
    identifier = {"type": "m.id.user", "user": "camille"}
    login = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD, "refresh_token": True}
    session = site.agent.ask("POST", f"{V3}/login", login)
    time.sleep(1.2)
    answer = site.send("GET", f"{V3}/account/whoami", Authorization=f"Bearer {session['access_token']}")
    assert refused(answer, 401, "M_UNKNOWN_TOKEN")["soft_logout"] is True
    renewed = site.agent.ask("POST", f"{V3}/refresh", {"refresh_token": session["refresh_token"]})
    assert renewed["access_token"] != session["access_token"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_matrix/client/v3/rien", 404),
        ("GET", "/_matrix/client/v9/sync", 404),
        ("GET", "/_matrix/client/v3/sync/", 404),
        ("GET", "/_matrix/client/v3//sync", 404),
        ("GET", "/_matrix/federation/v1/rien", 404),
        ("POST", "/_matrix", 404),
        ("DELETE", "/_matrix/client/v3/sync", 405),
        ("PATCH", "/_matrix/client/v3/createRoom", 405),
        ("POST", "/_matrix/client/versions", 405),
        ("PUT", "/_matrix/client/v3/login", 405),
        ("TRACE", "/_matrix/client/v3/login", 405),
    ],
)
def test_unknown_paths_and_methods_are_unrecognized(site: Site, method: str, path: str, status: int) -> None:
    """404 for an unknown path, 405 for a known one asked otherwise, both M_UNRECOGNIZED ("Common error codes")."""
    refused(site.send(method, path), status, "M_UNRECOGNIZED")


BAD_QUERIES = [
    *(f"/sync?since={token}&timeout=0" for token in ("x", "-1", "s1", "1_2_3_4_5_6", "é", "9" * 40, "1e3", "%20")),
    *("/sync?timeout=-1", "/sync?timeout=x", "/sync?timeout=1.5", "/sync?full_state=oui&timeout=0"),
    *("/sync?filter=%7B&timeout=0", "/sync?filter=%7B%22room%22:1%7D&timeout=0", "/sync?filter=%5B%5D&timeout=0"),
    *("/publicRooms?limit=-5", "/publicRooms?limit=x", "/publicRooms?since=x"),
    *("/notifications?limit=-1", "/notifications?from=x"),
    *("/keys/changes?from=x&to=y", "/keys/changes"),
    *("{room}/messages?dir=x", "{room}/messages?dir=b&from=x", "{room}/messages?dir=b&limit=-1"),
    *("{room}/messages?dir=b&filter=%7B", "{room}/members?at=x", "{room}/members?membership=roi"),
    "{room}/messages?dir=b&limit=" + "9" * 30,
]


@pytest.mark.parametrize("path", BAD_QUERIES)
def test_query_parameters_out_of_range_are_refused(site: Site, path: str) -> None:
    """Tokens that we never gave, negative limits and words that are no choice are 400."""
    answer = site.send("GET", V3 + path.replace("{room}", f"/rooms/{quote(site.room)}"))
    refused(answer, 400, "M_INVALID_PARAM", "M_BAD_JSON", "M_NOT_JSON", "M_MISSING_PARAM", "M_UNKNOWN")


EVIL_NAMES = [
    'a"; filename="b',
    "a\r\nX-Evil: 1",
    "a\nb",
    "é\u202egpj.exe",
    "../../etc/passwd",
    "a\\",
    "\U0001f600" * 60,
    "x;y=z",
]


@pytest.mark.parametrize("name", EVIL_NAMES)
def test_a_file_name_writes_no_header(site: Site, name: str) -> None:
    """Whatever a file is called, at its upload or its download, its name stays inside one header."""
    upload = site.send("POST", f"/_matrix/media/v3/upload?filename={quote(name, safe='')}", b"x", Content_Type="a/b")
    assert upload.status_code == 200, upload.text
    file = upload.json()["content_uri"].removeprefix("mxc://")
    for path in (file, f"{file}/{quote(name, safe='')}"):
        answer = site.send("GET", f"/_matrix/client/v1/media/download/{path}")
        assert answer.status_code == 200
        assert "x-evil" not in answer.headers
        disposition = answer.headers["content-disposition"]
        assert disposition.startswith("attachment")
        assert disposition.isascii()
        assert disposition.count("filename") == 1 or 'filename="' not in disposition
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accept", "words"),
    [
        ("fr", "Connectez-vous"),
        ("en", "Missing access token"),
        ("fr-FR,en;q=0.5", "Connectez-vous"),
        ("en-GB, fr;q=0.9", "Missing access token"),
        ("de, en;q=0.8", "Missing access token"),
        ("fr;q=0.3, en;q=0.9", "Missing access token"),
        ("en;q=0, fr", "Connectez-vous"),
        ("de", "Connectez-vous"),
        ("", "Connectez-vous"),
        (";;;,,q=,en;q=x", "Missing access token"),
        ("*", "Connectez-vous"),
    ],
)
def test_refusals_speak_the_callers_language(site: Site, accept: str, words: str) -> None:
    """French unless the caller prefers English (RFC 9110, "Accept-Language")."""
    answer = site.http.get(f"{site.server.url}{V3}/account/whoami", headers={"Accept-Language": accept})
    assert words in answer.json()["error"]


def test_browsers_may_ask(site: Site) -> None:
    """OPTIONS is answered without a token, and every answer, a refusal too, carries the CORS headers."""
    paths = [f"{V3}/sync", f"{V3}/rien", "/_matrix/media/v3/upload"]
    answers = [site.http.options(site.server.url + path) for path in paths]
    assert all(answer.status_code in (200, 204) for answer in answers)
    answers.append(site.http.get(f"{site.server.url}{V3}/sync"))
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        methods = set(answer.headers["access-control-allow-methods"].split(", "))
        assert methods >= {"GET", "POST", "PUT", "DELETE", "OPTIONS"}
        allowed = set(answer.headers["access-control-allow-headers"].split(", "))
        assert allowed >= {"X-Requested-With", "Content-Type", "Authorization"}


def test_head_answers_as_get_without_a_body(site: Site) -> None:
    """HEAD has the status and the length of GET, and the connection goes on."""
    for path in ("/_matrix/client/versions", f"{V3}/account/whoami", f"{V3}/rien"):
        head, got = site.send("HEAD", path), site.send("GET", path)
        assert (head.status_code, head.headers["content-length"]) == (got.status_code, got.headers["content-length"])
        assert head.content == b""


INVITED = "@camille:test.example.fr"


@pytest.mark.parametrize("creators", [[[1]], [{}], [1, "x"], "x", [None, INVITED]])
@pytest.mark.parametrize("preset", ["private_chat", "trusted_private_chat"])
def test_creators_that_are_no_people_make_no_room(site: Site, creators: object, preset: str) -> None:
    """Room version 12 takes user ids alone as additional creators, also beside those a preset adds."""
    content = {"additional_creators": creators}
    body = {"room_version": "12", "preset": preset, "invite": [INVITED], "creation_content": content}
    answer = site.send("POST", f"{V3}/createRoom", json.dumps(body).encode())
    refused(answer, 400 if preset == "trusted_private_chat" else answer.status_code, "M_BAD_JSON", "M_FORBIDDEN")


@pytest.mark.parametrize("version", ["1", "10", "11", "12"])
def test_a_room_that_cannot_be_an_event_is_not_made(site: Site, version: str) -> None:
    """A creation content that is too large, or holds what canonical JSON lacks, makes no room in any version."""
    for content, status, errcode in (({"a": "x" * 66_000}, 413, "M_TOO_LARGE"), ({"a": 2**60}, 400, "M_BAD_JSON")):
        body = json.dumps({"room_version": version, "creation_content": content}).encode()
        if status == 413 or version != "1":
            refused(site.send("POST", f"{V3}/createRoom", body), status, errcode)
