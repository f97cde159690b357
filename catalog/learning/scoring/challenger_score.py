"""Scoring a new model: what has to be fitted and read for its score, beside the fit itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from catalog.learning.dataset.labeled_tracks import LabeledTracks, load_broader, load_predictable
from catalog.learning.dataset.multilabel import load_tag_sets
from catalog.learning.fitting.abstention import is_withheld
from catalog.learning.prediction.predictions import no_music_among
from catalog.learning.scoring.artist_aware_score import left_out_suggestions, score_artist_aware
from catalog.learning.scoring.champion_refit import Challenger
from catalog.learning.scoring.model_score import ModelScore, score_model
from catalog.learning.scoring.repeated_cv import choices_by_random_folds, repeated_cv_choices


def score_challenger(
    connection: Connection, contender: Challenger, tracks: LabeledTracks, names: Mapping[int, str]
) -> dict[str, Any]:
    """The metrics of a fitted model, with the scores on folds dealt anew and on random folds."""
    frozen, learned = contender.snapshot, contender.learned
    # Scored is what will be suggested: nothing for what is heard as talk, though some of it is music.
    no_music = no_music_among(connection, frozen.track_ids)
    fitted = replace(contender.fitted, answers=is_withheld(contender.fitted.answers, no_music))
    broader, _ = load_broader(connection)
    given, complete = load_tag_sets(connection, frozen.track_ids, contender.hierarchy, broader)
    suggested = left_out_suggestions(
        frozen,
        fitted,
        tracks,
        contender.hierarchy,
        broader,
        load_predictable(connection),
        no_music=no_music,
    )
    again = (
        contender.X,
        frozen.y,
        frozen.groups.number,
        len(frozen.classes),
        learned.behind_projection,
        learned.parameters,
    )
    scored = ModelScore(
        snapshot=frozen,
        fitted=fitted,
        repeated=repeated_cv_choices(*again, seed=frozen.seed),
        by_random_folds=choices_by_random_folds(*again, seed=frozen.seed),
        given=given,
        complete=complete,
        known_artists=score_artist_aware(suggested, fitted.choice, frozen, broader),
    )
    return score_model(scored, tracks, contender.hierarchy, names, precision=contender.precision)
