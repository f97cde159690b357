"""All tables of the schema."""

from catalog.db.columns import metadata
from catalog.db.tables.audits import audit, cluster_count, cluster_run, duplicate_pair, review_case, suspect
from catalog.db.tables.bundled_content import bundled_content
from catalog.db.tables.collections import album, artist, collection, fma_track, track
from catalog.db.tables.features import (
    feature_set,
    feature_vector,
    network_tag,
    track_descriptor,
    track_network_tag,
)
from catalog.db.tables.genres import genre, genre_alias, genre_ancestor, label, statement
from catalog.db.tables.learning import (
    confusion_count,
    model,
    model_class,
    model_feature_set,
    prediction,
    prediction_chunk,
    search,
    snapshot,
    snapshot_member,
    track_status,
    trial,
)
from catalog.db.tables.review import (
    audit_sample,
    audit_sample_track,
    decision,
    review_lease,
    reviewer,
    tag_write,
)
from catalog.db.tables.work import claim, failure, worker
