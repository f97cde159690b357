-- Decided suspects, newest decision first, without undone decisions.
SELECT
    d.track_id,
    p.artist,
    p.album,
    p.title,
    flagged.name AS flagged_genre,
    flagged.code AS flagged_code,
    d.verdict,
    chosen.name AS chosen_genre,
    chosen.code AS chosen_code,
    p.tagged_genre AS genre_now,
    d.reviewer,
    strftime('%Y-%m-%dT%H:%M:%S+00:00', d.decided_at) AS decided_at
FROM decision d
JOIN predicted_vs_tagged p ON p.track_id = d.track_id
LEFT JOIN genre flagged ON flagged.id = d.genre_id
LEFT JOIN genre chosen ON chosen.id = d.chosen_genre_id
WHERE d.verdict <> 'undo'
    AND NOT (d.blind AND d.verdict IN ('keep', 'relabel') AND d.statement_id IS NULL)
    AND NOT EXISTS (SELECT 1 FROM decision un WHERE un.undoes_id = d.id)
ORDER BY d.id DESC
