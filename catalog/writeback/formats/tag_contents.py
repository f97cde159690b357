"""Texts and pictures of a tag in a form that every kind of tag can take over."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mutagen import id3
from mutagen.easyid3 import EasyID3
from mutagen.flac import Picture

from catalog.collection.scan.id3 import require_few_frames

# Untyped in mutagen.
open_easy_id3: Callable[..., Any] = EasyID3
frame_types: Any = id3
new_picture: Callable[..., Any] = Picture

FRONT_COVER = 3
"""The number of a front cover in ID3 and FLAC."""
_FRAMES = {"comment": "COMM", "lyrics": "USLT", "date": "TYER", "originaldate": "TORY"}
"""Frames that EasyID3 does not know, or not in version 2.3."""
_IDENTIFYING = ("title", "artist", "album")


@dataclass(frozen=True, slots=True)
class TagContents:
    """The fields of a tag except its genre."""

    texts: Mapping[str, list[str]] = field(default_factory=dict)
    """Values by the name of a Vorbis comment in lower case, such as `tracknumber`."""
    pictures: tuple[Any, ...] = ()
    """Pictures as `mutagen.flac.Picture`."""

    @property
    def identifies_track(self) -> bool:
        """Whether a program that shows only this tag shows a title, an artist or an album."""
        return any(name in self.texts for name in _IDENTIFYING)

    def lacking_in(self, other: TagContents) -> TagContents:
        """The fields that another tag lacks; pictures if it has none."""
        texts = {name: values for name, values in self.texts.items() if name not in other.texts}
        return TagContents(texts, () if other.pictures else self.pictures)

    def merged(self, other: TagContents) -> TagContents:
        """These fields, and those of another tag that are lacking."""
        more = other.lacking_in(self)
        return TagContents({**self.texts, **more.texts}, self.pictures or more.pictures)


NO_CONTENTS = TagContents()


def picture_of(data: bytes, kind: int = FRONT_COVER, description: str = "") -> Any:
    """A picture. The first bytes show its media type."""
    picture = new_picture()
    picture.type, picture.desc, picture.data = kind, description, data
    picture.mime = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    return picture


def contents_of_id3(data: bytes) -> TagContents:
    """The contents of a whole ID3v2 tag."""
    require_few_frames(io.BytesIO(data))
    easy = open_easy_id3(io.BytesIO(data))
    texts: dict[str, list[str]] = {}
    for name in easy:
        # Some frames cannot be shown as texts.
        with contextlib.suppress(KeyError, ValueError):
            texts[name] = [str(text) for text in easy[name]]
    texts.pop("genre", None)
    frames = frame_types.ID3(io.BytesIO(data))
    for frame in frames.getall("TXXX"):
        texts.setdefault(frame.desc.lower(), [str(text) for text in frame.text])
    for name, frame_name in (("comment", "COMM"), ("lyrics", "USLT")):
        for frame in frames.getall(frame_name):
            texts.setdefault(name, [str(frame.text) if frame_name == "USLT" else str(frame)])
    pictures = []
    for frame in frames.getall("APIC"):
        picture = picture_of(frame.data, int(frame.type), frame.desc)
        picture.mime = frame.mime
        pictures.append(picture)
    return TagContents(texts, tuple(pictures))


def id3_of_contents(contents: TagContents, version: int) -> bytes:
    """A whole ID3v2 tag with the contents; `version` is 3 or 4. Empty contents give no bytes."""
    frames = _id3_frames(contents, version)
    if version == 3:
        for frame in frames.values():
            if _is_latin_1(getattr(frame, "desc", "")) and _is_latin_1(str(getattr(frame, "text", ""))):
                frame.encoding = id3.Encoding.LATIN1
    output = io.BytesIO()
    frames.save(output, v1=0, v2_version=version, padding=lambda _information: 0)
    return output.getvalue()


def _id3_frames(contents: TagContents, version: int) -> Any:
    easy = open_easy_id3()
    frames = easy._EasyID3__id3  # noqa: SLF001 - the frames behind the names
    for name, values in contents.texts.items():
        if name == "comment":
            frames.add(frame_types.COMM(encoding=3, lang="XXX", desc="", text=values))
        elif name == "lyrics":
            frames.add(frame_types.USLT(encoding=3, lang="XXX", desc="", text="\n".join(values)))
        else:
            # Not every name has a frame, and not every value fits its frame.
            with contextlib.suppress(KeyError, ValueError):
                easy[name] = values
    for each in contents.pictures:
        frames.add(
            frame_types.APIC(encoding=3, mime=each.mime, type=each.type, desc=each.desc, data=each.data)
        )
    if version == 3:
        frames.update_to_v23()
    for name, values in contents.texts.items():
        if name not in easy and not frames.getall(_FRAMES.get(name, name)):
            frames.add(frame_types.TXXX(encoding=3, desc=name.upper(), text=values))
    return frames


def _is_latin_1(text: str) -> bool:
    return all(ord(character) < 256 for character in text)
