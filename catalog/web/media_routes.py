"""Media of a track by its id: audio, waveform, spectrogram."""

from __future__ import annotations

import os

from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from catalog.web.media.audio_file import AudioFile, NotPlayableError, find_audio_file
from catalog.web.media.byte_range import ByteRange, RangeNotSatisfiableError, read_range
from catalog.web.media.excerpt import excerpt_of
from catalog.web.media.transcode import MEDIA_TYPE, byte_count
from catalog.web.request import ReviewRequest

CACHE_HEADERS = {"Cache-Control": "private, max-age=600"}


def sound(request: ReviewRequest) -> Response:
    """The sources of the player in order of preference, the excerpt shown, and the analyzed windows."""
    file = _audio_file(request)
    excerpt = excerpt_of(file.duration)
    url = f"/tracks/{file.track_id}"
    sources = [{"url": f"{url}/recording.mp3", "type": MEDIA_TYPE, "begin": excerpt.begin}]
    if file.media_type is not None:
        sources.insert(0, {"url": f"{url}/audio", "type": file.media_type, "begin": 0.0})
    return JSONResponse(
        {
            "duration": file.duration,
            "begin": excerpt.begin,
            "end": excerpt.end,
            "windows": file.windows,
            "sources": sources,
        }
    )


def audio(request: ReviewRequest) -> Response:
    """The original file, complete or in byte ranges."""
    file = _audio_file(request)
    if file.media_type is None:
        # The page never requests such a file. In a manipulated catalog it could be any file.
        raise NotPlayableError("browsers do not play this file; use the MP3 of the page")
    return FileResponse(
        os.fsdecode(file.name),
        media_type=file.media_type,
        stat_result=file.status,
        headers=CACHE_HEADERS,
    )


def recording(request: ReviewRequest) -> Response:
    """The excerpt as an MP3, complete or in byte ranges. Only requested blocks are encoded."""
    file = _audio_file(request)
    length = byte_count(excerpt_of(file.duration))
    version = f'"{"-".join(map(str, file.version))}"'
    headers = {**CACHE_HEADERS, "Accept-Ranges": "bytes", "ETag": version}
    request_headers = request.http.headers
    try:
        part = (
            read_range(request_headers.get("range"), length)
            if request_headers.get("if-range", version) == version
            else None
        )
    except RangeNotSatisfiableError:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{length}"})
    byte_range = part or ByteRange(0, length)
    headers["Content-Length"] = str(byte_range.end - byte_range.begin)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.begin}-{part.end - 1}/{length}"
    status = 200 if part is None else 206
    if request.http.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=MEDIA_TYPE)
    parts = request.state.media.recording(file, byte_range)
    return StreamingResponse(parts, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def peaks(request: ReviewRequest) -> Response:
    """The waveform of the excerpt, amplitudes from 0 to 100, and the frequencies to mark in the spectrogram."""
    images = request.state.media.images(_audio_file(request))
    return JSONResponse({"peaks": images.peaks, "marks": images.marks}, headers=CACHE_HEADERS)


def spectrogram(request: ReviewRequest) -> Response:
    """The spectrogram of the excerpt as a PNG."""
    return Response(
        request.state.media.images(_audio_file(request)).spectrogram,
        media_type="image/png",
        headers=CACHE_HEADERS,
    )


def _audio_file(request: ReviewRequest) -> AudioFile:
    with request.state.database.read() as connection:
        return find_audio_file(connection, request.track_id)
