"""The artifact of a model: one skops file, named by what is in it, refused when it was changed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from catalog.learning.calibration import Calibration
from catalog.learning.crossfit import FittedModel
from catalog.learning.hierarchy import Hierarchy
from catalog.learning.threshold import Threshold

TRUSTED: frozenset[str] = frozenset()
"""Types beyond those that skops itself holds harmless. Whoever adds one has looked at what loading it runs."""


class ArtifactRefused(Exception):  # noqa: N818 - the name says what it is
    """The file of a model is missing, or is not the one that was written."""


def save_artifact(folder: Path, model: FittedModel) -> tuple[str, str]:
    """Writes the model into the folder, whole or not at all. Gives the file's name and its SHA-256 in hex."""
    import skops.io  # it takes seconds to import, and most runs need no artifact

    content = skops.io.dumps(_plain(model))
    digest = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{digest[:16]}.skops"
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(folder / name)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return name, digest


def load_artifact(folder: Path, name: str, digest: str) -> FittedModel:
    """The model in the file. Raises ArtifactRefused where the file is missing, changed, or holds foreign types."""
    import skops.io

    content = read_artifact(folder, name, digest)
    foreign = sorted(set(skops.io.get_untrusted_types(data=content)) - TRUSTED)
    if foreign:
        raise ArtifactRefused(
            f"the model file {name} holds types that are not trusted: {', '.join(foreign[:3])}"
        )
    return _model(skops.io.loads(content, trusted=sorted(TRUSTED)))


def read_artifact(folder: Path, name: str, digest: str) -> bytes:
    """The bytes of the file, once they are known to be those that were written."""
    path = folder / Path(name).name
    advice = "train anew with `catalog train --force`, or restore the file from a backup"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactRefused(f"the model file {path} cannot be read ({error.strerror}); {advice}") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise ArtifactRefused(f"the model file {path} is not the one that was written; {advice}")
    return content


def _plain(model: FittedModel) -> dict[str, Any]:
    return {
        "classifier": model.classifier,
        "slope": model.calibration.slope,
        "bias": model.calibration.bias,
        "threshold": asdict(model.threshold),
        "classes": list(model.hierarchy.classes),
        "nodes": list(model.hierarchy.nodes),
        "below": model.hierarchy.below.astype(np.uint8),
        "paths": [list(path) for path in model.hierarchy.paths],
    }


def _model(plain: dict[str, Any]) -> FittedModel:
    return FittedModel(
        classifier=plain["classifier"],
        calibration=Calibration(float(plain["slope"]), np.asarray(plain["bias"], dtype=np.float64)),
        threshold=Threshold(**plain["threshold"]),
        hierarchy=Hierarchy(
            classes=tuple(plain["classes"]),
            nodes=tuple(plain["nodes"]),
            below=np.asarray(plain["below"]).astype(np.bool_),
            paths=tuple(tuple(path) for path in plain["paths"]),
        ),
    )
