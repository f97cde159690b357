"""The label audit: the doubted labels of the catalog by the active model, stored as suspects and cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.audit.labels.all_suspects import all_suspects
from catalog.audit.labels.case_grouping import SuspectGroup, group_into_cases
from catalog.audit.labels.estimated_precision import refresh_expected_right
from catalog.audit.labels.ground_truth import AuditTruth, read_ground_truth, score_against_ground_truth
from catalog.audit.labels.label_evidence import Evidence, gather_evidence
from catalog.audit.labels.label_issues import MIN_SUSPICION, Suspect
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.db.tables import album, artist, audit, genre, review_case, suspect, track
from catalog.db.track_query import latest_audit
from catalog.learning.dataset.exclusion import Excluded, excluded_genres
from catalog.learning.registry.registry import NoModelError, active_model

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

    audit_id: int | None
    """None of a dry run."""
    is_new: bool
    """False where neither labels nor model have changed since the last one."""
    judged: int
    """Tracks whose tag could be doubted."""
    suspects: int
    cases: int
    narrower_suggestions: int
    """Tags that are right and could be more precise."""
    largest: Sequence[NamedCase]
    """The cases of most tracks; of a dry run all, the gravest first."""
    truth: AuditTruth | None = None
    """How the ranking does, where the errors are known."""


def audit_labels(
    database: Database, *, exclude: Sequence[str] = (), dry_run: bool = False, truth: Path | None = None
) -> LabelAudit:
    """Doubts the labels by the active model's out-of-fold predictions, unless that was done already.

    Those of the genres to exclude, and of narrower ones, are neither doubted nor evidence on others. A dry run stores
    nothing. `truth` is a labels file of tracks with the genre that is right: where it differs from the tag, that is a known
    error, and the ranking of all tags, down to the last, is scored by it. A PostgreSQL that goes away meanwhile is waited for.

    A label that a person gave is evidence and is not doubted, and none is on the word of a model that was not trained here. Raises
    NoModelError, LabelFileError, NoKnownErrorsError where no row of the truth is an error, and UnknownGenreError for a genre to exclude that the vocabulary lacks.
    """
    return retry_until_connected(lambda: _audit(database, exclude, truth, dry_run=dry_run))


def _audit(database: Database, exclude: Sequence[str], truth: Path | None, *, dry_run: bool) -> LabelAudit:
    with database.read() as connection:
        row = active_model(connection)
        if row is None:
            raise NoModelError("there is no model to doubt by; run: catalog train")
        excluded = excluded_genres(connection, exclude)
        evidence = gather_evidence(connection, row, excluded)
        known = None if truth is None else read_ground_truth(connection, truth, evidence)
        scored = None if known is None else score_against_ground_truth(evidence, known)
        latest = _latest(connection)
        if latest is not None and latest["parameters"].get("digest") == evidence.digest:
            done = _report(connection, latest["id"], len(evidence.judged.y), is_new=False)
            return replace(done, truth=scored)
    found = all_suspects(evidence)
    doubts = [one for one in found if one.relation != "narrower"]
    doubted = {one.row for one in doubts}
    narrower = [one for one in found if one.relation == "narrower" and one.row not in doubted]
    cases = group_into_cases(doubts, evidence.track_ids.tolist(), evidence.albums, evidence.artist_ids)
    with database.write() as connection, connection.begin_nested() as attempt:
        audit_id = _store(connection, row["id"], evidence, cases, narrower, excluded)
        done = replace(_report(connection, audit_id, len(evidence.judged.y), is_new=True), truth=scored)
        if not dry_run:
            return done
        done = replace(
            done,
            audit_id=None,
            largest=_named(connection, audit_id, review_case.c.suspicion.desc(), review_case.c.id),
        )
        attempt.rollback()
    return done


def _latest(connection: Connection) -> RowMapping | None:
    return (
        connection.execute(sa.select(audit).where(audit.c.id == latest_audit("labels")))
        .mappings()
        .one_or_none()
    )


def _store(
    connection: Connection,
    model_id: int,
    evidence: Evidence,
    cases: Sequence[SuspectGroup],
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
                    "least_suspicion": MIN_SUSPICION,
                    **({"excluded_genres": list(excluded.names)} if excluded.names else {}),
                },
                summary={"judged": len(evidence.judged.y), "cases": len(cases)},
                finished_at=now(),
            )
            .returning(audit.c.id)
        ).scalar_one()
    )
    rows = [_row(audit_id, evidence, one, None) for one in narrower]
    for case in cases:
        case_key = connection.execute(
            sa.insert(review_case)
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
            .returning(review_case.c.id)
        ).scalar_one()
        rows += [_row(audit_id, evidence, one, case_key) for one in case.suspects]
    if rows:
        connection.execute(sa.insert(suspect), rows)
    refresh_expected_right(connection, audit_id)
    return audit_id


def _row(audit_id: int, evidence: Evidence, found: Suspect, case_key: int | None) -> dict[str, Any]:
    return {
        "audit_id": audit_id,
        "track_id": int(evidence.track_ids[found.row]),
        "genre_id": found.genre_id,
        "suggested_genre_id": found.suggested_genre_id,
        "review_case_id": case_key,
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
        sa.select(sa.func.count()).select_from(review_case).where(review_case.c.audit_id == audit_id)
    ).scalar_one()
    order = (review_case.c.tracks.desc(), review_case.c.suspicion.desc(), review_case.c.id)
    largest = _named(connection, audit_id, *order, limit=LARGEST)
    return LabelAudit(audit_id, is_new, judged, suspects, cases, narrower, largest)


def _named(
    connection: Connection, audit_id: int, *order: sa.ColumnElement[Any], limit: int | None = None
) -> list[NamedCase]:
    """The cases of an audit in this order."""
    tagged, suggested = genre.alias("tagged"), genre.alias("suggested")
    one_track = (
        sa.select(sa.func.min(sa.func.coalesce(track.c.title, track.c.path)))
        .join_from(suspect, track)
        .where(suspect.c.review_case_id == review_case.c.id)
        .scalar_subquery()
    )
    rows = connection.execute(
        sa.select(
            sa.func.coalesce(artist.c.name, album.c.title, one_track, ""),
            review_case.c.tracks,
            tagged.c.name,
            suggested.c.name,
            review_case.c.suspicion,
        )
        .join_from(review_case, tagged, tagged.c.id == review_case.c.genre_id)
        .join(suggested, suggested.c.id == review_case.c.suggested_genre_id)
        .join(artist, artist.c.id == review_case.c.artist_id, isouter=True)
        .join(album, album.c.id == review_case.c.album_id, isouter=True)
        .where(review_case.c.audit_id == audit_id)
        .order_by(*order)
        .limit(limit)
    )
    return [NamedCase(*row) for row in rows]
