"""The state after events where the graph forks: what differs from the state after one of their parents."""

from __future__ import annotations

from collections.abc import Mapping

from tchap.storage.events import StoredEvent
from tchap.storage.jobs import Tx
from tchap.storage.room_state import find_current_state, find_state_at

StateIds = dict[tuple[str, str], str]


async def find_state_after(tx: Tx, event_id: str) -> StateIds | None:
    """The state after an event as ids; None when it is not known (no such event, or an outlier).

    Deltas are followed up to an event on a linear run, for which the temporal table answers at its position.
    """
    later: StateIds = {}
    gone: set[tuple[str, str]] = set()
    at: str | None = event_id
    base: StateIds | None = {}
    while at is not None:
        link = await tx.one("SELECT parent_event_id FROM state_delta_parents WHERE event_id = $1", at)
        if link is None:
            base = await _find_told_after(tx, at)
            break
        for type_, key, held in await tx.all(
            "SELECT type, state_key, state_event_id FROM state_deltas WHERE event_id = $1", at
        ):
            if (type_, key) in later or (type_, key) in gone:
                continue
            if held is None:
                gone.add((type_, key))
            else:
                later[(type_, key)] = held
        at = link[0]
    if base is None:
        return None
    return {key: held for key, held in base.items() if key not in gone} | later


async def _find_told_after(tx: Tx, event_id: str) -> StateIds | None:
    row = await tx.one("SELECT room_id, position FROM events WHERE event_id = $1", event_id)
    if row is None or row[1] is None:
        return None
    return {(each.type, each.state_key): each.event_id for each in await find_state_at(tx, row[0], row[1])}


async def add_state_delta(
    tx: Tx, place: tuple[str, str], after: Mapping[tuple[str, str], str], parents: Mapping[str, StateIds]
) -> None:
    """Stores the state after an event, `place` its (room id, event id), against the parent's that is nearest to it."""
    room_id, event_id = place
    deltas = [(_delta(state, after), parent) for parent, state in parents.items()]
    delta, nearest = min(deltas, key=lambda each: len(each[0]), default=(_delta({}, after), None))
    await tx.run(
        "INSERT INTO state_delta_parents (event_id, room_id, parent_event_id) VALUES ($1, $2, $3)",
        event_id,
        room_id,
        nearest,
    )
    await tx.many(
        "INSERT INTO state_deltas (event_id, type, state_key, state_event_id) VALUES ($1, $2, $3, $4)",
        [(event_id, *key, held) for key, held in delta.items()],
    )


def _delta(
    before: Mapping[tuple[str, str], str], after: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], str | None]:
    changed: dict[tuple[str, str], str | None] = {key: held for key, held in after.items() if before.get(key) != held}
    return changed | {key: None for key in before if key not in after}


async def add_merge_delta(tx: Tx, event: StoredEvent, extremities: tuple[str, ...]) -> None:
    """An event of ours that follows all extremities: before it is the state told so far, which is not yet changed."""
    told = await find_current_state(tx, event.room_id)
    after = {(each.type, each.state_key): each.event_id for each in told}
    if event.state_key is not None:
        after[(event.type, event.state_key)] = event.event_id
    parents = {each: state for each in extremities if (state := await find_state_after(tx, each)) is not None}
    await add_state_delta(tx, (event.room_id, event.event_id), after, parents)
