"""Defects of the specification's own files: answers its prose asks for and the schemas of the files refuse.

Nothing else belongs here: an answer that differs from prose and file alike is a defect of the server.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defect:
    """`errcodes` may be answered although the file's schema of that status has no room for them; None: any body."""

    reason: str
    errcodes: frozenset[str] | None = None

    def covers(self, errcode: object) -> bool:
        return self.errcodes is None or errcode in self.errcodes


# Client-server API, "Using access tokens": any request that needs a token and has none, or an unknown one, is
# answered 401 with M_MISSING_TOKEN or M_UNKNOWN_TOKEN. These files describe one 401 only, that of user-interactive
# authentication, whose `flows` are required.
_NO_TOKEN = Defect("the file describes only the 401 with flows", frozenset({"M_MISSING_TOKEN", "M_UNKNOWN_TOKEN"}))

# `format=event` answers the whole event, else its content alone: the file says `oneOf`, an object or an event. An
# event is an object as well, so that no event can be exactly one of the two (`anyOf` was meant).
_EVENT_OR_CONTENT = Defect("an event matches both branches of `oneOf`")

# By operation and status.
SCHEMA_DEFECTS: dict[tuple[str, int], Defect] = {
    ("POST /_matrix/client/v3/account/deactivate", 401): _NO_TOKEN,
    ("POST /_matrix/client/v3/account/3pid/add", 401): _NO_TOKEN,
    ("POST /_matrix/client/v3/account/password", 401): _NO_TOKEN,
    ("DELETE /_matrix/client/v3/devices/{deviceId}", 401): _NO_TOKEN,
    ("POST /_matrix/client/v3/delete_devices", 401): _NO_TOKEN,
    ("POST /_matrix/client/v1/login/get_token", 401): _NO_TOKEN,
    ("GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}", 200): _EVENT_OR_CONTENT,
}
