-- Tracks without a genre, with their suggestion.
SELECT
    t.id AS track_id,
    c.name AS collection,
    t.path,
    ar.name AS artist,
    al.title AS album,
    t.title,
    s.suggested_genre,
    s.suggested_by,
    s.predicted_genre,
    s.probability,
    s.artist_genre,
    (SELECT g.code FROM genre g WHERE g.id = s.suggested_genre_id) AS suggested_code
FROM track t
JOIN collection c ON c.id = t.collection_id
LEFT JOIN track_status s ON s.track_id = t.id
LEFT JOIN artist ar ON ar.id = t.artist_id
LEFT JOIN album al ON al.id = t.album_id
WHERE t.state <> 'missing' AND s.tagged_genre_id IS NULL
