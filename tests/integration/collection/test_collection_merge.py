"""Joining two collections keeps their tracks with everything about them."""

import json
import shutil

import pytest
import sqlalchemy as sa

from catalog.collection.collection_merge import merge_collections
from catalog.collection.collections import rename_collection
from catalog.collection.roots import CollectionRootError
from catalog.collection.scan.scan import scan
from catalog.db.tables import collection, track
from tests.integration.collection.evidence import decide, everything_about, places
from tests.integration.collection.kept import rows, tagged


@pytest.fixture
def two(database, music, make_song):
    """The collections `incoming` and `library`, side by side, with a decision in `incoming`; the id of its track."""
    make_song(music / "incoming/01.mp3", 1, genre="Rock")
    make_song(music / "incoming/02.mp3", 2, genre="Rock")
    make_song(music / "library/01.mp3", 3, genre="Rock")
    for name in ("incoming", "library"):
        scan(database, music / name)
    return decide(database, "02.mp3")


def collections(database):
    return rows(database, collection.c.name, collection.c.root)


def test_two_folders_become_one_collection_at_their_common_parent(database, music, two):
    before = places(database)
    assert merge_collections(database, "incoming", "library", dry_run=True).tracks == 2
    assert places(database) == before
    result = merge_collections(database, "incoming", "library")
    assert (result.tracks, result.without_file, result.is_moved) == (2, 0, True)
    assert collections(database) == [("library", str(music))]
    assert places(database) == {key: ("library", f"{name}/{path}") for key, (name, path) in before.items()}
    assert everything_about(database, two) == (1, 1, 1, 1, 1)
    assert tagged(database)["incoming/02.mp3"] == "Soul"
    report = scan(database, music)
    assert (report.unchanged, report.missing, report.added) == (3, 0, 0)
    with pytest.raises(CollectionRootError, match="no collection"):
        merge_collections(database, "incoming", "library")


def test_tracks_whose_files_moved_are_found_in_the_target(database, music, two):
    for name in ("01.mp3", "02.mp3"):
        (music / "incoming" / name).rename(music / "library" / f"new-{name}")
    (music / "incoming").rmdir()
    result = merge_collections(database, "incoming", "library")
    assert (result.tracks, result.without_file, result.is_moved) == (2, 2, False)
    assert collections(database) == [("library", str(music / "library"))]
    assert scan(database, music / "library").moved == 2
    assert places(database)[two] == ("library", "new-02.mp3")
    assert everything_about(database, two) == (1, 1, 1, 1, 1)


def test_a_track_with_a_decision_takes_over_the_file_of_its_copy(database, music, two):
    for name in ("01.mp3", "02.mp3"):
        shutil.copy2(music / "incoming" / name, music / "library" / f"new-{name}")
    scan(database, music / "library")
    shutil.rmtree(music / "incoming")
    result = merge_collections(database, "incoming", "library")
    assert (result.tracks, result.without_file) == (2, 1)
    assert places(database)[two] == ("library", "new-02.mp3")
    assert everything_about(database, two) == (1, 1, 1, 1, 1)
    assert scan(database, music / "library").unchanged == 3


def test_a_target_whose_folder_is_gone_gets_that_of_the_source(database, music, two):
    (music / "library").rename(music / "gone")
    result = merge_collections(database, "incoming", "library")
    assert (result.tracks, result.without_file, result.is_moved) == (2, 0, True)
    assert collections(database) == [("library", str(music / "incoming"))]
    assert (scan(database, music / "incoming").unchanged, len(rows(database, track.c.id))) == (2, 3)


def test_a_common_parent_with_another_collection_is_refused(database, music, two, make_song):
    make_song(music / "third/1.mp3", 9)
    scan(database, music / "third")
    with pytest.raises(CollectionRootError, match="also contains the collection 'third'"):
        merge_collections(database, "incoming", "library")
    assert len(collections(database)) == 3
    with pytest.raises(CollectionRootError, match="same collection"):
        merge_collections(database, "third", str(music / "third"))


def test_equal_external_ids_are_refused(database, two):
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.path == "01.mp3").values(external_id="7"))
    with pytest.raises(CollectionRootError, match=r"external id '7'.*nothing was changed"):
        merge_collections(database, "incoming", "library")
    assert len(collections(database)) == 2


@pytest.mark.parametrize("names", [("data", "library"), ("library", "data")])
def test_a_data_set_and_a_folder_are_joined(database, music, two, names):
    with database.write() as connection:
        insert = sa.insert(collection).values(name="data", kind="data_set").returning(collection.c.id)
        key = connection.execute(insert).scalar_one()
        connection.execute(sa.insert(track).values(collection_id=key, state="metadata", external_id="1"))
    merge_collections(database, *names)
    assert (names[1], str(music / "library")) in collections(database)
    assert scan(database, music / "library").unchanged == 1


def test_a_renamed_collection_keeps_its_tracks(database, music, two):
    rename_collection(database, "incoming", "inbox", dry_run=True)
    rename_collection(database, "incoming", "inbox")
    assert places(database)[two] == ("inbox", "02.mp3")
    assert scan(database, music / "incoming").collection == "inbox"
    for name in ("library", " "):
        with pytest.raises(CollectionRootError, match=r"called 'library' already|is empty"):
            rename_collection(database, "inbox", name)
    rename_collection(database, "inbox", "inbox")


def test_collections_are_merged_and_renamed_by_commands(catalog, music, make_song):
    for name in ("a", "b"):
        make_song(music / name / "1.mp3", name)
        catalog("scan", music / name)
    assert catalog("collections", "rename", "a", "c", "--dry-run")[1] == "a would be called c\n"
    assert catalog("collections", "rename", "a", "c")[1] == "a is now called c\n"
    code, out, _ = catalog("collections", "merge", "c", "b", "--dry-run")
    assert (code, out) == (0, f"would merge 1 track of c into b in {music}\n")
    code, out, _ = catalog("collections", "merge", "c", "b", "--json", "--yes")
    assert (code, json.loads(out)["tracks"], json.loads(out)["dry_run"]) == (0, 1, False)
    assert catalog("collections", "merge", "c", "b")[0] == 1
