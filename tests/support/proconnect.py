"""A real OpenID Connect provider on a port of its own, that keeps to ProConnect's habits.

The provider is `oidc-provider-mock`, a true one for tests. It knows neither signed answers about a person, nor `amr`,
nor PKCE, nor ProConnect's severity: the front here adds them, signs everything with its own keys (joserfc), and lies
where a test tells it to.
"""

import base64
import contextlib
import functools
import hashlib
import io
import json
import ssl
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import werkzeug.serving
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from tchap.services.browser_sessions import BrowserSession, find_browser_session
from tests.support.house import House, open_house
from tests.support.pages import Browser, Page, open_browser

with warnings.catch_warnings(record=True):
    # Its library speaks of its own future as it is imported, and again for as long as it lives.
    import oidc_provider_mock

ENTER = "/account/proconnect"
JEAN = "jean.martin@prefecture.example.fr"
JEAN_ID = "@jean.martin-prefecture.example.fr:agent.prefectures.tchap.example.fr"
CLIENT_ID, CLIENT_SECRET = "tchap", "a-secret-of-thirty-two-characters"
_KNOWN = {
    "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "login_hint", "prompt", "claims",
    "acr_values",
}  # fmt: skip
_CODE_S = 30
# Read once: a client of its own reads every certificate of the machine again.
_TRUST = ssl.create_default_context()

Environ = dict[str, Any]
Start = Callable[..., Any]


@dataclass(slots=True)
class _Asked:
    """What an authorization request said, kept with its code."""

    parameters: dict[str, str]
    at_s: int


@functools.cache
def keys_of(kid: str) -> Mapping[str, RSAKey | ECKey]:
    """One pair for each name in a process: making one takes longer than most tests."""
    made = {
        "RS256": RSAKey.generate_key(2048, parameters={"kid": f"{kid}-rsa"}),
        "ES256": ECKey.generate_key("P-256", parameters={"kid": f"{kid}-ec"}),
    }
    return MappingProxyType(made)


@dataclass
class Provider:
    """`id_says` and `userinfo_says` are laid over the true claims, None taking one out; `sign_as` forges signatures."""

    now: Callable[[], int]
    issuer: str = ""
    id_alg: str = "RS256"
    userinfo_alg: str = "RS256"
    has_pkce: bool = False
    is_down: bool = False
    keys: Mapping[str, RSAKey | ECKey] = field(default_factory=lambda: keys_of("first"))
    more_keys: list[object] = field(default_factory=list)
    sign_as: Mapping[str, RSAKey | ECKey] | None = None
    id_says: dict[str, Any] = field(default_factory=dict)
    userinfo_says: dict[str, Any] = field(default_factory=dict)
    methods: list[str] = field(default_factory=lambda: ["pwd"])
    requests: list[dict[str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    codes: dict[str, _Asked] = field(default_factory=dict)
    inner: Any = field(default_factory=lambda: oidc_provider_mock.app(require_nonce=True))

    def set_person(self, sub: str, **claims: Any) -> None:
        """Somebody the provider knows; the names and the address are plain unless said."""
        known = {"given_name": "Jean", "usual_name": "MARTIN", "uid": sub, "siret": "13002526500013", **claims}
        answer = self.inner.test_client().put(f"/users/{sub}", json={k: v for k, v in known.items() if v is not None})
        assert answer.status_code == 204, answer.text

    def rotate_keys(self) -> None:
        self.keys = keys_of("second")

    async def identify(self, address: str, sub: str) -> str:
        """The person signs in on the provider's page; the path of ours her browser is sent back to."""
        async with httpx.AsyncClient(verify=_TRUST) as http:
            form = await http.get(address)
            assert form.status_code == 200, form.text
            answer = await http.post(address, data={"sub": sub})
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.calls.append(path)
        if self.is_down:
            return _answer(start, "503 Service Unavailable", b"closed", "text/plain")
        if path == "/jwks":
            keys = KeySet(list(self.keys.values())).as_dict(private=False)["keys"]
            return _answer(start, "200 OK", json.dumps({"keys": [*self.more_keys, *keys]}).encode())
        if path == "/oauth2/authorize":
            return self._authorize(environ, start)
        if path == "/oauth2/token":
            return self._token(environ, start)
        if path == "/userinfo":
            return self._userinfo(environ, start)
        status, headers, body = self._inner(environ)
        if path == "/.well-known/openid-configuration" and self.has_pkce:
            body = json.dumps({**json.loads(body), "code_challenge_methods_supported": ["S256"]}).encode()
        return _answer(start, status, body, dict(headers).get("Content-Type", "text/html"))

    def _authorize(self, environ: Environ, start: Start) -> Iterable[bytes]:
        asked = dict(parse_qsl(environ["QUERY_STRING"], strict_parsing=True))
        known = _KNOWN | ({"code_challenge", "code_challenge_method"} if self.has_pkce else set())
        if set(asked) - known:
            return _answer(start, "400 Bad Request", f"Y000400 {sorted(set(asked) - known)}".encode(), "text/plain")
        if len(asked["state"]) < 32 or len(asked["nonce"]) < 32 or asked["client_id"] != CLIENT_ID:
            return _answer(start, "400 Bad Request", b"Y000400", "text/plain")
        # The provider inside knows the standard scopes alone.
        query = urlencode({**asked, "scope": "openid profile email"})
        status, headers, body = self._inner({**environ, "QUERY_STRING": query})
        location = dict(headers).get("Location")
        if location is None:
            self.requests.append(asked)
            return _answer(start, status, body, "text/html")
        code = parse_qs(urlsplit(location).query).get("code", [""])[0]
        self.codes[code] = _Asked(asked, self.now())
        start(status, [("Location", location)])
        return [b""]

    def _token(self, environ: Environ, start: Start) -> Iterable[bytes]:
        form = dict(parse_qsl(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()))
        asked = self.codes.get(form.get("code", ""))
        is_good = (
            asked is not None
            and self.now() - asked.at_s <= _CODE_S
            and form.get("client_secret") == CLIENT_SECRET
            and (not self.has_pkce or _challenge(form["code_verifier"]) == asked.parameters["code_challenge"])
        )
        if not is_good or asked is None:
            return _answer(start, "400 Bad Request", b'{"error":"invalid_grant"}')
        raw = urlencode(form).encode()
        status, _, body = self._inner({**environ, "wsgi.input": io.BytesIO(raw), "CONTENT_LENGTH": str(len(raw))})
        answer = json.loads(body)
        if "id_token" in answer:
            claims = json.loads(_decoded(answer["id_token"].split(".")[1]))
            claims |= {"iat": self.now(), "exp": self.now() + 60, "aud": CLIENT_ID}
            if "amr" in asked.parameters.get("claims", ""):
                claims["amr"] = self.methods
            # Claims about the person belong to the other answer.
            for name in ("email", "email_verified", "given_name", "usual_name", "siret", "uid"):
                claims.pop(name, None)
            answer["id_token"] = self._sign(_laid(claims, self.id_says), self.id_alg)
        return _answer(start, status, json.dumps(answer).encode())

    def _userinfo(self, environ: Environ, start: Start) -> Iterable[bytes]:
        status, _, body = self._inner(environ)
        if not status.startswith("200"):
            return _answer(start, status, body)
        claims = {**json.loads(body), "iss": self.issuer, "aud": CLIENT_ID, "iat": self.now(), "exp": self.now() + 60}
        claims = _laid(claims, self.userinfo_says)
        if self.userinfo_alg == "json":
            return _answer(start, status, json.dumps(claims).encode())
        return _answer(start, status, self._sign(claims, self.userinfo_alg).encode(), "application/jwt")

    def _sign(self, claims: dict[str, Any], algorithm: str) -> str:
        if algorithm == "none":
            parts = ({"alg": "none", "typ": "JWT"}, claims)
            return "".join(f"{_encoded(json.dumps(part).encode())}." for part in parts)
        if algorithm == "HS256":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET))
        key = self.keys[algorithm]
        signer = self.sign_as[algorithm] if self.sign_as else key
        return jwt.encode({"alg": algorithm, "kid": key.kid or ""}, claims, signer)

    def _inner(self, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
        found: list[Any] = []
        body = b"".join(self.inner(environ, lambda status, headers, *_: found.extend((status, headers))))
        return found[0], found[1], body


def _answer(start: Start, status: str, body: bytes, kind: str = "application/json") -> Iterable[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def _laid(claims: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**claims, **over}.items() if value is not None}


def _challenge(verifier: str) -> str:
    return _encoded(hashlib.sha256(verifier.encode()).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _Quiet(werkzeug.serving.WSGIRequestHandler):
    def log(self, *_args: object) -> None:
        """Tests are silent."""


@contextlib.contextmanager
def run_provider() -> Iterator[Provider]:
    """The provider, listening; it tells the time of day until a test gives it another clock."""
    provider = Provider(lambda: 0)
    server = werkzeug.serving.make_server("127.0.0.1", 0, provider, threaded=True, request_handler=_Quiet)
    # Its OAuth library takes no address in clear but this one.
    provider.issuer = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def config_of(provider: Provider, more: str = "") -> str:
    """The configuration of a server whose agents sign in with this provider."""
    return (
        f'[proconnect]\nissuer = "{provider.issuer}"\nclient_id = "{CLIENT_ID}"\n'
        f'client_secret = "{CLIENT_SECRET}"\n{more}'
    )


@dataclass(slots=True)
class Desk:
    """A house whose agents come by ProConnect, the provider, and a browser."""

    house: House
    provider: Provider
    browser: Browser
    away: str = ""

    async def begin(self, path: str = ENTER) -> dict[str, str]:
        """The browser is sent to the provider; the parameters it takes there."""
        away = await self.browser.open(path)
        assert away.url.startswith(f"{self.provider.issuer}/oauth2/authorize?"), away.text
        self.away = away.url
        return dict(parse_qsl(urlsplit(away.url).query))

    async def enter(self, sub: str, path: str = ENTER) -> Page:
        """The whole way there and back; the page the person ends on."""
        await self.begin(path)
        return await self.browser.open(await self.provider.identify(self.away, sub))

    async def session(self) -> BrowserSession | None:
        return await find_browser_session(self.house.world, self.browser.http.cookies.get("tchap_session"))

    async def user_id(self) -> str | None:
        session = await self.session()
        return session.user_id if session is not None else None


@contextlib.asynccontextmanager
async def open_desk(folder: Path, provider: Provider, more: str = "", first: str = "") -> AsyncIterator[Desk]:
    """A house with this configuration before and after that of the provider."""
    async with open_house(folder, first + config_of(provider, more)) as house, open_browser(house) as browser:
        provider.now = lambda: house.clock.now_ms() // 1000
        provider.set_person("jean-1", email=JEAN)
        yield Desk(house, provider, browser)
