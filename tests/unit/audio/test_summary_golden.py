import numpy as np

from catalog.audio.summary import SUMMARY
from tests.unit.audio.golden import VECTOR, vector

# The same clip on a processor without AVX, FMA or a tuned BLAS: 2e-5 at most.
TOLERANCE = 1e-4


def test_the_recipe_still_gives_the_numbers_of_its_version():
    before, today = np.load(VECTOR, allow_pickle=False), vector()
    assert before.shape == today.shape, "raise the version of `summary`"
    moved = ~np.isclose(today, before, rtol=TOLERANCE, atol=TOLERANCE)
    names = [
        f"{name}: {before[i]:g} -> {today[i]:g}" for i, name in enumerate(SUMMARY.dimensions) if moved[i]
    ]
    assert not names, f"raise the version of `summary`: {len(names)} numbers moved, as {', '.join(names[:5])}"
