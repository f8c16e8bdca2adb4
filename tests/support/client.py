"""A small Matrix client for journeys: plain requests, plain answers, no cleverness."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

V3 = "/_matrix/client/v3"
TIMEOUT_S = 40.0
CODE = re.compile(r"\b\d{6}\b")
PASSWORD = "Mot-de-passe-2026"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any


class Client:
    """One device, or nobody while it has no token."""

    def __init__(self, url: str, token: str = "", user_id: str = "") -> None:
        self.url = url
        self.token = token
        self.user_id = user_id
        self.device_id = ""
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    def call(self, method: str, path: str, body: object = None, **query: str | int) -> Answer:
        """One request, whatever its answer; httpx.TransportError if the server goes away."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self._http.request(method, path, json=body, params=query, headers=headers)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return Answer(answer.status_code, answer.json() if is_json else answer.content)

    def ask(self, method: str, path: str, body: object = None, **query: str | int) -> Any:
        """One request that must succeed; the body of its answer."""
        answer = self.call(method, path, body, **query)
        assert answer.status == 200, f"{method} {path} was answered {answer.status}: {answer.body}"
        return answer.body

    def at(self, url: str) -> "Client":
        """The same device at another address: the server was started again."""
        moved = Client(url, self.token, self.user_id)
        moved.device_id = self.device_id
        return moved

    def close(self) -> None:
        self._http.close()

    # Accounts

    def register(self, localpart: str) -> "Client":
        """Open registration (test profile); answers a client logged in."""
        fields: dict[str, object] = {"username": localpart, "password": PASSWORD}
        return self._entered(self._with_stage(fields, {"type": "m.login.dummy"}))

    def register_by_email(self, email: str, display_name: str = "") -> "Client":
        """Registration by an e-mailed code, read in the built-in mailbox (normal profile)."""
        fields: dict[str, object] = {"password": PASSWORD}
        if display_name:
            fields["initial_device_display_name"] = display_name
        return self._entered(self._with_stage(fields, self.prove_email(email, "register")))

    def prove_email(self, email: str, purpose: str) -> dict[str, object]:
        """Ask for a code (`purpose`: register, account/password …) and submit it; the m.login.email.identity stage.

        The code goes to the `submit_url` of the answer, as the specification asks (client-server 5.7.2).
        """
        secret = "journey-secret"
        wanted = {"client_secret": secret, "email": email, "send_attempt": 1}
        asked = self.ask("POST", f"{V3}/{purpose}/email/requestToken", wanted)
        proof = {"sid": asked["sid"], "client_secret": secret}
        self.ask("POST", asked["submit_url"], {**proof, "token": self.read_code(email)})
        return {"type": "m.login.email.identity", "threepid_creds": proof}

    def read_code(self, email: str) -> str:
        """The code of the newest e-mail to this address."""
        mails = self.ask("GET", "/_tchap/mailbox.json", to=email)
        found = CODE.search(mails[-1]["text"])
        assert found, mails[-1]["text"]
        return found[0]

    def log_in(self, user: str, password: str = PASSWORD) -> "Client":
        identifier = {"type": "m.id.user", "user": user}
        fields = {"type": "m.login.password", "identifier": identifier, "password": password}
        return self._entered(self.ask("POST", f"{V3}/login", fields))

    # Rooms

    def create_room(self, **options: object) -> str:
        return str(self.ask("POST", f"{V3}/createRoom", options)["room_id"])

    def join(self, room_id: str) -> None:
        self.ask("POST", f"{V3}/rooms/{quote(room_id)}/join", {})

    def send(self, room_id: str, text: str, transaction_id: str) -> str:
        """Send a text message; its event id."""
        path = f"{V3}/rooms/{quote(room_id)}/send/m.room.message/{quote(transaction_id)}"
        return str(self.ask("PUT", path, {"msgtype": "m.text", "body": text})["event_id"])

    def sync(self, since: str = "", timeout_ms: int = 0, filter_json: str = "") -> Any:
        query: dict[str, str | int] = {"timeout": timeout_ms}
        if since:
            query["since"] = since
        if filter_json:
            query["filter"] = filter_json
        return self.ask("GET", f"{V3}/sync", **query)

    def history(self, room_id: str, start: str = "") -> "list[dict[str, Any]]":
        """The whole timeline of a room the reader may see, oldest first, or what is older than a token."""
        events: list[dict[str, Any]] = []
        while True:
            query = {"from": start} if start else {}
            page = self.ask("GET", f"{V3}/rooms/{quote(room_id)}/messages", dir="b", limit=100, **query)
            events += page["chunk"]
            start = page.get("end", "")
            if not start:
                return events[::-1]

    def _with_stage(self, fields: dict[str, object], stage: dict[str, object]) -> Any:
        """Register in the two steps of interactive authentication (spec client-server 5.5.1)."""
        first = self.call("POST", f"{V3}/register", fields)
        assert first.status == 401, first
        auth = {**stage, "session": first.body["session"]}
        second = self.call("POST", f"{V3}/register", {**fields, "auth": auth})
        if second.status == 401 and "m.login.terms" in second.body["flows"][0]["stages"]:
            auth = {"type": "m.login.terms", "session": first.body["session"]}
            second = self.call("POST", f"{V3}/register", {**fields, "auth": auth})
        assert second.status == 200, second
        return second.body

    def _entered(self, body: Any) -> "Client":
        client = Client(self.url, body["access_token"], body["user_id"])
        client.device_id = body["device_id"]
        return client
