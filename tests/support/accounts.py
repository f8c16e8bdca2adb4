"""People for API tests: invented agents who register as real ones do, by a code sent to their address."""

import re
from dataclasses import dataclass
from typing import Any

from tests.support.house import PASSWORD, House

V3 = "/_matrix/client/v3"
SECRET = "a-client-secret"
_CODE = re.compile(r"\b\d{6}\b")


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in device."""

    user_id: str
    device_id: str
    token: str


async def read_code(house: House, email: str) -> str:
    """The code in the newest mail to this address."""
    mails = await house.ask("GET", f"/_tchap/mailbox.json?to={email}")
    found = _CODE.search(mails[-1]["text"])
    assert found is not None, mails[-1]["text"]
    return found[0]


async def prove_email(house: House, email: str, purpose: str = "register") -> dict[str, Any]:
    """Asks for a code and submits it; the credentials of the proof."""
    wanted = {"client_secret": SECRET, "email": email, "send_attempt": 1}
    asked = await house.ask("POST", f"{V3}/{purpose}/email/requestToken", wanted)
    proof = {"sid": asked["sid"], "client_secret": SECRET}
    answer = await house.ask("POST", asked["submit_url"], {**proof, "token": await read_code(house, email)})
    assert answer == {"success": True}
    return proof


async def register(house: House, email: str, **fields: Any) -> dict[str, Any]:
    """Registers by e-mail and terms; the answer of the last step."""
    body = {"password": PASSWORD, **fields}
    proof = await prove_email(house, email)
    first = await house.call("POST", f"{V3}/register", body)
    assert first.status == 401, first
    session = first.body["session"]
    stage = {"type": "m.login.email.identity", "threepid_creds": proof, "session": session}
    second = await house.call("POST", f"{V3}/register", {**body, "auth": stage})
    assert second.status == 401, second
    assert second.body["completed"] == ["m.login.email.identity"]
    terms = {"type": "m.login.terms", "session": session}
    answer: dict[str, Any] = await house.ask("POST", f"{V3}/register", {**body, "auth": terms})
    return answer


async def person(house: House, email: str) -> Person:
    body = await register(house, email)
    return Person(body["user_id"], body["device_id"], body["access_token"])


async def sign_in(house: House, user: str, **fields: Any) -> Person:
    body = await house.ask("POST", f"{V3}/login", password_login(user, **fields))
    return Person(body["user_id"], body["device_id"], body["access_token"])


def password_login(user: str, **fields: Any) -> dict[str, Any]:
    identifier = {"type": "m.id.user", "user": user}
    return {"type": "m.login.password", "identifier": identifier, "password": PASSWORD, **fields}
