"""The one route table: every module of the API, one a line."""

from tchap.api.admin import register as admin_register
from tchap.api.client import account
from tchap.api.client import account_data
from tchap.api.client import aliases
from tchap.api.client import auth_fallback
from tchap.api.client import capabilities
from tchap.api.client import cross_signing
from tchap.api.client import devices
from tchap.api.client import filters
from tchap.api.client import key_backup
from tchap.api.client import keys
from tchap.api.client import login
from tchap.api.client import media
from tchap.api.client import memberships
from tchap.api.client import messages
from tchap.api.client import notifications
from tchap.api.client import passwords
from tchap.api.client import presence
from tchap.api.client import profiles
from tchap.api.client import public_rooms
from tchap.api.client import push_rules
from tchap.api.client import pushers
from tchap.api.client import read_markers
from tchap.api.client import receipts
from tchap.api.client import register
from tchap.api.client import rooms
from tchap.api.client import state
from tchap.api.client import sync
from tchap.api.client import tags
from tchap.api.client import to_device
from tchap.api.client import tokens
from tchap.api.client import typing
from tchap.api.client import user_directory
from tchap.api.client import versions
from tchap.api.client import voip
from tchap.api.identity import info
from tchap.api.public import email_link
from tchap.api.public import health
from tchap.api.public import mailbox
from tchap.api.public import server_keys
from tchap.api.public import terms
from tchap.api.public import well_known
from tchap.api.routing import Route

_MODULES = (
    admin_register,
    account,
    account_data,
    aliases,
    auth_fallback,
    capabilities,
    cross_signing,
    devices,
    filters,
    key_backup,
    keys,
    login,
    media,
    memberships,
    messages,
    notifications,
    passwords,
    presence,
    profiles,
    public_rooms,
    push_rules,
    pushers,
    read_markers,
    receipts,
    register,
    rooms,
    state,
    sync,
    tags,
    to_device,
    tokens,
    typing,
    user_directory,
    versions,
    voip,
    info,
    email_link,
    health,
    mailbox,
    server_keys,
    terms,
    well_known,
)

ROUTES: tuple[Route, ...] = tuple(route for module in _MODULES for route in module.ROUTES)
