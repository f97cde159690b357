-- The current genres, one row per track, in the format that `catalog labels import` reads.
SELECT
    p.track_id,
    p.collection,
    p.path,
    p.external_id,
    p.artist,
    p.album,
    p.title,
    p.tagged_genres AS genre,
    (
        SELECT group_concat(listed.code, '; ')
        FROM (
            SELECT g.code
            FROM label l
            JOIN genre g ON g.id = l.genre_id
            WHERE l.statement_id = m.id
            ORDER BY l.rank
        ) AS listed
    ) AS genre_codes,
    m.source,
    m.stated_by,
    strftime('%Y-%m-%dT%H:%M:%S+00:00', m.stated_at) AS stated_at
FROM predicted_vs_tagged p
JOIN track_status s ON s.track_id = p.track_id
JOIN statement m ON m.id = s.statement_id
WHERE p.tagged_genre IS NOT NULL
ORDER BY p.track_id
