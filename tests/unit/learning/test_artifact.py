"""Untrusted model files: named by their hash, as in a stranger's backup, and rejected with one line."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.learning.pca_feature_set import FittedProjection
from catalog.learning.registry.artifact import ArtifactRejectedError, load_artifact, write_artifact


class Bomb:
    """What runs when it is unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.proof,)


class Stranger:
    """What could do anything in its __setstate__."""

    def __init__(self) -> None:
        self.state = 1


def packed(value: object, proof: Path) -> dict[str, bytes]:
    stream = io.BytesIO()
    joblib.dump(value, stream)
    arrays = io.BytesIO()
    np.savez(arrays, mean=np.array([value], dtype=object), facts=np.array([value], dtype=object))
    return {"pickle": pickle.dumps(value), "joblib": stream.getvalue(), "npz": arrays.getvalue()}


def schema(node: dict[str, Any], **members: bytes) -> bytes:
    """A skops file made by hand."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("schema.json", json.dumps({"protocol": 2, "_skops_version": "0.16", **node}))
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def node(loader: str, module: str, name: str, **more: Any) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, **more}


def refused(folder: Path, content: bytes) -> str:
    name, digest = write_artifact(folder, content, ".skops")
    with pytest.raises(ArtifactRejectedError) as caught:
        load_artifact(folder, name, digest)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["pickle", "joblib", "npz"])
def test_what_is_pickled_is_no_model(tmp_path: Path, kind: str) -> None:
    proof = tmp_path / "proof"
    content = packed(Bomb(proof), proof)[kind]
    assert "cannot be read" in refused(tmp_path / "models", content)
    with pytest.raises(Exception, match=r"."):  # whatever numpy says of it; `projecting` makes one line of it
        FittedProjection.from_npz(content)
    assert not proof.exists()


@pytest.mark.parametrize(
    "made",
    [
        node("FunctionNode", "os", "system", content="system"),
        node("FunctionNode", "builtins", "eval", content="eval"),
        node("TypeNode", "subprocess", "Popen"),
        node("ObjectNode", "subprocess", "Popen", content={"args": "true"}),
        node("ReduceNode", "os", "system", content={"args": "true"}),
        node("PartialNode", "functools", "partial", content={}),
        node("MethodNode", "builtins", "function", content={"func": "system", "obj": {}}),
        node("OperatorFuncNode", "operator", "methodcaller", attrs=["x"]),
        node("NoSuchNode", "os", "system"),
    ],
    ids=lambda made: made["__loader__"],
)
def test_foreign_types_are_refused_before_anything_is_made(tmp_path: Path, made: dict[str, Any]) -> None:
    words = refused(tmp_path, schema(made))
    assert "untrusted types" in words or "cannot be read" in words


def test_a_type_of_our_own_that_nobody_looked_at_is_refused(tmp_path: Path) -> None:
    assert "Stranger; retrain" in refused(tmp_path, skops.io.dumps({"classifier": Stranger()}))


def test_a_harmless_object_that_is_no_model_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path, skops.io.dumps({"classifier": None}))
    assert "cannot be read" in refused(tmp_path, skops.io.dumps([1, 2, 3]))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_found_and_bytes_of_any_kind_are_refused(
    tmp_path: Path, data: st.DataObject
) -> None:
    content = data.draw(st.binary(max_size=400))
    refused(tmp_path, content)
    name, digest = write_artifact(tmp_path, content + b"x", ".skops")
    (tmp_path / name).write_bytes(content + b"y")
    with pytest.raises(ArtifactRejectedError, match="was changed since it was written"):
        load_artifact(tmp_path, name, digest)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../outside"])
def test_a_name_that_climbs_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    models = tmp_path / "models"
    models.mkdir()
    with pytest.raises(ArtifactRejectedError, match=str(models)):
        load_artifact(models, name, hashlib.sha256(b"secret").hexdigest())
