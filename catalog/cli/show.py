"""`catalog show`: show everything the catalog stores about a track."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import click

from catalog.cli.common.command_group import examples
from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import echo, print_json
from catalog.collection.track_lookup import find_track
from catalog.report.track_details import describe_track
from catalog.settings import Settings

NUMBERS: dict[str, Callable[[float], str]] = {
    "tempo": lambda value: f"{value:.0f} beats per minute",
    "onset_rate": lambda value: f"{value:.1f} onsets per second",
    "loudness": lambda value: f"{value:.1f} dBFS",
    "brightness": lambda value: f"centered at {value:,.0f} Hz",
    "harmonic_share": lambda value: f"{value:.0%} harmonic",
    "percussive_share": lambda value: f"{value:.0%} percussive",
    "speech_probability": lambda value: f"speech {value:.0%}",
}
"""Format of each descriptor."""
SHOWN_TAGS = 12


@click.command(
    epilog=examples("catalog show 42", "catalog show Cabron", "catalog show ~/Music/cabron.mp3 --json")
)
@click.argument("track", metavar="TRACK")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@pass_settings
def show(settings: Settings, track: str, as_json: bool) -> None:
    """Show everything the catalog stores about a track.

    TRACK is an id, a path, an external id, or a part of the title or path.
    """
    with open_catalog(settings) as database, database.read() as connection:
        details = describe_track(connection, find_track(connection, track))
    if as_json:
        print_json(details)
        return
    for line in lines(details):
        echo(line)


def lines(details: dict[str, Any]) -> Iterator[str]:
    """Formats the details of a track, with a heading for each part that is not empty."""
    file = details["file"]
    yield f"{file['artist'] or 'unknown artist'} - {file['title'] or 'untitled'} (track {details['track_id']})"
    yield from _indented(_file(file))
    for heading, content in (
        ("Genre", _genre(details["standing"])),
        ("Labels", (_statement(each) for each in details["statements"])),
        ("Analysis", _analysis(details)),
        ("Suspicions", (line for each in details["suspicions"] for line in _suspicion(each))),
        ("Decisions", (_decision(each) for each in details["decisions"])),
        (
            "Failures",
            (f"{each['stage']}: {each['message']} ({each['reason']})" for each in details["failures"]),
        ),
        ("Tag writes", (_tag_write(each) for each in details["tag_writes"])),
    ):
        section = list(content)
        if section:
            yield f"{heading}:"
            yield from _indented(section)


def _tag_write(row: dict[str, Any]) -> str:
    before, after = ("; ".join(row[name]) or "no genre" for name in ("before", "after"))
    reason = f" ({row['message']})" if row.get("message") else ""
    return f"{row['state']}: {before} -> {after}{reason}"


def _indented(section: Iterator[str] | list[str]) -> Iterator[str]:
    for line in section:
        yield f"  {line}"


def _file(file: dict[str, Any]) -> Iterator[str]:
    if file["album"]:
        by = f" by {file['album_artist']}" if file["album_artist"] not in {None, file["artist"]} else ""
        number = f", number {file['track_number']}" if file["track_number"] else ""
        year = f", {file['year']}" if file["year"] else ""
        yield f"on {file['album']}{by}{number}{year}"
    if file["path"]:
        yield f"{file['root']}/{file['path']}" if file["root"] else file["path"]
    facts = [
        f"{file['duration']:.1f} s" if file["duration"] else "",
        file["codec"] or "",
        f"{file['sample_rate']:,} Hz" if file["sample_rate"] else "",
        {1: "mono", 2: "stereo"}.get(file["channels"], f"{file['channels']} channels")
        if file["channels"]
        else "",
        f"{file['bit_rate'] // 1000} kbit/s" if file["bit_rate"] else "",
    ]
    if any(facts):
        yield ", ".join(each for each in facts if each)
    state = {"present": "present", "missing": "missing", "metadata": "metadata without a file"}[file["state"]]
    seen = f", last seen {_day(file['seen_at'])}" if file["seen_at"] else ""
    external = f", external id {file['external_id']}" if file["external_id"] else ""
    yield f"{state}{seen}{external}, in the collection {file['collection']}"


def _genre(standing: dict[str, Any] | None) -> Iterator[str]:
    if standing is None:
        return
    yield f"tagged {standing['tagged_genres'] or 'no genre'}"
    if standing["artist_genre"]:
        yield f"the artist's other tracks: mostly {standing['artist_genre']}"
    if standing["model_id"] is not None:
        suggested = standing["suggested_genre"] or "unknown"
        by = f" (by {standing['suggested_by']})" if standing["suggested_by"] else ""
        yield f"suggested {suggested}{by}"
        if standing["relation"]:
            yield f"suggestion and tag: {standing['relation'].replace('_', ' ')}"


def _statement(each: dict[str, Any]) -> str:
    who = f" by {each['stated_by']}" if each["stated_by"] else ""
    origin = f" ({each['origin']})" if each["origin"] else ""
    prefix = f"{_day(each['stated_at'])} {each['source']}{who}{origin}: "
    if each["withdraws_id"] is not None:
        return f"{prefix}withdraws label {each['withdraws_id']}"
    genres = ", ".join(genre["genre"] for genre in each["genres"]) or "no genre"
    written = f", written {each['as_written']!r}" if each["as_written"] not in {None, "", genres} else ""
    mark = ", withdrawn" if each["withdrawn"] else ", current" if each["current"] else ""
    return f"{prefix}{genres}{written}{mark}"


def _analysis(details: dict[str, Any]) -> Iterator[str]:
    prediction = details["prediction"]
    if prediction is not None:
        mix = ", ".join(f"{each['genre']} {_percent(each['probability'])}" for each in prediction["choices"])
        how = ", out of fold" if prediction["out_of_fold"] else ""
        yield f"{mix} (model {prediction['model_id']}{how})"
        if len(prediction["path"]) > 1:
            yield " > ".join(
                f"{each['genre']} {_percent(each['probability'])}" for each in prediction["path"]
            )
    tags = ", ".join(
        f"{each['tag']} {_percent(each['probability'])}" for each in details["auto_tags"][:SHOWN_TAGS]
    )
    if tags:
        yield f"network tags: {tags}"
    numbers = {name: value for name, value in (details["descriptor"] or {}).items() if value is not None}
    if numbers:
        yield ", ".join(NUMBERS[name](value) for name, value in numbers.items() if name in NUMBERS)
    sets = ", ".join(f"{each['name']} version {each['version']}" for each in details["features"])
    if sets:
        yield f"features: {sets}"


def _suspicion(each: dict[str, Any]) -> Iterator[str]:
    yield f"{each['tagged_genre']} may be {each['suggested_genre']} (suspicion {each['suspicion']:.2f})"
    if each["relation"] == "narrower":
        yield "  the tag is correct but could be more specific"
    for sentence in each["explanations"]:
        yield f"  {sentence}"


def _decision(each: dict[str, Any]) -> str:
    about = f" {each['genre']}" if each["genre"] else ""
    chosen = f", chose {each['chosen_genre']}" if each["chosen_genre"] else ""
    of = f" of decision {each['undoes_id']}" if each["verdict"] == "undo" else ""
    again = ", redone" if each["undoes_id"] and not of else ""
    return f"{_day(each['decided_at'])} {each['reviewer']}: {each['verdict']}{of}{about}{chosen}{again}"


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{100 * share:.0f} %"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
