"""Verdicts of the antivirus, and its key pair. No key of any file is kept here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.storage.database import Tx

CLEAN, INFECTED = "clean", "infected"
AS_STORED = ""
"""The `key_hash` of a verdict on the bytes as they are stored."""
_CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Scan:
    """`result` is clean or infected, `threat` what was found; `content_type` is empty for what looks like nothing
    known; `signatures` is the scanner's version then."""

    server: str
    media_id: str
    sha256: str
    key_hash: str
    result: str
    threat: str
    content_type: str
    scanned_ts: int
    signatures: str


_COLUMNS = "server, media_id, sha256, key_hash, result, threat, content_type, scanned_ts, signatures"


async def find_scans(tx: Tx, server: str, media_id: str, sha256: str) -> list[Scan]:
    """Every verdict on this file, whatever its bytes were, and infected ones on the same bytes anywhere."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM scans WHERE server = $1 AND media_id = $2"
        f" UNION SELECT {_COLUMNS} FROM"
        f" (SELECT {_COLUMNS} FROM scans WHERE sha256 = $3 AND result = 'infected' LIMIT 1) AS same",
        server,
        media_id,
        sha256,
    )
    return [Scan(*row) for row in rows]


async def set_scan(tx: Tx, scan: Scan) -> None:
    """Keeps a verdict in the place of an older one. What was infected once stays so; of clean ones under many
    different keys the first are kept, and none on a file that was deleted while it was looked at. Keys that show
    noise take no room of those that show something: whoever tries many holds no file back."""
    if scan.result == CLEAN and not await _has_room(tx, scan):
        return
    await tx.run(
        f"INSERT INTO scans ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " ON CONFLICT (server, media_id, sha256, key_hash) DO UPDATE SET result = excluded.result,"
        " threat = excluded.threat, content_type = excluded.content_type, scanned_ts = excluded.scanned_ts,"
        " signatures = excluded.signatures WHERE scans.result <> 'infected'",
        scan.server,
        scan.media_id,
        scan.sha256,
        scan.key_hash,
        scan.result,
        scan.threat,
        scan.content_type,
        scan.scanned_ts,
        scan.signatures,
    )


async def _has_room(tx: Tx, scan: Scan) -> bool:
    row = await tx.one(
        "SELECT (SELECT COUNT(*) FROM scans s WHERE s.server = m.server AND s.media_id = m.media_id"
        " AND s.key_hash <> $3 AND CASE WHEN s.content_type = '' THEN 1 ELSE 0 END = $4)"
        " FROM media m WHERE m.server = $1 AND m.media_id = $2",
        scan.server,
        scan.media_id,
        scan.key_hash,
        int(not scan.content_type),
    )
    return row is not None and (scan.key_hash == AS_STORED or row[0] < limits.MAX_OPENED)


async def remove_scans(tx: Tx, files: Sequence[tuple[str, str]]) -> None:
    """Forgets the clean verdicts of files, by server and media id, that are no more; the infected ones still serve
    should they come back."""
    await tx.many("DELETE FROM scans WHERE server = $1 AND media_id = $2 AND result <> 'infected'", files)


async def keep_scanner_key(tx: Tx, fresh: bytes, now_ms: int) -> bytes:
    """The secret half of the scanner's key: the one kept already, else the fresh one."""
    await tx.run(
        "INSERT INTO scanner_keys (name, secret, created_ts) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        _CURRENT,
        fresh,
        now_ms,
    )
    row = await tx.one("SELECT secret FROM scanner_keys WHERE name = $1", _CURRENT)
    return bytes(row[0]) if row else fresh
