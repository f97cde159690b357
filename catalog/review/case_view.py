"""A case with its tracks and all evidence for a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.reasons import Reason, describe_reason
from catalog.db.tables import (
    album,
    artist,
    audit,
    collection,
    decision,
    duplicate_pair,
    genre,
    label,
    model,
    prediction,
    review_case,
    statement,
    suspect,
    track,
    track_status,
)
from catalog.db.tables.learning import CHOICES
from catalog.db.track_query import latest_audit
from catalog.learning.dataset.catalog_tracks import load_broader
from catalog.review.case_list import CaseRow, find_case_row
from catalog.review.decision import NothingToDecideError
from catalog.review.pair_acceptance import PairAcceptance, pair_acceptance
from catalog.review.similar_tracks import Neighbor, NeighborIndex, similar_tracks
from catalog.review.suspect_filters import is_in_effect, is_open, is_reviewable, unjudged_sample


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a track."""

    genre_id: int
    genre: str
    """As the vocabulary spells it."""
    as_written: str


@dataclass(frozen=True, slots=True)
class PredictedGenre:
    """A predicted genre."""

    genre_id: int
    genre: str
    probability: float
    """0 to 1, calibrated."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A track with the same or nearly the same audio."""

    track_id: int
    kind: str
    """`same_audio` or `nearly_same`."""
    similarity: float
    title: str | None
    artist: str | None
    path: str | None
    tagged_genres: str | None
    """Names in order, joined by "; "."""


@dataclass(frozen=True, slots=True)
class EarlierVerdict:
    """A decision in effect on the suspect tag of a track."""

    verdict: str
    genre: str | None
    """The chosen genre."""
    reviewer: str
    decided_at: datetime
    batch: str | None


@dataclass(frozen=True, slots=True)
class ReviewTrack:
    """A track for review: metadata, tags, predictions, neighbors and duplicates."""

    track_id: int
    collection: str
    path: str | None
    """For display; relative to the collection's root."""
    state: str
    """`present`, `missing` or `metadata`."""
    external_id: str | None
    title: str | None
    artist: str | None
    album: str | None
    album_id: int | None
    duration: float | None
    """Seconds."""
    statement_id: int | None
    """The current statement; pass it to `decide` as `seen`."""
    tags: tuple[Tag, ...]
    source: str | None
    """Source of the tags: `file`, `import` or `person`."""
    stated_by: str | None
    stated_at: datetime | None
    choices: tuple[PredictedGenre, ...]
    """The most likely genres, at most five: by the model of the audit in a case, else by the active model."""
    neighbors: tuple[Neighbor, ...]
    duplicates: tuple[Duplicate, ...]


@dataclass(frozen=True, slots=True)
class CaseTrack(ReviewTrack):
    """A suspect track of a case."""

    suspect_id: int
    suspicion: float
    """0 to 1: a score to rank by."""
    expected_right: float | None
    relation: str
    reasons: tuple[Reason, ...]
    explanations: tuple[str, ...]
    """The reasons as sentences, in the same order."""
    is_open: bool
    decided: EarlierVerdict | None
    """The newest decision in effect on the suspect tag."""
    counted_as: str | None
    """The genre that the marked neighbors are tagged with, or a kind of it; None without marks."""

    @property
    def further_explanations(self) -> tuple[str, ...]:
        """The sentences that do not repeat the probabilities of `choices`."""
        pairs = zip(self.reasons, self.explanations, strict=True)
        return tuple(
            sentence for reason, sentence in pairs if not self.choices or reason["kind"] != "prediction"
        )

    @property
    def tag_probability(self) -> float | None:
        """Probability of the suspect tag at the time of the audit."""
        return self._prediction("tagged_probability")

    @property
    def suggestion_probability(self) -> float | None:
        """Probability of the suggestion at the time of the audit."""
        return self._prediction("probability")

    def _prediction(self, name: str) -> float | None:
        return next((each.get(name) for each in self.reasons if each["kind"] == "prediction"), None)


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case and its tracks, most suspicious first, including decided ones."""

    case: CaseRow
    audit_id: int
    record: PairAcceptance
    """Of `decided` such suggestions people accepted `accepted`."""
    tracks: tuple[CaseTrack, ...]

    @property
    def open_tracks(self) -> tuple[CaseTrack, ...]:
        """Tracks without a decision."""
        return tuple(each for each in self.tracks if each.is_open)

    @property
    def seen(self) -> dict[int, int | None]:
        """The displayed statements by track, for `decide`."""
        return {each.track_id: each.statement_id for each in self.tracks}


def view_case(connection: Connection, case_id: str, index: NeighborIndex | None = None) -> CaseView:
    """The case of the latest audit, with neighbors if an index is given. Raises NothingToDecideError."""
    case = find_case_row(connection, case_id)
    if case is None:
        raise NothingToDecideError(
            f"there is no case {case_id} in the latest audit; see: catalog review list"
        )
    rows = connection.execute(
        sa.select(
            suspect.c.id,
            suspect.c.audit_id,
            suspect.c.track_id,
            suspect.c.genre_id,
            suspect.c.suspicion,
            suspect.c.expected_right,
            suspect.c.relation,
            suspect.c.reasons,
            is_open().label("open"),
        )
        .join_from(suspect, review_case, review_case.c.id == suspect.c.review_case_id)
        .where(is_reviewable(), review_case.c.case_id == case_id)
        .order_by(suspect.c.suspicion.desc(), suspect.c.id)
    ).all()
    facts = load_review_tracks(connection, [row.track_id for row in rows], model_id=_audit_model(connection))
    reasons = {row.track_id: row.reasons for row in rows}
    neighbors = {} if index is None else similar_tracks(connection, index, reasons)
    _, genre_names = load_broader(connection)
    decided = _decisions(connection, [row.track_id for row in rows])
    return CaseView(
        case=case,
        audit_id=rows[0].audit_id,
        record=pair_acceptance(connection, case.tagged_genre_id, case.suggested_genre_id),
        tracks=tuple(
            CaseTrack(
                **(facts[row.track_id] | {"neighbors": neighbors.get(row.track_id, ())}),
                suspect_id=row.id,
                suspicion=row.suspicion,
                expected_right=row.expected_right,
                relation=row.relation,
                reasons=tuple(row.reasons),
                explanations=tuple(describe_reason(reason, genre_names) for reason in row.reasons),
                is_open=bool(row.open),
                decided=decided.get((row.track_id, row.genre_id)),
                counted_as=_counted_as(row.reasons, genre_names),
            )
            for row in rows
        ),
    )


def _counted_as(reasons: Sequence[Reason], genre_names: Mapping[int, str]) -> str | None:
    reason = next((each for each in reasons if each.get("near")), None)
    if reason is None:
        return None
    return genre_names[reason["genre_id" if reason["kind"] == "neighbors" else "tagged_genre_id"]]


def view_track(connection: Connection, track_id: int, index: NeighborIndex | None = None) -> ReviewTrack:
    """One track, suspect or not, as the audit sample shows it after the judgment. Raises NothingToDecideError."""
    facts = load_review_tracks(connection, [track_id])
    if track_id not in facts:
        raise NothingToDecideError(f"there is no track {track_id}")
    neighbors = {} if index is None else similar_tracks(connection, index, {track_id: ()})
    return ReviewTrack(**(facts[track_id] | {"neighbors": neighbors.get(track_id, ())}))


def _audit_model(connection: Connection) -> int | None:
    """The model of the latest label audit; None for an audit without a model."""
    model_id: int | None = connection.execute(
        sa.select(audit.c.model_id).where(audit.c.id == latest_audit("labels"))
    ).scalar_one_or_none()
    return model_id


def load_review_tracks(
    connection: Connection, track_ids: Sequence[int], *, model_id: int | None = None
) -> dict[int, dict[str, Any]]:
    """The arguments of `ReviewTrack` by track id, without neighbors; predictions of a model, by default the active."""
    rows = connection.execute(
        sa.select(
            track.c.id.label("track_id"),
            collection.c.name.label("collection"),
            track.c.path,
            track.c.state,
            track.c.external_id,
            track.c.title,
            artist.c.name.label("artist"),
            album.c.title.label("album"),
            track.c.album_id,
            track.c.duration,
            track_status.c.statement_id,
            statement.c.source,
            statement.c.stated_by,
            statement.c.stated_at,
        )
        .join_from(track, collection, collection.c.id == track.c.collection_id)
        .join(track_status, track_status.c.track_id == track.c.id, isouter=True)
        .join(statement, statement.c.id == track_status.c.statement_id, isouter=True)
        .join(artist, artist.c.id == track.c.artist_id, isouter=True)
        .join(album, album.c.id == track.c.album_id, isouter=True)
        .where(track.c.id.in_(track_ids))
    ).mappings()
    tags, choices = _tags(connection, track_ids), _predicted_genres(connection, track_ids, model_id)
    duplicates = _duplicates(connection, track_ids)
    return {
        row["track_id"]: {
            **row,
            "tags": tuple(tags[row["track_id"]]),
            "choices": choices.get(row["track_id"], ()),
            "neighbors": (),
            "duplicates": tuple(duplicates[row["track_id"]]),
        }
        for row in rows
    }


def _tags(connection: Connection, track_ids: Sequence[int]) -> defaultdict[int, list[Tag]]:
    tags: defaultdict[int, list[Tag]] = defaultdict(list)
    rows = connection.execute(
        sa.select(track_status.c.track_id, genre.c.id, genre.c.name, label.c.as_written)
        .join_from(track_status, label, label.c.statement_id == track_status.c.statement_id)
        .join(genre, genre.c.id == label.c.genre_id)
        .where(track_status.c.track_id.in_(track_ids))
        .order_by(track_status.c.track_id, label.c.rank)
    )
    for row in rows:
        tags[row.track_id].append(Tag(row.id, row.name, row.as_written))
    return tags


def _predicted_genres(
    connection: Connection, track_ids: Sequence[int], model_id: int | None
) -> dict[int, tuple[PredictedGenre, ...]]:
    names: dict[int, str] = dict(connection.execute(sa.select(genre.c.id, genre.c.name)).all())
    rows = connection.execute(
        sa.select(prediction)
        .join_from(prediction, model, model.c.id == prediction.c.model_id)
        .where(
            model.c.status == "active" if model_id is None else model.c.id == model_id,
            prediction.c.track_id.in_(track_ids),
        )
    ).mappings()
    return {
        row["track_id"]: tuple(
            PredictedGenre(row[f"genre_{at}_id"], names[row[f"genre_{at}_id"]], row[f"probability_{at}"])
            for at in range(1, CHOICES + 1)
            if row[f"genre_{at}_id"] is not None
        )
        for row in rows
    }


def _duplicates(connection: Connection, track_ids: Sequence[int]) -> defaultdict[int, list[Duplicate]]:
    """Duplicates by the latest audit, in either order of the pair, without tracks that wait for a blind judgment."""
    duplicates: defaultdict[int, list[Duplicate]] = defaultdict(list)
    sides = (
        (duplicate_pair.c.track_id, duplicate_pair.c.other_track_id),
        (duplicate_pair.c.other_track_id, duplicate_pair.c.track_id),
    )
    for own, other in sides:
        rows = connection.execute(
            sa.select(
                own.label("for_track_id"),
                track.c.id,
                duplicate_pair.c.kind,
                duplicate_pair.c.similarity,
                track.c.title,
                artist.c.name,
                track.c.path,
                track_status.c.tagged_genres,
            )
            .join_from(duplicate_pair, track, track.c.id == other)
            .join(artist, artist.c.id == track.c.artist_id, isouter=True)
            .join(track_status, track_status.c.track_id == track.c.id, isouter=True)
            .where(
                duplicate_pair.c.audit_id == latest_audit("duplicates"),
                own.in_(track_ids),
                other.not_in(unjudged_sample()),
            )
            .order_by(duplicate_pair.c.similarity.desc(), track.c.id)
        )
        for track_id, *fields in rows:
            duplicates[track_id].append(Duplicate(*fields))
    return duplicates


def _decisions(
    connection: Connection, track_ids: Sequence[int]
) -> Mapping[tuple[int, int | None], EarlierVerdict]:
    """The newest decision in effect by track and tag."""
    chosen = genre.alias("chosen")
    rows = connection.execute(
        sa.select(
            decision.c.track_id,
            decision.c.genre_id,
            decision.c.verdict,
            chosen.c.name,
            decision.c.reviewer,
            decision.c.decided_at,
            decision.c.batch,
        )
        .join_from(decision, chosen, chosen.c.id == decision.c.chosen_genre_id, isouter=True)
        .where(decision.c.track_id.in_(track_ids), is_in_effect(decision))
        .order_by(decision.c.id)
    )
    return {(row.track_id, row.genre_id): EarlierVerdict(*row[2:]) for row in rows}
