"""The directory of people: the words of their names, and the trigrams that find them."""

from collections.abc import Collection

from tchap.storage.database import Tx


async def set_person(tx: Tx, user_id: str, words: tuple[str, ...], trigrams: Collection[str]) -> None:
    """Lists a person under these words, in place of what was there."""
    await remove_person(tx, user_id)
    await tx.run("INSERT INTO directory_people (user_id, words) VALUES ($1, $2)", user_id, " ".join(words))
    await tx.many(
        "INSERT INTO directory_trigrams (trigram, user_id) VALUES ($1, $2)",
        [(trigram, user_id) for trigram in sorted(trigrams)],
    )


async def remove_person(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM directory_people WHERE user_id = $1", user_id)
    await tx.run("DELETE FROM directory_trigrams WHERE user_id = $1", user_id)


async def find_candidates(tx: Tx, trigrams: Collection[str], limit: int) -> list[tuple[str, tuple[str, ...]]]:
    """Those who share the most trigrams: `(user_id, words)`."""
    rows = await tx.all(
        "SELECT p.user_id, p.words FROM directory_people p JOIN"
        " (SELECT user_id, COUNT(*) AS shared FROM directory_trigrams WHERE trigram IN_LIST($1)"
        " GROUP BY user_id ORDER BY COUNT(*) DESC, user_id LIMIT $2) found ON found.user_id = p.user_id"
        " ORDER BY found.shared DESC, p.user_id",
        sorted(trigrams),
        limit,
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
