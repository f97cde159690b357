"""Finds the columns of a table by their roles, also under other names (`--columns ROLE=COLUMN`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_table import Table, fold_name
from catalog.text import sanitize, shorten

MAX_SHOWN_NAME = 40
"""Characters of a column name in a message."""

Places = dict[str, tuple[int, ...]]
"""The indexes of the columns of each role."""


@dataclass(frozen=True)
class Roles:
    """The roles that columns of a table may have; a role is also the name of its column."""

    names: Sequence[str]
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The names of columns that are not called like their role."""
    repeatable: Collection[str] = ()
    """Roles that several columns of one name may have."""
    synonyms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Other known names of a column by role."""
    may_rename: bool = True
    """Whether messages advise `--columns`."""

    def require_known(self, subject: str) -> None:
        """Raises CsvSourceError if a role of `renamed` does not exist; `subject` is the kind of file."""
        if unknown := sorted(self.renamed.keys() - set(self.names)):
            raise CsvSourceError(
                f"{unknown[0]!r} is not a column of {subject}; the columns are: {', '.join(self.names)}"
            )

    def column_names(self) -> list[str]:
        """The names by which a header is recognized."""
        return [name for role in self.names for name in self._names_of(role)]

    def find(self, table: Table) -> Places:
        """The columns of each role that the table has.

        Raises CsvSourceError if it lacks a renamed column, or has two columns of one name that is not repeatable.
        """
        folded = [fold_name(cell) for cell in table.header]
        places: Places = {}
        for role in self.names:
            for name in self._names_of(role):
                found = tuple(at for at, each in enumerate(folded) if each == fold_name(name))
                if len(found) > 1 and role not in self.repeatable:
                    raise CsvSourceError(_twice(table, name, found))
                if found:
                    places[role] = found
                    break
            else:
                if role in self.renamed:
                    raise CsvSourceError(
                        f"{table.name}, line {table.line}: no column {self.renamed[role]!r}; "
                        f"it has: {listed(table)}"
                    )
        return places

    def require(self, table: Table, places: Places, *roles: str) -> None:
        """Raises CsvSourceError if the table has a column of none of these roles."""
        if places.keys().isdisjoint(roles):
            advice = (
                f"Name it: --columns {roles[0]}=COLUMN" if self.may_rename else f"Rename it to {roles[0]}"
            )
            named = " or ".join(map(repr, roles))
            raise CsvSourceError(
                f"{table.name}, line {table.line}: no column {named}; it has: {listed(table)}. {advice}"
            )

    def _names_of(self, role: str) -> Sequence[str]:
        return [self.renamed[role]] if role in self.renamed else [role, *self.synonyms.get(role, ())]


def listed(table: Table) -> str:
    """The names of a table's columns for a message."""
    # In a file that is not a table the first line may be the whole file.
    names = [shorten(text, MAX_SHOWN_NAME) for cell in table.header[:20] if (text := sanitize(cell[:200]))]
    return ", ".join(names) or "nothing"


def _twice(table: Table, name: str, places: Sequence[int]) -> str:
    numbers = " and ".join(str(place + 1) for place in places[:2])
    return (
        f"{table.name}, line {table.line}: the column {name!r} appears twice (columns {numbers}); rename one"
    )
