"""What administrators did: written in the same transaction as the act itself."""

from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class AdminAct:
    """Who did what, to whom, when (milliseconds since 1970)."""

    admin: str
    act: str
    target: str
    done_ts: int
    detail: str | None = None


async def add_act(tx: Tx, done: AdminAct) -> None:
    # Numbered by itself: the command line writes here too while the server runs, and draws no positions.
    await tx.run(
        "INSERT INTO admin_acts (act_id, admin, act, target, detail, done_ts)"
        " SELECT COALESCE(MAX(act_id), 0) + 1, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT),"
        " CAST($4 AS TEXT), CAST($5 AS BIGINT) FROM admin_acts",
        done.admin,
        done.act,
        done.target,
        done.detail,
        done.done_ts,
    )


async def find_acts(tx: Tx, before: int, limit: int) -> list[tuple[int, AdminAct]]:
    """The acts older than the act `before`, the newest first, each with its id."""
    rows = await tx.all(
        "SELECT act_id, admin, act, target, done_ts, detail FROM admin_acts WHERE act_id < $1"
        " ORDER BY act_id DESC LIMIT $2",
        before,
        limit,
    )
    return [(row[0], AdminAct(*row[1:])) for row in rows]
