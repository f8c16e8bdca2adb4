"""Requests of administrations that would join."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json
from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class DomainRequest:
    """One row; times in milliseconds since 1970. The hashes are of secrets that nobody keeps here.

    `state` is `describing`, `proving`, `waiting`, `approved`, `refused`, `suspended` or `withdrawn`.
    `facts` is what a decider reads: `verdict`, `reasons`, `resembles`, `known`, `provider`, `dns`.
    """

    request_id: str
    domain: str
    requester: str
    state: str
    token_hash: bytes
    challenge: str
    created_ts: int
    changed_ts: int
    expires_ts: int
    name: str | None = None
    kind: str | None = None
    siren: str | None = None
    headcount: int | None = None
    contact: str | None = None
    delegates: tuple[str, ...] = ()
    terms_version: str | None = None
    proof_way: str | None = None
    proof_email: str | None = None
    proof_hash: bytes | None = None
    proof_expires_ts: int | None = None
    proven_ts: int | None = None
    checks: int = 0
    next_check_ts: int | None = None
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    administration_id: str | None = None
    decided_by: str | None = None
    decided_ts: int | None = None
    reason: str | None = None


_NAMES = tuple(each.name for each in dataclasses.fields(DomainRequest))
_COLUMNS = ", ".join(_NAMES)
_PLACES = ", ".join(f"${number}" for number in range(1, len(_NAMES) + 1))
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in _NAMES if name != "request_id")


def _request(row: Row) -> DomainRequest:
    given = dict(zip(_NAMES, row, strict=True))
    for name in ("delegates", "facts"):
        given[name] = decode_json(given[name].encode())
    given["delegates"] = tuple(given["delegates"])
    for name in ("token_hash", "proof_hash"):
        given[name] = None if given[name] is None else bytes(given[name])
    return DomainRequest(**given)


async def set_request(tx: Tx, request: DomainRequest) -> None:
    """Writes the whole row, new or not."""
    given = {name: getattr(request, name) for name in _NAMES}
    given["state"] = str(request.state)
    given["delegates"] = encode_json(request.delegates).decode()
    given["facts"] = encode_json(request.facts).decode()
    await tx.run(
        f"INSERT INTO domain_requests ({_COLUMNS}) VALUES ({_PLACES})"
        f" ON CONFLICT (request_id) DO UPDATE SET {_CHANGES}",
        *given.values(),
    )


async def find_request(tx: Tx, request_id: str) -> DomainRequest | None:
    row = await tx.one(f"SELECT {_COLUMNS} FROM domain_requests WHERE request_id = $1", request_id)
    return None if row is None else _request(row)


async def find_request_by_proof(tx: Tx, proof_hash: bytes) -> DomainRequest | None:
    """The request whose domain is proven by the secret of that hash."""
    row = await tx.one(f"SELECT {_COLUMNS} FROM domain_requests WHERE proof_hash = $1", proof_hash)
    return None if row is None else _request(row)


async def find_last_request(tx: Tx, requester: str) -> DomainRequest | None:
    """The newest request of an address."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM domain_requests WHERE requester = $1 ORDER BY created_ts DESC LIMIT 1", requester
    )
    return None if row is None else _request(row)


async def count_requests(tx: Tx, domain: str, since_ts: int) -> tuple[int, int]:
    """Of a domain: requests that are not decided yet, and those begun since that moment."""
    row = await tx.one(
        "SELECT COALESCE(SUM(CASE WHEN state IN ('describing', 'proving', 'waiting') THEN 1 ELSE 0 END), 0),"
        " COALESCE(SUM(CASE WHEN created_ts >= $2 THEN 1 ELSE 0 END), 0) FROM domain_requests WHERE domain = $1",
        domain,
        since_ts,
    )
    return (int(row[0]), int(row[1])) if row is not None else (0, 0)


async def find_requests(tx: Tx, states: Collection[str], after: tuple[int, str], limit: int) -> list[DomainRequest]:
    """Requests in these states, the oldest first; `after` is the creation time and id of the last one seen."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM domain_requests WHERE state IN_LIST($1)"
        " AND (created_ts > $2 OR (created_ts = $2 AND request_id > $3)) ORDER BY created_ts, request_id LIMIT $4",
        states,
        *after,
        limit,
    )
    return [_request(row) for row in rows]


async def find_due_checks(tx: Tx, now_ms: int) -> list[DomainRequest]:
    """Requests whose domain's DNS is to be looked at again."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM domain_requests WHERE next_check_ts <= $1 ORDER BY next_check_ts LIMIT $2",
        now_ms,
        limits.DNS_CHECK_BATCH,
    )
    return [_request(row) for row in rows]


async def remove_expired_requests(tx: Tx, now_ms: int) -> None:
    """Those nobody finished are forgotten."""
    await tx.run("DELETE FROM domain_requests WHERE expires_ts <= $1 AND state IN ('describing', 'proving')", now_ms)
