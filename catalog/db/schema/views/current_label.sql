-- The genres of each track's current statement: the newest of the strongest source (person, then import, then file).
SELECT
    s.track_id,
    s.id AS statement_id,
    s.source,
    l.rank,
    l.genre_id,
    g.name AS genre,
    l.as_written,
    s.stated_by,
    s.stated_at
FROM track_status st
JOIN statement s ON s.id = st.statement_id
JOIN label l ON l.statement_id = s.id
JOIN genre g ON g.id = l.genre_id
