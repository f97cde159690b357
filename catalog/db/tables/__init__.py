"""All tables, one file for each noun of the schema."""

from catalog.db.columns import metadata
from catalog.db.tables.audits import audit, cluster_count, cluster_run, doubt_case, duplicate_pair, suspect
from catalog.db.tables.bundled_content import bundled_content
from catalog.db.tables.collections import album, artist, collection, track
from catalog.db.tables.features import (
    auto_tag_word,
    feature_set,
    feature_vector,
    track_descriptor,
    track_tag,
)
from catalog.db.tables.fma import fma_track
from catalog.db.tables.genres import genre, genre_alias, genre_ancestor
from catalog.db.tables.learning import (
    confusion_count,
    heard,
    model,
    model_feature_set,
    model_genre,
    prediction,
    search,
    snapshot,
    snapshot_member,
    standing,
    trial,
)
from catalog.db.tables.review import (
    check_sample,
    check_sample_track,
    decision,
    review_lease,
    reviewer,
    tag_write,
)
from catalog.db.tables.statements import label, statement
from catalog.db.tables.work import claim, failure, worker

__all__ = [
    "album",
    "artist",
    "audit",
    "auto_tag_word",
    "check_sample",
    "check_sample_track",
    "claim",
    "cluster_count",
    "cluster_run",
    "collection",
    "confusion_count",
    "decision",
    "doubt_case",
    "duplicate_pair",
    "failure",
    "feature_set",
    "feature_vector",
    "fma_track",
    "genre",
    "genre_alias",
    "genre_ancestor",
    "heard",
    "label",
    "metadata",
    "model",
    "model_feature_set",
    "model_genre",
    "prediction",
    "review_lease",
    "reviewer",
    "search",
    "bundled_content",
    "snapshot",
    "snapshot_member",
    "standing",
    "statement",
    "suspect",
    "tag_write",
    "track",
    "track_descriptor",
    "track_tag",
    "trial",
    "worker",
]
