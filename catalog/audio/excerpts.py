"""Which seconds of a track stand for all of it.

30 s from the middle; of more than ten minutes three windows of 10 s, each from the middle of one third; of less than
30 s everything. Where there is nothing to hear in the middle of 30 s or more, the three windows are the second try.
"""

Window = tuple[float, float]

MIDDLE = 30.0
LONG = 600.0
THIRD = 10.0


def excerpt_windows(duration: float) -> tuple[tuple[Window, ...], ...]:
    """Windows (begin, end in seconds, apart and in order) for a track of that many seconds: the first try, the next."""
    if duration <= MIDDLE:
        return (((0.0, duration),),)
    begin = (duration - MIDDLE) / 2
    middle = ((begin, begin + MIDDLE),)
    centers = (duration / 6, duration / 2, duration * 5 / 6)
    thirds = tuple((center - THIRD / 2, center + THIRD / 2) for center in centers)
    return (thirds,) if duration > LONG else (middle, thirds)
