"""The rendezvous of two devices over HTTP (MSC4108, MSC4388)."""

import asyncio
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from tchap.base import limits
from tests.support.house import House, open_house

PLAIN = "/_matrix/client/unstable/org.matrix.msc4108/rendezvous"
JSON = "/_matrix/client/unstable/io.element.msc4388/rendezvous"
OPEN = "[rate_limits]\nenabled = false\n"


async def plain(house: House, method: str, path: str, text: str | None = None, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if text is not None:
        sent.setdefault("content-type", "text/plain")
    return await house.http.request(method, path, content=text, headers=sent)


def test_two_devices_talk_in_plain_text(tmp_path: Path) -> None:
    """Created without a token, read, written in turn under its ETag, closed (MSC4108)."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            made = await plain(house, "POST", PLAIN, "bonjour")
            assert made.status_code == 201
            url, etag = made.json()["url"], made.headers["etag"]
            assert url.startswith("http://127.0.0.1:8008/_matrix/client/unstable/org.matrix.msc4108/rendezvous/")
            assert made.headers["location"] == url
            left = parsedate_to_datetime(made.headers["expires"]).timestamp() - house.clock.now / 1000
            assert left == limits.RENDEZVOUS_MS / 1000
            read = await plain(house, "GET", url)
            assert (read.status_code, read.text, read.headers["etag"]) == (200, "bonjour", etag)
            assert read.headers["content-type"] == "text/plain"
            assert read.headers["x-content-type-options"] == "nosniff"
            assert "no-store" in read.headers["cache-control"]
            same = await plain(house, "GET", url, if_none_match=etag)
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
            written = await plain(house, "PUT", url, "salut", if_match=etag)
            assert (written.status_code, written.content) == (202, b"")
            assert written.headers["etag"] != etag
            assert (await plain(house, "GET", url, if_none_match=etag)).text == "salut"
            late = await plain(house, "PUT", url, "trop tard", if_match=etag)
            assert (late.status_code, late.json()["errcode"]) == (412, "M_CONCURRENT_WRITE")
            weak = await plain(house, "PUT", url, "encore", if_match=f"W/{written.headers['etag']}")
            assert weak.status_code == 202
            assert (await plain(house, "DELETE", url)).status_code == 204
            for method, text in (("GET", None), ("PUT", "x"), ("DELETE", None)):
                gone = await plain(house, method, url, text, if_match=etag)
                assert (gone.status_code, gone.json()["errcode"]) == (404, "M_NOT_FOUND")

    asyncio.run(story())


def test_two_devices_talk_in_json(tmp_path: Path) -> None:
    """The same with sequence tokens, and a write that may be repeated (MSC4388)."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            assert await house.ask("GET", JSON) == {"create_available": True}
            made = await house.ask("POST", JSON, {"data": "bonjour"})
            path, first = f"{JSON}/{made['id']}", made["sequence_token"]
            assert made["expires_ts"] == house.clock.now + limits.RENDEZVOUS_MS
            assert made["expires_in_ms"] == limits.RENDEZVOUS_MS
            read = await house.ask("GET", path)
            assert (read["data"], read["sequence_token"]) == ("bonjour", first)
            second = (await house.ask("PUT", path, {"data": "salut", "sequence_token": first}))["sequence_token"]
            assert second != first
            late = await house.call("PUT", path, {"data": "trop tard", "sequence_token": first})
            assert (late.status, late.body["errcode"]) == (409, "IO_ELEMENT_MSC4388_CONCURRENT_WRITE")
            wish = {"data": "encore", "sequence_token": second}
            third = await house.ask("PUT", f"{path}/t1", wish)
            assert await house.ask("PUT", f"{path}/t1", wish) == third
            assert (await house.ask("GET", path))["data"] == "encore"
            assert await house.ask("DELETE", path) == {}
            assert (await house.call("GET", path)).status == 404

    asyncio.run(story())


def test_a_rendezvous_ends_in_time(tmp_path: Path) -> None:
    """After its time it is as if it had never been, and the next one sweeps it away."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            url = (await plain(house, "POST", PLAIN, "")).json()["url"]
            made = await house.ask("POST", JSON, {"data": ""})
            house.clock.move(limits.RENDEZVOUS_MS / 1000)
            assert (await plain(house, "GET", url)).status_code == 404
            assert (await house.call("GET", f"{JSON}/{made['id']}")).status == 404
            await house.ask("POST", JSON, {"data": ""})

    asyncio.run(story())


def test_a_rendezvous_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four kilobytes, so many at once, so many from one address."""
    monkeypatch.setattr(limits, "MAX_RENDEZVOUS", 30)

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            assert (await plain(house, "POST", PLAIN, "x" * 4096)).status_code == 201
            assert (await plain(house, "POST", PLAIN, "x" * 4097)).status_code == 413
            made = await house.ask("POST", JSON, {"data": "é" * 4096})
            large = {"data": "é" * 4097, "sequence_token": made["sequence_token"]}
            for method, path in (("POST", JSON), ("PUT", f"{JSON}/{made['id']}")):
                reply = await house.call(method, path, large)
                assert (reply.status, reply.body["errcode"]) == (413, "M_TOO_LARGE")
            many = [await house.call("POST", JSON, {"data": ""}) for _ in range(30)]
            assert [reply.status for reply in many].count(200) == 28
            assert many[-1].body["errcode"] == "M_LIMIT_EXCEEDED"
        async with open_house(tmp_path / "limited") as house:
            statuses = [(await plain(house, "POST", PLAIN, "")).status_code for _ in range(25)]
            assert statuses == [201] * 20 + [429] * 5

    asyncio.run(story())


def test_no_rendezvous_is_a_page(tmp_path: Path) -> None:
    """A browser that is led there is refused; so is what is no plain text, has no condition or is of the other kind."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            url = (await plain(house, "POST", PLAIN, "<script>")).json()["url"]
            made = await house.ask("POST", JSON, {"data": "<script>"})
            for path in (url, f"{JSON}/{made['id']}"):
                led = await house.call("GET", path, sec_fetch_mode="navigate")
                assert (led.status, led.body["errcode"]) == (403, "M_FORBIDDEN")
            html = await plain(house, "POST", PLAIN, "<p>", content_type="text/html")
            assert (html.status_code, html.json()["errcode"]) == (400, "M_INVALID_PARAM")
            blind = await plain(house, "PUT", url, "x")
            assert (blind.status_code, blind.json()["errcode"]) == (400, "M_MISSING_PARAM")
            assert (await house.call("POST", JSON, {})).body["errcode"] == "M_MISSING_PARAM"
            assert (await plain(house, "GET", f"{PLAIN}/{made['id']}")).status_code == 404
            assert (await house.call("GET", f"{JSON}/{url.rpartition('/')[2]}")).status == 404

    asyncio.run(story())


def test_browsers_may_send_the_conditions(tmp_path: Path) -> None:
    """The pre-flight allows If-Match and If-None-Match, and the ETag can be read."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            answer = await house.http.options(PLAIN)
            allowed = answer.headers["access-control-allow-headers"].split(", ")
            assert {"If-Match", "If-None-Match"} <= set(allowed)
            assert "ETag" in answer.headers["access-control-expose-headers"]

    asyncio.run(story())
