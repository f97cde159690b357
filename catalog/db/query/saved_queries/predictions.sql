-- Predictions of the active model with the tagged genre, for every analyzed track.
SELECT p.*, tagged.code AS tagged_code, predicted.code AS predicted_code, suggested.code AS suggested_code
FROM predicted_vs_tagged p
JOIN track_status s ON s.track_id = p.track_id
LEFT JOIN genre tagged ON tagged.id = s.tagged_genre_id
LEFT JOIN genre predicted ON predicted.id = s.predicted_genre_id
LEFT JOIN genre suggested ON suggested.id = s.suggested_genre_id
WHERE p.predicted_genre IS NOT NULL
ORDER BY p.track_id
