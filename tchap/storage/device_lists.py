"""Whose devices or cross-signing keys changed, and since when.

One row per person, the last change: who asks for less recent changes gets the later one as well, which only makes a
client ask again for keys it has (client-server API, "Tracking the device list for a user").
"""

from collections.abc import Sequence

from tchap.storage.database import Tx


async def add_change(tx: Tx, user_id: str) -> int:
    """Notes that the person's devices or cross-signing keys changed; gives the position to tell."""
    position = await tx.next_position()
    await tx.run(
        "INSERT INTO device_list_changes (user_id, position) VALUES ($1, $2)"
        " ON CONFLICT (user_id) DO UPDATE SET position = excluded.position",
        user_id,
        position,
    )
    return position


async def add_signature_changes(tx: Tx, signer: str, user_ids: Sequence[str]) -> int:
    """Notes that `signer` signed the master keys of these people, which concerns the signer alone."""
    first = await tx.next_positions(len(user_ids))
    await tx.many(
        "INSERT INTO user_signature_changes (signer, user_id, position) VALUES ($1, $2, $3)"
        " ON CONFLICT (signer, user_id) DO UPDATE SET position = excluded.position",
        [(signer, user_id, first + index) for index, user_id in enumerate(user_ids)],
    )
    return first + len(user_ids) - 1


async def find_changed_users(tx: Tx, user_id: str, since: int, upto: int) -> list[str]:
    """Who changed in (since, upto] among those who share a room with the user, the user included."""
    rows = await tx.all(
        "SELECT c.user_id FROM device_list_changes c WHERE c.position > $2 AND c.position <= $3"
        " AND (c.user_id = $1 OR EXISTS (SELECT 1 FROM memberships theirs"
        " JOIN memberships mine ON mine.room_id = theirs.room_id AND mine.user_id = $1"
        " WHERE theirs.user_id = c.user_id AND theirs.to_position IS NULL AND theirs.membership = 'join'"
        " AND mine.to_position IS NULL AND mine.membership = 'join'))"
        " UNION SELECT s.user_id FROM user_signature_changes s"
        " WHERE s.signer = $1 AND s.position > $2 AND s.position <= $3",
        user_id,
        since,
        upto,
    )
    return [row[0] for row in rows]


async def find_sharing(tx: Tx, user_id: str, candidates: Sequence[str]) -> set[str]:
    """Which of the candidates share a room with the user now (both joined)."""
    rows = await tx.all(
        "SELECT DISTINCT theirs.user_id FROM memberships theirs"
        " JOIN memberships mine ON mine.room_id = theirs.room_id AND mine.user_id = $1"
        " WHERE theirs.user_id IN_LIST($2) AND theirs.to_position IS NULL AND theirs.membership = 'join'"
        " AND mine.to_position IS NULL AND mine.membership = 'join'",
        user_id,
        candidates,
    )
    return {row[0] for row in rows}


async def find_met(tx: Tx, user_id: str, since: int) -> set[str]:
    """Who came into a room of the user, or parted from the user in one, after `since`; some still share others."""
    rows = await tx.all(
        "SELECT theirs.user_id FROM memberships mine JOIN memberships theirs ON theirs.room_id = mine.room_id"
        " WHERE mine.user_id = $1 AND mine.membership = 'join'"
        " AND (mine.to_position IS NULL OR mine.to_position > $2)"
        " AND theirs.to_position IS NULL AND theirs.membership = 'join' AND theirs.user_id <> $1"
        " AND (theirs.from_position > $2 OR mine.from_position > $2 OR mine.to_position > $2)"
        " UNION SELECT theirs.user_id FROM memberships mine JOIN memberships theirs ON theirs.room_id = mine.room_id"
        " WHERE mine.user_id = $1 AND mine.membership = 'join'"
        " AND (mine.to_position IS NULL OR mine.to_position > $2)"
        " AND theirs.to_position > $2 AND theirs.membership = 'join' AND theirs.user_id <> $1",
        user_id,
        since,
    )
    return {row[0] for row in rows}


async def find_users_sharing(tx: Tx, user_id: str) -> list[str]:
    """Who else is joined now to a room the user is joined to."""
    rows = await tx.all(
        "SELECT DISTINCT theirs.user_id FROM memberships mine JOIN memberships theirs ON theirs.room_id = mine.room_id"
        " WHERE mine.user_id = $1 AND mine.to_position IS NULL AND mine.membership = 'join'"
        " AND theirs.to_position IS NULL AND theirs.membership = 'join' AND theirs.user_id <> $1",
        user_id,
    )
    return [row[0] for row in rows]
