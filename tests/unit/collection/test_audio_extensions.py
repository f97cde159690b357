"""The list of suffixes that people read is the one that is used."""

import re
from pathlib import Path

from catalog.collection.naming.audio_extensions import AUDIO_SUFFIXES


def test_the_documented_suffixes_are_all():
    page = Path(__file__).parents[3] / "docs" / "collection.md"
    found = re.search(r"`(\.aac[^`]*)`", page.read_text(encoding="utf-8"))
    assert found is not None
    listed = found[1]
    assert set(listed.split()) == AUDIO_SUFFIXES
