"""Two administrations side by side, and everything that administrators can ask of the server about one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tchap.storage.database import Tx
from tests.support.accounts import Person, person
from tests.support.administrations import BASE, CALM, HOSPITALS, Office, open_office
from tests.support.house import House
from tests.support.paths import quote

__all__ = ["CALM", "Case", "Place", "Town", "build_town", "find_rows"]

V1 = "/_matrix/client/v1"
V3 = "/_matrix/client/v3"
TCHAP = "/_tchap/admin/v1"
VALIDITY = "/_synapse/client/email_account_validity/admin"
OLD_VALIDITY = "/_synapse/admin/v1/account_validity/validity"
GHOST_NUMBER = 999_999


@dataclass(frozen=True, slots=True)
class Place:
    """What belongs to one administration: every name that somebody may try."""

    administration_id: str
    domain: str
    user_id: str
    closed_user: str
    delegate: str
    report: int
    notice: int

    @property
    def one(self) -> str:
        return f"{BASE}/{quote(self.administration_id)}"

    @property
    def user(self) -> str:
        return f"{TCHAP}/users/{quote(self.user_id)}"


Asked = tuple[str, str, dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One way to ask for one operation: `of` gives method, path and body from the place that is meant and from the one
    the asker is at home in. `works`: a delegate may do it at home; `lasts`: only once; `rises`: also with people of
    what is above them."""

    route: tuple[str, str]
    of: Callable[[Place, Place], Asked]
    works: bool = True
    lasts: bool = False
    rises: bool = False


def _case(
    method: str, template: str, path: Callable[[Place], str], body: Callable[[Place, Place], Any] | None = None
) -> Case:
    return Case((method, template), lambda there, home: (method, path(there), body(there, home) if body else None))


def _at_home_refused(case: Case) -> Case:
    return Case(case.route, case.of, works=False)


def _once(case: Case) -> Case:
    return Case(case.route, case.of, lasts=True)


def _user(method: str, rest: str = "", body: Callable[[Place, Place], Any] | None = None) -> Case:
    return _case(method, f"{TCHAP}/users/{{userId}}{rest}", lambda p: p.user + rest, body)


def _admin(method: str, act: str, body: dict[str, Any] | None = None) -> Case:
    path = f"{V1}/admin/{act}"
    return _case(
        method, f"{path}/{{userId}}", lambda p: f"{path}/{quote(p.user_id)}", (lambda *_: body) if body else None
    )


_ONE = f"{BASE}/{{administrationId}}"


def _one(method: str, rest: str = "", body: Callable[[Place, Place], Any] | None = None) -> Case:
    return _case(method, _ONE + rest, lambda p: p.one + rest, body)


def _domain(method: str, rest: str, body: Callable[[Place, Place], Any]) -> Case:
    template = f"{_ONE}/domains/{{domain}}{rest}"
    return _case(method, template, lambda p: f"{p.one}/domains/{p.domain}{rest}", body)


def _notice(method: str, rest: str = "") -> Case:
    path = f"{TCHAP}/server_notices"
    return _case(method, f"{path}/{{noticeId}}{rest}", lambda p: f"{path}/{p.notice}{rest}", lambda *_: {})


_REQUESTS = f"{TCHAP}/domain_requests"


def _request(method: str, act: str = "", body: dict[str, Any] | None = None) -> Case:
    return _case(method, f"{_REQUESTS}/{{requestId}}{act}", lambda p: f"{_REQUESTS}/{p.domain}{act}", (lambda *_: body))


_REPORT = f"{TCHAP}/reports/{{reportId}}"
_NOTICES = f"{TCHAP}/server_notices"
_SAID = {"body": "Bonjour."}

# In the order in which a delegate may do them all at home.
CASES: tuple[Case, ...] = (
    _one("GET"),
    _one("GET", "/delegates"),
    _one("GET", "/people"),
    Case(("GET", f"{_ONE}/people"), lambda p, _: ("GET", f"{p.one}/people?email={p.delegate}", None)),
    _one("GET", "/audit"),
    _one("GET", "/externals"),
    _one("PUT", "", lambda *_: {"label": "Autre", "refuses_clear": False, "headcount": 7}),
    _at_home_refused(_one("PUT", "", lambda *_: {"name": "Autre nom"})),
    # What is another's is not brought under oneself, nor oneself under another.
    _at_home_refused(_one("PUT", "", lambda _, home: {"parent_id": home.administration_id})),
    _at_home_refused(Case(("PUT", _ONE), lambda p, home: ("PUT", home.one, {"parent_id": p.administration_id}))),
    _at_home_refused(_one("PUT", "/suspended", lambda *_: {"suspended": True})),
    _at_home_refused(_one("PUT", "/suspended", lambda *_: {"suspended": False})),
    _once(
        _case(
            "POST", BASE, lambda _: BASE, lambda p, _: {"name": f"Service {p.domain}", "parent_id": p.administration_id}
        )
    ),
    _one("POST", "/delegates", lambda p, _: {"email": f"second@{p.domain}"}),
    Case(
        ("POST", f"{_ONE}/delegates"),
        lambda p, home: ("POST", f"{home.one}/delegates", {"email": p.delegate}),
        rises=True,
    ),
    _one("POST", "/delegates", lambda _, home: {"email": home.delegate}),
    _case("DELETE", f"{_ONE}/delegates/{{email}}", lambda p: f"{p.one}/delegates/{quote(f'second@{p.domain}')}"),
    _at_home_refused(_one("POST", "/domains", lambda *_: {"domain": "neuf.example.fr"})),
    _at_home_refused(
        Case(("POST", f"{_ONE}/domains"), lambda p, home: ("POST", f"{home.one}/domains", {"domain": p.domain}))
    ),
    _domain("PUT", "", lambda *_: {"status": "suspended"}),
    _domain("PUT", "", lambda *_: {"status": "active"}),
    _at_home_refused(_domain("POST", "/rename", lambda *_: {"to": "neuf.example.fr"})),
    _user("GET"),
    _user("GET", "/devices"),
    _case("GET", f"{V3}/admin/whois/{{userId}}", lambda p: f"{V3}/admin/whois/{quote(p.user_id)}"),
    _admin("GET", "lock"),
    _admin("PUT", "lock", {"locked": True}),
    _admin("PUT", "lock", {"locked": False}),
    _admin("GET", "suspend"),
    _admin("PUT", "suspend", {"suspended": True}),
    _admin("PUT", "suspend", {"suspended": False}),
    _case("POST", VALIDITY, lambda _: VALIDITY, lambda p, _: {"user_id": p.user_id}),
    _case("POST", OLD_VALIDITY, lambda _: OLD_VALIDITY, lambda p, _: {"user_id": p.user_id, "expiration_ts": 2**41}),
    _user("POST", "/sign_out", lambda *_: {}),
    _user("PUT", "/email", lambda _, home: {"email": f"nouveau@{home.domain}"}),
    # A person of one's own is not made another's.
    Case(
        ("PUT", f"{TCHAP}/users/{{userId}}/email"),
        lambda p, home: ("PUT", f"{home.user}/email", {"email": f"x@a.sous.{p.domain}"}),
    ),
    _at_home_refused(
        Case(
            ("POST", f"{TCHAP}/users/{{userId}}/reactivate"),
            lambda p, home: (
                *("POST", f"{TCHAP}/users/{quote(home.closed_user)}/reactivate"),
                {"email": f"x@a.sous.{p.domain}" if p is not home else "x@dehors.example.org"},
            ),
        )
    ),
    _at_home_refused(_user("PUT", "/admin", lambda *_: {"admin": True})),
    _case("GET", _REPORT, lambda p: f"{TCHAP}/reports/{p.report}"),
    _case("PUT", _REPORT, lambda p: f"{TCHAP}/reports/{p.report}", lambda *_: {"state": "closed", "note": "Vu."}),
    Case(("GET", _NOTICES), lambda p, _: ("GET", f"{_NOTICES}?administration={quote(p.administration_id)}", None)),
    _case(
        "POST",
        _NOTICES,
        lambda _: _NOTICES,
        lambda p, _: {"to": {"administration": p.administration_id}, "content": _SAID, "pin": True},
    ),
    _case("POST", _NOTICES, lambda _: _NOTICES, lambda p, _: {"to": {"user_id": p.user_id}, "content": _SAID}),
    _at_home_refused(
        _case("POST", _NOTICES, lambda _: _NOTICES, lambda *_: {"to": {"everyone": True}, "content": _SAID})
    ),
    _notice("GET"),
    _notice("POST", "/withdraw"),
    _at_home_refused(_case("GET", f"{TCHAP}/deletions", lambda _: f"{TCHAP}/deletions")),
    _at_home_refused(_case("GET", f"{TCHAP}/bug_reports", lambda _: f"{TCHAP}/bug_reports")),
    _at_home_refused(_case("GET", f"{TCHAP}/bug_reports/{{reportId}}", lambda p: f"{TCHAP}/bug_reports/{p.report}")),
    _at_home_refused(
        _case(
            "GET",
            f"{TCHAP}/bug_reports/{{reportId}}/files/{{number}}",
            lambda p: f"{TCHAP}/bug_reports/{p.report}/files/1",
        )
    ),
    # Whether an administration joins is decided by operators alone.
    _at_home_refused(_case("GET", _REQUESTS, lambda _: _REQUESTS)),
    _at_home_refused(_request("GET")),
    _at_home_refused(_request("POST", "/approve", {})),
    _at_home_refused(_request("POST", "/refuse", {"reason": "Non."})),
    _at_home_refused(_request("POST", "/suspend", {"reason": "Non."})),
    _at_home_refused(_request("POST", "/reopen", {})),
    _once(_one("POST", "/externals/end", lambda p, _: {"email": f"ami@{p.domain}.dehors.org", "sponsor": p.user_id})),
    _once(_user("POST", "/deactivate", lambda *_: {})),
    _once(
        _case(
            "POST",
            f"{TCHAP}/users/{{userId}}/reactivate",
            lambda p: f"{TCHAP}/users/{quote(p.closed_user)}/reactivate",
            lambda *_: {},
        )
    ),
    # What cannot be undone asks who one is first (401): whose it is not does not come so far.
    _domain("POST", "/move", lambda _, home: {"to": home.administration_id}),
    Case(
        ("POST", f"{_ONE}/domains/{{domain}}/move"),
        lambda p, home: ("POST", f"{home.one}/domains/{p.domain}/move", {"to": home.administration_id}),
        works=False,
    ),
    _once(_domain("POST", "/close", lambda *_: {"closes_ts": 1_800_000_000_000 + 40 * 24 * 3600 * 1000})),
)

# What answers who asks with what they look after: nothing of anybody else is in it.
LISTS = (
    ("GET", BASE),
    ("GET", f"{TCHAP}/reports"),
    ("GET", f"{TCHAP}/audit"),
    ("GET", _NOTICES),
)

# No acts of administrators, in spite of their paths: one's own account, a link of a mail, a shared secret.
OTHERS = (
    ("GET", "/_synapse/admin/v1/register"),
    ("POST", "/_synapse/admin/v1/register"),
    ("POST", "/_synapse/client/email_account_validity/send_mail"),
    ("GET", "/_synapse/client/email_account_validity/renew"),
)


@dataclass(frozen=True, slots=True)
class Town:
    """Alpha with its part, Zeta beside it, and nothing: `people` are those who try, by what they are."""

    office: Office
    alpha: Place
    part: Place
    zeta: Place
    ghost: Place
    people: dict[str, Person]


async def build_town(house: House) -> Town:
    """Everything that is Zeta's has `zeta` in its names."""
    office = await open_office(house)
    region = await office.open("Région", "region.example.fr")
    alpha = await _settle(office, "Alpha", region)
    part = await _settle(office, "Partie", alpha.administration_id)
    zeta = await _settle(office, "Zeta", region)
    people = {
        "delegate": await _enter(house, alpha.delegate),
        "delegate of a part": await _enter(house, part.delegate),
        "agent": await _enter(house, "agent.simple@alpha.example.fr"),
        "former delegate": await _enter(house, "ancien@alpha.example.fr"),
        "agent of elsewhere": await _enter(house, "zoe.petit@hopital.example.fr"),
    }
    await _name(office, alpha, "ancien@alpha.example.fr")
    path = f"{alpha.one}/delegates/{quote('ancien@alpha.example.fr')}"
    await house.ask("DELETE", path, None, office.operator.token)
    ghost_user = f"@agent-ghost.example.fr:{HOSPITALS}"
    ghost = Place(
        "ghost", "ghost.example.fr", ghost_user, ghost_user, "chef@ghost.example.fr", GHOST_NUMBER, GHOST_NUMBER
    )
    return Town(office, alpha, part, zeta, ghost, people)


async def _enter(house: House, email: str) -> Person:
    return await person(house, email)


async def _name(office: Office, place: Place, email: str) -> None:
    await office.house.ask("POST", f"{place.one}/delegates", {"email": email}, office.operator.token)


async def _settle(office: Office, name: str, parent_id: str) -> Place:
    """An administration with a delegate, an agent who was reported, a closed account and an announcement."""
    house, token, domain = office.house, office.operator.token, f"{name.lower()}.example.fr"
    of = await office.open(name, domain, f"*.sous.{domain}", parent_id=parent_id, contact=f"contact@{domain}")
    await house.ask("POST", f"{BASE}/{of}/delegates", {"email": f"chef@{domain}"}, token)
    agent, closed = await person(house, f"agent@{domain}"), await person(house, f"parti@{domain}")
    await house.ask("POST", f"{TCHAP}/users/{quote(closed.user_id)}/deactivate", {}, token)
    await house.ask("PUT", f"/_tchap/v1/externals/ami@{domain}.dehors.org", {}, agent.token)
    await house.ask("POST", f"{V3}/users/{quote(agent.user_id)}/report", {"reason": f"Propos ({name})"}, token)
    reports = await house.ask("GET", f"{TCHAP}/reports", None, token)
    wish = {"to": {"administration": of}, "content": {"body": f"Bienvenue ({name})"}, "pin": True}
    notice = (await house.ask("POST", f"{TCHAP}/server_notices", wish, token))["notice_id"]
    report = reports["reports"][-1]["report_id"]
    return Place(of, domain, agent.user_id, closed.user_id, f"chef@{domain}", report, notice)


async def find_rows(tx: Tx, word: str) -> list[str]:
    """Every row of every table in which the word stands, in any case (SQLite)."""
    tables = await tx.all(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%\\_index%' ESCAPE '\\'"
        " AND name NOT LIKE 'sqlite%' ORDER BY name"
    )
    found = []
    for (table,) in tables:
        rows = sorted(f"{table} {row!r}" for row in await tx.all(f"SELECT * FROM {table}"))
        found += [row for row in rows if word in row.lower()]
    return found
