"""The settings, each with a default that makes the embedded run work; `config_file` reads and checks them.

``docs/configuration.md`` documents each setting; a test holds the two together.
"""

from pathlib import Path
from typing import Literal

import msgspec

from tchap.base.identity import EXTERNAL_PREFIXES
from tchap.base.onboarding_config import Onboarding


class ConfigError(Exception):
    """The configuration cannot be used; the message says which line and why."""


class Instance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    delegated_host: str = ""
    title: str = ""

    @property
    def is_external(self) -> bool:
        """Whether it is the server of guests."""
        return self.name.startswith(EXTERNAL_PREFIXES)


class Administration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    instance: str
    domains: tuple[str, ...]
    label: str = ""


class Http(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: int = 8008
    tls_port: int = 0
    tls_certificate: str = ""
    tls_key: str = ""
    trusted_proxies: tuple[str, ...] = ()


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    enabled: bool = True
    code_lifetime_s: int = 3600
    terms_version: str = "1"
    terms_url_fr: str = ""
    terms_url_en: str = ""
    request_form_url: str = ""


class Mail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mode: Literal["mailbox", "smtp"] = "mailbox"
    sender: str = "Tchap <ne-pas-repondre@tchap.example.fr>"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"


class Media(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    max_upload_bytes: int = 100 * 1024 * 1024
    max_thumbnail_pixels: int = 50_000_000
    undeclared_lifetime_days: int = 0


class Password(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    minimum_length: int = 12
    require_digit: bool = True
    require_symbol: bool = True
    require_lowercase: bool = True
    require_uppercase: bool = True
    hash_time_cost: int = 2
    hash_memory_kib: int = 19_456
    hash_parallelism: int = 1


class Tokens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    access_lifetime_s: int = 300


class Rooms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    default_version: str = "11"
    classifications: tuple[str, ...] = ()


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In days, 0 for none: what each kind of room has by itself, and the longest it may ask for."""

    interval_s: int = 3600
    public_default_days: int = 90
    public_max_days: int = 90
    clear_default_days: int = 0
    clear_max_days: int = 0
    encrypted_default_days: int = 0
    encrypted_max_days: int = 0
    direct_default_days: int = 0
    direct_max_days: int = 0
    external_default_days: int = 0
    external_max_days: int = 0

    def term(self, kind: str) -> tuple[int, int]:
        """(default, maximum) of a kind of room, in days."""
        return getattr(self, f"{kind}_default_days"), getattr(self, f"{kind}_max_days")


class RateLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    enabled: bool = True


class Turn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    uris: tuple[str, ...] = ()
    shared_secret: str = ""
    lifetime_s: int = 86_400


class Support(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: str = ""
    report_days: int = 90


class Externals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    usual_days: int = 180
    longest_days: int = 395
    warn_days: int = 14
    close_after_days: int = 120


class Identity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    internal_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")


class Moderation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: str = ""


class Rtc(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    livekit_url: str = ""
    api_key: str = ""
    api_secret: str = ""

    @property
    def is_ready(self) -> bool:
        return bool(self.livekit_url and self.api_key and self.api_secret)


class Web(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    folder: str = ""
    theme: str = ""


class Notices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sender: str = "avis"
    display_name: str = "Avis du service"
    room_name: str = "Avis du service"


class Previews(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    enabled: bool = False
    ports: tuple[int, ...] = (80, 443)
    allowed_domains: tuple[str, ...] = ()
    denied_domains: tuple[str, ...] = ()
    fresh_s: int = 3600


class Push(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    include_content: bool = True
    email_delay_s: int = 600
    email_room_interval_s: int = 12 * 3600


class Antivirus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """ClamAV's daemon, at a socket's path or at `host:port`; without an address nothing is scanned."""

    clamd: str = ""
    encrypted: Literal["on_request", "required"] = "on_request"
    when_down: Literal["wait", "let_through"] = "wait"
    allowed_types: tuple[str, ...] = ()
    denied_types: tuple[str, ...] = ()
    max_bytes: int = 100 * 1024 * 1024
    timeout_s: int = 120


class Validity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    enabled: bool = True
    period_days: int = 395
    mail_days_before: tuple[int, ...] = (60, 30, 15)
    close_after_days: int = 120
    last_mail_days_before: int = 15
    exempt: tuple[str, ...] = ()


class Outbound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    allowed_networks: tuple[str, ...] = ()


Signature = Literal["RS256", "ES256", "HS256"]


class ProConnect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The OpenID Connect provider of agents; without an issuer there is none."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid", "given_name", "usual_name", "email", "uid", "siret")
    id_token_alg: Signature = "RS256"
    userinfo_alg: Literal["RS256", "ES256", "HS256", "none"] = "RS256"
    requires_verified_email: bool = False
    mfa_administrations: tuple[str, ...] = ()


class TestProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only public black-box suites need; refused unless ``profile = "test"``."""

    shared_secret: str = ""
    appservice_files: tuple[str, ...] = ()
    trusted_certificates: tuple[str, ...] = ()
    verify_outbound_tls: bool = True
    allow_private_outbound: bool = True


_DEFAULT_INSTANCES = (
    Instance(name="agent.prefectures.tchap.example.fr", title="Préfectures"),
    Instance(name="agent.hopitaux.tchap.example.fr", title="Hôpitaux"),
    Instance(name="agent.externe.tchap.example.fr", title="Externes"),
)
DEFAULT_ADMINISTRATIONS = (
    Administration(
        name="Préfecture du Val-Clair",
        label="Préfecture du Val-Clair",
        instance="agent.prefectures.tchap.example.fr",
        domains=("prefecture.example.fr",),
    ),
    Administration(
        name="Hôpital des Tilleuls",
        label="Hôpital des Tilleuls",
        instance="agent.hopitaux.tchap.example.fr",
        domains=("hopital.example.fr",),
    ),
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    profile: Literal["normal", "test"] = "normal"
    data_dir: str = "data"
    store_url: str = ""
    public_url: str = "http://127.0.0.1:8008"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    instances: tuple[Instance, ...] = _DEFAULT_INSTANCES
    administrations: tuple[Administration, ...] = DEFAULT_ADMINISTRATIONS
    http: Http = Http()
    registration: Registration = Registration()
    mail: Mail = Mail()
    media: Media = Media()
    password: Password = Password()
    tokens: Tokens = Tokens()
    rooms: Rooms = Rooms()
    retention: Retention = Retention()
    rate_limits: RateLimits = RateLimits()
    turn: Turn = Turn()
    rtc: Rtc = Rtc()
    externals: Externals = Externals()
    identity: Identity = Identity()
    support: Support = Support()
    moderation: Moderation = Moderation()
    web: Web = Web()
    outbound: Outbound = Outbound()
    notices: Notices = Notices()
    previews: Previews = Previews()
    proconnect: ProConnect = ProConnect()
    push: Push = Push()
    onboarding: Onboarding = Onboarding()
    antivirus: Antivirus = Antivirus()
    validity: Validity = Validity()
    test: TestProfile | None = None

    @property
    def test_profile(self) -> bool:
        """True where the server behaves as a plain Matrix server and the rules of Tchap are off."""
        return self.profile == "test"

    @property
    def outbound_networks(self) -> tuple[str, ...]:
        """The networks that requests to addresses chosen by others may reach although they are private."""
        everywhere = self.test is not None and self.test.allow_private_outbound
        return ("0.0.0.0/0", "::/0") if everywhere else self.outbound.allowed_networks

    @property
    def instance_names(self) -> frozenset[str]:
        return frozenset(instance.name for instance in self.instances)

    @property
    def takes_administrations(self) -> bool:
        """Whether administrations join by themselves."""
        return self.onboarding.enabled and not self.test_profile

    @property
    def request_form(self) -> str:
        """Where an administration not yet open is sent: the operator's own form, else our page; empty: nowhere."""
        ours = f"{self.public_url}/ouvrir" if self.takes_administrations else ""
        return self.registration.request_form_url or ours

    def find_instance(self, name: str) -> Instance | None:
        return next((instance for instance in self.instances if instance.name == name), None)

    @property
    def resolved_store_url(self) -> str:
        return self.store_url or f"sqlite:///{Path(self.data_dir).absolute() / 'tchap.db'}"
