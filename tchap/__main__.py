"""The command line: ``tchap serve`` and nothing to learn; the other commands work on the database itself."""

import argparse
import sys
from pathlib import Path

import msgspec
import uvloop

from tchap.app import serve
from tchap.base.clock import Clock
from tchap.base.config import ConfigError, Settings
from tchap.base.config_file import load_settings
from tchap.base.errors import MatrixError
from tchap.base.log import configure_logging
from tchap.commands import administrations, directory, domains
from tchap.services.admins import name_admin_from_console
from tchap.storage.accounts import find_admins
from tchap.storage.database import StoreBusy, StoreUnusable, open_store


def main(arguments: list[str] | None = None) -> int:
    """Parses the command line and runs the command; answers the process's exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings = _settings_of(options)
    except (ConfigError, OSError) as error:
        return _refuse(error)
    configure_logging(settings.log_level)
    try:
        return uvloop.run(_COMMANDS[options.command](settings, options))
    except ConfigError as error:
        return _refuse(error)
    except (MatrixError, StoreBusy, StoreUnusable, OSError) as error:
        return _fail(error)


async def _serve(settings: Settings, _options: argparse.Namespace) -> int:
    await serve(settings)
    return 0


async def _administer(settings: Settings, options: argparse.Namespace) -> int:
    """Works on the database itself: with SQLite the server must be stopped."""
    clock = Clock()
    store = await open_store(settings.resolved_store_url, clock)
    try:
        if options.act != "list":
            await name_admin_from_console(store, options.account, options.act == "grant", clock.now_ms())
        for user_id in await store.read(find_admins):
            print(user_id)
    finally:
        await store.close()
    return 0


_COMMANDS = {
    "serve": _serve,
    "admin": _administer,
    "administrations": administrations.administer,
    "directory": directory.keep,
    "domains": domains.import_list,
}


def _refuse(error: Exception) -> int:
    print(f"tchap: configuration: {_words_of(error)}", file=sys.stderr)
    return 2


def _fail(error: Exception) -> int:
    print(f"tchap: {_words_of(error)}", file=sys.stderr)
    return 1


def _words_of(error: Exception) -> str:
    if isinstance(error, MatrixError):
        return error.en
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tchap", description="Secure instant messaging of public agents.")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="start the server")
    _add_place(serving)
    serving.add_argument("--port", type=int, help="the port, in place of the file's http.port")
    serving.add_argument("--web", type=Path, help="the built web client, in place of the file's web.folder")
    admin = commands.add_parser("admin", help="say who administers the server").add_subparsers(
        dest="act", required=True
    )
    for act, words in (
        ("grant", "make somebody an administrator"),
        ("revoke", "somebody is administrator no more"),
        ("list", "say who is"),
    ):
        acting = admin.add_parser(act, help=words)
        _add_place(acting)
        if act != "list":
            acting.add_argument("account", help="the e-mail address of an account, or @name:instance")
    administrations.add_parser(
        commands.add_parser("administrations", help="keep administrations, their domains and delegates"), _add_place
    )
    directory.add_parser(commands.add_parser("directory", help="keep the directory of people"), _add_place)
    domains.add_parser(commands.add_parser("domains", help="read the list of the public sector's domains"), _add_place)
    return parser


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, help="a TOML file (docs/configuration.md); without it, the embedded defaults"
    )
    parser.add_argument("--data", type=Path, help="the data directory, in place of the file's data_dir")


def _settings_of(options: argparse.Namespace) -> Settings:
    settings = load_settings(options.config)
    if options.data:
        settings = msgspec.structs.replace(settings, data_dir=str(options.data))
    if options.command != "serve":
        return settings
    if options.web:
        settings = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, folder=str(options.web)))
    if options.port is not None:
        http = msgspec.structs.replace(settings.http, port=options.port)
        settings = msgspec.structs.replace(settings, http=http)
    return settings


if __name__ == "__main__":
    sys.exit(main())
