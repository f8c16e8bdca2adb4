"""Messages that stay unread are told by e-mail to those who asked for it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tchap.services.push_decisions import decide_round
from tchap.services.push_delivery import deliver_due
from tests.support.accounts import V3, Person, person, sign_in
from tests.support.house import House, open_house
from tests.support.paths import quote

ALICE = "alice.martin@prefecture.example.fr"
BOB = "bob.durand@prefecture.example.fr"
DELAY_S = 600
ROOM_INTERVAL_S = 12 * 3600


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, "[rate_limits]\nenabled = false\n") as opened:
        yield opened


def wish(email: str, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "email",
        "app_id": "m.email",
        "pushkey": email,
        "app_display_name": "Courriel",
        "device_display_name": email,
        "lang": "fr",
        "data": {},
        **fields,
    }


async def subscribe(house: House, who: Person, email: str, **fields: Any) -> None:
    await house.ask("POST", f"{V3}/pushers/set", wish(email, **fields), who.token)


async def open_room(house: House, alice: Person, bob: Person, **options: Any) -> str:
    asked = {"preset": "public_chat", "visibility": "public", **options}
    room_id = (await house.ask("POST", f"{V3}/createRoom", asked, alice.token))["room_id"]
    await house.ask("POST", f"{V3}/rooms/{quote(room_id)}/join", {}, bob.token)
    return str(room_id)


async def send(house: House, who: Person, room_id: str, body: str) -> str:
    path = f"{V3}/rooms/{quote(room_id)}/send/m.room.message/{house.world.entropy.letters(8)}"
    return str((await house.ask("PUT", path, {"msgtype": "m.text", "body": body}, who.token))["event_id"])


async def read(house: House, who: Person, room_id: str, event_id: str) -> None:
    path = f"{V3}/rooms/{quote(room_id)}/receipt/m.read/{quote(event_id)}"
    await house.ask("POST", path, {}, who.token)


async def later(house: House, seconds: float) -> None:
    house.clock.move(seconds)
    while await decide_round(house.world):
        continue
    await deliver_due(house.world)


async def mails(house: House, email: str = BOB) -> list[Any]:
    """The notifications among the mails to the address, the newest first."""
    found = await house.ask("GET", f"/_tchap/mailbox.json?to={email}")
    return [each for each in found if "unsubscribe" in each["text"]][::-1]


async def pair(house: House) -> tuple[Person, Person]:
    alice, bob = await person(house, ALICE), await person(house, BOB)
    await subscribe(house, bob, BOB)
    return alice, bob


@pytest.mark.anyio
async def test_what_stays_unread_is_told_once(house: House) -> None:
    """After the delay one mail names the rooms, who wrote and how much, with links; and never what was written."""
    alice, bob = await pair(house)
    one, two = await open_room(house, alice, bob, name="Crue <1>"), await open_room(house, alice, bob, name="Exercice")
    for text in ("L'eau monte à la mairie", "Encore"):
        await send(house, alice, one, text)
    await later(house, 0)
    await later(house, DELAY_S - 60)
    await send(house, alice, two, "Bonjour")
    await later(house, 0)
    assert await mails(house) == []
    await later(house, 61)
    (first,) = await mails(house)
    assert "Crue <1>" in first["text"]
    assert "2 messages de Alice Martin" in first["text"]
    assert f"/#/room/{quote(one)}" in first["text"]
    assert "Exercice" not in first["text"]
    assert "mairie" not in str(first)
    assert "Crue &lt;1&gt;" in first["html"]
    assert first["subject"] == "Tchap : 2 messages non lus"
    await later(house, 120)
    assert len(await mails(house)) == 1, "the other room's delay ends later"
    await later(house, DELAY_S)
    assert len(await mails(house)) == 2
    await later(house, DELAY_S)
    assert len(await mails(house)) == 2


@pytest.mark.anyio
async def test_what_was_read_in_time_is_not_told(house: House) -> None:
    """Reading before the delay ends makes the mail needless."""
    alice, bob = await pair(house)
    room_id = await open_room(house, alice, bob)
    event_id = await send(house, alice, room_id, "Bonjour")
    await later(house, 60)
    await read(house, bob, room_id, event_id)
    await later(house, DELAY_S)
    assert await mails(house) == []


@pytest.mark.anyio
async def test_a_room_is_told_of_rarely(house: House) -> None:
    """One mail per room and half day: what comes meanwhile waits, and is told then if still unread."""
    alice, bob = await pair(house)
    room_id = await open_room(house, alice, bob)
    await send(house, alice, room_id, "un")
    await later(house, 0)
    await later(house, DELAY_S + 1)
    assert len(await mails(house)) == 1
    await send(house, alice, room_id, "deux")
    await later(house, 0)
    for _ in range(10):
        await later(house, DELAY_S)
    assert len(await mails(house)) == 1
    await later(house, ROOM_INTERVAL_S)
    await later(house, DELAY_S)
    assert len(await mails(house)) == 2


@pytest.mark.anyio
async def test_an_invitation_does_not_name_its_room(house: House) -> None:
    """The name of a room one is not in is anybody's to choose, and is not mailed in our name."""
    alice, bob = await pair(house)
    asked = {"invite": [bob.user_id], "name": "Votre compte expire"}
    await house.ask("POST", f"{V3}/createRoom", asked, alice.token)
    await later(house, 0)
    await later(house, DELAY_S + 1)
    (mail,) = await mails(house)
    assert "Alice Martin" in mail["text"]
    assert "vous invite dans un salon" in mail["text"]
    assert "expire" not in mail["text"] + mail["html"] + mail["subject"]


@pytest.mark.anyio
async def test_the_mail_is_in_the_language_asked_for(house: House) -> None:
    """`lang` decides between French and English."""
    alice, bob = await pair(house)
    await subscribe(house, bob, BOB, lang="en-GB")
    room_id = await open_room(house, alice, bob, name="Drill")
    await send(house, alice, room_id, "Hello")
    await later(house, 0)
    await later(house, DELAY_S + 1)
    (mail,) = await mails(house)
    assert mail["subject"] == "Tchap: 1 unread message"
    assert "Drill: 1 message from" in mail["text"]
    assert '<html lang="en">' in mail["html"]


@pytest.mark.anyio
async def test_a_link_ends_the_mails(house: House) -> None:
    """Opening the link does nothing by itself, its button ends the mails; a forged link ends nobody's."""
    alice, bob = await pair(house)
    room_id = await open_room(house, alice, bob)
    await send(house, alice, room_id, "un")
    await later(house, 0)
    await later(house, DELAY_S + 1)
    found = re.search(r"(/_tchap/push/unsubscribe\?token=([\w-]+))", (await mails(house))[0]["text"])
    assert found is not None
    shown = await house.call("GET", found[1])
    assert (shown.status, found[2] in shown.body) == (200, True)
    assert len((await house.ask("GET", f"{V3}/pushers", None, bob.token))["pushers"]) == 1
    forged = found[2][:5] + ("A" if found[2][5] != "A" else "B") + found[2][6:]
    for token in (forged, "", "é", found[2][:20]):
        reply = await house.http.post("/_tchap/push/unsubscribe", data={"token": token})
        assert reply.status_code == 400
    assert (await house.http.post("/_tchap/push/unsubscribe", data={"token": found[2]})).status_code == 200
    assert (await house.ask("GET", f"{V3}/pushers", None, bob.token))["pushers"] == []
    await send(house, alice, room_id, "deux")
    await later(house, ROOM_INTERVAL_S + DELAY_S)
    await later(house, DELAY_S)
    assert len(await mails(house)) == 1


@pytest.mark.anyio
async def test_only_one_s_own_address_is_written_to(house: House) -> None:
    """Another's address is refused, as is another application id."""
    bob = await person(house, BOB)
    for body in (wish(ALICE), wish("unknown@example.org"), wish(BOB, app_id="org.example")):
        refused = await house.call("POST", f"{V3}/pushers/set", body, bob.token)
        assert (refused.status, refused.body["errcode"]) == (400, "M_INVALID_PARAM")


@pytest.mark.anyio
async def test_mails_outlive_the_device_they_were_asked_from(house: House) -> None:
    """Mail is for when nobody looks: signing out does not end it."""
    bob = await person(house, BOB)
    await subscribe(house, bob, BOB)
    await house.ask("POST", f"{V3}/logout", {}, bob.token)
    again = await sign_in(house, bob.user_id)
    pushers = (await house.ask("GET", f"{V3}/pushers", None, again.token))["pushers"]
    assert [each["pushkey"] for each in pushers] == [BOB]
