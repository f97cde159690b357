-- Quiet instrumental tracks with piano, without voice and speech.
-- :piano = 0.3
-- :loudness = -20
-- :voice = 0.2
SELECT d.track_id, d.artist, d.title, d.loudness, max(a.probability) AS piano
FROM auto_tag a
JOIN descriptor d ON d.track_id = a.track_id
WHERE a.tag = 'piano' AND a.probability >= :piano
    AND d.loudness <= :loudness
    AND coalesce(d.speech_probability, 0) < :voice
    AND NOT EXISTS (
        SELECT 1
        FROM auto_tag v
        WHERE v.track_id = a.track_id
            AND v.probability >= :voice
            AND v.tag IN (
                'female vocalists', 'male vocalists', 'female vocalist', 'vocal', 'vocals', 'voice', 'singing',
                'male', 'female', 'man', 'woman', 'male voice', 'female voice', 'male vocal', 'female vocal',
                'choir', 'choral', 'opera'
            )
    )
GROUP BY d.track_id, d.artist, d.title, d.loudness
ORDER BY max(a.probability) DESC, d.track_id
