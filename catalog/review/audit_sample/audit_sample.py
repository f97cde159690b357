"""The check sample: tracks drawn at random, judged blind, that say how the archive, the suspects and the model do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

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
from catalog.db.track_query import HAS_FILE, latest_audit
from catalog.learning.dataset.hierarchy import path_to_top
from catalog.learning.dataset.labeled_tracks import load_broader
from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS, default_size, is_eligible
from catalog.review.audit_sample.stratified_sampling import REST, DrawnTrack, draw_stratified
from catalog.review.decision import DecisionBatch, NothingToDecideError, OpenSuspect, decide
from catalog.review.lease import acquire_only, release
from catalog.review.suspect_filters import judgment_count, required_judgments
from catalog.review.verdict import InvalidVerdictError, Verdict

DEFAULT_OVERLAP = 30


@dataclass(frozen=True, slots=True)
class Stratum:
    """The tracks of one genre, or of all rare ones."""

    genre: str
    tracks: int
    drawn: int
    weight: float
    """Tracks of the archive that one drawn stands for."""


@dataclass(frozen=True, slots=True)
class NewSample:
    """What was drawn, or would be."""

    sample_id: int | None
    """None of a dry run."""
    seed: int
    tracks: int
    overlap: int
    strata: tuple[Stratum, ...]
    closes: int | None
    """The sample that was open before and ends with this one."""


@dataclass(frozen=True, slots=True)
class BlindTrack:
    """A track of the sample before it is judged: nothing that names a genre; not even the path, whose folders may."""

    sample_id: int
    track_id: int
    title: str | None
    artist: str | None
    album: str | None
    duration: float | None
    position: int
    """From 1."""
    of: int
    """Tracks in the sample."""


@dataclass(frozen=True, slots=True)
class RevealedTags:
    """What appears after the choice."""

    decided: DecisionBatch
    genres: tuple[str, ...]
    """The tags as they were when the sample was drawn."""
    is_right: bool | None
    """Whether the chosen genre is one of the tags, or narrower; None where nothing was chosen."""
    is_broader: bool
    """Whether it is not, and broader than one of the tags: ask whether the tag is right too, see `confirm_tag`."""


def draw_sample(
    connection: Connection,
    size: int | None = None,
    *,
    seed: int = 0,
    overlap: int | None = None,
    dry_run: bool = False,
) -> NewSample:
    """Draws a sample of the tagged tracks that can be heard, stratified by their first genre, and closes the one before.

    Where nobody says how large, it is as large as suits the archive, with an overlap of 30 tracks or all. It is kept with
    its seed, weights, and the audit that it will grade: the latest one. Raises NothingToDecideError where there is nothing to
    draw from.
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
    sample_id = int(
        connection.execute(
            sa.insert(audit_sample)
            .values(
                seed=seed,
                tracks=len(drawn),
                overlap=facts[2],
                parameters={
                    "size": size,
                    "audit_id": connection.execute(sa.select(latest_audit("labels"))).scalar_one(),
                    "strata": [[each.genre, each.tracks, each.drawn, each.weight] for each in strata],
                },
            )
            .returning(audit_sample.c.id)
        ).scalar_one()
    )
    known = {row.id: row for row in rows}
    connection.execute(
        sa.insert(audit_sample_track),
        [
            {
                "audit_sample_id": sample_id,
                "track_id": each.track_id,
                "position": position,
                "genre_id": known[each.track_id].tagged_genre_id,
                "statement_id": known[each.track_id].statement_id,
                "weight": each.weight,
                "overlap": each.overlap,
            }
            for position, each in enumerate(drawn, 1)
        ],
    )
    return NewSample(sample_id, *facts)


def open_sample(connection: Connection) -> int | None:
    """The id of the sample that is being judged, or was last; None before the first."""
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
    """The next track of the sample for this reviewer, held for him from now on; None: nothing is left for him.

    Each track is for one reviewer, one of the overlap for two. Whoever took a judgment back has seen the tags, and is not
    asked of that track again. `after` is a track to skip; without it the search goes on behind `behind`, which is the last
    to come again. Needs a writing transaction.
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
            track.c.title,
            artist.c.name,
            album.c.title,
            track.c.duration,
            audit_sample_track.c.position,
            audit_sample.c.tracks,
        )
        .join_from(audit_sample_track, track, track.c.id == audit_sample_track.c.track_id)
        .join(audit_sample, audit_sample.c.id == audit_sample_track.c.audit_sample_id)
        .join(artist, artist.c.id == track.c.artist_id, isouter=True)
        .join(album, album.c.id == track.c.album_id, isouter=True)
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


def sample_lease_key(track_id: int) -> str:
    """Under which name a track of the sample is held."""
    return f"sample:{track_id}"


def judge_blind(
    connection: Connection,
    track_id: int,
    reviewer: str,
    *,
    genre_id: int | None = None,
    verdict: Verdict | None = None,
) -> RevealedTags:
    """Writes what a reviewer heard in a track of the open sample before tag and suggestion were shown.

    Either the genre chosen, which becomes `keep` where it is one of the tags or narrower, and `relabel` where not; or the
    verdict `unsure` or `wrong_recording`. Needs a writing transaction. Raises NothingToDecideError, and InvalidVerdictError, as for
    a reviewer who has judged the track before: even if that was taken back, the tags were shown.
    """
    drawn, statement_id = _in_sample(connection, track_id)
    shown = sa.select(sa.exists().where(decision.c.track_id == track_id, _has_shown_tags(reviewer)))
    if connection.execute(shown).scalar_one():
        raise InvalidVerdictError(
            f"you have judged track {track_id} before and seen its tags: nobody can judge it blind twice"
        )
    if (genre_id is None) == (verdict is None) or verdict not in {None, "unsure", "wrong_recording"}:
        raise InvalidVerdictError(
            "choose a genre, or say that you are unsure or that it is the wrong recording"
        )
    tags = genre_ids_of_statements(connection, [statement_id]).get(statement_id or 0, ())
    broader, names = load_broader(connection)
    is_right = None if genre_id is None else any(lies_within(genre_id, tag, broader) for tag in tags)
    said: Verdict = verdict or ("keep" if is_right else "relabel")
    decided = decide(
        connection,
        [OpenSuspect(track_id, drawn)],
        said,
        reviewer,
        genre_id=genre_id,
        source="sample",
        blind=True,
    )
    release(connection, reviewer, sample_lease_key(track_id))
    is_broader = is_right is False and any(lies_within(tag, genre_id or 0, broader) for tag in tags)
    return RevealedTags(decided, tuple(names[tag] for tag in tags), is_right, is_broader)


def confirm_tag(connection: Connection, track_id: int, reviewer: str) -> DecisionBatch:
    """Says, after the tags were shown, that they are right too: of somebody who had chosen a broader genre than the tag.

    Only such a choice can be mended so; another stays what it was, blind. Needs a writing transaction. Raises
    NothingToDecideError.
    """
    drawn, _ = _in_sample(connection, track_id)
    return decide(connection, [OpenSuspect(track_id, drawn)], "keep", reviewer, source="sample")


def lies_within(genre_id: int, term: int, broader: Mapping[int, int | None]) -> bool:
    """Whether a genre is the term or narrower: then who says the term is not wrong, only less precise."""
    return term in path_to_top(genre_id, broader)


def _has_shown_tags(reviewer: str) -> sa.ColumnElement[bool]:
    """Whether a row of `decision` is one after which the reviewer saw the tags of a sample's track, undone or not."""
    return sa.and_(decision.c.source == "sample", decision.c.blind, decision.c.reviewer == reviewer)


def _in_sample(connection: Connection, track_id: int) -> tuple[int | None, int | None]:
    """The genre and the statement with which a track was drawn into the open sample."""
    row = connection.execute(
        sa.select(audit_sample_track.c.genre_id, audit_sample_track.c.statement_id).where(
            audit_sample_track.c.audit_sample_id == open_sample(connection),
            audit_sample_track.c.track_id == track_id,
        )
    ).one_or_none()
    if row is None:
        raise NothingToDecideError(f"track {track_id} is not in the check sample")
    return row.genre_id, row.statement_id


def _strata(drawn: list[DrawnTrack], names: dict[int, str]) -> tuple[Stratum, ...]:
    counted: defaultdict[int, list[float]] = defaultdict(list)
    for each in drawn:
        counted[each.stratum].append(each.weight)
    found = [
        Stratum(
            names.get(key, "rarer genres") if key != REST else "rarer genres",
            round(sum(weights)),
            len(weights),
            weights[0],
        )
        for key, weights in counted.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.tracks, each.genre)))
