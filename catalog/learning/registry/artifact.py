"""The artifact of a model: one skops file, named by what is in it, refused when it was changed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from catalog.db.private_folder import make_private_folder
from catalog.errors import CatalogError
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import Threshold
from catalog.learning.fitting.calibration import Calibration
from catalog.learning.fitting.cross_fit import FittedModel
from catalog.learning.fitting.out_of_distribution import MahalanobisSpace
from catalog.learning.fitting.pca import ProjectedClassifier, Projection

TRUSTED = frozenset(
    {
        # Attributes set on a fresh object; none of them has a __setstate__, a __reduce__ or a property.
        "catalog.learning.classifiers.sklearn_classifier.SklearnClassifier",
        "catalog.learning.classifiers.neural_network.NeuralNetworkClassifier",
        "catalog.learning.classifiers.stacking.Stack",
        "catalog.learning.classifiers.svm.SupportVectorMachine",
        "catalog.learning.classifiers.local_per_parent.LocalClassifiers",
        # Arrays of nodes, whose types and shapes `__setstate__` checks.
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
    }
)
"""Types beyond those that skops itself holds harmless. Whoever adds one has looked at what loading it runs."""

ADVICE = "train anew with `catalog train --force`, or restore the file from a backup"


class ArtifactRejectedError(CatalogError):
    """The file of a model is missing, or is not the one that was written."""


def save_artifact(folder: Path, model: FittedModel) -> tuple[str, str]:
    """Writes the model into the folder, whole or not at all. Gives the file's name and its SHA-256 in hex."""
    import skops.io  # it takes seconds to import, and most runs need no artifact

    return write_artifact(folder, skops.io.dumps(_plain(model)), ".skops")


def write_artifact(folder: Path, content: bytes, suffix: str, *, dry_run: bool = False) -> tuple[str, str]:
    """Writes a file named by its content, whole or not at all. Gives its name and its SHA-256 in hex."""
    digest = hashlib.sha256(content).hexdigest()
    name = f"{digest[:16]}{suffix}"
    if dry_run:
        return name, digest
    make_private_folder(folder)
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
    """The model in the file. Raises ArtifactRejectedError where the file is missing, changed, or holds foreign types."""
    import skops.io

    content = read_artifact(folder, name, digest)
    try:
        foreign = sorted(set(skops.io.get_untrusted_types(data=content)) - TRUSTED)
        model = None if foreign else _model(skops.io.loads(content, trusted=sorted(TRUSTED)))
    except Exception as error:
        # A hash says that the file is the one that was named, not that it is a model: both may come from a stranger's
        # backup. What is made up fails anywhere in skops, with anything.
        raise ArtifactRejectedError(
            f"the model file {name} cannot be read ({type(error).__name__}); {ADVICE}"
        ) from error
    if model is None:
        raise ArtifactRejectedError(
            f"the model file {name} holds types that are not trusted: {', '.join(foreign[:3])}; {ADVICE}"
        )
    return model


def read_artifact(folder: Path, name: str, digest: str, *, advice: str = ADVICE) -> bytes:
    """The bytes of the file, once they are known to be those that were written. Raises ArtifactRejectedError with the advice."""
    path = folder / Path(name).name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactRejectedError(
            f"the model file {path} cannot be read ({error.strerror}); {advice}"
        ) from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise ArtifactRejectedError(f"the model file {path} is not the one that was written; {advice}")
    return content


def _plain(model: FittedModel) -> dict[str, Any]:
    classifier, projection = model.classifier, None
    if isinstance(classifier, ProjectedClassifier):
        assert classifier.projection is not None, "a model is fitted"
        projection = asdict(classifier.projection) | {"wanted": classifier.variance}
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
    projection = plain.get("projection")  # models from before there were projections have none
    if projection is not None:
        wanted = projection.pop("wanted")
        classifier = ProjectedClassifier(classifier, wanted, Projection(**projection))
    novelty = plain.get("novelty")  # models from before there was one answer by the probability alone
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
