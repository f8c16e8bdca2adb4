"""Two agents who talk, send files and wait, for the tests of what is deleted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tchap.services.media_deletions import delete_some
from tchap.services.retention import retain_round
from tchap.storage import accounts
from tests.api.test_media import get, picture, upload
from tests.support.accounts import V3, Person
from tests.support.house import House, Reply
from tests.support.paths import quote

DAY_S = 24 * 3600
CONFIG = (
    "[retention]\nclear_default_days = 30\nclear_max_days = 365\nexternal_max_days = 10\nexternal_default_days = 5\n"
)
CLEAR = {"preset": "private_chat", "initial_state": [
    {"type": "im.vector.room.access_rules", "state_key": "", "content": {"force_unencrypted_at_creation": True}}
]}  # fmt: skip
SECRET = {"preset": "private_chat"}
FORUM = {"preset": "public_chat", "visibility": "public", "name": "Forum de l'eau"}
WORDS = ("zythumique", "brimborion", "calembredaine", "sornettique")


@dataclass(slots=True)
class Talk:
    """Two agents in a house, and what they do there."""

    house: House
    ada: Person
    bob: Person
    count: int = 0

    async def room(self, options: dict[str, Any]) -> str:
        made = await self.house.ask(
            "POST", f"{V3}/createRoom", {**options, "invite": [self.bob.user_id]}, self.ada.token
        )
        await self.house.ask("POST", f"{V3}/rooms/{quote(made['room_id'])}/join", {}, self.bob.token)
        return str(made["room_id"])

    async def put(
        self, room_id: str, kind: str, content: object, media: tuple[str, ...] = (), who: Person | None = None
    ) -> Reply:
        self.count += 1
        query = "&".join(f"fr.tchap.attach_media={quote(each)}" for each in media)
        path = f"{V3}/rooms/{quote(room_id)}/send/{kind}/t{self.count}?{query}"
        return await self.house.call("PUT", path, content, (who or self.ada).token)

    async def say(self, room_id: str, content: str | dict[str, Any], kind: str = "m.room.message", **more: Any) -> str:
        body = {"msgtype": "m.text", "body": content} if isinstance(content, str) else content
        reply = await self.put(room_id, kind, body, **more)
        assert reply.status == 200, reply
        return str(reply.body["event_id"])

    async def seal(self, room_id: str, *media: str, who: Person | None = None) -> str:
        """An encrypted message declared with files."""
        return await self.say(room_id, {"ciphertext": "…"}, "m.room.encrypted", media=media, who=who)

    async def state(self, room_id: str, kind: str, content: object, who: Person | None = None) -> Reply:
        return await self.house.call(
            "PUT", f"{V3}/rooms/{quote(room_id)}/state/{kind}/", content, (who or self.ada).token
        )

    async def redact(self, room_id: str, event_id: str) -> None:
        self.count += 1
        path = f"{V3}/rooms/{quote(room_id)}/redact/{quote(event_id)}/t{self.count}"
        await self.house.ask("PUT", path, {}, self.ada.token)

    async def file(self, who: Person | None = None) -> str:
        return "mxc://" + await upload(self.house, who or self.ada, picture(40, 40), "image/jpeg")

    async def page(self, room_id: str) -> list[dict[str, Any]]:
        path = f"{V3}/rooms/{quote(room_id)}/messages?dir=b&limit=100"
        answer: list[dict[str, Any]] = (await self.house.ask("GET", path, None, self.ada.token))["chunk"]
        return [event for event in answer if "state_key" not in event]

    async def wait(self, days: float) -> int:
        """Days go by and the duties do their round; how many messages went."""
        self.house.clock.move(days * DAY_S)
        removed = await retain_round(self.house.world)
        while await delete_some(self.house.world):
            pass
        return removed

    async def is_there(self, address: str) -> bool:
        answer = await get(self.house, self.ada, f"/_matrix/client/v1/media/download/{address.removeprefix('mxc://')}")
        assert answer.status_code in (200, 404)
        return answer.status_code == 200

    def blobs(self) -> int:
        folder = Path(self.house.world.settings.data_dir) / "media"
        return sum(path.is_file() for path in folder.rglob("*")) if folder.exists() else 0

    async def log(self) -> list[dict[str, Any]]:
        await self.house.world.store.write(accounts.set_admin, self.ada.user_id, True)
        answer: list[dict[str, Any]] = (
            await self.house.ask("GET", "/_tchap/admin/v1/deletions", None, self.ada.token)
        )["deletions"]
        return answer
