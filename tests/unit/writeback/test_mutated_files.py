"""Files with damaged headers, of every format: a write raises TagFormatError or changes only the genre."""

from __future__ import annotations

import io
import random

import pytest

from catalog.collection.scan.file_tags import read_file_tags
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.formats.genre_rewrite import write_genres
from catalog.writeback.formats.tag_format import TagFormatError
from tests.integration.writeback.second_tags import FILES
from tests.integration.writeback.tagged_files import FORMATS

MUTATIONS = 40
SIZES = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1", b"\1\0\0\0")

CONTENTS = {name: (suffix, make) for name, (suffix, make) in FORMATS.items()}
CONTENTS |= {name: (suffix, make) for name, (suffix, make, _) in FILES.items()}


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The file with a few bytes or a size changed near its start or its end, or cut off."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        near = chance.randrange(min(len(data), 600))
        offset = near if chance.random() < 0.7 else len(data) - 1 - near
        if chance.random() < 0.5:
            data[offset : offset + 4] = chance.choice(SIZES)
        else:
            data[offset] = chance.randrange(256)
    if chance.random() < 0.15:
        del data[chance.randrange(len(data)) :]
    return bytes(data)


@pytest.mark.parametrize("name", CONTENTS)
def test_damaged_headers_raise_one_kind_of_error(name: str, vocabulary: Vocabulary) -> None:
    suffix, make = CONTENTS[name]
    content = make()
    chance = random.Random(name)
    base = f"a.{suffix}".encode()
    for _ in range(MUTATIONS):
        stream = io.BytesIO(mutated(content, chance))
        message = ""
        try:
            write_genres(stream, base, ["Jazz"], vocabulary)
        except TagFormatError as error:
            message = str(error)
        assert "\n" not in message
        if not message:
            assert vocabulary.resolve(read_file_tags(stream, base).genres[0]) == vocabulary.resolve("Jazz")
