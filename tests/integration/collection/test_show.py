"""`catalog show`."""

import json

import pytest

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


def test_show(catalog, songs):
    catalog("scan", songs)
    code, out, _ = catalog("show", "One")
    assert code == 0
    assert out.startswith("The Band - One (track ")
    assert "tagged Rock" in out
    assert "file (id3v2.4): Rock, current" in out
    assert json.loads(catalog("show", "2.mp3", "--json")[1])["file"]["title"] == "Two"
