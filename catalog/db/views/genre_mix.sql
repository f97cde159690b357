-- The five likeliest genres of every track by the active model, as calibrated shares.
SELECT p.track_id, 1 AS place, g.name AS genre, p.probability_1 AS share
FROM prediction p
JOIN genre g ON g.id = p.genre_1_id
WHERE p.model_id = (SELECT a.id FROM model a WHERE a.status = 'active')
UNION ALL
SELECT p.track_id, 2 AS place, g.name AS genre, p.probability_2 AS share
FROM prediction p
JOIN genre g ON g.id = p.genre_2_id
WHERE p.model_id = (SELECT a.id FROM model a WHERE a.status = 'active')
UNION ALL
SELECT p.track_id, 3 AS place, g.name AS genre, p.probability_3 AS share
FROM prediction p
JOIN genre g ON g.id = p.genre_3_id
WHERE p.model_id = (SELECT a.id FROM model a WHERE a.status = 'active')
UNION ALL
SELECT p.track_id, 4 AS place, g.name AS genre, p.probability_4 AS share
FROM prediction p
JOIN genre g ON g.id = p.genre_4_id
WHERE p.model_id = (SELECT a.id FROM model a WHERE a.status = 'active')
UNION ALL
SELECT p.track_id, 5 AS place, g.name AS genre, p.probability_5 AS share
FROM prediction p
JOIN genre g ON g.id = p.genre_5_id
WHERE p.model_id = (SELECT a.id FROM model a WHERE a.status = 'active')
