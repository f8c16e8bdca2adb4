"""Edits, threads, references and reactions, as their parents show them and as they are listed."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.hall import Resident, open_hall
from tests.support.paths import quote

V1 = "/_matrix/client/v1"


def _related(rel_type: str, event_id: str, body: str, **more: Any) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": body, "m.relates_to": {"rel_type": rel_type, "event_id": event_id}, **more}


async def _ask_v1(who: Resident, path: str) -> Any:
    return await who.hall.house.ask("GET", V1 + path, None, who.token)


async def _bundle(who: Resident, room_id: str, event_id: str) -> dict[str, Any]:
    event = await who.ask("GET", f"/rooms/{quote(room_id)}/event/{quote(event_id)}")
    found: dict[str, Any] = event["unsigned"].get("m.relations", {})
    return found


def test_an_event_shows_its_latest_lawful_edit(tmp_path: Path) -> None:
    """The last edit by the sender is bundled; another person's, or one without new content, never is."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room(preset="public_chat")
            await dominique.join(room_id)
            event_id = await camille.send(room_id, "one")
            hall.house.clock.move(1)
            new = {"m.new_content": {"msgtype": "m.text", "body": "two"}}
            edit = await camille.send(room_id, _related("m.replace", event_id, "* two", **new))
            hall.house.clock.move(1)
            await dominique.send(room_id, _related("m.replace", event_id, "* three", **new))
            await camille.send(room_id, _related("m.replace", event_id, "* four"))
            assert (await _bundle(dominique, room_id, event_id))["m.replace"]["event_id"] == edit
            await camille.redact(room_id, edit)
            assert "m.replace" not in await _bundle(dominique, room_id, event_id)

    asyncio.run(story())


def test_a_root_shows_its_thread(tmp_path: Path) -> None:
    """A thread's root tells its latest message, their number, and whether the reader wrote any of it."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room(preset="public_chat")
            await dominique.join(room_id)
            quiet = await camille.send(room_id, "quiet root")
            root = await camille.send(room_id, "root")
            await camille.send(room_id, _related("m.thread", root, "first"))
            last = await camille.send(room_id, _related("m.thread", root, "second"))
            await camille.send(room_id, _related("m.thread", quiet, "alone"))
            thread = (await _bundle(dominique, room_id, root))["m.thread"]
            assert (thread["latest_event"]["event_id"], thread["count"]) == (last, 2)
            assert thread["current_user_participated"] is False
            await dominique.send(room_id, _related("m.thread", root, "third"))
            assert (await _bundle(dominique, room_id, root))["m.thread"]["current_user_participated"] is True
            threads = f"/rooms/{quote(room_id)}/threads"
            everything = (await _ask_v1(dominique, threads))["chunk"]
            assert [event["event_id"] for event in everything] == [root, quiet]
            own = (await _ask_v1(dominique, f"{threads}?include=participated"))["chunk"]
            assert [event["event_id"] for event in own] == [root]
            first = await _ask_v1(dominique, f"{threads}?limit=1")
            rest = await _ask_v1(dominique, f"{threads}?limit=1&from={first['next_batch']}")
            assert [event["event_id"] for event in rest["chunk"]] == [quiet]
            assert "next_batch" not in rest

    asyncio.run(story())


def test_children_are_listed(tmp_path: Path) -> None:
    """Children are listed by kind and type, page by page, and with `recurse` their children too."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            root = await camille.send(room_id, "root")
            child = await camille.send(room_id, _related("m.thread", root, "child"))
            reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": child, "key": "👍"}}
            grandchild = await camille.send(room_id, reaction, "m.reaction")
            reference = await camille.send(room_id, _related("m.reference", root, "see"))
            base = f"/rooms/{quote(room_id)}/relations/{quote(root)}"

            async def ids(path: str) -> list[str]:
                return [event["event_id"] for event in (await _ask_v1(camille, base + path))["chunk"]]

            assert await ids("") == [reference, child]
            assert await ids("?dir=f") == [child, reference]
            assert await ids("/m.thread") == [child]
            assert await ids("/m.thread/m.sticker") == []
            assert await ids("?recurse=true&dir=f") == [child, grandchild, reference]
            first = await _ask_v1(camille, f"{base}?limit=1")
            assert [e["event_id"] for e in first["chunk"]] == [reference]
            assert await ids(f"?limit=1&from={first['next_batch']}") == [child]
            bundle = await _bundle(camille, room_id, root)
            assert bundle["m.reference"] == {"chunk": [{"event_id": reference}]}
            again = await camille.call("PUT", f"/rooms/{quote(room_id)}/send/m.reaction/another-one", reaction)
            assert (again.status, again.body["errcode"]) == (400, "M_DUPLICATE_ANNOTATION")

    asyncio.run(story())
