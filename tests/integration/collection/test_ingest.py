"""`catalog ingest`: dry run and rejected input."""

import json

from catalog.cli.common.exit_codes import EXIT_ERROR


def test_an_unknown_genre_is_told_before_anything_is_heard(catalog, songs):
    code, _, err = catalog("ingest", songs, "--genre", "Finnish Metal", "--genre", "Polkaton")
    assert code == EXIT_ERROR
    assert "there is no genre 'Polkaton'" in err
    assert json.loads(catalog("sql", "SELECT count(*) AS n FROM feature_vector", "--json")[1]) == [{"n": 0}]


def test_the_main_job_as_a_dry_run(catalog, songs):
    assert catalog("scan", songs / "1.mp3")[0] == 0
    told = catalog("ingest", songs, "--dry-run")[1]
    assert told == f"would add 1 new and update 0 changed of 2 files in {songs}; nothing was changed\n"
    (collection,) = json.loads(catalog("ingest", songs, "--dry-run", "--json")[1])["collections"]
    assert (collection["files"], collection["new"], collection["changed"]) == (2, 1, 0)
