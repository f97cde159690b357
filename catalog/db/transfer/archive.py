"""The backup archive: a zip file whose manifest lists every member with its size and SHA-256."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from catalog.errors import CatalogError

FORMAT = "music-catalog backup 1"
MANIFEST = "manifest.json"
SQLITE_MEMBER = "catalog.db"
POSTGRESQL_MEMBER = "catalog.dump"
CONFIG_MEMBER = "config.toml"
MODELS = "models/"
NAMES = re.compile(r"catalog\.db|catalog\.dump|config\.toml|models/[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
"""The allowed member names; none leaves the home."""

LARGEST_MANIFEST = 16 * 1024 * 1024
PIECE = 1024 * 1024
COMPRESSION = 1
"""The zlib level: vectors hardly compress, and text compresses well at level 1."""

OnBytes = Callable[[int], None]


class ArchiveError(CatalogError):
    """A file that is not a backup, or that was changed or damaged."""


@dataclass(frozen=True)
class Member:
    """A file in the archive."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The contents of an archive."""

    format: str
    made_at: str
    """ISO 8601, UTC."""
    program: str
    """The version of the program that wrote it."""
    backend: str
    """`sqlite` or `postgresql`."""
    revision: str
    """The revision of the schema."""
    rows: Mapping[str, int]
    """The row count of each table."""
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Uncompressed bytes of all members."""
        return sum(member.size for member in self.members)

    @property
    def database_member(self) -> str:
        """The name of the database member."""
        return SQLITE_MEMBER if self.backend == "sqlite" else POSTGRESQL_MEMBER


class ArchiveWriter:
    """An archive that is being written."""

    def __init__(self, archive: zipfile.ZipFile, on_bytes: OnBytes) -> None:
        self._archive = archive
        self._on_bytes = on_bytes
        self.members: list[Member] = []

    def add(self, name: str, content: IO[bytes]) -> Member:
        """Adds a member with the content of the stream."""
        assert NAMES.fullmatch(name), name
        digest, size = hashlib.sha256(), 0
        # Members larger than 2 GB need zip64 from the start.
        with self._archive.open(name, "w", force_zip64=True) as member:
            while piece := content.read(PIECE):
                member.write(piece)
                digest.update(piece)
                size += len(piece)
                self._on_bytes(len(piece))
        self.members.append(Member(name, size, digest.hexdigest()))
        return self.members[-1]

    def finish(self, manifest: Manifest) -> None:
        """Adds the manifest as the last member."""
        self._archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))


@contextmanager
def write_archive(path: Path, on_bytes: OnBytes) -> Iterator[ArchiveWriter]:
    """Creates an archive that only its owner can read."""
    path.touch(mode=0o600, exist_ok=False)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION) as archive:
        yield ArchiveWriter(archive, on_bytes)


class Archive:
    """An archive with a checked manifest; members are checked when they are read."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def extract(self, member: Member, path: Path, on_bytes: OnBytes = lambda _size: None) -> None:
        """Extracts a member to a new file, at most the size in the manifest. Raises ArchiveError."""
        digest, left = hashlib.sha256(), member.size
        path.touch(mode=0o600, exist_ok=False)
        with _readable(), self._archive.open(member.name) as content, path.open("wb") as file:
            while piece := content.read(PIECE):
                left -= len(piece)
                if left < 0:
                    break
                file.write(piece)
                digest.update(piece)
                on_bytes(len(piece))
        if left != 0 or digest.hexdigest() != member.sha256:
            raise ArchiveError(f"{member.name} in the backup is not as it was written; use another backup")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Opens an archive for reading. Raises ArchiveError if it is not a valid backup, and OSError."""
    with _readable(), zipfile.ZipFile(path) as archive:
        manifest = _read_manifest(archive)
        _require_as_listed(archive, manifest)
    with zipfile.ZipFile(path) as archive:
        yield Archive(archive, manifest)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArchiveError(f"the backup cannot be read: {error}") from None


def _read_manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        with archive.open(MANIFEST) as file:
            text = file.read(LARGEST_MANIFEST + 1)
    except KeyError:
        raise ArchiveError("the file is no backup of a catalog: it has no manifest") from None
    if len(text) > LARGEST_MANIFEST:
        raise ArchiveError("the file is no backup of a catalog: its manifest has no end")
    try:
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise ArchiveError(
                f"the backup is of another kind, {str(found['format'])[:80]!r}; this program knows {FORMAT!r}"
            )
        members = tuple(
            Member(str(one["name"]), int(one["size"]), str(one["sha256"])) for one in found.pop("members")
        )
        rows = {str(name): int(number) for name, number in found.pop("rows").items()}
        return Manifest(**{name: str(value) for name, value in found.items()}, rows=rows, members=members)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ArchiveError("the manifest of the backup cannot be read; use another backup") from None


def _require_as_listed(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    listed = {member.name: member for member in manifest.members}
    found: dict[str, Any] = {info.filename: info for info in archive.infolist()}
    if len(found) != len(archive.infolist()) or len(listed) != len(manifest.members):
        raise ArchiveError("the backup has two members of one name")
    strange = sorted(found.keys() ^ {*listed, MANIFEST})
    if strange:
        raise ArchiveError(f"the backup does not match its manifest: {strange[0]!r:.100}")
    for name, member in listed.items():
        if not NAMES.fullmatch(name) or stat.S_ISLNK(found[name].external_attr >> 16):
            raise ArchiveError(f"the backup has a member that no backup of ours has: {name!r:.100}")
        if found[name].file_size != member.size or member.size < 0:
            raise ArchiveError(f"{name} in the backup is not of the size that its manifest says")
    if manifest.backend not in {"sqlite", "postgresql"} or manifest.database_member not in listed:
        raise ArchiveError("the backup holds no database")
