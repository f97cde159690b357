-- The genre mix of the artist :artist: probabilities of the active model, averaged over the artist's tracks.
WITH analyzed_track AS (
    SELECT p.*
    FROM artist a
    JOIN track t ON t.artist_id = a.id AND t.state <> 'missing'
    JOIN prediction p ON p.track_id = t.id AND p.model_id = (SELECT m.id FROM model m WHERE m.status = 'active')
    WHERE a.name = :artist
)
SELECT g.name AS genre, sum(m.share) / (SELECT count(*) FROM analyzed_track) AS share, count(*) AS tracks
FROM (
    SELECT genre_1_id AS genre_id, probability_1 AS share FROM analyzed_track
    UNION ALL
    SELECT genre_2_id, probability_2 FROM analyzed_track
    UNION ALL
    SELECT genre_3_id, probability_3 FROM analyzed_track
    UNION ALL
    SELECT genre_4_id, probability_4 FROM analyzed_track
    UNION ALL
    SELECT genre_5_id, probability_5 FROM analyzed_track
) m
JOIN genre g ON g.id = m.genre_id
GROUP BY g.name
ORDER BY sum(m.share) DESC, g.name
