"""Decisions: verdicts on one or many tracks of a case, written and undone as one batch."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.labels.estimated_precision import refresh_after_decisions
from catalog.batches import chunks
from catalog.db.derived.track_status import lock_tracks, refresh_track_status
from catalog.db.tables import decision, review_case, suspect, track, track_status
from catalog.errors import CatalogError
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.review.case_list import Filters, suspects_query
from catalog.review.human_statements import (
    NO_TAGS,
    CurrentTags,
    add_statements,
    current_tags,
    withdraw_statements,
)
from catalog.review.suspect_filters import is_in_effect, is_not_undone, is_open, is_reviewable
from catalog.review.verdict import (
    GENRE_VERDICTS,
    InvalidVerdictError,
    Verdict,
    genres_after,
    genres_shown,
    recorded_verdict,
    verdict_of_batch,
)
from catalog.text import pluralize

DecisionSource = Literal["queue", "sample", "search"]
Scope = Literal["track", "album", "artist"]


class NothingToDecideError(CatalogError):
    """The case does not exist, or nothing in it can be decided."""


@dataclass(frozen=True, slots=True)
class OpenSuspect:
    """The subject of a verdict: one tag of one track."""

    track_id: int
    genre_id: int | None
    """The tag; None if the track has none."""
    suggested_genre_id: int | None = None
    """The genre that `accept` takes."""
    suspect_id: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionBatch:
    """The result of `decide`."""

    batch: str
    """The batch id; `undo` takes it."""
    verdict: Verdict
    genre_id: int | None
    """The chosen genre; None without one, or if each track takes its own suggestion."""
    track_ids: tuple[int, ...]
    """In the given order."""
    messages: tuple[str, ...]
    """Messages for the reviewer: other decisions, changed tags, missing files."""


@dataclass(frozen=True, slots=True)
class UndoneBatch:
    """The result of `undo`."""

    batch: str
    verdict: Verdict | None
    """The verdict of the batch; None if there was nothing left to undo."""
    track_ids: tuple[int, ...]


def resolve_genre(connection: Connection, spelling: str) -> int:
    """The id of a genre by name, alias, code or ID3 number. Raises UnknownGenreError."""
    return load_vocabulary(connection).require(spelling).id


def case_suspects(
    connection: Connection, case_id: str, *, scope: Scope = "artist", track_id: int | None = None
) -> list[OpenSuspect]:
    """The open suspects of a case: of one track, of that track's album, or of all tracks.

    Tracks that are decided already are left out, except with `scope` `track`, which changes a decision. Raises
    NothingToDecideError.
    """
    query = (
        sa.select(
            suspect.c.id,
            suspect.c.track_id,
            suspect.c.genre_id,
            suspect.c.suggested_genre_id,
            track.c.album_id,
        )
        .join_from(suspect, review_case, review_case.c.id == suspect.c.review_case_id)
        .join(track, track.c.id == suspect.c.track_id)
        .where(is_reviewable(), review_case.c.case_id == case_id)
        .order_by(suspect.c.suspicion.desc(), suspect.c.id)
    )
    rows = connection.execute(query.add_columns(is_open().label("open"))).all()
    if not rows:
        raise NothingToDecideError(
            f"there is no case {case_id} in the latest audit; see: catalog review list"
        )
    if scope == "artist":
        chosen = [row for row in rows if row.open]
    else:
        own = next((row for row in rows if row.track_id == track_id), None)
        if own is None:
            raise NothingToDecideError(f"track {track_id} is not in case {case_id}")
        same = [row for row in rows if row.open and row.album_id == own.album_id and row.album_id is not None]
        chosen = [own] if scope == "track" else same or [own]
    if not chosen:
        raise NothingToDecideError(f"every track of case {case_id} is decided; undo a decision to change it")
    return [OpenSuspect(row.track_id, row.genre_id, row.suggested_genre_id, row.id) for row in chosen]


def track_suspect(connection: Connection, track_id: int) -> OpenSuspect:
    """The most suspicious tag of a track in the latest audit, else its first tag and the model's suggestion.

    Raises NothingToDecideError for an unknown track.
    """
    row = connection.execute(
        sa.select(suspect.c.id, suspect.c.genre_id, suspect.c.suggested_genre_id)
        .where(is_reviewable(), suspect.c.track_id == track_id)
        .order_by(is_open().desc(), suspect.c.suspicion.desc())
        .limit(1)
    ).one_or_none()
    if row is not None:
        return OpenSuspect(track_id, row.genre_id, row.suggested_genre_id, row.id)
    status = connection.execute(
        sa.select(track.c.id, track_status.c.tagged_genre_id, track_status.c.suggested_genre_id)
        .join_from(track, track_status, track_status.c.track_id == track.c.id, isouter=True)
        .where(track.c.id == track_id)
    ).one_or_none()
    if status is None:
        raise NothingToDecideError(f"there is no track {track_id}")
    return OpenSuspect(track_id, status.tagged_genre_id, status.suggested_genre_id)


def filtered_suspects(connection: Connection, filters: Filters) -> list[OpenSuspect]:
    """The open suspects that match the filters, most suspicious first, for a bulk decision."""
    matching = suspects_query(filters).subquery()
    rows = connection.execute(
        sa.select(suspect.c.id, suspect.c.track_id, suspect.c.genre_id, suspect.c.suggested_genre_id)
        .join_from(suspect, matching, matching.c.id == suspect.c.id)
        .where(matching.c.is_open == 1)
        .order_by(suspect.c.suspicion.desc(), suspect.c.id)
    )
    return [OpenSuspect(row.track_id, row.genre_id, row.suggested_genre_id, row.id) for row in rows]


def decide(
    connection: Connection,
    suspects: Sequence[OpenSuspect],
    verdict: Verdict,
    reviewer: str,
    *,
    genre_id: int | None = None,
    source: DecisionSource = "queue",
    blind: bool = False,
    is_answer: bool = False,
    seen: Mapping[int, int | None] | None = None,
    undoes: Mapping[tuple[int, int | None], int] | None = None,
) -> DecisionBatch:
    """Writes a verdict on each suspect as one batch, the resulting statements, and `track_status`.

    `genre_id` is the genre of `relabel` and `add`; without it `accept` takes each suggestion. `seen` holds the
    statement that the reviewer saw, by track; the messages report a newer one. `undoes` is the undo that each verdict
    reverses, by track and tag (`catalog.review.redo`). `is_answer` stores a blind answer that changes no tags. Choosing
    the suspect tag itself keeps it. If two reviewers decide the same, both rows are stored and the later one counts.
    Tracks that are no longer in the catalog are skipped and reported. Needs a writing transaction. Raises
    InvalidVerdictError and NothingToDecideError.
    """
    if not suspects:
        raise NothingToDecideError("there is nothing to decide")
    if verdict in {"relabel", "add"} and genre_id is None:
        raise InvalidVerdictError(f"{verdict} needs a genre")
    lock_tracks(connection, [each.track_id for each in suspects])
    states = _states(connection, [each.track_id for each in suspects])
    before = current_tags(connection, states)
    earlier = _decisions_in_effect(connection, list(states))
    batch = uuid.uuid4().hex
    common = {"reviewer": reviewer, "source": source, "blind": blind, "batch": batch}
    in_catalog = [each for each in suspects if each.track_id in states]
    rows, after = _decision_rows(in_catalog, verdict, genre_id, before, earlier, common)
    if is_answer:
        after = {}
    if not rows:
        raise NothingToDecideError("these tracks are no longer in the catalog; no decision was stored")
    kept = 0 if verdict == "keep" else sum(row["verdict"] == "keep" for row in rows)
    statements = add_statements(connection, after, before, stated_by=reviewer)
    for row in rows:
        row["statement_id"] = statements.get(row["track_id"])
        row["undoes_id"] = (undoes or {}).get((row["track_id"], row["genre_id"]))
    connection.execute(sa.insert(decision), rows)
    refresh_track_status(connection, after)
    refresh_after_decisions(connection, len(rows))
    return DecisionBatch(
        batch=batch,
        verdict=verdict,
        genre_id=genre_id,
        track_ids=tuple(row["track_id"] for row in rows),
        messages=(
            *_messages(suspects, states, before, earlier, reviewer, seen or {}),
            *([f"{pluralize(kept, 'track')} already tagged with that genre: kept"] if kept else []),
        ),
    )


def _decision_rows(
    suspects: Iterable[OpenSuspect],
    verdict: Verdict,
    genre_id: int | None,
    before: Mapping[int, CurrentTags],
    earlier: Mapping[tuple[int, int | None], sa.Row[Any]],
    common: Mapping[str, Any],
) -> tuple[list[dict[str, Any]], dict[int, tuple[int, ...]]]:
    """The rows of `decision`, each with the `common` columns, and the new genre ids of the tracks that change."""
    rows: list[dict[str, Any]] = []
    after: dict[int, tuple[int, ...]] = {}
    for each in suspects:
        tags = before.get(each.track_id, NO_TAGS)
        chosen = _chosen_genre(each, verdict, genre_id)
        recorded = verdict if common["blind"] else recorded_verdict(verdict, each.genre_id, chosen)
        replaced_by = earlier.get((each.track_id, each.genre_id))
        shown = genres_shown(
            after.get(each.track_id, tags.genre_ids),
            each.genre_id,
            None if replaced_by is None else replaced_by.chosen_genre_id,
        )
        new_tags = genres_after(recorded, shown, each.genre_id, chosen)
        if new_tags is not None:
            after[each.track_id] = new_tags
        rows.append(
            {
                "track_id": each.track_id,
                "genre_id": each.genre_id,
                "verdict": recorded,
                "chosen_genre_id": chosen if recorded == verdict else None,
                "suspect_id": each.suspect_id,
                "before_statement_id": tags.statement_id,
                **common,
            }
        )
    return rows, after


def undo(connection: Connection, batch: str, reviewer: str) -> UndoneBatch:
    """Undoes every decision of a batch that is still in effect, and withdraws its statements.

    Needs a writing transaction. Raises NothingToDecideError for an unknown batch.
    """
    all_tracks = sa.select(decision.c.track_id).where(decision.c.batch == batch, decision.c.verdict != "undo")
    track_ids = sorted(connection.execute(all_tracks).scalars())
    if not track_ids:
        raise NothingToDecideError(f"there is no decision {batch} to undo")
    lock_tracks(connection, track_ids)
    rows = connection.execute(
        sa.select(decision).where(decision.c.batch == batch, is_not_undone(decision)).order_by(decision.c.id)
    ).all()
    if not rows:
        return UndoneBatch(batch, None, ())
    undoing = uuid.uuid4().hex
    connection.execute(
        sa.insert(decision),
        [
            {
                "track_id": row.track_id,
                "genre_id": row.genre_id,
                "verdict": "undo",
                "reviewer": reviewer,
                "source": row.source,
                "undoes_id": row.id,
                "batch": undoing,
            }
            for row in rows
        ],
    )
    statement_ids = [row.statement_id for row in rows if row.statement_id is not None]
    if statement_ids:
        withdraw_statements(connection, statement_ids, stated_by=reviewer)
        refresh_track_status(connection, [row.track_id for row in rows])
    refresh_after_decisions(connection, len(rows))
    return UndoneBatch(
        batch, verdict_of_batch([row.verdict for row in rows]), tuple(row.track_id for row in rows)
    )


def last_batch(
    connection: Connection,
    *,
    reviewer: str | None = None,
    case_id: str | None = None,
    track_id: int | None = None,
) -> str | None:
    """The newest batch that was not undone, of a reviewer, in a case, on a track; None if there is none."""
    query = sa.select(decision.c.batch).where(is_not_undone(decision), decision.c.batch.is_not(None))
    if reviewer is not None:
        query = query.where(decision.c.reviewer == reviewer)
    if track_id is not None:
        query = query.where(decision.c.track_id == track_id)
    if case_id is not None:
        in_case = (
            sa.select(suspect.c.track_id, suspect.c.genre_id)
            .join_from(suspect, review_case, review_case.c.id == suspect.c.review_case_id)
            .where(is_reviewable(), review_case.c.case_id == case_id)
            .subquery()
        )
        query = query.join(
            in_case,
            sa.and_(in_case.c.track_id == decision.c.track_id, in_case.c.genre_id == decision.c.genre_id),
        )
    return connection.execute(query.order_by(decision.c.id.desc()).limit(1)).scalar_one_or_none()


def _chosen_genre(target: OpenSuspect, verdict: Verdict, genre_id: int | None) -> int | None:
    if verdict not in GENRE_VERDICTS:
        return genre_id
    chosen = genre_id if genre_id is not None else target.suggested_genre_id
    if chosen is None:
        raise InvalidVerdictError(f"track {target.track_id} has no suggestion; relabel it with a genre")
    return chosen


def _states(connection: Connection, track_ids: Sequence[int]) -> dict[int, str]:
    states: dict[int, str] = {}
    for ids in chunks(sorted(set(track_ids))):
        query = sa.select(track.c.id, track.c.state).where(track.c.id.in_(ids))
        states |= dict(connection.execute(query).all())
    return states


def _decisions_in_effect(
    connection: Connection, track_ids: Sequence[int]
) -> dict[tuple[int, int | None], sa.Row[Any]]:
    """The newest decision in effect by track and tag."""
    newest: dict[tuple[int, int | None], sa.Row[Any]] = {}
    for ids in chunks(track_ids):
        query = (
            sa.select(
                decision.c.track_id,
                decision.c.genre_id,
                decision.c.verdict,
                decision.c.chosen_genre_id,
                decision.c.reviewer,
            )
            .where(decision.c.track_id.in_(ids), is_in_effect(decision))
            .order_by(decision.c.id)
        )
        newest |= {(row.track_id, row.genre_id): row for row in connection.execute(query)}
    return newest


def _messages(
    suspects: Sequence[OpenSuspect],
    states: Mapping[int, str],
    before: Mapping[int, CurrentTags],
    earlier: Mapping[tuple[int, int | None], sa.Row[Any]],
    reviewer: str,
    seen: Mapping[int, int | None],
) -> list[str]:
    """Changes since the reviewer saw the tracks, with the number of tracks."""
    counts: dict[str, int] = {}
    for each in suspects:
        state = states.get(each.track_id)
        if state is None:
            message = "no longer in the catalog: no decision was stored"
        elif state == "missing":
            message = "without a file: your decision is stored"
        elif (other := earlier.get((each.track_id, each.genre_id))) and other.reviewer != reviewer:
            message = (
                f"decided by {other.reviewer} before ({other.verdict.replace('_', ' ')}): yours counts now"
            )
        elif each.track_id in seen and before.get(each.track_id, NO_TAGS).statement_id != seen[each.track_id]:
            message = "with changed tags since you opened the case: your decision is stored"
        else:
            continue
        counts[message] = counts.get(message, 0) + 1
    return [f"{pluralize(number, 'track')} {message}" for message, number in counts.items()]
