"""Options of commands that import a table: names of its columns, its encoding, folders of another machine."""

from __future__ import annotations

import re

import click

columns_option = click.option(
    "--columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="Name of a column in the file, such as genre=Stil. Repeatable, or separated by commas.",
)
encoding_option = click.option(
    "--encoding", metavar="NAME", help="Encoding of the file, such as cp1250.  [default: detected]"
)
root_option = click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="OLD=NEW",
    help="Folder on this machine for a folder that FILE names, such as D:\\Music=/srv/music. Repeatable.",
)


def parse_columns(texts: tuple[str, ...]) -> dict[str, str]:
    """Parses `("genre=Stil,path=Datei",)` to a mapping from role to column. Raises click.BadParameter."""
    columns = {}
    # A comma within the name of a column does not separate.
    for assignment in re.split(r",(?=\s*\w+\s*=|\s*$)", ",".join(texts)):
        role, equals, column = assignment.partition("=")
        if not assignment.strip():
            continue
        if not equals or not column.strip():
            raise click.BadParameter(f"{assignment!r} is not ROLE=COLUMN", param_hint="--columns")
        if role.strip() in columns:
            raise click.BadParameter(f"{role.strip()} is given twice", param_hint="--columns")
        columns[role.strip()] = column.strip()
    return columns
