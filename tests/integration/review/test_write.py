"""Writing to files what people decided: every format, what is kept, what is refused, and undoing it."""

from __future__ import annotations

import csv
import errno
import fcntl
import io
import json
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

import mutagen
import pytest
import sqlalchemy as sa
from mutagen import apev2

from catalog.cli import run
from catalog.collection.file_tags import read_file_tags
from catalog.collection.scan import scan
from catalog.collection.statements import Saying, append_statements, withdraw
from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.standing import standing_differences
from catalog.review import write_run
from catalog.review.tag_id3 import parse_tag, tag_size
from catalog.review.write_file import sound_of
from catalog.review.write_lock import only_writer
from tests.integration.review.tagged_files import FORMATS, mp3_v23, write_formats

TEN_YEARS_AGO = 1_480_000_000_123_456_789


@dataclass
class Shelf:
    """A scanned folder with a catalog of its own, and verbs run on it."""

    database: Database
    url: str
    home: Path
    music: Path
    capture: pytest.CaptureFixture[str]
    code: int = 0
    out: str = ""
    err: str = ""

    def add(self, name: str, content: bytes) -> Path:
        path = self.music / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(TEN_YEARS_AGO, TEN_YEARS_AGO))
        return path

    def scan(self) -> None:
        report = scan(self.database, self.music)
        assert not report.warned

    def decide(self, genres: list[str], name: str | None = None) -> None:
        with self.database.write() as connection:
            query = sa.select(t.track.c.id)
            if name is not None:
                query = query.where(t.track.c.path == name)
            ids = list(connection.execute(query).scalars())
            assert ids
            append_statements(connection, "human", [Saying(i, tuple(genres)) for i in ids], said_by="ada")

    def write(self, *arguments: str) -> list[dict[str, object]]:
        """Runs the verb with --json; gives its rows."""
        self.run("write", "--json", *arguments)
        return json.loads(self.out) if self.out else []

    def run(self, *arguments: str) -> None:
        self.capture.readouterr()
        self.code = run(["--home", str(self.home), "--database-url", self.url, *arguments])
        self.out, self.err = self.capture.readouterr()

    def journal(self) -> list[sa.Row]:
        with self.database.read() as connection:
            return list(connection.execute(sa.select(t.tag_write).order_by(t.tag_write.c.id)))


@pytest.fixture
def shelf(database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shelf:
    music = tmp_path / "music"
    music.mkdir()
    return Shelf(database, database_url, tmp_path / "home", music, capsys)


def genres(path: Path) -> tuple[str, ...]:
    with path.open("rb") as stream:
        return read_file_tags(stream, os.fsencode(path.name)).genres


@pytest.mark.parametrize("decided", [["Jazz"], ["Melodic Death Metal", "Jazz", "Folk"], []])
def test_every_format_is_written_and_undone_byte_for_byte(shelf: Shelf, decided: list[str]) -> None:
    files = write_formats(shelf.music)
    if not decided:
        # Another tag would go on saying the genre; see below.
        files.pop("ID3v2.4, APE and ID3v1").unlink()
    for path in files.values():
        os.utime(path, ns=(TEN_YEARS_AGO, TEN_YEARS_AGO))
    before = {name: path.read_bytes() for name, path in files.items()}
    said = {name: genres(path) for name, path in files.items()}
    sounds = {name: sound_of(os.fsencode(path)) for name, path in files.items()}
    shelf.scan()
    shelf.decide(decided)
    planned = shelf.write("--dry-run")
    assert {row["state"] for row in planned} == {"planned"}
    assert {name: path.read_bytes() for name, path in files.items()} == before
    rows = shelf.write("-y")
    assert shelf.code == 0
    assert [row["track_id"] for row in rows] == [row["track_id"] for row in planned]
    # A decision for no genre changes nothing where there is none.
    changed = {name for name in files if decided or said[name]}
    assert len(rows) == len(changed)
    for name, path in files.items():
        assert (path.read_bytes() != before[name]) == (name in changed), name
        read = [
            each for text in genres(path) for each in text.replace(" / ", "/").replace("/", "; ").split("; ")
        ]
        # ID3v1 alone keeps a number.
        assert read in (decided, ["8"]), name
        assert sound_of(os.fsencode(path)) == sounds[name], name
        assert path.stat().st_mtime_ns == TEN_YEARS_AGO
    # What we wrote is no news.
    report = scan(shelf.database, shelf.music)
    assert (report.unchanged, report.changed) == (len(files), 0)
    assert shelf.write("-y") == []
    with shelf.database.read() as connection:
        origins = set(
            connection.execute(sa.text("SELECT source, origin FROM statement WHERE origin = 'catalog'"))
        )
        assert {tuple(row) for row in origins} == {("file", "catalog")}
        assert standing_differences(connection) == 0
    undone = shelf.write("--undo", "-y")
    assert shelf.code == 0
    assert {row["state"] for row in undone} == {"undone"}
    assert {row["message"] for row in undone} == {None}
    for name, path in files.items():
        assert path.read_bytes() == before[name], name
        assert path.stat().st_mtime_ns == TEN_YEARS_AGO
    assert {row.state for row in shelf.journal()} == {"undone"}
    assert scan(shelf.database, shelf.music).unchanged == len(files)
    assert len(list(shelf.music.iterdir())) == len(files)


def test_a_genre_that_another_tag_repeats_is_not_taken_away(shelf: Shelf) -> None:
    content = FORMATS["ID3v2.4, APE and ID3v1"][1]()
    path = shelf.add("a.mp3", content)
    shelf.scan()
    shelf.decide([])
    (row,) = shelf.write("-y")
    assert "would be read as Metal: another tag in the file says so" in str(row["message"])
    assert path.read_bytes() == content


def test_version_flags_other_frames_padding_and_id3v1_are_kept(shelf: Shelf) -> None:
    files = write_formats(shelf.music)
    before = {name: path.read_bytes() for name, path in files.items()}
    shelf.scan()
    shelf.decide(["Jazz"])
    shelf.write("-y")
    for name in (
        "ID3v2.2",
        "ID3v2.3 and ID3v1",
        "ID3v2.3, unsynchronised",
        "ID3v2.4",
        "ID3v2.4, APE and ID3v1",
    ):
        old, new = before[name], files[name].read_bytes()
        was, now = (parse_tag(data[: tag_size(data)]) for data in (old, new))
        assert (was.version, was.flags, was.others, was.size) == (
            now.version,
            now.flags,
            now.others,
            now.size,
        )
        if "ID3v1" in name:
            assert new[-128:-1] == old[-128:-1]
            assert (old[-1], new[-1]) == (9, 8)
        assert new[now.size : -128] == old[was.size : -128]
    tags = apev2.APEv2(files["ID3v2.4, APE and ID3v1"])
    assert (str(tags["Genre"]), str(tags["Mood"])) == ("Metal", "loud")
    flac = mutagen.File(files["FLAC"])
    assert list(flac.tags) == [("Title", "Söng"), ("GENRE", "Jazz"), ("x-own", "a=b"), ("ARTIST", "B")]
    assert len(files["FLAC"].read_bytes()) == len(before["FLAC"])
    assert files["ID3v1 only"].read_bytes()[:-1] == before["ID3v1 only"][:-1]


def test_only_people_are_obeyed_and_only_where_the_file_says_otherwise(shelf: Shelf) -> None:
    for name in ("agrees", "differs", "imported", "untouched"):
        shelf.add(f"{name}.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["metal"], "agrees.mp3")
    shelf.decide(["Jazz"], "differs.mp3")
    with shelf.database.write() as connection:
        query = sa.select(t.track.c.id).where(t.track.c.path == "imported.mp3")
        track_id = connection.execute(query).scalar_one()
        append_statements(connection, "import", [Saying(track_id, ("Jazz",))])
    rows = shelf.write("-y")
    assert [(row["path"], row["before"], row["after"]) for row in rows] == [("differs.mp3", "Metal", "Jazz")]
    assert genres(shelf.music / "agrees.mp3") == ("Metal",)


def test_the_spelling_is_the_houses_and_what_may_not_be_written_is_said(shelf: Shelf) -> None:
    path = shelf.add("a.mp3", mp3_v23())
    other = shelf.add("b.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["hip hop"], "a.mp3")
    shelf.decide(["Folk"], "b.mp3")
    with shelf.database.write() as connection:
        connection.execute(sa.update(t.genre).where(t.genre.c.name == "Folk").values(write=False))
    rows = shelf.write("-y")
    assert shelf.code == 0
    assert [row["path"] for row in rows] == ["a.mp3"]
    assert genres(path) == ("Hip-Hop",)
    assert genres(other) == ("Metal",)
    assert "b.mp3: Folk may not be written" in shelf.err


def test_filters_choose(shelf: Shelf) -> None:
    for name in ("a", "b"):
        shelf.add(f"{name}.mp3", mp3_v23())
    shelf.add("c.flac", FORMATS["FLAC"][1]())
    shelf.scan()
    shelf.decide(["Jazz"])
    shelf.decide(["Folk"], "b.mp3")
    assert [row["path"] for row in shelf.write("--dry-run", "--genre", "folk")] == ["b.mp3"]
    assert [row["path"] for row in shelf.write("--dry-run", "--artist", "b")] == ["c.flac"]
    assert [row["path"] for row in shelf.write("--dry-run", "a.mp3")] == ["a.mp3"]
    assert shelf.write("--dry-run", "--album", "none of these") == []
    assert len(shelf.write("--dry-run", "--collection", "music")) == 3
    for wrong, words in (("--collection", "no collection 'nix'"), ("--genre", "no genre 'nix'")):
        shelf.run("write", wrong, "nix")
        assert shelf.code == 1
        assert words in shelf.err
    shelf.run("write", "--undo", "x", "--artist", "b")
    assert shelf.code == 2
    shelf.run("write", "--dry-run", "--csv")
    assert [row["path"] for row in csv.DictReader(io.StringIO(shelf.out))] == ["a.mp3", "b.mp3", "c.flac"]


def test_nothing_is_written_without_a_yes(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf.add("a.mp3", mp3_v23())
    before = path.read_bytes()
    shelf.scan()
    shelf.decide(["Jazz"])
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    shelf.run("write")
    assert shelf.code == 130
    assert "a.mp3: Metal -> Jazz" in shelf.err
    assert path.read_bytes() == before
    assert shelf.journal() == []


def test_files_that_cannot_be_written_are_said_and_the_others_written(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("changed", "good", "gone", "locked", "outside", "read-only", "wavpack")
    for name in names[:4] + names[5:6]:
        shelf.add(f"{name}.mp3", mp3_v23())
    outside = tmp_path / "outside.mp3"
    outside.write_bytes(mp3_v23())
    (shelf.music / "outside.mp3").symlink_to(outside)
    shelf.add("wavpack.wv", b"wvpk" + bytes(200))
    scan(shelf.database, shelf.music)
    shelf.decide(["Jazz"])
    (shelf.music / "changed.mp3").write_bytes(mp3_v23() + b"\0")
    (shelf.music / "gone.mp3").unlink()
    (shelf.music / "read-only.mp3").chmod(0o444)
    contents = {path: path.read_bytes() for path in shelf.music.iterdir()}
    with (shelf.music / "locked.mp3").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        planned = {row["path"]: row["message"] for row in shelf.write("--dry-run")}
        assert "would write 1 file and leave 6 files as before; nothing was changed\n" in shelf.err
        rows = {row["path"]: (row["state"], row["message"]) for row in shelf.write("-y")}
    assert shelf.code == 3
    assert rows.pop("good.mp3") == ("written", None)
    assert {state for state, _ in rows.values()} == {"failed"}
    for name, words in (
        ("changed.mp3", "changed since it was scanned"),
        ("gone.mp3", "is not there any more"),
        ("locked.mp3", "locked by another program"),
        ("outside.mp3", "leads out of the collection"),
        ("read-only.mp3", "is read-only"),
        ("wavpack.wv", "tags of wv files are not written"),
    ):
        assert words in str(rows[name][1]), name
        assert shelf.err.count(f"warning: {name}: ") == 1
        assert words in str(planned[name])
    for path, content in contents.items():
        assert (path.read_bytes() == content) == (path.name != "good.mp3")
    assert not [path for path in shelf.music.iterdir() if path.name.startswith(".")]
    # The decisions are kept: what can be written now is.
    (shelf.music / "read-only.mp3").chmod(0o644)
    assert {row["path"] for row in shelf.write("-y") if row["state"] == "written"} == {
        "locked.mp3",
        "read-only.mp3",
    }


def test_a_full_disk_is_said_and_leaves_nothing_behind(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf.add("a.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["Jazz"])

    def full(source: object, target: io.BufferedRandom) -> None:
        target.write(b"some of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(write_run, "copy_content", full)
    (row,) = shelf.write("-y")
    assert shelf.code == 3
    assert "the disk is full; the decision is kept" in str(row["message"])
    assert path.read_bytes() == mp3_v23()
    assert list(shelf.music.iterdir()) == [path]


def test_mode_owner_and_attributes_stay_and_hard_links_are_said(shelf: Shelf) -> None:
    path = shelf.add("b/real.mp3", mp3_v23())
    path.chmod(0o640)
    owner = 4321 if os.geteuid() == 0 else os.geteuid()
    os.chown(path, owner, -1)
    (shelf.music / "b" / "other name").hardlink_to(path)
    try:
        os.setxattr(path, "user.rating", b"5")
    except (AttributeError, OSError):
        rated = False
    else:
        rated = True
    shelf.scan()
    shelf.decide(["Jazz"])
    (row,) = shelf.write("-y")
    assert row["state"] == "written"
    assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) == (0o640, owner)
    assert not rated or os.getxattr(path, "user.rating") == b"5"
    assert "1 file had other names (hard links)" in shelf.err
    assert (shelf.music / "b" / "other name").read_bytes() == mp3_v23()
    assert genres(path) == ("Jazz",)


def test_a_link_that_stays_inside_is_written_through(shelf: Shelf, tmp_path: Path) -> None:
    link = shelf.add("song.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["Jazz"])
    # A scan passes over links to what it meets anyway; but a path may become one after it.
    path = shelf.music / "real.mp3"
    link.rename(path)
    link.symlink_to(path)
    assert [row["state"] for row in shelf.write("-y")] == ["written"]
    assert link.is_symlink()
    assert genres(path) == ("Jazz",)


def test_what_changed_after_the_write_keeps_its_change_when_undone(shelf: Shelf) -> None:
    for name in ("edited", "regenred"):
        shelf.add(f"{name}.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["Jazz"])
    shelf.write("-y")
    for name, key, text in (("edited", "TPE1", "Somebody"), ("regenred", "TCON", "Blues")):
        file = mutagen.File(shelf.music / f"{name}.mp3")
        file.tags.add(getattr(mutagen.id3, key)(encoding=3, text=text))
        file.save(v2_version=3)
    rows = shelf.write("--undo", "-y")
    assert {row["state"] for row in rows} == {"failed"}
    assert "changed since it was scanned" in shelf.err
    scan(shelf.database, shelf.music)
    rows = {row["path"]: row for row in shelf.write("--undo", "-y")}
    assert shelf.code == 3
    assert rows["edited.mp3"]["state"] == "undone"
    assert "only its genre was put back" in str(rows["edited.mp3"]["message"])
    file = mutagen.File(shelf.music / "edited.mp3")
    assert (str(file["TCON"]), str(file["TPE1"])) == ("Metal", "Somebody")
    assert "its genre was changed since" in str(rows["regenred.mp3"]["message"])
    assert genres(shelf.music / "regenred.mp3") == ("Blues",)


def test_writes_are_undone_newest_first_and_by_name(shelf: Shelf) -> None:
    path = shelf.add("a.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["Jazz"])
    shelf.write("-y")
    between = path.read_bytes()
    shelf.decide(["Folk"])
    shelf.write("-y")
    first, second = (row.batch for row in shelf.journal())
    (row,) = shelf.write("--undo", first, "-y")
    assert f"undo that first: catalog write --undo {second}" in str(row["message"])
    shelf.run("write", "--undo", "--dry-run")
    assert "would undo 1 file" in shelf.err
    shelf.write("--undo", second, "-y")
    assert path.read_bytes() == between
    shelf.write("--undo", "-y")
    assert path.read_bytes() == mp3_v23()
    for name, words in (
        ((), "nothing is written that could be undone"),
        (("nix",), "there is no write 'nix'"),
    ):
        shelf.run("write", "--undo", *name, "-y")
        assert shelf.code == 1
        assert words in shelf.err


def test_a_genre_changed_in_the_file_after_the_decision_is_left_unless_named(shelf: Shelf) -> None:
    path = shelf.add("a.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["Jazz"])
    file = mutagen.File(path)
    file.tags.add(mutagen.id3.TCON(encoding=3, text="Blues"))
    file.save(v2_version=3)
    shelf.scan()
    assert shelf.write("-y") == []
    assert "a.mp3: its genre was changed in the file after the decision" in shelf.err
    assert [row["state"] for row in shelf.write("-y", "a.mp3")] == ["written"]
    # What we wrote, or took back, is no such change.
    shelf.write("--undo", "-y")
    assert [row["before"] for row in shelf.write("--dry-run")] == ["Blues"]


def test_a_decision_taken_back_is_not_written(shelf: Shelf) -> None:
    shelf.add("a.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["Jazz"])
    with shelf.database.write() as connection:
        query = sa.select(sa.func.max(t.statement.c.id)).where(t.statement.c.source == "human")
        withdraw(connection, connection.execute(query).scalar_one(), said_by="ada")
    assert shelf.write("-y") == []


def test_what_a_killed_run_left_on_a_disk_that_is_away_waits_for_it(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shelf.add("a.mp3", mp3_v23())
    gone = shelf.add("b.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["Jazz"])
    with monkeypatch.context() as patched:
        patched.setattr(write_run, "note_written", lambda *_: 1 / 0)
        shelf.run("write", "-y")
    assert shelf.code == 1
    assert genres(path) == ("Jazz",)
    assert [row.state for row in shelf.journal()] == ["planned", "planned"]
    away = shelf.music.rename(shelf.music.with_name("away"))
    shelf.run("write", "-y")
    assert [row.state for row in shelf.journal()][:2] == ["planned", "planned"]
    away.rename(shelf.music)
    gone.unlink()
    shelf.run("write", "-y")
    assert "the journal is whole again: 1 written, 0 undone, 1 as they were" in shelf.err
    assert [row.state for row in shelf.journal()][:2] == ["written", "failed"]
    assert "not there any more" in shelf.journal()[1].message
    shelf.run("write", "-y", "--undo")
    assert path.read_bytes() == mp3_v23()


def test_two_at_once_do_not_write(shelf: Shelf) -> None:
    path = shelf.add("a.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["Jazz"])
    with only_writer(shelf.database):
        shelf.run("write", "-y")
        assert shelf.code == 1
        assert "another catalog write is at work" in shelf.err
        assert path.read_bytes() == mp3_v23()
    shelf.run("write", "-y")
    assert shelf.code == 0
    assert "written: 1 file" in shelf.out


def test_what_was_heard_still_holds_for_a_file_that_grew(shelf: Shelf) -> None:
    shelf.add("a.mp3", FORMATS["MP3 without a tag"][1]())
    shelf.scan()
    shelf.decide(["Jazz"])
    with shelf.database.write() as connection:
        row = connection.execute(sa.select(t.track.c.id, t.track.c.fingerprint)).one()
        values = {"name": "x", "version": 1, "parameters": {}, "dimensions": ["a"], "hash": "h"}
        recipe = connection.execute(sa.insert(t.feature_set).values(values)).inserted_primary_key[0]
        connection.execute(
            sa.insert(t.feature_vector).values(
                feature_set_id=recipe, track_id=row.id, vector=[1.0], fingerprint=row.fingerprint
            )
        )
    shelf.write("-y")
    with shelf.database.read() as connection:
        query = sa.select(t.feature_vector.c.fingerprint, t.track.c.fingerprint.label("present")).join_from(
            t.feature_vector, t.track
        )
        found = connection.execute(query).one()
    assert found.fingerprint == found.present != row.fingerprint


def test_show_says_what_was_written(shelf: Shelf) -> None:
    shelf.add("a.mp3", mp3_v23())
    shelf.scan()
    shelf.decide(["Jazz"])
    shelf.write("-y")
    shelf.run("show", "a.mp3")
    assert "written: Metal -> Jazz" in shelf.out
    shelf.run("show", "a.mp3", "--json")
    assert "patch" not in shelf.out


def test_comments_that_are_no_text_are_left_alone(shelf: Shelf) -> None:
    content = FORMATS["FLAC"][1]().replace(b"x-own=a=b", b"x-own=\xff\xfeb")
    path = shelf.add("a.flac", content)
    shelf.scan()
    shelf.decide(["Jazz"])
    (row,) = shelf.write("-y")
    assert row["state"] == "failed"
    assert "other tags would not stay" in str(row["message"])
    assert path.read_bytes() == content
    shutil.rmtree(shelf.music)
