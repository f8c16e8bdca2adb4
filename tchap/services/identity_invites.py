"""Invitations kept by the identity service for addresses without account (identity API, "Invitation storage")."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from tchap.base import limits
from tchap.base.encoding import parse_unpadded_base64
from tchap.base.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError
from tchap.base.identity import Requester
from tchap.gateways import mail_texts
from tchap.protocol.identifiers import server_of
from tchap.protocol.signing import SEED_BYTES, parse_signing_key, sign_json
from tchap.services import memberships
from tchap.services.email_invitations import (
    EPHEMERAL_KEY_PATH,
    KEY_PATH,
    check_may_come,
    find_vouch,
    keep_invitation,
    masked,
)
from tchap.services.emails import read_email
from tchap.services.identity import unauthorised
from tchap.services.refusals import user_suspended
from tchap.services.room_law import is_external
from tchap.services.world import World
from tchap.storage import accounts, identity
from tchap.storage.emails import Invitation


@dataclass(frozen=True, slots=True)
class StoreInvite:
    """Whom to invite where."""

    address: str
    room_id: str
    sender: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What the room's `m.room.third_party_invite` is made of: its state key, who is meant, and the keys that sign."""

    token: str
    display_name: str
    public_keys: tuple[dict[str, str], ...]


async def store_invite(world: World, user_id: str, asked: StoreInvite) -> Kept:
    """Keeps an invitation and tells the address by mail; it counts once the room shows it under its token.

    Forbidden for who may not invite there, M_USER_SUSPENDED, M_THREEPID_IN_USE with `mxid` where the address has an
    account.
    """
    requester = await _get_requester(world, user_id)
    email = read_email(asked.address)
    if asked.sender != user_id:
        raise Forbidden("One invites in one's own name.", "On n'invite qu'en son propre nom.")
    home = await check_may_come(world, requester, asked.room_id, email)
    room = await memberships.get_room_of(world, requester, asked.room_id)
    if room.power_levels.of_user(user_id) < room.power_levels.needed_for("invite"):
        raise Forbidden("You may not invite to this room.", "Vous ne pouvez pas inviter dans ce salon.")
    known = await world.store.read(accounts.find_email, str(email))
    if known is not None:
        raise MatrixError(
            "M_THREEPID_IN_USE", "This address has an account.", "Cette adresse a un compte.", mxid=known.user_id
        )
    wait_ms = world.live.rate_limits.take("mail_to", str(email), world.clock.monotonic())
    if wait_ms:
        raise LimitExceeded(wait_ms)
    # The secret half serves nobody: who answers the invitation is whoever the address opens an account for.
    ephemeral = parse_signing_key("0", secrets.token_bytes(SEED_BYTES)).public
    token, now_ms = world.entropy.token(16), world.clock.now_ms()
    ends_ms = now_ms + limits.EMAIL_INVITATION_MS
    invitation = Invitation(str(email), asked.room_id, user_id, token, now_ms, ends_ms, ephemeral)
    inviter = (await memberships.shown_profile(world, user_id)).get("displayname", user_id)
    mail = mail_texts.invitation_mail(str(email), str(inviter), world.settings.public_url)
    await keep_invitation(world, invitation, mail, find_vouch(world, requester, email, home))
    return Kept(token, masked(email), _keys(world, user_id, ephemeral))


async def _get_requester(world: World, user_id: str) -> Requester:
    """Who asks, as the client API would know them: in whose name they vouch for guests is their administration's."""
    account = await world.store.read(accounts.find_account, user_id)
    if account is None:
        raise unauthorised()
    if account.suspended_ts is not None:
        raise user_suspended()
    external = is_external(world, user_id)
    return Requester(
        user_id, "", 0, account.instance, is_external=external, administration_id=account.administration_id
    )


def _keys(world: World, user_id: str, ephemeral: str) -> tuple[dict[str, str], ...]:
    base, long_term = world.settings.public_url, world.keys[server_of(user_id)].public
    return (
        {"public_key": long_term, "key_validity_url": f"{base}{KEY_PATH}"},
        {"public_key": ephemeral, "key_validity_url": f"{base}{EPHEMERAL_KEY_PATH}"},
    )


async def is_valid_ephemeral_key(world: World, public_key: str) -> bool:
    """Whether the key was made for an invitation that still stands."""
    return await world.store.read(identity.has_invitation_key, public_key, world.clock.now_ms())


async def sign_acceptance(world: World, mxid: str, token: str, private_key: str) -> dict[str, Any]:
    """Signs, with the key the caller gives, that this user answers the invitation (`POST /sign-ed25519`).

    M_UNRECOGNIZED for a token nobody made.
    """
    sender = await world.store.read(identity.find_invitation_sender, token)
    if sender is None:
        raise MatrixError("M_UNRECOGNIZED", "This invitation is not known.", "Cette invitation n'est pas connue.")
    try:
        key = parse_signing_key("0", parse_unpadded_base64(private_key))
    except ValueError as error:
        raise InvalidParam("This is not a private key.", "Ceci n'est pas une clé privée.") from error
    return sign_json({"mxid": mxid, "sender": sender, "token": token}, server_of(sender), key)


def read_medium(medium: str) -> None:
    """M_UNRECOGNIZED for anything but e-mail."""
    if medium != "email":
        raise MatrixError(
            "M_UNRECOGNIZED",
            "Only e-mail addresses are known here.",
            "Seul le courriel est connu ici.",
            status_hint=400,
        )
