"""Characters that the encoding of a stream lacks."""

from __future__ import annotations

import io

import pytest

from catalog.cli.common import standard_streams
from catalog.cli.common.standard_streams import use_utf8


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("latin-1", "é \N{EN DASH} Ροκ 92\N{NO-BREAK SPACE}%", "é - ??? 92\N{NO-BREAK SPACE}%"),
        ("ascii", "Motörhead\N{HORIZONTAL ELLIPSIS} \N{RIGHT SINGLE QUOTATION MARK}n", "Motorhead... 'n"),
        ("cp1252", "\N{EN DASH} Ω ﬁ", "\N{EN DASH} ? fi"),
        ("koi8-r", "Ария é 🎸", "Ария e ?"),
        ("shift_jis", "ロック é", "ロック e"),
        ("iso2022_jp", "ロック é ロ", "ロック e ロ"),
        ("utf-8", "é \udcff🎸", "é \N{REPLACEMENT CHARACTER}🎸"),
        ("latin-1", "\udcff", "?"),
        ("ascii", "\N{COMBINING ACUTE ACCENT}", "?"),
    ],
)
def test_a_similar_character_or_a_question_mark(
    encoding: str, text: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = [io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2)]
    monkeypatch.setattr("sys.stdout", streams[0])
    monkeypatch.setattr("sys.stderr", streams[1])
    standard_streams.prepare_standard_streams()
    for stream in streams:
        stream.write(text)
        stream.flush()
        assert stream.buffer.getvalue().decode(encoding) == shown


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_programs_read_utf8(encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    use_utf8(stream)
    assert stream.encoding == "utf-8"
