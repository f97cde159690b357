"""Installed feature sets are found by their entry points, without importing them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from catalog.audio.feature_sets import installed
from catalog.audio.feature_sets.installed import FeatureSetNotInstalledError


def test_the_registry_knows_its_feature_sets():
    found = installed.feature_sets()
    assert {"grid", "musicnn", "summary"} <= set(found)
    assert all(name == each.name and len(each.hash) == 32 for name, each in found.items())
    assert installed.feature_set("musicnn") is found["musicnn"]


def test_an_unknown_feature_set_is_answered_with_the_known_ones():
    with pytest.raises(FeatureSetNotInstalledError, match=r"'mfcc'.*musicnn.*summary"):
        installed.feature_set("mfcc")


def test_importing_the_registry_imports_nothing_heavy():
    code = "import sys, catalog.audio.feature_sets.installed, catalog.audio; print([m for m in ('librosa', 'onnxruntime', 'av', 'scipy') if m in sys.modules])"  # noqa: E501
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
