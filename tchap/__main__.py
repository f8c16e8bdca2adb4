"""The command line: ``tchap serve`` and nothing to learn."""

import argparse
import sys
from pathlib import Path

import msgspec
import uvloop

from tchap.app import serve
from tchap.base.config import ConfigError, Settings, load_settings
from tchap.base.log import configure_logging


def main(arguments: list[str] | None = None) -> int:
    """Parses the command line and runs the command; answers the process's exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings = _settings_of(options)
    except (ConfigError, OSError) as error:
        return _refuse(error)
    configure_logging(settings.log_level)
    try:
        uvloop.run(serve(settings))
    except ConfigError as error:
        return _refuse(error)
    return 0


def _refuse(error: Exception) -> int:
    print(f"tchap: configuration: {error}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tchap", description="Secure instant messaging of public agents.")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="start the server")
    serving.add_argument(
        "--config", type=Path, help="a TOML file (docs/configuration.md); without it, the embedded defaults"
    )
    serving.add_argument("--data", type=Path, help="the data directory, in place of the file's data_dir")
    serving.add_argument("--port", type=int, help="the port, in place of the file's http.port")
    serving.add_argument("--web", type=Path, help="the built web client, in place of the file's web.folder")
    return parser


def _settings_of(options: argparse.Namespace) -> Settings:
    settings = load_settings(options.config)
    if options.data:
        settings = msgspec.structs.replace(settings, data_dir=str(options.data))
    if options.web:
        settings = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, folder=str(options.web)))
    if options.port is not None:
        http = msgspec.structs.replace(settings.http, port=options.port)
        settings = msgspec.structs.replace(settings, http=http)
    return settings


if __name__ == "__main__":
    sys.exit(main())
