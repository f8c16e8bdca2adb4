"""The law of Tchap beside its rooms, row by row: who asks what, and what they are answered.

Agents, an external, an operator and somebody whose account has expired ask the same server; rooms have their own rows
(`tests/support/room_rows.py`), files theirs (`tests/policy/test_attachments.py`). `docs/law.md` leads from each rule to
its rows.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tchap.storage.database import Tx
from tests.support.accounts import V3, Person, person
from tests.support.house import House, open_house
from tests.support.paths import quote

AGENT, OTHER, GUEST, OPERATOR, EXPIRED, NOBODY = "agent", "other", "guest", "operator", "expired", "nobody"
EVERYBODY = (AGENT, GUEST, OPERATOR)
SEND_MAIL = "/_synapse/client/email_account_validity/send_mail"
SEND_MAIL_WEB = "/_matrix/client/unstable/account_validity/send_mail"
RENEW = "/_synapse/client/email_account_validity/renew"
RENEW_OLD = "/_matrix/client/unstable/account_validity/renew"
ADMIN = "/_synapse/client/email_account_validity/admin"
ADMIN_OLD = "/_synapse/admin/v1/account_validity/validity"
INFO = "/_matrix/identity/api/v1/info?medium=email&address="
V2 = "/_matrix/identity/v2"
USERS_INFO = "/_matrix/client/unstable/users/info"
PREFECTURES, EXTERNALS = "agent.prefectures.tchap.example.fr", "agent.externe.tchap.example.fr"
POLICY = {
    "m.minimum_length": 12,
    "m.require_digit": True,
    "m.require_symbol": True,
    "m.require_lowercase": True,
    "m.require_uppercase": True,
}
FORUM = {"visibility": "public", "preset": "public_chat", "name": "Forum"}
DIRECT = {"preset": "trusted_private_chat", "is_direct": True}


@dataclass(frozen=True)
class Row:
    """What `who` asks, `<role>` in it being somebody's id; the status, the errcode, and a part of the body."""

    who: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    status: int = 200
    errcode: str | None = None
    holds: dict[str, Any] = field(default_factory=dict)


def refused(who: str, method: str, path: str, body: dict[str, Any] | None = None, code: str = "M_FORBIDDEN") -> Row:
    return Row(who, method, path, body, 403, code)


def _code_for(address: str, status: int = 200, errcode: str | None = None) -> Row:
    wanted = {"client_secret": "s", "email": address, "send_attempt": 1}
    return Row(NOBODY, "POST", f"{V3}/register/email/requestToken", wanted, status, errcode)


WHERE = [
    Row(NOBODY, "GET", INFO + "nouveau@prefecture.example.fr", holds={"hs": PREFECTURES}),
    Row(NOBODY, "GET", INFO + "jean.martin@prefecture.example.fr", holds={"hs": PREFECTURES}),
    Row(NOBODY, "GET", INFO + "testeur@gmail.example", holds={"hs": EXTERNALS}),
    Row(NOBODY, "GET", INFO + "pas-une-adresse", holds={"hs": EXTERNALS}),
    Row(NOBODY, "GET", INFO.replace("/info", "/internal-info") + "testeur@gmail.example", holds={"invited": False}),
    Row(NOBODY, "GET", "/_matrix/client/r0/password_policy", holds=POLICY),
    _code_for("nouveau@prefecture.example.fr"),
    _code_for("testeur@gmail.example", 403, "M_FORBIDDEN"),
    _code_for("a@evil.example@prefecture.example.fr", 400, "M_INVALID_EMAIL"),
]
NAMES = [
    *(
        refused(who, "PUT", f"{V3}/profile/<{who}>/displayname", {"displayname": "Le Président [Élysée]"})
        for who in EVERYBODY
    ),
    *(refused(who, "POST", f"{V3}/account/3pid/add", {"sid": "x", "client_secret": "s"}) for who in EVERYBODY),
    *(Row(who, "PUT", f"{V3}/profile/<{who}>/avatar_url", {"avatar_url": ""}) for who in EVERYBODY),
]
LIFE = [
    *(Row(who, "POST", path, {}) for who in (AGENT, EXPIRED) for path in (SEND_MAIL,)),
    *(refused(GUEST, "POST", path, {}) for path in (SEND_MAIL, SEND_MAIL_WEB)),
    *(Row(NOBODY, "POST", path, {}, 401, "M_MISSING_TOKEN") for path in (SEND_MAIL, SEND_MAIL_WEB)),
    *(Row(NOBODY, "GET", f"{path}?token=x", status=400) for path in (RENEW, RENEW_OLD)),
    *(refused(who, "POST", path, {"user_id": "<other>"}) for who in (AGENT, GUEST) for path in (ADMIN, ADMIN_OLD)),
    *(Row(OPERATOR, "POST", path, {"user_id": "<other>", "expiration_ts": 2**41}) for path in (ADMIN, ADMIN_OLD)),
    refused(EXPIRED, "GET", f"{V3}/profile/<expired>", code="ORG_MATRIX_EXPIRED_ACCOUNT"),
    refused(EXPIRED, "GET", f"{V3}/sync", code="ORG_MATRIX_EXPIRED_ACCOUNT"),
    refused(EXPIRED, "POST", f"{V3}/createRoom", {}, "ORG_MATRIX_EXPIRED_ACCOUNT"),
    Row(
        AGENT,
        "POST",
        USERS_INFO,
        {"user_ids": ["<expired>", "<other>"]},
        holds={
            "<expired>": {"expired": True, "deactivated": False},
            "<other>": {"expired": False, "deactivated": False},
        },
    ),
    Row(AGENT, "GET", "/_matrix/client/r0/user/<expired>/info", holds={"expired": True, "deactivated": False}),
]
DIRECTORY = [
    *(Row(who, "POST", f"{V3}/user_directory/search", {"search_term": "lefevre"}) for who in (AGENT, OPERATOR)),
    Row(GUEST, "POST", f"{V3}/user_directory/search", {"search_term": "lefevre"}, holds={"results": []}),
    *(
        Row(who, "PUT", f"{V3}/user/<{who}>/account_data/im.vector.hide_profile", {"hide_profile": False})
        for who in EVERYBODY
    ),
    Row(GUEST, "GET", f"{V3}/publicRooms", holds={"chunk": []}),
    Row(GUEST, "GET", f"{V3}/profile/<other>", status=404, errcode="M_NOT_FOUND"),
]
GUESTS = [
    refused(GUEST, "POST", f"{V3}/createRoom", {}),
    refused(GUEST, "POST", f"{V3}/createRoom", FORUM),
    refused(GUEST, "POST", f"{V3}/createRoom", {**DIRECT, "invite": ["<agent>"]}),
    refused(GUEST, "POST", f"{V3}/createRoom", {"creation_content": {"type": "m.space"}}),
    refused(AGENT, "POST", f"{V3}/createRoom", {**DIRECT, "invite": ["<guest>"]}),
    refused(GUEST, "PUT", "/_tchap/v1/externals/ami@ailleurs.example", {}),
    refused(AGENT, "PUT", "/_tchap/v1/externals/helene.lefevre@hopital.example.fr", {}),
    Row(AGENT, "PUT", "/_tchap/v1/externals/ami@ailleurs.example", {}),
    Row(AGENT, "DELETE", "/_tchap/v1/externals/ami@ailleurs.example"),
    Row(AGENT, "DELETE", "/_tchap/v1/externals/ami@ailleurs.example", None, 404, "M_NOT_FOUND"),
]
_OPERATED = ("administrations", "audit", "reports", "deletions", "bug_reports")
OPERATING = [
    *(refused(who, "GET", f"/_tchap/admin/v1/{what}") for who in (AGENT, GUEST) for what in _OPERATED),
    *(Row(OPERATOR, "GET", f"/_tchap/admin/v1/{what}") for what in _OPERATED),
    refused(EXPIRED, "GET", "/_tchap/admin/v1/audit", code="ORG_MATRIX_EXPIRED_ACCOUNT"),
    Row(NOBODY, "GET", "/_tchap/admin/v1/audit", None, 401, "M_MISSING_TOKEN"),
]
IDENTITY = [
    Row(NOBODY, "GET", V2),
    Row(NOBODY, "GET", f"{V2}/terms"),
    Row(NOBODY, "GET", f"{V2}/hash_details", None, 401, "M_UNAUTHORIZED"),
    # A token of the client API is none of the identity service's.
    *(Row(who, "GET", f"{V2}/account", None, 401, "M_UNAUTHORIZED") for who in EVERYBODY),
    *(Row(who, "POST", f"{V2}/store-invite", {}, 401, "M_UNAUTHORIZED") for who in EVERYBODY),
]
TABLE = {
    "where an address belongs": WHERE,
    "names and addresses are the administration's": NAMES,
    "the life of accounts": LIFE,
    "the directory": DIRECTORY,
    "guests from outside": GUESTS,
    "operators alone": OPERATING,
    "the identity service": IDENTITY,
}


async def _grant(tx: Tx, operator: str, expired: str, now_ms: int) -> None:
    await tx.run("UPDATE accounts SET is_admin = 1 WHERE user_id = $1", operator)
    await tx.run("UPDATE accounts SET expires_ts = $2 WHERE user_id = $1", expired, now_ms)


async def gather(house: House) -> dict[str, Person]:
    """One of each kind; the guest was invited by the agent."""
    people = {
        AGENT: await person(house, "jean.martin@prefecture.example.fr"),
        OTHER: await person(house, "helene.lefevre@hopital.example.fr"),
        OPERATOR: await person(house, "anne.robin@prefecture.example.fr"),
        EXPIRED: await person(house, "paul.simon@prefecture.example.fr"),
    }
    token = people[AGENT].token
    rule = {"type": "im.vector.room.access_rules", "state_key": "", "content": {"rule": "unrestricted"}}
    room = (await house.ask("POST", f"{V3}/createRoom", {"initial_state": [rule]}, token))["room_id"]
    invited = {"medium": "email", "address": "zoe.petit@cabinet.example"}
    await house.ask("POST", f"{V3}/rooms/{room}/invite", invited, token)
    people[GUEST] = await person(house, "zoe.petit@cabinet.example")
    await house.world.store.write(_grant, people[OPERATOR].user_id, people[EXPIRED].user_id, house.clock.now)
    for each in people.values():
        house.world.live.tokens.forget_user(each.user_id)
    return people


def _told(value: Any, people: dict[str, Person], is_path: bool = False) -> Any:
    """The value with ids in place of the roles."""
    if isinstance(value, dict):
        return {_told(key, people): _told(each, people) for key, each in value.items()}
    if isinstance(value, list):
        return [_told(each, people) for each in value]
    if not isinstance(value, str):
        return value
    for role, someone in people.items():
        value = value.replace(f"<{role}>", quote(someone.user_id) if is_path else someone.user_id)
    return value


@pytest.mark.parametrize("name", TABLE)
def test_each_row_is_answered(tmp_path: Path, name: str) -> None:
    """Each row of the table is answered with its status, its errcode and, in French, with a sentence."""

    async def story() -> None:
        async with open_house(tmp_path, "[rate_limits]\nenabled = false\n") as house:
            people = await gather(house)
            for row in TABLE[name]:
                token = people[row.who].token if row.who in people else None
                path, body = _told(row.path, people, is_path=True), _told(row.body, people)
                reply = await house.call(row.method, path, body, token, accept_language="fr")
                assert reply.status == row.status, (row, reply.status, reply.body)
                for key, value in _told(row.holds, people).items():
                    assert reply.body[key] == value, (row, reply.body)
                if row.errcode is not None:
                    assert reply.body["errcode"] == row.errcode, (row, reply.body)
                    assert len(reply.body["error"]) > 10, row

    asyncio.run(story())
