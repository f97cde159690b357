-- One row per track and failed stage, with the reason.
SELECT
    f.track_id,
    c.name AS collection,
    t.path,
    f.stage,
    s.name AS feature_set,
    f.reason,
    f.message,
    f.attempts,
    f.failed_at
FROM failure f
JOIN track t ON t.id = f.track_id
JOIN collection c ON c.id = t.collection_id
LEFT JOIN feature_set s ON s.id = f.feature_set_id
