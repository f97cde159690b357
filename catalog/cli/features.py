"""`catalog features`: manage feature sets and their versions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from catalog.cli.common.column_options import columns_option, encoding_option, parse_columns, root_option
from catalog.cli.common.command_group import CommandGroup, examples
from catalog.cli.common.context import FiniteRange, dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.exit_codes import EXIT_ERROR
from catalog.cli.common.output import echo, echo_summary, format_options, print_json, print_rows, say, warn
from catalog.cli.common.progress import progress
from catalog.features.feature_set_versions import (
    activate_version,
    list_versions,
    plan_removal,
    remove_version,
)
from catalog.features.stored_feature_set import activate_feature_set
from catalog.settings import Settings
from catalog.text import pluralize, printable


@click.group(cls=CommandGroup)
def features() -> None:
    """Manage feature sets and their vectors."""


@features.command("list")
@format_options
@pass_settings
def list_verb(settings: Settings, output_format: str) -> None:
    """List the versions of all feature sets with track counts.

    `active` marks the version in use, `installed` the one that this program extracts (empty for a fitted projection).
    For counts by collection see the view feature_coverage, for one track catalog show.
    """
    from catalog.audio.feature_sets.installed import feature_sets
    from catalog.learning.pca_feature_set import NAME

    installed = {features.hash for features in feature_sets().values()}
    with open_catalog(settings) as database, database.read() as connection:
        rows = [
            {
                "feature_set": each.name,
                "version": each.version,
                "active": each.active,
                # A projection is fitted to a catalog, not installed.
                "installed": None if each.name == NAME else each.hash in installed,
                "tracks": each.tracks,
                "without": each.without,
                "failed": each.failed,
                "hash": each.hash,
                "created_at": each.created_at,
            }
            for each in list_versions(connection)
        ]
    print_rows(rows, output_format)


@features.command("activate")
@click.argument("name")
@click.argument("version")
@dry_run_option
@pass_settings
def activate(settings: Settings, name: str, version: str, dry_run: bool) -> None:
    """Activate VERSION of the feature set NAME.

    VERSION is its number or the first letters of its hash. Nothing is deleted: to switch back, activate the other
    version.
    """
    with open_catalog(settings) as database:
        with database.read() as connection:
            recipe = activate_version(connection, name, version)
            versions = [each for each in list_versions(connection) if each.hash == recipe.hash]
        (chosen,) = (each for each in versions if each.name == name)
        if chosen.without:
            lack = "lacks" if chosen.without == 1 else "lack"
            warn(
                f"{pluralize(chosen.without, 'track')} {lack} a vector of this version; "
                f"run: catalog analyze --feature-set {name}"
            )
        if recipe.active:
            echo_summary(f"version {recipe.version} of {name} is already active")
            return
        if not dry_run:
            with database.write() as connection:
                activate_feature_set(connection, recipe)
    verb = "would be" if dry_run else "is now"
    echo_summary(
        f"version {recipe.version} ({recipe.hash[:8]}) of {name} {verb} active, "
        f"{pluralize(chosen.tracks, 'track')}"
    )
    if not dry_run:
        say("existing models keep the version that they were trained on; to use this one: catalog train")


@features.command("remove")
@click.argument("name")
@click.argument("version")
@dry_run_option
@yes_option
@pass_settings
def remove(settings: Settings, name: str, version: str, dry_run: bool, yes: bool) -> None:
    """Delete the vectors of an inactive feature set version.

    Refused while the version is active, while the active version lacks some of its tracks, and while the active model
    or the previous one uses it. Imported and fitted feature sets need no other version.
    """
    from catalog.learning.pca_feature_set import artifact_of, drop_artifact

    with open_catalog(settings) as database:
        with database.read() as connection:
            recipe = activate_version(connection, name, version)
            removal = plan_removal(connection, recipe)
            artifact = artifact_of(connection, recipe)
        if removal.models:
            say(f"models that can no longer be activated: {', '.join(map(str, removal.models))}")
        vectors = (
            f"{pluralize(removal.vectors, 'vector')} of {name} version {recipe.version} ({recipe.hash[:8]})"
        )
        if dry_run:
            echo_summary(f"would delete {vectors}")
            return
        if not yes:
            click.confirm(f"Delete {vectors}?", abort=True, err=True)
        with database.write() as connection:
            remove_version(connection, recipe)
        if artifact is not None:
            with database.read() as connection:
                drop_artifact(connection, settings.models, artifact)
    echo_summary(f"deleted {vectors}")


@features.command("check")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@pass_settings
def check(settings: Settings, names: tuple[str, ...]) -> int:  # noqa: ARG001 - it needs no catalog
    """Test installed feature sets on difficult sounds.

    For authors of feature sets: silence, direct current, clipping, half a second and other sounds must give finite
    and reproducible numbers, also in a forked process. Without NAME every feature set is tested. Exit code 1: a test
    failed.
    """
    from catalog.audio.feature_sets.conformance import check_feature_set
    from catalog.audio.feature_sets.installed import FeatureSetNotInstalledError, feature_set, feature_sets

    try:
        chosen = [feature_set(name) for name in names] or list(feature_sets().values())
    except FeatureSetNotInstalledError as error:
        raise click.UsageError(str(error)) from None
    is_faulty = False
    for features in chosen:
        faults = check_feature_set(features)
        is_faulty = is_faulty or bool(faults)
        result = pluralize(len(faults), "fault") if faults else "ok"
        echo(f"{features.name} version {features.version}: {result}")
        for fault in faults:
            echo(f"  {fault}")
    return EXIT_ERROR if is_faulty else 0


@features.command(
    "import",
    epilog=examples(
        "catalog features import openl3.csv --name openl3",
        "catalog features import gtzan.csv --name gtzan --columns path=filename",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the feature set.")
@click.option(
    "--key",
    type=click.Choice(("path", "external", "catalog")),
    help="Content of the first column: paths, external ids (FMA, archive), or track ids.  [default: by its name]",
)
@columns_option
@encoding_option
@click.option("--collection", "collection_name", help="Only tracks of this collection.")
@root_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@dry_run_option
@pass_settings
def import_verb(
    settings: Settings,
    file: Path,
    name: str,
    key: str | None,
    columns: tuple[str, ...],
    encoding: str | None,
    collection_name: str | None,
    roots: tuple[str, ...],
    as_json: bool,
    dry_run: bool,
) -> None:
    """Import external feature vectors from a CSV or Excel file.

    FILE - reads the standard input. The file has FMA's layout with three header rows, or one header row. The first
    column identifies the track, or the one that --columns names: path=COLUMN, external_id=COLUMN or track_id=COLUMN.
    Columns of text are left out. Importing the same file again changes nothing.
    """
    from catalog.cli.fma import print_problems, print_vectors
    from catalog.collection.import_vectors import import_vectors
    from catalog.collection.path_suffixes import parse_moved_roots

    with open_catalog(settings) as database, progress("importing") as advance:
        report = import_vectors(
            database,
            file,
            name,
            key=key,
            columns=parse_columns(columns),
            encoding=encoding,
            collection_name=collection_name,
            moved_roots=parse_moved_roots(roots),
            dry_run=dry_run,
            on_warning=warn,
            on_progress=advance,
        )
    if as_json:
        print_json(asdict(report))
        return
    echo_summary(f"{report.file}{' (dry run: nothing was changed)' if dry_run else ''}")
    print_vectors(report.vectors)
    if report.texts:
        say(f"    columns without numbers left out: {printable(', '.join(report.texts[:20]))}")
    if report.unknown_examples:
        say(f"    first unmatched {report.key}: {printable(', '.join(report.unknown_examples))}")
    print_problems(report.skipped, report.problems)
    if not report.vectors.matched:
        raise click.ClickException(f"no vector of {printable(report.file)} was imported; see the lines above")


@features.command("pca")
@click.option(
    "--variance",
    type=FiniteRange(0, 1, min_open=True),
    default=0.97,
    help="Share of the variance to keep; at most a quarter as many components as tracks.",
)
@click.option("--refit", is_flag=True, help="Fit a new projection even if one exists.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the variance curve to FILE (png, svg or pdf).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report with the whole curve as JSON.")
@dry_run_option
@pass_settings
def pca(
    settings: Settings, variance: float, refit: bool, plot: Path | None, as_json: bool, dry_run: bool
) -> None:
    """Fit the feature set pca: principal components of grid.

    The vectors of all tracks are stored. A second run projects only new tracks. With --refit the projection is fitted
    to the current tracks and stored as another version; the old one is kept. The report includes the reconstruction
    error on held-out artists. catalog train --feature-set pca fits its own projections inside its folds.
    """
    from catalog.learning.pca_feature_set import project_grid

    with open_catalog(settings) as database, progress("projecting") as advance:
        report = project_grid(
            database,
            settings.models,
            variance=variance,
            refit=refit,
            dry_run=dry_run,
            on_progress=lambda done, total: advance(done, total, ""),
        )
    if plot is not None:
        from catalog.report.figures.variance_curve import write_variance_curve

        write_variance_curve(report.facts, plot)
    if as_json:
        print_json(asdict(report))
        return
    _print_projection(report, dry_run=dry_run)


def _print_projection(report: Any, *, dry_run: bool) -> None:
    facts = report.facts
    echo_summary(
        f"{facts.components} components explain {facts.explained_variance:.1%} of the variance of the "
        f"{facts.tracks:,} training tracks; reconstruction error {facts.error:.1f} dB"
    )
    if facts.held_out_tracks:
        echo_summary(
            f"{facts.held_out_tracks:,} tracks by held-out artists: "
            f"{facts.held_out_explained_variance:.1%} of the variance, "
            f"reconstruction error {facts.held_out_error:.1f} dB"
        )
    if facts.explained_variance < facts.target_variance:
        say(
            f"{facts.target_variance:.0%} would need {facts.components_for_target} components; "
            f"the limit is a quarter of the tracks, {facts.components}"
        )
    verb = "would be projected" if dry_run else "projected"
    echo_summary(f"{pluralize(report.projected, 'track')} {verb}; pca {report.hash[:8]}")
