"""`catalog audit clusters`: do tracks that sound alike have the same genre?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo, format_options, print_json, print_rows, progress, say
from catalog.settings import Settings
from catalog.text import pluralize

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from catalog.audit.clusters.cluster_audit import ClusterAudit, ClusterRequest
    from catalog.audit.clusters.cluster_evidence import RunSummary
    from catalog.audit.clusters.cluster_run import Run
    from catalog.audit.clusters.contingency import ClusterAgreement
    from catalog.db.database import Database

ALGORITHMS = ("kmeans", "gaussian_mixture", "hdbscan", "agglomerative")
SCORES = ("homogeneity", "completeness", "v_measure", "purity")
LISTED = 20
"""Lines of each list that a table shows; --json and --csv give all."""
LARGEST_SEED = 2**31 - 1
DOING = ("algorithms", "feature_sets", "clusters", "level", "excluded", "seed", "dry_run")
"""Options that say how to cluster: they mean nothing where stored runs are looked at."""


def parse_level(_context: click.Context, _option: click.Parameter, given: str) -> str | int:
    """`leaf`, `top`, or how many steps from above. click.BadParameter for anything else."""
    if given in {"leaf", "top"}:
        return given
    if given.isascii() and given.isdigit() and 1 <= int(given) <= 99:
        return int(given)
    raise click.BadParameter(f"{given!r} is neither leaf, top, nor a number from 1, which is the top")


@click.command()
@click.option(
    "--algorithm",
    "algorithms",
    multiple=True,
    type=click.Choice(ALGORITHMS),
    default=["kmeans"],
    show_default="kmeans",
    help="How to cluster; may be repeated.",
)
@click.option(
    "--feature-set",
    "feature_sets",
    multiple=True,
    metavar="NAME",
    help="The vectors to cluster by; may be repeated.  [default: all that tracks have, but grid]",
)
@click.option(
    "--clusters",
    type=click.IntRange(min=2),
    metavar="K",
    help="How many; else as many, between half and twice the genres, as the silhouette (BIC for a mixture) prefers.",
)
@click.option(
    "--level",
    default="leaf",
    metavar="leaf|top|N",
    callback=parse_level,
    help="Compare with the tracks' own genres, their top terms, or their terms N steps from above.",
)
@click.option(
    "--exclude-genre",
    "excluded",
    multiple=True,
    metavar="GENRE",
    help="Leave out tracks with this genre or a narrower one; may be repeated.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    default=0,
    help="The same seed on the same tracks gives the same clusters.",
)
@click.option("--list", "is_list", is_flag=True, help="Only list the runs there are, newest first.")
@click.option("--show", "shown", type=int, metavar="RUN", help="Only show what a run found.")
@click.option(
    "--compare",
    "compared",
    type=int,
    nargs=2,
    metavar="RUN RUN",
    help="Only compare two runs: their scores, and whether they divide the tracks alike.",
)
@dry_run_option
@format_options
@pass_settings
@click.pass_context
def clusters(
    context: click.Context,
    settings: Settings,
    algorithms: tuple[str, ...],
    feature_sets: tuple[str, ...],
    clusters: int | None,
    level: Any,
    excluded: tuple[str, ...],
    seed: int,
    is_list: bool,
    shown: int | None,
    compared: tuple[int, int] | None,
    dry_run: bool,
    output_format: str,
) -> None:
    """Divide the tracks by their sound alone and hold the clusters against the genres.

    Every feature set and algorithm is a run, which is kept: docs/clusters.md says what the numbers mean, the view
    cluster_genre has the tracks of each genre in each cluster. With --csv, --show lists the tracks that lie deep inside
    another genre's cluster.
    """
    looks = [is_list, shown is not None, bool(compared)]
    if sum(looks) > 1:
        raise click.UsageError("--list, --show and --compare: give one of them")
    if any(looks):
        _refuse_doing(context)
        with open_catalog(settings) as database, database.read() as connection:
            if shown is not None:
                _print_reading(connection, shown, output_format)
            elif compared:
                _print_comparison(connection, *compared, output_format)
            else:
                from catalog.audit.clusters.cluster_run import list_runs

                _print_runs(list_runs(connection), output_format)
        return
    with open_catalog(settings) as database:
        from catalog.audit.clusters.cluster_audit import ClusterRequest

        if clusters is not None and "hdbscan" in algorithms:
            raise click.UsageError("hdbscan finds the number of clusters by itself: leave --clusters out")
        wanted = ClusterRequest(
            tuple(dict.fromkeys(algorithms)),
            feature_sets,
            clusters,
            level,
            excluded,
            seed,
        )
        _cluster(database, wanted, dry_run, output_format)


def _refuse_doing(context: click.Context) -> None:
    for parameter in context.command.params:
        if parameter.name in DOING and (
            context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        ):
            raise click.UsageError(
                f"{parameter.opts[0]} says how to cluster; --list, --show and --compare only look at runs"
            )


def _cluster(database: Database, wanted: ClusterRequest, dry_run: bool, output_format: str) -> None:
    from catalog.audit.clusters.cluster_audit import audit_clusters
    from catalog.audit.clusters.cluster_run import list_runs

    with progress("reading") as advance:
        done = audit_clusters(
            database,
            wanted,
            dry_run=dry_run,
            on_progress=lambda name, read, total: advance(read, total, name),
        )
    if done.audit_id is None:
        rows = (asdict(one) for one in done.plan)
        if output_format != "json":
            rows = (row | {"numbers": ", ".join(map(str, row["numbers"]))} for row in rows)
        print_rows(rows, output_format)
        say("a dry run: nothing was clustered, nothing stored")
    else:
        with database.read() as connection:
            _print_runs(list_runs(connection, done.audit_id), output_format)
    _say_what_was_left_out(done)
    if done.audit_id is not None:
        say("which genres share clusters, which fall apart, which tracks lie in another's: --show RUN")


def _say_what_was_left_out(done: ClusterAudit) -> None:
    if not done.labeled:
        say("no track has a genre: there is nothing to compare the clusters with")
    elif len(done.genres) == 1:
        say(f"all labels at this level are {done.genres[0]}: there is nothing to compare the clusters with")
    if done.excluded:
        say(f"{pluralize(done.excluded, 'track')} left out for their genre")
    for name, tracks in done.unusable.items():
        say(f"{pluralize(tracks, 'track')} left out: their vector of {name} has a number that is not finite")


def _print_runs(runs: list[Run], output_format: str) -> None:
    if output_format == "json":
        print_json([asdict(run) for run in runs])
        return
    rows = [row for run in runs for row in _rows(run, is_table=output_format == "table")]
    print_rows(rows, output_format)
    if output_format == "table" and rows:
        say("in brackets: what clusters of the same sizes have by chance (adjusted scores: 0)")


def _rows(run: Run, *, is_table: bool) -> Iterator[dict[str, Any]]:
    """A line for all tracks, and one for the clustered ones where there is noise."""
    outcome = run.outcome
    yield _row(run, "all", outcome.agreement, is_table=is_table)
    if outcome.noise:
        yield _row(run, "clustered", outcome.clustered, is_table=is_table)


def _row(run: Run, part: str, agreement: ClusterAgreement | None, *, is_table: bool) -> dict[str, Any]:
    outcome = run.outcome
    row: dict[str, Any] = {"run": run.id}
    if not is_table:
        row |= {"audit_id": run.audit_id, "finished_at": run.finished_at, "seed": run.seed}
    row |= {
        "feature_set": run.feature_set,
        "algorithm": run.algorithm,
        "level": run.parameters.get("level"),
        "tracks": outcome.tracks - outcome.noise if part == "clustered" else outcome.tracks,
        "part": part,
        "labeled": outcome.labeled if part == "all" else agreement and agreement.tracks,
        "clusters": run.clusters,
        "chosen_by": run.parameters.get("chosen_by"),
        "noise": outcome.noise / outcome.tracks if outcome.tracks else None,
        "adjusted_rand": agreement and agreement.adjusted_rand,
        "adjusted_mutual_information": agreement and agreement.adjusted_mutual_information,
    }
    for name in SCORES:
        score = agreement and getattr(agreement, name)
        if is_table:
            row[name] = f"{score.value:.2f} ({score.chance:.2f})" if score else None
        else:
            row |= {name: score and score.value, f"{name}_by_chance": score and score.chance}
    return row | {"silhouette": outcome.silhouette}


def _print_comparison(connection: Connection, one: int, other: int, output_format: str) -> None:
    from catalog.audit.clusters.cluster_comparison import compare_runs

    found = compare_runs(connection, one, other)
    if output_format == "json":
        print_json(asdict(found))
        return
    _print_runs([found.one, found.other], output_format)
    if found.adjusted_rand is None:
        say("no track is in both runs")
        return
    say(
        f"{pluralize(found.tracks, 'track')} in both; between the two: adjusted Rand {found.adjusted_rand:.3f}, "
        f"adjusted mutual information {found.adjusted_mutual_information:.3f}"
    )


def _print_reading(connection: Connection, run_id: int, output_format: str) -> None:
    from catalog.audit.clusters.cluster_evidence import read_findings

    reading = read_findings(connection, run_id)
    tables = _tables(connection, reading)
    if output_format == "json":
        print_json({**asdict(reading.run), "gone": reading.gone, **tables})
        return
    if output_format == "csv":
        print_rows(tables["misplaced"], output_format, COLUMNS["misplaced"])
        return
    _print_runs([reading.run], output_format)
    for name, words in HEADINGS.items():
        rows = tables[name]
        echo(f"\n{words}" + ("" if rows else ": none"))
        if rows:
            print_rows(rows[:LISTED], output_format, COLUMNS[name])
        if len(rows) > LISTED:
            echo(f"and {len(rows) - LISTED:,} more: --json has all")
    if reading.gone:
        say(f"{pluralize(reading.gone, 'track')} of this run are no longer there; the lists are without them")


HEADINGS = {
    "clusters": "Clusters",
    "genres": "Genres, the one that falls apart most first",
    "shared": "Genres in the same clusters",
    "misplaced": "Tracks deep inside another genre's cluster",
}
COLUMNS = {
    "clusters": ["cluster", "tracks", "labeled", "genres"],
    "genres": ["genre", "tracks", "noise", "clusters", "effective", "main_cluster", "main_share"],
    "shared": ["genre", "other", "overlap", "cluster"],
    "misplaced": ["track_id", "artist", "title", "genre", "cluster", "cluster_genre", "share", "depth"],
}


def _tables(connection: Connection, reading: RunSummary) -> dict[str, list[dict[str, Any]]]:
    names = reading.names
    labeled = {one.cluster: one for one in reading.contents}
    return {
        "clusters": [
            {
                "cluster": number,
                "tracks": size,
                "labeled": labeled[number].labeled if number in labeled else 0,
                "genres": _in_words(labeled[number].genres, names) if number in labeled else "",
            }
            for number, size in reading.sizes.items()
        ],
        "genres": [
            {"genre": names[one.genre_id], **_without(asdict(one), "genre_id")} for one in reading.spreads
        ],
        "shared": [
            {
                "genre": names[one.genre_id],
                "other": names[one.other_id],
                "overlap": one.overlap,
                "cluster": one.cluster,
            }
            for one in reading.overlaps
        ],
        "misplaced": list(_misplaced(connection, reading)),
    }


def _misplaced(connection: Connection, reading: RunSummary) -> Iterator[dict[str, Any]]:
    from catalog.audit.clusters.cluster_evidence import load_titles

    titles = load_titles(connection, [one.track_id for one in reading.misplaced])
    for one in reading.misplaced:
        artist, title = titles[one.track_id]
        yield {
            "track_id": one.track_id,
            "artist": artist,
            "title": title,
            "genre": reading.names[one.genre_id],
            "cluster": one.cluster,
            "cluster_genre": reading.names[one.majority_genre_id],
            "share": one.share,
            "depth": one.depth,
        }


def _in_words(genres: tuple[tuple[int, int], ...], names: Mapping[int, str]) -> str:
    return ", ".join(f"{names[genre_id]} {tracks}" for genre_id, tracks in genres)


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
