"""The threads people follow, and followed (MSC4306)."""

from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class ThreadKey:
    """One person's thread."""

    user_id: str
    room_id: str
    root: str


@dataclass(frozen=True, slots=True)
class ThreadSubscription:
    """How a thread stands with somebody since `position`."""

    room_id: str
    root: str
    is_subscribed: bool
    is_automatic: bool
    position: int


_COLUMNS = "room_id, thread_root, is_subscribed, is_automatic, position"


def _row(row: tuple[str, str, int, int, int]) -> ThreadSubscription:
    return ThreadSubscription(row[0], row[1], bool(row[2]), bool(row[3]), row[4])


async def find_subscription(tx: Tx, key: ThreadKey) -> ThreadSubscription | None:
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM thread_subscriptions WHERE user_id = $1 AND room_id = $2 AND thread_root = $3",
        key.user_id,
        key.room_id,
        key.root,
    )
    return _row(row) if row else None


async def count_subscriptions(tx: Tx, user_id: str) -> int:
    row = await tx.one("SELECT COUNT(*) FROM thread_subscriptions WHERE user_id = $1", user_id)
    return row[0] if row else 0


async def set_subscription(tx: Tx, key: ThreadKey, is_subscribed: bool, is_automatic: bool) -> int:
    """The position of the change."""
    position = await tx.next_position()
    await tx.run(
        "INSERT INTO thread_subscriptions (user_id, room_id, thread_root, is_subscribed, is_automatic, position)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, room_id, thread_root) DO UPDATE SET"
        " is_subscribed = excluded.is_subscribed, is_automatic = excluded.is_automatic, position = excluded.position",
        key.user_id,
        key.room_id,
        key.root,
        int(is_subscribed),
        int(is_automatic),
        position,
    )
    return position


async def find_changes(tx: Tx, user_id: str, span: tuple[int, int], limit: int) -> list[ThreadSubscription]:
    """The latest changes at positions in (since, upto], `span` being those two, the latest first."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM thread_subscriptions WHERE user_id = $1 AND position > $2 AND position <= $3"
        " ORDER BY position DESC LIMIT $4",
        user_id,
        *span,
        limit,
    )
    return [_row((row[0], row[1], row[2], row[3], row[4])) for row in rows]


async def remove_subscriptions_of(tx: Tx, user_id: str) -> None:
    """Forgets what a closed account followed."""
    await tx.run("DELETE FROM thread_subscriptions WHERE user_id = $1", user_id)
