"""`catalog train`: train a model on the labeled tracks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from catalog.cli.common.class_options import class_rule_options, exclude_genre_option
from catalog.cli.common.command_group import examples
from catalog.cli.common.context import FiniteRange, dry_run_option, open_catalog, pass_settings
from catalog.cli.common.executors import cores, executor_factory
from catalog.cli.common.exit_codes import EXIT_ERROR
from catalog.cli.common.output import format_options
from catalog.cli.common.progress import stage_progress
from catalog.cli.train.train_output import TrainingResult, print_training, say_refreshed
from catalog.db.retry import read_with_retry
from catalog.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from catalog.cli.train.train_search import TrainSearch
    from catalog.db.database import Database
    from catalog.learning.dataset.snapshot import ClassRule
    from catalog.learning.training import TrainingReport
    from catalog.learning.training_options import TrainingOptions
    from catalog.learning.training_set import TrainingSet


STAGES = ("training", "predicting", "auditing", "reporting")


def parse_parameters(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> dict[str, Any]:
    """Parses `C=0.1` as a parameter of a classifier; values are read as JSON, else as text."""
    parameters: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE")
        if name in parameters:
            raise click.BadParameter(f"{name} is given twice")
        try:
            parameters[name] = json.loads(value)
        except json.JSONDecodeError:
            parameters[name] = value
    return parameters


def require_seed(_context: click.Context, _option: click.Parameter, seed: int) -> int:
    """Checks that every random generator accepts the seed. Raises click.BadParameter."""
    if not 0 <= seed < 2**32:
        raise click.BadParameter(f"a seed is a whole number from 0 to {2**32 - 1:,}")
    return seed


@click.command(
    epilog=examples(
        "catalog train",
        "catalog train --if-changed 50",
        "catalog train --compare",
        "catalog train --search halving",
    )
)
@click.option(
    "--algorithm",
    "algorithms",
    multiple=True,
    metavar="NAME",
    help="Classifier. Repeatable with --compare and --search, which try all by default.  "
    "[default: logistic_regression]",
)
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_parameters,
    help="Parameter of the classifier. Repeatable.",
)
@click.option(
    "--feature-set",
    "feature_sets",
    multiple=True,
    help="Feature set to train on. Repeatable: the vectors are concatenated.  [default: musicnn, plus summary "
    "if nearly all of at most 5,000 labeled tracks have both]",
)
@click.option(
    "--level",
    type=click.Choice(["leaf", "top"]),
    default="leaf",
    help="Use the tracks' own genres as classes, or their top-level genres.",
)
@click.option(
    "--hierarchy",
    type=click.Choice(["auto", "local", "flat"]),
    default="auto",
    help="For genres with two or more subgenres that are classes: a classifier per parent (local), one for all "
    "classes (flat), or the one that scores higher (auto).",
)
@class_rule_options
@exclude_genre_option
@click.option(
    "--precision",
    type=FiniteRange(0, 1, min_open=True),
    default=0.85,
    help="Target share of correct suggestions for artists not in the training set.",
)
@click.option(
    "--compare",
    "is_comparison",
    is_flag=True,
    help="Compare all classifiers with default parameters on each feature set that all tracks have; train nothing.",
)
@click.option(
    "--search",
    "scheme",
    type=click.Choice(["grid", "random", "halving"]),
    help="Tune hyperparameters first: grid, random or successive halving.",
)
@click.option(
    "--candidates",
    type=click.IntRange(min=1),
    metavar="N",
    help="Candidates that --search random and halving draw.  [default: 20]",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    metavar="N",
    help="Worker processes for --compare, --search and large predictions; 0 uses only this process.  "
    "[default: one per core]",
)
@click.option(
    "--if-changed",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train only if at least N labeled tracks differ from the training set of the active model.",
)
@click.option(
    "--split",
    type=click.Choice(["fma"]),
    help="Also score the same recipe on the official split of the Free Music Archive.",
)
@click.option(
    "--no-audit",
    is_flag=True,
    help="Do not update predictions, label audit and report afterwards.",
)
@click.option("--seed", type=int, default=0, callback=require_seed, help="Seed of folds and classifiers.")
@click.option(
    "--force",
    is_flag=True,
    help="Retrain even if little changed, and activate the model even if its score dropped.",
)
@dry_run_option
@format_options
@pass_settings
@click.pass_context
def train(
    context: click.Context,
    settings: Settings,
    algorithms: tuple[str, ...],
    parameters: dict[str, Any],
    feature_sets: tuple[str, ...],
    level: str,
    hierarchy: Literal["auto", "local", "flat"],
    min_tracks: int,
    min_artists: int,
    exclude_genres: tuple[str, ...],
    precision: float,
    is_comparison: bool,
    scheme: Literal["grid", "random", "halving"] | None,
    candidates: int | None,
    workers: int | None,
    if_changed: int | None,
    split: Literal["fma"] | None,
    no_audit: bool,
    seed: int,
    force: bool,
    dry_run: bool,
    output_format: str,
) -> None:
    """Train a model on the labeled tracks.

    The model is activated unless its macro F1 is more than 0.01 below that of the active one. Scores are out of fold,
    grouped by artist. Then predictions, label audit and report are updated. If nothing has changed since the last
    training, no model is fitted.
    """
    from catalog.cli.train import train_search
    from catalog.learning.registry.default_feature_sets import default_feature_sets

    train_search.check(algorithms, parameters, is_comparison, scheme, candidates, split)
    options = _training_options(
        algorithms, parameters, feature_sets, hierarchy, precision, split, seed, force=force
    )
    options = replace(options, rule=_class_rule(min_tracks, min_artists, level, exclude_genres))
    with open_catalog(settings) as database:
        if not feature_sets:
            options = replace(options, feature_sets=read_with_retry(database, default_feature_sets))
        waiting = None if if_changed is None or force else _waiting(database, options, if_changed)
        if waiting is None and (is_comparison or scheme is not None):
            search = train_search.TrainSearch(
                settings, database, options, algorithms, cores(workers), dry_run
            )
            is_default = context.get_parameter_source("feature_sets") is ParameterSource.DEFAULT
            best = _search(
                search,
                None if is_comparison else scheme,
                candidates,
                output_format,
                all_feature_sets=is_default,
            )
            if best is None:
                return
            options = best
        if dry_run:
            report = waiting or _plan(database, settings, options)
            print_training(_result(database, settings, options, report), output_format)
            return
        _train(database, settings, options, waiting, workers, output_format, is_audited=not no_audit)


def _training_options(
    algorithms: tuple[str, ...],
    parameters: dict[str, Any],
    feature_sets: tuple[str, ...],
    hierarchy: Literal["auto", "local", "flat"],
    precision: float,
    split: Literal["fma"] | None,
    seed: int,
    *,
    force: bool,
) -> TrainingOptions:
    from catalog.learning.classifiers import DEFAULT
    from catalog.learning.registry.default_feature_sets import PRIMARY
    from catalog.learning.training_options import TrainingOptions

    return TrainingOptions(
        algorithm=algorithms[0] if algorithms else DEFAULT,
        parameters=parameters,
        feature_sets=feature_sets or (PRIMARY,),
        hierarchy=hierarchy,
        precision=precision,
        split=split,
        seed=seed,
        force=force,
    )


def _class_rule(min_tracks: int, min_artists: int, level: str, exclude_genres: tuple[str, ...]) -> ClassRule:
    from catalog.learning.dataset.snapshot import ClassRule

    return ClassRule(min_tracks, min_artists, "top" if level == "top" else "leaf", exclude_genres)


def _search(
    search: TrainSearch,
    scheme: Literal["grid", "random", "halving"] | None,
    candidates: int | None,
    output_format: str,
    *,
    all_feature_sets: bool,
) -> TrainingOptions | None:
    """The options of the best candidate; None after a comparison (no scheme) or a dry run."""
    if scheme is None:
        search.compare(output_format, all_feature_sets=all_feature_sets)
        return None
    return search.find_best(scheme, candidates)


def _waiting(database: Database, options: TrainingOptions, minimum: int) -> TrainingReport | None:
    """The report of a training that is not due, because fewer labeled tracks than `minimum` have changed; else None."""
    from catalog.learning.registry.registry import active_model, changed_since_training
    from catalog.learning.training import TrainingReport
    from catalog.learning.training_set import build_training_set

    def count(connection: Connection) -> tuple[int, int | None]:
        row = active_model(connection)
        current = build_training_set(connection, options).snapshot
        return changed_since_training(connection, current), None if row is None else row["id"]

    changed, model_id = read_with_retry(database, count)
    if changed >= minimum:
        return None
    reason = f"{changed} labeled tracks differ from the training set, fewer than {minimum}"
    return TrainingReport("unchanged", reason, model_id, {})


def _plan(database: Database, settings: Settings, options: TrainingOptions) -> TrainingReport:
    """Describes what a training would do."""
    from catalog.learning.training import TrainingReport, plan_training

    with database.read() as connection:
        training_set, plan = plan_training(connection, settings.models, options)
        plan += _split_sizes(connection, training_set, options.split)
    return TrainingReport("dry run", plan, None, training_set.support)


def _train(
    database: Database,
    settings: Settings,
    options: TrainingOptions,
    waiting: TrainingReport | None,
    workers: int | None,
    output_format: str,
    *,
    is_audited: bool,
) -> None:
    """Trains a model, unless training is not due, then brings its results up to date. Prints the outcome of both."""
    from catalog.learning.training import train
    from catalog.pipeline.refresh import refresh_results

    open_workers = executor_factory(database, settings, workers)
    refreshed = None
    with stage_progress(*(STAGES if is_audited else STAGES[:2])) as progress:
        progress.start("training")
        report = waiting or train(
            database, settings.models, options, executor_factory=open_workers, on_stage=progress.start
        )
        result = _result(database, settings, options, report)
        # The audit takes longer than the training and may fail: the table is printed before.
        if output_format != "json":
            print_training(result, output_format)
        if is_audited and report.model_id is not None:
            refreshed = refresh_results(
                database, settings, executor_factory=open_workers, on_stage=progress.start
            )
    if output_format == "json":
        print_training(result, output_format, refreshed)
    elif refreshed is not None:
        say_refreshed(settings, refreshed)
    if report.outcome == "nothing to learn":
        raise click.exceptions.Exit(EXIT_ERROR)


def _result(
    database: Database, settings: Settings, options: TrainingOptions, report: TrainingReport
) -> TrainingResult:
    """Adds the names of the genres and the score on corrected labels."""
    from catalog.learning.dataset.catalog_tracks import load_broader
    from catalog.learning.registry.registry import get_model
    from catalog.learning.scoring.model_metrics import metrics_with_corrected_labels

    if (model_id := report.model_id) is not None and report.metrics is not None:
        metrics = read_with_retry(
            database,
            lambda connection: metrics_with_corrected_labels(connection, get_model(connection, model_id)),
        )
        report = replace(report, metrics=metrics)
    names = read_with_retry(database, load_broader)[1]
    return TrainingResult(settings.command, report, names, options.hierarchy)


def _split_sizes(connection: Connection, training_set: TrainingSet, split: str | None) -> str:
    """Describes the size of each part of an official split. Raises NoOfficialSplitError."""
    from catalog.learning.scoring.official_split import PARTS, load_split

    if split is None or training_set.snapshot is None:
        return ""
    parts = load_split(connection, training_set.snapshot.track_ids, training_set.snapshot.y)
    return "; official split: " + ", ".join(f"{(parts == part).sum():,} {part}" for part in PARTS)
