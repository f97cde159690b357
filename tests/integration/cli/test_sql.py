"""The verb `sql`: answers, formats, refusals."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from catalog.db.database import Database
from catalog.db.schema.views import view_names

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n"

READ_ONLY = "queries are read-only"

WRITING = [
    "DELETE FROM genre",
    "UPDATE genre SET name = 'x' RETURNING id",
    "WITH gone AS (SELECT 1) DELETE FROM genre",
    "INSERT INTO artist (key, name, folded, is_placeholder) VALUES ('a', 'a', 'a', false) RETURNING id",
    "DROP TABLE genre",
    "CREATE TABLE more (id integer)",
    "CREATE TEMP TABLE more (id integer)",
    "ANALYZE",
    "BEGIN",
]

WRITING_ELSEWHERE = {
    "sqlite": [
        "VACUUM INTO '{file}'",
        "VACUUM",
        "ATTACH '{file}' AS other",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "SELECT load_extension('{file}')",
        "SELECT writefile('{file}', 'x')",
        "SELECT readfile('/etc/hostname')",
        "SELECT edit('x', 'touch {file}')",
        "UPDATE sqlite_master SET sql = ''",
        "SELECT * FROM pragma_journal_mode",
    ],
    "postgresql": [
        "COPY (SELECT 1) TO '{file}'",
        "COPY (SELECT 1) TO PROGRAM 'touch {file}'",
        "COPY genre TO STDOUT",
        "SELECT pg_read_file('/etc/hostname')",
        "SELECT pg_ls_dir('/')",
        "SELECT lo_export(1, '{file}')",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT nextval('genre_id_seq')",
        "SELECT set_config('transaction_read_only', 'off', true), nextval('genre_id_seq')",
        "SELECT set_config('role', 'none', true), query_to_xml('SELECT pg_read_file(''/etc/hostname'')', true, true, '')",  # noqa: E501
        "SELECT pg_catalog.\"set_config\"('role', 'none', true)",
        "SELECT U&\"\\0073et_config\"('role', 'none', true)",
        "SELECT PG_Terminate_Backend(pid) FROM pg_stat_activity WHERE false",
        "SELECT * FROM ts_stat('SELECT to_tsvector(name) FROM genre')",
        "SELECT 1/**/WHERE/**/1=pg_advisory_lock/**/(1)::text::integer",
        "SELECT rolpassword FROM pg_authid",
        "SELECT passwd FROM pg_shadow",
        "SET ROLE NONE",
        "RESET ROLE",
        "SET TRANSACTION READ WRITE",
        "DO $$ BEGIN DELETE FROM genre; END $$",
        "SELECT * INTO more FROM genre",
        "LOCK TABLE genre",
        "NOTIFY listeners",
        "EXPLAIN ANALYZE DELETE FROM genre",
        "VACUUM",
    ],
}


def test_rows_as_json(invoke: Any, sample: Any) -> None:
    done = invoke(
        "sql",
        "SELECT title, tagged_genre FROM predicted_vs_tagged WHERE title < 'C' ORDER BY title",
        "--json",
    )
    assert done.code == 0
    assert json.loads(done.out) == [
        {"title": "Amber", "tagged_genre": "Rock"},
        {"title": "Basalt", "tagged_genre": "Rock"},
    ]


def test_rows_as_csv_keep_columns_of_one_name(invoke: Any, sample: Any) -> None:
    done = invoke("sql", "SELECT 1 AS a, 'x' AS a, NULL AS b, '=1+1' AS c", "--csv")
    assert list(csv.reader(io.StringIO(done.out))) == [["a", "a", "b", "c"], ["1", "x", "", "'=1+1"]]
    done = invoke("sql", "SELECT 1 AS a, 'x' AS a", "--json")
    assert json.loads(done.out) == [{"a": 1, "a_2": "x"}]


def test_rows_as_a_table(invoke: Any, sample: Any) -> None:
    done = invoke("sql", "SELECT title, 0.5 AS half FROM track WHERE title = 'Dew'")
    assert [line.split() for line in done.out.splitlines()] == [["title", "half"], ["Dew", "0.5"]]


def test_both_databases_give_the_same_values(invoke: Any, sample: Any) -> None:
    question = """
        SELECT sum(tracks) AS summed, avg(1.0 * tracks) AS mean, count(*) AS counted, max(suspicion) AS most,
               (SELECT reasons FROM suspects WHERE title = 'Dew') AS reasons
        FROM cases
    """
    (row,) = json.loads(invoke("sql", question, "--json").out)
    assert json.loads(row.pop("reasons")) == [
        {"kind": "isolated_tag", "tagged_genre_id": sample.genres["Jazz"]}
    ]
    assert row == {"summed": 1, "mean": 1.0, "counted": 1, "most": 0.9}


def test_times_are_utc_whatever_the_environment_says(
    invoke: Any, sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = ("sql", "SELECT max(stated_at) AS stated_at FROM current_label", "--csv")
    before = invoke(*question).out
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "German")
    found = invoke(*question)
    assert (found.code, found.out) == (0, before)


@pytest.mark.parametrize(
    ("condition", "value", "titles"),
    [
        ("title = :given", "Dew", ["Dew"]),
        ("title = :given", "O'Dew; --", []),
        ("probability > :given", "0.89", ["Amber", "Dew"]),
        ("track_id < :given AND title <> ':given'", "0", []),
        ("title LIKE :given AND title LIKE '%g%' /* :comment */ -- :other", "F%", ["Fog"]),
        ("CAST(:given AS integer) = 12 AND title = 'Dew'", "12", ["Dew"]),
    ],
)
def test_parameters(invoke: Any, sample: Any, condition: str, value: str, titles: list[str]) -> None:
    question = f"SELECT title FROM predicted_vs_tagged WHERE {condition}\n ORDER BY title"
    done = invoke("sql", question, "-p", f"given={value}", "--csv")
    assert done.out.splitlines() == ["title", *titles]


def test_a_parameter_that_is_lacking_or_too_much(invoke: Any, sample: Any) -> None:
    done = invoke("sql", "SELECT :one, :two", "-p", "one=1")
    assert (done.code, done.err) == (
        1,
        "catalog: the query needs a value for :two; add: --parameter two=VALUE\n",
    )
    done = invoke("sql", "SELECT 1", "-p", "one=1")
    assert (done.code, done.err) == (1, "catalog: the query has no parameter :one; it has no parameters\n")
    assert invoke("sql", "SELECT 1", "-p", "one").code == 2
    twice = invoke("sql", "SELECT :given AS it", "-p", "given=1", "-p", "given=2")
    assert (twice.code, "given is given twice" in twice.err) == (2, True)


@pytest.mark.parametrize("statement", WRITING)
def test_nothing_is_written(invoke: Any, database: Database, statement: str) -> None:
    done = invoke("sql", statement)
    assert done.code == 1
    assert READ_ONLY in done.err
    assert done.err.count("\n") == 1


def test_no_file_is_written_and_no_setting_changed(invoke: Any, database: Database, tmp_path: Path) -> None:
    target = tmp_path / "written"
    for statement in WRITING_ELSEWHERE[database.url.get_backend_name()]:
        done = invoke("sql", statement.format(file=target))
        assert done.code == 1, statement
        refusals = (READ_ONLY, "no such function", "not supported")
        assert any(refusal in done.err for refusal in refusals), (statement, done.err)
        assert not target.exists(), statement
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM genre")).scalar_one() > 200


def test_one_question_at_a_time(invoke: Any, database: Database) -> None:
    done = invoke("sql", "SELECT 1; DELETE FROM genre")
    assert (done.code, done.err) == (
        1,
        "catalog: only one statement per query; remove everything after the first ;\n",
    )
    assert invoke("sql", "SELECT 1 AS a;", "--csv").out.split() == ["a", "1"]


def test_harmless_ways_of_asking_work(invoke: Any, database: Database) -> None:
    questions = ["EXPLAIN SELECT * FROM suspects", "VALUES (1), (2)", "/* why */ SELECT 1 -- because"]
    if database.is_sqlite:
        questions += [
            "PRAGMA table_info(track)",
            "SELECT name FROM pragma_table_info('track')",
            "SELECT value FROM json_each('[1]')",
            "EXPLAIN QUERY PLAN SELECT * FROM suspects",
        ]
    else:
        questions += [
            "SHOW server_version",
            "TABLE genre",
            "SELECT random(), gen_random_uuid()",
            "SELECT count(*) FROM genre TABLESAMPLE SYSTEM (50)",
            "SELECT 'a system of pg_sleep'",
        ]
    for question in questions:
        done = invoke("sql", question)
        assert done.code == 0, (question, done.err)
        assert done.out


def test_errors_say_where_and_what(invoke: Any, database: Database) -> None:
    done = invoke("sql", "SELECT *\n  FORM suspects")
    assert done.code == 1
    assert "(line 2, column 3)" in done.err
    done = invoke("sql", "SELECT :a, title\nFROM nix WHERE 1 = :a", "-p", "a=1")
    assert "there is no table or view nix (line 2, column 6)" in done.err
    for view in view_names():
        assert view in done.err
    done = invoke("sql", "SELECT titel FROM track")
    assert "titel" in done.err
    assert "(line 1, column 8)" in done.err
    assert "the query is empty" in invoke("sql", "   ").err
    assert "NUL" in invoke("sql", "SELECT '\0'").err


def test_a_question_that_takes_too_long_ends(invoke: Any, database: Database) -> None:
    begun = time.monotonic()
    done = invoke(
        "sql", f"SELECT count(*) FROM ({NUMBERS.format(last=10**9)}) AS all_of_them", "--timeout", "0.3"
    )
    assert (done.code, "no answer within 0.3 s" in done.err) == (1, True)
    assert time.monotonic() - begun < 10


def test_interrupting_a_question_ends_it(database_url: str, tmp_path: Path) -> None:
    question = f"SELECT count(*) FROM ({NUMBERS.format(last=10**9)}) AS all_of_them"
    code = "from catalog.cli.main import main; main()"
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            code,
            "--home",
            tmp_path / "home",
            "--database-url",
            database_url,
            "sql",
            question,
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    # The question is asked when the program has come so far; a second signal would be one too many.
    time.sleep(3)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert "Traceback" not in said


def test_a_table_shows_a_thousand_rows_and_says_so(invoke: Any, database: Database) -> None:
    done = invoke("sql", NUMBERS.format(last=1001))
    assert len(done.out.splitlines()) == 1001
    assert "first 1,000 rows" in done.err
    done = invoke("sql", NUMBERS.format(last=1000))
    assert (len(done.out.splitlines()), done.err) == (1001, "")
    assert len(invoke("sql", NUMBERS.format(last=5000), "--csv").out.splitlines()) == 5001
    assert len(invoke("sql", NUMBERS.format(last=5000), "--limit", "2", "--csv").out.splitlines()) == 3
    assert len(invoke("sql", NUMBERS.format(last=5000), "--limit", "1200").out.splitlines()) == 1201
    assert invoke("sql", NUMBERS.format(last=5000), "--limit", "0", "--json").out == "[]\n"


@pytest.mark.parametrize("output_format", ["--csv", "--json"])
def test_memory_does_not_grow_with_the_rows(database_url: str, output_format: str) -> None:
    words = "a text of some length, the same in all rows " * 6
    code = """
        import catalog.cli.main, resource, sys
        for last in (10, 50_000):
            question = f"SELECT i, '{words}' AS words FROM ({numbers}) AS n".replace("LAST", str(last))
            options = ["--home", "nowhere", "--database-url", "{url}"]
            assert catalog.cli.main.run([*options, "sql", question, "{format}"]) == 0
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
    """
    for name, value in {
        "words": words,
        "numbers": NUMBERS.format(last="LAST"),
        "url": database_url,
        "format": output_format,
    }.items():
        code = code.replace(f"{{{name}}}", value)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.count(words) == 50_010
    little, much = map(int, done.stderr.split())
    # In KiB; the rows themselves are 13 MiB of text and more as objects.
    assert much - little < 6 * 1024


def test_questions_from_a_file_and_from_the_standard_input(
    invoke: Any, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "question.sql").write_text("SELECT 'from a file' AS a", encoding="utf-8-sig")
    assert "from a file" in invoke("sql", "-f", tmp_path / "question.sql").out
    for arguments in ((), ("-",), ("-f", "-")):
        monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 'from a pipe' AS a"))
        assert "from a pipe" in invoke("sql", *arguments).out
    assert invoke("sql", "SELECT 1", "-f", tmp_path / "question.sql").code == 2
    assert invoke("sql", "-f", tmp_path / "nix.sql").code == 2
    (tmp_path / "question.sql").write_bytes(b"SELECT '\xff'")
    assert invoke("sql", "-f", tmp_path / "question.sql").code == 2


def test_a_title_cannot_command_the_terminal(invoke: Any, database: Database) -> None:
    done = invoke("sql", "SELECT '\x1b[31mred [bold]' AS \"[red]a\"")
    assert "\x1b" not in done.out
    assert "[bold]" in done.out
    assert "[red]a" in done.out


def test_asking_a_catalog_that_is_not_there_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["sql", "SELECT 1"], ["stats"], ["db", "check"]):
        assert run(["--home", str(tmp_path / "home"), *arguments]) == 1
        assert "begin with: catalog ingest FOLDER" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_beside_the_file(
    sqlite_url: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--home", str(home), "--database-url", sqlite_url, "sql", "SELECT 1"]) == 0
    assert [path.name for path in home.iterdir()] == ["catalog.db"]


@pytest.mark.parametrize("output_format", ["--csv", "--json", "--table"])
def test_a_reader_that_goes_away_is_no_error(sqlite_url: str, home: Path, output_format: str) -> None:
    code = "from catalog.cli.main import main; main()"
    question = f"SELECT 'a text that fills the pipe' AS t FROM ({NUMBERS.format(last=20_000)}) AS n"
    arguments = ["sql", question, output_format, "--limit", "20000"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--home", home, "--database-url", sqlite_url, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == 0


def test_reasons_are_sentences_in_a_table_and_data_in_json(invoke: Any, database: Database) -> None:
    with database.read() as connection:
        genre_id, name = connection.execute(sa.text("SELECT id, name FROM genre ORDER BY id LIMIT 1")).one()
    reasons = [{"kind": "isolated_tag", "tagged_genre_id": genre_id}]
    query = f"SELECT '{json.dumps(reasons)}' AS reasons"
    assert (
        f"Among the most similar tracks by any artist, at most one is tagged {name}"
        in invoke("sql", query).out
    )
    (row,) = json.loads(invoke("sql", query, "--json").out)
    assert json.loads(row["reasons"]) == reasons


@pytest.mark.parametrize("value", ["just text", '[{"kind": "unheard-of"}]', "[1]", "{"])
def test_a_column_of_that_name_with_other_values_is_shown_as_it_is(invoke: Any, value: str) -> None:
    assert value in invoke("sql", f"SELECT '{value}' AS reasons").out
