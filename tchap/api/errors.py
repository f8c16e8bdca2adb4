"""From an errcode to its HTTP status: the one table (client-server API, "Standard error response")."""

from typing import Any

from tchap.base.errors import MatrixError

_STATUS = {
    "M_FORBIDDEN": 403,
    "M_UNKNOWN_TOKEN": 401,
    "M_MISSING_TOKEN": 401,
    "M_UNAUTHORIZED": 401,
    "M_USER_DEACTIVATED": 403,
    "M_USER_LOCKED": 401,
    "M_USER_SUSPENDED": 403,
    "M_GUEST_ACCESS_FORBIDDEN": 403,
    "M_THREEPID_DENIED": 403,
    "M_INVITE_BLOCKED": 403,
    "M_SERVER_NOT_TRUSTED": 403,
    "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM": 403,
    "M_RESOURCE_LIMIT_EXCEEDED": 403,
    "M_CONSENT_NOT_GIVEN": 403,
    "M_WRONG_ROOM_KEYS_VERSION": 403,
    "M_KEY_TOO_LARGE": 400,
    "M_PROFILE_TOO_LARGE": 400,
    "M_NOT_FOUND": 404,
    "M_NO_VALID_SESSION": 404,
    "M_UNRECOGNIZED": 404,
    "M_CANNOT_OVERWRITE_MEDIA": 409,
    "M_TOO_LARGE": 413,
    "M_LIMIT_EXCEEDED": 429,
    "M_BAD_STATUS": 502,
    "M_CONNECTION_FAILED": 502,
    "M_NOT_YET_UPLOADED": 504,
    # The content scanner's own (its API, "Error codes").
    "MCS_MALFORMED_JSON": 400,
    "MCS_MEDIA_FAILED_TO_DECRYPT": 400,
    "MCS_MEDIA_NOT_CLEAN": 403,
    "MCS_MIME_TYPE_FORBIDDEN": 403,
    "MCS_BAD_DECRYPTION": 403,
    "MCS_MEDIA_REQUEST_FAILED": 502,
    "ORG_MATRIX_EXPIRED_ACCOUNT": 403,
}
_DEFAULT = 400
_SCANNER = "/_matrix/media_proxy/"


def status_of(error: MatrixError) -> int:
    """The status to answer: the table's, or the hint of an error whose errcode has two."""
    return error.status_hint or _STATUS.get(error.errcode, _DEFAULT)


def error_body(error: MatrixError, language: str, path: str) -> dict[str, Any]:
    """The specification's error object, its sentence in the caller's language. What the antivirus says, and whatever
    is said on its own roads, has the two names that clients of the content scanner read as well."""
    sentence = error.fr if language == "fr" else error.en
    body = {"errcode": error.errcode, "error": sentence, **error.extra}
    if error.errcode.startswith("MCS_") or path.startswith(_SCANNER):
        body |= {"reason": error.errcode, "info": sentence}
    return body
