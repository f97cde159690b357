"""HTML of the page from Jinja templates; all values are escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2
from starlette.responses import HTMLResponse

from catalog.report.formatting import template_environment


@cache
def _environment() -> jinja2.Environment:
    environment = template_environment("catalog.web")
    environment.filters |= {"clock": clock, "file_name": file_name}
    return environment


def fragment(template: str, **values: Any) -> str:
    """The HTML of a template with these values."""
    return _environment().get_template(template).render(**values)


def render(template: str, *, status_code: int = 200, **values: Any) -> HTMLResponse:
    """A whole page."""
    return HTMLResponse(fragment(template, **values), status_code=status_code)


def clock(seconds: float | None) -> str:
    """`3:07`, `1:02:03`; empty for None."""
    if seconds is None:
        return ""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def file_name(path: str | None) -> str:
    """The last part of a path."""
    return (path or "").rsplit("/", maxsplit=1)[-1]
