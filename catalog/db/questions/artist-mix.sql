-- The genre mix of one artist, :artist: the shares of what the active model hears, averaged over the tracks.
SELECT m.genre, sum(m.share) / max(n.tracks) AS share, count(*) AS tracks
FROM genre_mix m
JOIN track t ON t.id = m.track_id
JOIN artist a ON a.id = t.artist_id
JOIN (
    SELECT count(*) AS tracks
    FROM track t
    JOIN artist a ON a.id = t.artist_id
    JOIN standing s ON s.track_id = t.id
    WHERE a.name = :artist AND t.state <> 'missing' AND s.predicted_genre_id IS NOT NULL
) n ON n.tracks > 0
WHERE a.name = :artist AND t.state <> 'missing'
GROUP BY m.genre
ORDER BY sum(m.share) DESC, m.genre
