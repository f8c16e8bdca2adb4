"""The directory of people: the words of their names, and the trigrams that find them."""

from collections.abc import Collection

from tchap.base import limits
from tchap.storage.database import Tx


async def set_person(tx: Tx, user_id: str, words: tuple[str, ...], trigrams: Collection[str]) -> None:
    """Lists a person under these words, in place of what was there."""
    await remove_person(tx, user_id)
    await tx.run("INSERT INTO directory_people (user_id, words) VALUES ($1, $2)", user_id, " ".join(words))
    # Sorted, so that two writers lock the counts in the same order.
    rows = [(trigram, user_id) for trigram in sorted(trigrams)]
    await tx.many("INSERT INTO directory_trigrams (trigram, user_id) VALUES ($1, $2)", rows)
    await tx.many(
        "INSERT INTO directory_counts (trigram, people) VALUES ($1, 1)"
        " ON CONFLICT (trigram) DO UPDATE SET people = directory_counts.people + 1",
        [(trigram,) for trigram, _ in rows],
    )


async def remove_person(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM directory_people WHERE user_id = $1", user_id)
    rows = await tx.all("DELETE FROM directory_trigrams WHERE user_id = $1 RETURNING trigram", user_id)
    await tx.many(
        "UPDATE directory_counts SET people = people - 1 WHERE trigram = $1", sorted((row[0],) for row in rows)
    )


async def find_counts(tx: Tx, trigrams: Collection[str]) -> dict[str, int]:
    """How many people each of these trigrams finds; those that find nobody are left out."""
    rows = await tx.all(
        "SELECT trigram, people FROM directory_counts WHERE trigram IN_LIST($1) AND people > 0", sorted(trigrams)
    )
    return {row[0]: row[1] for row in rows}


async def find_candidates(tx: Tx, trigrams: Collection[str], limit: int) -> list[tuple[str, tuple[str, ...]]]:
    """Those who share the most trigrams: `(user_id, words)`. A bounded number of matches is looked at."""
    rows = await tx.all(
        "SELECT p.user_id, p.words FROM directory_people p JOIN"
        " (SELECT user_id, COUNT(*) AS shared FROM"
        " (SELECT user_id FROM directory_trigrams WHERE trigram IN_LIST($1) LIMIT $3) hits"
        " GROUP BY user_id ORDER BY COUNT(*) DESC, user_id LIMIT $2) found ON found.user_id = p.user_id"
        " ORDER BY found.shared DESC, p.user_id",
        sorted(trigrams),
        limit,
        limits.DIRECTORY_MATCHES,
    )
    return [(row[0], tuple(row[1].split())) for row in rows]


async def find_hide_settings(tx: Tx, user_ids: Collection[str]) -> dict[str, bytes]:
    """The account data `im.vector.hide_profile` of those who have it, as JSON."""
    rows = await tx.all(
        "SELECT user_id, content FROM account_data"
        " WHERE user_id IN_LIST($1) AND room_id = '' AND type = 'im.vector.hide_profile'",
        user_ids,
    )
    return {row[0]: bytes(row[1]) for row in rows}
