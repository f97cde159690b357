"""The label audit: the doubted labels of the catalog by the active model, stored as suspects and cases."""

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

from catalog.audit.cases import Case, group_into_cases
from catalog.audit.expectation import refresh_expected_right
from catalog.audit.label_issues import LEAST_SUSPICION, Judged, Suspect, Terms, find_suspects
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.tables import (
    album,
    artist,
    audit,
    doubt_case,
    genre,
    label,
    model_genre,
    prediction,
    snapshot_member,
    standing,
    statement,
    suspect,
    track,
)
from catalog.learning.blocks import load_blocks
from catalog.learning.exclusion import Excluded, excluded_genres
from catalog.learning.hierarchy import Hierarchy
from catalog.learning.labelled import load_answerable, load_broader
from catalog.learning.registry import NoModel, active_model, model_recipes

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LARGEST = 3


@dataclass(frozen=True, slots=True)
class NamedCase:
    """A case as a person reads it."""

    name: str
    """The artist, or the album where nobody is known, or the track."""
    tracks: int
    tagged_genre: str
    suggested_genre: str
    suspicion: float


@dataclass(frozen=True)
class LabelAudit:
    """What an audit of the labels found."""

    audit_id: int
    is_new: bool
    """False where neither labels nor model have changed since the last one."""
    judged: int
    """Tracks whose tag could be doubted."""
    suspects: int
    cases: int
    could_be_narrower: int
    """Tags that are right and could be more precise."""
    largest: Sequence[NamedCase]
    """The cases of most tracks."""


@dataclass(frozen=True, eq=False)
class _Evidence:
    """The tracks whose tag counts for a class, in the order of their ids."""

    track_ids: Integers
    judged: Judged
    terms: Terms
    albums: Sequence[int | None]
    """Album ids."""
    artist_ids: Sequence[int | None]
    """None where nobody is known."""
    is_confirmed: Sequence[bool]
    """Whether a person gave the label: it is evidence on others, and is not doubted itself."""
    digest: str
    """What tells the evidence of two audits apart."""


def audit_labels(database: Database, *, exclude: Sequence[str] = ()) -> LabelAudit:
    """Doubts the labels by the active model's out-of-fold predictions, unless that was done already.

    Those of the genres to exclude, and of narrower ones, are neither doubted nor evidence on others.

    A label that a person gave is evidence and is not doubted, and none is on the word of a model that was not trained here. Raises
    NoModel, and UnknownGenreError for a genre to exclude that the vocabulary lacks.
    """
    with database.read() as connection:
        row = active_model(connection)
        if row is None:
            raise NoModel("there is no model to doubt by; run: catalog train")
        excluded = excluded_genres(connection, exclude)
        evidence = _gather(connection, row, excluded)
        latest = _latest(connection)
        if latest is not None and latest["parameters"].get("digest") == evidence.digest:
            return _report(connection, latest["id"], len(evidence.track_ids), is_new=False)
    found = [
        one for one in find_suspects(evidence.judged, evidence.terms) if not evidence.is_confirmed[one.row]
    ]
    doubts = [one for one in found if one.relation != "narrower"]
    doubted = {one.row for one in doubts}
    narrower = [one for one in found if one.relation == "narrower" and one.row not in doubted]
    cases = group_into_cases(doubts, evidence.track_ids.tolist(), evidence.albums, evidence.artist_ids)
    with database.write() as connection:
        audit_id = _store(connection, row["id"], evidence, cases, narrower, excluded)
        return _report(connection, audit_id, len(evidence.track_ids), is_new=True)


def _gather(connection: Connection, row: RowMapping, excluded: Excluded) -> _Evidence:
    broader, names = load_broader(connection)
    classes = tuple(row["class_order"])
    column = {genre_id: at for at, genre_id in enumerate(classes)}
    counts_for = dict(
        connection.execute(
            sa.select(model_genre.c.genre_id, model_genre.c.counts_for_id).where(
                model_genre.c.model_id == row["id"]
            )
        ).all()
    )
    rows = [
        one
        for one in connection.execute(_members(row)).all()
        if counts_for.get(one.tagged_genre_id) in column
        and one.tagged_genre_id not in excluded.genre_ids
        and one.probabilities is not None
    ]
    tags = _tags(connection, row)
    track_ids = np.array([one.id for one in rows], dtype=np.int64)
    vectors = _vectors(connection, row, track_ids)
    if vectors is not None and len(vectors) != len(rows):
        vectors = None
    judged = Judged(
        probability=np.array([one.probabilities for one in rows], dtype=np.float64).reshape(-1, len(classes)),
        y=np.array([column[counts_for[one.tagged_genre_id]] for one in rows], dtype=np.int64),
        tags=[tags[one.id] for one in rows],
        groups=np.array([one.connected_group for one in rows], dtype=np.int64),
        artists=[one.folded for one in rows],
        vectors=vectors,
    )
    return _Evidence(
        track_ids=track_ids,
        judged=judged,
        terms=Terms(
            hierarchy=Hierarchy.of(classes, broader),
            broader=broader,
            counts_for=counts_for,
            names=names,
            suggestable=load_answerable(connection),
        ),
        albums=[one.album_id for one in rows],
        artist_ids=[one.artist_id for one in rows],
        is_confirmed=[one.source == "human" for one in rows],
        digest=_digest(row["id"], counts_for, rows, judged),
    )


def _members(row: RowMapping) -> sa.Select[Any]:
    """The training set's tracks with what the model says of them."""
    somebody = sa.and_(artist.c.id == track.c.artist_id, sa.not_(artist.c.is_nobody))
    return (
        sa.select(
            track.c.id,
            track.c.album_id,
            artist.c.id.label("artist_id"),
            artist.c.folded,
            standing.c.tagged_genre_id,
            statement.c.source,
            snapshot_member.c.connected_group,
            prediction.c.probabilities,
        )
        .join_from(snapshot_member, track, track.c.id == snapshot_member.c.track_id)
        .join(standing, standing.c.track_id == track.c.id)
        .join(statement, statement.c.id == standing.c.statement_id)
        .join(prediction, sa.and_(prediction.c.track_id == track.c.id, prediction.c.model_id == row["id"]))
        .join(artist, somebody, isouter=True)
        .where(
            snapshot_member.c.snapshot_id == row["snapshot_id"],
            track.c.state != "missing",
        )
        .order_by(track.c.id)
    )


def _tags(connection: Connection, row: RowMapping) -> Mapping[int, list[int]]:
    """The genre ids of every track of the training set, in the order given."""
    tags: defaultdict[int, list[int]] = defaultdict(list)
    for track_id, genre_id in connection.execute(
        sa.select(standing.c.track_id, label.c.genre_id)
        .join_from(snapshot_member, standing, standing.c.track_id == snapshot_member.c.track_id)
        .join(label, label.c.statement_id == standing.c.statement_id)
        .where(snapshot_member.c.snapshot_id == row["snapshot_id"])
        .order_by(standing.c.track_id, label.c.rank)
    ):
        tags[track_id].append(genre_id)
    return tags


def _vectors(connection: Connection, row: RowMapping, track_ids: Integers) -> npt.NDArray[np.float32] | None:
    """The vectors of the tracks, or None where one of them has none any more."""
    if not len(track_ids):
        return None
    ids, matrix = load_blocks(connection, model_recipes(connection, row["id"]), track_ids)
    return matrix if np.array_equal(ids, track_ids) else None


def _digest(
    model_id: int, counts_for: Mapping[int, int | None], rows: Sequence[sa.Row[Any]], judged: Judged
) -> str:
    digest = hashlib.blake2b(digest_size=16)
    told = [model_id, LEAST_SUSPICION, sorted(counts_for.items())]
    digest.update(json.dumps(told).encode())
    digest.update(json.dumps([[one.id, one.artist_id, one.album_id, one.source] for one in rows]).encode())
    digest.update(json.dumps([list(tags) for tags in judged.tags]).encode())
    digest.update(np.ascontiguousarray(judged.probability).tobytes())
    return digest.hexdigest()


def _latest(connection: Connection) -> RowMapping | None:
    return (
        connection.execute(
            sa.select(audit)
            .where(audit.c.kind == "labels", audit.c.finished_at.is_not(None))
            .order_by(audit.c.id.desc())
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )


def _store(
    connection: Connection,
    model_id: int,
    evidence: _Evidence,
    cases: Sequence[Case],
    narrower: Sequence[Suspect],
    excluded: Excluded,
) -> int:
    audit_id = int(
        connection.execute(
            sa.insert(audit)
            .values(
                kind="labels",
                model_id=model_id,
                parameters={
                    "digest": evidence.digest,
                    "least_suspicion": LEAST_SUSPICION,
                    **({"excluded_genres": list(excluded.names)} if excluded.names else {}),
                },
                summary={"judged": len(evidence.track_ids), "cases": len(cases)},
                finished_at=now(),
            )
            .returning(audit.c.id)
        ).scalar_one()
    )
    rows = [_row(audit_id, evidence, one, None) for one in narrower]
    for case in cases:
        case_key = connection.execute(
            sa.insert(doubt_case)
            .values(
                audit_id=audit_id,
                case_id=case.case_id,
                artist_id=case.artist,
                album_id=case.album,
                genre_id=case.genre_id,
                suggested_genre_id=case.suggested_genre_id,
                tracks=len(case.suspects),
                suspicion=case.suspicion,
            )
            .returning(doubt_case.c.id)
        ).scalar_one()
        rows += [_row(audit_id, evidence, one, case_key) for one in case.suspects]
    if rows:
        connection.execute(sa.insert(suspect), rows)
    refresh_expected_right(connection, audit_id)
    return audit_id


def _row(audit_id: int, evidence: _Evidence, found: Suspect, case_key: int | None) -> dict[str, Any]:
    return {
        "audit_id": audit_id,
        "track_id": int(evidence.track_ids[found.row]),
        "genre_id": found.genre_id,
        "suggested_genre_id": found.suggested_genre_id,
        "doubt_case_id": case_key,
        "suspicion": found.suspicion,
        "relation": found.relation,
        "reasons": list(found.reasons),
    }


def _report(connection: Connection, audit_id: int, judged: int, *, is_new: bool) -> LabelAudit:
    doubted = suspect.c.relation != "narrower"
    suspects, narrower = connection.execute(
        sa.select(
            sa.func.count().filter(doubted),
            sa.func.count().filter(sa.not_(doubted)),
        ).where(suspect.c.audit_id == audit_id)
    ).one()
    cases = connection.execute(
        sa.select(sa.func.count()).select_from(doubt_case).where(doubt_case.c.audit_id == audit_id)
    ).scalar_one()
    return LabelAudit(audit_id, is_new, judged, suspects, cases, narrower, _largest(connection, audit_id))


def _largest(connection: Connection, audit_id: int) -> list[NamedCase]:
    tagged, suggested = genre.alias("tagged"), genre.alias("suggested")
    one_track = (
        sa.select(sa.func.min(sa.func.coalesce(track.c.title, track.c.path)))
        .join_from(suspect, track)
        .where(suspect.c.doubt_case_id == doubt_case.c.id)
        .scalar_subquery()
    )
    rows = connection.execute(
        sa.select(
            sa.func.coalesce(artist.c.name, album.c.title, one_track, ""),
            doubt_case.c.tracks,
            tagged.c.name,
            suggested.c.name,
            doubt_case.c.suspicion,
        )
        .join_from(doubt_case, tagged, tagged.c.id == doubt_case.c.genre_id)
        .join(suggested, suggested.c.id == doubt_case.c.suggested_genre_id)
        .join(artist, artist.c.id == doubt_case.c.artist_id, isouter=True)
        .join(album, album.c.id == doubt_case.c.album_id, isouter=True)
        .where(doubt_case.c.audit_id == audit_id)
        .order_by(doubt_case.c.tracks.desc(), doubt_case.c.suspicion.desc(), doubt_case.c.id)
        .limit(LARGEST)
    )
    return [NamedCase(*row) for row in rows]
