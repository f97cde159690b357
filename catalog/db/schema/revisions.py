"""The schema revisions of this program, read from file names.

Every command needs the newest revision, and Alembic is slow to import.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from catalog.db.database import DatabaseUnusableError


def migrations_folder() -> Traversable:
    """The folder of the migrations. Raises DatabaseUnusableError if the program was installed without them."""
    try:
        return files("migrations")
    except ModuleNotFoundError:
        raise _not_installed() from None


def known_revisions() -> list[str]:
    """All revisions, oldest first; a file name begins with its revision: `0001_initial_schema.py`.

    Raises DatabaseUnusableError if there are none.
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
    """The revision that this program needs. Raises DatabaseUnusableError if it was installed without its migrations."""
    return known_revisions()[-1]


def is_behind(revision: str | None, other: str | None) -> bool:
    """Whether a revision is older than another; None and `base` are before all revisions."""
    order = ["base", *known_revisions()]
    return order.index(revision or "base") < order.index(other or "base")


def _not_installed() -> DatabaseUnusableError:
    return DatabaseUnusableError("the program was installed without its migrations; install it again")
