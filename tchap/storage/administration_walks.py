"""What is being done to every account of an administration, one after the other, and how far it has come."""

from dataclasses import dataclass

from tchap.storage.database import Row, Tx

# PLACE gives accounts their administration, SHOW shows it beside their names, RENAME tells them of their new address,
# the others tell them that their domain is closing, close them, or tell them that it stays.
PLACE, SHOW, RENAME = "place", "show", "rename"
WARN, WARN_AGAIN, CLOSE, SPARE = "warn", "warn_again", "close", "spare"


@dataclass(frozen=True, slots=True)
class Walk:
    """`domain` is the listing it is about, None for all addresses; `detail` the name a domain had, or the moment its
    accounts are closed; `after_user` the last account done with."""

    walk_id: int
    kind: str
    administration_id: str
    domain: str | None
    detail: str | None
    due_ts: int
    after_user: str = ""
    done: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """What a new walk does: its kind, whose accounts, which of them, and what more there is to know."""

    kind: str
    administration_id: str
    domain: str | None = None
    detail: str | None = None


_COLUMNS = "walk_id, kind, administration_id, domain, detail, due_ts, after_user, done"


async def add_walk(tx: Tx, task: Task, due_ts: int) -> None:
    await tx.run(
        f"INSERT INTO administration_walks ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, '', 0)",
        await tx.next_position(),
        task.kind,
        task.administration_id,
        task.domain,
        task.detail,
        due_ts,
    )


async def find_due(tx: Tx, now_ms: int) -> Walk | None:
    """The one that waits longest; but whose agents people are waits for nothing else."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM administration_walks WHERE due_ts <= $1"
        " ORDER BY CASE WHEN kind = 'place' THEN 0 ELSE 1 END, due_ts, walk_id LIMIT 1",
        now_ms,
    )
    return None if row is None else _walk(row)


async def find_walks_of(tx: Tx, administration_id: str) -> list[Walk]:
    """What is under way or to come."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM administration_walks WHERE administration_id = $1 ORDER BY due_ts, walk_id",
        administration_id,
    )
    return [_walk(row) for row in rows]


async def set_progress(tx: Tx, walk_id: int, after_user: str, done: int) -> None:
    """So many more accounts are done with, up to this one."""
    await tx.run(
        "UPDATE administration_walks SET after_user = $2, done = done + $3 WHERE walk_id = $1",
        walk_id,
        after_user,
        done,
    )


async def remove_walk(tx: Tx, walk_id: int) -> None:
    await tx.run("DELETE FROM administration_walks WHERE walk_id = $1", walk_id)


async def remove_closings(tx: Tx, domain: str) -> None:
    """The domain closes no more: nobody is warned, and nothing is closed."""
    await tx.run(
        "DELETE FROM administration_walks WHERE domain = $1 AND kind IN ('warn', 'warn_again', 'close')", domain
    )


def _walk(row: Row) -> Walk:
    return Walk(*row)
