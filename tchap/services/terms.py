"""The terms of use an account is opened under."""

from typing import Any

from tchap.services.world import World

TERMS_PATH = "/_tchap/terms"


def policies(world: World) -> dict[str, Any]:
    """The policies to agree to, in French and English (client-server API, "Terms of service at registration")."""
    settings = world.settings.registration
    page = f"{world.settings.public_url}{TERMS_PATH}"
    return {
        "policies": {
            "terms_of_service": {
                "version": settings.terms_version,
                "fr": {"name": "Conditions générales d'utilisation", "url": settings.terms_url_fr or page},
                "en": {"name": "Terms of use", "url": settings.terms_url_en or f"{page}?lang=en"},
            }
        }
    }
