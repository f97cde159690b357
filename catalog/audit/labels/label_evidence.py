"""What a label audit goes by: the tagged tracks, what the model says of them, their vectors and their tags."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Floats, Integers
from catalog.audit.clusters.cluster_evidence import cluster_evidence
from catalog.audit.clusters.cluster_findings import Outlier
from catalog.audit.labels.label_issues import MIN_SUSPICION, AuditedTracks, GenreInfo
from catalog.audit.labels.source_conflicts import SourceConflict, load_source_conflicts
from catalog.db.tables import (
    artist,
    audit_sample_track,
    feature_vector,
    label,
    model_class,
    model_feature_set,
    prediction,
    snapshot_member,
    statement,
    track,
    track_status,
)
from catalog.db.tables.learning import CHOICES
from catalog.db.track_query import IS_LISTED
from catalog.features.stored_feature_set import active_feature_set
from catalog.features.vectors import load_matrix
from catalog.learning.dataset.exclusion import REASON, Excluded, wrong_recordings
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top
from catalog.learning.dataset.labeled_tracks import load_broader, load_predictable
from catalog.learning.registry.default_feature_sets import DEFAULTS
from catalog.learning.registry.registry import model_feature_sets

EVIDENCE_VERSION = 7
"""Raised where the same evidence would be weighed otherwise, so that an audit is made anew."""
IDS_PER_QUERY = 5_000
FURTHER_FEATURE_SETS = DEFAULTS
"""Feature sets that give an opinion of their own where every track has a vector, beside the first that the model uses."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The tracks one of whose tags counts for a class, in the order of their ids; then those that something else speaks against."""

    track_ids: Integers
    judged: AuditedTracks
    terms: GenreInfo
    albums: Sequence[int | None]
    """Album ids."""
    artist_ids: Sequence[int | None]
    """None where nobody is known."""
    is_confirmed: Sequence[bool]
    """Whether a person gave the label: it is evidence on others, and is not doubted itself."""
    conflicts: Mapping[int, Sequence[SourceConflict]]
    """What speaks against tags without any model, by position. Those beyond the judged are of tracks that no model
    judges, and that are among `track_ids`, `albums`, `artist_ids` and `is_confirmed` for this alone."""
    clusters: Mapping[int, Sequence[tuple[str, Outlier]]]
    """Of tracks deep inside another genre's cluster, by position: the feature set, and where. A reason, and no weight."""
    digest: str
    """What tells the evidence of two audits apart."""


def gather_evidence(connection: Connection, row: RowMapping, excluded: Excluded) -> Evidence:
    """All that the labels are doubted by, without the tracks of the genres to exclude.

    Besides the training set these are the tracks of check samples, which no model has learned from: so the suspects
    among them say how good a list of suspects is.
    """
    broader, names = load_broader(connection)
    classes = tuple(row["class_order"])
    column = {genre_id: at for at, genre_id in enumerate(classes)}
    members = connection.execute(_members(row)).all()
    tags = _tags(connection, [member.id for member in members])
    counts_for = _counts_for(connection, row, tags, broader)
    elsewhere = set(wrong_recordings(connection).tolist())
    rows, judged_first = [], []
    for member in members:
        ordered = _audited_tag_first(tags[member.id], counts_for, column, excluded)
        is_heard = member.probabilities is not None or member.genre_1_id in column
        if ordered and is_heard and member.id not in elsewhere:
            rows.append(member)
            judged_first.append(ordered)
    track_ids = np.array([one.id for one in rows], dtype=np.int64)
    vectors = _vectors(connection, row, track_ids)
    if vectors is not None and len(vectors) != len(rows):
        vectors = None
    judged = AuditedTracks(
        probability=np.array([_probability(one, column) for one in rows], dtype=np.float64).reshape(
            -1, len(classes)
        ),
        y=np.array([column[counts_for[genre_ids[0]] or 0] for genre_ids in judged_first], dtype=np.int64),
        tags=judged_first,
        groups=_groups(rows),
        artists=[one.folded for one in rows],
        vectors=vectors,
        further=_further_vectors(connection, row, track_ids),
    )
    suggestable = load_predictable(connection)
    against = [
        one
        for one in load_source_conflicts(connection, broader, suggestable)
        if one.genre_id not in excluded.genre_ids
    ]
    place = {track_id: at for at, track_id in enumerate(track_ids.tolist())}
    beyond = _tracks_outside_model(connection, sorted({one.track_id for one in against} - place.keys()))
    place |= {one.id: len(place) + at for at, one in enumerate(beyond)}
    contradictions: defaultdict[int, list[SourceConflict]] = defaultdict(list)
    for contradiction in against:
        contradictions[place[contradiction.track_id]].append(contradiction)
    placed = [
        (name, one)
        for name, found in sorted(cluster_evidence(connection).items())
        for one in found
        if one.track_id in place
    ]
    clusters: defaultdict[int, list[tuple[str, Outlier]]] = defaultdict(list)
    for name, one in placed:
        clusters[place[one.track_id]].append((name, one))
    return Evidence(
        track_ids=np.concatenate([track_ids, np.array([one.id for one in beyond], dtype=np.int64)]),
        judged=judged,
        terms=GenreInfo(
            hierarchy=Hierarchy.of(classes, broader),
            broader=broader,
            counts_for=counts_for,
            names=names,
            suggestable=suggestable,
        ),
        albums=[one.album_id for one in (*rows, *beyond)],
        artist_ids=[one.artist_id for one in (*rows, *beyond)],
        is_confirmed=[*(one.source == "person" for one in rows), *(False for _ in beyond)],
        conflicts=contradictions,
        clusters=clusters,
        digest=_digest(row["id"], counts_for, rows, judged, against, placed),
    )


def _named_artist() -> sa.ColumnElement[bool]:
    return sa.and_(artist.c.id == track.c.artist_id, sa.not_(artist.c.is_placeholder))


def _members(row: RowMapping) -> sa.Select[Any]:
    """The tagged tracks of the training set and of check samples, with what the model says of them; and those of which
    another tag than the first may be a class.
    """
    return (
        sa.select(
            track.c.id,
            track.c.album_id,
            artist.c.id.label("artist_id"),
            artist.c.folded,
            track_status.c.tagged_genre_id,
            statement.c.source,
            snapshot_member.c.group_id,
            prediction.c.probabilities,
            # Only where they are all there is: ten numbers of each of a million tracks would be half a gigabyte.
            *(
                sa.case((prediction.c.probabilities.is_(None), prediction.c[name])).label(name)
                for place in range(1, CHOICES + 1)
                for name in (f"genre_{place}_id", f"probability_{place}")
            ),
        )
        .join_from(track, track_status, track_status.c.track_id == track.c.id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .join(prediction, sa.and_(prediction.c.track_id == track.c.id, prediction.c.model_id == row["id"]))
        .join(
            snapshot_member,
            sa.and_(
                snapshot_member.c.track_id == track.c.id,
                snapshot_member.c.snapshot_id == row["snapshot_id"],
            ),
            isouter=True,
        )
        .join(artist, _named_artist(), isouter=True)
        .where(
            sa.or_(
                snapshot_member.c.track_id.is_not(None),
                track.c.id.in_(sa.select(audit_sample_track.c.track_id)),
                _has_another_class_tag(row),
            ),
            IS_LISTED,
        )
        .order_by(track.c.id)
    )


def _has_another_class_tag(row: RowMapping) -> sa.ColumnElement[bool]:
    """Whether a track that no model learns from, because its first tag is no class, has another tag, and was heard.

    Whoever left a genre out of training has left out the tracks that are first tagged so.
    """
    first = sa.exists().where(
        model_class.c.model_id == row["id"],
        model_class.c.genre_id == track_status.c.tagged_genre_id,
        sa.or_(model_class.c.counts_for_id.is_not(None), model_class.c.reason == REASON),
    )
    another = sa.exists().where(label.c.statement_id == track_status.c.statement_id, label.c.rank > 0)
    vector = sa.exists().where(
        feature_vector.c.feature_set_id == model_feature_set.c.feature_set_id,
        feature_vector.c.track_id == track.c.id,
    )
    unheard = sa.exists().where(model_feature_set.c.model_id == row["id"], ~vector)
    # A model that was not trained here has learned no class.
    return sa.and_(sa.literal(row["snapshot_id"] is not None), ~first, another, ~unheard)


def _counts_for(
    connection: Connection,
    row: RowMapping,
    tags: Mapping[int, Sequence[int]],
    broader: Mapping[int, int | None],
) -> dict[int, int | None]:
    """The class that each genre counts for. The class rule asks of first tags; a genre that is none's counts as it would."""
    counts_for: dict[int, int | None] = dict(
        connection.execute(
            sa.select(model_class.c.genre_id, model_class.c.counts_for_id).where(
                model_class.c.model_id == row["id"]
            )
        ).all()
    )
    classes = {each for each in counts_for.values() if each is not None}
    for genre_id in {each for genre_ids in tags.values() for each in genre_ids} - counts_for.keys():
        counts_for[genre_id] = next(
            (each for each in path_to_top(genre_id, broader) if each in classes), None
        )
    return counts_for


def _audited_tag_first(
    genre_ids: Sequence[int],
    counts_for: Mapping[int, int | None],
    column: Mapping[int, int],
    excluded: Excluded,
) -> list[int]:
    """A track's tags, in front the one that it is judged by: the first that counts for a class.

    Empty where there is none, or where the first of all is of a genre to exclude.
    """
    if not genre_ids or genre_ids[0] in excluded.genre_ids:
        return []
    judged = next(
        (each for each in genre_ids if counts_for.get(each) in column and each not in excluded.genre_ids),
        None,
    )
    return [] if judged is None else [judged, *(each for each in genre_ids if each != judged)]


def _probability(one: sa.Row[Any], column: Mapping[int, int]) -> Floats:
    """(classes,): the whole row, or the likeliest few of which alone are kept, what is left shared by the others."""
    if one.probabilities is not None:
        return np.asarray(one.probabilities, dtype=np.float64)
    fields = one._mapping  # noqa: SLF001 - this is how SQLAlchemy gives a row by names
    known = {
        column[fields[f"genre_{place}_id"]]: float(fields[f"probability_{place}"])
        for place in range(1, CHOICES + 1)
        if fields[f"genre_{place}_id"] in column
    }
    rest = max(1.0 - sum(known.values()), 0.0) / max(len(column) - len(known), 1)
    probability = np.full(len(column), rest)
    probability[list(known)] = list(known.values())
    return probability


def _groups(rows: Sequence[sa.Row[Any]]) -> Integers:
    """(n,): connected groups; a track outside the training set goes with its artist's, or is one by itself."""
    of_artist = {
        one.artist_id: one.group_id for one in rows if one.artist_id is not None and one.group_id is not None
    }
    groups = np.zeros(len(rows), dtype=np.int64)
    unused = max((one.group_id for one in rows if one.group_id is not None), default=-1) + 1
    for at, one in enumerate(rows):
        group = one.group_id
        if group is None:
            group = of_artist.get(one.artist_id)
        if group is None:
            group, unused = unused, unused + 1
            if one.artist_id is not None:
                of_artist[one.artist_id] = group
        groups[at] = group
    return groups


def _tags(connection: Connection, track_ids: Sequence[int]) -> Mapping[int, list[int]]:
    """The genre ids of every track, in the order given."""
    tags: defaultdict[int, list[int]] = defaultdict(list)
    for start in range(0, len(track_ids), IDS_PER_QUERY):
        for track_id, genre_id in connection.execute(
            sa.select(track_status.c.track_id, label.c.genre_id)
            .join_from(track_status, label, label.c.statement_id == track_status.c.statement_id)
            .where(track_status.c.track_id.in_(track_ids[start : start + IDS_PER_QUERY]))
            .order_by(track_status.c.track_id, label.c.rank)
        ):
            tags[track_id].append(genre_id)
    return tags


def _tracks_outside_model(connection: Connection, track_ids: Sequence[int]) -> list[Any]:
    """Album and artist of these tracks."""
    rows: list[Any] = []
    for start in range(0, len(track_ids), IDS_PER_QUERY):
        rows.extend(
            connection.execute(
                sa.select(track.c.id, track.c.album_id, artist.c.id.label("artist_id"))
                .join_from(track, artist, _named_artist(), isouter=True)
                .where(track.c.id.in_(track_ids[start : start + IDS_PER_QUERY]))
                .order_by(track.c.id)
            ).all()
        )
    return rows


def _further_vectors(
    connection: Connection, row: RowMapping, track_ids: Integers
) -> list[npt.NDArray[np.float32]]:
    """The vectors of other feature sets, of those that all the tracks have."""
    recipes = {recipe.name: recipe for recipe in model_feature_sets(connection, row["id"])}
    found = []
    for name in FURTHER_FEATURE_SETS:
        recipe = recipes.get(name) or active_feature_set(connection, name)
        if recipe is None or name == next(iter(recipes), None) or not len(track_ids):
            continue
        ids, matrix = load_matrix(connection, recipe, track_ids)
        if np.array_equal(ids, track_ids) and np.isfinite(matrix).all():
            found.append(matrix)
    return found


def _vectors(connection: Connection, row: RowMapping, track_ids: Integers) -> npt.NDArray[np.float32] | None:
    """The vectors of the tracks by the model's first feature set, or None where one of them has none any more.

    Of several that a model learned from, the first is what it sounds like (see `catalog.learning.registry.default_feature_sets`).
    """
    recipes = model_feature_sets(connection, row["id"])
    if not len(track_ids) or not recipes:
        return None
    ids, matrix = load_matrix(connection, recipes[0], track_ids)
    return matrix if np.array_equal(ids, track_ids) else None


def _digest(
    model_id: int,
    counts_for: Mapping[int, int | None],
    rows: Sequence[sa.Row[Any]],
    judged: AuditedTracks,
    against: Sequence[SourceConflict],
    placed: Sequence[tuple[str, Outlier]],
) -> str:
    digest = hashlib.blake2b(digest_size=16)
    told = [EVIDENCE_VERSION, model_id, MIN_SUSPICION, len(judged.further), sorted(counts_for.items())]
    digest.update(json.dumps(told).encode())
    digest.update(json.dumps([[one.id, one.artist_id, one.album_id, one.source] for one in rows]).encode())
    digest.update(json.dumps([list(tags) for tags in judged.tags]).encode())
    digest.update(
        json.dumps(
            [[one.track_id, one.genre_id, one.suggested_genre_id, one.weight] for one in against]
        ).encode()
    )
    clusters = [[name, one.track_id, one.majority_genre_id, round(one.share, 3)] for name, one in placed]
    digest.update(json.dumps(clusters).encode())
    digest.update(np.ascontiguousarray(judged.probability).tobytes())
    return digest.hexdigest()
