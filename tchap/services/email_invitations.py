"""Inviting somebody by e-mail address, who may have no account yet (client-server API, "Third-party invites").

This server is its own identity server: the invitation is kept here, shown to the room by `m.room.third_party_invite`,
told by mail, and becomes a true invitation when the address registers. It is also what lets a guest of the
administrations register at all.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from tchap.base import limits
from tchap.base.errors import Forbidden, LimitExceeded, MatrixError
from tchap.base.identity import Requester
from tchap.gateways import mail_texts
from tchap.policy.domains import Home
from tchap.policy.emails import Email
from tchap.policy.room_entry import PENDING
from tchap.protocol.identifiers import server_of
from tchap.protocol.signing import sign_json
from tchap.services import memberships
from tchap.services.administrations import home_of
from tchap.services.emails import post, read_email
from tchap.services.externals import Vouch, check_vouch, plan_vouch, vouch
from tchap.services.live_rooms import get_room
from tchap.services.room_law import check_entry, freedom_of, is_external
from tchap.services.timeline import Draft, append
from tchap.services.world import World
from tchap.storage import accounts, emails
from tchap.storage.database import Tx
from tchap.storage.emails import Invitation
from tchap.storage.mail_outbox import OutgoingMail

KEY_PATH = "/_matrix/identity/v2/pubkey/isvalid"
EPHEMERAL_KEY_PATH = "/_matrix/identity/v2/pubkey/ephemeral/isvalid"


async def invite_by_email(world: World, requester: Requester, room_id: str, address: str) -> None:
    """Invites the account of this address, or keeps the invitation for the day it has one.

    M_INVALID_EMAIL, M_THREEPID_DENIED (no instance takes this address), M_FORBIDDEN (the room's rules).
    """
    email = read_email(address)
    known = await world.store.read(accounts.find_email, str(email))
    if known is not None:
        await _invite_known(world, requester, room_id, (email, known.user_id))
        return
    wanted = find_vouch(world, requester, email, await check_may_come(world, requester, room_id, email))
    if wanted is not None:
        # Before the room shows anything: nobody's name stands there who may not come.
        await world.store.read(check_vouch, wanted)
    wait_ms = world.live.rate_limits.take("mail_to", str(email), world.clock.monotonic())
    if wait_ms:
        raise LimitExceeded(wait_ms)
    token, now_ms = world.entropy.token(16), world.clock.now_ms()
    await append(world, room_id, (_pending(world, requester, token, email),))
    invitation = Invitation(str(email), room_id, requester.user_id, token, now_ms, now_ms + limits.EMAIL_INVITATION_MS)
    inviter = (await memberships.shown_profile(world, requester.user_id)).get("displayname", requester.user_id)
    mail = mail_texts.invitation_mail(str(email), str(inviter), world.settings.public_url)
    await keep_invitation(world, invitation, mail, wanted)


async def keep_invitation(world: World, invitation: Invitation, mail: OutgoingMail, wanted: Vouch | None) -> None:
    """Remembers the invitation until the address has an account, and who vouches for it; tells the address."""
    await world.store.write(_keep, invitation, mail, wanted, world.mailer.is_mailbox)
    world.mailer.wake()


def find_vouch(world: World, requester: Requester, email: Email, home: Home | None) -> Vouch | None:
    """Whoever invites somebody from outside vouches for them; nobody need for an agent."""
    is_outside = home is not None and home.is_external and not world.settings.test_profile
    return plan_vouch(world, requester, email, keeps=True) if is_outside else None


async def _invite_known(world: World, requester: Requester, room_id: str, whom: tuple[Email, str]) -> None:
    """Inviting a guest who has an account vouches for them too, also where everybody else's word is over; an invitation
    that the room refuses does not."""
    email, user_id = whom
    wanted = plan_vouch(world, requester, email, keeps=True) if is_external(world, user_id) else None
    if wanted is not None:
        await world.store.read(check_vouch, wanted)
    await memberships.invite(world, requester, room_id, user_id)
    if wanted is not None:
        await world.store.write(vouch, wanted)
        world.live.tokens.forget_user(user_id)


async def accept_invitations(world: World, user_id: str, email: str) -> None:
    """Turns what waited for this address into invitations, but those taken back or no longer lawful."""
    waiting = await world.store.write(emails.remove_invitations, email, world.clock.now_ms())
    for invitation in waiting:
        # The one who invited may have left since, or the room closed itself to guests.
        with contextlib.suppress(MatrixError):
            await _invite(world, user_id, invitation)
        with contextlib.suppress(MatrixError):
            await _take_down(world, invitation)


async def is_valid_key(world: World, public_key: str) -> bool:
    """Whether a key that an invitation names is one of ours (identity API, `GET /pubkey/isvalid`)."""
    return any(key.public == public_key for key in world.keys.values())


async def check_may_come(world: World, requester: Requester, room_id: str, email: Email) -> Home | None:
    """Where the address belongs, if the room takes who it will be. Forbidden, M_THREEPID_DENIED."""
    room = await memberships.get_room_of(world, requester, room_id)
    home = await home_of(world, email)
    if home is None and not world.settings.test_profile:
        raise MatrixError(
            "M_THREEPID_DENIED",
            "No server here takes this e-mail address.",
            "Aucun serveur n'accueille cette adresse.",
        )
    if home is not None:
        # The address has no id yet: any id of its future server is judged alike.
        check_entry(world, room, f"@guest:{home.instance}", "invite")
    return home


def masked(email: Email) -> str:
    """Enough to recognise whom one invited, too little to learn an address from ("it should not contain the user's
    third-party ID", client-server API, `m.room.third_party_invite`)."""
    return f"{email.local[:2]}...@{email.domain[:2]}..."


def _pending(world: World, requester: Requester, token: str, email: Email) -> Draft:
    public_key = world.keys[requester.instance].public
    url = f"{world.settings.public_url}{KEY_PATH}"
    content = {
        "display_name": masked(email),
        "key_validity_url": url,
        "public_key": public_key,
        "public_keys": [{"public_key": public_key, "key_validity_url": url}],
    }
    return Draft(PENDING, requester.user_id, content, state_key=token, freedom=freedom_of(world, requester))


async def _keep(tx: Tx, invitation: Invitation, mail: OutgoingMail, wanted: Vouch | None, to_mailbox: bool) -> None:
    await emails.set_invitation(tx, invitation)
    if wanted is not None:
        await vouch(tx, wanted)
    await post(tx, mail, invitation.created_ts, to_mailbox)


async def _invite(world: World, user_id: str, invitation: Invitation) -> None:
    instance = server_of(invitation.inviter)
    inviter = Requester(invitation.inviter, "", 0, instance)
    room = await memberships.get_room_of(world, inviter, invitation.room_id)
    pending = room.content_of(PENDING, invitation.token)
    if not pending:
        return
    signed = sign_json({"mxid": user_id, "token": invitation.token}, instance, world.keys[instance])
    proof = {"display_name": pending["display_name"], "signed": signed}
    await memberships.invite(world, inviter, invitation.room_id, user_id, {"third_party_invite": proof})


async def _take_down(world: World, invitation: Invitation) -> None:
    """The room awaits the address no longer, in the name of who invited: it has an account now, and this invitation
    leads nowhere even where it could not be answered."""
    room = await get_room(world, invitation.room_id)
    if room.content_of(PENDING, invitation.token):
        await append(world, room.room_id, (Draft(PENDING, invitation.inviter, {}, state_key=invitation.token),))


async def accept_signed(world: World, requester: Requester, room_id: str, signed: Mapping[str, Any]) -> None:
    """Turns an invitation by address into one of the requester's own account, where a key of that invitation signed
    that it is hers to answer (client-server API, `POST /join/{roomIdOrAlias}`, `third_party_signed`).

    The signature is checked when the event enters the room ("Authorization rules", `third_party_invite`). Forbidden.
    """
    room = await get_room(world, room_id)
    pending = room.state.get((PENDING, str(signed.get("token"))))
    if signed.get("mxid") != requester.user_id or pending is None or not pending.content:
        raise Forbidden("This invitation is not yours.", "Cette invitation n'est pas la vôtre.")
    inviter = Requester(pending.sender, "", 0, server_of(pending.sender))
    proof = {"display_name": str(pending.content.get("display_name", "")), "signed": dict(signed)}
    await memberships.invite(world, inviter, room_id, requester.user_id, {"third_party_invite": proof})


async def invite_all(world: World, requester: Requester, room_id: str, addresses: Sequence[str]) -> None:
    """The addresses a room is made with; the first that may not come is told, the room stays."""
    for address in addresses:
        await invite_by_email(world, requester, room_id, address)
