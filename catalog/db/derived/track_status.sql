-- The status of every track, computed from statements and predictions. track_status.py inserts the filter on tracks; it
-- always selects all tracks of an artist, because the tag of one track is evidence for the others.
WITH active AS (
    SELECT id FROM model WHERE status = 'active'
),
-- The genres that the active model judges. A genre that was merged into another one since counts for that one.
judged AS (
    SELECT DISTINCT coalesce(a.genre_id, m.genre_id) AS genre_id
    FROM model_class m
    JOIN genre g ON g.id = m.genre_id
    LEFT JOIN genre_alias a ON a.folded = g.folded
    WHERE m.model_id = (SELECT id FROM active) AND m.counts_for_id IS NOT NULL
),
chosen AS (
    SELECT
        t.id AS track_id,
        CASE WHEN a.is_placeholder THEN NULL ELSE t.artist_id END AS artist_id,
        (
            -- The order of ids is the order of writing, whatever the clocks show.
            SELECT s.id
            FROM statement s
            WHERE s.track_id = t.id
                -- The plus keeps SQLite from using the index of this column, where nearly all rows are NULL,
                -- instead of the index of track_id: with that plan the time is quadratic in the number of tracks.
                AND +s.withdraws_id IS NULL
                AND NOT EXISTS (SELECT 1 FROM statement w WHERE w.withdraws_id = s.id)
            ORDER BY CASE s.source WHEN 'person' THEN 0 WHEN 'import' THEN 1 ELSE 2 END, s.id DESC
            LIMIT 1
        ) AS statement_id
    FROM track t
    LEFT JOIN artist a ON a.id = t.artist_id
    WHERE 1 = 1 /* tracks */
),
tagged AS (
    SELECT c.track_id, c.artist_id, c.statement_id, l.genre_id
    FROM chosen c
    LEFT JOIN label l ON l.statement_id = c.statement_id AND l.rank = 0
),
artist_count AS (
    SELECT
        artist_id,
        genre_id,
        count(*) AS tracks,
        row_number() OVER (PARTITION BY artist_id ORDER BY count(*) DESC, genre_id) AS place
    FROM tagged
    WHERE artist_id IS NOT NULL AND genre_id IS NOT NULL
    GROUP BY artist_id, genre_id
),
-- The majority among the artist's other tracks: the most frequent genre, unless without this track the second is.
with_artist AS (
    SELECT
        g.track_id,
        g.statement_id,
        g.genre_id AS tagged_genre_id,
        CASE
            WHEN g.genre_id IS NULL OR g.genre_id <> one.genre_id THEN one.genre_id
            WHEN one.tracks - 1 >= coalesce(two.tracks, 1) THEN one.genre_id
            ELSE two.genre_id
        END AS artist_genre_id
    FROM tagged g
    LEFT JOIN artist_count one ON one.artist_id = g.artist_id AND one.place = 1
    LEFT JOIN artist_count two ON two.artist_id = g.artist_id AND two.place = 2
)
SELECT
    w.track_id,
    w.statement_id,
    w.tagged_genre_id,
    tagged_genre.name AS tagged_genre,
    (
        SELECT group_concat(listed.name, '; ')
        FROM (
            SELECT g.name
            FROM label l
            JOIN genre g ON g.id = l.genre_id
            WHERE l.statement_id = w.statement_id
            -- Two spellings that were merged into one genre later are listed once.
            GROUP BY g.id, g.name
            ORDER BY min(l.rank)
        ) AS listed
    ) AS tagged_genres,
    w.artist_genre_id,
    artist_genre.name AS artist_genre,
    p.model_id,
    predicted_genre.id AS predicted_genre_id,
    predicted_genre.name AS predicted_genre,
    p.probability_1 AS probability,
    suggested_genre.id AS suggested_genre_id,
    suggested_genre.name AS suggested_genre,
    p.suggested_by,
    CASE
        WHEN w.tagged_genre_id IS NULL THEN 'untagged'
        WHEN NOT EXISTS (
            SELECT 1
            FROM label l
            WHERE l.statement_id = w.statement_id AND l.genre_id IN (SELECT j.genre_id FROM judged j)
        ) THEN 'not_judged'
        WHEN p.suggested_genre_id IS NULL THEN NULL
        ELSE (
            -- With several tags the closest one counts.
            SELECT CASE min(
                CASE
                    WHEN l.genre_id = suggested_genre.id THEN 0
                    WHEN EXISTS (
                        SELECT 1 FROM genre_ancestor n
                        WHERE n.genre_id = l.genre_id AND n.ancestor_id = suggested_genre.id
                    ) THEN 1
                    WHEN EXISTS (
                        SELECT 1 FROM genre_ancestor n
                        WHERE n.genre_id = suggested_genre.id AND n.ancestor_id = l.genre_id
                    ) THEN 2
                    WHEN g.parent_id = suggested_genre.parent_id THEN 3
                    ELSE 4
                END
            )
                WHEN 0 THEN 'same'
                WHEN 1 THEN 'broader'
                WHEN 2 THEN 'narrower'
                WHEN 3 THEN 'sibling'
                ELSE 'different'
            END
            FROM label l
            JOIN genre g ON g.id = l.genre_id
            WHERE l.statement_id = w.statement_id
        )
    END AS relation,
    CASE WHEN w.tagged_genre_id IS NULL OR p.model_id IS NULL THEN NULL ELSE p.fold IS NOT NULL END AS out_of_fold
FROM with_artist w
LEFT JOIN prediction p ON p.track_id = w.track_id AND p.model_id = (SELECT id FROM active)
LEFT JOIN genre tagged_genre ON tagged_genre.id = w.tagged_genre_id
LEFT JOIN genre artist_genre ON artist_genre.id = w.artist_genre_id
-- Merged genres keep their row, and an alias of that name leads to the genre in use.
LEFT JOIN genre predicted_row ON predicted_row.id = p.genre_1_id
LEFT JOIN genre_alias predicted_alias ON predicted_alias.folded = predicted_row.folded
LEFT JOIN genre predicted_genre ON predicted_genre.id = coalesce(predicted_alias.genre_id, p.genre_1_id)
LEFT JOIN genre suggested_row ON suggested_row.id = p.suggested_genre_id
LEFT JOIN genre_alias suggested_alias ON suggested_alias.folded = suggested_row.folded
LEFT JOIN genre suggested_genre ON suggested_genre.id = coalesce(suggested_alias.genre_id, p.suggested_genre_id)
