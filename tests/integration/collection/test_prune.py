"""`catalog prune`."""

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


def test_prune(catalog, songs):
    catalog("scan", songs)
    (songs / "1.mp3").unlink()
    catalog("scan", songs)
    assert catalog("prune", "--dry-run")[1] == "would remove 0 tracks\n"
    assert catalog("prune", "--days", "0", "--dry-run")[1] == "would remove 1 track\n"
    assert catalog("prune", "--days", "0", "-y")[1] == "removed 1 track\n"
