"""What /sync tells, story by story."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.engines import Story
from tests.support.hall import Hall, Resident, open_hall
from tests.support.house import SOON_S, until_polling

LAZY = {"room": {"state": {"lazy_load_members": True}}}


def tell(folder: Path, story: Story) -> None:
    async def run() -> None:
        async with open_hall(folder) as hall:
            await story(hall)

    asyncio.run(run())


async def a_pair(hall: Hall, **options: Any) -> tuple[Resident, Resident, str]:
    """Two people in a public room that the first one made."""
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    room_id = await ariane.create_room(**{"preset": "public_chat", "name": "Salon", **options})
    await basile.join(room_id)
    return ariane, basile, room_id


def joined(body: Any, room_id: str) -> Any:
    return body["rooms"]["join"][room_id]


def texts(room: Any) -> list[str]:
    return [event["content"].get("body", event["type"]) for event in room["timeline"]["events"]]


def test_a_waiting_client_hears_a_message_at_once(tmp_path: Path) -> None:
    """A long poll ends with the message, its count, and a token after which there is nothing."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        since = (await ariane.sync())["next_batch"]
        waiting = asyncio.create_task(ariane.sync(since, timeout_ms=20_000))
        await until_polling(hall.house)
        event_id = await basile.send(room_id, "bonjour")
        body = await asyncio.wait_for(waiting, SOON_S)
        room = joined(body, room_id)
        assert [event["event_id"] for event in room["timeline"]["events"]] == [event_id]
        assert room["unread_notifications"] == {"notification_count": 1, "highlight_count": 0}
        assert "rooms" not in await ariane.sync(body["next_batch"])

    tell(tmp_path, story)


def test_a_token_outlives_the_server(tmp_path: Path) -> None:
    """After a restart an old token brings what it did not bring before, and no more."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            ariane, basile, room_id = await a_pair(hall)
            since = (await ariane.sync())["next_batch"]
            await basile.send(room_id, "avant")
        async with open_hall(tmp_path) as hall:
            ariane.hall = hall
            body = await ariane.sync(since)
            assert texts(joined(body, room_id)) == ["avant"]
            assert joined(body, room_id)["unread_notifications"]["notification_count"] == 1
            assert "rooms" not in await ariane.sync(body["next_batch"])

    asyncio.run(story())


@pytest.mark.parametrize("since", ["bad", "s1", "s-1_2", "t3", "s1_2_3_4"])
def test_a_foreign_token_is_refused(tmp_path: Path, since: str) -> None:
    """A token this server never gave is an invalid parameter."""

    async def story(hall: Hall) -> None:
        ariane = await hall.enter("ariane")
        reply = await ariane.call("GET", f"/sync?since={since}")
        assert (reply.status, reply.body["errcode"]) == (400, "M_INVALID_PARAM")

    tell(tmp_path, story)


def test_own_messages_carry_their_transaction(tmp_path: Path) -> None:
    """Only the device that sent a message is told its transaction id."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        phone = await hall.another_device(ariane)
        tokens = [(await each.sync())["next_batch"] for each in (ariane, phone, basile)]
        await ariane.send(room_id, "bonjour")
        for initial in (False, True):
            seen = []
            for each, token in zip((ariane, phone, basile), tokens, strict=True):
                body = await each.sync(None if initial else token)
                event = joined(body, room_id)["timeline"]["events"][-1]
                assert event["unsigned"]["membership"] == "join"
                seen.append(event["unsigned"].get("transaction_id"))
            assert seen == ["t1", None, None]

    tell(tmp_path, story)


def test_a_gap_is_said_and_filled_by_state(tmp_path: Path) -> None:
    """When too much happened the timeline is limited, and the state brings what changed in the gap."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        wanted = {"room": {"timeline": {"limit": 2}}}
        since = (await ariane.sync(filter=wanted))["next_batch"]
        topic = await ariane.set_state(room_id, "m.room.topic", {"topic": "un sujet"})
        for number in range(5):
            await basile.send(room_id, str(number))
        room = joined(await ariane.sync(since, filter=wanted), room_id)
        assert room["timeline"]["limited"] is True
        assert texts(room) == ["3", "4"]
        assert [event["event_id"] for event in room["state"]["events"]] == [topic]
        older = await ariane.ask("GET", f"/rooms/{quote(room_id)}/state/m.room.topic/")
        assert older == {"topic": "un sujet"}

    tell(tmp_path, story)


def test_state_after_holds_what_the_timeline_changes(tmp_path: Path) -> None:
    """With use_state_after the state is that of the end of the timeline, and there is no state of its start."""

    async def story(hall: Hall) -> None:
        ariane, _, room_id = await a_pair(hall)
        since = (await ariane.sync())["next_batch"]
        topic = await ariane.set_state(room_id, "m.room.topic", {"topic": "un sujet"})
        room = joined(await ariane.sync(since, use_state_after="true"), room_id)
        assert "state" not in room
        assert [event["event_id"] for event in room["state_after"]["events"]] == [topic]
        assert [event["event_id"] for event in room["timeline"]["events"]] == [topic]
        await ariane.send(room_id, "bonjour")
        assert joined(await ariane.sync(since, use_state_after="true"), room_id)["state_after"]["events"]
        draft: dict[str, Any] = {"org.matrix.msc4222.use_state_after": "true"}
        early = joined(await ariane.sync(since, **draft), room_id)
        assert early["org.matrix.msc4222.state_after"]["events"]
        assert "state_after" not in early

    tell(tmp_path, story)


def test_lazy_members_come_with_their_words_and_once(tmp_path: Path) -> None:
    """A lazy client gets the members who speak, not again while they do not change, and again when it asks."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        claire = await hall.enter("claire")
        await claire.join(room_id)
        wanted = {"room": {"state": {"lazy_load_members": True}, "timeline": {"limit": 1}}}
        body = await ariane.sync(filter=wanted)
        assert members(joined(body, room_id)) == {ariane.user_id}
        await basile.send(room_id, "un")
        body = await ariane.sync(body["next_batch"], filter=wanted)
        assert members(joined(body, room_id)) == {basile.user_id}
        await basile.send(room_id, "deux")
        again = await ariane.sync(body["next_batch"], filter=wanted)
        assert members(joined(again, room_id)) == set()
        redundant = {"room": {"state": {"lazy_load_members": True, "include_redundant_members": True}}}
        again = await ariane.sync(body["next_batch"], filter=redundant)
        assert members(joined(again, room_id)) == {basile.user_id}
        # A client that never came back with the token has not seen the member.
        lost = await hall.another_device(ariane)
        first = await lost.sync(filter=wanted)
        await basile.send(room_id, "trois")
        await lost.sync(first["next_batch"], filter=wanted)
        retried = await lost.sync(first["next_batch"], filter=wanted)
        assert basile.user_id in members(joined(retried, room_id)) | members(joined(first, room_id))

    tell(tmp_path, story)


def members(room: Any) -> set[str]:
    return {event["state_key"] for event in room.get("state", {}).get("events", ()) if event["type"] == "m.room.member"}


def test_an_invitation_shows_the_room_and_can_be_refused(tmp_path: Path) -> None:
    """Who is invited sees stripped state alone; a refusal ends the invitation on every device."""

    async def story(hall: Hall) -> None:
        ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
        room_id = await ariane.create_room(preset="private_chat", name="Secret")
        await ariane.send(room_id, "confidentiel")
        since = (await basile.sync())["next_batch"]
        waiting = asyncio.create_task(basile.sync(since, timeout_ms=20_000))
        await until_polling(hall.house)
        await ariane.act(room_id, "invite", basile.user_id)
        body = await asyncio.wait_for(waiting, SOON_S)
        stripped = body["rooms"]["invite"][room_id]["invite_state"]["events"]
        assert all(event.keys() == {"type", "state_key", "sender", "content"} for event in stripped)
        kinds = {(event["type"], event["state_key"]) for event in stripped}
        assert {("m.room.name", ""), ("m.room.create", ""), ("m.room.member", basile.user_id)} <= kinds
        await basile.leave(room_id)
        after = await basile.sync(body["next_batch"])
        left = after["rooms"]["leave"][room_id]
        assert [event["state_key"] for event in left["timeline"]["events"]] == [basile.user_id]
        assert "rooms" not in await basile.sync(after["next_batch"])

    tell(tmp_path, story)


@pytest.mark.parametrize("ending", ["withdrawn", "refused"])
@pytest.mark.parametrize("after", ["", "state_after"])
def test_an_invitation_to_come_back_ends_too(tmp_path: Path, ending: str, after: str) -> None:
    """Who was a member before is told of the end of a new invitation, and of nothing said since they left."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        await basile.leave(room_id)
        await ariane.send(room_id, "entre nous")
        await ariane.act(room_id, "invite", basile.user_id)
        query = {"use_state_after": "true"} if after else {}
        since = (await basile.sync(**query))["next_batch"]
        await (ariane.act(room_id, "kick", basile.user_id) if ending == "withdrawn" else basile.leave(room_id))
        left = (await basile.sync(since, **query))["rooms"]["leave"][room_id]
        parts = [left["timeline"], left[after]] if after else [left["timeline"]]
        for part in parts:
            (event,) = part["events"]
            assert (event["state_key"], event["content"]["membership"]) == (basile.user_id, "leave")
        wants_no_members = {"room": {"timeline": {"not_types": ["m.room.member"]}}}
        left = (await basile.sync(since, filter=wants_no_members))["rooms"]["leave"][room_id]
        assert [event["state_key"] for event in left["state"]["events"]] == [basile.user_id]

    tell(tmp_path, story)


@pytest.mark.parametrize("action", ["kick", "ban"])
def test_who_is_removed_learns_it_and_no_more(tmp_path: Path, action: str) -> None:
    """The room moves to `leave` with what was said until then; what follows is not told."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        since = (await basile.sync())["next_batch"]
        await ariane.send(room_id, "avant")
        await ariane.act(room_id, action, basile.user_id)
        await ariane.send(room_id, "après")
        body = await basile.sync(since)
        assert "join" not in body["rooms"]
        assert texts(body["rooms"]["leave"][room_id]) == ["avant", "m.room.member"]
        assert "rooms" not in await basile.sync()
        archived = await basile.sync(filter={"room": {"include_leave": True}})
        assert texts(archived["rooms"]["leave"][room_id])[-2:] == ["avant", "m.room.member"]

    tell(tmp_path, story)


def test_a_newcomer_gets_the_whole_state(tmp_path: Path) -> None:
    """Joining between two syncs brings the full state, and the past only as far as it may be seen."""

    async def story(hall: Hall) -> None:
        ariane = await hall.enter("ariane")
        visibility = {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "joined"}}
        room_id = await ariane.create_room(preset="public_chat", name="Salon", initial_state=[visibility])
        basile = await hall.enter("basile")
        since = (await basile.sync())["next_batch"]
        await ariane.send(room_id, "entre nous")
        await basile.join(room_id)
        await ariane.send(room_id, "bienvenue")
        room = joined(await basile.sync(since), room_id)
        assert texts(room) == ["m.room.member", "bienvenue"]
        assert room["timeline"]["limited"] is True
        kinds = {event["type"] for event in room["state"]["events"]}
        assert {"m.room.create", "m.room.power_levels", "m.room.name"} <= kinds
        assert room["summary"] == {"m.joined_member_count": 2, "m.invited_member_count": 0}

    tell(tmp_path, story)


def test_a_room_without_a_name_is_named_by_its_people(tmp_path: Path) -> None:
    """Heroes are the other members; who left stands in only when nobody else is there."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall, name=None)
        body = await ariane.sync()
        assert joined(body, room_id)["summary"]["m.heroes"] == [basile.user_id]
        await basile.leave(room_id)
        after = joined(await ariane.sync(body["next_batch"]), room_id)
        assert after["summary"] == {
            "m.joined_member_count": 1,
            "m.invited_member_count": 0,
            "m.heroes": [basile.user_id],
        }

    tell(tmp_path, story)


def test_what_is_said_about_a_message_goes_with_it(tmp_path: Path) -> None:
    """An edit and a thread are bundled with the message, and not told to who left before them."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        root = await ariane.send(room_id, "fotue")
        await basile.leave(room_id)
        edit = {"msgtype": "m.text", "body": "* faute", "m.new_content": {"msgtype": "m.text", "body": "faute"}}
        edit["m.relates_to"] = {"rel_type": "m.replace", "event_id": root}
        edit_id = await ariane.send(room_id, edit)
        thread = {"msgtype": "m.text", "body": "fil", "m.relates_to": {"rel_type": "m.thread", "event_id": root}}
        last_id = await ariane.send(room_id, thread)
        events = joined(await ariane.sync(), room_id)["timeline"]["events"]
        said = next(event for event in events if event["event_id"] == root)["unsigned"]["m.relations"]
        assert said["m.replace"]["event_id"] == edit_id
        assert said["m.thread"]["latest_event"]["event_id"] == last_id
        assert (said["m.thread"]["count"], said["m.thread"]["current_user_participated"]) == (1, True)
        body = await basile.sync(filter={"room": {"include_leave": True}})
        left = body["rooms"]["leave"][room_id]["timeline"]["events"]
        assert "m.relations" not in next(event for event in left if event["event_id"] == root)["unsigned"]

    tell(tmp_path, story)


def test_typing_is_told_and_ends(tmp_path: Path) -> None:
    """A waiting client sees who types, and that they stopped."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        since = (await ariane.sync())["next_batch"]
        path = f"/rooms/{quote(room_id)}/typing/{quote(basile.user_id)}"
        waiting = asyncio.create_task(ariane.sync(since, timeout_ms=20_000))
        await until_polling(hall.house)
        await basile.ask("PUT", path, {"typing": True, "timeout": 1_000})
        body = await asyncio.wait_for(waiting, SOON_S)
        assert joined(body, room_id)["ephemeral"]["events"] == [
            {"type": "m.typing", "content": {"user_ids": [basile.user_id]}}
        ]
        body = await asyncio.wait_for(ariane.sync(body["next_batch"], timeout_ms=20_000), SOON_S)
        assert joined(body, room_id)["ephemeral"]["events"][0]["content"] == {"user_ids": []}
        refused = await ariane.call("PUT", path, {"typing": True})
        assert refused.status == 403

    tell(tmp_path, story)


def test_device_messages_stay_until_acknowledged(tmp_path: Path) -> None:
    """A message for a device comes again until a token acknowledges it, in pages of a hundred."""

    async def story(hall: Hall) -> None:
        ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
        first = (await ariane.sync())["next_batch"]
        for number in range(101):
            messages = {ariane.user_id: {ariane.requester.device_id: {"n": number}}}
            await basile.ask("PUT", f"/sendToDevice/fr.example.note/d{number}", {"messages": messages})
        for _ in range(2):
            body = await ariane.sync(first)
            assert [event["content"]["n"] for event in body["to_device"]["events"]] == list(range(100))
        rest = await ariane.sync(body["next_batch"])
        assert [event["content"]["n"] for event in rest["to_device"]["events"]] == [100]
        assert "to_device" not in await ariane.sync(rest["next_batch"])
        assert "to_device" not in await ariane.sync(first)

    tell(tmp_path, story)


def test_ignored_people_are_not_heard(tmp_path: Path) -> None:
    """From the change of the list on their messages and invitations are left out; state still comes."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        path = f"/user/{quote(ariane.user_id)}/account_data/m.ignored_user_list"
        await ariane.ask("PUT", path, {"ignored_users": {basile.user_id: {}}})
        since = (await ariane.sync())["next_batch"]
        await basile.send(room_id, "importun")
        other = await basile.create_room(preset="private_chat", invite=[ariane.user_id])
        await basile.set_state(room_id, "m.room.member", {"membership": "join", "displayname": "B"}, basile.user_id)
        body = await ariane.sync(since)
        assert texts(joined(body, room_id)) == ["m.room.member"]
        assert other not in body["rooms"].get("invite", {})

    tell(tmp_path, story)


def test_ignored_people_do_not_count(tmp_path: Path) -> None:
    """What an ignored person says is in no count, from memory or from the disk."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        claire = await hall.enter("claire")
        await claire.join(room_id)
        path = f"/user/{quote(ariane.user_id)}/account_data/m.ignored_user_list"
        await ariane.ask("PUT", path, {"ignored_users": {basile.user_id: {}}})
        body = await ariane.sync()
        for said in (1, 2):
            await basile.send(room_id, {"msgtype": "m.text", "body": "ariane", "m.mentions": {"room": True}})
            await claire.send(room_id, "utile")
            body = await ariane.sync(body["next_batch"])
            counts = {"notification_count": said, "highlight_count": 0}
            assert joined(body, room_id)["unread_notifications"] == counts
            assert joined(await ariane.sync(), room_id)["unread_notifications"] == counts

    tell(tmp_path, story)


def test_reading_before_the_end_tells_what_is_left(tmp_path: Path) -> None:
    """A receipt on an event that is not the last one brings the new count to every device of the reader."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        read = await basile.send(room_id, "lu")
        await basile.send(room_id, "pas lu")
        phone = await hall.another_device(ariane)
        bodies = [await each.sync() for each in (ariane, phone)]
        await ariane.read(room_id, read)
        for each, body in zip((ariane, phone), bodies, strict=True):
            news = await each.sync(body["next_batch"])
            counts = {"notification_count": 1, "highlight_count": 0}
            assert joined(news, room_id)["unread_notifications"] == counts

    tell(tmp_path, story)
