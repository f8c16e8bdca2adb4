"""Proving to another service who one is."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.accounts import V3, person
from tests.support.engines import Tell
from tests.support.hall import Hall, open_hall
from tests.support.house import House, open_house
from tests.support.paths import quote

USERINFO = "/_matrix/federation/v1/openid/userinfo"


async def ask_token(house: House, user_id: str, token: str) -> dict[str, Any]:
    found: dict[str, Any] = await house.ask("POST", f"{V3}/user/{quote(user_id)}/openid/request_token", {}, token)
    return found


def test_a_token_tells_whose_it_is_for_an_hour(tell: Tell) -> None:
    """The service learns the user id and nothing else, until the token is over; it opens no session."""

    async def story(hall: Hall) -> None:
        camille, house = await hall.enter("camille"), hall.house
        given = await ask_token(house, camille.user_id, camille.token)
        assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
        assert given["matrix_server_name"] == "test.example.fr"
        token = given["access_token"]
        assert await house.ask("GET", f"{USERINFO}?access_token={token}") == {"sub": camille.user_id}
        assert (await house.call("GET", f"{V3}/account/whoami", None, token)).status == 401
        house.clock.move(3599)
        assert (await house.call("GET", f"{USERINFO}?access_token={token}")).status == 200
        house.clock.move(1)
        late = await house.call("GET", f"{USERINFO}?access_token={token}")
        assert (late.status, late.body["errcode"]) == (401, "M_UNKNOWN_TOKEN")
        await ask_token(house, camille.user_id, camille.token)

        async def kept(tx: Any) -> list[bytes]:
            return [bytes(row[0]) for row in await tx.all("SELECT token_hash FROM openid_tokens")]

        hashes = await house.world.store.read(kept)
        assert [len(each) for each in hashes] == [32]

    tell(story)


def test_nobody_vouches_for_another(tmp_path: Path) -> None:
    """One's own name alone is proven; unknown and missing tokens are refused, and access tokens are no proof."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            path = f"{V3}/user/{quote(dominique.user_id)}/openid/request_token"
            reply = await hall.house.call("POST", path, {}, camille.token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            assert (await hall.house.call("POST", path, {})).status == 401
            for query, errcode in (("", "M_MISSING_TOKEN"), ("?access_token=abc", "M_UNKNOWN_TOKEN")):
                refused = await hall.house.call("GET", USERINFO + query)
                assert (refused.status, refused.body["errcode"]) == (401, errcode)
            assert (await hall.house.call("GET", f"{USERINFO}?access_token={camille.token}")).status == 401

    asyncio.run(story())


def test_a_name_vouches_for_its_own_people(tmp_path: Path) -> None:
    """A service that calls one of the hosted names is told of people of that name alone; a closed account of nobody."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            camille = await person(house, "camille.durand@prefecture.example.fr")
            given = await ask_token(house, camille.user_id, camille.token)
            path = f"{USERINFO}?access_token={given['access_token']}"
            assert given["matrix_server_name"] == "agent.prefectures.tchap.example.fr"
            assert (await house.call("GET", path, host="agent.prefectures.tchap.example.fr")).status == 200
            assert (await house.call("GET", path, host="agent.hopitaux.tchap.example.fr")).status == 401

            async def close(tx: Any) -> None:
                await tx.run("UPDATE accounts SET deactivated_ts = 1 WHERE user_id = $1", camille.user_id)

            await house.world.store.write(close)
            assert (await house.call("GET", path)).status == 401

    asyncio.run(story())
