"""The questions that `catalog sql` knows by name, on the sample."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.query.saved_queries import saved_query_names
from catalog.db.schema.views import view_names
from catalog.db.tables import feature_vector, track_status


def test_saved_questions_and_views_by_name(invoke: Any, sample: Any) -> None:
    listed = json.loads(invoke("sql", "--list", "--json").out)
    assert [row["name"] for row in listed] == [*saved_query_names(), *view_names()]
    assert all(row["description"] for row in listed)
    empty = {"conflicts", "contradicting-genres", "inconsistent-artists", "model-changes"}
    empty |= {"styles", "without-features"}
    for row in listed:
        # One question cannot do without a value.
        given = ["-p", "artist=Bruno"] if row["name"] == "artist-mix" else []
        done = invoke("sql", row["name"], "--json", *given)
        assert done.code == 0, (row["name"], done.err)
        assert json.loads(done.out) or row["name"] in empty, row["name"]
    assert "add: --parameter artist=VALUE" in invoke("sql", "artist-mix").err
    done = invoke("sql", "nix")
    assert (done.code, "there is no saved query or view 'nix'" in done.err) == (1, True)


def test_which_tracks_lack_which_vectors(invoke: Any, sample: Any, database: Database) -> None:
    with database.write() as connection:
        for title in ("Hail", "Gale"):
            connection.execute(
                sa.delete(feature_vector).where(feature_vector.c.track_id == sample.tracks[title])
            )
    rows = json.loads(invoke("sql", "without-features", "--json").out)
    assert [(row["feature_set"], row["version"], row["path"], row["reason"]) for row in rows] == [
        ("musicnn", 1, "Various/Weather/Gale.mp3", None),
        ("musicnn", 1, "Various/Weather/Hail.mp3", "too-short"),
    ]


def test_what_saved_questions_answer(invoke: Any, sample: Any) -> None:
    def ask(name: str, *more: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(invoke("sql", name, "--json", *more).out)
        return rows

    assert [row["title"] for row in ask("top-suspects")] == ["Dew"]
    assert [row["case_id"] for row in ask("cases")] == ["bruno-water"]
    assert [row["title"] for row in ask("untagged-confident")] == ["Fog"]
    assert ask("untagged-confident", "-p", "least=0.9") == []
    assert ask("confusion")[0]["tracks"] == 1
    assert ask("inconsistent-artists", "-p", "least=1") == []
    assert ask("coverage") == [
        {
            "collection": "records",
            "tracks": 8,
            "tagged": 6,
            "predicted": 8,
            "with_suggestion": 6,
            "untagged_answered": 1,
            "suspects": 1,
        }
    ]


def test_a_genre_that_only_the_album_says_is_not_one_the_model_is_sure_of(
    invoke: Any, sample: Any, database: Database
) -> None:
    def shown() -> list[str]:
        rows = json.loads(invoke("sql", "untagged-confident", "--json").out)
        return [row["suggested_genre"] for row in rows]

    heard = sa.update(track_status).where(track_status.c.track_id == sample.tracks["Fog"])
    assert shown() == ["Jazz"]
    for genre, is_shown in (("Classical", False), ("Jazz", True), (None, False)):
        with database.write() as connection:
            connection.execute(
                heard.values(predicted_genre=genre, predicted_genre_id=genre and sample.genres[genre])
            )
        assert bool(shown()) is is_shown
    for suggested, predicted in (("Rock", "Punk"), ("Punk", "Rock")):
        with database.write() as connection:
            connection.execute(
                heard.values(
                    suggested_genre=suggested,
                    suggested_genre_id=sample.genres[suggested],
                    predicted_genre=predicted,
                    predicted_genre_id=sample.genres[predicted],
                )
            )
        assert shown() == [suggested]


def test_inconsistent_artists(invoke: Any, sample: Any, database: Database) -> None:
    with database.write() as connection:
        connection.execute(
            sa.text("UPDATE track_status SET tagged_genre = 'Blues' WHERE track_id = :id"),
            {"id": sample.tracks["Basalt"]},
        )
    (row,) = json.loads(invoke("sql", "inconsistent-artists", "--json").out)
    assert (row["artist"], row["tracks"], row["genres"], row["of_commonest"]) == ("Alma", 3, 3, 1)
    assert sorted(row["tagged_genres"].split("; ")) == ["Blues", "Metal", "Rock"]


@pytest.mark.parametrize("share", [0.5, 0.05])
def test_styles_compare_a_genres_tracks_with_those_that_are_not_of_it(
    invoke: Any, sample: Any, share: float
) -> None:
    """Also where tracks are of several genres, which a share of less than a half allows."""

    def ask(question: str, *more: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(invoke("sql", question, "--json", *more).out)
        return rows

    mix = ask(f"SELECT track_id, genre FROM genre_mix WHERE share >= {share}")
    said = {row["track_id"] for row in ask("SELECT track_id FROM auto_tag WHERE tag = 'piano'")}
    heard = {row["track_id"] for row in mix}
    rows = ask("styles", "-p", f"share={share}", "-p", "tracks=1")
    assert rows
    for row in rows:
        inside = {one["track_id"] for one in mix if one["genre"] == row["genre"]}
        others = heard - inside
        assert row["word"] == "piano"
        assert row["tracks"] == len(inside & said)
        assert row["share_of_genre"] == pytest.approx(len(inside & said) / len(inside))
        assert row["share_of_others"] == pytest.approx(len(others & said) / max(len(others), 1))
