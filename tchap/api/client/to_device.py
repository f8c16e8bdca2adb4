"""Messages to devices (client-server API, "Send-to-Device messaging")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import need_dict
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import BadJson, InvalidParam
from tchap.services.to_device import Outgoing, send_to_devices
from tchap.services.world import World


async def send_to_device(world: World, request: Request) -> dict[str, Any]:
    event_type, txn_id = request.params["eventType"], request.params["txnId"]
    if len(event_type.encode()) > limits.MAX_ID_BYTES or len(txn_id) > limits.MAX_TXN_ID:
        raise InvalidParam("The event type or the transaction id is too long.")
    messages = _parse_messages(need_dict(request.json(), "messages"))
    await send_to_devices(world, request.requester, event_type, txn_id, messages)
    return {}


def _parse_messages(body: dict[str, Any]) -> list[Outgoing]:
    if not all(isinstance(devices, dict) for devices in body.values()):
        raise BadJson("Each user has a map from device ids to messages.")
    messages = [
        Outgoing(user_id, device_id, content)
        for user_id, devices in body.items()
        for device_id, content in devices.items()
    ]
    if not all(isinstance(message.content, dict) for message in messages):
        raise BadJson("A message is an object.")
    return messages


ROUTES = (
    Route(
        "PUT",
        "/_matrix/client/v3/sendToDevice/{eventType}/{txnId}",
        send_to_device,
        limit="to_device",
        max_body=limits.MAX_KEYS_BODY,
    ),
)
