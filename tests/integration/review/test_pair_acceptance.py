"""Acceptance of suggestions of one genre for another."""

from __future__ import annotations

from catalog.db.database import Database
from catalog.review.decision import case_suspects, decide, undo
from catalog.review.pair_acceptance import PairAcceptance, pair_acceptance
from catalog.review.verdict import Verdict
from tests.integration.review.conftest import Doubted


def test_decisions_in_effect_count_and_neutral_ones_do_not(database: Database, doubted: Doubted) -> None:
    pair = (doubted.genres["Metal"], doubted.genres["Rock"])
    with database.write() as connection:
        assert pair_acceptance(connection, *pair) == PairAcceptance(0, 0)
        verdicts: dict[str, Verdict] = {"Red 1": "accept", "Red 2": "keep", "Red 3": "unsure"}
        for title, verdict in verdicts.items():
            suspects = case_suspects(connection, "red", scope="track", track_id=doubted.tracks[title])
            batch = decide(connection, suspects, verdict, "ada").batch
            if title == "Red 1":
                first = batch
        assert pair_acceptance(connection, *pair) == PairAcceptance(2, 1)
        undo(connection, first, "ada")
        assert pair_acceptance(connection, *pair) == PairAcceptance(1, 0)
