"""The base class of every error that this program raises for a person to read."""

from __future__ import annotations


class CatalogError(Exception):
    """An error whose message is one line for a person: what happened, then what to do next.

    The command line prints the message after `catalog:` and exits with 1. Any other exception is a bug.
    """
