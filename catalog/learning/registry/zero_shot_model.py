"""Zero-shot models in the registry, active where there are too few labels to train."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, RowMapping

from catalog.errors import CatalogError
from catalog.genres.vocabulary import Vocabulary
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.learning.dataset.catalog_tracks import load_broader
from catalog.learning.dataset.class_support import Support
from catalog.learning.fitting.musicnn_tag_map import tag_map
from catalog.learning.fitting.zero_shot import Candidates, ZeroShot, default_candidates, named_candidates
from catalog.learning.registry.registry import ZERO_SHOT, NewModel, add_model, find_model, store_support


class UnmappedGenresError(CatalogError):
    """Requested genres are unknown or have no tag of the networks."""


@dataclass(frozen=True)
class ZeroShotModel:
    """The row of a zero-shot model."""

    model_id: int
    is_new: bool
    unmapped: tuple[str, ...]
    """Requested genres without a tag of the networks."""


def ensure_zero_shot(
    connection: Connection,
    names: Sequence[str],
    feature_set_id: int,
    support: Mapping[int, Support],
    reason: str,
) -> ZeroShotModel:
    """The model for the genres with these names (without names: those of the tag map); stored as a candidate if new.

    `support` is that of the labeled tracks. The model was not fitted on them, so that no tag is judged,
    for `reason`. Raises UnmappedGenresError.
    """
    vocabulary = load_vocabulary(connection)
    genres = [vocabulary.require(name).id for name in names]
    parameters = {"genres": genres, "tag_map": _map_digest()}
    candidates = _candidates(connection, vocabulary, genres)
    unmapped = tuple(vocabulary.by_id[genre].name for genre in candidates.unmapped)
    unjudged = {
        genre: replace(row, counts_for=None, judged=False, reason=row.reason or reason)
        for genre, row in support.items()
    }
    row = find_model(connection, ZERO_SHOT, parameters, None)
    if row is not None:
        store_support(connection, row["id"], unjudged)
        return ZeroShotModel(row["id"], is_new=row["status"] == "candidate", unmapped=unmapped)
    broader, _ = load_broader(connection)
    try:
        zero_shot = ZeroShot.among(candidates, broader)
    except ValueError:
        raise UnmappedGenresError(f"the networks have no tag for any of: {', '.join(names)}") from None
    new = NewModel(
        algorithm=ZERO_SHOT,
        parameters=parameters,
        snapshot_id=None,
        classes=zero_shot.hierarchy.classes,
        metrics={"reason": reason},
        threshold=zero_shot.tag_map.threshold,
        seed=None,
        feature_set_ids=[feature_set_id],
    )
    return ZeroShotModel(add_model(connection, new, unjudged), is_new=True, unmapped=unmapped)


def require_genres(connection: Connection, names: Sequence[str]) -> None:
    """Raises UnknownGenreError for a name that is not in the vocabulary; called before the analysis starts."""
    vocabulary = load_vocabulary(connection)
    for name in names:
        vocabulary.require(name)


def rebuild_zero_shot(connection: Connection, row: RowMapping) -> ZeroShot:
    """Rebuilds the model of a row."""
    broader, _ = load_broader(connection)
    return ZeroShot.among(
        _candidates(connection, load_vocabulary(connection), row["parameters"]["genres"]), broader
    )


def _candidates(connection: Connection, vocabulary: Vocabulary, genres: Sequence[int]) -> Candidates:
    entries = {
        name: term.id for name in tag_map().genres if (term := vocabulary.by_spelling(name)) is not None
    }
    if not genres:
        return default_candidates(entries)
    return named_candidates(genres, entries, load_broader(connection)[0])


def _map_digest() -> str:
    """Digest of the tag map, which changes with each version."""
    tags = tag_map()
    plain: dict[str, Any] = {
        "genres": {name: [one.groups, one.prior, one.default] for name, one in tags.genres.items()},
        "reference": dict(tags.reference),
        "numbers": [tags.slope, tags.threshold],
    }
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=8).hexdigest()
