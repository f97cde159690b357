"""Which decisions are written."""

from __future__ import annotations

import mutagen
import sqlalchemy as sa

from catalog.db import tables as t
from tests.integration.statement_helpers import withdraw
from tests.integration.writeback.music_folder import MusicFolder
from tests.integration.writeback.tagged_files import mp3_v23


def test_a_genre_changed_in_the_file_after_the_decision_is_left_unless_named(music: MusicFolder) -> None:
    path = music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    file = mutagen.File(path)
    file.tags.add(mutagen.id3.TCON(encoding=3, text="Blues"))
    file.save(v2_version=3)
    music.scan()
    assert music.write("-y") == []
    assert "a.mp3: its genre was changed in the file after the decision" in music.err
    assert [row["state"] for row in music.write("-y", "a.mp3")] == ["written"]
    # What we wrote, or took back, is no such change.
    music.write("--undo", "-y")
    assert [row["before"] for row in music.write("--dry-run")] == ["Blues"]


def test_a_decision_taken_back_is_not_written(music: MusicFolder) -> None:
    music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    with music.database.write() as connection:
        query = sa.select(sa.func.max(t.statement.c.id)).where(t.statement.c.source == "person")
        withdraw(connection, connection.execute(query).scalar_one(), stated_by="ada")
    assert music.write("-y") == []
