-- Changes from one model to another: number of tracks by old and new suggestion. 0 stands for the active model (:new)
-- or for the newest other model with predictions of the same tracks (:old).
-- :old = 0
-- :new = 0
WITH after_model AS (
    SELECT CASE
        WHEN CAST(:new AS integer) > 0 THEN CAST(:new AS integer)
        ELSE (SELECT m.id FROM model m WHERE m.status = 'active')
    END AS id
),
before_model AS (
    SELECT CASE
        WHEN CAST(:old AS integer) > 0 THEN CAST(:old AS integer)
        ELSE (
            SELECT max(m.id) FROM model m
            WHERE m.id <> (SELECT id FROM after_model)
                AND EXISTS (SELECT 1 FROM prediction p WHERE p.model_id = m.id)
        )
    END AS id
)
SELECT
    coalesce(was.name, 'unknown') AS before,
    coalesce(now.name, 'unknown') AS after,
    count(*) AS tracks,
    sum(CASE WHEN s.tagged_genre_id = b.suggested_genre_id THEN 1 ELSE 0 END) AS as_tagged_before,
    sum(CASE WHEN s.tagged_genre_id = a.suggested_genre_id THEN 1 ELSE 0 END) AS as_tagged_after
FROM prediction b
JOIN prediction a ON a.track_id = b.track_id AND a.model_id = (SELECT id FROM after_model)
LEFT JOIN track_status s ON s.track_id = b.track_id
LEFT JOIN genre was ON was.id = b.suggested_genre_id
LEFT JOIN genre now ON now.id = a.suggested_genre_id
WHERE b.model_id = (SELECT id FROM before_model)
    AND coalesce(b.suggested_genre_id, 0) <> coalesce(a.suggested_genre_id, 0)
GROUP BY was.name, now.name
ORDER BY count(*) DESC, coalesce(was.name, 'unknown'), coalesce(now.name, 'unknown')
