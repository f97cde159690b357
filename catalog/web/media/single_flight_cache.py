"""Thread-safe LRU cache with single-flight loading."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SingleFlightCache(Generic[Key, Value]):
    """At most `most` values by key. Concurrent requests for a key load its value once and share it."""

    def __init__(self, most: int) -> None:
        """Creates an empty cache."""
        self._most = most
        self._lock = Lock()
        self._futures: OrderedDict[Key, Future[Value]] = OrderedDict()

    def get(self, key: Key, load: Callable[[], Value]) -> Value:
        """The cached value, or the result of `load`, whose exceptions reach all waiting threads and are not cached."""
        with self._lock:
            future = self._futures.get(key)
            is_new = future is None
            if future is None:
                future = self._futures[key] = Future()
            self._futures.move_to_end(key)
        if is_new:
            try:
                future.set_result(load())
            except BaseException as error:  # noqa: BLE001 - all waiting threads must get it
                future.set_exception(error)
                with self._lock:
                    self._futures.pop(key, None)
            self._evict()
        return future.result()

    def _evict(self) -> None:
        with self._lock:
            ready = [key for key, future in self._futures.items() if future.done()]
            for key in ready[: max(0, len(self._futures) - self._most)]:
                del self._futures[key]
