"""Asking the law of Tchap about rooms: gathers the facts, turns a refusal into the caller's error."""

from __future__ import annotations

from tchap.base.errors import BadJson, Forbidden
from tchap.live.rooms import LiveRoom
from tchap.policy.rooms import (
    ACCESS_RULES,
    RESTRICTED,
    Decision,
    EntryFacts,
    Refused,
    decide_entry,
    decide_state_change,
)
from tchap.protocol.identifiers import server_of
from tchap.services.world import World


def check_decision(decision: Decision) -> None:
    """Raises what the decision refuses: 400 for what contradicts itself, else 403."""
    if isinstance(decision, Refused):
        raise (BadJson if decision.is_malformed else Forbidden)(decision.en, decision.fr)


def is_external(world: World, user_id: str) -> bool:
    """Whether the user id's server name is one for externals."""
    name = server_of(user_id)
    instance = world.settings.find_instance(name)
    return instance.is_external if instance else name.startswith(("agent.externe.", "e."))


def check_entry(world: World, room: LiveRoom, user_id: str) -> None:
    """Raises Forbidden when the access rule keeps the person out."""
    if world.settings.test_profile or not is_external(world, user_id):
        return
    rule = access_rule_of(room)
    invited = room.membership_of(user_id) in ("invite", "join")
    check_decision(decide_entry(EntryFacts(True, rule, invited)))


def access_rule_of(room: LiveRoom) -> str:
    """The room's access rule; a room without one keeps externals out."""
    return str(room.content_of(ACCESS_RULES).get("rule", RESTRICTED))


def check_invitation(world: World, rule: str, user_id: str) -> None:
    """Raises Forbidden when the access rule does not let the person be invited."""
    if world.settings.test_profile or not is_external(world, user_id):
        return
    check_decision(decide_entry(EntryFacts(True, rule, is_invited=True)))


def check_state(world: World, room: LiveRoom, kind: str, content: dict[str, object]) -> None:
    """Raises Forbidden when the law does not let the state be set so."""
    if world.settings.test_profile:
        return
    is_public = room.content_of("m.room.join_rules").get("join_rule") == "public" and (
        room.content_of(ACCESS_RULES).get("visibility") == "public"
    )
    check_decision(decide_state_change(kind, room.content_of(kind), content, is_public))
