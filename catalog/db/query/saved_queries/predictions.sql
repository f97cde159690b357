-- Predictions of the active model with the tagged genre, for every analyzed track.
SELECT *
FROM predicted_vs_tagged
WHERE predicted_genre IS NOT NULL
ORDER BY track_id
