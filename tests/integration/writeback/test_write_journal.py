"""The journal of written tags."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.collection.naming.file_state import FileState
from catalog.db import tables as t
from tests.integration.writeback.music_folder import MusicFolder
from tests.integration.writeback.tagged_files import FORMATS, mp3_v23


def test_what_was_heard_still_holds_for_a_file_that_grew(music: MusicFolder) -> None:
    music.add("a.mp3", FORMATS["MP3 without a tag"][1]())
    music.scan()
    music.decide(["Jazz"])
    with music.database.write() as connection:
        row = connection.execute(sa.select(t.track.c.id, t.track.c.file_signature)).one()
        values = {"name": "x", "version": 1, "parameters": {}, "dimensions": ["a"], "hash": "h"}
        insert = sa.insert(t.feature_set).values(values).returning(t.feature_set.c.id)
        recipe = connection.execute(insert).scalar_one()
        connection.execute(
            sa.insert(t.feature_vector).values(
                feature_set_id=recipe, track_id=row.id, vector=[1.0], file_signature=row.file_signature
            )
        )
    music.write("-y")
    with music.database.read() as connection:
        query = sa.select(
            t.feature_vector.c.file_signature, t.track.c.file_signature.label("present")
        ).join_from(t.feature_vector, t.track)
        found = connection.execute(query).one()
    assert found.file_signature == found.present != row.file_signature


def test_show_says_what_was_written(music: MusicFolder) -> None:
    music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    music.write("-y")
    music.run("show", "a.mp3")
    assert "written: Metal -> Jazz" in music.out
    music.run("show", "a.mp3", "--json")
    assert "patch" not in music.out


def test_the_state_of_the_new_file_is_stored(music: MusicFolder) -> None:
    path = music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    for arguments in (("-y",), ("--undo", "-y")):
        music.write(*arguments)
        query = sa.select(t.track.c.size, t.track.c.mtime_ns, t.track.c.ctime_ns, t.track.c.inode)
        with music.database.read() as connection:
            stored = FileState(*connection.execute(query).one())
        assert stored == FileState.of(path.stat())
