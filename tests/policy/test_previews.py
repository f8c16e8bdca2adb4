"""What is read of a page somebody linked to, and which addresses are asked at all."""

import time

import pytest

from tchap.policy.previews import Places, decode_page, is_web_address, may_visit, read_page

URL = "https://journal.example.fr/une/article"
WEB = Places((80, 443), (), ())


def test_a_page_says_what_it_is() -> None:
    """Open Graph properties come first; what a client would have to fetch from elsewhere is left out."""
    facts = read_page(
        '<html><head><title>Autre</title><meta property="og:title" content="L&#39;eau &amp; le feu">'
        '<meta property="og:title" content="Deuxième"><meta property="og:description" content=" a\n b ">'
        '<meta property="og:site_name" content="Journal"><meta property="og:video" content="https://x.example/v">'
        '<meta property="og:image" content="../image.png"><meta name="robots" content="noindex">',
        URL,
    )
    assert facts.properties == {
        "og:title": "L'eau & le feu",
        "og:description": "a b",
        "og:site_name": "Journal",
    }
    assert facts.picture == "https://journal.example.fr/image.png"


def test_a_page_without_open_graph_is_read_all_the_same() -> None:
    """The card for other networks, the title and the first words of the text stand in."""
    card = '<meta name="twitter:title" content="Carte"><meta name="twitter:image" content="//x.example/i.png">'
    assert read_page(card, URL).properties == {"og:title": "Carte"}
    assert read_page(card, URL).picture == "https://x.example/i.png"
    plain = (
        "<title> Un\ntitre </title><script>var a = '<p>non</p>'</script><nav><p>menu</p></nav><p>Le <b>texte</b>.</p>"
    )
    assert read_page(plain, URL).properties == {"og:title": "Un titre", "og:description": "Le texte ."}
    described = '<title>T</title><meta name="description" content="Dit par la page"><p>Texte</p>'
    assert read_page(described, URL).properties["og:description"] == "Dit par la page"
    assert read_page("", URL).properties == {}


@pytest.mark.parametrize(
    "picture", ["javascript:alert(1)", "data:image/png;base64,aa", "file:///etc/passwd", "http://["]
)
def test_a_picture_is_on_the_web(picture: str) -> None:
    """Other addresses of pictures are no pictures, and no page has them."""
    assert read_page(f'<meta property="og:url" content="{picture}">', URL).properties == {}
    assert read_page(f'<meta property="og:image" content="{picture}">', URL).picture is None


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("é€.".encode(), "text/html"),
        ("é€.".encode("cp1252"), "text/html; charset=ISO-8859-1"),
        ("é€.".encode("cp1252"), "text/html"),
        ("\ufeffé€.".encode("utf-16-le"), "text/html"),
        ("é€.".encode("iso8859-15"), 'text/html; charset="iso-8859-15"'),
        ("é€.".encode() + "é".encode()[:1], "text/html"),
    ],
)
def test_the_letters_are_found(body: bytes, content_type: str) -> None:
    """The byte order mark, the header, the page itself or a guess says how it is written."""
    assert decode_page(body, content_type) == "é€."


def test_a_page_names_its_own_encoding() -> None:
    """`<meta charset>` counts where the header says nothing, and codecs that are no encoding are not run."""
    body = '<meta charset="koi8-r"><p>Привет'.encode("koi8-r")
    assert decode_page(body, "text/html").endswith("Привет")
    for name in ("unicode_escape", "zlib", "idna", "punycode", "undefined", "base64", "x" * 40):
        assert decode_page(b"\\u0041", f"text/html; charset={name}") == "\\u0041"


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "<a ",
        "<",
        "<![",
        "<!",
        "<?",
        "&",
        '<a b="',
        "<p>",
        "<title>x",
        "<script>",
        "<!--><",
        "<p>x",
        "\0",
        "<x a=b ",
    ],
)
def test_a_hostile_page_costs_little(piece: str) -> None:
    """Whatever the page repeats, reading it ends soon and what is kept is bounded."""
    began = time.process_time()
    facts = read_page(piece * (2_000_000 // len(piece)), URL)
    assert time.process_time() - began < 1
    assert all(len(value) <= 1000 and "\0" not in value for value in facts.properties.values())


def test_many_properties_are_bounded() -> None:
    """A page may say much; little is kept."""
    said = "".join(f'<meta property="og:x{n}" content="{"y" * 5000}">' for n in range(500))
    facts = read_page(said, URL)
    assert len(facts.properties) <= 50
    assert max(map(len, facts.properties.values())) <= 1000


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "https://user:pass@a.example/",
        "https://user@a.example/",
        "//a.example/",
        "https://",
        "https://a.example:99999/",
        "https://a.example:0/",
        "https://a.example/\nx",
        "https://a.example\\@b.example/",
        "https://[::1/",
        "https://a.example/" + "x" * 3000,
        "",
    ],
)
def test_what_is_no_web_address(url: str) -> None:
    """Other schemes, credentials, control characters and nonsense are no addresses to ask."""
    assert not is_web_address(url)
    assert not may_visit(url, WEB)


def test_ports_and_domains_decide() -> None:
    """Only the operator's ports; never a denied domain nor what is under it; where some are allowed, only those."""
    assert may_visit("http://a.example/", WEB)
    assert may_visit("https://a.example:443/", WEB)
    assert not may_visit("http://a.example:8080/", WEB)
    assert may_visit("http://a.example:8080/", Places((), (), ()))
    denied = Places((80, 443), ("Evil.example", "*.bad.example"), ())
    for host in ("evil.example", "www.EVIL.example", "evil.example.", "x.bad.example", "bad.example"):
        assert not may_visit(f"https://{host}/", denied), host
    assert may_visit("https://notevil.example/", denied)
    allowed = Places((80, 443), ("secret.example.fr",), ("example.fr",))
    assert may_visit("https://www.example.fr/", allowed)
    assert not may_visit("https://secret.example.fr/", allowed)
    assert not may_visit("https://example.org/", allowed)
