-- Pairs of tracks that may be the same recording, from the latest finished duplicate audit, without missing tracks.
SELECT
    p.kind,
    p.similarity,
    p.genres_differ,
    t.id AS track_id,
    t.path,
    ar.name AS artist,
    t.title,
    st.tagged_genres AS genres,
    o.id AS other_track_id,
    o.path AS other_path,
    oar.name AS other_artist,
    o.title AS other_title,
    ost.tagged_genres AS other_genres,
    p.audit_id
FROM duplicate_pair p
JOIN track t ON t.id = p.track_id AND t.state <> 'missing'
JOIN track o ON o.id = p.other_track_id AND o.state <> 'missing'
LEFT JOIN artist ar ON ar.id = t.artist_id
LEFT JOIN artist oar ON oar.id = o.artist_id
LEFT JOIN track_status st ON st.track_id = t.id
LEFT JOIN track_status ost ON ost.track_id = o.id
WHERE p.audit_id = (
    SELECT a.id FROM audit a
    WHERE a.kind = 'duplicates' AND a.finished_at IS NOT NULL
    ORDER BY a.id DESC
    LIMIT 1
)
