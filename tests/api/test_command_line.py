"""The command line on bad input: one line that says what is wrong, never a traceback."""

from pathlib import Path

import pytest

from tchap.__main__ import main
from tchap.base.config_file import parse_settings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"# \xe9", "is not in UTF-8"),
        (b"public_url = 'tchap.example.fr'", "public_url: it begins with https://"),
        (b"[http]\nport = 99999", "http: a port is a number from 0 to 65535"),
        (b"[http]\ntls_port = -1", "http: a port is a number from 0 to 65535"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes, told: str
) -> None:
    """With status 2; so is a file that is not there, by its name."""
    file = tmp_path / "tchap.toml"
    file.write_bytes(text)
    assert main(["serve", "--config", str(file), "--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("tchap: configuration: ")
    assert told in error
    assert error.count("\n") == 1
    assert main(["admin", "list", "--config", str(tmp_path / "absent.toml")]) == 2
    assert capsys.readouterr().err == f"tchap: configuration: {tmp_path}/absent.toml: No such file or directory\n"


@pytest.mark.parametrize(
    "url", ["mysql://host/name", "postgresql://nobody@127.0.0.1:1/name", "sqlite:///{folder}/text"]
)
def test_a_database_that_cannot_be_opened_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    """An address that is none, where nobody answers, or a file that is something else; with status 1."""
    (tmp_path / "text").write_text("this is no database, and is long enough to be read as one" * 100, "utf-8")
    file = tmp_path / "tchap.toml"
    file.write_text(f"store_url = '{url.format(folder=tmp_path)}'", "utf-8")
    assert main(["admin", "list", "--config", str(file)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("tchap: ")
    assert "open" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("words", [("directory", "import"), ("domains", "import"), ("administrations", "import")])
def test_a_file_that_is_not_in_utf8_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    """As spreadsheets write them by themselves; the line says what to do."""
    file = tmp_path / "file.csv"
    file.write_bytes("email,unit,name\na@x.fr,Comptabilité,École\n".encode("latin-1"))
    assert main([*words, str(file), "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"tchap: {file} is not in UTF-8: save it as 'CSV UTF-8'.\n"


def test_an_address_with_a_slash_at_its_end_makes_whole_links() -> None:
    """As people copy it from a browser; a path is written after it in every mail."""
    settings = parse_settings("public_url = 'https://tchap.example.fr/'")
    assert (settings.public_url, settings.request_form) == (
        "https://tchap.example.fr",
        "https://tchap.example.fr/ouvrir",
    )
