"""The verb inspect, without a catalog."""

from __future__ import annotations

import json
import os
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mutagen.id3 import TIT2
from mutagen.wave import WAVE

from catalog.cli.main import run

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The verb, in a working folder of its own, with a home that there is not."""
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)

    def invoked(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["--home", str(tmp_path / "home"), "inspect", *map(str, arguments)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoked


def write_sound(path: Path) -> Path:
    time = np.arange(2 * 16_000) / 16_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((9_000 * np.sin(2 * np.pi * 330 * time)).astype("<i2").tobytes())
    return path


def test_a_picture_in_the_working_folder_and_words(invoke: Run, tmp_path: Path) -> None:
    song = write_sound(tmp_path / "a $ong.wav")
    before = song.read_bytes()
    code, out, err = invoke(song)
    assert (code, err) == (0, "picture written to a $ong.inspect.png\n")
    assert out.startswith("a $ong.wav\n  pcm_s16le, 16,000 Hz, 2.0 s, -14.")
    assert Path("a $ong.inspect.png").read_bytes().startswith(b"\x89PNG")
    assert song.read_bytes() == before
    assert not (tmp_path / "home").exists()


def test_each_text_has_the_kind_of_tag_that_it_is_from(invoke: Run, tmp_path: Path) -> None:
    song = write_sound(tmp_path / "a.wav")
    info = b"INFOINAM\x06\0\0\0Other\0IART\x05\0\0\0Band\0\0"
    with song.open("ab") as stream:
        stream.write(b"LIST" + len(info).to_bytes(4, "little") + info)
    tags = WAVE(song)
    tags.add_tags()
    tags["TIT2"] = TIT2(text="Song")
    tags.save()
    _, out, _ = invoke(song)
    assert "  title: Song (id3v2.4)\n  artist: Band (riff)\n" in out
    facts = json.loads(invoke(song, "--json")[1])
    assert facts["file_tags"] == {
        "title": {"value": "Song", "source": "id3v2.4"},
        "artist": {"value": "Band", "source": "riff"},
    }


def test_json_and_no_picture_unless_it_is_asked_for(invoke: Run, tmp_path: Path) -> None:
    song = write_sound(tmp_path / "a.wav")
    code, out, _ = invoke(song, "--json")
    facts = json.loads(out)
    assert (code, facts["file"], facts["duration"]) == (0, "a.wav", 2.0)
    assert facts["brightness"] == pytest.approx(330, abs=40)
    assert list(Path.cwd().iterdir()) == []
    code, out, _ = invoke(song, "--json", "--output", "b.svg")
    assert json.loads(out) == facts
    assert [path.name for path in Path.cwd().iterdir()] == ["b.svg"]


def test_a_name_that_is_no_text(invoke: Run, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9\n.wav"
    song = write_sound(tmp_path / "a.wav")
    try:
        song.rename(os.fsdecode(name))
    except OSError:
        pytest.skip("this file system takes no such names")
    code, out, _ = invoke(os.fsdecode(name), "--json")
    assert (code, json.loads(out)["file"]) == (0, "caf\N{REPLACEMENT CHARACTER}\n.wav")
    code, out, _ = invoke(os.fsdecode(name))
    assert code == 0
    assert [path.suffix for path in Path.cwd().iterdir()] == [".png"]
    assert "\n  pcm_s16le" in out


def test_what_goes_wrong_is_one_line(invoke: Run, tmp_path: Path) -> None:
    song = write_sound(tmp_path / "a.wav")
    text = tmp_path / "text.mp3"
    text.write_text("no music")
    for arguments, expected in (
        ((text,), "text.mp3: not an audio format that FFmpeg supports"),
        ((song, "--output", song), "the picture would overwrite the audio file"),
        ((song, "--output", "a.gif"), "use one of png, svg, pdf"),
        ((tmp_path / "none.wav",), "does not exist"),
    ):
        code, out, err = invoke(*arguments)
        assert code in {1, 2}
        assert (out, expected in err) == ("", True), err
    assert song.read_bytes().startswith(b"RIFF")
    assert list(Path.cwd().iterdir()) == []
