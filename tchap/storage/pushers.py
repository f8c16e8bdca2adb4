"""Pushers: where a person's devices want their notifications sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from tchap.base import limits
from tchap.storage.database import Row, Tx

WEB_PUSH_KINDS = ("webpush", "org.matrix.msc4174.webpush")

_COLUMNS = (
    "p.user_id, p.app_id, p.pushkey, p.kind, p.app_display_name, p.device_display_name, p.profile_tag, p.lang, p.data,"
    " p.device_id, p.is_enabled, p.is_activated, p.ack_token, p.ack_until_ts, p.created_ts"
)


@dataclass(frozen=True, slots=True)
class PusherKey:
    """What names a pusher (client-server API, POST /pushers/set)."""

    user_id: str
    app_id: str
    pushkey: str


@dataclass(frozen=True, slots=True)
class Pusher:
    """One pusher. ``data`` is JSON bytes; ``ack_token`` is what a Web Push client must give back to be served, until
    ``ack_until_ts`` (MSC4174)."""

    user_id: str
    app_id: str
    pushkey: str
    kind: str
    app_display_name: str
    device_display_name: str
    profile_tag: str | None
    lang: str
    data: bytes
    device_id: str
    is_enabled: bool = True
    is_activated: bool = True
    ack_token: str | None = None
    ack_until_ts: int | None = None
    created_ts: int = 0

    @property
    def key(self) -> PusherKey:
        return PusherKey(self.user_id, self.app_id, self.pushkey)


def _pusher(row: Row) -> Pusher:
    fields = list(row)
    fields[8], fields[10], fields[11] = bytes(row[8]), bool(row[10]), bool(row[11])
    return Pusher(*fields)


async def set_pusher(tx: Tx, pusher: Pusher, now_ms: int, append: bool) -> None:
    """Adds or replaces the pusher; without ``append`` the same app and key of other people is removed."""
    if not append:
        await tx.run(
            "DELETE FROM pushers WHERE app_id = $1 AND pushkey = $2 AND user_id <> $3",
            pusher.app_id,
            pusher.pushkey,
            pusher.user_id,
        )
    badge, badge_due_ts, wait_until_ts = await _find_service(tx, pusher.key)
    if pusher.kind == "email":
        # Nobody is written to because a count fell.
        badge, badge_due_ts = 0, None
    await remove_pusher(tx, pusher.user_id, pusher.app_id, pusher.pushkey)
    await tx.run(
        """INSERT INTO pushers (user_id, app_id, pushkey, kind, app_display_name, device_display_name, profile_tag,
                                lang, data, device_id, is_enabled, is_activated, ack_token, ack_until_ts, created_ts,
                                badge, badge_due_ts, wait_until_ts)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)""",
        pusher.user_id,
        pusher.app_id,
        pusher.pushkey,
        pusher.kind,
        pusher.app_display_name,
        pusher.device_display_name,
        pusher.profile_tag,
        pusher.lang,
        pusher.data,
        pusher.device_id,
        int(pusher.is_enabled),
        int(pusher.is_activated),
        pusher.ack_token,
        pusher.ack_until_ts,
        now_ms,
        badge,
        badge_due_ts,
        # Whoever is serving it goes on alone; a gateway that failed is tried again soon, for it may be another.
        min(wait_until_ts, now_ms + limits.PUSH_LEASE_MS),
    )


async def _find_service(tx: Tx, key: PusherKey) -> tuple[int, int | None, int]:
    """The unread count the pusher was last told, when it is to be told another, and when it may be called again."""
    row = await tx.one(
        "SELECT badge, badge_due_ts, wait_until_ts FROM pushers WHERE user_id = $1 AND app_id = $2 AND pushkey = $3",
        key.user_id,
        key.app_id,
        key.pushkey,
    )
    return (0, None, 0) if row is None else (row[0], row[1], row[2])


async def remove_pusher(tx: Tx, user_id: str, app_id: str, pushkey: str) -> bool:
    """False where there was none."""
    removed = await tx.run(
        "DELETE FROM pushers WHERE user_id = $1 AND app_id = $2 AND pushkey = $3", user_id, app_id, pushkey
    )
    return removed > 0


async def remove_pushers_of_device(tx: Tx, user_id: str, device_id: str) -> None:
    await tx.run("DELETE FROM pushers WHERE user_id = $1 AND device_id = $2", user_id, device_id)


async def remove_pushers_of(tx: Tx, user_id: str) -> None:
    """Every pusher of a person, those of no device too."""
    await tx.run("DELETE FROM pushers WHERE user_id = $1", user_id)


async def remove_mail_pushers_of(tx: Tx, user_id: str) -> None:
    """Those that write to a person's mailbox."""
    await tx.run("DELETE FROM pushers WHERE user_id = $1 AND kind = 'email'", user_id)


async def rename_mail_pushers(tx: Tx, administration_id: str, old: str, new: str) -> None:
    """Notifications by mail of an administration's people go to the domain `new` in place of `old`, those that wait
    too."""
    renamed = (
        "SET pushkey = substr(pushkey, 1, length(pushkey) - length(CAST($2 AS TEXT))) || CAST($3 AS TEXT)"
        " WHERE substr(pushkey, length(pushkey) - length(CAST($2 AS TEXT)) + 1) = $2"
        " AND user_id IN (SELECT user_id FROM accounts WHERE administration_id = $1)"
    )
    values = (administration_id, f"@{old}", f"@{new}")
    await tx.run(f"UPDATE pushers {renamed} AND kind = 'email'", *values)
    await tx.run(f"UPDATE push_deliveries {renamed} AND outcome = 'waiting' AND app_id = 'm.email'", *values)


async def count_pushers(tx: Tx, user_id: str) -> int:
    row = await tx.one("SELECT count(*) FROM pushers WHERE user_id = $1", user_id)
    return int(row[0]) if row else 0


async def find_pushers(tx: Tx, user_id: str) -> list[Pusher]:
    rows = await tx.all(f"SELECT {_COLUMNS} FROM pushers p WHERE p.user_id = $1 ORDER BY p.created_ts", user_id)
    return [_pusher(row) for row in rows]


async def find_pusher(tx: Tx, key: PusherKey) -> Pusher | None:
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM pushers p WHERE p.user_id = $1 AND p.app_id = $2 AND p.pushkey = $3",
        key.user_id,
        key.app_id,
        key.pushkey,
    )
    return None if row is None else _pusher(row)


async def has_pushers(tx: Tx) -> bool:
    """Whether anybody has any."""
    return await tx.one("SELECT 1 FROM pushers LIMIT 1") is not None


async def find_served(tx: Tx, user_ids: Collection[str], now_ms: int) -> list[Pusher]:
    """The pushers of these people that are to be served: none of a locked, suspended or expired account."""
    rows = await tx.all(
        f"""SELECT {_COLUMNS} FROM pushers p JOIN accounts a ON a.user_id = p.user_id
            WHERE p.user_id IN_LIST($1) AND p.is_enabled = 1 AND p.is_activated = 1
              AND a.deactivated_ts IS NULL AND a.locked_ts IS NULL AND a.suspended_ts IS NULL
              AND (a.expires_ts IS NULL OR a.expires_ts > $2)""",
        list(user_ids),
        now_ms,
    )
    return [_pusher(row) for row in rows]


async def set_activated(tx: Tx, pusher: Pusher) -> None:
    await tx.run(
        """UPDATE pushers SET is_activated = 1, ack_token = NULL, ack_until_ts = NULL
           WHERE user_id = $1 AND app_id = $2 AND pushkey = $3""",
        pusher.user_id,
        pusher.app_id,
        pusher.pushkey,
    )


async def set_badge_due(tx: Tx, user_ids: Collection[str], now_ms: int) -> None:
    """These people read something: pushers that were told of unread messages, or are being told just now, are to be
    told the new count, a little later."""
    await tx.run(
        """UPDATE pushers SET badge_due_ts = $3
           WHERE user_id IN_LIST($1) AND badge_due_ts IS NULL AND kind <> 'email'
             AND (badge > 0 OR wait_until_ts > $2)""",
        list(user_ids),
        now_ms,
        now_ms + limits.PUSH_BADGE_DELAY_MS,
    )


def with_fresh_token(pusher: Pusher, token: str, until_ts: int) -> Pusher:
    """The pusher as it waits to be activated."""
    return replace(pusher, is_activated=False, ack_token=token, ack_until_ts=until_ts)
