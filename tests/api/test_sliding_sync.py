"""Simplified sliding sync: windows on the room list, subscriptions, extensions, and tokens that may be repeated."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.hall import Hall, Resident
from tests.support.house import SOON_S, until_polling

pytestmark = pytest.mark.anyio
PATH = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"
EVERYTHING = {"ranges": [[0, 99]], "timeline_limit": 20, "required_state": [["*", "*"]]}
ALL_EXTENSIONS = {name: {"enabled": True} for name in ("to_device", "e2ee", "account_data", "receipts", "typing")}


async def slide(who: Resident, pos: str | None = None, *, timeout_ms: int = 0, **body: Any) -> Any:
    query = f"?timeout={timeout_ms}" + (f"&pos={pos}" if pos else "")
    return await who.hall.house.ask("POST", PATH + query, body, who.token)


def texts(room: dict[str, Any]) -> list[str]:
    return [event["content"].get("body", event["type"]) for event in room["timeline"]]


def keys(room: dict[str, Any]) -> set[tuple[str, str]]:
    return {(event["type"], event["state_key"]) for event in room["required_state"]}


def window(low: int, high: int, **more: Any) -> dict[str, Any]:
    return {"rooms": {"ranges": [[low, high]], "timeline_limit": 1, "required_state": [], **more}}


async def test_a_window_shows_the_rooms_most_lately_active(hall: Hall) -> None:
    """The top of the list comes first, a wider window brings the rest, and only the rest."""
    ariane = await hall.enter("ariane")
    rooms = [await ariane.create_room(name=f"Salon {number}") for number in range(5)]
    await ariane.send(rooms[0], "remonte")
    first = await slide(ariane, lists=window(0, 1))
    assert first["lists"] == {"rooms": {"count": 5}}
    assert list(first["rooms"]) == [rooms[0], rooms[4]]
    shown = first["rooms"][rooms[0]]
    assert shown["initial"] is True
    assert (shown["name"], shown["membership"], shown["lists"]) == ("Salon 0", "join", ["rooms"])
    assert (shown["joined_count"], shown["invited_count"], texts(shown)) == (1, 0, ["remonte"])
    assert shown["limited"] is True
    wider = await slide(ariane, first["pos"], lists=window(0, 9))
    assert set(wider["rooms"]) == set(rooms[1:4])
    quiet = await slide(ariane, wider["pos"], lists=window(0, 9))
    assert quiet["rooms"] == {}


async def test_news_carry_only_what_changed(hall: Hall) -> None:
    """A message comes with its room, its place in the order and the counts; the name only when it changes."""
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    room = await ariane.create_room(preset="public_chat", name="Salon")
    await basile.join(room)
    first = await slide(ariane, lists={"all": EVERYTHING})
    await basile.send(room, {"msgtype": "m.text", "body": "toi", "m.mentions": {"user_ids": [ariane.user_id]}})
    second = await slide(ariane, first["pos"], lists={"all": EVERYTHING})
    told = second["rooms"][room]
    assert "initial" not in told
    assert "name" not in told
    assert (texts(told), told["num_live"], told["required_state"]) == (["toi"], 1, [])
    assert (told["notification_count"], told["highlight_count"]) == (1, 1)
    assert told["bump_stamp"] > first["rooms"][room]["bump_stamp"]
    await ariane.set_state(room, "m.room.name", {"name": "Bureau"})
    third = await slide(ariane, second["pos"], lists={"all": EVERYTHING})
    told = third["rooms"][room]
    assert told["name"] == "Bureau"
    assert keys(told) == {("m.room.name", "")}
    assert told["bump_stamp"] == second["rooms"][room]["bump_stamp"]
    assert "joined_count" not in told or told["joined_count"] == 2


async def test_required_state_names_what_is_sent(hall: Hall) -> None:
    """Exact pairs, all of a type, one's own membership, and the members of those who speak."""
    ariane, basile, claire = [await hall.enter(name) for name in ("ariane", "basile", "claire")]
    room = await ariane.create_room(preset="public_chat", name="Salon")
    await basile.join(room)
    await claire.join(room)
    await basile.send(room, "bonjour")

    async def ask(*required: list[str]) -> set[tuple[str, str]]:
        lists = {"all": {"ranges": [[0, 9]], "timeline_limit": 1, "required_state": list(required)}}
        return keys((await slide(ariane, lists=lists))["rooms"][room])

    assert await ask(["m.room.create", ""]) == {("m.room.create", "")}
    assert await ask(["m.room.member", "$ME"]) == {("m.room.member", ariane.user_id)}
    assert await ask(["m.room.member", "$LAZY"]) == {("m.room.member", basile.user_id)}
    assert await ask(["m.room.member", claire.user_id]) == {("m.room.member", claire.user_id)}
    members = {("m.room.member", each.user_id) for each in (ariane, basile, claire)}
    assert await ask(["m.room.member", "*"]) == members
    assert members < await ask(["*", "*"])
    assert await ask(["*", "*"], ["m.room.member", "$LAZY"]) & members == {("m.room.member", basile.user_id)}
    assert await ask() == set()


async def test_a_lazy_device_gets_each_speaker_once(hall: Hall) -> None:
    """The membership of a speaker comes with their first words only."""
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    room = await ariane.create_room(preset="public_chat")
    await basile.join(room)
    lists = {"all": {"ranges": [[0, 9]], "timeline_limit": 1, "required_state": [["m.room.member", "$LAZY"]]}}
    first = await slide(ariane, lists=lists)
    await ariane.send(room, "un")
    second = await slide(ariane, first["pos"], lists=lists)
    assert keys(second["rooms"][room]) == {("m.room.member", ariane.user_id)}
    await ariane.send(room, "deux")
    third = await slide(ariane, second["pos"], lists=lists)
    assert keys(third["rooms"][room]) == set()


async def test_a_subscription_asks_for_more_of_a_room(hall: Hall) -> None:
    """A room that is subscribed to brings its older events and the state newly asked for."""
    ariane = await hall.enter("ariane")
    room = await ariane.create_room(name="Salon")
    for number in range(5):
        await ariane.send(room, f"ligne {number}")
    first = await slide(ariane, lists=window(0, 9))
    assert texts(first["rooms"][room]) == ["ligne 4"]
    wanted = {room: {"timeline_limit": 3, "required_state": [["m.room.create", ""]]}}
    second = await slide(ariane, first["pos"], lists=window(0, 9), room_subscriptions=wanted)
    told = second["rooms"][room]
    assert texts(told) == ["ligne 2", "ligne 3", "ligne 4"]
    assert told["unstable_expanded_timeline"] is True
    assert (told["num_live"], told["limited"]) == (0, True)
    assert keys(told) == {("m.room.create", "")}
    third = await slide(ariane, second["pos"], lists=window(0, 9), room_subscriptions=wanted)
    assert third["rooms"] == {}


async def test_state_not_asked_for_meanwhile_is_made_up_for(hall: Hall) -> None:
    """What changed while a device asked for less state comes once it asks for more again."""
    ariane = await hall.enter("ariane")
    room = await ariane.create_room(name="Salon")
    less = {**EVERYTHING, "required_state": [["m.room.name", ""]]}
    first = await slide(ariane, lists={"all": EVERYTHING})
    second = await slide(ariane, first["pos"], lists={"all": less})
    await ariane.set_state(room, "m.room.topic", {"topic": "sujet"})
    third = await slide(ariane, second["pos"], lists={"all": less})
    assert keys(third["rooms"][room]) == set()
    fourth = await slide(ariane, third["pos"], lists={"all": EVERYTHING})
    assert ("m.room.topic", "") in keys(fourth["rooms"][room])


async def test_a_room_of_others_stays_theirs(hall: Hall) -> None:
    """A subscription to a room the person is not in shows nothing of it."""
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    room = await ariane.create_room(preset="public_chat")
    wanted = {room: {"timeline_limit": 3, "required_state": [["*", "*"]]}}
    assert (await slide(basile, room_subscriptions=wanted))["rooms"] == {}


async def test_an_invitation_then_a_stay_then_a_departure(hall: Hall) -> None:
    """An invitation shows only stripped state; who joins starts the room anew; who leaves is told so once."""
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    room = await ariane.create_room(name="Salon", topic="secret")
    empty = await slide(basile, lists={"all": EVERYTHING})
    await ariane.act(room, "invite", basile.user_id)
    invited = await slide(basile, empty["pos"], lists={"all": EVERYTHING})
    told = invited["rooms"][room]
    assert told["membership"] == "invite"
    assert "timeline" not in told
    assert {"m.room.name", "m.room.member"} <= {event["type"] for event in told["invite_state"]}
    await basile.join(room)
    joined = await slide(basile, invited["pos"], lists={"all": EVERYTHING})
    told = joined["rooms"][room]
    assert (told["membership"], told["initial"], told["name"]) == ("join", True, "Salon")
    await basile.leave(room)
    left = await slide(basile, joined["pos"], lists={"all": EVERYTHING})
    assert left["rooms"][room]["membership"] == "leave"
    assert (await slide(basile, left["pos"], lists={"all": EVERYTHING}))["rooms"] == {}
    assert (await slide(basile, lists={"all": EVERYTHING}))["lists"]["all"]["count"] == 0


async def test_a_lost_answer_is_asked_for_again(hall: Hall) -> None:
    """The same token gets the same news again; once the next is used the old one is unknown, as any invented one."""
    ariane = await hall.enter("ariane")
    room = await ariane.create_room()
    first = await slide(ariane, lists={"all": EVERYTHING})
    await ariane.send(room, "un")
    lost = await slide(ariane, first["pos"], lists={"all": EVERYTHING})
    again = await slide(ariane, first["pos"], lists={"all": EVERYTHING})
    assert again["rooms"] == lost["rooms"]
    assert (await slide(ariane, again["pos"], lists={"all": EVERYTHING}))["rooms"] == {}
    for pos in (first["pos"], "12345", "junk"):
        reply = await hall.house.call("POST", f"{PATH}?pos={pos}", {"lists": {"all": EVERYTHING}}, ariane.token)
        assert (reply.status, reply.body["errcode"]) == (400, "M_UNKNOWN_POS")


async def test_connections_do_not_disturb_each_other(hall: Hall) -> None:
    """Two named connections of one device each get everything."""
    ariane = await hall.enter("ariane")
    room = await ariane.create_room()
    one = await slide(ariane, conn_id="un", lists={"all": EVERYTHING})
    two = await slide(ariane, conn_id="deux", lists={"all": EVERYTHING})
    await ariane.send(room, "bonjour")
    for name, first in (("un", one), ("deux", two)):
        news = await slide(ariane, first["pos"], conn_id=name, lists={"all": EVERYTHING})
        assert texts(news["rooms"][room]) == ["bonjour"]


async def test_filters_choose_rooms(hall: Hall) -> None:
    """Direct, encrypted, invited, tagged, typed rooms and those of a space can be listed apart."""
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    plain = await ariane.create_room()
    direct = await ariane.create_room()
    space = await ariane.create_room(creation_content={"type": "m.space"})
    invited = await basile.create_room(invite=[ariane.user_id])
    mine = f"/user/{quote(ariane.user_id)}"
    await ariane.ask("PUT", f"{mine}/account_data/m.direct", {basile.user_id: [direct]})
    await ariane.ask("PUT", f"{mine}/rooms/{quote(plain)}/tags/m.favourite", {})
    await ariane.set_state(direct, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await ariane.set_state(space, "m.space.child", {"via": ["test.example.fr"]}, plain)

    async def listed(**filters: Any) -> set[str]:
        answer = await slide(ariane, lists=window(0, 9, filters=filters))
        assert answer["lists"]["rooms"]["count"] == len(answer["rooms"])
        return set(answer["rooms"])

    assert await listed() == {plain, direct, space, invited}
    assert await listed(is_dm=True) == {direct}
    assert await listed(is_encrypted=True) == {direct}
    assert await listed(is_invite=True) == {invited}
    assert await listed(is_invite=False) == {plain, direct, space}
    assert await listed(room_types=["m.space"]) == {space}
    assert await listed(not_room_types=["m.space"], is_invite=False) == {plain, direct}
    assert await listed(spaces=[space]) == {plain}
    assert await listed(tags=["m.favourite"]) == {plain}
    assert await listed(not_tags=["m.favourite"], is_dm=False) == {space, invited}


async def test_extensions_bring_the_rest(hall: Hall) -> None:
    """Account data, receipts, typing, and messages to the device, which are forgotten once acknowledged."""
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    room = await ariane.create_room(preset="public_chat")
    await basile.join(room)
    event_id = await ariane.send(room, "bonjour")
    first = await slide(ariane, lists={"all": EVERYTHING}, extensions=ALL_EXTENSIONS)
    assert any(event["type"] == "m.push_rules" for event in first["extensions"]["account_data"]["global"])
    assert "device_one_time_keys_count" in first["extensions"]["e2ee"]
    mine = f"/user/{quote(ariane.user_id)}"
    await ariane.ask("PUT", f"{mine}/account_data/fr.example.a", {"n": 1})
    await ariane.ask("PUT", f"{mine}/rooms/{quote(room)}/account_data/fr.example.b", {"n": 2})
    await basile.read(room, event_id)
    await basile.ask("PUT", f"/rooms/{quote(room)}/typing/{quote(basile.user_id)}", {"typing": True, "timeout": 9000})
    messages = {ariane.user_id: {ariane.requester.device_id: {"secret": 1}}}
    await basile.ask("PUT", "/sendToDevice/fr.example.note/t1", {"messages": messages})
    news = (await slide(ariane, first["pos"], lists={"all": EVERYTHING}, extensions=ALL_EXTENSIONS))["extensions"]
    assert news["account_data"]["global"] == [{"type": "fr.example.a", "content": {"n": 1}}]
    assert news["account_data"]["rooms"] == {room: [{"type": "fr.example.b", "content": {"n": 2}}]}
    assert list(news["receipts"]["rooms"][room]["content"]) == [event_id]
    assert news["typing"]["rooms"][room]["content"] == {"user_ids": [basile.user_id]}
    assert [each["type"] for each in news["to_device"]["events"]] == ["fr.example.note"]
    since = news["to_device"]["next_batch"]
    acknowledged = await slide(ariane, extensions={"to_device": {"enabled": True, "since": since}})
    assert acknowledged["extensions"]["to_device"]["events"] == []
    assert (await slide(ariane, extensions={"to_device": {"enabled": True}}))["extensions"]["to_device"]["events"] == []


async def test_a_poll_waits_for_news(hall: Hall) -> None:
    """A request with nothing to say is answered as soon as there is something."""
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    room = await ariane.create_room(preset="public_chat")
    await basile.join(room)
    first = await slide(ariane, lists={"all": EVERYTHING})
    poll = asyncio.create_task(slide(ariane, first["pos"], timeout_ms=20_000, lists={"all": EVERYTHING}))
    await until_polling(hall.house)
    assert not poll.done()
    await basile.send(room, "voici")
    async with asyncio.timeout(SOON_S):
        assert texts((await poll)["rooms"][room]) == ["voici"]


async def test_what_is_malformed_is_refused(hall: Hall) -> None:
    """Ranges, required state and tokens of a wrong shape are the caller's error."""
    ariane = await hall.enter("ariane")
    for body in (
        {"lists": {"a": {"ranges": [[3, 1]]}}},
        {"lists": {"a": {"required_state": [["m.room.name"]]}}},
        {"extensions": {"to_device": {"enabled": True, "since": "x"}}},
        {"lists": []},
    ):
        assert (await hall.house.call("POST", PATH, body, ariane.token)).status == 400
