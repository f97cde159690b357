"""The verb `show`: all that is known of a track."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import print_json
from catalog.collection.track_lookup import find_track
from catalog.report.track_details import describe_track
from catalog.settings import Settings

NUMBERS: dict[str, Callable[[float], str]] = {
    "tempo": lambda value: f"{value:.0f} beats a minute",
    "onset_rate": lambda value: f"{value:.1f} onsets a second",
    "loudness": lambda value: f"{value:.1f} dBFS",
    "brightness": lambda value: f"centered at {value:,.0f} Hz",
    "harmonic_share": lambda value: f"{value:.0%} harmonic",
    "percussive_share": lambda value: f"{value:.0%} percussive",
    "speech_probability": lambda value: f"speech {value:.0%}",
}
"""How the numbers of a descriptor are said, by column."""
SHOWN_TAGS = 12


@click.command()
@click.argument("track", metavar="TRACK")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@pass_settings
def show(settings: Settings, track: str, as_json: bool) -> None:
    """Show all that is known of TRACK: an id, a path, an external id, or a part of its title or path."""
    with open_catalog(settings) as database, database.read() as connection:
        dossier = describe_track(connection, find_track(connection, track))
    if as_json:
        print_json(dossier)
        return
    for line in lines(dossier):
        # A control character in a title must not reach the terminal.
        click.echo("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line))


def lines(dossier: dict[str, Any]) -> Iterator[str]:
    """The dossier in words, with headings for what there is."""
    file = dossier["file"]
    yield f"{file['artist'] or 'unknown artist'} - {file['title'] or 'untitled'} (track {dossier['track_id']})"
    yield from _indented(_file(file))
    for heading, found in (
        ("Genre", _genre(dossier["standing"])),
        ("What was said", (_statement(each) for each in dossier["statements"])),
        ("What was heard", _heard(dossier)),
        ("Doubts", (line for each in dossier["suspicions"] for line in _suspicion(each))),
        ("Decisions", (_decision(each) for each in dossier["decisions"])),
        (
            "Failures",
            (f"{each['stage']}: {each['message']} ({each['reason']})" for each in dossier["failures"]),
        ),
        ("Written to the file", (_tag_write(each) for each in dossier["tag_writes"])),
    ):
        listed = list(found)
        if listed:
            yield f"{heading}:"
            yield from _indented(listed)


def _tag_write(row: dict[str, Any]) -> str:
    before, after = ("; ".join(row[name]) or "no genre" for name in ("before", "after"))
    why = f" ({row['message']})" if row.get("message") else ""
    return f"{row['state']}: {before} -> {after}{why}"


def _indented(found: Iterator[str] | list[str]) -> Iterator[str]:
    for each in found:
        yield f"  {each}"


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
    state = {"present": "there", "missing": "missing", "metadata": "a row without a file"}[file["state"]]
    seen = f", last seen {_day(file['seen_at'])}" if file["seen_at"] else ""
    external = f", external id {file['external_id']}" if file["external_id"] else ""
    yield f"{state}{seen}{external}, in the collection {file['collection']}"


def _genre(standing: dict[str, Any] | None) -> Iterator[str]:
    if standing is None:
        return
    yield f"tagged {standing['tagged_genres'] or 'nothing'}"
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
    said = f"{_day(each['stated_at'])} {each['source']}{who}{origin}: "
    if each["withdraws_id"] is not None:
        return f"{said}takes back statement {each['withdraws_id']}"
    genres = ", ".join(genre["genre"] for genre in each["genres"]) or "no genre"
    written = f", written {each['as_written']!r}" if each["as_written"] not in {None, "", genres} else ""
    mark = ", taken back" if each["withdrawn"] else ", counts now" if each["current"] else ""
    return f"{said}{genres}{written}{mark}"


def _heard(dossier: dict[str, Any]) -> Iterator[str]:
    prediction = dossier["prediction"]
    if prediction is not None:
        mix = ", ".join(f"{each['genre']} {_percent(each['probability'])}" for each in prediction["choices"])
        how = ", by a model that did not learn from its group" if prediction["out_of_fold"] else ""
        yield f"{mix} (model {prediction['model_id']}{how})"
        if len(prediction["path"]) > 1:
            yield " > ".join(
                f"{each['genre']} {_percent(each['probability'])}" for each in prediction["path"]
            )
    words = ", ".join(
        f"{each['tag']} {_percent(each['probability'])}" for each in dossier["auto_tags"][:SHOWN_TAGS]
    )
    if words:
        yield f"words: {words}"
    numbers = {name: value for name, value in (dossier["descriptor"] or {}).items() if value is not None}
    if numbers:
        yield ", ".join(NUMBERS[name](value) for name, value in numbers.items() if name in NUMBERS)
    sets = ", ".join(f"{each['name']} version {each['version']}" for each in dossier["features"])
    if sets:
        yield f"features: {sets}"


def _suspicion(each: dict[str, Any]) -> Iterator[str]:
    yield f"{each['tagged_genre']} may be {each['suggested_genre']} (suspicion {each['suspicion']:.2f})"
    if each["relation"] == "narrower":
        yield "  the tag is not wrong, and could be more precise"
    for reason in each["reasons"]:
        yield f"  {reason['words']}"


def _decision(each: dict[str, Any]) -> str:
    about = f" {each['genre']}" if each["genre"] else ""
    chosen = f", chose {each['chosen_genre']}" if each["chosen_genre"] else ""
    of = f" of decision {each['undoes_id']}" if each["verdict"] == "undo" else ""
    again = ", done again" if each["undoes_id"] and not of else ""
    return f"{_day(each['decided_at'])} {each['reviewer']}: {each['verdict']}{of}{about}{chosen}{again}"


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{100 * share:.0f} %"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
