"""Why a file gives no sound to analyze: a reason code for machines and one line for people."""

from catalog.errors import CatalogError


class AudioError(CatalogError):
    """A file that could not be analyzed.

    `reason` is one of REASONS, stable enough to be counted and filtered by; the message is one line that says what is
    wrong with this file and holds no path.
    """

    REASONS = frozenset(
        {
            "unreadable",  # it is not there, is no regular file, or the system refuses to read it
            "empty",  # no bytes
            "not-audio",  # no container that FFmpeg knows: text, a picture, random bytes
            "no-audio-stream",  # a container without sound: a video without a sound track, a cover alone
            "undecodable",  # sound is announced, but no usable sample comes out
            "too-short",  # less than half a second of sound
            "silent",  # nothing but digital silence wherever it was listened to
            "not-finite",  # a feature set gave a number that is none
            "changed",  # the file was written to while it was read
        }
    )

    def __init__(self, reason: str, message: str) -> None:
        if reason not in self.REASONS:
            raise ValueError(f"unknown reason {reason!r}; known are {', '.join(sorted(self.REASONS))}")
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type["AudioError"], tuple[str, str]]:
        # Executors carry exceptions between processes; the default would lose the reason.
        return (AudioError, (self.reason, str(self)))
