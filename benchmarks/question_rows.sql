-- A catalog for query benchmarks. {series} is a table s with i from 1 to the number of tracks. pick has k from 0 and a genre.

INSERT INTO collection (id, name, kind, root, root_bytes, tags_complete, added_at) VALUES (1, 'archive', 'folder', '/archive', {root}, {false}, '2026-01-01');

INSERT INTO artist (id, key, name, folded, is_placeholder)
SELECT i, 'artist ' || i, 'Artist ' || i, 'artist ' || i, {false}
FROM {series}
WHERE i <= {tracks} / 10 + 1;

INSERT INTO album (id, key, title, folded, artist_id)
SELECT i, 'album ' || i, 'Album ' || i, 'album ' || i, i
FROM {series}
WHERE i <= {tracks} / 10 + 1;

INSERT INTO track (id, collection_id, path, path_bytes, state, duration, title, artist_id, album_id, added_at)
SELECT i, 1, 'a' || i / 1000 || '/' || i || '.mp3', {path}, 'present', 200.0, 'Title ' || i, 1 + i / 10, 1 + i / 10, '2026-01-01'
FROM {series};

-- Four of five tracks are tagged. An artist has one genre, except for one track of seven.
INSERT INTO statement (id, track_id, source, stated_at)
SELECT i, i, 'file', '2026-01-01'
FROM {series}
WHERE i % 5 <> 0;

INSERT INTO label (statement_id, rank, genre_id, as_written)
SELECT s.i, 0, p.id, p.name
FROM {series}
JOIN pick p
ON p.k = ((s.i / 10) * 7919 + CASE WHEN s.i % 7 = 0 THEN s.i * 31 ELSE 0 END) % {genres}
WHERE s.i % 5 <> 0;

INSERT INTO snapshot (id, hash, level, parameters, tracks, classes, groups, created_at)
VALUES (1, 's', 'leaf', '{}', {tracks}, {genres}, 1, '2026-01-01');

INSERT INTO snapshot_member (snapshot_id, track_id, genre_id, group_id, fold)
SELECT 1, statement_id, genre_id, 1 + statement_id / 10, statement_id % 5
FROM label;

INSERT INTO model (id, algorithm, parameters, class_order, metrics, versions, snapshot_id, status, created_at)
SELECT i, 'logistic', '{}', '[]', '{}', '{}', 1, CASE WHEN i = {models} THEN 'active' ELSE 'retired' END, '2026-01-01'
FROM {series}
WHERE i <= {models};

INSERT INTO model_class (model_id, genre_id, tracks, artists, albums, counts_for_id, judged, reason)
SELECT m.id, p.id, 100, 50, 50, p.id, {true}, ''
FROM model m CROSS
JOIN pick p;

INSERT INTO prediction (model_id, track_id, unit, fold, genre_1_id, probability_1, genre_2_id, probability_2, genre_3_id, probability_3, genre_4_id, probability_4, genre_5_id, probability_5, suggested_genre_id, suggested_by, predicted_at)
SELECT m.id, s.i, 'track', CASE WHEN s.i % 5 <> 0 THEN s.i % 5 END, a.id, 0.5, b.id, 0.2, c.id, 0.1, d.id, 0.06, e.id, 0.05, CASE WHEN s.i % 6 <> 0 THEN a.id END, 'audio', '2026-01-01'
FROM model m CROSS
JOIN {series}
JOIN pick a
ON a.k = ((s.i / 10) * 7919 + CASE WHEN (s.i + m.id) % 3 = 0 THEN s.i * 17 ELSE 0 END) % {genres}
JOIN pick b
ON b.k = (a.k + 1) % {genres}
JOIN pick c
ON c.k = (a.k + 2) % {genres}
JOIN pick d
ON d.k = (a.k + 3) % {genres}
JOIN pick e
ON e.k = (a.k + 4) % {genres};

-- Each of three audits flags one track of twenty. Two of three suspects belong to a case.
INSERT INTO audit (id, kind, model_id, parameters, started_at, finished_at)
SELECT i, 'labels', {models}, '{}', '2026-01-01', '2026-01-02'
FROM {series}
WHERE i <= 3;

INSERT INTO review_case (id, audit_id, case_id, artist_id, album_id, genre_id, suggested_genre_id, tracks, suspicion)
SELECT (a.id - 1) * {tracks} + s.i, a.id, 'case ' || s.i, 1 + s.i, 1 + s.i, p.id, q.id, 2, ((s.i * 7907) % 10007) / 10007.0
FROM audit a CROSS
JOIN {series}
JOIN pick p
ON p.k = s.i % {genres}
JOIN pick q
ON q.k = (s.i + 1) % {genres}
WHERE s.i < {tracks} / 50;

-- One track of a hundred and the most suspicious suspects are decided.
INSERT INTO suspect (audit_id, track_id, genre_id, suggested_genre_id, review_case_id, suspicion, relation, reasons)
SELECT a.id, s.i, p.id, q.id, CASE WHEN s.i % 3 <> 0 AND s.i / 50 > 0 AND s.i / 50 < {tracks} / 50 THEN (a.id - 1) * {tracks} + s.i / 50 END, ((s.i * 7919) % 100003) / 100003.0, CASE WHEN s.i % 9 = 0 THEN 'narrower' ELSE 'different' END, '[{"kind": "isolated_tag", "tagged_genre_id": 1}]'
FROM audit a CROSS
JOIN {series}
JOIN label l
ON l.statement_id = s.i
JOIN pick p
ON p.id = l.genre_id
JOIN pick q
ON q.k = (p.k + 1) % {genres}
WHERE s.i % 20 = 1;

INSERT INTO decision (track_id, genre_id, verdict, reviewer, decided_at, source, blind)
SELECT u.track_id, u.genre_id, 'keep', 'ada', '2026-01-03', 'queue', {false}
FROM suspect u
WHERE u.audit_id = 3 AND (u.track_id % 100 = 1 OR u.suspicion > 0.9995);
