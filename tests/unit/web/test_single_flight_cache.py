"""What is made once and kept while there is room."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from catalog.web.media.media_cache import SingleFlightCache


def test_the_last_used_are_kept_and_the_others_dropped() -> None:
    shelf: SingleFlightCache[str, str] = SingleFlightCache(2)
    for key in "abac":
        assert shelf.get(key, key.upper) == key.upper()
    assert [shelf.get(key, lambda: "again") for key in "acb"] == ["A", "C", "again"]


def test_several_who_ask_at_once_wait_for_one() -> None:
    shelf: SingleFlightCache[str, int] = SingleFlightCache(2)
    made: list[int] = []
    go = threading.Event()

    def make() -> int:
        go.wait(5)
        made.append(1)
        return 7

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(shelf.get, "x", make) for _ in range(4)]
        go.set()
        assert [each.result(5) for each in asked] == [7] * 4
    assert made == [1]


def test_what_failed_is_tried_again() -> None:
    shelf: SingleFlightCache[str, int] = SingleFlightCache(2)
    with pytest.raises(ZeroDivisionError):
        shelf.get("x", lambda: 1 // 0)
    assert shelf.get("x", lambda: 3) == 3
