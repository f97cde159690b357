"""Writes docs/commands.md: the help of every verb, in the order of `catalog --help`.

    python tools/write_commands.py          writes the page
    python tools/write_commands.py --check  says what is out of date, and changes nothing

Exit code 1 where the page is out of date, or where a verb of the list cannot be loaded.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from catalog.cli.main import COMMANDS, cli

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
WIDTH = 100
HEAD = """# Commands

The help of every verb, written by `tools/write_commands.py`. Exit codes: 0 done, 1 error, 2 usage, 3 done but files
failed in this run, 130 interrupted. Why it is 1 says one line that begins with `catalog:`. Data goes to the standard output, progress and remarks to the standard error.
Every option can also be set by the environment variable that stands beside it, or in `config.toml` in the home.

"""


def sections() -> Iterator[tuple[str, str]]:
    """Title and text of every section: the program itself, each verb, each verb below a verb."""
    root = click.Context(cli, info_name="catalog", **cli.context_settings)
    root.terminal_width = WIDTH
    yield from _sections(cli, root, list(COMMANDS))


def absent_verbs() -> dict[str, str]:
    """Verbs of the list that cannot be loaded, with the reason."""
    found: dict[str, str] = {}
    for verb in COMMANDS:
        try:
            cli.get_command(click.Context(cli), verb)
        except (ImportError, AttributeError) as error:
            found[verb] = str(error)
    return found


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join(text for _, text in sections())


def _sections(command: click.Command, context: click.Context, below: list[str]) -> Iterator[tuple[str, str]]:
    title = context.command_path
    mark = "#" * min(4, title.count(" ") + 2)
    help_text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield title, f"{mark} `{title}`\n\n```text\n{help_text}\n```\n"
    absent = absent_verbs() if command is cli else {}
    for name in below:
        if name in absent or not isinstance(command, click.Group):
            continue
        child = command.get_command(context, name)
        if child is None:
            continue
        inner = child.list_commands(context) if isinstance(child, click.Group) else []
        # Not by the keyword arguments of a run: nothing is parsed here, only described.
        yield from _sections(child, click.Context(child, info_name=name, parent=context), inner)


def main() -> int:
    """Writes the page, or compares it; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    wants_check = parser.parse_args().check
    absent = absent_verbs()
    for verb, reason in absent.items():
        print(f"verb {verb} cannot be loaded: {reason}", file=sys.stderr)
    if not wants_check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
        return 1 if absent else 0
    written = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    stale = [title for title, text in sections() if text not in written]
    for title in stale:
        print(f"{PAGE.name} is out of date on {title}; run: python tools/write_commands.py", file=sys.stderr)
    if not stale and not absent and written != page():
        print(
            f"{PAGE.name} holds more than the verbs say; run: python tools/write_commands.py", file=sys.stderr
        )
        return 1
    return 1 if stale or absent else 0


if __name__ == "__main__":
    sys.exit(main())
