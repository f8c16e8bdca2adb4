"""The one route table: every module of the API, concatenated."""

from tchap.api.public import health
from tchap.api.routing import Route

ROUTES: tuple[Route, ...] = (*health.ROUTES,)
