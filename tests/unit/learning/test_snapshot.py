"""The hash of a snapshot."""

from dataclasses import replace

import numpy as np

from catalog.learning.dataset.groups import Origin, connected_groups
from catalog.learning.dataset.snapshot import ClassRule, Snapshot


def test_the_hash_covers_rule_seed_tracks_classes_and_groups():
    groups = connected_groups([Origin(artists=(name,)) for name in "aabc"])
    rule = ClassRule(10, 5, "leaf")
    snapshot = Snapshot(rule, 0, np.arange(4), (7, 9), np.array([0, 0, 1, 1]), groups)
    others = [
        replace(snapshot, rule=replace(rule, minimum_tracks=9)),
        replace(snapshot, rule=replace(rule, excluded=("Jazz",))),
        replace(snapshot, seed=1),
        replace(snapshot, track_ids=np.arange(1, 5)),
        replace(snapshot, classes=(7, 8)),
        replace(snapshot, y=np.array([0, 1, 1, 1])),
        replace(snapshot, groups=connected_groups([Origin(artists=(name,)) for name in "abcd"])),
    ]
    assert snapshot.hash == replace(snapshot).hash
    assert len({snapshot.hash, *(other.hash for other in others)}) == 8
