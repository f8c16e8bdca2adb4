"""Reading a page somebody linked to: what it says of itself, and whether it may be asked at all. Bounded and pure.

Sources: client-server API, `GET /media/preview_url`; the Open Graph protocol; HTML, "Determining the character
encoding".
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import SplitResult, urljoin, urlsplit

from tchap.base import limits

_PORTS = {"http": 80, "https": 443}
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([a-z0-9_.:-]{1,40})", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?([a-z0-9_.:-]{1,40})", re.IGNORECASE)
# Names of encodings of web pages; Python knows codecs that are none.
_ENCODINGS = re.compile(
    r"utf-8|utf-16(-le|-be)?|iso8859-\d+|cp125\d|koi8-[ru]|shift_jis|euc_(jp|kr)|gb18030|gbk|gb2312|big5|ascii"
)
_SPACES = re.compile(r"\s+")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
# What a client would have to fetch from elsewhere, which would tell that place who reads.
_FETCHED = ("og:image", "og:video", "og:audio")
_PICTURES = ("og:image:secure_url", "og:image:url", "og:image", "twitter:image", "twitter:image:src")
_TITLES = ("og:title", "twitter:title")
_DESCRIPTIONS = ("og:description", "twitter:description", "description")
# Text between these is not read by anybody.
_UNREAD = frozenset(("script", "style", "noscript", "template", "svg", "nav", "header", "footer", "aside", "form"))
_PARAGRAPHS = frozenset(("p", "h1", "h2", "li", "blockquote", "td", "pre"))


@dataclass(frozen=True, slots=True)
class Places:
    """Where previews may be asked: ports (none: any), domains denied, domains allowed (none: all)."""

    ports: Sequence[int]
    denied: Sequence[str]
    allowed: Sequence[str]


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says of itself: Open Graph properties to show, and the absolute address of its picture."""

    properties: dict[str, str]
    picture: str | None


def is_web_address(url: str) -> bool:
    """Whether this is a plain absolute address of the web, without credentials."""
    parts = _split(url)
    return parts is not None and parts.scheme in _PORTS and bool(parts.hostname) and "@" not in parts.netloc


def may_visit(url: str, places: Places) -> bool:
    """Whether the operator lets this address be asked."""
    parts = _split(url)
    if parts is None or not is_web_address(url):
        return False
    port = parts.port or _PORTS[parts.scheme]
    host = (parts.hostname or "").rstrip(".").lower()
    if places.ports and port not in places.ports:
        return False
    if any(_is_under(host, name) for name in places.denied):
        return False
    return not places.allowed or any(_is_under(host, name) for name in places.allowed)


def _is_under(host: str, name: str) -> bool:
    name = name.lower().removeprefix("*.").strip(".")
    return host == name or host.endswith(f".{name}")


def _split(url: str) -> SplitResult | None:
    if len(url) > limits.MAX_PREVIEW_URL or _FORBIDDEN.search(url):
        return None
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        return parts if parts.port is None or parts.port > 0 else None
    except ValueError:
        return None


def decode_page(body: bytes, content_type: str) -> str:
    """The page's text: by its byte order mark, the header, its own `<meta>`, else UTF-8 or what the old web meant."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    header = _HEADER_CHARSET.search(content_type)
    meta = _CHARSET.search(body[: limits.PREVIEW_CHARSET_BYTES])
    named = (header[1] if header else None, meta[1].decode("ascii") if meta else None)
    encoding = next((found for found in map(_encoding_of, named) if found), None)
    if encoding is not None:
        return body.decode(encoding, "replace")
    try:
        # The page may have been cut in the middle of a letter.
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _encoding_of(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return None
    # HTML reads ISO-8859-1 and ASCII as Windows-1252.
    known = {"iso8859-1": "cp1252", "ascii": "cp1252"}.get(known, known)
    return known if _ENCODINGS.fullmatch(known) else None


def read_page(text: str, url: str) -> PageFacts:
    """What the page at `url` says of itself."""
    reader = _Reader()
    for start in range(0, min(len(text), limits.MAX_PREVIEW_TEXT), limits.PREVIEW_CHUNK):
        try:
            reader.feed(text[start : start + limits.PREVIEW_CHUNK])
        except AssertionError:
            # The parser's own word for a declaration it cannot make sense of: what came before it counts.
            break
        # What the parser holds back it reads again with each piece: a construct without end is given up.
        if reader.is_done or len(reader.rawdata) > limits.MAX_PREVIEW_PENDING:
            break
    return PageFacts(_properties(reader), _picture(reader.named, url))


def _properties(reader: "_Reader") -> dict[str, str]:
    named = reader.named
    shown = {name: text for name, text in named.items() if name.startswith("og:") and not name.startswith(_FETCHED)}
    if not is_web_address(shown.get("og:url", "")):
        shown.pop("og:url", None)
    title = _first(named, _TITLES) or _clean("".join(reader.title))
    description = _first(named, _DESCRIPTIONS) or _clean(" ".join(reader.words))
    if title:
        shown["og:title"] = title
    if description:
        shown["og:description"] = description
    return shown


def _first(named: dict[str, str], names: Sequence[str]) -> str:
    return next((named[name] for name in names if named.get(name)), "")


def _picture(named: dict[str, str], url: str) -> str | None:
    written = _first(named, _PICTURES)
    try:
        found = urljoin(url, written) if written else ""
    except ValueError:
        return None
    return found if is_web_address(found) else None


def _clean(text: str) -> str:
    # A surrogate or a NUL has no place in what goes to clients and databases.
    plain = text.replace("\0", "").encode("utf-8", "ignore").decode()
    return _SPACES.sub(" ", plain).strip()[: limits.MAX_PREVIEW_VALUE]


class _Reader(HTMLParser):
    """Collects what `<meta>` and `<title>` say and the first words of the text; stops when it has seen enough."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.named: dict[str, str] = {}
        self.title: list[str] = []
        self.words: list[str] = []
        self.is_done = False
        self._pieces = 0
        self._letters = 0
        self._within: str | None = None
        self._unread: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._count()
        if tag == "meta" and not self.is_done:
            self._note(dict(attrs))
        elif tag in _UNREAD and self._unread is None:
            self._unread = tag
        elif tag == "title" or tag in _PARAGRAPHS:
            self._within = tag

    def handle_comment(self, data: str) -> None:
        self._count()

    def _count(self) -> None:
        self._pieces += 1
        self.is_done = self.is_done or self._pieces > limits.MAX_PREVIEW_PIECES

    def handle_endtag(self, tag: str) -> None:
        self._count()
        if tag == self._unread:
            self._unread = None
        if tag == self._within:
            self._within = None

    def handle_data(self, data: str) -> None:
        self._count()
        if self._unread is not None or self._within is None or self.is_done:
            return
        if self._within == "title":
            if len(self.title) < limits.MAX_PREVIEW_TITLES:
                self.title.append(data[: limits.MAX_PREVIEW_VALUE])
            return
        self.words.append(data[: limits.MAX_PREVIEW_VALUE])
        self._letters += len(data.strip())
        self.is_done = self._letters > limits.MAX_PREVIEW_VALUE

    def _note(self, attributes: dict[str, str | None]) -> None:
        name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
        content = attributes.get("content")
        is_ours = name.startswith(("og:", "twitter:")) or name == "description"
        if not content or not is_ours or len(name) > limits.MAX_PREVIEW_NAME:
            return
        if len(self.named) < limits.MAX_PREVIEW_PROPERTIES:
            # Of a property said several times the first counts ("Arrays").
            self.named.setdefault(name, _clean(content[: 2 * limits.MAX_PREVIEW_VALUE]))
