"""Whatever is decided, undone and redone in whatever order: the current genres are what a simple model says."""

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
from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from catalog.review.decision import OpenSuspect, decide, undo
from catalog.review.redo import last_undo, redo
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


Stroke = tuple[list[Model], str, str, str]
"""The tracks decided on, the verdict, the genre named, the genre suggested."""


def distinct(genres: list[str]) -> list[str]:
    return list(dict.fromkeys(genres))


def machine_for(database: Database) -> type[RuleBasedStateMachine]:  # noqa: C901 - a rule each, of one machine
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
            self.strokes: list[Stroke] = []
            self.undone: dict[str, list[int]] = {name: [] for name in REVIEWERS}
            """By who undid it, what can be redone, the next one last."""
            self.models: dict[int, Model] = {}
            with database.write() as connection:
                place = connection.execute(sa.select(t.collection.c.id)).scalar()
                place = place or insert(connection, t.collection, name="made up", kind="folder")
                number = connection.execute(sa.select(sa.func.count()).select_from(t.track)).scalar_one()
                # What they undid in another example is none of this one's.
                self.names = {name: f"{name} {number}" for name in REVIEWERS}
                artist = insert(connection, t.artist, key=f"a{number}", name="A", folded="a")
                for each in tags:
                    track = insert(connection, t.track, collection_id=place, artist_id=artist)
                    state(connection, track, "file", [ids[name] for name in each])
                    self.models[track] = Model(each)
                refresh_track_status(connection, self.models)

        @rule(
            number=st.integers(1, 3),
            verdict=st.sampled_from(VERDICTS),
            genre=st.sampled_from(GENRES),
            suggested=st.sampled_from(GENRES),
            reviewer=st.sampled_from(REVIEWERS),
        )
        def decide(self, number: int, verdict: Any, genre: str, suggested: str, reviewer: str) -> None:
            chosen = list(self.models.items())[:number]
            doubts = [OpenSuspect(track, ids[model.doubted], ids[suggested]) for track, model in chosen]
            genre_id = ids[genre] if verdict in {"relabel", "add"} else None
            with database.write() as connection:
                done = decide(connection, doubts, verdict, self.names[reviewer], genre_id=genre_id)
            self.made(done.batch, ([model for _, model in chosen], verdict, genre, suggested))
            self.undone[reviewer] = []

        def made(self, batch: str, stroke: Stroke) -> None:
            models, *said = stroke
            for model in models:
                model.decide(len(self.batches), *said)
            self.batches.append(batch)
            self.strokes.append(stroke)

        @precondition(lambda self: self.batches)
        @rule(which=st.integers(0, 30), reviewer=st.sampled_from(REVIEWERS))
        def undo(self, which: int, reviewer: str) -> None:
            which %= len(self.batches)
            with database.write() as connection:
                if undo(connection, self.batches[which], self.names[reviewer]).track_ids:
                    self.undone[reviewer].append(which)
            for model in self.models.values():
                model.undo(which)

        @rule(reviewer=st.sampled_from(REVIEWERS))
        def redo(self, reviewer: str) -> None:
            with database.write() as connection:
                newest = last_undo(connection, self.names[reviewer])
                assert (newest is None) == (not self.undone[reviewer])
                if newest is None:
                    return
                done = redo(connection, newest)
            self.made(done.batch, self.strokes[self.undone[reviewer].pop()])

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
                assert track_status_differences(connection) == 0

    return Review


def test_any_sequence_of_decisions_undos_and_redos(database: Database) -> None:
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
