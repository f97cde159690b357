"""Conformance test of feature sets, on signals that often cause errors.

from catalog.audio.feature_sets.conformance import check_feature_set
assert not check_feature_set(MY_FEATURE_SET)
"""

import multiprocessing
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection

import numpy as np
from threadpoolctl import threadpool_limits

from catalog.arrays import Float32
from catalog.audio.feature_set import FeatureSet, Waveform

SHORTEST = 0.5  # seconds; shorter audio is never passed to a feature set
FORK_TIMEOUT = 60.0  # seconds


def probe_signals(sample_rate: int) -> dict[str, Float32]:
    """Finite test signals by name: mono float32 samples, seeded, bit-identical each time."""
    half, whole = round(SHORTEST * sample_rate), 4 * sample_rate
    time = np.arange(whole) / sample_rate
    noise = np.random.default_rng(1).standard_normal(whole)
    music = 0.3 * np.sin(2 * np.pi * 220 * time) * np.exp(-3 * (time % 0.5)) + 0.02 * noise
    signals = {
        "music": music,
        "half a second": music[:half],
        "silence": np.zeros(whole),
        "half a second of silence": np.zeros(half),
        "direct current": np.full(whole, 0.7),
        "clipped": np.clip(30 * noise, -1, 1),
        "a click in silence": np.eye(1, whole, whole // 2)[0],
        "next to nothing": 1e-30 * noise,
        "a million times full scale": 1e6 * np.sign(noise),
    }
    return {name: samples.astype(np.float32) for name, samples in signals.items()}


def check_feature_set(features: FeatureSet) -> list[str]:
    """The faults of a feature set, one line each; empty if it conforms.

    For every signal it must return one finite float32 number per dimension, the same bytes each time, with one thread
    and with two, also in a forked process, and must not modify the samples.
    """
    faults = list(_check_names(features))
    for name, samples in probe_signals(features.sample_rate).items():
        faults += (f"{name}: {fault}" for fault in _check_vector(features, samples))
    if not faults:
        faults += _check_threads(features)
        faults += _check_fork(features)
    return faults


def _check_names(features: FeatureSet) -> Iterator[str]:
    if not features.dimensions:
        yield "no dimensions"
    if any(not name or not name.isprintable() for name in features.dimensions):
        yield "a dimension name is empty or not printable"
    if len(set(features.dimensions)) != len(features.dimensions):
        yield "two dimensions have the same name"
    if features.version < 1:
        yield f"version {features.version}; versions start at 1"
    for library in features.libraries:
        try:
            version(library)
        except PackageNotFoundError:
            yield f"unknown distribution {library!r} in `libraries`"


def _check_vector(features: FeatureSet, samples: Float32) -> Iterator[str]:
    before = samples.copy()
    try:
        vector = features.compute(Waveform(samples, features.sample_rate))
        again = features.compute(Waveform(before.copy(), features.sample_rate))
    except Exception as error:  # noqa: BLE001 -- any exception is a fault
        yield f"raises {type(error).__name__}: {error}"
        return
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32:
        yield f"returns {getattr(vector, 'dtype', type(vector).__name__)} instead of float32"
        return
    if vector.shape != (len(features.dimensions),):
        yield f"returns shape {vector.shape} for {len(features.dimensions)} dimensions"
        return
    bad = np.flatnonzero(~np.isfinite(vector))
    if len(bad):
        yield f"{features.dimensions[bad[0]]} is {vector[bad[0]]}"
    if vector.tobytes() != again.tobytes():
        yield "different numbers on the second call"
    if not np.array_equal(samples, before):
        yield "the samples were modified"


def _check_threads(features: FeatureSet) -> Iterator[str]:
    """Workers use one thread, other programs more; a BLAS sum then differs in the last digits."""
    samples = probe_signals(features.sample_rate)["music"]
    faults = set()
    for threads in (1, 2):
        with threadpool_limits(threads):
            faults.add(features.compute(Waveform(samples, features.sample_rate)).tobytes())
    if len(faults) > 1:
        yield "different numbers with two threads"


def _check_fork(features: FeatureSet) -> Iterator[str]:
    """Workers compute one vector, then fork: a library that starts threads at first use may hang in the child."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return
    samples = probe_signals(features.sample_rate)["music"]
    expected = features.compute(Waveform(samples, features.sample_rate)).tobytes()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_compute_in_child, args=(sender, features, samples))
    child.start()
    sender.close()
    try:
        if not receiver.poll(FORK_TIMEOUT):
            yield f"does not finish in a forked process within {FORK_TIMEOUT:.0f} s"
        elif receiver.recv_bytes() != expected:
            yield "different numbers in a forked process"
    except EOFError:
        yield "crashes in a forked process"
    finally:
        child.kill()
        child.join()
        receiver.close()


def _compute_in_child(sender: Connection, features: FeatureSet, samples: Float32) -> None:
    sender.send_bytes(features.compute(Waveform(samples, features.sample_rate)).tobytes())
