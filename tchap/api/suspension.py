"""What a suspended person may still do (client-server API, "Account suspension"): read, and what stands in this table.

Whatever changes something and is not listed is refused, so that a new operation is closed until somebody decides. A
test holds that somebody did: every operation is either here or in its list of what is refused.
"""

from tchap.api.routing import Route, with_path_aliases
from tchap.services.refusals import user_suspended

_READING = ("GET", "HEAD")
_V3 = "/_matrix/client/v3"
_V1 = "/_matrix/client/v1"
_USER = f"{_V3}/user/{{userId}}"
_ROOM = f"{_V3}/rooms/{{roomId}}"
_KEYS = f"{_V3}/room_keys/keys"
_SUBSCRIPTION = "/_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{threadRoot}/subscription"
_RENDEZVOUS = "/_matrix/client/unstable/io.element.msc4388/rendezvous"
_DEHYDRATED = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device"

_ALLOWED = (
    # Signing in elsewhere, signing out, closing the account, its password and addresses.
    ("POST", f"{_V1}/login/get_token"),
    ("POST", f"{_V3}/logout"),
    ("POST", f"{_V3}/logout/all"),
    ("PUT", f"{_V3}/devices/{{deviceId}}"),
    ("DELETE", f"{_V3}/devices/{{deviceId}}"),
    ("POST", f"{_V3}/delete_devices"),
    ("POST", f"{_V3}/account/deactivate"),
    ("POST", f"{_V3}/account/password"),
    ("POST", f"{_V3}/account/3pid"),
    ("POST", f"{_V3}/account/3pid/add"),
    ("POST", "/_synapse/client/email_account_validity/send_mail"),
    ("POST", "/_matrix/client/unstable/account_validity/send_mail"),
    # Reading, and what belongs to it.
    ("POST", "/_matrix/client/unstable/users/info"),
    ("POST", f"{_USER}/filter"),
    ("POST", "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"),
    ("POST", f"{_V3}/search"),
    ("POST", "/_matrix/media_proxy/unstable/scan_encrypted"),
    ("POST", "/_matrix/media_proxy/unstable/download_encrypted"),
    ("POST", f"{_V3}/user_directory/search"),
    ("POST", f"{_V3}/publicRooms"),
    ("POST", f"{_ROOM}/read_markers"),
    ("POST", f"{_ROOM}/receipt/{{receiptType}}/{{eventId}}"),
    ("PUT", f"{_V3}/presence/{{userId}}/status"),
    ("PUT", f"{_USER}/account_data/{{type}}"),
    ("PUT", f"{_USER}/rooms/{{roomId}}/account_data/{{type}}"),
    ("PUT", f"{_USER}/rooms/{{roomId}}/tags/{{tag}}"),
    ("DELETE", f"{_USER}/rooms/{{roomId}}/tags/{{tag}}"),
    ("PUT", f"{_V3}/pushrules/global/{{kind}}/{{ruleId}}"),
    ("DELETE", f"{_V3}/pushrules/global/{{kind}}/{{ruleId}}"),
    ("PUT", f"{_V3}/pushrules/global/{{kind}}/{{ruleId}}/{{attribute}}"),
    ("POST", f"{_V3}/pushers/set"),
    ("POST", "/_matrix/client/unstable/org.matrix.msc4174/pushers/ack"),
    ("POST", "/_tchap/client/v1/push/test"),
    ("PUT", _SUBSCRIPTION),
    ("DELETE", _SUBSCRIPTION),
    ("POST", _RENDEZVOUS),
    ("PUT", f"{_RENDEZVOUS}/{{rendezvousId}}"),
    ("PUT", f"{_RENDEZVOUS}/{{rendezvousId}}/{{txnId}}"),
    ("DELETE", f"{_RENDEZVOUS}/{{rendezvousId}}"),
    ("PUT", _DEHYDRATED),
    ("DELETE", _DEHYDRATED),
    ("POST", f"{_DEHYDRATED}/{{deviceId}}/events"),
    # Verifying one's devices, cross-signing, the backup of keys.
    ("POST", f"{_V3}/keys/upload"),
    ("POST", "/_matrix/client/r0/keys/upload/{deviceId}"),
    ("POST", f"{_V3}/keys/query"),
    ("POST", f"{_V3}/keys/claim"),
    ("POST", f"{_V3}/keys/device_signing/upload"),
    ("POST", f"{_V3}/keys/signatures/upload"),
    ("PUT", f"{_V3}/sendToDevice/{{eventType}}/{{txnId}}"),
    ("POST", f"{_V3}/room_keys/version"),
    ("PUT", f"{_V3}/room_keys/version/{{version}}"),
    ("DELETE", f"{_V3}/room_keys/version/{{version}}"),
    ("PUT", _KEYS),
    ("DELETE", _KEYS),
    ("PUT", f"{_KEYS}/{{roomId}}"),
    ("DELETE", f"{_KEYS}/{{roomId}}"),
    ("PUT", f"{_KEYS}/{{roomId}}/{{sessionId}}"),
    ("DELETE", f"{_KEYS}/{{roomId}}/{{sessionId}}"),
    # Going, and refusing invitations.
    ("POST", f"{_ROOM}/leave"),
    ("POST", f"{_ROOM}/forget"),
    # Redacting one's own events; services/messages.py refuses the rest.
    ("PUT", f"{_ROOM}/redact/{{eventId}}/{{txnId}}"),
    ("PUT", f"{_ROOM}/send/{{eventType}}/{{txnId}}"),
    # Telling the administrators of others.
    ("POST", f"{_ROOM}/report"),
    ("POST", f"{_ROOM}/report/{{eventId}}"),
    ("POST", f"{_V3}/users/{{userId}}/report"),
)

ALLOWED = frozenset((method, path) for method, written in _ALLOWED for path in with_path_aliases(written))


def is_allowed(route: Route) -> bool:
    """Whether a suspended person may call this operation."""
    return route.method in _READING or (route.method, route.path) in ALLOWED


def check_while_suspended(route: Route) -> None:
    """Raises M_USER_SUSPENDED for what a suspended person may not do."""
    if not is_allowed(route):
        raise user_suspended()
