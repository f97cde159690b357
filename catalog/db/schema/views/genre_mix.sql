-- The five most probable genres of each track by the active model, with calibrated probabilities.
SELECT
    p.track_id,
    n.place,
    -- A merged genre has the name of the one that it was merged into.
    coalesce(
        (SELECT u.name FROM genre_alias a JOIN genre u ON u.id = a.genre_id WHERE a.folded = g.folded), g.name
    ) AS genre,
    CASE n.place
        WHEN 1 THEN p.probability_1
        WHEN 2 THEN p.probability_2
        WHEN 3 THEN p.probability_3
        WHEN 4 THEN p.probability_4
        WHEN 5 THEN p.probability_5
    END AS share
FROM prediction p
-- A join with the five ranks instead of a union of five queries, so that a query about few tracks reads only those.
CROSS JOIN (
    SELECT 1 AS place UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5
) n
JOIN genre g ON g.id = CASE n.place
    WHEN 1 THEN p.genre_1_id
    WHEN 2 THEN p.genre_2_id
    WHEN 3 THEN p.genre_3_id
    WHEN 4 THEN p.genre_4_id
    WHEN 5 THEN p.genre_5_id
END
-- The hint `unlikely` keeps SQLite from scanning all rows of the model when a track or an artist is selected.
WHERE unlikely(p.model_id = (SELECT a.id FROM model a WHERE a.status = 'active'))
