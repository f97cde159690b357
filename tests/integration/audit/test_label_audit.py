"""The label audit on a real database: planted wrong tags are found, once, and not where a person has spoken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.audit.clusters.cluster_audit import ClusterRequest as ClustersWanted
from catalog.audit.clusters.cluster_audit import audit_clusters
from catalog.audit.clusters.cluster_evidence import cluster_evidence
from catalog.audit.duplicates.duplicate_audit import audit_duplicates
from catalog.audit.labels.ground_truth import NoKnownErrorsError
from catalog.audit.labels.label_audit import audit_labels
from catalog.collection.labels.label_file import LabelFileError
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import audit, audit_sample, audit_sample_track, genre, label, statement, suspect, track
from catalog.learning.registry.registry import NoModelError
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from catalog.review.decision import decide, track_suspect, undo
from tests.integration.labeled_collection import Filled, tag

Fill = Callable[..., Filled]
WANTED = TrainingOptions(feature_sets=("blobs",))


def mistag(database: Database, track_ids: list[int], name: str, source: str = "file") -> None:
    new_genre = genre_id(database, name)
    with database.write() as connection:
        for track_id in track_ids:
            tag(connection, track_id, new_genre, name, source=source)
        refresh_track_status(connection, track_ids)


def genre_id(database: Database, name: str) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one())


def suspects(database: Database) -> list[tuple[int, str, str]]:
    with database.read() as connection:
        question = (
            "SELECT track_id, tagged_genre, suggested_genre FROM suspects ORDER BY suspicion DESC, track_id"
        )
        return [tuple(row) for row in connection.execute(sa.text(question))]


def test_planted_wrong_tags_come_first_with_reasons(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    wrong = filled.tracks["Jazz"][0:2]
    mistag(database, wrong, "Metal")
    train(database, tmp_path, WANTED)
    found = audit_labels(database)
    assert found.is_new
    assert {row[0] for row in suspects(database)[:2]} == set(wrong)
    assert {row[1:] for row in suspects(database)[:2]} == {("Metal", "Jazz")}
    assert found.largest[0].name == "Jazz 0"
    assert found.largest[0].tracks == 2
    with database.read() as connection:
        reasons = connection.execute(
            sa.select(suspect.c.reasons).where(suspect.c.track_id == wrong[0])
        ).scalar_one()
    assert (reasons[0]["kind"], reasons[0]["genre_id"]) == ("prediction", genre_id(database, "Jazz"))
    assert reasons[0]["probability"] > reasons[0]["tagged_probability"]


def test_an_audit_is_done_once(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    filled = fill_labeled()
    mistag(database, filled.tracks["Jazz"][:1], "Metal")
    train(database, tmp_path, WANTED)
    first, second = audit_labels(database), audit_labels(database)
    assert (first.audit_id, first.is_new, second.is_new) == (second.audit_id, True, False)
    assert second.largest == first.largest
    mistag(database, filled.tracks["Jazz"][:1], "Jazz", source="person")
    third = audit_labels(database)
    assert third.is_new
    assert filled.tracks["Jazz"][0] not in {row[0] for row in suspects(database)}
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(audit)).scalar_one() == 2


def test_what_a_person_said_is_not_doubted(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    filled = fill_labeled()
    mistag(database, filled.tracks["Jazz"][:1], "Metal", source="person")
    train(database, tmp_path, WANTED)
    audit_labels(database)
    assert filled.tracks["Jazz"][0] not in {row[0] for row in suspects(database)}


def test_evidence_is_left_alone(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    filled = fill_labeled()
    mistag(database, filled.tracks["Jazz"][:2], "Metal")
    train(database, tmp_path, WANTED)
    counts = []
    for _ in range(2):
        with database.read() as connection:
            counts.append(
                [
                    connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                    for table in (statement, label)
                ]
            )
        audit_labels(database)
    assert counts[0] == counts[1]


def test_without_a_model_there_is_nothing_to_doubt_by(database: Database) -> None:
    with pytest.raises(NoModelError, match="catalog train"):
        audit_labels(database)


def test_a_dry_run_stores_nothing_and_tells_all_cases(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    mistag(database, filled.tracks["Jazz"][:2], "Metal")
    train(database, tmp_path, WANTED)
    found = audit_labels(database, dry_run=True)
    assert (found.audit_id, found.is_new) == (None, True)
    assert (found.largest[0].name, found.largest[0].tracks) == ("Jazz 0", 2)
    assert suspects(database) == []
    stored = audit_labels(database)
    assert (stored.suspects, stored.cases) == (found.suspects, found.cases)


def test_known_errors_score_the_whole_ranking(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    filled = fill_labeled()
    wrong = filled.tracks["Jazz"][0:2]
    mistag(database, wrong, "Metal")
    train(database, tmp_path, WANTED)
    with database.read() as connection:
        paths = dict(
            connection.execute(sa.select(track.c.id, track.c.path).where(track.c.id.in_(wrong))).all()
        )
    file = tmp_path / "truth.csv"
    rows = "".join(f"{paths[track_id]},Jazz\n" for track_id in wrong)
    file.write_text(f"path,genre\n{rows}nowhere.mp3,Jazz\n", encoding="utf-8")
    truth = audit_labels(database, truth=file).truth
    assert truth is not None
    assert (truth.errors, truth.unmatched, truth.not_audited) == (2, 1, 0)
    assert (truth.average_precision, truth.recall, truth.corrected) == (1.0, 1.0, 1.0)
    assert [(one.genre, one.errors, one.found) for one in truth.genres] == [("Metal", 2, 2)]
    assert audit_labels(database, truth=file).truth == truth  # of an audit that was made before, too
    file.write_text("path,genre\nnowhere.mp3,Jazz\n", encoding="utf-8")
    with pytest.raises(NoKnownErrorsError, match="no error: 1 of 1 rows match no tagged track"):
        audit_labels(database, truth=file)
    file.write_text("path,stil\nnowhere.mp3,Jazz\n", encoding="utf-8")
    with pytest.raises(LabelFileError, match="Call it genre in the file's first line"):
        audit_labels(database, truth=file)


def test_what_a_list_says_speaks_against_the_file_and_the_other_way_round(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    train(database, tmp_path, WANTED)
    assert audit_labels(database).suspects == 0
    track_id = filled.tracks["Jazz"][3]
    mistag(database, [track_id], "Metal", source="import")
    audit_labels(database)
    assert suspects(database) == [(track_id, "Metal", "Jazz")]
    with database.read() as connection:
        reasons = connection.execute(
            sa.select(suspect.c.reasons).where(suspect.c.track_id == track_id)
        ).scalar_one()
    assert reasons[-1] == {
        "kind": "source",
        "source": "file",
        "genre_id": genre_id(database, "Jazz"),
        "tagged_source": "import",
        "tagged_genre_id": genre_id(database, "Metal"),
    }


def test_duplicates_with_different_genres_are_suspects_though_no_model_judges_them(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    train(database, tmp_path, WANTED)
    first, second = filled.tracks["Jazz"][0], filled.tracks["Jazz"][5]
    mistag(database, [second], "Polka")  # which is no class
    with database.write() as connection:
        pair = sa.update(track).where(track.c.id.in_([first, second]))
        connection.execute(pair.values(audio_hash="equal"))
    audit_duplicates(database)
    audit_labels(database)
    assert {(second, "Polka", "Jazz"), (first, "Jazz", "Polka")} <= set(suspects(database))


def test_tracks_of_a_audit_sample_are_doubted_though_no_model_learned_from_them(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    wrong = filled.tracks["Jazz"][0]
    mistag(database, [wrong], "Metal")
    with database.write() as connection:
        sample = connection.execute(
            sa.insert(audit_sample)
            .values(seed=0, tracks=1, overlap=0, parameters={}, drawn_at=now())
            .returning(audit_sample.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(audit_sample_track).values(
                audit_sample_id=sample, track_id=wrong, position=1, weight=1.0, overlap=False
            )
        )
    train(database, tmp_path, WANTED)
    audit_labels(database)
    assert (wrong, "Metal", "Jazz") in suspects(database)


def test_one_wrong_genre_among_right_ones_is_doubted_and_replaced_alone(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    track_id = filled.tracks["Jazz"][0]
    genres = tag_in_order(database, track_id, "Jazz", "Polka", "Metal")
    train(database, tmp_path, WANTED)
    audit_labels(database)
    assert suspects(database) == [(track_id, "Metal", "Jazz")]
    with database.write() as connection:
        doubt = track_suspect(connection, track_id)
        assert doubt.genre_id == genres["Metal"]
        done = decide(connection, [doubt], "relabel", "ada", genre_id=genres["Ambient"])
        assert tags(connection, track_id) == ["Jazz", "Polka", "Ambient"]
        undo(connection, done.batch, "ada")
        assert tags(connection, track_id) == ["Jazz", "Polka", "Metal"]
        decide(connection, [doubt], "accept", "ada")
        assert tags(connection, track_id) == ["Jazz", "Polka"]


def test_a_track_whose_first_tag_is_no_class_is_judged_by_the_next_that_is_one(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    wrong, right, narrower, alone, elsewhere = filled.tracks["Jazz"][:5]
    tag_in_order(database, wrong, "Polka", "Metal")
    tag_in_order(database, right, "Polka", "Jazz")
    tag_in_order(
        database, narrower, "Polka", "Thrash Metal"
    )  # on no track the first, so that no rule has asked of it
    tag_in_order(database, alone, "Polka")
    tag_in_order(database, elsewhere, "Polka", "Metal")
    train(database, tmp_path, WANTED)
    with database.write() as connection:
        decide(connection, [track_suspect(connection, elsewhere)], "wrong_recording", "ada")
    assert audit_labels(database).audited == 3 * 18 - 2
    assert set(suspects(database)) == {(wrong, "Metal", "Jazz"), (narrower, "Thrash Metal", "Jazz")}
    with database.write() as connection:
        decide(connection, [track_suspect(connection, wrong)], "accept", "ada")
        assert tags(connection, wrong) == ["Polka", "Jazz"]


def test_a_genre_left_out_of_training_is_not_judged_by_another_tag(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    track_id = filled.tracks["Jazz"][0]
    tag_in_order(database, track_id, "Ambient", "Metal")
    train(database, tmp_path, replace(WANTED, rule=replace(WANTED.rule, excluded=("Ambient",))))
    assert audit_labels(database).audited == 2 * 18 - 1
    assert suspects(database) == []


def tag_in_order(database: Database, track_id: int, *names: str) -> dict[str, int]:
    """Has the file say these genres; gives the ids of all genres by name."""
    with database.write() as connection:
        genres: dict[str, int] = dict(connection.execute(sa.select(genre.c.name, genre.c.id)).all())
        said = connection.execute(
            sa.insert(statement).values(track_id=track_id, source="file").returning(statement.c.id)
        ).scalar_one()
        for rank, name in enumerate(names):
            connection.execute(
                sa.insert(label).values(statement_id=said, rank=rank, genre_id=genres[name], as_written=name)
            )
        refresh_track_status(connection, [track_id])
    return genres


def tags(connection: sa.Connection, track_id: int) -> list[str]:
    question = sa.text("SELECT genre FROM current_label WHERE track_id = :track ORDER BY rank")
    return list(connection.execute(question, {"track": track_id}).scalars())


def test_clusters_are_a_reason_and_change_no_suspicion(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled(spread=0.2)
    mistag(database, filled.tracks["Jazz"][::3], "Metal")
    train(database, tmp_path, WANTED)
    first = audit_labels(database)
    before = reasons(database)
    assert not any("cluster" in kinds for _, kinds in before.values())
    audit_clusters(database, ClustersWanted())
    with database.read() as connection:
        deep = {one.track_id for one in cluster_evidence(connection)["blobs"]}
    second = audit_labels(database)
    after = reasons(database)
    assert (first.audit_id, second.is_new) != (second.audit_id, False), "it is an audit of its own"
    assert {track_id: one for track_id, (one, _) in after.items()} == {
        track_id: one for track_id, (one, _) in before.items()
    }
    told = {track_id: kinds["cluster"] for track_id, (_, kinds) in after.items() if "cluster" in kinds}
    assert set(told) == deep & set(after)
    assert told
    assert {reason["genre_id"] for reason in told.values()} == {genre_id(database, "Jazz")}


def reasons(database: Database) -> dict[int, tuple[float, dict[str, Any]]]:
    """Suspicion and reasons by kind, by track, of the latest audit."""
    with database.read() as connection:
        latest = sa.select(sa.func.max(suspect.c.audit_id)).scalar_subquery()
        rows = connection.execute(
            sa.select(suspect.c.track_id, suspect.c.suspicion, suspect.c.reasons).where(
                suspect.c.audit_id == latest
            )
        )
        return {
            track_id: (suspicion, {reason["kind"]: reason for reason in found})
            for track_id, suspicion, found in rows
        }
