"""What is made once, kept while there is room, and dropped in the order of its last use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SingleFlightCache(Generic[Key, Value]):
    """At most so many values by key. Several threads may ask: a value is made by one of them, the others wait for it."""

    def __init__(self, most: int) -> None:
        """Nothing is kept yet."""
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Key, Future[Value]] = OrderedDict()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value kept, or the one that is made now. What `make` raises is raised and not kept."""
        with self._lock:
            future = self._kept.get(key)
            is_new = future is None
            if future is None:
                future = self._kept[key] = Future()
            self._kept.move_to_end(key)
        if is_new:
            try:
                future.set_result(make())
            except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
                future.set_exception(error)
                with self._lock:
                    self._kept.pop(key, None)
            self._make_room()
        return future.result()

    def _make_room(self) -> None:
        with self._lock:
            ready = [key for key, future in self._kept.items() if future.done()]
            for key in ready[: max(0, len(self._kept) - self._most)]:
                del self._kept[key]
