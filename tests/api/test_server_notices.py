"""What the server tells people, each in a room of their own."""

import asyncio
from pathlib import Path
from typing import Any

from tchap.services.admins import name_admin_from_console
from tchap.services.server_notices import ANNOUNCEMENT, tell_notices, tell_some
from tests.api.test_account_moderation import scene
from tests.support.accounts import Person, person
from tests.support.administrations import BASE, CALM, open_office
from tests.support.hall import Resident
from tests.support.house import House, open_house
from tests.support.paths import quote

PATH = "/_tchap/admin/v1/server_notices"
V3 = "/_matrix/client/v3"
CAMILLE = "camille.durand@prefecture.example.fr"
ZOE = "zoe.petit@hopital.example.fr"
LIMIT = {
    "server_notice_type": "m.server_notice.usage_limit_reached",
    "limit_type": "monthly_active_user",
    "admin_contact": "mailto:aide@test.example.fr",
    "body": "Trop de monde.",
}


async def tell(house: House, token: str, **body: Any) -> int:
    answer = await house.ask("POST", PATH, {"content": {"body": "Entretien ce soir."}, **body}, token)
    while await tell_some(house.world):
        continue
    return int(answer["notice_id"])


async def invitations(house: House, token: str) -> list[str]:
    synced = await house.ask("GET", f"{V3}/sync", None, token)
    return list(synced.get("rooms", {}).get("invite", {}))


async def enter_room(resident: Resident) -> str:
    (room,) = await invitations(resident.hall.house, resident.token)
    await resident.join(room)
    return room


async def messages(resident: Resident, room: str) -> list[dict[str, Any]]:
    found = await resident.ask("GET", f"/rooms/{quote(room)}/messages?dir=b")
    return [each["content"] for each in found["chunk"] if each["type"] == "m.room.message"]


def test_a_notice_comes_in_a_room_of_its_own(tmp_path: Path) -> None:
    """The person is invited to one tagged room, whose invitation cannot be refused, and reads there all notices."""

    async def story() -> None:
        async with scene(tmp_path) as (hall, admin, basile):
            to = {"user_id": basile.user_id}
            notice_id = await tell(hall.house, admin.token, to=to)
            (room,) = await invitations(hall.house, basile.token)
            tags = await basile.ask("GET", f"/user/{quote(basile.user_id)}/rooms/{quote(room)}/tags")
            assert tags == {"tags": {"m.server_notice": {}}}
            me = f"/rooms/{quote(room)}/state/m.room.member/{quote(basile.user_id)}"
            for method, path in (("POST", f"/rooms/{quote(room)}/leave"), ("PUT", me)):
                reply = await basile.call(method, path, {"membership": "leave"})
                assert (reply.status, reply.body["errcode"]) == (403, "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM")
            await basile.join(room)
            (content,) = await messages(basile, room)
            assert content == {
                "msgtype": "m.server_notice",
                "server_notice_type": "fr.tchap.server_notice.announcement",
                "body": "Entretien ce soir.",
            }
            said = await basile.call(
                "PUT", f"/rooms/{quote(room)}/send/m.room.message/1", {"msgtype": "m.text", "body": "?"}
            )
            assert said.status == 403
            shown = await hall.house.ask("GET", f"{PATH}/{notice_id}", None, admin.token)
            assert (shown["status"], shown["told"]) == ("sent", 1)
            await tell(hall.house, admin.token, to=to)
            assert len(await messages(basile, room)) == 2
            await basile.leave(room)
            await tell(hall.house, admin.token, to=to)
            assert await invitations(hall.house, basile.token) == [room]

    asyncio.run(story())


def test_an_active_notice_is_pinned_until_it_is_withdrawn(tmp_path: Path) -> None:
    """Pinned notices stand in the room's pinned events, and only in them, while they hold."""

    async def story() -> None:
        async with scene(tmp_path) as (hall, admin, basile):
            ask, to = hall.house.ask, {"user_id": basile.user_id}
            first = await tell(hall.house, admin.token, to=to, content=LIMIT, pin=True)
            second = await tell(hall.house, admin.token, to=to, pin=True)
            await tell(hall.house, admin.token, to=to)
            room = await enter_room(basile)
            path = f"/rooms/{quote(room)}/state/m.room.pinned_events"
            pinned = (await basile.ask("GET", path))["pinned"]
            shown = [await basile.ask("GET", f"/rooms/{quote(room)}/event/{quote(each)}") for each in pinned]
            assert [each["content"]["body"] for each in shown] == ["Trop de monde.", "Entretien ce soir."]
            await ask("POST", f"{PATH}/{first}/withdraw", {}, admin.token)
            while await tell_some(hall.house.world):
                continue
            assert (await basile.ask("GET", path))["pinned"] == pinned[1:]
            assert (await ask("GET", f"{PATH}/{first}", None, admin.token))["status"] == "withdrawn"
            await ask("POST", f"{PATH}/{second}/withdraw", {}, admin.token)

    asyncio.run(story())


def test_telling_everyone_takes_up_where_it_stopped(tmp_path: Path) -> None:
    """People are told once each, also when the telling is broken off and begun again by the duty."""

    async def story() -> None:
        async with scene(tmp_path) as (hall, admin, basile):
            body = {"to": {"everyone": True}, "content": {"body": "Bonjour."}}
            notice_id = (await hall.house.ask("POST", PATH, body, admin.token))["notice_id"]
            assert await tell_some(hall.house.world)
            rooms = [await enter_room(each) for each in (admin, basile)]

            async def start_again(tx: Any) -> None:
                await tx.run("UPDATE server_notices SET after_user = '' WHERE notice_id = $1", notice_id)

            await hall.house.world.store.write(start_again)
            duty = asyncio.create_task(tell_notices(hall.house.world))
            for _ in range(500):
                await asyncio.sleep(0.02)
                shown = await hall.house.ask("GET", f"{PATH}/{notice_id}", None, admin.token)
                if shown["status"] == "sent":
                    break
            duty.cancel()
            assert shown["status"] == "sent"
            for resident, room in zip((admin, basile), rooms, strict=True):
                assert [each["body"] for each in await messages(resident, room)] == ["Bonjour."]

    asyncio.run(story())


def test_an_administration_is_told_by_its_addresses(tmp_path: Path) -> None:
    """Only agents whose address belongs to the administration are invited, in clear rooms under the rules of Tchap."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            camille, zoe = await person(house, CAMILLE), await person(house, ZOE)
            await name_admin(house, camille)
            await tell(house, camille.token, to={"administration": "Hôpital des Tilleuls"})
            assert await invitations(house, camille.token) == []
            (room,) = await invitations(house, zoe.token)
            await house.ask("POST", f"{V3}/join/{quote(room)}", {}, zoe.token)
            state = await house.ask("GET", f"{V3}/rooms/{quote(room)}/state", None, zoe.token)
            found = {each["type"]: each["content"] for each in state}
            assert "m.room.encryption" not in found
            assert found["m.room.name"] == {"name": "Avis du service"}

    async def name_admin(house: House, who: Person) -> None:
        await name_admin_from_console(house.world.store, who.user_id, True, 1)

    asyncio.run(story())


def test_a_notice_is_for_administrators_to_give_and_must_make_sense(tmp_path: Path) -> None:
    """Others are refused; so are notices to nobody, to several at once, without text, or that say half of a limit."""

    async def story() -> None:
        async with scene(tmp_path) as (hall, admin, basile):
            to, content = {"everyone": True}, {"body": "x"}
            good = {"to": to, "content": content}
            assert (await hall.house.call("POST", PATH, good, basile.token)).status == 403
            assert (await hall.house.call("GET", f"{PATH}/1", None, basile.token)).status == 403
            partial = {key: value for key, value in LIMIT.items() if key != "limit_type"}
            for body, status in (
                ({"to": {}, "content": content}, 400),
                ({"to": {"everyone": True, "user_id": "@a:b"}, "content": content}, 400),
                ({"to": to, "content": {}}, 400),
                ({"to": to, "content": partial}, 400),
                ({"to": to, "content": {"body": "x" * 40_000}}, 413),
                ({"to": {"user_id": "@nobody:test.example.fr"}, "content": content}, 404),
                ({"to": {"user_id": "@x:elsewhere.example.org"}, "content": content}, 400),
                ({"to": {"administration": "Nulle part"}, "content": content}, 404),
            ):
                assert (await hall.house.call("POST", PATH, body, admin.token)).status == status, body
            for notice in ("999", "x", "9" * 40):
                assert (await hall.house.call("GET", f"{PATH}/{notice}", None, admin.token)).status == 404
            plain = await tell(hall.house, admin.token, **good)
            assert (await hall.house.call("POST", f"{PATH}/{plain}/withdraw", {}, admin.token)).status == 400

    asyncio.run(story())


def test_a_delegate_announces_to_their_administration_and_below(tmp_path: Path) -> None:
    """Its agents and those of its parts read it, formatted, and nobody else; delegates see how many were told."""

    async def story() -> None:
        async with open_house(tmp_path, CALM) as house:
            office = await open_office(house)
            mairie = await office.open("Mairie", "mairie.example.fr")
            school = await office.open("Écoles", "ecoles.example.fr", parent_id=mairie)
            for of, address in ((mairie, "chef@mairie.example.fr"), (school, "prof@ecoles.example.fr")):
                await house.ask("POST", f"{BASE}/{of}/delegates", {"email": address}, office.operator.token)
            chief, agent, teacher = [
                await person(house, each)
                for each in ("chef@mairie.example.fr", "agent@mairie.example.fr", "prof@ecoles.example.fr")
            ]
            html = {"body": "Grève", "format": "org.matrix.custom.html", "formatted_body": "<b>Grève</b>"}
            forged = {**html, **{name: LIMIT[name] for name in ("server_notice_type", "limit_type", "admin_contact")}}
            notice_id = await tell(house, chief.token, to={"administration": mairie}, content=forged)
            for who in (chief, agent, teacher):
                (room,) = await invitations(house, who.token)
                await house.ask("POST", f"{V3}/join/{quote(room)}", {}, who.token)
                history = await house.ask("GET", f"{V3}/rooms/{quote(room)}/messages?dir=b", None, who.token)
                said = [each["content"] for each in history["chunk"] if each["type"] == "m.room.message"]
                assert said == [{**html, "msgtype": "m.server_notice", "server_notice_type": ANNOUNCEMENT}]
            assert await invitations(house, office.operator.token) == []
            await tell(house, teacher.token, to={"administration": "Écoles"})
            await tell(house, office.operator.token, to={"everyone": True})
            listed = (await house.ask("GET", PATH, None, chief.token))["notices"]
            assert [(each["audience_name"], each["told"]) for each in listed] == [("Écoles", 1), ("Mairie", 3)]
            assert listed[1]["content"]["body"] == "Grève"
            (own,) = (await house.ask("GET", f"{PATH}?administration={school}", None, teacher.token))["notices"]
            assert own["administration_id"] == school
            for query, who in ((f"/{notice_id}", teacher), (f"?administration={mairie}", teacher), ("", agent)):
                assert (await house.call("GET", PATH + query, None, who.token)).status == 403
            everything = await house.ask("GET", f"{PATH}?limit=2", None, office.operator.token)
            assert [each["audience"] for each in everything["notices"]] == ["everyone", "administration"]
            assert everything["next"] == listed[0]["notice_id"]
            for to in ({"everyone": True}, {"administration": "Hôpital des Tilleuls"}, {"administration": "Rien"}):
                refused = await house.call("POST", PATH, {"to": to, "content": {"body": "x"}}, chief.token)
                assert refused.status == 403
            bad = {"body": "x", "formatted_body": "<b>x</b>"}
            refused = await house.call("POST", PATH, {"to": {"administration": mairie}, "content": bad}, chief.token)
            assert refused.status == 400

    asyncio.run(story())


def test_a_delegate_tells_one_of_their_people(tmp_path: Path) -> None:
    """And reads what became of it; nobody of another administration is told anything."""

    async def story() -> None:
        async with open_house(tmp_path, CALM) as house:
            office = await open_office(house)
            mairie = await office.open("Mairie", "mairie.example.fr")
            await house.ask(
                "POST", f"{BASE}/{mairie}/delegates", {"email": "chef@mairie.example.fr"}, office.operator.token
            )
            chief, agent, zoe = [
                await person(house, each) for each in ("chef@mairie.example.fr", "agent@mairie.example.fr", ZOE)
            ]
            notice_id = await tell(house, chief.token, to={"user_id": agent.user_id}, pin=True)
            shown = await house.ask("GET", f"{PATH}/{notice_id}", None, chief.token)
            assert (shown["status"], shown["told"]) == ("sent", 1)
            await house.ask("POST", f"{PATH}/{notice_id}/withdraw", {}, chief.token)
            for user_id in (zoe.user_id, "@nobody:agent.hopitaux.tchap.example.fr", office.operator.user_id, "x"):
                to = {"user_id": user_id}
                refused = await house.call("POST", PATH, {"to": to, "content": {"body": "x"}}, chief.token)
                assert (refused.status, refused.body["error"]) == (403, "Seuls les administrateurs peuvent faire cela.")

    asyncio.run(story())
