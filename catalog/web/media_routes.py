"""What is heard and seen of a track, by its id: the sound, its outline, its spectrogram."""

from __future__ import annotations

import os

from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from catalog.web.media.audio_file import AudioFile, NotPlayableError, find_audio_file
from catalog.web.media.byte_range import ByteRange, RangeNotSatisfiableError, read_range
from catalog.web.media.excerpt import excerpt_of
from catalog.web.media.transcode import MEDIA_TYPE, byte_count
from catalog.web.request import ReviewRequest

KEPT = {"Cache-Control": "private, max-age=600"}


def sound(visit: ReviewRequest) -> Response:
    """What there is to play: sources in the order in which to try them, the stretch shown, the seconds analyzed."""
    found = _found(visit)
    stretch = excerpt_of(found.duration)
    address = f"/tracks/{found.track_id}"
    sources = [{"url": f"{address}/recording.mp3", "type": MEDIA_TYPE, "begin": stretch.begin}]
    if found.media_type is not None:
        sources.insert(0, {"url": f"{address}/audio", "type": found.media_type, "begin": 0.0})
    return JSONResponse(
        {
            "duration": found.duration,
            "begin": stretch.begin,
            "end": stretch.end,
            "windows": found.windows,
            "sources": sources,
        }
    )


def audio(visit: ReviewRequest) -> Response:
    """The file as it is, whole or in ranges."""
    found = _found(visit)
    if found.media_type is None:
        # No browser plays it, and the page never asks for it: in a catalog that somebody made up it may be any file.
        raise NotPlayableError("no browser plays this file as it is; the page plays it as MP3")
    return FileResponse(
        os.fsdecode(found.name),
        media_type=found.media_type,
        stat_result=found.status,
        headers=KEPT,
    )


def recording(visit: ReviewRequest) -> Response:
    """The stretch as an MP3, whole or in ranges; what nobody asks for is not made."""
    found = _found(visit)
    length = byte_count(excerpt_of(found.duration))
    version = f'"{"-".join(map(str, found.version))}"'
    headers = {**KEPT, "Accept-Ranges": "bytes", "ETag": version}
    asked = visit.request.headers
    try:
        part = read_range(asked.get("range"), length) if asked.get("if-range", version) == version else None
    except RangeNotSatisfiableError:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{length}"})
    wanted = part or ByteRange(0, length)
    headers["Content-Length"] = str(wanted.end - wanted.begin)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.begin}-{part.end - 1}/{length}"
    status = 200 if part is None else 206
    if visit.request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=MEDIA_TYPE)
    parts = visit.site.listening.recording(found, wanted)
    return StreamingResponse(parts, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def peaks(visit: ReviewRequest) -> Response:
    """The outline of the stretch: a list of 0 to 100."""
    return JSONResponse(visit.site.listening.sight(_found(visit)).peaks, headers=KEPT)


def spectrogram(visit: ReviewRequest) -> Response:
    """The spectrogram of the stretch, a PNG."""
    return Response(
        visit.site.listening.sight(_found(visit)).spectrogram, media_type="image/png", headers=KEPT
    )


def _found(visit: ReviewRequest) -> AudioFile:
    with visit.site.database.read() as connection:
        return find_audio_file(connection, visit.track_id)
