"""Score of a label audit against known errors."""

# ruff: noqa: PTH100 - a folder's name is bytes here
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.labels.all_suspects import all_suspects
from catalog.audit.labels.label_evidence import Evidence
from catalog.audit.labels.label_issues import Suspect
from catalog.collection.labels.label_file import read_label_file
from catalog.collection.labels.row_matching import match_rows
from catalog.collection.name_matching import NameMatcher
from catalog.db.tables import track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.errors import CatalogError
from catalog.genres.vocabulary_store import load_vocabulary

DEPTHS = (10, 20, 50, 100)


class NoKnownErrorsError(CatalogError):
    """The file of right genres names no error."""


@dataclass(frozen=True, slots=True)
class GenreTruth:
    """The errors among the tracks of one tagged genre."""

    genre: str
    errors: int
    found: int
    """Errors among the first n suspects, where n is the number of all errors."""


@dataclass(frozen=True)
class AuditTruth:
    """Score of an audit. A track that the file does not name counts as tagged correctly."""

    errors: int
    not_audited: int
    """Errors that the audit cannot rank: the tag is no class, or the track was not analyzed."""
    unmatched: int
    """Rows of the file that match no track, or no genre of the vocabulary."""
    average_precision: float
    """0 to 1; errors outside the ranking count as never found."""
    precision_at: Mapping[int, float]
    """Share of errors among the first 10, 20, 50 and 100 suspects, if there are that many."""
    recall: float
    """Share of the errors anywhere in the ranking."""
    corrected: float
    """Share of the ranked errors whose suggestion is the right genre."""
    genres: Sequence[GenreTruth]


@dataclass(frozen=True)
class GroundTruth:
    """The right genre ids by track, and the names of the tags instead."""

    right: Mapping[int, int]
    tagged: Mapping[int, str]
    unmatched: int


def read_ground_truth(connection: Connection, file: Path, evidence: Evidence) -> GroundTruth:
    """The errors that the file names. Raises CsvSourceError, and NoKnownErrorsError if there are none.

    Tracks are named as in `catalog labels import`, genres by any name.
    """
    rows = read_label_file(file, may_rename=False).rows
    vocabulary = load_vocabulary(connection)
    tagged = _tagged_genres(connection)
    folder = os.path.abspath(os.fsencode(file.parent))
    right: dict[int, int] = {}
    unmatched = 0
    for row, ids in zip(rows, match_rows(NameMatcher(connection, folder), rows), strict=True):
        track_id = next(iter(ids)) if len(ids) == 1 else None
        term = next((term for text in row.genres if (term := vocabulary.resolve(text))), None)
        if track_id is None or track_id not in tagged or term is None:
            unmatched += 1
        elif term.id != tagged[track_id]:
            right[track_id] = term.id
    if not right:
        raise NoKnownErrorsError(
            f"{file} names no error: {unmatched:,} of {len(rows):,} rows match no tagged track or no known genre, "
            "the others agree with the tags"
        )
    names = evidence.genres.names
    return GroundTruth(right, {track_id: names[tagged[track_id]] for track_id in right}, unmatched)


def _tagged_genres(connection: Connection) -> dict[int, int]:
    """The first genre id of each track."""
    query = (
        sa.select(track.c.id, track_status.c.tagged_genre_id)
        .join_from(track, track_status, track_status.c.track_id == track.c.id)
        .where(IS_LISTED, track_status.c.tagged_genre_id.is_not(None))
    )
    return dict(connection.execute(query).all())


def score_against_ground_truth(evidence: Evidence, truth: GroundTruth) -> AuditTruth:
    """The score of the whole ranking. Each track counts once, with its most suspicious tag."""
    ranked: dict[int, Suspect] = {}
    for suspect in all_suspects(evidence, least=0.0, most=4 * len(evidence.track_ids)):
        if suspect.relation != "narrower":
            ranked.setdefault(int(evidence.track_ids[suspect.row]), suspect)
    hits = [track_id in truth.right for track_id in ranked]
    errors, total, found = len(truth.right), 0.0, 0
    for rank, hit in enumerate(hits, start=1):
        found += hit
        total += hit * found / rank
    corrected = sum(
        truth.right.get(track_id) == suspect.suggested_genre_id for track_id, suspect in ranked.items()
    )
    by_genre = Counter(truth.tagged.values())
    found_by_genre = Counter(
        truth.tagged[track_id] for track_id in list(ranked)[:errors] if track_id in truth.right
    )
    audited = set(evidence.track_ids.tolist())
    return AuditTruth(
        errors=errors,
        not_audited=sum(track_id not in audited for track_id in truth.right),
        unmatched=truth.unmatched,
        average_precision=round(total / errors, 4),
        precision_at={depth: round(sum(hits[:depth]) / depth, 4) for depth in DEPTHS if depth <= len(hits)},
        recall=round(found / errors, 4),
        corrected=round(corrected / found, 4) if found else 0.0,
        genres=[GenreTruth(genre, by_genre[genre], found_by_genre[genre]) for genre in sorted(by_genre)],
    )
