"""Files and thumbnails over HTTP."""

import asyncio
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api.test_keys import JEAN, LEA, OPEN
from tests.support.accounts import Person, person
from tests.support.house import House, open_house

UPLOAD = "/_matrix/media/v3/upload"
V1 = "/_matrix/client/v1/media"
TEST_PROFILE = 'profile = "test"\n' + OPEN


async def send(
    house: House, who: Person, data: bytes, content_type: str | None = None, path: str = UPLOAD
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {who.token}"} | ({"Content-Type": content_type} if content_type else {})
    method = "POST" if path.startswith(UPLOAD + "?") or path == UPLOAD else "PUT"
    return await house.http.request(method, path, content=data, headers=headers)


async def upload(house: House, who: Person, data: bytes, content_type: str | None = None, name: str = "") -> str:
    """The file's `server/media_id`."""
    answer = await send(house, who, data, content_type, f"{UPLOAD}?filename={name}" if name else UPLOAD)
    assert answer.status_code == 200, answer.text
    address: str = answer.json()["content_uri"]
    assert address.startswith("mxc://")
    return address.removeprefix("mxc://")


async def get(house: House, who: Person | None, path: str) -> httpx.Response:
    return await house.http.get(path, headers={"Authorization": f"Bearer {who.token}"} if who else {})


def picture(width: int, height: int, kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height), "red").save(out, kind, **options)
    return out.getvalue()


def animation(width: int, height: int, frames: int = 3) -> bytes:
    out = io.BytesIO()
    images = [Image.new("RGB", (width, height), (80 * n, 0, 0)) for n in range(frames)]
    images[0].save(out, "GIF", save_all=True, append_images=images[1:], duration=50)
    return out.getvalue()


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def test_files_come_back_as_they_went(tmp_path: Path) -> None:
    """Bytes, type and name are kept, under the uploader's instance, and readable from another one."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            path = await upload(house, jean, b"%PDF", "application/pdf", "Compte%20rendu.pdf")
            assert path.partition("/")[0] == jean.user_id.partition(":")[2]
            answer = await get(house, lea, f"{V1}/download/{path}")
            assert (answer.content, answer.headers["content-type"]) == (b"%PDF", "application/pdf")
            assert answer.headers["content-disposition"] == 'attachment; filename="Compte rendu.pdf"'
            renamed = await get(house, lea, f"{V1}/download/{path}/%C3%A9t%C3%A9.pdf")
            assert renamed.headers["content-disposition"] == "attachment; filename*=utf-8''%C3%A9t%C3%A9.pdf"
            plain = await upload(house, jean, b"secret")
            answer = await get(house, lea, f"{V1}/download/{plain}")
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["content-disposition"] == "attachment"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("content_type", "disposition"),
    [
        ("image/png", "inline"),
        ("text/plain; charset=utf-8", "inline"),
        ("text/html", "attachment"),
        ("image/svg+xml", "attachment"),
        ("application/javascript", "attachment"),
    ],
)
def test_only_harmless_types_are_shown_inline(tmp_path: Path, content_type: str, disposition: str) -> None:
    """The specification's list is inline, all else is saved; either way the page can do nothing."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            path = await upload(house, jean, b"<script>", content_type)
            answer = await get(house, jean, f"{V1}/download/{path}")
            assert answer.headers["content-type"] == content_type
            assert answer.headers["content-disposition"] == disposition
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
            assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")

    asyncio.run(story())


def test_media_need_authentication(tmp_path: Path) -> None:
    """The deprecated endpoints are frozen and the others ask for a token; only the test profile still serves both."""

    async def story() -> None:
        async with open_house(tmp_path / "normal", OPEN) as house:
            path = await upload(house, await person(house, JEAN), b"x")
            assert (await get(house, None, f"{V1}/download/{path}")).status_code == 401
            for version in ("v3", "r0", "v1"):
                answer = await get(house, None, f"/_matrix/media/{version}/download/{path}")
                assert (answer.status_code, answer.json()["errcode"]) == (404, "M_NOT_FOUND")
        async with open_house(tmp_path / "test", TEST_PROFILE) as house:
            path = await upload(house, await person(house, JEAN), b"x")
            assert (await get(house, None, f"/_matrix/media/v3/download/{path}/a.txt")).content == b"x"

    (tmp_path / "normal").mkdir()
    (tmp_path / "test").mkdir()
    asyncio.run(story())


def test_the_roads_without_a_token_are_frozen(tmp_path: Path) -> None:
    """Under the older addresses nothing is given away; the test profile, where nothing is anybody's, still answers."""

    async def story() -> None:
        picture = io.BytesIO()
        Image.new("RGB", (64, 64), "navy").save(picture, "PNG")
        for config, expected in ((OPEN, 404), (TEST_PROFILE, 200)):
            async with open_house(tmp_path / str(expected), config) as house:
                path = await upload(house, await person(house, JEAN), picture.getvalue(), "image/png")
                size = "width=32&height=32&method=scale"
                for road in (f"download/{path}", f"thumbnail/{path}?{size}"):
                    assert (await get(house, None, f"/_matrix/media/v3/{road}")).status_code == expected

    asyncio.run(story())


def test_unknown_and_crafted_names_are_not_found(tmp_path: Path) -> None:
    """Another server's media, an unknown id and an attempt to leave the folder are all just not found."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            for path in ("far.example.org/abc", "agent.hopitaux.tchap.example.fr/abc", "x/..%2F..%2Ftchap.db", "../a"):
                for kind in ("download", "thumbnail"):
                    answer = await get(house, jean, f"{V1}/{kind}/{path}?width=32&height=32")
                    assert answer.status_code == 404, path

    asyncio.run(story())


def test_uploads_are_bounded(tmp_path: Path) -> None:
    """A file above the limit told in the configuration is refused with 413."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN + "[media]\nmax_upload_bytes = 1000\n") as house:
            jean = await person(house, JEAN)
            for path in (f"{V1}/config", "/_matrix/media/v3/config", "/_matrix/media/r0/config"):
                assert (await get(house, jean, path)).json() == {"m.upload.size": 1000}
            answer = await send(house, jean, b"x" * 1001)
            assert (answer.status_code, answer.json()["errcode"]) == (413, "M_TOO_LARGE")

    asyncio.run(story())


def test_content_may_follow_its_address(tmp_path: Path) -> None:
    """An address made first waits for its content, given once, by its maker, before it expires."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            made = await house.ask("POST", "/_matrix/media/v1/create", {}, jean.token)
            assert made["unused_expires_at"] == house.clock.now_ms() + 24 * 3600 * 1000
            path = made["content_uri"].removeprefix("mxc://")
            early = await get(house, lea, f"{V1}/download/{path}?timeout_ms=0")
            assert (early.status_code, early.json()["errcode"]) == (504, "M_NOT_YET_UPLOADED")
            put = f"{UPLOAD}/{path}"
            assert (await send(house, lea, b"hers", None, put)).status_code == 403
            waiting = asyncio.create_task(get(house, lea, f"{V1}/download/{path}?timeout_ms=20000"))
            await asyncio.sleep(0.05)
            assert (await send(house, jean, b"his", "text/plain", put)).json() == {}
            assert (await waiting).content == b"his"
            again = await send(house, jean, b"other", None, put)
            assert (again.status_code, again.json()["errcode"]) == (409, "M_CANNOT_OVERWRITE_MEDIA")
            late = (await house.ask("POST", "/_matrix/media/v1/create", {}, jean.token))["content_uri"]
            house.clock.move(24 * 3600)
            assert (await send(house, jean, b"x", None, f"{UPLOAD}/{late.removeprefix('mxc://')}")).status_code == 404

    asyncio.run(story())


def test_two_contents_at_once_leave_one(tmp_path: Path) -> None:
    """Of several uploads to one address at the same time one wins, and its bytes are the ones served."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            made = await house.ask("POST", "/_matrix/media/v1/create", {}, jean.token)
            path = made["content_uri"].removeprefix("mxc://")
            bodies = [b"one", b"two", b"three"]
            answers = await asyncio.gather(*(send(house, jean, body, None, f"{UPLOAD}/{path}") for body in bodies))
            won = [body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 200]
            assert len(won) == 1
            assert (await get(house, jean, f"{V1}/download/{path}")).content == won[0]

    asyncio.run(story())


def test_addresses_without_content_are_few(tmp_path: Path) -> None:
    """Somebody who keeps making addresses without filling them must wait."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            answers = [await house.call("POST", "/_matrix/media/v1/create", {}, jean.token) for _ in range(21)]
            assert [answer.status for answer in answers] == [200] * 20 + [429]

    asyncio.run(story())


def test_thumbnails_have_the_sizes_asked_for(tmp_path: Path) -> None:
    """Scale keeps the proportions inside the next standard size, crop gives those asked for, nothing is enlarged."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            path = await upload(house, jean, picture(2000, 1000), "image/jpeg")
            cases = [
                ("width=32&height=32&method=scale", (32, 16)),
                ("width=300&height=200", (320, 160)),
                ("width=32&height=32&method=crop", (32, 32)),
                ("width=48&height=96&method=crop", (48, 96)),
                ("width=4000&height=4000&method=scale", (2000, 1000)),
            ]
            for query, size in cases:
                for _ in range(2):
                    answer = await get(house, jean, f"{V1}/thumbnail/{path}?{query}")
                    assert opened(answer).size == size
                    assert answer.headers["content-type"] == "image/jpeg"
                    assert answer.headers["content-disposition"] == "inline; filename=thumbnail.jpg"
            see_through = await upload(house, jean, picture(200, 200, "PNG", "RGBA"), "image/png")
            small = opened(await get(house, jean, f"{V1}/thumbnail/{see_through}?width=32&height=32"))
            assert (small.format, small.size) == ("PNG", (32, 32))
            tiny = picture(10, 10, "PNG")
            path = await upload(house, jean, tiny, "image/png")
            answer = await get(house, jean, f"{V1}/thumbnail/{path}?width=96&height=96&method=crop")
            assert answer.content == tiny

    asyncio.run(story())


def test_animations_move_only_on_request(tmp_path: Path) -> None:
    """An animated thumbnail is given for animated=true alone, and never otherwise, however small the image."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            large = await upload(house, jean, animation(200, 100), "image/gif")
            small = await upload(house, jean, animation(20, 10), "image/gif")
            still = await upload(house, jean, picture(200, 100), "image/jpeg")
            cases = [
                (large, "true", 3),
                (large, "false", 1),
                (small, "true", 3),
                (small, "false", 1),
                (still, "true", 1),
            ]
            for path, animated, frames in cases:
                query = f"width=32&height=32&animated={animated}"
                assert (
                    getattr(opened(await get(house, jean, f"{V1}/thumbnail/{path}?{query}")), "n_frames", 1) == frames
                )

    asyncio.run(story())


def test_bad_images_have_no_thumbnail(tmp_path: Path) -> None:
    """What is no image, a cut one, a vector one and one of too many pixels are refused without being unpacked."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN + "[media]\nmax_thumbnail_pixels = 1000000\n") as house:
            jean = await person(house, JEAN)
            bomb = picture(1200, 1000, "PNG")
            cases = [
                (b"sealed bytes", 400, "M_UNKNOWN"),
                (picture(400, 400)[:300], 400, "M_UNKNOWN"),
                (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 400, "M_UNKNOWN"),
                (bomb, 413, "M_TOO_LARGE"),
            ]
            for data, status, errcode in cases:
                path = await upload(house, jean, data, "image/png")
                answer = await get(house, jean, f"{V1}/thumbnail/{path}?width=32&height=32")
                assert (answer.status_code, answer.json()["errcode"]) == (status, errcode)
            for query in ("width=0&height=10", "width=a&height=10", "height=10", "width=9&height=9&method=squash"):
                assert (await get(house, jean, f"{V1}/thumbnail/{path}?{query}")).status_code == 400

    asyncio.run(story())
