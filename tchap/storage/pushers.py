"""Pushers: where a person's devices want their notifications sent."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.storage.database import Tx

_COLUMNS = "user_id, app_id, pushkey, kind, app_display_name, device_display_name, profile_tag, lang, data, device_id"


@dataclass(frozen=True, slots=True)
class Pusher:
    """One pusher (client-server API, POST /pushers/set). ``data`` is JSON bytes."""

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


async def set_pusher(tx: Tx, pusher: Pusher, now_ms: int, append: bool) -> None:
    """Adds or replaces the pusher; without ``append`` the same app and key of other people is removed."""
    if not append:
        await tx.run(
            "DELETE FROM pushers WHERE app_id = $1 AND pushkey = $2 AND user_id <> $3",
            pusher.app_id,
            pusher.pushkey,
            pusher.user_id,
        )
    await remove_pusher(tx, pusher.user_id, pusher.app_id, pusher.pushkey)
    await tx.run(
        f"INSERT INTO pushers ({_COLUMNS}, created_ts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
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
        now_ms,
    )


async def remove_pusher(tx: Tx, user_id: str, app_id: str, pushkey: str) -> None:
    await tx.run("DELETE FROM pushers WHERE user_id = $1 AND app_id = $2 AND pushkey = $3", user_id, app_id, pushkey)


async def remove_pushers_of_device(tx: Tx, user_id: str, device_id: str) -> None:
    await tx.run("DELETE FROM pushers WHERE user_id = $1 AND device_id = $2", user_id, device_id)


async def count_pushers(tx: Tx, user_id: str) -> int:
    row = await tx.one("SELECT count(*) FROM pushers WHERE user_id = $1", user_id)
    return int(row[0]) if row else 0


async def find_pushers(tx: Tx, user_id: str) -> list[Pusher]:
    rows = await tx.all(f"SELECT {_COLUMNS} FROM pushers WHERE user_id = $1 ORDER BY created_ts", user_id)
    return [Pusher(*row) for row in rows]
