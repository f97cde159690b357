-- Styles: the words that the networks say of a genre's tracks more often than of others. A track is of a genre that has
-- at least :share of its mix, and a word is said of it where its probability is at least :least.
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
-- A track may be of two genres, where :share is half or less.
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
