-- What the pretrained networks say of style, mood, era, voice and instrument: words of at least one tenth.
SELECT
    k.track_id,
    w.tag,
    k.probability,
    w.network
FROM track_tag k
JOIN auto_tag_word w ON w.id = k.auto_tag_word_id
