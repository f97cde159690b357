"""`catalog prune`."""


def test_prune(catalog, songs):
    catalog("scan", songs)
    (songs / "1.mp3").unlink()
    catalog("scan", songs)
    assert catalog("prune", "--dry-run")[1] == "would remove 0 tracks\n"
    assert catalog("prune", "--days", "0", "--dry-run")[1] == "would remove 1 track\n"
    assert catalog("prune", "--days", "0", "-y")[1] == "removed 1 track\n"
