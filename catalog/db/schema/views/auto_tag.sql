-- Auto-tags of the pretrained networks for style, mood, era, voice and instrument, with a probability of at least 0.1.
SELECT
    k.track_id,
    w.tag,
    k.probability,
    w.network
FROM track_network_tag k
JOIN network_tag w ON w.id = k.network_tag_id
