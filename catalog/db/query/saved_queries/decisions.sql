-- Decisions for export to another database: one row per decided track, with the genres before the first and after the
-- last decision, the last verdict, its reviewer and its time.
WITH made AS (
    SELECT d.id, d.track_id, d.statement_id
    FROM decision d
    WHERE d.verdict <> 'undo'
        AND NOT (d.blind AND d.verdict IN ('keep', 'relabel') AND d.statement_id IS NULL)
        AND NOT EXISTS (SELECT 1 FROM decision un WHERE un.undoes_id = d.id)
),
outcome AS (
    SELECT
        m.track_id,
        min(m.id) AS opening_id,
        max(m.id) AS closing_id,
        -- `unsure` and `wrong_recording` state no genres: the earlier ones stay.
        max(m.statement_id) AS said_id
    FROM made m
    GROUP BY m.track_id
)
SELECT
    t.external_id,
    t.path,
    ar.name AS artist,
    al.title AS album,
    t.title,
    (
        SELECT group_concat(listed.name, '; ')
        FROM (
            SELECT g.name
            FROM label l
            JOIN genre g ON g.id = l.genre_id
            WHERE l.statement_id = opening.before_statement_id
            ORDER BY l.rank
        ) AS listed
    ) AS before,
    (
        SELECT group_concat(listed.name, '; ')
        FROM (
            SELECT g.name
            FROM label l
            JOIN genre g ON g.id = l.genre_id
            WHERE l.statement_id = coalesce(o.said_id, closing.before_statement_id)
            ORDER BY l.rank
        ) AS listed
    ) AS after,
    (
        SELECT group_concat(listed.code, '; ')
        FROM (
            SELECT g.code
            FROM label l
            JOIN genre g ON g.id = l.genre_id
            WHERE l.statement_id = coalesce(o.said_id, closing.before_statement_id)
            ORDER BY l.rank
        ) AS listed
    ) AS after_codes,
    closing.reviewer AS who,
    strftime('%Y-%m-%dT%H:%M:%S+00:00', closing.decided_at) AS "when",
    closing.verdict,
    c.name AS collection,
    o.track_id
FROM outcome o
JOIN decision opening ON opening.id = o.opening_id
JOIN decision closing ON closing.id = o.closing_id
JOIN track t ON t.id = o.track_id
JOIN collection c ON c.id = t.collection_id
LEFT JOIN artist ar ON ar.id = t.artist_id
LEFT JOIN album al ON al.id = t.album_id
ORDER BY o.closing_id
