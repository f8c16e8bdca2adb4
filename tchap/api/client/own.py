"""A path that names its user: only they may use it."""

from tchap.api.http import Request
from tchap.base.errors import Forbidden, InvalidParam
from tchap.protocol.identifiers import parse_room_id


def check_own(request: Request) -> str:
    """The user id of the path, which must be the caller's."""
    if request.params["userId"] != request.requester.user_id:
        raise Forbidden("This belongs to somebody else.", "Ceci appartient à quelqu'un d'autre.")
    return request.requester.user_id


def need_room_id(request: Request) -> str:
    """The room id of the path. Raises M_INVALID_PARAM when it is none."""
    room_id = request.params["roomId"]
    try:
        parse_room_id(room_id)
    except ValueError as error:
        raise InvalidParam("This is not a room id.", "Cet identifiant de salon n'est pas valable.") from error
    return room_id
