"""Asking the law of Tchap about rooms: gathers the facts, turns a refusal into the caller's error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tchap.base.errors import BadJson, Forbidden
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.policy import rooms as law
from tchap.policy.decisions import Decision, Freedom, Refused
from tchap.policy.room_entry import decide_entry
from tchap.policy.room_events import decide_clear_text, decide_event
from tchap.policy.rooms import RoomView
from tchap.policy.succession import ADMIN_LEVEL
from tchap.protocol.auth_context import StateKey
from tchap.protocol.events import Event
from tchap.protocol.server_acls import SERVER_ACL, is_denied
from tchap.services.world import World

State = Mapping[StateKey, Event]


def is_external(world: World, user_id: str) -> bool:
    """Whether the person is a guest of the administrations, where the rules of Tchap are on."""
    return not world.settings.test_profile and law.is_external(user_id)


def freedom_of(world: World, requester: Requester) -> Freedom:
    """What the law does not ask of this requester.

    Those who run the server stand above the rules of rooms. Messages in clear are for those whose administration
    allows them, and for application services whose registration does.
    """
    if requester.is_appservice:
        service = world.appservices.find(requester.appservice_id)
        return Freedom(may_send_clear=service is not None and service.may_send_clear)
    is_above_law = requester.is_admin and not requester.is_external
    return Freedom(is_above_law, may_send_clear=not requester.refuses_clear)


def check_event(world: World, room: LiveRoom, state: State, event: Event, freedom: Freedom) -> None:
    """Raises what the law says of an event about to enter the room, whose state before it is given."""
    if world.settings.test_profile:
        return
    view = RoomView(room.version, state)
    if event.state_key is None and not freedom.may_send_clear:
        check_decision(decide_clear_text(view, event.type))
    if not freedom.is_above_law:
        check_decision(decide_event(view, event), view, event.sender)


def check_entry(world: World, room: LiveRoom, user_id: str, membership: str) -> None:
    """Raises Forbidden when the access rule keeps the person out; "invite", "join" or "knock"."""
    if not world.settings.test_profile:
        view = RoomView(room.version, room.state)
        check_decision(decide_entry(view, user_id, membership), view, user_id)


def check_settable(instance: str, key: StateKey, content: Mapping[str, Any]) -> None:
    """Raises what is said of state that harms its own room, set by somebody of that instance."""
    if key[0] == "m.room.redaction":
        # Clients would obey it, and nobody would have asked whether it is lawful.
        raise Forbidden("A redaction is no state.", "Une suppression n'est pas un état.")
    if key == (SERVER_ACL, "") and is_denied(content, instance):
        # "Failing to provide an `allow` rule of some kind will prevent all servers from participating."
        raise BadJson("This would keep your own server out.", "Ceci exclurait votre propre serveur.")


def check_decision(decision: Decision, room: RoomView | None = None, asker: str = "") -> None:
    """Raises what the decision refuses: 400 for what contradicts itself, else 403, with who can help."""
    if not isinstance(decision, Refused):
        return
    en, fr = _with_help(decision, room, asker)
    raise (BadJson if decision.is_malformed else Forbidden)(en, fr)


def _with_help(refused: Refused, room: RoomView | None, asker: str) -> tuple[str, str]:
    if room is None or not refused.needs_admin:
        return refused.en, refused.fr
    if room.levels.of_user(asker) >= ADMIN_LEVEL:
        en, fr = refused.cure or ("", "")
        return f"{refused.en} {en}".rstrip(), f"{refused.fr} {fr}".rstrip()
    # Who is not of the room is told nobody's name.
    name = _name_of_an_admin(room) if room.membership_of(asker) in ("join", "invite") else None
    en = "Ask an administrator of the room" + (f", for example {name}." if name else ".")
    fr = "Demandez à un administrateur du salon" + (f", par exemple {name}." if name else ".")
    return f"{refused.en} {en}", f"{refused.fr} {fr}"


def _name_of_an_admin(room: RoomView) -> str | None:
    levels = room.levels
    names = (
        fact.content.get("displayname")
        for (kind, user_id), fact in sorted(room.state.items())
        if kind == "m.room.member"
        and fact.content.get("membership") == "join"
        and levels.of_user(user_id) >= ADMIN_LEVEL
    )
    return next((name for name in names if isinstance(name, str) and name), None)
