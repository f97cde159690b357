-- One row per case of the latest finished label audit: suspects of an album or artist with the same tag and suggestion.
SELECT
    d.case_id,
    ar.name AS artist,
    al.title AS album,
    tagged.name AS tagged_genre,
    suggested.name AS suggested_genre,
    d.tracks,
    d.suspicion,
    d.audit_id
FROM review_case d
JOIN genre tagged ON tagged.id = d.genre_id
JOIN genre suggested ON suggested.id = d.suggested_genre_id
LEFT JOIN artist ar ON ar.id = d.artist_id
LEFT JOIN album al ON al.id = d.album_id
WHERE d.audit_id = (
    SELECT a.id FROM audit a
    WHERE a.kind = 'labels' AND a.finished_at IS NOT NULL
    ORDER BY a.id DESC
    LIMIT 1
)
