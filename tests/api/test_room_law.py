"""The law of rooms over HTTP: the rows of `tests/support/room_rows.py`, on every road by which an event enters."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tchap.protocol.appservices import MAY_SEND_CLEAR, gather, parse_registration
from tchap.services.appservices import open_accounts
from tchap.services.delayed_events import send_due
from tchap.storage.accounts import set_admin
from tests.support.accounts import V3, Person, person, sign_in
from tests.support.appservice import AS_TOKEN, HS_TOKEN
from tests.support.house import House, Reply, open_house
from tests.support.paths import quote
from tests.support.room_rows import (
    ACCESS_RULES,
    ADMIN,
    AGENT,
    AGENTS,
    DIRECT,
    ENCRYPTION,
    GUEST,
    GUESTS,
    JOIN_RULES,
    LAWFUL,
    LEVELS,
    MAKINGS,
    MEGOLM,
    MEMBER,
    OTHER,
    PUBLIC,
    ROWS,
    SCENES,
    STRANGER,
    Json,
    Making,
    Row,
    fill,
    over,
    private,
    rules,
)

CONFIG = "[rate_limits]\nenabled = false\n"
EMAILS = {
    ADMIN: "jean.martin@prefecture.example.fr",
    AGENT: "marie.durand@prefecture.example.fr",
    OTHER: "helene.lefevre@hopital.example.fr",
    GUEST: "zoe.petit@cabinet.example",
    STRANGER: "luc.blanc@cabinet.example",
}


@dataclass
class Stage:
    """A server with the five people of the rows, who make rooms of one version."""

    house: House = field(repr=False)
    people: dict[str, Person]
    version: str

    @property
    def ids(self) -> dict[str, str]:
        return {role: each.user_id for role, each in self.people.items()}

    async def call(self, who: str, method: str, path: str, body: Json | None = None) -> Reply:
        return await self.house.call(method, f"{V3}{path}", body, self.people[who].token)

    async def ask(self, who: str, method: str, path: str, body: Json | None = None) -> Any:
        return await self.house.ask(method, f"{V3}{path}", body, self.people[who].token)

    async def put(self, who: str, room_id: str, kind: str, content: Json, key: str = "") -> Reply:
        path = f"/rooms/{quote(room_id)}/state/{kind}/{quote(key)}"
        return await self.call(who, "PUT", path, await self._meant(room_id, kind, content))

    async def _meant(self, room_id: str, kind: str, content: Json) -> Json:
        filled: Json = fill(content, self.ids)
        return over(await self.state(room_id, LEVELS), filled) if kind == LEVELS else filled

    async def state(self, room_id: str, kind: str, key: str = "") -> Json:
        room = self.house.world.live.rooms.get(room_id)
        assert room is not None
        return room.content_of(kind, key)

    async def send(self, who: str, room_id: str, kind: str, content: Json | None = None) -> Reply:
        path = f"/rooms/{quote(room_id)}/send/{kind}/{self.house.world.entropy.token(6)}"
        return await self.call(who, "PUT", path, content or {"msgtype": "m.text", "body": "Bonjour"})

    async def make(self, who: str, body: Json) -> Reply:
        return await self.call(who, "POST", "/createRoom", {"room_version": self.version, **fill(body, self.ids)})

    async def open(self, name: str) -> str:
        """The room of a scene."""
        scene = SCENES[name]
        made = await self.make(ADMIN, {**scene.body, "invite": [f"<{each}>" for each in scene.members + scene.invited]})
        assert made.status == 200, (name, made)
        room_id = str(made.body["room_id"])
        for each in scene.members:
            await self.ask(each, "POST", f"/join/{quote(room_id)}", {})
        for each in scene.left:
            await self.ask(each, "POST", f"/rooms/{quote(room_id)}/leave", {})
        for kind, content in scene.then:
            assert (await self.put(ADMIN, room_id, kind, content)).status == 200
        return room_id


@contextlib.asynccontextmanager
async def open_stage(folder: Path, version: str = "11") -> AsyncIterator[Stage]:
    async with open_house(folder, CONFIG) as house:
        people = {role: await person(house, EMAILS[role]) for role in AGENTS}
        stage = Stage(house, people, version)
        made = await stage.make(ADMIN, private("unrestricted"))
        for role in GUESTS:
            wanted = {"medium": "email", "address": EMAILS[role]}
            await stage.ask(ADMIN, "POST", f"/rooms/{quote(made.body['room_id'])}/invite", wanted)
            people[role] = await person(house, EMAILS[role])
        yield stage


def play(folder: Path, story: Callable[[Stage], Awaitable[None]], version: str = "11") -> None:
    async def run() -> None:
        async with open_stage(folder, version) as stage:
            await story(stage)

    asyncio.run(run())


def explain(subject: Row | Making, reply: Reply) -> str:
    return f"{subject}: {reply.status} {reply.body}"


@pytest.mark.parametrize("version", ["11", "12"])
def test_each_row_is_answered(tmp_path: Path, version: str) -> None:
    """What the law refuses is refused over HTTP with its status, its code and a sentence, and the rest is done."""

    async def story(stage: Stage) -> None:
        wrong = []
        for row in ROWS:
            room_id = await stage.open(row.scene)
            reply = await stage.put(row.who, room_id, row.kind, row.content, fill(row.key, stage.ids))
            errcode = None if row.status == 200 else "M_FORBIDDEN"
            if (reply.status, reply.body.get("errcode")) != (row.status, errcode):
                wrong.append(explain(row, reply))
        assert wrong == []

    play(tmp_path, story, version)


@pytest.mark.parametrize("version", ["11", "12"])
def test_each_room_is_made_or_refused(tmp_path: Path, version: str) -> None:
    """The bodies of today's clients make their rooms, for agents alone; others are refused with status and code."""

    async def story(stage: Stage) -> None:
        wrong = []
        for making in MAKINGS:
            reply = await stage.make(making.who, making.body)
            if (reply.status, reply.body.get("errcode", "")) != (making.status, making.errcode):
                wrong.append(explain(making, reply))
        assert wrong == []

    play(tmp_path, story, version)


@pytest.mark.parametrize("version", ["11", "12"])
def test_what_rooms_are_made_of(tmp_path: Path, version: str) -> None:
    """The server completes the rules, encrypts, closes to visitors, and gives the levels; a guest has none."""

    async def story(stage: Stage) -> None:
        for making in LAWFUL:
            room_id = (await stage.make(ADMIN, making.body)).body["room_id"]
            is_public = making.body.get("visibility") == "public"
            held = await stage.state(room_id, ACCESS_RULES)
            assert set(held) == {"rule", "visibility", "force_unencrypted_at_creation"}
            assert held["visibility"] == ("public" if is_public else "private")
            is_clear = is_public or "clear" in making.name or making.name == "space"
            assert bool(await stage.state(room_id, ENCRYPTION)) != is_clear, making.name
            assert await stage.state(room_id, "m.room.guest_access") == {"guest_access": "forbidden"}
            shown = await stage.state(room_id, "m.room.history_visibility")
            assert shown["history_visibility"] == ("shared" if is_public else "invited")
            levels = await stage.state(room_id, LEVELS)
            assert (levels["state_default"], levels["invite"]) == (100, 0 if is_public else 50)
        body = {**private("unrestricted", invite=["<guest>", "<agent>"]), "preset": "trusted_private_chat"}
        made = await stage.make(ADMIN, body)
        levels, create = [await stage.state(made.body["room_id"], kind) for kind in (LEVELS, "m.room.create")]
        named = create["additional_creators"] if version == "12" else [*levels["users"]]
        assert stage.ids[AGENT] in named
        assert stage.ids[GUEST] not in named

    play(tmp_path, story, version)


@pytest.mark.parametrize("version", ["11", "12"])
def test_rooms_made_alike_at_once_are_different_rooms(tmp_path: Path, version: str) -> None:
    """The clock of the house stands still: whoever presses twice has two rooms, and so has who upgrades twice."""

    async def story(stage: Stage) -> None:
        made = await asyncio.gather(*(stage.make(ADMIN, private()) for _ in range(3)))
        assert [each.status for each in made] == [200] * 3
        assert len({each.body["room_id"] for each in made}) == 3
        room_id, wish = made[0].body["room_id"], {"new_version": version}
        path = f"/rooms/{quote(room_id)}/upgrade"
        upgraded = await asyncio.gather(*(stage.call(ADMIN, "POST", path, wish) for _ in range(2)))
        assert [each.status for each in upgraded] == [200] * 2
        assert len({each.body["replacement_room"] for each in upgraded}) == 2

    play(tmp_path, story, version)


def test_no_guest_is_made_a_creator(tmp_path: Path) -> None:
    """In version 12 a creator stands above the levels: a guest is named one neither at the making nor by an upgrade."""

    async def story(stage: Stage) -> None:
        body = private("unrestricted", creation_content={"additional_creators": [stage.ids[GUEST]]})
        reply = await stage.make(ADMIN, body)
        assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
        room_id = await stage.open("open")
        wish = {"new_version": "12", "additional_creators": [stage.ids[GUEST]]}
        assert (await stage.call(ADMIN, "POST", f"/rooms/{quote(room_id)}/upgrade", wish)).status == 403

    play(tmp_path, story, "12")


def test_older_clients_open_a_room_with_the_rule_alone(tmp_path: Path) -> None:
    """What they leave out was decided when the room was made, and stays; it is no way out of being public."""

    async def story(stage: Stage) -> None:
        room_id = await stage.open("clear")
        assert (await stage.put(ADMIN, room_id, ACCESS_RULES, {"rule": "unrestricted"})).status == 200
        assert await stage.state(room_id, ACCESS_RULES) == rules("unrestricted", clear=True)
        forum = await stage.open("public")
        assert (await stage.put(ADMIN, forum, ACCESS_RULES, {"rule": "restricted"})).status == 200
        assert await stage.state(forum, ACCESS_RULES) == rules("restricted", "public")
        assert (await stage.put(ADMIN, forum, ENCRYPTION, MEGOLM)).status == 403

    play(tmp_path, story)


def test_other_roads_into_a_room(tmp_path: Path) -> None:
    """The calls made for entering and leaving, addresses, e-mails, delayed events and redactions obey the same law."""

    async def story(stage: Stage) -> None:
        closed, opened, direct, forum = [await stage.open(name) for name in ("private", "open", "direct", "public")]
        link, space = await stage.open("open_link"), await stage.open("space")
        stranger = {"user_id": stage.ids[STRANGER]}
        unknown = {"medium": "email", "address": "paul.noir@cabinet.example"}
        phone = {"medium": "msisdn", "address": "33612345678"}
        refused: list[tuple[str, str, str, Json]] = [
            (ADMIN, "POST", f"/rooms/{quote(closed)}/invite", stranger),
            (ADMIN, "POST", f"/rooms/{quote(closed)}/invite", unknown),
            (ADMIN, "POST", f"/rooms/{quote(forum)}/invite", unknown),
            (ADMIN, "POST", f"/rooms/{quote(space)}/invite", unknown),
            (ADMIN, "POST", f"/rooms/{quote(direct)}/invite", unknown),
            (ADMIN, "POST", f"/rooms/{quote(direct)}/invite", {"user_id": stage.ids[OTHER]}),
            (ADMIN, "POST", f"/rooms/{quote(direct)}/invite", {**unknown, "address": "anne.roux@hopital.example.fr"}),
            (ADMIN, "POST", f"/rooms/{quote(direct)}/ban", {"user_id": stage.ids[OTHER]}),
            (GUEST, "POST", f"/rooms/{quote(opened)}/invite", {"user_id": stage.ids[OTHER]}),
            (GUEST, "POST", f"/rooms/{quote(opened)}/kick", {"user_id": stage.ids[AGENT]}),
            (GUEST, "PUT", f"/directory/room/{quote('#projet:agent.externe.tchap.example.fr')}", {"room_id": opened}),
            (GUEST, "POST", f"/rooms/{quote(opened)}/upgrade", {"new_version": "12"}),
            *((STRANGER, "POST", f"/join/{quote(each)}", {}) for each in (closed, forum, link, space)),
            *((STRANGER, "POST", f"/knock/{quote(each)}", {}) for each in (closed, forum, link)),
        ]
        for who, method, path, body in refused:
            reply = await stage.call(who, method, path, body)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN"), (path, body)
            assert reply.body["error"].endswith("."), reply.body
        reply = await stage.call(ADMIN, "POST", f"/rooms/{quote(opened)}/invite", phone)
        assert (reply.status, reply.body["errcode"]) == (403, "M_THREEPID_DENIED")
        for room_id, is_allowed in ((closed, False), (direct, False), (opened, False), (space, False), (forum, True)):
            reply = await stage.call(ADMIN, "PUT", f"/directory/list/room/{quote(room_id)}", {"visibility": "public"})
            assert reply.status == (200 if is_allowed else 403)
        kept: dict[str, Json] = {
            "m.room.server_acl": {"allow": ["*"]},
            "m.room.retention": {"max_lifetime": 10**9},
            "fr.tchap.classification": {"label": "Diffusion restreinte"},
        }
        for kind, content in kept.items():
            assert (await stage.put(ADMIN, closed, kind, content)).status == 200
        for kind in (ACCESS_RULES, ENCRYPTION, "m.room.create", *kept):
            room = stage.house.world.live.rooms.get(closed)
            assert room is not None
            path = f"/rooms/{quote(closed)}/redact/{quote(room.state[kind, ''].event_id)}/{kind}"
            assert (await stage.call(ADMIN, "PUT", path, {})).status == 403

    play(tmp_path, story)


def test_a_refusal_says_who_can_help(tmp_path: Path) -> None:
    """Members are given an administrator's name, administrators what they can do, strangers to the room no name."""

    async def story(stage: Stage) -> None:
        async def told(who: str, room_id: str, target: str, language: str) -> str:
            path, body = f"{V3}/rooms/{quote(room_id)}/invite", {"user_id": stage.ids[target]}
            token = stage.people[who].token
            reply = await stage.house.call("POST", path, body, token, Accept_Language=language)
            assert reply.status == 403
            return str(reply.body["error"])

        closed = await stage.open("private")
        name = "Jean Martin [Préfecture du Val-Clair]"
        fr = "Ce salon n'accueille pas d'invités externes."
        assert await told(AGENT, closed, STRANGER, "fr") == (
            f"{fr} Demandez à un administrateur du salon, par exemple {name}."
        )
        en = await told(AGENT, closed, STRANGER, "en")
        assert en.endswith(f"Ask an administrator of the room, for example {name}.")
        assert await told(ADMIN, closed, STRANGER, "fr") == (
            f"{fr} Ses réglages vous permettent de le leur ouvrir, définitivement."
        )
        reply = await stage.call(STRANGER, "POST", f"/join/{quote(closed)}", {})
        assert "administrateur" in reply.body["error"]
        assert "Jean" not in reply.body["error"]

    play(tmp_path, story)


def test_access_by_link(tmp_path: Path) -> None:
    """The door of a private room is opened to agents who have its address, never to guests, and is closed again."""

    async def story(stage: Stage) -> None:
        room_id, alias = await stage.open("private"), "#Crise8cX2aP0d1Zq:agent.prefectures.tchap.example.fr"
        assert (await stage.put(ADMIN, room_id, JOIN_RULES, {"join_rule": "public"})).status == 200
        await stage.ask(ADMIN, "PUT", f"/directory/room/{quote(alias)}", {"room_id": room_id})
        assert (await stage.put(ADMIN, room_id, "m.room.canonical_alias", {"alias": alias})).status == 200
        await stage.ask(OTHER, "POST", f"/join/{quote(alias)}", {})
        assert (await stage.call(STRANGER, "POST", f"/join/{quote(alias)}", {})).status == 403
        assert (await stage.put(ADMIN, room_id, JOIN_RULES, {"join_rule": "invite"})).status == 200
        await stage.ask(OTHER, "POST", f"/rooms/{quote(room_id)}/leave", {})
        assert (await stage.call(OTHER, "POST", f"/join/{quote(alias)}", {})).status == 403

    play(tmp_path, story)


def test_guests_do_not_read_what_is_open_to_all(tmp_path: Path) -> None:
    """History made readable by everybody is readable by agents: a guest with the ids reads it on no road."""

    async def story(stage: Stage) -> None:
        room_id = (await stage.make(ADMIN, PUBLIC)).body["room_id"]
        wanted = {"history_visibility": "world_readable"}
        assert (await stage.put(ADMIN, room_id, "m.room.history_visibility", wanted)).status == 200
        event_id = (await stage.send(ADMIN, room_id, "m.room.message")).body["event_id"]
        room = f"/rooms/{quote(room_id)}"
        paths = [
            f"{room}/messages?dir=b",
            f"{room}/state",
            f"{room}/state/m.room.name/",
            f"{room}/members",
            f"{room}/aliases",
            f"{room}/initialSync",
            f"{room}/event/{quote(event_id)}",
            f"{room}/context/{quote(event_id)}",
            f"/events?room_id={quote(room_id)}&timeout=0",
        ]
        paths = [f"{V3}{path}" for path in (*paths, f"/events/{quote(event_id)}")]
        for path in (*paths, f"/_matrix/client/v1{room}/timestamp_to_event?ts=0&dir=f"):
            seen, hidden = [
                await stage.house.call("GET", path, token=stage.people[who].token) for who in (OTHER, STRANGER)
            ]
            assert seen.status == 200, path
            assert hidden.status in (403, 404), path

    play(tmp_path, story)


def test_an_upgrade_keeps_the_rules(tmp_path: Path) -> None:
    """The new room has the access rules and the encryption of the old one; guests come again when they are invited."""

    async def story(stage: Stage) -> None:
        for name in ("open", "clear", "public", "direct"):
            old = await stage.open(name)
            wish = {"new_version": "12"}
            new = (await stage.ask(ADMIN, "POST", f"/rooms/{quote(old)}/upgrade", wish))["replacement_room"]
            for kind in (ACCESS_RULES, ENCRYPTION, "m.room.guest_access"):
                assert await stage.state(new, kind) == await stage.state(old, kind)
            room = stage.house.world.live.rooms.get(new)
            assert room is not None
            assert room.joined == {stage.ids[ADMIN]}
            assert room.membership_of(stage.ids[GUEST]) is None
        open_again = await stage.open("open")
        new = (await stage.ask(ADMIN, "POST", f"/rooms/{quote(open_again)}/upgrade", wish))["replacement_room"]
        assert (await stage.call(GUEST, "POST", f"/join/{quote(new)}", {})).status == 403
        await stage.ask(ADMIN, "POST", f"/rooms/{quote(new)}/invite", {"user_id": stage.ids[GUEST]})
        await stage.ask(GUEST, "POST", f"/join/{quote(new)}", {})

    play(tmp_path, story)


def test_those_who_run_the_server_stand_above_the_rules(tmp_path: Path) -> None:
    """They may do what a room refuses to others, but make no room that contradicts itself, nor write in clear."""

    async def story(stage: Stage) -> None:
        await stage.house.world.store.write(set_admin, stage.ids[ADMIN], True)
        stage.people[ADMIN] = await sign_in(stage.house, stage.ids[ADMIN])
        closed, direct = await stage.open("private"), await stage.open("direct")
        await stage.ask(ADMIN, "POST", f"/rooms/{quote(closed)}/invite", {"user_id": stage.ids[STRANGER]})
        assert (await stage.put(ADMIN, direct, "m.room.name", {"name": "Nous"})).status == 200
        assert (await stage.make(ADMIN, {**DIRECT, "name": "Nous"})).status == 200
        assert (await stage.make(ADMIN, {"is_direct": True, "visibility": "public"})).status == 400
        assert (await stage.call(STRANGER, "POST", f"/join/{quote(closed)}", {})).status == 403
        assert (await stage.send(ADMIN, closed, "m.room.message")).status == 403

    play(tmp_path, story)


CLEAR = {"m.room.message": 403, "m.sticker": 403, "org.matrix.msc3381.poll.start": 403, "m.poll.response": 403}
SEALED = {"m.room.encrypted": 200, "m.reaction": 200, "m.call.invite": 200}


def test_words_in_clear_stay_out_of_encrypted_rooms(tmp_path: Path) -> None:
    """An agent's and a guest's message in clear is refused, at once or when its time comes, unless the administration
    allows it; rooms without encryption take it."""

    async def story(stage: Stage) -> None:
        sealed, clear = await stage.open("open"), await stage.open("open_clear")
        for kind, status in (CLEAR | SEALED).items():
            for who in (AGENT, GUEST):
                reply = await stage.send(who, sealed, kind)
                assert reply.status == status, (kind, reply.body)
                assert (await stage.send(who, clear, kind)).status == 200
        reply = await stage.send(AGENT, sealed, "m.room.message")
        assert reply.body["errcode"] == "M_FORBIDDEN"
        assert "chiffre" in reply.body["error"]
        assert await delayed(stage, AGENT, sealed) == 0
        await stage.house.world.store.write(allow_clear)
        stage.people[AGENT] = await sign_in(stage.house, stage.ids[AGENT])
        assert (await stage.send(AGENT, sealed, "m.room.message")).status == 200
        assert (await stage.send(GUEST, sealed, "m.room.message")).status == 403
        assert await delayed(stage, AGENT, sealed) == 1

    play(tmp_path, story)


async def delayed(stage: Stage, who: str, room_id: str) -> int:
    """How many of one message for later entered the room."""
    path = f"/rooms/{quote(room_id)}/send/m.room.message/{stage.house.world.entropy.token(6)}"
    await stage.ask(who, "PUT", f"{path}?org.matrix.msc4140.delay=1000", {"msgtype": "m.text", "body": "Plus tard"})
    stage.house.clock.move(2)
    return await send_due(stage.house.world)


async def allow_clear(tx: Any) -> None:
    await tx.run("UPDATE administrations SET refuses_clear = 0")


@pytest.mark.parametrize(("extra", "status"), [({}, 403), ({MAY_SEND_CLEAR: True}, 200)])
def test_a_bridge_obeys_the_law(tmp_path: Path, extra: Json, status: int) -> None:
    """An application service is bound by the rules of rooms; in clear it writes where its registration says so."""

    async def story(stage: Stage) -> None:
        await hire(stage.house, extra)
        made = await stage.house.ask("POST", f"{V3}/createRoom", private(), AS_TOKEN)
        room = f"{V3}/rooms/{quote(made['room_id'])}"
        text = {"msgtype": "m.text", "body": "Pont"}
        assert (await stage.house.call("PUT", f"{room}/send/m.room.message/1", text, AS_TOKEN)).status == status
        opened = await stage.house.call("PUT", f"{room}/state/{ACCESS_RULES}/", rules("direct"), AS_TOKEN)
        assert opened.status == 403
        invited = {"user_id": stage.ids[STRANGER]}
        assert (await stage.house.call("POST", f"{room}/invite", invited, AS_TOKEN)).status == 403
        bad = await stage.house.call("POST", f"{V3}/createRoom", {"visibility": "public", "is_direct": True}, AS_TOKEN)
        assert (bad.status, bad.body["errcode"]) == (400, "M_BAD_JSON")

    play(tmp_path, story)


async def hire(house: House, more: Json) -> None:
    """A bridge, registered with these further fields."""
    fields = {"id": "bridge", "url": None, "as_token": AS_TOKEN, "hs_token": HS_TOKEN, "sender_localpart": "_pont"}
    registration = parse_registration({**fields, **more}, ("agent.prefectures.tchap.example.fr",))
    house.world.appservices = gather([registration])
    await open_accounts(house.world.store, house.world.appservices, house.clock)


def test_profiles_go_on_changing(tmp_path: Path) -> None:
    """A guest's new picture reaches the rooms they are in, though they set no other state."""

    async def story(stage: Stage) -> None:
        room_id = await stage.open("open")
        path = f"/profile/{quote(stage.ids[GUEST])}/avatar_url"
        await stage.ask(GUEST, "PUT", path, {"avatar_url": "mxc://agent.example/x"})
        member = await stage.state(room_id, MEMBER, stage.ids[GUEST])
        assert (member["membership"], member["avatar_url"]) == ("join", "mxc://agent.example/x")

    play(tmp_path, story)
