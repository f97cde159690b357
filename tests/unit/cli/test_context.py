"""Parameter types for paths and numbers."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from catalog.cli.common.context import FiniteRange, NamedPath


def test_an_empty_path_is_rejected() -> None:
    parameter = NamedPath(path_type=Path)
    assert parameter.convert("music", None, None) == Path("music")
    with pytest.raises(click.BadParameter, match=r"write \. for the working folder"):
        parameter.convert("", None, None)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "2", "x"])
def test_only_finite_numbers_in_the_range_are_accepted(text: str) -> None:
    parameter = FiniteRange(0, 1)
    assert parameter.convert("0.5", None, None) == 0.5
    with pytest.raises(click.BadParameter):
        parameter.convert(text, None, None)
