"""Administrations from the command line, and from files."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tchap.__main__ import main
from tchap.base.clock import Clock
from tests.support.accounts import person, sign_in
from tests.support.administrations import CALM, HOSPITALS, PREFECTURES, Office, walk_all
from tests.support.house import open_house

_CITY = "ville.example.fr|*.ville.example.fr,chef@ville.example.fr"
GOOD = f"""name,label,instance,kind,parent,siren,headcount,contact,domains,delegates
Écoles,,{PREFECTURES},education,Ville de Valmont,,12,,ecoles.example.fr,chef@ville.example.fr

"Ville de Valmont",Valmont,{PREFECTURES},local_authority,,130 025 265,"1 200",tchap@ville.example.fr,{_CITY}
Clinique,,{HOSPITALS},health,,,,,clinique.example.fr,
"""
BAD = f"""name;instance;siren;domains;parent;delegates;headcount
Sans instance;;;;;;
Nulle part;nowhere.example.fr;;;;;
Mauvais siren;{PREFECTURES};130025266;;;;
Volée;{PREFECTURES};;hopital.example.fr;;;
Orpheline;{PREFECTURES};;;Personne;;
Étrangère;{PREFECTURES};;e.example.fr;;a@hopital.example.fr;
Beaucoup;{PREFECTURES};;;;;tous
Trop;{PREFECTURES};;;;;;de trop
Bonne;{PREFECTURES};;bonne.example.fr;;;
"""


def run(folder: Path, *words: str) -> int:
    return main(["administrations", *words, "--data", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A server that was started once, so that the embedded administrations are known."""

    async def start() -> None:
        async with open_house(tmp_path, CALM):
            pass

    asyncio.run(start())
    return tmp_path


def test_a_file_is_taken_and_taken_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Parents may stand below their children; a second time nothing changes, and a changed cell changes that alone."""
    file = folder / "all.csv"
    file.write_text("\ufeff" + GOOD, encoding="utf-8")
    assert run(folder, "import", str(file)) == 0
    assert capsys.readouterr().out == "3 created, 0 changed, 0 kept, 0 refused\n"
    assert run(folder, "import", str(file)) == 0
    assert capsys.readouterr().out == "0 created, 0 changed, 3 kept, 0 refused\n"
    file.write_text("name;headcount;domains\nClinique;70;clinique.example.fr soins.example.fr\n", encoding="utf-8")
    assert run(folder, "import", str(file)) == 0
    assert capsys.readouterr().out == "0 created, 1 changed, 0 kept, 0 refused\n"
    assert run(folder, "show", "clinique") == 0
    shown = capsys.readouterr().out
    assert "headcount\t70\n" in shown
    assert "domain\tsoins.example.fr\tactive\n" in shown
    assert run(folder, "show", "ville-de-valmont") == 0
    shown = capsys.readouterr().out
    assert "siren\t130025265\n" in shown
    assert "headcount\t1200\n" in shown
    assert run(folder, "show", "ecoles") == 0
    shown = capsys.readouterr().out
    assert "parent_id\tville-de-valmont\n" in shown
    assert "delegate\tchef@ville.example.fr\t\n" in shown


def test_bad_lines_are_told_and_good_ones_taken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its number and the reason; nothing of a bad line is kept."""
    file = folder / "all.csv"
    file.write_text(BAD, encoding="utf-8")
    assert run(folder, "import", str(file)) == 1
    captured = capsys.readouterr()
    assert captured.out == "1 created, 0 changed, 0 kept, 8 refused\n"
    told = [line.removeprefix(f"{file}:") for line in captured.err.splitlines()]
    assert told == [
        "2: There is no such instance.",
        "3: There is no such instance.",
        "4: This is not a SIREN number.",
        "5: The domain hopital.example.fr belongs to an administration already.",
        "6: There is no parent 'Personne'.",
        "7: A delegate must be an agent of the administration, or of one it is a part of.",
        "8: The headcount is no number.",
        "9: The line has more cells than the first one: put those that hold a separator in quotation marks.",
    ]
    assert run(folder, "list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in listed] == ["bonne", "hopital-des-tilleuls", "prefecture-du-val-clair"]


@pytest.mark.parametrize(
    "text", ["", "label\nx\n", "name,colour\nx,red\n", "name,name\na,b\n", "name\na\0b\n", 'name\n"a\nb\n']
)
def test_a_file_that_cannot_be_read_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Columns that are missing, unknown or twice there, what is no text, and a quotation mark that is not closed."""
    file = folder / "all.csv"
    file.write_text(text, encoding="utf-8")
    assert run(folder, "import", str(file)) == 1
    assert capsys.readouterr().err.startswith(("tchap: The f", "tchap: Line 3 is no CSV"))
    file.write_bytes(b"name\n\xe9cole\n")
    assert run(folder, "import", str(file)) == 1
    assert "UTF-8" in capsys.readouterr().err


def test_the_command_line_keeps_administrations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything operators do, and the server's accounts follow once it is started."""

    async def enter() -> None:
        async with open_house(folder, CALM) as house:
            await person(house, "a.b@mairie.example.fr")

    async def look() -> None:
        async with open_house(folder, CALM) as house:
            # The command line has the time of this machine.
            house.clock.now = max(house.clock.now, Clock().now_ms())
            await walk_all(house)
            agent = await sign_in(house, "a.b-mairie.example.fr")
            office = Office(house, agent)
            assert "ville.example.fr" in (await office.mails("a.b@ville.example.fr"))[0]["text"]

    mairie = ("create", "Mairie", PREFECTURES, "--domain", "mairie.example.fr", "--contact", "m@mairie.example.fr")
    assert run(folder, *mairie) == 0
    assert capsys.readouterr().out == f"mairie\tMairie\t{PREFECTURES}\tactive\n"
    asyncio.run(enter())
    for words in (
        ("create", "Métropole", PREFECTURES),
        ("add-domain", "mairie", "*.mairie.example.fr"),
        ("move-domain", "*.mairie.example.fr", "Métropole"),
        ("name-delegate", "mairie", "a.b@mairie.example.fr"),
        ("rename-domain", "mairie.example.fr", "ville.example.fr"),
        ("dismiss-delegate", "mairie", "a.b@ville.example.fr"),
        ("suspend-domain", "ville.example.fr"),
        ("close-domain", "ville.example.fr", f"{datetime.now(UTC) + timedelta(60):%Y-%m-%d}"),
        ("reopen-domain", "ville.example.fr"),
        ("change", "mairie", "--name", "Ville", "--label", "Ville", "--parent", "Métropole", "--headcount", "12"),
        ("change", "Ville", "--parent", ""),
        ("suspend", "mairie"),
        ("reopen", "mairie"),
    ):
        assert run(folder, *words) == 0, words
    told = capsys.readouterr()
    closes = f"{datetime.now(UTC) + timedelta(60):%Y-%m-%d}"
    assert told.out.splitlines() == [
        f"metropole\tMétropole\t{PREFECTURES}\tactive",
        "domain\t*.mairie.example.fr\tactive",
        "domain\t*.mairie.example.fr\tactive",
        "delegate\ta.b@mairie.example.fr\t@a.b-mairie.example.fr:agent.prefectures.tchap.example.fr",
        "domain\tville.example.fr\tactive",
        "delegate\ta.b@ville.example.fr\t@a.b-mairie.example.fr:agent.prefectures.tchap.example.fr",
        "domain\tville.example.fr\tsuspended",
        f"domain\tville.example.fr\tclosing\t{closes}",
        "domain\tville.example.fr\tactive",
        f"mairie\tVille\t{PREFECTURES}\tactive",
        f"mairie\tVille\t{PREFECTURES}\tactive",
        f"mairie\tVille\t{PREFECTURES}\tsuspended",
        f"mairie\tVille\t{PREFECTURES}\tactive",
    ]
    assert told.err == "its accounts follow, and are told by mail, while the server runs\n" * 4
    asyncio.run(look())
    assert run(folder, "show", "mairie") == 0
    shown = capsys.readouterr().out
    assert "domain\tville.example.fr\tactive" in shown
    assert "label\tVille\nkind\tother\nparent_id\t\nsiren\t\nheadcount\t12\n" in shown
    for words in (
        ("show", "nobody"),
        ("close-domain", "ville.example.fr", "demain"),
        ("create", "Ville", PREFECTURES),
    ):
        assert run(folder, *words) == 1, words
    assert capsys.readouterr().err == (
        "tchap: There is no such administration.\n"
        "tchap: 'demain' is not a date such as 2027-03-31.\n"
        "tchap: There is an administration of this name.\n"
    )


def test_who_is_named_before_having_an_account_follows_a_renamed_domain(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where they look after an administration below their own: nobody can open an account with the old address."""
    for words in (
        ("create", "Ville", PREFECTURES, "--domain", "ville.example.fr"),
        ("create", "Écoles", PREFECTURES, "--parent", "Ville", "--delegate", "chef@ville.example.fr"),
        ("rename-domain", "ville.example.fr", "metropole.example.fr"),
        ("show", "Écoles"),
    ):
        assert run(folder, *words) == 0, words
    assert "delegate\tchef@metropole.example.fr\t\n" in capsys.readouterr().out
