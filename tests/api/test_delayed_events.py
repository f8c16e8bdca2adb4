"""Events sent later (MSC4140) over HTTP."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tchap.base import limits
from tchap.services.delayed_events import send_due
from tchap.storage.delayed_events import find_delayed
from tests.support.client import Client
from tests.support.hall import Hall, Resident, open_hall
from tests.support.house import SOON_S, Reply, open_house
from tests.support.paths import quote
from tests.support.server import start_server

UNSTABLE = "/_matrix/client/unstable/org.matrix.msc4140"
TEXT = {"msgtype": "m.text", "body": "à demain"}


async def schedule(who: Resident, room_id: str, delay_ms: int, txn_id: str = "later", **content: object) -> str:
    path = f"/rooms/{quote(room_id)}/send/m.room.message/{txn_id}?org.matrix.msc4140.delay={delay_ms}"
    return str((await who.ask("PUT", path, {**TEXT, **content}))["delay_id"])


async def act(hall: Hall, delay_id: str, action: str, token: str | None = None) -> Reply:
    return await hall.house.call("POST", f"{UNSTABLE}/delayed_events/{delay_id}/{action}", {}, token)


async def listed(who: Resident, query: str = "") -> Any:
    return await who.hall.house.ask("GET", f"{UNSTABLE}/delayed_events{query}", token=who.token)


async def bodies(who: Resident, room_id: str) -> list[str]:
    page = await who.ask("GET", f"/rooms/{quote(room_id)}/messages?dir=f&limit=100")
    return [event["content"]["body"] for event in page["chunk"] if event["type"] == "m.room.message"]


async def pass_time(hall: Hall, seconds: float) -> int:
    hall.house.clock.move(seconds)
    return await send_due(hall.house.world)


def test_a_message_is_sent_at_its_time(tmp_path: Path) -> None:
    """Not before, once, at the time it then is; its sender alone, on any device, is told which delayed event it was."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
            room_id = await camille.create_room(preset="public_chat")
            await zoe.join(room_id)
            since = (await camille.sync())["next_batch"]
            delay_id = await schedule(camille, room_id, 10_000)
            assert await pass_time(hall, 9.9) == 0
            assert await bodies(camille, room_id) == []
            assert await pass_time(hall, 0.1) == 1
            assert await pass_time(hall, 60) == 0
            phone = await hall.another_device(camille)
            for who, told in ((camille, delay_id), (phone, delay_id), (zoe, None)):
                page = await who.ask("GET", f"/rooms/{quote(room_id)}/messages?dir=b&limit=1")
                unsigned = page["chunk"][0]["unsigned"]
                assert unsigned.get("org.matrix.msc4140.delay_id") == told
                assert "transaction_id" not in unsigned
                assert page["chunk"][0]["origin_server_ts"] == hall.house.clock.now - 60_000
            news = (await camille.sync(since))["rooms"]["join"][room_id]["timeline"]["events"]
            assert news[-1]["unsigned"]["org.matrix.msc4140.delay_id"] == delay_id

    asyncio.run(story())


def test_state_is_set_at_its_time(tmp_path: Path) -> None:
    """Both forms of the state path, and the path made for delayed events, with and without a state key."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            await camille.ask("PUT", f"/rooms/{quote(room_id)}/state/x.call/k?org.matrix.msc4140.delay=1000", {"n": 1})
            await camille.ask("PUT", f"/rooms/{quote(room_id)}/state/x.call?org.matrix.msc4140.delay=1000", {"n": 2})
            path = f"{UNSTABLE}/rooms/{quote(room_id)}/delayed_event"
            body: dict[str, object] = {"delay": 1000, "state_key": "third", "content": {"n": 3}}
            first = await hall.house.ask("PUT", f"{path}/x.call/t1", body, camille.token)
            assert first == await hall.house.ask("PUT", f"{path}/x.call/t1", body, camille.token)
            await hall.house.ask("PUT", f"{path}/m.room.message/t2", {"delay_ms": 1000, "content": TEXT}, camille.token)
            assert await pass_time(hall, 1) == 4
            for key, number in (("k", 1), ("", 2), ("third", 3)):
                found = await camille.ask("GET", f"/rooms/{quote(room_id)}/state/x.call/{key}")
                assert found == {"n": number}
            assert await bodies(camille, room_id) == ["à demain"]

    asyncio.run(story())


def test_a_repeated_schedule_is_one_event(tmp_path: Path) -> None:
    """The same transaction id of the same device answers the same delayed event, sent or not."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            first = await schedule(camille, room_id, 1000)
            assert await schedule(camille, room_id, 1000) == first
            assert await schedule(camille, room_id, 1000, "other") != first
            assert await pass_time(hall, 1) == 2
            assert await schedule(camille, room_id, 1000) == first
            assert await pass_time(hall, 1) == 0

    asyncio.run(story())


def test_an_event_sent_just_before_a_crash_is_not_sent_again(tmp_path: Path) -> None:
    """What entered its room, but was not yet noted as sent, is found there; a restart forgets nothing that waits."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            delay_id = await schedule(camille, room_id, 1000)
            await camille.ask("PUT", f"/rooms/{quote(room_id)}/state/x.call?org.matrix.msc4140.delay=1000", {"n": 2})
            assert await pass_time(hall, 1) == 2
            await hall.house.world.store.write(_unsend)
            now = hall.house.clock.now
        async with open_hall(tmp_path) as hall:
            hall.house.clock.now = now
            assert await send_due(hall.house.world) == 2
            again = await hall.wake({"access_token": camille.token})
            assert await bodies(again, room_id) == ["à demain"]
            found = await hall.house.ask("GET", f"{UNSTABLE}/delayed_events/{delay_id}", token=camille.token)
            assert found["finalised"]["event_id"]

    async def _unsend(tx: Any) -> None:
        await tx.run("UPDATE delayed_events SET outcome = 'scheduled', event_id = NULL, finalised_ts = NULL")

    asyncio.run(story())


def test_whoever_knows_the_id_manages_it(tmp_path: Path) -> None:
    """Without a token: restart begins the time anew, cancel ends it, send does not wait; older forms work as well."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            kept, dropped, sent = [await schedule(camille, room_id, 10_000, f"t{n}", body=f"{n}") for n in range(3)]
            assert await pass_time(hall, 9) == 0
            assert (await act(hall, kept, "restart")).body == {}
            assert (await act(hall, sent, "send", camille.token)).body == {}
            body = {"action": "cancel"}
            assert await hall.house.ask("POST", f"{UNSTABLE}/delayed_events/{dropped}", body) == {}
            assert await bodies(camille, room_id) == ["2"]
            assert await pass_time(hall, 9) == 0
            assert await pass_time(hall, 1) == 1
            assert await bodies(camille, room_id) == ["2", "0"]

    asyncio.run(story())


def test_an_action_may_be_repeated_but_not_contradicted(tmp_path: Path) -> None:
    """200 for what was done already, 409 for its contrary, 404 for an unknown id, 400 for an unknown action."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            sent, dropped = [await schedule(camille, room_id, 1000, f"t{n}") for n in range(2)]
            await act(hall, sent, "send")
            await act(hall, dropped, "cancel")
            statuses = {
                (name, action): (await act(hall, delay_id, action)).status
                for name, delay_id in (("sent", sent), ("dropped", dropped), ("unknown", "nothing"))
                for action in ("send", "cancel", "restart")
            }
            assert statuses == {
                ("sent", "send"): 200,
                ("sent", "cancel"): 409,
                ("sent", "restart"): 409,
                ("dropped", "send"): 409,
                ("dropped", "cancel"): 200,
                ("dropped", "restart"): 409,
                ("unknown", "send"): 404,
                ("unknown", "cancel"): 404,
                ("unknown", "restart"): 404,
            }
            assert (await act(hall, sent, "explode")).status == 400
            assert (await hall.house.call("POST", f"{UNSTABLE}/delayed_events/{sent}", {})).status == 400

    asyncio.run(story())


def test_the_law_of_the_moment_decides(tmp_path: Path) -> None:
    """What may not be sent at its time ends with the refusal; asked for by hand it is refused, and goes on waiting."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
            room_id = await camille.create_room(preset="public_chat")
            early = await schedule(zoe, room_id, 10_000)
            refused = await act(hall, early, "send")
            assert (refused.status, refused.body["errcode"]) == (403, "M_FORBIDDEN")
            await zoe.join(room_id)
            assert (await act(hall, early, "send")).status == 200
            late = await schedule(zoe, room_id, 10_000, "late")
            await camille.act(room_id, "kick", zoe.user_id)
            assert await pass_time(hall, 10) == 0
            found = (await listed(zoe, f"?status=finalised&delay_id={late}"))["finalised"]
            assert [(each["outcome"], each["reason"]) for each in found] == [("cancel", "error")]
            assert found[0]["error"]["errcode"] == "M_FORBIDDEN"
            assert (await act(hall, late, "cancel")).status == 200

    asyncio.run(story())


def test_a_closed_account_says_nothing_more(tmp_path: Path) -> None:
    """What waited for its time is forgotten; a device that was only signed out still says that it left."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
            room_id = await camille.create_room(preset="public_chat")
            await zoe.join(room_id)
            phone = await hall.another_device(zoe)
            await schedule(phone, room_id, 1000, body="parti")
            await phone.ask("POST", "/logout", {})
            assert await pass_time(hall, 1) == 1
            gone = await schedule(zoe, room_id, 1000)
            auth = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": zoe.user_id}}
            first = await zoe.call("POST", "/account/deactivate", {})
            proof = {**auth, "password": "Mot-de-passe-2026", "session": first.body["session"]}
            await zoe.ask("POST", "/account/deactivate", {"auth": proof})
            assert await pass_time(hall, 1) == 0
            assert (await act(hall, gone, "send")).status == 404
            assert await bodies(camille, room_id) == ["parti"]

    asyncio.run(story())


def test_the_suspended_and_the_locked_say_nothing(tmp_path: Path) -> None:
    """Suspension, lock and expiry are judged when the time comes, not when the event was scheduled."""

    async def _hold(tx: Any, column: str, user_id: str) -> None:
        await tx.run(f"UPDATE accounts SET {column} = 1 WHERE user_id = $1", user_id)

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            held = {}
            for name, column in (("camille", "suspended_ts"), ("zoe", "locked_ts"), ("luc", "expires_ts")):
                who = await hall.enter(name)
                room_id = await who.create_room()
                held[await schedule(who, room_id, 1000)] = who
                await who.ask("PUT", f"/rooms/{quote(room_id)}/state/x.call?org.matrix.msc4140.delay=1000", {})
                await hall.house.world.store.write(_hold, column, who.user_id)
            assert await pass_time(hall, 1) == 0
            errors = [(await hall.house.world.store.read(find_delayed, delay_id)).error.decode() for delay_id in held]
            assert "M_USER_SUSPENDED" in errors[0]
            assert "M_USER_LOCKED" in errors[1]
            assert "ORG_MATRIX_EXPIRED_ACCOUNT" in errors[2]

    asyncio.run(story())


def test_a_delayed_redaction_erases(tmp_path: Path) -> None:
    """A message can be made to destroy itself (MSC4140, "Self-destructing messages")."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            event_id = await camille.send(room_id, "éphémère")
            path = f"/rooms/{quote(room_id)}/send/m.room.redaction/r?org.matrix.msc4140.delay=1000"
            await camille.ask("PUT", path, {"redacts": event_id})
            assert await pass_time(hall, 1) == 1
            event = await camille.ask("GET", f"/rooms/{quote(room_id)}/event/{quote(event_id)}")
            assert event["content"] == {}

    asyncio.run(story())


def test_owners_see_theirs(tmp_path: Path) -> None:
    """One by its id, or all by status and page; nobody sees another's."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
            room_id = await camille.create_room()
            ids = [await schedule(camille, room_id, 1000 * (n + 1), f"t{n}") for n in range(25)]
            now = hall.house.clock.now
            one = await hall.house.ask("GET", f"{UNSTABLE}/delayed_events/{ids[0]}", token=camille.token)
            assert one == {
                "delay_id": ids[0],
                "room_id": room_id,
                "type": "m.room.message",
                "delay": 1000,
                "delay_ms": 1000,
                "running_since": now,
                "delayed_since_ts": now,
                "content": TEXT,
            }
            foreign = await hall.house.call("GET", f"{UNSTABLE}/delayed_events/{ids[0]}", token=zoe.token)
            assert (foreign.status, foreign.body["errcode"]) == (404, "M_NOT_FOUND")
            assert (await hall.house.call("GET", f"{UNSTABLE}/delayed_events")).status == 401
            assert (await listed(zoe))["scheduled"] == []
            await act(hall, ids[1], "cancel")
            await pass_time(hall, 1)
            first = await listed(camille)
            second = await listed(camille, f"?from={first['next_batch']}")
            found = [each["delay_id"] for each in first["delayed_events"] + second["delayed_events"]]
            assert found[:23] == ids[2:]
            assert sorted(found[23:]) == sorted(ids[:2])
            assert "next_batch" not in second
            ended = await listed(camille, "?status=finalised")
            assert "scheduled" not in ended
            told = {each["delayed_event"]["delay_id"]: (each["outcome"], each["reason"]) for each in ended["finalised"]}
            assert told == {ids[0]: ("send", "delay"), ids[1]: ("cancel", "action")}
            only = await listed(camille, f"?status=scheduled&delay_id={ids[3]}&delay_id={ids[0]}")
            assert [each["delay_id"] for each in only["scheduled"]] == [ids[3]]
            bad = await hall.house.call("GET", f"{UNSTABLE}/delayed_events?status=maybe", token=camille.token)
            assert bad.status == 400

    asyncio.run(story())


def test_what_ended_is_forgotten_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a week, or when there is more of it than anybody will look at."""
    monkeypatch.setattr(limits, "MAX_FINALISED", 3)

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            for number in range(5):
                await schedule(camille, room_id, 1000, f"t{number}")
                await pass_time(hall, 1)
            assert len((await listed(camille))["finalised"]) == 3
            await schedule(camille, room_id, limits.FINALISED_MS + 1000)
            await pass_time(hall, limits.FINALISED_MS / 1000 + 1)
            assert len((await listed(camille))["finalised"]) == 1

    asyncio.run(story())


def test_delays_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too long, none at all, too many or too large is refused, in the words clients look for; the bounds are told."""
    monkeypatch.setattr(limits, "MAX_DELAYED_EVENTS", 2)

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            path = f"/rooms/{quote(room_id)}/send/m.room.message/t?org.matrix.msc4140.delay="
            long = await camille.call("PUT", f"{path}{limits.MAX_DELAY_MS + 1}", TEXT)
            assert (long.status, long.body["errcode"]) == (400, "M_UNKNOWN")
            assert long.body["org.matrix.msc4140.errcode"] == "M_MAX_DELAY_EXCEEDED"
            assert long.body["org.matrix.msc4140.max_delay"] == limits.MAX_DELAY_MS
            for delay in ("0", "-1", "soon"):
                none = await camille.call("PUT", path + delay, TEXT)
                assert (none.status, none.body["errcode"]) == (400, "M_INVALID_PARAM")
            large = await camille.call("PUT", f"{path}1000", {"body": "x" * limits.MAX_EVENT_BYTES})
            assert (large.status, large.body["errcode"]) == (413, "M_TOO_LARGE")
            await schedule(camille, room_id, 2500, "1")
            await schedule(camille, room_id, 9000, "2")
            many = await camille.call("PUT", f"{path}1000", TEXT)
            assert (many.status, many.body["errcode"]) == (429, "M_LIMIT_EXCEEDED")
            assert many.body["org.matrix.msc4140.errcode"] == "M_MAX_DELAYED_EVENTS_EXCEEDED"
            assert many.headers["retry-after"] == "3"
            told = (await camille.ask("GET", "/capabilities"))["capabilities"]["org.matrix.msc4140.delayed_events"]
            assert told == {"max_delay_ms": limits.MAX_DELAY_MS, "max_scheduled": 2}

    asyncio.run(story())


def test_a_flood_kept_for_one_moment_is_held_back(tmp_path: Path) -> None:
    """The rate of messages counts when they are sent ("Rate-limiting at the point of sending")."""
    config = '[[instances]]\nname = "test.example.fr"\n'

    async def story() -> None:
        async with open_house(tmp_path, f'profile = "test"\n{config}[rate_limits]\nenabled = true\n') as house:
            hall = Hall(house)
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            for number in range(60):
                await schedule(camille, room_id, 60_000 - 1000 * number, f"t{number}")
                house.clock.move(1)
            sent = await send_due(house.world)
            ended = [
                each
                for start in (0, 20, 40)
                for each in (await listed(camille, f"?status=finalised&from={start}"))["finalised"]
            ]
            assert 40 <= sent < 60
            assert [each["error"]["errcode"] for each in ended if "error" in each] == ["M_LIMIT_EXCEEDED"] * (60 - sent)

    asyncio.run(story())


@pytest.mark.timeout(90)
def test_the_server_keeps_its_word_through_a_crash(tmp_path: Path) -> None:
    """A running server sends at the time due, also what was scheduled before it was killed."""
    with start_server(tmp_path, "test") as server:
        camille = Client(server.url).register("camille")
        room_id = camille.create_room()
        path = f"/_matrix/client/v3/rooms/{quote(room_id)}/send/m.room.message"
        delay = {"org.matrix.msc4140.delay": 300}
        camille.ask("PUT", f"{path}/soon", {**TEXT, "body": "bientôt"}, **delay)
        limit = time.monotonic() + SOON_S
        while "bientôt" not in str(camille.history(room_id)):
            assert time.monotonic() < limit
        camille.ask("PUT", f"{path}/later", {**TEXT, "body": "après"}, **{"org.matrix.msc4140.delay": 500})
        server.kill()
    with start_server(tmp_path, "test") as server:
        again = camille.at(server.url)
        limit = time.monotonic() + SOON_S
        while "après" not in str(again.history(room_id)):
            assert time.monotonic() < limit
