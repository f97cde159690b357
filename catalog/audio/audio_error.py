"""The error of a file that cannot be analyzed: a reason code and a message."""

from catalog.errors import CatalogError


class AudioError(CatalogError):
    """A file that could not be analyzed.

    `reason` is one of REASONS, a stable code to count and filter by. The message is one line and holds no path.
    """

    REASONS = frozenset(
        {
            "unreadable",  # missing, not a regular file, or the system refuses to read it
            "empty",  # no bytes
            "not-audio",  # not a container that FFmpeg knows: text, a picture, random bytes
            "no-audio-stream",  # a container without audio: a video without a sound track, a cover image
            "undecodable",  # an audio stream that yields no usable sample
            "too-short",  # less than half a second of audio
            "silent",  # digital silence in every excerpt
            "not-finite",  # a feature set returned NaN or infinity
            "changed",  # the file was modified while it was read
        }
    )

    def __init__(self, reason: str, message: str) -> None:
        if reason not in self.REASONS:
            raise ValueError(f"unknown reason {reason!r}; known reasons: {', '.join(sorted(self.REASONS))}")
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type["AudioError"], tuple[str, str]]:
        # Executors pass exceptions between processes; the default would lose the reason.
        return (AudioError, (self.reason, str(self)))
