"""The revisions of the schema that this program knows, read from the names of their files.

Every command asks for the newest. To import Alembic for that would take longer than most of what they are asked to do.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from catalog.db.database import DatabaseUnusableError


def migrations_folder() -> Traversable:
    """Where the migrations of this program are. Raises DatabaseUnusableError where it was installed without them."""
    try:
        return files("migrations")
    except ModuleNotFoundError:
        raise _not_installed() from None


def known_revisions() -> list[str]:
    """All revisions, oldest first: a file is named by the revision that it leads to, `0001_the_house.py`.

    Raises DatabaseUnusableError where there is none.
    """
    names = (entry.name for entry in migrations_folder().joinpath("versions").iterdir())
    revisions = sorted(
        name.removesuffix(".py").partition("_")[0]
        for name in names
        if name.endswith(".py") and not name.startswith("_")
    )
    if not revisions:
        raise _not_installed()
    return revisions


def head_revision() -> str:
    """The revision that this program wants. Raises DatabaseUnusableError where it was installed without its migrations."""
    return known_revisions()[-1]


def is_behind(revision: str | None, other: str | None) -> bool:
    """Whether a revision comes before another; both are known, and None and `base` are the beginning of all."""
    order = ["base", *known_revisions()]
    return order.index(revision or "base") < order.index(other or "base")


def _not_installed() -> DatabaseUnusableError:
    return DatabaseUnusableError("the program was installed without its migrations; install it again")
