-- The most probable genre of each track by the active model and all its ancestors, with their probabilities.
SELECT
    p.track_id,
    (SELECT count(*) FROM genre_ancestor d WHERE d.genre_id = a.ancestor_id) AS level,
    g.name AS genre,
    p.probability_1
    + CASE WHEN EXISTS (
        SELECT 1 FROM genre_ancestor b WHERE b.genre_id = p.genre_2_id AND b.ancestor_id = a.ancestor_id
    ) THEN p.probability_2 ELSE 0 END
    + CASE WHEN EXISTS (
        SELECT 1 FROM genre_ancestor b WHERE b.genre_id = p.genre_3_id AND b.ancestor_id = a.ancestor_id
    ) THEN p.probability_3 ELSE 0 END
    + CASE WHEN EXISTS (
        SELECT 1 FROM genre_ancestor b WHERE b.genre_id = p.genre_4_id AND b.ancestor_id = a.ancestor_id
    ) THEN p.probability_4 ELSE 0 END
    + CASE WHEN EXISTS (
        SELECT 1 FROM genre_ancestor b WHERE b.genre_id = p.genre_5_id AND b.ancestor_id = a.ancestor_id
    ) THEN p.probability_5 ELSE 0 END AS probability,
    CASE WHEN a.ancestor_id = p.suggested_genre_id THEN p.suggested_by END AS suggested_by
FROM prediction p
JOIN genre_ancestor a ON a.genre_id = p.genre_1_id
JOIN genre g ON g.id = a.ancestor_id
WHERE unlikely(p.model_id = (SELECT m.id FROM model m WHERE m.status = 'active'))
    AND (a.distance = 0 OR g.suggest)
