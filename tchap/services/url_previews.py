"""What a linked page looks like. Source: client-server API, `GET /media/preview_url`.

The address is chosen by whoever wrote the message: it is asked through the outbound guard alone, within bounds of size
and time, and what cannot be shown, refused or failed alike, is an empty preview: nobody learns here what our network
holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError
from tchap.base.outbound import OutboundAnswer, OutboundError, OutboundRequest
from tchap.gateways.images import ImageTooLarge, NotAnImage, Shape
from tchap.policy.previews import PageFacts, Places, decode_page, is_web_address, may_visit, read_page
from tchap.services.media import blob_key
from tchap.services.scanning import is_clean
from tchap.services.thumbnails import remove_thumbnails
from tchap.services.world import World
from tchap.storage import media, url_previews
from tchap.storage.database import Tx
from tchap.storage.media import Media
from tchap.storage.url_previews import StoredPreview

_BOX = Shape(800, 600, crop=False, animated=False)
_HTML = ("text/html", "application/xhtml+xml")
_HEADERS = {"user-agent": "Tchap link preview", "accept-language": "fr, en;q=0.8"}
_ID_BYTES = 24


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture kept as media; sizes in pixels and bytes."""

    server: str
    media_id: str
    content_type: str
    width: int
    height: int
    size: int

    def properties(self) -> dict[str, Any]:
        return {
            "og:image": f"mxc://{self.server}/{self.media_id}",
            "og:image:type": self.content_type,
            "og:image:width": self.width,
            "og:image:height": self.height,
            "matrix:image:size": self.size,
        }


async def preview(world: World, url: str, at_ts: int | None) -> bytes:
    """The Open Graph data of a page as JSON, empty where there is nothing to show; as it was at `at_ts` where that is
    known, else as it is now.

    M_UNRECOGNIZED where previews are off, M_INVALID_PARAM for what is no web address, Forbidden for a denied domain,
    LimitExceeded while too many pages are being asked.
    """
    if not world.settings.previews.enabled:
        raise MatrixError("M_UNRECOGNIZED", "Previews are off here.", "Les aperçus sont désactivés ici.")
    url = urldefrag(url).url
    _check_address(world, url)
    key, now_ms = hashlib.sha256(url.encode()).hexdigest(), world.clock.now_ms()
    for moment in (min(at_ts, now_ms), now_ms) if at_ts is not None else (now_ms,):
        known = await world.store.read(url_previews.find_preview, key, moment)
        if known is not None:
            return known.body
    if not world.live.previews.is_asked(key) and world.live.previews.count >= limits.MAX_PREVIEWS_AT_ONCE:
        raise LimitExceeded(limits.PREVIEW_RETRY_MS)
    return await world.live.previews.share(key, lambda: _ask(world, url, key))


def _check_address(world: World, url: str) -> None:
    if not is_web_address(url):
        raise InvalidParam("This is not the address of a web page.", "Ce n'est pas l'adresse d'une page web.")
    if not may_visit(url, _places(world)):
        raise Forbidden("No previews of this site here.", "Pas d'aperçu de ce site ici.")


def _places(world: World) -> Places:
    settings = world.settings.previews
    return Places(settings.ports, settings.denied_domains, settings.allowed_domains)


async def _ask(world: World, url: str, key: str) -> bytes:
    """Asks the page and its picture, and keeps the answer."""
    facts, picture = await _look(world, url)
    shown: dict[str, Any] = dict(facts.properties)
    if picture is not None:
        shown |= picture.properties()
    now_ms = world.clock.now_ms()
    fresh_ms = world.settings.previews.fresh_s * 1000 if shown else limits.PREVIEW_FAILURE_MS
    kept_ms = limits.PREVIEW_KEPT_MS if shown else limits.PREVIEW_FAILURE_MS
    stored = StoredPreview(
        url_hash=key,
        fetched_ts=now_ms,
        body=encode_json(shown),
        fresh_until_ts=now_ms + fresh_ms,
        expires_ts=now_ms + max(fresh_ms, kept_ms),
        server=picture.server if picture else None,
        media_id=picture.media_id if picture else None,
    )
    await world.store.write(url_previews.add_preview, stored)
    return stored.body


async def _look(world: World, url: str) -> tuple[PageFacts, _Picture | None]:
    nothing = PageFacts({}, None)
    answer = await _fetch(world, url, limits.MAX_PREVIEW_PAGE, is_cut=True)
    if answer is None:
        return nothing, None
    content_type = answer.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("image/"):
        return nothing, await _fetch_picture(world, answer.url)
    if kind not in _HTML:
        return nothing, None
    facts = read_page(decode_page(answer.body, content_type), answer.url)
    return facts, await _fetch_picture(world, facts.picture) if facts.picture else None


async def _fetch(world: World, url: str, max_bytes: int, is_cut: bool = False) -> OutboundAnswer | None:
    places = _places(world)
    request = OutboundRequest(
        "GET",
        url,
        _HEADERS,
        timeout_s=limits.PREVIEW_TIMEOUT_S,
        max_bytes=max_bytes,
        is_cut=is_cut,
        may_visit=lambda each: may_visit(each, places),
    )
    try:
        answer = await world.outbound.send(request)
    except OutboundError:
        return None
    return answer if answer.is_success else None


async def _fetch_picture(world: World, url: str) -> _Picture | None:
    """The page's picture as media of ours, no larger than a preview needs; None where it cannot be had."""
    answer = await _fetch(world, url, limits.MAX_PREVIEW_PICTURE)
    if answer is None or not await is_clean(world, answer.body):
        return None
    try:
        made = await world.images.make(answer.body, _BOX)
        data = answer.body if made.data is None else made.data
        width, height = await world.images.measure(data)
    except (NotAnImage, ImageTooLarge, LimitExceeded):
        return None
    name = world.entropy.token(_ID_BYTES)
    await world.media.put(blob_key(name), data)
    row = Media(
        server=world.settings.instances[0].name,
        media_id=world.entropy.token(_ID_BYTES),
        # Nobody's: it came from the page, and goes with its preview.
        user_id="",
        created_ts=world.clock.now_ms(),
        size=len(data),
        content_type=made.content_type,
        blob_name=name,
    )
    await world.store.write(media.add_media, row)
    return _Picture(row.server, row.media_id, made.content_type, width, height, len(data))


async def forget_previews(world: World) -> None:
    """Runs until cancelled."""
    while True:
        while await forget_some(world):
            continue
        await world.clock.sleep(limits.PREVIEW_SWEEP_S)


async def forget_some(world: World) -> int:
    """Forgets some previews whose time is over, and their pictures; answers how many."""
    expired = await world.store.read(url_previews.find_expired, world.clock.now_ms(), limits.PREVIEW_SWEEP)
    for each in expired:
        row = await world.store.write(_forget, each)
        if row is not None:
            await remove_thumbnails(world, row)
            await world.media.remove(blob_key(row.blob_name or ""))
    return len(expired)


async def _forget(tx: Tx, preview: StoredPreview) -> Media | None:
    await url_previews.remove_preview(tx, preview.url_hash, preview.fetched_ts)
    if preview.server is None or preview.media_id is None:
        return None
    return await media.remove_media(tx, preview.server, preview.media_id)
