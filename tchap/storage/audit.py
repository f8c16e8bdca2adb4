"""What administrators did: written in the same transaction as the act itself."""

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class AdminAct:
    """Who did what, to whom, when (milliseconds since 1970); `administration_id` is the one it concerns, if any."""

    admin: str
    act: str
    target: str
    done_ts: int
    detail: str | None = None
    administration_id: str | None = None


async def add_act(tx: Tx, done: AdminAct) -> None:
    # Numbered by itself: the command line writes here too while the server runs, and draws no positions.
    await tx.run(
        "INSERT INTO admin_acts (act_id, admin, act, target, detail, done_ts, administration_id)"
        " SELECT COALESCE(MAX(act_id), 0) + 1, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT),"
        " CAST($4 AS TEXT), CAST($5 AS BIGINT), CAST($6 AS TEXT) FROM admin_acts",
        done.admin,
        done.act,
        done.target,
        done.detail,
        done.done_ts,
        done.administration_id,
    )


async def find_acts(tx: Tx, before: int, limit: int) -> list[tuple[int, AdminAct]]:
    """The acts older than the act `before`, the newest first, each with its id."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM admin_acts WHERE act_id < $1 ORDER BY act_id DESC LIMIT $2", before, limit
    )
    return [_numbered(row) for row in rows]


async def find_acts_on(tx: Tx, ids: Collection[str], before: int, limit: int) -> list[tuple[int, AdminAct]]:
    """Those that concern one of these administrations."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM admin_acts WHERE administration_id IN_LIST($1) AND act_id < $2"
        " ORDER BY act_id DESC LIMIT $3",
        sorted(ids),
        before,
        limit,
    )
    return [_numbered(row) for row in rows]


_COLUMNS = "act_id, admin, act, target, done_ts, detail, administration_id"


def _numbered(row: Row) -> tuple[int, AdminAct]:
    return row[0], AdminAct(*row[1:])
