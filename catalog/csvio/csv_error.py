"""The error of a table that cannot be imported."""

from __future__ import annotations

from catalog.errors import CatalogError


class CsvSourceError(CatalogError):
    """A file that cannot be imported; nothing was changed."""
