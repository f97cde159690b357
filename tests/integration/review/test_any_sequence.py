"""Whatever is decided and undone in whatever order: the current genres are what a simple model says."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.standing import refresh_standing, standing_differences
from catalog.review.decision import Doubt, decide, undo
from tests.integration.conftest import insert, state

GENRES = ["Rock", "Pop", "Jazz", "Blues", "Folk"]
REVIEWERS = ["ada", "bob"]
VERDICTS = ["keep", "accept", "relabel", "add", "unsure", "wrong_recording"]


class Model:
    """A track as a list of what was said, newest last; what was taken back is out of it."""

    def __init__(self, tags: list[str]) -> None:
        self.tags = tags
        self.doubted = tags[0]
        self.said: list[tuple[int, list[str]]] = []
        self.chosen: list[tuple[int, str | None]] = []
        """Of every decision on the doubted genre that stands, what it chose."""

    @property
    def genres(self) -> list[str]:
        return self.said[-1][1] if self.said else self.tags

    def decide(self, number: int, verdict: str, genre: str, suggested: str) -> None:
        base = self.genres
        if self.doubted not in base:
            newest = self.chosen[-1][1] if self.chosen else None
            gone = newest if newest in base else base[0]
            base = [self.doubted if each == gone else each for each in base]
        chosen = {"accept": suggested, "relabel": genre, "add": genre}.get(verdict)
        if verdict == "keep":
            self.said.append((number, distinct(base)))
        elif verdict == "add":
            self.said.append((number, distinct([*base, genre])))
        elif chosen is not None:
            self.said.append((number, distinct([chosen if each == self.doubted else each for each in base])))
        self.chosen.append((number, chosen))

    def undo(self, number: int) -> None:
        self.said = [each for each in self.said if each[0] != number]
        self.chosen = [each for each in self.chosen if each[0] != number]


def distinct(genres: list[str]) -> list[str]:
    return list(dict.fromkeys(genres))


def machine_for(database: Database) -> type[RuleBasedStateMachine]:
    with database.read() as connection:
        ids: dict[str, int] = dict(connection.execute(sa.select(t.genre.c.name, t.genre.c.id)).all())

    class Review(RuleBasedStateMachine):
        """Two reviewers on three tracks of one artist."""

        @initialize(
            tags=st.lists(
                st.lists(st.sampled_from(GENRES), min_size=1, max_size=3, unique=True), min_size=3, max_size=3
            )
        )
        def begin(self, tags: list[list[str]]) -> None:
            self.batches: list[str] = []
            self.models: dict[int, Model] = {}
            with database.write() as connection:
                place = connection.execute(sa.select(t.collection.c.id)).scalar()
                place = place or insert(connection, t.collection, name="made up", kind="folder")
                number = connection.execute(sa.select(sa.func.count()).select_from(t.track)).scalar_one()
                artist = insert(connection, t.artist, key=f"a{number}", name="A", folded="a")
                for each in tags:
                    track = insert(connection, t.track, collection_id=place, artist_id=artist)
                    state(connection, track, "file", [ids[name] for name in each])
                    self.models[track] = Model(each)
                refresh_standing(connection, self.models)

        @rule(
            number=st.integers(1, 3),
            verdict=st.sampled_from(VERDICTS),
            genre=st.sampled_from(GENRES),
            suggested=st.sampled_from(GENRES),
            reviewer=st.sampled_from(REVIEWERS),
        )
        def decide(self, number: int, verdict: Any, genre: str, suggested: str, reviewer: str) -> None:
            chosen = list(self.models.items())[:number]
            doubts = [Doubt(track, ids[model.doubted], ids[suggested]) for track, model in chosen]
            genre_id = ids[genre] if verdict in {"relabel", "add"} else None
            with database.write() as connection:
                done = decide(connection, doubts, verdict, reviewer, genre_id=genre_id)
            for _, model in chosen:
                model.decide(len(self.batches), verdict, genre, suggested)
            self.batches.append(done.batch)

        @precondition(lambda self: self.batches)
        @rule(which=st.integers(0, 30), reviewer=st.sampled_from(REVIEWERS))
        def undo(self, which: int, reviewer: str) -> None:
            which %= len(self.batches)
            with database.write() as connection:
                undo(connection, self.batches[which], reviewer)
            for model in self.models.values():
                model.undo(which)

        @invariant()
        def current_labels_are_what_the_model_says(self) -> None:
            with database.read() as connection:
                for track, model in getattr(self, "models", {}).items():
                    question = sa.text(
                        "SELECT genre FROM current_label WHERE track_id = :track ORDER BY rank"
                    )
                    found = list(connection.execute(question, {"track": track}).scalars())
                    assert found == model.genres

        def teardown(self) -> None:
            with database.read() as connection:
                assert standing_differences(connection) == 0

    return Review


def test_any_sequence_of_decisions_and_undos(database: Database) -> None:
    examples = 15 if database.is_sqlite else 6
    run_state_machine_as_test(
        machine_for(database), settings=settings(max_examples=examples, stateful_step_count=12, deadline=None)
    )


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_simple_model_is_no_copy_of_nothing(verdict: str) -> None:
    model = Model(["Rock", "Folk"])
    model.decide(0, verdict, "Jazz", "Pop")
    expected = {"accept": ["Pop", "Folk"], "relabel": ["Jazz", "Folk"], "add": ["Rock", "Folk", "Jazz"]}
    assert model.genres == expected.get(verdict, ["Rock", "Folk"])
    model.undo(0)
    assert model.genres == ["Rock", "Folk"]
