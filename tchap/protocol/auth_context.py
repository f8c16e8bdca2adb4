"""What every authorisation rule reads: the event, the state it is judged against, and how a refusal is said."""

from collections.abc import Mapping
from typing import NoReturn

import msgspec

from tchap.protocol.events import Event
from tchap.protocol.power_levels import PowerLevels, StateFact
from tchap.protocol.room_versions import RoomVersion

StateKey = tuple[str, str]
StateMap = Mapping[StateKey, StateFact]

CREATE: StateKey = ("m.room.create", "")
POWER_LEVELS: StateKey = ("m.room.power_levels", "")
JOIN_RULES: StateKey = ("m.room.join_rules", "")


class AuthRefused(Exception):
    """The authorisation rules refuse an event; `reason` is a sentence in English, `rule` the rule that refused."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"{reason} (rule {rule})")
        self.rule = rule
        self.reason = reason


class AuthFacts(msgspec.Struct, frozen=True):
    """What the rules must know and cannot compute.

    `authoriser_signed`: a join with `join_authorised_via_users_server` is, or before leaving here will be, signed by
    that user's server. True for a local authoriser, and after the signature check for a remote one.
    """

    authoriser_signed: bool = False


NO_FACTS = AuthFacts()


class AuthContext(msgspec.Struct, frozen=True):
    """One judgement: `create` and `levels` are read out of `state`."""

    version: RoomVersion
    event: Event
    state: StateMap
    facts: AuthFacts
    create: StateFact
    levels: PowerLevels

    def membership_of(self, user_id: str) -> str:
        """The current membership in the state judged against, "leave" when there is none."""
        return membership_in(self.state, user_id)

    @property
    def join_rule(self) -> str:
        """The current join rule; without one, people must be invited."""
        fact = self.state.get(JOIN_RULES)
        rule = "invite" if fact is None else fact.content.get("join_rule", "invite")
        return rule if isinstance(rule, str) else ""


def membership_in(state: StateMap, user_id: str) -> str:
    """A user's membership in a state, "leave" when there is none."""
    fact = state.get(("m.room.member", user_id))
    membership = "leave" if fact is None else fact.content.get("membership", "leave")
    return membership if isinstance(membership, str) else "leave"


def refuse(rule: str, reason: str) -> NoReturn:
    raise AuthRefused(rule, reason)
