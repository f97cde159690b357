-- What the active model says of every track it heard, beside the tag.
SELECT *
FROM predicted_vs_tagged
WHERE predicted_genre IS NOT NULL
ORDER BY track_id
