-- Artists whose tracks have several first genres, none of them with a majority.
-- :least = 3
SELECT
    n.artist,
    sum(n.tracks) AS tracks,
    count(*) AS genres,
    max(n.tracks) AS of_commonest,
    group_concat(n.tagged_genre, '; ') AS tagged_genres
FROM (
    SELECT artist, tagged_genre, count(*) AS tracks
    FROM predicted_vs_tagged
    WHERE artist IS NOT NULL AND tagged_genre IS NOT NULL
        -- Various and Unknown are not artists.
        AND artist NOT IN (SELECT a.name FROM artist a WHERE a.is_placeholder)
    GROUP BY artist, tagged_genre
    ORDER BY artist, count(*) DESC, tagged_genre
) n
GROUP BY n.artist
HAVING sum(n.tracks) >= :least AND 2 * max(n.tracks) <= sum(n.tracks)
ORDER BY sum(n.tracks) DESC, n.artist
