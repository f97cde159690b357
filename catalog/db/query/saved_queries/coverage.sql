-- Progress by collection: tracks, tagged tracks, suggestions, predictions of the active model, suspects.
SELECT
    p.collection,
    count(*) AS tracks,
    count(p.tagged_genre) AS tagged,
    count(p.predicted_genre) AS predicted,
    count(p.suggested_genre) AS with_suggestion,
    sum(CASE WHEN p.tagged_genre IS NULL AND p.suggested_genre IS NOT NULL THEN 1 ELSE 0 END) AS untagged_answered,
    count(s.track_id) AS suspects
FROM predicted_vs_tagged p
LEFT JOIN (SELECT DISTINCT track_id FROM suspects WHERE decision IS NULL) s ON s.track_id = p.track_id
GROUP BY p.collection
ORDER BY p.collection
