"""The catalog in numbers: what is in it, how much is heard and tagged, what is doubted and decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from catalog.db.tables import (
    album,
    artist,
    collection,
    decision,
    failure,
    feature_set,
    feature_vector,
    model,
    track,
    track_status,
)

PRESENT = track.c.state != "missing"


@dataclass(frozen=True)
class Figure:
    """One number, or one word, with what it is of."""

    about: str
    """What it belongs to: collections, tracks, genres, features, failures, model, suggestions, doubts, decisions."""
    name: str
    value: float | str | None


def statistics(connection: Connection) -> list[Figure]:
    """All figures, in the order in which people ask for them. Tracks whose file is missing count among states only."""
    return [
        *_collections(connection),
        *track_figures(connection),
        *genre_figures(connection),
        *_features(connection),
        *_counts(
            connection, "failures", sa.select(failure.c.reason, sa.func.count()).group_by(failure.c.reason)
        ),
        *_model(connection),
        *_suggestions(connection),
        *_doubts(connection),
        *_decisions(connection),
    ]


def _collections(connection: Connection) -> Iterator[Figure]:
    """Tracks of every collection that are not missing."""
    query = (
        sa.select(collection.c.name, sa.func.count(track.c.id))
        .join_from(collection, track, (track.c.collection_id == collection.c.id) & PRESENT, isouter=True)
        .group_by(collection.c.id, collection.c.name)
    )
    return _counts(connection, "collections", query)


def track_figures(connection: Connection) -> Iterator[Figure]:
    states: dict[str, int] = dict(
        connection.execute(sa.select(track.c.state, sa.func.count()).group_by(track.c.state)).all()
    )
    for state in ("present", "missing", "metadata"):
        yield Figure("tracks", state, states.get(state, 0))
    seconds = connection.execute(sa.select(sa.func.sum(track.c.duration)).where(PRESENT)).scalar()
    yield Figure("tracks", "hours", round((seconds or 0) / 3600, 2))
    used = sa.select(track.c.artist_id).where(PRESENT)
    artists = sa.select(sa.func.count()).where(artist.c.id.in_(used), ~artist.c.is_placeholder)
    yield Figure("tracks", "artists", connection.execute(artists).scalar_one())
    albums = sa.select(sa.func.count()).where(album.c.id.in_(sa.select(track.c.album_id).where(PRESENT)))
    yield Figure("tracks", "albums", connection.execute(albums).scalar_one())


def genre_figures(connection: Connection) -> Iterator[Figure]:
    tagged, untagged, genres = connection.execute(
        sa.select(
            sa.func.count(track_status.c.tagged_genre_id),
            sa.func.count() - sa.func.count(track_status.c.tagged_genre_id),
            sa.func.count(track_status.c.tagged_genre_id.distinct()),
        )
        .select_from(track)
        .join(track_status, track_status.c.track_id == track.c.id, isouter=True)
        .where(PRESENT)
    ).one()
    yield Figure("genres", "tagged", tagged)
    yield Figure("genres", "untagged", untagged)
    yield Figure("genres", "distinct", genres)


def _features(connection: Connection) -> Iterator[Figure]:
    """Vectors of every recipe in use; one that was replaced is named with its version."""
    query = (
        sa.select(feature_set.c.name, feature_set.c.version, feature_set.c.active, sa.func.count(track.c.id))
        .join_from(feature_set, feature_vector, isouter=True)
        .join(track, (track.c.id == feature_vector.c.track_id) & PRESENT, isouter=True)
        .group_by(feature_set.c.id, feature_set.c.name, feature_set.c.version, feature_set.c.active)
        .order_by(feature_set.c.name, feature_set.c.id)
    )
    for name, version, active, tracks in connection.execute(query):
        yield Figure("features", name if active else f"{name} (replaced, version {version})", tracks)


def _model(connection: Connection) -> Iterator[Figure]:
    row = connection.execute(sa.select(model).where(model.c.status == "active")).mappings().one_or_none()
    if row is None:
        yield Figure("model", "in force", None)
        return
    metrics = row["metrics"]
    yield Figure("model", "in force", row["id"])
    yield Figure("model", "algorithm", row["algorithm"])
    if row["promoted_at"] is not None:
        yield Figure("model", "since", row["promoted_at"].isoformat(timespec="seconds"))
    if "accuracy" not in metrics:  # never scored: zero-shot
        return
    accuracy, baselines = metrics["accuracy"], metrics["baselines"]
    yield Figure("model", "accuracy on new artists", accuracy["value"])
    yield Figure("model", "accuracy, lower bound", accuracy["low"])
    yield Figure("model", "accuracy, upper bound", accuracy["high"])
    yield Figure("model", "accuracy of the most common genre", baselines["majority"]["value"])
    yield Figure("model", "accuracy of the artist's other tags", baselines["artist_copy"]["value"])
    yield Figure("model", "accuracy with the artist's tags", metrics["artist_aware"]["accuracy"]["value"])
    yield Figure("model", "classes", metrics["classes"])
    yield Figure("model", "tracks", metrics["tracks"])


def _suggestions(connection: Connection) -> Iterator[Figure]:
    """Untagged tracks by what answered them."""
    answered_by = sa.case(
        (track_status.c.suggested_genre_id.is_(None), "not answered"),
        else_=sa.func.coalesce(track_status.c.suggested_by, "audio"),
    )
    query = (
        sa.select(answered_by, sa.func.count())
        .select_from(track)
        .join(track_status, track_status.c.track_id == track.c.id, isouter=True)
        .where(PRESENT, track_status.c.tagged_genre_id.is_(None))
        .group_by(sa.literal_column("1"))
    )
    return _counts(connection, "untagged tracks answered by", query)


def _doubts(connection: Connection) -> Iterator[Figure]:
    # The views choose the latest finished audit and the newest decision.
    suspects = sa.table("suspects", sa.column("decision"))
    total, undecided = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((suspects.c.decision.is_(None), 1), else_=0)), 0),
        ).select_from(suspects)
    ).one()
    cases = connection.execute(sa.select(sa.func.count()).select_from(sa.table("cases"))).scalar_one()
    yield Figure("doubts", "suspects", total)
    yield Figure("doubts", "undecided", int(undecided))
    yield Figure("doubts", "cases", cases)


def _decisions(connection: Connection) -> Iterator[Figure]:
    """Decisions that stand: neither an undoing nor undone."""
    undoing = decision.alias("undoing")
    query = (
        sa.select(decision.c.verdict, sa.func.count())
        .where(
            decision.c.verdict != "undo",
            ~sa.exists().where(undoing.c.undoes_id == decision.c.id),
        )
        .group_by(decision.c.verdict)
    )
    return _counts(connection, "decisions", query)


def _counts(connection: Connection, about: str, query: Select[Any]) -> Iterator[Figure]:
    """The figures of a query of (name, count), the largest first."""
    rows = connection.execute(query).all()
    for name, number in sorted(rows, key=lambda row: (-row[1], str(row[0]))):
        yield Figure(about, str(name), number)
