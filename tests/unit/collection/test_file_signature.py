"""The signature of a file depends on its size and its middle."""

import io

from catalog.collection.naming.file_signature import WINDOW, file_signature


def signature(content):
    return file_signature(io.BytesIO(content), len(content))


def test_tags_at_the_ends_do_not_change_the_signature():
    middle = bytes(range(256)) * (4 * WINDOW // 256)
    assert signature(b"head" + middle + b"tail") == signature(b"HEAD" + middle + b"TAIL")


def test_the_size_and_the_middle_change_the_signature():
    assert signature(b"a" * 10) != signature(b"a" * 11)
    assert signature(b"a" * 10) != signature(b"a" * 4 + b"b" + b"a" * 5)
