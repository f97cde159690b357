"""`catalog ingest`: dry run and rejected input."""

import json

import pytest

from catalog.cli.common.exit_codes import EXIT_ERROR
from catalog.cli.main import run


@pytest.fixture
def catalog(sqlite_url, capsys):
    """Runs a command on a fresh catalog; gives exit code, stdout and stderr."""

    def command(*arguments):
        code = run(["--database-url", sqlite_url, *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture
def songs(music, make_song):
    make_song(music / "1.mp3", 1, genre="Rock", artist="The Band", title="One")
    make_song(music / "2.mp3", 2, genre="Finnish Metal", artist="Other", title="Two")
    return music


def test_an_unknown_genre_is_told_before_anything_is_heard(catalog, songs):
    code, _, err = catalog("ingest", songs, "--genres", "Finnish Metal, Polkaton")
    assert code == EXIT_ERROR
    assert "'Polkaton' is not a genre" in err
    assert json.loads(catalog("sql", "SELECT count(*) AS n FROM feature_vector", "--json")[1]) == [{"n": 0}]


def test_the_main_job_as_a_dry_run(catalog, songs):
    assert catalog("scan", songs / "1.mp3")[0] == 0
    told = catalog("ingest", songs, "--dry-run")[1]
    assert told == f"would add 1 new and update 0 changed of 2 files in {songs}; nothing was changed\n"
    (collection,) = json.loads(catalog("ingest", songs, "--dry-run", "--json")[1])["collections"]
    assert (collection["files"], collection["new"], collection["changed"]) == (2, 1, 0)
