"""What an unknown caller may make the server keep has a bound."""

import asyncio
from pathlib import Path

from tchap.base import limits
from tests.support.accounts import V3
from tests.support.house import open_house


def test_what_a_sign_up_leaves_behind_is_small(tmp_path: Path) -> None:
    """The body an interactive authentication begins with is kept for a day: a large one is refused."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            large = {"initial_device_display_name": "x" * limits.MAX_INTERACTIVE_FIELDS}
            reply = await house.call("POST", f"{V3}/register", large)
            assert (reply.status, reply.body["errcode"]) == (413, "M_TOO_LARGE")
            assert (await house.call("POST", f"{V3}/register", {})).status == 401

    asyncio.run(story())


def test_a_body_has_a_bound(tmp_path: Path) -> None:
    """A body above the bound of its route is refused, whether its length is announced or not."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            body = b" " * (limits.MAX_JSON_BODY + 1)

            async def chunks():  # type: ignore[no-untyped-def]
                for start in range(0, len(body), 65_536):
                    yield body[start : start + 65_536]

            for content in (body, chunks()):
                answer = await house.http.post(f"{V3}/login", content=content)
                assert (answer.status_code, answer.json()["errcode"]) == (413, "M_TOO_LARGE")

    asyncio.run(story())


def test_an_address_has_a_bound(tmp_path: Path) -> None:
    """A path or a query above its bound is refused."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            for path in (f"/{'x' * limits.MAX_PATH}", f"{V3}/sync?filter={'x' * limits.MAX_QUERY}"):
                assert (await house.call("GET", path)).status == 413

    asyncio.run(story())
