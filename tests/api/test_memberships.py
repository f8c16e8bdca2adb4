"""Coming and going: knocking, being shown the door, and the list of who is there."""

import pytest

from tests.support.hall import Hall
from tests.support.paths import quote


@pytest.mark.anyio
async def test_who_knocks_is_let_in_by_an_invitation(hall: Hall) -> None:
    """A knock carries its reason to the members and shows the room to who knocks; an invitation answers it."""
    camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
    rules = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    room_id = await camille.create_room(preset="private_chat", initial_state=[rules], name="Cellule")
    since = (await camille.sync())["next_batch"]
    assert await zoe.ask("POST", f"/knock/{quote(room_id)}", {"reason": "De permanence"}) == {"room_id": room_id}
    seen = (await camille.sync(since))["rooms"]["join"][room_id]["timeline"]["events"][-1]
    assert (seen["content"]["membership"], seen["content"]["reason"]) == ("knock", "De permanence")
    shown = (await zoe.sync())["rooms"]["knock"][room_id]["knock_state"]["events"]
    assert "Cellule" in [event["content"].get("name") for event in shown]
    assert (await zoe.call("POST", f"/rooms/{quote(room_id)}/join", {})).status == 403
    await camille.act(room_id, "invite", zoe.user_id)
    await zoe.join(room_id)


@pytest.mark.anyio
async def test_nobody_knocks_where_it_is_not_the_custom(hall: Hall) -> None:
    """A private room, and one where the knocker is banned, refuse."""
    camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
    closed = await camille.create_room(preset="private_chat")
    assert (await zoe.call("POST", f"/knock/{quote(closed)}", {})).status == 403
    forum = await camille.create_room(preset="public_chat")
    await camille.act(forum, "ban", zoe.user_id)
    assert (await zoe.call("POST", f"/knock/{quote(forum)}", {})).status == 403


@pytest.mark.anyio
async def test_who_is_kicked_is_out_and_may_come_back(hall: Hall) -> None:
    """A kick needs the power and a member, and carries its reason; the door of a public room stays open."""
    camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
    room_id = await camille.create_room(preset="public_chat")
    kick = f"/rooms/{quote(room_id)}/kick"
    assert (await camille.call("POST", kick, {"user_id": zoe.user_id})).status == 403
    await zoe.join(room_id)
    assert (await zoe.call("POST", kick, {"user_id": camille.user_id})).status == 403
    await camille.ask("POST", kick, {"user_id": zoe.user_id, "reason": "Hors sujet"})
    left = (await zoe.sync(filter={"room": {"include_leave": True}}))["rooms"]["leave"][room_id]
    assert left["timeline"]["events"][-1]["content"] == {"membership": "leave", "reason": "Hors sujet"}
    await zoe.join(room_id)


@pytest.mark.anyio
async def test_the_members_and_their_names_are_told_to_members_alone(hall: Hall) -> None:
    """`joined_members` has those who are in the room now; who left may not ask."""
    camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
    room_id = await camille.create_room(preset="public_chat")
    path = f"/rooms/{quote(room_id)}/joined_members"
    await zoe.join(room_id)
    joined = (await camille.ask("GET", path))["joined"]
    assert set(joined) == {camille.user_id, zoe.user_id}
    assert joined[zoe.user_id]["display_name"]
    await zoe.leave(room_id)
    assert set((await camille.ask("GET", path))["joined"]) == {camille.user_id}
    assert (await zoe.call("GET", path)).status == 403


@pytest.mark.anyio
async def test_a_redacted_message_keeps_its_place_and_loses_its_words(hall: Hall) -> None:
    """Its author redacts it, with a reason; asked again with the same transaction it is the same redaction."""
    camille = await hall.enter("camille")
    room_id = await camille.create_room(preset="private_chat")
    event_id = await camille.send(room_id, "Mot de passe : azerty")
    path = f"/rooms/{quote(room_id)}/redact/{quote(event_id)}/t9"
    first = await camille.ask("PUT", path, {"reason": "Erreur"})
    assert await camille.ask("PUT", path, {"reason": "Erreur"}) == first
    seen = await camille.ask("GET", f"/rooms/{quote(room_id)}/event/{quote(event_id)}")
    assert seen["content"] == {}
    assert seen["unsigned"]["redacted_because"]["content"]["reason"] == "Erreur"
