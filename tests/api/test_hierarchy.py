"""The rooms under a space: which are shown, in which order, page by page."""

from typing import Any

from tchap.base import limits
from tests.support.engines import Tell
from tests.support.hall import Hall, Resident
from tests.support.measure import MeasuredStore, Roads
from tests.support.paths import quote

SPACE = {"type": "m.space"}
VIA = {"via": ["test.example.fr"]}


async def hierarchy(who: Resident, room_id: str, query: str = "", prefix: str = "v1") -> Any:
    path = f"/_matrix/client/{prefix}/rooms/{quote(room_id)}/hierarchy"
    return await who.hall.house.ask("GET", f"{path}?{query}", token=who.token)


async def refusal(who: Resident, room_id: str, query: str = "") -> tuple[int, str]:
    path = f"/_matrix/client/v1/rooms/{quote(room_id)}/hierarchy?{query}"
    reply = await who.hall.house.call("GET", path, token=who.token)
    return reply.status, reply.body["errcode"]


def names(body: Any) -> list[str]:
    return [each["name"] for each in body["rooms"]]


async def make(who: Resident, name: str, **options: Any) -> str:
    return await who.create_room(name=name, **{"preset": "public_chat", **options})


async def add(who: Resident, space: str, room_id: str, **more: Any) -> None:
    await who.set_state(space, "m.space.child", {**VIA, **more}, room_id)


def test_a_tree_is_walked_depth_first_in_order(tell: Tell) -> None:
    """A space comes before what it holds, children by order, then age; what was removed or names no way is left out."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        space = await make(camille, "region", creation_content=SPACE)
        inner = await make(camille, "prefecture", creation_content=SPACE)
        rooms = {name: await make(camille, name) for name in ("old", "young", "first", "gone", "deep", "odd")}
        await add(camille, space, rooms["old"])
        hall.house.clock.move(1)
        await add(camille, space, rooms["young"], order="é is no valid order")
        await add(camille, space, inner, order="b", suggested=True)
        await add(camille, space, rooms["first"], order="a", suggested=True)
        await add(camille, space, rooms["gone"])
        await camille.set_state(space, "m.space.child", {}, rooms["gone"])
        await camille.set_state(space, "m.space.child", {"via": "test.example.fr"}, rooms["odd"])
        await add(camille, space, "!elsewhere:other.example.fr")
        await add(camille, inner, rooms["deep"])
        await add(camille, inner, space)
        body = await hierarchy(dominique, space)
        assert names(body) == ["region", "first", "prefecture", "deep", "old", "young"]
        assert "next_batch" not in body
        root, first = body["rooms"][:2]
        assert root["room_type"] == "m.space"
        assert (first["children_state"], first["join_rule"], first["room_version"]) == ([], "public", "11")
        child = root["children_state"][0]
        assert (child["type"], child["state_key"], child["sender"]) == (
            "m.space.child",
            rooms["first"],
            camille.user_id,
        )
        assert child["content"] == {**VIA, "order": "a", "suggested": True}
        assert isinstance(child["origin_server_ts"], int)
        assert "!elsewhere:other.example.fr" in [each["state_key"] for each in root["children_state"]]
        assert names(await hierarchy(dominique, space, "suggested_only=true")) == ["region", "first", "prefecture"]
        assert names(await hierarchy(dominique, space, "max_depth=1")) == [
            "region",
            "first",
            "prefecture",
            "old",
            "young",
        ]
        assert names(await hierarchy(dominique, space, "max_depth=0")) == ["region"]
        assert names(await hierarchy(dominique, rooms["first"])) == ["first"]
        assert await hierarchy(dominique, space, prefix="unstable/org.matrix.msc2946") == body

    tell(story)


def test_pages_hold_the_tree_once(tell: Tell) -> None:
    """Pages together hold every room once; a token goes with its question and its asker."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        space = await make(camille, "space", creation_content=SPACE)
        for number in range(5):
            await add(camille, space, await make(camille, f"room {number}"), order=str(number))
        found, query = [], "limit=2"
        while True:
            body = await hierarchy(camille, space, query)
            found += names(body)
            if "next_batch" not in body:
                break
            query = f"limit=2&from={body['next_batch']}"
        assert found == ["space", *(f"room {number}" for number in range(5))]
        token = (await hierarchy(camille, space, "limit=2"))["next_batch"]
        bad = (400, "M_INVALID_PARAM")
        assert await refusal(dominique, space, f"from={token}") == bad
        assert await refusal(camille, space, f"from={token}&max_depth=1") == bad
        assert await refusal(camille, space, f"from={token}&suggested_only=true") == bad
        for query in ("from=!", "from=eyJ9", "from=MQ", "limit=0", "max_depth=-1", "suggested_only=perhaps"):
            assert await refusal(camille, space, query) == bad, query

    tell(story)


def test_only_what_one_may_see_is_shown(tell: Tell) -> None:
    """Members, invited people, those who may join or knock, and everybody where history is open; nobody else."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        space = await make(camille, "space", creation_content=SPACE)

        def ruled(rule: str, **more: Any) -> dict[str, Any]:
            return {
                "preset": "private_chat",
                "initial_state": [{"type": "m.room.join_rules", "content": {"join_rule": rule, **more}}],
            }

        allow = [{"type": "m.room_membership", "room_id": space}]
        private = await make(camille, "private", preset="private_chat")
        invited = await make(camille, "invited", preset="private_chat")
        await make_all(camille, space, {"knock": ruled("knock"), "restricted": ruled("restricted", allow=allow)})
        old = {**ruled("restricted", allow=allow), "room_version": "7"}
        await make_all(camille, space, {"not known to version 7": old})
        shown = [{"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}]
        await make_all(camille, space, {"open": {"preset": "private_chat", "initial_state": shown}})
        hidden = await make(camille, "hidden space", preset="private_chat", creation_content=SPACE)
        await add(camille, space, hidden)
        await make_all(camille, hidden, {"behind it": {}})
        for room_id in (private, invited):
            await add(camille, space, room_id)
        await camille.act(invited, "invite", dominique.user_id)
        seen = {"space", "knock", "open", "invited"}
        assert set(names(await hierarchy(dominique, space))) == seen
        await dominique.join(space)
        assert set(names(await hierarchy(dominique, space))) == {*seen, "restricted"}
        assert len(names(await hierarchy(camille, space))) == 9
        await camille.act(space, "ban", dominique.user_id)
        forbidden = (403, "M_FORBIDDEN")
        for room_id in (space, private, hidden, "!none:test.example.fr"):
            assert await refusal(dominique, room_id) == forbidden

    async def make_all(who: Resident, space: str, wanted: dict[str, dict[str, Any]]) -> None:
        for name, options in wanted.items():
            await add(who, space, await make(who, name, **options))

    tell(story)


def test_a_page_costs_the_same_whatever_the_space_holds(tell: Tell) -> None:
    """The number of queries depends neither on rooms nor on depth."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        space = await make(camille, "space", creation_content=SPACE)

        async def count() -> int:
            roads, plain = Roads(), hall.house.world.store
            hall.house.world.store = MeasuredStore(plain, roads)  # type: ignore[assignment]
            try:
                await hierarchy(camille, space)
            finally:
                hall.house.world.store = plain
            return len(roads.taken)

        await add(camille, space, await make(camille, "one"))
        few = await count()
        above = space
        for number in range(6):
            inner = await make(camille, f"inner {number}", creation_content=SPACE)
            await add(camille, above, inner)
            await add(camille, inner, await make(camille, f"room {number}"))
            above = inner
        assert await count() == few
        assert limits.MAX_SPACE_DEPTH > 6

    tell(story)
