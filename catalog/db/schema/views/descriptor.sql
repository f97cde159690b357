-- Descriptors of each track: tempo, onset rate, loudness, brightness, harmonic and percussive energy, speech.
SELECT
    d.track_id,
    c.name AS collection,
    t.path,
    ar.name AS artist,
    t.title,
    t.duration,
    d.tempo,
    d.onset_rate,
    d.loudness,
    d.brightness,
    d.harmonic_share,
    d.percussive_share,
    d.speech_probability
FROM track_descriptor d
JOIN track t ON t.id = d.track_id
JOIN collection c ON c.id = t.collection_id
LEFT JOIN artist ar ON ar.id = t.artist_id
