"""Which server an address is told to go to, in the words of today's clients (`GET /_matrix/identity/api/v1/info`)."""

from dataclasses import dataclass

from tchap.policy.domains import Home


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """`hs` is where the person signs in or up; `new_hs` where her administration is now, when that is elsewhere."""

    hs: str
    new_hs: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a server is told before it opens an account (`internal-info`): whether it must be, and is, invited."""

    whereabouts: Whereabouts
    requires_invite: bool
    invited: bool


def decide_whereabouts(account_instance: str | None, home: Home | None, fallback: str) -> Whereabouts:
    """The instance of the account of this address, else of its domain, else `fallback`: an answer for everybody.

    An account's instance never changes; that its domain went elsewhere is told beside it. A domain that closed, or
    became nobody's, moves nobody to the externals.
    """
    if account_instance is None:
        return Whereabouts(fallback if home is None else home.instance)
    has_moved = home is not None and not home.is_external and home.instance != account_instance
    return Whereabouts(account_instance, home.instance if home is not None and has_moved else None)


def decide_standing(whereabouts: Whereabouts, home: Home | None, is_invited: bool) -> Standing:
    """As an address without account: externals, and only they, must have been invited."""
    return Standing(whereabouts, home is None or home.is_external, is_invited)
