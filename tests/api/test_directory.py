"""The directory as people use it: who is found, by what, who never is, and how much of it one may read."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tchap.__main__ import main
from tchap.base import limits
from tchap.services.directory_listing import UNIT, keep_listed, list_everybody
from tchap.services.notice_rooms import sender_of
from tchap.services.people_roles import import_roles
from tchap.services.server_notices import tell_some
from tchap.storage.accounts import find_account
from tchap.storage.database import Tx
from tests.support.accounts import V3, Person, person
from tests.support.house import SOON_S, House, open_house
from tests.support.terms import open_admin

JEAN = "jean.martin@prefecture.example.fr"
ANNE = "anne.martin@prefecture.example.fr"
HELENE = "helene.lefevre@hopital.example.fr"
PAUL = "paul.martin@hopital.example.fr"


async def search(house: House, reader: Person, term: str, **fields: object) -> list[str]:
    """The user ids found."""
    found = await house.ask("POST", f"{V3}/user_directory/search", {"search_term": term, **fields}, reader.token)
    return [each["user_id"] for each in found["results"]]


@contextlib.asynccontextmanager
async def open_offices(folder: Path, config: str = "") -> AsyncIterator[tuple[House, Person, Person]]:
    """A house with Jean of the prefecture and Hélène of the hospital."""
    async with open_house(folder, config) as house:
        yield house, await person(house, JEAN), await person(house, HELENE)


def test_an_address_finds_only_when_it_is_whole(tmp_path: Path) -> None:
    """A whole e-mail address or user id finds its owner, in any case; no part of one finds anybody."""

    async def story() -> None:
        async with open_offices(tmp_path) as (house, jean, helene):
            for term in (HELENE, " Helene.LEFEVRE@hopital.example.fr ", helene.user_id):
                assert await search(house, jean, term) == [helene.user_id], term
            for term in (
                "helene.lefevre@",
                "helene.lefevre@hopital",
                "@hopital.example.fr",
                "lefevre@hopital.example.fr",
            ):
                assert await search(house, jean, term) == [], term

    asyncio.run(story())


def test_the_administration_named_is_where_one_looks(tmp_path: Path) -> None:
    """A name with an administration finds the one there; an administration alone finds its agents."""

    async def story() -> None:
        async with open_offices(tmp_path) as (house, jean, helene):
            paul = await person(house, PAUL)
            assert await search(house, jean, "martin") == [jean.user_id, paul.user_id]
            assert await search(house, jean, "martin hôpital des tilleuls") == [paul.user_id]
            assert await search(house, jean, "tilleuls martni") == [paul.user_id]
            assert set(await search(house, jean, "hopital")) == {paul.user_id, helene.user_id}
            assert await search(house, jean, "hopital lefevre dupont") == []

    asyncio.run(story())


def test_colleagues_then_those_met_come_first(tmp_path: Path) -> None:
    """Of two people of one name: the searcher's colleague, unless she shares a room with the other."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            anne, jean, paul = [await person(house, email) for email in (ANNE, JEAN, PAUL)]
            assert await search(house, anne, "martin") == [anne.user_id, jean.user_id, paul.user_id]
            helene = await person(house, HELENE)
            assert (await search(house, helene, "martin"))[0] == paul.user_id
            room = (await house.ask("POST", f"{V3}/createRoom", {"invite": [anne.user_id]}, helene.token))["room_id"]
            await house.ask("POST", f"{V3}/join/{quote(room)}", {}, anne.token)
            assert (await search(house, helene, "martin"))[:2] == [anne.user_id, paul.user_id]

    asyncio.run(story())


def test_nobody_is_found_who_should_not_be(tmp_path: Path) -> None:
    """The red list, an account past its term and a closed one are found by no road; when that ends, they are again."""

    async def story() -> None:
        async with open_offices(tmp_path) as (house, jean, helene):
            roads = ("lefevre", "helene l", "hopital tilleuls", HELENE, helene.user_id)

            async def is_found() -> set[bool]:
                return {helene.user_id in await search(house, jean, term) for term in roads}

            setting = f"{V3}/user/{quote(helene.user_id)}/account_data/im.vector.hide_profile"
            assert await is_found() == {True}
            await house.ask("PUT", setting, {"hide_profile": True}, helene.token)
            assert await is_found() == {False}
            await house.ask("PUT", setting, {"hide_profile": False}, helene.token)
            assert await is_found() == {True}
            for term_ts, expected in ((house.clock.now_ms(), False), (house.clock.now_ms() + 60_000, True)):
                await house.world.store.write(_set_term, helene.user_id, term_ts)
                assert await is_found() == {expected}
            house.clock.move(61)
            assert await is_found() == {False}

    async def _set_term(tx: Tx, user_id: str, term_ts: int) -> None:
        await tx.run("UPDATE accounts SET expires_ts = $1 WHERE user_id = $2", term_ts, user_id)

    asyncio.run(story())


@pytest.mark.parametrize("term", ["a", "le", "l f", "ma", "e e e", "hélène lef xylophone"])
def test_too_little_or_too_much_finds_nobody(tmp_path: Path, term: str) -> None:
    """Under three letters in a row nothing is answered, nor where a word is nobody's."""

    async def story() -> None:
        async with open_offices(tmp_path) as (house, jean, _):
            assert await search(house, jean, term) == []

    asyncio.run(story())


def test_the_directory_is_not_read_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches come at a human pace, and show so many different people a day; the refusal says how long to wait."""
    monkeypatch.setattr(limits, "DIRECTORY_PEOPLE_PER_DAY", 2)

    async def story() -> None:
        async with open_offices(tmp_path) as (house, jean, _):
            await person(house, PAUL)
            for _ in range(5):
                assert len(await search(house, jean, "jean martin")) == 1
                house.clock.move(2)
            assert len(await search(house, jean, "martin", limit=1)) == 1
            assert len(await search(house, jean, "lefevre")) == 1
            body = {"search_term": "martin"}
            refused = await house.call("POST", f"{V3}/user_directory/search", body, jean.token)
            assert (refused.status, refused.body["errcode"]) == (429, "M_LIMIT_EXCEEDED")
            assert refused.body["retry_after_ms"] > 0
            house.clock.move(refused.body["retry_after_ms"] / 1000 + 1)
            assert len(await search(house, jean, "paul martin")) == 1
            replies = [await house.call("POST", f"{V3}/user_directory/search", body, jean.token) for _ in range(31)]
            assert replies[-1].status == 429

    asyncio.run(story())


def test_the_answer_is_bounded_and_says_so(tmp_path: Path) -> None:
    """However many are asked for; `limited` where more answered, and nothing leads to them."""

    async def story() -> None:
        async with open_offices(tmp_path) as (house, jean, _):
            await person(house, PAUL)
            body = {"search_term": "martin", "limit": 1}
            found = await house.ask("POST", f"{V3}/user_directory/search", body, jean.token)
            assert (len(found["results"]), found["limited"], set(found)) == (1, True, {"results", "limited"})
            found = await house.ask("POST", f"{V3}/user_directory/search", {**body, "limit": 10**9}, jean.token)
            assert (len(found["results"]), found["limited"]) == (2, False)

    asyncio.run(story())


def test_units_and_functions_come_from_a_file(tmp_path: Path) -> None:
    """They are searched, shown and read in the profile; unknown addresses are told; their owner cannot change them."""

    async def story() -> None:
        async with open_offices(tmp_path) as (house, jean, helene):
            lines = ["email,unit,function", f"{HELENE},Bureau des achats,Cheffe", "nobody@x.example.fr,A,B", "rien"]
            report = await import_roles(house.world.store, lines)
            assert (report.known, [role.email for role in report.unknown]) == (1, ["nobody@x.example.fr"])
            assert [(fault.line, fault.reason) for fault in report.faults] == [(4, "fields")]
            for term in ("achats", "lefevre achats", "cheffe helene", "bureau des achats hopital"):
                assert await search(house, jean, term) == [helene.user_id], term
            body = {"search_term": "lefevre"}
            found = await house.ask("POST", f"{V3}/user_directory/search", body, jean.token)
            role = {"fr.tchap.unit": "Bureau des achats", "fr.tchap.function": "Cheffe"}
            assert found["results"][0].items() >= role.items()
            profile = f"{V3}/profile/{quote(helene.user_id)}"
            assert (await house.ask("GET", profile, token=jean.token)).items() >= role.items()
            for method, value in (("PUT", {UNIT: "Cabinet"}), ("DELETE", None)):
                reply = await house.call(method, f"{profile}/{UNIT}", value, helene.token)
                assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            await import_roles(house.world.store, ["email;unit", f"{HELENE};"])
            assert await search(house, jean, "achats") == []
            assert await search(house, jean, "cheffe") == [helene.user_id]

    asyncio.run(story())


def test_who_was_there_before_is_listed_and_names_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The duty lists accounts made before this directory, externals left out, and reads names that changed."""

    async def story() -> None:
        async with open_offices(tmp_path) as (house, jean, helene):
            for table in ("persons", "postings", "words", "keys", "administrations", "administration_words"):
                await house.world.store.write(_empty, f"DELETE FROM directory_{table}")
            assert await search(house, jean, "lefevre") == []
            await until_it_rests(house)
            assert await search(house, jean, "lefevre") == [helene.user_id]
            renaming = "UPDATE administrations SET label = 'Clinique du Lac' WHERE label LIKE '%Tilleuls'"
            await house.world.store.write(_empty, renaming)
            await until_it_rests(house)
            assert await search(house, jean, "clinique lac") == [helene.user_id]
            assert await list_everybody(house.world.store) == 2

    async def until_it_rests(house: House) -> None:
        rests = asyncio.Event()

        async def sleep(seconds: float) -> None:
            if seconds == limits.DIRECTORY_IDLE_S:
                rests.set()
                await asyncio.Event().wait()

        monkeypatch.setattr(house.clock, "sleep", sleep)
        duty = asyncio.create_task(keep_listed(house.world))
        await asyncio.wait_for(rests.wait(), SOON_S)
        duty.cancel()

    async def _empty(tx: Tx, sql: str) -> None:
        await tx.run(sql)

    asyncio.run(story())


def test_who_speaks_for_the_server_is_nobody_to_write_to(tmp_path: Path) -> None:
    """The sender of notices has an account, and is not listed with those who were there before."""

    async def story() -> None:
        async with open_offices(tmp_path) as (house, jean, helene):
            notice = {"content": {"body": "Entretien ce soir."}, "to": {"everyone": True}}
            operator = await open_admin(house)
            await house.ask("POST", "/_tchap/admin/v1/server_notices", notice, operator.token)
            while await tell_some(house.world):
                continue
            assert await house.world.store.read(find_account, sender_of(house.world)) is not None
            await list_everybody(house.world.store)
            for term in ("avis service", sender_of(house.world)):
                assert await search(house, jean, term) == [], term
            assert await search(house, jean, "lefevre") == [helene.user_id]

    asyncio.run(story())


def test_the_command_line_reads_files_and_lists_everybody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who was changed is counted, what was not is told with its line; a rebuild looks at every account."""

    async def story() -> None:
        async with open_offices(tmp_path):
            pass

    asyncio.run(story())
    table = tmp_path / "people.csv"
    table.write_text(f"email,unit\n{HELENE},Achats\nnobody@x.example.fr,Achats\nrien\n", "utf-8")
    assert main(["directory", "import", str(table), "--data", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert told.out == "1 people, 1 unknown addresses, 1 bad lines\n"
    assert told.err.splitlines() == [
        "line 4: it has not as many fields as there are columns",
        "line 3: nobody has the address nobody@x.example.fr",
    ]
    assert main(["directory", "rebuild", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "2 accounts looked at\n"
