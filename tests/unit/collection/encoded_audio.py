"""Short audio files in real containers, for tests of tags."""

import av
import numpy as np


def encoded(path, codec, format_name=None, metadata=None):
    """A second of sound."""
    rate = 48_000 if codec == "libopus" else 44_100
    layout = "stereo" if codec == "vorbis" else "mono"
    with av.open(str(path), "w", format=format_name) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=rate, layout=layout, options={"strict": "-2"})
        stream.bit_rate = 64_000
        tone = (np.sin(np.arange(rate) / 20) * 8000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.sample_rate = rate
        stream.codec_context.open()
        shape = av.AudioResampler(stream.format, layout, rate, stream.codec_context.frame_size or 1024)
        for each in [*shape.resample(frame), *shape.resample(None)]:
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    return path
