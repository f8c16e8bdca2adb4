"""Which servers an access control list keeps out."""

from typing import Any

import pytest

from tchap.protocol.server_acls import is_denied

ALL = {"allow": ["*"]}


@pytest.mark.parametrize(
    ("acl", "server", "denied"),
    [
        (None, "mairie.example.fr", False),
        (ALL, "mairie.example.fr", False),
        ({}, "mairie.example.fr", True),
        ({"allow": "*"}, "mairie.example.fr", True),
        ({"allow": [3, "*"]}, "mairie.example.fr", False),
        ({**ALL, "deny": ["*.example.fr"]}, "mairie.example.fr", True),
        ({**ALL, "deny": ["*.EXAMPLE.fr"]}, "Mairie.example.fr:8448", True),
        ({**ALL, "deny": ["*.example.fr"]}, "example.fr", False),
        ({**ALL, "deny": ["mairie.example.f?"]}, "mairie.example.fr", True),
        ({"allow": ["*.example.fr"]}, "mairie.example.com", True),
        ({**ALL, "allow_ip_literals": False}, "192.0.2.1:8448", True),
        ({**ALL, "allow_ip_literals": False}, "[2001:db8::1]", True),
        ({**ALL, "allow_ip_literals": "no"}, "192.0.2.1", False),
        ({**ALL, "allow_ip_literals": False}, "mairie.example.fr", False),
        (ALL, "not a server name", True),
    ],
)
def test_the_order_of_the_rules(acl: dict[str, Any] | None, server: str, denied: bool) -> None:
    """IP literals, then what is denied, then what is allowed; without a list all may, by an empty one nobody."""
    assert is_denied(acl, server) == denied
