"""Credentials for the relay of calls. Source: client-server API, "Voice over IP"."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from tchap.base.errors import NotFound
from tchap.base.identity import Requester
from tchap.services.world import World


@dataclass(frozen=True, slots=True)
class TurnCredentials:
    username: str
    password: str
    uris: tuple[str, ...]
    lifetime_s: int


def make_turn_credentials(world: World, requester: Requester) -> TurnCredentials:
    """Credentials the relay can check by itself until they expire; NotFound where there is no relay.

    The relay shares a secret with us and checks an HMAC-SHA1 of `expiry:user` (the "TURN REST API" convention).
    """
    turn = world.settings.turn
    if not turn.uris or not turn.shared_secret:
        raise NotFound("This server has no TURN relay.", "Ce serveur n'a pas de relais TURN.")
    username = f"{world.clock.now_ms() // 1000 + turn.lifetime_s}:{requester.user_id}"
    digest = hmac.new(turn.shared_secret.encode(), username.encode(), hashlib.sha1).digest()
    return TurnCredentials(username, base64.b64encode(digest).decode(), turn.uris, turn.lifetime_s)
