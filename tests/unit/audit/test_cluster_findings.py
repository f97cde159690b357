"""What clusters say of genres, on tables small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.audit.clusters.cluster_findings import Labeled, contents, outliers, overlaps, spreads
from catalog.audit.clusters.contingency import NOISE

ROCK, JAZZ, METAL = 10, 20, 30


def laid_out(*cells: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Genres and clusters of (genre, cluster, tracks)."""
    genres = [genre for genre, _, tracks in cells for _ in range(tracks)]
    clusters = [cluster for _, cluster, tracks in cells for _ in range(tracks)]
    return np.array(genres, np.int64), np.array(clusters, np.int64)


def labeled(*cells: tuple[int, int, int], artists: list[int] | None = None) -> Labeled:
    """The same; every track deeper than the one before, by an artist of its own unless they are given."""
    genres, clusters = laid_out(*cells)
    count = len(genres)
    return Labeled(
        track_ids=np.arange(count, dtype=np.int64) + 100,
        genres=genres,
        clusters=clusters,
        centrality=np.linspace(0.1, 0.9, count, dtype=np.float32),
        artists=np.array(artists if artists is not None else range(1, count + 1), np.int64),
    )


def test_contents_name_the_commonest_genres() -> None:
    found = contents(*laid_out((ROCK, 0, 3), (JAZZ, 0, 5), (METAL, NOISE, 2)))
    assert [(one.cluster, one.labeled, one.genres) for one in found] == [
        (NOISE, 2, ((METAL, 2),)),
        (0, 8, ((JAZZ, 5), (ROCK, 3))),
    ]


def test_a_genre_falls_apart_by_its_entropy() -> None:
    cells = [
        (ROCK, 0, 5),
        (ROCK, 1, 5),
        (ROCK, 2, 5),
        (ROCK, 3, 5),
        (JAZZ, 0, 9),
        (JAZZ, 1, 1),
        (JAZZ, NOISE, 4),
    ]
    found = spreads(*laid_out(*cells, (METAL, 0, 4)))
    assert [one.genre_id for one in found] == [ROCK, JAZZ], "four tracks of Metal say nothing"
    rock, jazz = found
    assert (rock.clusters, rock.effective) == pytest.approx((4, 4))
    assert (jazz.tracks, jazz.noise, jazz.clusters, jazz.main_cluster, jazz.main_share) == (10, 4, 2, 0, 0.9)
    assert jazz.effective == pytest.approx(np.exp(-0.9 * np.log(0.9) - 0.1 * np.log(0.1)))


def test_genres_in_the_same_clusters_are_paired() -> None:
    cells = [(ROCK, 0, 6), (ROCK, 1, 4), (METAL, 0, 9), (METAL, 1, 1), (JAZZ, 2, 7), (JAZZ, NOISE, 5)]
    found = overlaps(*laid_out(*cells))
    assert [(one.genre_id, one.other_id, one.cluster) for one in found] == [(ROCK, METAL, 0)]
    assert found[0].overlap == pytest.approx(0.6 + 0.1)
    assert overlaps(*laid_out((ROCK, NOISE, 6), (METAL, NOISE, 6))) == []


def test_a_track_in_the_deeper_half_of_anothers_cluster_is_misplaced() -> None:
    # The last of the cluster is the deepest.
    found = outliers(labeled((METAL, 0, 1), (ROCK, 0, 8), (METAL, 0, 1)))
    assert [(one.track_id, one.genre_id, one.majority_genre_id) for one in found] == [(109, METAL, ROCK)]
    assert found[0].share == pytest.approx(8 / 9)
    assert found[0].depth == pytest.approx(0.9)


def test_tracks_of_its_own_artist_say_nothing_of_a_track() -> None:
    by_seven = [7] * 8 + [7]
    assert outliers(labeled((ROCK, 0, 8), (METAL, 0, 1), artists=by_seven)) == []
    half = [7] * 4 + [1, 2, 3, 4, 5] + [7]
    found = outliers(labeled((ROCK, 0, 8), (JAZZ, 0, 1), (METAL, 0, 1), artists=half))
    metal = next(one for one in found if one.genre_id == METAL)
    assert metal.share == pytest.approx(4 / 5)
    unknown = outliers(labeled((ROCK, 0, 8), (METAL, 0, 1), artists=[0] * 9))
    assert len(unknown) == 1, "tracks by nobody known are by different people"


@pytest.mark.parametrize(
    "cells",
    [
        [(ROCK, 0, 4), (METAL, 0, 1)],
        [(ROCK, NOISE, 8), (METAL, NOISE, 1)],
        [(ROCK, 0, 4), (JAZZ, 0, 4), (METAL, 0, 3)],
        [],
    ],
    ids=["few", "noise", "mixed", "nothing"],
)
def test_few_tracks_noise_and_mixed_clusters_give_no_evidence(cells: list[tuple[int, int, int]]) -> None:
    assert outliers(labeled(*cells)) == []


def test_the_purest_cluster_comes_first() -> None:
    found = outliers(labeled((ROCK, 0, 9), (METAL, 0, 1), (JAZZ, 1, 12), (METAL, 1, 3)))
    assert [one.cluster for one in found] == [0, 1, 1, 1]
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
