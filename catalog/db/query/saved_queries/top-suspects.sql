-- The most suspicious undecided tags, with the reasons.
-- :tracks = 50
SELECT track_id, artist, album, title, tagged_genre, suggested_genre, suspicion, reasons
FROM suspects
WHERE decision IS NULL
ORDER BY suspicion DESC, track_id
LIMIT :tracks
