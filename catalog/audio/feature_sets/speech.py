"""How likely a track is talk and no music, from what `musicnn` says of it anyway.

Neither network knows a tag for speech; what marks speech is that they find next to nothing musical in it. Let M be the
sum of MTT's tags that name something musical (all but voices and their absence), V the sum of MTT's voice tags and of
MSD's Hip-Hop, which is what MSD makes of talk. Then

    probability = min(1, V / 0.3) / (1 + exp(12 (M - 0.9)))

The three numbers were set by hand. Of 176 clips by a synthesizer in six languages and sixteen voices, clean or with noise
20 dB below, 2 are missed, at 10 dB 29 of 112; of 21 recordings of people 1, a single word. Of 450 pieces of music 2 are
called talk, both rap; of clips of music of 2.5 s 14 in 500. Noise, drones and pure tones stay low: noise for its M, tones
for their V. Rap without accompaniment and talk over music lie between. A linear head over all 500 numbers told
the synthesizer's talk from music without a fault, but missed six of the 21 people and called every twentieth short clip
of music from a collection it had not seen talk.
"""

import math

from catalog.arrays import Float32
from catalog.audio.feature_sets.musicnn import tag_probabilities

VOICES = frozenset(
    {
        *("vocal", "vocals", "voice", "singing"),
        *("male", "man", "male vocal", "male voice"),
        *("female", "woman", "female vocal", "female voice"),
    }
)
NO_VOICES = frozenset({"no vocal", "no vocals", "no voice"})


def speech_probability(vector: Float32) -> float:
    """The probability, 0..1, that the track of this `musicnn` vector is talk and no music."""
    tags = tag_probabilities(vector, "mtt")
    musical = sum(tag for name, tag in tags.items() if name not in VOICES | NO_VOICES)
    voice = sum(tags[name] for name in sorted(VOICES)) + tag_probabilities(vector, "msd")["Hip-Hop"]
    return min(1.0, voice / 0.3) / (1 + math.exp(12 * (musical - 0.9)))
