"""Truth: how well an audit ranks errors that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.labels.all_suspects import all_suspects
from catalog.audit.labels.label_evidence import Evidence
from catalog.audit.labels.label_issues import Suspect
from catalog.collection.labels.label_file import read_label_file
from catalog.db.tables import collection, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.errors import CatalogError
from catalog.genres.vocabulary_store import load_vocabulary

DEPTHS = (10, 20, 50, 100)


class NoKnownErrorsError(CatalogError):
    """A file of truths that names no error."""


@dataclass(frozen=True, slots=True)
class GenreTruth:
    """The errors among the tracks of one tagged genre."""

    genre: str
    errors: int
    found: int
    """Of them, those among as many first suspects as there are errors in all."""


@dataclass(frozen=True)
class AuditTruth:
    """An audit against known errors. A track that the file does not name is taken to be tagged rightly."""

    errors: int
    not_judged: int
    """Of them, those that the audit cannot rank: their tag is no class, or they were not analyzed."""
    unmatched: int
    """Rows that fit no track, or no genre of the vocabulary."""
    average_precision: float
    """0 to 1; errors that are not in the ranking count as never found."""
    precision_at: Mapping[int, float]
    """Share of errors among the first 10, 20, 50 and 100 suspects, those that there are."""
    recall: float
    """Share of the errors anywhere in the ranking."""
    corrected: float
    """Of the errors in the ranking the share whose suggestion is the right genre."""
    genres: Sequence[GenreTruth]


@dataclass(frozen=True)
class GroundTruth:
    """The genres that are right, by track, and what was tagged instead."""

    right: Mapping[int, int]
    tagged: Mapping[int, str]
    unmatched: int


def read_ground_truth(connection: Connection, file: Path, evidence: Evidence) -> GroundTruth:
    """The errors that the file knows of. Raises LabelFileError, and NoKnownErrorsError where there are none.

    Tracks are named by `path`, from the collection's root or absolute, or by `external_id`; a genre by any of its names.
    """
    rows = read_label_file(file, may_rename=False).rows
    vocabulary = load_vocabulary(connection)
    places: dict[tuple[str, str], int] = {}
    tagged: dict[int, int] = {}
    for row in connection.execute(
        sa.select(
            track.c.id, track.c.path, track.c.external_id, collection.c.root, track_status.c.tagged_genre_id
        )
        .join_from(track, track_status, track_status.c.track_id == track.c.id)
        .join(collection, collection.c.id == track.c.collection_id)
        .where(IS_LISTED, track_status.c.tagged_genre_id.is_not(None))
    ):
        tagged[row.id] = row.tagged_genre_id
        if row.external_id is not None:
            places["external_id", row.external_id] = row.id
        if row.path is not None:
            places["path", row.path] = row.id
            places["path", f"{(row.root or '').rstrip('/')}/{row.path}"] = row.id
    right: dict[int, int] = {}
    unmatched = 0
    for given in rows:
        name = ("external_id", given.external_id) if given.path is None else ("path", given.path)
        track_id = places.get((name[0], name[1] or ""))
        term = vocabulary.resolve(given.genre or "")
        if track_id is None or term is None:
            unmatched += 1
        elif term.id != tagged[track_id]:
            right[track_id] = term.id
    if not right:
        raise NoKnownErrorsError(
            f"{file} names no error: {unmatched:,} of {len(rows):,} rows fit no tagged track or no known genre, "
            "the others say what is tagged"
        )
    names = evidence.terms.names
    return GroundTruth(right, {track_id: names[tagged[track_id]] for track_id in right}, unmatched)


def score_against_ground_truth(evidence: Evidence, truths: GroundTruth) -> AuditTruth:
    """The whole ranking against the errors."""
    ranked: list[Suspect] = []
    tracks: set[int] = set()
    for one in all_suspects(evidence, least=0.0, most=4 * len(evidence.track_ids)):
        if one.relation != "narrower" and one.row not in tracks:  # a track counts once, at its gravest
            ranked.append(one)
            tracks.add(one.row)
    track_ids = [int(evidence.track_ids[one.row]) for one in ranked]
    hits = [track_id in truths.right for track_id in track_ids]
    errors, total, so_far = len(truths.right), 0.0, 0
    for rank, hit in enumerate(hits, start=1):
        so_far += hit
        total += hit * so_far / rank
    corrected = sum(
        truths.right[track_id] == one.suggested_genre_id
        for track_id, one, hit in zip(track_ids, ranked, hits, strict=True)
        if hit
    )
    first = {track_id for track_id, hit in list(zip(track_ids, hits, strict=True))[:errors] if hit}
    judged = set(evidence.track_ids.tolist())
    return AuditTruth(
        errors=errors,
        not_judged=sum(track_id not in judged for track_id in truths.right),
        unmatched=truths.unmatched,
        average_precision=round(total / errors, 4),
        precision_at={depth: round(sum(hits[:depth]) / depth, 4) for depth in DEPTHS if depth <= len(hits)},
        recall=round(so_far / errors, 4),
        corrected=round(corrected / so_far, 4) if so_far else 0.0,
        genres=[
            GenreTruth(
                genre,
                sum(each == genre for each in truths.tagged.values()),
                sum(truths.tagged[track_id] == genre for track_id in first),
            )
            for genre in sorted(set(truths.tagged.values()))
        ],
    )
