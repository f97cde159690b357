"""The picture of one listening: everything along time on the left, what it comes to on the right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.arrays import Float32
from catalog.report.figures.figure_files import ACCENT, FAINT, INK, RULE, SECOND, figure_style, write_figure
from catalog.report.formatting import safe_text
from catalog.report.inspection import PITCH_CLASSES, Inspection

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST_NAME = 90
MOST_TAGS = 10
HERTZ = (300, 1_000, 3_000, 10_000)
SHADES = "magma"
MOMENT = 0.25
"""Seconds over which pitch classes are averaged: what changes faster is no harmony to the eye."""
NAMED = (0, 2, 4, 7, 9, 11)
NETWORK_NAMES = {"msd": "Million Song Dataset", "mtt": "MagnaTagATune"}


def write_inspection(found: Inspection, path: Path) -> None:
    """Draws a listening into a file. Raises FigureWriteError."""
    with figure_style():
        write_figure(draw_inspection(found), path)


def draw_inspection(found: Inspection) -> Figure:
    """The drawing, 13 by 9 inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 9), facecolor="white")
    grid = figure.add_gridspec(
        5,
        2,
        width_ratios=(3.3, 1),
        height_ratios=(2.3, 1.25, 1.25, 1.25, 0.8),
        left=0.052,
        right=0.98,
        top=0.885,
        bottom=0.055,
        hspace=0.34,
        wspace=0.21,
    )
    _heading(figure, found)
    along = [figure.add_subplot(grid[row, 0]) for row in range(5)]
    _spectra(along[:3], found)
    _chroma(along[3], found)
    _onsets(along[4], found)
    for axes in along:
        _time_axis(axes, found, is_last=axes is along[-1])
    beside = grid[:, 1].subgridspec(3, 1, height_ratios=(1.35, 2, 2), hspace=0.22)
    _numbers(figure.add_subplot(beside[0]), found)
    for place, (network, tags) in enumerate(found.tags.items(), start=1):
        _tags(figure.add_subplot(beside[place]), NETWORK_NAMES.get(network, network), tags)
    return figure


def _heading(figure: Figure, found: Inspection) -> None:
    figure.text(
        0.052, 0.955, safe_text(found.name, LONGEST_NAME), fontsize=15, fontweight="bold", va="center"
    )
    stream = found.stream
    voices = {1: "mono", 2: "stereo"}.get(stream.channels, f"{stream.channels} channels")
    heard = ", ".join(f"{_clock(begin)}\N{EN DASH}{_clock(end)}" for begin, end in found.windows)
    whole = found.seconds >= stream.duration - 0.1
    facts = [
        safe_text(stream.codec, 30),
        f"{stream.sample_rate / 1000:g} kHz {voices}",
        f"{_clock(stream.duration)} long",
        "listened to throughout" if whole else f"listened to {heard}",
    ]
    figure.text(0.052, 0.925, "   ·   ".join(facts), fontsize=9.5, color=FAINT, va="center")


def _spectra(axes: list[Axes], found: Inspection) -> None:
    panels = (
        ("Spectrogram", INK, found.mel),
        ("What sounds (harmonic part)", SECOND, found.harmonic),
        ("What strikes (percussive part)", ACCENT, found.percussive),
    )
    image: Any = None
    for each, (title, color, rows) in zip(axes, panels, strict=True):
        image = each.imshow(
            _shrunk(rows),
            origin="lower",
            aspect="auto",
            extent=(0, found.seconds, 0, len(rows)),
            cmap=SHADES,
            vmin=-80,
            vmax=0,
            interpolation="nearest",
        )
        each.set_title(title, color=color)
        each.set_yticks(_bands(len(rows)), [_hertz(value) for value in HERTZ])
    whole = axes[0]
    scale = whole.inset_axes((0.76, 1.045, 0.24, 0.035))
    bar = whole.figure.colorbar(image, cax=scale, orientation="horizontal", ticks=(-80, -40, 0))
    bar.outline.set_visible(False)
    scale.xaxis.set_ticks_position("top")
    scale.tick_params(length=0, pad=1, labelsize=7.5)
    first, _, last = scale.set_xticklabels(("-80 dB", "-40 dB", "loudest"))
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    for each in axes:
        each.set_ylabel("Hz")


def _chroma(axes: Axes, found: Inspection) -> None:
    axes.imshow(
        _averaged(found.chroma, round(MOMENT * found.frame_rate)),
        origin="lower",
        aspect="auto",
        extent=(0, found.seconds, 0, 12),
        cmap="Blues",
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    axes.set_title("Pitch classes (the strongest of each moment is darkest)")
    axes.set_yticks([at + 0.5 for at in NAMED], [PITCH_CLASSES[at] for at in NAMED], fontsize=7.5)
    axes.tick_params(axis="y", length=0)


def _onsets(axes: Axes, found: Inspection) -> None:
    times = np.arange(len(found.strength)) / found.frame_rate
    begun = found.onsets / found.frame_rate
    axes.vlines(begun, 0, 1, transform=axes.get_xaxis_transform(), color=ACCENT, lw=0.7, alpha=0.5)
    axes.fill_between(times, found.strength, color=INK, lw=0)
    axes.set_ylim(0, max(1.0, float(found.strength.max()) * 1.05))
    axes.set_title("How much louder it becomes, and onsets (lines)")
    axes.set_ylabel("dB")


def _time_axis(axes: Axes, found: Inspection, *, is_last: bool) -> None:
    axes.set_xlim(0, found.seconds)
    heard = 0.0
    for begin, end in found.windows[:-1]:
        heard += end - begin
        axes.axvline(heard, color="white", lw=2)
        axes.axvline(heard, color=FAINT, lw=0.8, ls=(0, (2, 2)))
    ticks = _time_ticks(found)
    axes.set_xticks(ticks, [_clock(found.second_in_file(at)) for at in ticks] if is_last else [])


def _time_ticks(found: Inspection) -> list[float]:
    """Round seconds of the file, about eight of them."""
    step = next((each for each in (0.1, 0.25, 0.5, 1, 2, 5, 10) if found.seconds / each <= 9), 30)
    ticks, heard = [], 0.0
    for begin, end in found.windows:
        first = np.ceil(begin / step - 1e-6) * step
        ticks += [heard + second - begin for second in np.arange(first, end - 1e-6, step).tolist()]
        heard += end - begin
    return ticks


def _numbers(axes: Axes, found: Inspection) -> None:
    axes.set_axis_off()
    numbers = found.descriptors
    rows = (
        ("Tempo", f"{numbers['tempo']:.0f}" if numbers["tempo"] else "none", "beats a minute"),
        ("Onsets", f"{numbers['onset_rate']:.1f}", "a second"),
        ("Brightness", f"{numbers['brightness']:,.0f}", "Hz (centroid)"),
        ("Loudness", f"{found.loudness:.1f}", "dBFS, RMS"),
        ("Speech", f"{found.speech_probability:.0%}", "probability"),
    )
    for place, (name, value, unit) in enumerate(rows):
        height = 1 - place * 0.125
        axes.text(0, height, name, color=FAINT, va="top", transform=axes.transAxes)
        axes.text(0.56, height, value, ha="right", va="top", fontweight="bold", transform=axes.transAxes)
        axes.text(0.60, height, unit, color=FAINT, va="top", transform=axes.transAxes)
    _shares(axes, numbers["harmonic_share"], numbers["percussive_share"])


def _shares(axes: Axes, harmonic: float, percussive: float) -> None:
    """Of the energy what sounds, what is neither, and what strikes, as one bar."""
    bar = axes.inset_axes((0, 0.14, 1, 0.075))
    bar.set_axis_off()
    bar.set_xlim(0, 1)
    bar.barh(0, 1, color=RULE)
    bar.barh(0, harmonic, color=SECOND)
    bar.barh(0, percussive, left=1 - percussive, color=ACCENT)
    axes.text(
        0, 0.1, f"sounds {harmonic:.0%}", color=SECOND, va="top", fontweight="bold", transform=axes.transAxes
    )
    axes.text(
        1,
        0.1,
        f"strikes {percussive:.0%}",
        color=ACCENT,
        va="top",
        ha="right",
        fontweight="bold",
        transform=axes.transAxes,
    )
    axes.text(0, 0.25, "Share of the energy", color=FAINT, va="bottom", transform=axes.transAxes)


def _tags(axes: Axes, network: str, tags: Mapping[str, float]) -> None:
    shown = list(tags.items())[:MOST_TAGS]
    places = range(len(shown))
    axes.barh(places, [value for _, value in shown], color=SECOND, height=0.62)
    for place, (_, value) in zip(places, shown, strict=True):
        axes.text(value + 0.015, place, f"{value:.0%}", va="center", fontsize=7.5, color=FAINT)
    axes.set_yticks(places, [safe_text(tag, 24) for tag, _ in shown])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.08)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_title(f"Words ({network})")


def _averaged(rows: Float32, count: int) -> Float32:
    """Means of so many columns at a time, the last of what is left."""
    starts = np.arange(0, rows.shape[1], count)
    sizes = np.diff(np.append(starts, rows.shape[1]))
    return np.asarray(np.add.reduceat(rows, starts, axis=1) / sizes)


def _shrunk(rows: Float32, most: int = 1_600) -> Float32:
    """At most so many columns, each the largest of those it stands for: drawing thins out what is finer."""
    frames = rows.shape[1]
    if frames <= most:
        return rows
    starts = np.linspace(0, frames, most, endpoint=False).astype(np.int64)
    return np.asarray(np.maximum.reduceat(rows, starts, axis=1))


def _bands(count: int) -> list[float]:
    """Where round frequencies lie among the mel bands."""
    import librosa

    centers = librosa.mel_frequencies(n_mels=count + 2, fmin=0, fmax=11_025)[1:-1]
    return [float(np.interp(hertz, centers, np.arange(count) + 0.5)) for hertz in HERTZ]


def _hertz(value: int) -> str:
    return f"{value // 1000}k" if value >= 1_000 else str(value)


def _clock(seconds: float) -> str:
    """`0:07`, `1:02:03`; tenths where there are some."""
    tenths = round(seconds * 10)
    whole, tenth = divmod(tenths, 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return f"{text}.{tenth}" if tenth else text
