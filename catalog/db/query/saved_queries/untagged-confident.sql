-- Tracks without a genre that have a confident suggestion.
-- :least = 0.5
SELECT t.track_id, t.artist, t.album, t.title, t.suggested_genre, t.suggested_by, t.probability
FROM untagged t
JOIN track_status s ON s.track_id = t.track_id
WHERE t.suggested_genre IS NOT NULL AND t.probability >= :least
    -- The probability is that of the predicted genre: it applies to an album's or artist's genre if both are equal.
    AND EXISTS (
        SELECT 1
        FROM genre_ancestor a
        WHERE (a.genre_id = s.predicted_genre_id AND a.ancestor_id = s.suggested_genre_id)
            OR (a.genre_id = s.suggested_genre_id AND a.ancestor_id = s.predicted_genre_id)
    )
ORDER BY t.probability DESC, t.track_id
