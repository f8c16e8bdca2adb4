import pytest
from hypothesis import given
from hypothesis import strategies as st

from tchap.protocol.identifiers import (
    is_compliant_user_id,
    is_namespaced,
    is_user_id,
    localpart_of,
    map_to_localpart,
    parse_event_id,
    parse_mxc,
    parse_new_user_id,
    parse_room_alias,
    parse_room_id,
    parse_server_name,
    parse_user_id,
    server_of,
)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("prefecture.example.fr", "prefecture.example.fr", None),
        ("prefecture.example.fr:8888", "prefecture.example.fr", 8888),
        ("1.2.3.4", "1.2.3.4", None),
        ("1.2.3.4:1234", "1.2.3.4", 1234),
        ("[1234:5678::abcd]", "[1234:5678::abcd]", None),
        ("[1234:5678::abcd]:5678", "[1234:5678::abcd]", 5678),
    ],
)
def test_server_names_of_the_specification(text: str, host: str, port: int | None) -> None:
    """Every example of a server name is read into its host and its port."""
    name = parse_server_name(text)
    assert (name.text, name.host, name.port) == (text, host, port)


@pytest.mark.parametrize(
    "text", ["", ":80", "a b", "a:", "a:123456", "1.2.3.256", "[::1", "é.example.fr", "a/b", "a\n", "a:8o", "x" * 256]
)
def test_other_server_names_are_refused(text: str) -> None:
    """What the grammar does not make is no server name."""
    with pytest.raises(ValueError, match="server name"):
        parse_server_name(text)


@pytest.mark.parametrize("text", ["@alice:a.fr", "@a.b_c=d-e/f+9:a.fr:80"])
def test_new_user_ids(text: str) -> None:
    """A strict user id is lawful both to receive and to create."""
    assert parse_new_user_id(text) == parse_user_id(text)
    assert f"@{localpart_of(text)}:{server_of(text)}" == text


@pytest.mark.parametrize("text", ["@:a.fr", "@Élise Martin:a.fr", "@A|B:a.fr", "@\x01:a.fr"])
def test_historical_user_ids(text: str) -> None:
    """A historical user id is received, but never made."""
    assert parse_user_id(text).server == "a.fr"
    with pytest.raises(ValueError, match="user id"):
        parse_new_user_id(text)


@pytest.mark.parametrize("text", ["alice:a.fr", "@alice", "@al\0ice:a.fr", "@alice:", "@alice:a b", "@\ud800:a.fr"])
def test_broken_user_ids(text: str) -> None:
    """Without a sigil, a server or lawful characters there is no user id."""
    assert not is_user_id(text)


def test_compliant_user_ids() -> None:
    """Only visible ASCII localparts are told of outside events."""
    assert is_compliant_user_id("@A|B:a.fr")
    assert not any(is_compliant_user_id(text) for text in ("@:a.fr", "@é:a.fr", "@a b:a.fr", 3, None))


def test_identifiers_end_at_255_bytes() -> None:
    """The limit counts bytes, not characters."""
    assert parse_user_id("@" + "é" * 124 + ":a.fr1").server == "a.fr1"
    with pytest.raises(ValueError, match="255 bytes"):
        parse_user_id("@" + "é" * 125 + ":a.fr1")


def test_room_ids_with_and_without_a_server() -> None:
    """Room ids carry a server until version 11, a hash from version 12 on."""
    assert parse_room_id("!salle:a.fr").server == "a.fr"
    assert parse_room_id("!Nhcu5BS-UMnFX7hBVfVSoXiD7OgH6iRT-xyIuqDnpYQ").server is None
    for text in ("!", "!a b", "#salle:a.fr", "!salle:", "!été"):
        with pytest.raises(ValueError, match=r"identifier|server name"):
            parse_room_id(text)


def test_event_ids_with_and_without_a_server() -> None:
    """Event ids carry a server in versions 1 and 2, a hash later, where slashes are lawful."""
    assert parse_event_id("$opaque:a.fr").server == "a.fr"
    assert parse_event_id("$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk").opaque.startswith("acR1")
    with pytest.raises(ValueError, match="identifier"):
        parse_event_id("salut")


def test_room_aliases() -> None:
    """An alias may be written in any language."""
    assert parse_room_alias("#salle d'été:a.fr").localpart == "salle d'été"


@pytest.mark.parametrize("text", ["mxc://a.fr/", "mxc://a.fr/../x", "mxc://a.fr/a/b", "http://a.fr/x", "mxc:///x", ""])
def test_media_addresses_do_not_travel(text: str) -> None:
    """A media id never holds a path."""
    with pytest.raises(ValueError, match=r"media|server"):
        parse_mxc(text)


def test_media_addresses() -> None:
    """A media address has a server and an id."""
    assert parse_mxc("mxc://a.fr:80/AbC-_9").media_id == "AbC-_9"


def test_mapping_to_localparts() -> None:
    """The suggested mapping is that of the specification's examples."""
    assert map_to_localpart("#") == "=23"
    assert map_to_localpart("á") == "=c3=a1"
    assert map_to_localpart("Jean=Luc") == "jean=3dluc"


@given(st.text(min_size=1, max_size=20))
def test_every_name_maps_to_a_lawful_localpart(name: str) -> None:
    """Whatever people are called, a user id can be made."""
    assert parse_new_user_id(f"@{map_to_localpart(name)}:a.fr")


@given(st.text(max_size=300))
def test_no_text_breaks_the_parsers(text: str) -> None:
    """A parser answers with a value that holds the text, or with ValueError."""
    for sigil, parse in (("@", parse_user_id), ("!", parse_room_id), ("$", parse_event_id), ("#", parse_room_alias)):
        try:
            assert parse(sigil + text).text == sigil + text
        except ValueError:
            continue


def test_namespaced_names() -> None:
    """Common namespaced identifiers begin with a lower-case letter and hold no more than 255 characters."""
    assert is_namespaced("m.login.password")
    assert not any(is_namespaced(text) for text in ("", "M.x", "1a", "a b", "a" * 256))
