"""Who vouches for which external, and the terms of their accounts that follow from it."""

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Tx

BY_ADMINISTRATION = "administration"


@dataclass(frozen=True, slots=True)
class Sponsorship:
    """`ended_by` is who ended it before its time, None while it runs; times in ms since 1970."""

    email: str
    sponsor: str
    administration_id: str | None
    created_ts: int
    ends_ts: int
    warned_ts: int | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Guest:
    """A sponsorship with the account of its address, None until there is one."""

    sponsorship: Sponsorship
    user_id: str | None


_FIELDS = "email, sponsor, administration_id, created_ts, ends_ts, warned_ts, ended_by"
_GUEST = (
    "SELECT s.email, s.sponsor, s.administration_id, s.created_ts, s.ends_ts, s.warned_ts, s.ended_by, e.user_id"
    " FROM sponsorships s LEFT JOIN account_emails e ON e.email = s.email"
)


async def set_sponsorship(tx: Tx, wanted: Sponsorship) -> None:
    """Begins it, or begins it anew: until another moment, in the name of the sponsor's administration of today."""
    await tx.run(
        f"INSERT INTO sponsorships ({_FIELDS}) VALUES ($1, $2, $3, $4, $5, NULL, NULL)"
        " ON CONFLICT (email, sponsor) DO UPDATE SET administration_id = excluded.administration_id,"
        " ends_ts = excluded.ends_ts, warned_ts = NULL, ended_by = NULL",
        wanted.email,
        wanted.sponsor,
        wanted.administration_id,
        wanted.created_ts,
        wanted.ends_ts,
    )


async def set_ended(tx: Tx, email: str, sponsor: str, ended_by: str, now_ms: int) -> bool:
    """False where nothing was running."""
    changed = await tx.run(
        "UPDATE sponsorships SET ended_by = $1, ends_ts = $2 WHERE email = $3 AND sponsor = $4"
        " AND ended_by IS NULL AND ends_ts > $2",
        ended_by,
        now_ms,
        email,
        sponsor,
    )
    return changed > 0


async def move_sponsorships(tx: Tx, formers: Collection[str], address: str) -> None:
    """Whoever vouched for one of the former addresses vouches for the new one, unless they do already."""
    await tx.many(
        "UPDATE sponsorships SET email = $2 WHERE email = $1"
        " AND sponsor NOT IN (SELECT sponsor FROM sponsorships WHERE email = $2)",
        [(former, address) for former in formers if former != address],
    )


async def find_sponsorships(tx: Tx, email: str) -> list[Sponsorship]:
    """All that ever vouched for an address."""
    rows = await tx.all(f"SELECT {_FIELDS} FROM sponsorships WHERE email = $1 ORDER BY sponsor", email)
    return [Sponsorship(*row) for row in rows]


async def has_sponsors(tx: Tx, email: str) -> bool:
    """Whether anybody ever vouched for the address."""
    return await tx.one("SELECT 1 FROM sponsorships WHERE email = $1 LIMIT 1", email) is not None


async def find_sponsorship(tx: Tx, email: str, sponsor: str) -> Sponsorship | None:
    row = await tx.one(f"SELECT {_FIELDS} FROM sponsorships WHERE email = $1 AND sponsor = $2", email, sponsor)
    return None if row is None else Sponsorship(*row)


async def find_answerable(tx: Tx, user_id: str, now_ms: int) -> list[str | None]:
    """The administrations in whose name an account is vouched for at this moment."""
    rows = await tx.all(
        "SELECT DISTINCT s.administration_id FROM account_emails e JOIN sponsorships s ON s.email = e.email"
        " WHERE e.user_id = $1 AND s.ended_by IS NULL AND s.ends_ts > $2",
        user_id,
        now_ms,
    )
    return [row[0] for row in rows]


async def find_guests_of(tx: Tx, sponsor: str, limit: int) -> list[Guest]:
    """The guests of one agent, those whose end is nearest last."""
    rows = await tx.all(f"{_GUEST} WHERE s.sponsor = $1 ORDER BY s.ends_ts DESC, s.email LIMIT $2", sponsor, limit)
    return [Guest(Sponsorship(*row[:7]), row[7]) for row in rows]


async def find_guests_in(tx: Tx, administration_id: str, after: tuple[str, str], limit: int) -> list[Guest]:
    """The guests of an administration's agents, in order of (address, sponsor)."""
    rows = await tx.all(
        f"{_GUEST} WHERE s.administration_id = $1 AND (s.email > $2 OR (s.email = $2 AND s.sponsor > $3))"
        " ORDER BY s.email, s.sponsor LIMIT $4",
        administration_id,
        *after,
        limit,
    )
    return [Guest(Sponsorship(*row[:7]), row[7]) for row in rows]


async def find_to_warn(tx: Tx, before_ts: int, now_ms: int, limit: int) -> list[Guest]:
    """Sponsorships that end before `before_ts` and whose sponsors were not told."""
    rows = await tx.all(
        f"{_GUEST} WHERE s.ended_by IS NULL AND s.warned_ts IS NULL AND s.ends_ts <= $1 AND s.ends_ts > $2"
        " ORDER BY s.ends_ts LIMIT $3",
        before_ts,
        now_ms,
        limit,
    )
    return [Guest(Sponsorship(*row[:7]), row[7]) for row in rows]


async def set_warned(tx: Tx, told: Sponsorship, now_ms: int) -> bool:
    """False where somebody else has told them meanwhile."""
    changed = await tx.run(
        "UPDATE sponsorships SET warned_ts = $1 WHERE email = $2 AND sponsor = $3 AND warned_ts IS NULL",
        now_ms,
        told.email,
        told.sponsor,
    )
    return changed > 0


async def end_with_administrations(tx: Tx, now_ms: int, limit: int) -> list[str]:
    """Ends some of what runs in the name of administrations that are suspended; the addresses concerned."""
    rows = await tx.all(
        # From the few that are suspended to their guests: asked every minute, of all guests there are.
        "SELECT email, sponsor FROM sponsorships WHERE administration_id IN"
        " (SELECT administration_id FROM administrations WHERE status <> 'active')"
        " AND ended_by IS NULL AND ends_ts > $1 LIMIT $2",
        now_ms,
        limit,
    )
    await tx.many(
        "UPDATE sponsorships SET ended_by = $1, ends_ts = $2 WHERE email = $3 AND sponsor = $4",
        [(BY_ADMINISTRATION, now_ms, row[0], row[1]) for row in rows],
    )
    return sorted({row[0] for row in rows})


async def set_guest_term(tx: Tx, user_id: str, expires_ts: int, now_ms: int) -> None:
    """The account's term is what its sponsors say; no mailbox renews it. One that runs again is no ended one."""
    await tx.run(
        "UPDATE accounts SET expires_ts = CAST($1 AS BIGINT), validity_next_ts = NULL,"
        " guest_ended_ts = CASE WHEN CAST($1 AS BIGINT) > CAST($3 AS BIGINT) THEN NULL ELSE guest_ended_ts END"
        " WHERE user_id = $2",
        expires_ts,
        user_id,
        now_ms,
    )


async def find_over(tx: Tx, instance: str, now_ms: int, limit: int) -> list[str]:
    """Living accounts of guests nobody vouches for any more, who still stand in rooms."""
    rows = await tx.all(
        "SELECT user_id FROM accounts WHERE instance = $1 AND expires_ts <= $2 AND validity_next_ts IS NULL"
        " AND guest_ended_ts IS NULL AND deactivated_ts IS NULL ORDER BY expires_ts LIMIT $3",
        instance,
        now_ms,
        limit,
    )
    return [row[0] for row in rows]


async def set_out_of_rooms(tx: Tx, user_id: str, now_ms: int) -> bool:
    """False where that is known already, or somebody has vouched again meanwhile."""
    changed = await tx.run(
        "UPDATE accounts SET guest_ended_ts = $1 WHERE user_id = $2 AND expires_ts <= $1 AND guest_ended_ts IS NULL",
        now_ms,
        user_id,
    )
    return changed > 0


async def find_to_close(tx: Tx, before_ts: int, limit: int) -> list[str]:
    """Guests out of all rooms since before that moment."""
    rows = await tx.all(
        "SELECT user_id FROM accounts WHERE guest_ended_ts <= $1 AND deactivated_ts IS NULL"
        " ORDER BY guest_ended_ts LIMIT $2",
        before_ts,
        limit,
    )
    return [row[0] for row in rows]
