"""The vocabulary of the seeds, with a genre whose name contains a separator."""

import pytest

from catalog.genres.seeds import seeds
from catalog.genres.vocabulary import Term, Vocabulary


@pytest.fixture(scope="module")
def vocabulary():
    from catalog.genres.fold import fold

    ids = {seed.name: number for number, seed in enumerate(seeds(), 1)}
    terms = [
        Term(
            ids[each.name],
            each.name,
            fold(each.name),
            each.code,
            ids.get(each.parent or ""),
            each.origin,
            True,
            True,
        )
        for each in seeds()
    ]
    odd = Term(9_999, "Rock; but slow", "rockbutslow", None, None, "builtin", True, True)
    return Vocabulary([*terms, odd])
