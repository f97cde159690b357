"""Time one way to extract features, as a process: `python contender.py NAME`.

The process reads one path per line and answers with one line of JSON: clock and processor seconds. Each contender
imports its own requirements, so any interpreter that has them can run it.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

Work = Callable[[], Any]  # the timed call
Contender = Callable[[str], Work]  # prepares a file, untimed


def catalog_summary(path: str) -> Work:
    """`summary` of this project, from the file."""
    return _catalog(path, "summary")


def catalog_musicnn(path: str) -> Work:
    """`musicnn` of this project, from the file."""
    return _catalog(path, "musicnn")


def catalog_both(path: str) -> Work:
    """`summary` and `musicnn` of this project, from one decoding of the file."""
    return _catalog(path, "summary", "musicnn")


def catalog_decode(path: str) -> Work:
    """Decoding by this project: to mono, with the hash."""
    from catalog.audio.decoding.decode import decode

    return lambda: decode(path)


def _catalog(path: str, *names: str) -> Work:
    from catalog.audio.feature_sets.analysis import analyze
    from catalog.audio.feature_sets.installed import feature_set

    feature_sets = [feature_set(name) for name in names]
    return lambda: analyze(path, feature_sets)


def librosa_naive(path: str) -> Work:
    """The feature groups of `summary` with librosa's functions at 22,050 Hz and one shared spectrum."""
    import librosa
    import numpy as np

    def work() -> Any:
        samples, _ = librosa.load(path, sr=22_050)
        magnitude = np.abs(librosa.stft(samples))
        harmonic, percussive = librosa.decompose.hpss(magnitude)
        semitones = np.abs(librosa.cqt(samples, bins_per_octave=12, n_bins=84, tuning=None))
        cens = librosa.feature.chroma_cens(C=semitones, bins_per_octave=12)
        mel = librosa.power_to_db(librosa.feature.melspectrogram(S=magnitude**2))
        rows = [
            cens,
            librosa.feature.chroma_cqt(C=semitones, bins_per_octave=12),
            librosa.feature.chroma_stft(S=magnitude**2),
            librosa.power_to_db(librosa.feature.melspectrogram(S=harmonic**2)),
            mel,
            librosa.feature.mfcc(S=mel),
            librosa.power_to_db(librosa.feature.melspectrogram(S=percussive**2)),
            librosa.feature.rms(S=magnitude),
            librosa.feature.spectral_bandwidth(S=magnitude),
            librosa.feature.spectral_centroid(S=magnitude),
            librosa.feature.spectral_contrast(S=magnitude),
            librosa.feature.spectral_rolloff(S=magnitude),
            librosa.feature.tonnetz(chroma=cens),
            librosa.feature.zero_crossing_rate(samples),
        ]
        tempo = librosa.feature.tempo(y=samples)
        onsets = librosa.onset.onset_detect(y=samples)
        return [_seven_statistics(row) for row in rows], tempo, len(onsets)

    return work


def fma_formula(path: str) -> Work:
    """The features of `features.csv` of the FMA data set (Defferrard et al., 2017).

    At the file's sampling rate, without harmonic-percussive separation and tempo.
    """
    import librosa
    import numpy as np

    def work() -> Any:
        samples, rate = librosa.load(path, sr=None)
        semitones = np.abs(librosa.cqt(samples, sr=rate, bins_per_octave=12, n_bins=84, tuning=None))
        cens = librosa.feature.chroma_cens(C=semitones, bins_per_octave=12)
        magnitude = np.abs(librosa.stft(samples))
        mel = librosa.feature.melspectrogram(S=magnitude**2, sr=rate)
        rows = [
            librosa.feature.zero_crossing_rate(samples),
            librosa.feature.chroma_cqt(C=semitones, bins_per_octave=12),
            cens,
            librosa.feature.tonnetz(chroma=cens),
            librosa.feature.chroma_stft(S=magnitude**2, sr=rate),
            librosa.feature.rms(S=magnitude),
            librosa.feature.spectral_centroid(S=magnitude, sr=rate),
            librosa.feature.spectral_bandwidth(S=magnitude, sr=rate),
            librosa.feature.spectral_contrast(S=magnitude, sr=rate),
            librosa.feature.spectral_rolloff(S=magnitude, sr=rate),
            librosa.feature.mfcc(S=librosa.power_to_db(mel)),
        ]
        return [_seven_statistics(row) for row in rows]

    return work


def _seven_statistics(row: Any) -> list[Any]:
    import numpy as np
    from scipy import stats

    return [
        np.mean(row, axis=1),
        np.std(row, axis=1),
        stats.skew(row, axis=1),
        stats.kurtosis(row, axis=1),
        np.median(row, axis=1),
        np.min(row, axis=1),
        np.max(row, axis=1),
    ]


def essentia_extractor(path: str) -> Work:
    """Essentia's MusicExtractor with its defaults."""
    import essentia
    from essentia.standard import MusicExtractor

    essentia.log.infoActive = essentia.log.warningActive = False
    extractor = MusicExtractor()
    return lambda: extractor(path)


def networks(path: str) -> Work:
    """Both musicnn networks of this project, on the patches of the file."""
    from catalog.audio.feature_sets import musicnn_model

    patches = _patches(path)
    return lambda: [musicnn_model.run(patch) for patch in patches]


def plain_network(path: str) -> Work:
    """One musicnn network as published, in ONNX Runtime, one patch at a time."""
    from functools import partial

    import plain_network

    run = partial(_plain_session(plain_network.model().SerializeToString()).run, None)
    patches = _patches(path)
    return lambda: [run({"patch": patch[None, None]}) for patch in patches]


_sessions: list[Any] = []


def _plain_session(model: bytes) -> Any:
    import onnxruntime

    if not _sessions:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        _sessions.append(onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]))
    return _sessions[0]


def _patches(path: str) -> list[Any]:
    import numpy as np

    from catalog.audio.decoding.decode import decode
    from catalog.audio.feature_sets import musicnn
    from catalog.audio.feature_sets.musicnn_model import PATCH

    mel = musicnn.log_mel(musicnn.normalize_rms(decode(path).at(musicnn.SAMPLE_RATE).samples))
    mel = mel if len(mel) >= PATCH[0] else np.resize(mel, PATCH)
    return [np.ascontiguousarray(mel[at : at + PATCH[0]]) for at in musicnn.patch_starts(len(mel))]


CONTENDERS: dict[str, Contender] = {
    "summary": catalog_summary,
    "musicnn": catalog_musicnn,
    "summary and musicnn": catalog_both,
    "decoding": catalog_decode,
    "librosa": librosa_naive,
    "fma": fma_formula,
    "essentia": essentia_extractor,
    "networks": networks,
    "plain network": plain_network,
}


def main() -> None:
    contender = CONTENDERS[sys.argv[1]]
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        work = contender(line.rstrip("\n"))
        wall, processor = time.perf_counter(), time.process_time()
        work()
        seconds = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
        print(json.dumps(seconds), flush=True)


if __name__ == "__main__":
    main()
