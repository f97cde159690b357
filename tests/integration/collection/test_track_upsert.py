"""Whatever happens to a folder between scans, the tracks are its files, and a track stays itself."""

import itertools
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from catalog.collection.roots import CollectionRootError
from catalog.collection.scan import scan as scanning
from catalog.db.database import open_database
from catalog.db.derived.track_status import track_status_differences
from catalog.db.tables import collection, track, track_status

PATHS = ["1.mp3", "2.mp3", "3.mp3", "a/1.mp3", "a/2.mp3", "b/1.mp3"]
GENRES = [None, "Rock", "Metal", "Finnish Metal", "Rock/Pop"]
TAGGED = {None: None, "Rock/Pop": "Rock; Pop"}


numbers = itertools.count()


class Folder(RuleBasedStateMachine):
    """A folder of songs, what each holds, and the track it should be."""

    template: Path
    folder: Path
    make_song: Callable[..., Path]
    identity_is_sure = True

    def __init__(self):
        super().__init__()
        self.home = self.folder / str(next(numbers))
        self.music = self.home / "music"
        self.music.mkdir(parents=True)
        shutil.copy(self.template, self.home / "catalog.db")
        self.database = open_database(f"sqlite:///{self.home / 'catalog.db'}")
        self.sounds: dict[str, tuple[int, str | None]] = {}
        self.expected: dict[str, int] = {}
        self.changed: set[str] = set()
        self.moved: set[str] = set()
        self.copied: set[int] = set()
        self.most = 0

    def write(self, path, sound, genre):
        self.make_song(self.music / path, sound, genre=genre, mtime=next(numbers))
        self.sounds[path] = (sound, genre)

    @rule(path=st.sampled_from(PATHS), genre=st.sampled_from(GENRES))
    def write_new_sound(self, path, genre):
        self.write(path, next(numbers), genre)
        self.changed.add(path)
        if path in self.moved:
            self.expected.pop(path, None)

    @rule(path=st.sampled_from(PATHS), genre=st.sampled_from(GENRES))
    def change_the_tag(self, path, genre):
        if path in self.sounds:
            self.write(path, self.sounds[path][0], genre)
            self.changed.add(path)
            if path in self.moved:
                self.expected.pop(path, None)

    @rule(path=st.sampled_from(PATHS))
    def remove(self, path):
        if path in self.sounds:
            (self.music / path).unlink()
            self.forget(path)

    @rule(source=st.sampled_from(PATHS), goal=st.sampled_from(PATHS))
    def move(self, source, goal):
        if source not in self.sounds or source == goal:
            return
        (self.music / goal).parent.mkdir(exist_ok=True)
        (self.music / source).rename(self.music / goal)
        key, changed = self.expected.get(source), source in self.changed
        sound = self.sounds[source]
        self.forget(source)
        self.forget(goal)
        self.sounds[goal] = sound
        if key is not None and not changed and sound[0] not in self.copied:
            self.expected[goal] = key
            self.moved.add(goal)

    @rule(source=st.sampled_from(PATHS), goal=st.sampled_from(PATHS))
    def copy(self, source, goal):
        if source in self.sounds and source != goal:
            self.forget(goal)
            self.copied.add(self.sounds[source][0])
            self.expected.pop(source, None)
            (self.music / goal).parent.mkdir(exist_ok=True)
            self.write(goal, *self.sounds[source])

    @rule(path=st.sampled_from(PATHS))
    def touch(self, path):
        if path in self.sounds:
            os.utime(self.music / path, (next(numbers),) * 2)

    @rule(kill=st.one_of(st.none(), st.integers(0, 5)))
    def scan(self, kill):
        with suppress(KeyboardInterrupt):
            if kill is not None and self.sounds:
                scanning.scan(self.database, self.music, on_progress=Killer(kill))
        if not self.sounds:
            with pytest.raises(CollectionRootError):
                scanning.scan(self.database, self.music)
            return
        report = scanning.scan(self.database, self.music)
        assert report.warnings == []
        assert report.files == len(self.sounds)
        self.check()
        assert scanning.scan(self.database, self.music).unchanged == len(self.sounds)

    def check(self):
        query = sa.select(track.c.path, track.c.id, track_status.c.tagged_genres).join_from(
            track, track_status
        )
        with self.database.read() as connection:
            rows = connection.execute(query.where(track.c.state == "present")).all()
            tracks = connection.execute(sa.select(sa.func.count()).select_from(track)).scalar_one()
            assert track_status_differences(connection) == 0
            assert connection.execute(sa.select(collection.c.name)).scalars().all() == ["music"]
        found = {path: key for path, key, _ in rows}
        assert len(rows) == len(found)
        assert {path: tagged for path, _, tagged in rows} == {
            path: TAGGED.get(genre, genre) for path, (_, genre) in self.sounds.items()
        }
        for path, key in self.expected.items() if self.identity_is_sure else ():
            assert found[path] == key, path
        assert tracks >= self.most, "a scan never removes a track"
        self.most = tracks
        self.expected = {path: key for path, key in found.items() if self.sounds[path][0] not in self.copied}
        self.changed = set()
        self.moved = set()

    def forget(self, path):
        self.sounds.pop(path, None)
        self.expected.pop(path, None)
        self.changed.discard(path)

    def teardown(self):
        self.database.close()
        shutil.rmtree(self.home)


@pytest.mark.parametrize("recorded_at_once", [500, 2])
def test_tracks_follow_their_files(sqlite_template, tmp_path, make_song, monkeypatch, recorded_at_once):
    monkeypatch.setattr(scanning, "FILES_PER_TRANSACTION", recorded_at_once)

    class HereFolder(Folder):
        template = sqlite_template
        folder = tmp_path
        # Files of one renumbering may be in two small transactions: who is who is not always known then.
        identity_is_sure = recorded_at_once > len(PATHS)

    HereFolder.make_song = staticmethod(make_song)
    run_state_machine_as_test(
        HereFolder,
        settings=settings(max_examples=40, stateful_step_count=15, deadline=None, derandomize=True),
    )


class Killer:
    """Ends a scan after so many files."""

    def __init__(self, files):
        self.files = files

    def __call__(self, done, _total, _remark):
        if done > self.files:
            raise KeyboardInterrupt


def test_the_fixture_writes_what_it_says(make_song, tmp_path):
    one, other = make_song(tmp_path / "1.mp3", 1), make_song(tmp_path / "2.mp3", 2)
    assert Path(one).read_bytes() != Path(other).read_bytes()
