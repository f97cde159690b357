"""The default size of an audit sample."""

from __future__ import annotations

import pytest

from catalog.review.audit_sample.sample_size import size_for


@pytest.mark.parametrize(
    ("tracks", "size"), [(0, 0), (19, 0), (20, 20), (61, 20), (95, 30), (308, 100), (600, 200), (10**6, 200)]
)
def test_a_sample_is_a_third_of_a_small_catalog(tracks: int, size: int) -> None:
    assert size_for(tracks) == size
