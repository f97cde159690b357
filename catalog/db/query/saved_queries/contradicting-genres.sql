-- Tracks with several tags, among them a subgenre that belongs to none of their tagged top genres.
SELECT
    p.track_id,
    p.artist,
    p.album,
    p.title,
    p.tagged_genres,
    sub.genre AS sub_genre,
    top.name AS top_genre_of_it
FROM current_label sub
JOIN genre g ON g.id = sub.genre_id AND g.parent_id IS NOT NULL
JOIN predicted_vs_tagged p ON p.track_id = sub.track_id
LEFT JOIN genre top ON top.id = (
    SELECT a.ancestor_id FROM genre_ancestor a WHERE a.genre_id = g.id ORDER BY a.distance DESC, a.ancestor_id LIMIT 1
)
WHERE EXISTS (
    SELECT 1
    FROM label l
    JOIN genre broad ON broad.id = l.genre_id AND broad.parent_id IS NULL
    WHERE l.statement_id = sub.statement_id
)
AND NOT EXISTS (
    SELECT 1
    FROM label l
    JOIN genre broad ON broad.id = l.genre_id AND broad.parent_id IS NULL
    JOIN genre_ancestor a ON a.genre_id = sub.genre_id AND a.ancestor_id = l.genre_id
    WHERE l.statement_id = sub.statement_id
)
ORDER BY p.track_id, sub.genre
