"""The rooms that two people share."""

import asyncio
from pathlib import Path

import pytest

from tchap.base import limits
from tests.support.engines import Tell
from tests.support.hall import Hall, open_hall
from tests.support.paths import quote

STABLE = "/_matrix/client/v1/mutual_rooms"
UNSTABLE = "/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms"


def test_shared_rooms_are_listed_page_by_page(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only rooms both are joined to now are listed, each once, with their number on every page."""
    monkeypatch.setattr(limits, "MAX_MUTUAL_ROOMS", 2)

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        rooms = [await camille.create_room(preset="public_chat") for _ in range(6)]
        for room_id in rooms[:4]:
            await dominique.join(room_id)
        await dominique.leave(rooms[3])
        await camille.act(rooms[4], "invite", dominique.user_id)
        shared = sorted(rooms[:3])
        ask, token = hall.house.ask, camille.token
        who = f"user_id={quote(dominique.user_id)}"
        first = await ask("GET", f"{STABLE}?{who}", None, token)
        assert (first["joined"], first["count"]) == (shared[:2], 3)
        rest = await ask("GET", f"{STABLE}?{who}&from={first['next_batch']}", None, token)
        assert rest == {"joined": shared[2:], "count": 3}
        older = await ask("GET", f"{UNSTABLE}?{who}", None, token)
        again = await ask("GET", f"{UNSTABLE}?{who}&batch_token={older['next_batch_token']}", None, token)
        assert older["joined"] + again["joined"] == shared
        assert "next_batch_token" not in again
        by_path = await ask("GET", f"{UNSTABLE}/{quote(dominique.user_id)}", None, token)
        assert by_path["joined"] == shared[:2]
        features = (await ask("GET", "/_matrix/client/versions"))["unstable_features"]
        for name in ("mutual_rooms", "query_mutual_rooms", "query_mutual_rooms.stable"):
            assert features[f"uk.half-shot.msc2666.{name}"]

    tell(story)


def test_nothing_is_learnt_about_strangers(tmp_path: Path) -> None:
    """A stranger and nobody at all look alike; what is no user id, one's own, or a bad token is refused."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            await dominique.create_room(preset="public_chat")
            nobody = "@nobody:test.example.fr"
            for user_id in (dominique.user_id, nobody, "@someone:elsewhere.example"):
                found = await hall.house.ask("GET", f"{STABLE}?user_id={quote(user_id)}", None, camille.token)
                assert found == {"joined": [], "count": 0}
            bad = [f"user_id={quote(camille.user_id)}", "user_id=nobody", "user_id="]
            bad += [f"user_id={quote(nobody)}&from={token}" for token in ("x", "%C3%A9", "aGVsbG8=", "")]
            for query in bad:
                reply = await hall.house.call("GET", f"{STABLE}?{query}", None, camille.token)
                assert (reply.status, reply.body["errcode"]) == (400, "M_INVALID_PARAM"), query
            reply = await hall.house.call("GET", STABLE, None, camille.token)
            assert (reply.status, reply.body["errcode"]) == (400, "M_MISSING_PARAM")
            assert (await hall.house.call("GET", f"{STABLE}?user_id={quote(nobody)}")).status == 401

    asyncio.run(story())
