"""Predicting: what a model says of every track that it was not fitted on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Floats, Integers
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import feature_vector, genre, snapshot_member, track, track_status
from catalog.learning.dataset.labeled_tracks import load_broader, load_predictable, load_tracks
from catalog.learning.fitting.abstention import is_withheld
from catalog.learning.fitting.album_averaging import ALONE
from catalog.learning.fitting.cross_fit import FittedModel
from catalog.learning.fitting.label_shift_choice import correction_of, no_correction, stored_out_of_fold
from catalog.learning.prediction import batch_inference
from catalog.learning.prediction.album_predictions import predictions_by_album, units_to_predict
from catalog.learning.prediction.batch_inference import (
    ExecutorFactory,
    delete_chunks,
    load_predictor,
    predict_distributed,
    predict_proba,
)
from catalog.learning.prediction.metadata_vote import PRIOR_TRACKS, majority_tags, suggestions
from catalog.learning.prediction.predictions import (
    NEARLY_SILENT,
    Predictions,
    drop_predictions,
    no_music_among,
    predictions_from_audio,
    store_predictions,
)
from catalog.learning.registry.artifact import read_artifact
from catalog.learning.registry.registry import ZERO_SHOT, get_model, model_feature_sets, update_metrics

ROWS = 20_000


def fill_predictions(
    database: Database,
    models: Path,
    model_id: int,
    *,
    with_priors: bool = True,
    spread: ExecutorFactory | None = None,
) -> int:
    """Brings the predictions of a model up to date for all tracks outside its training set.

    Untagged tracks are answered from the album's or artist's other tracks where these agree and the sound does not
    object, else from the sound. Gives how many predictions are new, have changed or are gone; where nothing that they
    rest on has changed, nothing is computed. More than 50,000 tracks are heard by tasks, where `spread` opens an
    executor for them; what is said of them is written at once all the same. Raises ArtifactRejectedError.
    """
    with database.read() as connection:
        row = get_model(connection, model_id)
        basis = _basis(connection, row, with_priors=with_priors)
        if row["artifact"] is not None:
            read_artifact(models, row["artifact"], row["artifact_sha256"])
        if row["metrics"].get("predicted_from") == basis:
            return 0
        answerer = load_predictor(connection, models, row)
        shares = _training_shares(connection, row)
        out_of_fold = stored_out_of_fold(connection, row)
        tracks = load_tracks(connection)
        members = _members(connection, row["snapshot_id"])
        wanted = np.setdiff1d(tracks.ids, members)
        if spread is None or len(wanted) <= batch_inference.DISTRIBUTE_ABOVE:
            found = predict_proba(connection, answerer, model_feature_sets(connection, model_id), wanted)
        else:
            classes = len(answerer.hierarchy.classes)
            found = predict_distributed(database, spread, model_id, basis, wanted, classes)
        ids, probability, resemblance = found.ids, found.probability, found.resemblance
        no_music = no_music_among(connection, ids)
        suggestable = load_predictable(connection)
        broader, names = load_broader(connection)
    untagged = ~tracks.is_tagged[tracks.at(ids)]
    correction = None
    taken = np.full(probability.shape[1], 1 / max(probability.shape[1], 1))
    if shares is not None:
        correction = (
            correction_of(probability[untagged & ~no_music], shares, out_of_fold)
            if with_priors
            else no_correction(shares, "it was switched off")
        )
        probability[untagged] = correction.apply(probability[untagged])
        taken = correction.rests_on
    unit = units_to_predict(row["metrics"], tracks, ids, untagged & ~no_music)
    if isinstance(answerer, FittedModel) and (unit != ALONE).any():
        probability, answers = predictions_by_album(answerer, row["metrics"], probability, resemblance, unit)
    else:
        answers = answerer.answers(probability, resemblance)
    answers = is_withheld(answers, no_music)
    by = "zero_shot" if row["algorithm"] == ZERO_SHOT else "audio"
    sound = [
        None if one is None or one.genre_id not in suggestable else one
        for one in predictions_from_audio(answers, answerer.hierarchy, by)
    ]
    # Untagged tracks that could not be heard still have an album and an artist.
    silent = np.setdiff1d(tracks.ids[~tracks.is_tagged], np.concatenate([ids, members]))
    nothing = np.full((len(silent), probability.shape[1]), np.nan)
    agreed = majority_tags(
        tracks.genres.tolist(), tracks.albums, tracks.artists, broader, suggestable=suggestable
    )
    suggested = suggestions(
        [*sound, *(None for _ in silent)],
        [
            *(None if none else agreed[at] for at, none in zip(tracks.at(ids), no_music, strict=True)),
            *(agreed[at] for at in tracks.at(silent)),
        ],
        np.concatenate([probability, nothing]),
        taken,
        answerer.hierarchy,
        broader,
    )
    predictions = (
        Predictions(
            ids, answerer.hierarchy.classes, probability, suggested[: len(ids)], by_album=unit != ALONE
        ),
        Predictions(silent, (), np.empty((len(silent), 0)), suggested[len(ids) :]),
    )
    with database.write() as connection:
        changed = [
            track_id for part in predictions for track_id in store_predictions(connection, model_id, part)
        ]
        changed += drop_predictions(connection, model_id, keep=np.concatenate([ids, members, silent]))
        if row["status"] == "active":
            refresh_track_status(connection, changed)
        delete_chunks(connection, model_id)
        genres = [names[genre_id] for genre_id in answerer.hierarchy.classes]
        update_metrics(
            connection,
            model_id,
            predicted_from=basis,
            priors=None if correction is None else correction.facts(genres),
        )
    return len(changed)


def _basis(connection: Connection, row: RowMapping, *, with_priors: bool) -> str:
    """What tells two states of all that the predictions of a model rest on apart, as a hash."""
    how = f"{row['id']} {'priors chosen' if with_priors else 'no priors'} {NEARLY_SILENT} {PRIOR_TRACKS}"
    digest = hashlib.blake2b(how.encode(), digest_size=16)
    recipe_ids = [recipe.id for recipe in model_feature_sets(connection, row["id"])]
    queries = (
        sa.select(track.c.id, track.c.artist_id, track.c.album_id, track_status.c.tagged_genre_id)
        .join_from(track, track_status, isouter=True)
        .where(track.c.state != "missing")
        .order_by(track.c.id),
        sa.select(feature_vector.c.track_id, feature_vector.c.computed_at)
        .where(feature_vector.c.feature_set_id.in_(recipe_ids))
        .order_by(feature_vector.c.track_id, feature_vector.c.feature_set_id),
        sa.select(genre.c.id, genre.c.parent_id, genre.c.suggest).order_by(genre.c.id),
    )
    for query in queries:
        for found in connection.execution_options(yield_per=ROWS).execute(query):
            digest.update(repr(tuple(found)).encode())
    return digest.hexdigest()


def _members(connection: Connection, snapshot_id: int | None) -> Integers:
    found = connection.execute(
        sa.select(snapshot_member.c.track_id).where(snapshot_member.c.snapshot_id == snapshot_id)
    ).scalars()
    return np.fromiter(found, dtype=np.int64)


def _training_shares(connection: Connection, row: RowMapping) -> Floats | None:
    """(classes,): how common each class is in the training set; None where there is none."""
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
