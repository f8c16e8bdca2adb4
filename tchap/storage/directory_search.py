"""Searching the directory: a fixed number of statements, whatever is typed and however many people there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tchap.base import limits
from tchap.protocol.directory_words import Listing
from tchap.storage.database import Row, Tx
from tchap.storage.directory import listing_of

RED_LIST = "im.vector.hide_profile"


class KnownWord(NamedTuple):
    """A word of the dictionary, and of how many people's names, of how many's units or functions, of how many
    administrations it is."""

    word_id: int
    word: str
    people: int
    roles: int
    administrations: int


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to look: people with one of the `words` beside one of the `others` (None: any), whose initials are
    `initials`, in one of the `administrations`; those with `best` words come first."""

    words: Sequence[int] = ()
    initials: Sequence[int] = ()
    others: Sequence[int] | None = None
    administrations: Sequence[int] = ()
    best: Sequence[int] = field(default=())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person who may be meant; `hides` is her account data of the red list, as JSON."""

    person_id: int
    user_id: str
    listing: Listing
    administration_id: str | None
    administration_words: tuple[str, ...]
    expires_ts: int | None
    is_open: bool
    hides: bytes | None


async def find_words(tx: Tx, keys: Collection[str]) -> list[tuple[str, KnownWord]]:
    """`(key, word)` of the words that these keys lead to: resembling ones, then common beginnings, then middles."""
    rows = await tx.all(
        "SELECT key, word_id FROM directory_keys WHERE key IN_LIST($1)"
        " ORDER BY CASE substr(key, 1, 1) WHEN '^' THEN 1 WHEN '~' THEN 2 ELSE 0 END, weight DESC, word_id LIMIT $2",
        sorted(keys),
        limits.DIRECTORY_WORDS,
    )
    said = await tx.all(_SAID, list({row[1] for row in rows}))
    known = {word_id: _known(word_id, text) for word_id, text in said}
    return [(key, known[word_id]) for key, word_id in rows]


# A join would be for PostgreSQL to plan, which then reads the whole dictionary; a subquery is a look at one row.
_SAID = """SELECT i.value,
  (SELECT w.word || ' ' || w.people || ' ' || w.roles || ' ' || w.administrations FROM directory_words w
    WHERE w.word_id = i.value) FROM IDS($1) i"""


def _known(word_id: int, said: str) -> KnownWord:
    word, people, roles, administrations = said.split(" ")
    return KnownWord(word_id, word, int(people), int(roles), int(administrations))


async def find_administrations(tx: Tx, word_ids: Collection[int]) -> list[tuple[str, tuple[str, ...]]]:
    """`(administration_id, words)` of those that have the most of these words, the shortest names first."""
    rows = await tx.all(
        "SELECT d.administration_id, d.words FROM directory_administrations d JOIN"
        " (SELECT administration_id, COUNT(*) AS found FROM directory_administration_words WHERE word_id IN_LIST($1)"
        " GROUP BY administration_id ORDER BY COUNT(*) DESC, administration_id LIMIT $2) f"
        " ON f.administration_id = d.administration_id ORDER BY f.found DESC, length(d.words), d.administration_id",
        list(word_ids),
        limits.DIRECTORY_ADMINISTRATIONS,
    )
    return [(row[0], tuple(row[1].split())) for row in rows]


_MAX_LOOKS = limits.DIRECTORY_LOOKS * limits.DIRECTORY_ADMINISTRATIONS


def _branch(first: int, is_placed: bool) -> str:
    """People by postings; the parameters from `$first` on are those of `_params`."""
    words, initials, others, is_any, best, limit, places = (f"${first + number}" for number in range(7))
    place, is_there = (f"CROSS JOIN IDS({places}) a", "AND p.administration_key = l.place") if is_placed else ("", "")
    columns = "w.value AS word, i.value AS initial" + (", a.value AS place" if is_placed else "")
    # A bounded list of looks, then each look at the index: left to themselves the engines weigh words of forty people,
    # and read every person called Martin.
    return f"""SELECT person_id FROM (SELECT p.person_id
      FROM (SELECT {columns} FROM IDS({words}) w CROSS JOIN IDS({initials}) i {place} LIMIT {_MAX_LOOKS}) l
      CROSS JOIN directory_postings p WHERE p.word_id = l.word AND p.initial = l.initial {is_there}
        AND (CAST({is_any} AS INTEGER) = 1 OR p.other_id IN_LIST({others})) GROUP BY p.person_id
      ORDER BY SUM(CASE WHEN p.word_id IN_LIST({best}) THEN 1 ELSE 0 END
        + CASE WHEN p.other_id IN_LIST({best}) THEN 1 ELSE 0 END) DESC, p.person_id LIMIT {limit}) AS b{first}"""


def _params(branch: Branch, is_placed: bool) -> tuple[object, ...]:
    others = branch.others
    found = (branch.words, branch.initials, others or (), int(others is None), branch.best, limits.DIRECTORY_CANDIDATES)
    return (*found, branch.administrations) if is_placed else found


_CANDIDATES = f"{_branch(1, True)} UNION {_branch(8, True)} UNION {_branch(15, False)}"


async def find_candidates(tx: Tx, named: Branch, home: Branch, anywhere: Branch) -> list[int]:
    """Ids of people of the administrations named in the search, of the searcher's own, and of all."""
    rows = await tx.all(_CANDIDATES, *_params(named, True), *_params(home, True), *_params(anywhere, False))
    return [row[0] for row in rows]


async def find_agents(tx: Tx, administration_ids: Collection[str], limit: int) -> list[int]:
    """Ids of some people of these administrations."""
    rows = await tx.all(
        "SELECT d.person_id FROM (SELECT user_id FROM accounts WHERE administration_id IN_LIST($1)"
        " AND deactivated_ts IS NULL ORDER BY administration_id, user_id LIMIT $2) a"
        " JOIN directory_persons d ON d.user_id = a.user_id",
        list(administration_ids),
        limit,
    )
    return [row[0] for row in rows]


_MY_ROOMS = (
    "(SELECT room_id FROM memberships WHERE user_id = $1 AND to_position IS NULL AND membership = 'join'"
    " ORDER BY from_position DESC LIMIT $2)"
)
_JOINED = "to_position IS NULL AND membership = 'join'"


async def find_roommates(tx: Tx, user_id: str) -> list[tuple[int, Listing]]:
    """`(person_id, listing)` of those in the person's latest rooms, large rooms left out."""
    rows = await tx.all(
        f"SELECT d.person_id, d.names, d.joined, d.roles FROM directory_persons d JOIN"
        f" (SELECT DISTINCT user_id FROM memberships WHERE {_JOINED} AND room_id IN"
        f" (SELECT room_id FROM {_MY_ROOMS} mine WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM memberships o"
        f" WHERE o.room_id = mine.room_id AND {_JOINED} LIMIT $3) counted) < $3) LIMIT $4) r"
        " ON r.user_id = d.user_id",
        user_id,
        limits.DIRECTORY_ROOMS,
        limits.DIRECTORY_ROOM_MEMBERS,
        limits.DIRECTORY_ROOMMATES,
    )
    return [(row[0], listing_of(row[1:])) for row in rows]


async def find_sharing(tx: Tx, user_id: str, others: Collection[str]) -> set[str]:
    """Those of the others who are in one of the person's latest rooms, however large."""
    rows = await tx.all(
        f"SELECT DISTINCT user_id FROM memberships WHERE user_id IN_LIST($3) AND {_JOINED}"
        f" AND room_id IN (SELECT room_id FROM {_MY_ROOMS} mine)",
        user_id,
        limits.DIRECTORY_ROOMS,
        list(others),
    )
    return {row[0] for row in rows}


_PEOPLE = (
    "SELECT d.person_id, d.user_id, d.names, d.joined, d.roles, a.administration_id, o.words, a.expires_ts,"
    " a.deactivated_ts, s.content FROM directory_persons d JOIN accounts a ON a.user_id = d.user_id"
    " LEFT JOIN directory_administrations o ON o.administration_id = a.administration_id"
    f" LEFT JOIN account_data s ON s.user_id = d.user_id AND s.room_id = '' AND s.type = '{RED_LIST}'"
)

# One list of ids, not an OR: for that PostgreSQL reads everybody.
FIND_EXACTLY = f"""{_PEOPLE} WHERE d.user_id IN
  (SELECT CAST($1 AS TEXT) UNION ALL SELECT user_id FROM account_emails WHERE email = $1)"""


async def find_people(tx: Tx, person_ids: Collection[int]) -> list[Candidate]:
    """What is compared with what was typed, and what keeps people out of the answer."""
    return _candidates(await tx.all(f"{_PEOPLE} WHERE d.person_id IN_LIST($1)", list(person_ids)))


async def find_person_exactly(tx: Tx, text: str) -> list[Candidate]:
    """The person of a whole e-mail address or user id."""
    return _candidates(await tx.all(FIND_EXACTLY, text))


def _candidates(rows: Sequence[Row]) -> list[Candidate]:
    return [
        Candidate(
            row[0],
            row[1],
            listing_of(row[2:5]),
            row[5],
            tuple((row[6] or "").split()),
            row[7],
            row[8] is None,
            None if row[9] is None else bytes(row[9]),
        )
        for row in rows
    ]
