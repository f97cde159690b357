"""The score sheet of a model as text: what it gets right for artists it has not heard, and beside what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.report.formatting import LONGEST_GENRE, safe_text
from catalog.text import pluralize

Metrics = Mapping[str, Any]

WIDTH = 44
MOST_GENRES = 30
MOST_CONFUSIONS = 5
FIRST = 3


def score_report(metrics: Metrics) -> list[str]:
    """The lines of the sheet; what an older model does not say is left out. docs/scores.md explains each."""
    if not metrics.get("accuracy"):
        return []
    parts = (
        _basis,
        _choices,
        _genres,
        _probabilities,
        _answers,
        _albums,
        _priors,
        _several,
        _official,
        _doubted,
    )
    return [line for part in parts for line in part(metrics)]


def _basis(metrics: Metrics) -> Iterator[str]:
    yield f"Out of fold, artists apart: {metrics['tracks']:,} tracks, {metrics['classes']:,} genres"
    if "groups" in metrics:
        yield (
            f"{metrics['groups']:,} groups of connected tracks, the largest of {metrics['largest_group']:,}; "
            f"no artist is known for {metrics['without_artist_share']:.0%} of the tracks"
        )
    if search := metrics.get("search"):
        how = (
            "the search repeated inside each fold"
            if search["nested"]
            else "the choice made by the other folds"
        )
        yield (
            f"the best of {pluralize(search['candidates'], 'candidate')}: the first three scores are with {how}; "
            "those further down are of the one chosen, and flatter it a little"
        )
        if (metrics.get("hierarchy") or {}).get("chosen") == "local":
            own = search["as_fitted"]
            yield (
                "compared was one classifier over all classes, and the first three scores are of that; this model has one for "
                f"each term with sub-genres: accuracy {own['accuracy']['value']:.0%}, macro F1 {own['macro_f1']['value']:.0%}"
            )
    elif seeds := metrics.get("fold_seeds"):
        dealt = "once" if seeds == 1 else f"{seeds} times, of which the first three scores are means"
        yield f"{metrics['folds']} folds dealt {dealt}; in brackets 95 % if other artists had been there"


def _choices(metrics: Metrics) -> Iterator[str]:
    yield ""
    yield _row("right (accuracy)", _interval(metrics["accuracy"]))
    yield _row("every genre counting the same (balanced)", _interval(metrics.get("balanced_accuracy")))
    yield _row("macro F1", _interval(metrics.get("macro_f1")))
    if "top_3_accuracy" in metrics and metrics["classes"] > FIRST:  # of three genres it is always among three
        yield _row("among the first three", _interval(metrics["top_3_accuracy"]))
    if found := metrics.get("hierarchical"):
        first = found["first_choice"]
        yield _row(
            "with broader terms (hierarchical)",
            f"precision {first['precision']:.0%}, recall {first['recall']:.0%}",
        )
    if chosen := metrics.get("hierarchy"):
        yield _row("sub-genres", _structure(chosen))
    baselines = metrics.get("baselines") or {}
    yield _row("without a model: the commonest genre", _interval(baselines.get("majority")))
    yield _row("without a model: the artist's other tracks", _interval(baselines.get("artist_copy")))
    if known := metrics.get("known_artists"):
        yield _row("the sound and the artist's other tracks", _interval(known["accuracy"]))
        yield _row("", f"macro F1 {_interval(known['macro_f1'])}")
    if claimed := metrics.get("random_folds"):
        yield _row(
            "random folds would have claimed",
            f"{claimed['accuracy']:.0%}, macro F1 {claimed['macro_f1']:.0%}",
        )


def _structure(chosen: Metrics) -> str:
    """How genres with sub-genres were learned, and by which scores that was chosen."""
    ways = {"local": "a classifier for each term that has them", "flat": "one classifier for all"}
    if chosen["local"] is None:
        return ways[chosen["chosen"]]
    scores = ", ".join(
        f"{way} macro F1 {chosen[way]['macro_f1']:.3f} and hierarchical F1 {chosen[way]['hierarchical_f1']:.3f}"
        for way in ways
    )
    return f"{ways[chosen['chosen']]} ({scores})"


def _genres(metrics: Metrics) -> Iterator[str]:
    rows = sorted(metrics.get("per_class") or (), key=lambda row: -row["tracks"])
    if not rows:
        return
    yield ""
    names = [safe_text(row["genre"], LONGEST_GENRE) for row in rows]
    width = max(len("genre"), *(len(name) for name in names[:MOST_GENRES]))
    yield f"  {'genre':{width}}  tracks  found  right when said"
    for name, row in list(zip(names, rows, strict=True))[:MOST_GENRES]:
        yield f"  {name:{width}}  {row['tracks']:>6,}  {row['recall']:>5.0%}  {row['precision']:>15.0%}"
    if len(rows) > MOST_GENRES:
        yield f"  and {len(rows) - MOST_GENRES:,} more; see --json"
    if confusions := _confusions(metrics.get("confusion") or {}):
        yield f"  mostly confused: {'; '.join(confusions)}"


def _confusions(confusion: Mapping[str, Any]) -> list[str]:
    genres = confusion.get("genres", ())
    found = [
        (tracks, genres[tagged], genres[said])
        for tagged, row in enumerate(confusion.get("tracks", ()))
        for said, tracks in enumerate(row)
        if tracks and tagged != said
    ]
    found.sort(key=lambda one: (-one[0], one[1], one[2]))
    return [
        f"{safe_text(tagged, LONGEST_GENRE)} heard as {safe_text(said, LONGEST_GENRE)} ({tracks:,})"
        for tracks, tagged, said in found[:MOST_CONFUSIONS]
    ]


def _probabilities(metrics: Metrics) -> Iterator[str]:
    if "log_loss" not in metrics:
        return
    perfect = metrics["calibration_error_if_perfect"]
    together = metrics["calibration_error_if_perfect_by_artist"]
    yield ""
    yield _row("log loss, Brier score", f"{metrics['log_loss']:.3f}, {metrics['brier_score']:.3f}")
    yield _row(
        "calibration error",
        f"{metrics['calibration_error']:.3f} (a perfect model of this size: up to {perfect['high']:.3f}, "
        f"and {together['high']:.3f} where artists are right or wrong as a whole)",
    )


def _answers(metrics: Metrics) -> Iterator[str]:
    if "share_answered" not in metrics:
        return
    yield ""
    answered = metrics.get("answered_precision")
    right = "" if answered is None else f", {answered:.0%} of these answers right"
    yield _row("sure enough to answer for", f"{metrics['share_answered']:.0%}{right}")
    if rows := metrics.get("accuracy_at_share"):
        curve = ", ".join(
            f"{row['accuracy']:.0%} of {row['share']:.0%}"
            for row in rows
            if round(row["share"] * 10) % 2 == 0
        )
        yield _row("right of the surest", curve)


def _albums(metrics: Metrics) -> Iterator[str]:
    found = metrics.get("by_album")
    if not found or found["by_track"] is None:
        return
    by_track, by_album = found["by_track"], found["by_album"]
    yield _row(
        f"{found['tracks']:,} tracks of {found['albums']:,} albums",
        f"track by track {by_track['accuracy']:.0%}, macro F1 {by_track['macro_f1']:.0%}; "
        f"by album {by_album['accuracy']:.0%}, macro F1 {by_album['macro_f1']:.0%}",
    )
    yield _row("untagged tracks are answered", f"by {found['unit']}: {found['reason']}")


def _priors(metrics: Metrics) -> Iterator[str]:
    """Told where there was something to choose: too few untagged tracks, and older models, say nothing."""
    found = metrics.get("priors") or {}
    if chosen := found.get("macro_f1"):
        is_corrected = "corrected" if found["corrected"] else "not corrected"
        yield _row(
            "shares among the untagged",
            f"{is_corrected}: macro F1 of tagged tracks mixed like them {chosen['uncorrected']:.3f} as they are, "
            f"{chosen['corrected']:.3f} corrected",
        )


def _several(metrics: Metrics) -> Iterator[str]:
    found = metrics.get("several_genres")
    if not found:
        return
    rows = found["average_precision"]
    values = [row["value"] for row in rows if row["value"] is not None]
    bounds = [row["at_least"] for row in rows if row["at_least"] is not None]
    told = f"at least {sum(bounds) / len(bounds):.0%}" if bounds else ""
    if values:
        told = f"{sum(values) / len(values):.0%} where tags are complete, {told} in all"
    yield _row(
        "average precision, mean of genres",
        f"{told} ({found['tracks_with_several']:,} tracks have several genres)",
    )


def _official(metrics: Metrics) -> Iterator[str]:
    found = metrics.get("official_split")
    if not found:
        return
    yield _row(
        f"official split of {found['data_set']}",
        f"{_interval(found['accuracy'])}, macro F1 {found['macro_f1']['value']:.0%}, of {found['test']:,} test tracks"
        # The search had all tracks before it, the test part too.
        + (" (flatters: what the search chose was tried on these too)" if metrics.get("search") else ""),
    )


def _doubted(metrics: Metrics) -> Iterator[str]:
    found = metrics.get("reconsidered")
    if not found:
        return
    without = found["without_doubted"]
    if without["accuracy"] is not None:
        yield _row(
            f"without {without['doubted']:,} doubted tags",
            f"{without['accuracy']:.0%}, macro F1 {without['macro_f1']:.0%} (flatters: the model chose what is left out)",
        )
    if (corrected := found["corrected"])["changed"]:
        yield _row(
            f"with {corrected['changed']:,} tags corrected by people",
            f"{corrected['accuracy']:.0%}, macro F1 {corrected['macro_f1']:.0%}",
        )


def _row(label: str, value: str) -> str:
    return f"{label:{WIDTH}}  {value}"


def _interval(value: Any) -> str:
    """An interval, or a bare share as older models have it."""
    if isinstance(value, Mapping):
        return f"{value['value']:.0%} ({value['low']:.0%} to {value['high']:.0%})"
    return "not known" if value is None else f"{value:.0%}"
