"""Account data: what clients keep on the server for a person, in general (room '') or for one room."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class AccountData:
    """``content`` is JSON bytes; ``room_id`` is empty for global account data."""

    room_id: str
    type: str
    content: bytes
    position: int


async def set_account_data(tx: Tx, user_id: str, room_id: str, type: str, content: bytes) -> int:
    """Writes the content and gives the position of the change."""
    position = await tx.next_position()
    await tx.run(
        """INSERT INTO account_data (user_id, room_id, type, content, position) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (user_id, room_id, type)
           DO UPDATE SET content = excluded.content, position = excluded.position""",
        user_id,
        room_id,
        type,
        content,
        position,
    )
    return position


async def count_account_data(tx: Tx, user_id: str) -> int:
    row = await tx.one("SELECT count(*) FROM account_data WHERE user_id = $1", user_id)
    return int(row[0]) if row else 0


async def find_account_data(tx: Tx, user_id: str, room_id: str, type: str) -> bytes | None:
    """The content as JSON bytes."""
    row = await tx.one(
        "SELECT content FROM account_data WHERE user_id = $1 AND room_id = $2 AND type = $3", user_id, room_id, type
    )
    return bytes(row[0]) if row else None


async def find_account_data_of(tx: Tx, user_ids: Collection[str], type: str) -> dict[str, bytes]:
    """The global account data of this type of each of these people who has it."""
    rows = await tx.all(
        "SELECT user_id, content FROM account_data WHERE user_id IN_LIST($1) AND room_id = '' AND type = $2",
        list(user_ids),
        type,
    )
    return {user_id: bytes(content) for user_id, content in rows}


async def find_changed_account_data(
    tx: Tx, user_id: str, since: int, upto: int, room_ids: Collection[str] = ()
) -> list[AccountData]:
    """What changed after ``since``; in any case all of ``room_ids``, and what says whose invitations are unwanted."""
    rows = await tx.all(
        """SELECT room_id, type, content, position FROM account_data
           WHERE user_id = $1 AND position <= $3
             AND (position > $2 OR room_id IN_LIST($4) OR (room_id = ''
               AND type IN ('m.ignored_user_list', 'm.invite_permission_config')))
           ORDER BY position""",
        user_id,
        since,
        upto,
        list(room_ids),
    )
    return [AccountData(room_id, type, bytes(content), position) for room_id, type, content, position in rows]
