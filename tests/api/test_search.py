"""What people find of what was said, and what they must not find."""

from typing import Any

import pytest

from tchap.services.search_index import index_round
from tests.support.engines import Tell
from tests.support.hall import Hall, Resident
from tests.support.measure import MeasuredStore, Roads
from tests.support.paths import quote


async def search(who: Resident, term: str, token: str = "", **criteria: Any) -> dict[str, Any]:
    """The category's answer; by time unless told otherwise."""
    asked = {"search_term": term, "order_by": "recent", **criteria}
    path = f"/search?next_batch={quote(token)}" if token else "/search"
    body = await who.ask("POST", path, {"search_categories": {"room_events": asked}})
    found: dict[str, Any] = body["search_categories"]["room_events"]
    return found


async def find(who: Resident, term: str, **criteria: Any) -> list[str]:
    """The ids of what is found."""
    return ids(await search(who, term, **criteria))


def ids(found: dict[str, Any]) -> list[str]:
    return [each["result"]["event_id"] for each in found["results"]]


def edit(event_id: str, body: str) -> dict[str, Any]:
    new = {"msgtype": "m.text", "body": body}
    return {**new, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": event_id}}


def test_french_is_found_as_people_write_it(tell: Tell) -> None:
    """Accents, elisions, plurals, ligatures and hyphens do not stand between people and what was said."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        room_id = await camille.create_room(preset="public_chat")
        said = {
            "école": "Les horaires de l’école d'Évreux",
            "réunion": "Deux RÉUNIONS validées avec M. Nœud",
            "rendez": "Le rendez-vous est pris, aujourd'hui même",
            "server": "The servers are down",
            "sans": "Rien à voir 王先生",
        }
        sent = {name: await camille.send(room_id, body) for name, body in said.items()}
        looked_for = {
            "ecole": "école",
            "l'ecole": "école",
            "EVREUX horaire": "école",
            "reunion": "réunion",
            "réunion validée": "réunion",
            "noeud": "réunion",
            "rendez-vous": "rendez",
            "le rendez vous de aujourd'hui": "rendez",
            "server": "server",
            "王先生": "sans",
        }
        for term, name in looked_for.items():
            assert await find(camille, term) == [sent[name]], term
        assert await find(camille, "reunion absente") == []
        assert await find(camille, "?!") == []
        assert (await search(camille, "l'ecole reunion"))["count"] == 0
        found = await search(camille, "reunion nœud")
        assert set(found["highlights"]) == {"réunions", "nœud"}

    tell(story)


def test_phrases_and_ranks(tell: Tell) -> None:
    """Words in quotation marks stand in a row; the best answer comes first when ordered by rank."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        room_id = await camille.create_room(preset="public_chat")
        row = await camille.send(room_id, "le budget annuel de la ville")
        apart = await camille.send(room_id, "annuel, ce budget ? " + "bla " * 60)
        twice = await camille.send(room_id, "budget, budget")
        assert await find(camille, '"budget annuel"') == [row]
        assert await find(camille, "« budget annuel » ville") == [row]
        assert await find(camille, "budget annuel") == [apart, row]
        found = await search(camille, "budget", order_by="rank")
        assert ids(found) == [twice, row, apart]
        ranks = [each["rank"] for each in found["results"]]
        assert ranks == sorted(ranks, reverse=True)
        first = await search(camille, "budget", order_by="rank", filter={"limit": 2})
        await camille.send(room_id, "budget")
        rest = await search(camille, "budget", first["next_batch"], order_by="rank", filter={"limit": 2})
        assert ids(first) + ids(rest) == [twice, row, apart]
        assert "next_batch" not in rest

    tell(story)


@pytest.mark.parametrize("version", ["9", "11"])
def test_what_is_taken_back_is_not_found(version: str, tell: Tell) -> None:
    """A redacted message is gone, an edited one says what it says now, an edit that ends brings back the first."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        room_id = await camille.create_room(preset="public_chat", room_version=version)
        await dominique.join(room_id)
        event_id = await camille.send(room_id, "pommes")
        assert await find(camille, "pomme") == [event_id]
        hall.house.clock.move(1)
        edited = await camille.send(room_id, edit(event_id, "poires"))
        hall.house.clock.move(1)
        await dominique.send(room_id, edit(event_id, "cerises"))
        assert await find(camille, "poire") == [event_id]
        assert await find(camille, "pomme") == []
        assert await find(camille, "cerises") == []
        shown = (await search(camille, "poire"))["results"][0]["result"]
        assert shown["unsigned"]["m.relations"]["m.replace"]["event_id"] == edited
        await camille.redact(room_id, edited)
        assert await find(camille, "pomme") == [event_id]
        assert await find(camille, "poire") == []
        await camille.redact(room_id, event_id)
        assert await find(camille, "pomme") == []

    tell(story)


def test_an_event_of_another_room_changes_nothing(tell: Tell) -> None:
    """An edit that names a message of another room neither changes nor removes what is found there."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        room_id, other = await camille.create_room(), await camille.create_room()
        event_id = await camille.send(room_id, "pommes")
        assert await find(camille, "pommes") == [event_id]
        await camille.send(other, edit(event_id, "poires"))
        assert await find(camille, "pommes") == [event_id]
        assert await find(camille, "poires") == []

    tell(story)


def test_only_what_one_may_read_is_found(tell: Tell) -> None:
    """Other rooms, what came before one joined a room that hides it, and what came after one left stay unknown."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        hidden = {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}
        room_id = await camille.create_room(preset="public_chat", initial_state=[hidden])
        await camille.create_room(name="tournesol")
        before = await camille.send(room_id, "tournesol avant")
        await dominique.join(room_id)
        during = await camille.send(room_id, "tournesol pendant")
        found = await search(dominique, "tournesol")
        assert (ids(found), found["count"]) == ([during], 1)
        await dominique.leave(room_id)
        after = await camille.send(room_id, "tournesol après")
        assert await find(dominique, "tournesol") == [during]
        assert await find(camille, "tournesol", keys=["content.body"]) == [after, during, before]
        await dominique.ask("POST", f"/rooms/{quote(room_id)}/forget", {})
        assert await find(dominique, "tournesol") == []
        stranger = await hall.enter("inconnue")
        assert await find(stranger, "tournesol") == []
        await stranger.ask(
            "PUT", f"/user/{quote(stranger.user_id)}/account_data/m.ignored_user_list", {"ignored_users": {}}
        )

    tell(story)


def test_ignored_people_are_not_found(tell: Tell) -> None:
    """What somebody says whom one ignores is not found either."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        room_id = await camille.create_room(preset="public_chat")
        await dominique.join(room_id)
        await camille.send(room_id, "tournesol")
        ignored = {"ignored_users": {camille.user_id: {}}}
        await dominique.ask("PUT", f"/user/{quote(dominique.user_id)}/account_data/m.ignored_user_list", ignored)
        assert (await search(dominique, "tournesol"))["count"] == 0

    tell(story)


def test_encrypted_rooms_are_not_searched(tell: Tell) -> None:
    """What was said in clear is found no more once a room is encrypted, and the index lets go of it."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        room_id = await camille.create_room(preset="public_chat")
        event_id = await camille.send(room_id, "tournesol")
        assert await find(camille, "tournesol") == [event_id]
        await camille.set_state(room_id, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
        assert await find(camille, "tournesol") == []
        while await index_round(hall.house.world):
            pass

        async def count(tx: Any) -> int:
            row = await tx.one("SELECT count(*) FROM search_entries WHERE room_id = $1", room_id)
            return int(row[0])

        assert await hall.house.world.store.read(count) == 0

    tell(story)


def test_filters_and_keys(tell: Tell) -> None:
    """Rooms, senders, types, addresses of files and keys narrow what is found."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        first = await camille.create_room(preset="public_chat", name="Jardin", topic="Le jardin partagé")
        second = await camille.create_room(preset="public_chat")
        await dominique.join(first)
        mine = await camille.send(first, "jardin")
        theirs = await dominique.send(first, "jardin")
        other = await camille.send(second, "jardin")
        file = {"msgtype": "m.file", "body": "jardin.pdf", "url": "mxc://test.example.fr/abc"}
        sent = await camille.send(second, file)
        assert await find(camille, "jardin", keys=["content.body"]) == [sent, other, theirs, mine]
        assert await find(camille, "jardin", keys=["content.body"], filter={"rooms": [first]}) == [theirs, mine]
        assert await find(camille, "jardin", keys=["content.body"], filter={"not_rooms": [first]}) == [sent, other]
        assert await find(camille, "jardin", filter={"senders": [dominique.user_id]}) == [theirs]
        assert await find(camille, "jardin", filter={"senders": []}) == []
        nobody = {"not_senders": [camille.user_id]}
        assert await find(camille, "jardin", filter=nobody) == [theirs]
        assert await find(camille, "jardin", filter={"contains_url": True}) == [sent]
        named = await search(camille, "jardin", keys=["content.name"])
        assert [each["result"]["type"] for each in named["results"]] == ["m.room.name"]
        topics = await search(camille, "jardin partage", filter={"types": ["m.room.t*"]})
        assert [each["result"]["type"] for each in topics["results"]] == ["m.room.topic"]
        rich = {"topic": "", "m.topic": {"m.text": [{"body": "potager"}, {"mimetype": "text/html", "body": "fleurs"}]}}
        said = await camille.set_state(second, "m.room.topic", rich)
        assert await find(camille, "potager") == [said]
        assert await find(camille, "fleurs") == []

    tell(story)


def test_pages_and_groups(tell: Tell) -> None:
    """Every result comes on exactly one page; a group can be turned page by page by itself."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        rooms = [await camille.create_room(preset="public_chat") for _ in range(2)]
        sent = []
        for number in range(6):
            await dominique.join(rooms[number % 2])
            who = camille if number < 3 else dominique
            sent.append(await who.send(rooms[number % 2], f"tournesol {number}"))
        sent.reverse()
        by = {"group_by": [{"key": "room_id"}, {"key": "sender"}]}
        criteria = {"filter": {"limit": 2}, "groupings": by}
        found = await search(camille, "tournesol", **criteria)
        pages, token = ids(found), found["next_batch"]
        while token:
            page = await search(camille, "tournesol", token, **criteria)
            pages, token = pages + ids(page), page.get("next_batch", "")
        assert pages == sent
        groups = found["groups"]["room_id"]
        assert groups[rooms[1]]["results"] == [sent[0]]
        assert [groups[rooms[1]]["order"], groups[rooms[0]]["order"]] == [0, 1]
        assert found["groups"]["sender"][dominique.user_id]["results"] == sent[:2]
        rest = await search(camille, "tournesol", groups[rooms[1]]["next_batch"], **criteria)
        assert ids(rest) == [sent[2], sent[4]]
        ranked = await search(camille, "tournesol", order_by="rank", **criteria)
        mine = ranked["groups"]["sender"][camille.user_id]
        more = await search(camille, "tournesol", mine["next_batch"], order_by="rank", **criteria)
        assert (mine["results"], ids(more)) == ([sent[5], sent[4]], [sent[3]])

    tell(story)


def test_a_full_page_tells_where_to_go_on(tell: Tell) -> None:
    """Also the last one, when it is full: the page after it is empty and counts the same."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        room_id = await camille.create_room()
        sent = [await camille.send(room_id, "tournesol") for _ in range(4)]
        for order, shown in (("recent", sent[::-1]), ("rank", sent)):
            criteria = {"filter": {"limit": 2, "rooms": [room_id]}, "order_by": order}
            first = await search(camille, "tournesol", **criteria)
            second = await search(camille, "tournesol", first["next_batch"], **criteria)
            third = await search(camille, "tournesol", second["next_batch"], **criteria)
            assert ids(first) + ids(second) == shown
            assert (third["results"], "next_batch" in third) == ([], False)
            assert [page["count"] for page in (first, second, third)] == [4, 4, 4]

    tell(story)


def test_an_upgraded_room_is_searched_with_those_it_came_from(tell: Tell) -> None:
    """A search in a room finds what was said in its predecessors, as far as one was there."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        oldest = await camille.create_room(preset="public_chat")
        chain = [oldest]
        for _ in range(2):
            content = {"predecessor": {"room_id": chain[-1], "event_id": "$last"}}
            chain.append(await camille.create_room(preset="public_chat", creation_content=content))
        sent = [await camille.send(room_id, "tournesol") for room_id in chain]
        await dominique.join(chain[2])
        assert await find(camille, "tournesol", filter={"rooms": [chain[2]]}) == sent[::-1]
        assert await find(camille, "tournesol", filter={"rooms": [chain[1]]}) == sent[1::-1]
        here = {"rooms": [chain[2]], "not_rooms": [chain[1]]}
        assert await find(camille, "tournesol", filter=here) == [sent[2]]
        assert await find(dominique, "tournesol", filter={"rooms": [chain[2]]}) == [sent[2]]

    tell(story)


def test_a_token_belongs_to_its_search(tell: Tell) -> None:
    """The token of another search, of another person or of nobody is refused."""

    async def story(hall: Hall) -> None:
        camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
        room_id = await camille.create_room(preset="public_chat")
        await dominique.join(room_id)
        for _ in range(3):
            await camille.send(room_id, "tournesol")
        token = (await search(camille, "tournesol", filter={"limit": 1}))["next_batch"]

        async def refused(who: Resident, term: str, given: str) -> bool:
            asked = {"search_term": term, "order_by": "recent", "filter": {"limit": 1}}
            body = {"search_categories": {"room_events": asked}}
            reply = await who.call("POST", f"/search?next_batch={quote(given)}", body)
            return (reply.status, reply.body.get("errcode")) == (400, "M_INVALID_PARAM")

        assert not await refused(camille, "tournesol", token)
        assert await refused(camille, "autre", token)
        assert await refused(dominique, "tournesol", token)
        assert await refused(camille, "tournesol", "n'importe quoi")
        assert await refused(camille, "tournesol", "é")

    tell(story)


def test_results_show_what_stands_around_them(tell: Tell) -> None:
    """Context comes from the result outwards, with the names people had then; the state of each room on demand."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        room_id = await camille.create_room(preset="public_chat")
        await camille.ask("PUT", f"/profile/{quote(camille.user_id)}/displayname", {"displayname": "Camille Avant"})
        sent = [await camille.send(room_id, body) for body in ("un", "deux", "tournesol", "trois")]
        await camille.ask("PUT", f"/profile/{quote(camille.user_id)}/displayname", {"displayname": "Camille Après"})
        wish = {"before_limit": 2, "after_limit": 1, "include_profile": True}
        found = await search(camille, "tournesol", event_context=wish, include_state=True)
        context = found["results"][0]["context"]
        assert [each["event_id"] for each in context["events_before"]] == [sent[1], sent[0]]
        assert [each["event_id"] for each in context["events_after"]] == sent[3:]
        assert context["profile_info"] == {camille.user_id: {"displayname": "Camille Avant"}}
        kinds = {event["type"] for event in found["state"][room_id]}
        assert {"m.room.create", "m.room.member", "m.room.power_levels"} <= kinds
        path = f"/rooms/{quote(room_id)}/messages?dir=f&limit=4&from={context['start']}"
        assert [each["event_id"] for each in (await camille.ask("GET", path))["chunk"]] == sent
        path = f"/rooms/{quote(room_id)}/messages?dir=f&limit=1&from={context['end']}"
        assert (await camille.ask("GET", path))["chunk"][0]["type"] == "m.room.member"
        assert "context" not in (await search(camille, "tournesol"))["results"][0]

    tell(story)


def test_bad_searches_are_refused(tell: Tell) -> None:
    """What is missing, of a wrong type or unknown is told, and nothing is asked of an empty search."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        bad = {
            "M_MISSING_PARAM": [{}],
            "M_BAD_JSON": [{"search_term": 4}, {"search_term": "a", "event_context": {"before_limit": -1}}],
            "M_INVALID_PARAM": [
                {"search_term": "a" * 501},
                {"search_term": "a", "order_by": "chance"},
                {"search_term": "a", "keys": ["content.formatted_body"]},
                {"search_term": "a", "filter": {"limit": 0}},
                {"search_term": "a", "filter": {"types": "m.room.message"}},
                {"search_term": "a", "groupings": {"group_by": [{"key": "day"}]}},
            ],
        }
        for errcode, bodies in bad.items():
            for criteria in bodies:
                reply = await camille.call("POST", "/search", {"search_categories": {"room_events": criteria}})
                assert (reply.status, reply.body["errcode"]) == (400, errcode), criteria
        assert (await camille.call("POST", "/search", {})).body["errcode"] == "M_MISSING_PARAM"
        assert await camille.ask("POST", "/search", {"search_categories": {}}) == {"search_categories": {}}
        assert (await hall.house.call("POST", "/_matrix/client/v3/search", {})).status == 401

    tell(story)


def test_the_duty_indexes_everything(tell: Tell) -> None:
    """Round by round the duty comes to the end of what was said, and then has nothing left to do."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        rooms = [await camille.create_room(name=f"salon {number}") for number in range(5)]
        for room_id in rooms:
            await camille.send(room_id, "tournesol")
        while await index_round(hall.house.world):
            pass
        assert await index_round(hall.house.world) == 0
        assert len(await find(camille, "tournesol")) == 5

    tell(story)


def test_a_page_costs_as_many_queries_whatever_the_rooms(tell: Tell) -> None:
    """Two rooms with one match each, or twelve with three: the database is asked as often."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")

        async def fill(rooms: int, said: int) -> None:
            for _ in range(rooms):
                room_id = await camille.create_room()
                for number in range(said):
                    await camille.send(room_id, f"tournesol {number}")

        async def count() -> int:
            roads, world = Roads(), hall.house.world
            await find(camille, "tournesol")
            world.store, plain = MeasuredStore(world.store, roads), world.store  # type: ignore[assignment]
            wish = {"before_limit": 3, "after_limit": 3, "include_profile": True}
            await search(camille, "tournesol", event_context=wish, include_state=True, filter={"limit": 30})
            world.store = plain
            return len(roads.taken)

        await fill(2, 1)
        few = await count()
        await fill(10, 3)
        assert await count() == few

    tell(story)
