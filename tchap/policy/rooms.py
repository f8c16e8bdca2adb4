"""The law of Tchap about rooms: what a room is, who may make one and with what in it, what the directory shows.

Source: the rules of the service's room access module. Facts in, `Allowed` or `Refused` out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tchap.base.identity import EXTERNAL_PREFIXES
from tchap.policy.decisions import ALLOWED, Decision, Refused
from tchap.protocol.auth_context import CREATE, StateKey
from tchap.protocol.events import Event
from tchap.protocol.identifiers import server_of
from tchap.protocol.power_levels import PowerLevels, power_levels_of
from tchap.protocol.room_versions import RoomVersion

ACCESS_RULES = "im.vector.room.access_rules"
ENCRYPTION = "m.room.encryption"
ENCRYPTION_CONTENT = {"algorithm": "m.megolm.v1.aes-sha2"}
RESTRICTED, UNRESTRICTED, DIRECT = "restricted", "unrestricted", "direct"
RULES = (RESTRICTED, UNRESTRICTED, DIRECT)
SPACE = "m.space"
# Decided when a room is made, and never again.
FIXED = ("visibility", "force_unencrypted_at_creation")

Content = Mapping[str, Any]


def is_external(user_id: str) -> bool:
    """Whether somebody is a guest of the administrations: today's clients know it by the server's name alone."""
    return server_of(user_id).startswith(EXTERNAL_PREFIXES)


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room as the law looks at it: its version and the state an event is judged against."""

    version: RoomVersion
    state: Mapping[StateKey, Event]

    def content_of(self, kind: str, key: str = "") -> Content:
        """The content of a state event, empty when there is none."""
        fact = self.state.get((kind, key))
        return {} if fact is None else fact.content

    def membership_of(self, user_id: str) -> object:
        """The person's membership, None when there never was any."""
        return self.content_of("m.room.member", user_id).get("membership")

    @property
    def rule(self) -> str:
        """The access rule; a room without one keeps externals out."""
        return str(self.content_of(ACCESS_RULES).get("rule", RESTRICTED))

    @property
    def join_rule(self) -> object:
        return self.content_of("m.room.join_rules").get("join_rule", "invite")

    @property
    def is_encrypted(self) -> bool:
        # Once on it stays on, whatever its content became.
        return (ENCRYPTION, "") in self.state

    @property
    def is_public(self) -> bool:
        """Whether it is a public room; rooms of before `visibility` are known by what they are."""
        declared = self.content_of(ACCESS_RULES).get("visibility")
        if declared is not None:
            return bool(declared == "public")
        return self.join_rule == "public" and self.rule == RESTRICTED and not self.is_encrypted

    @property
    def is_space(self) -> bool:
        return bool(self.content_of("m.room.create").get("type") == SPACE)

    @property
    def levels(self) -> PowerLevels:
        return power_levels_of(self.version, self.state[CREATE], self.state.get(("m.room.power_levels", "")))


@dataclass(frozen=True, slots=True)
class RoomWish:
    """What somebody asks of a new room, as far as the law looks at it."""

    creator_is_external: bool
    is_public: bool
    is_direct: bool
    preset: str
    access_rules: Content | None
    is_space: bool = False


def decide_creation(wish: RoomWish) -> Decision:
    """May this room be made by this person?"""
    if wish.creator_is_external:
        return Refused(
            "External guests cannot create rooms. Ask the agent who invited you.",
            "Les invités externes ne peuvent pas créer de salon. Adressez-vous à l'agent qui vous a invité.",
        )
    if wish.is_space and wish.is_public:
        return Refused(
            "A space is private. Make a private space and put public rooms in it.",
            "Un espace est privé. Créez un espace privé et placez-y des salons publics.",
        )
    return _decide_rules(wish)


def _decide_rules(wish: RoomWish) -> Decision:
    rules = wish.access_rules or {}
    asked = rules.get("rule", default_rule(wish))
    if asked not in RULES:
        return Refused("This access rule does not exist.", "Cette règle d'accès n'existe pas.", is_malformed=True)
    if (asked == DIRECT) != wish.is_direct:
        return Refused(
            "The rule 'direct' is that of direct messages, and of them alone.",
            "La règle « direct » est celle des messages directs, et d'eux seuls.",
            is_malformed=True,
        )
    if wish.is_public and asked != RESTRICTED:
        return Refused(
            "A public room is never a direct message nor open to external guests.",
            "Un salon public n'est jamais un message direct ni ouvert aux invités externes.",
            is_malformed=True,
        )
    if rules.get("visibility", visibility_of(wish)) != visibility_of(wish):
        return Refused(
            "The access rules contradict the room's visibility.",
            "Les règles d'accès contredisent la visibilité du salon.",
            is_malformed=True,
        )
    if not isinstance(rules.get("force_unencrypted_at_creation", False), bool):
        return Refused(
            "'force_unencrypted_at_creation' is true or false.",
            "« force_unencrypted_at_creation » vaut true ou false.",
            is_malformed=True,
        )
    return ALLOWED


def default_rule(wish: RoomWish) -> str:
    return DIRECT if wish.is_direct else RESTRICTED


def visibility_of(wish: RoomWish) -> str:
    return "public" if wish.is_public else "private"


def access_rules_content(wish: RoomWish) -> dict[str, Any]:
    """The complete access rules of the new room."""
    asked = dict(wish.access_rules or {})
    return {
        **asked,
        "rule": asked.get("rule", default_rule(wish)),
        "visibility": visibility_of(wish),
        "force_unencrypted_at_creation": is_forced_clear(wish),
    }


def is_forced_clear(wish: RoomWish) -> bool:
    """A private room may ask for clear text, and only while it is being made."""
    asked = (wish.access_rules or {}).get("force_unencrypted_at_creation") is True
    return asked and wish.preset == "private_chat" and not wish.is_direct and not wish.is_public


def must_encrypt(wish: RoomWish) -> bool:
    """Every room is encrypted by the server but public ones, spaces, and those made in clear on purpose."""
    return not wish.is_public and not wish.is_space and not is_forced_clear(wish)


def default_history_visibility(wish: RoomWish) -> str:
    return "shared" if wish.is_public else "invited"


def decide_publication(room: RoomView) -> Decision:
    """May the directory show this room to every agent?

    Only what can never change its nature: a public room, which is restricted, in clear and open to agents for ever.
    """
    if room.rule != RESTRICTED:
        return Refused(
            "A room open to external guests, or a direct message, is not published.",
            "Un salon ouvert aux invités externes, ou un message direct, n'est pas publié.",
        )
    if not room.is_public or room.is_encrypted or room.is_space:
        return Refused(
            "Only public rooms are published. Make a public room for this.",
            "Seuls les salons publics sont publiés. Créez pour cela un salon public.",
        )
    return ALLOWED
