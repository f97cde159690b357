"""Listing, moving and removing collections; pruning; finding and describing tracks."""

import os
import shutil

import pytest
import sqlalchemy as sa

from catalog.audit.reasons import prediction_reason
from catalog.collection.collections import list_collections, move_collection, remove_collection
from catalog.collection.roots import CollectionRootError
from catalog.collection.scan.scan import scan
from catalog.collection.statements import NewStatement
from catalog.collection.track_lookup import TrackNotFoundError, find_track
from catalog.db.columns import metadata, now
from catalog.db.derived.confusion import confusion_differences
from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from catalog.db.tables import (  # fmt: skip
    audit,
    claim,
    collection,
    decision,
    failure,
    feature_set,
    feature_vector,
    genre,
    model,
    network_tag,
    prediction,
    review_case,
    snapshot,
    snapshot_member,
    suspect,
    tag_write,
    track,
    track_descriptor,
    track_network_tag,
)
from catalog.report.track_details import describe_track
from tests.integration.statement_helpers import append_statements, withdraw


def ids(database):
    with database.read() as connection:
        return dict(connection.execute(sa.select(track.c.path, track.c.id)).all())


def count(connection, table):
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def add(connection, table, **values):
    result = connection.execute(sa.insert(table).values(**values))
    return result.inserted_primary_key[0]


@pytest.fixture
def known(database, music, make_song):
    """A track of which everything is known, and one of the same artist."""
    make_song(music / "1.mp3", 1, genre="Rock", artist="A", album="Disc", title="The 100% Song")
    make_song(music.parent / "other/2.mp3", 2, genre="Metal", artist="A", title="Another song")
    scan(database, music)
    scan(database, music.parent / "other")
    everything(database, ids(database)["1.mp3"])
    return database


def everything(database, key):
    with database.write() as connection:
        rock, metal = (
            connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one()
            for name in ("Rock", "Metal")
        )
        (said,) = append_statements(connection, "person", [NewStatement(key, ("Metal",))], stated_by="me")
        (taken_back,) = append_statements(
            connection, "import", [NewStatement(key, ("Pop",), "Stil")], stated_by="list.csv"
        )
        withdraw(connection, taken_back, stated_by="me")
        trained = add(
            connection, snapshot, hash="h", level="leaf", parameters={}, tracks=1, classes=1, groups=1
        )
        connection.execute(
            sa.insert(snapshot_member).values(
                snapshot_id=trained, track_id=key, genre_id=rock, group_id=0, fold=0
            )
        )
        learned = add(
            connection, model, algorithm="a", parameters={}, snapshot_id=trained, class_order=[rock, metal], metrics={},
            versions={}, status="active",
        )  # fmt: skip
        connection.execute(
            sa.insert(prediction).values(
                model_id=learned, track_id=key, fold=0, genre_1_id=metal, probability_1=0.8, genre_2_id=rock, probability_2=0.1,  # noqa: E501
                suggested_genre_id=metal, suggested_probability=0.8, suggested_by="audio",
            )
        )  # fmt: skip
        heard = add(connection, feature_set, name="f", version=1, parameters={}, dimensions=[], hash="f")
        connection.execute(
            sa.insert(feature_vector).values(feature_set_id=heard, track_id=key, vector=[1.0], provenance={})
        )
        connection.execute(sa.insert(track_descriptor).values(track_id=key, loudness=-14.0))
        word = add(connection, network_tag, network="MSD", tag="guitar")
        connection.execute(
            sa.insert(track_network_tag).values(track_id=key, network_tag_id=word, probability=0.5)
        )
        add(
            connection,
            failure,
            track_id=key,
            stage="decode",
            reason="too-short",
            message="0.1 s",
            file_signature="x",
        )
        connection.execute(sa.insert(claim).values(track_id=key))
        listened = add(connection, audit, kind="labels", parameters={}, finished_at=now())
        case = add(
            connection,
            review_case,
            audit_id=listened,
            case_id="c",
            genre_id=rock,
            suggested_genre_id=metal,
            tracks=1,
            suspicion=0.9,
        )
        doubted = add(
            connection, suspect, audit_id=listened, track_id=key, genre_id=rock, suggested_genre_id=metal, review_case_id=case,  # noqa: E501
            suspicion=0.9, relation="different", reasons=[prediction_reason(metal, 0.9, rock, 0.1)],
        )  # fmt: skip
        first = add(
            connection, decision, track_id=key, genre_id=rock, verdict="relabel", chosen_genre_id=metal, reviewer="me",
            source="queue", suspect_id=doubted, statement_id=said,
        )  # fmt: skip
        add(
            connection,
            decision,
            track_id=key,
            genre_id=rock,
            verdict="undo",
            reviewer="me",
            source="queue",
            undoes_id=first,
        )
        add(
            connection,
            tag_write,
            track_id=key,
            statement_id=said,
            path_bytes=b"1.mp3",
            before={},
            after={"genre": "Metal"},
        )
        refresh_track_status(connection)


def test_collections_are_listed_with_their_tracks(database, music, make_song):
    make_song(music / "1.mp3", 1)
    gone = make_song(music / "2.mp3", 2)
    scan(database, music, name="Mine")
    gone.unlink()
    scan(database, music)
    with database.read() as connection:
        (listed,) = list_collections(connection)
    assert (listed.name, listed.present, listed.missing, listed.metadata) == ("Mine", 1, 1, 0)
    assert listed.root == str(music)
    assert listed.scanned_at is not None


def test_a_moved_collection_keeps_its_tracks(database, music, make_song):
    make_song(music / "a/1.mp3", 1)
    scan(database, music)
    before = ids(database)
    there = music.parent / "there"
    with pytest.raises(CollectionRootError, match="is not a folder"):
        move_collection(database, "music", there)
    music.rename(there)
    assert move_collection(database, "music", there, dry_run=True).tracks == 1
    moved = move_collection(database, "music", there)
    assert (moved.root, moved.tracks, moved.widened) == (str(there), 1, False)
    assert scan(database, there).unchanged == 1
    assert ids(database) == before


def test_a_collection_is_widened(database, music, make_song):
    make_song(music / "a/1.mp3", 1)
    make_song(music / "a/a/1.mp3", 11)
    make_song(music / "b/2.mp3", 2)
    scan(database, music / "a")
    before = ids(database)
    moved = move_collection(database, "a", music)
    assert moved.widened
    assert ids(database) == {"a/1.mp3": before["1.mp3"], "a/a/1.mp3": before["a/1.mp3"]}
    report = scan(database, music)
    assert (report.added, report.unchanged, report.missing) == (1, 2, 0)


def test_a_collection_does_not_move_to_where_it_is_not(database, music, make_song, tmp_path):
    make_song(music / "1.mp3", 1)
    scan(database, music)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(CollectionRootError, match=r"only 0 of 1 checked files .* not found: 1\.mp3"):
        move_collection(database, "music", empty)
    with pytest.raises(CollectionRootError, match="no collection 'x'; known collections: 'music'"):
        move_collection(database, "x", empty)
    make_song(empty / "1.mp3", 1)
    scan(database, empty)
    with pytest.raises(CollectionRootError, match="overlaps the collection 'empty'"):
        move_collection(database, "music", empty)
    assert scan(database, music).unchanged == 1


def test_removing_takes_everything_of_its_tracks_and_nothing_else(known):
    with known.read() as connection:
        assert track_status_differences(connection) == 0
        kept = {
            "genre",
            "genre_alias",
            "genre_ancestor",
            "model",
            "snapshot",
            "audit",
            "feature_set",
            "network_tag",
            "review_case",
        }
        before = {
            table.name: count(connection, table) for table in metadata.sorted_tables if table.name in kept
        }
    loss = remove_collection(known, "music", dry_run=True)
    assert (loss.tracks, loss.human_statements, loss.decisions, loss.tag_writes) == (1, 1, 2, 1)
    assert loss.human_evidence == 4
    assert len(ids(known)) == 2
    assert remove_collection(known, "music") == loss
    assert set(ids(known)) == {"2.mp3"}
    with known.read() as connection:
        assert track_status_differences(connection) == 0
        assert confusion_differences(connection) == 0
        after = {table.name: count(connection, table) for table in metadata.sorted_tables}
        assert {name: after[name] for name in kept} == before
        for name in (
            "prediction",
            "suspect",
            "decision",
            "tag_write",
            "feature_vector",
            "failure",
            "claim",
            "snapshot_member",
        ):
            assert after[name] == 0
        assert (after["artist"], after["album"], after["statement"]) == (1, 0, 1)
    with pytest.raises(CollectionRootError):
        remove_collection(known, "music")


def test_a_track_is_found_by_whatever_names_it(known, music, monkeypatch):
    key = ids(known)["1.mp3"]
    with known.write() as connection:
        connection.execute(sa.update(track).where(track.c.id == key).values(external_id="FMA7"))
    monkeypatch.chdir(music)
    with known.read() as connection:
        for text in (
            str(key),
            "1.mp3",
            "./1.mp3",
            str(music / "1.mp3"),
            "FMA7",
            "The 100% Song",
            "100%",
            "the 100",
        ):
            assert find_track(connection, text) == key
        with pytest.raises(
            TrackNotFoundError, match=r"matches several tracks.*A - The 100% Song.*A - Another song"
        ):
            find_track(connection, "song")
        for text in ("nothing", "100_", "99999999999999999999999", "", "\udce9", "a\\b"):
            if text:
                with pytest.raises(TrackNotFoundError, match="no track"):
                    find_track(connection, text)


def test_a_name_that_is_no_utf8_is_found(database, music, make_song):
    make_song(os.fsencode(music) + b"/caf\xe9.mp3", 1)
    scan(database, music)
    with database.read() as connection:
        (key,) = ids(database).values()
        for text in (os.fsdecode(os.fsencode(music) + b"/caf\xe9.mp3"), "caf\\xe9.mp3"):
            assert find_track(connection, text) == key


def test_the_dossier_tells_all(known):
    key = ids(known)["1.mp3"]
    with known.read() as connection:
        told = describe_track(connection, key)
        with pytest.raises(LookupError):
            describe_track(connection, 10**6)
    assert told["file"]["artist"] == "A"
    assert told["file"]["album"] == "Disc"
    assert [each["source"] for each in told["statements"]] == ["file", "person", "import", "import"]
    assert [(each["current"], each["withdrawn"]) for each in told["statements"][:3]] == [
        (False, False),
        (True, False),
        (False, True),
    ]
    assert told["statements"][1]["genres"] == [{"genre": "Metal", "as_written": "Metal"}]
    assert told["prediction"]["choices"][0] == {"genre": "Metal", "probability": 0.8}
    assert told["prediction"]["out_of_fold"] is True
    assert told["suspicions"][0]["reasons"][0]["kind"] == "prediction"
    assert told["suspicions"][0]["explanations"] == [
        "Predicted Metal (90\N{NO-BREAK SPACE}%); the tag Rock gets 10\N{NO-BREAK SPACE}%"
    ]
    assert [each["verdict"] for each in told["decisions"]] == ["relabel", "undo"]
    assert told["auto_tags"] == [{"tag": "guitar", "probability": 0.5, "network": "MSD"}]
    assert told["descriptor"]["loudness"] == -14.0
    assert told["failures"][0]["reason"] == "too-short"
    assert told["features"][0]["name"] == "f"
    assert told["tag_writes"][0]["after"] == {"genre": "Metal"}


def test_the_dossier_of_a_track_of_which_nothing_is_known(database, music, make_song):
    make_song(music / "1.mp3", 1)
    scan(database, music)
    shutil.rmtree(music)
    with database.read() as connection:
        told = describe_track(connection, ids(database)["1.mp3"])
    assert told["prediction"] is None
    assert told["statements"] == told["suspicions"] == told["failures"] == []
    assert told["standing"]["tagged_genre"] is None


def test_data_sets_have_no_folder_to_move(database, music):
    with database.write() as connection:
        connection.execute(sa.insert(collection).values(name="FMA", kind="data_set", tags_complete=True))
    with pytest.raises(CollectionRootError, match="data set"):
        move_collection(database, "FMA", music)
    assert remove_collection(database, "FMA").tracks == 0
