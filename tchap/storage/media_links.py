"""Which events a file belongs to, and what becomes of it when the last of them goes.

A file is doomed in the transaction that takes its last event away: from then on nobody can ask for it, and a row of
`media_deletions` says which bytes are still to be removed. That row goes only after the bytes, so that no crash leaves
a file behind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.protocol.identifiers import MediaUri
from tchap.protocol.stored_event import StoredEvent
from tchap.storage.jobs import Row, Tx

RETENTION, REDACTION, UNDECLARED = "retention", "redaction", "undeclared"


@dataclass(frozen=True, slots=True)
class Cause:
    """Which rule deletes, and when."""

    rule: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class Doomed:
    """A file nobody can ask for any more; `event_id` and `room_id` are those of the last event it belonged to."""

    server: str
    media_id: str
    blob_name: str | None
    size: int | None
    rule: str
    lifetime_ms: int | None
    event_id: str | None
    room_id: str | None
    doomed_ts: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    server: str
    media_id: str
    blob_name: str | None
    size: int | None
    user_id: str

    def is_named_in(self, texts: Collection[str]) -> bool:
        return any(self.media_id in text for text in texts)


@dataclass(frozen=True, slots=True)
class _Place:
    """The event a file belonged to, its room, and the age that the rule names for it."""

    event_id: str | None
    room_id: str | None
    lifetime_ms: int | None


_ADDRESS = "'mxc://' || m.server || '/' || m.media_id"
_FREE = f"""m.user_id <> ''
  AND NOT EXISTS (SELECT 1 FROM media_links l WHERE l.server = m.server AND l.media_id = m.media_id)
  AND NOT EXISTS (SELECT 1 FROM profiles p WHERE p.avatar_url = {_ADDRESS})"""
_CANDIDATE = "m.server, m.media_id, m.blob_name, m.size, m.user_id"
_COLUMNS = "server, media_id, blob_name, size, rule, lifetime_ms, event_id, room_id, doomed_ts"


# Whose word binds a file: its uploader's, and that of whoever is in a room that has it.
_MAY_BIND = """(m.user_id = {0} OR EXISTS (
             SELECT 1 FROM media_links l JOIN memberships b ON b.room_id = l.room_id
             WHERE l.server = m.server AND l.media_id = m.media_id AND b.user_id = {0} AND b.membership = 'join'
               AND b.to_position IS NULL))"""


async def add_links(tx: Tx, event: StoredEvent, files: Sequence[MediaUri]) -> None:
    """Binds the event's files to it: those its sender uploaded, and those of events in rooms they are in (forwards).

    Anything else that is named stays what it was: nobody has a hold on the files of others.
    """
    await tx.many(
        f"""INSERT INTO media_links (event_id, server, media_id, room_id)
           SELECT CAST($1 AS TEXT), m.server, m.media_id, CAST($2 AS TEXT) FROM media m
           WHERE m.server = $3 AND m.media_id = $4 AND {_MAY_BIND.format("$5")}
           ON CONFLICT DO NOTHING""",
        [(event.event_id, event.room_id, each.server, each.media_id, event.sender) for each in files],
    )


async def find_links(tx: Tx, event_ids: Collection[str]) -> set[tuple[str, MediaUri]]:
    """What is bound to these events: (event id, file)."""
    rows = await tx.all(
        "SELECT event_id, server, media_id FROM media_links WHERE event_id IN_LIST($1)", list(event_ids)
    )
    return {(row[0], MediaUri(row[1], row[2])) for row in rows}


async def keep_links(tx: Tx, rows: Sequence[tuple[str, str, MediaUri]]) -> None:
    """Binds files to state of before there were links, as `add_links` would have: (event id, room id, file)."""
    await tx.many(
        f"""INSERT INTO media_links (event_id, server, media_id, room_id)
           SELECT e.event_id, m.server, m.media_id, CAST($2 AS TEXT) FROM events e CROSS JOIN media m
           WHERE e.event_id = $1 AND m.server = $3 AND m.media_id = $4 AND {_MAY_BIND.format("e.sender")}
           ON CONFLICT DO NOTHING""",
        [(event_id, room_id, file.server, file.media_id) for event_id, room_id, file in rows],
    )


async def doom_media_of(tx: Tx, lifetimes: Mapping[str, int | None], cause: Cause) -> None:
    """The events are gone: so are those of their files that nothing else has need of. One query where there are none.

    `lifetimes` gives, by the event's id, the age in milliseconds that the rule names for it.
    """
    links = await tx.all(
        "DELETE FROM media_links WHERE event_id IN_LIST($1) RETURNING server, media_id, event_id, room_id",
        list(lifetimes),
    )
    if not links:
        return
    places = {(link[0], link[1]): _Place(link[2], link[3], lifetimes[link[2]]) for link in links}
    await _doom_unneeded(tx, places, _FREE, cause)


# Also where an account's older picture still stands in a room.
_UNDECLARED = f"""{_FREE}
  AND NOT EXISTS (SELECT 1 FROM memberships b WHERE b.user_id = m.user_id AND b.avatar_url = {_ADDRESS})"""


async def find_undeclared(
    tx: Tx, before_ts: int, after: tuple[int, str]
) -> tuple[list[MediaUri], tuple[int, str] | None]:
    """The files that nothing declares among the next ones uploaded before that time, and where to go on; None at the
    end. `after` is where the last call ended: (time of upload, media id)."""
    rows = await tx.all(
        f"""SELECT m.created_ts, m.media_id, m.server, CASE WHEN {_UNDECLARED} THEN 1 ELSE 0 END FROM media m
            WHERE m.created_ts >= $2 AND m.created_ts < $1 AND (m.created_ts > $2 OR m.media_id > $3)
            ORDER BY m.created_ts, m.media_id LIMIT $4""",
        before_ts,
        *after,
        limits.UNDECLARED_BATCH,
    )
    found = [MediaUri(row[2], row[1]) for row in rows if row[3]]
    return found, (rows[-1][0], rows[-1][1]) if len(rows) == limits.UNDECLARED_BATCH else None


async def doom_undeclared(tx: Tx, files: Sequence[MediaUri], lifetime_ms: int, now_ms: int) -> None:
    """Dooms those of the files whose content came and that nothing has need of still."""
    places = {(each.server, each.media_id): _Place(None, None, lifetime_ms) for each in files}
    await _doom_unneeded(tx, places, f"{_UNDECLARED} AND m.size IS NOT NULL", Cause(UNDECLARED, now_ms))


async def _doom_unneeded(tx: Tx, places: Mapping[tuple[str, str], _Place], condition: str, cause: Cause) -> None:
    """Dooms those of the files that meet the condition and that their uploaders keep nowhere."""
    rows = await tx.all(
        f"SELECT {_CANDIDATE} FROM media m WHERE m.server IN_LIST($1) AND m.media_id IN_LIST($2) AND {condition}",
        list({server for server, _ in places}),
        list({media_id for _, media_id in places}),
    )
    found = [_Candidate(*row) for row in rows if (row[0], row[1]) in places]
    texts = await _find_own_texts(tx, {each.user_id for each in found})
    await _doom(tx, [each for each in found if not each.is_named_in(texts.get(each.user_id, ()))], cause, places)


async def _find_own_texts(tx: Tx, user_ids: Collection[str]) -> dict[str, list[str]]:
    """What the uploaders keep for themselves: their collections of stickers, the free fields of their profile, and
    what they have written that is to be sent later."""
    texts: dict[str, list[str]] = {}
    if not user_ids:
        return texts
    for user_id, content, media in await tx.all(
        """SELECT user_id, content, '' FROM account_data WHERE user_id IN_LIST($1)
           UNION ALL SELECT user_id, fields, '' FROM profiles WHERE user_id IN_LIST($1)
           UNION ALL SELECT user_id, content, media FROM delayed_events
             WHERE user_id IN_LIST($1) AND outcome = 'scheduled'""",
        list(user_ids),
    ):
        texts.setdefault(user_id, []).append(f"{bytes(content).decode()} {media}")
    return texts


async def _doom(tx: Tx, files: Sequence[_Candidate], cause: Cause, places: Mapping[tuple[str, str], _Place]) -> None:
    rows: list[Row] = []
    for each in files:
        place = places[each.server, each.media_id]
        why = (cause.rule, place.lifetime_ms, place.event_id, place.room_id, cause.now_ms)
        rows.append((each.server, each.media_id, each.blob_name, each.size, *why))
    if not rows:
        return
    await tx.many(
        f"INSERT INTO media_deletions ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        rows,
    )
    await tx.many("DELETE FROM media WHERE server = $1 AND media_id = $2", [(row[0], row[1]) for row in rows])


async def find_doomed(tx: Tx, limit: int) -> list[Doomed]:
    rows = await tx.all(f"SELECT {_COLUMNS} FROM media_deletions ORDER BY server, media_id LIMIT $1", limit)
    return [Doomed(*row) for row in rows]
