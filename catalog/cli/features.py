"""The verb `features`: the versions of each feature set, side by side; imported vectors; the projection `pca`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from catalog.cli.common.context import FiniteRange, dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.common.exit_codes import EXIT_ERROR
from catalog.cli.common.output import echo, format_options, print_json, print_rows, progress, say, warn
from catalog.features.feature_set_versions import (
    activate_version,
    list_versions,
    plan_removal,
    remove_version,
)
from catalog.features.stored_feature_set import activate_feature_set
from catalog.settings import Settings
from catalog.text import pluralize


@click.group()
def features() -> None:
    """Feature sets and their versions: list, use, remove, check, import, pca."""


@features.command("list")
@format_options
@pass_settings
def list_verb(settings: Settings, output_format: str) -> None:
    """Every version of every feature set with its tracks.

    `active` is the one that a name stands for, `installed` the one that this program computes (a projection is fitted, not
    installed). By
    collection the same is in the view `feature_coverage`, by track in `catalog show`.
    """
    from catalog.audio.feature_sets.installed import feature_sets
    from catalog.learning.pca_feature_set import NAME

    installed = {each.hash for each in feature_sets().values()}
    with open_catalog(settings) as database, database.read() as connection:
        rows = [
            {
                "feature_set": each.name,
                "version": each.version,
                "active": each.active,
                # A projection is fitted to a catalog; no program brings it.
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


@features.command("use")
@click.argument("name")
@click.argument("version")
@dry_run_option
@pass_settings
def use(settings: Settings, name: str, version: str, dry_run: bool) -> None:
    """Let NAME stand for VERSION: its number, or the first letters of its hash.

    Nothing is deleted: the same command with the other version switches back.
    """
    with open_catalog(settings) as database:
        with database.read() as connection:
            recipe = activate_version(connection, name, version)
            before = [each for each in list_versions(connection) if each.name == name]
        (chosen,) = (each for each in before if each.hash == recipe.hash)
        if chosen.without:
            have = "has" if chosen.without == 1 else "have"
            warn(
                f"{pluralize(chosen.without, 'track')} {have} no vector of it; "
                f"run: catalog analyze --feature-set {name}"
            )
        if recipe.active:
            echo(f"{name} stands for version {recipe.version} already")
            return
        if not dry_run:
            with database.write() as connection:
                activate_feature_set(connection, recipe)
    done = "would stand" if dry_run else "stands"
    echo(
        f"{name} {done} for version {recipe.version} ({recipe.hash[:8]}), {pluralize(chosen.tracks, 'track')}"
    )
    if not dry_run:
        say("a model goes on taking the vectors that it learned from; to learn from these: catalog train")


@features.command("remove")
@click.argument("name")
@click.argument("version")
@dry_run_option
@yes_option
@pass_settings
def remove(settings: Settings, name: str, version: str, dry_run: bool, yes: bool) -> None:
    """Delete the vectors of VERSION of NAME, once another version stands for NAME and has all its tracks.

    Refused while NAME stands for it, while the other version lacks tracks, and while a model in force, or the one
    before it, takes these vectors. What was imported or fitted needs no other version.
    """
    from catalog.learning.pca_feature_set import artifact_of, drop_artifact

    with open_catalog(settings) as database:
        with database.read() as connection:
            recipe = activate_version(connection, name, version)
            found = plan_removal(connection, recipe)
            artifact = artifact_of(connection, recipe)
        if found.models:
            listed = ", ".join(map(str, found.models))
            say(f"models that cannot be put in force again without them: {listed}")
        what = f"{pluralize(found.vectors, 'vector')} of {name} version {recipe.version} ({recipe.hash[:8]})"
        if dry_run:
            echo(f"would delete {what}")
            return
        if not yes:
            click.confirm(f"Delete {what}?", abort=True, err=True)
        with database.write() as connection:
            remove_version(connection, recipe)
        if artifact is not None:
            with database.read() as connection:
                drop_artifact(connection, settings.models, artifact)
    echo(f"deleted {what}")


@features.command("check")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@pass_settings
def check(settings: Settings, names: tuple[str, ...]) -> int:  # noqa: ARG001 - it needs no catalog
    """Try installed feature sets on sounds that are easy to trip over: for those who write their own.

    Silence, direct current, clipping, half a second and more must give finite numbers, the same ones each time, in a
    forked process too. Without a NAME every feature set is tried. The exit code is 1 where one has faults.
    """
    from catalog.audio.feature_sets.conformance import check_feature_set
    from catalog.audio.feature_sets.installed import feature_set, feature_sets

    try:
        chosen = [feature_set(name) for name in names] or list(feature_sets().values())
    except LookupError as error:
        raise click.UsageError(str(error)) from None
    is_faulty = False
    for each in chosen:
        found = check_feature_set(each)
        is_faulty = is_faulty or bool(found)
        echo(f"{each.name} version {each.version}: {'well' if not found else pluralize(len(found), 'fault')}")
        for fault in found:
            echo(f"  {fault}")
    return EXIT_ERROR if is_faulty else 0


@features.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What to call the feature set.")
@click.option(
    "--key",
    type=click.Choice(("path", "external", "catalog")),
    help="What the first column holds: paths, ids of FMA or the house, ids of the catalog.  [default: by its name]",
)
@click.option("--collection", "collection_name", help="Only tracks of this collection.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@dry_run_option
@pass_settings
def import_verb(
    settings: Settings,
    file: Path,
    name: str,
    key: str | None,
    collection_name: str | None,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Import vectors that were computed elsewhere: a CSV in FMA's layout of three header rows, or a flat one.

    The first column names the track. A second time nothing changes.
    """
    from catalog.cli.fma import print_problems, print_vectors
    from catalog.collection.import_vectors import import_vectors

    with open_catalog(settings) as database, progress("importing") as advance:
        report = import_vectors(
            database,
            file,
            name,
            key=key,
            collection_name=collection_name,
            dry_run=dry_run,
            on_progress=advance,
        )
    if as_json:
        print_json(asdict(report))
        return
    echo(f"{report.file}{' (a dry run: nothing was changed)' if dry_run else ''}")
    print_vectors(report.vectors)
    if report.unknown_examples:
        say(f"    the first that name none, as {report.key}: {', '.join(report.unknown_examples)}")
    print_problems(report.skipped, report.problems)


@features.command("pca")
@click.option(
    "--variance",
    type=FiniteRange(0, 1, min_open=True),
    default=0.97,
    help="The share of the variance to keep, where a quarter of the tracks is components enough.",
)
@click.option("--refit", is_flag=True, help="Fit anew, though there is a projection.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw the variance curve into FILE (png, svg or pdf).",
)
@click.option("--json", "as_json", is_flag=True, help="The report, with the whole curve, as JSON.")
@dry_run_option
@pass_settings
def pca(
    settings: Settings, variance: float, refit: bool, plot: Path | None, as_json: bool, dry_run: bool
) -> None:
    """Fit the feature set `pca`, a projection of `grid` to its principal components, and store its vectors.

    A second time only tracks that are new since are projected; with --refit it is fitted to the tracks there are now
    and becomes another version, the older one staying beside it. The report says how well sound that the projection
    has not seen, by artists apart, can be restored. `catalog train --feature-set pca` fits projections of its own,
    inside its folds.
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
    echo(
        f"{facts.components} components hold {facts.variance_held:.1%} of the variance of the "
        f"{facts.tracks:,} tracks they were fitted to; restored to within {facts.error:.1f} dB"
    )
    if facts.unseen_tracks:
        echo(
            f"of {facts.unseen_tracks:,} tracks by artists not fitted to: {facts.unseen_variance_held:.1%}, "
            f"to within {facts.unseen_error:.1f} dB"
        )
    if facts.variance_held < facts.variance_wanted:
        say(
            f"{facts.variance_wanted:.0%} would take {facts.components_wanted} components; "
            f"a quarter of the tracks are {facts.components}"
        )
    done = "would be projected" if dry_run else "projected"
    echo(f"{pluralize(report.projected, 'track')} {done}; pca {report.hash[:8]}")
