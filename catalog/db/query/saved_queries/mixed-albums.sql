-- Albums whose tracks have several first genres, most genres first.
-- :least = 2
SELECT
    n.album,
    n.artist,
    sum(n.tracks) AS tracks,
    count(*) AS genres,
    max(n.tracks) AS of_commonest,
    group_concat(n.tagged_genre, '; ') AS tagged_genres
FROM (
    SELECT al.id AS album_id, al.title AS album, ar.name AS artist, s.tagged_genre, count(*) AS tracks
    FROM track t
    JOIN album al ON al.id = t.album_id
    JOIN track_status s ON s.track_id = t.id AND s.tagged_genre IS NOT NULL
    LEFT JOIN artist ar ON ar.id = al.artist_id
    WHERE t.state <> 'missing'
    GROUP BY al.id, al.title, ar.name, s.tagged_genre
    ORDER BY al.id, count(*) DESC, s.tagged_genre
) n
GROUP BY n.album_id, n.album, n.artist
HAVING count(*) >= :least
ORDER BY 1.0 * max(n.tracks) / sum(n.tracks), sum(n.tracks) DESC, n.album, n.artist
