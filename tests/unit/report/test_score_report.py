"""The score sheet says what is known, leaves out what is not, and breaks on no name."""

import numpy as np
import pytest

from catalog.report.score_report import MOST_GENRES, score_report

OLD = {
    "accuracy": {"value": 0.5, "low": 0.3, "high": 0.7},
    "baselines": {"majority": 0.34, "artist_copy": 0.4},
    "classes": 4,
    "tracks": 6,
}


def interval(value):
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def full():
    return {
        "accuracy": interval(0.71),
        "balanced_accuracy": interval(0.42),
        "macro_f1": interval(0.45),
        "top_3_accuracy": interval(0.96),
        "fold_seeds": 5,
        "folds": 5,
        "baselines": {"majority": interval(0.65), "artist_copy": interval(0.79)},
        "known_artists": {"accuracy": interval(0.84), "macro_f1": interval(0.74)},
        "random_folds": {"accuracy": 0.82, "macro_f1": 0.6},
        "log_loss": 0.921,
        "brier_score": 0.491,
        "calibration_error": 0.09,
        "calibration_error_if_perfect": {"value": 0.06, "low": 0.04, "high": 0.1},
        "calibration_error_if_perfect_by_artist": {"value": 0.1, "low": 0.05, "high": 0.23},
        "accuracy_at_share": [{"share": share / 10, "accuracy": 1 - share / 40} for share in range(1, 11)],
        "precision_target": 0.85,
        "share_answered": 0.8,
        "answered_precision": 0.86,
        "hierarchical": {
            "first_choice": {"precision": 0.84, "recall": 0.78, "f1": 0.81},
            "answers": {"precision": 0.9, "recall": 0.7, "f1": 0.79},
        },
        "by_album": {
            "albums": 43,
            "tracks": 95,
            "by_track": {"accuracy": 0.68, "macro_f1": 0.45, "log_loss": 0.95},
            "by_album": {"accuracy": 0.69, "macro_f1": 0.47, "log_loss": 0.92},
            "mean": "geometric",
            "threshold": 0.4,
            "unit": "album",
            "reason": "averaged over albums the probabilities lose less",
        },
        "several_genres": {
            "tracks_with_several": 12,
            "tracks_with_complete_tags": 5,
            "average_precision": [
                {"genre": "Rock", "tracks": 10, "value": 0.8, "at_least": 0.6, "by_chance": 0.3},
                {"genre": "Pop", "tracks": 5, "value": None, "at_least": 0.4, "by_chance": 0.2},
            ],
        },
        "tracks": 303,
        "classes": 2,
        "groups": 68,
        "largest_group": 40,
        "without_artist_share": 0.02,
        "per_class": [
            {"genre": "Pop", "tracks": 44, "precision": 0.25, "recall": 0.02, "f1": 0.04},
            {"genre": "Rock", "tracks": 198, "precision": 0.73, "recall": 0.96, "f1": 0.83},
        ],
        "confusion": {"genres": ["Pop", "Rock"], "tracks": [[1, 41], [3, 191]]},
        "official_split": {
            "data_set": "FMA", "accuracy": interval(0.6), "macro_f1": interval(0.5), "test": 1000,
        },
        "reconsidered": {
            "without_doubted": {"doubted": 45, "accuracy": 0.85, "macro_f1": 0.62},
            "corrected": {"changed": 3, "accuracy": 0.73, "macro_f1": 0.47},
        },
    }  # fmt: skip


def test_a_full_sheet():
    text = "\n".join(score_report(full()))
    for said in (
        "71% (61% to 81%)",
        "68 groups of connected tracks, the largest of 40",
        "the artist's other tracks    79% (69% to 89%)",
        "the sound and the artist's other tracks       84% (74% to 94%)",
        "macro F1 74% (64% to 84%)",
        "random folds would have claimed               82%, macro F1 60%",
        "Pop heard as Rock (41); Rock heard as Pop (3)",
        "0.090 (a perfect model of this size: up to 0.100",
        "80%, 86% of these answers right",
        "95% of 20%, 90% of 40%",
        "by album 69%, macro F1 47%",
        "by album: averaged over albums",
        "80% where tags are complete, at least 50% in all (12 tracks have several genres)",
        "official split of FMA                         60% (50% to 70%)",
        "without 45 doubted tags",
        "with 3 tags corrected by people",
    ):
        assert said in text
    assert text.index("Rock      198") < text.index("Pop        44")


@pytest.mark.parametrize("left_out", sorted(set(full()) - {"accuracy", "tracks", "classes"}))
def test_what_is_not_known_is_left_out(left_out):
    metrics = full()
    del metrics[left_out]
    if left_out == "groups":
        del metrics["largest_group"]
    needs = {"largest_group": "groups", "without_artist_share": "groups", "folds": "fold_seeds"}
    metrics.pop(needs.get(left_out, ""), None)
    for together in ("brier_score", "calibration_error"):
        if left_out.startswith(together):
            metrics.pop("log_loss", None)
    assert score_report(metrics)


def test_an_older_model_and_one_without_a_score():
    text = "\n".join(score_report(OLD))
    assert "50% (30% to 70%)" in text
    assert "without a model: the commonest genre          34%" in text
    assert score_report({"reason": "zero-shot"}) == []


def test_hostile_names_and_many_genres():
    metrics = full()
    rows = [
        {"genre": f"\x1b[31m\n{at}", "tracks": at, "precision": 0.1, "recall": 0.1, "f1": 0.1}
        for at in range(100)
    ]
    metrics["per_class"] = rows
    metrics["confusion"] = {"genres": ["\x1b[2J", "b"], "tracks": np.full((2, 2), 3).tolist()}
    lines = score_report(metrics)
    assert f"  and {100 - MOST_GENRES} more; see --json" in lines
    assert not any(character in line for line in lines for character in "\x1b\n")


@pytest.mark.parametrize(
    ("nested", "words"),
    [(True, "the search repeated inside each fold"), (False, "the choice made by the other folds")],
)
def test_a_model_that_a_search_found_says_how_its_scores_were_found(nested: bool, words: str) -> None:
    found = {**full(), "search": {"candidates": 1_200, "nested": nested}}
    text = "\n".join(score_report(found))
    assert f"the best of 1,200 candidates: the first three scores are with {words}" in text
    assert "times, of which the first three scores are means" not in text


def test_the_official_split_is_no_clean_test_of_what_a_search_chose():
    told = "of 1,000 test tracks (flatters: what the search chose was tried on these too)"
    assert told in "\n".join(score_report({**full(), "search": {"candidates": 20, "nested": True}}))
    assert told not in "\n".join(score_report(full()))


def test_a_search_of_one_candidate_is_told_of_one():
    found = {**full(), "search": {"candidates": 1, "nested": True}}
    assert "the best of 1 candidate: the first" in "\n".join(score_report(found))


@pytest.mark.parametrize(("classes", "is_told"), [(2, False), (3, False), (4, True)])
def test_among_the_first_three_is_told_where_there_are_more(classes: int, is_told: bool) -> None:
    text = "\n".join(score_report({**full(), "classes": classes}))
    assert ("among the first three" in text) is is_told


def test_how_sub_genres_were_learned_is_said():
    two = {
        "local": {"macro_f1": 0.5, "hierarchical_f1": 0.71},
        "flat": {"macro_f1": 0.45, "hierarchical_f1": 0.72},
    }
    said = "\n".join(score_report(full() | {"hierarchy": {"chosen": "local", **two}}))
    assert "a classifier for each term that has them" in said
    assert "local macro F1 0.500 and hierarchical F1 0.710" in said
    asked = {"chosen": "flat", "local": None, "flat": None}
    assert "one classifier for all" in "\n".join(score_report(full() | {"hierarchy": asked}))
    assert "sub-genres" not in "\n".join(score_report(full() | {"hierarchy": None}))
