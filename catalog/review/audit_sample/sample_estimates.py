"""Estimates from the audit sample: label errors, precision by rank, model accuracy, agreement of reviewers."""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.statements import genre_ids_of_statements
from catalog.db.tables import audit_sample, audit_sample_track, decision, model, prediction, suspect
from catalog.learning.dataset.catalog_tracks import load_broader
from catalog.review.audit_sample.audit_sample import NAMES_SHOWN, lies_within, open_sample
from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS
from catalog.review.audit_sample.weighted_share import Share, weighted_share
from catalog.review.suspect_filters import is_not_undone

RESAMPLES = 200
MIN_TRACKS = 5
"""Tracks with two judgments below which there is no kappa."""

RANKS = (20, 50, 100, 200, 500, 1_000)


@dataclass(frozen=True, slots=True)
class JudgedTrack:
    """A judged track of the sample."""

    track_id: int
    weight: float
    choices: tuple[int, ...]
    """Genre ids, one per reviewer who chose one, in the order of their decisions."""
    wrong: float
    """Share of these reviewers whose genre is neither one of the tags nor narrower, nor a broader one with the tag
    confirmed as right."""
    rank: int | None
    """Rank among the suspects of the measured audit, from 1; None if it is not a suspect."""
    predicted: int | None
    """The active model's first prediction."""


@dataclass(frozen=True, slots=True)
class ByRank:
    """Precision and recall of the first suspects."""

    rank: int
    precision: Share | None
    """Share of wrong tags among the sample's suspects down to the rank; None without any."""
    recall: Share | None
    """Share of the sample's wrong tags that are among them; None without wrong tags."""


@dataclass(frozen=True, slots=True)
class SampleEstimate:
    """The current estimates."""

    sample_id: int
    tracks: int
    """In the sample."""
    judged: int
    """Tracks with a chosen genre."""
    undecided: int
    """Tracks with judgments but without a chosen genre."""
    archive: int
    """Tracks that the sample stands for."""
    wrong: Share | None
    """Share of wrong tags in the catalog when the sample was drawn."""
    by_rank: tuple[ByRank, ...]
    accuracy: Share | None
    """Share of tracks whose first prediction is the reviewers' genre, or broader."""
    agreement: RaterAgreement | None
    """Of the two reviewers of each track in the overlap."""
    names_shown: int = 0
    """Questions in which the reviewer looked at the names of the track."""

    @property
    def is_reliable(self) -> bool:
        """There are enough judgments to report the shares."""
        return self.judged >= MIN_JUDGMENTS


def estimate_sample(connection: Connection) -> SampleEstimate | None:
    """The estimates of the newest sample; None before the first. A single estimate is None without judgments for it."""
    sample_id = open_sample(connection)
    if sample_id is None:
        return None
    head = connection.execute(sa.select(audit_sample).where(audit_sample.c.id == sample_id)).one()
    archive = connection.execute(
        sa.select(sa.func.sum(audit_sample_track.c.weight)).where(
            audit_sample_track.c.audit_sample_id == sample_id
        )
    ).scalar_one()
    broader, _ = load_broader(connection)
    judged, undecided = _judged(connection, sample_id, head.parameters.get("audit_id"), broader)
    weights = [each.weight for each in judged]
    predicted = [each for each in judged if each.predicted is not None]
    twice = [each.choices for each in judged if len(each.choices) > 1]
    return SampleEstimate(
        sample_id=sample_id,
        tracks=head.tracks,
        judged=len(judged),
        names_shown=len(head.parameters.get(NAMES_SHOWN, [])),
        undecided=undecided,
        archive=round(archive or 0),
        wrong=weighted_share([each.wrong for each in judged], weights),
        by_rank=tuple(by_rank(judged, _suspects(connection, head.parameters.get("audit_id")))),
        accuracy=weighted_share(
            [
                sum(lies_within(choice, each.predicted or 0, broader) for choice in each.choices)
                / len(each.choices)
                for each in predicted
            ],
            [each.weight for each in predicted],
        ),
        agreement=rater_agreement([one for one, *_ in twice], [other for _, other, *_ in twice]),
    )


def by_rank(judged: Sequence[JudgedTrack], suspects: int) -> list[ByRank]:
    """Precision and recall of the first suspects, by rank, and of all; empty without suspects."""
    wrong = [each for each in judged if each.wrong > 0]
    found = []
    for rank in [*(each for each in RANKS if each < suspects), *([suspects] if suspects else [])]:
        within = [each for each in judged if each.rank is not None and each.rank <= rank]
        found.append(
            ByRank(
                rank,
                weighted_share([each.wrong for each in within], [each.weight for each in within]),
                weighted_share(
                    [float(each.rank is not None and each.rank <= rank) for each in wrong],
                    [each.weight * each.wrong for each in wrong],
                ),
            )
        )
    return found


def _judged(
    connection: Connection, sample_id: int, audit_id: int | None, broader: Mapping[int, int | None]
) -> tuple[list[JudgedTrack], int]:
    """The tracks with a chosen genre, in the order drawn, and the number judged without one."""
    drawn = connection.execute(
        sa.select(audit_sample_track)
        .where(audit_sample_track.c.audit_sample_id == sample_id)
        .order_by(audit_sample_track.c.position)
    ).all()
    tags = genre_ids_of_statements(connection, [row.statement_id for row in drawn])
    ranks, predicted = _ranks(connection, audit_id), _predicted(connection, sample_id)
    choices, confirmed = _choices(connection, sample_id)
    found, undecided = [], 0
    for row in drawn:
        by_reviewer = choices.get(row.track_id, {})
        chosen = tuple(each for each in by_reviewer.values() if each is not None)
        if not chosen:
            undecided += bool(by_reviewer)
            continue
        wrong = [
            not _is_right(
                choice, tags.get(row.statement_id, ()), broader, (row.track_id, reviewer) in confirmed
            )
            for reviewer, choice in by_reviewer.items()
            if choice is not None
        ]
        found.append(
            JudgedTrack(
                track_id=row.track_id,
                weight=row.weight,
                choices=chosen,
                wrong=sum(wrong) / len(wrong),
                rank=ranks.get(row.track_id),
                predicted=predicted.get(row.track_id),
            )
        )
    return found, undecided


def _is_right(
    choice: int, tags: Sequence[int], broader: Mapping[int, int | None], is_confirmed: bool
) -> bool:
    if any(lies_within(choice, tag, broader) for tag in tags):
        return True
    return is_confirmed and any(lies_within(tag, choice, broader) for tag in tags)


def _choices(
    connection: Connection, sample_id: int
) -> tuple[Mapping[int, Mapping[str, int | None]], set[tuple[int, str]]]:
    """The newest blind choice of each reviewer by track, and the reviewers who confirmed the tags of a track."""
    choices: defaultdict[int, dict[str, int | None]] = defaultdict(dict)
    confirmed: set[tuple[int, str]] = set()
    for row in connection.execute(
        sa.select(
            decision.c.track_id,
            decision.c.reviewer,
            decision.c.chosen_genre_id,
            decision.c.verdict,
            decision.c.blind,
        )
        .join_from(decision, audit_sample_track, audit_sample_track.c.track_id == decision.c.track_id)
        .where(
            audit_sample_track.c.audit_sample_id == sample_id,
            decision.c.source == "sample",
            is_not_undone(decision),
        )
        .order_by(decision.c.id)
    ):
        if row.blind:
            choices[row.track_id][row.reviewer] = row.chosen_genre_id
        elif row.verdict == "keep":
            confirmed.add((row.track_id, row.reviewer))
    return choices, confirmed


def _ranks(connection: Connection, audit_id: int | None) -> dict[int, int]:
    """The rank of each suspect's track, from 1, most suspicious first."""
    rows = connection.execute(
        sa.select(suspect.c.track_id)
        .where(suspect.c.audit_id == audit_id, suspect.c.relation != "narrower")
        .order_by(suspect.c.suspicion.desc(), suspect.c.id)
    ).scalars()
    ranks: dict[int, int] = {}
    for rank, track_id in enumerate(rows, 1):
        ranks.setdefault(track_id, rank)
    return ranks


def _suspects(connection: Connection, audit_id: int | None) -> int:
    return int(
        connection.execute(
            sa.select(sa.func.count())
            .select_from(suspect)
            .where(suspect.c.audit_id == audit_id, suspect.c.relation != "narrower")
        ).scalar_one()
    )


def _predicted(connection: Connection, sample_id: int) -> dict[int, int]:
    return dict(
        connection.execute(
            sa.select(prediction.c.track_id, prediction.c.genre_1_id)
            .join_from(prediction, model, model.c.id == prediction.c.model_id)
            .join(audit_sample_track, audit_sample_track.c.track_id == prediction.c.track_id)
            .where(
                model.c.status == "active",
                audit_sample_track.c.audit_sample_id == sample_id,
                prediction.c.genre_1_id.is_not(None),
            )
        ).all()
    )


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """Two reviewers on the same tracks."""

    kappa: float
    """Cohen's kappa (1960): 1 for full agreement, 0 for agreement by chance."""
    low: float
    high: float
    tracks: int


def rater_agreement(one: Sequence[int], other: Sequence[int], seed: int = 0) -> RaterAgreement | None:
    """Cohen's kappa of two lists of genres in one order of tracks, with an interval by percentile bootstrap over
    tracks.

    None for fewer than `MIN_TRACKS` tracks, and if all judgments name one genre, which chance explains.
    """
    from sklearn.metrics import cohen_kappa_score  # a second to import

    if len(one) < MIN_TRACKS:
        return None
    first, second = np.asarray(one), np.asarray(other)
    random = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a resample with a single genre has no kappa
        value = float(cohen_kappa_score(first, second))
        resampled = [
            float(cohen_kappa_score(first[rows], second[rows]))
            for rows in (random.integers(0, len(first), len(first)) for _ in range(RESAMPLES))
        ]
    if math.isnan(value):
        return None
    kappas = [each for each in resampled if not math.isnan(each)] or [value]
    low, high = np.quantile(kappas, [0.025, 0.975])
    return RaterAgreement(value, float(low), float(high), len(one))
