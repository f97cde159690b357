"""The picture of feature importance: three panels, a line for each family, with what other artists might have changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.report.figures.figure_files import ACCENT, FAINT, INK, RULE, SECOND, figure_style, write_figure
from catalog.report.formatting import safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WAYS = (
    ("permuted", "lost when permuted", ACCENT),
    ("left_out", "lost when left out", ACCENT),
    ("alone", "reached alone", SECOND),
)
LONGEST = 46


def write_importance(found: Mapping[str, Any], path: Path) -> None:
    """Draws what `model_importance` gives into a file. Raises FigureWriteError."""
    with figure_style():
        write_figure(draw_importance(found), path)


def draw_importance(found: Mapping[str, Any]) -> Figure:
    """The drawing, 11 inches wide, a third of an inch for each family."""
    from matplotlib.figure import Figure

    parts = found["parts"]
    height = 1.5 + 0.3 * len(parts)
    figure = Figure(figsize=(11, height), facecolor="white")
    bottom, top = 0.55 / height, 1 - 0.95 / height
    first: Axes | None = None
    for place, (way, title, color) in enumerate(WAYS):
        axes = figure.add_axes((0.3 + 0.235 * place, bottom, 0.215, top - bottom), sharey=first)
        _panel(axes, parts, way, color)
        axes.set_title(title, loc="left")
        axes.set_xlabel("macro F1")
        if first is None:
            first = axes
            axes.set_yticks(range(len(parts)), [_label(part) for part in parts])
            for label, part in zip(axes.get_yticklabels(), parts, strict=True):
                label.set_color(INK if part["within"] is None else FAINT)
        else:
            axes.tick_params(labelleft=False)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    assert first is not None
    first.set_ylim(len(parts) - 0.4, -0.6)
    # The last panel is the one of scores; the line is the score by all families.
    axes.axvline(found["full"]["value"], color=INK, lw=0.8, ls=(0, (4, 3)))
    axes.set_xlim(0, max(axes.get_xlim()[1], found["full"]["value"] * 1.05))
    figure.text(
        0.012, 1 - 0.34 / height, "What the score owes to each family of features", fontsize=12, weight="bold"
    )
    figure.text(
        0.012,
        1 - 0.6 / height,
        f"{safe_text('+'.join(found['feature_sets']))}, {found['tracks']:,} tracks, artists apart; macro F1 by all families "
        f"{found['full']['value']:.2f} (dashed). Lines: 95 % if other artists had been there.",
        color=FAINT,
    )
    return figure


def _panel(axes: Axes, parts: list[Mapping[str, Any]], way: str, color: str) -> None:
    axes.axvline(0, color=RULE, lw=1)
    for at, part in enumerate(parts):
        score = part[way]
        if score is None:
            continue
        is_group = part["within"] is None
        axes.plot(
            [score["low"], score["high"]], [at, at], color=color, lw=2.2 if is_group else 1.2, alpha=0.45
        )
        axes.plot(score["value"], at, "o", color=color, ms=5.5 if is_group else 3.5)


def _label(part: Mapping[str, Any]) -> str:
    text = ", ".join(safe_text(name) for name in part["families"])
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
