"""Decisions: a verdict on a track, an album's or an artist's tracks of a case, written at one stroke and undone at one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.labels.estimated_precision import refresh_after_decisions
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
from catalog.review.suspect_filters import is_in_effect, is_open, is_reviewable
from catalog.review.verdict import (
    GENRE_VERDICTS,
    InvalidVerdictError,
    Verdict,
    genres_after,
    genres_shown,
    recorded_verdict,
    verdict_of_batch,
)

DecisionSource = Literal["queue", "sample", "search"]
Scope = Literal["track", "album", "artist"]
CHUNK = 5_000


class NothingToDecideError(CatalogError):
    """There is no such case, or nothing in it to decide; the message says so, in one line."""


@dataclass(frozen=True, slots=True)
class OpenSuspect:
    """What a verdict is about: one genre of one track."""

    track_id: int
    genre_id: int | None
    """The genre judged; None where the track has none."""
    suggested_genre_id: int | None = None
    """What `accept` accepts."""
    suspect_id: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionBatch:
    """What was written."""

    batch: str
    """The name of the stroke: what `undo` takes."""
    verdict: Verdict
    genre_id: int | None
    """The genre chosen; None where none was, or each track has a suggestion of its own."""
    track_ids: tuple[int, ...]
    """In the order given."""
    messages: tuple[str, ...]
    """What the reviewer should be told, a sentence each: others decided too, tags changed, a file is gone."""


@dataclass(frozen=True, slots=True)
class UndoneBatch:
    """What was taken back."""

    batch: str
    verdict: Verdict | None
    """Of what was undone; None where nothing was left to undo."""
    track_ids: tuple[int, ...]


def resolve_genre(connection: Connection, spelling: str) -> int:
    """The id of a genre of the vocabulary by name or alias. Raises InvalidVerdictError for one that it lacks."""
    term = load_vocabulary(connection).resolve(spelling)
    if term is None:
        raise InvalidVerdictError(f"the vocabulary has no genre {spelling!r}; see: catalog genres list")
    return term.id


def case_suspects(
    connection: Connection, case_id: str, *, scope: Scope = "artist", track_id: int | None = None
) -> list[OpenSuspect]:
    """The open doubts of a case: one track's, those on that track's album, or all, which are the artist's.

    Of a track or an album that was decided already nothing is left, unless it is named by `scope` `track`: to decide
    again is to change one's mind. Raises NothingToDecideError.
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
        one = next((row for row in rows if row.track_id == track_id), None)
        if one is None:
            raise NothingToDecideError(f"track {track_id} is not in case {case_id}")
        same = [row for row in rows if row.open and row.album_id == one.album_id and row.album_id is not None]
        chosen = [one] if scope == "track" else same or [one]
    if not chosen:
        raise NothingToDecideError(f"everything in case {case_id} is decided; undo takes it back")
    return [OpenSuspect(row.track_id, row.genre_id, row.suggested_genre_id, row.id) for row in chosen]


def track_suspect(connection: Connection, track_id: int) -> OpenSuspect:
    """What is to be decided of a track: its gravest doubt in the latest audit, else its first genre and the suggestion.

    Raises NothingToDecideError where there is no such track.
    """
    row = connection.execute(
        sa.select(suspect.c.id, suspect.c.genre_id, suspect.c.suggested_genre_id)
        .where(is_reviewable(), suspect.c.track_id == track_id)
        .order_by(is_open().desc(), suspect.c.suspicion.desc())
        .limit(1)
    ).one_or_none()
    if row is not None:
        return OpenSuspect(track_id, row.genre_id, row.suggested_genre_id, row.id)
    known = connection.execute(
        sa.select(track.c.id, track_status.c.tagged_genre_id, track_status.c.suggested_genre_id)
        .join_from(track, track_status, track_status.c.track_id == track.c.id, isouter=True)
        .where(track.c.id == track_id)
    ).one_or_none()
    if known is None:
        raise NothingToDecideError(f"there is no track {track_id}")
    return OpenSuspect(track_id, known.tagged_genre_id, known.suggested_genre_id)


def filtered_suspects(connection: Connection, filters: Filters) -> list[OpenSuspect]:
    """The open doubts that fit the filters, gravest first: for decisions in bulk."""
    fits = suspects_query(filters).subquery()
    rows = connection.execute(
        sa.select(suspect.c.id, suspect.c.track_id, suspect.c.genre_id, suspect.c.suggested_genre_id)
        .join_from(suspect, fits, fits.c.id == suspect.c.id)
        .where(fits.c.is_open == 1)
        .order_by(suspect.c.suspicion.desc(), suspect.c.id)
    )
    return [OpenSuspect(row.track_id, row.genre_id, row.suggested_genre_id, row.id) for row in rows]


def decide(
    connection: Connection,
    doubts: Sequence[OpenSuspect],
    verdict: Verdict,
    reviewer: str,
    *,
    genre_id: int | None = None,
    source: DecisionSource = "queue",
    blind: bool = False,
    seen: Mapping[int, int | None] | None = None,
    undoes: Mapping[tuple[int, int | None], int] | None = None,
) -> DecisionBatch:
    """Writes a verdict on each doubt as one stroke, the human statements that follow from it, and `track_status`.

    `genre_id` is the genre of `relabel` and `add`; `accept` takes each suggestion unless it is given. `seen` holds the
    current statement that the reviewer was shown, by track: where it is another now, the answer says so. `undoes` is the
    undo that each verdict takes back, by track and genre (`catalog.review.redo`). To name the doubted tag itself as right
    is to keep it. Of two who decide the same, both rows stand and the later counts. A track that is no longer in the
    catalog is left out, and named. Needs a writing transaction. Raises InvalidVerdictError and NothingToDecideError.
    """
    if not doubts:
        raise NothingToDecideError("there is nothing to decide")
    if verdict in {"relabel", "add"} and genre_id is None:
        raise InvalidVerdictError(f"{verdict} needs a genre")
    lock_tracks(connection, [each.track_id for each in doubts])
    states = _states(connection, [each.track_id for each in doubts])
    before = current_tags(connection, states)
    earlier = _decisions_in_effect(connection, list(states))
    batch = uuid.uuid4().hex
    rows: list[dict[str, Any]] = []
    after: dict[int, tuple[int, ...]] = {}
    for doubt in doubts:
        if doubt.track_id not in states:
            continue
        tags = before.get(doubt.track_id, NO_TAGS)
        chosen = _chosen_genre(doubt, verdict, genre_id)
        said = verdict if blind else recorded_verdict(verdict, doubt.genre_id, chosen)
        judged = after.get(doubt.track_id, tags.genre_ids)
        put = earlier.get((doubt.track_id, doubt.genre_id))
        judged = genres_shown(judged, doubt.genre_id, None if put is None else put.chosen_genre_id)
        told = genres_after(said, judged, doubt.genre_id, chosen)
        if told is not None:
            after[doubt.track_id] = told
        rows.append(
            {
                "track_id": doubt.track_id,
                "genre_id": doubt.genre_id,
                "verdict": said,
                "chosen_genre_id": chosen if said == verdict else None,
                "reviewer": reviewer,
                "source": source,
                "blind": blind,
                "suspect_id": doubt.suspect_id,
                "batch": batch,
                "before_statement_id": tags.statement_id,
                "undoes_id": (undoes or {}).get((doubt.track_id, doubt.genre_id)),
            }
        )
    if not rows:
        raise NothingToDecideError("none of these tracks is in the catalog any more; nothing was written")
    kept = 0 if verdict == "keep" else sum(row["verdict"] == "keep" for row in rows)
    statements = add_statements(connection, after, before, stated_by=reviewer)
    connection.execute(
        sa.insert(decision), [{**row, "statement_id": statements.get(row["track_id"])} for row in rows]
    )
    refresh_track_status(connection, after)
    refresh_after_decisions(connection, len(rows))
    return DecisionBatch(
        batch=batch,
        verdict=verdict,
        genre_id=genre_id,
        track_ids=tuple(row["track_id"] for row in rows),
        messages=(
            *_messages(doubts, states, before, earlier, reviewer, seen or {}),
            *([f"{kept:,} track{' is' if kept == 1 else 's are'} tagged so already: kept"] if kept else []),
        ),
    )


def undo(connection: Connection, batch: str, reviewer: str) -> UndoneBatch:
    """Takes back every decision of a stroke, and what it said of the tracks. What was undone before stays undone.

    Needs a writing transaction. Raises NothingToDecideError where there is no such stroke.
    """
    made = sa.select(decision.c.track_id).where(decision.c.batch == batch, decision.c.verdict != "undo")
    track_ids = sorted(connection.execute(made).scalars())
    if not track_ids:
        raise NothingToDecideError(f"there is no decision {batch} to undo")
    lock_tracks(connection, track_ids)
    rows = connection.execute(
        sa.select(decision).where(decision.c.batch == batch, is_in_effect(decision)).order_by(decision.c.id)
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
    said = [row.statement_id for row in rows if row.statement_id is not None]
    if said:
        withdraw_statements(connection, said, stated_by=reviewer)
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
    """The newest stroke that was not undone, of a reviewer, in a case, on a track; None where there is none."""
    query = sa.select(decision.c.batch).where(is_in_effect(decision), decision.c.batch.is_not(None))
    if reviewer is not None:
        query = query.where(decision.c.reviewer == reviewer)
    if track_id is not None:
        query = query.where(decision.c.track_id == track_id)
    if case_id is not None:
        mine = (
            sa.select(suspect.c.track_id, suspect.c.genre_id)
            .join_from(suspect, review_case, review_case.c.id == suspect.c.review_case_id)
            .where(is_reviewable(), review_case.c.case_id == case_id)
            .subquery()
        )
        query = query.join(
            mine,
            sa.and_(mine.c.track_id == decision.c.track_id, mine.c.genre_id == decision.c.genre_id),
        )
    return connection.execute(query.order_by(decision.c.id.desc()).limit(1)).scalar_one_or_none()


def _chosen_genre(doubt: OpenSuspect, verdict: Verdict, genre_id: int | None) -> int | None:
    if verdict not in GENRE_VERDICTS:
        return genre_id
    chosen = genre_id if genre_id is not None else doubt.suggested_genre_id
    if chosen is None:
        raise InvalidVerdictError(f"nothing is suggested for track {doubt.track_id}; relabel it with a genre")
    return chosen


def _states(connection: Connection, track_ids: Sequence[int]) -> dict[int, str]:
    states: dict[int, str] = {}
    ids = sorted(set(track_ids))
    for start in range(0, len(ids), CHUNK):
        query = sa.select(track.c.id, track.c.state).where(track.c.id.in_(ids[start : start + CHUNK]))
        states |= dict(connection.execute(query).all())
    return states


def _decisions_in_effect(
    connection: Connection, track_ids: Sequence[int]
) -> dict[tuple[int, int | None], sa.Row[Any]]:
    """The newest standing decision by track and genre judged."""
    found: dict[tuple[int, int | None], sa.Row[Any]] = {}
    for start in range(0, len(track_ids), CHUNK):
        query = (
            sa.select(
                decision.c.track_id,
                decision.c.genre_id,
                decision.c.verdict,
                decision.c.chosen_genre_id,
                decision.c.reviewer,
            )
            .where(decision.c.track_id.in_(track_ids[start : start + CHUNK]), is_in_effect(decision))
            .order_by(decision.c.id)
        )
        found |= {(row.track_id, row.genre_id): row for row in connection.execute(query)}
    return found


def _messages(
    doubts: Sequence[OpenSuspect],
    states: Mapping[int, str],
    before: Mapping[int, CurrentTags],
    earlier: Mapping[tuple[int, int | None], sa.Row[Any]],
    reviewer: str,
    seen: Mapping[int, int | None],
) -> list[str]:
    """What happened to the tracks meanwhile, counted."""
    found: dict[str, int] = {}
    for doubt in doubts:
        state = states.get(doubt.track_id)
        if state is None:
            words = "no longer in the catalog: nothing was written of {them}"
        elif state == "missing":
            words = "without a file at present: your decision is kept"
        elif (other := earlier.get((doubt.track_id, doubt.genre_id))) and other.reviewer != reviewer:
            words = (
                f"decided by {other.reviewer} before ({other.verdict.replace('_', ' ')}): yours counts now"
            )
        elif (
            doubt.track_id in seen
            and before.get(doubt.track_id, NO_TAGS).statement_id != seen[doubt.track_id]
        ):
            words = "changed its tags meanwhile: your decision is kept"
        else:
            continue
        found[words] = found.get(words, 0) + 1
    return [
        f"{number} {'track' if number == 1 else 'tracks'} {words.format(them='it' if number == 1 else 'them')}"
        for words, number in found.items()
    ]
