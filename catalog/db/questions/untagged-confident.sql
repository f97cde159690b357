-- Tracks without a genre whose suggestion the model is sure of.
-- :least = 0.5
SELECT t.track_id, t.artist, t.album, t.title, t.suggested_genre, t.suggested_by, t.probability
FROM untagged t
WHERE t.suggested_genre IS NOT NULL AND t.probability >= :least
ORDER BY t.probability DESC, t.track_id
