"""The World: everything a use case may touch, given to it; built once by ``app.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tchap.base.clock import Clock
    from tchap.base.config import Settings
    from tchap.base.entropy import Entropy
    from tchap.base.metrics import Metrics
    from tchap.base.outbound import Outbound
    from tchap.gateways.dns import DnsGateway
    from tchap.gateways.domain_lists import DomainLists
    from tchap.gateways.images import ImageMaker
    from tchap.gateways.mail import Mailer
    from tchap.gateways.media_store import MediaStore
    from tchap.gateways.oidc import OidcGateway
    from tchap.gateways.passwords import PasswordHasher
    from tchap.gateways.scanner import Clamd
    from tchap.gateways.scanner_key import ScannerKey
    from tchap.live import Live
    from tchap.protocol.appservices import AppServices
    from tchap.protocol.signing import SigningKey
    from tchap.services.push_keys import PushKeys
    from tchap.storage.database import Store


@dataclass(slots=True)
class World:
    """``keys`` holds each instance's current signing key by server name; ``outbound`` reaches what others name;
    ``proconnect`` is the agents' identity provider and ``scanner`` the antivirus, where there is one."""

    settings: Settings
    clock: Clock
    entropy: Entropy
    store: Store
    live: Live
    mailer: Mailer
    media: MediaStore
    images: ImageMaker
    passwords: PasswordHasher
    keys: dict[str, SigningKey]
    metrics: Metrics
    outbound: Outbound
    appservices: AppServices
    push_keys: PushKeys
    dns: DnsGateway
    domain_lists: DomainLists
    scanner_key: ScannerKey
    proconnect: OidcGateway | None = None
    scanner: Clamd | None = None
