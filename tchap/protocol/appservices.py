"""Application services: what their registrations say and what they are interested in.

Source: application-service API, "Registration", "Pushing events".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tchap.base import limits
from tchap.protocol.identifiers import server_of

# Whether its messages enter encrypted rooms in clear, for a bridge that cannot encrypt.
MAY_SEND_CLEAR = "io.tchap.may_send_clear"


class BadRegistration(ValueError):
    """The registration cannot be used; the message says which field and why."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A family of ids; in an exclusive one nobody else makes or removes anything."""

    pattern: re.Pattern[str]
    is_exclusive: bool


@dataclass(frozen=True, slots=True)
class AppService:
    """One registration. ``sender`` is the service's own user id; ``instances`` are the server names hosted here."""

    id: str
    url: str | None
    as_token: str = field(repr=False)
    hs_token: str = field(repr=False)
    sender: str
    instances: frozenset[str]
    users: tuple[Namespace, ...] = ()
    aliases: tuple[Namespace, ...] = ()
    rooms: tuple[Namespace, ...] = ()
    is_rate_limited: bool = True
    wants_ephemeral: bool = False
    protocols: tuple[str, ...] = ()
    may_send_clear: bool = False

    def has_user(self, user_id: str) -> bool:
        """Whether it may act as this user: its own, or a local one of its namespaces ("Registration")."""
        return user_id == self.sender or (_matches(self.users, user_id) and server_of(user_id) in self.instances)

    def has_alias(self, alias: str) -> bool:
        return _matches(self.aliases, alias)

    def has_room(self, room_id: str) -> bool:
        return _matches(self.rooms, room_id)

    def reserves_user(self, user_id: str) -> bool:
        return user_id == self.sender or _matches(self.users, user_id, exclusive=True)

    def reserves_alias(self, alias: str) -> bool:
        return _matches(self.aliases, alias, exclusive=True)


@dataclass(frozen=True, slots=True)
class AppServices:
    """Every registration. Ids and tokens are unique ("Registration": the homeserver MUST enforce this)."""

    all: tuple[AppService, ...] = ()
    by_token: Mapping[str, AppService] = field(default_factory=dict, repr=False)

    def find(self, service_id: str) -> AppService | None:
        return next((service for service in self.all if service.id == service_id), None)


def gather(services: Iterable[AppService]) -> AppServices:
    """The table of these registrations; BadRegistration where two share an id or a token."""
    found = tuple(services)
    by_token = {service.as_token: service for service in found}
    if len(by_token) != len(found) or len({service.id for service in found}) != len(found):
        raise BadRegistration("two application services share an id or an as_token")
    return AppServices(found, by_token)


def parse_registration(value: object, instances: tuple[str, ...]) -> AppService:
    """A registration as decoded from its file; the service's own user is of the first instance."""
    if not isinstance(value, dict):
        raise BadRegistration("not an object")
    namespaces = value.get("namespaces") or {}
    if not isinstance(namespaces, dict):
        raise BadRegistration("namespaces: not an object")
    return AppService(
        id=_text(value, "id"),
        url=_url(value),
        as_token=_text(value, "as_token"),
        hs_token=_text(value, "hs_token"),
        sender=f"@{_text(value, 'sender_localpart')}:{instances[0]}",
        instances=frozenset(instances),
        users=_namespaces(namespaces, "users"),
        aliases=_namespaces(namespaces, "aliases"),
        rooms=_namespaces(namespaces, "rooms"),
        is_rate_limited=_flag(value, "rate_limited", True),
        wants_ephemeral=_flag(value, "receive_ephemeral", _flag(value, "de.sorunome.msc2409.push_ephemeral", False)),
        protocols=tuple(str(each) for each in value.get("protocols") or ()),
        may_send_clear=_flag(value, MAY_SEND_CLEAR, False),
    )


def _text(value: Mapping[str, object], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text:
        raise BadRegistration(f"{name}: a text is needed")
    return text


def _flag(value: Mapping[str, object], name: str, default: bool) -> bool:
    flag = value.get(name, default)
    if not isinstance(flag, bool):
        raise BadRegistration(f"{name}: true or false is needed")
    return flag


def _url(value: Mapping[str, object]) -> str | None:
    """Null, or empty as some write it: no traffic is wanted."""
    if "url" not in value:
        raise BadRegistration("url: an address or null is needed")
    return _text(value, "url").rstrip("/") if value["url"] else None


def _namespaces(value: Mapping[str, object], name: str) -> tuple[Namespace, ...]:
    entries = value.get(name) or []
    if not isinstance(entries, list) or len(entries) > limits.MAX_APPSERVICE_NAMESPACES:
        raise BadRegistration(f"namespaces.{name}: a list of at most {limits.MAX_APPSERVICE_NAMESPACES} is needed")
    return tuple(_namespace(entry, f"namespaces.{name}") for entry in entries)


def _namespace(entry: object, name: str) -> Namespace:
    if not isinstance(entry, dict) or not isinstance(entry.get("regex"), str):
        raise BadRegistration(f"{name}: each entry needs a regex")
    try:
        return Namespace(re.compile(entry["regex"]), _flag(entry, "exclusive", False))
    except re.error as error:
        raise BadRegistration(f"{name}: {entry['regex']}: {error}") from error


def _matches(namespaces: tuple[Namespace, ...], name: str, exclusive: bool = False) -> bool:
    # From the beginning, to wherever the expression ends: the bridges of today write theirs so.
    return any(each.pattern.match(name) for each in namespaces if each.is_exclusive or not exclusive)
