"""Sound by the id of a track: ranges, what no browser plays, pictures, and files that are gone."""

from __future__ import annotations

import io
from pathlib import Path

import av
import matplotlib.image
import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.decoding.media_file import Name
from catalog.db import tables as t
from catalog.web.media.excerpt import Excerpt
from catalog.web.media.transcode import BLOCK_BYTES, byte_count, encode_block
from tests.integration.web.conftest import SECONDS, Page
from tests.integration.workers.sound import write_sound


def address(page: Page, title: str = "Red 1") -> str:
    return f"/tracks/{page.doubted.tracks[title]}"


def seconds(recording: bytes) -> float:
    with av.open(io.BytesIO(recording)) as container:
        return sum((frame.samples / frame.sample_rate for frame in container.decode(audio=0)), start=0.0)


def test_what_there_is_to_play(page: Page) -> None:
    facts = page.client.get(f"{address(page)}/sound").json()
    assert [source["type"] for source in facts["sources"]] == ["audio/wav", "audio/mpeg"]
    assert (facts["begin"], facts["end"], facts["windows"]) == (0, SECONDS, [[0, SECONDS]])


def test_the_windows_are_those_that_were_analyzed(page: Page) -> None:
    with page.state.database.write() as connection:
        recipe = connection.execute(
            sa.insert(t.feature_set)
            .values(name="x", version=1, parameters={}, dimensions=["a"], hash="x")
            .returning(t.feature_set.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(t.feature_vector).values(
                feature_set_id=recipe,
                track_id=page.doubted.tracks["Red 1"],
                vector=np.array([1.0]),
                provenance={"windows": [[0.5, 1.5]]},
            )
        )
    assert page.client.get(f"{address(page)}/sound").json()["windows"] == [[0.5, 1.5]]


def test_the_file_in_ranges(page: Page) -> None:
    whole = (page.root / "Red 1.wav").read_bytes()
    answer = page.client.get(f"{address(page)}/audio")
    assert (answer.status_code, answer.content, answer.headers["accept-ranges"]) == (200, whole, "bytes")
    assert answer.headers["content-type"] == "audio/wav"
    part = page.client.get(f"{address(page)}/audio", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    last = page.client.get(f"{address(page)}/audio", headers={"range": "bytes=-10"})
    assert last.content == whole[-10:]
    assert page.client.get(f"{address(page)}/audio", headers={"range": "bytes=9999999-"}).status_code == 416
    assert page.client.head(f"{address(page)}/audio").headers["content-length"] == str(len(whole))


def test_what_no_browser_plays_is_made_into_an_mp3(page: Page) -> None:
    with page.state.database.write() as connection:
        connection.execute(sa.update(t.track).values(codec="adpcm_ima_wav"))
    sources = page.client.get(f"{address(page)}/sound").json()["sources"]
    assert [source["url"].rpartition("/")[2] for source in sources] == ["recording.mp3"]
    answer = page.client.get(sources[0]["url"], headers={"range": "bytes=0-"})
    assert (answer.status_code, answer.headers["content-type"]) == (206, "audio/mpeg")
    assert seconds(answer.content) == pytest.approx(SECONDS, abs=0.1)
    length = int(answer.headers["content-length"])
    assert length == len(answer.content) == byte_count(Excerpt(0, SECONDS))
    part = page.client.get(sources[0]["url"], headers={"range": "bytes=480-1439"})
    assert (part.status_code, part.content) == (206, answer.content[480:1440])
    assert part.headers["content-range"] == f"bytes 480-1439/{length}"
    late = {"range": "bytes=480-1439", "if-range": '"another"'}
    assert page.client.get(sources[0]["url"], headers=late).content == answer.content
    assert page.client.get(sources[0]["url"], headers={"range": "bytes=9999999-"}).status_code == 416
    assert page.client.head(sources[0]["url"]).headers["content-length"] == str(length)


def test_of_a_long_recording_only_what_is_listened_to_is_made(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def encode(path: Name, stretch: Excerpt, number: int) -> bytes:
        made.append(number)
        return encode_block(path, stretch, number)

    monkeypatch.setattr("catalog.web.media.media_cache.encode_block", encode)
    write_sound(page.root / "Red 1.wav", seconds=55)
    with page.state.database.write() as connection:
        connection.execute(sa.update(t.track).values(codec="adpcm_ima_wav", duration=65.0))
    place = f"{address(page)}/recording.mp3"
    middle = f"bytes={3 * BLOCK_BYTES + 4800}-{4 * BLOCK_BYTES + 4799}"
    part = page.client.get(place, headers={"range": middle}).content
    assert (made, len(part)) == ([3, 4], BLOCK_BYTES)
    whole = page.client.get(place).content
    assert sorted(made) == [0, 1, 2, 3, 4, 5, 6], (
        "each once, and nothing for the last seconds, which are not there"
    )
    assert whole[3 * BLOCK_BYTES + 4800 :][:BLOCK_BYTES] == part
    assert seconds(whole) == pytest.approx(65, abs=0.1)
    page.client.get(place)
    assert made.count(0) == 1


def test_of_a_long_track_the_middle_is_shown(page: Page) -> None:
    with page.state.database.write() as connection:
        connection.execute(sa.update(t.track).values(duration=700.0))
    facts = page.client.get(f"{address(page)}/sound").json()
    assert (facts["begin"], facts["end"]) == (50, 650)
    assert [source["begin"] for source in facts["sources"]] == [0, 50]


def test_the_outline_and_the_spectrogram(page: Page) -> None:
    rate = np.arange(16_000) / 8_000
    sound = np.where(rate < 1, 0.0, np.sin(2 * np.pi * 1_000 * rate))
    sound = sound * np.clip((rate - 1) / 0.02, 0, 1)  # a click would have every frequency
    sound = sound * np.clip((2 - rate) / 0.02, 0, 1)
    write_samples(page.root / "Red 1.wav", sound)
    drawn = page.client.get(f"{address(page)}/peaks").json()
    peaks = drawn["peaks"]
    assert (len(peaks), max(peaks)) == (600, 100)
    assert max(peaks[:290]) <= 2
    assert min(peaks[310:590]) >= 80
    answer = page.client.get(f"{address(page)}/spectrogram.png")
    assert answer.headers["content-type"] == "image/png"
    image = matplotlib.image.imread(io.BytesIO(answer.content))
    bands = image.shape[0]
    assert image.shape[1] == 1_000
    assert 32 <= bands < 64, "the bands above the only tone are cut off"
    assert [hertz for hertz, _ in drawn["marks"]] == [1_000, 250, 62]
    assert drawn["marks"][0][1] == pytest.approx(37 / bands, abs=0.1)
    light = image[..., :3].sum(axis=2)
    assert light[:, :480].max() < light[:, 520:].max() / 2, "silence first"
    brightest = bands - 1 - int(light[:, 700].argmax())
    assert brightest == pytest.approx(37, abs=3), "1,000 Hz lies in the 38th of 128 mel bands"


def write_samples(path: Path, samples: np.ndarray) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes((samples * 30_000).astype("<i2").tobytes())


def test_a_vanished_file_is_said_and_can_be_decided_on(page: Page) -> None:
    (page.root / "Red 1.wav").unlink()
    for kind in ("audio", "audio", "peaks", "spectrogram.png", "recording.mp3"):
        answer = page.client.get(f"{address(page)}/{kind}")
        assert answer.status_code == 404
        assert answer.json()["error"] == "the file is missing; decide without it, or skip"
    assert page.decide("accept", "red", "Red 1").json()["message"] == "Accepted: 3 tracks are Rock now."
    write_sound(page.root / "Red 1.wav", seconds=SECONDS)
    assert page.client.get(f"{address(page)}/peaks").status_code == 200


def test_what_is_no_sound_is_said(page: Page) -> None:
    (page.root / "Red 1.wav").write_bytes(b"no sound at all " * 100)
    assert page.client.get(f"{address(page)}/peaks").json() == {
        "error": "not an audio format that FFmpeg supports"
    }
    assert page.client.get(f"{address(page)}/recording.mp3").status_code == 404


def test_a_track_without_a_file_has_no_sound(page: Page) -> None:
    with page.state.database.write() as connection:
        connection.execute(sa.update(t.track).values(path_bytes=None, state="metadata"))
    assert (
        page.client.get(f"{address(page)}/sound")
        .json()["error"]
        .startswith("this track was imported from a list")
    )
    assert page.client.get("/tracks/999999/sound").json()["error"] == "there is no track 999999"
