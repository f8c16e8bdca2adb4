"""An application that signs people in by OAuth 2.0, and the browser it opens for that."""

import base64
import hashlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx

from tchap.services.browser_sessions import open_browser_session
from tests.support.house import House, Reply

API = "urn:matrix:client:api:*"
VERIFIER = "un-verificateur-assez-long-pour-la-regle-0123456789"
WEB_REDIRECT = "https://app.messages.example/callback"
NATIVE_REDIRECT = "example.messages.app:/callback"
LOOPBACK = "http://127.0.0.1/done"
NATIVE = {
    "client_name": "Messages",
    "client_uri": "https://messages.example/",
    "application_type": "native",
    "redirect_uris": [NATIVE_REDIRECT, LOOPBACK, WEB_REDIRECT],
    "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(slots=True)
class Page:
    """What a browser shows: its address, its text and the fields of its first form, the buttons apart."""

    url: str
    status: int
    html: str
    headers: httpx.Headers
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.forms = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms += 1
        elif tag == "a":
            self.page.links.append(named.get("href", ""))
        elif self.forms > 1:
            return
        elif tag == "input" and "name" in named:
            self.page.fields[named["name"]] = named.get("value", "")
        elif tag == "button" and "name" in named:
            self.page.buttons.append((named["name"], named["value"]))


@dataclass(slots=True)
class Browser:
    """Follows redirections within the server, keeps its cookies, and stops where it is sent elsewhere."""

    house: House
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = "en"

    async def sign_in(self, user_id: str) -> None:
        """As the sign-in page does once the password is proven."""
        self.cookies["tchap_session"] = await open_browser_session(self.house.world, user_id, "password")

    async def open(self, url: str) -> Page:
        return await self._go("GET", url, None)

    async def submit(self, page: Page, *button: str, **fields: str) -> Page:
        """Sends the page's form by one of its buttons, as typed; the form's own fields may be overwritten."""
        pressed = dict([(button[0], button[1])] if button else [])
        return await self._go("POST", page.url, {**page.fields, **pressed, **fields})

    async def _go(self, method: str, url: str, form: dict[str, str] | None) -> Page:
        for _ in range(10):
            answer = await self.ask(method, url, form)
            location = answer.headers.get("location")
            if location is None:
                return _read(url, answer)
            url = urljoin(url, location)
            if not url.startswith(("/", "http://127.0.0.1:8008/")):
                return Page(url, answer.status_code, "", answer.headers)
            method, form = "GET", None
        raise AssertionError(f"redirected for ever: {url}")

    async def ask(self, method: str, url: str, form: dict[str, str] | None = None) -> httpx.Response:
        """One request, not followed."""
        headers = {"accept-language": self.language, "cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        content = None
        if form is not None:
            content = urlencode(form)
            headers |= {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        answer = await self.house.http.request(method, url, content=content, headers=headers)
        self.house.http.cookies.clear()
        for given in answer.headers.get_list("set-cookie"):
            name, _, value = given.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


def _read(url: str, answer: httpx.Response) -> Page:
    page = Page(url, answer.status_code, answer.text, answer.headers)
    _Reader(page).feed(answer.text)
    return page


def answer_of(page: Page) -> dict[str, str]:
    """What the application is told in the address the browser was sent to."""
    parts = urlsplit(page.url)
    return dict(parse_qsl(parts.fragment or parts.query))


@dataclass(slots=True)
class App:
    """A registered application."""

    house: House
    client_id: str

    def authorize_url(self, device_id: str = "MOBILE01AB", **changes: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": NATIVE_REDIRECT,
            "scope": f"{API} urn:matrix:client:device:{device_id}",
            "state": "etat-42",
            "response_mode": "query",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        } | changes
        return f"/oauth2/authorize?{urlencode({name: value for name, value in query.items() if value})}"

    async def get_code(self, browser: Browser, device_id: str = "MOBILE01AB", **changes: str) -> str:
        """The code of a person who is signed in with the browser and allows everything."""
        page = await browser.open(self.authorize_url(device_id, **changes))
        assert page.status == 200, page
        return answer_of(await browser.submit(page, "answer", "allow"))["code"]

    async def token(self, grant_type: str, **fields: str) -> Reply:
        return await post_form(self.house, "/oauth2/token", grant_type=grant_type, client_id=self.client_id, **fields)

    async def exchange(self, code: str, **changes: str) -> Reply:
        fields = {"code": code, "redirect_uri": NATIVE_REDIRECT, "code_verifier": VERIFIER} | changes
        return await self.token("authorization_code", **fields)

    async def refresh(self, refresh_token: str) -> Reply:
        return await self.token("refresh_token", refresh_token=refresh_token)

    async def sign_in(self, user_id: str, device_id: str = "MOBILE01AB") -> dict[str, Any]:
        """The token answer of a whole sign-in."""
        browser = Browser(self.house)
        await browser.sign_in(user_id)
        reply = await self.exchange(await self.get_code(browser, device_id))
        assert reply.status == 200, reply
        body: dict[str, Any] = reply.body
        return body


async def register_app(house: House, **changes: Any) -> App:
    reply = await house.call("POST", "/oauth2/register", NATIVE | changes)
    assert reply.status == 201, reply
    return App(house, reply.body["client_id"])


async def post_form(house: House, path: str, **fields: str) -> Reply:
    answer = await house.http.post(path, data=fields)
    return Reply(answer.status_code, answer.json(), answer.headers)
