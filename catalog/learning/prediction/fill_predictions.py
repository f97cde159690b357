"""Predictions of a model for all tracks outside its training set."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Booleans, Floats, Integers
from catalog.dataclass_json import from_json
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import feature_vector, genre, snapshot_member, track, track_status
from catalog.db.track_query import IS_LISTED, select_ids
from catalog.learning.dataset.catalog_tracks import CatalogTracks, load_broader, load_predictable, load_tracks
from catalog.learning.fitting.abstention import Selections, withhold
from catalog.learning.fitting.album_averaging import ALONE, album_units, average_by_unit
from catalog.learning.fitting.album_score import AlbumScore
from catalog.learning.fitting.cross_fit import FittedModel
from catalog.learning.fitting.label_shift_choice import (
    Correction,
    fit_correction,
    no_correction,
    stored_out_of_fold,
)
from catalog.learning.prediction import batch_inference
from catalog.learning.prediction.batch_inference import (
    ExecutorFactory,
    Predictor,
    RawPredictions,
    delete_chunks,
    load_predictor,
    predict_distributed,
    predict_proba,
)
from catalog.learning.prediction.metadata_vote import PRIOR_TRACKS, majority_tags, suggestions
from catalog.learning.prediction.predictions import (
    NEARLY_SILENT,
    Predictions,
    Suggestion,
    drop_predictions,
    no_music_among,
    predictions_from_audio,
    store_predictions,
)
from catalog.learning.registry.artifact import read_artifact
from catalog.learning.registry.registry import ZERO_SHOT, get_model, model_feature_sets, update_metrics
from catalog.threads import one_thread

ROWS = 20_000


@dataclass(frozen=True, eq=False)
class _Inputs:
    """The data that predictions are computed from."""

    row: RowMapping
    predictor: Predictor
    tracks: CatalogTracks
    members: Integers
    """The training set."""
    raw: RawPredictions
    no_music: Booleans
    """(n,): the tracks that are speech or nearly silent."""
    training_shares: Floats | None
    """(classes,): None without a training set."""
    out_of_fold: tuple[Floats, Integers]
    suggestable: Collection[int]
    broader: Mapping[int, int | None]
    names: Mapping[int, str]


@one_thread()
def fill_predictions(
    database: Database,
    models: Path,
    model_id: int,
    *,
    with_priors: bool = True,
    executor_factory: ExecutorFactory | None = None,
) -> int:
    """Updates the predictions of a model for all tracks outside its training set.

    The suggestion of an untagged track is the majority of its album's or artist's other tracks, if there is one and the
    audio does not contradict it; otherwise the prediction from audio. Returns the number of predictions that were
    added, changed or deleted. Does nothing if their inputs are unchanged. More than 50,000 tracks are predicted by
    tasks of the executor; the result is stored in one transaction all the same. Raises ArtifactRejectedError.
    """
    with database.read() as connection:
        row = get_model(connection, model_id)
        basis = _basis(connection, row, with_priors=with_priors)
        if row["artifact"] is not None:
            read_artifact(models, row["artifact"], row["artifact_sha256"])
        if row["metrics"].get("predicted_from") == basis:
            return 0
        inputs = _load(database, connection, models, row, basis, executor_factory)
    predictions, correction = _predict(inputs, with_priors=with_priors)
    ids = np.concatenate([inputs.members, *(part.track_ids for part in predictions)])
    with database.write() as connection:
        changed = [
            track_id for part in predictions for track_id in store_predictions(connection, model_id, part)
        ]
        changed += drop_predictions(connection, model_id, keep=ids)
        if row["status"] == "active":
            refresh_track_status(connection, changed)
        delete_chunks(connection, model_id)
        genres = [inputs.names[genre_id] for genre_id in inputs.predictor.hierarchy.classes]
        priors = None if correction is None else correction.facts(genres)
        update_metrics(connection, model_id, predicted_from=basis, priors=priors)
    return len(changed)


def _load(
    database: Database,
    connection: Connection,
    models: Path,
    row: RowMapping,
    basis: str,
    executor_factory: ExecutorFactory | None,
) -> _Inputs:
    predictor = load_predictor(connection, models, row)
    training_shares = _training_shares(connection, row)
    out_of_fold = stored_out_of_fold(connection, row)
    tracks = load_tracks(connection)
    in_training = snapshot_member.c.snapshot_id == row["snapshot_id"]
    members = select_ids(connection, sa.select(snapshot_member.c.track_id).where(in_training))
    others = np.setdiff1d(tracks.ids, members)
    if executor_factory is None or len(others) <= batch_inference.DISTRIBUTE_ABOVE:
        raw = predict_proba(connection, predictor, model_feature_sets(connection, row["id"]), others)
    else:
        classes = len(predictor.hierarchy.classes)
        raw = predict_distributed(database, executor_factory, row["id"], basis, others, classes)
    broader, names = load_broader(connection)
    return _Inputs(
        row=row,
        predictor=predictor,
        tracks=tracks,
        members=members,
        raw=raw,
        no_music=no_music_among(connection, raw.ids),
        training_shares=training_shares,
        out_of_fold=out_of_fold,
        suggestable=load_predictable(connection),
        broader=broader,
        names=names,
    )


def _predict(
    inputs: _Inputs, *, with_priors: bool
) -> tuple[tuple[Predictions, Predictions], Correction | None]:
    """Predictions of the tracks with vectors and of untagged tracks without, and the prior correction used."""
    tracks, ids, no_music = inputs.tracks, inputs.raw.ids, inputs.no_music
    probability, resemblance = inputs.raw.probability, inputs.raw.resemblance
    hierarchy = inputs.predictor.hierarchy
    untagged = ~tracks.is_tagged[tracks.at(ids)]
    correction = None
    class_shares = np.full(probability.shape[1], 1 / max(probability.shape[1], 1))
    if inputs.training_shares is not None:
        correction = (
            fit_correction(probability[untagged & ~no_music], inputs.training_shares, inputs.out_of_fold)
            if with_priors
            else no_correction(inputs.training_shares, "it was switched off")
        )
        probability[untagged] = correction.apply(probability[untagged])
        class_shares = correction.assumed_shares
    stored = inputs.row["metrics"].get("by_album")  # a zero-shot model has no scores
    score = None if stored is None else from_json(AlbumScore, stored)
    unit = units_to_predict(score, tracks, ids, untagged & ~no_music)
    if score is not None and isinstance(inputs.predictor, FittedModel) and (unit != ALONE).any():
        probability, selections = predictions_by_album(
            inputs.predictor, score, probability, resemblance, unit
        )
    else:
        selections = inputs.predictor.select(probability, resemblance)
    by = "zero_shot" if inputs.row["algorithm"] == ZERO_SHOT else "audio"
    from_audio = predictions_from_audio(
        withhold(selections, no_music), hierarchy, by, suggestable=inputs.suggestable
    )
    return _combine(inputs, from_audio, probability, class_shares, unit != ALONE), correction


def _combine(
    inputs: _Inputs,
    from_audio: Sequence[Suggestion | None],
    probability: Floats,
    class_shares: Floats,
    by_album: Booleans,
) -> tuple[Predictions, Predictions]:
    """Adds the majority vote of album and artist to the suggestions from audio."""
    tracks, ids, hierarchy = inputs.tracks, inputs.raw.ids, inputs.predictor.hierarchy
    # Untagged tracks without vectors can still have an album and an artist.
    without_vector = np.setdiff1d(tracks.ids[~tracks.is_tagged], np.concatenate([ids, inputs.members]))
    majority = majority_tags(
        tracks.genres.tolist(),
        tracks.albums,
        tracks.artists,
        inputs.broader,
        suggestable=inputs.suggestable,
    )
    suggested = suggestions(
        [*from_audio, *(None for _ in without_vector)],
        [
            *(
                None if none else majority[at]
                for at, none in zip(tracks.at(ids), inputs.no_music, strict=True)
            ),
            *(majority[at] for at in tracks.at(without_vector)),
        ],
        np.concatenate([probability, np.full((len(without_vector), probability.shape[1]), np.nan)]),
        class_shares,
        hierarchy,
        inputs.broader,
    )
    return (
        Predictions(ids, hierarchy.classes, probability, suggested[: len(ids)], by_album=by_album),
        Predictions(without_vector, (), np.empty((len(without_vector), 0)), suggested[len(ids) :]),
    )


def _basis(connection: Connection, row: RowMapping, *, with_priors: bool) -> str:
    """Digest of all data that the predictions of a model depend on."""
    options = f"{row['id']} {'priors chosen' if with_priors else 'no priors'} {NEARLY_SILENT} {PRIOR_TRACKS}"
    digest = hashlib.blake2b(options.encode(), digest_size=16)
    feature_set_ids = [features.id for features in model_feature_sets(connection, row["id"])]
    queries = (
        sa.select(track.c.id, track.c.artist_id, track.c.album_id, track_status.c.tagged_genre_id)
        .join_from(track, track_status, isouter=True)
        .where(IS_LISTED)
        .order_by(track.c.id),
        sa.select(feature_vector.c.track_id, feature_vector.c.computed_at)
        .where(feature_vector.c.feature_set_id.in_(feature_set_ids))
        .order_by(feature_vector.c.track_id, feature_vector.c.feature_set_id),
        sa.select(genre.c.id, genre.c.parent_id, genre.c.suggest).order_by(genre.c.id),
    )
    for query in queries:
        for values in connection.execution_options(yield_per=ROWS).execute(query):
            digest.update(repr(tuple(values)).encode())
    return digest.hexdigest()


def _training_shares(connection: Connection, row: RowMapping) -> Floats | None:
    """(classes,): share of each class in the training set; None without a training set."""
    if row["snapshot_id"] is None:
        return None
    counts: dict[int, int] = dict(
        connection.execute(
            sa.select(snapshot_member.c.genre_id, sa.func.count())
            .where(snapshot_member.c.snapshot_id == row["snapshot_id"])
            .group_by(snapshot_member.c.genre_id)
        ).all()
    )
    shares = np.array([counts.get(genre_id, 0) for genre_id in row["class_order"]], dtype=np.float64)
    return np.asarray(shares / shares.sum())


def units_to_predict(
    score: AlbumScore | None, tracks: CatalogTracks, ids: Integers, eligible: Booleans
) -> Integers:
    """(n,): the album number of each `eligible` track (n,); ALONE for other tracks and where the score chose tracks."""
    if score is None or score.unit != "album":
        return np.full(len(ids), ALONE, dtype=np.int64)
    positions = tracks.at(ids)
    albums = [
        tracks.albums[at] if is_eligible else None
        for at, is_eligible in zip(positions, eligible.tolist(), strict=True)
    ]
    return album_units(albums, [tracks.artists[at] for at in positions])


def predictions_by_album(
    model: FittedModel, score: AlbumScore, probability: Floats, resemblance: Floats | None, unit: Integers
) -> tuple[Floats, Selections]:
    """(n, classes): probabilities averaged over the units (n,), and the selected genres.

    Units have a threshold of their own, because a mean varies less than its members and would pass the threshold of
    single tracks too often. The resemblance to each class is not averaged: speech on a music album stays speech.
    """
    means = average_by_unit(probability, unit, score.mean)
    album_model = replace(model, threshold=replace(model.threshold, value=score.threshold))
    by_track, by_album = (one.select(means, resemblance) for one in (model, album_model))
    return means, Selections(
        node=np.where(unit == ALONE, by_track.node, by_album.node),
        probability=np.where(unit == ALONE, by_track.probability, by_album.probability),
    )
