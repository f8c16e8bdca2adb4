"""Externals who become agents, whose accounts open again, whose addresses change."""

import asyncio
from pathlib import Path

import pytest

from tchap.services import guest_terms
from tchap.services.succession import leave_all_rooms
from tchap.services.world import World
from tchap.storage import sponsorships
from tests.api.test_externals import (
    GUESTS,
    HELENE,
    JEAN,
    ZOE,
    check_expired,
    follow,
    guest_of,
    invite,
    open_room,
    welcome,
)
from tests.api.test_reactivation import choose_password
from tests.support.accounts import V3, person, sign_in
from tests.support.administrations import BASE, open_office
from tests.support.house import open_house
from tests.support.terms import DAY_S

NINA = "nina.roux@nouvelle.example.fr"
USERS = "/_tchap/admin/v1/users"
SEND_MAIL = "/_synapse/client/email_account_validity/send_mail"
OUT = "agent.externe.tchap.example.fr"
TERMS = "[validity]\nenabled = true\n"


def test_nobody_ends_an_agent_they_once_vouched_for(tmp_path: Path) -> None:
    """The address was a guest's when it was invited, and is an agent's since: the stay that ends is nobody's, and the
    agent renews the account as agents do."""

    async def story() -> None:
        async with open_house(tmp_path, TERMS) as house:
            office, jean = await open_office(house), await person(house, JEAN)
            await invite(house, jean, await open_room(house, jean), NINA)
            await office.open("Agence nouvelle", "nouvelle.example.fr")
            nina = await person(house, NINA)
            await house.ask("DELETE", f"{GUESTS}/{NINA}", None, jean.token)
            await house.ask("GET", f"{V3}/account/whoami", None, nina.token)
            assert (await house.call("POST", SEND_MAIL, {}, nina.token)).status == 200

    asyncio.run(story())


def test_a_guest_whose_account_opens_again_lasts_as_long_as_somebody_vouches(tmp_path: Path) -> None:
    """Closed some months after the end and opened by an operator, it is over until an agent vouches again; then it is
    neither renewed by a mailbox nor closed for the end there was before."""

    async def story() -> None:
        async with open_house(tmp_path, TERMS) as house:
            office, jean = await open_office(house), await person(house, JEAN)
            zoe, _ = await welcome(house, jean)
            await house.ask("DELETE", f"{GUESTS}/{ZOE}", None, jean.token)
            await follow(house)
            house.clock.move(121 * DAY_S)
            await follow(house)
            await house.ask("POST", f"{USERS}/{zoe.user_id}/reactivate", {"email": ZOE}, office.operator.token)
            await choose_password(house, ZOE)
            zoe = await sign_in(house, zoe.user_id)
            await check_expired(house, zoe)
            await house.ask("PUT", f"{GUESTS}/{ZOE}", {}, jean.token)
            await follow(house)
            await house.ask("GET", f"{V3}/account/whoami", None, zoe.token)
            house.clock.move(181 * DAY_S)
            await check_expired(house, zoe)

    asyncio.run(story())


def test_those_who_vouch_follow_a_guest_to_another_address(tmp_path: Path) -> None:
    """Under her new address she has the same sponsor, who ends her stay; no mailbox of hers renews it."""

    async def story() -> None:
        async with open_house(tmp_path, TERMS) as house:
            office, jean = await open_office(house), await person(house, JEAN)
            zoe, _ = await welcome(house, jean)
            new = "zoe.petit@atelier.example"
            await house.ask("PUT", f"{USERS}/{zoe.user_id}/email", {"email": new}, office.operator.token)
            assert (await guest_of(house, jean))["email"] == new
            assert (await house.call("POST", SEND_MAIL, {}, zoe.token)).status == 403
            await house.ask("DELETE", f"{GUESTS}/{new}", None, jean.token)
            await check_expired(house, zoe)

    asyncio.run(story())


def test_an_invitation_that_is_refused_shows_nothing_in_the_room(tmp_path: Path) -> None:
    """Whose guest an administration has sent away invites the address no more: no room awaits it."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            office, jean = await open_office(house), await person(house, JEAN)
            await invite(house, jean, await open_room(house, jean))
            wanted = {"email": ZOE, "sponsor": jean.user_id}
            await house.ask("POST", f"{BASE}/prefecture-du-val-clair/externals/end", wanted, office.operator.token)
            room = await open_room(house, jean)
            again = {"medium": "email", "address": ZOE}
            assert (await house.call("POST", f"{V3}/rooms/{room}/invite", again, jean.token)).status == 403
            state = await house.ask("GET", f"{V3}/rooms/{room}/state", token=jean.token)
            assert [event for event in state if event["type"] == "m.room.third_party_invite"] == []

    asyncio.run(story())


def test_an_invitation_that_is_refused_vouches_for_nobody(tmp_path: Path) -> None:
    """A guest whose stay is over comes back by an invitation that the room takes, not by one that it refuses."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            zoe, _ = await welcome(house, jean)
            await house.ask("DELETE", f"{GUESTS}/{ZOE}", None, jean.token)
            closed = (await house.ask("POST", f"{V3}/createRoom", {}, helene.token))["room_id"]
            wish = {"medium": "email", "address": ZOE}
            assert (await house.call("POST", f"{V3}/rooms/{closed}/invite", wish, helene.token)).status == 403
            await check_expired(house, zoe)
            assert (await house.ask("GET", GUESTS, None, helene.token))["guests"] == []
            await invite(house, helene, await open_room(house, helene))
            await house.ask("GET", f"{V3}/account/whoami", None, zoe.token)

    asyncio.run(story())


def test_one_guest_who_cannot_be_taken_out_keeps_no_other_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that cannot be read stops the end of its own guest alone, and that is tried again."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            broken, _ = await welcome(house, jean)
            room = await open_room(house, jean)
            await invite(house, jean, room, "paul.roy@atelier.example")
            paul = await person(house, "paul.roy@atelier.example")
            await house.ask("POST", f"{V3}/rooms/{room}/join", {}, paul.token)

            async def fail_for_one(world: World, user_id: str) -> None:
                if user_id == broken.user_id:
                    raise KeyError(user_id)
                await leave_all_rooms(world, user_id)

            monkeypatch.setattr(guest_terms, "leave_all_rooms", fail_for_one)
            house.clock.move(181 * DAY_S)
            await follow(house)
            live = house.world.live.rooms.get(room)
            assert live is not None
            assert live.membership_of(paul.user_id) == "leave"
            monkeypatch.undo()
            await follow(house)
            assert await house.world.store.read(sponsorships.find_over, OUT, house.clock.now, 5) == []

    asyncio.run(story())
