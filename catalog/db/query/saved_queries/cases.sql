-- The largest cases: suspects of one album or artist with the same tag and the same suggestion.
-- :cases = 50
SELECT case_id, artist, album, tagged_genre, suggested_genre, tracks, suspicion
FROM cases
ORDER BY tracks DESC, suspicion DESC, case_id
LIMIT :cases
