"""What differs between room versions 1 to 12: one frozen table of flags, read by every law.

Source: "Room Versions" and its pages v1 to v12. A flag is named for what it permits or demands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

EventIds = Literal["given", "base64", "urlsafe"]
StateResolution = Literal["v1", "v2", "v2.1"]


@dataclass(frozen=True, slots=True)
class RoomVersion:
    """One room version. Defaults are those of version 1; `ROOM_VERSIONS` says each difference."""

    name: str
    event_ids: EventIds = "given"  # v3: reference hash in base64; v4: in URL-safe base64
    state_resolution: StateResolution = "v1"
    judges_redactions_in_auth: bool = True  # until v2 a redaction is judged by the auth rules
    enforces_key_validity: bool = False  # v5: a key signs only events of its validity period
    strict_json: bool = False  # v6: canonical JSON is enforced, floats and large integers refused
    special_aliases: bool = True  # until v5 m.room.aliases has its own auth rule and survives redaction
    guards_notification_levels: bool = False  # v6
    allows_knocking: bool = False  # v7
    allows_restricted: bool = False  # v8: the `restricted` join rule, `allow` survives redaction
    keeps_join_authoriser: bool = False  # v9: redaction keeps `join_authorised_via_users_server`
    allows_knock_restricted: bool = False  # v10
    integer_levels_only: bool = False  # v10: power levels are never strings
    creator_in_content: bool = True  # until v10 the create event names its `creator`
    redacts_in_content: bool = False  # v11: `redacts` moves into the content
    keeps_v11_content: bool = False  # v11: the shorter list of keys that survive redaction, the longer one in contents
    room_id_is_hash: bool = False  # v12: the room id is the create event's id, which is then no auth event
    creators_reign: bool = False  # v12: creators have infinite power; `additional_creators`


ROOM_VERSIONS: Mapping[str, RoomVersion] = MappingProxyType(
    {
        "1": RoomVersion("1"),
        "2": RoomVersion("2", state_resolution="v2"),
        "3": RoomVersion("3", event_ids="base64", state_resolution="v2", judges_redactions_in_auth=False),
        "4": RoomVersion("4", event_ids="urlsafe", state_resolution="v2", judges_redactions_in_auth=False),
        "5": RoomVersion(
            "5",
            event_ids="urlsafe",
            state_resolution="v2",
            judges_redactions_in_auth=False,
            enforces_key_validity=True,
        ),
    }
    | {
        str(number): RoomVersion(
            str(number),
            event_ids="urlsafe",
            state_resolution="v2.1" if number >= 12 else "v2",
            judges_redactions_in_auth=False,
            enforces_key_validity=True,
            strict_json=True,
            special_aliases=False,
            guards_notification_levels=True,
            allows_knocking=number >= 7,
            allows_restricted=number >= 8,
            keeps_join_authoriser=number >= 9,
            allows_knock_restricted=number >= 10,
            integer_levels_only=number >= 10,
            creator_in_content=number < 11,
            redacts_in_content=number >= 11,
            keeps_v11_content=number >= 11,
            room_id_is_hash=number >= 12,
            creators_reign=number >= 12,
        )
        for number in range(6, 13)
    }
)


def find_room_version(name: object) -> RoomVersion | None:
    """The room version of that name, None when it is unknown or not a string."""
    return ROOM_VERSIONS.get(name) if isinstance(name, str) else None
