"""Where the folders of collections are on this host, when it has them mounted elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from catalog.errors import CatalogError


class RootMappingError(CatalogError):
    """A mapping of roots that cannot be read, with what it looks like."""


@dataclass(frozen=True)
class RootMapping:
    """Folders as the catalog has them, and where they are here; without any, they are where the catalog says."""

    pairs: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> RootMapping:
        """From `/as/in/the/catalog=/as/here`, one each. Raises RootMappingError.

        The first `=/` parts them: both are absolute, and either may have an equals sign in its name.
        """
        pairs = []
        for text in texts:
            old, found, rest = text.partition("=/")
            if not found or not old.startswith("/"):
                raise RootMappingError(
                    f"{text!r} is not OLD=NEW with two absolute paths, such as /music=/mnt/music"
                )
            pairs.append((_without_slash(old), _without_slash(f"/{rest}")))
        return cls(tuple(pairs))

    def texts(self) -> list[str]:
        """What `parse` makes the same of."""
        return [f"{os.fsdecode(old)}={os.fsdecode(new)}" for old, new in self.pairs]

    def here(self, root: bytes) -> bytes:
        """Where a folder of the catalog is on this host. The longest mapping that it is in counts."""
        inside = [
            pair for pair in self.pairs if root == pair[0] or root.startswith(pair[0].rstrip(b"/") + b"/")
        ]
        if not inside:
            return root
        old, new = max(inside, key=lambda pair: len(pair[0]))
        rest = root.removeprefix(old).lstrip(b"/")
        return os.path.join(new, rest) if rest else new  # noqa: PTH118 -- bytes that may be no text


def _without_slash(path: str) -> bytes:
    return os.fsencode(path.rstrip("/") or "/")
