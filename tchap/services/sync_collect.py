"""What /sync reads: one read job, with a fixed number of queries whatever the number of rooms."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tchap.base.encoding import decode_json
from tchap.protocol.notices import Unread
from tchap.protocol.sync_rooms import Sight, cut_timeline, plan_rooms, timeline_depth
from tchap.protocol.sync_values import Ask, DeviceFacts, OwnMembership, RoomPlan, SyncEvent, Timeline
from tchap.services.invite_permissions import CONFIG_TYPE, blocks_invitations
from tchap.services.sync_devices import find_device
from tchap.services.sync_relations import Bundles, find_bundles
from tchap.services.sync_state import StateFacts, find_state
from tchap.storage import account_data, push, push_rules, receipts, sync
from tchap.storage.account_data import AccountData
from tchap.storage.database import Tx
from tchap.storage.push_rules import StoredRules
from tchap.storage.receipts import Receipt
from tchap.storage.sync import Window

# Client-server API, "Stripped state".
STRIPPED_TYPES = (
    "m.room.create",
    "m.room.name",
    "m.room.avatar",
    "m.room.topic",
    "m.room.join_rules",
    "m.room.canonical_alias",
    "m.room.encryption",
)


@dataclass(frozen=True, slots=True)
class Collected:
    """Everything read for one answer, by room where it is about rooms.

    ``by_id`` holds redactions and invitations; ``rules`` are the person's push rules where ``rules_changed``.
    """

    plans: tuple[RoomPlan, ...]
    timelines: Mapping[str, Timeline]
    state: StateFacts
    stripped: tuple[SyncEvent, ...]
    by_id: Mapping[str, SyncEvent]
    receipts: tuple[Receipt, ...]
    unread: Mapping[str, Mapping[str, Unread]]
    account_data: tuple[AccountData, ...]
    own: Mapping[str, tuple[OwnMembership, ...]]
    device: DeviceFacts
    to_device_upto: int | None
    rules_changed: bool
    rules: StoredRules | None
    ignored: frozenset[str]
    bundles: Bundles


async def collect(tx: Tx, ask: Ask, delivered: int) -> Collected:
    """Reads all facts of the answer; ``delivered`` is the position up to which device messages have arrived."""
    own = await _find_own(tx, ask)
    plans = plan_rooms(own, ask)
    personal = await account_data.find_changed_account_data(
        tx, ask.user_id, ask.since or 0, ask.upto, [plan.room_id for plan in plans if plan.since == 0]
    )
    ignored, wants_none = _ignored(personal), blocks_invitations(_global(personal, CONFIG_TYPE))
    # "Servers must not send room invites from ignored users to clients" (ignoring users).
    plans = [plan for plan in plans if plan.section != "invite" or not (wants_none or plan.present.sender in ignored)]
    history = await _find_history(tx, ask, plans)
    timelines = await _find_timelines(tx, ask, plans, ignored, history)
    state = await find_state(tx, ask, plans, timelines)
    read = await _find_receipts(tx, ask, plans)
    device, to_device_upto = await find_device(tx, ask, delivered, plans, state)
    rules_changed, rules = await _find_rules(tx, ask)
    return Collected(
        plans=tuple(plans),
        timelines=timelines,
        state=state,
        stripped=tuple(await _find_stripped(tx, ask, plans)),
        by_id=await _find_by_ids(tx, plans, timelines),
        receipts=tuple(read),
        unread=await _find_unread(tx, ask, timelines, read, ignored),
        account_data=tuple(personal),
        own={plan.room_id: history.get(plan.room_id, plan.own) for plan in plans},
        device=device,
        to_device_upto=to_device_upto,
        rules_changed=rules_changed,
        rules=rules,
        ignored=ignored,
        bundles=await find_bundles(tx, ask, plans, timelines, ignored),
    )


async def _find_own(tx: Tx, ask: Ask) -> list[OwnMembership]:
    if ask.since is not None:
        return await sync.find_own_memberships(tx, Window(ask.user_id, ask.since, ask.upto))
    if ask.filter.room.include_leave:
        return await sync.find_own_memberships(tx, Window(ask.user_id, 0, ask.upto), with_left=True)
    return await sync.find_own_memberships(tx, Window(ask.user_id, ask.upto, ask.upto))


def _ignored(personal: Sequence[AccountData]) -> frozenset[str]:
    content = _global(personal, "m.ignored_user_list")
    if not content:
        return frozenset()
    value = decode_json(content)
    users = value.get("ignored_users") if isinstance(value, dict) else None
    return frozenset(users) if isinstance(users, dict) else frozenset()


def _global(personal: Sequence[AccountData], kind: str) -> bytes:
    return next((each.content for each in personal if each.type == kind and not each.room_id), b"")


async def _find_history(tx: Tx, ask: Ask, plans: Sequence[RoomPlan]) -> dict[str, tuple[OwnMembership, ...]]:
    """The whole past of the person in the rooms whose timeline may reach back before the stretches known."""
    fresh = [plan.room_id for plan in plans if plan.since == 0 and plan.section in ("join", "leave")]
    if not fresh:
        return {}
    found: dict[str, list[OwnMembership]] = {}
    for row in await sync.find_own_history(tx, Window(ask.user_id, 0, ask.upto), fresh):
        found.setdefault(row.room_id, []).append(row)
    return {room_id: tuple(rows) for room_id, rows in found.items()}


async def _find_timelines(
    tx: Tx,
    ask: Ask,
    plans: Sequence[RoomPlan],
    ignored: Collection[str],
    history: Mapping[str, tuple[OwnMembership, ...]],
) -> dict[str, Timeline]:
    events: dict[str, list[SyncEvent]] = {}
    seen = [plan for plan in plans if plan.section in ("join", "leave") and plan.was_joined]
    for since in {plan.since for plan in seen}:
        rooms = [plan.room_id for plan in seen if plan.since == since]
        window = Window(ask.user_id, since, ask.upto)
        for event in await sync.find_timelines(tx, window, rooms, timeline_depth(ask)):
            events.setdefault(event.room_id, []).append(event)
    # Of a room they did not enter, only what put them out: it may lie beyond the end of an earlier stay.
    for event in await _find_presents(tx, [plan for plan in plans if not plan.was_joined]):
        events[event.room_id] = [event]
    sight = await _find_sight(tx, ask, history, events)
    return {
        plan.room_id: cut_timeline(plan, events.get(plan.room_id, ()), ask, ignored, sight.get(plan.room_id))
        for plan in plans
        if plan.section in ("join", "leave")
    }


async def _find_sight(
    tx: Tx, ask: Ask, history: Mapping[str, tuple[OwnMembership, ...]], events: Mapping[str, Sequence[SyncEvent]]
) -> dict[str, Sight]:
    """How to judge the events of the rooms whose timeline begins before the person's present stay."""
    judged = [
        room_id
        for room_id, own in history.items()
        if (found := events.get(room_id)) and not all(_was_joined(own, event.position) for event in (found[0],))
    ]
    if not judged:
        return {}
    sight = Sight(
        (row for room_id in judged for row in history[room_id]), await sync.find_visibilities(tx, judged, ask.upto)
    )
    return dict.fromkeys(judged, sight)


def _was_joined(own: Sequence[OwnMembership], position: int) -> bool:
    """Whether the person has been joined ever since just before the position."""
    present = own[-1]
    stays = [row for row in own if row.to_position is None or row.to_position >= position]
    if present.membership != "join":
        stays = stays[:-1]
    return bool(stays) and stays[0].from_position < position and all(row.membership == "join" for row in stays)


async def _find_receipts(tx: Tx, ask: Ask, plans: Sequence[RoomPlan]) -> list[Receipt]:
    found = []
    joined = [plan for plan in plans if plan.section == "join"]
    for since in {plan.since for plan in joined}:
        rooms = [plan.room_id for plan in joined if plan.since == since]
        found += await receipts.find_changed_receipts(tx, Window(ask.user_id, since, ask.upto), rooms)
    return found


async def _find_unread(
    tx: Tx, ask: Ask, timelines: Mapping[str, Timeline], read: Sequence[Receipt], ignored: Collection[str]
) -> dict[str, dict[str, Unread]]:
    rooms = {room_id for room_id, timeline in timelines.items() if timeline.start_ordering or timeline.limited}
    rooms.update(receipt.room_id for receipt in read if receipt.user_id == ask.user_id)
    if not rooms:
        return {}
    counts = await push.find_unread(tx, ask.user_id, rooms, ask.upto, ignored)
    return {room_id: counts.get(room_id, {}) for room_id in rooms}


async def _find_stripped(tx: Tx, ask: Ask, plans: Sequence[RoomPlan]) -> list[SyncEvent]:
    outside = [plan for plan in plans if plan.section in ("invite", "knock")]
    if not outside:
        return []
    members = {ask.user_id, *(plan.present.sender for plan in outside)}
    return await sync.find_stripped_state(tx, [plan.room_id for plan in outside], STRIPPED_TYPES, members)


async def _find_presents(tx: Tx, plans: Sequence[RoomPlan]) -> list[SyncEvent]:
    """The person's membership events at the end, in rooms where they were no member meanwhile."""
    return await sync.find_by_ids(tx, [plan.present.event_id for plan in plans]) if plans else []


async def _find_by_ids(tx: Tx, plans: Sequence[RoomPlan], timelines: Mapping[str, Timeline]) -> dict[str, SyncEvent]:
    wanted = {plan.present.event_id for plan in plans if plan.section in ("invite", "knock") or not plan.was_joined}
    wanted.update(
        event.redacted_by for timeline in timelines.values() for event in timeline.events if event.redacted_by
    )
    return {event.event_id: event for event in await sync.find_by_ids(tx, wanted)} if wanted else {}


async def _find_rules(tx: Tx, ask: Ask) -> tuple[bool, StoredRules | None]:
    found = next(iter(await push_rules.find_rules(tx, [ask.user_id])), None)
    return ask.since is None or (found is not None and found.position > ask.since), found
