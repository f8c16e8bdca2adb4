"""People's push rules over time: every event is counted by the rules in force when it was sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json
from tchap.protocol.notices import RuleVersion
from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class StoredRules:
    """A person's customised rules as JSON bytes, and the classes they make, in force since ``classes`` says."""

    user_id: str
    rules: bytes
    classes: RuleVersion

    @property
    def position(self) -> int:
        return self.classes.from_position


def _stored(row: Row) -> StoredRules:
    user_id, rules, position, class_id, room_classes = row
    return StoredRules(user_id, bytes(rules), _version(position, class_id, room_classes))


def _version(position: int, class_id: int, room_classes: bytes) -> RuleVersion:
    return RuleVersion(position, class_id, cast("dict[str, int]", decode_json(bytes(room_classes))))


async def set_rules(tx: Tx, user_id: str, rules: bytes, classes: RuleVersion) -> int:
    """Puts the rules in force and gives the position from which they are."""
    position = await tx.next_position()
    await tx.run(
        """INSERT INTO push_rule_sets (user_id, from_position, rules, class_id, room_classes)
           VALUES ($1, $2, $3, $4, $5)""",
        user_id,
        position,
        rules,
        classes.class_id,
        encode_json(classes.room_classes),
    )
    # Beyond the bound the oldest go: what nobody read for that long is then counted by the default rules.
    await tx.run(
        """DELETE FROM push_rule_sets WHERE user_id = $1 AND from_position <= (
             SELECT from_position FROM push_rule_sets WHERE user_id = $1
             ORDER BY from_position DESC LIMIT 1 OFFSET $2)""",
        user_id,
        limits.MAX_RULE_VERSIONS,
    )
    return position


async def find_rules(tx: Tx, user_ids: Collection[str]) -> list[StoredRules]:
    """The rules in force now of those among the people who have touched theirs."""
    rows = await tx.all(
        """SELECT s.user_id, s.rules, s.from_position, s.class_id, s.room_classes FROM push_rule_sets s
           WHERE s.user_id IN_LIST($1) AND s.from_position =
             (SELECT max(n.from_position) FROM push_rule_sets n WHERE n.user_id = s.user_id)""",
        list(user_ids),
    )
    return [_stored(row) for row in rows]


async def find_versions(tx: Tx, user_id: str) -> tuple[RuleVersion, ...]:
    """The person's rule classes over time, oldest first."""
    rows = await tx.all(
        "SELECT from_position, class_id, room_classes FROM push_rule_sets WHERE user_id = $1 ORDER BY from_position",
        user_id,
    )
    return tuple(_version(*row) for row in rows)
