"""What a client asked that the server did not know how to answer."""

from types import SimpleNamespace

import aiohttp

UNKNOWN = (404, 405, 501)


class Unanswered:
    """Collects, from aiohttp, the requests refused as unknown (client-server API, "Common error codes")."""

    def __init__(self) -> None:
        self.calls: set[str] = set()

    def trace(self) -> aiohttp.TraceConfig:
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._look)
        config.freeze()
        return config

    async def _look(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        if params.response.status in UNKNOWN and b"M_NOT_FOUND" not in await params.response.read():
            self.calls.add(f"{params.method} {params.url.path} {params.response.status}")
