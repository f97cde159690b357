"""Roots: folders of the catalog under other paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.host.root_mapping import RootMapping, RootMappingError


@pytest.mark.parametrize(
    ("mappings", "root", "here"),
    [
        ([], b"/music", b"/music"),
        (["/music=/mnt/music"], b"/music", b"/mnt/music"),
        (["/music=/mnt/music"], b"/music/jazz", b"/mnt/music/jazz"),
        (["/music=/mnt/music"], b"/musical", b"/musical"),
        (["/music/=/mnt/music/"], b"/music", b"/mnt/music"),
        (["/=/mnt"], b"/music", b"/mnt/music"),
        (["/music=/"], b"/music/jazz", b"/jazz"),
        (["/a=/1", "/a/b=/2"], b"/a/b/c", b"/2/c"),
        (["/a/b=/2", "/a=/1"], b"/a/b/c", b"/2/c"),
        (["/a=b=/c=d"], b"/a=b", b"/c=d"),
        (["/caf\udce9=/mnt"], b"/caf\xe9/x", b"/mnt/x"),
    ],
)
def test_the_longest_mapping_counts(mappings: list[str], root: bytes, here: bytes) -> None:
    assert RootMapping.parse(mappings).here(root) == here


@pytest.mark.parametrize("text", ["", "/music", "music=/mnt", "/music=mnt", "=/mnt", "/music:/mnt"])
def test_what_is_no_mapping_is_said(text: str) -> None:
    with pytest.raises(RootMappingError, match="two absolute paths"):
        RootMapping.parse([text])


paths = st.text("ab=/ é\udce9", max_size=8).map(lambda text: "/" + text)


@given(st.lists(st.tuples(paths, paths), max_size=3), paths)
def test_texts_are_read_back_as_they_were(pairs: list[tuple[str, str]], root: str) -> None:
    try:
        roots = RootMapping.parse([f"{old}={new}" for old, new in pairs])
    except RootMappingError:
        return
    again = RootMapping.parse(roots.texts())
    assert again.here(root.encode("utf-8", "surrogateescape")) == roots.here(
        root.encode("utf-8", "surrogateescape")
    )
