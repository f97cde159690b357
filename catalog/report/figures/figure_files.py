"""Pictures drawn with matplotlib: how they look, and writing them to a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
INK, FAINT, RULE, ACCENT, SECOND = "#1d2129", "#6b7280", "#d9dce1", "#b3366b", "#3b6ea8"
FONTS = ("DejaVu Sans", "Noto Sans CJK JP", "Noto Sans", "Arial Unicode MS")
"""The first that is installed, then the others for letters that it has not."""

STYLE: dict[str, Any] = {
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a title is one
    "axes.edgecolor": RULE,
    "axes.labelcolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 5,
    "axes.titley": 1.0,  # and not above what is drawn there
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": FAINT,
    "ytick.labelcolor": FAINT,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "svg.hashsalt": "catalog",
}


class FigureWriteError(CatalogError):
    """A picture that could not be written, with what to do about it."""


@contextmanager
def figure_style() -> Iterator[None]:
    """What is drawn and written in here looks like ours."""
    from matplotlib import font_manager, rc_context

    installed = set(font_manager.get_font_names())
    family = [name for name in FONTS if name in installed] or ["sans-serif"]
    settings: Any = {**STYLE, "font.family": family}
    with rc_context(settings):
        yield


def figure_format(path: Path) -> str:
    """The format that the suffix names. Raises FigureWriteError for one that is none."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise FigureWriteError(f"a picture is {', '.join(FORMATS)}, and {path.name!r} is none of these")
    return suffix


def write_figure(figure: Figure, path: Path, *, dots_per_inch: int = 150) -> None:
    """Writes a drawing in the format that the suffix names. Raises FigureWriteError."""
    suffix = figure_format(path)
    # The same drawing gives the same bytes: no date in it.
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[suffix]
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            try:
                with warnings.catch_warnings():
                    # A letter that no installed font has becomes a box.
                    warnings.filterwarnings("ignore", message="Glyph .* missing from")
                    figure.savefig(file, format=suffix, dpi=dots_per_inch, metadata=metadata)
                file.flush()
                Path(file.name).chmod(0o666 & ~_umask())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FigureWriteError(
            f"the picture cannot be written to {path.parent}: {error.strerror}; name another place"
        ) from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
