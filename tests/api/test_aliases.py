"""Room aliases: names that lead to rooms."""

import pytest

from tests.support.hall import INSTANCE, V3, Hall
from tests.support.paths import quote

FORUM = f"#crise-de-l'eau:{INSTANCE}"


@pytest.mark.anyio
async def test_an_alias_leads_to_its_room_until_it_is_taken_away(hall: Hall) -> None:
    """It is set once, found by anybody, listed to the members, and gone when its maker removes it."""
    camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
    room_id = await camille.create_room(preset="public_chat")
    path = f"/directory/room/{quote(FORUM)}"
    await camille.ask("PUT", path, {"room_id": room_id})
    assert (await zoe.ask("GET", path))["room_id"] == room_id
    assert await camille.ask("GET", f"/rooms/{quote(room_id)}/aliases") == {"aliases": [FORUM]}
    assert (await camille.call("PUT", path, {"room_id": room_id})).status == 409
    assert (await zoe.call("DELETE", path)).status == 403
    await camille.ask("DELETE", path)
    assert (await zoe.call("GET", path)).body["errcode"] == "M_NOT_FOUND"


@pytest.mark.anyio
async def test_a_stranger_does_not_learn_the_names_of_a_private_room(hall: Hall) -> None:
    """Who may not read a room may not list its aliases."""
    camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
    room_id = await camille.create_room(preset="private_chat")
    assert (await zoe.call("GET", f"/rooms/{quote(room_id)}/aliases")).status == 403


@pytest.mark.anyio
async def test_a_published_room_is_in_the_directory(hall: Hall) -> None:
    """Its administrator publishes it; whoever browses or searches finds it, until it is taken out again."""
    camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
    room_id = await camille.create_room(preset="public_chat", name="Numérique")
    path = f"/directory/list/room/{quote(room_id)}"
    assert (await hall.house.ask("GET", V3 + path)) == {"visibility": "private"}
    assert (await zoe.call("PUT", path, {"visibility": "public"})).status == 403
    await camille.ask("PUT", path, {"visibility": "public"})
    assert (await zoe.ask("GET", path)) == {"visibility": "public"}
    browsed = await zoe.ask("GET", "/publicRooms?limit=10")
    searched = await zoe.ask("POST", "/publicRooms", {"filter": {"generic_search_term": "numer"}})
    assert [room["room_id"] for room in browsed["chunk"]] == [room_id]
    assert [room["name"] for room in searched["chunk"]] == ["Numérique"]
    await camille.ask("PUT", path, {"visibility": "private"})
    assert (await zoe.ask("GET", "/publicRooms"))["chunk"] == []
