"""Events as values: made, read, named by their hash, measured, and shown to clients.

Source: "Event format" and "Event IDs" of the room versions; server-server API, "PDUs" and "Signing Events";
client-server API, "Size limits". A PDU is the JSON object servers exchange; `Event` is its frozen reading.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from tchap.base.encoding import unpadded_base64
from tchap.base.limits import MAX_AUTH_EVENTS, MAX_EVENT_BYTES, MAX_ID_BYTES, MAX_PREV_EVENTS
from tchap.protocol.canonical import MAX_INTEGER, encode_canonical, encode_lenient
from tchap.protocol.identifiers import is_user_id, server_of
from tchap.protocol.redaction import redact as redact
from tchap.protocol.room_versions import RoomVersion
from tchap.protocol.signing import SIGNATURE_CHARS, SigningKey, sign_json

# Room kept for a signature: the longest key id we make, its signature and the punctuation around them.
_KEY_ID_RESERVE = 32
_PUNCTUATION_RESERVE = 12
# What is not in the bytes hashed: "hashes":{"sha256":"<43 characters>"}, and "signatures":{},
_HASHES_BYTES = 66 + 16
# Depth until room version 5; from 6 on canonical JSON bounds it.
MAX_OLD_DEPTH = 2**63 - 1

Pdu = dict[str, Any]


class BadEvent(ValueError):
    """An event does not have the format of its room version."""


class EventTooLarge(BadEvent):
    """An event, or one of its fields, is over the size limit."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the laws read it; `state_key` is None for message events. Never change `content`."""

    event_id: str
    room_id: str
    type: str
    sender: str
    content: dict[str, Any]
    state_key: str | None = None
    origin_server_ts: int = 0
    depth: int = 0
    prev_events: tuple[str, ...] = ()
    auth_events: tuple[str, ...] = ()
    redacts: str | None = None
    hashes: dict[str, Any] = {}
    signatures: dict[str, Any] = {}
    unsigned: dict[str, Any] = {}


class EventFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the maker of an event decides.

    `room_id` is left empty for the create event of room version 12, `event_id` is given in versions 1 and 2 only,
    where `reference_hashes` (event id to base64 SHA-256) also completes `prev_events` and `auth_events`.
    """

    room_id: str
    type: str
    sender: str
    content: dict[str, Any]
    origin_server_ts: int
    depth: int
    prev_events: tuple[str, ...] = ()
    auth_events: tuple[str, ...] = ()
    state_key: str | None = None
    redacts: str | None = None
    event_id: str = ""
    reference_hashes: dict[str, str] = {}


class Built(NamedTuple):
    """An event and the PDU it stands for (not signed yet)."""

    event: Event
    pdu: Pdu


def build_event(version: RoomVersion, fields: EventFields) -> Built:
    """Makes an event: content hash, id, and checks of its size and fields. BadEvent when it cannot be lawful.

    Signing comes later (`sign_event`): an id does not depend on it.
    """
    pdu = _draft_pdu(version, fields)
    try:
        body = encode_canonical(pdu)
    except ValueError as error:
        raise BadEvent(str(error)) from error
    content_sha256 = unpadded_base64(hashlib.sha256(body).digest())
    pdu["hashes"] = {"sha256": content_sha256}
    event = _read(version, pdu, _own_id(version, pdu))
    check_fields(event)
    _check_total(len(body) + _HASHES_BYTES + signature_reserve(version, event))
    return Built(event, pdu)


def parse_pdu(version: RoomVersion, pdu: Mapping[str, Any]) -> Event:
    """Reads a PDU of another server: types and limits of its room version. Raises BadEvent.

    Neither its hash nor its signatures nor its rights are judged here.
    """
    _check_types(version, pdu)
    try:
        size = len(_encode(version, {key: value for key, value in pdu.items() if key != "unsigned"}))
        event = _read(version, pdu, _own_id(version, pdu))
    except ValueError as error:
        raise BadEvent(str(error)) from error
    check_fields(event)
    _check_total(size)
    return event


def content_hash(version: RoomVersion, pdu: Mapping[str, Any]) -> str:
    """Unpadded base64 SHA-256 of the whole event (server-server API, "Calculating the content hash")."""
    hashed = {key: value for key, value in pdu.items() if key not in ("unsigned", "signatures", "hashes")}
    return unpadded_base64(hashlib.sha256(_encode(version, hashed)).digest())


def has_right_hash(version: RoomVersion, pdu: Mapping[str, Any]) -> bool:
    """Whether the content hash is right; when it is not, only the redacted copy may be used."""
    hashes = pdu.get("hashes")
    stated = hashes.get("sha256") if isinstance(hashes, dict) else None
    return isinstance(stated, str) and stated.rstrip("=") == content_hash(version, pdu)


def reference_hash(version: RoomVersion, pdu: Mapping[str, Any]) -> bytes:
    """SHA-256 of what a redaction leaves (server-server API, "Calculating the reference hash for an event")."""
    redacted = redact(version, pdu)
    redacted.pop("signatures", None)
    redacted.pop("unsigned", None)
    return hashlib.sha256(_encode(version, redacted)).digest()


def event_id_of(version: RoomVersion, pdu: Mapping[str, Any]) -> str:
    """The event's id: given until version 2, the reference hash from version 3 on."""
    return _own_id(version, pdu)


def room_id_of_create(event_id: str) -> str:
    """Room version 12: the room's id is the create event's, with the sigil of rooms."""
    return "!" + event_id[1:]


def sign_event(version: RoomVersion, pdu: Pdu, name: str, key: SigningKey) -> Pdu:
    """The PDU with one more signature, made over its redacted form (server-server API, "Signing Events")."""
    signed = sign_json(redact(version, pdu), name, key)
    return {**pdu, "signatures": signed["signatures"]}


def signers_due(version: RoomVersion, event: Event) -> frozenset[str]:
    """The servers whose signatures an event must carry to be accepted."""
    names = {server_of(event.sender)}
    if version.event_ids == "given":
        names.add(server_of(event.event_id))
    authoriser = event.content.get("join_authorised_via_users_server") if event.type == "m.room.member" else None
    if version.allows_restricted and isinstance(authoriser, str):
        names.add(server_of(authoriser))
    return frozenset(names)


def signature_reserve(version: RoomVersion, event: Event) -> int:
    """The bytes to keep free for every signature due."""
    names = signers_due(version, event)
    return sum(len(name) + SIGNATURE_CHARS + _KEY_ID_RESERVE + _PUNCTUATION_RESERVE for name in names)


def check_size(version: RoomVersion, pdu: Mapping[str, Any]) -> None:
    """Raises EventTooLarge when the federation format, canonical and with its signatures, is over 65,536 bytes."""
    _check_total(len(_encode(version, {key: value for key, value in pdu.items() if key != "unsigned"})))


def check_fields(event: Event) -> None:
    """Raises EventTooLarge when an identifier or key is over 255 bytes (client-server API, "Size limits")."""
    for name in ("sender", "room_id", "state_key", "type", "event_id"):
        value: str | None = getattr(event, name)
        # UTF-8 takes at most four bytes a character, so most fields need no encoding to be judged.
        if value is not None and len(value) * 4 > MAX_ID_BYTES and len(value.encode()) > MAX_ID_BYTES:
            raise EventTooLarge(f"{name} is over {MAX_ID_BYTES} bytes")


def client_format(event: Event) -> dict[str, Any]:
    """The event as clients see it, without `unsigned` (client-server API, "Room event format").

    `redacts` stands at both places whatever the room version, for older and newer clients (room version 11).
    """
    content = event.content
    if event.type == "m.room.redaction" and event.redacts is not None and "redacts" not in content:
        content = {**content, "redacts": event.redacts}
    shown: dict[str, Any] = {
        "content": content,
        "event_id": event.event_id,
        "origin_server_ts": event.origin_server_ts,
        "room_id": event.room_id,
        "sender": event.sender,
        "type": event.type,
    }
    if event.state_key is not None:
        shown["state_key"] = event.state_key
    if event.type == "m.room.redaction" and event.redacts is not None:
        shown["redacts"] = event.redacts
    return shown


def stripped_format(event: Event) -> dict[str, Any]:
    """Stripped state for people invited or knocking (client-server API, "Stripped state")."""
    return {"content": event.content, "sender": event.sender, "state_key": event.state_key, "type": event.type}


def _draft_pdu(version: RoomVersion, fields: EventFields) -> Pdu:
    pdu: Pdu = {
        "auth_events": _references(version, fields.auth_events, fields.reference_hashes),
        "content": fields.content,
        "depth": min(fields.depth, MAX_INTEGER),
        "origin_server_ts": fields.origin_server_ts,
        "prev_events": _references(version, fields.prev_events, fields.reference_hashes),
        "sender": fields.sender,
        "type": fields.type,
    }
    is_nameless = version.room_id_is_hash and fields.type == "m.room.create"
    if not is_nameless:
        pdu["room_id"] = fields.room_id
    if fields.state_key is not None:
        pdu["state_key"] = fields.state_key
    if version.event_ids == "given":
        pdu["event_id"] = fields.event_id
    if fields.redacts is not None:
        _set_redacts(version, pdu, fields.redacts)
    return pdu


def _set_redacts(version: RoomVersion, pdu: Pdu, redacts: str) -> None:
    """Room version 11 moved `redacts` into the content."""
    if version.redacts_in_content:
        pdu["content"] = {**pdu["content"], "redacts": redacts}
    else:
        pdu["redacts"] = redacts


def _references(version: RoomVersion, ids: tuple[str, ...], hashes: Mapping[str, str]) -> list[Any]:
    """Plain ids, or pairs of id and hash in room versions 1 and 2."""
    if version.event_ids != "given":
        return list(ids)
    return [[event_id, {"sha256": hashes[event_id]} if event_id in hashes else {}] for event_id in ids]


def _own_id(version: RoomVersion, pdu: Mapping[str, Any]) -> str:
    if version.event_ids == "given":
        return str(pdu["event_id"])
    digest = reference_hash(version, pdu)
    return "$" + (unpadded_base64(digest) if version.event_ids == "base64" else _url_base64(digest))


def _read(version: RoomVersion, pdu: Mapping[str, Any], event_id: str) -> Event:
    content = pdu["content"]
    redacts = content.get("redacts") if version.redacts_in_content else pdu.get("redacts")
    return Event(
        event_id=event_id,
        room_id=pdu["room_id"] if "room_id" in pdu else room_id_of_create(event_id),
        type=pdu["type"],
        sender=pdu["sender"],
        content=content,
        state_key=pdu.get("state_key"),
        origin_server_ts=pdu["origin_server_ts"],
        depth=pdu["depth"],
        prev_events=_ids_of(version, pdu["prev_events"]),
        auth_events=_ids_of(version, pdu["auth_events"]),
        redacts=redacts if pdu["type"] == "m.room.redaction" and isinstance(redacts, str) else None,
        hashes=pdu["hashes"],
        signatures=pdu.get("signatures", {}),
        unsigned=pdu.get("unsigned", {}),
    )


def _ids_of(version: RoomVersion, references: list[Any]) -> tuple[str, ...]:
    if version.event_ids != "given":
        return tuple(references)
    return tuple(reference[0] for reference in references)


def _check_types(version: RoomVersion, pdu: Mapping[str, Any]) -> None:
    """The types of "Event format"; a bool is never an integer."""
    for name, kind in _KINDS.items():
        if type(pdu.get(name)) is not kind:
            raise BadEvent(f"{name} is missing or of a wrong type")
    for name, kind in _OPTIONAL_KINDS.items():
        if name in pdu and type(pdu[name]) is not kind:
            raise BadEvent(f"{name} is of a wrong type")
    is_nameless = version.room_id_is_hash and pdu["type"] == "m.room.create"
    # Room version 12, rule 1.2 judges a create event that has a room id; here only a missing one is bad format.
    if not is_nameless and "room_id" not in pdu:
        raise BadEvent("room_id is missing")
    if version.event_ids == "given" and "event_id" not in pdu:
        raise BadEvent("event_id is missing")
    if not 0 <= pdu["depth"] <= (MAX_INTEGER if version.strict_json else MAX_OLD_DEPTH):
        raise BadEvent("depth is out of range")
    if not is_user_id(pdu["sender"]):
        raise BadEvent("sender is no user id")
    _check_references(version, "prev_events", pdu["prev_events"], MAX_PREV_EVENTS)
    _check_references(version, "auth_events", pdu["auth_events"], MAX_AUTH_EVENTS)


_KINDS: Mapping[str, type] = {
    "sender": str,
    "type": str,
    "content": dict,
    "depth": int,
    "origin_server_ts": int,
    "hashes": dict,
    "signatures": dict,
    "prev_events": list,
    "auth_events": list,
}
_OPTIONAL_KINDS: Mapping[str, type] = {"room_id": str, "state_key": str, "event_id": str, "unsigned": dict}


def _check_references(version: RoomVersion, name: str, references: list[Any], most: int) -> None:
    if len(references) > most:
        raise BadEvent(f"{name} holds more than {most} events")
    for reference in references:
        if not isinstance(_cited_id(version, reference), str):
            raise BadEvent(f"{name} holds something that is no event")


def _cited_id(version: RoomVersion, reference: object) -> object:
    if version.event_ids != "given":
        return reference
    return reference[0] if isinstance(reference, list) and len(reference) == 2 else None


def _check_total(size: int) -> None:
    if size > MAX_EVENT_BYTES:
        raise EventTooLarge(f"the event is over {MAX_EVENT_BYTES} bytes")


def _encode(version: RoomVersion, value: object) -> bytes:
    return encode_canonical(value) if version.strict_json else encode_lenient(value)


def _url_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
