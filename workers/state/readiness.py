"""Health of a long-running process: whether the services that it needs answer, and the endpoints that report it."""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from catalog.db.database import Database, DatabaseUnusableError
from catalog.settings import Settings
from workers.broker.broker import BrokerUnreachableError, find_broker

OK, UNREACHABLE = "ok", "does not answer"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application."""


def check_services(database: Database, settings: Settings) -> dict[str, str]:
    """The state of the database and of Redis: `ok` or `does not answer`."""
    return {
        "database": OK if is_database_reachable(database) else UNREACHABLE,
        "redis": OK if _is_redis_reachable(settings) else UNREACHABLE,
    }


def is_database_reachable(database: Database) -> bool:
    """Whether a query gets an answer."""
    try:
        with database.read() as connection:
            connection.execute(sa.select(1))
    except (sa.exc.DBAPIError, DatabaseUnusableError):
        return False
    return True


def _is_redis_reachable(settings: Settings) -> bool:
    try:
        return find_broker(settings.redis_url, settings.run) is not None
    except BrokerUnreachableError:
        return False


def add_health_endpoints(metrics: Application, check: Callable[[], dict[str, str]]) -> Application:
    """Serves the metrics at `/metrics` only, `/healthz` (the process runs) and `/readyz` (its services answer).

    `/readyz` answers 503 if a service does not answer, and names each service with its state. Other paths answer 404.
    """

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        status, text = "404 Not Found", "not found; see /metrics, /healthz and /readyz\n"
        if path == "/healthz":
            status, text = "200 OK", "ok\n"
        elif path == "/readyz":
            states = check()
            is_ready = all(state == OK for state in states.values())
            status = "200 OK" if is_ready else "503 Service Unavailable"
            text = "".join(f"{name}: {state}\n" for name, state in states.items())
        start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
        return [text.encode()]

    return application
