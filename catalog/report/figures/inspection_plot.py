"""Figure of the analysis of one file: time series on the left, summary values on the right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.arrays import Float32
from catalog.report.figures.figure_files import ACCENT, FAINT, INK, RULE, SECOND, figure_style, write_figure
from catalog.report.file_inspection import PITCH_CLASSES, Inspection
from catalog.report.formatting import safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST_NAME = 90
MOST_TAGS = 10
HERTZ = (300, 1_000, 3_000, 10_000)
SHADES = "magma"
MOMENT = 0.25
"""Seconds over which pitch classes are averaged for display."""
NAMED = (0, 2, 4, 7, 9, 11)
NETWORK_NAMES = {"msd": "Million Song Dataset", "mtt": "MagnaTagATune"}


def write_inspection(inspection: Inspection, path: Path) -> None:
    """Draws an inspection into a file. Raises FigureWriteError."""
    with figure_style():
        write_figure(draw_inspection(inspection), path)


def draw_inspection(inspection: Inspection) -> Figure:
    """A figure of 13 by 9 inches."""
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
    _heading(figure, inspection)
    along = [figure.add_subplot(grid[row, 0]) for row in range(5)]
    _spectra(along[:3], inspection)
    _chroma(along[3], inspection)
    _onsets(along[4], inspection)
    for axes in along:
        _time_axis(axes, inspection, is_last=axes is along[-1])
    beside = grid[:, 1].subgridspec(3, 1, height_ratios=(1.35, 2, 2), hspace=0.22)
    _numbers(figure.add_subplot(beside[0]), inspection)
    for place, (network, tags) in enumerate(inspection.tags.items(), start=1):
        _tags(figure.add_subplot(beside[place]), NETWORK_NAMES.get(network, network), tags)
    return figure


def _heading(figure: Figure, inspection: Inspection) -> None:
    figure.text(
        0.052, 0.955, safe_text(inspection.name, LONGEST_NAME), fontsize=15, fontweight="bold", va="center"
    )
    stream = inspection.stream
    channels = {1: "mono", 2: "stereo"}.get(stream.channels, f"{stream.channels} channels")
    windows = ", ".join(f"{_clock(begin)}\N{EN DASH}{_clock(end)}" for begin, end in inspection.windows)
    is_whole = inspection.seconds >= stream.duration - 0.1
    facts = [
        safe_text(stream.codec, 30),
        f"{stream.sample_rate / 1000:g} kHz {channels}",
        f"{_clock(stream.duration)} long",
        "analyzed completely" if is_whole else f"analyzed {windows}",
    ]
    figure.text(0.052, 0.925, "   ·   ".join(facts), fontsize=9.5, color=FAINT, va="center")


def _spectra(axes: list[Axes], inspection: Inspection) -> None:
    panels = (
        ("Spectrogram", INK, inspection.mel),
        ("Harmonic part", SECOND, inspection.harmonic),
        ("Percussive part", ACCENT, inspection.percussive),
    )
    image: Any = None
    for panel, (title, color, rows) in zip(axes, panels, strict=True):
        image = panel.imshow(
            _shrunk(rows),
            origin="lower",
            aspect="auto",
            extent=(0, inspection.seconds, 0, len(rows)),
            cmap=SHADES,
            vmin=-80,
            vmax=0,
            interpolation="nearest",
        )
        panel.set_title(title, color=color)
        panel.set_yticks(_bands(len(rows)), [_hertz(value) for value in HERTZ])
    whole = axes[0]
    scale = whole.inset_axes((0.76, 1.045, 0.24, 0.035))
    bar = whole.figure.colorbar(image, cax=scale, orientation="horizontal", ticks=(-80, -40, 0))
    bar.outline.set_visible(False)
    scale.xaxis.set_ticks_position("top")
    scale.tick_params(length=0, pad=1, labelsize=7.5)
    first, _, last = scale.set_xticklabels(("-80 dB", "-40 dB", "loudest"))
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    for panel in axes:
        panel.set_ylabel("Hz")


def _chroma(axes: Axes, inspection: Inspection) -> None:
    axes.imshow(
        _averaged(inspection.chroma, round(MOMENT * inspection.frame_rate)),
        origin="lower",
        aspect="auto",
        extent=(0, inspection.seconds, 0, 12),
        cmap="Blues",
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    axes.set_title("Pitch classes (relative to the strongest)")
    axes.set_yticks([at + 0.5 for at in NAMED], [PITCH_CLASSES[at] for at in NAMED], fontsize=7.5)
    axes.tick_params(axis="y", length=0)


def _onsets(axes: Axes, inspection: Inspection) -> None:
    times = np.arange(len(inspection.strength)) / inspection.frame_rate
    onsets = inspection.onsets / inspection.frame_rate
    axes.vlines(onsets, 0, 1, transform=axes.get_xaxis_transform(), color=ACCENT, lw=0.7, alpha=0.5)
    axes.fill_between(times, inspection.strength, color=INK, lw=0)
    axes.set_ylim(0, max(1.0, float(inspection.strength.max()) * 1.05))
    axes.set_title("Onset strength, and onsets (lines)")
    axes.set_ylabel("dB")


def _time_axis(axes: Axes, inspection: Inspection, *, is_last: bool) -> None:
    axes.set_xlim(0, inspection.seconds)
    position = 0.0
    for begin, end in inspection.windows[:-1]:
        position += end - begin
        axes.axvline(position, color="white", lw=2)
        axes.axvline(position, color=FAINT, lw=0.8, ls=(0, (2, 2)))
    ticks = _time_ticks(inspection)
    axes.set_xticks(ticks, [_clock(inspection.second_in_file(at)) for at in ticks] if is_last else [])


def _time_ticks(inspection: Inspection) -> list[float]:
    """About eight round positions in the file, as seconds of the concatenated windows."""
    step = next(
        (seconds for seconds in (0.1, 0.25, 0.5, 1, 2, 5, 10) if inspection.seconds / seconds <= 9), 30
    )
    ticks, position = [], 0.0
    for begin, end in inspection.windows:
        first = np.ceil(begin / step - 1e-6) * step
        ticks += [position + second - begin for second in np.arange(first, end - 1e-6, step).tolist()]
        position += end - begin
    return ticks


def _numbers(axes: Axes, inspection: Inspection) -> None:
    axes.set_axis_off()
    numbers = inspection.descriptors
    rows = (
        ("Tempo", f"{numbers['tempo']:.0f}" if numbers["tempo"] else "none", "BPM"),
        ("Onsets", f"{numbers['onset_rate']:.1f}", "per second"),
        ("Brightness", f"{numbers['brightness']:,.0f}", "Hz (centroid)"),
        ("Loudness", f"{inspection.loudness:.1f}", "dBFS, RMS"),
        ("Speech", f"{inspection.speech_probability:.0%}", "probability"),
    )
    for place, (name, value, unit) in enumerate(rows):
        height = 1 - place * 0.125
        axes.text(0, height, name, color=FAINT, va="top", transform=axes.transAxes)
        axes.text(0.56, height, value, ha="right", va="top", fontweight="bold", transform=axes.transAxes)
        axes.text(0.60, height, unit, color=FAINT, va="top", transform=axes.transAxes)
    _shares(axes, numbers["harmonic_share"], numbers["percussive_share"])


def _shares(axes: Axes, harmonic: float, percussive: float) -> None:
    """Harmonic, residual and percussive shares of the energy as one bar."""
    bar = axes.inset_axes((0, 0.14, 1, 0.075))
    bar.set_axis_off()
    bar.set_xlim(0, 1)
    bar.barh(0, 1, color=RULE)
    bar.barh(0, harmonic, color=SECOND)
    bar.barh(0, percussive, left=1 - percussive, color=ACCENT)
    axes.text(
        0,
        0.1,
        f"harmonic {harmonic:.0%}",
        color=SECOND,
        va="top",
        fontweight="bold",
        transform=axes.transAxes,
    )
    axes.text(
        1,
        0.1,
        f"percussive {percussive:.0%}",
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
    axes.set_title(f"Tags ({network})")


def _averaged(rows: Float32, count: int) -> Float32:
    """Means of `count` columns each; the last mean is of the remaining columns."""
    starts = np.arange(0, rows.shape[1], count)
    sizes = np.diff(np.append(starts, rows.shape[1]))
    return np.asarray(np.add.reduceat(rows, starts, axis=1) / sizes)


def _shrunk(rows: Float32, most: int = 1_600) -> Float32:
    """At most `most` columns, each the maximum of a group of columns: the plot would drop columns otherwise."""
    frames = rows.shape[1]
    if frames <= most:
        return rows
    starts = np.linspace(0, frames, most, endpoint=False).astype(np.int64)
    return np.asarray(np.maximum.reduceat(rows, starts, axis=1))


def _bands(count: int) -> list[float]:
    """Positions of round frequencies among the mel bands."""
    import librosa

    centers = librosa.mel_frequencies(n_mels=count + 2, fmin=0, fmax=11_025)[1:-1]
    return [float(np.interp(hertz, centers, np.arange(count) + 0.5)) for hertz in HERTZ]


def _hertz(value: int) -> str:
    return f"{value // 1000}k" if value >= 1_000 else str(value)


def _clock(seconds: float) -> str:
    """`0:07`, `1:02:03`, with tenths unless they are 0."""
    tenths = round(seconds * 10)
    seconds_total, tenth = divmod(tenths, 10)
    minutes, second = divmod(seconds_total, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return f"{text}.{tenth}" if tenth else text
