"""Statements are added, and withdrawn by one more row."""

import pytest

from catalog.collection.scan.scan import scan
from catalog.db.tables import statement
from tests.integration.collection.kept import rows, tagged
from tests.integration.statement_helpers import withdraw


def test_withdrawing_is_one_more_row(database, music, make_song):
    make_song(music / "1.mp3", 1, genre="Rock", mtime=1000)
    scan(database, music)
    ((key,),) = rows(database, statement.c.id)
    with database.write() as connection:
        made = withdraw(connection, key, stated_by="me")
        assert made is not None
        assert withdraw(connection, key) is None
        for absent in (made, 10**6):
            with pytest.raises(LookupError):
                withdraw(connection, absent)
    assert tagged(database) == {"1.mp3": None}
    (music / "1.mp3").touch()
    scan(database, music)
    assert tagged(database) == {"1.mp3": None}
    assert len(rows(database, statement.c.id)) == 2
