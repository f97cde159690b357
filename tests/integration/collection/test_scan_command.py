"""`catalog scan`, `labels` and `collections`, run as a user runs them."""

import io
import json
import os
import shutil

import pytest
from mutagen.id3 import ID3, TIT2, Encoding

from catalog.cli.common.exit_codes import EXIT_ERROR, EXIT_FILES_FAILED, EXIT_USAGE


def test_scan_says_what_it_found(catalog, songs):
    (songs / "cover.jpg").write_bytes(b"x")
    code, out, err = catalog("scan", songs)
    assert code == 0
    assert "music: 2 files" in out
    assert "2 new" in out
    assert "2 artists, 0 albums" in out
    assert "2 genre spellings, 1 of them in the vocabulary" in out
    assert "new: Finnish Metal (1), under Metal" in out
    assert "not audio: 1 .jpg" in err
    assert "2 unchanged" in catalog("scan", songs)[1]


def test_scan_says_what_becomes_of_files_behind_links(catalog, songs, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (songs / "1.mp3").rename(elsewhere / "1.mp3")
    (songs / "disk").symlink_to(elsewhere)
    code, _, err = catalog("scan", songs)
    assert code == 0
    assert "1 file is outside the folder (symbolic links): analyzed, but neither played" in err


def test_scan_as_json_and_dry(catalog, songs):
    code, out, _ = catalog("scan", songs, "--dry-run", "--json")
    assert code == 0
    (report,) = json.loads(out)
    assert (report["files"], report["added"], report["dry_run"]) == (2, 2, True)
    assert json.loads(catalog("collections", "list", "--json")[1]) == []


def test_scan_of_what_cannot_be_read_wholly(catalog, songs, monkeypatch):
    opened = os.open

    def refuse(path, *arguments, **options):
        if os.fsencode(path).endswith(b"2.mp3"):
            raise PermissionError(13, "Permission denied", path)
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    code, out, err = catalog("scan", songs)
    assert code == EXIT_FILES_FAILED
    assert "1 new" in out
    assert "warning: 2.mp3: cannot be read: Permission denied" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["scan", "absent"], EXIT_ERROR, "does not exist"),
        (["scan", "."], EXIT_ERROR, "no audio in"),
        (["scan"], EXIT_USAGE, "Missing argument"),
        (["scan", ""], EXIT_USAGE, "the path is empty"),
        (["ingest", ""], EXIT_USAGE, "the path is empty"),
        (["ingest", ".", "--feature-set", "loudest"], EXIT_USAGE, "there is no feature set 'loudest'"),
        (["ingest", ".", "--columns", "genre"], EXIT_USAGE, "is not ROLE=COLUMN"),
        (["scan", "a", "b", "--name", "c"], EXIT_USAGE, "--name goes with one PATH"),
        (["labels", "import", "absent.csv"], EXIT_ERROR, "absent.csv does not exist"),
        (["labels", "import", "l.csv", "--columns", "genre"], EXIT_USAGE, "is not ROLE=COLUMN"),
        (["collections", "remove", "x"], EXIT_ERROR, "there is no collection 'x'"),
        (["show", "x"], EXIT_ERROR, "no track matches 'x'"),
    ],
)
def test_what_is_wrong_is_one_line(catalog, tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path / "home")
    found, out, err = catalog(*arguments)
    assert found == code
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    if code == EXIT_ERROR:
        assert len(err.splitlines()) == 1


def test_labels_are_imported(catalog, songs):
    catalog("scan", songs)
    (songs / "list.csv").write_text("Datei;Stil\n1.mp3;Metal\nx.mp3;Pop\n2.mp3;\n", encoding="utf-8")
    arguments = ["labels", "import", songs / "list.csv", "--columns", "path=Datei,genre=Stil"]
    code, out, err = catalog(*arguments)
    assert code == 0
    assert "3 rows, with genres for 1 track" in out
    assert "  1 new" in out
    assert "1 row without a genre" in err
    assert "line 3: x.mp3" in err
    assert json.loads(catalog(*arguments, "--json")[1])["statements"] == 0


def test_collections_are_moved_and_removed(catalog, songs, monkeypatch):
    catalog("scan", songs, "--name", "Mine")
    code, out, _ = catalog("collections", "list", "--csv")
    assert code == 0
    assert out.splitlines()[1].startswith(f"Mine,folder,{songs},2,0,0,False,")
    assert "would be complete" in catalog("collections", "mark-complete", "Mine", "--dry-run")[1]
    assert "are now complete" in catalog("collections", "mark-complete", "Mine")[1]
    assert "already complete" in catalog("collections", "mark-complete", "Mine")[1]
    assert json.loads(catalog("collections", "list", "--json")[1])[0]["tags_complete"] is True
    assert "are now incomplete" in catalog("collections", "mark-complete", "Mine", "--no")[1]
    code, _, err = catalog("collections", "mark-complete", "Yours")
    assert (code, "there is no collection 'Yours'" in err) == (EXIT_ERROR, True)
    there = songs.rename(songs.parent / "there")
    assert "would be at" in catalog("collections", "move", "Mine", there, "--dry-run")[1]
    assert "with 2 tracks" in catalog("collections", "move", "Mine", there)[1]
    assert "would remove 2 tracks, 2 statements" in catalog("collections", "remove", "Mine", "--dry-run")[1]
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, _, said = catalog("collections", "remove", "Mine")
    assert code == EXIT_ERROR
    assert said.endswith("nothing was changed\n")
    assert "removed 2 tracks" in catalog("collections", "remove", "Mine", "-y")[1]
    assert json.loads(catalog("collections", "list", "--json")[1]) == []


def test_an_unmounted_disk_is_an_error_that_says_what_to_do(catalog, songs):
    catalog("scan", songs)
    shutil.rmtree(songs)
    songs.mkdir()
    code, _, err = catalog("scan", songs)
    assert code == EXIT_ERROR
    assert "2 tracks were: nothing was changed" in err


def test_a_guessed_code_page_is_reported_and_another_can_be_named(catalog, songs):
    tags = ID3(songs / "1.mp3")
    tags.setall("TIT2", [TIT2(encoding=Encoding.LATIN1, text="Êèíî")])
    tags.save(songs / "1.mp3", v2_version=3)
    _, _, err = catalog("scan", songs)
    assert "warning: 1.mp3: tags are read as cp1251, not Latin-1" in err
    assert "scan --tag-encoding NAME" in err
    titles = ("sql", "--csv", "SELECT title FROM predicted_vs_tagged WHERE path LIKE '%1.mp3'")
    assert "Кино" in catalog(*titles)[1]
    _, _, err = catalog("scan", songs, "--tag-encoding", "latin1")
    assert "warning" not in err
    assert "Êèíî" in catalog(*titles)[1]
    code, _, err = catalog("scan", songs, "--tag-encoding", "cp1251x")
    assert code == EXIT_USAGE
    assert "'cp1251x' is not an encoding of tags; for example: cp1251" in err
