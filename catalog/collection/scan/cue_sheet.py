"""CUE sheets: which audio files are image albums, one recording with several tracks."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH118, PTH119, PTH120, PTH122, PTH123, PTH208

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from catalog.collection.naming.audio_extensions import is_audio

MAX_SHEET = 2**20
"""Bytes of a CUE file that are read."""

_LINE = re.compile(
    r'^\s*(?:FILE\s+(?:"([^"]*)"|(\S+))|(TRACK)\s+\d+\s+AUDIO\b)', re.IGNORECASE | re.MULTILINE
)


class CueFile(NamedTuple):
    """An audio file that a sheet names."""

    name: str
    """As written; without FILE lines empty."""
    tracks: int


def parse_cue(text: str) -> list[CueFile]:
    """The files of a sheet, each with its number of audio tracks."""
    files: list[CueFile] = []
    for quoted, plain, is_track in _LINE.findall(text):
        if not is_track:
            files.append(CueFile(quoted or plain, 0))
        else:
            last = files.pop() if files else CueFile("", 0)
            files.append(last._replace(tracks=last.tracks + 1))
    return files


def decode_cue(data: bytes) -> str:
    """The text of a sheet; names in an unknown 8-bit encoding are read as Latin-1."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def embedded_tracks(content: Any) -> int:
    """The number of tracks in the CUE sheet that a file holds, 0 without one; `content` is a file of mutagen."""
    sheet = getattr(content, "cuesheet", None)
    if sheet is not None:
        # The last one is the lead-out.
        return max(0, len(sheet.tracks) - 1)
    tags = content.tags
    values = tags.get("cuesheet") if hasattr(tags, "get") else None
    texts = values if isinstance(values, list) else [] if values is None else [str(values)]
    return max((sum(file.tracks for file in parse_cue(str(text))) for text in texts), default=0)


@dataclass
class CueSheets:
    """The CUE files in the folders of a root; the sheets of a folder are read once."""

    root: bytes
    _folders: dict[bytes, dict[bytes, int]] = field(default_factory=dict)

    def tracks_in(self, path: bytes) -> int:
        """The number of tracks in an audio file, by the sheets next to it; 0 if none describes it."""
        folder = os.path.dirname(path)
        if folder not in self._folders:
            self._folders[folder] = _images_in(os.path.join(self.root, folder))
        return self._folders[folder].get(os.path.basename(path), 0)


def _images_in(folder: bytes) -> dict[bytes, int]:
    """The image albums in a folder by name, with their numbers of tracks."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    sheets = [name for name in names if name.lower().endswith(b".cue")]
    audio = [name for name in names if is_audio(name)] if sheets else []
    images: dict[bytes, int] = {}
    for sheet in sheets:
        files = _read_sheet(os.path.join(folder, sheet))
        for file in files:
            if file.tracks > 1:
                name = _described(file.name, sheet, audio, is_only_file=len(files) == 1)
                images |= {} if name is None else {name: file.tracks}
    return images


def _read_sheet(name: bytes) -> list[CueFile]:
    try:
        with open(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            return parse_cue(decode_cue(stream.read(MAX_SHEET)))
    except OSError:
        return []


def _described(name: str, sheet: bytes, audio: Sequence[bytes], *, is_only_file: bool) -> bytes | None:
    """The audio file that a FILE line means, which was often converted or renamed after the sheet was written."""
    written = re.split(r"[\\/]", name)[-1].casefold()
    shown = {os.fsdecode(each).casefold(): each for each in audio}
    if written in shown:
        return shown[written]
    stems = {stem: each for each in audio for stem in (_stem(each), os.fsdecode(each).casefold())}
    for stem in _stems((written, os.fsdecode(sheet).casefold()[: -len(".cue")])):
        if stem in stems:
            return stems[stem]
    return audio[0] if is_only_file and len(audio) == 1 else None


def _stem(name: bytes) -> str:
    return os.fsdecode(os.path.splitext(name)[0]).casefold()


def _stems(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield name
        yield os.path.splitext(name)[0]
