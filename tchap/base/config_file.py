"""Reading the configuration: one TOML file, a few secrets of the environment, and what must hold between them."""

import ipaddress
import os
import tomllib
from pathlib import Path

import msgspec

from tchap.base import limits
from tchap.base.config import (
    DEFAULT_ADMINISTRATIONS,
    Administration,
    Antivirus,
    ConfigError,
    Externals,
    Rtc,
    Settings,
    Validity,
)

MAX_PORT = 65_535


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
    return administration in DEFAULT_ADMINISTRATIONS
