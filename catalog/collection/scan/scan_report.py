"""The result of a scan."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog.collection.genre_spellings import Spelling


@dataclass
class ScanReport:
    """Numbers of tracks by what the scan did with them, and what it found besides."""

    collection: str
    root: str
    collection_id: int | None = None
    """None after a dry run of a new collection."""
    moved_from: str | None = None
    """The former root folder of a known collection that was recognized under a new name."""
    added: int = 0
    changed: int = 0
    moved: int = 0
    missing: int = 0
    """Tracks whose files this scan did not find any more."""
    back: int = 0
    """Tracks that were missing and whose files are there again."""
    unchanged: int = 0
    outside: int = 0
    """Files outside of the root that links lead to: they are analyzed, but neither played by the review nor written."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Files that are not audio, by suffix."""
    image_albums: dict[str, int] = field(default_factory=dict)
    """Files with a CUE sheet of several tracks, which are not in the catalog; their numbers of tracks by path."""
    warnings: list[str] = field(default_factory=list)
    """One line each; the first thousand."""
    warned: int = 0
    """Number of all warnings."""
    unread: int = 0
    """Files and folders that could not be read, or changed while they were read."""
    artists: int = 0
    """Artists of the whole collection, without placeholders; in a dry run, of the files that were opened."""
    albums: int = 0
    spellings: list[Spelling] = field(default_factory=list)
    """Spellings of genres, of the same tracks as `artists`."""
    dry_run: bool = False

    @property
    def files(self) -> int:
        """Audio files that were found and are tracks."""
        return self.added + self.changed + self.moved + self.back + self.unchanged

    @property
    def known_spellings(self) -> int:
        """Number of spellings that the vocabulary has."""
        return sum(spelling.is_known for spelling in self.spellings)

    @property
    def new_terms(self) -> list[Spelling]:
        """Spellings that became terms because of the files, by descending number of tracks."""
        return [spelling for spelling in self.spellings if not spelling.is_known]
