from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.report.report_data import read_report_data
from tests.integration.report.filled import (
    BAND,
    REASONS,
    RIGHT_TAG,
    WRONG_TAG,
    WRONG_TRACKS,
    add_audit,
    add_case,
    add_collection,
    add_model,
    add_track,
    genre_id,
    insert,
    say,
)


def test_the_facts_of_a_filled_catalog(filled: Database):
    facts = read_report_data(filled)
    assert (facts.totals.tracks, facts.totals.tagged, facts.totals.analyzed) == (344, 300, 340)
    assert facts.totals.missing == 0
    assert facts.failures.tracks == 4
    assert [(reason.code, reason.tracks) for reason in facts.failures.reasons] == [("too-short", 4)]

    assert {way.key: way.tracks for way in facts.untagged.sources} == {
        "artist": 14,
        "album": 4,
        "audio": 12,
        "unknown": 14,
    }
    assert facts.untagged.sources[-1].key == "unknown"
    assert (facts.untagged.tracks, facts.untagged.suggested) == (44, 30)

    case = facts.cases.largest[0]
    assert (case.name, case.tagged, case.suggested) == (BAND, WRONG_TAG, RIGHT_TAG)
    assert case.tracks == WRONG_TRACKS
    assert case.reasons == REASONS
    assert case.sentence == "14 tracks tagged Metal, predicted Rock"
    assert case.examples[0].title == "Folded Light 1"

    by_genre = {row.genre: row for row in facts.genres.tagged}
    assert sum(row.tracks for row in facts.genres.tagged) == 300
    for row in facts.genres.tagged:
        assert row.same + row.near + row.other + row.unsure + row.not_judged == row.tracks
    assert by_genre["Metal"].suspects >= WRONG_TRACKS
    assert by_genre["Metal"].near_flagged >= WRONG_TRACKS
    assert by_genre["Metal"].near_flagged + by_genre["Metal"].near_unflagged == by_genre["Metal"].near
    metal = next(row for row in facts.heat_map.rows if row.genre == "Metal")
    assert sum(cell.flagged for cell in metal.cells) >= WRONG_TRACKS
    assert by_genre["Synthpop"].judged == 0
    assert by_genre["Folk Rock"].counted_as == "Rock"
    assert by_genre["Folk Rock"].same == by_genre["Folk Rock"].judged - by_genre["Folk Rock"].unsure
    assert [row.genre for row in facts.genres.not_judged] == ["Blues", "Synthpop"]
    assert {row.counted_as for row in facts.genres.compared} == {row.genre for row in facts.heat_map.rows}

    assert facts.metrics is not None
    assert facts.map is not None
    assert facts.provenance.model is not None
    assert not facts.provenance.model.is_zero_shot
    assert facts.provenance.plotted_feature_set is not None
    assert facts.provenance.computed_with == "av 17.1.0, onnxruntime 1.30.0"


def test_an_empty_catalog_has_facts_too(database: Database):
    facts = read_report_data(database)
    assert facts.totals.tracks == facts.cases.cases == facts.failures.tracks == facts.untagged.tracks == 0
    assert facts.totals.tagged_share is None
    assert facts.metrics is None
    assert facts.map is None
    assert facts.provenance.model is None
    assert not facts.cases.audited


def test_what_is_missing_is_counted_apart(database: Database):
    with database.write() as connection:
        collection = add_collection(connection)
        for number, state in enumerate(("present", "missing", "metadata")):
            add_track(connection, collection, artist=None, title="x", path=f"{number}.mp3", state=state)
    totals = read_report_data(database).totals
    assert (totals.tracks, totals.missing) == (2, 1)


def test_decided_and_merely_imprecise_tags_are_no_doubts(database: Database):
    with database.write() as connection:
        collection = add_collection(connection)
        rock, metal = genre_id(connection, "Rock"), genre_id(connection, "Metal")
        audit = add_audit(connection, add_model(connection, [rock, metal], metrics={}))
        first, second, third, alone = (
            add_track(connection, collection, artist=None, title=f"T{number}", path=f"{number}.mp3")
            for number in range(4)
        )
        for track, tagged in ((first, metal), (second, metal), (third, rock), (alone, metal)):
            say(connection, track, tagged)
        refresh_track_status(connection)
        add_case(connection, audit, {first: 0.9, second: 0.8}, tagged=metal, suggested=rock)
        add_case(connection, audit, {third: 0.7}, tagged=rock, suggested=metal, relation="narrower")
        insert(
            connection,
            t.suspect,
            audit_id=audit,
            track_id=alone,
            genre_id=metal,
            suggested_genre_id=rock,
            suspicion=0.6,
            relation="different",
            reasons=[{"kind": "isolated_tag", "tagged_genre_id": metal}],
        )
        insert(
            connection,
            t.decision,
            track_id=second,
            genre_id=metal,
            verdict="keep",
            reviewer="me",
            source="queue",
        )
        add_audit_that_never_ended(connection)
    doubts = read_report_data(database).cases
    assert (doubts.cases, doubts.tracks, doubts.narrower, doubts.decided) == (2, 2, 1, 1)
    assert [(case.tracks, case.examples[0].title) for case in doubts.largest] == [(1, "T0"), (1, "T3")]
    assert doubts.largest[1].reasons == (
        "Among the most similar tracks by any artist, at most one is tagged Metal",
    )


def add_audit_that_never_ended(connection: sa.Connection) -> None:
    insert(connection, t.audit, kind="labels", parameters={}, finished_at=None)


def test_every_feature_set_that_was_learned_from_is_named(filled: Database):
    provenance = read_report_data(filled).provenance
    assert provenance.plotted_feature_set is not None
    other = replace(provenance.plotted_feature_set, name="summary", hash="ab" * 16)
    both = replace(provenance, feature_sets=(other, provenance.plotted_feature_set))
    named = [text.partition(",")[0] for word, text in both.lines if word == "Features"]
    assert named == ["summary", provenance.plotted_feature_set.name]
    assert replace(provenance, feature_sets=()).plotted_feature_set is None
