"""A bot that repeats what it is asked to, and counts."""

from maubot import MessageEvent, Plugin
from maubot.handlers import command


class Echo(Plugin):
    said = 0

    @command.new("dis", help="Répète")
    @command.argument("texte", pass_raw=True)
    async def repeat(self, event: MessageEvent, texte: str) -> None:
        self.said += 1
        await event.reply(f"{self.said} : {texte}")
