"""The configurations compared: the same duties on both sides, and nothing that only one of them would pay for."""

from pathlib import Path

SERVER_NAME = "bench.example.fr"


CROWD_TOKEN = "a-token-of-the-bench-alone"
CROWD_PREFIX = "crowd_"
CROWD = f"""\
id: crowd
url: null
as_token: {CROWD_TOKEN}
hs_token: another-token-of-the-bench
sender_localpart: {CROWD_PREFIX}bot
rate_limited: false
namespaces: {{users: [{{exclusive: true, regex: "@{CROWD_PREFIX}.*"}}], rooms: [], aliases: []}}
"""
"""The application service that fills a very large room: its people need no password to be hashed."""


def ours(crowd: Path | None = None) -> str:
    """The test profile: open registration by m.login.dummy, no rate limit. Durability: SQLite WAL, synchronous=FULL.

    Password hashing stays as in production: it costs memory, and the peak must not be flattered. `crowd` is the file
    of the application service that fills large rooms; only the scenario that has one names it, on both sides.
    """
    filled = f'\n[test]\nappservice_files = ["{crowd}"]\n' if crowd else ""
    return f"""\
profile = "test"
log_level = "warning"

[[instances]]
name = "{SERVER_NAME}"

[rate_limits]
enabled = false
{filled}"""


def synapse(folder: Path, port: int, crowd: Path | None = None) -> str:
    """Open registration, no rate limit, no federation, no presence, no previews, quiet log.

    Durability: Synapse opens its database in WAL mode and leaves `synchronous` at SQLite's default, which is FULL
    (checked by tests/bench): an acknowledged write has been flushed, as on our side. Password hashing is set cheap
    because registration only prepares the scenarios; caches are at their defaults.
    """
    unlimited = "{per_second: 1000000, burst_count: 1000000}"
    filled = f"app_service_config_files: [{crowd}]\n" if crowd else ""
    return f"""\
server_name: {SERVER_NAME}
pid_file: {folder}/homeserver.pid
report_stats: false
listeners:
  - {{port: {port}, type: http, bind_addresses: ["127.0.0.1"], resources: [{{names: [client]}}]}}
database:
  name: sqlite3
  args: {{database: {folder}/homeserver.db}}
log_config: {folder}/log.yaml
media_store_path: {folder}/media
signing_key_path: {folder}/signing.key
trusted_key_servers: []
federation_domain_whitelist: []
presence: {{enabled: false}}
url_preview_enabled: false
bcrypt_rounds: 4
enable_registration: true
enable_registration_without_verification: true
rc_message: {unlimited}
rc_registration: {unlimited}
rc_login: {{address: {unlimited}, account: {unlimited}, failed_attempts: {unlimited}}}
rc_joins: {{local: {unlimited}, remote: {unlimited}}}
rc_joins_per_room: {unlimited}
rc_invites: {{per_room: {unlimited}, per_user: {unlimited}, per_issuer: {unlimited}}}
rc_room_creation: {unlimited}
{filled}"""


SYNAPSE_LOG = """\
version: 1
handlers: {console: {class: logging.StreamHandler}}
root: {level: WARNING, handlers: [console]}
disable_existing_loggers: false
"""
