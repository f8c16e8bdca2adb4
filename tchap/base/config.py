"""The configuration: one TOML file, every setting with a default that makes the embedded run work.

``docs/configuration.md`` documents each setting; a test holds the two together.
"""

import ipaddress
import os
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from tchap.base import limits
from tchap.base.identity import EXTERNAL_PREFIXES
from tchap.base.onboarding_config import Onboarding

MAX_PORT = 65_535


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
_DEFAULT_ADMINISTRATIONS = (
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
    administrations: tuple[Administration, ...] = _DEFAULT_ADMINISTRATIONS
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


def parse_settings(text: str) -> Settings:
    """Settings of a TOML text; raises ConfigError with the reason in plain words."""
    try:
        written = tomllib.loads(text)
        if written.get("profile") == "test":
            written = _with_test_defaults(written)
        settings = msgspec.convert(written, Settings)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(str(error)) from error
    _check_consistent(settings)
    # Paths are written after it.
    return msgspec.structs.replace(settings, public_url=settings.public_url.rstrip("/"))


# What the test profile means by itself, wherever the file says nothing else: suites make hundreds of accounts and
# flood rooms, and none of them is anybody's.
_TEST_DEFAULTS: dict[str, dict[str, object]] = {
    "rate_limits": {"enabled": False},
    "password": {"hash_time_cost": 1, "hash_memory_kib": 64},
    "previews": {"enabled": True, "ports": []},
    "test": {},
}


def _with_test_defaults(written: dict[str, object]) -> dict[str, object]:
    merged = dict(written)
    for table, defaults in _TEST_DEFAULTS.items():
        given = written.get(table, {})
        if isinstance(given, dict):
            merged[table] = {**defaults, **given}
    return merged


def load_settings(path: Path | None) -> Settings:
    """The file's settings, or the embedded defaults; some secrets may come from the environment instead."""
    settings = parse_settings(_read(path)) if path else Settings()
    store_url = os.environ.get("TCHAP_STORE_URL")
    if store_url:
        settings = msgspec.structs.replace(settings, store_url=store_url)
    smtp_password = os.environ.get("TCHAP_SMTP_PASSWORD")
    if smtp_password:
        settings = msgspec.structs.replace(
            settings, mail=msgspec.structs.replace(settings.mail, smtp_password=smtp_password)
        )
    rtc_secret = os.environ.get("TCHAP_RTC_API_SECRET")
    if rtc_secret:
        settings = msgspec.structs.replace(settings, rtc=msgspec.structs.replace(settings.rtc, api_secret=rtc_secret))
    _check_rtc(settings.rtc)
    client_secret = os.environ.get("TCHAP_PROCONNECT_SECRET")
    if client_secret:
        settings = msgspec.structs.replace(
            settings, proconnect=msgspec.structs.replace(settings.proconnect, client_secret=client_secret)
        )
    return settings


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not in UTF-8") from error


def _check_rtc(rtc: Rtc) -> None:
    if rtc.livekit_url and not (rtc.api_key and len(rtc.api_secret) >= limits.MIN_RTC_SECRET):
        raise ConfigError(f"rtc: livekit_url needs api_key and an api_secret of {limits.MIN_RTC_SECRET} characters")


def _check_consistent(settings: Settings) -> None:
    if not settings.public_url.startswith(("https://", "http://")):
        raise ConfigError("public_url: it begins with https:// (or http://)")
    if not all(0 <= port <= MAX_PORT for port in (settings.http.port, settings.http.tls_port)):
        raise ConfigError(f"http: a port is a number from 0 to {MAX_PORT}")
    if not settings.instances:
        raise ConfigError("instances: at least one instance is needed")
    names = [instance.name for instance in settings.instances]
    if len(set(names)) != len(names):
        raise ConfigError("instances: two instances have the same name")
    hosts = [instance.delegated_host for instance in settings.instances if instance.delegated_host]
    if len(set(hosts)) != len(hosts):
        raise ConfigError("instances: two instances delegate to the same host and port")
    if settings.test is not None and not settings.test_profile:
        raise ConfigError('[test] is refused unless profile = "test" is named: it switches the rules of Tchap off')
    if settings.http.tls_port and not (settings.http.tls_certificate and settings.http.tls_key):
        raise ConfigError("http: a TLS port needs tls_certificate and tls_key")
    _check_externals(settings.externals)
    _check_networks(settings.identity.internal_networks)
    _check_administrations(settings)
    _check_proconnect(settings)
    _check_antivirus(settings.antivirus)
    _check_validity(settings.validity)
    agents = {instance.name for instance in settings.instances if not instance.is_external}
    if fault := settings.onboarding.find_fault(agents):
        raise ConfigError(f"onboarding: {fault}")
    _check_retention(settings)


def _check_antivirus(antivirus: Antivirus) -> None:
    host, _, port = antivirus.clamd.rpartition(":")
    is_place = host and port.isascii() and port.isdigit() and int(port) <= MAX_PORT
    if antivirus.clamd and "/" not in antivirus.clamd and not is_place:
        raise ConfigError("antivirus: clamd is the path of a socket, or host:port")
    if antivirus.encrypted == "required" and not antivirus.clamd:
        raise ConfigError('antivirus: encrypted = "required" needs clamd')


def _check_retention(settings: Settings) -> None:
    if settings.retention.interval_s < 1:
        raise ConfigError("retention: interval_s must be at least 1")
    if not 0 <= settings.media.undeclared_lifetime_days <= limits.MAX_RETENTION_DAYS:
        raise ConfigError("media: undeclared_lifetime_days is a number of days, 0 for none")
    for kind in ("public", "clear", "encrypted", "direct", "external"):
        default, longest = settings.retention.term(kind)
        if not (0 <= default <= limits.MAX_RETENTION_DAYS and 0 <= longest <= limits.MAX_RETENTION_DAYS):
            raise ConfigError(f"retention: {kind}: a number of days, 0 for none")
        if longest and not 0 < default <= longest:
            raise ConfigError(f"retention: {kind}: the default must be named and not exceed the maximum")
    labels = settings.rooms.classifications
    if len(labels) > limits.MAX_CLASSIFICATIONS or any(
        not 0 < len(each) <= limits.MAX_CLASSIFICATION for each in labels
    ):
        raise ConfigError(f"rooms: classifications: at most {limits.MAX_CLASSIFICATIONS} short labels")


def _check_proconnect(settings: Settings) -> None:
    proconnect = settings.proconnect
    if not proconnect.issuer:
        return
    if not proconnect.issuer.startswith(("https://", "http://")):
        raise ConfigError("proconnect: the issuer must be an address")
    if not proconnect.client_id or "openid" not in proconnect.scopes:
        raise ConfigError("proconnect: client_id, and the scope openid, are needed")
    known = {administration.name for administration in settings.administrations}
    for name in proconnect.mfa_administrations:
        if name not in known:
            raise ConfigError(f"proconnect: mfa_administrations: no such administration: {name}")


def _check_validity(validity: Validity) -> None:
    before = validity.mail_days_before
    if validity.period_days < 1 or list(before) != sorted({*before}, reverse=True):
        raise ConfigError("validity: period_days is at least 1, mail_days_before goes from the longest to the shortest")
    if before and not 0 < min(before) <= max(before) < validity.period_days:
        raise ConfigError("validity: mail_days_before lie within period_days")
    if validity.close_after_days and not 0 < validity.last_mail_days_before < validity.close_after_days:
        raise ConfigError("validity: last_mail_days_before lies within close_after_days; 0 closes nothing")


def _check_externals(externals: Externals) -> None:
    if not 0 < externals.warn_days < externals.usual_days <= externals.longest_days or externals.close_after_days < 0:
        raise ConfigError("externals: warn_days is below usual_days, which is at most longest_days; none is below 0")


def _check_networks(networks: tuple[str, ...]) -> None:
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise ConfigError(f"identity: internal_networks: {error}") from error


def _check_administrations(settings: Settings) -> None:
    seen: set[str] = set()
    for administration in settings.administrations:
        if administration.instance not in settings.instance_names and not _is_default(administration):
            raise ConfigError(f"administrations: {administration.name}: no such instance: {administration.instance}")
        for domain in administration.domains:
            if domain.lower() in seen:
                raise ConfigError(f"administrations: the domain {domain} belongs to two administrations")
            seen.add(domain.lower())


def _is_default(administration: Administration) -> bool:
    """A file that names its own instances and no administrations leaves the embedded ones unused."""
    return administration in _DEFAULT_ADMINISTRATIONS
