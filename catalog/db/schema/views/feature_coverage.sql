-- Number of tracks with and without a vector, by collection and feature set.
SELECT
    c.name AS collection,
    f.name AS feature_set,
    f.version,
    f.active,
    n.tracks,
    n.vectors,
    n.tracks - n.vectors AS without
FROM (
    SELECT
        t.collection_id,
        f.id AS feature_set_id,
        count(*) AS tracks,
        count(v.track_id) AS vectors
    FROM track t
    CROSS JOIN feature_set f
    LEFT JOIN feature_vector v ON v.track_id = t.id AND v.feature_set_id = f.id
    WHERE t.state <> 'missing'
    GROUP BY t.collection_id, f.id
) n
JOIN collection c ON c.id = n.collection_id
JOIN feature_set f ON f.id = n.feature_set_id
