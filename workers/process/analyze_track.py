"""Analyzing one claimed track without database access, and storing the outcome in one transaction."""

import logging
import os
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Float32
from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.demux import open_audio, scan_packets
from catalog.audio.decoding.media_file import MediaFile
from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets.analysis import Analysis, analyze
from catalog.audio.feature_sets.installed import feature_set
from catalog.collection.naming.file_signature import file_signature as read_file_signature
from catalog.db.tables import network_tag, track, track_descriptor, track_network_tag
from catalog.db.upsert import insert_into
from catalog.features.stored_feature_set import StoredFeatureSet, find_feature_set, tag_dimensions
from catalog.features.vectors import mark_vectors_current, store_vector
from workers.host.root_mapping import is_root_mounted
from workers.state import claims, failures
from workers.state.claims import ClaimedTrack
from workers.state.failures import DECODING, FEATURES, Failure

log = logging.getLogger(__name__)

MIN_PROBABILITY = 0.1
"""Network tags with a lower probability are not stored."""
MEMORY, MEMORY_MESSAGE = "memory", "it takes more memory than --memory-limit allows"
RETRY_PAUSE = 1.0
"""Seconds before the only retry of a file that changed during the analysis."""


@dataclass(frozen=True)
class AnalysisRequest:
    """A feature set to compute, and its row in the catalog."""

    features: FeatureSet
    stored: StoredFeatureSet


@dataclass(frozen=True)
class AnalysisOutcome:
    """The result for a track: an analysis, or failures, or both if one feature set failed."""

    file_signature: str | None = None
    """Of the file that was analyzed."""
    analysis: Analysis | None = None
    vectors: Mapping[int, Float32] = field(default_factory=dict)
    """Feature set id -> vector."""
    failures: Sequence[Failure] = ()
    is_same_audio: bool = False
    """Only the tags have changed: the stored vectors are still valid."""
    is_gone: bool = False
    """The file does not exist, but its collection is mounted."""
    is_unmounted: bool = False
    """The collection is not mounted. The track is released."""


def find_requests(connection: Connection, hashes: Sequence[str]) -> list[AnalysisRequest]:
    """The feature sets with these hashes. Those that this program does not have are left to other workers."""
    requests = []
    for expected in hashes:
        stored = find_feature_set(connection, expected)
        try:
            features = None if stored is None else feature_set(stored.name)
        except LookupError:
            features = None
        if stored is None or features is None or features.hash != expected:
            log.warning("the feature set %s is not one of this program; another version is needed", expected)
        else:
            requests.append(AnalysisRequest(features, stored))
    return requests


def analyze_track(claimed: ClaimedTrack, requests: Sequence[AnalysisRequest]) -> AnalysisOutcome:
    """Decodes the file once and computes the requested feature sets that the track lacks.

    Errors in the file are part of the outcome and are not raised.
    """
    requests = [request for request in requests if request.stored.id in claimed.feature_set_ids]
    path = os.path.join(claimed.root, claimed.path)  # noqa: PTH118 -- the bytes may not be valid text
    file_signature = claimed.file_signature
    try:
        status = os.stat(path)  # noqa: PTH116
        known = (claimed.size, claimed.mtime_ns)
        if stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) != known:
            with open(path, "rb") as stream:  # noqa: PTH123
                file_signature = read_file_signature(stream, status.st_size)
    except FileNotFoundError:
        is_mounted = is_root_mounted(claimed.root)
        return AnalysisOutcome(is_gone=is_mounted, is_unmounted=not is_mounted)
    except (OSError, ValueError):
        pass  # `analyze` reports the error
    if claimed.audio_hashes and claimed.audio_hashes == {_audio_hash(path)}:
        return AnalysisOutcome(file_signature, is_same_audio=True)
    return _analyze(path, file_signature, requests)


def _analyze(
    path: bytes, file_signature: str | None, requests: Sequence[AnalysisRequest], *, is_retry: bool = False
) -> AnalysisOutcome:
    try:
        analysis = analyze(path, [request.features for request in requests])
    except AudioError as error:
        if error.reason == "changed" and not is_retry:
            # A tag editor needs a moment to finish.
            time.sleep(RETRY_PAUSE)
            return _analyze(path, file_signature, requests, is_retry=True)
        if error.reason == "not-finite":
            return _analyze_separately(path, file_signature, requests)
        return AnalysisOutcome(file_signature, failures=[Failure(DECODING, error.reason, str(error))])
    except MemoryError:
        return AnalysisOutcome(file_signature, failures=[Failure(DECODING, MEMORY, MEMORY_MESSAGE)])
    except Exception:  # noqa: BLE001 -- any error of a library costs one track only
        return _analyze_separately(path, file_signature, requests)
    vectors = {request.stored.id: analysis.vectors[request.features.name] for request in requests}
    return AnalysisOutcome(file_signature, analysis, vectors)


def _audio_hash(path: bytes) -> str:
    try:
        with MediaFile(path) as source, open_audio(source) as (container, stream):
            return scan_packets(container, stream).audio_hash
    except AudioError:
        return ""


def _analyze_separately(
    path: bytes, file_signature: str | None, requests: Sequence[AnalysisRequest]
) -> AnalysisOutcome:
    """Computes one feature set at a time, so that a failure of one does not affect the others."""
    first: Analysis | None = None
    vectors: dict[int, Float32] = {}
    failed: list[Failure] = []
    for request in requests:
        feature_set_id = request.stored.id
        try:
            analysis = analyze(path, [request.features])
        except AudioError as error:
            failed.append(Failure(FEATURES, error.reason, str(error), feature_set_id))
        except MemoryError:
            failed.append(Failure(FEATURES, MEMORY, MEMORY_MESSAGE, feature_set_id))
        except Exception as error:  # noqa: BLE001
            failed.append(Failure(FEATURES, "error", f"{type(error).__name__}: {error}", feature_set_id))
        else:
            vectors[feature_set_id] = analysis.vectors[request.features.name]
            if first is None or analysis.speech_probability is not None:
                first = analysis
    return AnalysisOutcome(file_signature, first, vectors, failed)


def store_outcome(
    connection: Connection,
    worker_id: int,
    claimed: ClaimedTrack,
    requests: Sequence[AnalysisRequest],
    outcome: AnalysisOutcome,
) -> bool:
    """Stores the outcome of a track and ends its claim, in the caller's transaction.

    Returns False and stores nothing if the worker has lost the claim: the result is too late.
    """
    if not claims.complete(connection, worker_id, claimed.track_id):
        return False
    track_id = claimed.track_id
    changes: dict[str, object] = {"state": "missing"} if outcome.is_gone else {}
    if not (outcome.is_gone or outcome.is_unmounted) and outcome.file_signature != claimed.file_signature:
        # The file has changed since the scan. Size and time stay unchanged, so that the next scan reads its tags.
        changes["file_signature"] = outcome.file_signature
    if changes:
        connection.execute(sa.update(track).where(track.c.id == track_id).values(changes))
    if outcome.is_same_audio:
        feature_set_ids = sorted(claimed.feature_set_ids)
        mark_vectors_current(connection, feature_set_ids, track_id, outcome.file_signature)
        failures.clear(connection, track_id, feature_set_ids)
    if outcome.analysis is not None:
        _store_analysis(connection, track_id, requests, outcome, outcome.analysis)
    for failure in outcome.failures:
        failures.record(connection, track_id, failure, outcome.file_signature)
    return True


def _store_analysis(
    connection: Connection,
    track_id: int,
    requests: Sequence[AnalysisRequest],
    outcome: AnalysisOutcome,
    analysis: Analysis,
) -> None:
    stream = analysis.stream
    connection.execute(
        sa.update(track)
        .where(track.c.id == track_id)
        .values(
            duration=stream.duration,
            codec=stream.codec,
            sample_rate=stream.sample_rate,
            channels=stream.channels,
            audio_hash=stream.audio_hash,
        )
    )
    computed = [request for request in requests if request.stored.id in outcome.vectors]
    # Descriptors that this analysis did not give stay unchanged.
    descriptors = {"loudness": analysis.loudness}
    if analysis.speech_probability is not None:
        descriptors["speech_probability"] = analysis.speech_probability
    for request in computed:
        descriptors.update(request.features.describe(outcome.vectors[request.stored.id]))
    connection.execute(
        insert_into(connection, track_descriptor)
        .values(track_id=track_id, **descriptors)
        .on_conflict_do_update(index_elements=[track_descriptor.c.track_id], set_=descriptors)
    )
    # After a change of the file, the hash shows whether the vector belongs to the same audio.
    provenance = {**analysis.provenance, "audio_hash": stream.audio_hash}
    signature = outcome.file_signature
    for stored in (request.stored for request in computed):
        vector = outcome.vectors[stored.id]
        store_vector(connection, stored, track_id, vector, file_signature=signature, provenance=provenance)
        _store_network_tags(connection, track_id, stored, vector)
    failures.clear(connection, track_id, list(outcome.vectors))


def _store_network_tags(
    connection: Connection, track_id: int, stored: StoredFeatureSet, vector: Float32
) -> None:
    dimensions = tag_dimensions(stored.dimensions)
    if not dimensions:
        return
    tags = connection.execute(sa.select(network_tag.c.id, network_tag.c.network, network_tag.c.tag))
    probabilities = {
        tag.id: float(vector[dimensions[tag.network, tag.tag]])
        for tag in tags
        if (tag.network, tag.tag) in dimensions
    }
    connection.execute(
        sa.delete(track_network_tag).where(
            track_network_tag.c.track_id == track_id,
            track_network_tag.c.network_tag_id.in_(list(probabilities)),
        )
    )
    rows = [
        {"track_id": track_id, "network_tag_id": tag_id, "probability": probability}
        for tag_id, probability in probabilities.items()
        if probability >= MIN_PROBABILITY
    ]
    if rows:
        connection.execute(sa.insert(track_network_tag), rows)
