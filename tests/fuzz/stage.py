"""Where the fuzz plays: people of two or three kinds, a room of theirs, and the things that exist around them."""

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.support.client import PASSWORD, V3, Client

# Of each story; more for a long run.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "6"))
CHEAP_HASH = "[password]\nhash_time_cost = 1\nhash_memory_kib = 64\n"
SHARED_SECRET = "a-secret-of-the-fuzz"
WITH_ADMINISTRATORS = f'[test]\nshared_secret = "{SHARED_SECRET}"\n'


@dataclass(slots=True)
class Stage:
    """People and things of one operation's story, so that it does not depend on the others'.

    `known` are values by the name of the parameter they would be given in; `kinds` are ids by their first letter.
    """

    people: dict[str, Client]
    known: dict[str, list[Any]]
    kinds: dict[str, str]

    def close(self) -> None:
        for person in self.people.values():
            person.close()


def set_stage(url: str, number: int) -> Stage:
    """A plain Matrix server: an agent with a public room, somebody who is in no room, and an administrator."""
    agent = Client(url).register(f"agent{number}")
    room = agent.create_room(preset="public_chat", room_alias_name=f"forum{number}", name="Forum")
    stage = _furnish(agent, Client(url).register(f"solitaire{number}"), room, number)
    administrator = stage.people["administrator"] = sign_up_administrator(url, number)
    stage.known["userId"].append(administrator.user_id)
    return stage


# The room is made in clear: what is fuzzed is what the server reads.
IN_CLEAR: dict[str, Any] = {
    "type": "im.vector.room.access_rules",
    "state_key": "",
    "content": {"rule": "restricted", "visibility": "private", "force_unencrypted_at_creation": True},
}


def set_lawful_stage(url: str, number: int) -> Stage:
    """Under the rules of Tchap: an agent with a private room open to externals, and an external invited to it."""
    agent = sign_up_agent(url, number)
    address = f"invite{number}@cabinet.example"
    rule = {**IN_CLEAR, "content": {**IN_CLEAR["content"], "rule": "unrestricted"}}
    invited = {"medium": "email", "address": address, "id_server": "x", "id_access_token": "x"}
    room = agent.create_room(preset="private_chat", name="Cellule", initial_state=[rule], invite_3pid=[invited])
    return _furnish(agent, Client(url).register_by_email(address), room, number)


def _furnish(agent: Client, other: Client, room: str, number: int) -> Stage:
    """A message, a file, a filter and a key backup of the agent's, all known by the name they are asked for by."""
    server = agent.user_id.partition(":")[2]
    alias = f"#forum{number}:{server}"
    event = agent.send(room, "bonjour", "1")
    known = _PLAIN | _made_by(agent) | {name: [agent.sync()["next_batch"]] for name in ("since", "from", "to")}
    known |= {"roomId": [room], "room_id": [room], "roomIdOrAlias": [room, alias], "roomAlias": [alias]}
    known |= {"eventId": [event], "userId": [agent.user_id, agent.user_id, other.user_id], "serverName": [server]}
    known |= {"user_id": [other.user_id, agent.user_id], "user": [agent.user_id], "auth": _ways_in(agent)}
    kinds = {"@": agent.user_id, "!": room, "#": alias, "$": event}
    return Stage({"agent": agent, "other": other}, known, kinds)


def sign_up_passer_by(url: str, number: int) -> Client:
    return Client(url).register(f"passant{number}")


def sign_up_administrator(url: str, number: int) -> Client:
    """An account made with the shared secret of the test profile."""
    path, name = "/_synapse/admin/v1/register", f"administratrice{number}"
    door = Client(url)
    nonce = door.ask("GET", path)["nonce"]
    mac = hmac.new(SHARED_SECRET.encode(), "\0".join((nonce, name, PASSWORD, "admin")).encode(), hashlib.sha1)
    fields = {"nonce": nonce, "username": name, "password": PASSWORD, "admin": True, "mac": mac.hexdigest()}
    made = door.ask("POST", path, fields)
    door.close()
    administrator = Client(url, made["access_token"], made["user_id"])
    administrator.device_id = made["device_id"]
    return administrator


def sign_up_agent(url: str, number: int) -> Client:
    return Client(url).register_by_email(f"agent.{number}@prefecture.example.fr")


def _made_by(agent: Client) -> dict[str, list[Any]]:
    login = {"type": "m.login.password", "identifier": _identifier(agent), "password": PASSWORD, "refresh_token": True}
    backup = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": "abcdefg"}}
    uri = agent.ask("POST", "/_matrix/media/v3/upload", "un texte", filename="note.txt")["content_uri"]
    filter_id = agent.ask("POST", f"{V3}/user/{quote(agent.user_id)}/filter", {})["filter_id"]
    return {
        "filterId": [filter_id],
        "filter": [filter_id, '{"room": {"timeline": {"limit": 5}}, "types": ["m.room.message"]}'],
        "version": [agent.ask("POST", f"{V3}/room_keys/version", backup)["version"]],
        "refresh_token": [agent.ask("POST", f"{V3}/login", login)["refresh_token"]],
        "mediaId": [str(uri).rpartition("/")[2]],
        "deviceId": [agent.device_id],
        "device_id": [agent.device_id],
    }


def _ways_in(person: Client) -> list[dict[str, Any]]:
    return [{"type": "m.login.password", "identifier": _identifier(person), "password": PASSWORD}, _DUMMY]


def _identifier(person: Client) -> dict[str, str]:
    return {"type": "m.id.user", "user": person.user_id}


_DUMMY = {"type": "m.login.dummy"}
_PLAIN: dict[str, list[Any]] = {
    "eventType": ["m.room.message", "m.room.topic", "m.room.member", "m.room.power_levels", "org.example.note"],
    "stateKey": ["", "autre"],
    "type": ["m.direct", "org.example.data", "m.push_rules", "m.login.password"],
    "kind": ["override", "content", "room", "sender", "underride"],
    "ruleId": [".m.rule.master", "essai"],
    "before": [".m.rule.master"],
    "receiptType": ["m.read", "m.read.private", "m.fully_read"],
    "keyName": ["displayname", "avatar_url", "org.example.field"],
    "relType": ["m.thread", "m.annotation"],
    "tag": ["m.favourite", "u.dossier"],
    "password": [PASSWORD],
    "new_password": [PASSWORD],
}
