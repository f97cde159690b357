"""Positions in a query, and one-line errors."""

from __future__ import annotations

from catalog.db.query.answer import invalid_query, line_and_column, place_of, timed_out, unknown_table


def test_lines_and_columns_start_at_one() -> None:
    query = "SELECT a\nFROM b"
    assert line_and_column(query, 0) == "line 1, column 1"
    assert line_and_column(query, query.index("FROM")) == "line 2, column 1"


def test_only_a_unique_word_has_a_place() -> None:
    assert place_of("SELECT x FROM tracks", "tracks") == "line 1, column 15"
    assert place_of("SELECT x FROM x", "x") is None
    assert place_of("SELECT xy", "x") is None


def test_errors_are_one_line() -> None:
    assert str(invalid_query("syntax\n  error", "line 1, column 2", "; hint")) == (
        "syntax error (line 1, column 2); hint"
    )
    assert str(timed_out(0.5)) == "no answer within 0.5 s; allow more time with --timeout"
    assert str(unknown_table("nope", None)).startswith("there is no table or view nope; the views are ")
    assert "suspects" in str(unknown_table("nope", "line 1, column 1"))
