"""The rules of threads: which timeline an event is in, what a receipt there reads, and what their list shows."""

from typing import Any

import pytest

from tests.support.engines import Tell
from tests.support.hall import Hall, Resident
from tests.support.paths import quote

BY_THREAD = {"room": {"timeline": {"unread_thread_notifications": True}}}


def related(rel_type: str, event_id: str, body: str = "…", **more: Any) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": body, "m.relates_to": {"rel_type": rel_type, "event_id": event_id}, **more}


def reply(event_id: str) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": "…", "m.relates_to": {"m.in_reply_to": {"event_id": event_id}}}


def reaction(event_id: str) -> dict[str, Any]:
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": event_id, "key": "👍"}}


async def threads_of(who: Resident, room_id: str, query: str = "") -> Any:
    path = f"/_matrix/client/v1/rooms/{quote(room_id)}/threads{query}"
    return await who.hall.house.ask("GET", path, None, who.token)


async def roots_of(who: Resident, room_id: str, query: str = "") -> list[str]:
    return [event["event_id"] for event in (await threads_of(who, room_id, query))["chunk"]]


async def unread_of(who: Resident, room_id: str) -> dict[str, int]:
    """Notifications by thread, those of nothing left out."""
    return counts_in((await who.sync(filter=BY_THREAD))["rooms"]["join"][room_id])


def counts_in(room: Any) -> dict[str, int]:
    counts = {"main": room["unread_notifications"], **room.get("unread_thread_notifications", {})}
    return {thread: count["notification_count"] for thread, count in counts.items() if count["notification_count"]}


async def make_room(hall: Hall) -> tuple[Resident, Resident, str]:
    ariane, basile = await hall.enter("ariane"), await hall.enter("basile")
    room_id = await ariane.create_room(preset="public_chat")
    await basile.join(room_id)
    return ariane, basile, room_id


async def build_example(ariane: Resident, room_id: str) -> dict[str, str]:
    """The room of the specification's diagram ("Threaded read receipts"): A and B are roots of threads."""
    made = {"A": await ariane.send(room_id, "A"), "B": await ariane.send(room_id, "B")}
    made["C"] = await ariane.send(room_id, related("m.thread", made["A"], "C"))
    made["D"] = await ariane.send(room_id, related("m.thread", made["B"], "D"))
    made["E"] = await ariane.send(room_id, related("m.thread", made["A"], "E"))
    made["F"] = await ariane.send(room_id, related("m.thread", made["B"], "F"))
    made["G"] = await ariane.send(room_id, related("m.thread", made["A"], "G"))
    made["H"] = await ariane.send(room_id, related("m.reference", made["G"], "H"))
    made["I"] = await ariane.send(room_id, related("m.reference", made["A"], "I"))
    return made


# What Basile marks as read, and what then is unread of A B I / C E G H (thread A) / D F (thread B).
RECEIPTS = [
    ([], {"main": 3, "A": 4, "B": 2}),
    ([("I", "main")], {"A": 4, "B": 2}),
    ([("A", "main")], {"main": 2, "A": 4, "B": 2}),
    ([("E", "A")], {"main": 3, "A": 2, "B": 2}),
    ([("H", "A")], {"main": 3, "B": 2}),
    ([("D", None)], {"main": 1, "A": 3, "B": 1}),
    ([("I", None)], {}),
    ([("D", None), ("E", "A")], {"main": 1, "A": 2, "B": 1}),
    ([("E", "A"), ("C", "A")], {"main": 3, "A": 2, "B": 2}),
]


@pytest.mark.parametrize("kind", ["m.read", "m.read.private"])
@pytest.mark.parametrize(("marks", "left"), RECEIPTS)
def test_receipts_read_their_own_timeline(
    marks: list[tuple[str, str | None]], left: dict[str, int], kind: str, tell: Tell
) -> None:
    """A threaded receipt reads its thread up to its event, an unthreaded one everything up to it."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await make_room(hall)
        made = await build_example(ariane, room_id)
        for name, thread in marks:
            await basile.read(room_id, made[name], kind, made.get(thread or "", thread))
        assert await unread_of(basile, room_id) == {made.get(name, name): count for name, count in left.items()}
        assert await unread_of(ariane, room_id) == {}

    tell(story)


def test_what_was_read_is_told_to_who_follows(tell: Tell) -> None:
    """A device that syncs all along is told what its own receipts leave unread, threaded or not, public or not."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await make_room(hall)
        since = (await basile.sync(filter=BY_THREAD))["next_batch"]
        made = await build_example(ariane, room_id)
        since = (await basile.sync(since, filter=BY_THREAD))["next_batch"]
        for name, thread, kind in (("A", "main", "m.read"), ("E", "A", "m.read"), ("I", "main", "m.read.private")):
            await basile.read(room_id, made[name], kind, made.get(thread, thread))
            body = await basile.sync(since, filter=BY_THREAD)
            since = body["next_batch"]
            assert counts_in(body["rooms"]["join"][room_id]) == await unread_of(basile, room_id)
        await basile.read(room_id, made["D"])
        assert counts_in((await basile.sync(since, filter=BY_THREAD))["rooms"]["join"][room_id]) == {
            made["A"]: 2,
            made["B"]: 1,
        }

    tell(story)


# Event, thread, whether a receipt may say so ("the `event_id` is not related to the `thread_id`").
RELATED = [
    ("A", "main", True),
    ("A", "A", True),
    ("C", "A", True),
    ("H", "A", True),
    ("I", "main", True),
    ("C", "main", False),
    ("H", "main", False),
    ("C", "B", False),
    ("B", "A", False),
    ("A", "C", False),
    ("A", "$nothing", False),
]


def test_a_receipt_names_a_thread_its_event_is_in(tell: Tell) -> None:
    """A thread that the event is not in, that is none, is empty or not a text is refused."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await make_room(hall)
        made = await build_example(ariane, room_id)
        for name, thread, is_lawful in RELATED:
            path = f"/rooms/{quote(room_id)}/receipt/m.read/{quote(made[name])}"
            answer = await basile.call("POST", path, {"thread_id": made.get(thread, thread)})
            wanted = (200, None) if is_lawful else (400, "M_INVALID_PARAM")
            assert (answer.status, answer.body.get("errcode")) == wanted, (name, thread)
        for bad in ("", 4, [], {}):
            path = f"/rooms/{quote(room_id)}/receipt/m.read/{quote(made['A'])}"
            answer = await basile.call("POST", path, {"thread_id": bad})
            assert (answer.status, answer.body["errcode"]) == (400, "M_INVALID_PARAM"), bad
        path = f"/rooms/{quote(room_id)}/receipt/m.fully_read/{quote(made['A'])}"
        assert (await basile.call("POST", path, {"thread_id": "main"})).status == 400

    tell(story)


def test_threads_do_not_start_from_children(tell: Tell) -> None:
    """An edit, a reaction, a reference or a message of a thread is the root of no thread; a reply may be."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await make_room(hall)
        root = await ariane.send(room_id, "racine")
        new = {"m.new_content": {"msgtype": "m.text", "body": "…"}}
        children = [
            await ariane.send(room_id, related("m.thread", root)),
            await ariane.send(room_id, related("m.reference", root)),
            await ariane.send(room_id, related("m.replace", root, **new)),
            await ariane.send(room_id, reaction(root), "m.reaction"),
        ]
        send = f"/rooms/{quote(room_id)}/send/m.room.message"
        for number, child in enumerate(children):
            refused = await basile.call("PUT", f"{send}/n{number}", related("m.thread", child))
            assert (refused.status, refused.body["errcode"]) == (400, "M_UNKNOWN")
        answer = await ariane.send(room_id, reply(root))
        for number, lawful in enumerate((root, answer, "$nothing")):
            assert (await basile.call("PUT", f"{send}/y{number}", related("m.thread", lawful))).status == 200
        repeated = await basile.call("PUT", f"{send}/y0", related("m.thread", root))
        assert repeated.status == 200
        again = await basile.call("PUT", f"{send}/after", {"msgtype": "m.text", "body": "ensuite"})
        assert again.status == 200

    tell(story)


def test_indirect_children_are_in_the_thread(tell: Tell) -> None:
    """An edit or reaction of a thread's message is in the thread; one of its root is in the main timeline."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await make_room(hall)
        root = await ariane.send(room_id, "racine")
        child = await ariane.send(room_id, related("m.thread", root))
        new = {"m.new_content": {"msgtype": "m.text", "body": "…"}}
        places = {
            await ariane.send(room_id, related("m.replace", child, **new)): root,
            await ariane.send(room_id, reaction(child), "m.reaction"): root,
            await ariane.send(room_id, related("m.replace", root, **new)): "main",
            await ariane.send(room_id, reaction(root), "m.reaction"): "main",
        }
        for event_id, thread in places.items():
            await basile.read(room_id, event_id, thread=thread)
            if thread == root:
                refused = f"/rooms/{quote(room_id)}/receipt/m.read/{quote(event_id)}"
                assert (await basile.call("POST", refused, {"thread_id": "main"})).status == 400

    tell(story)


def test_the_list_of_threads(tell: Tell) -> None:
    """Roots come by their latest message, all or those one wrote in or began, page by page."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await make_room(hall)
        roots = [await ariane.send(room_id, f"racine {number}") for number in range(4)]
        own = await basile.send(room_id, "racine de Basile")
        for root in (own, *roots):
            await ariane.send(room_id, related("m.thread", root))
        await basile.send(room_id, related("m.thread", roots[1]))
        order = [roots[1], roots[3], roots[2], roots[0], own]
        assert await roots_of(basile, room_id) == order
        assert await roots_of(basile, room_id, "?include=all") == order
        assert await roots_of(basile, room_id, "?include=participated") == [roots[1], own]
        pages, query = [], "?limit=2"
        for _ in range(3):
            page = await threads_of(basile, room_id, query)
            pages += [event["event_id"] for event in page["chunk"]]
            query = f"?limit=2&from={page.get('next_batch')}"
        assert (pages, "next_batch" in page) == (order, False)
        last = await ariane.send(room_id, related("m.thread", own))
        await ariane.redact(room_id, last)
        assert await roots_of(basile, room_id) == order
        path = f"/_matrix/client/v1/rooms/{quote(room_id)}/threads"
        for bad in ("?include=some", "?limit=0", "?from=x"):
            answer = await hall.house.call("GET", path + bad, None, basile.token)
            assert (answer.status, answer.body["errcode"]) == (400, "M_INVALID_PARAM"), bad
        stranger = await hall.enter("claire")
        assert (await hall.house.call("GET", path, None, stranger.token)).status == 403

    tell(story)


def test_threads_and_people_one_ignores(tell: Tell) -> None:
    """Their messages neither count nor move a thread; the root they wrote stands there empty."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await make_room(hall)
        claire = await hall.enter("claire")
        await claire.join(room_id)
        theirs = await ariane.send(room_id, "racine d'Ariane")
        mine = await basile.send(room_id, "racine de Basile")
        quiet = await basile.send(room_id, "rien d'autre")
        kept = await claire.send(room_id, related("m.thread", theirs))
        await claire.send(room_id, related("m.thread", mine))
        await ariane.send(room_id, related("m.thread", theirs))
        await ariane.send(room_id, related("m.thread", quiet))
        ignored = {"ignored_users": {ariane.user_id: {}}}
        await basile.ask("PUT", f"/user/{quote(basile.user_id)}/account_data/m.ignored_user_list", ignored)
        found = (await threads_of(basile, room_id))["chunk"]
        assert [event["event_id"] for event in found] == [mine, theirs]
        assert found[1]["content"] == {}
        thread = found[1]["unsigned"]["m.relations"]["m.thread"]
        assert (thread["count"], thread["latest_event"]["event_id"]) == (1, kept)
        assert await roots_of(claire, room_id) == [quiet, theirs, mine]

    tell(story)


def test_a_thread_shows_its_latest_message_as_it_is_now(tell: Tell) -> None:
    """The latest message carries its own edit; a redacted one gives way to the one before."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await make_room(hall)
        root = await ariane.send(room_id, "racine")
        first = await basile.send(room_id, related("m.thread", root, "un"))
        last = await basile.send(room_id, related("m.thread", root, "deux"))
        hall.house.clock.move(1)
        new = {"m.new_content": {"msgtype": "m.text", "body": "trois"}}
        edit = await basile.send(room_id, related("m.replace", last, **new))

        async def thread() -> Any:
            return (await threads_of(ariane, room_id))["chunk"][0]["unsigned"]["m.relations"]["m.thread"]

        shown = await thread()
        assert shown["latest_event"]["unsigned"]["m.relations"]["m.replace"]["event_id"] == edit
        assert (shown["count"], shown["current_user_participated"]) == (2, True)
        await basile.redact(room_id, last)
        shown = await thread()
        assert (shown["latest_event"]["event_id"], shown["count"]) == (first, 1)
        await basile.redact(room_id, first)
        assert await roots_of(ariane, room_id) == []

    tell(story)


def test_encrypted_edits_and_edits_of_edits(tell: Tell) -> None:
    """An encrypted event is edited by another of its sender; an edit is not edited, and an edit changes no type."""

    async def story(hall: Hall) -> None:
        ariane, basile, room_id = await make_room(hall)
        secret = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "abc"}
        event_id = await ariane.send(room_id, secret, "m.room.encrypted")
        hall.house.clock.move(1)
        edit = await ariane.send(room_id, secret | _relates("m.replace", event_id), "m.room.encrypted")
        hall.house.clock.move(1)
        await basile.send(room_id, secret | _relates("m.replace", event_id), "m.room.encrypted")
        await ariane.send(room_id, secret | _relates("m.replace", edit), "m.room.encrypted")
        new = {"m.new_content": {"msgtype": "m.text", "body": "en clair"}}
        await ariane.send(room_id, related("m.replace", event_id, **new))

        async def replaced(shown: str) -> Any:
            event = await basile.ask("GET", f"/rooms/{quote(room_id)}/event/{quote(shown)}")
            return event["unsigned"].get("m.relations", {}).get("m.replace", {}).get("event_id")

        assert await replaced(event_id) == edit
        assert await replaced(edit) is None

    tell(story)


def _relates(rel_type: str, event_id: str) -> dict[str, Any]:
    return {"m.relates_to": {"rel_type": rel_type, "event_id": event_id}}


def test_relations_page_both_ways_with_any_token(tell: Tell) -> None:
    """Children are read from the tokens of /sync and /messages, in either direction, without gap or repetition."""

    async def story(hall: Hall) -> None:
        ariane, _, room_id = await make_room(hall)
        root = await ariane.send(room_id, "racine")
        early = [await ariane.send(room_id, related("m.thread", root, "tôt")) for _ in range(3)]
        token = (await ariane.sync())["next_batch"]
        late = [await ariane.send(room_id, related("m.thread", root, "tard")) for _ in range(3)]
        base = f"/_matrix/client/v1/rooms/{quote(room_id)}/relations/{quote(root)}/m.thread"

        async def read(query: str) -> list[str]:
            found: list[str] = []
            at = query
            while True:
                page = await hall.house.ask("GET", f"{base}?limit=2{at}", None, ariane.token)
                found += [event["event_id"] for event in page["chunk"]]
                if "next_batch" not in page:
                    return found
                at = f"{query.partition('&from=')[0]}&from={page['next_batch']}"

        assert await read("&dir=b") == [*early, *late][::-1]
        assert await read("&dir=f") == [*early, *late]
        assert await read(f"&dir=f&from={token}") == late
        assert await read(f"&dir=b&from={token}") == early[::-1]
        messages = await ariane.ask("GET", f"/rooms/{quote(room_id)}/messages?dir=b&limit=2")
        assert await read(f"&dir=b&from={messages['end']}") == [late[0], *early[::-1]]

    tell(story)
