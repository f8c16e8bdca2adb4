"""Keeping the directory: who is listed and under which words, whenever that changes, and all who were there before."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.policy.rooms import is_external
from tchap.protocol.directory_words import Listing, list_name, without_label
from tchap.services.world import World
from tchap.storage import directory
from tchap.storage.database import Store, Tx
from tchap.storage.directory import Entry, Facts

UNIT, FUNCTION = "fr.tchap.unit", "fr.tchap.function"
"""Fields of the profile: where in the administration a person works, and what she does there."""
ROLE_FIELDS = (UNIT, FUNCTION)


async def list_people(tx: Tx, user_ids: Collection[str]) -> None:
    """Lists these accounts as their names, units, functions and administrations are now.

    Called by whoever changes one of them. Guests of the administrations, closed accounts and those that speak for the
    server or for a service are taken out.
    """
    await _list(tx, await directory.find_facts(tx, user_ids))


async def _list(tx: Tx, facts: Sequence[Facts]) -> None:
    entries = [_entry(each) for each in facts if _is_listed(each)]
    await directory.remove_people(tx, [each.user_id for each in facts if not _is_listed(each)])
    await directory.set_people(tx, entries)
    places = {each.administration_id for each in entries if each.administration_id is not None}
    await directory.name_administrations(tx, sorted(places))


def _is_listed(facts: Facts) -> bool:
    return facts.is_open and facts.is_somebody and not is_external(facts.user_id)


def _entry(facts: Facts) -> Entry:
    return Entry(facts.user_id, facts.administration_id, _listing(facts))


def _listing(facts: Facts) -> Listing:
    name = facts.display_name or ""
    if facts.administration_id is None:
        # On a plain Matrix server names are free: what is in brackets and the name of the account count.
        return list_name(f"{name} {facts.user_id[1:].partition(':')[0]}")
    fields = decode_json(facts.fields)
    unit, function = (str(fields.get(key, "")) if isinstance(fields, dict) else "" for key in ROLE_FIELDS)
    return list_name(without_label(name), unit, function)


async def keep_listed(world: World) -> None:
    """Lists whoever was there before, then follows the names of administrations, until cancelled."""
    while await world.store.write(list_next, limits.DIRECTORY_BATCH):
        await world.clock.sleep(limits.DIRECTORY_PAUSE_S)
    while True:
        await world.store.write(_follow_names)
        await world.clock.sleep(limits.DIRECTORY_IDLE_S)


async def list_next(tx: Tx, limit: int) -> int:
    """Lists the next accounts that were there before the directory was; answers how many, 0 when nobody is left."""
    after = await directory.find_backlog(tx)
    if after is None:
        return 0
    facts = await directory.find_facts_after(tx, after, limit)
    await _list(tx, facts)
    await directory.set_backlog(tx, facts[-1].user_id if facts else None)
    return len(facts)


async def list_everybody(store: Store) -> int:
    """Lists all accounts anew in large steps, for a database that was just filled; how many there are.

    Those who are listed already and have not changed cost little.
    """
    await store.write(directory.open_backlog)
    total = 0
    while done := await store.write(list_next, limits.DIRECTORY_BULK):
        total += done
    return total


async def _follow_names(tx: Tx) -> None:
    await directory.name_administrations(tx, await directory.find_renamed(tx, limits.DIRECTORY_BATCH))
