-- Styles: auto-tags that are more frequent in a genre's tracks than in others. A track counts for the genres with at
-- least :share of its mix, and has the tags with a probability of at least :least.
-- :share = 0.5
-- :least = 0.2
-- :tracks = 3
WITH member AS (
    SELECT m.genre, m.track_id
    FROM genre_mix m
    WHERE m.share >= :share
),
analyzed_track AS (
    SELECT DISTINCT track_id FROM member
),
size AS (
    SELECT genre, count(*) AS inside, (SELECT count(*) FROM analyzed_track) - count(*) AS outside
    FROM member
    GROUP BY genre
),
said AS (
    SELECT m.genre, a.tag AS word, a.network, count(*) AS tracks
    FROM member m
    JOIN auto_tag a ON a.track_id = m.track_id AND a.probability >= :least
    GROUP BY m.genre, a.tag, a.network
),
-- A track may count for two genres if :share is half or less.
anywhere AS (
    SELECT a.tag AS word, a.network, count(*) AS tracks
    FROM analyzed_track h
    JOIN auto_tag a ON a.track_id = h.track_id AND a.probability >= :least
    GROUP BY a.tag, a.network
),
compared AS (
    SELECT
        s.genre,
        s.word,
        s.network,
        s.tracks,
        1.0 * s.tracks / z.inside AS share_of_genre,
        coalesce(1.0 * (w.tracks - s.tracks) / nullif(z.outside, 0), 0) AS share_of_others
    FROM said s
    JOIN size z ON z.genre = s.genre
    JOIN anywhere w ON w.word = s.word AND w.network = s.network
)
SELECT genre, word, network, tracks, share_of_genre, share_of_others
FROM compared
WHERE tracks >= :tracks AND share_of_genre > share_of_others
ORDER BY genre, share_of_genre - share_of_others DESC, word, network
