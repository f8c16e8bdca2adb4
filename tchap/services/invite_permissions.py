"""People who want no invitations (client-server API, "Invite permission")."""

from __future__ import annotations

from collections.abc import Collection

from tchap.base.encoding import decode_json
from tchap.base.errors import MatrixError
from tchap.services.world import World
from tchap.storage.account_data import find_account_data_of

CONFIG_TYPE = "m.invite_permission_config"


async def check_willing(world: World, user_ids: Collection[str]) -> None:
    """Raises M_INVITE_BLOCKED when one of these people wants no invitations."""
    settings = await world.store.read(find_account_data_of, list(user_ids), CONFIG_TYPE) if user_ids else {}
    if any(blocks_invitations(content) for content in settings.values()):
        raise MatrixError(
            "M_INVITE_BLOCKED", "This person takes no invitations.", "Cette personne n'accepte pas d'invitation."
        )


def blocks_invitations(content: bytes | None) -> bool:
    """Whether the account data says so; "a missing, invalid or unsupported value" means that invitations come."""
    value = decode_json(content) if content else None
    return isinstance(value, dict) and value.get("default_action") == "block"
