-- One row per track that is not missing: its tagged genres and the prediction of the active model.
SELECT
    s.track_id,
    c.name AS collection,
    t.path,
    t.external_id,
    ar.name AS artist,
    al.title AS album,
    t.title,
    s.tagged_genre,
    s.tagged_genres,
    s.predicted_genre,
    s.suggested_genre,
    s.probability,
    s.relation,
    s.suggested_by,
    s.artist_genre,
    s.out_of_fold,
    s.model_id
FROM track_status s
JOIN track t ON t.id = s.track_id
JOIN collection c ON c.id = t.collection_id
LEFT JOIN artist ar ON ar.id = t.artist_id
LEFT JOIN album al ON al.id = t.album_id
WHERE t.state <> 'missing'
