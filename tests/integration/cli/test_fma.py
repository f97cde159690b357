"""The verbs that bring in the Free Music Archive's metadata and ready-made vectors."""

import json

import pytest

from catalog.cli.main import run
from tests.integration.collection.fma_files import row, write_features, write_tracks


@pytest.fixture
def folder(tmp_path):
    write_tracks(tmp_path / "fma/tracks.csv", [row(2), row(3, track_genre_top="Rock"), row(3)])
    write_features(tmp_path / "fma/features.csv", [(2, 1), (9, 1)])
    return tmp_path / "fma"


def test_import_in_words(database_url, folder, capsys):
    assert run(["--database-url", database_url, "fma", "import", str(folder)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"FMA: 2 tracks in {folder}",
        "  2 new, 0 changed, 0 unchanged",
        "  2 new genre labels; 0 tracks have no genre",
        "  1 track contradicts itself: the top genre is not an ancestor of any of the genres",
        "  fma-518: 1 vector of 518 numbers, 1 new, 0 changed",
        "  1 row skipped or imported in part",
    ]
    assert "1 row matches no track" in said.err
    assert "warning: tracks.csv, line 18: track 3 occurs twice; skipped" in said.err


def test_import_as_json(database_url, folder, capsys):
    assert run(["--database-url", database_url, "fma", "import", str(folder), "--json", "--dry-run"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["tracks"], report["recorded"]["added"], report["skipped"], report["dry_run"]) == (
        2,
        2,
        1,
        True,
    )


def test_a_bad_file_is_one_line(sqlite_url, tmp_path, capsys):
    assert run(["--database-url", sqlite_url, "fma", "import", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"catalog: {tmp_path} contains no tracks.csv\n"


@pytest.mark.parametrize("refused", ["nothing there", "wrong header", "no audio"])
def test_what_is_refused_leaves_no_catalog_behind(folder, tmp_path, capsys, refused):
    home, options = tmp_path / "home", []
    if refused == "nothing there":
        (folder / "tracks.csv").unlink()
    elif refused == "wrong header":
        (folder / "features.csv").write_text("track_id,a\n2,1\n")
    else:
        options = ["--audio", str(tmp_path / "none")]
    assert run(["--home", str(home), "fma", "import", str(folder), *options]) == 1
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
    assert not (home / "catalog.db").exists()


def test_features_import(sqlite_url, folder, capsys):
    assert run(["--database-url", sqlite_url, "fma", "import", str(folder / "tracks.csv")]) == 0
    capsys.readouterr()
    file = write_features(folder / "mine.csv", [(2, 1), (9, 1), (3, "nan")], dimensions=4)
    assert run(["--database-url", sqlite_url, "features", "import", str(file), "--name", "mine"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        str(file),
        "  mine: 1 vector of 4 numbers, 1 new, 0 changed",
        "  1 row skipped or imported in part",
    ]
    assert "first unmatched external: 9" in said.err
    assert "mine.csv, line 7: a number is missing or infinite; skipped" in said.err
    assert (
        run(["--database-url", sqlite_url, "features", "import", str(file), "--name", "mine", "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["vectors"]["matched"] == 1


def test_features_import_refuses_a_name_and_an_empty_file_in_one_line(sqlite_url, folder, capsys):
    assert run(["--database-url", sqlite_url, "fma", "import", str(folder / "tracks.csv")]) == 0
    capsys.readouterr()
    file = folder / "mine.csv"
    file.write_text("fma_id,a\n")
    for name, words in (
        ("../x", "'../x' is not a valid feature set name"),
        ("mine", "has no row with a vector"),
    ):
        assert run(["--database-url", sqlite_url, "features", "import", str(file), "--name", name]) == 1
        said = capsys.readouterr()
        assert words in said.err
        assert (said.out, len(said.err.splitlines())) == ("", 1)
    assert run(["--database-url", sqlite_url, "features", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
