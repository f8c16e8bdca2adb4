"""The State's list is read: what it may look like, what is left out, and again."""

import asyncio
import time
from pathlib import Path

import pytest

from tchap.__main__ import main
from tchap.base.clock import Clock
from tchap.base.errors import InvalidParam
from tchap.services.domain_import import Entry, Imported, import_domains, read_list
from tchap.storage.database import Store, open_store
from tchap.storage.public_domains import find_all_known, find_public_domain

SHARED = Path(__file__).parents[3] / "shared" / "data" / "public-sector-domains.txt"
MAX_IMPORT_S = 60
"""For the State's thirty thousand domains; some four seconds where nothing else runs."""


def run(folder: Path, *lists: tuple[str, bool]) -> tuple[list[Imported], set[str]]:
    """Imports one list after the other, each replacing or not; what each did, and what is known in the end."""

    async def tell() -> tuple[list[Imported], set[str]]:
        store: Store = await open_store(f"sqlite:///{folder}/tchap.db", Clock())
        try:
            done = [await import_domains(store, text, "essai", 1, replaces) for text, replaces in lists]
            return done, await store.read(find_all_known)
        finally:
            await store.close()

    return asyncio.run(tell())


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", []),
        ("a.fr\n\nb.fr\n", [Entry(1, "a.fr", None), Entry(3, "b.fr", None)]),
        ("# a comment\na.fr", [Entry(2, "a.fr", None)]),
        ("\ufeffdomain\na.fr", [Entry(2, "a.fr", None)]),
        ("name,SIREN,type\na.fr,1,x\nb.fr,2,y", [Entry(2, "a.fr", None), Entry(3, "b.fr", None)]),
        ("domain;name\na.fr;Mairie d'A\nb.fr", [Entry(2, "a.fr", "Mairie d'A"), Entry(3, "b.fr", None)]),
        ('SIREN,"domain"\n1,"a.fr"', [Entry(2, "a.fr", None)]),
        ("name.fr\ndomain.fr", [Entry(1, "name.fr", None), Entry(2, "domain.fr", None)]),
    ],
)
def test_a_list_is_lines_or_a_table(text: str, entries: list[Entry]) -> None:
    """One domain a line, or the column of a table, with the organisation's name where there is one."""
    assert list(read_list(text)) == entries


def test_a_list_that_is_broken_forgets_nothing(tmp_path: Path) -> None:
    """A quotation mark that is not closed would take the rest of the list away, and `--replace` what stood there."""
    broken = "domain,name\na.fr,\"Mairie d'A\nb.fr,B\nc.fr,C\n"
    run(tmp_path, ("a.fr\nb.fr\nc.fr", False))
    with pytest.raises(InvalidParam):
        run(tmp_path, (broken, True))
    _, known = run(tmp_path)
    assert known == {"a.fr", "b.fr", "c.fr"}


def test_lines_that_can_be_no_administrations_are_left_out(tmp_path: Path) -> None:
    """Each with its number and the reason; the rest is taken in small letters."""
    bad = (
        "Mairie De Trou",
        "mairie-béthune.fr",
        "xn--mto-bmab.fr",
        "gouv.fr",
        "free.fr",
        "yopmail.com",
        "1.2.3.4",
        "x@y.fr",
    )
    (done,), known = run(tmp_path, ("\n".join(["Valmont.FR.", "02610.moy.free.fr", *bad]), False))
    assert known == {"valmont.fr", "02610.moy.free.fr"}
    assert [(entry.line, entry.domain) for entry, _ in done.bad] == list(enumerate(bad, 3))
    whys = [why for _, why in done.bad]
    assert whys[2:6] == ["punycode", "public_suffix", "provider", "disposable"]


def test_a_list_may_be_read_again(tmp_path: Path) -> None:
    """Twice is as once; another list adds to it, or takes its place where that is asked."""
    done, known = run(tmp_path, ("a.fr\nb.fr", False), ("a.fr\nb.fr", False), ("b.fr\nc.fr", False), ("c.fr", True))
    assert [(each.added, each.known, each.removed) for each in done] == [(2, 0, 0), (0, 2, 0), (1, 1, 0), (0, 1, 2)]
    assert known == {"c.fr"}


@pytest.mark.parametrize("text", ["", "gmail.com", "<html>Erreur 404</html>"])
def test_a_list_that_did_not_come_whole_takes_no_place(tmp_path: Path, text: str) -> None:
    """Where no line is a domain nothing is forgotten, even where the list was to take the place of another."""
    run(tmp_path, ("a.fr", False))
    with pytest.raises(InvalidParam):
        run(tmp_path, (text, True))
    assert run(tmp_path)[1] == {"a.fr"}


def test_the_command_line_tells_what_it_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`tchap domains import` tells each bad line and the sum; a file that is not there is one line too."""
    listed = tmp_path / "liste.csv"
    listed.write_text("domain;name\nvalmont.fr;Mairie de Valmont\ngmail.com;Personne\n", encoding="utf-8")
    place = ["--data", str(tmp_path)]
    assert main(["domains", "import", str(listed), *place]) == 0
    told = capsys.readouterr()
    assert told.err == "line 3: gmail.com: everybody gets a mailbox there\n"
    assert told.out == "1 added, 0 known already, 0 removed, 1 left out\n"
    many = tmp_path / "many.txt"
    many.write_text("valmont.fr\n" + "gmail.com\n" * 60, encoding="utf-8")
    assert main(["domains", "import", str(many), *place]) == 0
    assert capsys.readouterr().err.endswith("and 10 more lines like these\n")
    assert main(["domains", "import", str(tmp_path / "absent"), *place]) == 1
    assert capsys.readouterr().err.count("\n") == 1

    async def look() -> None:
        store = await open_store(f"sqlite:///{tmp_path}/tchap.db", Clock())
        found = await store.read(find_public_domain, "valmont.fr")
        assert found is not None
        assert (found.name, found.source) == ("Mairie de Valmont", "liste.csv")
        await store.close()

    asyncio.run(look())


def test_the_states_own_list_is_read_whole(tmp_path: Path) -> None:
    """The State's 31,904 domains where the copy is beside the project, else as many invented ones, within a minute."""
    invented = "\n".join(f"mairie-{number:05}.example" for number in range(31_904))
    text = SHARED.read_text(encoding="utf-8") if SHARED.is_file() else invented
    started = time.monotonic()
    (done,), known = run(tmp_path, (text, False))
    assert time.monotonic() - started < MAX_IMPORT_S
    assert len(known) == done.added > 31_000
    assert done.added + len(done.bad) == len(text.split())
    assert not {"gouv.fr", "free.fr", "orange.fr", "gmail.com"} & known
