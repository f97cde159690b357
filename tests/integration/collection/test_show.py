"""`catalog show`."""

import json


def test_show(catalog, songs):
    catalog("scan", songs)
    code, out, _ = catalog("show", "One")
    assert code == 0
    assert out.startswith("The Band - One (track ")
    assert "tagged Rock" in out
    assert "file (id3v2.4): Rock, current" in out
    assert json.loads(catalog("show", "2.mp3", "--json")[1])["file"]["title"] == "Two"
