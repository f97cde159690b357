"""Finds tracks by the end of a path: lists of another machine name the same files below another folder."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.roots import KnownRoot
from catalog.db.tables import track
from catalog.errors import CatalogError

_DRIVE = re.compile(r"(file://)?/*[A-Za-z]:(?=/)")
_URL = "file://"


class MovedRootError(CatalogError):
    """A mapping of folders has the wrong format."""


def parse_moved_roots(texts: Iterable[str]) -> dict[str, str]:
    r"""Parses mappings such as `D:\\Music=/srv/music`: the folder in the list, and the folder on this machine.

    The first `=/` separates them. Raises MovedRootError for any other format.
    """
    moved = {}
    for text in texts:
        old, separator, rest = text.partition("=/")
        if not separator or not old.strip():
            raise MovedRootError(
                rf"{text!r} is not OLD=NEW with an absolute path as NEW, such as D:\Music=/srv/music"
            )
        moved[_with_slashes(old).rstrip("/")] = f"/{rest}".rstrip("/")
    return moved


def move(name: str, moved: Mapping[str, str]) -> str:
    """The path on this machine of a path in a list; the longest matching folder applies.

    Windows paths are compared without case.
    """
    path = _with_slashes(name)
    for old, new in sorted(moved.items(), key=lambda pair: -len(pair[0])):
        is_windows = _DRIVE.match(f"{old}/") is not None or old.startswith("//")
        fold = str.casefold if is_windows else str
        if fold(path).startswith(fold(f"{old}/")):
            return new + path[len(old) :]
    return name


def find_by_suffix(
    connection: Connection, roots: Sequence[KnownRoot], names: Iterable[str]
) -> dict[str, set[int]]:
    """The tracks whose path relative to the root ends a name, or whose absolute path a name ends.

    The longest end counts. Case is ignored only if it must be. A track that several names match is matched by none,
    because at least one of them is another file.
    """
    wanted = {name: parts for name in names if (parts := _parts(name))}
    if not wanted:
        return {}
    tracks = list(_tracks(connection, roots))
    matches: dict[str, set[int]] = {}
    for fold in (str, str.casefold):
        matches |= _matches(wanted, tracks, fold)
        wanted = {name: parts for name, parts in wanted.items() if name not in matches}
    names_by_track = Counter(track_id for ids in matches.values() for track_id in ids)
    return {name: ids for name, ids in matches.items() if all(names_by_track[each] == 1 for each in ids)}


def _matches(
    wanted: Mapping[str, Sequence[str]],
    tracks: Sequence[tuple[int, str, str]],
    fold: Callable[[str], str],
) -> dict[str, set[int]]:
    whole = {fold("/".join(parts)) for parts in wanted.values()}
    by_relative: defaultdict[str, set[int]] = defaultdict(set)
    by_end: defaultdict[str, set[int]] = defaultdict(set)
    for track_id, root, path in tracks:
        by_relative[fold(path)].add(track_id)
        for end in _ends(f"{root}/{path}".split("/")):
            if fold(end) in whole:
                by_end[fold(end)].add(track_id)
    matches = {}
    for name, parts in wanted.items():
        # A name without a folder is an end of any relative name.
        ends = [end for end in _ends(parts) if "/" in end or len(parts) == 1 or _is_absolute(name)]
        candidates = [by_end.get(fold(ends[0]))] if ends else []
        candidates += [by_relative.get(fold(end)) for end in ends]
        found = next((each for each in candidates if each), None)
        if found:
            matches[name] = found
    return matches


def _tracks(connection: Connection, roots: Sequence[KnownRoot]) -> Iterator[tuple[int, str, str]]:
    """The id, the root and the relative path of every track with a file."""
    root_by_id = {root.id: _composed(root.path.decode("utf-8", "surrogateescape")) for root in roots}
    query = sa.select(track.c.id, track.c.collection_id, track.c.path_bytes).where(
        track.c.path_bytes.is_not(None), track.c.collection_id.in_(list(root_by_id))
    )
    for track_id, collection_id, path in connection.execute(query):
        text = path.decode("utf-8", "surrogateescape")
        yield track_id, root_by_id[collection_id].strip("/"), _composed(text)


def _parts(name: str) -> list[str]:
    """The parts of a name without drive, server and share; empty if it leads upwards."""
    path = _DRIVE.sub("", _with_slashes(name)).removeprefix(_URL)
    parts = [part for part in path.split("/") if part not in {"", "."}]
    return [] if ".." in parts else parts


def _ends(parts: Sequence[str]) -> Iterator[str]:
    """The ends of a path, the longest first."""
    for start in range(len(parts)):
        yield "/".join(parts[start:])


def _with_slashes(name: str) -> str:
    path = name.strip().replace("\\", "/")
    return _composed(unquote(path) if path.startswith(_URL) else path)


def _is_absolute(name: str) -> bool:
    path = _with_slashes(name)
    return path.startswith(("/", _URL)) or _DRIVE.match(path) is not None


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
