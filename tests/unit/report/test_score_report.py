from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.learning.scoring.corrected_label_score import (
    CorrectedLabelScore,
    CorrectedScore,
    ScoreWithoutSuspects,
)
from catalog.learning.scoring.hierarchy_selection import StructureChoice, StructureScore
from catalog.learning.scoring.model_metrics import ConfusionMatrix, GenreScore
from catalog.learning.scoring.official_split import OfficialSplitScore
from catalog.report.score_report import MOST_GENRES, score_report
from tests.sample_metrics import METRICS, interval, sample_search

OFFICIAL = OfficialSplitScore(
    "FMA", 8000, 1000, 1000, 3, interval(0.6), interval(0.55), interval(0.5), 1.1, 0.05, 0.7, 0.85
)


def text_of(**changes: object) -> str:
    return "\n".join(score_report(replace(METRICS, **changes)))  # type: ignore[arg-type]


def test_a_full_report() -> None:
    text = text_of(
        official_split=OFFICIAL,
        corrected_labels=CorrectedLabelScore(
            ScoreWithoutSuspects(45, 0.85, 0.62), CorrectedScore(3, 0.73, 0.47)
        ),
    )
    for line in (
        "71% (61% to 81%)",
        "68 groups of connected tracks, the largest of 40",
        "baseline: artist's other tracks               79% (69% to 89%)",
        "audio and artist's other tracks               84% (74% to 94%)",
        "macro F1 74% (64% to 84%)",
        "random folds (too optimistic)                 82%, macro F1 60%",
        "Pop predicted as Rock (41); Rock predicted as Pop (3)",
        "0.090 (perfectly calibrated model of this size: up to 0.100",
        "80%, 86% of them correct",
        "95% of 20%, 90% of 40%",
        "by album 69%, macro F1 47%",
        "by album: the log loss of album averages",
        "80% on tracks with complete tags, at least 50% on all (12 tracks have several genres)",
        "official split of FMA                         60% (50% to 70%)",
        "without 45 suspects",
        "with 3 corrected tags",
    ):
        assert line in text
    assert text.index("Rock      198") < text.index("Pop        44")


@pytest.mark.parametrize("field", ["random_folds", "several_genres", "answered_precision", "priors"])
def test_optional_scores_can_be_absent(field: str) -> None:
    assert "accuracy" in text_of(**{field: None})


def test_hostile_names_and_many_genres() -> None:
    rows = tuple(GenreScore(f"\x1b[31m\n{at}", at, 0.1, 0.1, 0.1) for at in range(100))
    confusion = ConfusionMatrix(("\x1b[2J", "b"), ((3, 3), (3, 3)))
    lines = score_report(replace(METRICS, per_class=rows, confusion=confusion))
    assert f"  and {100 - MOST_GENRES} more; see --json" in lines
    assert not any(character in line for line in lines for character in "\x1b\n")


@pytest.mark.parametrize(
    ("nested", "words"), [(True, "by nested search"), (False, "with the choice made on the other folds")]
)
def test_the_report_of_a_searched_model_names_the_method(nested: bool, words: str) -> None:
    text = text_of(search=sample_search(1_200, nested=nested))
    assert f"selected from 1,200 candidates: the first three scores are computed {words}" in text
    assert "fold seeds" not in text
    assert "selected from 1 candidate:" in text_of(search=sample_search(1))


def test_the_official_split_is_optimistic_after_a_search() -> None:
    words = "of 1,000 test tracks (optimistic: the search used them too)"
    assert words in text_of(official_split=OFFICIAL, search=sample_search())
    assert words not in text_of(official_split=OFFICIAL)


@pytest.mark.parametrize(("classes", "is_shown"), [(2, False), (3, False), (4, True)])
def test_top_3_accuracy_needs_more_than_three_genres(classes: int, is_shown: bool) -> None:
    assert ("top-3 accuracy" in text_of(classes=classes)) is is_shown


def test_the_structure_of_subgenres() -> None:
    scores = StructureScore(0.5, 0.71), StructureScore(0.45, 0.72)
    text = text_of(hierarchy=StructureChoice("local", *scores))
    assert "one classifier per parent genre" in text
    assert "local macro F1 0.500 and hierarchical F1 0.710" in text
    assert "one flat classifier" in text_of(hierarchy=StructureChoice("flat", None, None))
    assert "subgenres" not in text_of()
