-- What people decided, for an archive whose truth is another database: a row for each track on which a decision stands, with the genres before the first and after the last of them, and who gave the last verdict, when; in that order.
WITH made AS (
    SELECT d.id, d.track_id, d.statement_id
    FROM decision d
    WHERE d.verdict <> 'undo'
        AND NOT EXISTS (SELECT 1 FROM decision un WHERE un.undoes_id = d.id)
),
outcome AS (
    SELECT
        m.track_id,
        min(m.id) AS opening_id,
        max(m.id) AS closing_id,
        -- Who was unsure, or found another recording, said nothing of the genres: what was said before stays.
        max(m.statement_id) AS said_id
    FROM made m
    GROUP BY m.track_id
)
SELECT
    t.external_id,
    t.path,
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
ORDER BY o.closing_id
