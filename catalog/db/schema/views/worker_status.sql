-- One row per running worker: its last heartbeat, its current track, and its totals since it started.
SELECT
    w.name,
    w.host,
    w.pid,
    w.version,
    w.started_at,
    w.heartbeat_at,
    w.analyzed,
    w.failed,
    w.seconds,
    (SELECT count(*) FROM claim r WHERE r.worker_id = w.id) AS claimed,
    t.id AS track_id,
    c.name AS collection,
    t.path,
    k.claimed_at
FROM worker w
LEFT JOIN claim k ON k.worker_id = w.id AND k.claimed_at IS NOT NULL
LEFT JOIN track t ON t.id = k.track_id
LEFT JOIN collection c ON c.id = t.collection_id
WHERE w.stopped_at IS NULL
