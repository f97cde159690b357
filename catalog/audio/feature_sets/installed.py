"""Installed feature sets, by the entry point group `music_catalog.feature_sets`."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from catalog.audio.feature_set import FeatureSet
from catalog.errors import CatalogError

GROUP = "music_catalog.feature_sets"


class FeatureSetNotInstalledError(CatalogError):
    """No installed package provides a feature set of that name."""


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


@cache
def feature_set(name: str) -> FeatureSet:
    """The installed feature set of that name; only its module is imported. Raises FeatureSetNotInstalledError."""
    entry = _entries().get(name)
    if entry is None:
        known = ", ".join(_entries()) or "none"
        raise FeatureSetNotInstalledError(f"there is no feature set {name!r}; installed: {known}")
    loaded = entry.load()
    if not isinstance(loaded, FeatureSet):
        raise TypeError(f"the entry point {name!r} ({entry.value}) is not a FeatureSet")
    if loaded.name != name:
        raise ValueError(f"the entry point {name!r} ({entry.value}) is the feature set {loaded.name!r}")
    return loaded


def available_feature_sets() -> frozenset[str]:
    """Names of all installed feature sets, without importing them."""
    return frozenset(_entries())


def feature_sets() -> dict[str, FeatureSet]:
    """All installed feature sets by name, in alphabetical order."""
    return {name: feature_set(name) for name in _entries()}
