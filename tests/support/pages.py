"""A reader of our pages: a browser without script that keeps cookies, fills in forms, and looks at pages closely."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from tests.support.house import PASSWORD, House

JEAN = "jean.martin@prefecture.example.fr"
_VOID = {"input", "meta", "br", "hr", "link"}
_POLICY = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'")


@dataclass(slots=True)
class PageForm:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    boxes: set[str] = field(default_factory=set)
    buttons: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """What is shown. `labels` maps a field's name to its label, `links` the words of a link to its address."""

    url: str
    status: int
    html: str
    headers: httpx.Headers
    text: str = ""
    title: str = ""
    language: str = ""
    headings: list[str] = field(default_factory=list)
    forms: list[PageForm] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    attributes: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def path(self) -> str:
        return self.url.partition("?")[0]

    def problem_of(self, name: str) -> str:
        """The sentence beside a field, found as a screen reader finds it."""
        (field_,) = [a for tag, a in self.attributes if tag == "input" and a.get("name") == name]
        assert field_.get("aria-invalid") == "true", f"{name} is said to be right"
        assert f"{name}-problem" in field_["aria-describedby"].split()
        return self.html.partition(f'id="{name}-problem">')[2].partition("<")[0]


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.open: list[tuple[str, dict[str, str], list[str]]] = []
        self.selecting = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.page.attributes.append((tag, named))
        if "id" in named:
            self.page.ids.append(named["id"])
        if tag == "html":
            self.page.language = named.get("lang", "")
        if tag == "form":
            self.page.forms.append(PageForm(named.get("action", self.page.url)))
        elif tag == "select":
            self.page.forms[-1].fields[named["name"]] = ""
            self.selecting = named["name"]
        elif tag == "option":
            form = self.page.forms[-1]
            if "selected" in named or not form.fields[self.selecting]:
                form.fields[self.selecting] = named["value"]
        elif tag == "input":
            form = self.page.forms[-1]
            if named.get("type") == "checkbox":
                form.boxes.add(named["name"])
            if named.get("type") != "checkbox" or "checked" in named:
                form.fields[named["name"]] = named.get("value", "")
        if tag not in _VOID:
            self.open.append((tag, named, []))

    def handle_data(self, data: str) -> None:
        for _, _, words in self.open:
            words.append(data)

    def handle_endtag(self, tag: str) -> None:
        opened, named, words = self.open.pop()
        assert opened == tag, f"<{opened}> is closed by </{tag}>"
        text = " ".join(" ".join(words).split())
        page = self.page
        if tag == "title":
            page.title = text
        elif tag in ("h1", "h2"):
            page.headings.append(f"{tag} {text}")
        elif tag == "main":
            page.text = text
        elif tag == "label":
            page.labels[named["for"]] = text
        elif tag == "a":
            page.links[text] = named["href"]
        elif tag == "button":
            page.forms[-1].buttons.append(text)


@dataclass(slots=True)
class Browser:
    """One person's browser; it stops where it is sent to another site."""

    http: httpx.AsyncClient
    language: str = "fr"
    seen: list[Page] = field(default_factory=list)

    async def open(self, url: str) -> Page:
        return await self._go("GET", url, None)

    async def follow(self, words: str) -> Page:
        """The link with these words, on the page that is shown."""
        page = self.seen[-1]
        return await self.open(urljoin(page.url, page.links[words]))

    async def submit(self, button: str | None = None, **fields: str) -> Page:
        """The form of that button, or the first, filled in with fields it has; a box is ticked with `yes`."""
        page = self.seen[-1]
        form = next(form for form in page.forms if button is None or button in form.buttons)
        assert set(fields) <= set(form.fields) | form.boxes, f"{set(fields)} are not all in {form}"
        return await self._go("POST", urljoin(page.url, form.action), form.fields | fields)

    async def _go(self, method: str, url: str, form: dict[str, str] | None) -> Page:
        for _ in range(6):
            headers = {"Accept": "text/html", "Accept-Language": self.language, "Sec-Fetch-Site": "same-origin"}
            answer = await self.http.request(method, url, data=form, headers=headers)
            if answer.status_code not in (302, 303):
                return self._show(url, answer)
            method, form, url = "GET", None, urljoin(url, answer.headers["location"])
            if not url.startswith("/"):
                return Page(url, answer.status_code, "", answer.headers)
        raise AssertionError(f"redirected for ever: {url}")

    def _show(self, url: str, answer: httpx.Response) -> Page:
        page = Page(url, answer.status_code, answer.text, answer.headers)
        self.seen.append(page)
        if answer.headers["content-type"].startswith("text/html"):
            _Reader(page).feed(answer.text)
            check_page(page)
        return page


def check_page(page: Page) -> None:
    """What every page owes its reader: safe headers, a language, a title, one heading, labels, notes that exist."""
    policy = page.headers["content-security-policy"]
    assert all(part in policy for part in _POLICY), policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.language in ("fr", "en")
    assert page.title
    assert page.title.startswith(("Erreur :", "Error:")) == (page.status >= 400)
    assert sum(heading.startswith("h1 ") for heading in page.headings) == 1
    assert len(page.ids) == len(set(page.ids)), page.ids
    _check_fields(page)
    for tag, named in page.attributes:
        assert not any(name.startswith("on") or name == "style" for name in named), f"<{tag}> {named}"
    for words in page.links:
        assert words, "a link without words"


def _check_fields(page: Page) -> None:
    for form in page.forms:
        assert form.fields.get("form_token"), "a form anybody could have made"
        assert all(form.buttons), "a button without words"
    for tag, named in page.attributes:
        if tag not in ("input", "select") or named.get("type") == "hidden":
            continue
        assert page.labels.get(named["id"]), f"{named['name']} has no label"
        assert tag == "select" or named["type"] == "checkbox" or named["autocomplete"]
        assert set(named.get("aria-describedby", "").split()) <= set(page.ids)
        if "aria-invalid" in named:
            assert any(f"#{named['id']}" == href for href in page.links.values()), "the summary leads elsewhere"


@contextlib.asynccontextmanager
async def open_browser(house: House, language: str = "fr") -> AsyncIterator[Browser]:
    """A browser of its own, with its own cookies."""
    transport = house.http._transport
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8008") as http:
        yield Browser(http, language)
        # The transport is the house's: it is not closed with this client.
        http._transport = httpx.AsyncBaseTransport()


async def enter(browser: Browser, user: str = JEAN, password: str = PASSWORD) -> Page:
    """Signs in on the page."""
    await browser.open("/account/sign-in")
    return await browser.submit(user=user, password=password)
