"""The order of the schema revisions."""

from __future__ import annotations

from catalog.db.schema.revisions import head_revision, is_behind, known_revisions, migrations_folder


def test_revisions_are_the_prefixes_of_the_files() -> None:
    revisions = known_revisions()
    assert revisions == sorted(revisions)
    assert head_revision() == revisions[-1]
    versions = migrations_folder().joinpath("versions")
    assert all(any(entry.name.startswith(revision) for entry in versions.iterdir()) for revision in revisions)


def test_the_base_is_behind_every_revision() -> None:
    assert is_behind(None, head_revision())
    assert is_behind("base", head_revision())
    assert not is_behind(head_revision(), head_revision())
    assert not is_behind(head_revision(), None)
