"""The excerpts that represent a track.

Up to 30 s: the whole track. Up to ten minutes: 30 s from the middle. Over ten minutes: three excerpts of 10 s, each
from the middle of one third. If the middle of a track is silent, the three excerpts are the second attempt.
"""

Window = tuple[float, float]

MIDDLE = 30.0
LONG = 600.0
THIRD = 10.0


def excerpt_windows(duration: float) -> tuple[tuple[Window, ...], ...]:
    """Windows (begin, end in seconds; disjoint, in order) for a track of `duration` seconds, one tuple per attempt."""
    if duration <= MIDDLE:
        return (((0.0, duration),),)
    begin = (duration - MIDDLE) / 2
    middle = ((begin, begin + MIDDLE),)
    centers = (duration / 6, duration / 2, duration * 5 / 6)
    thirds = tuple((center - THIRD / 2, center + THIRD / 2) for center in centers)
    return (thirds,) if duration > LONG else (middle, thirds)
