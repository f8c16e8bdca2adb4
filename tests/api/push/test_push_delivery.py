"""What pushers are told, whom it is told, and what that costs."""

from pathlib import Path

import pytest

from tchap.services.push_decisions import decide_round
from tchap.services.push_delivery import deliver_due
from tchap.storage.accounts import set_locked, set_suspended
from tchap.storage.validity import TermChange, set_terms
from tests.support.counting import count_statements
from tests.support.engines import ENGINES, Engines
from tests.support.gateway import Gateway
from tests.support.hall import CONFIG, Hall
from tests.support.house import open_house
from tests.support.paths import quote
from tests.support.push import later, ledger, outcomes, set_pusher, two_in_a_room, work

pytestmark = pytest.mark.anyio


async def test_a_message_is_pushed_with_all_its_fields(hall: Hall, gateway: Gateway) -> None:
    """A pusher without a format is told everything the specification names, once."""
    alice, bob, room_id = await two_in_a_room(hall, name="Cellule de crise", room_alias_name="crise")
    await set_pusher(bob, gateway, data={"default_payload": {"aps": {"mutable-content": 1}}})
    event_id = await alice.send(room_id, "Bonjour bob")
    await work(hall)
    await work(hall)
    (told,) = gateway.take()
    (device,) = told.pop("devices")
    assert told == {
        "event_id": event_id,
        "room_id": room_id,
        "type": "m.room.message",
        "sender": alice.user_id,
        "sender_display_name": "alice",
        "room_name": "Cellule de crise",
        "room_alias": "#crise:test.example.fr",
        "prio": "high",
        "content": {"msgtype": "m.text", "body": "Bonjour bob"},
        "counts": {"unread": 1},
    }
    assert device.pop("pushkey_ts") == hall.house.clock.now_ms() // 1000
    assert device == {
        "app_id": "org.example.app",
        "pushkey": "phone",
        "data": {"default_payload": {"aps": {"mutable-content": 1}}},
        "tweaks": {"sound": "default"},
    }
    (kept,) = (await ledger(bob))["deliveries"]
    assert (kept["event_id"], kept["outcome"], kept["answer"], kept["attempts"]) == (event_id, "sent", "200", 1)


async def test_a_pusher_that_wants_ids_gets_ids(hall: Hall, gateway: Gateway) -> None:
    """`event_id_only` carries the event, the room, the counts and the device; an unremarkable message is not urgent."""
    alice, bob, room_id = await two_in_a_room(hall)
    await alice.create_room()
    await set_pusher(bob, gateway, data={"format": "event_id_only"})
    third = await hall.enter("zoe")
    await third.join(room_id)
    event_id = await alice.send(room_id, "rien d'urgent")
    await work(hall)
    (told,) = gateway.take()
    assert set(told) == {"event_id", "room_id", "counts", "devices", "prio"}
    assert (told["event_id"], told["prio"]) == (event_id, "low")
    assert told["devices"][0]["data"] == {"format": "event_id_only"}


async def test_nothing_of_an_encrypted_room_leaves_but_ids(hall: Hall, gateway: Gateway) -> None:
    """In an encrypted room even a pusher that wants everything is told neither who wrote nor where."""
    alice, bob, room_id = await two_in_a_room(hall, name="Secret")
    await alice.set_state(room_id, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await set_pusher(bob, gateway)
    event_id = await alice.send(room_id, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "…"}, "m.room.encrypted")
    await work(hall)
    (told,) = gateway.take()
    assert set(told) == {"event_id", "room_id", "counts", "devices", "prio"}
    assert (told["event_id"], told["prio"]) == (event_id, "high")


async def test_an_operator_may_let_nothing_leave_but_ids(tmp_path: Path, gateway: Gateway) -> None:
    """`push.include_content = false` makes every room as discreet as an encrypted one."""
    async with open_house(tmp_path, f"{CONFIG}[push]\ninclude_content = false\n") as house:
        alice, bob, room_id = await two_in_a_room(Hall(house), name="Cellule")
        await set_pusher(bob, gateway)
        await alice.send(room_id, "Bonjour")
        await work(alice.hall)
    (told,) = gateway.take()
    assert set(told) == {"event_id", "room_id", "counts", "devices", "prio"}


async def test_who_is_not_to_be_called_is_not(hall: Hall, gateway: Gateway) -> None:
    """Nobody is called for what they sent, have read, ignore, left, or while their account is stopped."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(alice, gateway, "alice")
    await set_pusher(bob, gateway, "bob")
    event_id = await alice.send(room_id, "un")
    await bob.read(room_id, event_id)
    await work(hall)
    ignored = {"ignored_users": {alice.user_id: {}}}
    await bob.ask("PUT", f"/user/{quote(bob.user_id)}/account_data/m.ignored_user_list", ignored)
    await alice.send(room_id, "deux")
    await work(hall)
    await bob.ask("PUT", f"/user/{quote(bob.user_id)}/account_data/m.ignored_user_list", {"ignored_users": {}})
    world = hall.house.world
    await world.store.write(set_suspended, bob.user_id, 1)
    await alice.send(room_id, "trois")
    await work(hall)
    await world.store.write(set_suspended, bob.user_id, None)
    await world.store.write(set_locked, bob.user_id, 1)
    await alice.send(room_id, "quatre")
    await work(hall)
    await world.store.write(set_locked, bob.user_id, None)
    await world.store.write(set_terms, [TermChange(bob.user_id, 1, None, None)])
    await alice.send(room_id, "cinq")
    await work(hall)
    await world.store.write(set_terms, [TermChange(bob.user_id, None, None, None)])
    await alice.send(room_id, "six")
    await bob.leave(room_id)
    await work(hall)
    assert gateway.take() == []


async def test_what_is_read_or_taken_back_before_it_is_sent_is_not_sent(hall: Hall, gateway: Gateway) -> None:
    """Between the decision and the call a message may be read, redacted, or its room left."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway)
    event_id = await alice.send(room_id, "lu")
    await decide_round(hall.house.world)
    await bob.read(room_id, event_id)
    await deliver_due(hall.house.world)
    gone = await alice.send(room_id, "repris")
    await decide_round(hall.house.world)
    await alice.redact(room_id, gone)
    await work(hall)
    await alice.send(room_id, "trop tard")
    await decide_round(hall.house.world)
    await bob.leave(room_id)
    await work(hall)
    assert gateway.take() == []
    assert await outcomes(bob) == ["dropped", "dropped", "read"]


async def test_an_invitation_calls_whoever_is_invited(hall: Hall, gateway: Gateway) -> None:
    """Invitations of a new room and of one there is are pushed, by the invited person's own rules."""
    alice, bob = await hall.enter("alice"), await hall.enter("bob")
    await set_pusher(bob, gateway)
    room_id = await alice.create_room(invite=[bob.user_id], name="Nouveau")
    await work(hall)
    (told,) = gateway.take()
    assert (told["room_id"], told["type"], told["user_is_target"]) == (room_id, "m.room.member", True)
    assert (told["content"]["membership"], told["room_name"], told["prio"]) == ("invite", "Nouveau", "high")
    other = await alice.create_room()
    await alice.act(other, "invite", bob.user_id)
    await work(hall)
    assert [each["room_id"] for each in gateway.take()] == [other]
    await bob.ask("PUT", "/pushrules/global/override/.m.rule.invite_for_me/enabled", {"enabled": False})
    await alice.create_room(invite=[bob.user_id])
    await work(hall)
    assert gateway.take() == []


async def test_rules_decide_and_their_tweaks_are_passed_on(hall: Hall, gateway: Gateway) -> None:
    """A muted room is silent; a rule's own tweaks reach the gateway as they are."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway)
    flash = {"set_tweak": "org.example.flash", "value": {"times": 3}}
    await bob.ask("PUT", "/pushrules/global/content/eau", {"pattern": "eau", "actions": ["notify", flash]})
    await alice.send(room_id, "plus d'eau")
    await work(hall)
    (told,) = gateway.take()
    assert told["devices"][0]["tweaks"] == {"org.example.flash": {"times": 3}}
    mute = {"conditions": [{"kind": "event_match", "key": "room_id", "pattern": room_id}], "actions": []}
    await bob.ask("PUT", "/pushrules/global/override/mute", mute)
    await alice.send(room_id, "plus d'eau")
    await work(hall)
    assert gateway.take() == []


async def test_reading_clears_the_badge_once(hall: Hall, gateway: Gateway) -> None:
    """Rooms read in a row make one counts-only push, with an explicit zero; reading nothing makes none."""
    alice, bob, room_id = await two_in_a_room(hall)
    other = await alice.create_room(preset="public_chat")
    await bob.join(other)
    await set_pusher(bob, gateway)
    first = await alice.send(room_id, "un")
    second = await alice.send(other, "deux")
    await work(hall)
    assert [each["counts"] for each in gateway.take()] == [{"unread": 2}, {"unread": 2}]
    await bob.read(room_id, first)
    await bob.read(other, second)
    await work(hall)
    assert gateway.take() == []
    await later(hall, 2)
    (told,) = gateway.take()
    assert told["counts"] == {"unread": 0}
    assert set(told) == {"counts", "devices"}
    await later(hall, 5)
    await bob.read(other, second)
    await later(hall, 5)
    assert gateway.take() == []
    await alice.send(other, "trois")
    await work(hall)
    gateway.take()
    await bob.send(other, "je réponds, donc j'ai lu")
    await work(hall)
    await later(hall, 2)
    assert [each["counts"] for each in gateway.take()] == [{"unread": 0}]


async def test_missed_calls_are_counted(hall: Hall, gateway: Gateway) -> None:
    """A call nobody answered counts among the missed ones until it is read."""
    alice, bob, room_id = await two_in_a_room(hall)
    await set_pusher(bob, gateway)
    call = {"call_id": "c", "party_id": "p", "version": "1", "lifetime": 60000, "offer": {"type": "offer", "sdp": ""}}
    await alice.send(room_id, call, "m.call.invite")
    await work(hall)
    (told,) = gateway.take()
    assert (told["counts"], told["prio"]) == ({"unread": 1, "missed_calls": 1}, "high")


async def test_a_round_costs_the_same_whatever_the_rooms(hall: Hall, gateway: Gateway) -> None:
    """The number of queries of a decision does not grow with rooms, members, messages or pushers."""
    world = hall.house.world
    alice = await hall.enter("alice")
    costs = []
    for crowd in (1, 6):
        people = [await hall.enter(f"p{crowd}x{number}") for number in range(crowd)]
        for who in people:
            await set_pusher(who, gateway, who.user_id)
        rooms = [await alice.create_room(preset="public_chat") for _ in range(crowd)]
        for room_id in rooms:
            for who in people:
                await who.join(room_id)
        await work(hall)
        for room_id in rooms:
            await alice.send(room_id, "à tous")
        with count_statements(world) as count:
            await decide_round(world)
        costs.append(count.statements)
        await work(hall)
    assert len(gateway.pushed) >= 37
    assert costs[0] == costs[1] <= 14


async def test_a_server_without_pushers_writes_nothing(hall: Hall) -> None:
    """Where nobody has a pusher a round reads little and writes nothing at all."""
    alice, _, room_id = await two_in_a_room(hall)
    await alice.send(room_id, "personne n'écoute")
    with count_statements(hall.house.world) as count:
        await decide_round(hall.house.world)
    assert count.statements <= 2


@pytest.mark.parametrize("engine", ENGINES)
async def test_delivery_is_the_same_on_both_engines(
    engine: str, engines: Engines, tmp_path: Path, gateway: Gateway
) -> None:
    """Messages, mentions, invitations, threads, failures and badges go the same way on SQLite and PostgreSQL."""
    async with engines.open_hall(engine, tmp_path) as hall:
        alice, bob, room_id = await two_in_a_room(hall)
        await set_pusher(bob, gateway)
        gateway.statuses = [500]
        first = await alice.send(room_id, "un")
        await work(hall)
        await later(hall, 2)
        reply = {"msgtype": "m.text", "body": "fil", "m.relates_to": {"rel_type": "m.thread", "event_id": first}}
        second = await alice.send(room_id, reply)
        invited = await alice.create_room(invite=[bob.user_id])
        await work(hall)
        assert gateway.event_ids()[:3] == [first, first, second]
        assert gateway.pushed[-1].notification["room_id"] == invited
        await bob.read(room_id, second)
        await later(hall, 2)
        assert gateway.pushed[-1].notification["counts"] == {"unread": 0}
        assert await outcomes(bob) == ["sent"] * 4
        notifications = await bob.ask("GET", "/notifications")
        assert [each["event"]["event_id"] for each in notifications["notifications"]] == [second, first]
