-- What people decided, for an archive whose truth is another database: the genres before and after each decision, oldest first; neither undone ones nor those that undo.
SELECT
    t.external_id,
    t.path,
    (
        SELECT group_concat(listed.name, '; ')
        FROM (
            SELECT g.name
            FROM label l
            JOIN genre g ON g.id = l.genre_id
            WHERE l.statement_id = d.before_statement_id
            ORDER BY l.rank
        ) AS listed
    ) AS before,
    (
        SELECT group_concat(listed.name, '; ')
        FROM (
            SELECT g.name
            FROM label l
            JOIN genre g ON g.id = l.genre_id
            WHERE l.statement_id = coalesce(d.statement_id, d.before_statement_id)
            ORDER BY l.rank
        ) AS listed
    ) AS after,
    d.reviewer AS who,
    d.decided_at AS "when",
    d.verdict,
    c.name AS collection,
    d.track_id
FROM decision d
JOIN track t ON t.id = d.track_id
JOIN collection c ON c.id = t.collection_id
WHERE d.verdict <> 'undo'
    AND NOT EXISTS (SELECT 1 FROM decision un WHERE un.undoes_id = d.id)
ORDER BY d.id
