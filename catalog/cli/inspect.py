"""`catalog inspect`: analyze one file and draw its spectrogram and descriptors."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog.cli.common.output import echo, print_json, say, warn
from catalog.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.collection.scan.tag_fields import FileTags
    from catalog.report.file_inspection import Inspection

MAX_STEM_BYTES = 100
"""Maximum bytes of the audio file's name in the name of the picture."""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PICTURE",
    help="Picture to write: png, svg or pdf.  [default: NAME.inspect.png in the working folder; none with --json]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON; draw a picture only with --output."
)
def inspect(file: Path, output: Path | None, as_json: bool) -> None:
    """Analyze one file and draw its spectrogram.

    Shows the spectrogram, harmonic and percussive parts, pitch, onsets, tempo and network tags of the 30 seconds from
    the middle that every feature set uses, and the kind of tag that each text in the file is from. Needs no catalog;
    the file is only read.
    """
    from catalog.audio.audio_error import AudioError
    from catalog.report.figures.figure_files import figure_format
    from catalog.report.file_inspection import inspect as inspect_file

    target = output or (None if as_json else Path(_picture_name(file)))
    if target is not None and target.exists() and target.samefile(file):
        raise click.UsageError("the picture would overwrite the audio file; choose another --output")
    if output is not None:
        figure_format(output)
    try:
        inspection = inspect_file(file)
    except AudioError as failure:
        raise click.ClickException(f"{printable(file.name)}: {failure}") from None
    if target is not None:
        from catalog.report.figures.inspection_plot import write_inspection

        write_inspection(inspection, target)
    tags = _read_tags(file)
    if as_json:
        print_json(inspection.facts() | {"file_tags": dict(_tag_facts(tags))})
    else:
        for line in [*_lines(inspection), *_tag_lines(tags)]:
            echo(line)
    if tags.warning is not None:
        warn(f"{file.name}: {tags.warning}")
    if target is not None:
        say(f"picture written to {printable(os.fsdecode(target))}")


def _read_tags(file: Path) -> FileTags:
    from catalog.collection.scan.file_tags import read_file_tags

    with file.open("rb") as stream:
        return read_file_tags(stream, os.fsencode(file.name))


def _tag_facts(tags: FileTags) -> Iterator[tuple[str, dict[str, object]]]:
    """The fields of the tags, each with the kind of tag that it is from."""
    for name, source in tags.sources.items():
        value = getattr(tags, name)
        yield name, {"value": list(value) if isinstance(value, tuple) else value, "source": source}


def _tag_lines(tags: FileTags) -> Iterator[str]:
    for name, source in tags.sources.items():
        value = getattr(tags, name)
        text = "; ".join(value) if isinstance(value, tuple) else value
        yield f"  {name.replace('_', ' ')}: {text} ({source})"


def _picture_name(file: Path) -> str:
    stem = os.fsencode(file.stem)[:MAX_STEM_BYTES].decode(errors="replace")
    name = f"{printable(stem).replace(os.sep, '_')}.inspect.png"
    # The encoding of the file system may lack letters of the name.
    encoding = sys.getfilesystemencoding()
    return name.encode(encoding, "replace").decode(encoding)


def _lines(inspection: Inspection) -> list[str]:
    numbers = inspection.descriptors
    tempo = f"{numbers['tempo']:.0f} beats per minute" if numbers["tempo"] else "no tempo"
    stream = inspection.stream
    lines = [
        inspection.name,
        f"  {stream.codec}, {stream.sample_rate:,} Hz, {stream.duration:.1f} s, {inspection.loudness:.1f} dBFS",
        f"  {tempo}, {numbers['onset_rate']:.1f} onsets per second, brightness {numbers['brightness']:,.0f} Hz",
        f"  {numbers['harmonic_share']:.0%} of the energy harmonic, {numbers['percussive_share']:.0%} percussive",
    ]
    for network, tags in inspection.tags.items():
        top = ", ".join(f"{tag} {value:.0%}" for tag, value in list(tags.items())[:6])
        lines.append(f"  {network}: {top}")
    return lines
