"""Receipts, account data, tags, filters, push rules, pushers, notifications and presence through the API."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.engines import Story
from tests.support.hall import Hall, Resident, open_hall

PUSHER = {
    "app_id": "fr.example.app",
    "pushkey": "clef",
    "kind": "http",
    "app_display_name": "Application",
    "device_display_name": "Téléphone",
    "lang": "fr",
    "data": {"url": "https://push.example.fr/_matrix/push/v1/notify"},
}


def tell(folder: Path, story: Story) -> None:
    async def run() -> None:
        async with open_hall(folder) as hall:
            await story(hall)

    asyncio.run(run())


async def a_pair(hall: Hall) -> tuple[Resident, Resident, str]:
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    room_id = await ariane.create_room(preset="public_chat", name="Salon")
    await basile.join(room_id)
    return ariane, basile, room_id


async def refusal(resident: Resident, method: str, path: str, body: object = None) -> tuple[int, str]:
    reply = await resident.call(method, path, body)
    return reply.status, reply.body["errcode"]


def receipts_in(body: Any, room_id: str) -> list[tuple[str, str, str, str | None]]:
    room = body.get("rooms", {}).get("join", {}).get(room_id, {})
    found = (
        (event_id, kind, user_id, said.get("thread_id"))
        for event in room.get("ephemeral", {}).get("events", ())
        if event["type"] == "m.receipt"
        for event_id, kinds in event["content"].items()
        for kind, people in kinds.items()
        for user_id, said in people.items()
    )
    return sorted(found, key=str)


def test_a_receipt_reaches_others_and_a_private_one_nobody(tmp_path: Path) -> None:
    """m.read is told to all, m.read.private to its sender alone, on every device and after a restart of the sync."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        event_id = await ariane.send(room_id, "bonjour")
        mine, theirs = (await basile.sync())["next_batch"], (await ariane.sync())["next_batch"]
        await basile.read(room_id, event_id, "m.read.private")
        body = await basile.sync(mine)
        assert receipts_in(body, room_id) == [(event_id, "m.read.private", basile.user_id, None)]
        assert body["rooms"]["join"][room_id]["unread_notifications"]["notification_count"] == 0
        assert "rooms" not in await ariane.sync(theirs)
        await basile.read(room_id, event_id)
        assert receipts_in(await ariane.sync(theirs), room_id) == [(event_id, "m.read", basile.user_id, None)]
        assert receipts_in(await ariane.sync(), room_id) == [(event_id, "m.read", basile.user_id, None)]

    tell(tmp_path, story)


def test_threaded_and_unthreaded_receipts_stand_beside_each_other(tmp_path: Path) -> None:
    """A person's receipts of one type on one event, of several threads, are all told."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        event_id = await ariane.send(room_id, "racine")
        await basile.read(room_id, event_id)
        await basile.read(room_id, event_id, thread="main")
        assert receipts_in(await ariane.sync(), room_id) == [
            (event_id, "m.read", basile.user_id, None),
            (event_id, "m.read", basile.user_id, "main"),
        ] or {each[3] for each in receipts_in(await ariane.sync(), room_id)} == {None, "main"}

    tell(tmp_path, story)


def test_receipts_are_checked(tmp_path: Path) -> None:
    """An unknown type, event or thread, an empty thread, and a room one is not in are refused."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        claire = await hall.enter("claire")
        event_id = await ariane.send(room_id, "racine")
        base = f"/rooms/{quote(room_id)}/receipt"
        bad = (400, "M_INVALID_PARAM")
        assert await refusal(basile, "POST", f"{base}/m.seen/{quote(event_id)}", {}) == bad
        for thread in ("", 3, "$other"):
            assert await refusal(basile, "POST", f"{base}/m.read/{quote(event_id)}", {"thread_id": thread}) == bad
        marker = f"{base}/m.fully_read/{quote(event_id)}"
        assert await refusal(basile, "POST", marker, {"thread_id": "main"}) == bad
        assert (await refusal(basile, "POST", f"{base}/m.read/%24none", {}))[0] == 404
        assert (await refusal(claire, "POST", f"{base}/m.read/{quote(event_id)}", {}))[0] == 403

    tell(tmp_path, story)


def test_the_fully_read_marker_moves_forward_only(tmp_path: Path) -> None:
    """It is account data of the room, set by /read_markers or a receipt, and never goes back."""

    async def story(hall: Hall) -> None:
        ariane, _, room_id = await a_pair(hall)
        first, second = await ariane.send(room_id, "un"), await ariane.send(room_id, "deux")
        path = f"/user/{quote(ariane.user_id)}/rooms/{quote(room_id)}/account_data/m.fully_read"
        await ariane.ask("POST", f"/rooms/{quote(room_id)}/read_markers", {"m.fully_read": second, "m.read": second})
        await ariane.ask("POST", f"/rooms/{quote(room_id)}/receipt/m.fully_read/{quote(first)}", {})
        assert await ariane.ask("GET", path) == {"event_id": second}
        assert await refusal(ariane, "PUT", path, {"event_id": first}) == (405, "M_BAD_JSON")

    tell(tmp_path, story)


def test_account_data_is_one_s_own(tmp_path: Path) -> None:
    """What one sets one reads, and one's other devices hear of it; nobody else may."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        since = (await ariane.sync())["next_batch"]
        base = f"/user/{quote(ariane.user_id)}"
        for where in (f"{base}/account_data/fr.example.a", f"{base}/rooms/{quote(room_id)}/account_data/fr.example.a"):
            assert await refusal(ariane, "GET", where) == (404, "M_NOT_FOUND")
            await ariane.ask("PUT", where, {"n": 1})
            assert await ariane.ask("GET", where) == {"n": 1}
            assert await refusal(basile, "GET", where) == (403, "M_FORBIDDEN")
            assert await refusal(basile, "PUT", where, {}) == (403, "M_FORBIDDEN")
        body = await ariane.sync(since)
        entry = {"type": "fr.example.a", "content": {"n": 1}}
        assert body["account_data"]["events"] == [entry]
        assert body["rooms"]["join"][room_id]["account_data"]["events"] == [entry]
        assert await refusal(ariane, "PUT", f"{base}/account_data/m.push_rules", {}) == (405, "M_BAD_JSON")
        rules = await ariane.ask("GET", f"{base}/account_data/m.push_rules")
        assert rules == await ariane.ask("GET", "/pushrules/")

    tell(tmp_path, story)


def test_tags_are_put_and_taken_away(tmp_path: Path) -> None:
    """Tags are one event of the room's account data."""

    async def story(hall: Hall) -> None:
        ariane, _, room_id = await a_pair(hall)
        since = (await ariane.sync())["next_batch"]
        base = f"/user/{quote(ariane.user_id)}/rooms/{quote(room_id)}/tags"
        await ariane.ask("PUT", f"{base}/m.favourite", {"order": 0.25})
        await ariane.ask("PUT", f"{base}/u.{quote('été/hiver', safe='')}", {})
        assert await ariane.ask("GET", base) == {"tags": {"m.favourite": {"order": 0.25}, "u.été/hiver": {}}}
        await ariane.ask("DELETE", f"{base}/m.favourite")
        body = await ariane.sync(since)
        assert body["rooms"]["join"][room_id]["account_data"]["events"] == [
            {"type": "m.tag", "content": {"tags": {"u.été/hiver": {}}}}
        ]
        assert (await refusal(ariane, "PUT", f"{base}/{'t' * 256}", {}))[0] == 400

    tell(tmp_path, story)


def test_a_filter_is_kept_and_used(tmp_path: Path) -> None:
    """An uploaded filter is found again and gives what the same filter inline gives."""

    async def story(hall: Hall) -> None:
        ariane, _, room_id = await a_pair(hall)
        wanted = {"room": {"timeline": {"limit": 1, "types": ["m.room.name"]}, "state": {"types": []}}}
        path = f"/user/{quote(ariane.user_id)}/filter"
        filter_id = (await ariane.ask("POST", path, wanted))["filter_id"]
        assert await ariane.ask("GET", f"{path}/{filter_id}") == wanted
        by_id, inline = await ariane.sync(filter=filter_id), await ariane.sync(filter=wanted)
        assert by_id == inline
        room = by_id["rooms"]["join"][room_id]
        assert [event["type"] for event in room["timeline"]["events"]] == ["m.room.name"]
        assert "state" not in room
        assert (await refusal(ariane, "GET", f"{path}/nothing"))[0] == 404
        for bad in ("{", '{"room": 3}', "nothing"):
            assert (await refusal(ariane, "GET", f"/sync?filter={quote(bad)}"))[0] == 400

    tell(tmp_path, story)


def test_push_rules_are_changed_and_told(tmp_path: Path) -> None:
    """A rule is added, moved, disabled, changed and removed; every change reaches the account data of a sync."""

    async def story(hall: Hall) -> None:
        ariane = await hall.enter("ariane")
        since = (await ariane.sync())["next_batch"]
        base = "/pushrules/global/content"
        for name in ("un", "deux", "trois"):
            await ariane.ask("PUT", f"{base}/{name}", {"pattern": name, "actions": ["notify", "dont_notify"]})
        assert await names(ariane) == ["trois", "deux", "un"]
        await ariane.ask("PUT", f"{base}/trois?after=un", {"pattern": "trois", "actions": []})
        assert await names(ariane) == ["deux", "un", "trois"]
        await ariane.ask("PUT", f"{base}/trois?before=un", {"pattern": "trois", "actions": []})
        assert await names(ariane) == ["deux", "trois", "un"]
        await ariane.ask("PUT", f"{base}/un/enabled", {"enabled": False})
        assert await ariane.ask("GET", f"{base}/un/enabled") == {"enabled": False}
        await ariane.ask("PUT", f"{base}/un/actions", {"actions": ["notify"]})
        assert await ariane.ask("GET", f"{base}/un/actions") == {"actions": ["notify"]}
        rule = await ariane.ask("GET", f"{base}/un")
        expected = {"rule_id": "un", "pattern": "un", "actions": ["notify"], "enabled": False, "default": False}
        assert rule == expected
        await ariane.ask("DELETE", f"{base}/deux")
        events = (await ariane.sync(since))["account_data"]["events"]
        told = next(event for event in events if event["type"] == "m.push_rules")["content"]["global"]
        assert told == await ariane.ask("GET", "/pushrules/global/")
        assert [each["rule_id"] for each in told["content"]] == ["trois", "un"]

    tell(tmp_path, story)


async def names(resident: Resident) -> list[str]:
    return [each["rule_id"] for each in (await resident.ask("GET", "/pushrules/"))["global"]["content"]]


def test_default_rules_can_be_quietened_not_removed(tmp_path: Path) -> None:
    """A predefined rule is disabled or given other actions; it cannot be written over or deleted."""

    async def story(hall: Hall) -> None:
        ariane = await hall.enter("ariane")
        rule = "/pushrules/global/underride/.m.rule.message"
        await ariane.ask("PUT", f"{rule}/enabled", {"enabled": False})
        await ariane.ask("PUT", f"{rule}/actions", {"actions": []})
        shown = await ariane.ask("GET", rule)
        assert (shown["enabled"], shown["actions"], shown["default"]) == (False, [], True)
        assert (await refusal(ariane, "PUT", rule, {"conditions": [], "actions": []}))[0] == 400
        assert (await refusal(ariane, "DELETE", rule))[0] == 404

    tell(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "content/rien", None, (404, "M_NOT_FOUND")),
        ("PUT", "content/rien", {"pattern": "a"}, (400, "M_MISSING_PARAM")),
        ("PUT", "content/rien", {"actions": []}, (400, "M_INVALID_PARAM")),
        ("PUT", "content/a%5Cb", {"pattern": "a", "actions": []}, (400, "M_INVALID_PARAM")),
        ("PUT", "content/a?before=rien", {"pattern": "a", "actions": []}, (400, "M_UNKNOWN")),
        ("PUT", "other/a", {"actions": []}, (400, "M_INVALID_PARAM")),
        ("PUT", "content/rien/enabled", {"enabled": True}, (404, "M_NOT_FOUND")),
        ("PUT", "underride/.m.rule.message/enabled", {"enabled": "yes"}, (400, "M_BAD_JSON")),
        ("PUT", "underride/.m.rule.message/actions", {"actions": [3]}, (400, "M_INVALID_PARAM")),
        ("GET", "underride/.m.rule.message/colour", None, (404, "M_NOT_FOUND")),
    ],
)
def test_push_rules_are_checked(
    tmp_path: Path, method: str, path: str, body: object, expected: tuple[int, str]
) -> None:
    """What cannot be a rule, or names none, is refused."""

    async def story(hall: Hall) -> None:
        ariane = await hall.enter("ariane")
        assert await refusal(ariane, method, f"/pushrules/global/{path}", body) == expected

    tell(tmp_path, story)


def test_mentions_and_mutes_count_as_the_rules_say(tmp_path: Path) -> None:
    """A mention highlights; a muted room counts nothing; both by the rules in force when it was said."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        claire = await hall.enter("claire")
        await claire.join(room_id)
        await ariane.send(room_id, {"body": "vous", "msgtype": "m.text", "m.mentions": {"user_ids": [basile.user_id]}})
        await basile.ask("PUT", f"/pushrules/global/room/{quote(room_id)}", {"actions": []})
        await ariane.send(room_id, "tu")
        counts = [(await each.sync())["rooms"]["join"][room_id]["unread_notifications"] for each in (basile, claire)]
        assert counts[0] == {"notification_count": 1, "highlight_count": 1}
        assert counts[1] == {"notification_count": 2, "highlight_count": 0}

    tell(tmp_path, story)


def test_notifications_are_listed_newest_first(tmp_path: Path) -> None:
    """The list pages back, tells what was read, and can keep to highlights."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await a_pair(hall)
        ids = [await ariane.send(room_id, str(number)) for number in range(3)]
        mention = {"body": "vous", "msgtype": "m.text", "m.mentions": {"user_ids": [basile.user_id]}}
        ids.append(await ariane.send(room_id, mention))
        await basile.read(room_id, ids[1])
        page = await basile.ask("GET", "/notifications?limit=3")
        shown = [(each["event"]["event_id"], each["read"]) for each in page["notifications"]]
        assert shown == [(ids[3], False), (ids[2], False), (ids[1], True)]
        assert page["notifications"][0]["actions"][-1] == {"set_tweak": "highlight"}
        rest = await basile.ask("GET", f"/notifications?limit=3&from={page['next_token']}")
        assert [each["event"]["event_id"] for each in rest["notifications"]] == [ids[0]]
        assert "next_token" not in rest
        only = await basile.ask("GET", "/notifications?only=highlight")
        assert [each["event"]["event_id"] for each in only["notifications"]] == [ids[3]]
        assert (await ariane.ask("GET", "/notifications"))["notifications"] == []

    tell(tmp_path, story)


def test_pushers_are_kept_and_checked(tmp_path: Path) -> None:
    """A pusher is added, changed and removed; without `append` it leaves the other person that had its key."""

    async def story(hall: Hall) -> None:
        ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
        await ariane.ask("POST", "/pushers/set", PUSHER)
        await ariane.ask("POST", "/pushers/set", {**PUSHER, "lang": "en"})
        theirs = {"org.matrix.msc3881.enabled": True, "org.matrix.msc3881.device_id": ariane.requester.device_id}
        assert (await ariane.ask("GET", "/pushers"))["pushers"] == [{**PUSHER, "lang": "en", **theirs}]
        await basile.ask("POST", "/pushers/set", {**PUSHER, "append": True})
        assert len((await ariane.ask("GET", "/pushers"))["pushers"]) == 1
        await basile.ask("POST", "/pushers/set", PUSHER)
        assert (await ariane.ask("GET", "/pushers"))["pushers"] == []
        await basile.ask("POST", "/pushers/set", {"app_id": "fr.example.app", "pushkey": "clef", "kind": None})
        assert (await basile.ask("GET", "/pushers"))["pushers"] == []
        for change, code in (
            ({"lang": None}, "M_MISSING_PARAM"),
            ({"pushkey": "x" * 513}, "M_INVALID_PARAM"),
            ({"app_id": "x" * 65}, "M_INVALID_PARAM"),
            ({"kind": "smoke"}, "M_INVALID_PARAM"),
            ({"data": {"url": "https://push.example.fr/other"}}, "M_INVALID_PARAM"),
            ({"data": {"url": "gopher://push.example.fr/_matrix/push/v1/notify"}}, "M_INVALID_PARAM"),
        ):
            assert await refusal(ariane, "POST", "/pushers/set", {**PUSHER, **change}) == (400, code)

    tell(tmp_path, story)


def test_presence_is_off_but_answers(tmp_path: Path) -> None:
    """Everybody is offline, whatever they say; one speaks for oneself only."""

    async def story(hall: Hall) -> None:
        ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
        path = f"/presence/{quote(ariane.user_id)}/status"
        await ariane.ask("PUT", path, {"presence": "online", "status_msg": "là"})
        assert await basile.ask("GET", path) == {"presence": "offline"}
        assert await refusal(basile, "PUT", path, {"presence": "online"}) == (403, "M_FORBIDDEN")
        assert (await refusal(ariane, "PUT", path, {"presence": "asleep"}))[0] == 400

    tell(tmp_path, story)
