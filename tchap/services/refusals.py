"""What somebody hears whose session or account is no longer good."""

from tchap.base.errors import MatrixError


def unknown_token(soft_logout: bool) -> MatrixError:
    """`soft_logout`: the client may keep its keys and sign in again (client-server API, "Soft logout")."""
    return MatrixError(
        "M_UNKNOWN_TOKEN",
        "You are no longer signed in.",
        "Vous n'êtes plus connecté.",
        soft_logout=soft_logout,
    )


def user_locked() -> MatrixError:
    """The account may not be used until an administrator unlocks it (client-server API, "Account locking")."""
    return MatrixError(
        "M_USER_LOCKED",
        "This account has been locked by an administrator.",
        "Ce compte a été verrouillé par un administrateur.",
        soft_logout=True,
    )


def user_suspended() -> MatrixError:
    """The account may read, and do little else (client-server API, "Account suspension")."""
    return MatrixError(
        "M_USER_SUSPENDED",
        "You cannot do this while your account is suspended.",
        "Vous ne pouvez pas faire cela tant que votre compte est suspendu.",
    )
