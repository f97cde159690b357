"""Listening to one claimed track, without a database; and storing what came of it, in one transaction."""

from __future__ import annotations

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
from catalog.collection.naming.file_signature import file_signature as file_signature_of
from catalog.db.tables import network_tag, track, track_descriptor, track_network_tag
from catalog.db.upsert import insert_into
from catalog.features.stored_feature_set import StoredFeatureSet, tag_dimensions
from catalog.features.vectors import mark_vectors_current, store_vector
from workers.host.mounted_roots import is_root_mounted
from workers.state import claims, failures
from workers.state.claims import Claimed
from workers.state.failures import DECODING, FEATURES, Failure

LEAST_PROBABILITY = 0.1
"""Below it a network's word is not stored."""
MEMORY, TOO_LARGE = "memory", "it takes more memory than --memory-limit allows"
MOMENT = 1.0
"""Seconds to wait before a file that is being written to is tried once more."""


@dataclass(frozen=True)
class AnalysisRequest:
    """A feature set of the program and its row in the catalog."""

    features: FeatureSet
    recipe: StoredFeatureSet


@dataclass(frozen=True)
class AnalysisOutcome:
    """What came of listening to a track: an analysis, or failures, or both where one recipe failed."""

    file_signature: str | None = None
    """Of the file that was heard."""
    analysis: Analysis | None = None
    vectors: Mapping[int, Float32] = field(default_factory=dict)
    """Recipe id -> vector."""
    failures: Sequence[Failure] = ()
    is_same_sound: bool = False
    """Only the tags have changed: the older vectors hold."""
    is_gone: bool = False
    """The file is not there any more, though its collection is."""
    is_out_of_reach: bool = False
    """The collection is not there: a disk that is not mounted. The track is given back."""


def analyze_track(claimed: Claimed, wanted: Sequence[AnalysisRequest]) -> AnalysisOutcome:
    """Decodes the file once and computes what of the wanted it lacks.

    What is wrong with a file is in the outcome, not raised.
    """
    lacking = [one for one in wanted if one.recipe.id in claimed.recipe_ids]
    path = os.path.join(claimed.root, claimed.path)  # noqa: PTH118 -- a name may be bytes that are no text
    file_signature = claimed.file_signature
    try:
        status = os.stat(path)  # noqa: PTH116
        if stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) != (
            claimed.size,
            claimed.mtime_ns,
        ):
            with open(path, "rb") as stream:  # noqa: PTH123
                file_signature = file_signature_of(stream, status.st_size)
    except FileNotFoundError:
        return (
            AnalysisOutcome(is_gone=True)
            if is_root_mounted(claimed.root)
            else AnalysisOutcome(is_out_of_reach=True)
        )
    except (OSError, ValueError):
        pass  # what is wrong with it, `analyze` says best
    if claimed.heard and claimed.heard == {_audio_hash(path)}:
        return AnalysisOutcome(file_signature, is_same_sound=True)
    return _hear(path, file_signature, lacking)


def _hear(
    path: bytes, file_signature: str | None, wanted: Sequence[AnalysisRequest], *, again: bool = False
) -> AnalysisOutcome:
    try:
        analysis = analyze(path, [one.features for one in wanted])
    except AudioError as failure:
        if failure.reason == "changed" and not again:
            # Whoever writes tags is done in a moment.
            time.sleep(MOMENT)
            return _hear(path, file_signature, wanted, again=True)
        if failure.reason == "not-finite":
            return _hear_apart(path, file_signature, wanted)
        return AnalysisOutcome(file_signature, failures=[Failure(DECODING, failure.reason, str(failure))])
    except MemoryError:
        return AnalysisOutcome(file_signature, failures=[Failure(DECODING, MEMORY, TOO_LARGE)])
    except Exception:  # noqa: BLE001 -- whatever a file does to a library, it costs one row
        return _hear_apart(path, file_signature, wanted)
    return AnalysisOutcome(
        file_signature, analysis, {one.recipe.id: analysis.vectors[one.features.name] for one in wanted}
    )


def _audio_hash(path: bytes) -> str:
    try:
        with MediaFile(path) as source, open_audio(source) as (container, stream):
            return scan_packets(container, stream).audio_hash
    except AudioError:
        return ""


def _hear_apart(
    path: bytes, file_signature: str | None, wanted: Sequence[AnalysisRequest]
) -> AnalysisOutcome:
    """One recipe at a time, so that the one which fails does not cost the others their vectors."""
    analysis: Analysis | None = None
    vectors: dict[int, Float32] = {}
    failed: list[Failure] = []
    for one in wanted:
        try:
            alone = analyze(path, [one.features])
        except AudioError as failure:
            failed.append(Failure(FEATURES, failure.reason, str(failure), one.recipe.id))
        except MemoryError:
            failed.append(Failure(FEATURES, MEMORY, TOO_LARGE, one.recipe.id))
        except Exception as error:  # noqa: BLE001
            message = f"{type(error).__name__}: {error}"
            failed.append(Failure(FEATURES, "error", message, one.recipe.id))
        else:
            vectors[one.recipe.id] = alone.vectors[one.features.name]
            if analysis is None or alone.speech_probability is not None:
                analysis = alone
    return AnalysisOutcome(file_signature, analysis, vectors, failed)


def store_outcome(
    connection: Connection,
    worker_id: int,
    claimed: Claimed,
    wanted: Sequence[AnalysisRequest],
    outcome: AnalysisOutcome,
) -> bool:
    """Stores what came of a track and ends its claim, in the caller's transaction.

    False, and nothing stored, where the claim was taken away in the meantime: the result is late.
    """
    if not claims.complete(connection, worker_id, claimed.track_id):
        return False
    track_id = claimed.track_id
    changes: dict[str, object] = {"state": "missing"} if outcome.is_gone else {}
    if not (outcome.is_gone or outcome.is_out_of_reach) and outcome.file_signature != claimed.file_signature:
        # The file has changed since the scan. Size and time stay as they were, so that the next one reads its tags.
        changes["file_signature"] = outcome.file_signature
    if changes:
        connection.execute(sa.update(track).where(track.c.id == track_id).values(changes))
    if outcome.is_same_sound:
        recipe_ids = sorted(claimed.recipe_ids)
        mark_vectors_current(connection, recipe_ids, track_id, outcome.file_signature)
        failures.clear(connection, track_id, recipe_ids)
    if outcome.analysis is not None:
        _store_analysis(connection, track_id, wanted, outcome, outcome.analysis)
    for failed in outcome.failures:
        failures.record(connection, track_id, failed, outcome.file_signature)
    return True


def _store_analysis(
    connection: Connection,
    track_id: int,
    wanted: Sequence[AnalysisRequest],
    outcome: AnalysisOutcome,
    analysis: Analysis,
) -> None:
    _store_facts(connection, track_id, analysis)
    _store_descriptors(connection, track_id, _descriptors(wanted, outcome, analysis))
    # With the hash in it, a vector can be told from one of another sound when the file has changed.
    provenance = {**analysis.provenance, "audio_hash": analysis.stream.audio_hash}
    for recipe in (one.recipe for one in wanted if one.recipe.id in outcome.vectors):
        vector = outcome.vectors[recipe.id]
        store_vector(
            connection, recipe, track_id, vector, file_signature=outcome.file_signature, provenance=provenance
        )
        _store_tags(connection, track_id, recipe, vector)
    failures.clear(connection, track_id, list(outcome.vectors))


def _store_facts(connection: Connection, track_id: int, analysis: Analysis) -> None:
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


def _descriptors(
    wanted: Sequence[AnalysisRequest], outcome: AnalysisOutcome, analysis: Analysis
) -> dict[str, float]:
    """The single numbers that this listening gave; what it did not compute stays as it is."""
    numbers = {"loudness": analysis.loudness}
    if analysis.speech_probability is not None:
        numbers["speech_probability"] = analysis.speech_probability
    for one in wanted:
        vector = outcome.vectors.get(one.recipe.id)
        if vector is not None:
            numbers.update(one.features.describe(vector))
    return numbers


def _store_descriptors(connection: Connection, track_id: int, numbers: Mapping[str, float]) -> None:
    connection.execute(
        insert_into(connection, track_descriptor)
        .values(track_id=track_id, **numbers)
        .on_conflict_do_update(index_elements=[track_descriptor.c.track_id], set_=numbers)
    )


def _store_tags(connection: Connection, track_id: int, recipe: StoredFeatureSet, vector: Float32) -> None:
    places = tag_dimensions(recipe.dimensions)
    if not places:
        return
    words = connection.execute(sa.select(network_tag.c.id, network_tag.c.network, network_tag.c.tag)).all()
    known = [
        (word.id, places[word.network, word.tag]) for word in words if (word.network, word.tag) in places
    ]
    connection.execute(
        sa.delete(track_network_tag).where(
            track_network_tag.c.track_id == track_id,
            track_network_tag.c.network_tag_id.in_([word_id for word_id, _ in known]),
        )
    )
    rows = [
        {"track_id": track_id, "network_tag_id": word_id, "probability": float(vector[place])}
        for word_id, place in known
        if vector[place] >= LEAST_PROBABILITY
    ]
    if rows:
        connection.execute(sa.insert(track_network_tag), rows)
