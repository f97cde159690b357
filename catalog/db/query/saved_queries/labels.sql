-- The genres that stand, one row a track, as `catalog labels import` takes them in again.
SELECT
    p.track_id,
    p.collection,
    p.path,
    p.external_id,
    p.artist,
    p.album,
    p.title,
    p.tagged_genres AS genre,
    m.source,
    m.said_by,
    strftime('%Y-%m-%dT%H:%M:%S+00:00', m.said_at) AS said_at
FROM predicted_vs_tagged p
JOIN standing s ON s.track_id = p.track_id
JOIN statement m ON m.id = s.statement_id
WHERE p.tagged_genre IS NOT NULL
ORDER BY p.track_id
