"""The composition root: builds the World, starts and stops everything, in one place and in order."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn

from tchap.api.asgi import Application
from tchap.api.routes import ROUTES
from tchap.api.routing import Router
from tchap.api.static import StaticFiles
from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.config import Settings
from tchap.base.entropy import Entropy
from tchap.base.metrics import Metrics
from tchap.gateways.images import ImageMaker
from tchap.gateways.mail import open_mailer
from tchap.gateways.media_store import DiskMediaStore
from tchap.gateways.passwords import PasswordHasher
from tchap.live import Live
from tchap.live.audience import Audience
from tchap.live.interactive_auth import InteractiveSessions
from tchap.live.last_seen import LastSeen
from tchap.live.notifier import Notifier
from tchap.live.rate_limits import RateLimits
from tchap.live.rooms import RoomCache
from tchap.live.tokens import TokenCache
from tchap.live.transactions import TransactionCache
from tchap.live.typing import Typing
from tchap.live.uploads import Uploads
from tchap.services.instance_keys import load_keys
from tchap.services.mail_delivery import deliver_mail
from tchap.services.world import World
from tchap.storage.database import open_store


@contextlib.asynccontextmanager
async def open_world(
    settings: Settings, clock: Clock | None = None, entropy: Entropy | None = None
) -> AsyncIterator[World]:
    """A World on its store; closed at the end in the reverse order."""
    clock, entropy = clock or Clock(), entropy or Entropy()
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    store = await open_store(settings.resolved_store_url, clock)
    passwords = PasswordHasher(settings.password)
    images = ImageMaker(settings.media.max_thumbnail_pixels)
    try:
        yield World(
            settings=settings,
            clock=clock,
            entropy=entropy,
            store=store,
            live=build_live(settings, clock),
            mailer=open_mailer(settings.mail),
            media=DiskMediaStore(Path(settings.data_dir) / "media"),
            images=images,
            passwords=passwords,
            keys=await load_keys(store, settings, clock),
            metrics=Metrics(),
        )
    finally:
        images.close()
        passwords.close()
        await store.close()


def build_live(settings: Settings, clock: Clock) -> Live:
    notifier = Notifier()
    return Live(
        tokens=TokenCache(),
        rate_limits=RateLimits(settings.rate_limits.enabled),
        rooms=RoomCache(),
        transactions=TransactionCache(),
        notifier=notifier,
        typing=Typing(notifier, clock),
        audience=Audience(),
        sessions=InteractiveSessions(),
        uploads=Uploads(),
        last_seen=LastSeen(),
    )


def build_application(world: World) -> Application:
    folder = Path(world.settings.web.folder) if world.settings.web.folder else None
    return Application(world, Router(ROUTES), StaticFiles(folder, _client_config(world.settings)))


def _client_config(settings: Settings) -> dict[str, object]:
    """What the web client reads before anything else (``/config.json``)."""
    return {
        "instances": [{"name": instance.name, "title": instance.title} for instance in settings.instances],
        "request_form_url": settings.registration.request_form_url,
        "mailbox": settings.mail.mode == "mailbox",
        "theme": settings.web.theme or None,
    }


class _Server(uvicorn.Server):
    """Signals are handled once for every port below, so that both stop together."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


async def serve(settings: Settings) -> None:
    """Runs until SIGINT or SIGTERM; prints one line when ready."""
    async with open_world(settings) as world:
        application = build_application(world)
        servers = [_Server(config) for config in _server_configs(settings, application)]
        _stop_on_signals(world, servers)
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(server.serve()) for server in servers]
            mail = group.create_task(deliver_mail(world))
            await _until_started(servers)
            print(f"Tchap is ready on {settings.public_url}", flush=True)
            await asyncio.wait(running)
            mail.cancel()


def _server_configs(settings: Settings, application: Application) -> list[uvicorn.Config]:
    http = settings.http
    ports: list[tuple[int, str | None, str | None]] = [(http.port, None, None)] if http.port else []
    if http.tls_port:
        ports.append((http.tls_port, http.tls_certificate, http.tls_key))
    return [
        uvicorn.Config(
            application,
            host=http.host,
            port=port,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            backlog=4096,
            limit_concurrency=limits.MAX_CONNECTIONS,
            timeout_keep_alive=limits.KEEP_ALIVE_S,
            timeout_graceful_shutdown=limits.STOP_GRACE_S,
        )
        for port, certificate, key in ports
    ]


def _stop_on_signals(world: World, servers: list[_Server]) -> None:
    def stop() -> None:
        world.live.notifier.stop()
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


async def _until_started(servers: list[_Server]) -> None:
    # uvicorn tells of its start by a flag alone.
    while not all(server.started or server.should_exit for server in servers):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
