-- One row per suspect (probably wrong label) of the latest finished label audit, with the newest decision of a person.
SELECT
    u.track_id,
    c.name AS collection,
    t.path,
    ar.name AS artist,
    al.title AS album,
    t.title,
    -- Subqueries: with two more joins PostgreSQL takes eight times as long to plan.
    (SELECT g.name FROM genre g WHERE g.id = u.genre_id) AS tagged_genre,
    (SELECT g.name FROM genre g WHERE g.id = u.suggested_genre_id) AS suggested_genre,
    u.suspicion,
    u.expected_right,
    u.relation,
    u.reasons,
    d.case_id,
    u.audit_id,
    e.verdict AS decision,
    (SELECT g.code FROM genre g WHERE g.id = u.genre_id) AS tagged_code,
    (SELECT g.code FROM genre g WHERE g.id = u.suggested_genre_id) AS suggested_code
FROM suspect u
JOIN track t ON t.id = u.track_id
JOIN collection c ON c.id = t.collection_id
LEFT JOIN artist ar ON ar.id = t.artist_id
LEFT JOIN album al ON al.id = t.album_id
LEFT JOIN review_case d ON d.id = u.review_case_id
    -- Redundant, but it lets SQLite find the tracks of a case by the index of cases.
    AND d.audit_id = (
        SELECT a.id FROM audit a
        WHERE a.kind = 'labels' AND a.finished_at IS NOT NULL
        ORDER BY a.id DESC
        LIMIT 1
    )
LEFT JOIN decision e ON e.track_id = u.track_id
    AND e.genre_id = u.genre_id
    AND e.verdict <> 'undo'
    -- A blind answer that differs from the tags states no genre and is no decision.
    AND NOT (e.blind AND e.verdict IN ('keep', 'relabel') AND e.statement_id IS NULL)
    AND NOT EXISTS (SELECT 1 FROM decision un WHERE un.undoes_id = e.id)
    -- Only the newest. With a join instead of a subquery in the column list, PostgreSQL knows that few suspects are
    -- decided, and reads the first page of open ones in index order instead of sorting all.
    AND NOT EXISTS (
        SELECT 1
        FROM decision n
        WHERE n.track_id = e.track_id
            AND n.genre_id = e.genre_id
            AND n.id > e.id
            AND n.verdict <> 'undo'
            AND NOT (n.blind AND n.verdict IN ('keep', 'relabel') AND n.statement_id IS NULL)
            AND NOT EXISTS (SELECT 1 FROM decision un WHERE un.undoes_id = n.id)
    )
WHERE u.relation <> 'narrower'
    -- A tag that changed after the audit is not a suspect any more; decided suspects stay visible.
    AND (
        e.id IS NOT NULL
        -- Correlated on purpose: otherwise PostgreSQL materializes all labels first.
        OR u.genre_id IN (
            SELECT l.genre_id
            FROM track_status st
            JOIN label l ON l.statement_id = st.statement_id
            WHERE st.track_id = u.track_id
        )
    )
    AND u.audit_id = (
        SELECT a.id FROM audit a
        WHERE a.kind = 'labels' AND a.finished_at IS NOT NULL
        ORDER BY a.id DESC
        LIMIT 1
    )
