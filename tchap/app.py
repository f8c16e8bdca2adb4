"""The composition root: builds the World, starts and stops everything, in one place and in order."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvicorn

from tchap.api.asgi import Application
from tchap.api.connection import BoundedProtocol
from tchap.api.routes import ROUTES
from tchap.api.routing import Router
from tchap.api.static import StaticFiles
from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.config import ConfigError, Http, Settings
from tchap.base.entropy import Entropy
from tchap.base.metrics import Metrics
from tchap.base.outbound import Outbound, tls_context
from tchap.gateways.appservice_files import read_appservices
from tchap.gateways.dns import DnsGateway
from tchap.gateways.domain_lists import DomainLists
from tchap.gateways.images import ImageMaker
from tchap.gateways.mail import open_mailer
from tchap.gateways.media_store import DiskMediaStore
from tchap.gateways.oidc import OidcGateway
from tchap.gateways.passwords import PasswordHasher
from tchap.gateways.scanner import Clamd
from tchap.live import Live
from tchap.live.appservices import AppServiceNews
from tchap.live.audience import Audience
from tchap.live.delayed_events import DelayedAlarm
from tchap.live.directory_quota import DirectoryQuota
from tchap.live.interactive_auth import InteractiveSessions
from tchap.live.last_seen import LastSeen
from tchap.live.notifier import Notifier
from tchap.live.push import PushAlarm
from tchap.live.rate_limits import RateLimits
from tchap.live.rooms import RoomCache
from tchap.live.shared import Shared
from tchap.live.sliding import Connections
from tchap.live.tokens import TokenCache
from tchap.live.transactions import TransactionCache
from tchap.live.turns import Turns
from tchap.live.typing import Typing
from tchap.live.uploads import Uploads
from tchap.policy.retention import KINDS
from tchap.protocol.appservices import AppServices
from tchap.services.administration_walks import walk_administrations
from tchap.services.administrations import plant_administrations
from tchap.services.appservice_calls import push_to_appservices
from tchap.services.appservices import open_accounts
from tchap.services.bug_reports import forget_bug_reports
from tchap.services.delayed_events import send_delayed
from tchap.services.directory_listing import keep_listed
from tchap.services.domain_proofs import watch_domains
from tchap.services.duties import keep_doing
from tchap.services.guest_terms import follow_guests
from tchap.services.identity_lookup import keep_peppers
from tchap.services.instance_keys import load_keys
from tchap.services.mail_delivery import deliver_mail
from tchap.services.media_deletions import delete_media
from tchap.services.oauth_clients import keep_tidy
from tchap.services.push_decisions import decide_pushes
from tchap.services.push_delivery import deliver_pushes, keep_ledger
from tchap.services.push_keys import load_push_keys
from tchap.services.renewals import rules_in_force
from tchap.services.retention import keep_retention
from tchap.services.scanner_keys import load_scanner_key
from tchap.services.scanning import describe
from tchap.services.search_index import index_rooms
from tchap.services.server_notices import tell_notices
from tchap.services.url_previews import forget_previews
from tchap.services.validity import keep_terms
from tchap.services.world import World
from tchap.storage.database import open_store

_ROUTER = Router(ROUTES)


@contextlib.asynccontextmanager
async def open_world(
    settings: Settings, clock: Clock | None = None, entropy: Entropy | None = None
) -> AsyncIterator[World]:
    """A World on its store; closed at the end in the reverse order."""
    clock, entropy = clock or Clock(), entropy or Entropy()
    appservices = _read_appservices(settings)
    rules_in_force(settings)
    outbound = _open_outbound(settings)
    proconnect = OidcGateway(settings.proconnect, clock) if settings.proconnect.issuer else None
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    store = await open_store(settings.resolved_store_url, clock)
    passwords = PasswordHasher(settings.password)
    images = ImageMaker(settings.media.max_thumbnail_pixels)
    live = build_live(settings, clock)
    try:
        await open_accounts(store, appservices, clock)
        await plant_administrations(store, settings, clock)
        yield World(
            settings=settings,
            clock=clock,
            entropy=entropy,
            store=store,
            live=live,
            mailer=open_mailer(settings.mail),
            media=DiskMediaStore(Path(settings.data_dir) / "media"),
            images=images,
            passwords=passwords,
            keys=await load_keys(store, settings, clock),
            metrics=Metrics(),
            outbound=outbound,
            appservices=appservices,
            proconnect=proconnect,
            push_keys=await load_push_keys(store, settings, clock),
            dns=DnsGateway(settings.onboarding),
            domain_lists=DomainLists(),
            scanner=Clamd(settings.antivirus, clock) if settings.antivirus.clamd else None,
            scanner_key=await load_scanner_key(store, clock),
        )
    finally:
        live.previews.close()
        live.scans.close()
        if proconnect is not None:
            await proconnect.close()
        await outbound.close()
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
        sliding=Connections(clock.now_ms()),
        appservices=AppServiceNews(),
        previews=Shared(),
        delayed=DelayedAlarm(),
        push=PushAlarm(),
        directory=DirectoryQuota(),
        scans=Shared(),
        openings=Turns(limits.OPENINGS_AT_ONCE, limits.MAX_WAITING_OPENINGS, limits.OPENINGS_RETRY_MS),
    )


def _read_appservices(settings: Settings) -> AppServices:
    files = settings.test.appservice_files if settings.test is not None else ()
    return read_appservices(files, tuple(instance.name for instance in settings.instances))


def _open_outbound(settings: Settings) -> Outbound:
    test = settings.test
    if test is None:
        return Outbound(settings.outbound_networks)
    try:
        tls = tls_context(test.trusted_certificates, test.verify_outbound_tls)
    except OSError as error:
        raise ConfigError(f"test.trusted_certificates: {error}") from error
    return Outbound(settings.outbound_networks, tls)


def build_application(world: World) -> Application:
    folder = Path(world.settings.web.folder) if world.settings.web.folder else None
    return Application(world, _ROUTER, StaticFiles(folder, _client_config(world.settings)))


def _client_config(settings: Settings) -> dict[str, object]:
    """What the web client reads before anything else (``/config.json``)."""
    return {
        "instances": [{"name": instance.name, "title": instance.title} for instance in settings.instances],
        "request_form_url": settings.request_form,
        "mailbox": settings.mail.mode == "mailbox",
        "theme": settings.web.theme or None,
        "retention_default_days": {kind: settings.retention.term(kind)[0] for kind in KINDS},
        "retention_max_days": {kind: settings.retention.term(kind)[1] for kind in KINDS},
        "classifications": settings.rooms.classifications,
        "guest_days": {"usual": settings.externals.usual_days, "longest": settings.externals.longest_days},
    }


class _Server(uvicorn.Server):
    """Signals are handled once for every port below, so that both stop together."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


@dataclass(frozen=True, slots=True)
class _Door:
    """One port, bound but not listening yet."""

    listener: socket.socket
    is_tls: bool

    @property
    def url(self) -> str:
        host, port = self.listener.getsockname()[:2]
        # An address that stands for all of them cannot be typed.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.is_tls else 'http'}://{shown}:{port}"


async def serve(settings: Settings) -> None:
    """Runs until SIGINT or SIGTERM; prints one line when ready. Raises ConfigError where it cannot begin."""
    doors = _open_doors(settings.http)
    try:
        settings = _with_real_address(settings, doors)
        async with open_world(settings) as world:
            await _run(world, doors)
    finally:
        for door in doors:
            door.listener.close()


async def _run(world: World, doors: list[_Door]) -> None:
    application = build_application(world)
    servers = [_Server(_server_config(world.settings.http, door, application)) for door in doors]
    _stop_on_signals(world, servers)
    async with asyncio.TaskGroup() as group:
        running = [
            group.create_task(server.serve(sockets=[door.listener]))
            for server, door in zip(servers, doors, strict=True)
        ]
        duties = [
            group.create_task(keep_doing(world, "mail", deliver_mail)),
            group.create_task(keep_doing(world, "application services", push_to_appservices)),
            group.create_task(keep_doing(world, "server notices", tell_notices)),
            group.create_task(keep_doing(world, "administrations", walk_administrations)),
            group.create_task(keep_doing(world, "previews", forget_previews)),
            group.create_task(keep_doing(world, "applications", keep_tidy)),
            group.create_task(keep_doing(world, "search", index_rooms)),
            group.create_task(keep_doing(world, "directory", keep_listed)),
            group.create_task(keep_doing(world, "peppers", keep_peppers)),
            group.create_task(keep_doing(world, "bug reports", forget_bug_reports)),
            group.create_task(keep_doing(world, "guests", follow_guests)),
            group.create_task(keep_doing(world, "delayed events", send_delayed)),
            group.create_task(keep_doing(world, "push decisions", decide_pushes)),
            group.create_task(keep_doing(world, "push delivery", deliver_pushes)),
            group.create_task(keep_doing(world, "push ledger", keep_ledger)),
            group.create_task(keep_doing(world, "domains to prove", watch_domains)),
            group.create_task(keep_doing(world, "terms of accounts", keep_terms)),
            group.create_task(keep_doing(world, "retention", keep_retention)),
            group.create_task(keep_doing(world, "media deletions", delete_media)),
        ]
        await _until_started(servers)
        listening = ", ".join(door.url for door in doors)
        print(f"Tchap is ready on {world.settings.public_url} (listening on {listening})", flush=True)
        print(await describe(world), flush=True)
        await asyncio.wait(running)
        for duty in duties:
            duty.cancel()


def _open_doors(http: Http) -> list[_Door]:
    """The plain port, the TLS port or both."""
    doors: list[_Door] = []
    if http.port or not http.tls_port:
        doors.append(_Door(_bind(http.host, http.port), False))
    if http.tls_port:
        doors.append(_Door(_bind(http.host, http.tls_port), True))
    return doors


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"http: cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


def _with_real_address(settings: Settings, doors: list[_Door]) -> Settings:
    """Without an address of its own the server is where it listens."""
    if settings.public_url != Settings().public_url:
        return settings
    return msgspec.structs.replace(settings, public_url=doors[0].url)


def _server_config(http: Http, door: _Door, application: Application) -> uvicorn.Config:
    config = uvicorn.Config(
        application,
        ssl_certfile=http.tls_certificate if door.is_tls else None,
        ssl_keyfile=http.tls_key if door.is_tls else None,
        loop="uvloop",
        http=BoundedProtocol,
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
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"http: the TLS certificate or its key cannot be used: {error}") from error
    return config


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
