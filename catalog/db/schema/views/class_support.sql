-- One row per tagged genre: tracks, artists and albums, the class it counts for, and why it is not judged.
SELECT
    g.name AS genre,
    m.tracks,
    m.artists,
    m.albums,
    c.name AS counts_for,
    m.judged,
    m.reason
FROM model_class m
JOIN genre g ON g.id = m.genre_id
LEFT JOIN genre c ON c.id = m.counts_for_id
WHERE m.model_id = (SELECT a.id FROM model a WHERE a.status = 'active')
