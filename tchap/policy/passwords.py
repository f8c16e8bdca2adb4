"""What a password must be (MSC2000's criteria), and which of them one lacks."""

from dataclasses import dataclass

MAX_LENGTH = 512
"""Characters: more would only make the hash expensive."""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The criteria in force, under the names clients read from `password_policy`."""

    minimum_length: int = 12
    require_digit: bool = True
    require_symbol: bool = True
    require_lowercase: bool = True
    require_uppercase: bool = True


def policy_body(policy: PasswordPolicy) -> dict[str, int | bool]:
    """The answer of `GET password_policy`: only these keys, clients of today fail on unknown ones."""
    return {
        "m.minimum_length": policy.minimum_length,
        "m.require_digit": policy.require_digit,
        "m.require_symbol": policy.require_symbol,
        "m.require_lowercase": policy.require_lowercase,
        "m.require_uppercase": policy.require_uppercase,
    }


def missing_criteria(password: str, policy: PasswordPolicy) -> tuple[str, ...]:
    """The names of the criteria this password does not meet, in the order they are shown; empty when it is lawful."""
    found = {
        "m.require_digit": any(c.isdigit() for c in password),
        "m.require_symbol": any(not c.isalnum() for c in password),
        "m.require_lowercase": any(c.islower() for c in password),
        "m.require_uppercase": any(c.isupper() for c in password),
    }
    body = policy_body(policy)
    missing = tuple(name for name, met in found.items() if body[name] and not met)
    if not policy.minimum_length <= len(password) <= MAX_LENGTH:
        return ("m.minimum_length", *missing)
    return missing


def criteria_in_french(missing: tuple[str, ...], policy: PasswordPolicy) -> str:
    """The missing criteria as a French enumeration."""
    words = {
        "m.minimum_length": f"{policy.minimum_length} à {MAX_LENGTH} caractères",
        "m.require_digit": "un chiffre",
        "m.require_symbol": "un symbole",
        "m.require_lowercase": "une minuscule",
        "m.require_uppercase": "une majuscule",
    }
    return ", ".join(words[name] for name in missing)


def criteria_in_english(missing: tuple[str, ...], policy: PasswordPolicy) -> str:
    """The missing criteria as an English enumeration."""
    words = {
        "m.minimum_length": f"{policy.minimum_length} to {MAX_LENGTH} characters",
        "m.require_digit": "a digit",
        "m.require_symbol": "a symbol",
        "m.require_lowercase": "a lower-case letter",
        "m.require_uppercase": "an upper-case letter",
    }
    return ", ".join(words[name] for name in missing)
