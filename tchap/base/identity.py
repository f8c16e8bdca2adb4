"""Who asks: the authenticated owner of an access token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requester:
    """The user and device behind a request.

    ``instance`` is the server name of the user id; ``token_id`` names the access token's row; ``is_admin`` allows
    administrative calls; ``is_appservice`` marks an application service acting as one of its users.
    """

    user_id: str
    device_id: str
    token_id: int
    instance: str
    is_admin: bool = False
    is_appservice: bool = False
    is_external: bool = False
