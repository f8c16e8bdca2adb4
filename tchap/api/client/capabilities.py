"""What this server lets its users do (client-server API, "Capabilities negotiation")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base import limits
from tchap.protocol.room_versions import ROOM_VERSIONS
from tchap.services.world import World


async def capabilities(world: World, request: Request) -> dict[str, Any]:
    # Those that ask for the password again are not for applications ("OAuth 2.0 API").
    has_password = not request.requester.is_oauth
    may_rename = world.settings.test_profile
    fields: dict[str, Any] = {"enabled": True}
    if not may_rename:
        fields["disallowed"] = ["displayname"]
    return {
        "capabilities": {
            "m.change_password": {"enabled": has_password},
            "m.room_versions": {
                "default": world.settings.rooms.default_version,
                "available": dict.fromkeys(ROOM_VERSIONS, "stable"),
            },
            "m.set_displayname": {"enabled": may_rename},
            "m.set_avatar_url": {"enabled": True},
            "m.3pid_changes": {"enabled": False},
            "m.get_login_token": {"enabled": has_password},
            "m.profile_fields": fields,
            # "This property should be omitted altogether if `suspend` and `lock` would be `false`."
            **({"m.account_moderation": {"suspend": True, "lock": True}} if request.requester.is_admin else {}),
            "org.matrix.msc4174.webpush": {"enabled": True, "vapid": world.push_keys.vapid.public_key},
            "org.matrix.msc4140.delayed_events": {
                "max_delay_ms": limits.MAX_DELAY_MS,
                "max_scheduled": limits.MAX_DELAYED_EVENTS,
            },
        }
    }


ROUTES = (Route("GET", "/_matrix/client/v3/capabilities", capabilities),)
