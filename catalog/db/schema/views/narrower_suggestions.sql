-- One row per tag that could be more specific: the latest finished label audit suggests a subgenre of it.
SELECT
    u.track_id,
    c.name AS collection,
    t.path,
    ar.name AS artist,
    al.title AS album,
    t.title,
    tagged.name AS tagged_genre,
    suggested.name AS suggested_genre,
    u.suspicion AS confidence,
    u.reasons,
    u.audit_id
FROM suspect u
JOIN track t ON t.id = u.track_id
JOIN collection c ON c.id = t.collection_id
JOIN genre tagged ON tagged.id = u.genre_id
JOIN genre suggested ON suggested.id = u.suggested_genre_id
LEFT JOIN artist ar ON ar.id = t.artist_id
LEFT JOIN album al ON al.id = t.album_id
WHERE u.relation = 'narrower'
    AND u.audit_id = (
        SELECT a.id FROM audit a
        WHERE a.kind = 'labels' AND a.finished_at IS NOT NULL
        ORDER BY a.id DESC
        LIMIT 1
    )
