"""Totals of a scan."""

from __future__ import annotations

from catalog.collection.genre_spellings import Spelling
from catalog.collection.scan.scan_report import ScanReport


def test_totals() -> None:
    known = Spelling("rock", "Rock", None, is_known=True, tracks=3)
    new = Spelling("Finnish Metal", "Finnish Metal", "Metal", is_known=False, tracks=2)
    report = ScanReport("records", "/m", added=1, changed=2, moved=3, missing=100, back=4, unchanged=5)
    report.spellings = [known, new]
    assert report.files == 15
    assert report.known_spellings == 1
    assert report.new_terms == [new]
