"""Parsing of --columns."""

from __future__ import annotations

import click
import pytest

from catalog.cli.common.column_options import parse_columns


def test_columns_are_repeated_or_separated_by_commas() -> None:
    assert parse_columns(("genre=Stil,path=Datei", "artist = Wer ,")) == {
        "genre": "Stil",
        "path": "Datei",
        "artist": "Wer",
    }
    assert parse_columns(()) == {}


@pytest.mark.parametrize("text", ["genre", "genre=", "genre= "])
def test_an_assignment_without_a_column_is_rejected(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not ROLE=COLUMN"):
        parse_columns((text,))
