"""All stored data of one track."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.reasons import describe_reason
from catalog.db.tables import (
    album,
    artist,
    collection,
    decision,
    failure,
    feature_set,
    feature_vector,
    genre,
    label,
    network_tag,
    prediction,
    statement,
    suspect,
    tag_write,
    track,
    track_descriptor,
    track_network_tag,
    track_status,
)
from catalog.db.tables.learning import CHOICES
from catalog.db.track_query import latest_audit
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.learning.dataset.catalog_tracks import load_broader

Row = dict[str, Any]

genre_path = sa.table(
    "genre_path", *(sa.column(name) for name in ("track_id", "level", "genre", "probability"))
)
"""The view `genre_path`."""

_OWN_OF_JOURNAL = (
    "id",
    "track_id",
    "statement_id",
    "path_bytes",
    "before_digest",
    "after_digest",
    "patch",
)
"""Columns used only to undo a write."""


def describe_track(connection: Connection, track_id: int) -> Row:
    """The data of a track as plain values by topic.

    `file`, `standing`, `prediction` and `suspicions` are the current state; `statements` and `decisions` the history,
    the oldest first. Missing data is empty or None. Raises LookupError for an unknown track.
    """
    file = _file(connection, track_id)
    if file is None:
        raise LookupError(f"there is no track {track_id}")
    return {
        "track_id": track_id,
        "file": file,
        "standing": _standing(connection, track_id),
        "statements": _statements(connection, track_id),
        "prediction": _prediction(connection, track_id),
        "suspicions": _suspicions(connection, track_id),
        "decisions": _decisions(connection, track_id),
        "auto_tags": _auto_tags(connection, track_id),
        "descriptor": _one(
            connection,
            sa.select(*_without(track_descriptor, "track_id")).where(track_descriptor.c.track_id == track_id),
        ),
        "features": _all(
            connection,
            sa.select(
                feature_set.c.name,
                feature_set.c.version,
                feature_set.c.active,
                feature_vector.c.provenance,
                feature_vector.c.computed_at,
                (feature_vector.c.file_signature != track.c.file_signature).label("of_an_earlier_file"),
            )
            .join_from(feature_vector, feature_set)
            .join(track, track.c.id == feature_vector.c.track_id)
            .where(feature_vector.c.track_id == track_id)
            .order_by(feature_set.c.name, feature_set.c.id),
        ),
        "failures": _all(
            connection,
            sa.select(
                failure.c.stage,
                feature_set.c.name.label("feature_set"),
                failure.c.reason,
                failure.c.message,
                failure.c.attempts,
                failure.c.failed_at,
            )
            .join_from(failure, feature_set, isouter=True)
            .where(failure.c.track_id == track_id)
            .order_by(failure.c.id),
        ),
        "tag_writes": _all(
            connection,
            sa.select(*_without(tag_write, *_OWN_OF_JOURNAL))
            .where(tag_write.c.track_id == track_id)
            .order_by(tag_write.c.id),
        ),
    }


INTERNAL = (
    "id",
    "collection_id",
    "path_bytes",
    "artist_id",
    "album_id",
    "mtime_ns",
    "ctime_ns",
    "inode",
    "tag_reader",
    "seen_at",
)
"""Columns of `track` that are not shown as they are."""


def _file(connection: Connection, track_id: int) -> Row | None:
    album_artist = artist.alias("album_artist")
    # A complete scan sees all present tracks, but updates only changed rows.
    seen = sa.case(
        ((track.c.state == "present") & (collection.c.scanned_at > track.c.seen_at), collection.c.scanned_at),
        else_=track.c.seen_at,
    )
    return _one(
        connection,
        sa.select(
            collection.c.name.label("collection"),
            collection.c.root,
            *_without(track, *INTERNAL),
            artist.c.name.label("artist"),
            album.c.title.label("album"),
            album_artist.c.name.label("album_artist"),
            sa.type_coerce(seen, track.c.seen_at.type).label("seen_at"),
        )
        .join_from(track, collection)
        .join(artist, artist.c.id == track.c.artist_id, isouter=True)
        .join(album, album.c.id == track.c.album_id, isouter=True)
        .join(album_artist, album_artist.c.id == album.c.artist_id, isouter=True)
        .where(track.c.id == track_id),
    )


def _standing(connection: Connection, track_id: int) -> Row | None:
    hidden = ["track_id", *(name for name in track_status.c.keys() if name.endswith("genre_id"))]  # noqa: SIM118
    return _one(
        connection, sa.select(*_without(track_status, *hidden)).where(track_status.c.track_id == track_id)
    )


def _statements(connection: Connection, track_id: int) -> list[Row]:
    """The statements with their genres in order."""
    withdrawal = statement.alias("withdrawal")
    rows = _all(
        connection,
        sa.select(
            *_without(statement, "track_id"),
            withdrawal.c.id.is_not(None).label("withdrawn"),
            (track_status.c.statement_id == statement.c.id).label("current"),
        )
        .join_from(statement, withdrawal, withdrawal.c.withdraws_id == statement.c.id, isouter=True)
        .join(track_status, track_status.c.track_id == statement.c.track_id, isouter=True)
        .where(statement.c.track_id == track_id)
        .order_by(statement.c.id),
    )
    labels = connection.execute(
        sa.select(label.c.statement_id, genre.c.name, label.c.as_written)
        .join_from(label, genre)
        .join(statement)
        .where(statement.c.track_id == track_id)
        .order_by(label.c.statement_id, label.c.rank)
    ).all()
    for row in rows:
        row["current"] = bool(row["current"])
        row["genres"] = [
            {"genre": item.name, "as_written": item.as_written}
            for item in labels
            if item.statement_id == row["id"]
        ]
    return rows


def _prediction(connection: Connection, track_id: int) -> Row | None:
    """The prediction of the active model: its top genres, the path to the first one, and the suggestion."""
    row = connection.execute(
        sa.select(prediction)
        .join_from(prediction, track_status, track_status.c.track_id == prediction.c.track_id)
        .where(prediction.c.track_id == track_id, prediction.c.model_id == track_status.c.model_id)
    ).one_or_none()
    if row is None:
        return None
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row by column
    places = [(values[f"genre_{at}_id"], values[f"probability_{at}"]) for at in range(1, CHOICES + 1)]
    vocabulary = load_vocabulary(connection)
    ids = {key for key, _ in places if key is not None} | {row.suggested_genre_id}
    names = {key: vocabulary.in_use(key).name for key in ids if key is not None}
    return {
        "model_id": row.model_id,
        "unit": row.unit,
        "out_of_fold": row.fold is not None,
        "choices": [
            {"genre": names[key], "probability": probability}
            for key, probability in places
            if key is not None
        ],
        "suggested_genre": names.get(row.suggested_genre_id),
        "suggested_probability": row.suggested_probability,
        "suggested_by": row.suggested_by,
        "predicted_at": row.predicted_at,
        "path": _all(
            connection,
            sa.select(genre_path.c.genre, genre_path.c.probability)
            .where(genre_path.c.track_id == track_id)
            .order_by(genre_path.c.level),
        ),
    }


def _suspicions(connection: Connection, track_id: int) -> list[Row]:
    tagged, suggested = genre.alias("tagged"), genre.alias("suggested")
    suspicions = _all(
        connection,
        sa.select(
            tagged.c.name.label("tagged_genre"),
            suggested.c.name.label("suggested_genre"),
            suspect.c.suspicion,
            suspect.c.expected_right,
            suspect.c.relation,
            suspect.c.reasons,
            suspect.c.audit_id,
        )
        .join_from(suspect, tagged, tagged.c.id == suspect.c.genre_id)
        .join(suggested, suggested.c.id == suspect.c.suggested_genre_id)
        .where(suspect.c.track_id == track_id, suspect.c.audit_id == latest_audit("labels"))
        .order_by(suspect.c.suspicion.desc()),
    )
    _, genre_names = load_broader(connection)
    return [
        {**row, "explanations": [describe_reason(reason, genre_names) for reason in row["reasons"]]}
        for row in suspicions
    ]


def _decisions(connection: Connection, track_id: int) -> list[Row]:
    judged, chosen = genre.alias("judged"), genre.alias("chosen")
    return _all(
        connection,
        sa.select(
            decision.c.id,
            decision.c.verdict,
            judged.c.name.label("genre"),
            chosen.c.name.label("chosen_genre"),
            decision.c.reviewer,
            decision.c.decided_at,
            decision.c.undoes_id,
        )
        .join_from(decision, judged, judged.c.id == decision.c.genre_id, isouter=True)
        .join(chosen, chosen.c.id == decision.c.chosen_genre_id, isouter=True)
        .where(decision.c.track_id == track_id)
        .order_by(decision.c.id),
    )


def _auto_tags(connection: Connection, track_id: int) -> list[Row]:
    return _all(
        connection,
        sa.select(network_tag.c.tag, track_network_tag.c.probability, network_tag.c.network)
        .join_from(track_network_tag, network_tag)
        .where(track_network_tag.c.track_id == track_id)
        .order_by(track_network_tag.c.probability.desc(), network_tag.c.tag),
    )


def _without(table: sa.Table, *names: str) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.name not in names]


def _one(connection: Connection, query: sa.Select[Any]) -> Row | None:
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def _all(connection: Connection, query: sa.Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]
