"""The verb `inspect`: what the sound of a file shows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog.cli.common.output import print_json, say
from catalog.text import printable

if TYPE_CHECKING:
    from catalog.report.inspection import Inspection

LONGEST_NAME = 100
"""Bytes of the file's name in that of the picture: a name may be as long as the system allows."""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PICTURE",
    help="Where to draw: png, svg or pdf.  [default: NAME.inspect.png in the working folder; none with --json]",
)
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON, and a picture only with --output.")
def inspect(file: Path, output: Path | None, as_json: bool) -> None:
    """Listen to FILE and show what is heard: spectrogram, what sounds and what strikes, pitch, onsets, tempo, words.

    It needs no catalog and changes nothing: the file is only read. What is shown is the part that stands for the track,
    30 seconds from its middle, as for every feature set.
    """
    from catalog.audio.audio_error import AudioError
    from catalog.report.figures.figure_files import figure_format
    from catalog.report.inspection import inspect as listen

    target = output or (None if as_json else Path(_picture_name(file)))
    if target is not None and target.exists() and target.samefile(file):
        raise click.UsageError("the picture would take the place of the sound; name another --output")
    if output is not None:
        figure_format(output)
    try:
        found = listen(file)
    except AudioError as failure:
        raise click.ClickException(f"{printable(file.name)}: {failure}") from None
    if target is not None:
        from catalog.report.figures.inspection_plot import write_inspection

        write_inspection(found, target)
    if as_json:
        print_json(found.facts())
    else:
        for line in _lines(found):
            click.echo(printable(line))
    if target is not None:
        say(f"drawn into {printable(os.fsdecode(target))}")


def _picture_name(file: Path) -> str:
    stem = os.fsencode(file.stem)[:LONGEST_NAME].decode(errors="replace")
    return f"{printable(stem).replace(os.sep, '_')}.inspect.png"


def _lines(found: Inspection) -> list[str]:
    numbers = found.descriptors
    tempo = f"{numbers['tempo']:.0f} beats a minute" if numbers["tempo"] else "no tempo"
    lines = [
        found.name,
        f"  {found.stream.codec}, {found.stream.sample_rate:,} Hz, {found.stream.duration:.1f} s, {found.loudness:.1f} dBFS",
        f"  {tempo}, {numbers['onset_rate']:.1f} onsets a second, brightness {numbers['brightness']:,.0f} Hz",
        f"  of the energy {numbers['harmonic_share']:.0%} sounds and {numbers['percussive_share']:.0%} strikes",
    ]
    for network, tags in found.tags.items():
        words = ", ".join(f"{tag} {value:.0%}" for tag, value in list(tags.items())[:6])
        lines.append(f"  {network}: {words}")
    return lines
