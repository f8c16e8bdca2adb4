"""Matrix identifiers: users, rooms, events, aliases, servers, media.

Source: appendices, "Identifier Grammar". Every `parse_` returns a frozen value or raises ValueError.
Identifiers are opaque and case-sensitive: nothing here changes a character.
"""

import re
from dataclasses import dataclass

from tchap.base.limits import MAX_ID_BYTES

_SERVER_NAME = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,255})(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_FOUR_NUMBERS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", re.ASCII)
_NEW_LOCALPART = re.compile(r"[a-z0-9._=/+-]+", re.ASCII)
_HASH = re.compile(r"[A-Za-z0-9_+/-]+", re.ASCII)
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_NAMESPACED = re.compile(r"[a-z][a-z0-9_.-]{0,254}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ServerName:
    """A server's name: `host` keeps the brackets of an IPv6 literal, `port` is None when none was written."""

    text: str
    host: str
    port: int | None


@dataclass(frozen=True, slots=True)
class UserId:
    text: str
    localpart: str
    server: str


@dataclass(frozen=True, slots=True)
class RoomId:
    """`server` is None for rooms of version 12 and later, whose id is the hash of their create event."""

    text: str
    opaque: str
    server: str | None


@dataclass(frozen=True, slots=True)
class RoomAlias:
    text: str
    localpart: str
    server: str


@dataclass(frozen=True, slots=True)
class EventId:
    """`server` is None from room version 3 on, where the id is the event's reference hash."""

    text: str
    opaque: str
    server: str | None


@dataclass(frozen=True, slots=True)
class MediaUri:
    """The two parts of `mxc://server/media_id`."""

    server: str
    media_id: str


def server_of(identifier: str) -> str:
    """The server name of an identifier already known to be well formed, "" when it has none.

    Localparts never hold a colon, so the first one always starts the server name.
    """
    return identifier.partition(":")[2]


def localpart_of(identifier: str) -> str:
    """What stands between the sigil and the first colon."""
    return identifier.partition(":")[0][1:]


def parse_server_name(text: str) -> ServerName:
    """Appendices, "Server Name"."""
    match = _SERVER_NAME.fullmatch(text)
    if match is None:
        raise ValueError("not a server name")
    host, port = match["host"], match["port"]
    # An all-numeric dotted quad is an IPv4 literal, and its numbers stay within a byte.
    if _FOUR_NUMBERS.fullmatch(host) and any(int(number) > 255 for number in host.split(".")):
        raise ValueError("not a server name: an IPv4 number is above 255")
    return ServerName(text, host, int(port) if port else None)


def parse_user_id(text: str) -> UserId:
    """A user id as it may be received: the historical character set is accepted (appendices, "Historical User IDs")."""
    localpart, server = _split(text, "@")
    return UserId(text, localpart, server)


def parse_new_user_id(text: str) -> UserId:
    """A user id this server may create: the strict grammar (appendices, "User Identifiers")."""
    user = parse_user_id(text)
    if not _NEW_LOCALPART.fullmatch(user.localpart):
        raise ValueError("a user id holds only a-z, 0-9 and . _ = - / +")
    return user


def is_user_id(value: object) -> bool:
    """Whether a value is a user id as it may be received."""
    if not isinstance(value, str):
        return False
    try:
        parse_user_id(value)
    except ValueError:
        return False
    return True


def is_compliant_user_id(value: object) -> bool:
    """Whether clients may be told of this user id outside an event (appendices, "Historical User IDs")."""
    if not isinstance(value, str) or not is_user_id(value):
        return False
    localpart = localpart_of(value)
    return localpart != "" and all("\x21" <= char <= "\x7e" for char in localpart)


def parse_room_id(text: str) -> RoomId:
    """Appendices, "Room IDs": with a domain, or from room version 12 on a bare hash."""
    if ":" in text:
        return RoomId(text, *_split(text, "!"))
    return RoomId(text, _parse_hash(text, "!"), None)


def parse_event_id(text: str) -> EventId:
    """Appendices, "Event IDs": with a domain in room versions 1 and 2, else a bare hash."""
    if ":" in text:
        return EventId(text, *_split(text, "$"))
    return EventId(text, _parse_hash(text, "$"), None)


def parse_room_alias(text: str) -> RoomAlias:
    """Appendices, "Room Aliases"."""
    return RoomAlias(text, *_split(text, "#"))


def parse_mxc(text: str) -> MediaUri:
    """Client-server API, "Matrix Content (mxc://) URIs": a media id holds only letters, digits, `_` and `-`."""
    scheme, _, rest = text.partition("://")
    server, _, media_id = rest.partition("/")
    if scheme != "mxc" or not _MEDIA_ID.fullmatch(media_id) or len(media_id) > MAX_ID_BYTES:
        raise ValueError("not a media address")
    return MediaUri(parse_server_name(server).text, media_id)


def is_namespaced(text: str) -> bool:
    """Appendices, "Common Namespaced Identifier Grammar"."""
    return _NAMESPACED.fullmatch(text) is not None


def map_to_localpart(text: str) -> str:
    """A lawful localpart for any text (appendices, "Mapping from other character sets")."""
    return "".join(_map_byte(byte) for byte in text.encode())


def _map_byte(byte: int) -> str:
    char = chr(byte).lower() if byte < 0x80 else ""
    return char if char and char != "=" and _NEW_LOCALPART.fullmatch(char) else f"={byte:02x}"


def _split(text: str, sigil: str) -> tuple[str, str]:
    _check_length(text, sigil)
    localpart, colon, server = text[1:].partition(":")
    if not colon or "\0" in localpart:
        raise ValueError(f"an identifier looks like {sigil}name:server")
    return localpart, parse_server_name(server).text


def _parse_hash(text: str, sigil: str) -> str:
    _check_length(text, sigil)
    if not _HASH.fullmatch(text, 1):
        raise ValueError(f"an identifier without a server is {sigil} and a base64 hash")
    return text[1:]


def _check_length(text: str, sigil: str) -> None:
    if not text.startswith(sigil):
        raise ValueError(f"an identifier of this kind begins with {sigil}")
    # encode() also refuses lone surrogates, which no identifier may hold.
    if len(text.encode()) > MAX_ID_BYTES:
        raise ValueError(f"an identifier holds at most {MAX_ID_BYTES} bytes")
