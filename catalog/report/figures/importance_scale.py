"""The scales of feature importance: from where to where its bars and their intervals reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LEAST_SPAN = 0.01
"""Of macro F1: where nothing makes a difference, no bar must look long."""


def importance_scale(found: Mapping[str, Any], ways: Sequence[str]) -> tuple[float, float]:
    """The range, 0 in it, that holds every value of these ways (`permuted`, `left_out`, `alone`) with its interval."""
    scores = [part[way] for part in found["parts"] for way in ways if part[way] is not None]
    ends = [score[end] for score in scores for end in ("low", "value", "high")]
    least, most = min([0.0, *ends]), max([0.0, *ends])
    return least, max(most, least + LEAST_SPAN)
