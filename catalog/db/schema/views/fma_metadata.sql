-- Metadata of the Free Music Archive: subset, official split, genres, license, number of listens.
SELECT
    f.track_id,
    t.external_id,
    ar.name AS artist,
    al.title AS album,
    t.title,
    t.year,
    t.duration,
    f.subset,
    -- A larger subset holds the smaller ones.
    coalesce(f.subset, '') = 'small' AS in_small,
    coalesce(f.subset, '') IN ('small', 'medium') AS in_medium,
    coalesce(f.subset, '') IN ('small', 'medium', 'large') AS in_large,
    f.track_id IS NOT NULL AS in_full,
    f.split,
    f.genre_top,
    s.tagged_genres,
    f.contradicts,
    f.license,
    f.language,
    f.composer,
    f.publisher,
    f.listens,
    f.favorites,
    f.interest,
    f.created,
    f.recorded,
    f.tags,
    t.state
FROM fma_track f
JOIN track t ON t.id = f.track_id
LEFT JOIN artist ar ON ar.id = t.artist_id
LEFT JOIN album al ON al.id = t.album_id
LEFT JOIN track_status s ON s.track_id = t.id
WHERE t.state <> 'missing'
