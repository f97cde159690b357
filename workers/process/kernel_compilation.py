"""Compiles the kernels of feature sets in a child process, so that machine code that crashes ends no worker."""

import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version

from catalog.audio.feature_set import FeatureSet
from catalog.errors import CatalogError
from catalog.threads import ONE_THREAD
from workers.host.exit_codes import describe_exit

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 2


class KernelsFailedError(CatalogError):
    """The kernels of the feature sets cannot be compiled or run. No track is to blame."""


def compilation_name(features: Sequence[FeatureSet]) -> str:
    """The name under which the compilation of these feature sets is marked as done."""
    parts = [version("music-catalog"), *sorted(each.hash for each in features)]
    return hashlib.blake2b(" ".join(parts).encode(), digest_size=8).hexdigest()


def uses_numba(features: Sequence[FeatureSet]) -> bool:
    """Whether one of the feature sets has kernels to compile."""
    return any("numba" in each.libraries for each in features)


def compile_kernels(features: Sequence[FeatureSet], *, is_forced: bool = False) -> None:
    """Computes the feature sets once in a child process, unless that has been done; with `is_forced` in any case.

    If a signal ends the child, the cache is discarded and everything is compiled once more. Raises KernelsFailedError.
    """
    if not uses_numba(features):
        return
    from catalog.audio.kernel_cache import discard_cache, is_compiled  # imports numba

    if is_compiled(compilation_name(features)) and not is_forced:
        return
    log.info("compiling the feature sets, which takes up to a minute")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        child = subprocess.run(
            [sys.executable, "-P", "-m", "workers.process.warm_up", *(each.name for each in features)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, **ONE_THREAD},
            check=False,
            # Ctrl-C reaches this process only, which then kills the child.
            start_new_session=True,
        )
        if child.returncode == 0:
            return
        ending = describe_exit(child.returncode)
        if child.returncode > 0 or attempt == MAX_ATTEMPTS:
            lines = child.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
            raise KernelsFailedError(
                f"the feature sets cannot be computed: a test ended {ending} ({lines[-1][:300]}); "
                "reinstall the program if it does so again"
            )
        log.warning("compiling the feature sets ended %s; the cache is discarded, compiling again", ending)
        discard_cache()
