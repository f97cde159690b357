"""What one listening shows: times, pitches and words are where they belong; any name can be drawn."""

import json
import wave
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from catalog.audio.audio_error import AudioError
from catalog.report.figures.figure_files import FigureWriteError
from catalog.report.figures.inspection_plot import _clock, _time_ticks, write_inspection
from catalog.report.file_inspection import PITCH_CLASSES, inspect

RATE = 22_050


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    """Forty seconds of an A, struck twice a second."""
    path = tmp_path_factory.mktemp("song") / "a song.wav"
    time = np.arange(40 * RATE) / RATE
    tune = 0.5 * np.sin(2 * np.pi * 440 * time) * np.exp(-4 * (time % 0.5))
    tune += np.random.default_rng(0).normal(0, 0.001, len(time))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((tune * 32_767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def found(song):
    return inspect(song)


def test_what_is_heard(found):
    frames = 1 + 30 * RATE // 512
    assert (found.name, found.stream.codec, found.windows) == ("a song.wav", "pcm_s16le", ((5.0, 35.0),))
    assert found.mel.shape == found.harmonic.shape == found.percussive.shape == (128, frames)
    assert found.mel.max() == 0
    assert found.mel.min() >= -80
    assert max(found.harmonic.max(), found.percussive.max()) <= 0.01
    assert PITCH_CLASSES[found.chroma.mean(axis=1).argmax()] == "A"
    assert found.descriptors["onset_rate"] == pytest.approx(2, abs=0.15)
    assert found.descriptors["tempo"] == pytest.approx(120, abs=3)
    assert found.descriptors["harmonic_share"] > 0.5
    assert [len(tags) for tags in found.tags.values()] == [50, 50]
    for tags in found.tags.values():
        assert sorted(tags.values(), reverse=True) == list(tags.values())


def test_onsets_are_told_in_seconds_of_the_file(found):
    begun = np.array(found.facts()["onsets"])
    assert begun.min() >= 5
    assert begun.max() <= 35
    assert np.abs(begun * 2 - np.rint(begun * 2)).max() < 0.15


def test_the_facts_are_json(found):
    facts = found.facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert {"tempo", "onset_rate", "brightness", "harmonic_share", "percussive_share", "loudness"} <= set(
        facts
    )
    for name in ("spectrogram", "harmonic", "percussive"):
        picture = np.array(facts["pictures"][name])
        assert picture.shape == (64, 64)
        assert -80 <= picture.min() <= picture.max() <= 0
    assert len(json.dumps(facts)) < 150_000


def test_several_windows_are_told_by_where_they_lie_in_the_file(found):
    thirds = replace(found, windows=((100.0, 110.0), (300.0, 310.0), (500.0, 510.0)))
    assert [thirds.second_in_file(heard) for heard in (0, 9.5, 10, 10.5, 25, 99)] == [
        100,
        109.5,
        300,
        300.5,
        505,
        510,
    ]
    ticks = _time_ticks(thirds)
    assert [thirds.second_in_file(tick) for tick in ticks] == [100, 105, 300, 305, 500, 505]
    assert [_clock(second) for second in (0, 7.25, 65, 3_605)] == ["0:00", "0:07.2", "1:05", "1:00:05"]


@pytest.mark.parametrize(
    "name",
    [
        "a song.wav",
        "$x^2$ \\frac{1}{2} _ & % #.mp3",
        "\u202e\x1b[31mred\n.mp3",
        "日本語 \U0001f3b5 עברית.flac",
        "x" * 250,
    ],
)
def test_any_name_can_be_drawn(found, name, tmp_path):
    write_inspection(replace(found, name=name), tmp_path / "a.png")
    assert imread(tmp_path / "a.png").shape[:2] == (1350, 1950)


def test_the_same_listening_is_the_same_picture(found, tmp_path):
    for number in (1, 2):
        write_inspection(found, tmp_path / f"{number}.png")
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
    silent = replace(found, onsets=np.empty(0, np.int64), strength=np.zeros_like(found.strength))
    write_inspection(silent, tmp_path / "3.svg")
    assert (tmp_path / "3.svg").read_text().lstrip().startswith("<?xml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.png", "2.png", "3.svg"]


def test_what_cannot_be_written_or_heard_is_one_line(found, tmp_path):
    with pytest.raises(FigureWriteError, match="png, svg, pdf"):
        write_inspection(found, tmp_path / "a.mp3")
    with pytest.raises(FigureWriteError, match="there is no such folder; choose another place"):
        write_inspection(found, tmp_path / "none" / "a.png")
    (tmp_path / "a.mp3").write_bytes(b"no music")
    with pytest.raises(AudioError):
        inspect(tmp_path / "a.mp3")
