"""`catalog train`: learn a model from the tagged tracks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from catalog.cli.common.context import FiniteRange, dry_run_option, open_catalog, pass_settings
from catalog.cli.common.executors import cores, executor_factory
from catalog.cli.common.output import format_options, print_json, print_rows, say
from catalog.db.retry import read_with_retry
from catalog.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from catalog.db.database import Database
    from catalog.learning.training_options import TrainingOptions
    from catalog.learning.training_set import TrainingSet


def class_rule_options(function: Any) -> Any:
    """Adds --min-tracks and --min-artists."""
    function = click.option(
        "--min-artists",
        type=click.IntRange(min=1),
        default=5,
        show_envvar=True,
        help="A genre by fewer artists is no class.",
    )(function)
    return click.option(
        "--min-tracks",
        type=click.IntRange(min=1),
        default=10,
        show_envvar=True,
        help="A genre with fewer tracks is no class: it counts for its broader term.",
    )(function)


def exclude_genre_option(function: Any) -> Any:
    """Adds --exclude-genre as `exclude_genres`."""
    return click.option(
        "--exclude-genre",
        "exclude_genres",
        multiple=True,
        metavar="NAME",
        show_envvar=True,
        help="Leave out the tracks of a genre and of all narrower ones: no class, no evidence, no doubt. May be "
        "repeated.",
    )(function)


def parse_parameters(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    """`C=0.1` as a parameter of a classifier; values are read as JSON, else as text."""
    parameters: dict[str, Any] = {}
    for text in given:
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
    """A number that every generator takes. click.BadParameter for another."""
    if not 0 <= seed < 2**32:
        raise click.BadParameter(f"a seed is a whole number from 0 to {2**32 - 1:,}")
    return seed


@click.command()
@click.option(
    "--algorithm",
    "algorithms",
    multiple=True,
    metavar="NAME",
    help="The classifier. For --compare and --search it may be repeated; without it they try all.  "
    "[default: logistic_regression]",
)
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_parameters,
    help="A parameter of the classifier; may be repeated.",
)
@click.option(
    "--feature-set",
    "feature_sets",
    multiple=True,
    help="The vectors to learn from; may be repeated: they are laid side by side.  [default: musicnn, and summary beside "
    "it where nearly all of at most 5,000 tagged tracks have both]",
)
@click.option(
    "--level",
    type=click.Choice(["leaf", "top"]),
    default="leaf",
    help="Classes are the tracks' own genres, or their top terms.",
)
@click.option(
    "--hierarchy",
    type=click.Choice(["auto", "local", "flat"]),
    default="auto",
    help="Where a genre has two sub-genres that are classes: a classifier of its own for it, one for all, or what "
    "scores better.",
)
@class_rule_options
@exclude_genre_option
@click.option(
    "--precision",
    type=FiniteRange(0, 1, min_open=True),
    default=0.85,
    help="The share of answers that ought to be right for artists not heard before.",
)
@click.option(
    "--compare",
    "is_comparison",
    is_flag=True,
    help="Only show how every classifier, as it is, does on each feature set that all tracks have.",
)
@click.option(
    "--search",
    "scheme",
    type=click.Choice(["grid", "random", "halving"]),
    help="Try many parameters first, and train the best: all there are, some drawn by chance, or those in rounds that "
    "only the best third of each survives.",
)
@click.option(
    "--candidates",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many --search random and halving draw.  [default: 20]",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    metavar="N",
    help="Worker processes for --compare, --search and many predictions; 0 does all in this process.  "
    "[default: one per core]",
)
@click.option(
    "--if-changed",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only if at least N tagged tracks differ from the training set of the active model, or with --force.",
)
@click.option(
    "--split",
    type=click.Choice(["fma"]),
    help="Score the same recipe on an official split too: that of the Free Music Archive.",
)
@click.option("--seed", type=int, default=0, callback=require_seed, help="Of folds and classifiers.")
@click.option(
    "--force",
    is_flag=True,
    help="Train though nothing, or less than --if-changed says, has changed, and promote though it is worse.",
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
    seed: int,
    force: bool,
    dry_run: bool,
    output_format: str,
) -> None:
    """Learn a model from the tagged tracks, and put it in force unless it is worse than the present one.

    Its score is out of fold with artists apart. Where nothing has changed, nothing is done.
    """
    from catalog.cli.train import train_search
    from catalog.learning.classifiers import DEFAULT
    from catalog.learning.dataset.snapshot import ClassRule
    from catalog.learning.registry.default_feature_sets import PRIMARY
    from catalog.learning.registry.label_drift import changed_since_training
    from catalog.learning.training import plan_training, train
    from catalog.learning.training_options import TrainingOptions
    from catalog.learning.training_set import build_training_set
    from catalog.report.score_report import score_report

    train_search.check(algorithms, parameters, is_comparison, scheme, candidates, split)
    wanted = TrainingOptions(
        algorithm=algorithms[0] if algorithms else DEFAULT,
        parameters=parameters,
        feature_sets=feature_sets or (PRIMARY,),
        rule=ClassRule(min_tracks, min_artists, "top" if level == "top" else "leaf", exclude_genres),
        hierarchy=hierarchy,
        precision=precision,
        split=split,
        seed=seed,
        force=force,
    )
    with open_catalog(settings) as database:
        wanted = wanted if feature_sets else _as_usual(database, wanted)
        if if_changed is not None and not force:
            changed = read_with_retry(
                database,
                lambda connection: changed_since_training(
                    connection, build_training_set(connection, wanted).snapshot
                ),
            )
            if changed < if_changed:
                say(
                    f"{changed} tagged tracks differ from the training set, fewer than {if_changed}: nothing is done"
                )
                return
        if is_comparison:
            train_search.compare(
                settings,
                database,
                wanted,
                algorithms,
                all_feature_sets=not is_given(context, "feature_sets"),
                workers=cores(workers),
                dry_run=dry_run,
                output_format=output_format,
            )
            return
        if scheme is not None:
            found = train_search.find_best(
                settings,
                database,
                wanted,
                algorithms,
                scheme,
                number=candidates,
                workers=cores(workers),
                dry_run=dry_run,
            )
            if found is None:
                return
            wanted = found
        if dry_run:
            with database.read() as connection:
                material, possible = plan_training(connection, settings.models, wanted)
                possible += _split_in_words(connection, material, split)
            support, outcome, reason, metrics = material.support, "dry run", possible, {}
            model_id, names = None, material.names
        else:
            report = train(
                database,
                settings.models,
                wanted,
                spread=executor_factory(database, settings, workers),
            )
            support, outcome, reason, metrics = (
                report.support,
                report.outcome,
                report.reason,
                {**report.metrics, **_reconsidered(database, report.model_id)},
            )
            model_id, names = report.model_id, _names(database)
    rows = [
        {
            "genre": names[row.genre_id],
            "tracks": row.tracks,
            "artists": row.artists,
            "counts_for": None if row.counts_for is None else names[row.counts_for],
            "reason": row.reason,
        }
        for row in sorted(support.values(), key=lambda row: -row.tracks)
    ]
    if output_format == "json":
        print_json(
            {"outcome": outcome, "reason": reason, "model_id": model_id, "support": rows, "metrics": metrics}
        )
    else:
        print_rows(rows, output_format)
        if metrics:
            say()
            say("\n".join([*score_report(metrics), ""]))
        say(_in_words(settings, outcome, reason, model_id, hierarchy, metrics))
    if outcome == "nothing to learn":
        raise click.exceptions.Exit(1)


def _split_in_words(connection: Connection, material: TrainingSet, split: str | None) -> str:
    """How many tracks each part of an official split would have. Raises NoOfficialSplitError, as training would."""
    from catalog.learning.scoring.official_split import PARTS, load_split

    if split is None or material.snapshot is None:
        return ""
    found = load_split(connection, material.snapshot.track_ids, material.snapshot.y)
    return "; official split: " + ", ".join(f"{(found == part).sum():,} {part}" for part in PARTS)


def _as_usual(database: Database, wanted: TrainingOptions) -> TrainingOptions:
    """On the feature sets that are learned from where none is named."""
    from catalog.learning.registry.default_feature_sets import default_feature_sets

    return replace(wanted, feature_sets=read_with_retry(database, default_feature_sets))


def is_given(context: click.Context, name: str) -> bool:
    """Whether an option was given, by whatever means, and is not its default."""
    return context.get_parameter_source(name) is not ParameterSource.DEFAULT


def describe_score(metrics: Mapping[str, Any]) -> str:
    """How often the model is right for artists it has not heard, beside the baselines, in one sentence."""
    accuracy = metrics["accuracy"]
    baselines = {name: share_of(value) for name, value in metrics["baselines"].items()}
    known = metrics.get("known_artists")  # older models lack it
    both = f"; asking both, as for untagged tracks: {share_of(known['accuracy']):.0%}" if known else ""
    return (
        f"right for {accuracy['value']:.0%} of {metrics['tracks']:,} tracks by artists it had not heard "
        f"({accuracy['low']:.0%} to {accuracy['high']:.0%}); always the commonest genre: {baselines['majority']:.0%}; "
        f"copying the artist's other tracks: {baselines['artist_copy']:.0%}{both}"
    )


def share_of(value: Any) -> float:
    """A score's value, with an interval or, as older models have it, without."""
    return float(value["value"] if isinstance(value, Mapping) else value)


def _reconsidered(database: Any, model_id: int | None) -> dict[str, Any]:
    """The score without doubted tags and with corrected ones, where the model has one."""
    from catalog.learning.registry.registry import get_model
    from catalog.learning.scoring.corrected_label_score import corrected_label_score

    if model_id is None:
        return {}
    return {
        "reconsidered": read_with_retry(
            database, lambda connection: corrected_label_score(connection, get_model(connection, model_id))
        )
    }


def _in_words(
    settings: Settings,
    outcome: str,
    reason: str,
    model_id: int | None,
    hierarchy: str,
    metrics: Mapping[str, Any],
) -> str:
    """What came of a training, and how to go on where that is not what was wished for."""
    if model_id is None:
        return f"{outcome}: {reason}"
    told = f"model {model_id}: {outcome}; {reason}"
    if hierarchy == "local" and not metrics.get("hierarchy"):
        told = f"no genre has two narrower ones that are classes: --hierarchy local changes nothing\n{told}"
    if outcome == "rejected":
        told += f"\nto put it in force all the same: {settings.command} models promote {model_id}"
    return told


def _names(database: Any) -> dict[int, str]:
    from catalog.learning.dataset.labeled_tracks import load_broader

    return dict(read_with_retry(database, load_broader)[1])
