"""Named placeholders in a question, `:name`, apart from what only looks like one: text, comments, casts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

TOKEN = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*'        # PostgreSQL's text with escapes
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | `(?:[^`]|``)*`
    | --[^\n]*
    | /\*.*?\*/
    | \$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$
    | ::
    | (?<![\w:]):(?P<name>[A-Za-z_]\w*)
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class NumberedQuery:
    """A question with `$1`, `$2` in the place of its named placeholders."""

    text: str
    names: tuple[str, ...]
    """The name that each number stands for."""
    shifts: tuple[tuple[int, int], ...]
    """Where in `text` each placeholder ends, and how many characters the original is ahead from there on."""

    def original(self, offset: int) -> int:
        """The offset in the question as it was asked, of an offset in `text`."""
        return offset + max(((end, ahead) for end, ahead in self.shifts if end <= offset), default=(0, 0))[1]


def placeholders(question: str) -> list[str]:
    """The names of the placeholders, each once, in the order of their first appearance."""
    return list(dict.fromkeys(match["name"] for match in _matches(question)))


def number(question: str) -> NumberedQuery:
    """The question as PostgreSQL's protocol wants it."""
    names = placeholders(question)
    pieces: list[str] = []
    ahead: list[int] = []
    ends: list[int] = []
    position = 0
    for match in _matches(question):
        numeral = f"${names.index(match['name']) + 1}"
        pieces += [question[position : match.start()], numeral]
        ends.append(sum(map(len, pieces)))
        ahead.append(len(match[0]) - len(numeral))
        position = match.end()
    pieces.append(question[position:])
    return NumberedQuery("".join(pieces), tuple(names), tuple(zip(ends, accumulate(ahead), strict=True)))


def _matches(question: str) -> Iterator[re.Match[str]]:
    return (match for match in TOKEN.finditer(question) if match["name"])
