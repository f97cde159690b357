-- The contingency table of each cluster run: number of tracks by cluster and genre.
SELECT
    r.audit_id,
    r.id AS cluster_run_id,
    f.name AS feature_set,
    r.algorithm,
    n.cluster,
    g.name AS genre,
    n.tracks
FROM cluster_count n
JOIN cluster_run r ON r.id = n.cluster_run_id
JOIN feature_set f ON f.id = r.feature_set_id
JOIN genre g ON g.id = n.genre_id
