"""`catalog audit clusters`: cluster tracks by sound and compare the clusters with the genres."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo, format_options, print_json, print_rows, say
from catalog.cli.common.plot_options import plot_options
from catalog.cli.common.progress import stage_progress
from catalog.report.figures.figure_files import PlotWidth
from catalog.settings import Settings
from catalog.text import pluralize

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from catalog.audit.clusters.cluster_audit import ClusterAudit, ClusterRequest
    from catalog.audit.clusters.cluster_evidence import RunSummary
    from catalog.audit.clusters.cluster_findings import Content
    from catalog.audit.clusters.cluster_run_store import Run
    from catalog.audit.clusters.contingency import ClusterAgreement
    from catalog.db.database import Database

ALGORITHMS = ("kmeans", "gaussian_mixture", "hdbscan", "agglomerative")
SCORES = ("homogeneity", "completeness", "v_measure", "purity")
LISTED = 20
"""Maximum lines of each list in table output."""
LARGEST_SEED = 2**31 - 1
CLUSTERING_OPTIONS = ("algorithms", "feature_sets", "clusters", "level", "excluded", "seed", "dry_run")
"""Options for a new run; they do not apply to stored runs."""


def parse_level(_context: click.Context, _option: click.Parameter, text: str) -> str | int:
    """Parses `leaf`, `top`, or a level from 1 (top). Raises click.BadParameter."""
    if text in {"leaf", "top"}:
        return text
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 99:
        return int(text)
    raise click.BadParameter(f"{text!r} is neither leaf, top, nor a number from 1 (top) to 99")


@click.command()
@click.option(
    "--algorithm",
    "algorithms",
    multiple=True,
    type=click.Choice(ALGORITHMS),
    default=["kmeans"],
    show_default="kmeans",
    help="Clustering algorithm. Repeatable.",
)
@click.option(
    "--feature-set",
    "feature_sets",
    multiple=True,
    metavar="NAME",
    help="Feature set to cluster by. Repeatable.  [default: all that tracks have, except grid]",
)
@click.option(
    "--clusters",
    type=click.IntRange(min=2),
    metavar="K",
    help="Number of clusters.  [default: best silhouette (mixture: BIC) from half to twice the number of genres]",
)
@click.option(
    "--level",
    default="leaf",
    metavar="leaf|top|N",
    callback=parse_level,
    help="Compare with the tracks' own genres, their top-level genres, or their genres at level N.",
)
@click.option(
    "--exclude-genre",
    "excluded",
    multiple=True,
    metavar="GENRE",
    help="Exclude tracks of this genre and its subgenres. Repeatable.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    default=0,
    help="The same seed on the same tracks gives the same clusters.",
)
@click.option("--list", "is_list", is_flag=True, help="List the stored runs, newest first.")
@click.option("--show", "shown", type=int, metavar="RUN", help="Show the result of a stored run.")
@click.option(
    "--compare",
    "compared",
    type=int,
    nargs=2,
    metavar="RUN RUN",
    help="Compare two stored runs: their scores, and the agreement of their clusters.",
)
@plot_options("genres by clusters (with --show RUN)", width="double")
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
    plot: Path | None,
    plot_width: PlotWidth,
    dry_run: bool,
    output_format: str,
) -> None:
    """Cluster tracks by sound and compare clusters with genres.

    Each feature set and algorithm is stored as a run. docs/clusters.md explains the scores; the view cluster_genre
    has the tracks of each genre in each cluster. --show with --csv lists the tracks deep inside another genre's
    cluster.
    """
    modes = [is_list, shown is not None, bool(compared)]
    if sum(modes) > 1:
        raise click.UsageError("--list, --show and --compare cannot be used together")
    if plot is not None and shown is None:
        raise click.UsageError("--plot needs the run to plot: --show RUN")
    if any(modes):
        _reject_clustering_options(context)
        with open_catalog(settings) as database, database.read() as connection:
            if shown is not None:
                if plot is not None:
                    _plot(connection, shown, plot, plot_width)
                _print_summary(connection, shown, output_format)
            elif compared:
                _print_comparison(connection, *compared, output_format)
            else:
                from catalog.audit.clusters.cluster_run_store import list_runs

                _print_runs(list_runs(connection), output_format)
        return
    with open_catalog(settings) as database:
        from catalog.audit.clusters.cluster_audit import ClusterRequest

        if clusters is not None and "hdbscan" in algorithms:
            raise click.UsageError("hdbscan determines the number of clusters: remove --clusters")
        request = ClusterRequest(
            tuple(dict.fromkeys(algorithms)), feature_sets, clusters, level, excluded, seed
        )
        _cluster(database, request, dry_run, output_format)


def _reject_clustering_options(context: click.Context) -> None:
    for parameter in context.command.params:
        if parameter.name in CLUSTERING_OPTIONS and (
            context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        ):
            raise click.UsageError(
                f"{parameter.opts[0]} applies to a new run, not to --list, --show and --compare"
            )


def _cluster(database: Database, request: ClusterRequest, dry_run: bool, output_format: str) -> None:
    from catalog.audit.clusters.cluster_audit import audit_clusters
    from catalog.audit.clusters.cluster_run_store import list_runs

    with stage_progress("reading", "clustering") as stages:

        def advance(name: str, read: int, total: int) -> None:
            stages.start("reading")
            stages.advance(read, total, name)
            if read == total:
                stages.start("clustering")

        report = audit_clusters(database, request, dry_run=dry_run, on_progress=advance)
    if report.audit_id is None:
        rows = (asdict(one) for one in report.plan)
        if output_format != "json":
            rows = (row | {"numbers": ", ".join(map(str, row["numbers"]))} for row in rows)
        print_rows(rows, output_format)
        say("dry run: nothing was clustered or stored")
    else:
        with database.read() as connection:
            _print_runs(list_runs(connection, report.audit_id), output_format)
    _print_exclusions(report)
    if report.audit_id is not None:
        say("for shared clusters, scattered genres and misplaced tracks: --show RUN")


def _print_exclusions(report: ClusterAudit) -> None:
    if not report.labeled:
        say("no track has a genre to compare the clusters with")
    elif len(report.genres) == 1:
        say(f"all labels at this level are {report.genres[0]}: nothing to compare the clusters with")
    if report.excluded:
        say(f"{pluralize(report.excluded, 'track')} excluded by genre")
    for name, tracks in report.unusable.items():
        say(f"{pluralize(tracks, 'track')} skipped: non-finite values in the {name} vector")


def _print_runs(runs: list[Run], output_format: str) -> None:
    if output_format == "json":
        print_json([asdict(run) for run in runs])
        return
    rows = [row for run in runs for row in _rows(run, is_table=output_format == "table")]
    print_rows(rows, output_format)
    if output_format == "table" and rows:
        say("in brackets: expected value for random clusters of the same sizes (0 for adjusted scores)")


def _rows(run: Run, *, is_table: bool) -> Iterator[dict[str, Any]]:
    """Yields a row for all tracks, and one for the clustered tracks if there is noise."""
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
    from catalog.audit.clusters.cluster_run_store import compare_runs

    comparison = compare_runs(connection, one, other)
    if output_format == "json":
        print_json(asdict(comparison))
        return
    _print_runs([comparison.one, comparison.other], output_format)
    if comparison.adjusted_rand is None:
        say("no track is in both runs")
        return
    say(
        f"{pluralize(comparison.tracks, 'track')} in both runs; agreement: "
        f"adjusted Rand {comparison.adjusted_rand:.3f}, "
        f"adjusted mutual information {comparison.adjusted_mutual_information:.3f}"
    )


def _print_summary(connection: Connection, run_id: int, output_format: str) -> None:
    from catalog.audit.clusters.cluster_evidence import read_findings

    summary = read_findings(connection, run_id)
    tables = _tables(connection, summary)
    if output_format == "json":
        print_json({**asdict(summary.run), "gone": summary.gone, **tables})
        return
    if output_format == "csv":
        print_rows(tables["misplaced"], output_format, COLUMNS["misplaced"])
        return
    _print_runs([summary.run], output_format)
    for name, heading in HEADINGS.items():
        rows = tables[name]
        echo(f"\n{heading}" + ("" if rows else ": none"))
        if rows:
            print_rows(rows[:LISTED], output_format, COLUMNS[name])
        if len(rows) > LISTED:
            echo(f"and {len(rows) - LISTED:,} more; use --json for all")
    if summary.gone:
        say(f"no longer in the catalog, not listed: {pluralize(summary.gone, 'track')}")


def _plot(connection: Connection, run_id: int, plot: Path, plot_width: PlotWidth) -> None:
    from catalog.audit.clusters.cluster_run_store import read_run
    from catalog.report.figures.cluster_genre_heatmap import read_run_map
    from catalog.report.figures.matrix_plot import cluster_counts, write_matrix

    clusters = read_run_map(connection, read_run(connection, run_id))
    if clusters is None:
        raise click.ClickException(f"no track of run {run_id} has a genre, so there is nothing to plot")
    write_matrix(cluster_counts(clusters), plot, plot_width)


HEADINGS = {
    "clusters": "Clusters",
    "genres": "Genres, most scattered first",
    "shared": "Genres in the same clusters",
    "misplaced": "Tracks deep inside another genre's cluster",
}
COLUMNS = {
    "clusters": ["cluster", "tracks", "labeled", "genres"],
    "genres": ["genre", "tracks", "noise", "clusters", "effective", "main_cluster", "main_share"],
    "shared": ["genre", "other", "overlap", "cluster"],
    "misplaced": ["track_id", "artist", "title", "genre", "cluster", "cluster_genre", "share", "depth"],
}


def _tables(connection: Connection, summary: RunSummary) -> dict[str, list[dict[str, Any]]]:
    names = summary.names
    labeled = {one.cluster: one for one in summary.contents}
    return {
        "clusters": [
            {"cluster": number, "tracks": size, **_cluster_labels(labeled.get(number), names)}
            for number, size in summary.sizes.items()
        ],
        "genres": [_named(asdict(spread), names, genre_id="genre") for spread in summary.spreads],
        "shared": [
            _named(asdict(overlap), names, genre_id="genre", other_id="other") for overlap in summary.overlaps
        ],
        "misplaced": list(_misplaced(connection, summary)),
    }


def _misplaced(connection: Connection, summary: RunSummary) -> Iterator[dict[str, Any]]:
    from catalog.audit.clusters.cluster_evidence import load_titles

    titles = load_titles(connection, [one.track_id for one in summary.misplaced])
    for one in summary.misplaced:
        artist, title = titles[one.track_id]
        yield {
            "track_id": one.track_id,
            "artist": artist,
            "title": title,
            "genre": summary.names[one.genre_id],
            "cluster": one.cluster,
            "cluster_genre": summary.names[one.majority_genre_id],
            "share": one.share,
            "depth": one.depth,
        }


def _cluster_labels(content: Content | None, names: Mapping[int, str]) -> dict[str, Any]:
    """Returns the number of labeled tracks in a cluster, and its genres as text."""
    genres = [] if content is None else content.genres
    return {
        "labeled": 0 if content is None else content.labeled,
        "genres": ", ".join(f"{names[genre_id]} {tracks}" for genre_id, tracks in genres),
    }


def _named(row: dict[str, Any], names: Mapping[int, str], **columns: str) -> dict[str, Any]:
    """Replaces columns with genre ids by columns with genre names, given as `old="new"`."""
    return {columns.get(key, key): names[value] if key in columns else value for key, value in row.items()}
