"""The feature sets that are installed, found by the entry point group `music_catalog.feature_sets`."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from catalog.audio.feature_set import FeatureSet

GROUP = "music_catalog.feature_sets"


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


@cache
def feature_set(name: str) -> FeatureSet:
    """The feature set of that name; only its own module is imported. LookupError names those that are known."""
    entry = _entries().get(name)
    if entry is None:
        known = ", ".join(_entries()) or "none is installed"
        raise LookupError(f"there is no feature set {name!r}; known are: {known}")
    found = entry.load()
    if not isinstance(found, FeatureSet):
        raise TypeError(f"the entry point {name!r} ({entry.value}) is not a FeatureSet")
    if found.name != name:
        raise ValueError(f"the entry point {name!r} ({entry.value}) is the feature set {found.name!r}")
    return found


def available_feature_sets() -> frozenset[str]:
    """The names of all that are installed; none of them is imported."""
    return frozenset(_entries())


def feature_sets() -> dict[str, FeatureSet]:
    """All installed feature sets by name, in alphabetical order."""
    return {name: feature_set(name) for name in _entries()}
