"""What every feature set must hold to, whoever wrote it: tried out on sounds that are easy to trip over.

from catalog.audio.feature_sets.conformance import check_feature_set
assert not faults(MY_FEATURE_SET)
"""

import multiprocessing
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection

import numpy as np
from threadpoolctl import threadpool_limits

from catalog.arrays import Float32
from catalog.audio.feature_set import FeatureSet, Waveform

SHORTEST = 0.5  # seconds; nothing shorter reaches a feature set
PATIENCE = 60.0  # seconds for which a forked process is waited for


def probe_signals(sample_rate: int) -> dict[str, Float32]:
    """Finite sounds (name -> mono float32 samples), seeded, the same to the last bit each time."""
    half, whole = round(SHORTEST * sample_rate), 4 * sample_rate
    time = np.arange(whole) / sample_rate
    noise = np.random.default_rng(1).standard_normal(whole)
    music = 0.3 * np.sin(2 * np.pi * 220 * time) * np.exp(-3 * (time % 0.5)) + 0.02 * noise
    made = {
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
    return {name: samples.astype(np.float32) for name, samples in made.items()}


def check_feature_set(features: FeatureSet) -> list[str]:
    """What is wrong with a feature set, a line for each fault; empty where all is well.

    Of every sound it must give one finite float32 number for each dimension, the same bytes each time, with one thread
    and with two, in a forked process too, and must leave the samples as they were.
    """
    found = list(_faulty_names(features))
    for name, samples in probe_signals(features.sample_rate).items():
        found += (f"{name}: {fault}" for fault in _faulty_vector(features, samples))
    if not found:
        found += _faulty_threads(features)
        found += _faulty_fork(features)
    return found


def _faulty_names(features: FeatureSet) -> Iterator[str]:
    if not features.dimensions:
        yield "it has no dimension"
    if any(not name or not name.isprintable() for name in features.dimensions):
        yield "the name of a dimension is empty or cannot be printed"
    if len(set(features.dimensions)) != len(features.dimensions):
        yield "two dimensions share a name"
    if features.version < 1:
        yield f"its version is {features.version}; the first is 1"
    for library in features.libraries:
        try:
            version(library)
        except PackageNotFoundError:
            yield f"there is no distribution {library!r}, whose version was to be noted"


def _faulty_vector(features: FeatureSet, samples: Float32) -> Iterator[str]:
    before = samples.copy()
    try:
        vector = features.compute(Waveform(samples, features.sample_rate))
        again = features.compute(Waveform(before.copy(), features.sample_rate))
    except Exception as error:  # noqa: BLE001 -- whatever it raises is its fault
        yield f"raises {type(error).__name__}: {error}"
        return
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32:
        yield f"gives {getattr(vector, 'dtype', type(vector).__name__)} and no float32"
        return
    if vector.shape != (len(features.dimensions),):
        yield f"gives {vector.shape} for {len(features.dimensions)} names"
        return
    bad = np.flatnonzero(~np.isfinite(vector))
    if len(bad):
        yield f"{features.dimensions[bad[0]]} is {vector[bad[0]]}"
    if vector.tobytes() != again.tobytes():
        yield "other numbers the second time"
    if not np.array_equal(samples, before):
        yield "the samples were written to"


def _faulty_threads(features: FeatureSet) -> Iterator[str]:
    """Workers have one thread, other programs more: a sum left to BLAS ends in other digits."""
    samples = probe_signals(features.sample_rate)["music"]
    found = set()
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.add(features.compute(Waveform(samples, features.sample_rate)).tobytes())
    if len(found) > 1:
        yield "other numbers with two threads than with one"


def _faulty_fork(features: FeatureSet) -> Iterator[str]:
    """Workers compute one vector, then fork: what starts threads at its first use may hang in the child for ever."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return
    samples = probe_signals(features.sample_rate)["music"]
    expected = features.compute(Waveform(samples, features.sample_rate)).tobytes()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_compute_there, args=(sender, features, samples))
    child.start()
    sender.close()
    try:
        if not receiver.poll(PATIENCE):
            yield f"does not come to an end in a forked process within {PATIENCE:.0f} s"
        elif receiver.recv_bytes() != expected:
            yield "other numbers in a forked process"
    except EOFError:
        yield "dies in a forked process"
    finally:
        child.kill()
        child.join()
        receiver.close()


def _compute_there(sender: Connection, features: FeatureSet, samples: Float32) -> None:
    sender.send_bytes(features.compute(Waveform(samples, features.sample_rate)).tobytes())
