"""Patches between files that differ a little, and between files that differ wholly."""

import io
import random
import tempfile

from hypothesis import given
from hypothesis import strategies as st

from catalog.writeback.binary_diff import MAX_LITERALS, apply_patch, differences, make_patch

edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 300), st.binary(max_size=300)), max_size=6)


def patched(old, new):
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(old)
        target.write(new)
        patch = make_patch(source, target)
        assert patch is not None
        made = io.BytesIO()
        apply_patch(patch, source, made)
        return patch, made.getvalue()


@given(st.integers(0, 2**32), st.integers(1, 60_000), edits)
def test_a_patch_makes_the_one_file_of_the_other(seed, size, changes):
    old = random.Random(seed).randbytes(size)
    edited = bytearray(old)
    for place, removed, added in changes:
        at = int(place * len(edited))
        edited[at : at + removed] = added
    new = bytes(edited) or b"x"
    for one, other in ((old, new), (new, old)):
        assert patched(one, other)[1] == other


@given(st.binary(min_size=1, max_size=400), st.binary(min_size=1, max_size=400))
def test_any_file_can_be_made_of_any_other(old, new):
    assert patched(old, new)[1] == new


def test_a_change_at_both_ends_is_a_small_patch():
    music = random.Random(1).randbytes(3_000_000)
    patch, _ = patched(b"head" + music + b"tail", b"another head" + music + b"TAIL")
    assert len(patch) < 200


def test_new_numbers_on_every_page_are_a_small_patch():
    pages = [random.Random(number).randbytes(4_000) for number in range(300)]
    one, other = (
        b"".join(b"OggS" + (number + more).to_bytes(4, "little") + page for number, page in enumerate(pages))
        for more in (0, 1_000)
    )
    patch, made = patched(one, b"a comment more" + other)
    assert made == b"a comment more" + other
    assert len(patch) < 300 * 12


def test_what_differs_wholly_is_not_kept():
    noise = random.Random(2)
    old, new = noise.randbytes(MAX_LITERALS + 1000), noise.randbytes(MAX_LITERALS + 1000)
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(old)
        target.write(new)
        assert make_patch(source, target) is None


def test_equal_files_have_no_differences():
    assert list(differences(b"a" * 1000, b"a" * 1000)) == []
    assert list(differences(b"a" * 1000, b"a" * 999)) == [(999, 1000, 999, 999)]
