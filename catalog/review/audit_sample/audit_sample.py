"""The audit sample: random tracks that are judged blind, to measure the labels, the suspects and the model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.statements import genre_ids_of_statements
from catalog.db.columns import now
from catalog.db.tables import (
    album,
    artist,
    audit_sample,
    audit_sample_track,
    decision,
    genre,
    review_lease,
    track,
    track_status,
)
from catalog.db.track_query import HAS_FILE, latest_audit, with_artist_and_album
from catalog.learning.dataset.catalog_tracks import load_broader
from catalog.learning.dataset.hierarchy import path_to_top
from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS, default_size, is_eligible
from catalog.review.audit_sample.stratified_sampling import REST, DrawnTrack, draw_stratified
from catalog.review.decision import DecisionBatch, NothingToDecideError, OpenSuspect, decide
from catalog.review.lease import acquire_only, release
from catalog.review.suspect_filters import is_judgment, judgment_count, required_judgments
from catalog.review.verdict import InvalidVerdictError, Verdict

DEFAULT_OVERLAP = 30

Settlement = Literal["keep", "use", "unsure"]
"""Decisions after a blind answer that differs: keep the tag, use the answer, or neither."""
NAMES_SHOWN = "names_shown"
"""Key in `audit_sample.parameters`: pairs of track and reviewer who saw the names before the answer."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """The tracks of one genre, or of all rare genres."""

    genre: str
    tracks: int
    drawn: int
    weight: float
    """Tracks of the catalog that one drawn track stands for."""


@dataclass(frozen=True, slots=True)
class NewSample:
    """A new sample, or the plan for one."""

    sample_id: int | None
    """None for a dry run."""
    seed: int
    tracks: int
    overlap: int
    strata: tuple[Stratum, ...]
    closes: int | None
    """The open sample, which this one closes."""


@dataclass(frozen=True, slots=True)
class BlindTrack:
    """A track of the sample before its judgment: no genre, no path and no names, which often tell the genre."""

    sample_id: int
    track_id: int
    duration: float | None
    position: int
    """From 1."""
    of: int
    """Tracks in the sample."""


@dataclass(frozen=True, slots=True)
class TrackNames:
    """The names of a track, which are hidden in a blind question."""

    title: str | None
    artist: str | None
    album: str | None


@dataclass(frozen=True, slots=True)
class RevealedTags:
    """The tags of a track after its judgment."""

    decided: DecisionBatch
    genres: tuple[str, ...]
    """The tags when the sample was drawn."""
    is_right: bool | None
    """The chosen genre is one of the tags, or narrower; None without a chosen genre."""
    is_broader: bool
    """It is broader than one of the tags instead."""
    differs: bool
    """It is not one of the tags: ask what to do with the tag, see `settle_judgment`."""


def draw_sample(
    connection: Connection,
    size: int | None = None,
    *,
    seed: int = 0,
    overlap: int | None = None,
    dry_run: bool = False,
) -> NewSample:
    """Draws a sample of the tagged tracks with a file, stratified by their first genre, and closes the previous sample.

    The default size depends on the number of tracks, with an overlap of at most 30 tracks. Seed, weights and the latest
    audit, which the sample measures, are stored with it. Raises NothingToDecideError if there is nothing to draw from.
    """
    size = size or default_size(connection) or MIN_JUDGMENTS
    overlap = min(DEFAULT_OVERLAP, size) if overlap is None else overlap
    rows = connection.execute(
        sa.select(track.c.id, track_status.c.tagged_genre_id, track_status.c.statement_id)
        .join_from(track, track_status, track_status.c.track_id == track.c.id)
        .where(is_eligible())
        .order_by(track.c.id)
    ).all()
    if not rows:
        raise NothingToDecideError("there is no tagged track with a file to draw from; see: catalog stats")
    genres: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        genres[row.tagged_genre_id].append(row.id)
    drawn = draw_stratified(genres, size, overlap, seed)
    names: dict[int, str] = dict(connection.execute(sa.select(genre.c.id, genre.c.name)).all())
    strata = _strata(drawn, names)
    before = open_sample(connection)
    facts = (seed, len(drawn), sum(each.overlap for each in drawn), strata, before)
    if dry_run:
        return NewSample(None, *facts)
    if before is not None:
        connection.execute(sa.update(audit_sample).where(audit_sample.c.id == before).values(closed_at=now()))
    parameters = {
        "size": size,
        "audit_id": connection.execute(sa.select(latest_audit("labels"))).scalar_one(),
        "strata": [[each.genre, each.tracks, each.drawn, each.weight] for each in strata],
    }
    insert = sa.insert(audit_sample).values(
        seed=seed, tracks=len(drawn), overlap=facts[2], parameters=parameters
    )
    sample_id = int(connection.execute(insert.returning(audit_sample.c.id)).scalar_one())
    tags = {row.id: (row.tagged_genre_id, row.statement_id) for row in rows}
    _insert_drawn(connection, sample_id, drawn, tags)
    return NewSample(sample_id, *facts)


def _insert_drawn(
    connection: Connection,
    sample_id: int,
    drawn: Sequence[DrawnTrack],
    tags: Mapping[int, tuple[int | None, int | None]],
) -> None:
    """Inserts the drawn tracks in order; `tags` has the first genre and the statement of each track."""
    connection.execute(
        sa.insert(audit_sample_track),
        [
            {
                "audit_sample_id": sample_id,
                "track_id": each.track_id,
                "position": position,
                "genre_id": tags[each.track_id][0],
                "statement_id": tags[each.track_id][1],
                "weight": each.weight,
                "overlap": each.overlap,
            }
            for position, each in enumerate(drawn, 1)
        ],
    )


def open_sample(connection: Connection) -> int | None:
    """The id of the open sample; None before the first."""
    newest: int | None = connection.execute(
        sa.select(sa.func.max(audit_sample.c.id)).where(audit_sample.c.closed_at.is_(None))
    ).scalar_one()
    return newest


def next_sample_track(
    connection: Connection,
    reviewer: str,
    *,
    after: int | None = None,
    behind: int | None = None,
    moment: datetime | None = None,
) -> BlindTrack | None:
    """The next track of the sample for this reviewer, now leased to them; None if nothing is left for them.

    Each track is for one reviewer, a track of the overlap for two. A reviewer who undid a judgment has seen the tags
    and does not get the track again. `after` is a track to skip; without it the search continues behind `behind`, which
    comes last. Needs a writing transaction.
    """
    sample_id = open_sample(connection)
    if sample_id is None:
        return None
    moment = moment or now()
    seen = sa.exists().where(decision.c.track_id == audit_sample_track.c.track_id, _has_shown_tags(reviewer))
    held = sa.exists().where(
        review_lease.c.case_id == sa.literal("sample:").concat(sa.cast(track.c.id, sa.Text)),
        review_lease.c.until > moment,
        review_lease.c.reviewer != reviewer,
    )
    rows = connection.execute(
        sa.select(
            audit_sample_track.c.audit_sample_id,
            track.c.id,
            track.c.duration,
            audit_sample_track.c.position,
            audit_sample.c.tracks,
        )
        .join_from(audit_sample_track, track, track.c.id == audit_sample_track.c.track_id)
        .join(audit_sample, audit_sample.c.id == audit_sample_track.c.audit_sample_id)
        .where(
            audit_sample_track.c.audit_sample_id == sample_id,
            HAS_FILE,
            judgment_count() < required_judgments(),
            ~seen,
            ~held,
        )
        .order_by(audit_sample_track.c.position)
    ).all()
    last = behind if after is None else after
    place = next((at for at, row in enumerate(rows) if row.id == last), -1) + 1
    for row in [row for row in [*rows[place:], *rows[:place]] if row.id != after]:
        if acquire_only(connection, sample_lease_key(row.id), reviewer, moment):
            return BlindTrack(*row)
    return None


def show_names(connection: Connection, track_id: int, reviewer: str) -> TrackNames:
    """The names of a track of the open sample, and a record in the sample that this reviewer saw them.

    Needs a writing transaction. Raises NothingToDecideError.
    """
    sample_id = open_sample(connection)
    _in_sample(connection, track_id)
    is_sample = audit_sample.c.id == sample_id
    parameters = connection.execute(
        sa.select(audit_sample.c.parameters).where(is_sample).with_for_update()
    ).scalar_one()
    shown = parameters.get(NAMES_SHOWN, [])
    if [track_id, reviewer] not in shown:
        recorded = parameters | {NAMES_SHOWN: [*shown, [track_id, reviewer]]}
        connection.execute(sa.update(audit_sample).where(is_sample).values(parameters=recorded))
    row = connection.execute(
        sa.select(track.c.title, artist.c.name, album.c.title)
        .select_from(with_artist_and_album())
        .where(track.c.id == track_id)
    ).one()
    return TrackNames(*row)


def sample_lease_key(track_id: int) -> str:
    """The key of the lease of a sample track."""
    return f"sample:{track_id}"


def judge_blind(
    connection: Connection,
    track_id: int,
    reviewer: str,
    *,
    genre_id: int | None = None,
    verdict: Verdict | None = None,
) -> RevealedTags:
    """Writes a reviewer's blind judgment of a track of the open sample.

    Either the chosen genre, stored as `keep` if it is one of the tags or narrower, and as `relabel` otherwise; or the
    verdict `unsure` or `wrong_recording`. A genre that is not one of the tags is stored as an answer for the estimates
    and changes no tags: that takes a second answer, see `settle_judgment`. Needs a writing transaction. Raises
    NothingToDecideError, and InvalidVerdictError, also for a reviewer who judged the track before: even after an undo
    they have seen the tags.
    """
    drawn, statement_id = _in_sample(connection, track_id)
    shown = sa.select(sa.exists().where(decision.c.track_id == track_id, _has_shown_tags(reviewer)))
    if connection.execute(shown).scalar_one():
        raise InvalidVerdictError(
            f"you have already judged track {track_id} and seen its tags; a track can be judged blind only once"
        )
    if (genre_id is None) == (verdict is None) or verdict not in {None, "unsure", "wrong_recording"}:
        raise InvalidVerdictError("choose a genre, `unsure` or `wrong_recording`")
    tags = genre_ids_of_statements(connection, [statement_id]).get(statement_id or 0, ())
    broader, names = load_broader(connection)
    is_right = None if genre_id is None else any(lies_within(genre_id, tag, broader) for tag in tags)
    recorded: Verdict = verdict or ("keep" if is_right else "relabel")
    differs = genre_id is not None and genre_id not in tags
    decided = decide(
        connection,
        [OpenSuspect(track_id, drawn)],
        recorded,
        reviewer,
        genre_id=genre_id,
        source="sample",
        blind=True,
        is_answer=differs,
    )
    release(connection, reviewer, sample_lease_key(track_id))
    is_broader = is_right is False and any(lies_within(tag, genre_id or 0, broader) for tag in tags)
    return RevealedTags(decided, tuple(names[tag] for tag in tags), is_right, is_broader, differs)


def settle_judgment(
    connection: Connection, track_id: int, reviewer: str, settlement: Settlement
) -> DecisionBatch:
    """Decides on the tag of a track after a blind answer that differs from it; the answer stays as it is.

    Keeps the tag, replaces it by the genre of the answer, or leaves it as unsure. Needs a writing transaction. Raises
    NothingToDecideError, and InvalidVerdictError without a blind answer by this reviewer.
    """
    drawn, _ = _in_sample(connection, track_id)
    answer = connection.execute(
        sa.select(decision.c.chosen_genre_id)
        .where(decision.c.track_id == track_id, decision.c.reviewer == reviewer, is_judgment(decision))
        .order_by(decision.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    if answer is None:
        raise InvalidVerdictError(f"you have not chosen a genre for track {track_id}")
    verdict: Verdict = "relabel" if settlement == "use" else settlement
    genre_id = answer if settlement == "use" else None
    return decide(
        connection, [OpenSuspect(track_id, drawn)], verdict, reviewer, genre_id=genre_id, source="sample"
    )


def lies_within(genre_id: int, term: int, broader: Mapping[int, int | None]) -> bool:
    """A genre is the term or narrower. A reviewer who chooses the term then calls the tag right, only less specific."""
    return term in path_to_top(genre_id, broader)


def _has_shown_tags(reviewer: str) -> sa.ColumnElement[bool]:
    """A row of `decision` after which the reviewer saw the tags of a sample track, undone or not."""
    return sa.and_(decision.c.source == "sample", decision.c.blind, decision.c.reviewer == reviewer)


def _in_sample(connection: Connection, track_id: int) -> tuple[int | None, int | None]:
    """The genre and the statement of a track when it was drawn into the open sample."""
    row = connection.execute(
        sa.select(audit_sample_track.c.genre_id, audit_sample_track.c.statement_id).where(
            audit_sample_track.c.audit_sample_id == open_sample(connection),
            audit_sample_track.c.track_id == track_id,
        )
    ).one_or_none()
    if row is None:
        raise NothingToDecideError(f"track {track_id} is not in the audit sample")
    return row.genre_id, row.statement_id


def _strata(drawn: list[DrawnTrack], names: dict[int, str]) -> tuple[Stratum, ...]:
    counted: defaultdict[int, list[float]] = defaultdict(list)
    for each in drawn:
        counted[each.stratum].append(each.weight)
    strata = [
        Stratum(
            names.get(key, "rarer genres") if key != REST else "rarer genres",
            round(sum(weights)),
            len(weights),
            weights[0],
        )
        for key, weights in counted.items()
    ]
    return tuple(sorted(strata, key=lambda each: (-each.tracks, each.genre)))
