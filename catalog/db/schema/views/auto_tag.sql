-- What the pretrained networks say of style, mood, era, voice and instrument: words of at least one tenth.
SELECT
    k.track_id,
    w.tag,
    k.probability,
    w.network
FROM track_network_tag k
JOIN network_tag w ON w.id = k.network_tag_id
