"""Which servers a room keeps out (client-server API, "Server Access Control Lists (ACLs) for rooms")."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from tchap.protocol.globs import compile_whole
from tchap.protocol.identifiers import parse_server_name

SERVER_ACL = "m.room.server_acl"


def is_denied(acl: Mapping[str, Any] | None, server: str) -> bool:
    """Whether the content of `m.room.server_acl`, None when there is none, keeps the server out. Ports do not count."""
    if acl is None:
        return False
    try:
        host = parse_server_name(server).host
    except ValueError:
        return True
    if acl.get("allow_ip_literals") is False and _is_ip_literal(host):
        return True
    return _matches(acl.get("deny"), host) or not _matches(acl.get("allow"), host)


def _is_ip_literal(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _matches(patterns: object, host: str) -> bool:
    folded = host.casefold()
    known = patterns if isinstance(patterns, list) else []
    return any(compile_whole(each).is_in(folded) for each in known if isinstance(each, str))
