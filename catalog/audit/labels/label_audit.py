"""The label audit: finds mislabeled tracks with the active model and stores them as suspects and cases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Integers
from catalog.audit.labels.all_suspects import all_suspects
from catalog.audit.labels.case_grouping import SuspectGroup, group_into_cases
from catalog.audit.labels.estimated_precision import refresh_expected_right
from catalog.audit.labels.known_errors import AuditTruth, read_ground_truth, score_against_ground_truth
from catalog.audit.labels.label_evidence import Evidence, gather_evidence
from catalog.audit.labels.label_issues import MIN_SUSPICION, Suspect
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.retry import retry_until_connected
from catalog.db.tables import album, artist, audit, genre, review_case, suspect, track
from catalog.db.track_query import latest_audit
from catalog.db.upsert import insert_row
from catalog.learning.dataset.exclusion import Excluded, excluded_genres
from catalog.learning.registry.registry import NoModelError, active_model
from catalog.threads import one_thread

LARGEST = 3


@dataclass(frozen=True, slots=True)
class NamedCase:
    """A case with its names."""

    name: str
    """The artist, else the album, else the track."""
    tracks: int
    tagged_genre: str
    suggested_genre: str
    suspicion: float


@dataclass(frozen=True)
class LabelAudit:
    """The result of a label audit."""

    audit_id: int | None
    """None for a dry run."""
    is_new: bool
    """False if neither labels nor model have changed since the last audit."""
    audited: int
    """Tracks with a tag that the model can assess."""
    suspects: int
    cases: int
    narrower_suggestions: int
    """Tags that are right and could be more specific."""
    largest: Sequence[NamedCase]
    """The cases with the most tracks; for a dry run all cases, most suspicious first."""
    truth: AuditTruth | None = None
    """The score of the ranking, if errors are known."""


@one_thread()
def audit_labels(
    database: Database, *, exclude: Sequence[str] = (), dry_run: bool = False, truth: Path | None = None
) -> LabelAudit:
    """Finds suspects with the active model's out-of-fold predictions, unless an audit with the same evidence exists.

    Labels of the excluded genres, and of narrower ones, are neither flagged nor used as evidence about others. A dry
    run stores nothing. `truth` is a label file with the right genres of some tracks: a row that differs from the tag
    is a known error, and the whole ranking is scored by them. If the connection to PostgreSQL is lost, it waits until
    the server is back.

    Labels set by a person are never flagged. A zero-shot model flags nothing. Raises NoModelError, CsvSourceError,
    NoKnownErrorsError if no row of the truth is an error, and UnknownGenreError for an unknown excluded genre.
    """
    return retry_until_connected(lambda: _audit(database, exclude, truth, dry_run=dry_run))


def _audit(database: Database, exclude: Sequence[str], truth: Path | None, *, dry_run: bool) -> LabelAudit:
    with database.read() as connection:
        model_row = active_model(connection)
        if model_row is None:
            raise NoModelError("there is no active model; run: catalog train")
        excluded = excluded_genres(connection, exclude)
        evidence = gather_evidence(connection, model_row, excluded)
        ground_truth = None if truth is None else read_ground_truth(connection, truth, evidence)
        score = None if ground_truth is None else score_against_ground_truth(evidence, ground_truth)
        latest = (
            connection.execute(sa.select(audit).where(audit.c.id == latest_audit("labels")))
            .mappings()
            .one_or_none()
        )
        if latest is not None and latest["parameters"].get("digest") == evidence.digest:
            report = _report(connection, latest["id"], len(evidence.audited.y), is_new=False)
            return replace(report, truth=score)
    ranking = all_suspects(evidence)
    suspects = [each for each in ranking if each.relation != "narrower"]
    suspect_rows = {each.row for each in suspects}
    narrower = [each for each in ranking if each.relation == "narrower" and each.row not in suspect_rows]
    cases = group_into_cases(suspects, evidence.track_ids.tolist(), evidence.albums, evidence.artist_ids)
    with database.write() as connection, connection.begin_nested() as savepoint:
        audit_id = _store(connection, model_row["id"], evidence, cases, narrower, excluded)
        report = replace(_report(connection, audit_id, len(evidence.audited.y), is_new=True), truth=score)
        if not dry_run:
            return report
        report = replace(
            report,
            audit_id=None,
            largest=_largest_cases(connection, audit_id, review_case.c.suspicion.desc(), review_case.c.id),
        )
        savepoint.rollback()
    return report


def _store(
    connection: Connection,
    model_id: int,
    evidence: Evidence,
    cases: Sequence[SuspectGroup],
    narrower: Sequence[Suspect],
    excluded: Excluded,
) -> int:
    audit_id = insert_row(
        connection,
        audit,
        kind="labels",
        model_id=model_id,
        parameters={
            "digest": evidence.digest,
            "least_suspicion": MIN_SUSPICION,
            **({"excluded_genres": list(excluded.names)} if excluded.names else {}),
        },
        summary={"audited": len(evidence.audited.y), "cases": len(cases)},
        finished_at=now(),
    )
    rows = [_row(audit_id, evidence, each, None) for each in narrower]
    for case in cases:
        case_key = insert_row(
            connection,
            review_case,
            audit_id=audit_id,
            case_id=case.case_id,
            artist_id=case.artist,
            album_id=case.album,
            genre_id=case.genre_id,
            suggested_genre_id=case.suggested_genre_id,
            tracks=len(case.suspects),
            suspicion=case.suspicion,
        )
        rows += [_row(audit_id, evidence, each, case_key) for each in case.suspects]
    if rows:
        connection.execute(sa.insert(suspect), rows)
    refresh_expected_right(connection, audit_id)
    return audit_id


def _row(audit_id: int, evidence: Evidence, issue: Suspect, case_key: int | None) -> dict[str, Any]:
    return {
        "audit_id": audit_id,
        "track_id": int(evidence.track_ids[issue.row]),
        "genre_id": issue.genre_id,
        "suggested_genre_id": issue.suggested_genre_id,
        "review_case_id": case_key,
        "suspicion": issue.suspicion,
        "relation": issue.relation,
        "reasons": [_with_track_ids(each, evidence.track_ids) for each in issue.reasons],
    }


def _with_track_ids(reason: dict[str, Any], track_ids: Integers) -> dict[str, Any]:
    """The reason with the ids of its neighbors in place of their positions."""
    positions = {field: reason[field] for field in ("near", "counted") if field in reason}
    return reason | {field: track_ids[at].tolist() for field, at in positions.items()}


def _report(connection: Connection, audit_id: int, audited: int, *, is_new: bool) -> LabelAudit:
    is_suspect = suspect.c.relation != "narrower"
    suspects, narrower = connection.execute(
        sa.select(
            sa.func.count().filter(is_suspect),
            sa.func.count().filter(sa.not_(is_suspect)),
        ).where(suspect.c.audit_id == audit_id)
    ).one()
    cases = connection.execute(
        sa.select(sa.func.count()).select_from(review_case).where(review_case.c.audit_id == audit_id)
    ).scalar_one()
    order = (review_case.c.tracks.desc(), review_case.c.suspicion.desc(), review_case.c.id)
    largest = _largest_cases(connection, audit_id, *order, limit=LARGEST)
    return LabelAudit(audit_id, is_new, audited, suspects, cases, narrower, largest)


def _largest_cases(
    connection: Connection, audit_id: int, *order: sa.ColumnElement[Any], limit: int | None = None
) -> list[NamedCase]:
    """The first cases of an audit in this order."""
    tagged, suggested = genre.alias("tagged"), genre.alias("suggested")
    track_name = (
        sa.select(sa.func.min(sa.func.coalesce(track.c.title, track.c.path)))
        .join_from(suspect, track)
        .where(suspect.c.review_case_id == review_case.c.id)
        .scalar_subquery()
    )
    rows = connection.execute(
        sa.select(
            sa.func.coalesce(artist.c.name, album.c.title, track_name, ""),
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
