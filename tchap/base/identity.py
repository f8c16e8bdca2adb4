"""Who asks: the authenticated owner of an access token."""

from dataclasses import dataclass

# Today's clients know the guests of the administrations by these beginnings of their server's name.
EXTERNAL_PREFIXES = ("agent.externe.", "e.")


@dataclass(frozen=True, slots=True)
class Requester:
    """The user and device behind a request.

    ``instance`` is the server name of the user id; ``token_id`` names the access token's row; ``is_admin`` allows
    administrative calls; ``is_suspended`` leaves little more than reading; ``appservice_id`` names the application
    service acting as one of its users. ``device_id`` is empty where such a service names none. ``is_oauth``: the token
    was given to an application by the OAuth 2.0 API, so the older API's re-authentication does not apply.
    ``administration_id`` is None for externals; ``refuses_clear``: nothing may be written in clear in encrypted rooms.
    """

    user_id: str
    device_id: str
    token_id: int
    instance: str
    is_admin: bool = False
    is_external: bool = False
    appservice_id: str = ""
    is_oauth: bool = False
    is_suspended: bool = False
    administration_id: str | None = None
    refuses_clear: bool = True

    @property
    def is_appservice(self) -> bool:
        return bool(self.appservice_id)
