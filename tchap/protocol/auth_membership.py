"""The authorisation rules of `m.room.member`.

Source: "Authorisation rules" of the room versions. Rule numbers are those of version 11, where these rules are
number 4 (5 in versions 1 to 5 and in 12).
"""

from typing import Any

from tchap.base.limits import MAX_INVITE_KEYS, MAX_INVITE_SIGNATURES
from tchap.protocol.auth_context import AuthContext, refuse
from tchap.protocol.power_levels import StateFact
from tchap.protocol.signing import ALGORITHM, is_signed_by, signed_bytes


def check_member(context: AuthContext) -> None:
    """Rule 4. Raises AuthRefused."""
    event = context.event
    target, membership = event.state_key, event.content.get("membership")
    if target is None or membership is None:  # 4.1
        refuse("4.1", "a membership needs a state key and a membership")
    if context.version.allows_restricted and "join_authorised_via_users_server" in event.content:  # 4.2
        _check_authoriser_signed(context)
    match membership:
        case "join":
            _check_join(context, target)
        case "invite":
            _check_invite(context, target)
        case "leave":
            _check_leave(context, target)
        case "ban":
            _check_ban(context, target)
        case "knock" if context.version.allows_knocking:
            _check_knock(context, target)
        case _:  # 4.8
            refuse("4.8", "the membership is unknown")


def _check_authoriser_signed(context: AuthContext) -> None:
    if not context.facts.authoriser_signed:
        refuse("4.2.1", "the join is not signed by the server of the user who authorises it")


def _check_join(context: AuthContext, target: str) -> None:
    """Rule 4.3."""
    event = context.event
    if _is_creators_first_join(context, target):  # 4.3.1
        return
    if event.sender != target:  # 4.3.2
        refuse("4.3.2", "nobody joins for somebody else")
    membership = context.membership_of(target)
    if membership == "ban":  # 4.3.3
        refuse("4.3.3", "the user is banned")
    rule, version = context.join_rule, context.version
    is_awaited = membership in ("invite", "join")
    if rule == "invite" or (rule == "knock" and version.allows_knocking):  # 4.3.4
        if not is_awaited:
            refuse("4.3.4", "the user is not invited")
    elif _is_restricted(context, rule):  # 4.3.5
        if not is_awaited:
            _check_authoriser(context)
    elif rule != "public":  # 4.3.6, 4.3.7
        refuse("4.3.7", "the join rule does not allow to join")


def _is_creators_first_join(context: AuthContext, target: str) -> bool:
    """4.3.1: "the creator" is the one of the create event alone, never one of `additional_creators`."""
    create = context.create
    if context.event.prev_events != (create.event_id,):
        return False
    creator = create.content.get("creator") if context.version.creator_in_content else create.sender
    return target == creator


def _is_restricted(context: AuthContext, rule: str) -> bool:
    version = context.version
    return (rule == "restricted" and version.allows_restricted) or (
        rule == "knock_restricted" and version.allows_knock_restricted
    )


def _check_authoriser(context: AuthContext) -> None:
    """4.3.5.2: the user who vouches is joined and may invite."""
    authoriser = context.event.content.get("join_authorised_via_users_server")
    if not isinstance(authoriser, str):
        refuse("4.3.5.2", "the join is authorised by nobody")
    if context.membership_of(authoriser) != "join":
        refuse("4.3.5.2", "the user who authorises the join is not in the room")
    if not context.levels.may(authoriser, "invite"):
        refuse("4.3.5.2", "the user who authorises the join may not invite")


def _check_invite(context: AuthContext, target: str) -> None:
    """Rule 4.4."""
    if "third_party_invite" in context.event.content:  # 4.4.1
        _check_third_party(context, target)
        return
    sender = context.event.sender
    if context.membership_of(sender) != "join":  # 4.4.2
        refuse("4.4.2", "the sender is not in the room")
    if context.membership_of(target) in ("join", "ban"):  # 4.4.3
        refuse("4.4.3", "the user is already in the room or banned")
    if not context.levels.may(sender, "invite"):  # 4.4.4, 4.4.5
        refuse("4.4.5", "the sender may not invite")


def _check_third_party(context: AuthContext, target: str) -> None:
    """Rule 4.4.1: an invitation by e-mail address comes true."""
    if context.membership_of(target) == "ban":  # 4.4.1.1
        refuse("4.4.1.1", "the user is banned")
    invite = context.event.content["third_party_invite"]
    signed = invite.get("signed") if isinstance(invite, dict) else None
    if not isinstance(signed, dict):  # 4.4.1.2
        refuse("4.4.1.2", "the third-party invite is not signed")
    mxid, token = signed.get("mxid"), signed.get("token")
    if not isinstance(mxid, str) or not isinstance(token, str):  # 4.4.1.3
        refuse("4.4.1.3", "the third-party invite names no user or no token")
    if mxid != target:  # 4.4.1.4
        refuse("4.4.1.4", "the third-party invite is for another user")
    pending = context.state.get(("m.room.third_party_invite", token))
    if pending is None:  # 4.4.1.5
        refuse("4.4.1.5", "there is no such third-party invite in the room")
    if pending.sender != context.event.sender:  # 4.4.1.6
        refuse("4.4.1.6", "the third-party invite is somebody else's")
    if not _is_signed_by_any(signed, _public_keys(pending)):  # 4.4.1.7, 4.4.1.8
        refuse("4.4.1.8", "the third-party invite's signature is wrong")


def _public_keys(pending: StateFact) -> list[str]:
    """4.4.1.7: `public_key` and every `public_keys[].public_key`."""
    keys = [pending.content.get("public_key")]
    more = pending.content.get("public_keys")
    if isinstance(more, list):
        keys += [entry.get("public_key") for entry in more if isinstance(entry, dict)]
    return [key for key in keys if isinstance(key, str)][:MAX_INVITE_KEYS]


def _is_signed_by_any(signed: dict[str, Any], public_keys: list[str]) -> bool:
    signatures = signed.get("signatures")
    if not isinstance(signatures, dict):
        return False
    found = [
        signature
        for keys in signatures.values()
        if isinstance(keys, dict)
        for key_id, signature in keys.items()
        if key_id.startswith(f"{ALGORITHM}:")
    ][:MAX_INVITE_SIGNATURES]
    try:
        message = signed_bytes(signed)
    except ValueError:
        return False
    return any(is_signed_by(message, signature, key) for signature in found for key in public_keys)


def _check_leave(context: AuthContext, target: str) -> None:
    """Rule 4.5."""
    sender, levels = context.event.sender, context.levels
    if sender == target:  # 4.5.1
        if not _may_leave(context, target):
            refuse("4.5.1", "the user is not in the room")
        return
    if context.membership_of(sender) != "join":  # 4.5.2
        refuse("4.5.2", "the sender is not in the room")
    own = levels.of_user(sender)
    if context.membership_of(target) == "ban" and own < levels.needed_for("ban"):  # 4.5.3
        refuse("4.5.3", "the sender may not lift a ban")
    if own < levels.needed_for("kick") or levels.of_user(target) >= own:  # 4.5.4, 4.5.5
        refuse("4.5.5", "the sender may not remove this user")


def _may_leave(context: AuthContext, user_id: str) -> bool:
    membership = context.membership_of(user_id)
    return membership in ("invite", "join") or (membership == "knock" and context.version.allows_knocking)


def _check_ban(context: AuthContext, target: str) -> None:
    """Rule 4.6."""
    sender, levels = context.event.sender, context.levels
    if context.membership_of(sender) != "join":  # 4.6.1
        refuse("4.6.1", "the sender is not in the room")
    own = levels.of_user(sender)
    if own < levels.needed_for("ban") or levels.of_user(target) >= own:  # 4.6.2, 4.6.3
        refuse("4.6.3", "the sender may not ban this user")


def _check_knock(context: AuthContext, target: str) -> None:
    """Rule 4.7."""
    rule = context.join_rule
    if rule != "knock" and not (rule == "knock_restricted" and context.version.allows_knock_restricted):  # 4.7.1
        refuse("4.7.1", "the join rule does not allow to knock")
    if context.event.sender != target:  # 4.7.2
        refuse("4.7.2", "nobody knocks for somebody else")
    if context.membership_of(target) in ("ban", "invite", "join"):  # 4.7.3, 4.7.4
        refuse("4.7.4", "the user is banned, invited or already in the room")
