-- Tracks without a vector of a feature set that other tracks have, with the failure reason if there is one.
SELECT
    f.name AS feature_set,
    f.version,
    f.active,
    t.id AS track_id,
    c.name AS collection,
    t.path,
    (
        SELECT min(x.reason)
        FROM failure x
        WHERE x.track_id = t.id AND (x.feature_set_id = f.id OR x.feature_set_id IS NULL)
    ) AS reason
FROM feature_set f
JOIN track t ON t.state = 'present'
JOIN collection c ON c.id = t.collection_id
WHERE EXISTS (SELECT 1 FROM feature_vector v WHERE v.feature_set_id = f.id)
AND NOT EXISTS (SELECT 1 FROM feature_vector v WHERE v.feature_set_id = f.id AND v.track_id = t.id)
ORDER BY f.name, f.version, c.name, t.path
