"""The identity service, as today's clients use it when they invite by e-mail address."""

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nacl.signing

from tchap.protocol.signing import is_signed_by, signed_bytes, verify_json
from tchap.services.deactivation import deactivate
from tchap.services.identity_lookup import get_pepper, take_step
from tchap.storage import accounts, identity
from tchap.storage.database import Tx
from tests.support.accounts import SECRET, V3, Person, person, read_code
from tests.support.administrations import BASE, open_office
from tests.support.house import House, open_house
from tests.support.terms import open_admin

V2 = "/_matrix/identity/v2"
INFO = "/_matrix/identity/api/v1/info?medium=email&address="
JEAN = "jean.martin@prefecture.example.fr"
HELENE = "helene.lefevre@hopital.example.fr"
GUEST = "zoe.petit@cabinet.example"


async def enter(house: House, someone: Person) -> str:
    """A token of the identity service, for an OpenID token of the server's."""
    path = f"{V3}/user/{quote(someone.user_id)}/openid/request_token"
    proof = await house.ask("POST", path, {}, someone.token)
    answer = await house.ask("POST", f"{V2}/account/register", proof)
    return str(answer["token"])


def hashed(email: str, pepper: str) -> str:
    digest = hashlib.sha256(f"{email} email {pepper}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def find(house: House, token: str, *emails: str) -> dict[str, str]:
    """Looks addresses up as clients do; the user ids by address."""
    details = await house.ask("GET", f"{V2}/hash_details", None, token)
    assert details["algorithms"] == ["sha256"]
    pepper = details["lookup_pepper"]
    asked = {"algorithm": "sha256", "pepper": pepper, "addresses": [hashed(email, pepper) for email in emails]}
    found = (await house.ask("POST", f"{V2}/lookup", asked, token))["mappings"]
    return {email: found[hashed(email, pepper)] for email in emails if hashed(email, pepper) in found}


def test_an_agent_enters_with_an_openid_token(tmp_path: Path) -> None:
    """The token of one service opens nothing in the other; it ends when its owner says so, or is no more."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            token = await enter(house, jean)
            assert await house.ask("GET", f"{V2}/account", None, token) == {"user_id": jean.user_id}
            assert (await house.call("GET", f"{V3}/account/whoami", None, token)).status == 401
            for wrong in (jean.token, "nothing", None):
                reply = await house.call("GET", f"{V2}/account", None, wrong)
                assert (reply.status, reply.body["errcode"]) == (401, "M_UNAUTHORIZED")
            claimed = {"access_token": token, "matrix_server_name": "agent.prefectures.tchap.example.fr"}
            for body in (claimed, {**claimed, "matrix_server_name": "evil.example"}):
                assert (await house.call("POST", f"{V2}/account/register", body)).status == 401
            assert await house.ask("POST", f"{V2}/account/logout", None, token) == {}
            reply = await house.call("POST", f"{V2}/account/logout", None, token)
            assert (reply.status, reply.body["errcode"]) == (401, "M_UNKNOWN_TOKEN")

    asyncio.run(story())


def test_terms_are_read_by_all_and_accepted_by_their_own_address(tmp_path: Path) -> None:
    """The terms are those of the sign-up; an address that is none of theirs accepts nothing."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            terms = (await house.ask("GET", f"{V2}/terms"))["policies"]["terms_of_service"]
            token = await enter(house, await person(house, JEAN))
            accepted = {"user_accepts": [terms["fr"]["url"]]}
            assert await house.ask("POST", f"{V2}/terms", accepted, token) == {}
            reply = await house.call("POST", f"{V2}/terms", {"user_accepts": ["https://evil.example"]}, token)
            assert (reply.status, reply.body["errcode"]) == (400, "M_INVALID_PARAM")

    asyncio.run(story())


def test_an_exact_address_finds_its_account(tmp_path: Path) -> None:
    """Addresses of before and after the first pepper are found by their hashes; nothing else is."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            token = await enter(house, jean)
            assert await find(house, token, JEAN, HELENE) == {JEAN: jean.user_id}
            helene = await person(house, HELENE)
            assert await find(house, token, JEAN, HELENE) == {JEAN: jean.user_id, HELENE: helene.user_id}
            pepper = (await house.ask("GET", f"{V2}/hash_details", None, token))["lookup_pepper"]
            for wrong, errcode in (
                ({"algorithm": "none"}, "M_INVALID_PARAM"),
                ({"pepper": "old"}, "M_INVALID_PEPPER"),
                ({"addresses": ["x"] * 501}, "M_INVALID_PARAM"),
            ):
                body: dict[str, Any] = {"algorithm": "sha256", "pepper": pepper, "addresses": [], **wrong}
                reply = await house.call("POST", f"{V2}/lookup", body, token)
                assert (reply.status, reply.body["errcode"]) == (400, errcode)

    asyncio.run(story())


def test_the_pepper_changes_by_itself(tmp_path: Path) -> None:
    """After its time a new one takes its place at once and for everybody, and the old hashes are forgotten."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            token = await enter(house, jean)
            first = await get_pepper(house.world)
            house.clock.move(31 * 24 * 3600)
            for _ in range(6):
                await take_step(house.world, await house.world.store.read(identity.find_peppers))
            second = await get_pepper(house.world)
            assert second != first
            token = await enter(house, jean)
            assert await find(house, token, JEAN) == {JEAN: jean.user_id}
            (kept,) = await house.world.store.read(identity.find_peppers)
            assert kept.pepper == second
            assert await house.world.store.read(identity.find_hashed, kept.pepper_id - 1, [hashed(JEAN, first)]) == []
            late = {"algorithm": "sha256", "pepper": first, "addresses": [hashed(JEAN, first)]}
            reply = await house.call("POST", f"{V2}/lookup", late, token)
            assert reply.body["errcode"] == "M_INVALID_PEPPER"

    asyncio.run(story())


def test_externals_look_nobody_up_and_agents_not_everybody(tmp_path: Path) -> None:
    """An external is refused; an agent who looks up more addresses than a day's work asks for must wait."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            zoe = await invite_guest(house, jean)
            token = await enter(house, zoe)
            body = {"algorithm": "sha256", "pepper": await get_pepper(house.world), "addresses": ["x"]}
            reply = await house.call("POST", f"{V2}/lookup", body, token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            token = await enter(house, jean)
            for _ in range(2):
                await house.ask("POST", f"{V2}/lookup", {**body, "addresses": ["x"] * 500}, token)
            reply = await house.call("POST", f"{V2}/lookup", body, token)
            assert (reply.status, reply.body["errcode"]) == (429, "M_LIMIT_EXCEEDED")

    asyncio.run(story())


async def open_room(house: House, owner: Person) -> str:
    rule = {"type": "im.vector.room.access_rules", "state_key": "", "content": {"rule": "unrestricted"}}
    return str((await house.ask("POST", f"{V3}/createRoom", {"initial_state": [rule]}, owner.token))["room_id"])


async def invite_guest(house: House, owner: Person) -> Person:
    """An external, invited as today's clients do it: by `/invite` with an identity server and a token of it."""
    room = await open_room(house, owner)
    asked = {"medium": "email", "address": GUEST, "id_server": "agent.prefectures.tchap.example.fr"}
    asked["id_access_token"] = await enter(house, owner)
    await house.ask("POST", f"{V3}/rooms/{room}/invite", asked, owner.token)
    guest = await person(house, GUEST)
    await house.ask("POST", f"{V3}/rooms/{room}/join", {}, guest.token)
    return guest


def test_an_unknown_address_arrives_in_the_room_it_was_invited_to(tmp_path: Path) -> None:
    """Invited through the identity server, the person signs up and finds the invitation, exchanged and signed."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            zoe = await invite_guest(house, jean)
            (room,) = (await house.ask("GET", f"{V3}/joined_rooms", None, zoe.token))["joined_rooms"]
            events = (await house.ask("GET", f"{V3}/rooms/{room}/messages?dir=b", None, jean.token))["chunk"]
            invitation = next(e for e in events if e["content"].get("membership") == "invite")
            signed = invitation["content"]["third_party_invite"]["signed"]
            assert signed["mxid"] == zoe.user_id
            key = house.world.keys["agent.prefectures.tchap.example.fr"]
            verify_json(signed, "agent.prefectures.tchap.example.fr", {key.key_id: key.public})
            reply = await house.call("GET", f"{V2}/pubkey/isvalid?public_key={quote(key.public, safe='')}")
            assert reply.body == {"valid": True}
            assert await house.ask("GET", f"{V2}/pubkey/{quote(key.key_id)}") == {"public_key": key.public}
            assert (await house.call("GET", f"{V2}/pubkey/ed25519:none")).status == 404

    asyncio.run(story())


def test_an_invitation_is_stored_and_answered_with_its_own_key(tmp_path: Path) -> None:
    """`store-invite` keeps an invitation for an address; who holds a key of it brings it to her account."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            room, token = await open_room(house, jean), await enter(house, jean)
            asked = {"medium": "email", "address": GUEST, "room_id": room, "sender": jean.user_id}
            kept = await house.ask("POST", f"{V2}/store-invite", asked, token)
            assert kept["display_name"] == "zo...@ca..."
            ephemeral = kept["public_keys"][1]["public_key"]
            where = f"{V2}/pubkey/ephemeral/isvalid?public_key="
            assert await house.ask("GET", where + quote(ephemeral, safe="")) == {"valid": True}
            assert await house.ask("GET", where + quote(kept["public_key"], safe="")) == {"valid": False}
            (mail,) = await house.ask("GET", f"/_tchap/mailbox.json?to={GUEST}")
            assert "vous invite" in mail["text"]

            # A server that keeps keys of its own names one of them in the room.
            own = nacl.signing.SigningKey(b"k" * 32)
            public = base64.b64encode(bytes(own.verify_key)).rstrip(b"=").decode()
            content = {"display_name": kept["display_name"], "public_key": public, "key_validity_url": "https://x"}
            path = f"{V3}/rooms/{room}/state/m.room.third_party_invite/{kept['token']}"
            await house.ask("PUT", path, content, jean.token)
            wish = {
                "mxid": helene.user_id,
                "token": kept["token"],
                "private_key": base64.b64encode(b"k" * 32).decode().rstrip("="),
            }
            signed = await house.ask("POST", f"{V2}/sign-ed25519", wish, await enter(house, helene))
            assert signed["sender"] == jean.user_id
            (signature,) = signed["signatures"]["agent.prefectures.tchap.example.fr"].values()
            assert is_signed_by(signed_bytes(signed), signature, public)
            for forged in ({**signed, "mxid": jean.user_id}, {**signed, "token": "x"}, {**signed, "signatures": {}}):
                reply = await house.call("POST", f"{V3}/join/{room}", {"third_party_signed": forged}, helene.token)
                assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            body = await house.ask("POST", f"{V3}/join/{room}", {"third_party_signed": signed}, helene.token)
            assert body == {"room_id": room}
            reply = await house.call("POST", f"{V2}/sign-ed25519", {**wish, "token": "x"}, token)
            assert (reply.status, reply.body["errcode"]) == (404, "M_UNRECOGNIZED")

    asyncio.run(story())


def test_who_may_not_invite_stores_no_invitation(tmp_path: Path) -> None:
    """Neither in somebody else's name, nor from outside, nor without the power, nor for who has an account."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            room = await open_room(house, jean)
            asked = {"medium": "email", "address": GUEST, "room_id": room, "sender": jean.user_id}
            theirs, mine = await enter(house, helene), await enter(house, jean)
            rows = (
                (asked, theirs, 403, "M_FORBIDDEN"),
                ({**asked, "sender": helene.user_id}, theirs, 403, "M_FORBIDDEN"),
                ({**asked, "medium": "msisdn"}, mine, 400, "M_UNRECOGNIZED"),
                ({**asked, "address": "a@b@c"}, mine, 400, "M_INVALID_EMAIL"),
                ({**asked, "address": HELENE}, mine, 400, "M_THREEPID_IN_USE"),
            )
            for body, token, status, errcode in rows:
                reply = await house.call("POST", f"{V2}/store-invite", body, token)
                assert (reply.status, reply.body["errcode"]) == (status, errcode), body
            await house.ask("POST", f"{V3}/rooms/{room}/invite", {"user_id": helene.user_id}, jean.token)
            await house.ask("POST", f"{V3}/rooms/{room}/join", {}, helene.token)
            body = {**asked, "sender": helene.user_id}
            assert (await house.call("POST", f"{V2}/store-invite", body, theirs)).status == 403

    asyncio.run(story())


def test_one_decides_whether_ones_address_is_looked_up(tmp_path: Path) -> None:
    """Unbound it is found no more; bound again by its code, it is. Only its owner may."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            token, theirs = await enter(house, jean), await enter(house, helene)
            threepid = {"medium": "email", "address": JEAN}
            for who, mxid in ((theirs, helene.user_id), (theirs, jean.user_id), (token, helene.user_id)):
                body = {"threepid": threepid, "mxid": mxid}
                assert (await house.call("POST", f"{V2}/3pid/unbind", body, who)).status == 403
            await house.ask("POST", f"{V2}/3pid/unbind", {"threepid": threepid, "mxid": jean.user_id}, token)
            assert await find(house, theirs, JEAN) == {}
            assert (await house.ask("GET", INFO + JEAN))["hs"] == "agent.prefectures.tchap.example.fr"

            wanted = {"client_secret": SECRET, "email": JEAN, "send_attempt": 1}
            sid = (await house.ask("POST", f"{V2}/validate/email/requestToken", wanted, token))["sid"]
            session = {"sid": sid, "client_secret": SECRET}
            query = f"?sid={quote(sid)}&client_secret={SECRET}"
            reply = await house.call("GET", f"{V2}/3pid/getValidated3pid{query}", None, token)
            assert (reply.status, reply.body["errcode"]) == (400, "M_SESSION_NOT_VALIDATED")
            code = await read_code(house, JEAN)
            page = await house.call("GET", f"{V2}/validate/email/submitToken{query}&token=000")
            assert page.status == 400
            page = await house.call("GET", f"{V2}/validate/email/submitToken{query}&token={code}")
            assert page.status == 200
            proven = await house.ask("GET", f"{V2}/3pid/getValidated3pid{query}", None, token)
            assert proven == {"medium": "email", "address": JEAN, "validated_at": house.clock.now}
            reply = await house.call("POST", f"{V2}/3pid/bind", {**session, "mxid": helene.user_id}, theirs)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            bound = await house.ask("POST", f"{V2}/3pid/bind", {**session, "mxid": jean.user_id}, token)
            key = house.world.keys["agent.prefectures.tchap.example.fr"]
            verify_json(bound, "agent.prefectures.tchap.example.fr", {key.key_id: key.public})
            assert await find(house, theirs, JEAN) == {JEAN: jean.user_id}
            house.clock.move(25 * 3600)
            reply = await house.call("POST", f"{V2}/3pid/bind", {**session, "mxid": jean.user_id}, token)
            assert (reply.status, reply.body["errcode"]) == (400, "M_SESSION_EXPIRED")
            reply = await house.call("POST", f"{V2}/3pid/bind", {**session, "sid": "x", "mxid": jean.user_id}, token)
            assert (reply.status, reply.body["errcode"]) == (404, "M_NO_VALID_SESSION")

    asyncio.run(story())


def test_where_an_address_belongs_is_told_to_all_and_who_was_invited_to_our_own_servers(tmp_path: Path) -> None:
    """`info` answers everybody; `internal-info` only the operator's networks, and never through a proxy."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            out = "agent.externe.tchap.example.fr"
            for address, hs in (
                (JEAN, "agent.prefectures.tchap.example.fr"),
                (GUEST, out),
                ("a@b@c", out),
                ("", out),
            ):
                assert await house.ask("GET", INFO + address) == {"hs": hs}
            inner = INFO.replace("/info", "/internal-info")
            unknown = {"hs": out, "invited": False, "requires_invite": True}
            assert await house.ask("GET", inner + GUEST) == unknown
            assert (await house.call("GET", inner + GUEST, x_forwarded_for="127.0.0.1")).status == 404
            jean = await person(house, JEAN)
            room = await open_room(house, jean)
            await house.ask("POST", f"{V3}/rooms/{room}/invite", {"medium": "email", "address": GUEST}, jean.token)
            assert await house.ask("GET", inner + GUEST) == {**unknown, "invited": True}
            known = {"hs": "agent.prefectures.tchap.example.fr", "invited": False, "requires_invite": False}
            assert await house.ask("GET", inner + JEAN) == known

    asyncio.run(story())
    config = '[identity]\ninternal_networks = ["10.9.0.0/16"]\n'

    async def elsewhere() -> None:
        async with open_house(tmp_path / "other", config) as house:
            inner = INFO.replace("/info", "/internal-info")
            assert (await house.call("GET", inner + GUEST)).status == 404

    asyncio.run(elsewhere())


async def set_term(tx: Tx, user_id: str, expires_ts: int) -> None:
    await tx.run("UPDATE accounts SET expires_ts = $1 WHERE user_id = $2", expires_ts, user_id)


def test_who_is_no_agent_any_more_asks_nothing(tmp_path: Path) -> None:
    """A locked account is unknown to the identity service, an expired one is told so, a closed one is found no more."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            token, theirs = await enter(house, jean), await enter(house, helene)
            store = house.world.store
            await store.write(accounts.set_locked, helene.user_id, house.clock.now)
            assert (await house.call("GET", f"{V2}/account", None, theirs)).status == 401
            await store.write(accounts.set_locked, helene.user_id, None)
            await store.write(set_term, helene.user_id, house.clock.now)
            reply = await house.call("GET", f"{V2}/account", None, theirs)
            assert (reply.status, reply.body["errcode"]) == (403, "ORG_MATRIX_EXPIRED_ACCOUNT")
            await deactivate(house.world, helene.user_id, False)
            assert (await house.call("GET", f"{V2}/account", None, theirs)).status == 401
            assert await find(house, token, HELENE, JEAN) == {JEAN: jean.user_id}

    asyncio.run(story())


def test_the_choice_not_to_be_looked_up_is_the_persons(tmp_path: Path) -> None:
    """It goes with her to another address and through a closed account; whoever has her former one chooses anew."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene, admin = await person(house, JEAN), await person(house, HELENE), await open_admin(house)
            token, theirs = await enter(house, jean), await enter(house, helene)
            threepid = {"medium": "email", "address": JEAN}
            await house.ask("POST", f"{V2}/3pid/unbind", {"threepid": threepid, "mxid": jean.user_id}, token)
            account = f"/_tchap/admin/v1/users/{quote(jean.user_id)}"
            new = "jean.dupont@prefecture.example.fr"
            await house.ask("PUT", f"{account}/email", {"email": new}, admin.token)
            assert await find(house, theirs, new) == {}
            await house.ask("POST", f"{account}/deactivate", {}, admin.token)
            await house.ask("POST", f"{account}/reactivate", {}, admin.token)
            assert await find(house, theirs, new) == {}
            await house.ask("POST", f"{account}/deactivate", {"erase": True}, admin.token)
            for address in (JEAN, new):
                heir = await person(house, address)
                assert await find(house, theirs, address) == {address: heir.user_id}
            assert await house.world.store.read(_count_unbound) == 0

    asyncio.run(story())


async def _count_unbound(tx: Tx) -> int:
    row = await tx.one("SELECT COUNT(*) FROM identity_unbound")
    return int(row[0]) if row is not None else 0


def test_a_suspended_agent_stores_no_invitation(tmp_path: Path) -> None:
    """Who may not write by the client API writes to nobody, and vouches for nobody, by the identity service either."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            room, token = await open_room(house, jean), await enter(house, jean)
            await house.ask("PUT", f"/_matrix/client/v1/admin/suspend/{jean.user_id}", {"suspended": True}, admin.token)
            asked = {"medium": "email", "address": GUEST, "room_id": room, "sender": jean.user_id}
            reply = await house.call("POST", f"{V2}/store-invite", asked, token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_USER_SUSPENDED")
            assert await house.ask("GET", f"/_tchap/mailbox.json?to={GUEST}") == []

    asyncio.run(story())


def test_an_invitation_kept_here_is_vouched_for_in_the_name_of_an_administration(tmp_path: Path) -> None:
    """Who looks after it sees the guest and answers for them; while it is suspended nobody is invited so either."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            office, jean = await open_office(house), await person(house, JEAN)
            room, token = await open_room(house, jean), await enter(house, jean)
            asked = {"medium": "email", "address": GUEST, "room_id": room, "sender": jean.user_id}
            await house.ask("POST", f"{V2}/store-invite", asked, token)
            of = f"{BASE}/prefecture-du-val-clair"
            (guest,) = (await house.ask("GET", f"{of}/externals", None, office.operator.token))["guests"]
            assert (guest["email"], guest["sponsor"]) == (GUEST, jean.user_id)
            await house.ask("PUT", f"{of}/suspended", {"suspended": True}, office.operator.token)
            reply = await house.call("POST", f"{V2}/store-invite", {**asked, "address": f"autre.{GUEST}"}, token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            assert await house.ask("GET", f"/_tchap/mailbox.json?to=autre.{GUEST}") == []

    asyncio.run(story())


def test_who_is_signed_out_everywhere_is_so_of_the_identity_service(tmp_path: Path) -> None:
    """A token that was stolen with a device invites nobody in its owner's name once she signed all of them out."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            path = f"{V3}/user/{quote(jean.user_id)}/openid/request_token"
            proof = await house.ask("POST", path, {}, jean.token)
            token = await enter(house, jean)
            await house.ask("POST", f"{V3}/logout/all", {}, jean.token)
            assert (await house.call("GET", f"{V2}/account", None, token)).status == 401
            assert (await house.call("POST", f"{V2}/account/register", proof)).status == 401

    asyncio.run(story())
