"""Cache of compiled kernels on disk: private to the user, verified, and optional.

numba's own cache has an index that names data files. Processes that compile at the same time, or that are killed, can
leave an index that names the code of another signature; to load that code ends the process. In this cache every
signature has one file with a digest of its key and its content. A file that fails the check is compiled again. A folder
that cannot be written to costs time only.

To import this module before librosa compiles anything is enough: librosa's kernels then use this cache too.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from llvmlite import binding
from numba.core import caching, config, serialize
from platformdirs import user_cache_path

LIBRARIES = ("numba", "llvmlite", "librosa")
LOCATORS = "catalog.audio.kernel_cache.KernelLocator,IPythonCacheLocator,ZipCacheLocator"
DIGEST_SIZE = 20
"""Bytes of the digest at the beginning of each file."""


class KernelLocator(caching.UserProvidedCacheLocator):  # type: ignore[misc] # numba has no types
    """Puts the machine code of every function with a source file into the folder of this cache."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        self._py_file = py_file
        self._lineno = py_func.__code__.co_firstlineno
        self._cache_path = str(cache_folder() / self.get_suitable_cache_subpath(py_file))

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "KernelLocator | None":
        """The locator; None for code without a file, such as a cell of a notebook."""
        return cls(py_func, py_file) if Path(py_file).exists() else None

    def ensure_cache_path(self) -> None:
        """Creates the folder if possible."""
        with suppress(OSError):
            Path(self.get_cache_path()).mkdir(parents=True, exist_ok=True)


class KernelFiles(caching.IndexDataCacheFile):  # type: ignore[misc] # numba has no types
    """The files of one function. Never raises OSError."""

    def save(self, key: object, data: object) -> None:
        """Writes the machine code of a signature, unless the folder cannot be written to."""
        content = self._dump(data)
        with suppress(OSError), self._open_for_write(self._path(key)) as file:
            file.write(self._digest(key, content) + content)

    def load(self, key: object) -> Any:
        """The machine code of a signature; None if there is no intact file."""
        try:
            stored = Path(self._path(key)).read_bytes()
        except OSError:
            return None
        digest, content = stored[:DIGEST_SIZE], stored[DIGEST_SIZE:]
        return serialize.loads(content) if digest == self._digest(key, content) else None

    def _path(self, key: object) -> str:
        return str(self._data_path(self._data_name_pattern.replace("{number:d}", self._digest(key).hex())))

    def _digest(self, key: object, content: bytes = b"") -> bytes:
        """Of the signature, processor and source file of a function, and of its machine code."""
        identity = repr((self._index_name, self._source_stamp, key)).encode()
        digest = hashlib.blake2b(identity, digest_size=DIGEST_SIZE)
        digest.update(content)
        return digest.digest()


@cache
def cache_folder() -> Path:
    """The folder of this cache: that of NUMBA_CACHE_DIR or the user's caches, or if it is unusable a temporary one.

    Its name contains the versions of the libraries and of Python, and the processor. If the temporary folder cannot be
    used either, the preferred folder is returned, and every process compiles again.
    """
    name = _folder_name()
    preferred = preferred_folder()
    if _make_private(preferred / name):
        return preferred / name
    with suppress(OSError):
        temporary = Path(tempfile.gettempdir()) / f"catalog-kernels-{os.getuid()}"
        if _make_private(temporary) and _make_private(temporary / name):
            return temporary / name
    return preferred / name


def preferred_folder() -> Path:
    """NUMBA_CACHE_DIR, or a folder in the caches of the user."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    return Path(chosen).absolute() if chosen else user_cache_path("catalog", appauthor=False) / "kernels"


def is_writable() -> bool:
    """Whether compiled kernels can be kept."""
    return _make_private(cache_folder())


def _folder_name() -> str:
    features = binding.get_host_cpu_features().flatten()
    processor = hashlib.blake2b(features.encode(), digest_size=4).hexdigest()
    parts = [f"{name}-{version(name)}" for name in LIBRARIES]
    python = sys.implementation.cache_tag
    return "-".join([*parts, str(python), binding.get_host_cpu_name(), processor])


def _make_private(folder: Path) -> bool:
    """Creates a folder that only this user can write to. Whether it is one: machine code of others is not executed."""
    if not folder.is_absolute():
        return False  # the user has no home folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


@contextmanager
def compile_lock(name: str) -> Iterator[None]:
    """Lets one process compile at a time, until the kernels of `name` are marked as compiled.

    The mark is set at the end. Without a folder that can be written to, nothing is locked.
    """
    mark = _mark(name)
    if mark.exists():
        yield
        return
    with _open_lock() as lock:
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    with suppress(OSError):
        mark.touch()


def _open_lock() -> AbstractContextManager[IO[str] | None]:
    """The lock file, next to the folder so that it stays when the folder is deleted; None if it cannot be opened."""
    folder = cache_folder()
    return folder.with_name(f"{folder.name}.lock").open("a") if is_writable() else nullcontext()


def is_compiled(name: str) -> bool:
    """Whether the kernels of `name` have been compiled into the folder."""
    return _mark(name).exists()


def discard_cache() -> None:
    """Deletes the folder."""
    shutil.rmtree(cache_folder(), ignore_errors=True)


def _mark(name: str) -> Path:
    return cache_folder() / f"{name}.compiled"


def _install() -> None:
    # numba reads its variables again when one of them changes.
    os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = config.CACHE_LOCATOR_CLASSES = LOCATORS
    caching.IndexDataCacheFile = KernelFiles


_install()
