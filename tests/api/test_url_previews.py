"""What linked pages look like, asked by the server so that readers need not; and what nobody makes it ask."""

import asyncio
import contextlib
import io
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from tchap.services.url_previews import forget_some
from tests.base.test_outbound import Site, page, redirect
from tests.support.hall import CONFIG, Hall, Resident
from tests.support.house import SOON_S, Reply, open_house

HTML = "Content-Type: text/html"
PREVIEWS = """
[previews]
enabled = true
ports = []
denied_domains = ["interdit.example.fr"]
[outbound]
allowed_networks = ["127.0.0.1/32"]
[test]
allow_private_outbound = false
"""
OFF = "[previews]\nenabled = false\n"


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(out, "PNG")
    return out.getvalue()


@dataclass(slots=True)
class Scene:
    site: Site
    reader: Resident = field(repr=False)

    async def call(self, url: str, more: str = "", path: str = "/_matrix/client/v1/media/preview_url") -> Reply:
        house = self.reader.hall.house
        return await house.call("GET", f"{path}?url={quote(url, safe='')}{more}", None, self.reader.token)

    async def look(self, url: str, more: str = "") -> Any:
        reply = await self.call(url, more)
        assert reply.status == 200, reply
        return reply.body


@contextlib.asynccontextmanager
async def open_scene(folder: Path, config: str = PREVIEWS) -> AsyncIterator[Scene]:
    """A reader, and a web site on this machine that the operator lets be asked."""
    site = Site()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await site.serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        async with open_house(folder, CONFIG + config) as house:
            yield Scene(site, await Hall(house).enter("camille"))
    finally:
        server.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A small world of names: what each resolves to, one answer after the other."""
    known: dict[str, list[str]] = {}
    genuine: Callable[..., Any] = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        answers = known.get(name)
        if answers is None:
            return genuine(host, port, *args, **options)
        return genuine(answers.pop(0) if len(answers) > 1 else answers[0], port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


def test_a_page_is_shown_with_its_picture(tmp_path: Path) -> None:
    """Title, description and picture come back, the picture as media of ours that readers download from us."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            picture = png(64, 48)
            scene.site.answers["/a"] = page(
                b'<meta property="og:title" content="Le pont"><meta property="og:image" content="/i.png">', HTML
            )
            scene.site.answers["/i.png"] = page(picture, "Content-Type: text/plain")
            shown = await scene.look(scene.site.url("/a#milieu"))
            address = shown.pop("og:image")
            assert shown == {
                "og:title": "Le pont",
                "og:image:type": "image/png",
                "og:image:width": 64,
                "og:image:height": 48,
                "matrix:image:size": len(picture),
            }
            house = scene.reader.hall.house
            headers = {"Authorization": f"Bearer {scene.reader.token}"}
            path = f"/_matrix/client/v1/media/download/{address.removeprefix('mxc://')}"
            assert (await house.http.get(path, headers=headers)).content == picture
            legacy = await scene.call(scene.site.url("/a"), path="/_matrix/media/v3/preview_url")
            assert legacy.body["og:title"] == "Le pont"
            assert [asked.split(" ")[1] for asked in scene.site.asked] == ["/a", "/i.png"]

    asyncio.run(story())


def test_a_link_to_a_picture_shows_a_smaller_one(tmp_path: Path) -> None:
    """A large picture is made to fit; what says it is a picture and is none shows nothing."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            scene.site.answers["/big.png"] = page(png(1600, 1200), "Content-Type: image/png")
            scene.site.answers["/fake.png"] = page(b"<svg onload=alert(1)>", "Content-Type: image/png")
            shown = await scene.look(scene.site.url("/big.png"))
            assert (shown["og:image:width"], shown["og:image:height"]) == (800, 600)
            assert await scene.look(scene.site.url("/fake.png")) == {}

    asyncio.run(story())


def test_a_page_is_asked_once_for_everybody(tmp_path: Path) -> None:
    """Readers who come together share one question; later ones are served from memory until it is stale."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            scene.site.answers["/a"] = page(b"<title>Avant</title>", HTML)
            url, clock = scene.site.url("/a"), scene.reader.hall.house.clock
            first = clock.now_ms()
            assert await asyncio.gather(*(scene.look(url) for _ in range(5))) == [{"og:title": "Avant"}] * 5
            assert len(scene.site.asked) == 1
            scene.site.answers["/a"] = page(b"<title>Apres</title>", HTML)
            clock.move(3599)
            assert await scene.look(url) == {"og:title": "Avant"}
            clock.move(2)
            assert await scene.look(url) == {"og:title": "Apres"}
            assert await scene.look(url, f"&ts={first + 5}") == {"og:title": "Avant"}
            assert await scene.look(url, f"&ts={first - 5}") == {"og:title": "Apres"}
            assert await scene.look(url, f"&ts={2**50}") == {"og:title": "Apres"}
            assert len(scene.site.asked) == 2

    asyncio.run(story())


def test_old_previews_go_with_their_pictures(tmp_path: Path) -> None:
    """After a week a preview is forgotten, and nothing of its picture stays on the disk."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            scene.site.answers["/i.png"] = page(png(640, 480), "Content-Type: image/png")
            shown = await scene.look(scene.site.url("/i.png"))
            house = scene.reader.hall.house
            media = f"/_matrix/client/v1/media/thumbnail/{shown['og:image'].removeprefix('mxc://')}?width=32&height=32"
            assert (await house.call("GET", media, None, scene.reader.token)).status == 200
            assert await forget_some(house.world) == 0
            assert len([path for path in (tmp_path / "media").rglob("*") if path.is_file()]) == 2
            house.clock.move(8 * 24 * 3600)
            assert await forget_some(house.world) == 1
            assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
            assert (await house.call("GET", media, None, scene.reader.token)).status == 404

    asyncio.run(story())


def test_previews_are_off_until_the_operator_turns_them_on(tmp_path: Path) -> None:
    """Where they are off the operation is not there, and nothing is asked."""

    async def story() -> None:
        async with open_scene(tmp_path, OFF) as scene:
            reply = await scene.call(scene.site.url("/"))
            assert (reply.status, reply.body["errcode"]) == (404, "M_UNRECOGNIZED")
            assert scene.site.asked == []

    asyncio.run(story())


def test_what_is_no_web_address_is_refused(tmp_path: Path) -> None:
    """Without address, with another scheme, with credentials or of a denied site: refused, and nothing is asked."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            house, token = scene.reader.hall.house, scene.reader.token
            missing = await house.call("GET", "/_matrix/client/v1/media/preview_url", None, token)
            assert (missing.status, missing.body["errcode"]) == (400, "M_MISSING_PARAM")
            for url in (
                "file:///etc/passwd",
                "gopher://127.0.0.1/",
                f"http://u:p@127.0.0.1:{scene.site.port}/",
                "x",
                "",
            ):
                reply = await scene.call(url)
                assert (reply.status, reply.body["errcode"]) == (400, "M_INVALID_PARAM"), url
            for host in ("interdit.example.fr", "www.INTERDIT.example.fr"):
                assert (await scene.call(f"http://{host}/")).status == 403
            assert (await scene.call(scene.site.url("/"), "&ts=hier")).status == 400
            assert (await house.call("GET", "/_matrix/client/v1/media/preview_url?url=http://x/")).status == 401
            assert scene.site.asked == []

    asyncio.run(story())


@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.2]", "2130706434", "169.254.169.254", "10.0.0.1"],
)
def test_our_network_is_not_looked_into(tmp_path: Path, names: dict[str, list[str]], host: str) -> None:
    """A private address, however it is written, shows the same as a page that is not there: nothing."""
    names["localhost"] = ["127.0.0.2"]

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            scene.site.answers["/"] = page(b"<title>secret</title>", HTML)
            assert await scene.look(f"http://{host}:{scene.site.port}/") == {}
            assert scene.site.asked == []

    asyncio.run(story())


def test_redirects_and_pictures_pass_the_same_guard(tmp_path: Path, names: dict[str, list[str]]) -> None:
    """Neither a redirect, nor a picture, nor a name that changes its mind leads where the reader may not send us."""
    names["interdit.example.fr"] = ["127.0.0.1"]
    names["rebond.example.fr"] = ["127.0.0.2", "127.0.0.1"]

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            site = scene.site
            site.answers["/secret"] = page(png(8, 8), "Content-Type: image/png")
            for number, target in enumerate(
                (
                    site.url("/secret", "127.0.0.2"),
                    site.url("/secret", "interdit.example.fr"),
                    f"http://u:p@127.0.0.1:{site.port}/secret",
                    "file:///etc/passwd",
                )
            ):
                site.answers[f"/r{number}"] = redirect(target)
                tag = f'<title>t</title><meta property="og:image" content="{target}">'
                site.answers[f"/p{number}"] = page(tag.encode(), HTML)
                assert await scene.look(site.url(f"/r{number}")) == {}
                assert await scene.look(site.url(f"/p{number}")) == {"og:title": "t"}
            assert await scene.look(site.url("/secret", "rebond.example.fr")) == {}
            assert not [asked for asked in site.asked if "/secret" in asked]
            site.answers["/there"] = redirect("/secret")
            assert "og:image" in await scene.look(site.url("/there"))

    asyncio.run(story())


def test_only_the_ports_of_the_web_are_asked(tmp_path: Path) -> None:
    """By default another port than 80 and 443 is refused, first hand and by redirect."""

    async def story() -> None:
        async with open_scene(tmp_path, PREVIEWS.replace("ports = []", "ports = [80, 443]")) as scene:
            assert (await scene.call(scene.site.url("/"))).status == 403
            assert scene.site.asked == []

    asyncio.run(story())


def test_size_and_kind_are_bounded(tmp_path: Path) -> None:
    """Of an endless page the beginning is read; pictures too large, compressed answers, errors and other files show
    nothing, and that is remembered a while."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            site = scene.site
            site.answers["/long"] = page(b"<title>Long</title>" + b"x" * 3_000_000, HTML)
            site.answers["/huge"] = page(b'<title>t</title><meta property="og:image" content="/endless">', HTML)
            site.answers["/endless"] = b"endless"
            site.answers["/zip"] = page(b"x", HTML, "Content-Encoding: gzip")
            site.answers["/gone"] = page(b"<title>404</title>", HTML, status="404 Not Found")
            site.answers["/pdf"] = page(b"%PDF", "Content-Type: application/pdf")
            assert await scene.look(site.url("/long")) == {"og:title": "Long"}
            assert await scene.look(site.url("/huge")) == {"og:title": "t"}
            for path in ("/endless", "/zip", "/gone", "/pdf"):
                assert await scene.look(site.url(path)) == {}, path
            count = len(site.asked)
            assert await scene.look(site.url("/pdf")) == {}
            assert len(site.asked) == count
            scene.reader.hall.house.clock.move(301)
            assert await scene.look(site.url("/pdf")) == {}
            assert len(site.asked) == count + 1

    asyncio.run(story())


def test_one_reader_asks_a_bounded_number_of_pages(tmp_path: Path) -> None:
    """Beyond the quota a person waits, whatever the pages."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            scene.reader.hall.house.world.live.rate_limits.enabled = True
            replies = [await scene.call("http://127.0.0.2/") for _ in range(45)]
            assert {reply.status for reply in replies[:40]} == {200}
            assert replies[-1].status == 429
            assert replies[-1].body["retry_after_ms"] > 0

    asyncio.run(story())


def test_a_slow_page_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that accepts and says nothing is given up; while many are asked, more readers are told to wait."""
    monkeypatch.setattr("tchap.base.limits.PREVIEW_TIMEOUT_S", 0.5)
    monkeypatch.setattr("tchap.base.limits.MAX_PREVIEWS_AT_ONCE", 2)

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            began = asyncio.get_running_loop().time()
            replies = await asyncio.gather(*(scene.call(scene.site.url(f"/silence{n}")) for n in range(4)))
            assert asyncio.get_running_loop().time() - began < SOON_S
            assert sorted(reply.status for reply in replies) == [200, 200, 429, 429]

    asyncio.run(story())
