"""Model artifacts: one skops file per model, named by its content hash and verified when loaded."""

import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np

from catalog.db.private_folder import make_private_folder
from catalog.errors import CatalogError
from catalog.files import atomic_write
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import Threshold
from catalog.learning.fitting.calibration import Calibration
from catalog.learning.fitting.cross_fit import FittedModel
from catalog.learning.fitting.out_of_distribution import MahalanobisSpace
from catalog.learning.fitting.pca import ProjectedClassifier, Projection

TRUSTED = frozenset(
    {
        # Loading sets attributes of a new object; none of these has a __setstate__, a __reduce__ or a property.
        "catalog.learning.classifiers.sklearn_classifier.SklearnClassifier",
        "catalog.learning.classifiers.neural_network.NeuralNetworkClassifier",
        "catalog.learning.classifiers.stacking.Stack",
        "catalog.learning.classifiers.svm.SupportVectorMachine",
        "catalog.learning.classifiers.local_per_parent.LocalClassifiers",
        # Arrays of nodes; `__setstate__` checks their types and shapes.
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
    }
)
"""Permitted types beyond those that skops trusts. Before adding a type, check the code that loading it runs."""

SCHEMA = "schema.json"
"""The member of a skops file that describes the objects."""

ADVICE = "retrain with `catalog train --force`, or restore the file from a backup"


class ArtifactRejectedError(CatalogError):
    """The artifact of a model is missing or was changed."""


def save_artifact(folder: Path, model: FittedModel) -> tuple[str, str]:
    """Writes the model into the folder atomically. Returns the file name and its SHA-256 in hex."""
    import skops.io  # takes seconds to import, and most runs need no artifact

    return write_artifact(folder, _reproducible(skops.io.dumps(_plain(model))), ".skops")


def write_artifact(folder: Path, content: bytes, suffix: str, *, dry_run: bool = False) -> tuple[str, str]:
    """Writes a file named by its content hash, atomically. Returns its name and its SHA-256 in hex."""
    digest = hashlib.sha256(content).hexdigest()
    name = f"{digest[:16]}{suffix}"
    if dry_run:
        return name, digest
    make_private_folder(folder)
    with atomic_write(folder / name, private=True) as file:
        file.write(content)
    return name, digest


def load_artifact(folder: Path, name: str, digest: str) -> FittedModel:
    """The model in the file. Raises ArtifactRejectedError if the file is missing, changed or holds untrusted types."""
    import skops.io

    content = read_artifact(folder, name, digest)
    try:
        untrusted = sorted(set(skops.io.get_untrusted_types(data=content)) - TRUSTED)
        model = None if untrusted else _model(skops.io.loads(content, trusted=sorted(TRUSTED)))
    except Exception as error:
        # The hash does not show that the file is a model: database and file may come from an untrusted backup. A
        # forged file can make skops raise any exception.
        raise ArtifactRejectedError(
            f"the model file {name} cannot be read ({type(error).__name__}); {ADVICE}"
        ) from error
    if model is None:
        raise ArtifactRejectedError(
            f"the model file {name} holds untrusted types: {', '.join(untrusted[:3])}; {ADVICE}"
        )
    return model


def read_artifact(folder: Path, name: str, digest: str, *, advice: str = ADVICE) -> bytes:
    """The verified content of the file. Raises ArtifactRejectedError, whose message ends with `advice`."""
    path = folder / Path(name).name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactRejectedError(
            f"the model file {path} cannot be read ({error.strerror}); {advice}"
        ) from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise ArtifactRejectedError(f"the model file {path} was changed since it was written; {advice}")
    return content


def _reproducible(content: bytes) -> bytes:
    """The skops file without memory addresses, random names and times: equal models have equal bytes."""
    with ZipFile(io.BytesIO(content)) as source:
        schema = json.loads(source.read(SCHEMA))
        names: dict[str, str] = {}
        _renumber(schema, {}, names)
        result = io.BytesIO()
        with ZipFile(result, "w") as target:
            for name, renamed in names.items():
                # A ZipInfo that is made from a name has a fixed date.
                target.writestr(ZipInfo(renamed), source.read(name))
            target.writestr(ZipInfo(SCHEMA), json.dumps(schema))
    return result.getvalue()


def _renumber(node: Any, numbers: dict[int, int], names: dict[str, str]) -> None:
    """Replaces ids and file names in a node of a skops schema by their position; fills both dictionaries."""
    if isinstance(node, dict):
        if "__id__" in node:
            # Whether two equal numbers or strings are one object depends on where they came from.
            is_shared = node.get("__loader__") != "JsonNode"
            key = node["__id__"] if is_shared else -len(numbers) - 1
            node["__id__"] = numbers.setdefault(key, len(numbers))
        if isinstance(node.get("file"), str):
            renamed = f"{len(names)}{Path(node['file']).suffix}"
            node["file"] = names.setdefault(node["file"], renamed)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _renumber(child, numbers, names)


def _plain(model: FittedModel) -> dict[str, Any]:
    classifier, projection = model.classifier, None
    if isinstance(classifier, ProjectedClassifier):
        assert classifier.projection is not None, "a model is fitted"
        projection = asdict(classifier.projection) | {"retained": classifier.variance}
        classifier = classifier.classifier
    return {
        "classifier": classifier,
        "projection": projection,
        "slope": model.calibration.slope,
        "bias": model.calibration.bias,
        "threshold": asdict(model.threshold),
        "novelty": None if model.novelty is None else asdict(model.novelty),
        "classes": list(model.hierarchy.classes),
        "nodes": list(model.hierarchy.nodes),
        "below": model.hierarchy.below.astype(np.uint8),
        "paths": [list(path) for path in model.hierarchy.paths],
    }


def _model(plain: dict[str, Any]) -> FittedModel:
    classifier = plain["classifier"]
    projection, novelty = plain["projection"], plain["novelty"]
    if projection is not None:
        retained = projection.pop("retained")
        classifier = ProjectedClassifier(classifier, retained, Projection(**projection))
    return FittedModel(
        classifier=classifier,
        calibration=Calibration(float(plain["slope"]), np.asarray(plain["bias"], dtype=np.float64)),
        threshold=Threshold(**plain["threshold"]),
        hierarchy=Hierarchy(
            classes=tuple(plain["classes"]),
            nodes=tuple(plain["nodes"]),
            below=np.asarray(plain["below"]).astype(np.bool_),
            paths=tuple(tuple(path) for path in plain["paths"]),
        ),
        novelty=None if novelty is None else MahalanobisSpace(**novelty),
    )
