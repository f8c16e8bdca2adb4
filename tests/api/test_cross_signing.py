"""Cross-signing over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from tests.api.test_keys import JEAN, LEA, OPEN, publish
from tests.support.accounts import V3, Person, person, sign_in
from tests.support.house import PASSWORD, House, Reply, open_house
from tests.support.olm import Identity, cross_signing_key, device_keys, new_identity, new_pair

UPLOAD = f"{V3}/keys/device_signing/upload"
SIGN = f"{V3}/keys/signatures/upload"


async def query(house: House, reader: Person, owner: Person) -> Any:
    return await house.ask("POST", f"{V3}/keys/query", {"device_keys": {owner.user_id: []}}, reader.token)


async def confirm(house: House, who: Person, body: dict[str, Any]) -> Reply:
    """Sends the body again with the password, in the session the refusal opened."""
    asked = await house.call("POST", UPLOAD, body, who.token)
    assert asked.status == 401, asked
    identifier = {"type": "m.id.user", "user": who.user_id}
    auth = {
        "type": "m.login.password",
        "identifier": identifier,
        "password": PASSWORD,
        "session": asked.body["session"],
    }
    return await house.call("POST", UPLOAD, {**body, "auth": auth}, who.token)


async def set_up(house: House, who: Person) -> Identity:
    identity = new_identity(who.user_id)
    await house.ask("POST", UPLOAD, identity.upload(), who.token)
    return identity


def test_first_and_identical_keys_ask_for_nothing(tmp_path: Path) -> None:
    """The first upload and the same one again need no password; other keys do, and only then replace the first."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            first = await set_up(house, jean)
            await house.ask("POST", UPLOAD, first.upload(), jean.token)
            await house.ask("POST", UPLOAD, {"master_key": first.upload()["master_key"]}, jean.token)
            second = new_identity(jean.user_id)
            refused = await house.call("POST", UPLOAD, second.upload(), jean.token)
            assert refused.status == 401
            assert refused.body["flows"] == [{"stages": ["m.login.password"]}]
            assert first.master.key_id in (await query(house, jean, jean))["master_keys"][jean.user_id]["keys"]
            assert (await confirm(house, jean, second.upload())).status == 200
            assert second.master.key_id in (await query(house, jean, jean))["master_keys"][jean.user_id]["keys"]

    asyncio.run(story())


def test_keys_must_hang_from_the_master_key(tmp_path: Path) -> None:
    """A key without a master key, with a wrong signature, of another user or named like a device is refused."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            body = new_identity(jean.user_id).upload()
            stranger = new_identity(jean.user_id).upload()
            other = new_identity("@x:agent.hopitaux.tchap.example.fr").upload()
            cases = [
                ({"self_signing_key": body["self_signing_key"]}, 400, "M_MISSING_PARAM"),
                ({**body, "self_signing_key": stranger["self_signing_key"]}, 400, "M_INVALID_SIGNATURE"),
                ({"master_key": other["master_key"]}, 400, "M_INVALID_PARAM"),
                ({"master_key": {**body["master_key"], "usage": ["self_signing"]}}, 400, "M_INVALID_PARAM"),
                ({"master_key": {**body["master_key"], "keys": {}}}, 400, "M_INVALID_PARAM"),
            ]
            for sent, status, errcode in cases:
                reply = await house.call("POST", UPLOAD, sent, jean.token)
                assert (reply.status, reply.body["errcode"]) == (status, errcode)
            master = new_pair(jean.user_id)
            await sign_in(house, jean.user_id, device_id=master.public)
            named = {"master_key": cross_signing_key(master, "master")}
            reply = await house.call("POST", UPLOAD, named, jean.token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")

    asyncio.run(story())


def test_user_signing_keys_are_for_their_owner(tmp_path: Path) -> None:
    """Others see the master and self-signing keys, never the user-signing key."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            identity = await set_up(house, jean)
            own, others = await query(house, jean, jean), await query(house, lea, jean)
            assert own["user_signing_keys"][jean.user_id] == identity.upload()["user_signing_key"]
            assert others["user_signing_keys"] == {}
            for kind in ("master_keys", "self_signing_keys"):
                assert others[kind] == own[kind]

    asyncio.run(story())


def test_own_device_and_master_key_are_signed(tmp_path: Path) -> None:
    """A device signed by the self-signing key, and a master key signed by the device, are shown so to all."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            pair, identity = await publish(house, jean), await set_up(house, jean)
            signed_device = identity.self_signing.sign(device_keys(pair))
            signed_master = pair.sign(identity.upload()["master_key"])
            body = {jean.user_id: {jean.device_id: signed_device, identity.master.public: signed_master}}
            assert await house.ask("POST", SIGN, body, jean.token) == {"failures": {}}
            shown = await query(house, lea, jean)
            device = shown["device_keys"][jean.user_id][jean.device_id]
            assert device["signatures"] == signed_device["signatures"]
            assert shown["master_keys"][jean.user_id]["signatures"] == signed_master["signatures"]

    asyncio.run(story())


def test_only_the_signer_sees_a_user_signature(tmp_path: Path) -> None:
    """When Léa signs Jean's master key, Léa sees it and Jean does not."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            his, hers = await set_up(house, jean), await set_up(house, lea)
            signed = hers.user_signing.sign(his.upload()["master_key"])
            body = {jean.user_id: {his.master.public: signed}}
            assert await house.ask("POST", SIGN, body, lea.token) == {"failures": {}}
            seen = (await query(house, lea, jean))["master_keys"][jean.user_id]
            assert seen["signatures"][lea.user_id] == {
                hers.user_signing.key_id: signed["signatures"][lea.user_id][hers.user_signing.key_id]
            }
            assert "signatures" not in (await query(house, jean, jean))["master_keys"][jean.user_id]
            changes = await house.ask("GET", f"{V3}/keys/changes?from=s0_0&to=s1_0", token=lea.token)
            assert changes["changed"] == sorted([jean.user_id, lea.user_id])

    asyncio.run(story())


def test_bad_signatures_fail_one_by_one(tmp_path: Path) -> None:
    """Each bad signature is named with its reason, and the good one beside it is kept."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            phone = await sign_in(house, jean.user_id, device_id="PHONE")
            pair, other = await publish(house, jean), await publish(house, phone)
            identity, hers = await set_up(house, jean), await set_up(house, lea)
            good = identity.self_signing.sign(device_keys(pair))
            altered = {**identity.self_signing.sign(device_keys(other)), "algorithms": ["m.none"]}
            unsigned = identity.user_signing.sign(identity.upload()["master_key"])
            body = {
                jean.user_id: {jean.device_id: good, "PHONE": altered, "NOPE": good, identity.master.public: unsigned},
                lea.user_id: {hers.master.public: identity.self_signing.sign(hers.upload()["master_key"])},
            }
            failures = (await house.ask("POST", SIGN, body, jean.token))["failures"]
            codes = {who: {target: f["errcode"] for target, f in named.items()} for who, named in failures.items()}
            assert codes == {
                jean.user_id: {
                    "PHONE": "M_INVALID_PARAM",
                    "NOPE": "M_NOT_FOUND",
                    identity.master.public: "M_INVALID_SIGNATURE",
                },
                lea.user_id: {hers.master.public: "M_INVALID_SIGNATURE"},
            }
            shown = (await query(house, lea, jean))["device_keys"][jean.user_id]
            assert shown[jean.device_id]["signatures"] == good["signatures"]

    asyncio.run(story())


def test_a_new_self_signing_key_takes_its_signatures_away(tmp_path: Path) -> None:
    """What a replaced self-signing key had signed is no longer shown."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            pair, identity = await publish(house, jean), await set_up(house, jean)
            body = {jean.user_id: {jean.device_id: identity.self_signing.sign(device_keys(pair))}}
            assert await house.ask("POST", SIGN, body, jean.token) == {"failures": {}}
            assert (await confirm(house, jean, new_identity(jean.user_id).upload())).status == 200
            device = (await query(house, jean, jean))["device_keys"][jean.user_id][jean.device_id]
            assert device["signatures"] == device_keys(pair)["signatures"]

    asyncio.run(story())
