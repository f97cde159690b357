-- Agreement of tags and suggestions by genre: number of tracks that are the same, close, different or unanswered.
SELECT
    tagged_genre,
    count(*) AS tracks,
    sum(CASE WHEN relation = 'same' THEN 1 ELSE 0 END) AS same,
    sum(CASE WHEN relation = 'broader' THEN 1 ELSE 0 END) AS broader,
    sum(CASE WHEN relation = 'narrower' THEN 1 ELSE 0 END) AS narrower,
    sum(CASE WHEN relation = 'sibling' THEN 1 ELSE 0 END) AS sibling,
    sum(CASE WHEN relation = 'different' THEN 1 ELSE 0 END) AS different,
    sum(CASE WHEN relation = 'not_judged' THEN 1 ELSE 0 END) AS not_judged,
    sum(CASE WHEN relation IS NULL THEN 1 ELSE 0 END) AS unanswered
FROM predicted_vs_tagged
WHERE tagged_genre IS NOT NULL
GROUP BY tagged_genre
ORDER BY count(*) DESC, tagged_genre
