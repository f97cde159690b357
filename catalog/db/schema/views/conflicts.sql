-- Tracks whose genre a person decided and whose file or imported list has stated another genre since then.
SELECT
    t.id AS track_id,
    c.name AS collection,
    t.path,
    ar.name AS artist,
    t.title,
    st.tagged_genres AS decided_genres,
    h.stated_by AS decided_by,
    h.stated_at AS decided_at,
    n.source,
    n.as_written AS says,
    n.stated_at
FROM track_status st
JOIN statement h ON h.id = st.statement_id AND h.source = 'person'
JOIN statement n ON n.track_id = st.track_id
    AND n.id > h.id
    AND n.source <> 'person'
    -- As an expression, or SQLite would use the index of withdraws_id, where nearly all values are NULL.
    AND coalesce(n.withdraws_id, 0) = 0
    -- Genres that this program wrote are not evidence.
    AND coalesce(n.origin, '') <> 'catalog'
JOIN track t ON t.id = st.track_id
JOIN collection c ON c.id = t.collection_id
LEFT JOIN artist ar ON ar.id = t.artist_id
WHERE NOT EXISTS (SELECT 1 FROM statement w WHERE w.withdraws_id = n.id)
    AND NOT EXISTS (
        SELECT 1 FROM statement later
        WHERE later.track_id = n.track_id AND later.source = n.source AND later.id > n.id
            AND NOT EXISTS (SELECT 1 FROM statement w WHERE w.withdraws_id = later.id)
            AND coalesce(later.withdraws_id, 0) = 0
    )
    AND (
        EXISTS (
            SELECT 1 FROM label l
            WHERE l.statement_id = n.id
                AND NOT EXISTS (SELECT 1 FROM label o WHERE o.statement_id = h.id AND o.genre_id = l.genre_id)
        )
        OR EXISTS (
            SELECT 1 FROM label l
            WHERE l.statement_id = h.id
                AND NOT EXISTS (SELECT 1 FROM label o WHERE o.statement_id = n.id AND o.genre_id = l.genre_id)
        )
    )
