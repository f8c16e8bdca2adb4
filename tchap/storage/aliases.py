"""Room aliases: names that lead to rooms."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.storage.jobs import Tx


@dataclass(frozen=True, slots=True)
class Alias:
    alias: str
    room_id: str
    creator: str


async def find_alias(tx: Tx, alias: str) -> Alias | None:
    row = await tx.one("SELECT alias, room_id, creator FROM aliases WHERE alias = $1", alias)
    return Alias(*row) if row else None


async def find_aliases_of(tx: Tx, room_id: str) -> list[str]:
    return [row[0] for row in await tx.all("SELECT alias FROM aliases WHERE room_id = $1 ORDER BY alias", room_id)]


async def add_alias(tx: Tx, alias: Alias) -> bool:
    """False when the alias is taken."""
    added = await tx.run(
        "INSERT INTO aliases (alias, room_id, creator) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        alias.alias,
        alias.room_id,
        alias.creator,
    )
    return added == 1


async def remove_alias(tx: Tx, alias: str) -> bool:
    return await tx.run("DELETE FROM aliases WHERE alias = $1", alias) == 1


async def move_aliases(tx: Tx, old_room: str, new_room: str) -> None:
    """Every alias of a room leads to another from now on."""
    await tx.run("UPDATE aliases SET room_id = $2 WHERE room_id = $1", old_room, new_room)
