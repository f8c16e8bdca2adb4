"""The directory of people: who is listed under which words, and the words that typed ones lead to.

A person and all that leads to her are written in one transaction; how they are searched is in `directory_search`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tchap.protocol.directory_words import COMMON, Listing, fold_telling, id_of, keys_of, postings_of, weight_of
from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class Entry:
    """A person as she is listed."""

    user_id: str
    administration_id: str | None
    listing: Listing


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an account that may be listed; `fields` is the profile's JSON. `is_somebody`: it is an agent's,
    or has an address or a password; the others speak for the server or for a service."""

    user_id: str
    administration_id: str | None
    is_open: bool
    display_name: str | None
    fields: bytes
    is_somebody: bool


_FACTS = (
    "SELECT a.user_id, a.administration_id, a.deactivated_ts, p.display_name, p.fields,"
    " a.administration_id IS NOT NULL OR a.password_hash IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM account_emails e WHERE e.user_id = a.user_id)"
    " FROM accounts a LEFT JOIN profiles p ON p.user_id = a.user_id"
)


async def find_facts(tx: Tx, user_ids: Collection[str]) -> list[Facts]:
    """What these accounts would be listed by."""
    return [_facts(row) for row in await tx.all(f"{_FACTS} WHERE a.user_id IN_LIST($1)", user_ids)]


async def find_facts_after(tx: Tx, after_user: str, limit: int) -> list[Facts]:
    """As `find_facts`, of the next accounts in the order of their ids."""
    rows = await tx.all(f"{_FACTS} WHERE a.user_id > $1 ORDER BY a.user_id LIMIT $2", after_user, limit)
    return [_facts(row) for row in rows]


def _facts(row: Row) -> Facts:
    return Facts(row[0], row[1], row[2] is None, row[3], bytes(row[4] or b"{}"), bool(row[5]))


async def set_people(tx: Tx, entries: Sequence[Entry]) -> None:
    """Lists each under her words, in place of what was there."""
    known = await _find_entries(tx, [entry.user_id for entry in entries])
    changed = [entry for entry in entries if known.get(entry.user_id, (0, None))[1] != entry]
    if not changed:
        return
    held = [known[entry.user_id] for entry in changed if entry.user_id in known]
    await _remove(tx, held)
    numbers = await _number(tx, changed, {entry.user_id: person_id for person_id, entry in held})
    await tx.many(
        "INSERT INTO directory_persons (person_id, user_id, administration_id, names, joined, roles)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [(person_id, entry.user_id, entry.administration_id, *_texts(entry.listing)) for person_id, entry in numbers],
    )
    await _add_words(tx, {word for entry in changed for word in _words_of(entry.listing)})
    await tx.many(
        "INSERT INTO directory_postings (word_id, initial, administration_key, person_id, other_id)"
        " VALUES ($1, $2, $3, $4, $5)",
        _rows_of(numbers),
    )
    await _weigh(tx, await _count(tx, [entry for _, entry in numbers], 1))


async def remove_people(tx: Tx, user_ids: Collection[str]) -> None:
    """Nobody finds them any more."""
    await _remove(tx, list((await _find_entries(tx, user_ids)).values()))


async def _find_entries(tx: Tx, user_ids: Collection[str]) -> dict[str, tuple[int, Entry]]:
    rows = await tx.all(
        "SELECT person_id, user_id, administration_id, names, joined, roles FROM directory_persons"
        " WHERE user_id IN_LIST($1)",
        user_ids,
    )
    return {row[1]: (row[0], Entry(row[1], row[2], listing_of(row[3:]))) for row in rows}


def listing_of(texts: Row) -> Listing:
    """A listing from the columns `names`, `joined` and `roles`."""
    return Listing(*(tuple(text.split()) for text in texts))


async def _number(tx: Tx, entries: Sequence[Entry], known: dict[str, int]) -> list[tuple[int, Entry]]:
    new = [entry.user_id for entry in entries if entry.user_id not in known]
    first = await tx.next_positions(len(new)) if new else 0
    numbers = known | {user_id: first + number for number, user_id in enumerate(new)}
    return [(numbers[entry.user_id], entry) for entry in entries]


def _texts(listing: Listing) -> tuple[str, str, str]:
    return " ".join(listing.names), " ".join(listing.joined), " ".join(listing.roles)


def _words_of(listing: Listing) -> tuple[str, ...]:
    return (*listing.names, *listing.joined, *listing.roles)


def administration_key(administration_id: str | None) -> int:
    """What stands for an administration in the postings; 0 for none."""
    return id_of(administration_id) if administration_id is not None else 0


def _rows_of(numbers: Iterable[tuple[int, Entry]]) -> list[Row]:
    """The postings of these people, in the order of the table."""
    return sorted(
        (each.word_id, each.initial, key, person_id, each.other_id)
        for person_id, entry in numbers
        for key in (administration_key(entry.administration_id),)
        for each in postings_of(entry.listing)
    )


async def _remove(tx: Tx, held: Sequence[tuple[int, Entry]]) -> None:
    if not held:
        return
    await tx.many("DELETE FROM directory_persons WHERE person_id = $1", [(person_id,) for person_id, _ in held])
    await tx.many(
        "DELETE FROM directory_postings WHERE word_id = $1 AND initial = $2 AND administration_key = $3"
        " AND person_id = $4 AND other_id = $5",
        _rows_of(held),
    )
    await _weigh(tx, await _count(tx, [entry for _, entry in held], -1))


async def _count(tx: Tx, entries: Iterable[Entry], step: int) -> list[int]:
    """How many people have each word tells which to search by; the ids of the words."""
    names: Counter[str] = Counter()
    roles: Counter[str] = Counter()
    for entry in entries:
        names.update((*entry.listing.names, *entry.listing.joined))
        roles.update(entry.listing.roles)
    # Sorted, so that two writers lock the words in the same order.
    rows = sorted((id_of(word), step * names[word], step * roles[word]) for word in names | roles)
    await tx.many("UPDATE directory_words SET people = people + $2, roles = roles + $3 WHERE word_id = $1", rows)
    return [row[0] for row in rows]


async def _add_words(tx: Tx, words: Collection[str]) -> None:
    """Makes words known, with what leads to them."""
    ids = {id_of(word): word for word in words}
    rows = await tx.all("SELECT word_id FROM directory_words WHERE word_id IN_LIST($1)", list(ids))
    known = {row[0] for row in rows}
    new = sorted((word_id, word) for word_id, word in ids.items() if word_id not in known)
    if not new:
        return
    await tx.many("INSERT INTO directory_words (word_id, word) VALUES ($1, $2) ON CONFLICT DO NOTHING", new)
    await tx.many(
        "INSERT INTO directory_keys (key, weight, word_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        sorted((key, 0, word_id) for word_id, word in new for key in keys_of(word)),
    )


async def _weigh(tx: Tx, word_ids: Collection[int]) -> None:
    """Words that have become common, or no longer are, stand elsewhere among those with their keys."""
    rows = await tx.all(
        "SELECT word_id, word, people + roles + administrations, weight FROM directory_words"
        " WHERE word_id IN_LIST($1) AND (weight > 0 OR people + roles + administrations >= $2)",
        list(word_ids),
        COMMON,
    )
    moved = [(row[0], row[1], row[3], weight_of(row[2])) for row in rows if row[3] != weight_of(row[2])]
    if not moved:
        return
    await tx.many(
        "UPDATE directory_keys SET weight = $4 WHERE key = $1 AND weight = $2 AND word_id = $3",
        sorted((key, before, word_id, after) for word_id, word, before, after in moved for key in keys_of(word)),
    )
    await tx.many(
        "UPDATE directory_words SET weight = $2 WHERE word_id = $1",
        sorted((word_id, after) for word_id, _, _, after in moved),
    )


async def name_administrations(tx: Tx, administration_ids: Collection[str]) -> None:
    """Those of these whose name or label is new are found by the words of it from now on."""
    rows = await tx.all(f"{_STALE} AND a.administration_id IN_LIST($1)", administration_ids)
    if not rows:
        return
    named = {row[0]: fold_telling(f"{row[2]} {row[1]}") for row in rows}
    gone = await tx.all(
        "DELETE FROM directory_administration_words WHERE administration_id IN_LIST($1) RETURNING word_id", list(named)
    )
    await _add_words(tx, {word for words in named.values() for word in words})
    await tx.many(
        "INSERT INTO directory_administrations (administration_id, name, label, words) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (administration_id) DO UPDATE SET name = excluded.name, label = excluded.label,"
        " words = excluded.words",
        [(*row, " ".join(named[row[0]])) for row in rows],
    )
    pairs = sorted((id_of(word), administration_id) for administration_id, words in named.items() for word in words)
    await tx.many("INSERT INTO directory_administration_words (word_id, administration_id) VALUES ($1, $2)", pairs)
    steps = Counter(word_id for word_id, _ in pairs)
    steps.subtract(row[0] for row in gone)
    await tx.many(
        "UPDATE directory_words SET administrations = administrations + $2 WHERE word_id = $1", sorted(steps.items())
    )
    await _weigh(tx, list(steps))


async def find_renamed(tx: Tx, limit: int) -> list[str]:
    """Administrations whose words are not, or no longer, those of their name and label."""
    return [row[0] for row in await tx.all(f"{_STALE} LIMIT $1", limit)]


_STALE = (
    "SELECT a.administration_id, a.name, a.label FROM administrations a"
    " LEFT JOIN directory_administrations d ON d.administration_id = a.administration_id"
    " WHERE (d.administration_id IS NULL OR d.name <> a.name OR d.label <> a.label)"
)


async def find_backlog(tx: Tx) -> str | None:
    """The account after which nobody has been listed yet; None where everybody is."""
    row = await tx.one("SELECT after_user FROM directory_backlog")
    return None if row is None else str(row[0])


async def open_backlog(tx: Tx) -> None:
    """Everybody is to be listed, from the first account on."""
    await tx.run("DELETE FROM directory_backlog")
    await tx.run("INSERT INTO directory_backlog (after_user) VALUES ('')")


async def set_backlog(tx: Tx, after_user: str | None) -> None:
    if after_user is None:
        await tx.run("DELETE FROM directory_backlog")
    else:
        await tx.run("UPDATE directory_backlog SET after_user = $1", after_user)
