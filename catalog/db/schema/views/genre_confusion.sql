-- Confusion matrix of the active model, out of fold: number of tracks by tagged and predicted genre.
SELECT
    tagged.name AS tagged_genre,
    predicted.name AS predicted_genre,
    n.tracks,
    1.0 * n.tracks / total.tracks AS share
FROM confusion_count n
JOIN genre tagged ON tagged.id = n.tagged_genre_id
JOIN genre predicted ON predicted.id = n.predicted_genre_id
JOIN (
    SELECT model_id, tagged_genre_id, sum(tracks) AS tracks
    FROM confusion_count
    GROUP BY model_id, tagged_genre_id
) total ON total.model_id = n.model_id AND total.tagged_genre_id = n.tagged_genre_id
WHERE n.model_id = (SELECT a.id FROM model a WHERE a.status = 'active')
